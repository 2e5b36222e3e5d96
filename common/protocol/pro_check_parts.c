#include "common/protocol/pro_check_parts.h"

#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_signed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *pro_rule_name(enum pro_rule rule)
{
    switch (rule) {
#define X(symbol, name)                                                                            \
    case symbol:                                                                                   \
        return name;
        PRO_RULE_MAP(X)
#undef X
    }
    return "unknown";
}

void pro_violation_fini(struct pro_violation *v)
{
    buf_fini(&v->detail);
    v->rule = PRO_RULE_NONE;
}

int chk_violated(struct pro_violation *v, enum pro_rule rule, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_append_bytes(&v->detail, bytes_str(text));
    if (v->detail.err != 0) {
        return v->detail.err;
    }
    v->rule = rule;
    return CHK_VIOLATED;
}

static int open_header(const struct pro_view *view, struct bytes artifact, struct pro_header *out,
                       struct pro_violation *v)
{
    struct bytes body;
    int rc =
        pro_unsign_from(&view->deployment.id, PRO_TAG_BLOCK, artifact, &view->sequencer, &body);
    if (rc != 0) {
        return chk_violated(v, PRO_RULE_HEADER, "block header: %s", err_text(rc));
    }
    rc = pro_header_decode(body, out);
    if (rc != 0) {
        return chk_violated(v, PRO_RULE_HEADER, "block header: %s", err_text(rc));
    }
    return 0;
}

int chk_block_open(const struct pro_view *view, const struct pro_block_item *item,
                   struct chk_block *out, struct pro_violation *v)
{
    struct pro_header h = {0};
    struct hash32 hash;
    int rc = open_header(view, item->header, &h, v);
    if (rc != 0) {
        return rc;
    }
    hash_keccak256(item->body, &hash);
    if (!hash32_equal(&hash, &h.body_hash)) {
        return chk_violated(v, PRO_RULE_BODY, "the body's hash is not the one in the header");
    }
    CLEANUP(pro_block_fini) struct pro_block b = {0};
    rc = pro_block_decode(item->body, &b);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0) {
        return chk_violated(v, PRO_RULE_BODY, "block body: %s", err_text(rc));
    }
    if (b.slot != h.slot || b.rollup != h.rollup || b.round != h.round || b.count != h.count) {
        return chk_violated(v, PRO_RULE_BODY, "body and header speak of different blocks");
    }
    *out = (struct chk_block){h, b};
    b.entries = NULL;
    return 0;
}

static int compare_commitment(const struct vc_commitment *c, const struct chk_block *b,
                              struct pro_violation *v)
{
    if (memcmp(c->b, b->header.commitment.b, sizeof(c->b)) != 0) {
        return chk_violated(v, PRO_RULE_COMMITMENT,
                            "the body's leaves do not give the header's commitment");
    }
    return 0;
}

int chk_block_commitment(const struct pro_view *view, const struct chk_block *b,
                         struct pro_violation *v)
{
    struct vc_commitment c;
    int rc = pro_block_commit(view->vc, &b->block, &c);
    return rc != 0 ? rc : compare_commitment(&c, b, v);
}

int chk_block_recommitment(const struct pro_view *view, const struct chk_block *before,
                           const struct chk_block *b, struct pro_violation *v)
{
    struct vc_commitment c;
    int rc =
        pro_block_recommit(view->vc, &before->block, &before->header.commitment, &b->block, &c);
    if (rc == ERR_INVALID || rc == ERR_PROOF) {
        return chk_block_commitment(view, b, v);
    }
    return rc != 0 ? rc : compare_commitment(&c, b, v);
}

void chk_block_fini(struct chk_block *b)
{
    pro_block_fini(&b->block);
}

static int match_preconf(const struct chk_bundle *b, uint32_t seq, uint64_t slot,
                         struct pro_violation *v)
{
    const struct pro_preconf *p = &b->preconf;
    if (p->slot != slot || p->seq != seq || p->n_legs != b->bundle.n_legs ||
        !hash32_equal(&p->bundle_id, &b->bundle.id)) {
        return chk_violated(v, PRO_RULE_PRECONFIRMATION,
                            "preconfirmation %u speaks of another bundle", seq);
    }
    for (uint32_t i = 0; i < p->n_legs; i++) {
        if (p->txs[i].rollup != b->bundle.legs[i].open.rollup ||
            !hash32_equal(&p->txs[i].enc_tx_hash, &b->bundle.legs[i].enc_tx_hash)) {
            return chk_violated(v, PRO_RULE_PRECONFIRMATION,
                                "preconfirmation %u does not fit leg %u of its bundle", seq, i);
        }
    }
    return 0;
}

/* A checked block, gone through beside bundles in the same order. */
struct known {
    const struct pro_block *block;
    uint32_t at;
};

static bool is_known(struct known *k, uint32_t seq, const struct hash32 *preconf_hash)
{
    while (k->block != NULL && k->at < k->block->count && k->block->entries[k->at].seq < seq) {
        k->at++;
    }
    return k->block != NULL && k->at < k->block->count && k->block->entries[k->at].seq == seq &&
           hash32_equal(&k->block->entries[k->at].preconf_hash, preconf_hash);
}

static int open_bundle(const struct pro_view *view, const struct pro_bundle_item *item,
                       uint64_t slot, struct known *known, struct chk_bundle *out,
                       struct pro_violation *v)
{
    struct bytes bundle;
    struct bytes preconf;
    int rc = pro_bundle_item_decode(item->data, &bundle, &preconf);
    if (rc == 0) {
        rc = pro_bundle_decode(bundle, &out->bundle);
    }
    if (rc == 0) {
        rc = pro_preconf_decode(preconf, &out->preconf);
    }
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0) {
        return chk_violated(v, PRO_RULE_PRECONFIRMATION, "bundle %u in DA: %s", item->seq,
                            err_text(rc));
    }
    pro_preconf_hash(preconf, &out->preconf_hash);
    if (!is_known(known, item->seq, &out->preconf_hash) &&
        pro_preconf_verify(&view->domain, &out->preconf, &view->sequencer) != 0) {
        return chk_violated(v, PRO_RULE_PRECONFIRMATION,
                            "preconfirmation %u is not signed by the sequencer", item->seq);
    }
    return match_preconf(out, item->seq, slot, v);
}

int chk_bundles_open(const struct pro_view *view, const struct pro_bundle_item *items, uint32_t n,
                     uint64_t slot, const struct pro_block *known, struct chk_bundles *out,
                     struct pro_violation *v)
{
    struct known k = {known, 0};
    struct chk_bundles b = {n, calloc((size_t)n + 1, sizeof(*b.items))};
    int rc = b.items == NULL ? ERR_NOMEM : 0;
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        if (i > 0 && items[i].seq <= items[i - 1].seq) {
            rc = ERR_INVALID;
            break;
        }
        rc = open_bundle(view, &items[i], slot, &k, &b.items[i], v);
    }
    if (rc != 0) {
        if (b.items != NULL) {
            chk_bundles_fini(&b);
        }
        return rc;
    }
    *out = b;
    return 0;
}

void chk_bundles_fini(struct chk_bundles *b)
{
    for (uint32_t i = 0; b->items != NULL && i < b->n; i++) {
        pro_bundle_fini(&b->items[i].bundle);
        pro_preconf_fini(&b->items[i].preconf);
    }
    free(b->items);
    *b = (struct chk_bundles){0};
}

const struct chk_bundle *chk_bundles_find(const struct chk_bundles *b, uint32_t seq)
{
    uint32_t low = 0;
    uint32_t high = b->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        uint32_t at = b->items[mid].preconf.seq;
        if (at == seq) {
            return &b->items[mid];
        }
        if (at < seq) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

int chk_others_init(struct chk_others *o, const struct pro_view *view,
                    const struct chk_bundles *bundles, uint64_t own)
{
    *o = (struct chk_others){view, calloc(view->n_executors + 1, sizeof(bool))};
    if (o->awaited == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < bundles->n; i++) {
        const struct pro_preconf *p = &bundles->items[i].preconf;
        for (uint32_t leg = 0; leg < p->n_legs; leg++) {
            for (size_t e = 0; e < view->n_executors; e++) {
                uint64_t rollup = view->executors[e].rollup;
                o->awaited[e] |= rollup == p->txs[leg].rollup && rollup != own;
            }
        }
    }
    return 0;
}

void chk_others_fini(struct chk_others *o)
{
    free(o->awaited);
    *o = (struct chk_others){0};
}

bool chk_others_take(struct chk_others *o, uint64_t rollup)
{
    for (size_t e = 0; e < o->view->n_executors; e++) {
        if (o->view->executors[e].rollup == rollup && o->awaited[e]) {
            o->awaited[e] = false;
            return true;
        }
    }
    return false;
}

bool chk_others_missing(const struct chk_others *o, uint64_t *rollup)
{
    for (size_t e = 0; e < o->view->n_executors; e++) {
        if (o->awaited[e]) {
            *rollup = o->view->executors[e].rollup;
            return true;
        }
    }
    return false;
}

int chk_entry_position(const struct chk_bundles *bundles, uint64_t rollup, uint32_t order,
                       const struct pro_entry *e, struct pro_violation *v)
{
    const struct chk_bundle *b = chk_bundles_find(bundles, e->seq);
    if (b == NULL || e->leg >= b->preconf.n_legs) {
        return chk_violated(v, PRO_RULE_POSITION, "entry %u names a leg nobody was promised",
                            order);
    }
    const struct pro_preconf_tx *tx = &b->preconf.txs[e->leg];
    if (tx->rollup != rollup || tx->order != order || e->n_legs != b->preconf.n_legs ||
        !hash32_equal(&tx->enc_tx_hash, &e->enc_tx_hash) ||
        !hash32_equal(&b->preconf.bundle_id, &e->bundle_id) ||
        !hash32_equal(&b->preconf_hash, &e->preconf_hash)) {
        return chk_violated(v, PRO_RULE_POSITION,
                            "entry %u is not the leg that was promised this position", order);
    }
    return 0;
}
