/* Evidence: what decodes encodes again to the very bytes that came in, and is judged, as it is and
 * once more with every hash and signature put right that the seeds' culprit could have made,
 * which lets mutations through to what stands behind them. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_signed.h"

#include <stdio.h>

#ifndef KZG_SETUP_BIN
#error "the build passes the path of the KZG setup"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Loaded once, kept until the end. */
static const struct vc_setup *load_setup(void)
{
    static struct vc_setup *vc;
    static struct buf file;
    static uint8_t block[1 << 14];
    size_t got = 0;
    if (vc != NULL) {
        return vc;
    }
    FILE *f = fopen(KZG_SETUP_BIN, "rb");
    CHECK(f != NULL);
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(&file, block, got);
    }
    (void)fclose(f);
    CHECK(file.err == 0 && vc_setup_new(buf_view(&file), &vc) == 0);
    return vc;
}

static bool is_results(enum pro_evidence_kind kind)
{
    return kind == PRO_EVIDENCE_TWO_RESULTS || kind == PRO_EVIDENCE_FALSE_STEP;
}

/* Whose signature the evidence is about. */
static bool is_signer(const struct pro_descriptor *d, const struct addr20 *culprit,
                      enum pro_evidence_kind kind)
{
    bool found = !is_results(kind) && addr20_equal(culprit, &d->sequencer);
    for (uint32_t i = 0; is_results(kind) && i < d->n_executors; i++) {
        found |= addr20_equal(culprit, &d->executors[i].address);
    }
    return found;
}

static void judge(struct bytes evidence, const struct pro_evidence *e)
{
    CLEANUP(pro_conviction_fini) struct pro_conviction c = {0};
    CLEANUP(pro_descriptor_fini) struct pro_descriptor d = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    int rc = pro_evidence_judge(load_setup(), evidence, &c, &why);
    CHECK(rc != ERR_CRYPTO);
    CHECK((rc == ERR_PROOF) == (why.len > 0));
    if (rc == 0) {
        CHECK(pro_descriptor_decode(e->descriptor, &d) == 0);
        CHECK(is_signer(&d, &c.culprit, e->kind));
        CHECK(c.kind == e->kind && c.sentence.len > 0);
    }
}

/* Who signed. */
struct signer {
    struct sig_key key;
    struct pro_deployment deployment;
    struct hash32 domain;
};

static void sign_promise(const struct signer *s, struct pro_promise *p)
{
    struct hash32 digest;
    pro_promise_digest(&s->domain, p, &digest);
    sig_sign(&s->key, &digest, &p->sig);
}

static void sign_artifact(const struct signer *s, const char *tag, struct bytes *artifact,
                          struct buf *out)
{
    if (artifact->len >= sizeof(struct sig65)) {
        artifact->len -= sizeof(struct sig65);
        pro_sign(&s->deployment.id, tag, &s->key, *artifact, out);
        *artifact = buf_view(out);
    }
}

static const char *tag_of(enum pro_evidence_kind kind)
{
    if (kind == PRO_EVIDENCE_TWO_ORDERS || kind == PRO_EVIDENCE_ORDER_BREAKS_PROMISE) {
        return PRO_TAG_ORDER;
    }
    if (is_results(kind)) {
        return PRO_TAG_RESULT;
    }
    return kind == PRO_EVIDENCE_WRONG_OPENINGS ? PRO_TAG_OPENINGS : PRO_TAG_BLOCK;
}

static void sign_again(struct pro_evidence *e)
{
    CLEANUP(pro_descriptor_fini) struct pro_descriptor d = {0};
    CLEANUP(buf_fini) struct buf artifact = {0};
    CLEANUP(buf_fini) struct buf other = {0};
    CLEANUP(buf_fini) struct buf again = {0};
    CLEANUP(buf_fini) struct buf descriptor = {0};
    struct signer s;
    if (pro_descriptor_decode(e->descriptor, &d) != 0) {
        return;
    }
    if (pro_evidence_has(e->kind, PRO_FIELD_PARAMS)) {
        hash_sha256(e->params, &d.timelock);
        pro_descriptor_encode(&d, &descriptor);
        e->descriptor = buf_view(&descriptor);
        pro_leg_hash(e->leg, &e->promise.enc_tx_hash);
    }
    const uint64_t rollup = 20; /* of the executor that lies in the seeds */
    sig_key_from_seed(&s.key, is_results(e->kind) ? bytes_of(&rollup, sizeof(rollup))
                                                  : bytes_str("sequencer"));
    pro_descriptor_id(e->descriptor, &s.deployment.id);
    s.deployment.l1_chain_id = d.l1_chain_id;
    pro_preconf_domain(&s.deployment, &s.domain);
    sign_promise(&s, &e->promise);
    sign_promise(&s, &e->second);
    sign_artifact(&s, tag_of(e->kind), &e->artifact, &artifact);
    if (e->kind != PRO_EVIDENCE_WRONG_PLAINTEXT && e->kind != PRO_EVIDENCE_FALSE_STEP) {
        sign_artifact(&s, tag_of(e->kind), &e->other, &other);
    }
    pro_evidence_encode(e, &again);
    CHECK(again.err == 0);
    judge(buf_view(&again), e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    CLEANUP(buf_fini) struct buf again = {0};
    struct pro_evidence e;
    if (pro_evidence_decode(in, &e) != 0) {
        return 0;
    }
    pro_evidence_encode(&e, &again);
    CHECK(again.err == 0 && bytes_equal(buf_view(&again), in));
    judge(in, &e);
    sign_again(&e);
    return 0;
}
