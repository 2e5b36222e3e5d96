#include "common/protocol/pro_dossier.h"

#include <stdlib.h>

/* Pieces are what others published, whatever that is: their size is the check's business. The
 * memory they take is bounded by that of the input. */
#define MAX_PIECE_BYTES ((size_t)UINT32_MAX)

static void block_item_encode(const struct pro_block_item *b, struct buf *out)
{
    wr_var(out, b->header);
    wr_var(out, b->body);
}

static struct pro_block_item block_item_decode(struct rd *r)
{
    struct bytes header = rd_var(r, MAX_PIECE_BYTES);
    struct bytes body = rd_var(r, MAX_PIECE_BYTES);
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

/* Out: as many as were counted before; NULL only counts. Returns: how many there are. */
static uint32_t bundles_decode(struct rd *r, struct pro_bundle_item *items)
{
    uint32_t n = rd_count(r, UINT32_MAX, 8);
    for (uint32_t i = 0; i < n; i++) {
        struct pro_bundle_item item = {rd_u32(r), {0}};
        item.data = rd_var(r, MAX_PIECE_BYTES);
        if (items != NULL) {
            items[i] = item;
        }
    }
    return n;
}

static uint32_t artifacts_decode(struct rd *r, struct bytes *items)
{
    uint32_t n = rd_count(r, UINT32_MAX, 4);
    for (uint32_t i = 0; i < n; i++) {
        struct bytes item = rd_var(r, MAX_PIECE_BYTES);
        if (items != NULL) {
            items[i] = item;
        }
    }
    return n;
}

static uint32_t proven_decode(struct rd *r, struct pro_proven *items)
{
    uint32_t n = rd_count(r, UINT32_MAX, 8);
    for (uint32_t i = 0; i < n; i++) {
        struct bytes result = rd_var(r, MAX_PIECE_BYTES);
        struct bytes proofs = rd_var(r, MAX_PIECE_BYTES);
        if (items != NULL) {
            items[i] = (struct pro_proven){result, proofs};
        }
    }
    return n;
}

static uint32_t block_items_decode(struct rd *r, struct pro_block_item *items)
{
    uint32_t n = rd_count(r, UINT32_MAX, 8);
    for (uint32_t i = 0; i < n; i++) {
        struct pro_block_item item = block_item_decode(r);
        if (items != NULL) {
            items[i] = item;
        }
    }
    return n;
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
        wr_var(out, d->failures[i].result);
        wr_var(out, d->failures[i].proofs);
    }
    wr_u32(out, d->n_proposals);
    for (uint32_t i = 0; i < d->n_proposals; i++) {
        block_item_encode(&d->proposals[i], out);
    }
    wr_u32(out, d->n_siblings);
    for (uint32_t i = 0; i < d->n_siblings; i++) {
        wr_var(out, d->siblings[i]);
    }
}

int pro_proposal_dossier_decode(struct bytes in, struct pro_proposal_dossier *out, void **arrays)
{
    struct rd r = rd_from(in);
    struct pro_proposal_dossier d = {0};
    d.slot = rd_u64(&r);
    d.rollup = rd_u64(&r);
    d.block = block_item_decode(&r);
    d.order = rd_var(&r, MAX_PIECE_BYTES);
    d.openings = rd_var(&r, MAX_PIECE_BYTES);
    struct rd counting = r;
    d.n_bundles = bundles_decode(&counting, NULL);
    d.n_siblings = block_items_decode(&counting, NULL);
    int rc = rd_end(&counting);
    if (rc != 0) {
        return rc;
    }
    struct pro_bundle_item *bundles =
        malloc(d.n_bundles * sizeof(*bundles) + d.n_siblings * sizeof(*d.siblings) + 1);
    if (bundles == NULL) {
        return ERR_NOMEM;
    }
    struct pro_block_item *siblings = (struct pro_block_item *)(bundles + d.n_bundles);
    (void)bundles_decode(&r, bundles);
    (void)block_items_decode(&r, siblings);
    d.bundles = bundles;
    d.siblings = siblings;
    *out = d;
    *arrays = bundles;
    return 0;
}

int pro_next_dossier_decode(struct bytes in, struct pro_next_dossier *out, void **arrays)
{
    struct rd r = rd_from(in);
    struct pro_next_dossier d = {0};
    d.before = block_item_decode(&r);
    d.status = rd_var(&r, MAX_PIECE_BYTES);
    rd_fixed(&r, d.post_root.b, 32);
    d.after = block_item_decode(&r);
    struct rd counting = r;
    d.n_bundles = bundles_decode(&counting, NULL);
    d.n_failures = proven_decode(&counting, NULL);
    d.n_proposals = block_items_decode(&counting, NULL);
    d.n_siblings = artifacts_decode(&counting, NULL);
    int rc = rd_end(&counting);
    if (rc != 0) {
        return rc;
    }
    struct pro_bundle_item *bundles =
        malloc(d.n_bundles * sizeof(*bundles) + d.n_failures * sizeof(*d.failures) +
               d.n_proposals * sizeof(*d.proposals) + d.n_siblings * sizeof(*d.siblings) + 1);
    if (bundles == NULL) {
        return ERR_NOMEM;
    }
    struct pro_proven *failures = (struct pro_proven *)(bundles + d.n_bundles);
    struct pro_block_item *proposals = (struct pro_block_item *)(failures + d.n_failures);
    struct bytes *siblings = (struct bytes *)(proposals + d.n_proposals);
    (void)bundles_decode(&r, bundles);
    (void)proven_decode(&r, failures);
    (void)block_items_decode(&r, proposals);
    (void)artifacts_decode(&r, siblings);
    d.bundles = bundles;
    d.failures = failures;
    d.proposals = proposals;
    d.siblings = siblings;
    *out = d;
    *arrays = bundles;
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
