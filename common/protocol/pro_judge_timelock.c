/* The judge's kinds about time-locks: legs that should not have been admitted, openings and
 * plaintexts that are not theirs. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_check.h"
#include "common/protocol/pro_gas.h"
#include "common/protocol/pro_judge_parts.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

static uint64_t gas_of_modexp(const struct jdg_trial *t, size_t exponent_bits)
{
    size_t bytes = tlp_params_element_bytes(t->params);
    return pro_gas_modexp(bytes, exponent_bits, bytes);
}

/* g^z u^c and (h^z)^e Q^c; nothing for a proof whose form already is wrong. */
static uint64_t gas_of_admission(const struct jdg_trial *t, const struct tlp_puzzle *puzzle)
{
    enum tlp_profile profile;
    if (tlp_puzzle_profile(puzzle, &profile) != 0) {
        return 0;
    }
    int form = puzzle->proof.data[0];
    if ((form != 1 && form != 2) ||
        puzzle->proof.len != tlp_proof_bytes(t->params, profile, form)) {
        return 0;
    }
    /* Form 1 is two bytes, the challenge of 16, and z. */
    size_t z_bits = 8 * (tlp_proof_bytes(t->params, profile, 1) - 18);
    return 2 * gas_of_modexp(t, z_bits) + 2 * gas_of_modexp(t, 128) + gas_of_modexp(t, 64);
}

/* The promise, the promised leg's bytes, and the parameters it was locked under. The exact bytes of
 * both, so that a contract can do the same. Decoding comes last: it costs the most. */
static int take_leg_bytes(struct jdg_trial *t)
{
    struct hash32 hash;
    int rc = jdg_promise(t, &t->e->promise);
    if (rc != 0) {
        return rc;
    }
    t->gas += pro_gas_sha256(t->e->params.len);
    hash_sha256(t->e->params, &hash);
    if (!hash32_equal(&hash, &t->d.timelock)) {
        return jdg_dismiss(t, "the time-lock parameters are not the deployment's");
    }
    t->gas += pro_gas_keccak(strlen(PRO_LEG_TAG) + t->e->leg.len);
    pro_leg_hash(t->e->leg, &hash);
    return hash32_equal(&hash, &t->e->promise.enc_tx_hash)
               ? 0
               : jdg_dismiss(t, "the leg is not the promised one");
}

static int decode_params(struct jdg_trial *t)
{
    CLEANUP(buf_fini) struct buf why = {0};
    int rc = tlp_params_decode(t->e->params, &t->params, &why);
    if (rc == 0 || rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    return jdg_dismiss(t, "the deployment's time-lock parameters are malformed");
}

static int decode_leg(struct jdg_trial *t, struct pro_leg *out)
{
    if (pro_leg_decode(t->e->leg, out) != 0) {
        return jdg_dismiss(t, "the leg is malformed: that is a bad admission");
    }
    return decode_params(t);
}

static int leg_context(const struct jdg_trial *t, const struct pro_leg *leg, struct buf *out)
{
    pro_leg_context(&t->deployment.id, leg->open_bytes, out);
    return out->err;
}

static struct tlp_puzzle puzzle_of(const struct pro_leg *leg)
{
    return (struct tlp_puzzle){leg->u, leg->q, leg->proof, leg->sealed};
}

int jdg_bad_admission(struct jdg_trial *t)
{
    CLEANUP(buf_fini) struct buf context = {0};
    struct pro_leg leg;
    int rc = take_leg_bytes(t);
    if (rc != 0) {
        return rc;
    }
    rc = pro_leg_decode(t->e->leg, &leg);
    if (rc != 0) {
        return jdg_convict(t, "it promised a position to bytes that are no leg");
    }
    const struct pro_promise *p = &t->e->promise;
    if (p->rollup != leg.open.rollup || p->leg != leg.open.leg || p->n_legs != leg.open.n_legs) {
        return jdg_convict(
            t, "it promised leg %u of %u on rollup %llu to leg %u of %u for rollup %llu", p->leg,
            p->n_legs, (unsigned long long)p->rollup, leg.open.leg, leg.open.n_legs,
            (unsigned long long)leg.open.rollup);
    }
    rc = decode_params(t);
    rc = rc != 0 ? rc : leg_context(t, &leg, &context);
    if (rc != 0) {
        return rc;
    }
    struct tlp_puzzle puzzle = puzzle_of(&leg);
    t->gas += gas_of_admission(t, &puzzle);
    rc = tlp_verify(t->params, buf_view(&context), &puzzle);
    if (rc == 0) {
        return jdg_dismiss(t, "the leg is the promised one and its time-lock proof verifies");
    }
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    return jdg_convict(t, "it promised a position to a leg whose time-lock proof is false (%s)",
                       err_text(rc));
}

/* Out: 0 if w opens the leg to a transaction valid on its face; ERR_MISMATCH if to anything else;
 * ERR_PROOF if w is not the leg's. *plain: what it opens to. */
static int open_leg(struct jdg_trial *t, const struct pro_leg *leg, struct bytes w,
                    struct buf *plain)
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

static int judge_opening(struct jdg_trial *t, const struct pro_leg *leg,
                         const struct pro_opening *o)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    int rc = open_leg(t, leg, o->w, &plain);
    if (rc == ERR_PROOF) {
        return jdg_convict(t, "it published an opening that is not the leg's");
    }
    if (rc != 0 && rc != ERR_MISMATCH) {
        return rc;
    }
    if ((rc == 0) == (o->verdict == PRO_OPEN)) {
        return jdg_dismiss(t, "the opening is right, and so is its verdict");
    }
    return jdg_convict(t, "%s",
                       rc == 0 ? "it called a leg bogus that opens to a transaction"
                               : "it called a leg open that opens to no transaction");
}

int jdg_wrong_openings(struct jdg_trial *t)
{
    CLEANUP(pro_openings_fini) struct pro_openings o = {0};
    const struct pro_promise *p = &t->e->promise;
    struct pro_leg leg;
    struct bytes body;
    int rc = take_leg_bytes(t);
    rc = rc != 0 ? rc : jdg_artifact(t, PRO_TAG_OPENINGS, t->e->artifact, &body);
    if (rc != 0) {
        return rc;
    }
    rc = pro_openings_decode(body, &o);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : jdg_dismiss(t, "the openings are malformed");
    }
    if (o.slot != p->slot || o.rollup != p->rollup) {
        return jdg_dismiss(t, "promise and openings are for different places");
    }
    if (p->order >= o.count) {
        return jdg_convict(t, "it published %u openings and had promised position %u", o.count,
                           p->order);
    }
    rc = decode_leg(t, &leg);
    return rc != 0 ? rc : judge_opening(t, &leg, &o.items[p->order]);
}

int jdg_wrong_plaintext(struct jdg_trial *t)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    struct pro_header h;
    struct pro_leg leg;
    struct pro_preimage m;
    struct hash32 expected;
    int rc = take_leg_bytes(t);
    rc = rc != 0 ? rc : jdg_header_for(t, &t->e->promise, t->e->artifact, &h);
    if (rc == 0 && (h.round != 0 || h.final)) {
        rc = jdg_dismiss(t, "the block is no proposal block");
    }
    rc = rc != 0 ? rc : jdg_opening(t, &h.commitment, t->e->promise.order);
    rc = rc != 0 ? rc : jdg_preimage(t);
    if (rc != 0) {
        return rc;
    }
    if (pro_preimage_decode(t->e->preimage, &m) != 0 ||
        !hash32_equal(&m.enc_tx_hash, &t->e->promise.enc_tx_hash)) {
        return jdg_dismiss(t, "the preimage is another leg's");
    }
    rc = decode_leg(t, &leg);
    rc = rc != 0 ? rc : open_leg(t, &leg, t->e->other, &plain);
    if (rc == ERR_PROOF) {
        return jdg_dismiss(t, "the opening is not the leg's");
    }
    if (rc != 0 && rc != ERR_MISMATCH) {
        return rc;
    }
    t->gas += pro_gas_keccak(plain.len);
    hash_keccak256(buf_view(&plain), &expected);
    if (hash32_equal(&expected, &m.tx_hash)) {
        return jdg_dismiss(t, "the block holds what the leg opens to");
    }
    return jdg_convict(t,
                       "its block of rollup %llu holds another transaction at position %u than was "
                       "sealed",
                       (unsigned long long)h.rollup, t->e->promise.order);
}
