/* Squaring and multiplying modulo N with the AVX-512 IFMA instructions, which multiply eight pairs
 * of 52-bit numbers at once. Exists on x86-64 processors that have them; asked at run time.
 *
 * Numbers are V vectors of eight 52-bit limbs: V = 3, 5, 8 for 1024, 2048, 3072 bits. Montgomery's
 * factor is R = 2^(416 V) > 16 N, so results below 2.01 N come out without a final subtraction and
 * go in again as they are. Reduction takes a vector at a time from below: with M the multiple of N
 * that is -1 modulo 2^416, T + (T mod 2^416) M = 2^416 (floor(T / 2^416) + (T mod 2^416) M'), where
 * M' = (M + 1) / 2^416 <= N. The low limbs are their own quotient. Only the last vector needs N
 * itself, to get back to the size of N (Montgomery, Modular multiplication without trial division,
 * 1985; the choice of M is folklore).
 *
 * Limbs are normalised by one carry from each to the next. A second carry is needed once in about
 * 2^36 times; then that product is thrown away and made by GMP. So it is not constant time. The
 * vector code leaves operands on the stack: tlp_ifma_scrub after secrets. */
#ifndef CRYPTO_TIMELOCK_TLP_IFMA_H
#define CRYPTO_TIMELOCK_TLP_IFMA_H

#include "common/base/bytes.h"

#include <gmp.h>

#define TLP_IFMA_VECTORS_MAX 8
#define TLP_IFMA_LIMBS_MAX (8 * TLP_IFMA_VECTORS_MAX)
#define TLP_IFMA_LIMB_BITS 52

struct tlp_ifma;

/* Whether this processor and system run it (a valgrind without AVX-512 says no). */
bool tlp_ifma_supported(void);

/* In: supported; bits 1024, 2048 or 3072; n odd, exactly `bits` long. The constants are public.
 * Returns: 0 or ERR_NOMEM. */
int tlp_ifma_new(uint32_t bits, const mpz_t n, struct tlp_ifma **out) MUST_CHECK;
/* *ifma becomes NULL; NULL is fine. */
void tlp_ifma_destroy(struct tlp_ifma **ifma);
/* The number of limbs, 8 V. */
size_t tlp_ifma_limbs(const struct tlp_ifma *ifma);

/* In: x = y 2^bits mod N, the Montgomery form of 64-bit words. Out: y R modulo N, for what follows:
 * tlp_ifma_limbs limbs, lowest first, each below 2^52. */
void tlp_ifma_enter(const struct tlp_ifma *ifma, const mpz_t x, uint64_t *limbs);
/* And back. */
void tlp_ifma_leave(const struct tlp_ifma *ifma, const uint64_t *limbs, mpz_t x);

/* n times x = x^2 / R modulo N, in place. In: limbs each below 2^52, together below 4 N. Out:
 * likewise, below 2.01 N. Returns: how many of the squarings went to GMP for want of a second
 * carry.
 */
uint64_t tlp_ifma_square(const struct tlp_ifma *ifma, uint64_t *x, uint64_t n);
/* out = a b / R modulo N, all as above; out may be a or b. Returns: how many went to GMP, 0 or 1.
 */
uint64_t tlp_ifma_mul(const struct tlp_ifma *ifma, uint64_t *out, const uint64_t *a,
                      const uint64_t *b);
/* Overwrites the stack that the functions above have used, if called from where they were. */
void tlp_ifma_scrub(void);

#endif
