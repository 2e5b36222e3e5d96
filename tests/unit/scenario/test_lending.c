/* Lending pools and bridges in scenarios: what is read, and every reference that leads nowhere. */
#include "tests/unit/scenario/load.h"

static const char *const rollups =
    "rollups:\n"
    "  A:\n"
    "    accounts: {al: {}, bo: {}}\n"
    "    lending: {aave: {asset: USDC, liquidity: 9, collateral: ETH, factor: 3/2}}\n"
    "  B: {accounts: {al: {GOLD: 1}}}\n";

/* One bundle of two legs. In: the operations of its leg on A, on line 16. */
static struct loaded load_ops(const char *ops)
{
    struct buf text = {0};
    buf_printf(&text,
               "timeline:\n"
               "  - at: slot 1\n"
               "    submit:\n"
               "      bundle: one\n"
               "      from: al\n"
               "      legs:\n"
               "        - rollup: A\n"
               "          ops: %s\n"
               "        - rollup: B\n"
               "          ops:\n"
               "            - bridge_in: {from: A, asset: USDC, amount: 1, pair: {leg: 0, op: 1}}\n"
               "            - bridge_out: {to: A, account: bo, asset: GOLD, amount: 1, pair: {leg: "
               "0, op: 2}}\n",
               ops);
    struct loaded l = load(head, rollups, buf_cstr(&text));
    buf_fini(&text);
    return l;
}

#define OUT "{bridge_out: {to: B, asset: USDC, amount: 1, pair: {leg: 1, op: 0}}}"
#define IN "{bridge_in: {from: B, account: bo, asset: GOLD, amount: 1, pair: {leg: 1, op: 1}}}"

static void test_operations_are_read_and_resolved(void **state)
{
    struct loaded l = load_ops("[{borrow: {pool: aave, amount: 7, flash: {leg: 0, op: 3}}}, " OUT
                               ", " IN ", {repay: {pool: aave, amount: 7, flash: {leg: 0, op: 0}}},"
                               " {deposit: {pool: aave, asset: ETH, amount: 5}},"
                               " {withdraw: {pool: aave, asset: USDC, amount: 4}},"
                               " {borrow: {pool: aave, amount: 3}}]");
    assert_string_equal(buf_cstr(&l.errors), "");
    assert_int_equal(l.rc, 0);
    const struct scn_lending *pool = l.s->rollups.items[0].lendings.items;
    assert_int_equal(l.s->rollups.items[0].lendings.n, 1);
    assert_string_equal(pool->name.text, "aave");
    assert_string_equal(pool->asset.text, "USDC");
    assert_string_equal(pool->collateral.text, "ETH");
    assert_true(pool->liquidity == 9 && pool->factor.num == 3 && pool->factor.den == 2);
    const struct scn_op *op = l.s->timeline.items[0].submit.legs.items[0].ops.items;
    assert_int_equal(op[0].kind, SCN_OP_BORROW);
    assert_int_equal(op[0].lend.pool.index, 0);
    assert_true(op[0].lend.flash && op[0].lend.amount == 7);
    assert_true(op[0].lend.pair.leg == 0 && op[0].lend.pair.op == 3);
    assert_int_equal(op[1].kind, SCN_OP_BRIDGE_OUT);
    assert_int_equal(op[1].bridge.rollup.index, 1);
    assert_string_equal(op[1].bridge.account.text, "al"); /* the signer */
    assert_true(op[1].bridge.pair.leg == 1 && op[1].bridge.pair.op == 0);
    assert_int_equal(op[2].kind, SCN_OP_BRIDGE_IN);
    assert_string_equal(op[2].bridge.account.text, "bo");
    assert_int_equal(op[3].kind, SCN_OP_REPAY);
    assert_int_equal(op[4].kind, SCN_OP_DEPOSIT);
    assert_string_equal(op[4].lend.asset.text, "ETH");
    assert_false(op[4].lend.flash);
    assert_int_equal(op[5].kind, SCN_OP_WITHDRAW);
    assert_int_equal(op[6].kind, SCN_OP_BORROW);
    assert_false(op[6].lend.flash);
    loaded_fini(&l);
}

static void test_references_that_lead_nowhere_are_reported(void **state)
{
    static const char *const wrong[][2] = {
        {"[{deposit: {pool: ave, asset: ETH, amount: 5}}, " OUT ", " IN "]",
         "t:16:34: lending pool `ave` is not defined in rollup `A`; did you mean `aave`?\n"},
        {"[{deposit: {pool: aave, asset: BTC, amount: 5}}, " OUT ", " IN "]",
         "t:16:47: lending pool `aave` does not take asset `BTC`; it lends USDC against ETH\n"},
        {"[{borrow: {pool: aave, amount: 5, flash: {leg: 2, op: 0}}}, " OUT ", " IN "]",
         "t:16:17: there is no leg 2 in this bundle; the last is 1\n"},
        {"[{borrow: {pool: aave, amount: 5, flash: {leg: 1, op: 2}}}, " OUT ", " IN "]",
         "t:16:17: there is no operation 2 in leg 1; the last is 1\n"},
        {"[{borrow: {pool: aave, amount: 5, flash: {leg: 0, op: 1}}}, " OUT ", " IN "]",
         "t:16:17: operation 1 of leg 0 is no `repay`; name one that is\n"},
        {"[{repay: {pool: aave, amount: 5, flash: {leg: 0, op: 1}}}, " OUT ", " IN "]",
         "t:16:17: operation 1 of leg 0 is no `borrow`; name one that is\n"},
        {"[" OUT ", {fail: {}}, " IN "]",
         "t:19:15: operation 1 of leg 0 is no `bridge_out`; name one that is\n"},
        {"[{bridge_out: {to: C, asset: USDC, amount: 1, pair: {leg: 1, op: 0}}}, " OUT ", " IN "]",
         "t:16:35: rollup `C` is not defined; known rollups: A, B\n"},
        {"[{bridge_out: {to: B, account: cy, asset: USDC, amount: 1, pair: {leg: 1, op: 0}}}, " OUT
         ", " IN "]",
         "t:16:47: account `cy` is not defined in any rollup; known accounts: al, bo\n"},
        {"[{bridge_out: {to: B, asset: BTC, amount: 1, pair: {leg: 1, op: 0}}}, " OUT ", " IN "]",
         "t:16:45: asset `BTC` does not occur in rollup `A`; did you mean `ETH`?\n"},
    };
    size_t failures = 0;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct loaded l = load_ops(wrong[i][0]);
        if (l.rc != ERR_INVALID || strcmp(buf_cstr(&l.errors), wrong[i][1]) != 0) {
            failures++;
            print_message("%s\ngives\n%swanted\n%s", wrong[i][0], buf_cstr(&l.errors), wrong[i][1]);
        }
        loaded_fini(&l);
    }
    assert_int_equal(failures, 0);
}

static void test_assets_that_bridges_bring_can_be_spoken_of(void **state)
{
    struct loaded l = load_ops("[{transfer: {to: bo, asset: GOLD, amount: 1}}, " OUT ", " IN "]");
    assert_string_equal(buf_cstr(&l.errors), "");
    loaded_fini(&l);
}

static void test_lending_pools_that_cannot_be_are_refused(void **state)
{
    static const char *const form =
        "rollups: {A: {accounts: {al: {}}, lending: {aave: {asset: U, liquidity: 9, ";
    expect_refusal(load(head, form, "collateral: U, factor: 1}}}}\n"),
                   "t:4:88: lending pool `aave` cannot lend U against itself; take another "
                   "collateral\n");
    expect_refusal(load(head, form, "collateral: E, factor: 18446744073709551616/3}}}}\n"),
                   "t:4:45: the `factor` of lending pool `aave` does not fit 64 bits above and "
                   "below; reduce the fraction\n");
    expect_good(load(head, form, "collateral: E, factor: 18446744073709551615/3}}}}\n"));
    expect_refusal(load(head,
                        "rollups: {A: {lending: {a23456789012345678: {asset: U, liquidity: 9,"
                        " collateral: E, factor: 1}}}}\n",
                        ""),
                   "t:4:25: `a23456789012345678` is not a pool name; write a letter, then up to 15 "
                   "letters, digits, `-` or `_`\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_are_read_and_resolved),
        cmocka_unit_test(test_references_that_lead_nowhere_are_reported),
        cmocka_unit_test(test_assets_that_bridges_bring_can_be_spoken_of),
        cmocka_unit_test(test_lending_pools_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
