#include "common/protocol/pro_dossier.h"

#include <stdlib.h>

static void block_item_encode(const struct pro_block_item *b, struct buf *out)
{
    wr_var(out, b->header);
    wr_var(out, b->body);
}

static struct pro_block_item block_item_decode(struct rd *r)
{
    struct bytes header = rd_var(r, PRO_MAX_BLOCK_BYTES);
    struct bytes body = rd_var(r, PRO_MAX_BLOCK_BYTES);
    return (struct pro_block_item){header, body};
}

static void bundles_encode(const struct pro_bundle_item *items, uint32_t n, struct buf *out)
{
    wr_u32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        wr_u32(out, items[i].seq);
        wr_var(out, items[i].data);
    }
}

static void bundles_decode(struct rd *r, struct pro_bundle_item *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        items[i].seq = rd_u32(r);
        items[i].data = rd_var(r, 2 * PRO_MAX_BUNDLE_BYTES + 8);
    }
}

void pro_proposal_dossier_encode(const struct pro_proposal_dossier *d, struct buf *out)
{
    wr_u64(out, d->slot);
    wr_u64(out, d->rollup);
    block_item_encode(&d->block, out);
    wr_var(out, d->order);
    wr_var(out, d->openings);
    bundles_encode(d->bundles, d->n_bundles, out);
    wr_u32(out, d->n_siblings);
    for (uint32_t i = 0; i < d->n_siblings; i++) {
        block_item_encode(&d->siblings[i], out);
    }
}

void pro_next_dossier_encode(const struct pro_next_dossier *d, struct buf *out)
{
    block_item_encode(&d->before, out);
    wr_var(out, d->status);
    wr_fixed(out, d->post_root.b, 32);
    block_item_encode(&d->after, out);
    bundles_encode(d->bundles, d->n_bundles, out);
    wr_u32(out, d->n_failures);
    for (uint32_t i = 0; i < d->n_failures; i++) {
        wr_var(out, d->failures[i]);
    }
    wr_u32(out, d->n_siblings);
    for (uint32_t i = 0; i < d->n_siblings; i++) {
        wr_var(out, d->siblings[i]);
    }
}

struct proposal_arrays {
    struct pro_block_item siblings[PRO_MAX_ENTRIES];
    struct pro_bundle_item bundles[];
};

int pro_proposal_dossier_decode(struct bytes in, struct pro_proposal_dossier *out, void **arrays)
{
    struct rd r = rd_from(in);
    struct pro_proposal_dossier d = {0};
    d.slot = rd_u64(&r);
    d.rollup = rd_u64(&r);
    d.block = block_item_decode(&r);
    d.order = rd_var(&r, PRO_MAX_BLOCK_BYTES);
    d.openings = rd_var(&r, PRO_MAX_BLOCK_BYTES);
    d.n_bundles = rd_count(&r, PRO_MAX_ENTRIES, 8);
    struct proposal_arrays *a = calloc(1, sizeof(*a) + d.n_bundles * sizeof(a->bundles[0]));
    if (a == NULL) {
        return ERR_NOMEM;
    }
    bundles_decode(&r, a->bundles, d.n_bundles);
    d.n_siblings = rd_count(&r, PRO_MAX_ENTRIES, 8);
    for (uint32_t i = 0; i < d.n_siblings; i++) {
        a->siblings[i] = block_item_decode(&r);
    }
    int rc = rd_end(&r);
    if (rc != 0) {
        free(a);
        return rc;
    }
    d.bundles = a->bundles;
    d.siblings = a->siblings;
    *out = d;
    *arrays = a;
    return 0;
}

struct next_arrays {
    struct bytes failures[PRO_MAX_FAILURES];
    struct bytes siblings[PRO_MAX_ENTRIES];
    struct pro_bundle_item bundles[];
};

int pro_next_dossier_decode(struct bytes in, struct pro_next_dossier *out, void **arrays)
{
    struct rd r = rd_from(in);
    struct pro_next_dossier d = {0};
    d.before = block_item_decode(&r);
    d.status = rd_var(&r, PRO_MAX_ENTRIES / 8);
    rd_fixed(&r, d.post_root.b, 32);
    d.after = block_item_decode(&r);
    d.n_bundles = rd_count(&r, PRO_MAX_ENTRIES, 8);
    struct next_arrays *a = calloc(1, sizeof(*a) + d.n_bundles * sizeof(a->bundles[0]));
    if (a == NULL) {
        return ERR_NOMEM;
    }
    bundles_decode(&r, a->bundles, d.n_bundles);
    d.n_failures = rd_count(&r, PRO_MAX_FAILURES, 4);
    for (uint32_t i = 0; i < d.n_failures; i++) {
        a->failures[i] = rd_var(&r, PRO_MAX_BLOCK_BYTES);
    }
    d.n_siblings = rd_count(&r, PRO_MAX_ENTRIES, 4);
    for (uint32_t i = 0; i < d.n_siblings; i++) {
        a->siblings[i] = rd_var(&r, PRO_MAX_BLOCK_BYTES);
    }
    int rc = rd_end(&r);
    if (rc != 0) {
        free(a);
        return rc;
    }
    d.bundles = a->bundles;
    d.failures = a->failures;
    d.siblings = a->siblings;
    *out = d;
    *arrays = a;
    return 0;
}

void pro_violation_encode(const struct pro_violation *v, struct buf *out)
{
    wr_u8(out, (uint8_t)v->rule);
    wr_var(out, buf_view(&v->detail));
}

int pro_violation_decode(struct bytes in, struct pro_violation *out)
{
    struct rd r = rd_from(in);
    uint8_t rule = rd_u8(&r);
    struct bytes detail = rd_var(&r, 4096);
    int rc = rd_end(&r);
    if (rc == 0 && rule > PRO_RULE_ROOT) {
        rc = ERR_NONCANONICAL;
    }
    if (rc != 0) {
        return rc;
    }
    struct pro_violation v = {.rule = (enum pro_rule)rule};
    buf_append_bytes(&v.detail, detail);
    if (v.detail.err != 0) {
        return v.detail.err;
    }
    *out = v;
    return 0;
}
