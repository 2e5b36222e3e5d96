/* What prosecuting any block takes: promises, and openings of blocks that do not keep them. */
#include "common/protocol/pro_prosecute_parts.h"

#include "common/base/cleanup.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

/* ---- Bundles and their promises ---- */

/* A preconfirmation that does not fit its bundle may promise a leg a place that is not the leg's.
 */
static int try_misfit(struct psc *p, const struct pro_bundle_item *item)
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
            rc = psc_try_timelock(p, &e);
        }
    }
    return rc;
}

/* The bundles whose preconfirmations are the sequencer's and fit; the others must not keep the
 * good ones from proving something. */
static int take_bundles(struct psc *p, const struct pro_bundle_item *items, uint32_t n_items,
                        uint64_t slot)
{
    const struct pro_view *view = p->view;
    CLEANUP(cleanup_free)
    struct pro_bundle_item *good = calloc((size_t)n_items + 1, sizeof(*good));
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    uint32_t n = 0;
    if (good == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < n_items; i++) {
        CLEANUP(chk_bundles_fini) struct chk_bundles one = {0};
        int rc = chk_bundles_open(view, &items[i], 1, slot, NULL, &one, &v);
        if (rc == 0) {
            good[n++] = items[i];
        } else if (rc == CHK_VIOLATED) {
            rc = try_misfit(p, &items[i]);
        }
        if (rc != 0) {
            return rc;
        }
        pro_violation_fini(&v);
    }
    return chk_bundles_open(view, good, n, slot, NULL, &p->bundles, &v);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_place(const void *left, const void *right)
{
    const struct pro_promise *a = &((const struct psc_claim *)left)->promise;
    const struct pro_promise *b = &((const struct psc_claim *)right)->promise;
    int rc = compare_u64(a->rollup, b->rollup);
    rc = rc != 0 ? rc : compare_u64(a->order, b->order);
    rc = rc != 0 ? rc : compare_u64(a->seq, b->seq);
    return rc != 0 ? rc : compare_u64(a->leg, b->leg);
}

int psc_take_bundles(struct psc *p, const struct pro_bundle_item *items, uint32_t n_items,
                     uint64_t slot)
{
    int rc = take_bundles(p, items, n_items, slot);
    if (rc != 0) {
        return rc;
    }
    size_t n = 0;
    for (uint32_t i = 0; i < p->bundles.n; i++) {
        n += p->bundles.items[i].preconf.n_legs;
    }
    p->claims = calloc(n + 1, sizeof(*p->claims));
    if (p->claims == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < p->bundles.n; i++) {
        const struct chk_bundle *b = &p->bundles.items[i];
        for (uint32_t leg = 0; leg < b->preconf.n_legs; leg++) {
            struct psc_claim *claim = &p->claims[p->n_claims++];
            pro_promise_of(&b->preconf, leg, &claim->promise);
            claim->leg = &b->bundle.legs[leg];
        }
    }
    qsort(p->claims, n, sizeof(*p->claims), by_place);
    return 0;
}

/* ---- Commitments ---- */

bool psc_is_for(const struct psc_claim *claim, uint64_t slot, uint64_t rollup)
{
    return claim->promise.slot == slot && claim->promise.rollup == rollup;
}

bool pro_keeps(const struct pro_entry *e, const struct pro_promise *p)
{
    return hash32_equal(&e->enc_tx_hash, &p->enc_tx_hash) &&
           hash32_equal(&e->bundle_id, &p->bundle_id) && e->leg == p->leg && e->n_legs == p->n_legs;
}

/* Opens one position of the commitment to the block, or to its order. */
int psc_open_position(const struct pro_view *view, const struct pro_block *b, bool promised,
                      uint32_t order, struct pro_opening_proof *out)
{
    CLEANUP(cleanup_free) struct vc_entry *leaves = calloc((size_t)b->count + 1, sizeof(*leaves));
    if (leaves == NULL) {
        return ERR_NOMEM;
    }
    pro_block_leaves(b, promised, leaves);
    return vc_open(view->vc, leaves, b->count, order, &out->proof, &out->y);
}

/* Out: the block if its body is what the header says, and whether the commitment is to it. */
int psc_take_block(const struct pro_view *view, const struct pro_block_item *item,
                   struct chk_block *out, bool *opened, bool *committed)
{
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    int rc = chk_block_open(view, item, out, &v);
    *opened = rc == 0;
    rc = rc != 0 ? rc : chk_block_commitment(view, out, &v);
    *committed = rc == 0;
    return rc < 0 ? rc : 0;
}

/* What jdg_block_breaks_promise calls kept. */
static bool entry_keeps(const struct pro_header *h, const struct pro_entry *e, uint32_t order,
                        const struct pro_promise *promise)
{
    bool bit = h->final && pro_bit(h->excluded, order);
    if (e->kind == PRO_ENTRY_EXCLUDED) {
        return (h->final ? bit : h->round > 0) && hash32_equal(&e->bundle_id, &promise->bundle_id);
    }
    return !bit && pro_keeps(e, promise);
}

int psc_open_block(const struct psc *p, const struct pro_block *b, uint32_t order,
                   struct buf *preimage, struct pro_evidence *e)
{
    pro_preimage_of(&b->entries[order], preimage);
    e->preimage = buf_view(preimage);
    return preimage->err != 0 ? preimage->err
                              : psc_open_position(p->view, b, false, order, &e->opening);
}

int psc_try_block(struct psc *p, struct bytes header, const struct chk_block *block)
{
    const struct pro_block *b = &block->block;
    int rc = 0;
    for (size_t i = 0; i < p->n_claims && rc == 0 && !p->found; i++) {
        CLEANUP(buf_fini) struct buf preimage = {0};
        const struct pro_promise *promise = &p->claims[i].promise;
        struct pro_evidence e = {
            .kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, .promise = *promise, .artifact = header};
        uint32_t order = promise->order;
        if (!psc_is_for(&p->claims[i], b->slot, b->rollup) ||
            (order < b->count && entry_keeps(&block->header, &b->entries[order], order, promise))) {
            continue;
        }
        rc = order < b->count ? psc_open_block(p, b, order, &preimage, &e) : 0;
        rc = rc != 0 ? rc : psc_try(p, &e);
    }
    return rc;
}

/* A header whose body is no good can still be too short. */
int psc_try_header(struct psc *p, struct bytes header)
{
    const struct pro_view *view = p->view;
    struct pro_header h;
    struct bytes body;
    int rc = pro_unsign_from(&view->deployment.id, PRO_TAG_BLOCK, header, &view->sequencer, &body);
    rc = rc != 0 ? rc : pro_header_decode(body, &h);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    for (size_t i = 0; i < p->n_claims && rc == 0 && !p->found; i++) {
        const struct pro_promise *promise = &p->claims[i].promise;
        struct pro_evidence e = {
            .kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, .promise = *promise, .artifact = header};
        if (psc_is_for(&p->claims[i], h.slot, h.rollup) && promise->order >= h.count) {
            rc = psc_try(p, &e);
        }
    }
    return rc;
}
