/* The hashes of a tree after each of a number of steps, kept by node, so that steps can be changed
 * and the roots after them taken again for what it really costs.
 *
 * A trail is laid along a fixed set of paths before the first step. It has a node wherever one of
 * them leads, and each node has its versions: what it was from which step on. A subtree's hash
 * depends on nothing but its content (smt.h), so a version is made of the children's at that step,
 * whatever the shape of the tree around it, and where no key has changed below, all of them still
 * hold. Changing some steps therefore costs one hash for every node above a changed key and every
 * step from then on that writes anything below that node, which is no more than there are new
 * hashes to be known.
 *
 * Memory: 36 bytes for each such hash, some 2 KB for a step that writes three keys among 100,000.
 *
 * Step 0 is the tree as it was found; steps are numbered from 1. Keys are numbered in order of
 * path. The tree itself may go on changing on these paths, and only there, while the trail lives.
 */
#ifndef LEDGER_SMT_TRAIL_H
#define LEDGER_SMT_TRAIL_H

#include "common/ledger/smt.h"

#define SMT_TRAIL_STEPS_MAX (((uint32_t)1 << 30) - 2)

struct smt_trail;

struct smt_trail_path {
    struct hash32 path;
    uint32_t steps_max; /* how many steps can write it */
};

/* Gives what a key was after a step. In: key, step. Out: views, which live until the next call.
 * Asked only of keys that were present then. */
struct smt_trail_source {
    void *ctx;
    void (*leaf)(void *ctx, uint32_t key, uint32_t step, struct smt_item *out);
};

/* In: the tree, borrowed, whose hashes are brought up to date; paths ascending, without repetition,
 * borrowed until the trail is destroyed; at most SMT_TRAIL_STEPS_MAX steps.
 * Returns: 0, ERR_NOMEM, or ERR_FULL (too many nodes or versions for 32 bits). */
int smt_trail_new(struct smt *t, const struct smt_trail_path *paths, uint32_t n_paths,
                  uint32_t n_steps, struct smt_trail **out) MUST_CHECK;
void smt_trail_destroy(struct smt_trail **tr);

/* Returns: the key's leaf in the tree as it was found, NULL if it was absent. Before the tree
 * changes. */
const struct smt_leaf *smt_trail_leaf(const struct smt_trail *tr, uint32_t key);

/* Forgets what a key was from a step on. In: step at least 1. */
void smt_trail_cut(struct smt_trail *tr, uint32_t key, uint32_t step);
/* What the key is from a step on: in ascending order of steps, after the cut. In: the hash of its
 * leaf (smt_hash_leaf), NULL for absent. */
void smt_trail_add(struct smt_trail *tr, uint32_t key, uint32_t step, const struct hash32 *leaf);
/* Hashes what has changed. To be called before what follows. Returns: how many nodes it hashed. */
uint64_t smt_trail_refresh(struct smt_trail *tr);

/* Tells the tree, which now holds what it is to hold after the last step, the hashes that it has
 * not taken since. */
void smt_trail_give_back(const struct smt_trail *tr);

/* Out: the roots after the steps `first`, first + 1, ..., n of them. */
void smt_trail_roots(const struct smt_trail *tr, uint32_t first, uint32_t n, struct hash32 *out);

/* The part of the tree after a step that smt_part_encode needs for some keys. In: keys ascending.
 * Out: a tree in which only these may be looked at; released with smt_fini by the caller.
 * Returns: 0, ERR_NOMEM or ERR_FULL. */
int smt_trail_part(const struct smt_trail *tr, uint32_t step, const uint32_t *keys, uint32_t n,
                   const struct smt_trail_source *source, struct smt *out) MUST_CHECK;

#endif
