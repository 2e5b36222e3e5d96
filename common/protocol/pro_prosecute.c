#include "common/protocol/pro_prosecute.h"

#include "common/base/cleanup.h"
#include "common/protocol/pro_prosecute_parts.h"

void psc_fini(struct psc *p)
{
    buf_fini(&p->params);
    chk_bundles_fini(&p->bundles);
    free(p->claims);
}

int psc_try(struct psc *p, struct pro_evidence *e)
{
    CLEANUP(buf_fini) struct buf bytes = {.limit = PRO_MAX_EVIDENCE_BYTES};
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(pro_conviction_fini) struct pro_conviction c = {0};
    if (p->found) {
        return 0;
    }
    e->descriptor = p->descriptor;
    pro_evidence_encode(e, &bytes);
    if (bytes.err != 0) {
        return bytes.err == ERR_TOOBIG ? 0 : bytes.err;
    }
    int rc = pro_evidence_judge(p->view->vc, buf_view(&bytes), &c, &why);
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    if (rc == 0) {
        p->found = true;
        buf_append_bytes(p->out, buf_view(&bytes));
    }
    return p->out->err;
}

int psc_try_promises(struct psc *p, const struct pro_promise *one, const struct pro_promise *other)
{
    struct pro_evidence two = {
        .kind = PRO_EVIDENCE_TWO_PROMISES, .promise = *one, .second = *other};
    struct pro_evidence order = {
        .kind = PRO_EVIDENCE_BROKEN_ORDER, .promise = *one, .second = *other};
    struct pro_evidence turned = {
        .kind = PRO_EVIDENCE_BROKEN_ORDER, .promise = *other, .second = *one};
    int rc = psc_try(p, &two);
    rc = rc != 0 ? rc : psc_try(p, &order);
    return rc != 0 ? rc : psc_try(p, &turned);
}

int psc_try_timelock(struct psc *p, struct pro_evidence *e)
{
    int rc = p->params.len != 0 ? 0 : tlp_params_encode(p->view->tlp, false, &p->params);
    e->params = buf_view(&p->params);
    return rc != 0 ? rc : psc_try(p, e);
}

int pro_prosecute_two(const struct pro_view *view, struct bytes descriptor,
                      enum pro_evidence_kind kind, struct bytes one, struct bytes other,
                      struct buf *out)
{
    CLEANUP(psc_fini) struct psc p = {.view = view, .descriptor = descriptor, .out = out};
    struct pro_evidence e = {.kind = kind, .artifact = one, .other = other};
    return psc_try(&p, &e);
}

int pro_prosecute_promises(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_promise *one, const struct pro_promise *other,
                           struct buf *out)
{
    CLEANUP(psc_fini) struct psc p = {.view = view, .descriptor = descriptor, .out = out};
    return psc_try_promises(&p, one, other);
}

int pro_prosecute_promise(const struct pro_view *view, struct bytes descriptor,
                          const struct pro_promise *promise, const struct pro_block_item *block,
                          struct buf *out)
{
    CLEANUP(psc_fini) struct psc p = {.view = view, .descriptor = descriptor, .out = out};
    struct chk_block b = {0};
    bool opened = false;
    bool committed = false;
    p.claims = calloc(1, sizeof(*p.claims));
    if (p.claims == NULL) {
        return ERR_NOMEM;
    }
    p.claims[p.n_claims++].promise = *promise;
    int rc = psc_take_block(view, block, &b, &opened, &committed);
    if (rc == 0) {
        rc = committed ? psc_try_block(&p, block->header, &b) : psc_try_header(&p, block->header);
    }
    chk_block_fini(&b);
    return rc;
}
