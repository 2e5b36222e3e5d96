/* What the tree, its proofs and its parts share: how nodes hash, link and branch. Internal to the
 * ledger. */
#ifndef LEDGER_SMT_NODE_H
#define LEDGER_SMT_NODE_H

#include "common/ledger/smt.h"

#define SMT_TAG_LEAF 0x00
#define SMT_TAG_INNER 0x01

/* Which way a path turns at an inner node of this depth: 0 left, 1 right. */
unsigned smt_bit(const struct hash32 *path, size_t depth);

/* Out: sha256(0x00 || path || value). In: value of at most SMT_VALUE_MAX bytes. */
void smt_hash_leaf(const struct hash32 *path, struct bytes value, struct hash32 *out);

/* Links between nodes: 0 nothing, else (slot + 1) << 1 | is leaf. */
static inline bool smt_is_inner(uint32_t ref)
{
    return ref != 0 && (ref & 1) == 0;
}

static inline bool smt_is_leaf(uint32_t ref)
{
    return (ref & 1) != 0;
}

static inline struct smt_inner *smt_inner_at(const struct smt *t, uint32_t ref)
{
    return &t->inners.items[(ref >> 1) - 1];
}

static inline struct smt_hashes *smt_hashes_at(const struct smt *t, uint32_t ref)
{
    return &t->inners.hashes[(ref >> 1) - 1];
}

static inline struct smt_leaf *smt_leaf_at(const struct smt *t, uint32_t ref)
{
    return &t->leaves.items[(ref >> 1) - 1];
}

/* Nodes for a tree that is built from its leaves up; the caller sets root and hash. Out: *ref.
 * Return: 0, ERR_NOMEM or ERR_FULL. */
int smt_make_leaf(struct smt *t, struct bytes key, struct bytes value, uint32_t *ref) MUST_CHECK;
/* In: its children, and their hashes (zeros for nothing). */
int smt_make_inner(struct smt *t, const uint32_t child[2], const struct hash32 hash[2],
                   uint32_t *ref) MUST_CHECK;
/* Stands for an inner node of which only the hash is known, to its parent. Nothing below it may be
 * looked at. */
int smt_make_stub(struct smt *t, uint32_t *ref) MUST_CHECK;

#endif
