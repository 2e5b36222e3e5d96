/* The judge's kinds about results: what an executor signed, against itself and against what
 * execution says. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_check.h"
#include "common/protocol/pro_cover.h"
#include "common/protocol/pro_gas.h"
#include "common/protocol/pro_judge_parts.h"
#include "common/protocol/pro_step.h"

#include <stdlib.h>

int jdg_two_results(struct jdg_trial *t)
{
    struct pro_result a;
    struct pro_result b;
    int rc = jdg_result(t, t->e->artifact, &a);
    rc = rc != 0 ? rc : jdg_result(t, t->e->other, &b);
    if (rc != 0) {
        return rc;
    }
    if (a.rollup != b.rollup || a.slot != b.slot || a.round != b.round) {
        return jdg_dismiss(t, "the results are for different places");
    }
    if (bytes_equal(bytes_of(t->e->artifact.data, t->e->artifact.len - sizeof(struct sig65)),
                    bytes_of(t->e->other.data, t->e->other.len - sizeof(struct sig65)))) {
        return jdg_dismiss(t, "the results say the same");
    }
    return jdg_convict(t, "it signed two results for rollup %llu, slot %llu, round %u",
                       (unsigned long long)a.rollup, (unsigned long long)a.slot, a.round);
}

/* ---- What stands at a position ---- */

/* A leg and its transaction, bound by the opened leaf. */
struct leaf {
    struct pro_preimage preimage;
    bool is_tx; /* the leg may carry it; else it is bogus, and nothing is executed */
};

static int check_leg(struct jdg_trial *t, uint64_t rollup, struct bytes preimage, struct bytes raw,
                     struct bytes tx, struct leaf *out)
{
    struct pro_leg leg;
    struct hash32 tx_hash;
    struct hash32 leg_hash;
    t->gas += pro_gas_keccak(raw.len) + pro_gas_keccak(tx.len);
    hash_keccak256(tx, &tx_hash);
    pro_leg_hash(raw, &leg_hash);
    if (pro_preimage_decode(preimage, &out->preimage) != 0) {
        return jdg_dismiss(t, "the opened leaf is no leg's");
    }
    if (!hash32_equal(&leg_hash, &out->preimage.enc_tx_hash) ||
        !hash32_equal(&tx_hash, &out->preimage.tx_hash)) {
        return jdg_dismiss(t, "leg or transaction are not those of the opened leaf");
    }
    if (pro_leg_decode(raw, &leg) != 0 || leg.open.rollup != rollup) {
        return jdg_dismiss(t,
                           "the leg is malformed or for another rollup: that is a bad admission");
    }
    t->gas += PRO_GAS_ECRECOVER;
    int face = pro_tx_on_face(&t->deployment.id, &leg, tx);
    out->is_tx = face == 0;
    return face == ERR_NOMEM ? face : 0;
}

/* ---- Cover ---- */

/* The transactions of a bundle, by leg; what is none stays NULL. */
struct bundle {
    uint32_t n;
    struct led_tx *txs;
    const struct led_tx **list;
    struct pro_cover_source *sources;
    uint32_t n_sources;
};

static void bundle_fini(struct bundle *b)
{
    for (uint32_t i = 0; b->txs != NULL && i < b->n; i++) {
        led_tx_fini(&b->txs[i]);
    }
    free(b->txs);
    free(b->list);
    free(b->sources);
}

static int take_sources(struct jdg_trial *t, const struct pro_result *r, struct bytes sources,
                        struct bundle *b)
{
    struct hash32 hash;
    pro_cover_hash(sources, &hash);
    t->gas += pro_gas_keccak(sources.len);
    if (!hash32_equal(&hash, &r->cover_hash)) {
        return jdg_dismiss(t, "the sources of the cover are not those of the result");
    }
    int rc = pro_cover_sources_decode(sources, &b->sources, &b->n_sources);
    return rc == 0 || rc == ERR_NOMEM ? rc : jdg_dismiss(t, "the sources are malformed");
}

static const struct vc_commitment *source_of(const struct bundle *b, uint64_t rollup)
{
    for (uint32_t i = 0; i < b->n_sources; i++) {
        if (b->sources[i].rollup == rollup) {
            return &b->sources[i].commitment;
        }
    }
    return NULL;
}

static int take_leg(struct jdg_trial *t, const struct pro_preimage *own, uint32_t leg,
                    const struct pro_cover_leg *l, struct bundle *b)
{
    struct leaf leaf;
    const struct vc_commitment *c = source_of(b, l->rollup);
    if (c == NULL) {
        return jdg_dismiss(t, "a covering leg is in none of the sources");
    }
    int rc = jdg_opening_of(t, c, l->order, &l->opening);
    rc = rc != 0 ? rc : jdg_preimage_of(t, &l->opening, l->preimage);
    rc = rc != 0 ? rc : check_leg(t, l->rollup, l->preimage, l->leg, l->tx, &leaf);
    if (rc != 0) {
        return rc;
    }
    if (!hash32_equal(&leaf.preimage.bundle_id, &own->bundle_id) || leaf.preimage.leg != leg ||
        leaf.preimage.n_legs != own->n_legs) {
        return jdg_dismiss(t, "a covering leg is not that of the bundle");
    }
    rc = led_tx_decode(l->tx, &b->txs[leg]);
    if (rc == 0 && b->txs[leg].rollup == l->rollup) { /* as pro_cover_of takes it */
        b->list[leg] = &b->txs[leg];
    }
    return rc == ERR_NOMEM ? rc : 0;
}

/* Out: the first operation that the bundle does not cover. */
static int take_cover(struct jdg_trial *t, const struct pro_result *r,
                      const struct pro_preimage *own, const struct led_tx *tx, uint32_t *uncovered)
{
    CLEANUP(bundle_fini) struct bundle b = {.n = tx->n_legs};
    if (!led_cover_needs_bundle(tx)) {
        *uncovered = led_cover_alone(tx);
        return t->e->cover.len == 0 ? 0 : jdg_dismiss(t, "a cover of what needs none");
    }
    b.txs = calloc(b.n, sizeof(*b.txs));
    b.list = calloc(b.n, sizeof(struct led_tx *));
    if (b.txs == NULL || b.list == NULL) {
        return ERR_NOMEM;
    }
    struct rd in = rd_from(t->e->cover);
    int rc = take_sources(t, r, rd_var(&in, PRO_MAX_EVIDENCE_BYTES), &b);
    for (uint32_t leg = 0; leg < b.n && rc == 0 && in.err == 0; leg++) {
        struct pro_cover_leg l;
        if (leg != tx->leg) {
            pro_cover_leg_read(&in, &l);
            rc = in.err != 0 ? 0 : take_leg(t, own, leg, &l, &b);
        }
    }
    if (rc != 0 || rd_end(&in) != 0) {
        return rc != 0 ? rc : jdg_dismiss(t, "the cover is malformed");
    }
    b.list[tx->leg] = tx;
    *uncovered = led_cover_check(b.list, b.n, tx->leg);
    return 0;
}

/* ---- Steps ---- */

static unsigned gas_of_step(const struct pro_step *s)
{
    size_t hashes = (size_t)s->before_path.n + s->after_path.n + 2 * (s->witness.len / 32);
    return (unsigned)(hashes * pro_gas_sha256(65));
}

static const char *outcome_of(bool ok)
{
    return ok ? "succeeded" : "failed";
}

static int convict_step(struct jdg_trial *t, const struct pro_result *r, uint32_t order, bool ok,
                        const char *why)
{
    bool says = pro_bit(r->status, order);
    unsigned long long rollup = r->rollup;
    if (says != ok) {
        return jdg_convict(t,
                           "it signed that position %u of rollup %llu %s in round %u, which %s%s%s",
                           order, rollup, outcome_of(says), r->round, outcome_of(ok),
                           why != NULL ? ": " : "", why != NULL ? why : "");
    }
    return jdg_convict(t, "it signed a wrong state root after position %u of rollup %llu, round %u",
                       order, rollup, r->round);
}

/* Nothing is executed at a tombstone or a bogus leg. */
static int judge_nothing(struct jdg_trial *t, const struct pro_result *r, const struct pro_step *s)
{
    if (s->witness.len != 0 || t->e->cover.len != 0) {
        return jdg_dismiss(t, "a witness of nothing");
    }
    if (pro_step_check_roots(r, s) != 0) {
        return jdg_dismiss(t, "the step is not of this result");
    }
    if (!pro_bit(r->status, s->order) && hash32_equal(&s->before, &s->after)) {
        return jdg_dismiss(t, "nothing was executed there, as the result says");
    }
    return convict_step(t, r, s->order, false, "nothing stood there");
}

static int judge_tx(struct jdg_trial *t, const struct pro_result *r, const struct pro_step *s,
                    const struct pro_preimage *own)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    struct led_receipt receipt = {0};
    uint32_t uncovered = LED_NO_OP;
    int rc = led_tx_decode(t->e->tx, &tx);
    rc = rc != 0 ? rc : take_cover(t, r, own, &tx, &uncovered);
    if (rc != 0) {
        return rc;
    }
    rc = pro_step_judge(r, s, t->e->tx, uncovered, &verdict, &receipt);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0) {
        return jdg_dismiss(t, "the step proves nothing: %s", err_text(rc));
    }
    if (verdict != PRO_STEP_FRAUD) {
        return jdg_dismiss(t, "the result says what execution says: it %s", outcome_of(receipt.ok));
    }
    return convict_step(t, r, s->order, receipt.ok,
                        receipt.ok ? NULL : led_reason_name(receipt.reason));
}

int jdg_false_step(struct jdg_trial *t)
{
    struct pro_result r = {0};
    struct pro_step s;
    struct leaf leaf = {0};
    struct hash32 bundle_id;
    struct pro_place cause;
    int rc = jdg_result(t, t->e->artifact, &r);
    if (rc == 0 && (pro_step_decode(t->e->other, &s) != 0 || s.order >= r.count)) {
        rc = jdg_dismiss(t, "the step is malformed or beyond the end");
    }
    if (rc != 0) {
        return rc;
    }
    t->gas += gas_of_step(&s);
    rc = jdg_opening(t, &r.commitment, s.order);
    rc = rc != 0 ? rc : jdg_preimage(t);
    if (rc != 0) {
        return rc;
    }
    if (pro_tombstone_decode(t->e->preimage, &bundle_id, &cause) == 0) {
        return t->e->leg.len == 0 && t->e->tx.len == 0
                   ? judge_nothing(t, &r, &s)
                   : jdg_dismiss(t, "a transaction at a tombstone");
    }
    rc = check_leg(t, r.rollup, t->e->preimage, t->e->leg, t->e->tx, &leaf);
    if (rc != 0) {
        return rc;
    }
    return leaf.is_tx ? judge_tx(t, &r, &s, &leaf.preimage) : judge_nothing(t, &r, &s);
}
