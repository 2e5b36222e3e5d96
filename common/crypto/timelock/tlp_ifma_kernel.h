/* The kernel for V vectors: included by tlp_ifma_3.c, _5.c and _8.c, which define TLP_IFMA_V,
 * TLP_IFMA_SQUARE and TLP_IFMA_MULTIPLY. See tlp_ifma.h for what it computes.
 *
 * A limb times a vector is a broadcast and two instructions, for the low and the high 52 bits of
 * the products. To have them land where they belong, the other factor is moved up lane by lane: M'
 * and N are kept in eight such copies, x is moved on the fly. The high bits belong one limb further
 * up, hence with the copy moved by one more: so each copy serves two limbs, loaded once.
 *
 * All loops have constant bounds and are unrolled whole, so sums live in registers, and every test
 * on the indices is made by the compiler. */
#ifndef CRYPTO_TIMELOCK_TLP_IFMA_KERNEL_H
#define CRYPTO_TIMELOCK_TLP_IFMA_KERNEL_H

#include "common/crypto/timelock/tlp_ifma.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512dq,avx512ifma")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#define V TLP_IFMA_V
#define LIMBS (V == 3 ? 20 : V == 5 ? 40 : 60) /* that are not always zero */
#define LIMB_MAX (((uint64_t)1 << TLP_IFMA_LIMB_BITS) - 1)

struct state {
    __m512i lo[2 * V + 1]; /* the sums, in two halves */
    __m512i hi[2 * V + 1];
    __m512i carry; /* into the vector next to be normalised */
    __m512i bad;   /* has a bit at or above 2^52 if a normalised limb had */
};

INLINE __m512i zero(void)
{
    return _mm512_setzero_si512();
}

INLINE __m512i add(__m512i a, __m512i b)
{
    return _mm512_add_epi64(a, b);
}

INLINE __m512i lanes(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

/* Kept out of the multiplications: loading twice costs more than a register. */
INLINE __m512i load(const uint64_t *p)
{
    __m512i x = _mm512_load_si512((const void *)p);
    __asm__("" : "+v"(x));
    return x;
}

/* Stores limbs that are read back one by one; the compiler must not see through it, or it would
 * take the lanes apart with shuffles, which compete with the multiplications. */
INLINE void publish(uint64_t *p, __m512i x)
{
    _mm512_store_si512((void *)p, x);
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* `upper` with its lanes moved up by s, those of `lower` coming in. */
INLINE __m512i move_up(__m512i upper, __m512i lower, int s)
{
    switch (s) {
    case 0:
        return upper;
    case 1:
        return _mm512_alignr_epi64(upper, lower, 7);
    case 2:
        return _mm512_alignr_epi64(upper, lower, 6);
    case 3:
        return _mm512_alignr_epi64(upper, lower, 5);
    case 4:
        return _mm512_alignr_epi64(upper, lower, 4);
    case 5:
        return _mm512_alignr_epi64(upper, lower, 3);
    case 6:
        return _mm512_alignr_epi64(upper, lower, 2);
    case 7:
        return _mm512_alignr_epi64(upper, lower, 1);
    default:
        return lower;
    }
}

/* sum + low or high 52 bits of limb * x in the lanes above `first`; the others stay. */
INLINE __m512i add_low(__m512i sum, __m512i limb, __m512i x, int first)
{
    if (first < 0) {
        return _mm512_madd52lo_epu64(sum, limb, x);
    }
    return first < 7 ? _mm512_mask_madd52lo_epu64(sum, (__mmask8)(0xfe << first), limb, x) : sum;
}

INLINE __m512i add_high(__m512i sum, __m512i limb, __m512i x, int first)
{
    if (first < 0) {
        return _mm512_madd52hi_epu64(sum, limb, x);
    }
    return first < 7 ? _mm512_mask_madd52hi_epu64(sum, (__mmask8)(0xfe << first), limb, x) : sum;
}

/* Doubles the products of different limbs into st->lo. Vector v of x moved up by s holds the limbs
 * from 8v - s on; of those only the ones above limb 8i + s take part. */
INLINE void multiply(struct state *st, const __m512i *x, const uint64_t *limbs)
{
    __m512i sum[2 * V + 1], limb[V], before[V];
    UNROLL
    for (int k = 0; k < 2 * V; k++) {
        sum[k] = zero();
    }
    UNROLL
    for (int s = 0; s <= 8; s++) {
        UNROLL
        for (int i = 0; i < V; i++) {
            limb[i] = s < 8 && 8 * i + s < LIMBS ? lanes(limbs[8 * i + s]) : zero();
        }
        UNROLL
        for (int v = 0; v <= V; v++) {
            const bool empty = (v == 0 && s > 3) || (v == V && 8 * v - s >= LIMBS);
            const __m512i moved =
                empty ? zero() : move_up(v < V ? x[v] : zero(), v > 0 ? x[v - 1] : zero(), s);
            UNROLL
            for (int i = 0; i < V; i++) {
                const int first = 2 * s - 8 * (v - i);
                if (!empty && i <= v && s < 8 && 8 * i + s < LIMBS) {
                    sum[i + v] = add_low(sum[i + v], limb[i], moved, first);
                }
                if (!empty && i <= v && s > 0 && 8 * i + s - 1 < LIMBS) {
                    sum[i + v] = add_high(sum[i + v], before[i], moved, first - 1);
                }
            }
        }
        UNROLL
        for (int i = 0; i < V; i++) {
            before[i] = limb[i];
        }
    }
    UNROLL
    for (int k = 0; k < 2 * V; k++) {
        st->lo[k] = add(sum[k], sum[k]);
    }
}

/* All products of x and y into the sums. */
INLINE void multiply_two(struct state *st, const __m512i *x, const uint64_t *y)
{
    __m512i limb[V], before[V];
    UNROLL
    for (int k = 0; k < 2 * V; k++) {
        st->lo[k] = zero();
        st->hi[k] = zero();
    }
    UNROLL
    for (int s = 0; s <= 8; s++) {
        UNROLL
        for (int i = 0; i < V; i++) {
            limb[i] = s < 8 && 8 * i + s < LIMBS ? lanes(y[8 * i + s]) : zero();
        }
        UNROLL
        for (int v = 0; v <= V; v++) {
            const bool empty = (v == 0 && s == 8) || (v == V && 8 * v - s >= LIMBS);
            const __m512i moved =
                empty ? zero() : move_up(v < V ? x[v] : zero(), v > 0 ? x[v - 1] : zero(), s);
            UNROLL
            for (int i = 0; i < V; i++) {
                if (!empty && s < 8 && 8 * i + s < LIMBS) {
                    st->lo[i + v] = add_low(st->lo[i + v], limb[i], moved, -1);
                }
                if (!empty && s > 0 && 8 * i + s - 1 < LIMBS) {
                    st->hi[i + v] = add_high(st->hi[i + v], before[i], moved, -1);
                }
            }
        }
        UNROLL
        for (int i = 0; i < V; i++) {
            before[i] = limb[i];
        }
    }
}

/* Into st->hi: low and high half of the square of limb i at limbs 2i and 2i + 1. */
INLINE void square_limbs(struct state *st, const __m512i *x)
{
    const __m512i first = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    const __m512i second = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    UNROLL
    for (size_t i = 0; i < V; i++) {
        const __m512i low = _mm512_madd52lo_epu64(zero(), x[i], x[i]);
        const __m512i high = _mm512_madd52hi_epu64(zero(), x[i], x[i]);
        st->hi[2 * i] = _mm512_permutex2var_epi64(low, first, high);
        st->hi[2 * i + 1] = _mm512_permutex2var_epi64(low, second, high);
    }
}

/* One carry from each limb to the next, from `below` into the first. Out: *above, what comes out of
 * every limb. */
INLINE __m512i normalise(struct state *st, __m512i x, __m512i below, __m512i *above)
{
    *above = _mm512_srli_epi64(x, TLP_IFMA_LIMB_BITS);
    x = _mm512_and_si512(x, lanes(LIMB_MAX));
    x = add(x, _mm512_alignr_epi64(*above, below, 7));
    st->bad = _mm512_or_si512(st->bad, x);
    return x;
}

/* The same for a vector whose own carry goes to the next one through st->carry. */
INLINE __m512i take(struct state *st, __m512i x)
{
    __m512i above;
    x = normalise(st, add(x, st->carry), zero(), &above);
    st->carry = _mm512_alignr_epi64(zero(), above, 7);
    return x;
}

/* Vectors of a number of LIMBS limbs moved up by s. */
INLINE int width(int s)
{
    return (LIMBS + s + 7) / 8;
}

/* Vector k = at of the sums + eight limbs q times vector 0 of y, in four sums to be quick. */
INLINE __m512i times_lowest(struct state *st, int at, const uint64_t *q,
                            const struct tlp_ifma_shifts *y)
{
    __m512i sum[4] = {st->lo[at], zero(), st->hi[at], zero()}, before = zero();
    UNROLL
    for (int s = 0; s < 8; s++) {
        const __m512i moved = load(y->by[s][0]), limb = lanes(q[s]);
        sum[s & 1] = _mm512_madd52lo_epu64(sum[s & 1], limb, moved);
        if (s > 0) {
            sum[2 + (s & 1)] = _mm512_madd52hi_epu64(sum[2 + (s & 1)], before, moved);
        }
        before = limb;
    }
    return add(add(sum[0], sum[1]), add(sum[2], sum[3]));
}

/* The sums from vector `at` on += eight limbs q times y, without vector 0 of y. */
INLINE void times_rest(struct state *st, int at, const uint64_t *q, const struct tlp_ifma_shifts *y)
{
    __m512i before = zero(), limb = zero();
    UNROLL
    for (int s = 0; s <= 8; s++) {
        if (s < 8) {
            limb = lanes(q[s]);
        }
        UNROLL
        for (int v = 1; v <= V; v++) {
            if (s < 8 && v < width(s)) {
                const __m512i moved = load(y->by[s][v]);
                st->lo[at + v] = _mm512_madd52lo_epu64(st->lo[at + v], limb, moved);
                if (s > 0) {
                    st->hi[at + v] = _mm512_madd52hi_epu64(st->hi[at + v], before, moved);
                }
            }
            if (s == 8 && v <= width(0)) {
                st->hi[at + v] =
                    _mm512_madd52hi_epu64(st->hi[at + v], before, load(y->by[0][v - 1]));
            }
        }
        before = limb;
    }
}

/* Adds the multiple of N that clears `low`, the lowest vector left. q: room for eight limbs, those
 * of `low`, and eight more. */
INLINE void reduce_last(const struct tlp_ifma *ifma, struct state *st, __m512i low, uint64_t *q)
{
    __m512i sum[4] = {zero(), zero(), zero(), zero()}, above;
    UNROLL
    for (int s = 0; s < 8; s++) {
        const __m512i limb = lanes(q[s]);
        sum[s & 1] = _mm512_madd52lo_epu64(sum[s & 1], limb, load(ifma->inverse[s]));
        if (s < 7) {
            sum[2 + (s & 1)] =
                _mm512_madd52hi_epu64(sum[2 + (s & 1)], limb, load(ifma->inverse[s + 1]));
        }
    }
    sum[0] = add(add(sum[0], sum[1]), add(sum[2], sum[3]));
    publish(q + 8, normalise(st, sum[0], zero(), &above));
    /* Everything of the product by M' but vector 0 can wait until here. */
    times_rest(st, V - 1, q - 8, &ifma->m);
    const int at = V - 1;
    st->lo[at] = low;
    st->hi[at] = zero();
    low = times_lowest(st, at, q + 8, &ifma->n);
    times_rest(st, at, q + 8, &ifma->n);
    /* The limbs of `low` come to 0 modulo 2^416. After one carry each is 0, or it is 2^52 together
     * with the carry still to come, which it then hands on. */
    above = _mm512_srli_epi64(low, TLP_IFMA_LIMB_BITS);
    low = _mm512_and_si512(low, lanes(LIMB_MAX));
    low = add(low, _mm512_alignr_epi64(above, zero(), 7));
    low = _mm512_srli_epi64(add(low, lanes(LIMB_MAX)), TLP_IFMA_LIMB_BITS);
    st->carry = add(st->carry, _mm512_alignr_epi64(zero(), add(above, low), 7));
}

/* x = the sums / R, normalised. q: room for the quotients, a vector each; of the last stage two.
 * Returns: whether x is right. */
INLINE bool reduce(const struct tlp_ifma *ifma, struct state *st, __m512i *x, uint64_t *q)
{
    st->carry = zero();
    st->bad = zero();
    __m512i low = take(st, add(st->lo[0], st->hi[0]));
    publish(q, low);
    UNROLL
    for (int k = 1; k < V; k++) {
        const uint64_t *before = q + (ptrdiff_t)8 * (k - 1);
        low = take(st, times_lowest(st, k, before, &ifma->m));
        publish(q + (ptrdiff_t)8 * k, low);
        if (k + 1 < V) {
            times_rest(st, k, before, &ifma->m);
        }
    }
    reduce_last(ifma, st, low, q + (ptrdiff_t)8 * (V - 1));
    __m512i below = zero();
    UNROLL
    for (int v = 0; v < V; v++) {
        const int k = V + v;
        const __m512i sum = add(st->lo[k], st->hi[k]);
        __m512i above;
        x[v] = normalise(st, v == 0 ? add(sum, st->carry) : sum, below, &above);
        below = above;
    }
    return _mm512_test_epi64_mask(st->bad, lanes(~LIMB_MAX)) == 0;
}

/* What a computation needs besides registers. */
struct scratch {
    _Alignas(64) uint64_t x[8 * V];
    uint64_t q[8 * (V + 1)];
};

_Static_assert(sizeof(struct scratch) <= sizeof(struct tlp_ifma_scratch), "too little scratch");

TARGET uint64_t TLP_IFMA_SQUARE(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,
                                uint64_t *limbs, uint64_t n)
{
    struct scratch *m = (struct scratch *)scratch->space;
    __m512i x[V];
    UNROLL
    for (size_t v = 0; v < V; v++) {
        x[v] = _mm512_load_si512((const void *)(limbs + 8 * v));
    }
    for (uint64_t done = 0; done < n; done++) {
        struct state st;
        UNROLL
        for (size_t v = 0; v < V; v++) {
            publish(m->x + 8 * v, x[v]);
        }
        multiply(&st, x, m->x);
        square_limbs(&st, x);
        if (__builtin_expect(!reduce(k, &st, x, m->q), 0)) {
            memcpy(limbs, m->x, sizeof(m->x));
            return done;
        }
    }
    UNROLL
    for (size_t v = 0; v < V; v++) {
        _mm512_store_si512((void *)(limbs + 8 * v), x[v]);
    }
    return n;
}

TARGET bool TLP_IFMA_MULTIPLY(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,
                              uint64_t *limbs, const uint64_t *factor)
{
    struct scratch *m = (struct scratch *)scratch->space;
    struct state st;
    __m512i x[V];
    UNROLL
    for (size_t v = 0; v < V; v++) {
        x[v] = _mm512_load_si512((const void *)(limbs + 8 * v));
    }
    multiply_two(&st, x, factor);
    if (__builtin_expect(!reduce(k, &st, x, m->q), 0)) {
        return false;
    }
    UNROLL
    for (size_t v = 0; v < V; v++) {
        _mm512_store_si512((void *)(limbs + 8 * v), x[v]);
    }
    return true;
}

#endif
