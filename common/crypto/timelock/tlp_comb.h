/* Powers of a base known in advance (g and h), after Lim and Lee 1994. The exponent is cut into
 * chunks of 128 bits, each with a table of its own, so that short exponents cost less than long
 * ones: 15 squarings and 16 multiplications per chunk in use. Private to the time-lock room. */
#ifndef CRYPTO_TIMELOCK_TLP_COMB_H
#define CRYPTO_TIMELOCK_TLP_COMB_H

#include "common/crypto/timelock/tlp_group.h"

struct tlp_comb {
    BIGNUM *base; /* borrowed */
    size_t chunks;
    BIGNUM **table;               /* 255 entries a chunk; NULL before tlp_comb_init */
    struct tlp_ifma_number *fast; /* the same for the kernel, then `table` is not kept */
};

/* For exponents of up to max_bits. The base is borrowed until tlp_comb_fini. Returns: nothing; the
 * work remembers a failure. */
void tlp_comb_init(struct tlp_work *work, struct tlp_comb *comb, BIGNUM *base, size_t max_bits);
void tlp_comb_fini(struct tlp_comb *comb);
/* out = base^exp; 0 <= exp < 2^max_bits. Works, more slowly, with nothing but `base` set. */
void tlp_comb_pow(struct tlp_work *work, const struct tlp_comb *comb, BIGNUM *out,
                  const BIGNUM *exp);

#endif
