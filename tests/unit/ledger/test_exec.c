/* Execution: what every operation does, every reason to fail, and that failing leaves no trace. */
#include "common/base/cleanup.h"

#include "tests/unit/ledger/fixture.h"

#define RUN(f, ...)                                                                                \
    run(f, (struct led_op[]){__VA_ARGS__},                                                         \
        sizeof((struct led_op[]){__VA_ARGS__}) / sizeof(struct led_op))

/* Alice has 1000 ETH and 500 U; the pool ETH-U holds 1000 and 2000 at a fee of 3000 ppm. */
struct field {
    struct led_state *s;
    struct addr20 alice;
    struct addr20 bob;
};

static void set_balance(struct field *f, const struct addr20 *who, const char *asset, u128 amount)
{
    struct led_name name = fix_name(asset);
    assert_int_equal(led_state_set_balance(f->s, who, &name, amount), 0);
}

static u128 balance(const struct field *f, const struct addr20 *who, const char *asset)
{
    struct led_name name = fix_name(asset);
    return led_balance(f->s, who, &name);
}

static void set_pool(struct field *f, u128 eth, u128 u, uint32_t fee_ppm)
{
    struct led_name pool = fix_name("ETH-U");
    struct led_name a = fix_name("ETH");
    struct led_name b = fix_name("U");
    assert_int_equal(led_state_set_pool(f->s, &pool, &a, eth, &b, u, fee_ppm), 0);
}

static struct led_pool pool_of(const struct field *f)
{
    struct led_pool p;
    struct led_name name = fix_name("ETH-U");
    assert_int_equal(led_pool_get(f->s, &name, &p), 0);
    return p;
}

static struct field field_of(void)
{
    struct field f = {
        .s = fix_state(), .alice = model_key(0)->address, .bob = model_key(1)->address};
    set_balance(&f, &f.alice, "ETH", 1000);
    set_balance(&f, &f.alice, "U", 500);
    set_pool(&f, 1000, 2000, 3000);
    led_state_commit(f.s);
    return f;
}

static struct led_tx tx_of(const struct field *f, struct led_op *ops, size_t n_ops)
{
    return (struct led_tx){.rollup = FIX_ROLLUP,
                           .sender = f->alice,
                           .n_legs = 1,
                           .has_nonce = true,
                           .nonce = led_nonce(f->s, &f->alice),
                           .ops = ops,
                           .n_ops = n_ops};
}

/* Executes as Alice, signed and with her nonce, and looks after what every verdict implies. */
static struct led_receipt run(struct field *f, struct led_op *ops, size_t n_ops)
{
    struct led_tx tx = tx_of(f, ops, n_ops);
    struct led_receipt r = {0};
    struct hash32 before = fix_root(f->s);
    led_tx_sign(&tx, model_key(0));
    assert_int_equal(led_execute(f->s, &tx, &r), 0);
    assert_int_equal(r.ok, r.reason == LED_REASON_OK);
    if (r.ok) {
        assert_true(r.failed_op == LED_NO_OP);
        assert_true(led_nonce(f->s, &f->alice) == tx.nonce + 1);
    } else {
        assert_true(r.failed_op < n_ops);
        assert_true(led_nonce(f->s, &f->alice) == tx.nonce);
        assert_memory_equal(fix_root(f->s).b, before.b, 32);
    }
    return r;
}

#define assert_reason(receipt, expected)                                                           \
    assert_string_equal(led_reason_name((receipt).reason), led_reason_name(expected))

static void test_transfer_moves_an_amount(void **state)
{
    struct field f = field_of();
    assert_true(RUN(&f, fix_transfer(&f.bob, "ETH", 300)).ok);
    assert_u128_equal(balance(&f, &f.alice, "ETH"), 700);
    assert_u128_equal(balance(&f, &f.bob, "ETH"), 300);
    assert_true(RUN(&f, fix_transfer(&f.bob, "ETH", 700)).ok);
    assert_u128_equal(balance(&f, &f.alice, "ETH"), 0);
    assert_u128_equal(balance(&f, &f.bob, "ETH"), 1000);
    assert_u128_equal(balance(&f, &f.alice, "U"), 500);
    led_state_destroy(&f.s);
}

static void test_transfer_to_oneself_changes_nothing_but_the_nonce(void **state)
{
    struct field f = field_of();
    assert_true(RUN(&f, fix_transfer(&f.alice, "ETH", 1000)).ok);
    assert_u128_equal(balance(&f, &f.alice, "ETH"), 1000);
    assert_reason(RUN(&f, fix_transfer(&f.alice, "ETH", 1001)), LED_REASON_INSUFFICIENT_BALANCE);
    set_balance(&f, &f.alice, "ETH", U128_MAX);
    assert_true(RUN(&f, fix_transfer(&f.alice, "ETH", U128_MAX)).ok);
    assert_u128_equal(balance(&f, &f.alice, "ETH"), U128_MAX);
    led_state_destroy(&f.s);
}

static void test_transfer_fails_for_zero_too_much_and_overflow(void **state)
{
    struct field f = field_of();
    assert_reason(RUN(&f, fix_transfer(&f.bob, "ETH", 0)), LED_REASON_ZERO_AMOUNT);
    assert_reason(RUN(&f, fix_transfer(&f.bob, "none", 0)), LED_REASON_ZERO_AMOUNT);
    assert_reason(RUN(&f, fix_transfer(&f.bob, "ETH", 1001)), LED_REASON_INSUFFICIENT_BALANCE);
    assert_reason(RUN(&f, fix_transfer(&f.bob, "ETH", U128_MAX)), LED_REASON_INSUFFICIENT_BALANCE);
    assert_reason(RUN(&f, fix_transfer(&f.bob, "none", 1)), LED_REASON_INSUFFICIENT_BALANCE);
    set_balance(&f, &f.bob, "ETH", U128_MAX - 999);
    assert_reason(RUN(&f, fix_transfer(&f.bob, "ETH", 1000)), LED_REASON_OVERFLOW);
    assert_true(RUN(&f, fix_transfer(&f.bob, "ETH", 999)).ok);
    assert_u128_equal(balance(&f, &f.bob, "ETH"), U128_MAX);
    led_state_destroy(&f.s);
}

/* 100 in: fee ceil(0.3) = 1, net 99; 2000 * 99 / 1099 = 180.16. 50 back from 1820: fee 1, net 49;
 * 1100 * 49 / 1869 = 28.83. */
static void test_swap_pays_by_the_formula_both_ways(void **state)
{
    struct field f = field_of();
    assert_true(RUN(&f, fix_swap("ETH-U", "ETH", "U", 100, 180)).ok);
    assert_u128_equal(balance(&f, &f.alice, "ETH"), 900);
    assert_u128_equal(balance(&f, &f.alice, "U"), 680);
    assert_u128_equal(pool_of(&f).reserve_a, 1100);
    assert_u128_equal(pool_of(&f).reserve_b, 1820);
    assert_true(RUN(&f, fix_swap("ETH-U", "U", "ETH", 50, 28)).ok);
    assert_u128_equal(balance(&f, &f.alice, "ETH"), 928);
    assert_u128_equal(balance(&f, &f.alice, "U"), 630);
    assert_u128_equal(pool_of(&f).reserve_a, 1072);
    assert_u128_equal(pool_of(&f).reserve_b, 1870);
    assert_int_equal(pool_of(&f).fee_ppm, 3000);
    led_state_destroy(&f.s);
}

static void test_swap_fails_for_every_reason(void **state)
{
    struct field f = field_of();
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "U", 100, 181)), LED_REASON_SLIPPAGE);
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "U", 100, U128_MAX)), LED_REASON_SLIPPAGE);
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "U", 0, 0)), LED_REASON_ZERO_AMOUNT);
    assert_reason(RUN(&f, fix_swap("U-ETH", "ETH", "U", 1, 0)), LED_REASON_UNKNOWN_POOL);
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "ETH", 1, 0)), LED_REASON_WRONG_ASSET);
    assert_reason(RUN(&f, fix_swap("ETH-U", "U", "U", 1, 0)), LED_REASON_WRONG_ASSET);
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "V", 1, 0)), LED_REASON_WRONG_ASSET);
    assert_reason(RUN(&f, fix_swap("ETH-U", "V", "U", 1, 0)), LED_REASON_WRONG_ASSET);
    assert_reason(RUN(&f, fix_swap("ETH-U", "V", "V", 1, 0)), LED_REASON_WRONG_ASSET);
    assert_reason(RUN(&f, fix_swap("ETH-U", "U", "V", 1, 0)), LED_REASON_WRONG_ASSET);
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "U", 1001, 0)), LED_REASON_INSUFFICIENT_BALANCE);
    assert_reason(RUN(&f, fix_swap("ETH-U", "U", "ETH", 501, 0)), LED_REASON_INSUFFICIENT_BALANCE);
    set_pool(&f, U128_MAX - 999, 2000, 3000);
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "U", 1000, 0)), LED_REASON_OVERFLOW);
    assert_true(RUN(&f, fix_swap("ETH-U", "ETH", "U", 999, 0)).ok);
    assert_u128_equal(pool_of(&f).reserve_a, U128_MAX);
    set_pool(&f, 1, 2000, 0);
    set_balance(&f, &f.alice, "ETH", 1);
    set_balance(&f, &f.alice, "U", U128_MAX - 999);
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "U", 1, 0)), LED_REASON_OVERFLOW);
    set_balance(&f, &f.alice, "U", U128_MAX - 1000);
    assert_true(RUN(&f, fix_swap("ETH-U", "ETH", "U", 1, 1000)).ok);
    assert_u128_equal(balance(&f, &f.alice, "U"), U128_MAX);
    led_state_destroy(&f.s);
}

static void test_swap_never_empties_a_pool(void **state)
{
    struct field f = field_of();
    set_pool(&f, 1, U128_MAX, 0);
    set_balance(&f, &f.alice, "ETH", U128_MAX - 1);
    set_balance(&f, &f.alice, "U", 0);
    assert_true(RUN(&f, fix_swap("ETH-U", "ETH", "U", U128_MAX - 1, U128_MAX - 1)).ok);
    assert_u128_equal(pool_of(&f).reserve_a, U128_MAX);
    assert_u128_equal(pool_of(&f).reserve_b, 1);
    assert_u128_equal(balance(&f, &f.alice, "U"), U128_MAX - 1);
    /* And all of it back. */
    assert_true(RUN(&f, fix_swap("ETH-U", "U", "ETH", U128_MAX - 1, U128_MAX - 1)).ok);
    assert_u128_equal(pool_of(&f).reserve_a, 1);
    assert_u128_equal(balance(&f, &f.alice, "U"), 0);
    led_state_destroy(&f.s);
}

static void test_swap_that_pays_nothing_is_for_who_accepts_nothing(void **state)
{
    struct field f = field_of();
    set_pool(&f, 1000, 2000, 999999); /* takes all of a small amount */
    assert_reason(RUN(&f, fix_swap("ETH-U", "ETH", "U", 1000, 1)), LED_REASON_SLIPPAGE);
    assert_true(RUN(&f, fix_swap("ETH-U", "ETH", "U", 1000, 0)).ok);
    assert_u128_equal(balance(&f, &f.alice, "ETH"), 0);
    assert_u128_equal(balance(&f, &f.alice, "U"), 500);
    assert_u128_equal(pool_of(&f).reserve_a, 2000);
    assert_u128_equal(pool_of(&f).reserve_b, 2000);
    led_state_destroy(&f.s);
}

/* In: the requirement with what is found above, equal to, below what it states. */
static void check_compare(struct field *f, const struct led_op at[3])
{
    static const bool met[3][3] = {
        [LED_AT_LEAST - 1] = {true, true, false},
        [LED_AT_MOST - 1] = {false, true, true},
        [LED_EXACTLY - 1] = {false, true, false},
    };
    for (size_t compare = 0; compare < 3; compare++) {
        for (size_t i = 0; i < 3; i++) {
            struct led_op op = at[i];
            op.require.compare = (enum led_compare)(compare + 1);
            assert_reason(RUN(f, op),
                          met[compare][i] ? LED_REASON_OK : LED_REASON_REQUIREMENT_NOT_MET);
        }
    }
}

static void test_require_compares_balances(void **state)
{
    struct field f = field_of();
    const struct led_op own[3] = {fix_require_balance(&f.alice, "ETH", 1, 999),
                                  fix_require_balance(&f.alice, "ETH", 1, 1000),
                                  fix_require_balance(&f.alice, "ETH", 1, 1001)};
    check_compare(&f, own);
    set_balance(&f, &f.bob, "X", U128_MAX - 1);
    const struct led_op others[3] = {fix_require_balance(&f.bob, "X", 1, 0),
                                     fix_require_balance(&f.bob, "X", 1, U128_MAX - 1),
                                     fix_require_balance(&f.bob, "X", 1, U128_MAX)};
    check_compare(&f, others);
    assert_true(RUN(&f, fix_require_balance(&f.bob, "none", LED_EXACTLY, 0)).ok);
    led_state_destroy(&f.s);
}

/* The price of an asset is the other reserve over its own. */
static void test_require_compares_prices(void **state)
{
    struct field f = field_of();
    const struct led_op eth[3] = {fix_require_price("ETH-U", "ETH", 1, 1999, 1000),
                                  fix_require_price("ETH-U", "ETH", 1, 2, 1),
                                  fix_require_price("ETH-U", "ETH", 1, 2001, 1000)};
    const struct led_op u[3] = {fix_require_price("ETH-U", "U", 1, 1, 3),
                                fix_require_price("ETH-U", "U", 1, 4, 8),
                                fix_require_price("ETH-U", "U", 1, 1, 1)};
    check_compare(&f, eth);
    check_compare(&f, u);
    /* (2^128 - 1) / (2^128 - 2): neighbours that only a 256-bit product tells apart. */
    set_pool(&f, U128_MAX - 1, U128_MAX, 0);
    const struct led_op close[3] = {
        fix_require_price("ETH-U", "ETH", 1, 1, 1),
        fix_require_price("ETH-U", "ETH", 1, U128_MAX, U128_MAX - 1),
        fix_require_price("ETH-U", "ETH", 1, U128_MAX - 1, U128_MAX - 2)};
    check_compare(&f, close);
    assert_true(RUN(&f, fix_require_price("ETH-U", "ETH", LED_AT_LEAST, 0, U128_MAX)).ok);
    assert_reason(RUN(&f, fix_require_price("none", "ETH", LED_AT_LEAST, 0, 1)),
                  LED_REASON_UNKNOWN_POOL);
    assert_reason(RUN(&f, fix_require_price("ETH-U", "none", LED_AT_LEAST, 0, 1)),
                  LED_REASON_WRONG_ASSET);
    led_state_destroy(&f.s);
}

static void test_require_compares_nonces_before_they_are_raised(void **state)
{
    struct field f = field_of();
    assert_int_equal(led_state_set_nonce(f.s, &f.bob, UINT64_MAX - 1), 0);
    const struct led_op others[3] = {fix_require_nonce(&f.bob, 1, 0),
                                     fix_require_nonce(&f.bob, 1, UINT64_MAX - 1),
                                     fix_require_nonce(&f.bob, 1, UINT64_MAX)};
    check_compare(&f, others);
    uint64_t nonce = led_nonce(f.s, &f.alice);
    assert_true(RUN(&f, fix_require_nonce(&f.alice, LED_EXACTLY, nonce)).ok);
    assert_true(RUN(&f, fix_require_nonce(&f.alice, LED_EXACTLY, nonce + 1)).ok);
    assert_reason(RUN(&f, fix_require_nonce(&f.alice, LED_EXACTLY, nonce + 1)),
                  LED_REASON_REQUIREMENT_NOT_MET);
    led_state_destroy(&f.s);
}

static void test_operations_see_those_before_and_all_fall_together(void **state)
{
    struct field f = field_of();
    struct led_receipt r =
        RUN(&f, fix_transfer(&f.bob, "ETH", 1000), fix_swap("ETH-U", "U", "ETH", 500, 0),
            fix_require_balance(&f.bob, "ETH", LED_EXACTLY, 1000), fix_fail(), fix_fail());
    assert_reason(r, LED_REASON_EXPLICIT_FAIL);
    assert_int_equal(r.failed_op, 3);
    r = RUN(&f, fix_transfer(&f.bob, "ETH", 600), fix_transfer(&f.bob, "ETH", 401));
    assert_reason(r, LED_REASON_INSUFFICIENT_BALANCE);
    assert_int_equal(r.failed_op, 1);
    r = RUN(&f, fix_transfer(&f.bob, "ETH", 600), fix_transfer(&f.bob, "ETH", 400),
            fix_require_balance(&f.alice, "ETH", LED_EXACTLY, 0),
            fix_swap("ETH-U", "U", "ETH", 500, 0));
    assert_true(r.ok);
    assert_u128_equal(balance(&f, &f.bob, "ETH"), 1000);
    assert_reason(RUN(&f, fix_fail()), LED_REASON_EXPLICIT_FAIL);

    struct led_op many[LED_OPS_MAX];
    for (size_t i = 0; i < LED_OPS_MAX; i++) {
        many[i] = fix_transfer(&f.bob, "ETH", 1);
    }
    assert_true(run(&f, many, LED_OPS_MAX).ok);
    assert_u128_equal(balance(&f, &f.bob, "ETH"), 1000 + LED_OPS_MAX);
    many[LED_OPS_MAX - 1] = fix_fail();
    assert_int_equal(run(&f, many, LED_OPS_MAX).failed_op, LED_OPS_MAX - 1);
    led_state_destroy(&f.s);
}

/* Executes and expects a failure of the transaction as a whole. */
static void check_whole(struct field *f, const struct led_tx *tx, enum led_reason reason)
{
    struct led_receipt r = {.ok = true};
    struct hash32 before = fix_root(f->s);
    assert_int_equal(led_execute(f->s, tx, &r), 0);
    assert_reason(r, reason);
    assert_false(r.ok);
    assert_true(r.failed_op == LED_NO_OP);
    assert_memory_equal(fix_root(f->s).b, before.b, 32);
}

static void test_signature_then_rollup_then_nonce_are_checked(void **state)
{
    struct field f = field_of();
    struct led_op op = fix_fail();
    struct led_tx tx = tx_of(&f, &op, 1);
    assert_int_equal(led_state_set_nonce(f.s, &f.alice, 5), 0);
    tx.rollup = FIX_ROLLUP + 1;
    tx.nonce = 4;
    led_tx_sign(&tx, model_key(1));
    check_whole(&f, &tx, LED_REASON_BAD_SIGNATURE);
    memset(tx.sig.b, 0, sizeof(tx.sig.b));
    check_whole(&f, &tx, LED_REASON_BAD_SIGNATURE);
    led_tx_sign(&tx, model_key(0));
    check_whole(&f, &tx, LED_REASON_WRONG_ROLLUP);
    tx.rollup = FIX_ROLLUP;
    led_tx_sign(&tx, model_key(0));
    check_whole(&f, &tx, LED_REASON_BAD_NONCE);
    tx.nonce = 6;
    led_tx_sign(&tx, model_key(0));
    check_whole(&f, &tx, LED_REASON_BAD_NONCE);
    struct led_receipt r;
    tx.nonce = 5;
    led_tx_sign(&tx, model_key(0));
    assert_int_equal(led_execute(f.s, &tx, &r), 0);
    assert_reason(r, LED_REASON_EXPLICIT_FAIL);
    led_state_destroy(&f.s);
}

static void test_last_nonce_of_all_cannot_be_used(void **state)
{
    struct field f = field_of();
    struct led_op op = fix_transfer(&f.bob, "ETH", 1);
    struct led_receipt r;
    assert_int_equal(led_state_set_nonce(f.s, &f.alice, UINT64_MAX - 1), 0);
    assert_true(run(&f, &op, 1).ok);
    struct led_tx tx = tx_of(&f, &op, 1);
    assert_true(tx.nonce == UINT64_MAX);
    led_tx_sign(&tx, model_key(0));
    check_whole(&f, &tx, LED_REASON_OVERFLOW);
    tx.has_nonce = false;
    tx.nonce = 0;
    assert_int_equal(led_execute_verified(f.s, &tx, &r), 0);
    assert_true(r.ok);
    assert_true(led_nonce(f.s, &f.alice) == UINT64_MAX);
    led_state_destroy(&f.s);
}

static void test_transaction_without_nonce_does_not_raise_it(void **state)
{
    struct field f = field_of();
    struct led_op op = fix_transfer(&f.bob, "ETH", 1);
    struct led_tx tx = tx_of(&f, &op, 1);
    struct led_receipt r;
    tx.has_nonce = false;
    led_tx_sign(&tx, model_key(0));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(led_execute(f.s, &tx, &r), 0);
        assert_true(r.ok);
    }
    assert_true(led_nonce(f.s, &f.alice) == 0);
    assert_u128_equal(balance(&f, &f.bob, "ETH"), 2);
    led_state_destroy(&f.s);
}

/* It binds a transaction to its place, which execution does not know. */
static void test_deployment_leg_and_bundle_nonce_are_not_looked_at(void **state)
{
    struct field f = field_of();
    struct led_op op = fix_transfer(&f.bob, "ETH", 1);
    struct led_tx tx = tx_of(&f, &op, 1);
    struct led_receipt r;
    memset(tx.deployment.b, 0xee, 32);
    tx.leg = 3;
    tx.n_legs = 9;
    tx.bundle_nonce = UINT64_MAX;
    led_tx_sign(&tx, model_key(0));
    assert_int_equal(led_execute(f.s, &tx, &r), 0);
    assert_true(r.ok);
    led_state_destroy(&f.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transfer_moves_an_amount),
        cmocka_unit_test(test_transfer_to_oneself_changes_nothing_but_the_nonce),
        cmocka_unit_test(test_transfer_fails_for_zero_too_much_and_overflow),
        cmocka_unit_test(test_swap_pays_by_the_formula_both_ways),
        cmocka_unit_test(test_swap_fails_for_every_reason),
        cmocka_unit_test(test_swap_never_empties_a_pool),
        cmocka_unit_test(test_swap_that_pays_nothing_is_for_who_accepts_nothing),
        cmocka_unit_test(test_require_compares_balances),
        cmocka_unit_test(test_require_compares_prices),
        cmocka_unit_test(test_require_compares_nonces_before_they_are_raised),
        cmocka_unit_test(test_operations_see_those_before_and_all_fall_together),
        cmocka_unit_test(test_signature_then_rollup_then_nonce_are_checked),
        cmocka_unit_test(test_last_nonce_of_all_cannot_be_used),
        cmocka_unit_test(test_transaction_without_nonce_does_not_raise_it),
        cmocka_unit_test(test_deployment_leg_and_bundle_nonce_are_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
