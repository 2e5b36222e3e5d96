/* Expectations about sentences and faults, and the exit codes they lead to. */
#include "common/base/check.h"
#include "tests/unit/model/past.h"

static const char *data_dir;

#define OMIT FAULT(1, "omit_leg: {rollup: A, order: 0}")

/* The sequencer leaves a leg out, and is caught. */
static struct past *caught(const char *expect)
{
    struct past *p = past_new(data_dir, OMIT PAIR(1, "arb", "alice"), expect);
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_seal(p, 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    return p;
}

static void assert_first(struct past *p, enum xpc_verdict verdict, const char *text,
                         const char *found, enum rep_exit code)
{
    assert_expectation(p, 0, verdict, text, found);
    assert_exit(p, code);
    past_destroy(&p);
}

static void test_a_slashing_is_found_by_culprit_kind_and_slot(void **state)
{
    assert_first(caught("  - {slashed: sequencer}\n"), XPC_MET, "sequencer is slashed", "",
                 REP_PASS);
    assert_first(caught("  - {slashed: sequencer, slot: 1}\n"), XPC_MET,
                 "sequencer is slashed in slot 1", "", REP_PASS);
    assert_first(caught("  - {slashed: sequencer, for: block_breaks_promise, slot: 1}\n"), XPC_MET,
                 "sequencer is slashed for block_breaks_promise in slot 1", "", REP_PASS);
}

static void test_who_was_slashed_for_what_instead_is_said(void **state)
{
    static const char found[] = "L1 slashed sequencer in slot 1 (block_breaks_promise)";
    assert_first(caught("  - {slashed: executor-A}\n"), XPC_FAILED, "executor-A is slashed", found,
                 REP_UNSAFE);
    assert_first(caught("  - {slashed: sequencer, slot: 2}\n"), XPC_FAILED,
                 "sequencer is slashed in slot 2", found, REP_UNSAFE);
    assert_first(caught("  - {slashed: sequencer, for: two_blocks}\n"), XPC_FAILED,
                 "sequencer is slashed for two_blocks", found, REP_UNSAFE);
    assert_first(caught("  - {penalized: sequencer}\n"), XPC_FAILED, "sequencer is penalized",
                 found, REP_UNSAFE);
}

static void test_that_nobody_was_slashed_is_said(void **state)
{
    struct past *p =
        past_new(data_dir, PAIR(1, "arb", "alice"), "  - {slashed: sequencer, slot: 1}\n");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_slot(p, 1);
    assert_first(p, XPC_FAILED, "sequencer is slashed in slot 1", "nobody was slashed or penalized",
                 REP_UNSAFE);
}

static void test_a_penalty_is_found_by_culprit_and_slot(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "withhold_reveal: {}") PAIR(1, "arb", "alice"),
                 "  - {penalized: sequencer, slot: 1}\n  - {penalized: sequencer, slot: 2}\n"
                 "  - {slashed: sequencer}\n");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_seal(p, 1);
    past_fault(p, "sequencer", 0);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 1);
    static const char found[] = "L1 penalized sequencer in slot 1 (no finalized block)";
    assert_expectation(p, 0, XPC_MET, "sequencer is penalized in slot 1", "");
    assert_expectation(p, 1, XPC_FAILED, "sequencer is penalized in slot 2", found);
    assert_expectation(p, 2, XPC_FAILED, "sequencer is slashed", found);
    past_destroy(&p);
}

static void test_several_sentences_are_all_named(void **state)
{
    struct past *p = caught("  - {slashed: executor-B}\n");
    past_penalize(p, "sequencer", 1);
    past_slash(p, "executor-A", 3, "something: new", (struct bytes){0});
    assert_expectation(p, 0, XPC_FAILED, "executor-B is slashed",
                       "L1 slashed sequencer in slot 1 (block_breaks_promise), penalized sequencer "
                       "in slot 1 (no finalized block), slashed executor-A in slot 3 (unknown)");
    past_destroy(&p);
}

static void test_a_kind_is_a_whole_word(void **state)
{
    struct mdl_sentence s = {.slashed = true, .detail = "two_blocks: so it was"};
    assert_int_equal(mdl_crime(&s), PRO_EVIDENCE_TWO_BLOCKS);
    s.detail = "two_blocks";
    assert_int_equal(mdl_crime(&s), 0);
    s.detail = "two_blocks_and_more: so it was";
    assert_int_equal(mdl_crime(&s), 0);
    s.detail = "";
    assert_int_equal(mdl_crime(&s), 0);
    s.slashed = false;
    s.detail = "two_blocks: so it was";
    assert_int_equal(mdl_crime(&s), 0);
}

static void test_voided_is_an_outcome_to_expect(void **state)
{
    assert_first(caught("  - {bundle: arb, is: voided, slot: 1}\n"), XPC_MET,
                 "bundle arb is voided in slot 1", "", REP_PASS);
    assert_first(caught("  - {bundle: arb, is: executed}\n"), XPC_FAILED, "bundle arb is executed",
                 "it is voided, in slot 1", REP_UNSAFE);
}

/* ---- Faults ---- */

static void test_every_fault_is_expected_to_take_effect(void **state)
{
    struct past *p = caught("  - {slashed: sequencer}\n");
    assert_expectation(p, 1, XPC_MET, "the fault omit_leg takes effect in slot 1", "");
    struct past_verdict v = past_judge(p);
    assert_int_equal(v.expect.n, 2);
    assert_int_equal(v.expect.n_met, 2);
    assert_int_equal(v.expect.results[1].line, 12);
    past_verdict_fini(&v);
    past_destroy(&p);
}

static void test_a_fault_without_effect_makes_the_run_inconclusive(void **state)
{
    struct past *p = past_new(
        data_dir, OMIT PAIR_WITH(1, "arb", "alice", ", fault: {false_proof: {leg: 0}}"), "");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_slot(p, 1);
    assert_expectation(p, 0, XPC_UNDECIDED, "the fault omit_leg takes effect in slot 1",
                       "line 12 scripts it, and there was no occasion");
    assert_expectation(p, 1, XPC_UNDECIDED, "the fault false_proof takes effect with bundle arb",
                       "line 13 scripts it, and there was no occasion");
    assert_all_hold(p);
    assert_exit(p, REP_INCONCLUSIVE);
    past_destroy(&p);
}

static void test_an_attack_need_not_take_effect(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "censor: {account: carol}") PAIR(1, "arb", "alice"), "");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_slot(p, 1);
    assert_exit(p, REP_PASS);
    past_destroy(&p);
}

static void test_a_violation_passes_where_it_is_expected(void **state)
{
    for (int expected = 0; expected <= 1; expected++) {
        struct past *p =
            past_new(data_dir, PAIR(1, "arb", "alice"), expected ? "  - {violated: blame}\n" : "");
        past_submit(p, "arb");
        past_promise(p, "arb", 1);
        past_slot(p, 1);
        past_accuse(p, "executor-A", "sequencer", 1);
        assert_exit(p, expected ? REP_PASS : REP_UNSAFE);
        past_destroy(&p);
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slashing_is_found_by_culprit_kind_and_slot),
        cmocka_unit_test(test_who_was_slashed_for_what_instead_is_said),
        cmocka_unit_test(test_that_nobody_was_slashed_is_said),
        cmocka_unit_test(test_a_penalty_is_found_by_culprit_and_slot),
        cmocka_unit_test(test_several_sentences_are_all_named),
        cmocka_unit_test(test_a_kind_is_a_whole_word),
        cmocka_unit_test(test_voided_is_an_outcome_to_expect),
        cmocka_unit_test(test_every_fault_is_expected_to_take_effect),
        cmocka_unit_test(test_a_fault_without_effect_makes_the_run_inconclusive),
        cmocka_unit_test(test_an_attack_need_not_take_effect),
        cmocka_unit_test(test_a_violation_passes_where_it_is_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
