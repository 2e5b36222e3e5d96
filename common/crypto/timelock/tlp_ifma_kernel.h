/* The kernel for V vectors: included by tlp_ifma_3.c, _5.c and _8.c, which define TLP_IFMA_V
 * and TLP_IFMA_SQUARE_MUL. See tlp_ifma.h for what it computes.
 *
 * All loops have constant bounds and are unrolled whole, so every array of vectors here lives in
 * registers, and every test on the indices is made by the compiler. */
#ifndef CRYPTO_TIMELOCK_TLP_IFMA_KERNEL_H
#define CRYPTO_TIMELOCK_TLP_IFMA_KERNEL_H

#include "common/crypto/timelock/tlp_ifma.h"

#include <immintrin.h>

#define V TLP_IFMA_V
#define UNROLL _Pragma("GCC unroll 32")
#define TARGET __attribute__((target("avx512f,avx512ifma,avx512vl,avx512dq,avx512bw")))
#define PART static inline __attribute__((always_inline)) TARGET

#define LIMB_MASK ((UINT64_C(1) << TLP_IFMA_LIMB_BITS) - 1)
/* So many of the eight shifts of T's upper half are made while the lower half's carries run, the
 * rest while those of q do. */
#define FIRST_SHIFTS 4
/* Above everything that the columns below the topmost can add to it. */
#define ROUNDING (UINT64_C(1) << 20)

struct limbs {
    _Alignas(64) uint64_t at[8 * V];
};

/* Row s: a number shifted up by s limbs. */
struct shifts {
    _Alignas(64) uint64_t row[9][V + 1][8];
};

PART __m512i load(const uint64_t *x)
{
    return _mm512_load_si512(x);
}

PART __m512i broadcast(const uint64_t *limb)
{
    return _mm512_set1_epi64((long long)*limb);
}

/* The compiler must not see through the store: it would take single limbs out of registers, with
 * the unit that the multiplications need, where a load of a limb is free. */
PART void store(struct limbs *out, const __m512i *t)
{
    UNROLL
    for (int i = 0; i < V; i++) {
        _mm512_store_si512(&out->at[8 * i], t[i]);
    }
    __asm__("" : "+m"(*out));
}

/* x moved up by s limbs, filled from what is below it. */
PART __m512i shift(__m512i x, __m512i below, int s)
{
    switch (s) {
    case 0:
        return x;
    case 1:
        return _mm512_alignr_epi64(x, below, 7);
    case 2:
        return _mm512_alignr_epi64(x, below, 6);
    case 3:
        return _mm512_alignr_epi64(x, below, 5);
    case 4:
        return _mm512_alignr_epi64(x, below, 4);
    case 5:
        return _mm512_alignr_epi64(x, below, 3);
    case 6:
        return _mm512_alignr_epi64(x, below, 2);
    case 7:
        return _mm512_alignr_epi64(x, below, 1);
    default:
        return below;
    }
}

/* Lane masks: bit i is the carry into lane i, given which lanes carry out by themselves and which
 * pass a carry on. *out is what leaves the topmost lane. */
PART uint64_t ripple(uint64_t generate, uint64_t pass, uint64_t *out)
{
    uint64_t sum;
#if TLP_IFMA_V == 8
    *out = (generate >> 63) + (uint64_t)__builtin_add_overflow(generate << 1, pass, &sum);
#else
    sum = (generate << 1) + pass;
    *out = (sum ^ pass) >> (8 * V);
#endif
    return sum ^ pass;
}

/* Columns below 2^63 become limbs of 52 bits. Returns: what is carried out, in lane 0. */
PART __m512i carry_all(__m512i *t)
{
    const __m512i mask = _mm512_set1_epi64((long long)LIMB_MASK);
    const __m512i zero = _mm512_setzero_si512();
    const __m512i one = _mm512_set1_epi64(1);
    __m512i c[V];
    UNROLL
    for (int i = 0; i < V; i++) {
        c[i] = _mm512_srli_epi64(t[i], TLP_IFMA_LIMB_BITS);
        t[i] = _mm512_and_si512(t[i], mask);
    }
    __m512i out = _mm512_alignr_epi64(zero, c[V - 1], 7);
    uint64_t generate = 0;
    uint64_t pass = 0;
    UNROLL
    for (int i = 0; i < V; i++) {
        t[i] = _mm512_add_epi64(t[i], shift(c[i], i > 0 ? c[i - 1] : zero, 1));
        generate |= (uint64_t)_mm512_cmpgt_epu64_mask(t[i], mask) << (8 * i);
        pass |= (uint64_t)_mm512_cmpeq_epi64_mask(t[i], mask) << (8 * i);
    }
    uint64_t more = 0;
    uint64_t carries = ripple(generate, pass, &more);
    UNROLL
    for (int i = 0; i < V; i++) {
        t[i] = _mm512_mask_add_epi64(t[i], (__mmask8)(carries >> (8 * i)), t[i], one);
        t[i] = _mm512_and_si512(t[i], mask);
    }
    return _mm512_add_epi64(out, _mm512_maskz_set1_epi64(1, (long long)more));
}

/* Adds limb * vector to *t, low or high halves, in the lanes from `lane` on. */
PART void add_low(__m512i *t, __m512i limb, __m512i vector, int lane)
{
    *t = lane <= 0 ? _mm512_madd52lo_epu64(*t, limb, vector)
                   : _mm512_mask_madd52lo_epu64(*t, (__mmask8)(0xff << lane), limb, vector);
}

PART void add_high(__m512i *t, __m512i limb, __m512i vector, int lane)
{
    *t = lane <= 0 ? _mm512_madd52hi_epu64(*t, limb, vector)
                   : _mm512_mask_madd52hi_epu64(*t, (__mmask8)(0xff << lane), limb, vector);
}

/* The products a_i*a_j, i < j, that are in place with a shift of s, as far as they fall into
 * vectors from .. to-1 of T. Low halves belong to column i + j, high ones to the next. One after
 * the other, so that fewer registers are needed at a time. */
PART void off_diagonal(__m512i *t, const struct limbs *a, const struct shifts *as, int s, int from,
                       int to)
{
    UNROLL
    for (int b = 0; b < V; b++) {
        __m512i low = broadcast(&a->at[8 * b + (s < 8 ? s : 0)]);
        UNROLL
        for (int j = b; j <= V; j++) {
            int lane = 2 * s + 1 - 8 * (j - b); /* of j = i + 1 */
            bool here = b + j >= from && b + j < to && lane < 8;
            if (here && s < 8 && !(s == 0 && j == V)) {
                add_low(&t[b + j], low, load(as->row[s][j]), lane);
            }
        }
        __m512i high = broadcast(&a->at[8 * b + (s > 0 ? s - 1 : 0)]);
        UNROLL
        for (int j = b; j <= V; j++) {
            int lane = 2 * s - 8 * (j - b);
            if (b + j >= from && b + j < to && lane < 8 && s > 0) {
                add_high(&t[b + j], high, load(as->row[s][j]), lane);
            }
        }
    }
}

PART void make_shifts(const __m512i *a, struct shifts *out, int s)
{
    const __m512i zero = _mm512_setzero_si512();
    UNROLL
    for (int j = 0; j <= V; j++) {
        __m512i x = shift(j < V ? a[j] : zero, j > 0 ? a[j - 1] : zero, s);
        _mm512_store_si512(out->row[s][j], x);
    }
}

/* The squares a_i*a_i: low halves at columns 2i, high ones at 2i + 1. */
PART void diagonal(__m512i *d, const __m512i *a)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i lower = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    const __m512i upper = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    UNROLL
    for (int i = 0; i < V; i++) {
        __m512i low = _mm512_madd52lo_epu64(zero, a[i], a[i]);
        __m512i high = _mm512_madd52hi_epu64(zero, a[i], a[i]);
        d[2 * i] = _mm512_permutex2var_epi64(low, lower, high);
        d[2 * i + 1] = _mm512_permutex2var_epi64(low, upper, high);
    }
}

PART void double_and_add(__m512i *t, const __m512i *d, int from, int to)
{
    UNROLL
    for (int i = from; i < to; i++) {
        t[i] = _mm512_add_epi64(_mm512_add_epi64(t[i], t[i]), d[i]);
    }
}

/* q = the lowest V vectors of t * (-1/N). */
PART void quotient(__m512i *q, const struct tlp_ifma *k, const struct limbs *t)
{
    __m512i high[V];
    UNROLL
    for (int i = 0; i < V; i++) {
        q[i] = _mm512_setzero_si512();
        high[i] = _mm512_setzero_si512();
    }
    UNROLL
    for (int s = 0; s <= 8; s++) {
        UNROLL
        for (int b = 0; b < V; b++) {
            __m512i l = broadcast(&t->at[8 * b + (s < 8 ? s : 0)]);
            UNROLL
            for (int j = 0; b + j < V; j++) {
                if (s < 8) {
                    add_low(&q[b + j], l, load(k->inverse[s][j]), 0);
                }
            }
            __m512i h = broadcast(&t->at[8 * b + (s > 0 ? s - 1 : 0)]);
            UNROLL
            for (int j = 0; b + j < V; j++) {
                if (s > 0 && !(s == 8 && j == 0)) {
                    add_high(&high[b + j], h, load(k->inverse[s][j]), 0);
                }
            }
        }
    }
    UNROLL
    for (int i = 0; i < V; i++) {
        q[i] = _mm512_add_epi64(q[i], high[i]);
    }
}

/* What the lower half of T + q*N carries into the upper. */
PART uint64_t carry_of_lower_half(const struct tlp_ifma *k, const __m512i *q, uint64_t topmost)
{
    __m512i low = _mm512_setzero_si512();
    __m512i high = _mm512_setzero_si512();
    UNROLL
    for (int i = 0; i < V; i++) {
        low = _mm512_madd52lo_epu64(low, q[i], load(k->reversed[0][i]));
        high = _mm512_madd52hi_epu64(high, q[i], load(k->reversed[1][i]));
    }
    uint64_t column = (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(low, high)) + topmost;
    return (column + ROUNDING) >> TLP_IFMA_LIMB_BITS;
}

/* Adds the upper half of q*N to t[V..]; `more` is a second set of sums. */
PART void add_upper_half(__m512i *t, __m512i *more, const struct tlp_ifma *k, const struct limbs *q)
{
    UNROLL
    for (int s = 0; s <= 8; s++) {
        UNROLL
        for (int b = 0; b < V; b++) {
            __m512i l = broadcast(&q->at[8 * b + (s < 8 ? s : 0)]);
            UNROLL
            for (int j = V - b; j <= V; j++) {
                if (s < 8 && !(s == 0 && j == V)) {
                    add_low(&t[b + j], l, load(k->n[s][j]), 0);
                }
            }
            __m512i h = broadcast(&q->at[8 * b + (s > 0 ? s - 1 : 0)]);
            UNROLL
            for (int j = V - b; j <= V; j++) {
                if (s > 0) {
                    add_high(&more[b + j], h, load(k->n[s][j]), 0);
                }
            }
        }
    }
}

/* Adds limb * row of `as`, limbs of b, that fall into vectors from .. to-1 of T: with all shifts,
 * the product. */
PART void products(__m512i *t, const uint64_t *b, const struct shifts *as, int s, int from, int to)
{
    UNROLL
    for (int i = 0; i < V; i++) {
        __m512i low = broadcast(&b[8 * i + (s < 8 ? s : 0)]);
        UNROLL
        for (int j = 0; j <= V; j++) {
            if (i + j >= from && i + j < to && s < 8 && !(s == 0 && j == V)) {
                add_low(&t[i + j], low, load(as->row[s][j]), 0);
            }
        }
        __m512i high = broadcast(&b[8 * i + (s > 0 ? s - 1 : 0)]);
        UNROLL
        for (int j = 0; j <= V; j++) {
            if (i + j >= from && i + j < to && s > 0 && !(s == 8 && j == 0)) {
                add_high(&t[i + j], high, load(as->row[s][j]), 0);
            }
        }
    }
}

/* What the computation needs besides registers. */
struct scratch {
    struct limbs a;  /* the number that is squared */
    struct limbs tl; /* the lower half of the product */
    struct limbs q;
    struct shifts as; /* a number, shifted */
};

_Static_assert(sizeof(struct scratch) <= sizeof(struct tlp_ifma_scratch), "too little scratch");

/* The upper half of t + q*N, as limbs. In: q as limbs, stored; t[V..] and what is carried into it.
 */
PART void reduce(__m512i *out, __m512i *t, const struct tlp_ifma *k, const struct scratch *m,
                 const __m512i *q, __m512i carried)
{
    __m512i more[2 * V];
    UNROLL
    for (int i = V; i < 2 * V; i++) {
        more[i] = _mm512_setzero_si512();
    }
    uint64_t carry = carry_of_lower_half(k, q, m->tl.at[8 * V - 1]);
    more[V] = _mm512_maskz_set1_epi64(1, (long long)carry);
    t[V] = _mm512_add_epi64(t[V], carried);
    add_upper_half(t, more, k, &m->q);
    UNROLL
    for (int i = 0; i < V; i++) {
        out[i] = _mm512_add_epi64(t[V + i], more[V + i]);
    }
    (void)carry_all(out);
}

/* The products in place with a shift of s: of the number with itself (b is NULL), or with b. */
PART void add_products(__m512i *t, const struct scratch *m, const uint64_t *b, int s, int from,
                       int to)
{
    if (b == NULL) {
        off_diagonal(t, &m->a, &m->as, s, from, to);
    } else {
        products(t, b, &m->as, s, from, to);
    }
}

/* a becomes a*a/R, or a*b/R: b is NULL or not for the compiler already. */
PART void multiply_once(const struct tlp_ifma *k, struct scratch *m, __m512i *a, const uint64_t *b)
{
    __m512i t[2 * V];
    __m512i d[2 * V];
    __m512i q[V];
    UNROLL
    for (int i = 0; i < 2 * V; i++) {
        t[i] = _mm512_setzero_si512();
    }
    UNROLL
    for (int s = 0; s <= 8; s++) {
        make_shifts(a, &m->as, s);
        add_products(t, m, b, s, 0, V);
    }
    if (b == NULL) {
        diagonal(d, a);
        double_and_add(t, d, 0, V);
    }
    __m512i carried = carry_all(t);
    store(&m->tl, t);
    UNROLL
    for (int s = 0; s <= FIRST_SHIFTS; s++) {
        add_products(t, m, b, s, V, 2 * V);
    }
    quotient(q, k, &m->tl);
    (void)carry_all(q);
    store(&m->q, q);
    UNROLL
    for (int s = FIRST_SHIFTS + 1; s <= 8; s++) {
        add_products(t, m, b, s, V, 2 * V);
    }
    if (b == NULL) {
        double_and_add(t, d, V, 2 * V);
    }
    reduce(a, t, k, m, q, carried);
}

TARGET void TLP_IFMA_SQUARE_MUL(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,
                                uint64_t *x, uint64_t n, const uint64_t *b)
{
    struct scratch *m = (struct scratch *)scratch->space;
    __m512i a[V];
    UNROLL
    for (int i = 0; i < V; i++) {
        a[i] = load(&x[8 * i]);
    }
    store(&m->a, a);
    while (n-- > 0) {
        multiply_once(k, m, a, NULL);
        store(&m->a, a);
    }
    if (b != NULL) {
        multiply_once(k, m, a, b);
    }
    UNROLL
    for (int i = 0; i < V; i++) {
        _mm512_store_si512(&x[8 * i], a[i]);
    }
}

#endif
