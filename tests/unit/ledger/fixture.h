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
/* In: LED_OP_DEPOSIT, WITHDRAW, BORROW or REPAY; not flash. */
struct led_op fix_lend(enum led_op_kind kind, const char *pool, const char *asset, u128 amount);
/* In: LED_OP_BORROW or REPAY, and where the other one is. */
struct led_op fix_flash(enum led_op_kind kind, const char *pool, const char *asset, u128 amount,
                        uint32_t leg, uint32_t op);
/* In: LED_OP_BRIDGE_OUT or BRIDGE_IN, and where the other one is. */
struct led_op fix_bridge(enum led_op_kind kind, uint64_t rollup, const struct addr20 *account,
                         const char *asset, u128 amount, uint32_t leg, uint32_t op);

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
#define MODEL_POOLS 4    /* the last does not exist */
#define MODEL_LENDINGS 3 /* the last does not exist */
#define MODEL_PEER 9     /* the other end of bridges */

struct model_pool {
    bool exists;
    size_t asset[2];
    u128 reserve[2];
    uint32_t fee_ppm;
};

struct model_lending {
    bool exists;
    size_t asset;
    size_t collateral;
    u128 liquidity;
    u128 held;
    uint64_t num;
    uint64_t den;
};

/* Small enough to copy: that is its rollback. */
struct model {
    u128 balance[MODEL_ACCOUNTS][MODEL_ASSETS];
    uint64_t nonce[MODEL_ACCOUNTS];
    struct model_pool pool[MODEL_POOLS];
    struct model_lending lending[MODEL_LENDINGS];
    struct led_position position[MODEL_LENDINGS][MODEL_ACCOUNTS];
    struct led_bridged bridged[MODEL_ASSETS]; /* to and from MODEL_PEER */
};

const char *model_asset(size_t i);
const char *model_pool_name(size_t i);
const char *model_lending_name(size_t i);
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
/* Executes without looking at the signature; `uncovered_op` as for led_execute_in. */
struct led_receipt model_execute(struct model *m, const struct led_tx *tx, uint32_t uncovered_op);
/* The first operation that has no match in the same transaction, or LED_NO_OP. */
uint32_t model_cover_alone(const struct led_tx *tx);
/* Asserts that the state holds exactly what the model holds. */
void model_assert_equal(const struct model *m, const struct led_state *s);
/* All there is of an asset, as if what was bridged were still here. Out: initialised by the
 * caller. */
void model_total(const struct model *m, size_t asset, mpz_t out);

/* Of model_lend.c, for model.c. */
size_t model_account(const struct addr20 *a);
size_t model_asset_index(const struct led_name *name);
/* Around a limit: below it, exactly it, just above, or anything. */
u128 model_near(struct prng *p, u128 limit);
u128 model_amount(struct prng *p, unsigned bits);
/* Returns: the sign of a * b - c * d. */
int model_compare_products(u128 a, u128 b, u128 c, u128 d);
void model_lend_random(struct model *m, struct prng *p, unsigned bits);
void model_lend_fill(const struct model *m, struct led_state *s);
/* Writes operations to out[at] and perhaps later ones, all below n. */
void model_lend_random_ops(const struct model *m, size_t sender, struct prng *p, struct led_op *out,
                           size_t at, size_t n);
enum led_reason model_lend_do(struct model *m, size_t sender, const struct led_op *op);
void model_lend_assert_equal(const struct model *m, const struct led_state *s);

#endif
