#include "common/crypto/timelock/tlp_group.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp.h"

/* Below, getting into the vectors and out again costs more than it saves. */
#define IFMA_CHAIN_MIN 8

/* Montgomery's factor is OpenSSL's own affair. Returns: whether it is 2^bits, as the kernel wants.
 */
static bool factor_is_known(const struct tlp_ring *ring)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *factor = BN_new();
    /* 2^(bits-1) < N < 2^bits */
    return factor != NULL && BN_set_bit(factor, (int)ring->bits) == 1 &&
           BN_sub(factor, factor, ring->mod) == 1 && BN_cmp(factor, ring->one) == 0;
}

int tlp_ring_init(struct tlp_ring *ring, uint32_t bits, const uint8_t *n)
{
    *ring = (struct tlp_ring){.bits = bits, .bytes = bits / 8};
    mpz_init(ring->n);
    tlp_mpz_from_bytes(ring->n, bytes_of(n, ring->bytes));
    ring->mod = BN_bin2bn(n, (int)ring->bytes, NULL);
    ring->half = BN_new();
    ring->one = BN_new();
    ring->mont = BN_MONT_CTX_new();
    BN_CTX *ctx = BN_CTX_new();
    bool ok = ring->mod != NULL && ring->half != NULL && ring->one != NULL && ring->mont != NULL &&
              ctx != NULL && BN_rshift1(ring->half, ring->mod) == 1 &&
              BN_MONT_CTX_set(ring->mont, ring->mod, ctx) == 1 && BN_one(ring->one) == 1 &&
              BN_to_montgomery(ring->one, ring->one, ring->mont, ctx) == 1;
    BN_CTX_free(ctx);
    if (ok && tlp_ifma_supported() && factor_is_known(ring)) {
        ok = tlp_ifma_new(bits, ring->n, &ring->ifma) == 0;
    }
    if (!ok) {
        tlp_ring_fini(ring);
        return ERR_NOMEM;
    }
    return 0;
}

void tlp_ring_fini(struct tlp_ring *ring)
{
    mpz_clear(ring->n);
    BN_clear_free(ring->mod);
    BN_clear_free(ring->half);
    BN_clear_free(ring->one);
    BN_MONT_CTX_free(ring->mont);
    tlp_ifma_destroy(&ring->ifma);
}

void tlp_work_init(struct tlp_work *work, const struct tlp_ring *ring)
{
    *work = (struct tlp_work){.ring = ring, .ctx = BN_CTX_new()};
    if (work->ctx == NULL) {
        work->err = ERR_NOMEM;
    }
}

void tlp_work_fini(struct tlp_work *work)
{
    BN_CTX_free(work->ctx);
    work->ctx = NULL;
}

void tlp_work_fail(struct tlp_work *work, int err)
{
    if (work->err == 0) {
        work->err = err;
    }
}

/* OpenSSL fails here for want of memory only: all operands are in range by construction. */
static void need(struct tlp_work *work, int ok)
{
    if (ok != 1) {
        tlp_work_fail(work, ERR_NOMEM);
    }
}

BIGNUM **tlp_bns_new(struct tlp_work *work, size_t n)
{
    BIGNUM **list = (BIGNUM **)calloc(n > 0 ? n : 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < n; i++) {
        list[i] = BN_new();
        if (list[i] == NULL) {
            tlp_bns_free(list, i);
            list = NULL;
        }
    }
    if (list == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
    return list;
}

void tlp_bns_free(BIGNUM **list, size_t n)
{
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        BN_clear_free(list[i]);
    }
    free(list);
}

void tlp_bn_cleanup(BIGNUM **x)
{
    BN_clear_free(*x);
}

BIGNUM *tlp_bn_new(struct tlp_work *work)
{
    BIGNUM *x = BN_new();
    if (x == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
    return x;
}

int tlp_elem_check(const struct tlp_ring *ring, struct bytes in)
{
    if (in.len != ring->bytes) {
        return in.len < ring->bytes ? ERR_TRUNCATED : ERR_TRAILING;
    }
    mpz_t x, twice;
    mpz_init(x);
    mpz_init(twice);
    tlp_mpz_from_bytes(x, in);
    mpz_mul_2exp(twice, x, 1);
    /* The symbol is 0 for 0 and for whatever shares a factor with N. */
    bool ok = mpz_cmp(twice, ring->n) < 0 && mpz_jacobi(x, ring->n) == 1;
    mpz_clear(x);
    mpz_clear(twice);
    return ok ? 0 : ERR_NONCANONICAL;
}

int tlp_elem_get(struct tlp_work *work, struct bytes in, BIGNUM *out)
{
    int rc = tlp_elem_check(work->ring, in);
    if (rc != 0) {
        return rc;
    }
    if (work->err != 0 || BN_bin2bn(in.data, (int)in.len, out) == NULL ||
        BN_to_montgomery(out, out, work->ring->mont, work->ctx) != 1) {
        return ERR_NOMEM;
    }
    return 0;
}

void tlp_elem_put(struct tlp_work *work, const BIGNUM *x, uint8_t *out)
{
    memset(out, 0, work->ring->bytes);
    CLEANUP(tlp_bn_cleanup) BIGNUM *plain = tlp_bn_new(work);
    if (work->err != 0) {
        return;
    }
    need(work, BN_from_montgomery(plain, x, work->ring->mont, work->ctx));
    if (work->err == 0 && BN_cmp(plain, work->ring->half) > 0) {
        need(work, BN_sub(plain, work->ring->mod, plain));
    }
    if (work->err == 0) {
        CHECK(BN_bn2binpad(plain, out, (int)work->ring->bytes) == (int)work->ring->bytes);
    }
}

void tlp_mul(struct tlp_work *work, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
    if (work->err == 0) {
        need(work, BN_mod_mul_montgomery(out, a, b, work->ring->mont, work->ctx));
    }
}

static void chain_openssl(struct tlp_work *work, BIGNUM *x, uint64_t n)
{
    for (uint64_t i = 0; i < n && work->err == 0; i++) {
        need(work, BN_mod_mul_montgomery(x, x, x, work->ring->mont, work->ctx));
    }
}

static void chain_ifma(struct tlp_work *work, BIGNUM *x, uint64_t n)
{
    uint64_t limbs[TLP_IFMA_LIMBS_MAX];
    tlp_limbs_from_bn(work, x, limbs);
    if (work->err == 0) {
        (void)tlp_ifma_square(work->ring->ifma, limbs, n);
        tlp_limbs_to_bn(work, limbs, x);
    }
    secret_wipe(limbs, sizeof(limbs));
}

bool tlp_kernel_runs(const struct tlp_ring *ring, enum tlp_kernel kernel)
{
    return kernel != TLP_KERNEL_IFMA || ring->ifma != NULL;
}

void tlp_square_chain_by(struct tlp_work *work, enum tlp_kernel kernel, BIGNUM *x, uint64_t n)
{
    CHECK(tlp_kernel_runs(work->ring, kernel));
    if (kernel == TLP_KERNEL_AUTO) {
        const bool ifma = work->ring->ifma != NULL && n >= IFMA_CHAIN_MIN;
        kernel = ifma ? TLP_KERNEL_IFMA : TLP_KERNEL_OPENSSL;
    }
    if (kernel == TLP_KERNEL_IFMA) {
        chain_ifma(work, x, n);
    } else {
        chain_openssl(work, x, n);
    }
}

void tlp_square_chain(struct tlp_work *work, BIGNUM *x, uint64_t n)
{
    tlp_square_chain_by(work, TLP_KERNEL_AUTO, x, n);
}

void tlp_invert_all(struct tlp_work *work, size_t n, BIGNUM *const *list)
{
    if (n == 0) {
        return;
    }
    BIGNUM **before = tlp_bns_new(work, n); /* before[i] = product of list[0..i-1] */
    CLEANUP(tlp_bn_cleanup) BIGNUM *inverse = tlp_bn_new(work);
    if (work->err == 0) {
        need(work, BN_copy(before[0], work->ring->one) != NULL);
        for (size_t i = 1; i < n; i++) {
            tlp_mul(work, before[i], before[i - 1], list[i - 1]);
        }
        tlp_mul(work, inverse, before[n - 1], list[n - 1]);
        mpz_t x;
        mpz_init(x);
        tlp_from_mont(work, x, inverse);
        if (work->err == 0 && mpz_invert(x, x, work->ring->n) == 0) {
            tlp_work_fail(work, ERR_CRYPTO);
        }
        tlp_to_mont(work, inverse, x);
        mpz_clear(x);
        for (size_t i = n; i-- > 0;) {
            tlp_mul(work, before[i], before[i], inverse);
            tlp_mul(work, inverse, inverse, list[i]);
            need(work, work->err == 0 && BN_copy(list[i], before[i]) != NULL);
        }
    }
    tlp_bns_free(before, n);
}

void tlp_limbs_from_bn(struct tlp_work *work, const BIGNUM *in, uint64_t *out)
{
    uint64_t words[TLP_ELEMENT_BYTES_MAX / sizeof(uint64_t)];
    const size_t bytes = work->ring->bytes;
    if (work->err != 0) {
        return;
    }
    CHECK(BN_bn2lebinpad(in, (uint8_t *)words, (int)bytes) == (int)bytes);
    mpz_t x;
    mpz_init2(x, work->ring->bits);
    mpz_import(x, bytes / sizeof(words[0]), -1, sizeof(words[0]), -1, 0, words);
    tlp_ifma_enter(work->ring->ifma, x, out);
    tlp_mpz_wipe(x);
    secret_wipe(words, sizeof(words));
}

void tlp_limbs_to_bn(struct tlp_work *work, const uint64_t *in, BIGNUM *out)
{
    uint64_t words[TLP_ELEMENT_BYTES_MAX / sizeof(uint64_t)] = {0};
    const size_t bytes = work->ring->bytes;
    if (work->err != 0) {
        return;
    }
    mpz_t x;
    mpz_init2(x, 3 * (mp_bitcnt_t)work->ring->bits);
    tlp_ifma_leave(work->ring->ifma, in, x);
    mpz_export(words, NULL, -1, sizeof(words[0]), -1, 0, x);
    need(work, BN_lebin2bn((const uint8_t *)words, (int)bytes, out) != NULL);
    tlp_mpz_wipe(x);
    secret_wipe(words, sizeof(words));
    tlp_ifma_scrub();
}

void tlp_bn_from_mpz(struct tlp_work *work, BIGNUM *out, const mpz_t in)
{
    CHECK(mpz_sgn(in) >= 0);
    size_t len = (mpz_sizeinbase(in, 2) + 7) / 8;
    CLEANUP(cleanup_free) uint8_t *raw = (uint8_t *)malloc(len);
    if (work->err != 0) {
        return;
    }
    if (raw == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
        return;
    }
    tlp_mpz_to_bytes(in, raw, len);
    need(work, BN_bin2bn(raw, (int)len, out) != NULL);
    secret_wipe(raw, len);
}

void tlp_bn_from_u64(struct tlp_work *work, BIGNUM *out, uint64_t in)
{
    if (work->err == 0) {
        need(work, BN_set_word(out, in));
    }
}

void tlp_to_mont(struct tlp_work *work, BIGNUM *out, const mpz_t in)
{
    tlp_bn_from_mpz(work, out, in);
    if (work->err == 0) {
        need(work, BN_to_montgomery(out, out, work->ring->mont, work->ctx));
    }
}

void tlp_from_mont(struct tlp_work *work, mpz_t out, const BIGNUM *in)
{
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    tlp_elem_put(work, in, raw);
    tlp_mpz_from_bytes(out, bytes_of(raw, work->ring->bytes));
    secret_wipe(raw, sizeof(raw));
}

void tlp_mpz_from_bytes(mpz_t out, struct bytes in)
{
    mpz_import(out, in.len, 1, 1, 1, 0, in.data);
}

void tlp_mpz_to_bytes(const mpz_t in, uint8_t *out, size_t len)
{
    size_t used = mpz_sgn(in) == 0 ? 0 : (mpz_sizeinbase(in, 2) + 7) / 8;
    CHECK(used <= len);
    memset(out, 0, len - used);
    mpz_export(out + (len - used), NULL, 1, 1, 1, 0, in);
}

void tlp_mpz_wipe(mpz_t x)
{
    secret_wipe(x->_mp_d, (size_t)x->_mp_alloc * sizeof(mp_limb_t));
    mpz_clear(x);
}
