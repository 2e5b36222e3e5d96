/* What the time-lock tests share: the moduli of params/, parameters over them, ready puzzles, and
 * an independent model of the construction in plain mpz_powm. */
#ifndef TESTS_UNIT_TIMELOCK_FIXTURE_H
#define TESTS_UNIT_TIMELOCK_FIXTURE_H

#include "common/base/wire.h"
#include "common/crypto/timelock/tlp.h"

#include <gmp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CTX bytes_str("chain 7, nonce 3, leg 0 of 2")
#define PLAIN bytes_str("transfer 5 from alice to bob")

/* The file's content. Release with buf_fini. */
struct buf fix_modulus_file(uint32_t bits);
struct tlp_modulus fix_modulus(uint32_t bits);
/* Fresh parameters; with_trapdoor false drops the factors before setup, which then really squares.
 */
struct tlp_params *fix_params(uint32_t bits, uint64_t squarings, bool with_trapdoor);
/* Kept until the end of the process, with factors: 1024 bits, T = 1000. */
const struct tlp_params *fix_shared(void);

struct drbg fix_drbg(const char *label);
struct tlp_puzzle_out fix_lock(const struct tlp_params *params, enum tlp_profile profile,
                               const char *label);
struct buf fix_copy(struct bytes in);

/* ---- Model ---- */

struct model {
    uint32_t bits;
    size_t bytes;
    uint64_t squarings;
    mpz_t n, g, h, pi;
    struct hash32 digest;
};

/* Reads the parameter file without using the library. */
void model_init(struct model *m, const struct tlp_params *params);
void model_fini(struct model *m);
void model_canon(const struct model *m, mpz_t x);
void model_put(const struct model *m, const mpz_t x, uint8_t *out);
void model_get(mpz_t x, struct bytes in);
uint64_t model_exponent(const struct model *m, struct bytes u);
/* c for commitments already in canonical bytes. */
void model_challenge(const struct model *m, enum tlp_profile profile, struct bytes ctx,
                     const struct tlp_puzzle *puzzle, const uint8_t *a, const uint8_t *b, mpz_t c);
/* The r and rho the library draws from the generator of this label. */
void model_draw(const struct model *m, enum tlp_profile profile, const char *label, mpz_t r,
                mpz_t rho);
/* The puzzle for given r and rho. */
void model_lock(const struct model *m, enum tlp_profile profile, const mpz_t r, const mpz_t rho,
                struct bytes ctx, struct bytes plain, struct tlp_puzzle_out *out);
/* Appends the proof for the u, Q and ciphertext already in `out`, whatever they are. */
void model_prove(const struct model *m, enum tlp_profile profile, const mpz_t r, const mpz_t rho,
                 struct bytes ctx, struct tlp_puzzle_out *out);
/* Squares T times, opens. Returns: what aead_open does. */
int model_open(const struct model *m, struct bytes ctx, const struct tlp_puzzle *puzzle,
               struct buf *plain);
/* Decrypts with w. Returns: what aead_open does. */
int model_decrypt(const struct model *m, struct bytes ctx, const struct tlp_puzzle *puzzle,
                  const mpz_t w, struct buf *plain);

#endif
