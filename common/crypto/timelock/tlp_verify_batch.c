/* Many proofs at once. With secret random weights a_i, b_i of 80 bits,
 *     prod A_i^(a_i) B_i^(b_i) = g^(sum a_i z_i) h^(sum b_i e_i z_i) prod u_i^(a_i c_i) Q_i^(b_i
 * c_i) holds for false proofs with a probability of 2^-80: the group's order has no factor below
 * that, which is what the sign rule and the safe primes are for. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/timelock/tlp_int.h"

#define WEIGHT_BYTES 10

struct batch {
    const struct tlp_params *params;
    struct tlp_work work;
    size_t n; /* claims taking part */
    struct tlp_claim *claims;
    size_t *index;      /* of each claim among the puzzles */
    BIGNUM **left;      /* A_0, B_0, A_1, ... */
    BIGNUM **left_exp;  /* a_0, b_0, a_1, ... */
    BIGNUM **right;     /* u_0, Q_0, u_1, ... */
    BIGNUM **right_exp; /* a_0 c_0, b_0 c_0, ... */
    BIGNUM *g_exp;
    BIGNUM *h_exp;
};

static void batch_init(struct batch *b, const struct tlp_params *params, size_t n)
{
    *b = (struct batch){.params = params};
    tlp_work_init(&b->work, &params->ring);
    b->claims = (struct tlp_claim *)calloc(n > 0 ? n : 1, sizeof(*b->claims));
    b->index = (size_t *)calloc(n > 0 ? n : 1, sizeof(*b->index));
    if (b->claims == NULL || b->index == NULL) {
        tlp_work_fail(&b->work, ERR_NOMEM);
    }
}

static void batch_fini(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        tlp_claim_fini(&b->claims[i]);
    }
    free(b->claims);
    free(b->index);
    tlp_bns_free(b->left, 2 * b->n);
    tlp_bns_free(b->left_exp, 2 * b->n);
    tlp_bns_free(b->right_exp, 2 * b->n);
    free(b->right); /* borrowed from the claims */
    BN_clear_free(b->g_exp);
    BN_clear_free(b->h_exp);
    tlp_work_fini(&b->work);
}

static bool is_machine_failure(int rc)
{
    return rc == ERR_NOMEM || rc == ERR_CRYPTO;
}

/* Sorts puzzle i: into the batch, or its verdict into *rc. Out: its exponent. Returns: 0 or a
 * failure of the machine. */
static int take(struct batch *b, size_t i, struct bytes ctx, const struct tlp_puzzle *puzzle,
                int *rc, uint64_t *exponent)
{
    struct tlp_claim *claim = &b->claims[b->n];
    *rc = tlp_claim_load(&b->work, b->params, ctx, puzzle, claim);
    *exponent = claim->s.e;
    if (*rc == 0 && claim->form == 2) {
        b->index[b->n++] = i;
        return 0;
    }
    tlp_claim_fini(claim);
    if (*rc == 0) {
        *rc = tlp_verify(b->params, ctx, puzzle);
    }
    return is_machine_failure(*rc) ? *rc : 0;
}

/* sum += weight * factor * z */
static bool add_product(struct batch *b, BIGNUM *sum, const BIGNUM *weight, uint64_t factor,
                        const BIGNUM *z, BIGNUM *scratch)
{
    return BN_mul(scratch, weight, z, b->work.ctx) == 1 && BN_mul_word(scratch, factor) == 1 &&
           BN_add(sum, sum, scratch) == 1;
}

static bool weigh(struct batch *b, size_t i, struct drbg *weights, BIGNUM *scratch)
{
    const struct tlp_claim *claim = &b->claims[i];
    BIGNUM *a = b->left_exp[2 * i], *w = b->left_exp[2 * i + 1];
    uint8_t raw[2 * WEIGHT_BYTES];
    drbg_fill(weights, raw, sizeof(raw));
    b->right[2 * i] = claim->u;
    b->right[2 * i + 1] = claim->q;
    return BN_bin2bn(raw, WEIGHT_BYTES, a) != NULL &&
           BN_bin2bn(raw + WEIGHT_BYTES, WEIGHT_BYTES, w) != NULL &&
           add_product(b, b->g_exp, a, 1, claim->z, scratch) &&
           add_product(b, b->h_exp, w, claim->s.e, claim->z, scratch) &&
           BN_bin2bn(claim->c, TLP_CHALLENGE_BYTES, scratch) != NULL &&
           BN_mul(b->right_exp[2 * i], a, scratch, b->work.ctx) == 1 &&
           BN_mul(b->right_exp[2 * i + 1], w, scratch, b->work.ctx) == 1;
}

/* Returns: 0 when both sides agree, ERR_PROOF, ERR_NONCANONICAL (some A or B) or ERR_NOMEM. */
static int weighted_check(struct batch *b, struct drbg *weights)
{
    struct tlp_work *work = &b->work;
    b->left = tlp_bns_new(work, 2 * b->n);
    b->left_exp = tlp_bns_new(work, 2 * b->n);
    b->right_exp = tlp_bns_new(work, 2 * b->n);
    b->right = (BIGNUM **)calloc(2 * b->n, sizeof(BIGNUM *));
    b->g_exp = tlp_bn_new(work);
    b->h_exp = tlp_bn_new(work);
    CLEANUP(tlp_bn_cleanup) BIGNUM *x = tlp_bn_new(work);
    CLEANUP(tlp_bn_cleanup) BIGNUM *y = tlp_bn_new(work);
    if (work->err != 0 || b->right == NULL) {
        return ERR_NOMEM;
    }
    size_t bytes = work->ring->bytes;
    for (size_t i = 0; i < b->n; i++) {
        int rc = tlp_elem_get(work, bytes_of(b->claims[i].a, bytes), b->left[2 * i]);
        if (rc == 0) {
            rc = tlp_elem_get(work, bytes_of(b->claims[i].b, bytes), b->left[2 * i + 1]);
        }
        if (rc != 0) {
            return rc;
        }
        if (!weigh(b, i, weights, x)) {
            return ERR_NOMEM;
        }
    }
    uint8_t left[TLP_ELEMENT_BYTES_MAX], right[TLP_ELEMENT_BYTES_MAX];
    tlp_multi_pow(work, x, 2 * b->n, b->left, b->left_exp);
    tlp_elem_put(work, x, left);
    tlp_multi_pow(work, x, 2 * b->n, b->right, b->right_exp);
    tlp_comb_pow(work, &b->params->g_comb, y, b->g_exp);
    tlp_mul(work, x, x, y);
    tlp_comb_pow(work, &b->params->h_comb, y, b->h_exp);
    tlp_mul(work, x, x, y);
    tlp_elem_put(work, x, right);
    if (work->err != 0) {
        return work->err;
    }
    return memcmp(left, right, bytes) == 0 ? 0 : ERR_PROOF;
}

int tlp_verify_batch(const struct tlp_params *params, size_t n, const struct bytes *ctxs,
                     const struct tlp_puzzle *puzzles, struct drbg *weights, int *rcs,
                     uint64_t *exponents)
{
    CHECK(n <= UINT32_MAX);
    CLEANUP(batch_fini) struct batch b;
    batch_init(&b, params, n);
    int rc = b.work.err;
    for (size_t i = 0; i < n && rc == 0; i++) {
        uint64_t exponent = 0;
        rc = take(&b, i, ctxs[i], &puzzles[i], &rcs[i], &exponent);
        if (exponents != NULL) {
            exponents[i] = exponent;
        }
    }
    if (rc == 0 && b.n > 0) {
        rc = b.n == 1 ? ERR_PROOF : weighted_check(&b, weights);
    }
    if (rc == ERR_PROOF || rc == ERR_NONCANONICAL) {
        rc = 0;
        for (size_t k = 0; k < b.n && rc == 0; k++) {
            size_t i = b.index[k];
            rcs[i] = tlp_verify(params, ctxs[i], &puzzles[i]);
            rc = is_machine_failure(rcs[i]) ? rcs[i] : 0;
        }
    }
    int bad = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        bad = rcs[i] != 0 ? ERR_PROOF : bad;
        if (exponents != NULL && rcs[i] != 0 && rcs[i] != ERR_PROOF) {
            exponents[i] = 0;
        }
    }
    return rc != 0 ? rc : bad;
}
