/* Lending pools, flash debts and bridges: every reason to fail, and cover within a bundle. */
#include "common/base/cleanup.h"

#include "tests/unit/ledger/fixture.h"

#define OTHER 8 /* another rollup */

#define RUN(f, ...)                                                                                \
    run(f, (struct led_op[]){__VA_ARGS__},                                                         \
        sizeof((struct led_op[]){__VA_ARGS__}) / sizeof(struct led_op))

/* Alice has 1000 ETH and 500 U. The pool "aave" has 10000 U and lends 3 U for every 2 ETH. */
struct field {
    struct led_state *s;
    struct addr20 alice;
    struct addr20 bob;
};

static struct field field_of(void)
{
    struct field f = {
        .s = fix_state(), .alice = model_key(0)->address, .bob = model_key(1)->address};
    struct led_name eth = fix_name("ETH");
    struct led_name u = fix_name("U");
    struct led_name pool = fix_name("aave");
    struct led_lending l = {.asset = u, .collateral = eth, .liquidity = 10000, .num = 3, .den = 2};
    assert_int_equal(led_state_set_balance(f.s, &f.alice, &eth, 1000), 0);
    assert_int_equal(led_state_set_balance(f.s, &f.alice, &u, 500), 0);
    assert_int_equal(led_state_set_lending(f.s, &pool, &l), 0);
    led_state_commit(f.s);
    return f;
}

static u128 balance(const struct field *f, const char *asset)
{
    struct led_name name = fix_name(asset);
    return led_balance(f->s, &f->alice, &name);
}

static struct led_position position(const struct field *f)
{
    struct led_name pool = fix_name("aave");
    return led_position(f->s, &pool, &f->alice);
}

static struct led_lending lending(const struct field *f)
{
    struct led_lending l = {0};
    struct led_name pool = fix_name("aave");
    assert_int_equal(led_lending_get(f->s, &pool, &l), 0);
    return l;
}

/* Executes as Alice, in a bundle of three legs of which this is the second. */
static struct led_receipt run(struct field *f, struct led_op *ops, size_t n_ops)
{
    struct led_tx tx = {.rollup = FIX_ROLLUP,
                        .sender = f->alice,
                        .leg = 1,
                        .n_legs = 3,
                        .ops = ops,
                        .n_ops = n_ops};
    struct led_receipt r = {0};
    struct hash32 before = fix_root(f->s);
    led_tx_sign(&tx, model_key(0));
    assert_int_equal(led_execute(f->s, &tx, &r), 0);
    struct hash32 after = fix_root(f->s);
    assert_true(r.ok || hash32_equal(&before, &after));
    return r;
}

static void assert_fails(struct led_receipt r, enum led_reason reason, uint32_t op)
{
    assert_string_equal(led_reason_name(r.reason), led_reason_name(reason));
    assert_int_equal(r.failed_op, op);
    assert_false(r.ok);
}

static void test_suppliers_get_back_what_they_supplied_as_long_as_it_is_not_lent(void **state)
{
    struct field f = field_of();
    assert_true(RUN(&f, fix_lend(LED_OP_DEPOSIT, "aave", "U", 400)).ok);
    assert_u128_equal(balance(&f, "U"), 100);
    assert_u128_equal(lending(&f).liquidity, 10400);
    assert_u128_equal(position(&f).supplied, 400);
    assert_fails(RUN(&f, fix_lend(LED_OP_DEPOSIT, "aave", "U", 101)),
                 LED_REASON_INSUFFICIENT_BALANCE, 0);
    assert_fails(RUN(&f, fix_lend(LED_OP_WITHDRAW, "aave", "U", 401)),
                 LED_REASON_INSUFFICIENT_DEPOSIT, 0);
    assert_true(RUN(&f, fix_lend(LED_OP_WITHDRAW, "aave", "U", 150)).ok);
    assert_u128_equal(balance(&f, "U"), 250);
    assert_u128_equal(position(&f).supplied, 250);

    struct led_name pool = fix_name("aave");
    struct led_lending dry = lending(&f);
    dry.liquidity = 249;
    assert_int_equal(led_state_set_lending(f.s, &pool, &dry), 0);
    assert_fails(RUN(&f, fix_lend(LED_OP_WITHDRAW, "aave", "U", 250)),
                 LED_REASON_INSUFFICIENT_LIQUIDITY, 0);
    assert_true(RUN(&f, fix_lend(LED_OP_WITHDRAW, "aave", "U", 249)).ok);
    led_state_destroy(&f.s);
}

static void test_borrowing_goes_exactly_as_far_as_the_collateral(void **state)
{
    struct field f = field_of();
    assert_fails(RUN(&f, fix_lend(LED_OP_BORROW, "aave", "U", 1)),
                 LED_REASON_INSUFFICIENT_COLLATERAL, 0);
    assert_true(RUN(&f, fix_lend(LED_OP_DEPOSIT, "aave", "ETH", 101)).ok);
    assert_u128_equal(lending(&f).held, 101);
    assert_fails(RUN(&f, fix_lend(LED_OP_BORROW, "aave", "U", 152)), /* 151.5 */
                 LED_REASON_INSUFFICIENT_COLLATERAL, 0);
    assert_true(RUN(&f, fix_lend(LED_OP_BORROW, "aave", "U", 151)).ok);
    assert_u128_equal(balance(&f, "U"), 651);
    assert_u128_equal(lending(&f).liquidity, 9849);
    assert_fails(RUN(&f, fix_lend(LED_OP_BORROW, "aave", "U", 1)),
                 LED_REASON_INSUFFICIENT_COLLATERAL, 0);
    assert_fails(RUN(&f, fix_lend(LED_OP_WITHDRAW, "aave", "ETH", 1)),
                 LED_REASON_INSUFFICIENT_COLLATERAL, 0);
    assert_fails(RUN(&f, fix_lend(LED_OP_WITHDRAW, "aave", "ETH", 102)),
                 LED_REASON_INSUFFICIENT_DEPOSIT, 0);
    assert_fails(RUN(&f, fix_lend(LED_OP_REPAY, "aave", "U", 152)), LED_REASON_NO_DEBT, 0);
    assert_true(RUN(&f, fix_lend(LED_OP_REPAY, "aave", "U", 1)).ok);
    assert_true(RUN(&f, fix_lend(LED_OP_WITHDRAW, "aave", "ETH", 1)).ok);
    assert_true(RUN(&f, fix_lend(LED_OP_REPAY, "aave", "U", 150),
                    fix_lend(LED_OP_WITHDRAW, "aave", "ETH", 100))
                    .ok);
    assert_u128_equal(balance(&f, "U"), 500);
    assert_u128_equal(balance(&f, "ETH"), 1000);
    struct led_position_row *rows = NULL;
    size_t n = 77;
    assert_int_equal(led_state_positions(f.s, &rows, &n), 0);
    assert_int_equal(n, 0); /* an empty position is none */
    free(rows);
    led_state_destroy(&f.s);
}

static void test_pools_refuse_what_is_not_theirs(void **state)
{
    static const enum led_op_kind kinds[] = {LED_OP_DEPOSIT, LED_OP_WITHDRAW, LED_OP_BORROW,
                                             LED_OP_REPAY};
    struct field f = field_of();
    for (size_t i = 0; i < 4; i++) {
        assert_fails(RUN(&f, fix_lend(kinds[i], "aave", "U", 0)), LED_REASON_ZERO_AMOUNT, 0);
        assert_fails(RUN(&f, fix_lend(kinds[i], "none", "U", 1)), LED_REASON_UNKNOWN_POOL, 0);
        assert_fails(RUN(&f, fix_lend(kinds[i], "aave", "X", 1)), LED_REASON_WRONG_ASSET, 0);
    }
    assert_fails(RUN(&f, fix_lend(LED_OP_BORROW, "aave", "ETH", 1)), LED_REASON_WRONG_ASSET, 0);
    assert_fails(RUN(&f, fix_lend(LED_OP_REPAY, "aave", "ETH", 1)), LED_REASON_WRONG_ASSET, 0);
    assert_fails(RUN(&f, fix_lend(LED_OP_BORROW, "aave", "U", 10001)),
                 LED_REASON_INSUFFICIENT_LIQUIDITY, 0);
    led_state_destroy(&f.s);
}

static void test_lending_pools_and_totals_are_checked_and_listed(void **state)
{
    struct field f = field_of();
    struct led_name name = fix_name("x");
    struct led_name u = fix_name("U");
    struct led_lending l = lending(&f);
    l.collateral = l.asset;
    assert_int_equal(led_state_set_lending(f.s, &name, &l), ERR_INVALID);
    l = lending(&f);
    l.den = 0;
    assert_int_equal(led_state_set_lending(f.s, &name, &l), ERR_INVALID);

    struct led_lending_row *pools = NULL;
    size_t n = 0;
    assert_int_equal(led_state_lendings(f.s, &pools, &n), 0);
    assert_int_equal(n, 1);
    assert_string_equal(pools[0].name.text, "aave");
    assert_u128_equal(pools[0].lending.liquidity, 10000);
    free(pools);

    struct led_bridged b = {5, 7};
    assert_int_equal(led_state_set_bridged(f.s, 0x0102030405060708, &u, &b), 0);
    assert_int_equal(led_state_set_bridged(f.s, 3, &u, &b), 0);
    struct led_bridged_row *rows = NULL;
    assert_int_equal(led_state_bridges(f.s, &rows, &n), 0);
    assert_int_equal(n, 2);
    assert_true(rows[0].rollup == 3 && rows[1].rollup == 0x0102030405060708);
    assert_string_equal(rows[1].asset.text, "U");
    assert_true(rows[1].bridged.out == 5 && rows[1].bridged.in == 7);
    free(rows);

    struct led_name pool = fix_name("aave");
    u128 open = 1;
    assert_int_equal(led_state_flash(f.s, &pool, &open), 0);
    assert_u128_equal(open, 0);
    struct led_position p = {.flash = U128_MAX};
    assert_int_equal(led_state_set_position(f.s, &pool, &f.alice, &p), 0);
    assert_int_equal(led_state_flash(f.s, &pool, &open), 0);
    assert_u128_equal(open, U128_MAX);
    assert_int_equal(led_state_set_position(f.s, &pool, &f.bob, &p), 0);
    assert_int_equal(led_state_flash(f.s, &pool, &open), ERR_OVERFLOW);
    led_state_destroy(&f.s);
}

static void test_flash_debts_need_no_collateral_but_a_repayment_further_on(void **state)
{
    struct field f = field_of();
    struct led_op lend = fix_flash(LED_OP_BORROW, "aave", "U", 10000, 1, 2);
    struct led_op back = fix_flash(LED_OP_REPAY, "aave", "U", 10000, 1, 0);
    struct led_op spend = fix_transfer(&f.bob, "U", 501);
    struct led_op idle = fix_require_balance(&f.alice, "U", LED_EXACTLY, 10500);
    assert_true(RUN(&f, lend, idle, back).ok);
    assert_u128_equal(balance(&f, "U"), 500);
    assert_u128_equal(position(&f).flash, 0);
    assert_fails(RUN(&f, lend, spend, back), LED_REASON_INSUFFICIENT_BALANCE, 2);
    assert_fails(RUN(&f, lend), LED_REASON_UNCOVERED, 0);
    assert_fails(RUN(&f, idle, back), LED_REASON_UNCOVERED, 1);
    /* The other way round, naming each other all the same. */
    lend.lend.pair.op = 0;
    back.lend.pair.op = 1;
    assert_fails(RUN(&f, back, lend), LED_REASON_UNCOVERED, 0);
    /* One repayment for two. */
    lend.lend.pair.op = 2;
    back.lend.pair.op = 0;
    assert_fails(RUN(&f, lend, lend, back), LED_REASON_UNCOVERED, 1);
    led_state_destroy(&f.s);
}

/* ---- Cover across legs ---- */

struct bundle {
    struct led_op ops[3][2];
    struct led_tx txs[3];
    const struct led_tx *legs[3];
};

/* Leg 0 on rollup 7 borrows and sends out, leg 1 on rollup 8 takes in and sends back, leg 2 on 7
 * takes in and repays. */
static void loan(struct bundle *b)
{
    const struct addr20 *who = &model_key(0)->address;
    *b = (struct bundle){.ops = {{fix_flash(LED_OP_BORROW, "aave", "U", 50, 2, 1),
                                  fix_bridge(LED_OP_BRIDGE_OUT, OTHER, who, "U", 50, 1, 0)},
                                 {fix_bridge(LED_OP_BRIDGE_IN, FIX_ROLLUP, who, "U", 50, 0, 1),
                                  fix_bridge(LED_OP_BRIDGE_OUT, FIX_ROLLUP, who, "U", 51, 2, 0)},
                                 {fix_bridge(LED_OP_BRIDGE_IN, OTHER, who, "U", 51, 1, 1),
                                  fix_flash(LED_OP_REPAY, "aave", "U", 50, 0, 0)}}};
    for (uint32_t i = 0; i < 3; i++) {
        b->txs[i] = (struct led_tx){.rollup = i == 1 ? OTHER : FIX_ROLLUP,
                                    .sender = *who,
                                    .bundle_nonce = 5,
                                    .leg = i,
                                    .n_legs = 3,
                                    .ops = b->ops[i],
                                    .n_ops = 2};
        b->legs[i] = &b->txs[i];
    }
}

static uint32_t cover(const struct bundle *b, uint32_t leg)
{
    return led_cover_check(b->legs, 3, leg);
}

static void test_loans_across_rollups_are_covered_leg_by_leg(void **state)
{
    struct bundle b;
    loan(&b);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(cover(&b, i) == LED_NO_OP);
        assert_true(led_cover_needs_bundle(&b.txs[i]));
        assert_int_equal(led_cover_alone(&b.txs[i]), 0);
    }
    b.legs[1] = NULL;
    assert_int_equal(cover(&b, 0), 1);
    assert_int_equal(cover(&b, 2), 0);
    loan(&b);
    b.legs[2] = NULL;
    assert_int_equal(cover(&b, 0), 0);
    assert_int_equal(cover(&b, 1), 1);
    assert_int_equal(led_cover_check(b.legs, 2, 1), 1);
    struct led_op fail = fix_fail();
    struct led_op here = fix_flash(LED_OP_BORROW, "p", "U", 1, 0, 1);
    struct led_tx tx = {.n_legs = 1, .ops = &fail, .n_ops = 1};
    assert_false(led_cover_needs_bundle(&tx));
    tx.ops = &here;
    assert_false(led_cover_needs_bundle(&tx));
    here.lend.pair.leg = 1;
    assert_true(led_cover_needs_bundle(&tx));
}

/* Changes one thing, and expects both halves of a pair to be uncovered. */
#define BROKEN(change, leg_a, op_a, leg_b, op_b)                                                   \
    do {                                                                                           \
        struct bundle b;                                                                           \
        loan(&b);                                                                                  \
        change;                                                                                    \
        assert_int_equal(cover(&b, leg_a), op_a);                                                  \
        assert_int_equal(cover(&b, leg_b), op_b);                                                  \
    } while (0)

static void test_pairs_that_differ_in_anything_cover_nothing(void **state)
{
    const struct addr20 *bob = &model_key(1)->address;
    /* Bridge: leg 0 operation 1 and leg 1 operation 0. */
    BROKEN(b.ops[1][0].bridge.amount++, 0, 1, 1, 0);
    BROKEN(b.ops[1][0].bridge.asset = fix_name("X"), 0, 1, 1, 0);
    BROKEN(b.ops[1][0].bridge.account = *bob, 0, 1, 1, 0);
    BROKEN(b.ops[1][0].bridge.rollup = 99, 0, 1, 1, 0);
    BROKEN(b.ops[0][1].bridge.rollup = 99, 0, 1, 1, 0);
    BROKEN(b.ops[1][0].bridge.pair.op = 0, 0, 1, 1, 0);
    BROKEN(b.ops[0][1].bridge.pair.op = 1, 0, 1, 1, 0);
    BROKEN(b.ops[0][1].bridge.pair.op = 2, 0, 1, 1, 0);
    BROKEN(b.ops[0][1].bridge.pair.leg = 3, 0, 1, 1, 0);
    BROKEN(b.ops[1][0].kind = LED_OP_BRIDGE_OUT, 0, 1, 1, 0);
    /* Flash debt: leg 0 operation 0 and leg 2 operation 1. */
    BROKEN(b.ops[2][1].lend.amount--, 0, 0, 2, 1);
    BROKEN(b.ops[2][1].lend.asset = fix_name("X"), 0, 0, 2, 1);
    BROKEN(b.ops[2][1].lend.pool = fix_name("X"), 0, 0, 2, 1);
    BROKEN(b.ops[2][1].lend.pair.op = 1, 0, 0, 2, 1);
    BROKEN(b.ops[2][1].lend.pair.leg = UINT32_MAX, 0, 0, 2, 1);
    BROKEN(b.ops[2][1].kind = LED_OP_BORROW, 0, 0, 2, 1);
    BROKEN(b.txs[2].sender = *bob, 0, 0, 2, 1);
    /* Not of the bundle: nothing that other legs do covers it. */
    BROKEN(b.txs[2].bundle_nonce++, 0, 0, 2, 0);
    BROKEN(b.txs[2].n_legs++, 0, 0, 2, 0);
    BROKEN(b.txs[2].deployment.b[0]++, 0, 0, 2, 0);
    BROKEN(b.txs[2].rollup = OTHER, 0, 0, 2, 0);
}

static void test_flash_field_without_a_mark_covers_nothing(void **state)
{
    struct bundle b;
    loan(&b);
    b.ops[2][1].lend.flash = false;
    assert_int_equal(cover(&b, 0), 0);
    assert_true(cover(&b, 2) == LED_NO_OP); /* an ordinary repayment */
}

/* Two legs that mint for each other what they then burn. */
static void test_value_is_taken_in_only_from_earlier_legs(void **state)
{
    struct bundle b;
    const struct addr20 *who = &model_key(0)->address;
    loan(&b);
    b.ops[0][0] = fix_bridge(LED_OP_BRIDGE_IN, OTHER, who, "U", 50, 1, 1);
    b.ops[1][1] = fix_bridge(LED_OP_BRIDGE_OUT, FIX_ROLLUP, who, "U", 50, 0, 0);
    assert_int_equal(cover(&b, 0), 0);
    assert_int_equal(cover(&b, 1), 1);
    /* Nor on the same rollup. */
    loan(&b);
    b.txs[1].rollup = FIX_ROLLUP;
    b.ops[0][1].bridge.rollup = FIX_ROLLUP;
    assert_int_equal(cover(&b, 0), 1);
    assert_int_equal(cover(&b, 1), 0);
}

static void test_whole_loan_leaves_both_rollups_as_they_should_be(void **state)
{
    struct bundle b;
    struct field f = field_of();
    struct led_state *other = NULL;
    struct led_name u = fix_name("U");
    struct led_name pool = fix_name("aave");
    assert_int_equal(led_state_new(OTHER, &other), 0);
    assert_int_equal(led_state_set_balance(other, &f.alice, &u, 1), 0);
    loan(&b);
    for (uint32_t i = 0; i < 3; i++) {
        struct led_receipt r = {0};
        led_tx_sign(&b.txs[i], model_key(0));
        assert_int_equal(led_execute_in(i == 1 ? other : f.s, &b.txs[i], cover(&b, i), &r), 0);
        assert_true(r.ok);
        u128 open = 0;
        assert_int_equal(led_state_flash(f.s, &pool, &open), 0);
        assert_u128_equal(open, i < 2 ? 50 : 0);
    }
    assert_u128_equal(balance(&f, "U"), 501);
    assert_u128_equal(led_balance(other, &f.alice, &u), 0);
    struct led_bridged here = led_bridged(f.s, OTHER, &u);
    struct led_bridged there = led_bridged(other, FIX_ROLLUP, &u);
    assert_true(here.out == 50 && there.in == 50 && there.out == 51 && here.in == 51);
    led_state_destroy(&other);
    led_state_destroy(&f.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suppliers_get_back_what_they_supplied_as_long_as_it_is_not_lent),
        cmocka_unit_test(test_borrowing_goes_exactly_as_far_as_the_collateral),
        cmocka_unit_test(test_pools_refuse_what_is_not_theirs),
        cmocka_unit_test(test_lending_pools_and_totals_are_checked_and_listed),
        cmocka_unit_test(test_flash_debts_need_no_collateral_but_a_repayment_further_on),
        cmocka_unit_test(test_loans_across_rollups_are_covered_leg_by_leg),
        cmocka_unit_test(test_pairs_that_differ_in_anything_cover_nothing),
        cmocka_unit_test(test_flash_field_without_a_mark_covers_nothing),
        cmocka_unit_test(test_value_is_taken_in_only_from_earlier_legs),
        cmocka_unit_test(test_whole_loan_leaves_both_rollups_as_they_should_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
