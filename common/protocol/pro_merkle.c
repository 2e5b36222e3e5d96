#include "common/protocol/pro_merkle.h"

#include "common/base/check.h"
#include "common/crypto/hash.h"

#include <stdlib.h>

#define TAG_LEAF 0x10
#define TAG_NODE 0x11
#define TAG_LENGTH 0x12

static const struct hash32 zero;

static void close_root(const struct hash32 *top, uint32_t n, struct hash32 *out)
{
    struct hash32 length = {{0}};
    for (int i = 0; i < 4; i++) {
        length.b[28 + i] = (uint8_t)(n >> (24 - 8 * i));
    }
    hash_sha256_pair(TAG_LENGTH, top, &length, out);
}

static void hash_leaves(struct hash32 *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        hash_sha256_pair(TAG_LEAF, &items[i], &zero, &items[i]);
    }
}

/* In: `width` nodes. Out: the level above, which may be the same place. Returns: its width. */
static uint32_t raise_level(const struct hash32 *nodes, uint32_t width, struct hash32 *above)
{
    uint32_t half = width / 2;
    for (uint32_t i = 0; i < half; i++) {
        hash_sha256_pair(TAG_NODE, &nodes[2 * (size_t)i], &nodes[2 * (size_t)i + 1], &above[i]);
    }
    if (width % 2 == 1) {
        above[half] = nodes[width - 1];
    }
    return half + width % 2;
}

void pro_merkle_root(struct hash32 *items, uint32_t n, struct hash32 *out)
{
    hash_leaves(items, n);
    for (uint32_t width = n; width > 1;) {
        width = raise_level(items, width, items);
    }
    close_root(n == 0 ? &zero : &items[0], n, out);
}

int pro_merkle_tree_init(struct pro_merkle_tree *t, const struct hash32 *items, uint32_t n)
{
    size_t nodes = (size_t)n + 1;
    for (uint32_t width = n; width > 1; width = width / 2 + width % 2) {
        nodes += width / 2 + width % 2;
    }
    struct hash32 *all = malloc(nodes * sizeof(*all));
    if (all == NULL) {
        return ERR_NOMEM;
    }
    memcpy(all, items, n * sizeof(*all));
    hash_leaves(all, n);
    struct hash32 *level = all;
    for (uint32_t width = n; width > 1;) {
        struct hash32 *above = level + width;
        width = raise_level(level, width, above);
        level = above;
    }
    t->n = n;
    t->nodes = all;
    close_root(n == 0 ? &zero : level, n, &t->root);
    return 0;
}

void pro_merkle_tree_fini(struct pro_merkle_tree *t)
{
    free(t->nodes);
    *t = (struct pro_merkle_tree){0};
}

void pro_merkle_tree_path(const struct pro_merkle_tree *t, uint32_t index,
                          struct pro_merkle_path *out)
{
    const struct hash32 *level = t->nodes;
    CHECK(index < t->n && t->n <= UINT32_C(1) << PRO_MERKLE_DEPTH);
    *out = (struct pro_merkle_path){0};
    for (uint32_t width = t->n; width > 1; index /= 2) {
        if ((index ^ 1) < width) {
            out->siblings[out->n++] = level[index ^ 1];
        }
        level += width;
        width = width / 2 + width % 2;
    }
}

int pro_merkle_check(const struct hash32 *root, uint32_t n, uint32_t index,
                     const struct hash32 *item, const struct pro_merkle_path *path)
{
    struct hash32 node, is;
    uint8_t used = 0;
    if (index >= n) {
        return ERR_PROOF;
    }
    hash_sha256_pair(TAG_LEAF, item, &zero, &node);
    for (uint32_t width = n; width > 1; width = width / 2 + width % 2, index /= 2) {
        if ((index ^ 1) >= width) {
            continue; /* moves up unchanged */
        }
        if (used == path->n) {
            return ERR_PROOF;
        }
        const struct hash32 *other = &path->siblings[used++];
        hash_sha256_pair(TAG_NODE, index % 2 == 0 ? &node : other, index % 2 == 0 ? other : &node,
                         &node);
    }
    close_root(&node, n, &is);
    return used == path->n && hash32_equal(&is, root) ? 0 : ERR_PROOF;
}

void pro_merkle_path_write(const struct pro_merkle_path *path, struct buf *out)
{
    wr_u8(out, path->n);
    for (uint8_t i = 0; i < path->n; i++) {
        wr_fixed(out, path->siblings[i].b, 32);
    }
}

void pro_merkle_path_read(struct rd *r, struct pro_merkle_path *out)
{
    *out = (struct pro_merkle_path){.n = rd_u8(r)};
    if (out->n > PRO_MERKLE_DEPTH) {
        rd_fail(r, ERR_TOOBIG);
        return;
    }
    for (uint8_t i = 0; i < out->n; i++) {
        rd_fixed(r, out->siblings[i].b, 32);
    }
}
