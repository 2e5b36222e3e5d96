/* A part of a tree: all that is needed to read, write and delete a given set of paths, and to know
 * the root before and after, whatever is done to them in whatever order.
 *
 * The tree is written from the root down, each node after the set of paths that lead through it.
 * With at least one path, a node is
 *   0                          nothing
 *   1 || key || value          a leaf (each with its length as u8)
 *   2 || left || right         an inner node
 * Without any, it is a sibling of which only the hash matters,
 *   0                          nothing
 *   3 || hash (32)
 * unless the set has every leaf that there is beside it: if all of them are deleted, it comes to
 * stand alone, and then a leaf rises where an inner node stays. So it is opened,
 *   1 || key || value          a leaf
 *   4 || left (32) || right (32)   an inner node by its children's hashes, zeros for nothing
 *
 * For a tree and a set there is exactly one such encoding, and no other is accepted for its root.
 */
#ifndef LEDGER_SMT_PART_H
#define LEDGER_SMT_PART_H

#include "common/ledger/smt.h"

/* In: paths ascending, without repetition. Brings hashes up to date. Failures stay in out->err. */
void smt_part_encode(struct smt *t, const struct hash32 *paths, size_t n, struct buf *out);

/* Strict. In: the same paths. Out: a tree in which only these may be looked at; released with
 * smt_fini by the caller. Its root (smt_root) is for the caller to compare.
 * Returns: 0, ERR_NOMEM, ERR_FULL, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG (a key or value),
 * ERR_NONCANONICAL (anything else that smt_part_encode does not write). */
int smt_part_decode(struct bytes in, const struct hash32 *paths, size_t n,
                    struct smt *out) MUST_CHECK;

#endif
