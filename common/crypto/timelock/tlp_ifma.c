#include "common/crypto/timelock/tlp_ifma.h"

#include "common/base/check.h"

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

static void limbs_of(const mpz_t x, struct tlp_ifma_number *out)
{
    uint8_t raw[TLP_IFMA_BYTES_MAX] = {0};
    CHECK(mpz_sizeinbase(x, 2) <= sizeof(raw) * 8);
    mpz_export(raw, NULL, -1, 1, -1, 0, x);
    tlp_ifma_from_bytes(bytes_of(raw, sizeof(raw)), out);
}

/* ---- What follows from N ---- */

static void fill_shifts(uint64_t rows[9][TLP_IFMA_VECTORS_MAX + 1][8],
                        const struct tlp_ifma_number *x, size_t n_limbs)
{
    for (size_t s = 0; s <= 8; s++) {
        for (size_t at = s; at < s + n_limbs; at++) {
            rows[s][at / 8][at % 8] = x->limbs[at - s];
        }
    }
}

int tlp_ifma_new(uint32_t bits, const mpz_t n, struct tlp_ifma **out)
{
    struct tlp_ifma *k = aligned_alloc(64, sizeof(*k));
    struct tlp_ifma_number limbs;
    mpz_t radix, inverse;
    if (k == NULL) {
        return ERR_NOMEM;
    }
    memset(k, 0, sizeof(*k));
    k->vectors = bits == 1024 ? 3 : bits == 2048 ? 5 : 8;
    CHECK(bits == 1024 || bits == 2048 || bits == 3072);
    size_t n_limbs = (size_t)8 * k->vectors;
    mpz_init_set_ui(radix, 1);
    mpz_init(inverse);
    mpz_mul_2exp(radix, radix, tlp_ifma_radix_bits(k));
    CHECK(mpz_invert(inverse, n, radix) != 0); /* N is odd */
    mpz_sub(inverse, radix, inverse);
    limbs_of(inverse, &limbs);
    fill_shifts(k->inverse, &limbs, n_limbs);
    limbs_of(n, &limbs);
    fill_shifts(k->n, &limbs, n_limbs);
    for (size_t i = 0; i < n_limbs; i++) {
        k->reversed[0][i / 8][i % 8] = limbs.limbs[n_limbs - 1 - i];
        k->reversed[1][i / 8][i % 8] = i + 1 < n_limbs ? limbs.limbs[n_limbs - 2 - i] : 0;
    }
    mpz_clear(radix);
    mpz_clear(inverse);
    *out = k;
    return 0;
}

void tlp_ifma_destroy(struct tlp_ifma **k)
{
    free(*k);
    *k = NULL;
}

uint32_t tlp_ifma_radix_bits(const struct tlp_ifma *k)
{
    return 8 * k->vectors * TLP_IFMA_LIMB_BITS;
}

void tlp_ifma_square_mul(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,
                         struct tlp_ifma_number *x, uint64_t n,
                         const struct tlp_ifma_number *factor)
{
    const uint64_t *limbs = factor != NULL ? factor->limbs : NULL;
#ifdef __x86_64__
    if (k->vectors == 3) {
        tlp_ifma_square_mul_3(k, scratch, x->limbs, n, limbs);
    } else if (k->vectors == 5) {
        tlp_ifma_square_mul_5(k, scratch, x->limbs, n, limbs);
    } else {
        tlp_ifma_square_mul_8(k, scratch, x->limbs, n, limbs);
    }
#else
    (void)scratch;
    (void)x;
    (void)n;
    (void)limbs;
    CHECK(k == NULL); /* nobody gets here: see tlp_ifma_available */
#endif
}
