/* The group of signed quadratic residues, private to the time-lock room. See tlp.h for the formats.
 *
 * Elements are BIGNUMs in Montgomery form, reduced modulo N and known up to sign; only
 * tlp_elem_put makes the sign canonical. OpenSSL's Montgomery product beats GMP's portable build by
 * a half; GMP serves for Jacobi symbols, inverses and long integers. Long chains of squarings have
 * a kernel of their own where the machine can (tlp_ifma.h).
 *
 * A work remembers its first failure (out of memory) and ignores operations from then on, so a
 * computation runs through and asks once. One work per call and thread; the ring is shared.
 *
 * Every BIGNUM here is released with BN_clear_free, and BN_CTX clears what it lends, so secrets in
 * BIGNUMs leave nothing behind. Exponentiation is not constant time. */
#ifndef CRYPTO_TIMELOCK_TLP_GROUP_H
#define CRYPTO_TIMELOCK_TLP_GROUP_H

#include "common/base/bytes.h"

#include <gmp.h>
#include <openssl/bn.h>

struct tlp_ring {
    uint32_t bits;
    size_t bytes;
    mpz_t n;
    BIGNUM *mod;  /* N again */
    BIGNUM *half; /* (N-1)/2, the largest canonical element */
    BIGNUM *one;  /* in Montgomery form */
    BN_MONT_CTX *mont;
    struct tlp_ifma *ifma; /* NULL where the machine has no such instructions */
    /* The kernel's product with these changes between OpenSSL's R and its own. */
    struct tlp_ifma_number *to_ifma;
    struct tlp_ifma_number *from_ifma;
};

/* In: N as bits/8 bytes, odd, exactly `bits` long. Returns: 0 or ERR_NOMEM (nothing to release). */
int tlp_ring_init(struct tlp_ring *ring, uint32_t bits, const uint8_t *n) MUST_CHECK;
void tlp_ring_fini(struct tlp_ring *ring);

struct tlp_work {
    const struct tlp_ring *ring;
    BN_CTX *ctx;
    int err;
};

void tlp_work_init(struct tlp_work *work, const struct tlp_ring *ring);
void tlp_work_fini(struct tlp_work *work);
/* Records a failure unless one is recorded already. */
void tlp_work_fail(struct tlp_work *work, int err);

/* n BIGNUMs, zero. Returns: NULL after recording a failure. Release with tlp_bns_free. */
BIGNUM **tlp_bns_new(struct tlp_work *work, size_t n);
void tlp_bns_free(BIGNUM **list, size_t n);
/* For CLEANUP on a BIGNUM pointer. */
void tlp_bn_cleanup(BIGNUM **x);
BIGNUM *tlp_bn_new(struct tlp_work *work);

/* Parses an element: length, canonical form, Jacobi symbol +1. Not in Montgomery form comes no
 * element anywhere else. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_NONCANONICAL or ERR_NOMEM;
 * the work does not remember them. */
int tlp_elem_get(struct tlp_work *work, struct bytes in, BIGNUM *out) MUST_CHECK;
/* The same checks without the result. */
int tlp_elem_check(const struct tlp_ring *ring, struct bytes in) MUST_CHECK;
/* Length and range only: not 0, below N/2. */
int tlp_elem_range(const struct tlp_ring *ring, struct bytes in) MUST_CHECK;
/* The result without the checks. */
void tlp_elem_read(struct tlp_work *work, struct bytes in, BIGNUM *out);
/* Writes ring->bytes bytes, the canonical form; zeros after a failure. */
void tlp_elem_put(struct tlp_work *work, const BIGNUM *x, uint8_t *out);

void tlp_mul(struct tlp_work *work, BIGNUM *out, const BIGNUM *a, const BIGNUM *b);
/* x becomes x^(2^n) by n squarings: the delay. */
void tlp_square_chain(struct tlp_work *work, BIGNUM *x, uint64_t n);

/* The same with a kernel of one's choice, to compare them. IFMA without ring->ifma is a bug. */
enum tlp_kernel { TLP_KERNEL_OPENSSL, TLP_KERNEL_IFMA };
void tlp_square_chain_with(struct tlp_work *work, enum tlp_kernel kernel, BIGNUM *x, uint64_t n);
/* out = product of bases[i]^exps[i], squarings shared; exponents are public and >= 0. `out` may be
 * one of the bases. */
void tlp_multi_pow(struct tlp_work *work, BIGNUM *out, size_t n, BIGNUM *const *bases,
                   BIGNUM *const *exps);
void tlp_pow_u64(struct tlp_work *work, BIGNUM *out, BIGNUM *base, uint64_t exp);
/* Replaces each of n elements by its inverse, with one inversion. */
void tlp_invert_all(struct tlp_work *work, size_t n, BIGNUM *const *list);

/* Elements in the form of the IFMA kernel, and back. In: ring->ifma is there, the work has not
 * failed. */
struct tlp_ifma_number;
struct tlp_ifma_scratch;
void tlp_to_ifma(struct tlp_work *work, const BIGNUM *x, struct tlp_ifma_scratch *scratch,
                 struct tlp_ifma_number *out);
void tlp_from_ifma(struct tlp_work *work, BIGNUM *out, struct tlp_ifma_scratch *scratch,
                   const struct tlp_ifma_number *x);

/* Plain integers between the two libraries. The mpz is initialised by the caller. */
void tlp_bn_from_mpz(struct tlp_work *work, BIGNUM *out, const mpz_t in);
void tlp_bn_from_u64(struct tlp_work *work, BIGNUM *out, uint64_t in);
void tlp_to_mont(struct tlp_work *work, BIGNUM *out, const mpz_t in);
void tlp_from_mont(struct tlp_work *work, mpz_t out, const BIGNUM *in);
void tlp_mpz_from_bytes(mpz_t out, struct bytes in);
/* Big-endian into exactly len bytes; the value fits. */
void tlp_mpz_to_bytes(const mpz_t in, uint8_t *out, size_t len);
/* Overwrites every limb the number has allocated, then clears it. Secrets are given their final
 * size by mpz_init2, so that no reallocation leaves a copy behind. GMP's own scratch space is
 * beyond reach. */
void tlp_mpz_wipe(mpz_t x);

#endif
