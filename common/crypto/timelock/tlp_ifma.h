/* Montgomery squarings and products with the AVX-512 IFMA instructions (Intel, "Intel 64 and IA-32
 * Architectures Software Developer's Manual", vol. 2, VPMADD52LUQ): eight 52-bit limbs to a vector,
 * chosen at run time. Private to the time-lock room.
 *
 * Numbers are lists of L = 8V limbs of 52 bits, lowest first: V = 3, 5, 8 vectors for moduli of
 * 1024, 2048, 3072 bits. R = 2^(52 L) > 16 N, so x, y < 4N give x*y/R mod N below 2.01 N and
 * nothing is ever subtracted.
 *
 * T = x*y (of a square: the products off the diagonal once, then doubled) is reduced a vector at a
 * time from below (Montgomery 1985, with a multiple of N that makes the quotients trivial): with M
 * the multiple of N that is -1 modulo 2^416, T + (T mod 2^416) M = 2^416 (floor(T / 2^416) +
 * (T mod 2^416) M'), where M' = (M + 1) / 2^416 <= N. The lowest vector is its own quotient. Only
 * the last one is multiplied by -1/N modulo 2^416, and N, to get back to the length of N.
 *
 * Vectors are normalised by one carry from each limb to the next. A second carry is needed about
 * once in 2^36 times: then that product is thrown away and made by GMP. */
#ifndef CRYPTO_TIMELOCK_TLP_IFMA_H
#define CRYPTO_TIMELOCK_TLP_IFMA_H

#include "common/base/bytes.h"

#include <gmp.h>

#define TLP_IFMA_VECTORS_MAX 8
#define TLP_IFMA_LIMB_BITS 52
#define TLP_IFMA_LIMBS_MAX ((size_t)8 * TLP_IFMA_VECTORS_MAX)

/* A number moved up by s = 0 .. 7 limbs: by[s][j] is limbs 8j - s .. 8j - s + 7. */
struct tlp_ifma_shifts {
    uint64_t by[8][TLP_IFMA_VECTORS_MAX + 1][8];
};

/* What follows from N. */
struct tlp_ifma {
    _Alignas(64) struct tlp_ifma_shifts m; /* M' */
    struct tlp_ifma_shifts n;              /* N */
    uint64_t inverse[8][8];                /* -1/N mod 2^416, moved up and cut off at 2^416 */
    uint32_t vectors;
    mpz_t modulus;
    mpz_t minus_inverse; /* -1/N mod R */
};

/* Limbs of a number below 4N; those from L on are unspecified. */
struct tlp_ifma_number {
    _Alignas(64) uint64_t limbs[TLP_IFMA_LIMBS_MAX];
};

/* What a computation leaves behind: wipe it after the last one. */
struct tlp_ifma_scratch {
    _Alignas(64) uint64_t space[2 * TLP_IFMA_LIMBS_MAX + 8];
};

/* Returns: true if this machine can. */
bool tlp_ifma_available(void);

/* In: an odd N of 1024, 2048 or 3072 bits. Out: to be released with tlp_ifma_destroy. Returns: 0 or
 * ERR_NOMEM. */
int tlp_ifma_new(uint32_t bits, const mpz_t n, struct tlp_ifma **out) MUST_CHECK;
void tlp_ifma_destroy(struct tlp_ifma **k);

/* log2 R. */
uint32_t tlp_ifma_radix_bits(const struct tlp_ifma *k);

/* x becomes x * (x/R)^(2^n - 1) mod N, n Montgomery squarings, and then, unless factor is NULL,
 * x*factor/R; below 2.01 N then. In: tlp_ifma_available; the factor may be x itself if n is 0. */
void tlp_ifma_square_mul(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,
                         struct tlp_ifma_number *x, uint64_t n,
                         const struct tlp_ifma_number *factor);

/* Little-endian bytes and back. In: a number below 2^(52 L), in at most TLP_IFMA_BYTES_MAX bytes;
 * `out` of exactly that many bytes. */
#define TLP_IFMA_BYTES_MAX (TLP_IFMA_LIMBS_MAX * TLP_IFMA_LIMB_BITS / 8)
void tlp_ifma_from_bytes(struct bytes little_endian, struct tlp_ifma_number *out);
void tlp_ifma_to_bytes(const struct tlp_ifma *k, const struct tlp_ifma_number *x,
                       uint8_t out[TLP_IFMA_BYTES_MAX]);

/* The kernels, one to a size (tlp_ifma_kernel.h). The first returns the squarings done: it stops in
 * front of one that needs a second carry; the second, false if it would, and leaves x alone. */
#define TLP_IFMA_KERNEL(v)                                                                         \
    uint64_t tlp_ifma_square_##v(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,       \
                                 uint64_t *x, uint64_t n);                                         \
    bool tlp_ifma_multiply_##v(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,         \
                               uint64_t *x, const uint64_t *factor);
TLP_IFMA_KERNEL(3)
TLP_IFMA_KERNEL(5)
TLP_IFMA_KERNEL(8)

#endif
