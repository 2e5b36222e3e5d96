#include "common/crypto/timelock/tlp_ifma.h"

#include "common/base/check.h"
#include "common/crypto/aead.h"

#include <stdlib.h>

#define LIMB_MASK ((UINT64_C(1) << TLP_IFMA_LIMB_BITS) - 1)

bool tlp_ifma_available(void)
{
#ifdef __x86_64__
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512ifma") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512bw") != 0;
#else
    return false;
#endif
}

/* ---- Limbs ---- */

void tlp_ifma_from_bytes(struct bytes in, struct tlp_ifma_number *out)
{
    CHECK(in.len <= TLP_IFMA_BYTES_MAX);
    uint64_t window = 0;
    unsigned have = 0;
    size_t limb = 0;
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < in.len; i++) {
        window |= (uint64_t)in.data[i] << have;
        have += 8;
        if (have >= TLP_IFMA_LIMB_BITS) {
            out->limbs[limb++] = window & LIMB_MASK;
            window >>= TLP_IFMA_LIMB_BITS;
            have -= TLP_IFMA_LIMB_BITS;
        }
    }
    if (have > 0) {
        out->limbs[limb] = window;
    }
}

void tlp_ifma_to_bytes(const struct tlp_ifma *k, const struct tlp_ifma_number *x,
                       uint8_t out[TLP_IFMA_BYTES_MAX])
{
    size_t n_limbs = (size_t)8 * k->vectors;
    uint64_t window = 0;
    unsigned have = 0;
    size_t limb = 0;
    for (size_t i = 0; i < TLP_IFMA_BYTES_MAX; i++) {
        if (have < 8) {
            window |= (limb < n_limbs ? x->limbs[limb] : 0) << have;
            limb++;
            have += TLP_IFMA_LIMB_BITS;
        }
        out[i] = (uint8_t)window;
        window >>= 8;
        have -= 8;
    }
}

static void limbs_of(const mpz_t x, uint64_t *out, size_t n)
{
    memset(out, 0, n * sizeof(*out));
    CHECK(mpz_sizeinbase(x, 2) <= n * TLP_IFMA_LIMB_BITS);
    mpz_export(out, NULL, -1, sizeof(*out), 0, 64 - TLP_IFMA_LIMB_BITS, x);
}

/* ---- What follows from N ---- */

#define VECTOR_BITS ((size_t)8 * TLP_IFMA_LIMB_BITS)

static void fill_shifts(struct tlp_ifma_shifts *out, const mpz_t x)
{
    mpz_t moved;
    mpz_init(moved);
    for (size_t s = 0; s < 8; s++) {
        mpz_mul_2exp(moved, x, s * TLP_IFMA_LIMB_BITS);
        limbs_of(moved, &out->by[s][0][0], sizeof(out->by[s]) / sizeof(uint64_t));
    }
    mpz_clear(moved);
}

int tlp_ifma_new(uint32_t bits, const mpz_t n, struct tlp_ifma **out)
{
    struct tlp_ifma *k = aligned_alloc(64, sizeof(*k));
    mpz_t t, low;
    if (k == NULL) {
        return ERR_NOMEM;
    }
    memset(k, 0, sizeof(*k));
    k->vectors = bits == 1024 ? 3 : bits == 2048 ? 5 : 8;
    CHECK(bits == 1024 || bits == 2048 || bits == 3072);
    mpz_init_set(k->modulus, n);
    mpz_init(k->minus_inverse);
    mpz_init(t);
    mpz_init(low);
    mpz_setbit(t, tlp_ifma_radix_bits(k));
    CHECK(mpz_invert(low, n, t) != 0); /* N is odd */
    mpz_sub(k->minus_inverse, t, low);
    mpz_fdiv_r_2exp(low, k->minus_inverse, VECTOR_BITS);
    for (size_t s = 0; s < 8; s++) {
        mpz_mul_2exp(t, low, s * TLP_IFMA_LIMB_BITS);
        mpz_fdiv_r_2exp(t, t, VECTOR_BITS);
        limbs_of(t, k->inverse[s], 8);
    }
    mpz_mul(t, low, n);
    mpz_add_ui(t, t, 1);
    mpz_fdiv_q_2exp(t, t, VECTOR_BITS);
    fill_shifts(&k->m, t);
    fill_shifts(&k->n, n);
    mpz_clear(t);
    mpz_clear(low);
    *out = k;
    return 0;
}

void tlp_ifma_destroy(struct tlp_ifma **k)
{
    if (*k != NULL) {
        mpz_clear((*k)->modulus);
        mpz_clear((*k)->minus_inverse);
        free(*k);
        *k = NULL;
    }
}

uint32_t tlp_ifma_radix_bits(const struct tlp_ifma *k)
{
    return 8 * k->vectors * TLP_IFMA_LIMB_BITS;
}

/* ---- Products ---- */

static void wipe(mpz_t x)
{
    secret_wipe(x->_mp_d, (size_t)x->_mp_alloc * sizeof(mp_limb_t));
    mpz_clear(x);
}

/* x = x*y/R by GMP. */
static void multiply_plainly(const struct tlp_ifma *k, uint64_t *x, const uint64_t *y)
{
    const size_t n = (size_t)8 * k->vectors, bits = tlp_ifma_radix_bits(k);
    mpz_t a, b, q;
    mpz_init2(a, 3 * bits);
    mpz_init2(b, bits);
    mpz_init2(q, 2 * bits + 64);
    mpz_import(a, n, -1, sizeof(*x), 0, 64 - TLP_IFMA_LIMB_BITS, x);
    mpz_import(b, n, -1, sizeof(*y), 0, 64 - TLP_IFMA_LIMB_BITS, y);
    mpz_mul(a, a, b);
    mpz_fdiv_r_2exp(q, a, bits);
    mpz_mul(q, q, k->minus_inverse);
    mpz_fdiv_r_2exp(q, q, bits);
    mpz_addmul(a, q, k->modulus);
    mpz_fdiv_q_2exp(a, a, bits);
    limbs_of(a, x, n);
    wipe(a);
    wipe(b);
    wipe(q);
}

#ifdef __x86_64__

static uint64_t square(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch, uint64_t *x,
                       uint64_t n)
{
    return k->vectors == 3   ? tlp_ifma_square_3(k, scratch, x, n)
           : k->vectors == 5 ? tlp_ifma_square_5(k, scratch, x, n)
                             : tlp_ifma_square_8(k, scratch, x, n);
}

static bool multiply(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch, uint64_t *x,
                     const uint64_t *y)
{
    return k->vectors == 3   ? tlp_ifma_multiply_3(k, scratch, x, y)
           : k->vectors == 5 ? tlp_ifma_multiply_5(k, scratch, x, y)
                             : tlp_ifma_multiply_8(k, scratch, x, y);
}

#else

/* Nobody gets here: see tlp_ifma_available. */
static uint64_t square(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch, uint64_t *x,
                       uint64_t n)
{
    (void)k;
    (void)scratch;
    (void)x;
    CHECK(n == 0);
    return 0;
}

static bool multiply(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch, uint64_t *x,
                     const uint64_t *y)
{
    (void)k;
    (void)scratch;
    (void)x;
    (void)y;
    return false;
}

#endif

void tlp_ifma_square_mul(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,
                         struct tlp_ifma_number *x, uint64_t n,
                         const struct tlp_ifma_number *factor)
{
    for (uint64_t done = square(k, scratch, x->limbs, n); done < n;
         done += square(k, scratch, x->limbs, n - done)) {
        multiply_plainly(k, x->limbs, x->limbs);
        done++;
    }
    if (factor != NULL && !multiply(k, scratch, x->limbs, factor->limbs)) {
        multiply_plainly(k, x->limbs, factor->limbs);
    }
}
