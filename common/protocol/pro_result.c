#include "common/protocol/pro_result.h"

#include <stdlib.h>

#define MAX_OPENING_BYTES ((size_t)512)

void pro_result_encode(const struct pro_result *r, struct buf *out)
{
    wr_u64(out, r->rollup);
    wr_u64(out, r->slot);
    wr_u32(out, r->round);
    wr_fixed(out, r->commitment.b, sizeof(r->commitment.b));
    wr_fixed(out, r->body_hash.b, 32);
    wr_fixed(out, r->pre_root.b, 32);
    wr_fixed(out, r->post_root.b, 32);
    wr_u32(out, r->count);
    wr_var(out, r->status);
    wr_fixed(out, r->receipts_root.b, 32);
    wr_fixed(out, r->step_roots_root.b, 32);
    wr_fixed(out, r->access_root.b, 32);
    wr_fixed(out, r->cover_hash.b, 32);
}

int pro_result_decode(struct bytes in, struct pro_result *out)
{
    struct rd r = rd_from(in);
    struct pro_result res = {0};
    res.rollup = rd_u64(&r);
    res.slot = rd_u64(&r);
    res.round = rd_u32(&r);
    rd_fixed(&r, res.commitment.b, sizeof(res.commitment.b));
    rd_fixed(&r, res.body_hash.b, 32);
    rd_fixed(&r, res.pre_root.b, 32);
    rd_fixed(&r, res.post_root.b, 32);
    res.count = rd_u32(&r);
    res.status = rd_var(&r, PRO_MAX_ENTRIES / 8);
    if (res.count > PRO_MAX_ENTRIES) {
        rd_fail(&r, ERR_TOOBIG);
    } else if (r.err == 0 && !pro_bitmap_is_canonical(res.status, res.count)) {
        rd_fail(&r, ERR_NONCANONICAL);
    }
    rd_fixed(&r, res.receipts_root.b, 32);
    rd_fixed(&r, res.step_roots_root.b, 32);
    rd_fixed(&r, res.access_root.b, 32);
    rd_fixed(&r, res.cover_hash.b, 32);
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = res;
    }
    return rc;
}

void pro_rejection_encode(const struct pro_rejection *r, struct buf *out)
{
    wr_u64(out, r->rollup);
    wr_u64(out, r->slot);
    wr_u32(out, r->round);
}

int pro_rejection_decode(struct bytes in, struct pro_rejection *out)
{
    struct rd r = rd_from(in);
    struct pro_rejection v;
    v.rollup = rd_u64(&r);
    v.slot = rd_u64(&r);
    v.round = rd_u32(&r);
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = v;
    }
    return rc;
}

void pro_openings_encode(const struct pro_openings *o, struct buf *out)
{
    wr_u64(out, o->slot);
    wr_u64(out, o->rollup);
    wr_u32(out, o->count);
    for (uint32_t i = 0; i < o->count; i++) {
        wr_u8(out, (uint8_t)o->items[i].verdict);
        wr_var(out, o->items[i].w);
    }
}

int pro_openings_decode(struct bytes in, struct pro_openings *out)
{
    struct rd r = rd_from(in);
    struct pro_openings o = {0};
    o.slot = rd_u64(&r);
    o.rollup = rd_u64(&r);
    o.count = rd_count(&r, PRO_MAX_ENTRIES, 5);
    if (r.err != 0) {
        return r.err;
    }
    o.items = calloc((size_t)o.count + 1, sizeof(*o.items));
    if (o.items == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < o.count; i++) {
        uint8_t verdict = rd_u8(&r);
        if (verdict > PRO_BOGUS_CIPHER) {
            rd_fail(&r, ERR_NONCANONICAL);
        }
        o.items[i].verdict = verdict == PRO_OPEN ? PRO_OPEN : PRO_BOGUS_CIPHER;
        o.items[i].w = rd_var(&r, MAX_OPENING_BYTES);
    }
    int rc = rd_end(&r);
    if (rc != 0) {
        pro_openings_fini(&o);
        return rc;
    }
    *out = o;
    return 0;
}

void pro_openings_fini(struct pro_openings *o)
{
    free(o->items);
    *o = (struct pro_openings){0};
}
