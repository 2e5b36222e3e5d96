/* What the ledger's tests share: names, accounts and operations in one line each, awkward amounts,
 * and an independent model of execution over plain arrays. */
#ifndef TESTS_UNIT_LEDGER_FIXTURE_H
#define TESTS_UNIT_LEDGER_FIXTURE_H

#include "common/base/prng.h"
#include "common/ledger/led_access.h"
#include "common/ledger/led_exec.h"
#include "common/ledger/led_u256.h"

#include <gmp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define U128_MAX (~(u128)0)
#define FIX_ROLLUP 7

#define assert_u128_equal(a, b) assert_true((a) == (b))

struct led_name fix_name(const char *text);
/* 20 times the same byte. */
struct addr20 fix_address(uint8_t fill);
/* In: hex digits. Out: to be released with buf_fini. */
struct buf fix_hex(const char *text);

struct led_op fix_transfer(const struct addr20 *to, const char *asset, u128 amount);
struct led_op fix_swap(const char *pool, const char *in, const char *out, u128 amount_in,
                       u128 min_out);
struct led_op fix_require_balance(const struct addr20 *account, const char *asset,
                                  enum led_compare compare, u128 value);
struct led_op fix_require_price(const char *pool, const char *asset, enum led_compare compare,
                                u128 num, u128 den);
struct led_op fix_require_nonce(const struct addr20 *account, enum led_compare compare,
                                uint64_t nonce);
struct led_op fix_fail(void);

/* Any bits, of any length, often next to a power of two or to the largest. */
u128 fix_u128(struct prng *p);
/* A valid operation with fields from fix_u128, random names and accounts. */
struct led_op fix_random_op(struct prng *p);

void fix_mpz(mpz_t out, u128 v);
/* In: not over 128 bits. */
u128 fix_from_mpz(const mpz_t v);

struct hash32 fix_root(struct led_state *s);
struct led_state *fix_state(void);

/* ---- Model ---- */

#define MODEL_ACCOUNTS 4
#define MODEL_ASSETS 4
#define MODEL_POOLS 4 /* the last does not exist */

struct model_pool {
    bool exists;
    size_t asset[2];
    u128 reserve[2];
    uint32_t fee_ppm;
};

/* Small enough to copy: that is its rollback. */
struct model {
    u128 balance[MODEL_ACCOUNTS][MODEL_ASSETS];
    uint64_t nonce[MODEL_ACCOUNTS];
    struct model_pool pool[MODEL_POOLS];
};

const char *model_asset(size_t i);
const char *model_pool_name(size_t i);
/* The key of an account; kept until the end of the process. */
const struct sig_key *model_key(size_t i);

/* Amounts up to 2^bits. */
void model_random(struct model *m, struct prng *p, unsigned bits);
/* A state that holds the same, committed. */
struct led_state *model_state(const struct model *m);
/* A transaction without signature, with 1..4 operations that stand a chance.
 * Out: to be released with led_tx_fini. */
void model_random_tx(const struct model *m, struct prng *p, struct led_tx *out);
/* What a swap pays, in GMP. */
u128 model_swap_out(u128 reserve_in, u128 reserve_out, u128 amount_in, uint32_t fee_ppm);
/* Executes without looking at the signature. */
struct led_receipt model_execute(struct model *m, const struct led_tx *tx);
/* Asserts that the state holds exactly what the model holds. */
void model_assert_equal(const struct model *m, const struct led_state *s);
/* All there is of an asset. Out: initialised by the caller. */
void model_total(const struct model *m, size_t asset, mpz_t out);

#endif
