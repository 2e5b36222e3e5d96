/* Between the two files of the IFMA kernel. */
#ifndef CRYPTO_TIMELOCK_TLP_IFMA_INT_H
#define CRYPTO_TIMELOCK_TLP_IFMA_INT_H

#include "common/crypto/timelock/tlp_ifma.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define TLP_IFMA_BUILT 1
#else
#define TLP_IFMA_BUILT 0
#endif

/* A number moved up by 0 to 7 limbs: shifted[s] is the number times 2^(52 s). */
struct tlp_ifma_shifts {
    uint64_t by[8][TLP_IFMA_VECTORS_MAX + 1][8];
};

struct tlp_ifma {
    /* The first three are aligned to 64 bytes. */
    struct tlp_ifma_shifts m; /* M' = (M + 1) / 2^416 */
    struct tlp_ifma_shifts n; /* N */
    uint64_t n_inverse[8][8]; /* -1/N modulo 2^416, moved up likewise, cut off at 2^416 */
    uint32_t bits;
    size_t vectors;
    mpz_t modulus;
    mpz_t minus_inverse; /* -1/N modulo R */
};

/* As tlp_ifma_square, but stops in front of a squaring that needs a second carry.
 * Returns: the squarings done; x is what they made it. */
uint64_t tlp_ifma_try_square(const struct tlp_ifma *ifma, uint64_t *x, uint64_t n);
/* As tlp_ifma_mul. Returns: false if it needs a second carry; nothing is written then. */
bool tlp_ifma_try_mul(const struct tlp_ifma *ifma, uint64_t *out, const uint64_t *a,
                      const uint64_t *b);

#endif
