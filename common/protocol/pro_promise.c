#include "common/protocol/pro_promise.h"

void pro_promise_of(const struct pro_preconf *p, uint32_t leg, struct pro_promise *out)
{
    *out = (struct pro_promise){
        .slot = p->slot,
        .rollup = p->txs[leg].rollup,
        .order = p->txs[leg].order,
        .seq = p->seq,
        .leg = leg,
        .n_legs = p->n_legs,
        .bundle_id = p->bundle_id,
        .enc_tx_hash = p->txs[leg].enc_tx_hash,
        .sig = p->txs[leg].sig,
    };
}

int pro_promise_verify(const struct hash32 *domain, const struct pro_promise *p,
                       const struct addr20 *sequencer)
{
    struct hash32 digest;
    pro_promise_digest(domain, p, &digest);
    return sig_verify(&digest, &p->sig, sequencer);
}

void pro_promise_encode(const struct pro_promise *p, struct buf *out)
{
    wr_u64(out, p->slot);
    wr_u64(out, p->rollup);
    wr_u32(out, p->order);
    wr_u32(out, p->seq);
    wr_u32(out, p->leg);
    wr_u32(out, p->n_legs);
    wr_fixed(out, p->bundle_id.b, 32);
    wr_fixed(out, p->enc_tx_hash.b, 32);
    wr_fixed(out, p->sig.b, sizeof(p->sig.b));
}

void pro_promise_read(struct rd *r, struct pro_promise *out)
{
    out->slot = rd_u64(r);
    out->rollup = rd_u64(r);
    out->order = rd_u32(r);
    out->seq = rd_u32(r);
    out->leg = rd_u32(r);
    out->n_legs = rd_u32(r);
    rd_fixed(r, out->bundle_id.b, 32);
    rd_fixed(r, out->enc_tx_hash.b, 32);
    rd_fixed(r, out->sig.b, sizeof(out->sig.b));
    if (r->err == 0 && (out->n_legs > PRO_MAX_LEGS || out->leg >= out->n_legs)) {
        rd_fail(r, ERR_NONCANONICAL);
    }
}
