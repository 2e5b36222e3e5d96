/* Blame: who may be slashed, who must be, and who may be accused. */
#include "common/base/check.h"
#include "tests/unit/model/past.h"

static const char *data_dir;

/* A slot with one pair in it, by itself. */
static void pair_slot(struct past *p, const char *bundle, uint64_t slot)
{
    past_submit(p, bundle);
    past_promise(p, bundle, slot);
    past_slot(p, slot);
}

/* A pair that was promised a slot, of which nothing more is known. */
static void promised(struct past *p, const char *bundle, uint64_t slot)
{
    past_submit(p, bundle);
    past_promise(p, bundle, slot);
    past_seal(p, slot);
}

/* ---- Nobody innocent ---- */

static void test_an_honest_run_passes_and_says_how_much_was_looked_at(void **state)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice") PAIR(2, "more", "carol"), "");
    pair_slot(p, "arb", 1);
    pair_slot(p, "more", 2);
    struct past_verdict v = past_judge(p);
    static const size_t examined[SCN_CHECKS] = {
        [SCN_CHECK_ATOMICITY] = 2, [SCN_CHECK_CONSERVATION] = 1, [SCN_CHECK_INCLUSION] = 4,
        [SCN_CHECK_ORDER] = 4,     [SCN_CHECK_JUSTIFIED] = 4,    [SCN_CHECK_FINALITY] = 4,
        [SCN_CHECK_BLAME] = 6,     [SCN_CHECK_LIVENESS] = 2,     [SCN_CHECK_SERIAL] = 2,
    };
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        assert_int_equal(v.checks.results[i].verdict, CHK_HOLDS);
        assert_int_equal(v.checks.results[i].examined, examined[i]);
    }
    past_verdict_fini(&v);
    assert_exit(p, REP_PASS);
    past_destroy(&p);
}

static void test_an_honest_sequencer_that_is_slashed_breaks_blame(void **state)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_convict(p, 1, 1);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer was slashed in slot 1, where it did nothing for it: "
                "block_breaks_promise: it did");
    assert_exit(p, REP_UNSAFE);
    past_destroy(&p);
}

static void test_an_executor_that_pays_for_the_sequencer_breaks_blame(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    assert_all_hold(p);
    past_slash(p, "executor-A", 1, "two_blocks: it did", (struct bytes){0});
    assert_only(
        p, SCN_CHECK_BLAME,
        "executor-A was slashed in slot 1, where it did nothing for it: two_blocks: it did");
    past_destroy(&p);
}

static void test_a_stranger_that_is_slashed_breaks_blame(void **state)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice"), "");
    Lockstep__TraceRecord *r = NULL;
    pair_slot(p, "arb", 1);
    past_slash(p, "executor-A", 1, "two_blocks: it did", (struct bytes){0});
    r = p->sim.history.items[p->sim.history.n - 1].record;
    r->l1->event->culprit.data[0] ^= 1;
    assert_only(p, SCN_CHECK_BLAME,
                "nobody was slashed in slot 1, where it did nothing for it: two_blocks: it did");
    past_destroy(&p);
}

static void test_a_slashing_for_another_slot_than_the_faults_breaks_blame(void **state)
{
    struct past *p = past_new(data_dir,
                              FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice")
                                  PAIR(2, "more", "carol"),
                              "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    pair_slot(p, "more", 2);
    past_slash(p, "sequencer", 2, "two_blocks: it did", (struct bytes){0});
    past_slash(p, "sequencer", 1, "block_breaks_promise: it did", (struct bytes){0});
    past_void(p, 1, 1);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer was slashed in slot 2, where it did nothing for it: two_blocks: it did");
    past_destroy(&p);
}

static void test_a_slashing_for_mere_silence_breaks_blame(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "withhold_reveal: {}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer was slashed in slot 1, where it did nothing for it: "
                "block_breaks_promise: it did");
    past_destroy(&p);
}

static void test_nobody_is_slashed_twice_for_one_slot(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    past_slash(p, "sequencer", 1, "two_orders: it did", (struct bytes){0});
    assert_only(p, SCN_CHECK_BLAME, "sequencer was slashed twice for slot 1: two_orders: it did");
    past_destroy(&p);
}

static void test_a_void_slot_that_nobody_paid_for_breaks_blame(void **state)
{
    struct past *p = past_new(
        data_dir, FAULT(2, "withhold_reveal: {}") PAIR(1, "arb", "alice") PAIR(2, "more", "carol"),
        "");
    promised(p, "arb", 1);
    promised(p, "more", 2);
    past_void(p, 1, 1);
    past_fault(p, "sequencer", 0);
    past_penalize(p, "sequencer", 2);
    past_void(p, 2, 2);
    assert_only(p, SCN_CHECK_BLAME, "slot 1 is void, and nobody was slashed or penalized for it");
    past_destroy(&p);
}

static void test_an_accusation_without_a_fault_breaks_blame(void **state)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice"), "");
    pair_slot(p, "arb", 1);
    past_accuse(p, "executor-A", "sequencer", 1);
    assert_only(p, SCN_CHECK_BLAME,
                "executor-A accuses sequencer of breaking the rule sibling in slot 1: so it was");
    past_destroy(&p);
}

static void test_accusations_name_the_culprit_or_nobody(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    past_accuse(p, "executor-A", "sequencer", 1);
    past_accuse(p, "executor-B", "", 1);
    assert_all_hold(p);
    past_accuse(p, "executor-B", "executor-A", 1);
    assert_only(p, SCN_CHECK_BLAME,
                "executor-B accuses executor-A of breaking the rule sibling in slot 1: so it was");
    past_destroy(&p);
}

static void test_an_accusation_for_another_slot_breaks_blame(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    past_accuse(p, "l1", "", 2);
    assert_only(p, SCN_CHECK_BLAME,
                "l1 accuses somebody of breaking the rule sibling in slot 2: so it was");
    past_destroy(&p);
}

static void test_what_breaks_no_rule_founds_no_accusation(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "censor: {account: alice}") PAIR(1, "arb", "carol"), "");
    pair_slot(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    assert_all_hold(p);
    past_accuse(p, "wallet", "sequencer", 1);
    assert_only(p, SCN_CHECK_BLAME,
                "wallet accuses sequencer of breaking the rule sibling in slot 1: so it was");
    past_destroy(&p);
}

/* ---- Nobody guilty goes free ---- */

static void test_a_fault_that_nobody_is_slashed_for_breaks_blame(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice"), "");
    pair_slot(p, "arb", 1);
    assert_all_hold(p);
    assert_exit(p, REP_INCONCLUSIVE);
    past_fault(p, "sequencer", 0);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer leaves a promised leg out of the proposal block in slot 1 and was not "
                "slashed");
    past_destroy(&p);
}

static void test_a_penalty_is_no_slashing(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 1);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer leaves a promised leg out of the proposal block in slot 1 and was not "
                "slashed");
    past_destroy(&p);
}

static void test_silence_that_costs_nothing_breaks_blame(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "withhold_second: {}") PAIR(1, "arb", "alice"), "");
    pair_slot(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer stops after the first round of results in slot 1 and was not penalized");
    past_destroy(&p);
}

static void test_silence_is_penalized(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "withhold_second: {}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 1);
    assert_all_hold(p);
    assert_exit(p, REP_PASS);
    past_destroy(&p);
}

static void test_an_honest_party_that_is_not_heard_is_stuck_not_guilty(void **state)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 1);
    assert_only(p, SCN_CHECK_LIVENESS, "sequencer missed a deadline in slot 1: no finalized block");
    assert_exit(p, REP_STUCK);
    past_destroy(&p);
}

static void test_a_fault_that_did_not_happen_accounts_for_nothing(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "withhold_second: {}") PAIR(1, "arb", "alice"), "");
    promised(p, "arb", 1);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 1);
    assert_only(p, SCN_CHECK_LIVENESS, "sequencer missed a deadline in slot 1: no finalized block");
    past_destroy(&p);
}

static void test_a_fault_counts_when_its_culprit_says_so(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "omit_leg: {rollup: A, order: 0}") PAIR(1, "arb", "alice"), "");
    pair_slot(p, "arb", 1);
    past_fault(p, "executor-A", 0);
    past_fault(p, "sequencer", 1);
    assert_all_hold(p);
    assert_exit(p, REP_INCONCLUSIVE);
    past_destroy(&p);
}

/* ---- Void slots ---- */

static void test_what_was_built_on_a_void_slot_needs_no_sentence(void **state)
{
    struct past *p =
        past_new(data_dir,
                 FAULT(1, "omit_leg: {rollup: A, order: 0}") FAULT(2, "two_orders: {rollup: A}")
                     FAULT(3, "withhold_reveal: {}") PAIR(1, "arb", "alice")
                         PAIR(2, "more", "carol") PAIR(3, "last", "carol"),
                 "");
    promised(p, "arb", 1);
    promised(p, "more", 2);
    promised(p, "last", 3);
    past_fault(p, "sequencer", 0);
    past_fault(p, "sequencer", 1);
    past_fault(p, "sequencer", 2);
    past_convict(p, 1, 3);
    assert_all_hold(p);
    past_destroy(&p);
}

static void test_silence_is_no_way_out_of_a_slashing(void **state)
{
    struct past *p = past_new(data_dir,
                              FAULT(1, "withhold_reveal: {}") FAULT(1, "two_orders: {rollup: A}")
                                  FAULT(2, "two_orders: {rollup: B}") PAIR(1, "arb", "alice")
                                      PAIR(2, "more", "carol"),
                              "");
    promised(p, "arb", 1);
    promised(p, "more", 2);
    past_fault(p, "sequencer", 0);
    past_fault(p, "sequencer", 1);
    past_fault(p, "sequencer", 2);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 2);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer signs two order commitments for one rollup in slot 1 and was not "
                "slashed\n"
                "sequencer signs two order commitments for one rollup in slot 2 and was not "
                "slashed");
    past_slash(p, "sequencer", 1, "two_orders: it did", (struct bytes){0});
    assert_all_hold(p);
    past_destroy(&p);
}

static void test_a_fault_beyond_what_is_void_still_needs_its_sentence(void **state)
{
    struct past *p =
        past_new(data_dir,
                 FAULT(1, "omit_leg: {rollup: A, order: 0}") FAULT(2, "two_orders: {rollup: A}")
                     PAIR(1, "arb", "alice") PAIR(2, "more", "carol"),
                 "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    pair_slot(p, "more", 2);
    past_fault(p, "sequencer", 1);
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer signs two order commitments for one rollup in slot 2 and was not "
                "slashed");
    past_destroy(&p);
}

static void test_a_slot_that_is_void_owes_nothing(void **state)
{
    struct past *p = past_new(data_dir,
                              FAULT(1, "two_blocks: {rollup: A}") FAULT(1, "withhold_second: {}")
                                  PAIR(1, "arb", "alice"),
                              "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_fault(p, "sequencer", 1);
    past_convict(p, 1, 1);
    assert_all_hold(p);
    past_destroy(&p);
}

static void test_an_earlier_fault_accounts_for_no_later_voiding(void **state)
{
    struct past *p =
        past_new(data_dir,
                 FAULT(1, "omit_leg: {rollup: A, order: 0}") FAULT(2, "censor: {account: bob}")
                     PAIR(1, "arb", "alice") PAIR(2, "more", "carol"),
                 "");
    promised(p, "arb", 1);
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    promised(p, "more", 2);
    past_fault(p, "sequencer", 1); /* censors, which delays nothing */
    past_penalize(p, "sequencer", 2);
    past_void(p, 2, 3);
    assert_only(p, SCN_CHECK_LIVENESS, "sequencer missed a deadline in slot 2: no finalized block");
    past_destroy(&p);
}

static void test_deadlines_missed_behind_a_fault_are_accounted_for(void **state)
{
    struct past *p = past_new(data_dir,
                              FAULT(1, "withhold_second: {}") PAIR(1, "arb", "alice")
                                  PAIR(2, "more", "carol") PAIR(3, "last", "carol"),
                              "");
    promised(p, "arb", 1);
    promised(p, "more", 2);
    promised(p, "last", 3);
    past_fault(p, "sequencer", 0);
    past_penalize(p, "sequencer", 1);
    past_penalize(p, "sequencer", 2);
    past_void(p, 1, 2);
    past_slot(p, 3);
    assert_all_hold(p);
    past_penalize(p, "sequencer", 3);
    assert_only(p, SCN_CHECK_LIVENESS, "sequencer missed a deadline in slot 3: no finalized block");
    past_destroy(&p);
}

/* ---- Users ---- */

#define FALSE_PROOF ", fault: {false_proof: {leg: 0}}"
#define GARBAGE ", fault: {garbage: {leg: 1}}"

static void test_a_false_proof_is_refused(void **state)
{
    struct past *p =
        past_new(data_dir, PAIR(1, "arb", "alice") PAIR_WITH(1, "bad", "carol", FALSE_PROOF), "");
    past_submit(p, "bad");
    past_fault(p, "wallet", 0);
    past_refuse(p, "bad", "bad_proof");
    pair_slot(p, "arb", 1);
    assert_all_hold(p);
    assert_exit(p, REP_PASS);
    past_destroy(&p);
}

static void test_a_false_proof_that_is_admitted_breaks_blame(void **state)
{
    struct past *p = past_new(data_dir, PAIR_WITH(1, "bad", "carol", FALSE_PROOF), "");
    past_fault(p, "wallet", 0);
    pair_slot(p, "bad", 1);
    assert_only(p, SCN_CHECK_BLAME, "bundle bad is a false_proof and was not refused");
    past_destroy(&p);
}

static void test_a_false_proof_may_be_admitted_by_a_sequencer_that_is_to(void **state)
{
    struct past *p = past_new(
        data_dir, FAULT(1, "admit_bad_proof: {}") PAIR_WITH(1, "bad", "carol", FALSE_PROOF), "");
    promised(p, "bad", 1);
    past_fault(p, "wallet", 1);
    past_fault(p, "sequencer", 0);
    past_slash(p, "sequencer", 1, "bad_admission: it did", (struct bytes){0});
    past_void(p, 1, 1);
    assert_all_hold(p);
    past_destroy(&p);
}

static void test_no_other_fault_excuses_the_admission_of_a_false_proof(void **state)
{
    struct past *p =
        past_new(data_dir,
                 FAULT(1, "omit_leg: {rollup: A, order: 0}") FAULT(2, "admit_bad_proof: {}")
                     PAIR_WITH(1, "bad", "carol", FALSE_PROOF),
                 "");
    promised(p, "bad", 1);
    past_fault(p, "wallet", 2);
    past_fault(p, "sequencer", 0);
    past_fault(p, "sequencer", 1);
    past_convict(p, 1, 2);
    assert_only(p, SCN_CHECK_BLAME, "bundle bad is a false_proof and was not refused");
    past_destroy(&p);
}

static void test_garbage_is_excluded_and_nobodys_fault_but_its_users(void **state)
{
    struct past *p =
        past_new(data_dir, PAIR_WITH(1, "noise", "carol", GARBAGE) PAIR(1, "arb", "alice"), "");
    past_submit(p, "noise");
    past_fault(p, "wallet", 0);
    past_promise(p, "noise", 1);
    pair_slot(p, "arb", 1);
    assert_all_hold(p);
    assert_int_equal(past_balance(p, 0, "bob"), 101);
    past_slash(p, "sequencer", 1, "wrong_openings: it did", (struct bytes){0});
    assert_only(p, SCN_CHECK_BLAME,
                "sequencer was slashed in slot 1, where it did nothing for it: wrong_openings: it "
                "did");
    past_destroy(&p);
}

static void test_garbage_that_is_executed_breaks_blame(void **state)
{
    struct past *p =
        past_new(data_dir, PAIR_WITH(1, "noise", "carol", GARBAGE) PAIR(1, "arb", "alice"), "");
    /* The blocks are those of a run in which nothing is wrong with the bundle. */
    struct scn_submit *submit = &p->scn->timeline.items[0].submit;
    submit->fault.kind = PRO_FAULT_NONE;
    past_fault(p, "wallet", 0);
    pair_slot(p, "noise", 1);
    submit->fault.kind = PRO_FAULT_GARBAGE;
    past_submit(p, "arb");
    past_refuse(p, "arb", "limit");
    assert_only(p, SCN_CHECK_BLAME, "bundle noise has a leg of garbage and was not excluded");
    past_destroy(&p);
}

static void test_garbage_in_a_void_slot_or_refused_is_nobodys_matter(void **state)
{
    struct past *p =
        past_new(data_dir,
                 FAULT(1, "two_blocks: {rollup: A}") PAIR_WITH(1, "noise", "carol", GARBAGE)
                     PAIR_WITH(1, "more", "carol", GARBAGE),
                 "");
    promised(p, "noise", 1);
    past_fault(p, "wallet", 1);
    past_submit(p, "more");
    past_fault(p, "wallet", 2);
    past_refuse(p, "more", "limit");
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    assert_all_hold(p);
    past_destroy(&p);
}

static void test_a_replay_that_finds_nothing_to_repeat_is_inconclusive(void **state)
{
    struct past *p = past_new(data_dir,
                              PAIR(1, "arb", "alice") "  - {at: slot 9, submit: {bundle: again, "
                                                      "from: bob, fault: {replay: {of: arb}}}}\n",
                              "");
    pair_slot(p, "arb", 1);
    assert_all_hold(p);
    assert_exit(p, REP_INCONCLUSIVE);
    past_submit(p, "again");
    past_fault(p, "wallet", 0);
    past_refuse(p, "again", "duplicate");
    assert_all_hold(p);
    assert_exit(p, REP_PASS);
    past_destroy(&p);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_honest_run_passes_and_says_how_much_was_looked_at),
        cmocka_unit_test(test_an_honest_sequencer_that_is_slashed_breaks_blame),
        cmocka_unit_test(test_an_executor_that_pays_for_the_sequencer_breaks_blame),
        cmocka_unit_test(test_a_stranger_that_is_slashed_breaks_blame),
        cmocka_unit_test(test_a_slashing_for_another_slot_than_the_faults_breaks_blame),
        cmocka_unit_test(test_a_slashing_for_mere_silence_breaks_blame),
        cmocka_unit_test(test_nobody_is_slashed_twice_for_one_slot),
        cmocka_unit_test(test_a_void_slot_that_nobody_paid_for_breaks_blame),
        cmocka_unit_test(test_an_accusation_without_a_fault_breaks_blame),
        cmocka_unit_test(test_accusations_name_the_culprit_or_nobody),
        cmocka_unit_test(test_an_accusation_for_another_slot_breaks_blame),
        cmocka_unit_test(test_what_breaks_no_rule_founds_no_accusation),
        cmocka_unit_test(test_a_fault_that_nobody_is_slashed_for_breaks_blame),
        cmocka_unit_test(test_a_penalty_is_no_slashing),
        cmocka_unit_test(test_silence_that_costs_nothing_breaks_blame),
        cmocka_unit_test(test_silence_is_penalized),
        cmocka_unit_test(test_an_honest_party_that_is_not_heard_is_stuck_not_guilty),
        cmocka_unit_test(test_a_fault_that_did_not_happen_accounts_for_nothing),
        cmocka_unit_test(test_a_fault_counts_when_its_culprit_says_so),
        cmocka_unit_test(test_what_was_built_on_a_void_slot_needs_no_sentence),
        cmocka_unit_test(test_silence_is_no_way_out_of_a_slashing),
        cmocka_unit_test(test_a_fault_beyond_what_is_void_still_needs_its_sentence),
        cmocka_unit_test(test_a_slot_that_is_void_owes_nothing),
        cmocka_unit_test(test_an_earlier_fault_accounts_for_no_later_voiding),
        cmocka_unit_test(test_deadlines_missed_behind_a_fault_are_accounted_for),
        cmocka_unit_test(test_a_false_proof_is_refused),
        cmocka_unit_test(test_a_false_proof_that_is_admitted_breaks_blame),
        cmocka_unit_test(test_a_false_proof_may_be_admitted_by_a_sequencer_that_is_to),
        cmocka_unit_test(test_no_other_fault_excuses_the_admission_of_a_false_proof),
        cmocka_unit_test(test_garbage_is_excluded_and_nobodys_fault_but_its_users),
        cmocka_unit_test(test_garbage_that_is_executed_breaks_blame),
        cmocka_unit_test(test_garbage_in_a_void_slot_or_refused_is_nobodys_matter),
        cmocka_unit_test(test_a_replay_that_finds_nothing_to_repeat_is_inconclusive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
