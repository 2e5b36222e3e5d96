#include "common/ledger/smt_part.h"

#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/ledger/smt_node.h"

enum tag { TAG_NOTHING = 0, TAG_LEAF = 1, TAG_INNER = 2, TAG_HASH = 3, TAG_OPENED = 4 };

/* Paths that lead through one node: they share its prefix. */
struct paths {
    const struct hash32 *list;
    size_t n;
};

/* Splits by the turn at this depth: the first half goes left. */
static void split(struct paths p, size_t depth, struct paths *left, struct paths *right)
{
    size_t low = 0;
    size_t high = p.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (smt_bit(&p.list[middle], depth) == 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *left = (struct paths){p.list, low};
    *right = (struct paths){p.list + low, p.n - low};
}

static bool has_path(struct paths p, const struct hash32 *path)
{
    size_t low = 0;
    size_t high = p.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(p.list[middle].b, path->b, sizeof(path->b));
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

/* ---- Encoding ---- */

static void put_leaf(const struct smt_leaf *leaf, struct buf *out)
{
    wr_u8(out, TAG_LEAF);
    wr_u8(out, leaf->key_len);
    wr_fixed(out, leaf->key, leaf->key_len);
    wr_u8(out, leaf->value_len);
    wr_fixed(out, leaf->value, leaf->value_len);
}

/* Whether every leaf of a subtree is in the set. */
static bool can_empty(const struct smt *t, uint32_t ref, size_t depth, struct paths p)
{
    if (ref == 0) {
        return true;
    }
    if (p.n == 0) {
        return false;
    }
    if (smt_is_leaf(ref)) {
        return has_path(p, &smt_leaf_at(t, ref)->path);
    }
    struct paths left;
    struct paths right;
    const struct smt_inner *node = smt_inner_at(t, ref);
    split(p, depth, &left, &right);
    /* The side with fewer paths first: it is the one to say no. */
    unsigned first = left.n <= right.n ? 0 : 1;
    return can_empty(t, node->child[first], depth + 1, first == 0 ? left : right) &&
           can_empty(t, node->child[1 - first], depth + 1, first == 0 ? right : left);
}

/* A subtree without paths. In: its hash, and whether its sibling can become empty. */
static void put_sibling(const struct smt *t, uint32_t ref, const struct hash32 *hash, bool open,
                        struct buf *out)
{
    if (ref == 0) {
        wr_u8(out, TAG_NOTHING);
    } else if (!open) {
        wr_u8(out, TAG_HASH);
        wr_fixed(out, hash->b, sizeof(hash->b));
    } else if (smt_is_leaf(ref)) {
        put_leaf(smt_leaf_at(t, ref), out);
    } else {
        wr_u8(out, TAG_OPENED);
        wr_fixed(out, smt_hashes_at(t, ref)->child[0].b, sizeof(hash->b));
        wr_fixed(out, smt_hashes_at(t, ref)->child[1].b, sizeof(hash->b));
    }
}

/* Recursion is at most SMT_DEPTH_MAX deep. In: at least one path. */
static void put_node(const struct smt *t, uint32_t ref, size_t depth, struct paths p,
                     struct buf *out)
{
    if (ref == 0) {
        wr_u8(out, TAG_NOTHING);
        return;
    }
    if (smt_is_leaf(ref)) {
        put_leaf(smt_leaf_at(t, ref), out);
        return;
    }
    struct paths way[2];
    const struct smt_inner *node = smt_inner_at(t, ref);
    split(p, depth, &way[0], &way[1]);
    wr_u8(out, TAG_INNER);
    for (size_t i = 0; i < 2; i++) {
        uint32_t other = node->child[1 - i];
        if (way[i].n != 0) {
            put_node(t, node->child[i], depth + 1, way[i], out);
        } else {
            bool open = other != 0 && can_empty(t, other, depth + 1, way[1 - i]);
            put_sibling(t, node->child[i], &smt_hashes_at(t, ref)->child[i], open, out);
        }
    }
}

void smt_part_encode(struct smt *t, const struct hash32 *paths, size_t n, struct buf *out)
{
    struct hash32 root;
    smt_root(t, &root); /* so that all hashes are up to date */
    if (n != 0) {
        put_node(t, t->root, 0, (struct paths){paths, n}, out);
    } else {
        put_sibling(t, t->root, &root, false, out);
    }
}

/* ---- Decoding ---- */

struct reading {
    struct rd rd;
    struct smt *t;
    struct hash32 prefix; /* of the node in hand: its first bits */
};

/* What a node that was read says to its parent. */
struct part {
    uint32_t ref;
    struct hash32 hash;
    bool opened; /* a sibling that is */
    bool can_empty;
};

static void set_bit(struct hash32 *path, size_t depth, unsigned bit)
{
    uint8_t mask = (uint8_t)(0x80U >> depth % 8);
    path->b[depth / 8] =
        (uint8_t)(bit != 0 ? path->b[depth / 8] | mask : path->b[depth / 8] & ~mask);
}

static bool in_prefix(const struct hash32 *path, const struct hash32 *prefix, size_t depth)
{
    if (memcmp(path->b, prefix->b, depth / 8) != 0) {
        return false;
    }
    for (size_t d = depth / 8 * 8; d < depth; d++) {
        if (smt_bit(path, d) != smt_bit(prefix, d)) {
            return false;
        }
    }
    return true;
}

static void keep(struct reading *r, int rc)
{
    if (rc != 0) {
        rd_fail(&r->rd, rc);
    }
}

static void get_leaf(struct reading *r, size_t depth, struct part *out)
{
    size_t key_len = rd_u8(&r->rd);
    struct bytes key = rd_view(&r->rd, key_len);
    size_t value_len = rd_u8(&r->rd);
    struct bytes value = rd_view(&r->rd, value_len);
    struct hash32 path;
    if (r->rd.err == 0 && key_len == 0) {
        rd_fail(&r->rd, ERR_NONCANONICAL);
    }
    if (r->rd.err == 0 && (key_len > SMT_KEY_MAX || value_len > SMT_VALUE_MAX)) {
        rd_fail(&r->rd, ERR_TOOBIG);
    }
    if (r->rd.err != 0) {
        return;
    }
    smt_path(key, &path);
    if (!in_prefix(&path, &r->prefix, depth)) {
        rd_fail(&r->rd, ERR_NONCANONICAL);
        return;
    }
    keep(r, smt_make_leaf(r->t, key, value, &out->ref));
    smt_hash_leaf(&path, value, &out->hash);
}

static void get_stub(struct reading *r, struct part *out)
{
    rd_fixed(&r->rd, out->hash.b, sizeof(out->hash.b));
    if (r->rd.err == 0 && hash32_is_zero(&out->hash)) {
        rd_fail(&r->rd, ERR_NONCANONICAL);
    }
    if (r->rd.err == 0) {
        keep(r, smt_make_stub(r->t, &out->ref));
    }
}

static void get_opened(struct reading *r, struct part *out)
{
    struct hash32 child[2];
    rd_fixed(&r->rd, child[0].b, sizeof(child[0].b));
    rd_fixed(&r->rd, child[1].b, sizeof(child[1].b));
    if (r->rd.err == 0 && hash32_is_zero(&child[0]) && hash32_is_zero(&child[1])) {
        rd_fail(&r->rd, ERR_NONCANONICAL);
    }
    if (r->rd.err == 0) {
        hash_sha256_pair(SMT_TAG_INNER, &child[0], &child[1], &out->hash);
        keep(r, smt_make_stub(r->t, &out->ref));
    }
}

static struct part get_sibling(struct reading *r, size_t depth)
{
    struct part out = {0};
    switch (rd_u8(&r->rd)) {
    case TAG_NOTHING:
        out.can_empty = true;
        break;
    case TAG_HASH:
        get_stub(r, &out);
        break;
    case TAG_LEAF:
        out.opened = true;
        get_leaf(r, depth, &out);
        break;
    case TAG_OPENED:
        out.opened = true;
        get_opened(r, &out);
        break;
    default:
        rd_fail(&r->rd, ERR_NONCANONICAL);
        break;
    }
    return out;
}

/* Whether two children can stand below one inner node, and siblings are open where they must. */
static bool children_fit(const struct part child[2], const struct paths way[2])
{
    for (size_t i = 0; i < 2; i++) {
        const struct part *own = &child[i];
        const struct part *other = &child[1 - i];
        if (own->ref == 0 && !smt_is_inner(other->ref)) {
            return false; /* nothing at all, or a leaf that would stand higher */
        }
        if (way[i].n == 0 && own->ref != 0 &&
            own->opened != (other->ref != 0 && other->can_empty)) {
            return false;
        }
    }
    return true;
}

/* In: at least one path. */
static struct part get_node(struct reading *r, size_t depth, struct paths p)
{
    struct part out = {0};
    struct part child[2] = {{0}};
    struct paths way[2];
    uint8_t tag = rd_u8(&r->rd);
    if (r->rd.err == 0 && (tag > TAG_INNER || (tag == TAG_INNER && depth == SMT_DEPTH_MAX))) {
        rd_fail(&r->rd, ERR_NONCANONICAL);
    }
    if (r->rd.err != 0) {
        return out;
    }
    if (tag == TAG_NOTHING) {
        out.can_empty = true;
        return out;
    }
    if (tag == TAG_LEAF) {
        get_leaf(r, depth, &out);
        out.can_empty = r->rd.err == 0 && has_path(p, &smt_leaf_at(r->t, out.ref)->path);
        return out;
    }
    split(p, depth, &way[0], &way[1]);
    for (unsigned i = 0; i < 2 && r->rd.err == 0; i++) {
        set_bit(&r->prefix, depth, i);
        child[i] = way[i].n != 0 ? get_node(r, depth + 1, way[i]) : get_sibling(r, depth + 1);
    }
    if (r->rd.err == 0 && !children_fit(child, way)) {
        rd_fail(&r->rd, ERR_NONCANONICAL);
    }
    if (r->rd.err == 0) {
        const uint32_t refs[2] = {child[0].ref, child[1].ref};
        const struct hash32 hashes[2] = {child[0].hash, child[1].hash};
        hash_sha256_pair(SMT_TAG_INNER, &hashes[0], &hashes[1], &out.hash);
        keep(r, smt_make_inner(r->t, refs, hashes, &out.ref));
        out.can_empty = child[0].can_empty && child[1].can_empty;
    }
    return out;
}

int smt_part_decode(struct bytes in, const struct hash32 *paths, size_t n, struct smt *out)
{
    CLEANUP(smt_fini) struct smt t = {0};
    struct reading r = {.rd = rd_from(in), .t = &t};
    struct part root = {0};
    if (n != 0) {
        root = get_node(&r, 0, (struct paths){paths, n});
    } else {
        root = get_sibling(&r, 0);
        if (r.rd.err == 0 && root.opened) {
            rd_fail(&r.rd, ERR_NONCANONICAL);
        }
    }
    int rc = rd_end(&r.rd);
    if (rc != 0) {
        return rc;
    }
    t.root = root.ref;
    t.hash = root.hash;
    *out = t;
    t = (struct smt){0};
    return 0;
}
