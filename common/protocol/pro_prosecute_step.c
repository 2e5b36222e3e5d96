/* Prosecution of a result: what an executor signed about one position is not so. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/protocol/pro_prosecute_parts.h"

#include <stdlib.h>

/* Bytes of legs, decoded once a bundle. */
static int find_leg(const struct pro_step_case *in, const struct pro_entry *e,
                    struct pro_bundle *bundle, struct bytes *raw)
{
    for (uint32_t i = 0; i < in->n_bundles; i++) {
        if (in->bundles[i].seq == e->seq) {
            int rc = pro_bundle_decode(in->bundles[i].data, bundle);
            if (rc == 0 && e->leg < bundle->n_legs) {
                *raw = bundle->legs[e->leg].raw;
                return 0;
            }
            return rc == ERR_NOMEM ? rc : ERR_NOTFOUND;
        }
    }
    return ERR_NOTFOUND;
}

/* Where a leg of the bundle stands in the proposal blocks. */
static const struct pro_entry *find_entry(const struct pro_step_case *in,
                                          const struct pro_entry *of, uint32_t leg, uint32_t *block,
                                          uint32_t *order)
{
    for (uint32_t i = 0; i < in->n_proposals; i++) {
        const struct pro_block *b = in->proposals[i];
        for (uint32_t k = 0; k < b->count; k++) {
            const struct pro_entry *e = &b->entries[k];
            if (e->leg == leg && hash32_equal(&e->bundle_id, &of->bundle_id)) {
                *block = i;
                *order = k;
                return e;
            }
        }
    }
    return NULL;
}

static int write_cover_leg(const struct psc *p, const struct pro_step_case *in,
                           const struct pro_entry *of, uint32_t leg, struct buf *out)
{
    CLEANUP(pro_bundle_fini) struct pro_bundle bundle = {0};
    CLEANUP(buf_fini) struct buf preimage = {0};
    uint32_t at = 0;
    uint32_t order = 0;
    const struct pro_entry *e = find_entry(in, of, leg, &at, &order);
    if (e == NULL) {
        return ERR_NOTFOUND;
    }
    struct pro_cover_leg l = {in->proposals[at]->rollup, order, .tx = e->tx};
    int rc = find_leg(in, e, &bundle, &l.leg);
    if (rc != 0) {
        return rc;
    }
    pro_preimage_of(e, &preimage);
    l.preimage = buf_view(&preimage);
    rc = preimage.err != 0
             ? preimage.err
             : psc_open_position(p->view, in->proposals[at], false, order, &l.opening);
    if (rc == 0) {
        pro_cover_leg_write(&l, out);
    }
    return rc;
}

static int write_cover(const struct psc *p, const struct pro_step_case *in,
                       const struct pro_entry *of, const struct led_tx *tx, struct buf *out)
{
    CLEANUP(buf_fini) struct buf sources = {0};
    int rc = 0;
    pro_cover_sources_encode(in->sources, in->n_proposals, &sources);
    wr_var(out, buf_view(&sources));
    for (uint32_t leg = 0; leg < tx->n_legs && rc == 0; leg++) {
        rc = leg == tx->leg ? 0 : write_cover_leg(p, in, of, leg, out);
    }
    return rc != 0 ? rc : sources.err;
}

/* Sets what stands at the position. */
static int show_entry(const struct psc *p, const struct pro_step_case *in,
                      const struct pro_entry *entry, struct pro_bundle *bundle, struct buf *cover,
                      struct pro_evidence *e)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    if (entry->kind == PRO_ENTRY_EXCLUDED) {
        return 0;
    }
    int rc = find_leg(in, entry, bundle, &e->leg);
    e->tx = entry->tx;
    if (rc != 0 || entry->kind != PRO_ENTRY_TX) {
        return rc;
    }
    rc = led_tx_decode(entry->tx, &tx);
    if (rc == 0 && led_cover_needs_bundle(&tx)) {
        rc = write_cover(p, in, entry, &tx, cover);
        e->cover = buf_view(cover);
    }
    return rc != 0 ? rc : cover->err;
}

int pro_prosecute_step(const struct pro_view *view, struct bytes descriptor,
                       const struct pro_step_case *in, struct buf *out)
{
    CLEANUP(psc_fini) struct psc p = {.view = view, .descriptor = descriptor, .out = out};
    CLEANUP(buf_fini) struct buf step = {0};
    CLEANUP(buf_fini) struct buf preimage = {0};
    CLEANUP(buf_fini) struct buf cover = {.limit = PRO_MAX_EVIDENCE_BYTES};
    CLEANUP(pro_bundle_fini) struct pro_bundle bundle = {0};
    struct pro_evidence e = {.kind = PRO_EVIDENCE_FALSE_STEP, .artifact = in->result};
    CHECK(in->step->order < in->executed->count);
    const struct pro_entry *entry = &in->executed->entries[in->step->order];
    pro_step_encode(in->step, &step);
    e.other = buf_view(&step);
    int rc = step.err != 0 ? step.err : show_entry(&p, in, entry, &bundle, &cover, &e);
    rc = rc != 0 ? rc : psc_open_block(&p, in->executed, in->step->order, &preimage, &e);
    if (rc == 0) {
        rc = psc_try(&p, &e);
    }
    return rc == ERR_NOMEM || rc == ERR_CRYPTO ? rc : 0;
}
