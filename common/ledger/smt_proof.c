#include "common/crypto/hash.h"
#include "common/ledger/smt_node.h"

static bool agrees(const struct hash32 *a, const struct hash32 *b, size_t bits)
{
    for (size_t d = 0; d < bits; d++) {
        if (smt_bit(a, d) != smt_bit(b, d)) {
            return false;
        }
    }
    return true;
}

int smt_proof_verify(const struct smt_proof *proof, const struct hash32 *root, struct bytes key,
                     bool *present, struct bytes *value)
{
    struct hash32 path;
    struct hash32 at = {0};
    bool same = false;
    if (proof->depth > SMT_DEPTH_MAX || proof->key_len > SMT_KEY_MAX ||
        proof->value_len > SMT_VALUE_MAX) {
        return ERR_PROOF;
    }
    smt_path(key, &path);
    if (proof->has_leaf) {
        struct bytes leaf_key = bytes_of(proof->key, proof->key_len);
        struct hash32 leaf_path;
        smt_path(leaf_key, &leaf_path);
        if (!agrees(&path, &leaf_path, proof->depth)) {
            return ERR_PROOF;
        }
        same = bytes_equal(leaf_key, key);
        smt_hash_leaf(&leaf_path, bytes_of(proof->value, proof->value_len), &at);
    }
    for (size_t d = proof->depth; d > 0; d--) {
        const struct hash32 *other = &proof->sibling[d - 1];
        struct hash32 up;
        if (smt_bit(&path, d - 1) == 0) {
            hash_sha256_pair(SMT_TAG_INNER, &at, other, &up);
        } else {
            hash_sha256_pair(SMT_TAG_INNER, other, &at, &up);
        }
        at = up;
    }
    if (!hash32_equal(&at, root)) {
        return ERR_PROOF;
    }
    *present = same;
    *value = same ? bytes_of(proof->value, proof->value_len) : (struct bytes){0};
    return 0;
}

void smt_proof_encode(const struct smt_proof *proof, struct buf *out)
{
    uint8_t map[SMT_DEPTH_MAX / 8] = {0};
    for (size_t d = 0; d < proof->depth; d++) {
        if (!hash32_is_zero(&proof->sibling[d])) {
            map[d / 8] = (uint8_t)(map[d / 8] | 0x80U >> d % 8);
        }
    }
    wr_u16(out, proof->depth);
    wr_fixed(out, map, (proof->depth + 7U) / 8);
    for (size_t d = 0; d < proof->depth; d++) {
        if (!hash32_is_zero(&proof->sibling[d])) {
            wr_fixed(out, proof->sibling[d].b, 32);
        }
    }
    wr_bool(out, proof->has_leaf);
    if (proof->has_leaf) {
        wr_var(out, bytes_of(proof->key, proof->key_len));
        wr_var(out, bytes_of(proof->value, proof->value_len));
    }
}

static void read_siblings(struct rd *r, struct smt_proof *p)
{
    uint8_t map[SMT_DEPTH_MAX / 8] = {0};
    p->depth = rd_u16(r);
    if (p->depth > SMT_DEPTH_MAX) {
        rd_fail(r, ERR_TOOBIG);
        p->depth = 0;
        return;
    }
    rd_fixed(r, map, (p->depth + 7U) / 8);
    for (size_t d = 0; d < SMT_DEPTH_MAX && r->err == 0; d++) {
        bool set = (map[d / 8] & 0x80U >> d % 8) != 0;
        if (!set) {
            if (d + 1 == p->depth) {
                rd_fail(r, ERR_NONCANONICAL);
            }
            continue;
        }
        if (d >= p->depth) {
            rd_fail(r, ERR_NONCANONICAL);
            return;
        }
        rd_fixed(r, p->sibling[d].b, 32);
        if (r->err == 0 && hash32_is_zero(&p->sibling[d])) {
            rd_fail(r, ERR_NONCANONICAL);
        }
    }
}

int smt_proof_decode(struct bytes in, struct smt_proof *out)
{
    struct rd r = rd_from(in);
    struct smt_proof p = {0};
    read_siblings(&r, &p);
    p.has_leaf = rd_bool(&r);
    if (p.has_leaf) {
        struct bytes key = rd_var(&r, SMT_KEY_MAX);
        struct bytes value = rd_var(&r, SMT_VALUE_MAX);
        if (r.err == 0 && key.len == 0) {
            rd_fail(&r, ERR_NONCANONICAL);
        }
        if (r.err == 0) {
            p.key_len = (uint8_t)key.len;
            p.value_len = (uint8_t)value.len;
            memcpy(p.key, key.data, key.len);
            if (value.len != 0) {
                memcpy(p.value, value.data, value.len);
            }
        }
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = p;
    }
    return rc;
}
