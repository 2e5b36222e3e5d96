/* The constants, the conversions, and the rare squaring done by GMP. Portable; the vector code is
 * in tlp_ifma_vector.c. */
#include "common/crypto/timelock/tlp_ifma.h"

#include "common/base/check.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp_ifma_int.h"

#include <stdlib.h>

#define BLOCK_BITS (8 * TLP_IFMA_LIMB_BITS)

bool tlp_ifma_supported(void)
{
#if TLP_IFMA_BUILT
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512ifma");
#else
    return false;
#endif
}

static void to_limbs(const mpz_t x, uint64_t *limbs, size_t n)
{
    size_t used = 0;
    memset(limbs, 0, n * sizeof(*limbs));
    CHECK(mpz_sgn(x) >= 0 && mpz_sizeinbase(x, 2) <= n * TLP_IFMA_LIMB_BITS);
    (void)mpz_export(limbs, &used, -1, sizeof(*limbs), 0, 64 - TLP_IFMA_LIMB_BITS, x);
}

static void from_limbs(const uint64_t *limbs, size_t n, mpz_t x)
{
    mpz_import(x, n, -1, sizeof(*limbs), 0, 64 - TLP_IFMA_LIMB_BITS, limbs);
}

static void fill_shifts(const mpz_t x, struct tlp_ifma_shifts *out)
{
    mpz_t moved;
    mpz_init(moved);
    for (size_t s = 0; s < 8; s++) {
        mpz_mul_2exp(moved, x, s * TLP_IFMA_LIMB_BITS);
        to_limbs(moved, &out->by[s][0][0], sizeof(out->by[s]) / sizeof(uint64_t));
    }
    mpz_clear(moved);
}

int tlp_ifma_new(uint32_t bits, const mpz_t n, struct tlp_ifma **out)
{
    CHECK(tlp_ifma_supported() && (bits == 1024 || bits == 2048 || bits == 3072));
    CHECK(mpz_odd_p(n) && mpz_sizeinbase(n, 2) == bits);
    const size_t room = (sizeof(struct tlp_ifma) + 63) / 64 * 64;
    struct tlp_ifma *ifma = (struct tlp_ifma *)aligned_alloc(64, room);
    if (ifma == NULL) {
        return ERR_NOMEM;
    }
    memset(ifma, 0, sizeof(*ifma));
    ifma->bits = bits;
    ifma->vectors = bits == 1024 ? 3 : bits == 2048 ? 5 : 8;
    mpz_init_set(ifma->modulus, n);
    mpz_init(ifma->minus_inverse);
    mpz_t t, low;
    mpz_init(t);
    mpz_init(low);
    mpz_setbit(t, BLOCK_BITS * ifma->vectors);
    CHECK(mpz_invert(low, n, t) != 0);
    mpz_sub(ifma->minus_inverse, t, low);
    mpz_fdiv_r_2exp(low, ifma->minus_inverse, BLOCK_BITS);
    for (size_t s = 0; s < 8; s++) {
        mpz_mul_2exp(t, low, s * TLP_IFMA_LIMB_BITS);
        mpz_fdiv_r_2exp(t, t, BLOCK_BITS);
        to_limbs(t, ifma->n_inverse[s], 8);
    }
    mpz_mul(t, low, n);
    mpz_add_ui(t, t, 1);
    mpz_fdiv_q_2exp(t, t, BLOCK_BITS);
    fill_shifts(t, &ifma->m);
    fill_shifts(n, &ifma->n);
    mpz_clear(t);
    mpz_clear(low);
    *out = ifma;
    return 0;
}

void tlp_ifma_destroy(struct tlp_ifma **ifma)
{
    if (*ifma != NULL) {
        mpz_clear((*ifma)->modulus);
        mpz_clear((*ifma)->minus_inverse);
        free(*ifma);
        *ifma = NULL;
    }
}

size_t tlp_ifma_limbs(const struct tlp_ifma *ifma)
{
    return 8 * ifma->vectors;
}

static void wipe(mpz_t x)
{
    secret_wipe(x->_mp_d, (size_t)x->_mp_alloc * sizeof(mp_limb_t));
    mpz_clear(x);
}

/* x becomes x / 2^bits modulo N, below N. In: bits at most those of R; 0 <= x < N 2^bits. */
static void divide(const struct tlp_ifma *ifma, mpz_t x, size_t bits)
{
    mpz_t q;
    mpz_init2(q, 2 * BLOCK_BITS * ifma->vectors + 64);
    mpz_fdiv_r_2exp(q, x, bits);
    mpz_mul(q, q, ifma->minus_inverse);
    mpz_fdiv_r_2exp(q, q, bits);
    mpz_addmul(x, q, ifma->modulus);
    mpz_fdiv_q_2exp(x, x, bits);
    while (mpz_cmp(x, ifma->modulus) >= 0) {
        mpz_sub(x, x, ifma->modulus);
    }
    wipe(q);
}

/* out = a b / R by GMP */
static void mul_plainly(const struct tlp_ifma *ifma, uint64_t *out, const uint64_t *a,
                        const uint64_t *b)
{
    const size_t n = tlp_ifma_limbs(ifma);
    mpz_t x, y;
    mpz_init2(x, 3 * BLOCK_BITS * ifma->vectors);
    mpz_init2(y, BLOCK_BITS * ifma->vectors);
    from_limbs(a, n, x);
    from_limbs(b, n, y);
    mpz_mul(x, x, y);
    divide(ifma, x, BLOCK_BITS * ifma->vectors);
    to_limbs(x, out, n);
    wipe(x);
    wipe(y);
}

uint64_t tlp_ifma_square(const struct tlp_ifma *ifma, uint64_t *x, uint64_t n)
{
    uint64_t redone = 0;
    for (uint64_t done = tlp_ifma_try_square(ifma, x, n); done < n;
         done += tlp_ifma_try_square(ifma, x, n - done)) {
        mul_plainly(ifma, x, x, x);
        redone++;
        done++;
    }
    return redone;
}

uint64_t tlp_ifma_mul(const struct tlp_ifma *ifma, uint64_t *out, const uint64_t *a,
                      const uint64_t *b)
{
    if (tlp_ifma_try_mul(ifma, out, a, b)) {
        return 0;
    }
    mul_plainly(ifma, out, a, b);
    return 1;
}

/* R = 2^(bits + gap) */
static size_t gap(const struct tlp_ifma *ifma)
{
    return BLOCK_BITS * ifma->vectors - ifma->bits;
}

void tlp_ifma_enter(const struct tlp_ifma *ifma, const mpz_t x, uint64_t *limbs)
{
    mpz_t t;
    mpz_init2(t, BLOCK_BITS * ifma->vectors + 64);
    mpz_mul_2exp(t, x, gap(ifma));
    mpz_mod(t, t, ifma->modulus);
    to_limbs(t, limbs, tlp_ifma_limbs(ifma));
    wipe(t);
}

void tlp_ifma_leave(const struct tlp_ifma *ifma, const uint64_t *limbs, mpz_t x)
{
    from_limbs(limbs, tlp_ifma_limbs(ifma), x);
    divide(ifma, x, gap(ifma));
}

__attribute__((noinline)) void tlp_ifma_scrub(void)
{
    uint8_t stack[8192]; /* twice the largest frame */
    secret_wipe(stack, sizeof(stack));
}
