/* The loader: what it reads into the model. */
#include "tests/unit/scenario/load.h"

#include <glob.h>
#include <stdio.h>

static const char *source_root;

static void test_defaults_fill_what_is_left_out(void **state)
{
    struct loaded l = load(head, "rollups: {A: {}, B: {chain_id: 7}, C: {}}\n", "");
    assert_int_equal(l.rc, 0);
    const struct scn *s = l.s;
    assert_int_equal(s->version, 1);
    assert_string_equal(s->name, "t");
    assert_null(s->description);
    assert_int_equal(s->policy, SCN_SERIAL);
    assert_int_equal(s->granularity, SCN_BY_KEYS);
    assert_int_equal(s->max_rounds, 1000);
    assert_int_equal(s->slots, 1);
    assert_int_equal(s->slot_duration_ns, INT64_C(2000000000));
    assert_int_equal(s->rollups.n, 3);
    assert_int_equal(s->rollups.items[0].chain_id, 1001);
    assert_int_equal(s->rollups.items[1].chain_id, 7);
    assert_int_equal(s->rollups.items[2].chain_id, 1003);
    assert_int_equal(s->timelock.bits, 2048);
    assert_int_equal(s->timelock.squarings, 65536);
    assert_int_equal(s->timelock.solver, SCN_SOLVER_SEQUENTIAL);
    assert_int_equal(s->timelock.squarings_per_second, 4000000);
    assert_int_equal(s->timelock.profile, SCN_PROFILE_SHORT);
    assert_int_equal(s->timelock.attacker_speedup, 10);
    assert_int_equal(s->limits.legs_per_bundle, 100);
    assert_int_equal(s->limits.bundle_bytes, 300000);
    assert_int_equal(s->limits.transactions_per_block, 4096);
    assert_int_equal(s->l1.block_time_ns, INT64_C(12000000000));
    assert_int_equal(s->l1.confirmations, 2);
    assert_int_equal(s->execution.transaction_cost_ns, 50000);
    assert_int_equal(s->links.fallback.delay_ns, 1000000);
    assert_int_equal(s->timeline.n, 0);
    assert_int_equal(s->expect.n, 0);
    loaded_fini(&l);
}

static void test_genesis_is_read_with_its_places(void **state)
{
    struct loaded l = load(head,
                           "rollups:\n"
                           "  A:\n"
                           "    accounts: {al: {ETH: 340282366920938463463374607431768211455}}\n"
                           "    pools: {p: {ETH: 10, USDC: 20, fee: 0.0001%}, q: {X: 1, Y: 2}}\n",
                           "");
    assert_int_equal(l.rc, 0);
    const struct scn_rollup *a = &l.s->rollups.items[0];
    assert_string_equal(a->name.text, "A");
    assert_int_equal(a->name.place.line, 5);
    assert_int_equal(a->name.place.column, 3);
    assert_string_equal(a->accounts.items[0].balances.items[0].asset.text, "ETH");
    assert_true(a->accounts.items[0].balances.items[0].amount == ~(u128)0);
    assert_int_equal(a->pools.n, 2);
    assert_int_equal(a->pools.items[0].fee_ppm, 1);
    assert_int_equal(a->pools.items[1].fee_ppm, 3000);
    assert_string_equal(a->pools.items[0].reserves.items[1].asset.text, "USDC");
    assert_true(a->pools.items[0].reserves.items[1].amount == 20);
    loaded_fini(&l);
}

static void test_links_inherit_from_the_default(void **state)
{
    struct loaded l = load(head, one_rollup,
                           "links:\n"
                           "  default: {delay: 20ms, jitter: 5ms, loss: 2%, duplicate: 25bp}\n"
                           "  executor-A -> sequencer: {delay: 3ns}\n"
                           "  da <-> l1: {loss: 0%, jitter: 7us}\n");
    assert_int_equal(l.rc, 0);
    const struct scn_link *up = scn_link_between(l.s, "executor-A", "sequencer");
    assert_int_equal(up->delay_ns, 3);
    assert_int_equal(up->jitter_ns, 5000000);
    assert_int_equal(up->loss_ppm, 20000);
    assert_int_equal(up->duplicate_ppm, 2500);
    const struct scn_link *down = scn_link_between(l.s, "sequencer", "executor-A");
    assert_ptr_equal(down, &l.s->links.fallback);
    const struct scn_link *there = scn_link_between(l.s, "da", "l1");
    assert_ptr_equal(there, scn_link_between(l.s, "l1", "da"));
    assert_int_equal(there->delay_ns, 20000000);
    assert_int_equal(there->jitter_ns, 7000);
    assert_int_equal(there->loss_ppm, 0);
    loaded_fini(&l);
}

static const char steps[] =
    "slots: 3\nslot_duration: 1s\n"
    "rollups:\n"
    "  A: {accounts: {al: {ETH: 5}, bo: {}}, pools: {p: {ETH: 9, DAI: 9}}}\n"
    "  B: {accounts: {bo: {}, al: {}}}\n"
    "timeline:\n"
    "  - at: slot 3 + 250ms\n"
    "    submit:\n"
    "      bundle: one\n"
    "      from: al\n"
    "      legs:\n"
    "        - rollup: A\n"
    "          ops:\n"
    "            - transfer: {to: bo, asset: ETH, amount: 5}\n"
    "            - swap: {pool: p, in: DAI, amount: 6, min_out: 7}\n"
    "            - require: {balance: {account: al, asset: DAI, at_most: 8}}\n"
    "            - require: {price: {pool: p, asset: ETH, at_least: 3/2}}\n"
    "            - require: {price: {pool: p, asset: ETH, equals: 4}}\n"
    "            - require: {nonce: {account: al, equals: 9}}\n"
    "            - fail: {}\n"
    "        - {rollup: B, from: bo, nonce: 0, ops: [{fail: {}}]}\n"
    "  - {at: 5us, inject: {to: sequencer, from: wallet, hex: \"00fF\"}}\n"
    "  - {at: 6us, inject: {to: da, from: executor-B, repeat: {byte: 7, count: 9}}}\n"
    "  - {at: slot 2, partition: {between: [executor-A, l1], for: 2s}}\n"
    "  - {at: 0s, partition: {from: wallet, to: sequencer, for: 1ns}}\n";

static void test_steps_are_read_and_their_names_resolved(void **state)
{
    struct loaded l = load(head, steps, "");
    assert_string_equal(buf_cstr(&l.errors), "");
    assert_int_equal(l.rc, 0);
    assert_int_equal(l.s->n_bundles, 1);
    assert_int_equal(l.s->timeline.n, 5);
    const struct scn_step *step = l.s->timeline.items;
    assert_int_equal(step[0].kind, SCN_STEP_SUBMIT);
    assert_int_equal(step[0].at.at_ns, INT64_C(2250000000));
    const struct scn_leg *leg = step[0].submit.legs.items;
    assert_int_equal(leg[0].rollup.index, 0);
    assert_string_equal(leg[0].from.text, "al");
    assert_int_equal(leg[0].from.index, 0);
    assert_false(leg[0].has_nonce);
    assert_int_equal(leg[1].rollup.index, 1);
    assert_string_equal(leg[1].from.text, "bo");
    assert_int_equal(leg[1].from.index, 0);
    assert_true(leg[1].has_nonce);
    assert_int_equal(leg[1].place.line, 24);
    const struct scn_op *op = leg[0].ops.items;
    assert_int_equal(leg[0].ops.n, 7);
    assert_int_equal(op[0].kind, SCN_OP_TRANSFER);
    assert_int_equal(op[0].transfer.to.index, 1);
    assert_true(op[1].swap.amount == 6 && op[1].swap.min_out == 7);
    assert_int_equal(op[1].swap.pool.index, 0);
    assert_int_equal(op[2].require.kind, SCN_REQUIRE_BALANCE);
    assert_int_equal(op[2].require.balance.cmp, SCN_AT_MOST);
    assert_int_equal(op[3].require.price.cmp, SCN_AT_LEAST);
    assert_true(op[3].require.price.value.num == 3 && op[3].require.price.value.den == 2);
    assert_true(op[4].require.price.value.num == 4 && op[4].require.price.value.den == 1);
    assert_int_equal(op[5].require.nonce.equals, 9);
    assert_int_equal(op[6].kind, SCN_OP_FAIL);
    assert_int_equal(step[1].inject.hex.len, 2);
    assert_memory_equal(step[1].inject.hex.data, "\x00\xff", 2);
    assert_int_equal(step[2].inject.repeat.byte, 7);
    assert_int_equal(step[2].inject.repeat.count, 9);
    assert_int_equal(step[3].at.at_ns, INT64_C(1000000000));
    assert_string_equal(step[3].partition.between.items[1].text, "l1");
    assert_int_equal(step[4].partition.kind, SCN_ONE_WAY);
    assert_int_equal(step[4].partition.for_ns, 1);
    loaded_fini(&l);
}

static void test_expectations_are_read(void **state)
{
    struct loaded l =
        load(head, steps,
             "expect:\n"
             "  - {bundle: one, is: excluded, cause: B.12, slot: 3}\n"
             "  - {bundle: one, is: refused, reason: limit}\n"
             "  - {rounds: 2}\n"
             "  - {balance: {rollup: B, account: al, asset: ETH, at_least: 0}}\n"
             "  - {violated: atomicity}\n"
             "  - {rejected: {by: executor-B, reason: bad_signature}}\n"
             "  - {duplicated: {at_least: 4}}\n"
             "  - fingerprint: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n");
    /* Nothing on B holds ETH. */
    expect_refusal(l, "t:33:47: asset `ETH` does not occur in rollup `B`; no assets are defined\n");
    l = load(head, steps,
             "expect:\n"
             "  - {bundle: one, is: excluded, cause: B.12, slot: 3}\n"
             "  - {bundle: one, is: refused, reason: limit}\n"
             "  - {rounds: 2}\n"
             "  - {balance: {rollup: A, account: al, asset: DAI, at_least: 1}}\n"
             "  - {violated: atomicity}\n"
             "  - {rejected: {by: executor-B, reason: bad_signature}}\n"
             "  - {duplicated: {at_least: 4}}\n"
             "  - fingerprint: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n");
    assert_string_equal(buf_cstr(&l.errors), "");
    assert_int_equal(l.rc, 0);
    const struct scn_expect *x = l.s->expect.items;
    assert_int_equal(x[0].bundle.index, 0);
    assert_int_equal(x[0].is, SCN_EXCLUDED);
    assert_int_equal(x[0].cause.rollup.index, 1);
    assert_int_equal(x[0].cause.order, 12);
    assert_int_equal(x[0].slot, 3);
    assert_null(x[1].cause.rollup.text);
    assert_string_equal(x[1].reason, "limit");
    assert_int_equal(x[2].kind, SCN_EXPECT_ROUNDS);
    assert_int_equal(x[2].rounds, 2);
    assert_int_equal(x[3].balance.cmp, SCN_AT_LEAST);
    assert_true(x[3].balance.value == 1);
    assert_int_equal(x[4].kind, SCN_EXPECT_VIOLATED);
    assert_int_equal(x[4].check, SCN_CHECK_ATOMICITY);
    assert_int_equal(x[5].rejected.at_least, 1);
    assert_int_equal(x[6].kind, SCN_EXPECT_DUPLICATED);
    assert_int_equal(x[6].count.at_least, 4);
    assert_int_equal(x[7].fingerprint.len, 32);
    assert_int_equal(x[7].fingerprint.data[0], 0x9f);
    assert_string_equal(scn_outcome_word(x[0].is), "excluded");
    assert_string_equal(scn_check_word(x[4].check), "atomicity");
    assert_string_equal(scn_policy_word(SCN_TWO_PHASE), "two_phase");
    loaded_fini(&l);
}

static void test_a_receiver_may_be_known_only_elsewhere(void **state)
{
    struct loaded l = load(
        head, "rollups: {A: {accounts: {al: {ETH: 5}}}, B: {accounts: {bo: {}}}}\n",
        "timeline: [{at: 1ms, submit: {bundle: b, from: al, legs: [{rollup: A, ops: [{transfer: "
        "{to: bo, asset: ETH, amount: 1}}]}]}}]\n");
    assert_int_equal(l.rc, 0);
    const struct scn_op *op = l.s->timeline.items[0].submit.legs.items[0].ops.items;
    assert_int_equal(op->transfer.to.index, SCN_NO_INDEX);
    loaded_fini(&l);
}

static void test_one_reading_finds_several_errors_in_order(void **state)
{
    expect_refusal(load("seed: x\nversion: 1\n", "name: t\nslots: 0\n", "rolups: {}\n"),
                   "t:1:7: `seed` is `x`, a whole number is needed (digits only); write for "
                   "example 7\n"
                   "t:4:8: `slots` is 0; it must be between 1 and 100000\n"
                   "t:5:1: unknown key `rolups` in scenario; did you mean `rollups`?\n");
}

static void test_no_more_than_twenty_errors_are_listed(void **state)
{
    struct buf text = {0};
    buf_printf(&text, "%s%s", head, one_rollup);
    for (int i = 0; i < 50; i++) {
        buf_printf(&text, "zzz%d: 1\n", i);
    }
    struct loaded l = load_bytes(text.data, text.len);
    buf_fini(&text);
    assert_int_equal(l.rc, ERR_INVALID);
    size_t lines = 0;
    for (const char *c = buf_cstr(&l.errors); *c != 0; c++) {
        lines += *c == '\n' ? 1 : 0;
    }
    assert_int_equal(lines, SCN_ERRORS_MAX + 1);
    assert_non_null(strstr(buf_cstr(&l.errors), "\nt: 30 more errors are not shown; mend these "
                                                "first\n"));
    loaded_fini(&l);
}

static void test_a_broken_section_does_not_make_its_names_undefined(void **state)
{
    expect_refusal(load(head, "rollups: {A: {accounts: {al: {ETH: 5x}}}}\n",
                        "expect: [{balance: {rollup: C, account: x, asset: Y, equals: 1}}]\n"),
                   "t:4:36: `ETH` is `5x`, a whole number is needed (digits only); write for "
                   "example 1000\n");
}

static void test_results_map_to_exit_codes(void **state)
{
    assert_int_equal(scn_exit_code(0), 0);
    assert_int_equal(scn_exit_code(ERR_INVALID), 65);
    assert_int_equal(scn_exit_code(ERR_NOMEM), 70);
}

/* Every scenario that comes with the project loads, and opens as it should. */
static void test_the_scenarios_of_the_project_load(void **state)
{
    char pattern[4096];
    (void)snprintf(pattern, sizeof(pattern), "%s/scenarios/*.yaml", source_root);
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 6);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct loaded l = {0};
        l.rc = scn_load_file(found.gl_pathv[i], &l.s, &l.errors);
        assert_string_equal(buf_cstr(&l.errors), "");
        assert_int_equal(l.rc, 0);
        assert_true(l.s->expect.n > 0);
        loaded_fini(&l);
        FILE *file = fopen(found.gl_pathv[i], "re");
        assert_non_null(file);
        char line[256];
        assert_non_null(fgets(line, sizeof(line), file));
        assert_string_equal(line, "# yaml-language-server: $schema=../docs/scenario.schema.json\n");
        assert_non_null(fgets(line, sizeof(line), file));
        assert_memory_equal(line, "# ", 2);
        assert_int_equal(fclose(file), 0);
    }
    globfree(&found);
}

int main(int argc, char **argv)
{
    source_root = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_fill_what_is_left_out),
        cmocka_unit_test(test_genesis_is_read_with_its_places),
        cmocka_unit_test(test_links_inherit_from_the_default),
        cmocka_unit_test(test_steps_are_read_and_their_names_resolved),
        cmocka_unit_test(test_expectations_are_read),
        cmocka_unit_test(test_a_receiver_may_be_known_only_elsewhere),
        cmocka_unit_test(test_one_reading_finds_several_errors_in_order),
        cmocka_unit_test(test_no_more_than_twenty_errors_are_listed),
        cmocka_unit_test(test_a_broken_section_does_not_make_its_names_undefined),
        cmocka_unit_test(test_results_map_to_exit_codes),
        cmocka_unit_test(test_the_scenarios_of_the_project_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
