/* Montgomery squarings and products with the AVX-512 IFMA instructions (Intel, "Intel 64 and IA-32
 * Architectures Software Developer's Manual", vol. 2, VPMADD52LUQ): eight 52-bit limbs to a vector,
 * chosen at run time. Private to the time-lock room.
 *
 * Numbers are lists of L = 8V limbs of 52 bits, lowest first: V = 3, 5, 8 vectors for moduli of
 * 1024, 2048, 3072 bits. R = 2^(52 L) > 4N, so x, y < 2N give x*y/R mod N below 2N again and
 * nothing is ever subtracted.
 *
 * One squaring: T = x^2 (products off the diagonal once, then doubled), q = T*(-1/N) mod R, and the
 * upper half of T + q*N. Of the lower half only the carry counts: as that half is a multiple of R,
 * its topmost column alone tells. A product a_i*B is added at column i, and vectors hold columns 8
 * apart: with B shifted up by i mod 8 limbs all additions are in place. The upper half of T is
 * computed while the carries of its lower half, and those of q, run through: that hides most of
 * what they take. */
#ifndef CRYPTO_TIMELOCK_TLP_IFMA_H
#define CRYPTO_TIMELOCK_TLP_IFMA_H

#include "common/base/bytes.h"

#include <gmp.h>

#define TLP_IFMA_VECTORS_MAX 8
#define TLP_IFMA_LIMB_BITS 52
#define TLP_IFMA_LIMBS_MAX (8 * TLP_IFMA_VECTORS_MAX)

/* What follows from N. Vector j of row s is limbs 8j - s .. 8j - s + 7. */
struct tlp_ifma {
    _Alignas(64) uint64_t n[9][TLP_IFMA_VECTORS_MAX + 1][8];       /* N */
    _Alignas(64) uint64_t inverse[9][TLP_IFMA_VECTORS_MAX + 1][8]; /* -1/N mod R */
    _Alignas(64) uint64_t reversed[2][TLP_IFMA_VECTORS_MAX][8];    /* limbs L-1-i and L-2-i of N */
    uint32_t vectors;
};

/* Limbs of a number below 2N; those from L on are unspecified. */
struct tlp_ifma_number {
    _Alignas(64) uint64_t limbs[TLP_IFMA_LIMBS_MAX];
};

/* What a computation leaves behind: wipe it after the last one. */
struct tlp_ifma_scratch {
    _Alignas(64) uint64_t space[3 * TLP_IFMA_LIMBS_MAX + 9 * (TLP_IFMA_LIMBS_MAX + 8)];
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
 * x*factor/R; below 2N again. In: tlp_ifma_available; the factor may be x itself if n is 0. */
void tlp_ifma_square_mul(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,
                         struct tlp_ifma_number *x, uint64_t n,
                         const struct tlp_ifma_number *factor);

/* Little-endian bytes and back. In: a number below 2^(52 L), in at most TLP_IFMA_BYTES_MAX bytes;
 * `out` of exactly that many bytes. */
#define TLP_IFMA_BYTES_MAX (TLP_IFMA_LIMBS_MAX * TLP_IFMA_LIMB_BITS / 8)
void tlp_ifma_from_bytes(struct bytes little_endian, struct tlp_ifma_number *out);
void tlp_ifma_to_bytes(const struct tlp_ifma *k, const struct tlp_ifma_number *x,
                       uint8_t out[TLP_IFMA_BYTES_MAX]);

/* The kernels, one to a size (tlp_ifma_kernel.h). */
#define TLP_IFMA_KERNEL(v)                                                                         \
    void tlp_ifma_square_mul_##v(const struct tlp_ifma *k, struct tlp_ifma_scratch *scratch,       \
                                 uint64_t *x, uint64_t n, const uint64_t *factor);
TLP_IFMA_KERNEL(3)
TLP_IFMA_KERNEL(5)
TLP_IFMA_KERNEL(8)

#endif
