/* Prosecution of a second proposal block or a finalized block: only of what the sequencer's own
 * signatures contradict. A cause that an executor signed to have failed, or not, proves nothing
 * about the sequencer: the executor may have signed both. */
#include "common/base/cleanup.h"
#include "common/protocol/pro_prosecute_parts.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

/* ---- Tombstones that blame somebody else ---- */

/* By halves: the claims are in this order. */
static const struct pro_promise *promise_at(const struct psc *p, uint64_t rollup, uint32_t order)
{
    size_t low = 0;
    size_t high = p->n_claims;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct pro_promise *at = &p->claims[mid].promise;
        if (at->rollup == rollup && at->order == order) {
            return at;
        }
        if (at->rollup < rollup || (at->rollup == rollup && at->order < order)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

static int try_cause(struct psc *p, struct bytes header, const struct pro_block *b, uint32_t order)
{
    CLEANUP(buf_fini) struct buf preimage = {0};
    const struct pro_entry *entry = &b->entries[order];
    const struct pro_promise *own = promise_at(p, b->rollup, order);
    const struct pro_promise *blamed = promise_at(p, entry->cause.rollup, entry->cause.order);
    if (own == NULL || blamed == NULL || hash32_equal(&blamed->bundle_id, &own->bundle_id)) {
        return 0;
    }
    struct pro_evidence e = {
        .kind = PRO_EVIDENCE_FOREIGN_CAUSE, .promise = *own, .second = *blamed, .artifact = header};
    int rc = psc_open_block(p, b, order, &preimage, &e);
    return rc != 0 ? rc : psc_try(p, &e);
}

static int try_causes(struct psc *p, struct bytes header, const struct pro_block *b)
{
    int rc = 0;
    for (uint32_t i = 0; i < b->count && rc == 0 && !p->found; i++) {
        if (b->entries[i].kind == PRO_ENTRY_EXCLUDED) {
            rc = try_cause(p, header, b, i);
        }
    }
    return rc;
}

/* ---- Bundles excluded in part ---- */

/* A signed final header. */
struct final {
    struct bytes artifact;
    struct pro_header h;
};

static bool covers(const struct final *f, const struct pro_preconf_tx *tx)
{
    return tx->rollup == f->h.rollup && tx->order < f->h.count;
}

/* All the bundle's legs on both must be like its first leg on the own one. */
static int try_bundle(struct psc *p, const struct pro_preconf *preconf, const struct final *own,
                      const struct final *other)
{
    uint32_t first = 0;
    int rc = 0;
    while (first < preconf->n_legs && !covers(own, &preconf->txs[first])) {
        first++;
    }
    for (uint32_t i = 0; i < preconf->n_legs && first < preconf->n_legs && rc == 0; i++) {
        struct pro_evidence e = {
            .kind = PRO_EVIDENCE_SPLIT_BUNDLE, .artifact = own->artifact, .other = other->artifact};
        if (covers(other, &preconf->txs[i]) &&
            pro_bit(own->h.excluded, preconf->txs[first].order) !=
                pro_bit(other->h.excluded, preconf->txs[i].order)) {
            pro_promise_of(preconf, first, &e.promise);
            pro_promise_of(preconf, i, &e.second);
            rc = psc_try(p, &e);
        }
    }
    return rc;
}

/* The own final header against another, or against itself. */
static int try_split(struct psc *p, const struct final *own, struct bytes artifact)
{
    struct final other = {.artifact = artifact};
    struct bytes body;
    int rc = pro_unsign_from(&p->view->deployment.id, PRO_TAG_BLOCK, artifact, &p->view->sequencer,
                             &body);
    rc = rc != 0 ? rc : pro_header_decode(body, &other.h);
    if (rc != 0 || !other.h.final || other.h.slot != own->h.slot) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    for (uint32_t i = 0; i < p->bundles.n && rc == 0 && !p->found; i++) {
        rc = try_bundle(p, &p->bundles.items[i].preconf, own, &other);
    }
    return rc;
}

/* ---- A dossier ---- */

static int try_final(struct psc *p, const struct pro_next_dossier *in, const struct pro_header *h)
{
    const struct final own = {in->after.header, *h};
    int rc = try_split(p, &own, own.artifact);
    for (uint32_t i = 0; i < in->n_siblings && rc == 0 && !p->found; i++) {
        rc = try_split(p, &own, in->siblings[i]);
    }
    return rc;
}

int pro_prosecute_next(const struct pro_view *view, struct bytes descriptor,
                       const struct pro_next_dossier *in, struct buf *out)
{
    CLEANUP(psc_fini) struct psc p = {.view = view, .descriptor = descriptor, .out = out};
    CLEANUP(chk_block_fini) struct chk_block b = {0};
    struct pro_header h = {0};
    struct bytes body;
    bool opened = false;
    bool committed = false;
    int rc = pro_unsign_from(&view->deployment.id, PRO_TAG_BLOCK, in->after.header,
                             &view->sequencer, &body);
    rc = rc != 0 ? rc : pro_header_decode(body, &h);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    rc = psc_take_bundles(&p, in->bundles, in->n_bundles, h.slot);
    rc = rc != 0 ? rc : psc_take_block(view, &in->after, &b, &opened, &committed);
    if (rc == 0 && committed) {
        rc = psc_try_block(&p, in->after.header, &b);
        rc = rc != 0 ? rc : try_causes(&p, in->after.header, &b.block);
    } else if (rc == 0) {
        rc = psc_try_header(&p, in->after.header);
    }
    return rc != 0 || !h.final ? rc : try_final(&p, in, &h);
}
