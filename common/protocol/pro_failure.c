#include "common/protocol/pro_failure.h"

#include "common/base/cleanup.h"
#include "common/protocol/pro_cover.h"

#include <stdlib.h>

#define MAX_STEP_BYTES (PRO_MAX_WITNESS_BYTES + 2048)
/* order, two roots, two paths, the witness's length */
#define MIN_STEP_BYTES ((size_t)4 + 4 + (size_t)2 * 33 + 4)

void pro_proofs_encode(const struct pro_step *steps, uint32_t n, struct buf *out)
{
    CLEANUP(buf_fini) struct buf step = {.limit = MAX_STEP_BYTES};
    wr_u32(out, n);
    for (uint32_t i = 0; i < n && out->err == 0; i++) {
        buf_clear(&step);
        pro_step_encode(&steps[i], &step);
        wr_var(out, buf_view(&step));
        out->err = out->err != 0 ? out->err : step.err;
    }
}

int pro_proofs_decode(struct bytes in, struct pro_proofs *out)
{
    struct rd r = rd_from(in);
    CLEANUP(pro_proofs_fini) struct pro_proofs p = {0};
    uint32_t n = rd_count(&r, PRO_MAX_ENTRIES, MIN_STEP_BYTES);
    p.steps = calloc((size_t)n + 1, sizeof(*p.steps));
    if (p.steps == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < n && r.err == 0; i++) {
        struct bytes step = rd_var(&r, MAX_STEP_BYTES);
        int rc = r.err != 0 ? r.err : pro_step_decode(step, &p.steps[i]);
        if (rc != 0) {
            return rc;
        }
        if (i > 0 && p.steps[i].order <= p.steps[i - 1].order) {
            return ERR_NONCANONICAL;
        }
        p.n++;
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = p;
        p = (struct pro_proofs){0};
    }
    return rc;
}

void pro_proofs_fini(struct pro_proofs *p)
{
    free(p->steps);
    *p = (struct pro_proofs){0};
}

const struct pro_step *pro_proofs_find(const struct pro_proofs *p, uint32_t order)
{
    uint32_t low = 0;
    uint32_t high = p->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (p->steps[mid].order < order) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < p->n && p->steps[low].order == order ? &p->steps[low] : NULL;
}

int pro_proofs_select(struct bytes in, const uint32_t *orders, size_t n, struct buf *out)
{
    CLEANUP(pro_proofs_fini) struct pro_proofs all = {0};
    int rc = pro_proofs_decode(in, &all);
    uint32_t kept = 0;
    size_t at = 0;
    for (uint32_t i = 0; rc == 0 && i < all.n; i++) {
        while (at < n && orders[at] < all.steps[i].order) {
            at++;
        }
        if (at < n && orders[at] == all.steps[i].order) {
            all.steps[kept++] = all.steps[i];
        }
    }
    if (rc == 0) {
        pro_proofs_encode(all.steps, kept, out);
        rc = out->err;
    }
    return rc;
}

int pro_proofs_cover(const struct pro_proofs *p, const struct pro_result *r,
                     const struct pro_block *executed, uint32_t *order)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < executed->count; i++) {
        bool there = next < p->n && p->steps[next].order == i;
        if (there != pro_needs_proof(r, &executed->entries[i], i)) {
            *order = i;
            return ERR_MISMATCH;
        }
        next += there ? 1 : 0;
    }
    if (next < p->n) {
        *order = p->steps[next].order;
        return ERR_MISMATCH;
    }
    return 0;
}

int pro_failure_judge(const struct pro_result *r, const struct pro_step *s,
                      const struct pro_entry *e, const struct pro_block *const *blocks,
                      size_t n_blocks, enum pro_step_verdict *verdict)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    struct led_receipt receipt;
    uint32_t uncovered = LED_NO_OP;
    if (e->kind != PRO_ENTRY_TX) {
        return ERR_INVALID;
    }
    int rc = led_tx_decode(e->tx, &tx);
    rc = rc != 0 ? rc : pro_cover_of(blocks, n_blocks, e, &tx, &uncovered);
    return rc != 0 ? rc : pro_step_judge(r, s, e->tx, uncovered, verdict, &receipt);
}
