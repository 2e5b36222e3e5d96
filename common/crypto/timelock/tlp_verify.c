#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/wire.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp_int.h"

void tlp_claim_fini(struct tlp_claim *claim)
{
    BN_clear_free(claim->z);
    BN_clear_free(claim->u);
    BN_clear_free(claim->q);
    claim->z = claim->u = claim->q = NULL;
}

int tlp_puzzle_profile(const struct tlp_puzzle *puzzle, enum tlp_profile *out)
{
    if (puzzle->proof.len < 2) {
        return ERR_TRUNCATED;
    }
    uint8_t profile = puzzle->proof.data[1];
    if (profile != TLP_FULL && profile != TLP_SHORT) {
        return ERR_NONCANONICAL;
    }
    *out = (enum tlp_profile)profile;
    return 0;
}

static int load_proof(struct tlp_work *work, const struct tlp_params *params,
                      const struct tlp_puzzle *puzzle, struct tlp_claim *claim)
{
    int rc = tlp_puzzle_profile(puzzle, &claim->s.profile);
    if (rc != 0) {
        return rc;
    }
    claim->form = puzzle->proof.data[0];
    if (claim->form != 1 && claim->form != 2) {
        return ERR_NONCANONICAL;
    }
    size_t want = tlp_proof_bytes(params, claim->s.profile, claim->form);
    if (puzzle->proof.len != want) {
        return puzzle->proof.len < want ? ERR_TRUNCATED : ERR_TRAILING;
    }
    struct rd r = rd_from(puzzle->proof);
    rd_view(&r, 2);
    if (claim->form == 1) {
        rd_fixed(&r, claim->c, TLP_CHALLENGE_BYTES);
    } else {
        claim->a = rd_view(&r, params->ring.bytes).data;
        claim->b = rd_view(&r, params->ring.bytes).data;
    }
    size_t z_bits = tlp_profile_bits(params, claim->s.profile) + 256;
    struct bytes z = rd_view(&r, z_bits / 8);
    rc = rd_end(&r);
    CHECK(rc == 0);
    claim->z = tlp_bn_new(work);
    if (claim->z == NULL || BN_bin2bn(z.data, (int)z.len, claim->z) == NULL) {
        return ERR_NOMEM;
    }
    return (size_t)BN_num_bits(claim->z) >= z_bits - 1 ? 0 : ERR_NONCANONICAL;
}

int tlp_claim_load(struct tlp_work *work, const struct tlp_params *params, struct bytes ctx,
                   const struct tlp_puzzle *puzzle, struct tlp_claim *claim)
{
    *claim =
        (struct tlp_claim){.s = {.ctx = ctx, .ct = puzzle->ct, .u = puzzle->u, .q = puzzle->q}};
    if (puzzle->ct.len < AEAD_TAG_BYTES) {
        return ERR_TRUNCATED;
    }
    int rc = load_proof(work, params, puzzle, claim);
    if (rc != 0) {
        return rc;
    }
    claim->u = tlp_bn_new(work);
    claim->q = tlp_bn_new(work);
    if (work->err != 0) {
        return work->err;
    }
    rc = tlp_elem_get(work, puzzle->u, claim->u);
    if (rc == 0) {
        rc = tlp_elem_get(work, puzzle->q, claim->q);
    }
    if (rc == 0) {
        rc = tlp_hash_exponent(&params->ring, puzzle->u, &claim->s.e);
    }
    if (rc == 0 && claim->form == 2) {
        rc = tlp_hash_challenge(params, &claim->s, claim->a, claim->b, claim->c);
    }
    return rc;
}

/* out = base^z * x^c */
static void commitment(struct tlp_work *work, const struct tlp_comb *base, const BIGNUM *z,
                       BIGNUM *x, BIGNUM *c, uint8_t *out)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *left = tlp_bn_new(work);
    CLEANUP(tlp_bn_cleanup) BIGNUM *right = tlp_bn_new(work);
    BIGNUM *bases[] = {x};
    BIGNUM *exps[] = {c};
    tlp_comb_pow(work, base, left, z);
    tlp_multi_pow(work, right, 1, bases, exps);
    tlp_mul(work, left, left, right);
    tlp_elem_put(work, left, out);
}

/* What A and B must have been: g^z u^c and (h^z)^e Q^c. */
static int recompute(struct tlp_work *work, const struct tlp_params *params,
                     const struct tlp_claim *claim, uint8_t *a, uint8_t *b)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *c = tlp_bn_new(work);
    CLEANUP(tlp_bn_cleanup) BIGNUM *ze = tlp_bn_new(work);
    if (work->err != 0 || BN_bin2bn(claim->c, TLP_CHALLENGE_BYTES, c) == NULL ||
        BN_copy(ze, claim->z) == NULL || BN_mul_word(ze, claim->s.e) != 1) {
        return ERR_NOMEM;
    }
    commitment(work, &params->g_comb, claim->z, claim->u, c, a);
    commitment(work, &params->h_comb, ze, claim->q, c, b);
    return work->err;
}

static int verify_claim(struct tlp_work *work, const struct tlp_params *params,
                        const struct tlp_claim *claim)
{
    uint8_t a[TLP_ELEMENT_BYTES_MAX], b[TLP_ELEMENT_BYTES_MAX];
    size_t bytes = params->ring.bytes;
    int rc = recompute(work, params, claim, a, b);
    if (rc != 0) {
        return rc;
    }
    if (claim->form == 1) {
        uint8_t c[TLP_CHALLENGE_BYTES];
        rc = tlp_hash_challenge(params, &claim->s, a, b, c);
        if (rc == 0 && memcmp(c, claim->c, sizeof(c)) != 0) {
            rc = ERR_PROOF;
        }
        return rc;
    }
    if (memcmp(a, claim->a, bytes) == 0 && memcmp(b, claim->b, bytes) == 0) {
        return 0;
    }
    /* Not equal to an element: is it one at all? */
    rc = tlp_elem_check(&params->ring, bytes_of(claim->a, bytes));
    if (rc == 0) {
        rc = tlp_elem_check(&params->ring, bytes_of(claim->b, bytes));
    }
    return rc == 0 ? ERR_PROOF : rc;
}

int tlp_verify(const struct tlp_params *params, struct bytes ctx, const struct tlp_puzzle *puzzle)
{
    CLEANUP(tlp_work_fini) struct tlp_work work;
    tlp_work_init(&work, &params->ring);
    CLEANUP(tlp_claim_fini) struct tlp_claim claim;
    int rc = tlp_claim_load(&work, params, ctx, puzzle, &claim);
    return rc == 0 ? verify_claim(&work, params, &claim) : rc;
}

int tlp_proof_compact(const struct tlp_params *params, struct bytes ctx,
                      const struct tlp_puzzle *puzzle, struct buf *out)
{
    CLEANUP(tlp_work_fini) struct tlp_work work;
    tlp_work_init(&work, &params->ring);
    CLEANUP(tlp_claim_fini) struct tlp_claim claim;
    int rc = tlp_claim_load(&work, params, ctx, puzzle, &claim);
    if (rc == 0 && claim.form != 2) {
        rc = ERR_UNSUPPORTED;
    }
    if (rc != 0) {
        return rc;
    }
    size_t z_bytes = (tlp_profile_bits(params, claim.s.profile) + 256) / 8;
    rc = buf_reserve(out, tlp_proof_bytes(params, claim.s.profile, 1));
    if (rc != 0) {
        return rc;
    }
    wr_u8(out, 1);
    wr_u8(out, (uint8_t)claim.s.profile);
    wr_fixed(out, claim.c, TLP_CHALLENGE_BYTES);
    wr_fixed(out, puzzle->proof.data + puzzle->proof.len - z_bytes, z_bytes);
    return out->err;
}

int tlp_exponent(const struct tlp_params *params, struct bytes u, uint64_t *e)
{
    int rc = tlp_elem_check(&params->ring, u);
    return rc == 0 ? tlp_hash_exponent(&params->ring, u, e) : rc;
}
