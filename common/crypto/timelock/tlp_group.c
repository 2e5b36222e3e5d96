#include "common/crypto/timelock/tlp_group.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp.h"
#include "common/crypto/timelock/tlp_ifma.h"

#include <stdlib.h>

/* Out: 2^exp mod N. */
static int power_of_two(const struct tlp_ring *ring, uint32_t exp, struct tlp_ifma_number **out)
{
    uint8_t raw[TLP_IFMA_BYTES_MAX] = {0};
    mpz_t x;
    *out = aligned_alloc(64, sizeof(**out));
    if (*out == NULL) {
        return ERR_NOMEM;
    }
    mpz_init_set_ui(x, 1);
    mpz_mul_2exp(x, x, exp);
    mpz_mod(x, x, ring->n);
    mpz_export(raw, NULL, -1, 1, -1, 0, x);
    mpz_clear(x);
    tlp_ifma_from_bytes(bytes_of(raw, sizeof(raw)), *out);
    return 0;
}

/* With Montgomery forms by R (OpenSSL) and S (the kernel, whose product of a and b is ab/S):
 * xR * (S^2/R) / S = xS, and xS * R / S = xR. */
static int init_ifma(struct tlp_ring *ring)
{
    if (!tlp_ifma_available()) {
        return 0;
    }
    int rc = tlp_ifma_new(ring->bits, ring->n, &ring->ifma);
    if (rc != 0) {
        return rc;
    }
    uint32_t s = tlp_ifma_radix_bits(ring->ifma);
    rc = power_of_two(ring, 2 * s - ring->bits, &ring->to_ifma);
    return rc != 0 ? rc : power_of_two(ring, ring->bits, &ring->from_ifma);
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
    int rc = ok ? init_ifma(ring) : ERR_NOMEM;
    if (rc != 0) {
        tlp_ring_fini(ring);
    }
    return rc;
}

void tlp_ring_fini(struct tlp_ring *ring)
{
    mpz_clear(ring->n);
    BN_clear_free(ring->mod);
    BN_clear_free(ring->half);
    BN_clear_free(ring->one);
    BN_MONT_CTX_free(ring->mont);
    free(ring->to_ifma);
    free(ring->from_ifma);
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

/* Out: x, initialised by the caller. Returns: 0, or what is wrong with length and range. */
static int read_canonical(const struct tlp_ring *ring, struct bytes in, mpz_t x)
{
    if (in.len != ring->bytes) {
        return in.len < ring->bytes ? ERR_TRUNCATED : ERR_TRAILING;
    }
    mpz_t twice;
    mpz_init(twice);
    tlp_mpz_from_bytes(x, in);
    mpz_mul_2exp(twice, x, 1);
    bool ok = mpz_sgn(x) != 0 && mpz_cmp(twice, ring->n) < 0;
    mpz_clear(twice);
    return ok ? 0 : ERR_NONCANONICAL;
}

int tlp_elem_range(const struct tlp_ring *ring, struct bytes in)
{
    mpz_t x;
    mpz_init(x);
    int rc = read_canonical(ring, in, x);
    mpz_clear(x);
    return rc;
}

int tlp_elem_check(const struct tlp_ring *ring, struct bytes in)
{
    mpz_t x;
    mpz_init(x);
    int rc = read_canonical(ring, in, x);
    if (rc == 0 && mpz_jacobi(x, ring->n) != 1) { /* 0 for whatever shares a factor with N */
        rc = ERR_NONCANONICAL;
    }
    mpz_clear(x);
    return rc;
}

void tlp_elem_read(struct tlp_work *work, struct bytes in, BIGNUM *out)
{
    if (work->err == 0) {
        need(work, BN_bin2bn(in.data, (int)in.len, out) != NULL);
        need(work, BN_to_montgomery(out, out, work->ring->mont, work->ctx));
    }
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

static void square_with_openssl(struct tlp_work *work, BIGNUM *x, uint64_t n)
{
    for (uint64_t i = 0; i < n && work->err == 0; i++) {
        need(work, BN_mod_mul_montgomery(x, x, x, work->ring->mont, work->ctx));
    }
}

void tlp_to_ifma(struct tlp_work *work, const BIGNUM *x, struct tlp_ifma_scratch *scratch,
                 struct tlp_ifma_number *out)
{
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    CHECK(BN_bn2lebinpad(x, raw, (int)work->ring->bytes) == (int)work->ring->bytes);
    tlp_ifma_from_bytes(bytes_of(raw, work->ring->bytes), out);
    tlp_ifma_square_mul(work->ring->ifma, scratch, out, 0, work->ring->to_ifma);
    secret_wipe(raw, sizeof(raw));
}

void tlp_from_ifma(struct tlp_work *work, BIGNUM *out, struct tlp_ifma_scratch *scratch,
                   const struct tlp_ifma_number *x)
{
    uint8_t raw[TLP_IFMA_BYTES_MAX];
    struct tlp_ifma_number moved = *x;
    tlp_ifma_square_mul(work->ring->ifma, scratch, &moved, 0, work->ring->from_ifma);
    tlp_ifma_to_bytes(work->ring->ifma, &moved, raw);
    need(work, BN_lebin2bn(raw, (int)sizeof(raw), out) != NULL);
    while (work->err == 0 && BN_cmp(out, work->ring->mod) >= 0) { /* it is below 2.01 N */
        need(work, BN_sub(out, out, work->ring->mod));
    }
    secret_wipe(raw, sizeof(raw));
    secret_wipe(&moved, sizeof(moved));
}

static void square_with_ifma(struct tlp_work *work, BIGNUM *x, uint64_t n)
{
    struct tlp_ifma_number number;
    struct tlp_ifma_scratch scratch;
    CHECK(work->ring->ifma != NULL);
    if (work->err != 0) {
        return;
    }
    tlp_to_ifma(work, x, &scratch, &number);
    tlp_ifma_square_mul(work->ring->ifma, &scratch, &number, n, NULL);
    tlp_from_ifma(work, x, &scratch, &number);
    secret_wipe(&scratch, sizeof(scratch));
    secret_wipe(&number, sizeof(number));
}

void tlp_square_chain_with(struct tlp_work *work, enum tlp_kernel kernel, BIGNUM *x, uint64_t n)
{
    if (kernel == TLP_KERNEL_IFMA) {
        square_with_ifma(work, x, n);
    } else {
        square_with_openssl(work, x, n);
    }
}

/* Changing the form costs about as much as this many squarings. */
#define IFMA_FROM 8

void tlp_square_chain(struct tlp_work *work, BIGNUM *x, uint64_t n)
{
    bool ifma = work->ring->ifma != NULL && n >= IFMA_FROM;
    tlp_square_chain_with(work, ifma ? TLP_KERNEL_IFMA : TLP_KERNEL_OPENSSL, x, n);
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
