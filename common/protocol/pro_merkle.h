/* Binary Merkle trees over lists of hashes, as signed results bind receipts and step roots.
 *
 *   leaf   sha256(0x10 || item || 32 zero bytes)
 *   node   sha256(0x11 || left || right); an odd node moves up unchanged
 *   root   sha256(0x12 || top || length, 256 bits big-endian); the top of an empty list is zero
 *   path   u8 number of siblings || those, from the leaf up */
#ifndef PROTOCOL_PRO_MERKLE_H
#define PROTOCOL_PRO_MERKLE_H

#include "common/base/bytes.h"
#include "common/base/wire.h"

#define PRO_MERKLE_DEPTH 12 /* lists of up to PRO_MAX_ENTRIES */

struct pro_merkle_path {
    uint8_t n;
    struct hash32 siblings[PRO_MERKLE_DEPTH];
};

/* Clobbers `items`. */
void pro_merkle_root(struct hash32 *items, uint32_t n, struct hash32 *out);

/* All nodes, to take many paths from. */
struct pro_merkle_tree {
    uint32_t n;
    struct hash32 *nodes; /* level by level, leaves first; owned */
    struct hash32 root;
};

/* Returns: 0 or ERR_NOMEM. */
int pro_merkle_tree_init(struct pro_merkle_tree *t, const struct hash32 *items,
                         uint32_t n) MUST_CHECK;
void pro_merkle_tree_fini(struct pro_merkle_tree *t);
/* Out: what leads from item `index` to the root. In: index below n, n at most 4096. */
void pro_merkle_tree_path(const struct pro_merkle_tree *t, uint32_t index,
                          struct pro_merkle_path *out);

/* Returns: 0, or ERR_PROOF if this is not item `index` of the list of n with that root. */
int pro_merkle_check(const struct hash32 *root, uint32_t n, uint32_t index,
                     const struct hash32 *item, const struct pro_merkle_path *path) MUST_CHECK;

void pro_merkle_path_write(const struct pro_merkle_path *path, struct buf *out);
/* Failures stay in r->err. */
void pro_merkle_path_read(struct rd *r, struct pro_merkle_path *out);

#endif
