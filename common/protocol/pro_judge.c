/* Judging evidence: each kind's claim, checked with nothing but the evidence itself. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_gas.h"
#include "common/protocol/pro_judge_parts.h"
#include "common/protocol/pro_signed.h"

#include <stdarg.h>
#include <stdio.h>

static void trial_fini(struct jdg_trial *t)
{
    pro_descriptor_fini(&t->d);
    tlp_params_destroy(&t->params);
    buf_fini(&t->sentence);
}

int jdg_dismiss(struct jdg_trial *t, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_append_bytes(t->why, bytes_str(text));
    return t->why->err != 0 ? t->why->err : ERR_PROOF;
}

/* ---- Signatures ---- */

int jdg_promise(struct jdg_trial *t, const struct pro_promise *p)
{
    /* struct hash and digest of EIP-712 */
    t->gas += PRO_GAS_ECRECOVER + pro_gas_keccak((size_t)9 * 32) + pro_gas_keccak(66);
    if (pro_promise_verify(&t->domain, p, &t->d.sequencer) != 0) {
        return jdg_dismiss(t, "a promise is not signed by the sequencer");
    }
    return 0;
}

int jdg_artifact(struct jdg_trial *t, const char *tag, struct bytes artifact, struct bytes *body)
{
    if (pro_unsign_from(&t->deployment.id, tag, artifact, &t->d.sequencer, body) != 0) {
        return jdg_dismiss(t, "an artifact is not signed by the sequencer");
    }
    t->gas += PRO_GAS_ECRECOVER + pro_gas_keccak(32 + 2 + strlen(tag) + body->len);
    return 0;
}

int jdg_order(struct jdg_trial *t, struct bytes artifact, struct pro_order *out)
{
    struct bytes body;
    int rc = jdg_artifact(t, PRO_TAG_ORDER, artifact, &body);
    if (rc == 0 && pro_order_decode(body, out) != 0) {
        rc = jdg_dismiss(t, "the order commitment is malformed");
    }
    return rc;
}

int jdg_header(struct jdg_trial *t, struct bytes artifact, struct pro_header *out)
{
    struct bytes body;
    int rc = jdg_artifact(t, PRO_TAG_BLOCK, artifact, &body);
    if (rc == 0 && pro_header_decode(body, out) != 0) {
        rc = jdg_dismiss(t, "the block header is malformed");
    }
    return rc;
}

int jdg_header_for(struct jdg_trial *t, const struct pro_promise *p, struct bytes artifact,
                   struct pro_header *out)
{
    int rc = jdg_header(t, artifact, out);
    if (rc == 0 && (out->slot != p->slot || out->rollup != p->rollup)) {
        rc = jdg_dismiss(t, "promise and block are for different places");
    }
    return rc;
}

static const struct addr20 *executor_of(const struct jdg_trial *t, uint64_t rollup)
{
    for (uint32_t i = 0; i < t->d.n_executors; i++) {
        if (t->d.executors[i].rollup == rollup) {
            return &t->d.executors[i].address;
        }
    }
    return NULL;
}

int jdg_result(struct jdg_trial *t, struct bytes artifact, struct pro_result *out)
{
    struct bytes body;
    struct addr20 signer;
    if (pro_unsign(&t->deployment.id, PRO_TAG_RESULT, artifact, &body, &signer) != 0) {
        return jdg_dismiss(t, "a result is not signed");
    }
    t->gas += PRO_GAS_ECRECOVER + pro_gas_keccak(32 + 2 + strlen(PRO_TAG_RESULT) + body.len);
    if (pro_result_decode(body, out) != 0) {
        return jdg_dismiss(t, "the result is malformed");
    }
    const struct addr20 *executor = executor_of(t, out->rollup);
    if (executor == NULL || !addr20_equal(executor, &signer)) {
        return jdg_dismiss(t, "a result is not signed by the executor of its rollup");
    }
    t->culprit = signer;
    t->slot = out->slot;
    return 0;
}

/* ---- Openings ---- */

int jdg_opening_of(struct jdg_trial *t, const struct vc_commitment *c, uint32_t order,
                   const struct pro_opening_proof *opening)
{
    t->gas += pro_gas_sha256(sizeof(c->b)) + PRO_GAS_POINT_EVALUATION; /* its versioned hash */
    int rc = vc_verify(t->vc, c, order, &opening->y, &opening->proof);
    return rc == 0 ? 0 : jdg_dismiss(t, "the opening does not verify");
}

int jdg_preimage_of(struct jdg_trial *t, const struct pro_opening_proof *opening,
                    struct bytes preimage)
{
    struct hash32 leaf;
    struct hash32 element;
    t->gas += pro_gas_keccak(preimage.len);
    hash_keccak256(preimage, &leaf);
    vc_leaf_to_field(&leaf, &element);
    return hash32_equal(&element, &opening->y)
               ? 0
               : jdg_dismiss(t, "the preimage is not that of the opened value");
}

int jdg_opening(struct jdg_trial *t, const struct vc_commitment *c, uint32_t order)
{
    return jdg_opening_of(t, c, order, &t->e->opening);
}

int jdg_preimage(struct jdg_trial *t)
{
    return jdg_preimage_of(t, &t->e->opening, t->e->preimage);
}

int jdg_no_preimage(struct jdg_trial *t)
{
    return t->e->preimage.len == 0 ? 0 : jdg_dismiss(t, "a preimage of nothing");
}

int jdg_no_opening(struct jdg_trial *t)
{
    static const struct pro_opening_proof none;
    if (memcmp(&t->e->opening, &none, sizeof(none)) != 0) {
        return jdg_dismiss(t, "an opening beyond the end");
    }
    return jdg_no_preimage(t);
}

/* ---- The trial ---- */

static int hear(struct jdg_trial *t)
{
    switch (t->e->kind) {
    case PRO_EVIDENCE_TWO_PROMISES:
        return jdg_two_promises(t);
    case PRO_EVIDENCE_TWO_ORDERS:
        return jdg_two_orders(t);
    case PRO_EVIDENCE_TWO_BLOCKS:
        return jdg_two_blocks(t);
    case PRO_EVIDENCE_ORDER_BREAKS_PROMISE:
        return jdg_order_breaks_promise(t);
    case PRO_EVIDENCE_BLOCK_BREAKS_PROMISE:
        return jdg_block_breaks_promise(t);
    case PRO_EVIDENCE_BROKEN_ORDER:
        return jdg_broken_order(t);
    case PRO_EVIDENCE_BAD_ADMISSION:
        return jdg_bad_admission(t);
    case PRO_EVIDENCE_WRONG_OPENINGS:
        return jdg_wrong_openings(t);
    case PRO_EVIDENCE_WRONG_PLAINTEXT:
        return jdg_wrong_plaintext(t);
    case PRO_EVIDENCE_SPLIT_BUNDLE:
        return jdg_split_bundle(t);
    case PRO_EVIDENCE_FOREIGN_CAUSE:
        return jdg_foreign_cause(t);
    case PRO_EVIDENCE_TWO_RESULTS:
        return jdg_two_results(t);
    case PRO_EVIDENCE_FALSE_STEP:
        return jdg_false_step(t);
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
    CLEANUP(trial_fini) struct jdg_trial t = {.vc = vc, .e = &e, .why = why};
    int rc = pro_evidence_decode(evidence, &e);
    rc = rc != 0 ? rc : pro_descriptor_decode(e.descriptor, &t.d);
    if (rc != 0) {
        return rc;
    }
    t.gas = PRO_GAS_TRANSACTION + pro_gas_calldata(evidence) +
            pro_gas_keccak(strlen(PRO_DESCRIPTOR_TAG) + e.descriptor.len);
    pro_descriptor_id(e.descriptor, &t.deployment.id);
    t.deployment.l1_chain_id = t.d.l1_chain_id;
    pro_preconf_domain(&t.deployment, &t.domain);
    t.culprit = t.d.sequencer;
    t.slot = slot_of(&e);
    rc = hear(&t);
    if (rc == 0) {
        *out = (struct pro_conviction){.kind = e.kind,
                                       .deployment = t.deployment.id,
                                       .culprit = t.culprit,
                                       .slot = t.slot,
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
