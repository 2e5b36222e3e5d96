#include "common/protocol/pro_block.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_result.h"

#include <stdlib.h>

#define MIN_ENTRY_BYTES ((size_t)(1 + 12 + 96 + 4))
#define MAX_BITMAP_BYTES ((size_t)PRO_MAX_ENTRIES / 8)

int pro_block_init(struct pro_block *b, uint64_t slot, uint64_t rollup, uint32_t round,
                   uint32_t count)
{
    struct pro_entry *entries = calloc((size_t)count + 1, sizeof(*entries));
    if (entries == NULL) {
        return ERR_NOMEM;
    }
    *b = (struct pro_block){slot, rollup, round, count, entries};
    return 0;
}

int pro_block_copy(struct pro_block *out, const struct pro_block *in)
{
    int rc = pro_block_init(out, in->slot, in->rollup, in->round, in->count);
    if (rc == 0 && in->count != 0) {
        memcpy(out->entries, in->entries, in->count * sizeof(*in->entries));
    }
    return rc;
}

void pro_block_fini(struct pro_block *b)
{
    free(b->entries);
    *b = (struct pro_block){0};
}

void pro_place_encode(const struct pro_place *p, struct buf *out)
{
    wr_u64(out, p->rollup);
    wr_u32(out, p->order);
    wr_u32(out, p->round);
}

static void entry_encode(const struct pro_entry *e, struct buf *out)
{
    wr_u8(out, (uint8_t)e->kind);
    wr_u32(out, e->seq);
    wr_u32(out, e->leg);
    wr_u32(out, e->n_legs);
    wr_fixed(out, e->bundle_id.b, 32);
    wr_fixed(out, e->enc_tx_hash.b, 32);
    wr_fixed(out, e->preconf_hash.b, 32);
    if (e->kind == PRO_ENTRY_EXCLUDED) {
        pro_place_encode(&e->cause, out);
    } else {
        wr_var(out, e->tx);
    }
}

static void entry_decode(struct rd *r, struct pro_entry *e)
{
    uint8_t kind = rd_u8(r);
    if (kind > PRO_ENTRY_EXCLUDED) {
        rd_fail(r, ERR_NONCANONICAL);
        return;
    }
    e->kind = (enum pro_entry_kind)kind;
    e->seq = rd_u32(r);
    e->leg = rd_u32(r);
    e->n_legs = rd_u32(r);
    rd_fixed(r, e->bundle_id.b, 32);
    rd_fixed(r, e->enc_tx_hash.b, 32);
    rd_fixed(r, e->preconf_hash.b, 32);
    if (e->kind == PRO_ENTRY_EXCLUDED) {
        e->cause.rollup = rd_u64(r);
        e->cause.order = rd_u32(r);
        e->cause.round = rd_u32(r);
    } else {
        e->tx = rd_var(r, PRO_MAX_TX_BYTES);
    }
}

void pro_block_encode(const struct pro_block *b, struct buf *out)
{
    wr_u64(out, b->slot);
    wr_u64(out, b->rollup);
    wr_u32(out, b->round);
    wr_u32(out, b->count);
    for (uint32_t i = 0; i < b->count; i++) {
        entry_encode(&b->entries[i], out);
    }
}

int pro_block_decode(struct bytes in, struct pro_block *out)
{
    if (in.len > PRO_MAX_BLOCK_BYTES) {
        return ERR_TOOBIG;
    }
    struct rd r = rd_from(in);
    uint64_t slot = rd_u64(&r);
    uint64_t rollup = rd_u64(&r);
    uint32_t round = rd_u32(&r);
    uint32_t count = rd_count(&r, PRO_MAX_ENTRIES, MIN_ENTRY_BYTES);
    if (r.err != 0) {
        return r.err;
    }
    CLEANUP(pro_block_fini) struct pro_block b = {0};
    int rc = pro_block_init(&b, slot, rollup, round, count);
    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < count && r.err == 0; i++) {
        entry_decode(&r, &b.entries[i]);
    }
    rc = rd_end(&r);
    if (rc == 0) {
        *out = b;
        b.entries = NULL;
    }
    return rc;
}

void pro_header_encode(const struct pro_header *h, struct buf *out)
{
    wr_u64(out, h->slot);
    wr_u64(out, h->rollup);
    wr_u32(out, h->round);
    wr_bool(out, h->final);
    wr_u32(out, h->count);
    wr_fixed(out, h->commitment.b, sizeof(h->commitment.b));
    wr_fixed(out, h->body_hash.b, 32);
    if (h->final) {
        wr_fixed(out, h->post_root.b, 32);
        wr_var(out, h->excluded);
    }
}

int pro_header_decode(struct bytes in, struct pro_header *out)
{
    struct rd r = rd_from(in);
    struct pro_header h = {0};
    h.slot = rd_u64(&r);
    h.rollup = rd_u64(&r);
    h.round = rd_u32(&r);
    h.final = rd_bool(&r);
    h.count = rd_u32(&r);
    rd_fixed(&r, h.commitment.b, sizeof(h.commitment.b));
    rd_fixed(&r, h.body_hash.b, 32);
    if (h.count > PRO_MAX_ENTRIES) {
        rd_fail(&r, ERR_TOOBIG);
    }
    if (h.final) {
        rd_fixed(&r, h.post_root.b, 32);
        h.excluded = rd_var(&r, MAX_BITMAP_BYTES);
        if (r.err == 0 && !pro_bitmap_is_canonical(h.excluded, h.count)) {
            rd_fail(&r, ERR_NONCANONICAL);
        }
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = h;
    }
    return rc;
}

static void add_u32(struct hash_keccak *h, uint32_t v)
{
    uint8_t word[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    hash_keccak_add(h, bytes_of(word, sizeof(word)));
}

static void tombstone_leaf(const struct pro_entry *e, struct hash32 *out)
{
    CLEANUP(buf_fini) struct buf b = {0};
    wr_fixed(&b, "excluded", 8);
    wr_fixed(&b, e->bundle_id.b, 32);
    pro_place_encode(&e->cause, &b);
    CHECK(b.err == 0);
    hash_keccak256(buf_view(&b), out);
}

void pro_entry_leaf(const struct pro_entry *e, struct hash32 *out)
{
    if (e->kind == PRO_ENTRY_EXCLUDED) {
        tombstone_leaf(e, out);
        return;
    }
    struct hash32 tx_hash;
    struct hash_keccak h;
    hash_keccak256(e->tx, &tx_hash);
    hash_keccak_init(&h);
    hash_keccak_add(&h, BYTES_OF(e->enc_tx_hash));
    hash_keccak_add(&h, BYTES_OF(tx_hash));
    hash_keccak_add(&h, BYTES_OF(e->bundle_id));
    add_u32(&h, e->leg);
    add_u32(&h, e->n_legs);
    hash_keccak_end(&h, out);
}

void pro_order_leaf(const struct hash32 *enc_tx_hash, const struct hash32 *bundle_id, uint32_t leg,
                    uint32_t n_legs, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, BYTES_OF(*enc_tx_hash));
    hash_keccak_add(&h, BYTES_OF(*bundle_id));
    add_u32(&h, leg);
    add_u32(&h, n_legs);
    hash_keccak_end(&h, out);
}

void pro_block_leaves(const struct pro_block *b, bool promised, struct vc_entry *out)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct pro_entry *e = &b->entries[i];
        out[i].index = i;
        if (promised) {
            pro_order_leaf(&e->enc_tx_hash, &e->bundle_id, e->leg, e->n_legs, &out[i].leaf);
        } else {
            pro_entry_leaf(e, &out[i].leaf);
        }
    }
}

static int commit_leaves(const struct vc_setup *vc, const struct pro_block *b, bool promised,
                         struct vc_commitment *out)
{
    CLEANUP(cleanup_free) struct vc_entry *leaves = calloc((size_t)b->count + 1, sizeof(*leaves));
    if (leaves == NULL) {
        return ERR_NOMEM;
    }
    pro_block_leaves(b, promised, leaves);
    return vc_commit(vc, leaves, b->count, out);
}

int pro_block_commit(const struct vc_setup *vc, const struct pro_block *b,
                     struct vc_commitment *out)
{
    return commit_leaves(vc, b, false, out);
}

/* May their leaves differ? */
static bool may_differ(const struct pro_entry *a, const struct pro_entry *b)
{
    return a->kind != b->kind || a->leg != b->leg || a->n_legs != b->n_legs ||
           !bytes_equal(a->tx, b->tx) || !hash32_equal(&a->bundle_id, &b->bundle_id) ||
           !hash32_equal(&a->enc_tx_hash, &b->enc_tx_hash) || a->cause.rollup != b->cause.rollup ||
           a->cause.order != b->cause.order || a->cause.round != b->cause.round;
}

int pro_block_recommit(const struct vc_setup *vc, const struct pro_block *before,
                       const struct vc_commitment *committed, const struct pro_block *b,
                       struct vc_commitment *out)
{
    CLEANUP(cleanup_free)
    struct vc_change *changes = calloc((size_t)b->count + 1, sizeof(*changes));
    size_t n = 0;
    if (changes == NULL || before->count != b->count) {
        return changes == NULL ? ERR_NOMEM : ERR_INVALID;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        if (may_differ(&before->entries[i], &b->entries[i])) {
            changes[n].index = i;
            pro_entry_leaf(&before->entries[i], &changes[n].was);
            pro_entry_leaf(&b->entries[i], &changes[n].now);
            n++;
        }
    }
    return vc_recommit(vc, committed, changes, n, out);
}

int pro_block_commit_order(const struct vc_setup *vc, const struct pro_block *b,
                           struct vc_commitment *out)
{
    return commit_leaves(vc, b, true, out);
}

void pro_order_encode(const struct pro_order *o, struct buf *out)
{
    wr_u64(out, o->slot);
    wr_u64(out, o->rollup);
    wr_u32(out, o->count);
    wr_fixed(out, o->commitment.b, sizeof(o->commitment.b));
}

int pro_order_decode(struct bytes in, struct pro_order *out)
{
    struct rd r = rd_from(in);
    struct pro_order o = {0};
    o.slot = rd_u64(&r);
    o.rollup = rd_u64(&r);
    o.count = rd_u32(&r);
    rd_fixed(&r, o.commitment.b, sizeof(o.commitment.b));
    if (o.count > PRO_MAX_ENTRIES) {
        rd_fail(&r, ERR_TOOBIG);
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = o;
    }
    return rc;
}
