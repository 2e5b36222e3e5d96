#include "lockstep/generate/gen_zipf.h"

#include "common/base/check.h"
#include "common/base/wire.h"

#include <stdlib.h>

#define FRACTION_BITS 32
#define ONE_Q62 (UINT64_C(1) << 62)

/* Returns: floor(sqrt(v)), bit by bit. */
static uint64_t root_of(u128 v)
{
    uint64_t r = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t t = r | UINT64_C(1) << bit;
        r = (u128)t * t <= v ? t : r;
    }
    return r;
}

/* Returns: log2(k) * 2^32, rounded down. k > 0. */
static uint64_t log2_q32(uint32_t k)
{
    unsigned whole = 31 - (unsigned)__builtin_clz(k);
    uint64_t m = (uint64_t)k << (62 - whole); /* in [1, 2), 62 fractional bits */
    uint64_t log = whole;
    for (int i = 0; i < FRACTION_BITS; i++) {
        u128 square = (u128)m * m >> 62;
        bool two = square >> 63 != 0;
        m = (uint64_t)(square >> (two ? 1 : 0));
        log = log << 1 | (two ? 1 : 0);
    }
    return log;
}

/* In: roots[i] is 2^(-1 / 2^(i + 1)), 62 fractional bits. Returns: 2^-(x / 2^32), the same. */
static uint64_t exp2_negative(uint64_t x, const uint64_t roots[FRACTION_BITS])
{
    uint64_t whole = x >> FRACTION_BITS;
    uint64_t r = ONE_Q62;
    for (int i = 0; i < FRACTION_BITS; i++) {
        if ((x >> (FRACTION_BITS - 1 - i) & 1) != 0) {
            r = (uint64_t)((u128)r * roots[i] >> 62);
        }
    }
    return whole > 62 ? 0 : r >> whole;
}

int gen_zipf_init(struct gen_zipf *z, uint32_t n, uint32_t exponent_centi)
{
    CHECK(n > 0 && n <= GEN_ZIPF_RANKS_MAX && exponent_centi <= GEN_ZIPF_CENTI_MAX);
    uint64_t roots[FRACTION_BITS];
    roots[0] = root_of((u128)ONE_Q62 * (ONE_Q62 / 2));
    for (int i = 1; i < FRACTION_BITS; i++) {
        roots[i] = root_of((u128)roots[i - 1] * ONE_Q62);
    }
    uint64_t *below = malloc(n * sizeof(*below));
    if (below == NULL) {
        return ERR_NOMEM;
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t exponent = log2_q32(i + 1) * exponent_centi / 100;
        uint64_t weight = exp2_negative(exponent, roots) / (ONE_Q62 / GEN_ZIPF_ONE);
        sum += weight > 0 ? weight : 1;
        below[i] = sum;
    }
    *z = (struct gen_zipf){below, n};
    return 0;
}

void gen_zipf_fini(struct gen_zipf *z)
{
    free(z->below);
    *z = (struct gen_zipf){0};
}

uint64_t gen_zipf_weight(const struct gen_zipf *z, uint32_t index)
{
    CHECK(index < z->n);
    return z->below[index] - (index > 0 ? z->below[index - 1] : 0);
}

uint32_t gen_zipf_draw(const struct gen_zipf *z, struct prng *p)
{
    uint64_t draw = prng_below(p, z->below[z->n - 1]);
    uint32_t low = 0;
    uint32_t high = z->n - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (z->below[middle] > draw) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
