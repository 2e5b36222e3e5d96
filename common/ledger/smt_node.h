/* What the tree and its proofs share: how nodes hash and paths branch. Internal to the ledger. */
#ifndef LEDGER_SMT_NODE_H
#define LEDGER_SMT_NODE_H

#include "common/ledger/smt.h"

#define SMT_TAG_LEAF 0x00
#define SMT_TAG_INNER 0x01

/* Which way a path turns at an inner node of this depth: 0 left, 1 right. */
unsigned smt_bit(const struct hash32 *path, size_t depth);

/* Out: sha256(0x00 || path || value). In: value of at most SMT_VALUE_MAX bytes. */
void smt_hash_leaf(const struct hash32 *path, struct bytes value, struct hash32 *out);

#endif
