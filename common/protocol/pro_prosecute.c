#include "common/protocol/pro_prosecute.h"

#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_check_parts.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

/* Evidence in the making. `found` ends the search. */
struct prosecutor {
    const struct pro_view *view;
    struct bytes descriptor;
    struct buf params; /* encoded, once needed */
    bool found;
    struct buf *out;
};

static void prosecutor_fini(struct prosecutor *p)
{
    buf_fini(&p->params);
}

/* Brings it before the judge; keeps it if it convicts. Returns: 0 or an operating failure. */
static int try_case(struct prosecutor *p, struct pro_evidence *e)
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

/* ---- Two signatures ---- */

int pro_prosecute_two(const struct pro_view *view, struct bytes descriptor,
                      enum pro_evidence_kind kind, struct bytes one, struct bytes other,
                      struct buf *out)
{
    CLEANUP(prosecutor_fini)
    struct prosecutor p = {.view = view, .descriptor = descriptor, .out = out};
    struct pro_evidence e = {.kind = kind, .artifact = one, .other = other};
    return try_case(&p, &e);
}

static int try_promises(struct prosecutor *p, const struct pro_promise *one,
                        const struct pro_promise *other)
{
    struct pro_evidence two = {
        .kind = PRO_EVIDENCE_TWO_PROMISES, .promise = *one, .second = *other};
    struct pro_evidence order = {
        .kind = PRO_EVIDENCE_BROKEN_ORDER, .promise = *one, .second = *other};
    struct pro_evidence turned = {
        .kind = PRO_EVIDENCE_BROKEN_ORDER, .promise = *other, .second = *one};
    int rc = try_case(p, &two);
    rc = rc != 0 ? rc : try_case(p, &order);
    return rc != 0 ? rc : try_case(p, &turned);
}

int pro_prosecute_promises(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_promise *one, const struct pro_promise *other,
                           struct buf *out)
{
    CLEANUP(prosecutor_fini)
    struct prosecutor p = {.view = view, .descriptor = descriptor, .out = out};
    return try_promises(&p, one, other);
}

/* ---- Blocks that break promises ---- */

/* A block of the dossier whose commitment is that of its body. */
struct exhibit {
    struct bytes artifact; /* signed header */
    struct chk_block b;
};

/* Opens one position of the block's commitment. Out: the evidence's opening and preimage. */
static int open_position(const struct pro_view *view, const struct pro_block *b, uint32_t order,
                         struct pro_evidence *e)
{
    CLEANUP(cleanup_free) struct vc_entry *leaves = calloc((size_t)b->count + 1, sizeof(*leaves));
    const struct pro_entry *entry = &b->entries[order];
    if (leaves == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        leaves[i].index = i;
        pro_entry_leaf(&b->entries[i], &leaves[i].leaf);
    }
    e->preimage = (struct pro_preimage){.enc_tx_hash = entry->enc_tx_hash,
                                        .bundle_id = entry->bundle_id,
                                        .leg = entry->leg,
                                        .n_legs = entry->n_legs};
    hash_keccak256(entry->tx, &e->preimage.tx_hash);
    return vc_open(view->vc, leaves, b->count, order, &e->opening.proof, &e->opening.y);
}

static bool keeps(const struct pro_entry *e, const struct pro_promise *p)
{
    return hash32_equal(&e->enc_tx_hash, &p->enc_tx_hash) &&
           hash32_equal(&e->bundle_id, &p->bundle_id) && e->leg == p->leg && e->n_legs == p->n_legs;
}

static int try_block(struct prosecutor *p, const struct exhibit *x,
                     const struct pro_promise *promise)
{
    struct pro_evidence e = {
        .kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, .promise = *promise, .artifact = x->artifact};
    const struct pro_block *b = &x->b.block;
    if (p->found || b->rollup != promise->rollup || b->slot != promise->slot) {
        return 0;
    }
    if (promise->order < b->count) {
        if (keeps(&b->entries[promise->order], promise)) {
            return 0;
        }
        int rc = open_position(p->view, b, promise->order, &e);
        if (rc != 0) {
            return rc;
        }
    }
    return try_case(p, &e);
}

/* ---- Openings and plaintexts ---- */

/* The leg's entry, promise and bytes. */
struct leg_case {
    const struct exhibit *own;
    struct pro_promise promise;
    const struct pro_leg *leg;
    struct bytes openings; /* signed */
    struct bytes w;        /* as published there; empty if there is none */
};

static int need_params(struct prosecutor *p)
{
    return p->params.len != 0 ? 0 : tlp_params_encode(p->view->tlp, false, &p->params);
}

static int try_leg(struct prosecutor *p, const struct leg_case *c)
{
    int rc = p->found ? 0 : need_params(p);
    struct pro_evidence e = {.promise = c->promise,
                             .params = buf_view(&p->params),
                             .leg = c->leg->raw,
                             .artifact = c->openings};
    e.kind = PRO_EVIDENCE_BAD_ADMISSION;
    rc = rc != 0 ? rc : try_case(p, &e);
    e.kind = PRO_EVIDENCE_WRONG_OPENINGS;
    rc = rc != 0 ? rc : try_case(p, &e);
    if (rc != 0 || p->found || c->promise.order >= c->own->b.block.count) {
        return rc;
    }
    e.kind = PRO_EVIDENCE_WRONG_PLAINTEXT;
    e.artifact = c->own->artifact;
    e.other = c->w;
    rc = open_position(p->view, &c->own->b.block, c->promise.order, &e);
    return rc != 0 ? rc : try_case(p, &e);
}

static int try_legs(struct prosecutor *p, const struct exhibit *own, struct bytes artifact,
                    const struct chk_bundles *bundles)
{
    CLEANUP(pro_openings_fini) struct pro_openings o = {0};
    struct bytes body;
    int rc = pro_unsign_from(&p->view->deployment.id, PRO_TAG_OPENINGS, artifact,
                             &p->view->sequencer, &body);
    rc = rc != 0 ? rc : pro_openings_decode(body, &o);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    for (uint32_t i = 0; i < bundles->n && !p->found; i++) {
        const struct chk_bundle *b = &bundles->items[i];
        for (uint32_t leg = 0; leg < b->preconf.n_legs && rc == 0 && !p->found; leg++) {
            struct leg_case c = {.own = own, .leg = &b->bundle.legs[leg], .openings = artifact};
            pro_promise_of(&b->preconf, leg, &c.promise);
            if (c.promise.rollup != own->b.block.rollup) {
                continue;
            }
            c.w = c.promise.order < o.count ? o.items[c.promise.order].w : (struct bytes){0};
            rc = try_leg(p, &c);
        }
    }
    return rc;
}

/* ---- A dossier ---- */

/* Opens a block that can serve as an exhibit. Returns: 0 with *usable, or an operating failure. */
static int take_exhibit(const struct pro_view *view, const struct pro_block_item *item,
                        struct exhibit *out, bool *usable)
{
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    int rc = chk_block_open(view, item, &out->b, &v);
    if (rc == 0) {
        out->artifact = item->header;
        rc = chk_block_commitment(view, &out->b, &v);
    }
    *usable = rc == 0;
    return rc < 0 ? rc : 0;
}

int pro_prosecute_promise(const struct pro_view *view, struct bytes descriptor,
                          const struct pro_promise *promise, const struct pro_block_item *block,
                          struct buf *out)
{
    CLEANUP(prosecutor_fini)
    struct prosecutor p = {.view = view, .descriptor = descriptor, .out = out};
    struct pro_evidence too_short = {
        .kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, .promise = *promise, .artifact = block->header};
    struct exhibit x = {0};
    bool usable = false;
    int rc = try_case(&p, &too_short);
    if (rc == 0 && !p.found && block->body.len != 0) {
        rc = take_exhibit(view, block, &x, &usable);
    }
    if (rc == 0 && usable) {
        rc = try_block(&p, &x, promise);
    }
    chk_block_fini(&x.b);
    return rc;
}

static int try_all_promises(struct prosecutor *p, const struct exhibit *x,
                            const struct chk_bundles *bundles)
{
    int rc = 0;
    for (uint32_t i = 0; i < bundles->n && rc == 0 && !p->found; i++) {
        const struct pro_preconf *preconf = &bundles->items[i].preconf;
        for (uint32_t leg = 0; leg < preconf->n_legs && rc == 0 && !p->found; leg++) {
            struct pro_promise promise;
            pro_promise_of(preconf, leg, &promise);
            rc = try_block(p, x, &promise);
        }
    }
    return rc;
}

static int try_order_artifact(struct prosecutor *p, struct bytes artifact,
                              const struct chk_bundles *bundles)
{
    int rc = 0;
    for (uint32_t i = 0; i < bundles->n && rc == 0 && !p->found; i++) {
        const struct pro_preconf *preconf = &bundles->items[i].preconf;
        for (uint32_t leg = 0; leg < preconf->n_legs && rc == 0 && !p->found; leg++) {
            /* Only the sequencer can open its commitment: what it is too short for is all that
             * others can show. */
            struct pro_evidence e = {.kind = PRO_EVIDENCE_ORDER_BREAKS_PROMISE,
                                     .artifact = artifact};
            pro_promise_of(preconf, leg, &e.promise);
            rc = try_case(p, &e);
        }
    }
    return rc;
}

/* Neighbours in each rollup's promised order tell whether all of it is in order. */
static int try_global_order(struct prosecutor *p, const struct chk_bundles *bundles)
{
    int rc = 0;
    for (uint32_t i = 0; i < bundles->n; i++) {
        for (uint32_t leg = 0; leg < bundles->items[i].preconf.n_legs; leg++) {
            struct pro_promise one;
            pro_promise_of(&bundles->items[i].preconf, leg, &one);
            for (uint32_t k = i; k < bundles->n; k++) {
                for (uint32_t m = 0; m < bundles->items[k].preconf.n_legs; m++) {
                    struct pro_promise other;
                    pro_promise_of(&bundles->items[k].preconf, m, &other);
                    bool later = k > i || m > leg;
                    if (rc == 0 && !p->found && later && one.rollup == other.rollup &&
                        one.order >= other.order) {
                        rc = try_promises(p, &one, &other);
                    }
                }
            }
        }
    }
    return rc;
}

/* The bundles whose preconfirmations are the sequencer's; the others prove nothing, and must not
 * keep the good ones from proving something. */
static int take_bundles(const struct pro_view *view, const struct pro_proposal_dossier *in,
                        struct chk_bundles *out)
{
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
        if (rc < 0) {
            return rc;
        }
        if (rc == 0) {
            good[n++] = in->bundles[i];
        }
        pro_violation_fini(&v);
    }
    return chk_bundles_open(view, good, n, in->slot, out, &v);
}

int pro_prosecute_proposal(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_proposal_dossier *in, struct buf *out)
{
    CLEANUP(prosecutor_fini)
    struct prosecutor p = {.view = view, .descriptor = descriptor, .out = out};
    CLEANUP(chk_bundles_fini) struct chk_bundles bundles = {0};
    bool usable = false;
    int rc = take_bundles(view, in, &bundles);
    rc = rc != 0 ? rc : try_global_order(&p, &bundles);
    rc = rc != 0 ? rc : try_order_artifact(&p, in->order, &bundles);
    for (uint32_t i = 0; i <= in->n_siblings && rc == 0 && !p.found; i++) {
        struct exhibit x = {0};
        bool own = i == in->n_siblings;
        rc = take_exhibit(view, own ? &in->block : &in->siblings[i], &x, &usable);
        if (rc == 0 && usable) {
            rc = try_all_promises(&p, &x, &bundles);
            rc = rc != 0 || !own ? rc : try_legs(&p, &x, in->openings, &bundles);
        }
        chk_block_fini(&x.b);
    }
    return rc;
}
