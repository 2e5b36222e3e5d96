#include "common/base/cleanup.h"
#include "common/protocol/pro_fault.h"
#include "wallet/wal_core.h"

static bool is(const Lockstep__SubmitFault *f, enum pro_fault kind, uint32_t leg)
{
    return f != NULL && f->kind == (uint32_t)kind && f->leg == leg;
}

int wal_fault_plaintext(struct wal *w, const Lockstep__SubmitFault *f, uint32_t leg,
                        struct buf *plain)
{
    if (is(f, PRO_FAULT_GARBAGE, leg)) {
        drbg_fill(&w->p.drbg, plain->data, plain->len);
    }
    return plain->err;
}

int wal_fault_proof(const Lockstep__SubmitFault *f, uint32_t leg, struct tlp_puzzle_out *puzzle)
{
    if (is(f, PRO_FAULT_FALSE_PROOF, leg)) {
        buf_clear(&puzzle->q);
        buf_append_bytes(&puzzle->q, buf_view(&puzzle->u));
    }
    return puzzle->q.err;
}

const struct wal_bundle *wal_fault_replayed(const struct wal *w, const Lockstep__SubmitFault *f)
{
    for (size_t i = 0; i < w->n_bundles; i++) {
        if (strcmp(w->bundles[i].name, f->of) == 0) {
            return &w->bundles[i];
        }
    }
    return NULL;
}

/* Out: the bundle that leg `leg` is lifted from, decoded. Returns: 0, 1 if it is not lifted at all,
 * ERR_NOMEM, or ERR_NOTFOUND if that bundle is over. */
static int lifted_from(const struct wal *w, const Lockstep__SubmitFault *f, uint32_t leg,
                       struct pro_bundle *out)
{
    if (!is(f, PRO_FAULT_LIFT, leg)) {
        return 1;
    }
    const struct wal_bundle *b = wal_fault_replayed(w, f);
    return b == NULL ? ERR_NOTFOUND : pro_bundle_decode(buf_view(&b->raw), out);
}

int wal_fault_lifted_u(const struct wal *w, const Lockstep__SubmitFault *f, uint32_t leg,
                       struct bytes *u)
{
    CLEANUP(pro_bundle_fini) struct pro_bundle other = {0};
    int rc = lifted_from(w, f, leg, &other);
    if (rc == 0) {
        *u = other.legs[leg < other.n_legs ? leg : 0].u;
    }
    return rc < 0 ? rc : 0;
}

int wal_fault_lift(const struct wal *w, const Lockstep__SubmitFault *f, uint32_t leg,
                   struct bytes open, struct buf *out)
{
    CLEANUP(pro_bundle_fini) struct pro_bundle other = {0};
    int rc = lifted_from(w, f, leg, &other);
    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    const struct pro_leg *taken = &other.legs[leg < other.n_legs ? leg : 0];
    buf_clear(out);
    pro_leg_encode(open, taken->u, taken->q, taken->proof, taken->sealed, out);
    return out->err;
}

void wal_fault_tell(struct wal *w, const Lockstep__SubmitFault *f)
{
    Lockstep__TraceFault t = LOCKSTEP__TRACE_FAULT__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    if (f != NULL) {
        t.index = f->index;
        t.kind = (char *)(uintptr_t)pro_fault_word((enum pro_fault)f->kind);
        r.body_case = LOCKSTEP__TRACE_RECORD__BODY_FAULT;
        r.fault = &t;
        party_record(&w->p, &r);
    }
}
