#include "common/protocol/pro_check_parts.h"

#include "common/base/cleanup.h"
#include "common/ledger/led_tx.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

void pro_bundle_item_encode(struct bytes bundle, struct bytes preconf, struct buf *out)
{
    wr_var(out, bundle);
    wr_var(out, preconf);
}

int pro_bundle_item_decode(struct bytes in, struct bytes *bundle, struct bytes *preconf)
{
    struct rd r = rd_from(in);
    struct bytes first = rd_var(&r, PRO_MAX_BUNDLE_BYTES);
    struct bytes second = rd_var(&r, PRO_MAX_BUNDLE_BYTES);
    int rc = rd_end(&r);
    if (rc == 0) {
        *bundle = first;
        *preconf = second;
    }
    return rc;
}

/* Is what the user left open the same as what was sealed? */
static bool says_what_is_open(const struct pro_open_part *open, const struct led_tx *tx,
                              struct bytes plaintext)
{
    if ((open->scope & PRO_SCOPE_SENDER) && !addr20_equal(&tx->sender, &open->sender)) {
        return false;
    }
    if ((open->scope & PRO_SCOPE_FEE) && open->fee != 0) {
        return false;
    }
    return (open->scope & PRO_SCOPE_TX) == 0 || bytes_equal(open->tx, plaintext);
}

int pro_tx_on_face(const struct hash32 *deployment, const struct pro_leg *leg,
                   struct bytes plaintext)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    int rc = led_tx_decode(plaintext, &tx);
    if (rc != 0) {
        return rc;
    }
    if (!hash32_equal(&tx.deployment, deployment) || tx.rollup != leg->open.rollup ||
        tx.bundle_nonce != leg->open.bundle_nonce || tx.leg != leg->open.leg ||
        tx.n_legs != leg->open.n_legs) {
        return ERR_MISMATCH;
    }
    return says_what_is_open(&leg->open, &tx, plaintext) ? led_tx_verify(&tx) : ERR_MISMATCH;
}

static int check_order_commitment(const struct pro_view *view, struct bytes artifact,
                                  const struct chk_block *b, struct pro_violation *v)
{
    struct bytes body;
    struct pro_order order;
    struct vc_commitment c;
    int rc =
        pro_unsign_from(&view->deployment.id, PRO_TAG_ORDER, artifact, &view->sequencer, &body);
    if (rc == 0) {
        rc = pro_order_decode(body, &order);
    }
    if (rc != 0) {
        return chk_violated(v, PRO_RULE_ORDER, "order commitment: %s", err_text(rc));
    }
    if (order.slot != b->block.slot || order.rollup != b->block.rollup ||
        order.count != b->block.count) {
        return chk_violated(v, PRO_RULE_ORDER, "%u legs were sealed, the block holds %u",
                            order.count, b->block.count);
    }
    rc = pro_block_commit_order(view->vc, &b->block, &c);
    if (rc != 0) {
        return rc;
    }
    if (memcmp(c.b, order.commitment.b, sizeof(c.b)) != 0) {
        return chk_violated(v, PRO_RULE_ORDER, "the block's legs are not those that were sealed");
    }
    return 0;
}

static int check_positions(const struct chk_bundles *bundles, const struct pro_block *b,
                           struct pro_violation *v)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct pro_entry *e = &b->entries[i];
        int rc = chk_entry_position(bundles, b->rollup, i, e, v);
        if (rc != 0) {
            return rc;
        }
        if (e->kind == PRO_ENTRY_EXCLUDED) {
            return chk_violated(v, PRO_RULE_ALTERED, "entry %u is excluded before execution", i);
        }
        const struct pro_entry *before = i == 0 ? NULL : &b->entries[i - 1];
        if (before != NULL &&
            (e->seq < before->seq || (e->seq == before->seq && e->leg <= before->leg))) {
            return chk_violated(v, PRO_RULE_GLOBAL_ORDER,
                                "entry %u comes before entry %u in global order", i, i - 1);
        }
    }
    return 0;
}

/* Every leg that a bundle of this block has in rollup `sibling`, which may be this one, stands at
 * its promised place. */
static int check_sibling(const struct chk_bundles *bundles, const struct pro_block *sibling,
                         struct pro_violation *v)
{
    for (uint32_t i = 0; i < bundles->n; i++) {
        const struct pro_preconf *p = &bundles->items[i].preconf;
        for (uint32_t leg = 0; leg < p->n_legs; leg++) {
            const struct pro_preconf_tx *tx = &p->txs[leg];
            if (tx->rollup != sibling->rollup) {
                continue;
            }
            const struct pro_entry *e =
                tx->order < sibling->count ? &sibling->entries[tx->order] : NULL;
            if (e == NULL || e->seq != p->seq || e->leg != leg ||
                !hash32_equal(&e->enc_tx_hash, &tx->enc_tx_hash) ||
                !hash32_equal(&e->bundle_id, &p->bundle_id)) {
                return chk_violated(v, PRO_RULE_SIBLING,
                                    "leg %u of bundle %u is not at position %u of rollup %llu", leg,
                                    p->seq, tx->order, (unsigned long long)tx->rollup);
            }
        }
    }
    return 0;
}

/* Nor does it stand anywhere else: what covers a leg is what stands in the sibling's block. */
static int check_strays(const struct chk_bundles *bundles, const struct pro_block *sibling,
                        struct pro_violation *v)
{
    for (uint32_t i = 0; i < sibling->count; i++) {
        const struct pro_entry *e = &sibling->entries[i];
        for (uint32_t k = 0; k < bundles->n; k++) {
            const struct pro_preconf *p = &bundles->items[k].preconf;
            if (memcmp(e->bundle_id.b, p->bundle_id.b, sizeof(e->bundle_id.b)) == 0 &&
                (e->leg >= p->n_legs || p->txs[e->leg].rollup != sibling->rollup ||
                 p->txs[e->leg].order != i)) {
                return chk_violated(v, PRO_RULE_SIBLING,
                                    "position %u of rollup %llu holds a leg of bundle %u that was "
                                    "not promised there",
                                    i, (unsigned long long)sibling->rollup, p->seq);
            }
        }
    }
    return 0;
}

static int check_siblings(const struct pro_view *view, const struct pro_proposal_dossier *in,
                          const struct chk_bundles *bundles, struct pro_violation *v)
{
    CLEANUP(chk_others_fini) struct chk_others others = {0};
    int rc = chk_others_init(&others, view, bundles, in->rollup);
    for (uint32_t i = 0; i < in->n_siblings && rc == 0; i++) {
        CLEANUP(chk_block_fini) struct chk_block sibling = {0};
        rc = chk_block_open(view, &in->siblings[i], &sibling, v);
        if (rc != 0) {
            return rc;
        }
        if (sibling.header.slot != in->slot || sibling.header.round != 0 || sibling.header.final ||
            !chk_others_take(&others, sibling.header.rollup)) {
            return chk_violated(v, PRO_RULE_PLACE, "sibling block %u is not one that is due", i);
        }
        rc = check_sibling(bundles, &sibling.block, v);
        rc = rc != 0 ? rc : check_strays(bundles, &sibling.block, v);
        rc = rc != 0 ? rc : chk_block_commitment(view, &sibling, v);
    }
    uint64_t missing = 0;
    if (rc == 0 && chk_others_missing(&others, &missing)) {
        return chk_violated(v, PRO_RULE_SIBLING, "the block of rollup %llu is missing",
                            (unsigned long long)missing);
    }
    return rc;
}

static int check_plaintext(const struct pro_view *view, const struct pro_leg *leg, uint32_t order,
                           const struct pro_entry *e, const struct pro_opening *o,
                           struct pro_violation *v)
{
    CLEANUP(buf_fini) struct buf context = {0};
    CLEANUP(buf_fini) struct buf plain = {0};
    struct tlp_puzzle puzzle = {leg->u, leg->q, leg->proof, leg->sealed};
    pro_leg_context(&view->deployment.id, leg->open_bytes, &context);
    int rc = context.err != 0 ? context.err
                              : tlp_open(view->tlp, buf_view(&context), &puzzle, o->w, &plain);
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    if (rc != 0 && rc != ERR_MISMATCH) {
        return chk_violated(v, PRO_RULE_OPENING, "the opening of entry %u is wrong", order);
    }
    if (rc == 0) {
        rc = pro_tx_on_face(&view->deployment.id, leg, buf_view(&plain));
    }
    if (rc == ERR_NOMEM) {
        return rc;
    }
    bool valid = rc == 0;
    enum pro_entry_kind kind = valid ? PRO_ENTRY_TX : PRO_ENTRY_BOGUS;
    enum pro_verdict verdict = valid ? PRO_OPEN : PRO_BOGUS_CIPHER;
    if (e->kind != kind || o->verdict != verdict || !bytes_equal(e->tx, buf_view(&plain))) {
        return chk_violated(v, PRO_RULE_PLAINTEXT, "entry %u is not what its ciphertext opens to",
                            order);
    }
    return 0;
}

static int check_openings(const struct pro_view *view, struct bytes artifact,
                          const struct pro_block *b, const struct chk_bundles *bundles,
                          struct pro_violation *v)
{
    struct bytes body;
    CLEANUP(pro_openings_fini) struct pro_openings o = {0};
    int rc =
        pro_unsign_from(&view->deployment.id, PRO_TAG_OPENINGS, artifact, &view->sequencer, &body);
    if (rc == 0) {
        rc = pro_openings_decode(body, &o);
    }
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0 || o.slot != b->slot || o.rollup != b->rollup || o.count != b->count) {
        return chk_violated(v, PRO_RULE_OPENING, "the openings are not those of this block");
    }
    for (uint32_t i = 0; i < b->count && rc == 0; i++) {
        const struct pro_entry *e = &b->entries[i];
        const struct chk_bundle *bundle = chk_bundles_find(bundles, e->seq);
        rc = check_plaintext(view, &bundle->bundle.legs[e->leg], i, e, &o.items[i], v);
    }
    return rc;
}

static int check_proposal(const struct pro_view *view, const struct pro_proposal_dossier *in,
                          struct pro_violation *v)
{
    CLEANUP(chk_block_fini) struct chk_block b = {0};
    CLEANUP(chk_bundles_fini) struct chk_bundles bundles = {0};
    int rc = chk_block_open(view, &in->block, &b, v);
    if (rc != 0) {
        return rc;
    }
    if (b.header.slot != in->slot || b.header.rollup != in->rollup || b.header.round != 0 ||
        b.header.final) {
        return chk_violated(v, PRO_RULE_PLACE, "not the proposal block of this slot and rollup");
    }
    rc = chk_block_commitment(view, &b, v);
    if (rc == 0) {
        rc = check_order_commitment(view, in->order, &b, v);
    }
    if (rc == 0) {
        rc = chk_bundles_open(view, in->bundles, in->n_bundles, in->slot, NULL, &bundles, v);
    }
    if (rc == 0) {
        rc = check_positions(&bundles, &b.block, v);
    }
    if (rc == 0) {
        rc = check_sibling(&bundles, &b.block, v);
    }
    if (rc == 0) {
        rc = check_siblings(view, in, &bundles, v);
    }
    if (rc == 0) {
        rc = check_openings(view, in->openings, &b.block, &bundles, v);
    }
    return rc;
}

int pro_check_proposal(const struct pro_view *view, const struct pro_proposal_dossier *in,
                       struct pro_violation *out)
{
    struct pro_violation v = {0};
    int rc = check_proposal(view, in, &v);
    if (rc < 0) {
        pro_violation_fini(&v);
        return rc;
    }
    *out = v;
    return 0;
}
