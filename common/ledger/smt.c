#include "common/ledger/smt.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/ledger/smt_node.h"

#include <stdlib.h>

#define MAX_NODES (((size_t)1 << 31) - 2)

static uint32_t ref_of(size_t slot, bool leaf)
{
    return (uint32_t)(slot + 1) << 1 | (leaf ? 1 : 0);
}

static bool leaf_is(const struct smt_leaf *leaf, struct bytes key)
{
    return bytes_equal(bytes_of(leaf->key, leaf->key_len), key);
}

void smt_fini(struct smt *t)
{
    free(t->inners.items);
    free(t->inners.hashes);
    free(t->leaves.items);
    *t = (struct smt){0};
}

void smt_path(struct bytes key, struct hash32 *out)
{
    hash_sha256(key, out);
}

unsigned smt_bit(const struct hash32 *path, size_t depth)
{
    return path->b[depth / 8] >> (7 - depth % 8) & 1U;
}

void smt_hash_leaf(const struct hash32 *path, struct bytes value, struct hash32 *out)
{
    uint8_t node[1 + 32 + SMT_VALUE_MAX];
    CHECK(value.len <= SMT_VALUE_MAX);
    node[0] = SMT_TAG_LEAF;
    memcpy(node + 1, path->b, 32);
    if (value.len != 0) {
        memcpy(node + 33, value.data, value.len);
    }
    hash_sha256(bytes_of(node, 33 + value.len), out);
}

/* Where the path ends: nothing or a leaf, with `depth` inner nodes above it. */
static uint32_t walk(const struct smt *t, const struct hash32 *path, size_t *depth)
{
    uint32_t ref = t->root;
    size_t d = 0;
    while (smt_is_inner(ref)) {
        ref = smt_inner_at(t, ref)->child[smt_bit(path, d)];
        d++;
    }
    *depth = d;
    return ref;
}

/* The same, as the link to write through; the hashes above it become stale. */
static uint32_t *walk_to_change(struct smt *t, const struct hash32 *path)
{
    uint32_t *link = &t->root;
    t->stale = true;
    for (size_t d = 0; smt_is_inner(*link); d++) {
        struct smt_inner *node = smt_inner_at(t, *link);
        unsigned way = smt_bit(path, d);
        node->stale[way] = true;
        link = &node->child[way];
    }
    return link;
}

/* Fetches the first 128 bytes of something: all of an inner node's hashes, and of a leaf what is
 * hashed if its value is short. */
static void fetch(const void *at)
{
    __builtin_prefetch(at);
    __builtin_prefetch((const char *)at + 64);
}

void smt_warm(const struct smt *t, const struct hash32 *paths, size_t n)
{
    uint32_t at[SMT_WARM_MAX];
    size_t left = n;
    CHECK(n <= SMT_WARM_MAX);
    for (size_t i = 0; i < n; i++) {
        at[i] = t->root;
    }
    for (size_t d = 0; left != 0; d++) {
        left = 0;
        for (size_t i = 0; i < n; i++) {
            if (smt_is_inner(at[i])) {
                at[i] = smt_inner_at(t, at[i])->child[smt_bit(&paths[i], d)];
                left++;
                if (smt_is_inner(at[i])) {
                    __builtin_prefetch(smt_inner_at(t, at[i]));
                } else if (smt_is_leaf(at[i])) {
                    fetch(smt_leaf_at(t, at[i]));
                }
            }
        }
    }
}

bool smt_get_at(const struct smt *t, const struct hash32 *path, struct bytes key,
                struct bytes *value)
{
    size_t depth = 0;
    uint32_t ref = walk(t, path, &depth);
    if (!smt_is_leaf(ref) || !leaf_is(smt_leaf_at(t, ref), key)) {
        return false;
    }
    const struct smt_leaf *leaf = smt_leaf_at(t, ref);
    *value = bytes_of(leaf->value, leaf->value_len);
    return true;
}

bool smt_get(const struct smt *t, struct bytes key, struct bytes *value)
{
    struct hash32 path;
    smt_path(key, &path);
    return smt_get_at(t, &path, key, value);
}

static int reserve_nodes(struct smt *t, size_t inners, size_t leaves)
{
    struct smt_inners *in = &t->inners;
    struct smt_leaves *lf = &t->leaves;
    size_t new_inners = inners > in->n_free ? in->n + (inners - in->n_free) : in->n;
    size_t new_leaves = leaves > lf->n_free ? lf->n + (leaves - lf->n_free) : lf->n;
    if (new_inners > MAX_NODES || new_leaves > MAX_NODES) {
        return ERR_FULL;
    }
    int rc = VEC_RESERVE(in->items, in->cap, new_inners);
    if (rc == 0) {
        rc = VEC_RESERVE(in->hashes, in->cap_hashes, new_inners);
    }
    if (rc == 0) {
        rc = VEC_RESERVE(lf->items, lf->cap, new_leaves);
    }
    return rc;
}

static uint32_t take_inner(struct smt *t)
{
    struct smt_inners *in = &t->inners;
    size_t slot = in->n;
    if (in->free != 0) {
        slot = in->free - 1;
        in->free = in->items[slot].child[0];
        in->n_free--;
    } else {
        CHECK(in->n < in->cap && in->n < in->cap_hashes);
        in->n++;
    }
    in->items[slot] = (struct smt_inner){0};
    return ref_of(slot, false);
}

static uint32_t take_leaf(struct smt *t, const struct hash32 *path, struct bytes key)
{
    struct smt_leaves *lf = &t->leaves;
    size_t slot = lf->n;
    if (lf->free != 0) {
        slot = lf->free - 1;
        lf->free = lf->items[slot].next_free;
        lf->n_free--;
    } else {
        CHECK(lf->n < lf->cap);
        lf->n++;
    }
    struct smt_leaf *leaf = &lf->items[slot];
    leaf->path = *path;
    leaf->live = true;
    leaf->key_len = (uint8_t)key.len;
    memcpy(leaf->key, key.data, key.len);
    return ref_of(slot, true);
}

static void give_inner(struct smt *t, uint32_t ref)
{
    struct smt_inner *node = smt_inner_at(t, ref);
    *node = (struct smt_inner){.child = {t->inners.free, 0}};
    t->inners.free = ref >> 1;
    t->inners.n_free++;
}

static void give_leaf(struct smt *t, uint32_t ref)
{
    struct smt_leaf *leaf = smt_leaf_at(t, ref);
    *leaf = (struct smt_leaf){.next_free = t->leaves.free};
    t->leaves.free = ref >> 1;
    t->leaves.n_free++;
}

static void set_value(struct smt_leaf *leaf, struct bytes value)
{
    leaf->value_len = (uint8_t)value.len;
    if (value.len != 0) {
        memcpy(leaf->value, value.data, value.len);
    }
}

int smt_make_leaf(struct smt *t, struct bytes key, struct bytes value, uint32_t *ref)
{
    CHECK(key.len >= 1 && key.len <= SMT_KEY_MAX && value.len <= SMT_VALUE_MAX);
    struct hash32 path;
    int rc = reserve_nodes(t, 0, 1);
    if (rc == 0) {
        smt_path(key, &path);
        *ref = take_leaf(t, &path, key);
        set_value(smt_leaf_at(t, *ref), value);
    }
    return rc;
}

int smt_make_inner(struct smt *t, const uint32_t child[2], const struct hash32 hash[2],
                   uint32_t *ref)
{
    int rc = reserve_nodes(t, 1, 0);
    if (rc == 0) {
        *ref = take_inner(t);
        memcpy(smt_inner_at(t, *ref)->child, child, 2 * sizeof(*child));
        memcpy(smt_hashes_at(t, *ref)->child, hash, 2 * sizeof(*hash));
    }
    return rc;
}

int smt_make_stub(struct smt *t, uint32_t *ref)
{
    int rc = reserve_nodes(t, 1, 0);
    if (rc == 0) {
        *ref = take_inner(t);
    }
    return rc;
}

/* Puts a leaf where there is another, which moves down to where they part. In: depth and fork,
 * where the old one stands and where they part. */
static void split_leaf(struct smt *t, uint32_t *link, const struct hash32 *path, uint32_t fresh,
                       uint32_t old, size_t depth, size_t fork)
{
    const struct hash32 *other = &smt_leaf_at(t, old)->path;
    for (size_t d = depth; d <= fork; d++) {
        *link = take_inner(t);
        struct smt_inner *node = smt_inner_at(t, *link);
        node->stale[0] = true;
        node->stale[1] = true;
        unsigned way = smt_bit(path, d);
        if (d == fork) {
            node->child[way] = fresh;
            node->child[smt_bit(other, d)] = old;
        }
        link = &node->child[way];
    }
}

int smt_put_at(struct smt *t, const struct hash32 *path, struct bytes key, struct bytes value)
{
    CHECK(key.len >= 1 && key.len <= SMT_KEY_MAX && value.len <= SMT_VALUE_MAX);
    size_t depth = 0;
    uint32_t old = walk(t, path, &depth);
    if (smt_is_leaf(old) && leaf_is(smt_leaf_at(t, old), key)) {
        struct smt_leaf *leaf = smt_leaf_at(t, old);
        if (!bytes_equal(bytes_of(leaf->value, leaf->value_len), value)) {
            set_value(leaf, value);
            (void)walk_to_change(t, path);
        }
        return 0;
    }

    size_t fork = depth; /* where the new leaf and the one in its place part */
    if (old != 0) {
        const struct hash32 *other = &smt_leaf_at(t, old)->path;
        while (fork < SMT_DEPTH_MAX && smt_bit(path, fork) == smt_bit(other, fork)) {
            fork++;
        }
        CHECK(fork < SMT_DEPTH_MAX);
    }
    int rc = reserve_nodes(t, old != 0 ? fork - depth + 1 : 0, 1);
    if (rc != 0) {
        return rc;
    }
    uint32_t *link = walk_to_change(t, path);
    uint32_t fresh = take_leaf(t, path, key);
    set_value(smt_leaf_at(t, fresh), value);
    if (old == 0) {
        *link = fresh;
    } else {
        split_leaf(t, link, path, fresh, old, depth, fork);
    }
    return 0;
}

int smt_put(struct smt *t, struct bytes key, struct bytes value)
{
    struct hash32 path;
    smt_path(key, &path);
    return smt_put_at(t, &path, key, value);
}

bool smt_del_at(struct smt *t, const struct hash32 *path, struct bytes key)
{
    uint32_t above[SMT_DEPTH_MAX];
    size_t depth = 0;
    uint32_t ref = t->root;
    while (smt_is_inner(ref)) {
        CHECK(depth < SMT_DEPTH_MAX);
        above[depth] = ref;
        ref = smt_inner_at(t, ref)->child[smt_bit(path, depth)];
        depth++;
    }
    if (!smt_is_leaf(ref) || !leaf_is(smt_leaf_at(t, ref), key)) {
        return false;
    }
    (void)walk_to_change(t, path);
    give_leaf(t, ref);

    /* A leaf left alone below an inner node rises until it meets another subtree. */
    uint32_t rising = 0;
    while (depth > 0) {
        struct smt_inner *node = smt_inner_at(t, above[depth - 1]);
        unsigned way = smt_bit(path, depth - 1);
        node->child[way] = rising;
        uint32_t sibling = node->child[1 - way];
        bool alone = (rising == 0 && smt_is_leaf(sibling)) || (smt_is_leaf(rising) && sibling == 0);
        if (!alone) {
            break;
        }
        rising |= sibling;
        give_inner(t, above[depth - 1]);
        depth--;
    }
    if (depth == 0) {
        t->root = rising;
    }
    return true;
}

bool smt_del(struct smt *t, struct bytes key)
{
    struct hash32 path;
    smt_path(key, &path);
    return smt_del_at(t, &path, key);
}

size_t smt_count(const struct smt *t)
{
    return t->leaves.n - t->leaves.n_free;
}

bool smt_next(const struct smt *t, size_t *cursor, struct smt_item *out)
{
    while (*cursor < t->leaves.n) {
        const struct smt_leaf *leaf = &t->leaves.items[(*cursor)++];
        if (leaf->live) {
            out->key = bytes_of(leaf->key, leaf->key_len);
            out->value = bytes_of(leaf->value, leaf->value_len);
            return true;
        }
    }
    return false;
}

static int compare_items(const void *a, const void *b)
{
    return bytes_compare(((const struct smt_item *)a)->key, ((const struct smt_item *)b)->key);
}

int smt_list(const struct smt *t, struct bytes prefix, struct smt_item **items, size_t *n)
{
    CLEANUP(cleanup_free) struct smt_item *list = NULL;
    struct smt_item item;
    size_t count = 0;
    size_t cap = 0;
    size_t cursor = 0;
    while (smt_next(t, &cursor, &item)) {
        if (item.key.len < prefix.len ||
            !bytes_equal(bytes_of(item.key.data, prefix.len), prefix)) {
            continue;
        }
        int rc = VEC_RESERVE(list, cap, count + 1);
        if (rc != 0) {
            return rc;
        }
        list[count++] = item;
    }
    if (count > 1) {
        qsort(list, count, sizeof(*list), compare_items);
    }
    *items = MOVE(list);
    *n = count;
    return 0;
}

/* Out: the hash of a subtree, zeros for nothing. Recursion is at most SMT_DEPTH_MAX deep. */
static void rehash(struct smt *t, uint32_t ref, struct hash32 *out)
{
    if (ref == 0) {
        *out = (struct hash32){0};
        return;
    }
    if (smt_is_leaf(ref)) {
        const struct smt_leaf *leaf = smt_leaf_at(t, ref);
        smt_hash_leaf(&leaf->path, bytes_of(leaf->value, leaf->value_len), out);
        return;
    }
    struct smt_inner *node = smt_inner_at(t, ref);
    struct smt_hashes *hashes = smt_hashes_at(t, ref);
    fetch(hashes); /* on the way down, as they are needed on the way up */
    for (size_t i = 0; i < 2; i++) {
        if (node->stale[i] && smt_is_leaf(node->child[i])) {
            fetch(smt_leaf_at(t, node->child[i]));
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (node->stale[i]) {
            rehash(t, node->child[i], &hashes->child[i]);
            node->stale[i] = false;
        }
    }
    hash_sha256_pair(SMT_TAG_INNER, &hashes->child[0], &hashes->child[1], out);
}

void smt_root(struct smt *t, struct hash32 *out)
{
    if (t->stale) {
        rehash(t, t->root, &t->hash);
        t->stale = false;
    }
    *out = t->hash;
}

void smt_prove(struct smt *t, struct bytes key, struct smt_proof *out)
{
    struct hash32 path;
    struct hash32 root;
    smt_path(key, &path);
    smt_root(t, &root);
    *out = (struct smt_proof){0};
    uint32_t ref = t->root;
    while (smt_is_inner(ref)) {
        const struct smt_inner *node = smt_inner_at(t, ref);
        unsigned way = smt_bit(&path, out->depth);
        out->sibling[out->depth] = smt_hashes_at(t, ref)->child[1 - way];
        out->depth++;
        ref = node->child[way];
    }
    if (smt_is_leaf(ref)) {
        const struct smt_leaf *leaf = smt_leaf_at(t, ref);
        out->has_leaf = true;
        out->key_len = leaf->key_len;
        out->value_len = leaf->value_len;
        /* Not the whole arrays: what an earlier, longer value left behind stays here. */
        memcpy(out->key, leaf->key, leaf->key_len);
        memcpy(out->value, leaf->value, leaf->value_len);
    }
}
