/* Prosecution of a proposal block: every promise of its bundles is held against every signature in
 * the dossier. What a step suspects it works out itself, with the party's own tables; only then
 * does it bring a case, because the judge has to begin anew each time. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_check_parts.h"
#include "common/protocol/pro_prosecute_parts.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

/* A promise and where its leg's bytes are. */
struct claim {
    struct pro_promise promise;
    const struct pro_leg *leg;
};

struct slot_case {
    struct psc p;
    const struct pro_proposal_dossier *in;
    struct chk_bundles bundles; /* those whose preconfirmations are the sequencer's and fit */
    size_t n_claims;
    struct claim *claims; /* by rollup, order, seq, leg */
};

static void slot_case_fini(struct slot_case *c)
{
    psc_fini(&c->p);
    chk_bundles_fini(&c->bundles);
    free(c->claims);
}

/* ---- Bundles and their promises ---- */

/* A preconfirmation that does not fit its bundle may promise a leg a place that is not the leg's.
 */
static int try_misfit(struct slot_case *c, const struct pro_bundle_item *item)
{
    CLEANUP(pro_bundle_fini) struct pro_bundle bundle = {0};
    CLEANUP(pro_preconf_fini) struct pro_preconf preconf = {0};
    struct bytes raw_bundle;
    struct bytes raw_preconf;
    int rc = pro_bundle_item_decode(item->data, &raw_bundle, &raw_preconf);
    rc = rc != 0 ? rc : pro_bundle_decode(raw_bundle, &bundle);
    rc = rc != 0 ? rc : pro_preconf_decode(raw_preconf, &preconf);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    for (uint32_t i = 0; i < preconf.n_legs && i < bundle.n_legs && rc == 0; i++) {
        struct pro_evidence e = {.kind = PRO_EVIDENCE_BAD_ADMISSION, .leg = bundle.legs[i].raw};
        pro_promise_of(&preconf, i, &e.promise);
        if (e.promise.rollup != bundle.legs[i].open.rollup || preconf.n_legs != bundle.n_legs) {
            rc = psc_try_timelock(&c->p, &e);
        }
    }
    return rc;
}

/* The bundles whose preconfirmations are the sequencer's and fit; the others must not keep the
 * good ones from proving something. */
static int take_bundles(struct slot_case *c)
{
    const struct pro_view *view = c->p.view;
    const struct pro_proposal_dossier *in = c->in;
    CLEANUP(cleanup_free)
    struct pro_bundle_item *good = calloc((size_t)in->n_bundles + 1, sizeof(*good));
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    uint32_t n = 0;
    if (good == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < in->n_bundles; i++) {
        CLEANUP(chk_bundles_fini) struct chk_bundles one = {0};
        int rc = chk_bundles_open(view, &in->bundles[i], 1, in->slot, &one, &v);
        if (rc == 0) {
            good[n++] = in->bundles[i];
        } else if (rc == CHK_VIOLATED) {
            rc = try_misfit(c, &in->bundles[i]);
        }
        if (rc != 0) {
            return rc;
        }
        pro_violation_fini(&v);
    }
    return chk_bundles_open(view, good, n, in->slot, &c->bundles, &v);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_place(const void *left, const void *right)
{
    const struct pro_promise *a = &((const struct claim *)left)->promise;
    const struct pro_promise *b = &((const struct claim *)right)->promise;
    int rc = compare_u64(a->rollup, b->rollup);
    rc = rc != 0 ? rc : compare_u64(a->order, b->order);
    rc = rc != 0 ? rc : compare_u64(a->seq, b->seq);
    return rc != 0 ? rc : compare_u64(a->leg, b->leg);
}

static int take_claims(struct slot_case *c)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->bundles.n; i++) {
        n += c->bundles.items[i].preconf.n_legs;
    }
    c->claims = calloc(n + 1, sizeof(*c->claims));
    if (c->claims == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < c->bundles.n; i++) {
        const struct chk_bundle *b = &c->bundles.items[i];
        for (uint32_t leg = 0; leg < b->preconf.n_legs; leg++) {
            struct claim *claim = &c->claims[c->n_claims++];
            pro_promise_of(&b->preconf, leg, &claim->promise);
            claim->leg = &b->bundle.legs[leg];
        }
    }
    qsort(c->claims, n, sizeof(*c->claims), by_place);
    return 0;
}

/* Promises by position must be by number too; if any two are not, then some neighbours are not. */
static int try_global_order(struct slot_case *c)
{
    int rc = 0;
    for (size_t i = 1; i < c->n_claims && rc == 0; i++) {
        const struct pro_promise *a = &c->claims[i - 1].promise;
        const struct pro_promise *b = &c->claims[i].promise;
        bool in_order =
            a->order < b->order && (a->seq < b->seq || (a->seq == b->seq && a->leg < b->leg));
        if (a->rollup == b->rollup && !in_order) {
            rc = psc_try_promises(&c->p, a, b);
        }
    }
    return rc;
}

/* ---- Commitments that break promises ---- */

static bool is_for(const struct claim *claim, uint64_t slot, uint64_t rollup)
{
    return claim->promise.slot == slot && claim->promise.rollup == rollup;
}

static bool keeps(const struct pro_entry *e, const struct pro_promise *p)
{
    return hash32_equal(&e->enc_tx_hash, &p->enc_tx_hash) &&
           hash32_equal(&e->bundle_id, &p->bundle_id) && e->leg == p->leg && e->n_legs == p->n_legs;
}

/* Opens one position of the commitment to the block, or to its order. */
static int open_position(const struct pro_view *view, const struct pro_block *b, bool promised,
                         uint32_t order, struct pro_opening_proof *out)
{
    CLEANUP(cleanup_free) struct vc_entry *leaves = calloc((size_t)b->count + 1, sizeof(*leaves));
    if (leaves == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        const struct pro_entry *e = &b->entries[i];
        leaves[i].index = i;
        if (promised) {
            pro_order_leaf(&e->enc_tx_hash, &e->bundle_id, e->leg, e->n_legs, &leaves[i].leaf);
        } else {
            pro_entry_leaf(e, &leaves[i].leaf);
        }
    }
    return vc_open(view->vc, leaves, b->count, order, &out->proof, &out->y);
}

/* In: the signed order commitment, and a block if its legs are what was committed to, else NULL:
 * only the sequencer could open it then, and what it is too short for is all that shows. */
static int try_order_claim(struct slot_case *c, const struct claim *claim, uint32_t count,
                           const struct pro_block *b)
{
    struct pro_evidence e = {.kind = PRO_EVIDENCE_ORDER_BREAKS_PROMISE,
                             .promise = claim->promise,
                             .artifact = c->in->order};
    uint32_t order = claim->promise.order;
    if (order < count) {
        if (b == NULL || keeps(&b->entries[order], &claim->promise)) {
            return 0;
        }
        int rc = open_position(c->p.view, b, true, order, &e.opening);
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
    for (size_t i = 0; i < c->n_claims && rc == 0 && !c->p.found; i++) {
        if (is_for(&c->claims[i], o.slot, o.rollup)) {
            rc = try_order_claim(c, &c->claims[i], o.count, b);
        }
    }
    return rc;
}

static int try_block(struct slot_case *c, struct bytes header, const struct pro_block *b)
{
    int rc = 0;
    for (size_t i = 0; i < c->n_claims && rc == 0 && !c->p.found; i++) {
        CLEANUP(buf_fini) struct buf preimage = {0};
        const struct pro_promise *promise = &c->claims[i].promise;
        struct pro_evidence e = {
            .kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, .promise = *promise, .artifact = header};
        if (!is_for(&c->claims[i], b->slot, b->rollup)) {
            continue;
        }
        if (promise->order < b->count) {
            const struct pro_entry *entry = &b->entries[promise->order];
            if (entry->kind != PRO_ENTRY_EXCLUDED && keeps(entry, promise)) {
                continue;
            }
            pro_preimage_of(entry, &preimage);
            rc = preimage.err;
            rc = rc != 0 ? rc : open_position(c->p.view, b, false, promise->order, &e.opening);
            e.preimage = buf_view(&preimage);
        }
        rc = rc != 0 ? rc : psc_try(&c->p, &e);
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
    for (size_t i = 0; i < c->n_claims && rc == 0 && !c->p.found; i++) {
        const struct claim *claim = &c->claims[i];
        struct pro_evidence e = {
            .kind = PRO_EVIDENCE_BAD_ADMISSION, .promise = claim->promise, .leg = claim->leg->raw};
        if (!is_for(claim, c->in->slot, c->in->rollup)) {
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
static int try_opened(struct slot_case *c, const struct claim *claim, const struct pro_opening *o,
                      const struct pro_block *b)
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
    pro_preimage_of(&b->entries[order], &preimage);
    rc = preimage.err != 0 ? preimage.err : open_position(c->p.view, b, false, order, &e.opening);
    e.preimage = buf_view(&preimage);
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
    for (size_t i = 0; i < c->n_claims && rc == 0 && !c->p.found; i++) {
        uint32_t order = c->claims[i].promise.order;
        if (is_for(&c->claims[i], o.slot, o.rollup)) {
            rc = try_opened(c, &c->claims[i], order < o.count ? &o.items[order] : NULL, b);
        }
    }
    return rc;
}

/* ---- A dossier ---- */

/* Out: the block if its body is what the header says, and whether the commitment is to it. */
static int take_block(const struct pro_view *view, const struct pro_block_item *item,
                      struct chk_block *out, bool *opened, bool *committed)
{
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    int rc = chk_block_open(view, item, out, &v);
    *opened = rc == 0;
    rc = rc != 0 ? rc : chk_block_commitment(view, out, &v);
    *committed = rc == 0;
    return rc < 0 ? rc : 0;
}

/* A header whose body is no good can still be too short. */
static int try_header(struct slot_case *c, struct bytes header)
{
    const struct pro_view *view = c->p.view;
    struct pro_header h;
    struct bytes body;
    int rc = pro_unsign_from(&view->deployment.id, PRO_TAG_BLOCK, header, &view->sequencer, &body);
    rc = rc != 0 ? rc : pro_header_decode(body, &h);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    for (size_t i = 0; i < c->n_claims && rc == 0 && !c->p.found; i++) {
        const struct pro_promise *p = &c->claims[i].promise;
        struct pro_evidence e = {
            .kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, .promise = *p, .artifact = header};
        if (is_for(&c->claims[i], h.slot, h.rollup) && p->order >= h.count) {
            rc = psc_try(&c->p, &e);
        }
    }
    return rc;
}

static int try_sibling(struct slot_case *c, const struct pro_block_item *item)
{
    CLEANUP(chk_block_fini) struct chk_block b = {0};
    bool opened = false;
    bool committed = false;
    int rc = take_block(c->p.view, item, &b, &opened, &committed);
    if (rc != 0) {
        return rc;
    }
    return committed ? try_block(c, item->header, &b.block) : try_header(c, item->header);
}

static int try_own(struct slot_case *c)
{
    CLEANUP(chk_block_fini) struct chk_block b = {0};
    bool opened = false;
    bool committed = false;
    int rc = take_block(c->p.view, &c->in->block, &b, &opened, &committed);
    if (rc == 0) {
        rc = committed ? try_block(c, c->in->block.header, &b.block)
                       : try_header(c, c->in->block.header);
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
    int rc = take_bundles(&c);
    rc = rc != 0 ? rc : take_claims(&c);
    rc = rc != 0 ? rc : try_global_order(&c);
    rc = rc != 0 ? rc : try_own(&c);
    for (uint32_t i = 0; i < in->n_siblings && rc == 0 && !c.p.found; i++) {
        rc = try_sibling(&c, &in->siblings[i]);
    }
    return rc;
}
