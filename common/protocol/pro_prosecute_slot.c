/* Prosecution of a proposal block: every promise of its bundles is held against every signature in
 * the dossier. What a step suspects it works out itself, with the party's own tables; only then
 * does it bring a case, because the judge has to begin anew each time. */
#include "common/base/cleanup.h"
#include "common/protocol/pro_prosecute_parts.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

struct slot_case {
    struct psc p;
    const struct pro_proposal_dossier *in;
};

static void slot_case_fini(struct slot_case *c)
{
    psc_fini(&c->p);
}

/* ---- Orders ---- */

/* Promises by position must be by number too; if any two are not, then some neighbours are not. */
static int try_global_order(struct slot_case *c)
{
    int rc = 0;
    for (size_t i = 1; i < c->p.n_claims && rc == 0; i++) {
        const struct pro_promise *a = &c->p.claims[i - 1].promise;
        const struct pro_promise *b = &c->p.claims[i].promise;
        bool in_order =
            a->order < b->order && (a->seq < b->seq || (a->seq == b->seq && a->leg < b->leg));
        if (a->rollup == b->rollup && !in_order) {
            rc = psc_try_promises(&c->p, a, b);
        }
    }
    return rc;
}

/* ---- Commitments that break promises ---- */

/* In: the signed order commitment, and a block if its legs are what was committed to, else NULL:
 * only the sequencer could open it then, and what it is too short for is all that shows. */
static int try_order_claim(struct slot_case *c, const struct psc_claim *claim, uint32_t count,
                           const struct pro_block *b)
{
    struct pro_evidence e = {.kind = PRO_EVIDENCE_ORDER_BREAKS_PROMISE,
                             .promise = claim->promise,
                             .artifact = c->in->order};
    uint32_t order = claim->promise.order;
    if (order < count) {
        if (b == NULL || psc_keeps(&b->entries[order], &claim->promise)) {
            return 0;
        }
        int rc = psc_open_position(c->p.view, b, true, order, &e.opening);
        if (rc != 0) {
            return rc;
        }
    }
    return psc_try(&c->p, &e);
}

/* In: the own block's body, or NULL if it is no good. */
static int try_order(struct slot_case *c, const struct pro_block *b)
{
    const struct pro_view *view = c->p.view;
    struct pro_order o;
    struct bytes body;
    int rc =
        pro_unsign_from(&view->deployment.id, PRO_TAG_ORDER, c->in->order, &view->sequencer, &body);
    rc = rc != 0 ? rc : pro_order_decode(body, &o);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    if (b != NULL) {
        struct vc_commitment sealed;
        rc = pro_block_commit_order(view->vc, b, &sealed);
        if (rc != 0) {
            return rc;
        }
        if (b->count != o.count || memcmp(sealed.b, o.commitment.b, sizeof(sealed.b)) != 0) {
            b = NULL;
        }
    }
    for (size_t i = 0; i < c->p.n_claims && rc == 0 && !c->p.found; i++) {
        if (psc_is_for(&c->p.claims[i], o.slot, o.rollup)) {
            rc = try_order_claim(c, &c->p.claims[i], o.count, b);
        }
    }
    return rc;
}

/* ---- The time-lock ---- */

static struct tlp_puzzle puzzle_of(const struct pro_leg *leg)
{
    return (struct tlp_puzzle){leg->u, leg->q, leg->proof, leg->sealed};
}

/* Returns: 0 if all is well with the leg's admission, ERR_PROOF if not, or an operating failure. */
static int examine_admission(const struct pro_view *view, const struct pro_leg *leg)
{
    CLEANUP(buf_fini) struct buf context = {0};
    struct tlp_puzzle puzzle = puzzle_of(leg);
    pro_leg_context(&view->deployment.id, leg->open_bytes, &context);
    int rc = context.err != 0 ? context.err : tlp_verify(view->tlp, buf_view(&context), &puzzle);
    return rc == 0 || rc == ERR_NOMEM || rc == ERR_CRYPTO ? rc : ERR_PROOF;
}

/* What w opens the leg to. Returns: 0; ERR_MISMATCH: to no transaction; ERR_PROOF: w is not the
 * leg's; or an operating failure. */
static int examine_opening(const struct pro_view *view, const struct pro_leg *leg, struct bytes w,
                           struct buf *plain)
{
    CLEANUP(buf_fini) struct buf context = {0};
    struct tlp_puzzle puzzle = puzzle_of(leg);
    pro_leg_context(&view->deployment.id, leg->open_bytes, &context);
    int rc =
        context.err != 0 ? context.err : tlp_open(view->tlp, buf_view(&context), &puzzle, w, plain);
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO || rc == ERR_MISMATCH) {
        return rc;
    }
    if (rc != 0) {
        return ERR_PROOF;
    }
    rc = pro_tx_on_face(&view->deployment.id, leg, buf_view(plain));
    return rc == 0 || rc == ERR_NOMEM ? rc : ERR_MISMATCH;
}

static int try_admissions(struct slot_case *c)
{
    int rc = 0;
    for (size_t i = 0; i < c->p.n_claims && rc == 0 && !c->p.found; i++) {
        const struct psc_claim *claim = &c->p.claims[i];
        struct pro_evidence e = {
            .kind = PRO_EVIDENCE_BAD_ADMISSION, .promise = claim->promise, .leg = claim->leg->raw};
        if (!psc_is_for(claim, c->in->slot, c->in->rollup)) {
            continue; /* the other rollups' executors look after theirs */
        }
        rc = examine_admission(c->p.view, claim->leg);
        if (rc == ERR_PROOF) {
            rc = psc_try_timelock(&c->p, &e);
        }
    }
    return rc;
}

/* In: what the signed openings say about the claim's position; the own block if it is good. */
static int try_opened(struct slot_case *c, const struct psc_claim *claim,
                      const struct pro_opening *o, const struct pro_block *b)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    CLEANUP(buf_fini) struct buf preimage = {0};
    struct pro_evidence e = {
        .promise = claim->promise, .leg = claim->leg->raw, .artifact = c->in->openings};
    uint32_t order = claim->promise.order;
    int rc = o == NULL ? ERR_PROOF : examine_opening(c->p.view, claim->leg, o->w, &plain);
    if (rc != 0 && rc != ERR_PROOF && rc != ERR_MISMATCH) {
        return rc;
    }
    if (rc == ERR_PROOF || (rc == 0) != (o->verdict == PRO_OPEN)) {
        e.kind = PRO_EVIDENCE_WRONG_OPENINGS;
        return psc_try_timelock(&c->p, &e);
    }
    if (b == NULL || order >= b->count || bytes_equal(b->entries[order].tx, buf_view(&plain))) {
        return 0;
    }
    e.kind = PRO_EVIDENCE_WRONG_PLAINTEXT;
    e.artifact = c->in->block.header;
    e.other = o->w;
    rc = psc_open_block(&c->p, b, order, &preimage, &e);
    return rc != 0 ? rc : psc_try_timelock(&c->p, &e);
}

static int try_openings(struct slot_case *c, const struct pro_block *b)
{
    CLEANUP(pro_openings_fini) struct pro_openings o = {0};
    const struct pro_view *view = c->p.view;
    struct bytes body;
    int rc = pro_unsign_from(&view->deployment.id, PRO_TAG_OPENINGS, c->in->openings,
                             &view->sequencer, &body);
    rc = rc != 0 ? rc : pro_openings_decode(body, &o);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    for (size_t i = 0; i < c->p.n_claims && rc == 0 && !c->p.found; i++) {
        uint32_t order = c->p.claims[i].promise.order;
        if (psc_is_for(&c->p.claims[i], o.slot, o.rollup)) {
            rc = try_opened(c, &c->p.claims[i], order < o.count ? &o.items[order] : NULL, b);
        }
    }
    return rc;
}

/* ---- A dossier ---- */

static int try_sibling(struct slot_case *c, const struct pro_block_item *item)
{
    CLEANUP(chk_block_fini) struct chk_block b = {0};
    bool opened = false;
    bool committed = false;
    int rc = psc_take_block(c->p.view, item, &b, &opened, &committed);
    if (rc != 0) {
        return rc;
    }
    return committed ? psc_try_block(&c->p, item->header, &b) : psc_try_header(&c->p, item->header);
}

static int try_own(struct slot_case *c)
{
    CLEANUP(chk_block_fini) struct chk_block b = {0};
    bool opened = false;
    bool committed = false;
    int rc = psc_take_block(c->p.view, &c->in->block, &b, &opened, &committed);
    if (rc == 0) {
        rc = committed ? psc_try_block(&c->p, c->in->block.header, &b)
                       : psc_try_header(&c->p, c->in->block.header);
    }
    rc = rc != 0 ? rc : try_order(c, opened ? &b.block : NULL);
    rc = rc != 0 ? rc : try_admissions(c);
    return rc != 0 ? rc : try_openings(c, committed ? &b.block : NULL);
}

int pro_prosecute_proposal(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_proposal_dossier *in, struct buf *out)
{
    CLEANUP(slot_case_fini)
    struct slot_case c = {.p = {.view = view, .descriptor = descriptor, .out = out}, .in = in};
    int rc = psc_take_bundles(&c.p, in->bundles, in->n_bundles, in->slot);
    rc = rc != 0 ? rc : try_global_order(&c);
    rc = rc != 0 ? rc : try_own(&c);
    for (uint32_t i = 0; i < in->n_siblings && rc == 0 && !c.p.found; i++) {
        rc = try_sibling(&c, &in->siblings[i]);
    }
    return rc;
}
