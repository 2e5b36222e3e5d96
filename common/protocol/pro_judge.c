/* Judging evidence: each kind's claim, checked with nothing but the evidence itself. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_check.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_gas.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* One case before the judge. */
struct trial {
    const struct vc_setup *vc;
    const struct pro_evidence *e;
    struct pro_descriptor d;
    struct pro_deployment deployment;
    struct hash32 domain;
    struct tlp_params *params;
    uint64_t gas;
    struct buf *why;
    struct buf sentence;
};

static void trial_fini(struct trial *t)
{
    pro_descriptor_fini(&t->d);
    tlp_params_destroy(&t->params);
    buf_fini(&t->sentence);
}

/* The evidence convicts nobody, for this reason. */
__attribute__((format(printf, 2, 3))) static int dismiss(struct trial *t, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_append_bytes(t->why, bytes_str(text));
    return t->why->err != 0 ? t->why->err : ERR_PROOF;
}

#define convict(t, ...) (buf_printf(&(t)->sentence, __VA_ARGS__), (t)->sentence.err)

/* ---- Signatures ---- */

static int take_promise(struct trial *t, const struct pro_promise *p)
{
    t->gas += PRO_GAS_ECRECOVER + pro_gas_keccak((size_t)9 * 32) + pro_gas_keccak(66);
    if (pro_promise_verify(&t->domain, p, &t->d.sequencer) != 0) {
        return dismiss(t, "a promise is not signed by the sequencer");
    }
    return 0;
}

static int take_artifact(struct trial *t, const char *tag, struct bytes artifact,
                         struct bytes *body)
{
    t->gas += PRO_GAS_ECRECOVER + pro_gas_keccak(artifact.len + 64);
    int rc = pro_unsign_from(&t->deployment.id, tag, artifact, &t->d.sequencer, body);
    return rc != 0 ? dismiss(t, "an artifact is not signed by the sequencer") : 0;
}

static int take_order(struct trial *t, struct bytes artifact, struct pro_order *out)
{
    struct bytes body;
    int rc = take_artifact(t, PRO_TAG_ORDER, artifact, &body);
    if (rc == 0 && pro_order_decode(body, out) != 0) {
        rc = dismiss(t, "the order commitment is malformed");
    }
    return rc;
}

static int take_header(struct trial *t, struct bytes artifact, struct pro_header *out)
{
    struct bytes body;
    int rc = take_artifact(t, PRO_TAG_BLOCK, artifact, &body);
    if (rc == 0 && pro_header_decode(body, out) != 0) {
        rc = dismiss(t, "the block header is malformed");
    }
    return rc;
}

/* ---- Two signatures that exclude each other ---- */

static int judge_two_promises(struct trial *t)
{
    const struct pro_promise *a = &t->e->promise;
    const struct pro_promise *b = &t->e->second;
    int rc = take_promise(t, a);
    rc = rc != 0 ? rc : take_promise(t, b);
    if (rc != 0) {
        return rc;
    }
    bool same_leg = hash32_equal(&a->bundle_id, &b->bundle_id) && a->leg == b->leg &&
                    hash32_equal(&a->enc_tx_hash, &b->enc_tx_hash);
    if (a->slot == b->slot && a->rollup == b->rollup && a->order == b->order && !same_leg) {
        return convict(t, "it promised position %u of rollup %llu in slot %llu twice", a->order,
                       (unsigned long long)a->rollup, (unsigned long long)a->slot);
    }
    if (a->slot == b->slot && a->seq == b->seq && !hash32_equal(&a->bundle_id, &b->bundle_id)) {
        return convict(t, "it gave two bundles the sequence number %u of slot %llu", a->seq,
                       (unsigned long long)a->slot);
    }
    return dismiss(t, "both promises can be kept");
}

static int judge_two_orders(struct trial *t)
{
    struct pro_order a;
    struct pro_order b;
    int rc = take_order(t, t->e->artifact, &a);
    rc = rc != 0 ? rc : take_order(t, t->e->other, &b);
    if (rc != 0) {
        return rc;
    }
    if (a.slot != b.slot || a.rollup != b.rollup) {
        return dismiss(t, "the order commitments are for different places");
    }
    if (a.count == b.count && memcmp(a.commitment.b, b.commitment.b, 48) == 0) {
        return dismiss(t, "the order commitments say the same");
    }
    return convict(t, "it sealed two orders for rollup %llu in slot %llu",
                   (unsigned long long)a.rollup, (unsigned long long)a.slot);
}

static int judge_two_blocks(struct trial *t)
{
    struct pro_header a;
    struct pro_header b;
    int rc = take_header(t, t->e->artifact, &a);
    rc = rc != 0 ? rc : take_header(t, t->e->other, &b);
    if (rc != 0) {
        return rc;
    }
    /* A finalized block stands once in a slot, whatever its round. */
    if (a.slot != b.slot || a.rollup != b.rollup || a.final != b.final ||
        (!a.final && a.round != b.round)) {
        return dismiss(t, "the headers are for different places");
    }
    if (bytes_equal((struct bytes){t->e->artifact.data, t->e->artifact.len - 65},
                    (struct bytes){t->e->other.data, t->e->other.len - 65})) {
        return dismiss(t, "the headers say the same");
    }
    return convict(t, "it signed two %s for rollup %llu, slot %llu, round %u",
                   a.final ? "finalized blocks" : "blocks", (unsigned long long)a.rollup,
                   (unsigned long long)a.slot, a.round);
}

/* Bundles stand in the order of their numbers, legs of a bundle in theirs. */
static bool comes_before(const struct pro_promise *a, const struct pro_promise *b)
{
    return a->seq < b->seq || (a->seq == b->seq && a->leg < b->leg);
}

static int judge_broken_order(struct trial *t)
{
    const struct pro_promise *a = &t->e->promise;
    const struct pro_promise *b = &t->e->second;
    int rc = take_promise(t, a);
    rc = rc != 0 ? rc : take_promise(t, b);
    if (rc != 0) {
        return rc;
    }
    if (a->slot != b->slot || a->rollup != b->rollup || !comes_before(a, b) ||
        a->order < b->order) {
        return dismiss(t, "the promises keep the global order");
    }
    return convict(t, "it promised position %u to bundle %u and %u to bundle %u on rollup %llu",
                   a->order, a->seq, b->order, b->seq, (unsigned long long)a->rollup);
}

/* ---- Openings ---- */

static int take_opening(struct trial *t, const struct vc_commitment *c, uint32_t order)
{
    t->gas += PRO_GAS_POINT_EVALUATION;
    int rc = vc_verify(t->vc, c, order, &t->e->opening.y, &t->e->opening.proof);
    return rc == 0 ? 0 : dismiss(t, "the opening does not verify");
}

static int judge_order_breaks_promise(struct trial *t)
{
    const struct pro_promise *p = &t->e->promise;
    struct pro_order o;
    struct hash32 leaf;
    struct hash32 promised;
    int rc = take_promise(t, p);
    rc = rc != 0 ? rc : take_order(t, t->e->artifact, &o);
    if (rc != 0) {
        return rc;
    }
    if (o.slot != p->slot || o.rollup != p->rollup) {
        return dismiss(t, "promise and order commitment are for different places");
    }
    if (p->order >= o.count) {
        return convict(t, "it sealed %u positions of rollup %llu and had promised position %u",
                       o.count, (unsigned long long)o.rollup, p->order);
    }
    rc = take_opening(t, &o.commitment, p->order);
    if (rc != 0) {
        return rc;
    }
    t->gas += pro_gas_keccak(72);
    pro_order_leaf(&p->enc_tx_hash, &p->bundle_id, p->leg, p->n_legs, &leaf);
    vc_leaf_to_field(&leaf, &promised);
    if (hash32_equal(&promised, &t->e->opening.y)) {
        return dismiss(t, "the order commitment keeps the promise");
    }
    return convict(t, "it sealed another leg at position %u of rollup %llu than it had promised",
                   p->order, (unsigned long long)o.rollup);
}

/* The preimage is what the opened value stands for. */
static int take_preimage(struct trial *t)
{
    const struct pro_preimage *m = &t->e->preimage;
    struct hash_keccak h;
    struct hash32 leaf;
    struct hash32 element;
    uint8_t places[8];
    for (int i = 0; i < 4; i++) {
        places[i] = (uint8_t)(m->leg >> (24 - 8 * i));
        places[4 + i] = (uint8_t)(m->n_legs >> (24 - 8 * i));
    }
    hash_keccak_init(&h);
    hash_keccak_add(&h, BYTES_OF(m->enc_tx_hash));
    hash_keccak_add(&h, BYTES_OF(m->tx_hash));
    hash_keccak_add(&h, BYTES_OF(m->bundle_id));
    hash_keccak_add(&h, bytes_of(places, sizeof(places)));
    hash_keccak_end(&h, &leaf);
    vc_leaf_to_field(&leaf, &element);
    t->gas += pro_gas_keccak(104);
    return hash32_equal(&element, &t->e->opening.y)
               ? 0
               : dismiss(t, "the preimage is not that of the opened value");
}

static int take_promised_header(struct trial *t, struct pro_header *h)
{
    const struct pro_promise *p = &t->e->promise;
    int rc = take_promise(t, p);
    rc = rc != 0 ? rc : take_header(t, t->e->artifact, h);
    if (rc == 0 && (h->slot != p->slot || h->rollup != p->rollup || h->round != 0 || h->final)) {
        rc = dismiss(t, "promise and proposal block are for different places");
    }
    return rc;
}

static int judge_block_breaks_promise(struct trial *t)
{
    const struct pro_promise *p = &t->e->promise;
    const struct pro_preimage *m = &t->e->preimage;
    struct pro_header h;
    int rc = take_promised_header(t, &h);
    if (rc != 0) {
        return rc;
    }
    if (p->order >= h.count) {
        return convict(t, "its block of rollup %llu has %u positions and it had promised %u",
                       (unsigned long long)h.rollup, h.count, p->order);
    }
    rc = take_opening(t, &h.commitment, p->order);
    if (rc == 0 && hash32_is_zero(&t->e->opening.y)) {
        return convict(t, "its block of rollup %llu is empty at position %u, which it had promised",
                       (unsigned long long)h.rollup, p->order);
    }
    rc = rc != 0 ? rc : take_preimage(t);
    if (rc != 0) {
        return rc;
    }
    if (hash32_equal(&m->enc_tx_hash, &p->enc_tx_hash) &&
        hash32_equal(&m->bundle_id, &p->bundle_id) && m->leg == p->leg && m->n_legs == p->n_legs) {
        return dismiss(t, "the block keeps the promise");
    }
    return convict(t, "its block of rollup %llu has another leg at position %u than it promised",
                   (unsigned long long)h.rollup, p->order);
}

/* ---- The time-lock ---- */

static size_t gas_of_modexp(const struct trial *t, size_t exponent_bits)
{
    size_t bytes = tlp_params_element_bytes(t->params);
    return pro_gas_modexp(bytes, exponent_bits, bytes);
}

/* The promised leg's bytes, and the parameters it was locked under. */
static int take_leg_bytes(struct trial *t)
{
    CLEANUP(buf_fini) struct buf why = {0};
    struct hash32 hash;
    int rc = take_promise(t, &t->e->promise);
    if (rc != 0) {
        return rc;
    }
    rc = tlp_params_decode(t->e->params, &t->params, &why);
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    if (rc != 0 || !hash32_equal(tlp_params_digest(t->params), &t->d.timelock)) {
        return dismiss(t, "the time-lock parameters are not the deployment's");
    }
    t->gas += pro_gas_keccak(t->e->leg.len + 16);
    pro_leg_hash(t->e->leg, &hash);
    return hash32_equal(&hash, &t->e->promise.enc_tx_hash)
               ? 0
               : dismiss(t, "the leg is not the promised one");
}

static int take_leg(struct trial *t, struct pro_leg *out)
{
    int rc = take_leg_bytes(t);
    if (rc == 0 && pro_leg_decode(t->e->leg, out) != 0) {
        rc = dismiss(t, "the leg is malformed: that is a bad admission");
    }
    return rc;
}

static int leg_context(const struct trial *t, const struct pro_leg *leg, struct buf *out)
{
    pro_leg_context(&t->deployment.id, leg->open_bytes, out);
    return out->err;
}

static struct tlp_puzzle puzzle_of(const struct pro_leg *leg)
{
    return (struct tlp_puzzle){leg->u, leg->q, leg->proof, leg->sealed};
}

static int judge_bad_admission(struct trial *t)
{
    CLEANUP(buf_fini) struct buf context = {0};
    struct pro_leg leg;
    int rc = take_leg_bytes(t);
    if (rc != 0) {
        return rc;
    }
    rc = pro_leg_decode(t->e->leg, &leg);
    if (rc != 0) {
        return convict(t, "it promised a position to bytes that are no leg");
    }
    rc = leg_context(t, &leg, &context);
    if (rc != 0) {
        return rc;
    }
    struct tlp_puzzle puzzle = puzzle_of(&leg);
    /* g^z u^c and (h^z)^e Q^c */
    size_t z_bits = 8 * leg.proof.len;
    t->gas += 2 * gas_of_modexp(t, z_bits) + 2 * gas_of_modexp(t, 128) + gas_of_modexp(t, 64);
    rc = tlp_verify(t->params, buf_view(&context), &puzzle);
    if (rc == 0) {
        return dismiss(t, "the leg's time-lock proof verifies");
    }
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    return convict(t, "it promised a position to a leg whose time-lock proof is false (%s)",
                   err_text(rc));
}

/* Out: 0 if w opens the leg to a transaction valid on its face; ERR_MISMATCH if to anything else;
 * ERR_PROOF if w is not the leg's. *plain: what it opens to. */
static int open_leg(struct trial *t, const struct pro_leg *leg, struct bytes w, struct buf *plain)
{
    CLEANUP(buf_fini) struct buf context = {0};
    struct tlp_puzzle puzzle = puzzle_of(leg);
    int rc = leg_context(t, leg, &context);
    t->gas += gas_of_modexp(t, 64) + PRO_GAS_AES_BLOCK * (leg->sealed.len / 16 + 1);
    rc = rc != 0 ? rc : tlp_open(t->params, buf_view(&context), &puzzle, w, plain);
    if (rc == 0) {
        rc = pro_tx_on_face(&t->deployment.id, leg, buf_view(plain));
        rc = rc != 0 && rc != ERR_NOMEM ? ERR_MISMATCH : rc;
    } else if (rc != ERR_MISMATCH && rc != ERR_NOMEM && rc != ERR_CRYPTO) {
        rc = ERR_PROOF;
    }
    return rc;
}

static int judge_opening(struct trial *t, const struct pro_leg *leg, const struct pro_opening *o)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    int rc = open_leg(t, leg, o->w, &plain);
    if (rc == ERR_PROOF) {
        return convict(t, "it published an opening that is not the leg's");
    }
    if (rc != 0 && rc != ERR_MISMATCH) {
        return rc;
    }
    if ((rc == 0) == (o->verdict == PRO_OPEN)) {
        return dismiss(t, "the opening is right, and so is its verdict");
    }
    return convict(t, "%s",
                   rc == 0 ? "it called a leg bogus that opens to a transaction"
                           : "it called a leg open that opens to no transaction");
}

static int judge_wrong_openings(struct trial *t)
{
    CLEANUP(pro_openings_fini) struct pro_openings o = {0};
    const struct pro_promise *p = &t->e->promise;
    struct pro_leg leg;
    struct bytes body;
    int rc = take_leg(t, &leg);
    rc = rc != 0 ? rc : take_artifact(t, PRO_TAG_OPENINGS, t->e->artifact, &body);
    if (rc != 0) {
        return rc;
    }
    rc = pro_openings_decode(body, &o);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : dismiss(t, "the openings are malformed");
    }
    if (o.slot != p->slot || o.rollup != p->rollup) {
        return dismiss(t, "promise and openings are for different places");
    }
    if (p->order >= o.count) {
        return convict(t, "it published %u openings and had promised position %u", o.count,
                       p->order);
    }
    return judge_opening(t, &leg, &o.items[p->order]);
}

static int judge_wrong_plaintext(struct trial *t)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    struct pro_header h;
    struct pro_leg leg;
    struct hash32 expected;
    int rc = take_leg(t, &leg);
    rc = rc != 0 ? rc : take_promised_header(t, &h);
    rc = rc != 0 ? rc : take_opening(t, &h.commitment, t->e->promise.order);
    rc = rc != 0 ? rc : take_preimage(t);
    if (rc != 0) {
        return rc;
    }
    if (!hash32_equal(&t->e->preimage.enc_tx_hash, &t->e->promise.enc_tx_hash)) {
        return dismiss(t, "the preimage is another leg's");
    }
    rc = open_leg(t, &leg, t->e->other, &plain);
    if (rc == ERR_PROOF) {
        return dismiss(t, "the opening is not the leg's");
    }
    if (rc != 0 && rc != ERR_MISMATCH) {
        return rc;
    }
    t->gas += pro_gas_keccak(plain.len);
    hash_keccak256(buf_view(&plain), &expected);
    if (hash32_equal(&expected, &t->e->preimage.tx_hash)) {
        return dismiss(t, "the block holds what the leg opens to");
    }
    return convict(t,
                   "its block of rollup %llu holds another transaction at position %u than was "
                   "sealed",
                   (unsigned long long)h.rollup, t->e->promise.order);
}

/* ---- The trial ---- */

static int hear(struct trial *t)
{
    switch (t->e->kind) {
    case PRO_EVIDENCE_TWO_PROMISES:
        return judge_two_promises(t);
    case PRO_EVIDENCE_TWO_ORDERS:
        return judge_two_orders(t);
    case PRO_EVIDENCE_TWO_BLOCKS:
        return judge_two_blocks(t);
    case PRO_EVIDENCE_ORDER_BREAKS_PROMISE:
        return judge_order_breaks_promise(t);
    case PRO_EVIDENCE_BLOCK_BREAKS_PROMISE:
        return judge_block_breaks_promise(t);
    case PRO_EVIDENCE_BROKEN_ORDER:
        return judge_broken_order(t);
    case PRO_EVIDENCE_BAD_ADMISSION:
        return judge_bad_admission(t);
    case PRO_EVIDENCE_WRONG_OPENINGS:
        return judge_wrong_openings(t);
    case PRO_EVIDENCE_WRONG_PLAINTEXT:
        return judge_wrong_plaintext(t);
    }
    return ERR_UNSUPPORTED;
}

static uint64_t slot_of(const struct pro_evidence *e)
{
    struct rd r = rd_from(e->artifact);
    bool two_artifacts = e->kind == PRO_EVIDENCE_TWO_ORDERS || e->kind == PRO_EVIDENCE_TWO_BLOCKS;
    return two_artifacts ? rd_u64(&r) : e->promise.slot; /* both bodies begin with it */
}

int pro_evidence_judge(const struct vc_setup *vc, struct bytes evidence, struct pro_conviction *out,
                       struct buf *why)
{
    struct pro_evidence e;
    CLEANUP(trial_fini) struct trial t = {.vc = vc, .e = &e, .why = why};
    int rc = pro_evidence_decode(evidence, &e);
    rc = rc != 0 ? rc : pro_descriptor_decode(e.descriptor, &t.d);
    if (rc != 0) {
        return rc;
    }
    t.gas = PRO_GAS_TRANSACTION + pro_gas_calldata(evidence) + pro_gas_keccak(e.descriptor.len);
    pro_descriptor_id(e.descriptor, &t.deployment.id);
    t.deployment.l1_chain_id = t.d.l1_chain_id;
    pro_preconf_domain(&t.deployment, &t.domain);
    rc = hear(&t);
    if (rc == 0) {
        *out = (struct pro_conviction){.kind = e.kind,
                                       .deployment = t.deployment.id,
                                       .culprit = t.d.sequencer,
                                       .slot = slot_of(&e),
                                       .gas = t.gas,
                                       .sentence = t.sentence};
        t.sentence = (struct buf){0};
    }
    return rc;
}

void pro_conviction_fini(struct pro_conviction *c)
{
    buf_fini(&c->sentence);
}
