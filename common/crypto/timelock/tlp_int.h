/* What the files of the time-lock room share. Private; the formats are in tlp.h. */
#ifndef CRYPTO_TIMELOCK_TLP_INT_H
#define CRYPTO_TIMELOCK_TLP_INT_H

#include "common/crypto/timelock/tlp.h"
#include "common/crypto/timelock/tlp_comb.h"
#include "common/crypto/timelock/tlp_group.h"

#define TLP_CHALLENGE_BYTES 16
#define TLP_WESOLOWSKI_BITS 256

struct tlp_trapdoor {
    bool known;
    mpz_t p, q; /* initialised always */
};

struct tlp_params {
    struct tlp_ring ring;
    struct tlp_trapdoor trapdoor;
    uint64_t squarings;
    uint8_t g_bytes[TLP_ELEMENT_BYTES_MAX];
    uint8_t h_bytes[TLP_ELEMENT_BYTES_MAX];
    uint8_t pi_bytes[TLP_ELEMENT_BYTES_MAX];
    BIGNUM *g;
    BIGNUM *h;
    struct tlp_comb g_comb;
    struct tlp_comb h_comb;
    struct hash32 digest;
};

/* ---- tlp_hash.c ---- */

/* g = canon(HashToGroup(N, "g")^2). Out: ring->bytes bytes. Returns: 0, ERR_NOMEM, or ERR_INVALID
 * if the hash shares a factor with N. */
int tlp_hash_generator(struct tlp_work *work, uint8_t *out) MUST_CHECK;
/* In: u canonical. Returns: 0 or ERR_NOMEM. */
int tlp_hash_exponent(const struct tlp_ring *ring, struct bytes u, uint64_t *e) MUST_CHECK;
/* The prime l of the proof that h = g^(2^T). Returns: 0 or ERR_NOMEM. */
int tlp_hash_wesolowski(const struct tlp_ring *ring, const uint8_t *g, const uint8_t *h,
                        uint64_t squarings, mpz_t l) MUST_CHECK;

struct tlp_statement {
    enum tlp_profile profile;
    struct bytes ctx, ct, u, q;
    uint64_t e;
};

/* Returns: 0 or ERR_NOMEM. */
int tlp_hash_challenge(const struct tlp_params *params, const struct tlp_statement *s,
                       const uint8_t *a, const uint8_t *b,
                       uint8_t c[TLP_CHALLENGE_BYTES]) MUST_CHECK;

/* ---- tlp_modulus.c ---- */

/* All that is asked of a modulus and its factors. Returns: 0, or ERR_INVALID and a sentence. */
int tlp_modulus_check(const struct tlp_modulus *m, struct buf *why) MUST_CHECK;

/* ---- tlp_params.c ---- */

/* Parameters with ring and factors only, everything else empty. Returns: 0 or ERR_NOMEM. */
int tlp_params_new(const struct tlp_modulus *m, uint64_t squarings,
                   struct tlp_params **out) MUST_CHECK;
/* The same after all checks of tlp_params_setup, with g. Returns: as that. */
int tlp_params_begin(const struct tlp_modulus *m, uint64_t squarings, struct tlp_params **out,
                     struct buf *why) MUST_CHECK;
/* Fills in what follows from g_bytes, h_bytes and pi_bytes. Returns: 0 or ERR_NOMEM, and whatever
 * tlp_elem_get says of them. */
int tlp_params_finish(struct tlp_params *params) MUST_CHECK;

/* ---- tlp_chain.c ---- */

/* x becomes x^(2^n), up to sign. `squared` may be NULL. Failures are the work's. */
void tlp_delay(struct tlp_work *work, const struct tlp_params *params, enum tlp_solver solver,
               uint64_t n, BIGNUM *x, uint64_t *squared);
/* out = x^(2^n) by the factors. */
void tlp_trapdoor_power(const struct tlp_ring *ring, const struct tlp_trapdoor *trapdoor,
                        uint64_t n, const mpz_t x, mpz_t out);

/* ---- tlp_resume.c, tlp_batch.c ---- */

struct tlp_item {
    size_t index; /* among the caller's */
    uint64_t e;
    BIGNUM *u;
    BIGNUM *q;
};

/* See tlp_resume.h. */
struct tlp_batch {
    const struct tlp_params *params;
    struct tlp_work work;
    size_t n;
    struct tlp_item *items; /* in the caller's order, as long as nothing went wrong */
    BIGNUM *x;              /* U^(2^done) */
    uint64_t done;
    uint64_t squared; /* really performed */
    struct hash32 start;
};

/* product = u_from * ... * u_(to-1). */
void tlp_batch_product(struct tlp_batch *batch, size_t from, size_t to, BIGNUM *product);

/* ---- tlp_lock.c, tlp_verify.c ---- */

size_t tlp_profile_bits(const struct tlp_params *params, enum tlp_profile profile);
/* The AEAD key and additional data of a puzzle. aad is appended to. Returns: 0, ERR_NOMEM,
 * ERR_CRYPTO. */
int tlp_derive(const struct tlp_params *params, struct bytes ctx, struct bytes u, struct bytes q,
               struct bytes w, uint8_t key[32], struct buf *aad) MUST_CHECK;

/* One puzzle taken apart, each part checked on its own. */
struct tlp_claim {
    int form;
    struct tlp_statement s;
    const uint8_t *a; /* form 2 */
    const uint8_t *b;
    uint8_t c[TLP_CHALLENGE_BYTES];
    BIGNUM *z;
    BIGNUM *u;
    BIGNUM *q;
};

void tlp_claim_fini(struct tlp_claim *claim);
/* Returns: 0, or as tlp_verify says of a malformed puzzle (A and B are not looked at). The claim
 * is to be released either way and borrows from the puzzle. */
int tlp_claim_load(struct tlp_work *work, const struct tlp_params *params, struct bytes ctx,
                   const struct tlp_puzzle *puzzle, struct tlp_claim *claim) MUST_CHECK;

#endif
