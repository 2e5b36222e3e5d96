/* Every check can fail: an honest run's record is falsified in one place, and the check that is
 * there for it says so. */
#include "common/actor/wire.h"
#include "common/base/check.h"
#include "common/protocol/pro_block.h"
#include "lockstep/model/xpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;
static const char *scenario_path; /* 20_leg_fails: bundle arb is excluded for A.0 */

struct stage {
    struct scn *scn;
    struct simulation sim;
};

static int stage_set_up(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    struct buf why = {0};
    assert_non_null(s);
    if (scn_load_file(scenario_path, &s->scn, &why) != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
    const struct simulate_options options = {
        .host = SIMULATE_INPROC,
        .seed = s->scn->seed,
        .policy = "one_shot",
        .places = {data_dir, data_dir},
    };
    if (simulate(s->scn, &options, &s->sim, &why) != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
    *state = s;
    return 0;
}

static int stage_tear_down(void **state)
{
    struct stage *s = *state;
    simulation_fini(&s->sim);
    scn_destroy(&s->scn);
    free(s);
    return 0;
}

/* ---- Falsifying ---- */

static Lockstep__TraceDaStored *stored(struct stage *s, Lockstep__DaKind kind, size_t chain,
                                       uint32_t index)
{
    uint64_t rollup = s->scn->rollups.items[chain].chain_id;
    for (size_t i = 0; i < s->sim.history.n; i++) {
        struct history_item *item = &s->sim.history.items[i];
        if (item->kind == HISTORY_RECORD &&
            item->record->body_case == LOCKSTEP__TRACE_RECORD__BODY_DA_STORED &&
            item->record->da_stored->key->kind == kind &&
            item->record->da_stored->key->namespace_ == rollup &&
            item->record->da_stored->key->index == index) {
            return item->record->da_stored;
        }
    }
    fail_msg("nothing like that was stored");
    return NULL;
}

static Lockstep__L1Event *l1_event(struct stage *s, Lockstep__L1Kind kind, size_t chain)
{
    uint64_t rollup = s->scn->rollups.items[chain].chain_id;
    for (size_t i = 0; i < s->sim.history.n; i++) {
        struct history_item *item = &s->sim.history.items[i];
        if (item->kind == HISTORY_RECORD &&
            item->record->body_case == LOCKSTEP__TRACE_RECORD__BODY_L1 &&
            item->record->l1->event->kind == kind && item->record->l1->event->rollup == rollup) {
            return item->record->l1->event;
        }
    }
    fail_msg("nothing like that happened on L1");
    return NULL;
}

typedef void edit_block(struct pro_block *b);

static void rewrite(Lockstep__TraceDaStored *r, edit_block *edit)
{
    struct pro_block b = {0};
    struct buf out = {0};
    assert_int_equal(pro_block_decode(bytes_of(r->data.data, r->data.len), &b), 0);
    edit(&b);
    pro_block_encode(&b, &out);
    assert_int_equal(out.err, 0);
    pro_block_fini(&b);
    free(r->data.data);
    r->data.data = out.data; /* malloc'ed, as protobuf-c releases it */
    r->data.len = out.len;
}

static void swap_first_two(struct pro_block *b)
{
    struct pro_entry first = b->entries[0];
    b->entries[0] = b->entries[1];
    b->entries[1] = first;
}

static void blame_the_other_leg(struct pro_block *b)
{
    assert_int_equal(b->entries[0].kind, PRO_ENTRY_EXCLUDED);
    b->entries[0].cause.order = 1;
}

static void bury_the_innocent(struct pro_block *b)
{
    struct pro_place cause = b->entries[0].cause;
    assert_int_equal(b->entries[1].kind, PRO_ENTRY_TX);
    b->entries[1].kind = PRO_ENTRY_EXCLUDED;
    b->entries[1].tx = (struct bytes){0};
    b->entries[1].cause = cause;
}

static void forget_the_last(struct pro_block *b)
{
    b->count--;
}

/* ---- Judging ---- */

static void assert_verdicts(const struct stage *s, enum scn_check check, const char *words)
{
    struct mdl *m = NULL;
    struct chk_report report = {0};
    assert_int_equal(mdl_new(&s->sim, &m), 0);
    assert_int_equal(chk_run(m, &report), 0);
    assert_int_equal(report.results[check].verdict, CHK_BROKEN);
    if (strstr(buf_cstr(&report.results[check].detail), words) == NULL) {
        fail_msg("not a word of \"%s\" in: %s", words, buf_cstr(&report.results[check].detail));
    }
    chk_report_fini(&report);
    mdl_destroy(&m);
}

static void test_an_honest_record_passes_every_check(void **state)
{
    const struct stage *s = *state;
    struct mdl *m = NULL;
    struct chk_report report = {0};
    struct xpc_report expect = {0};
    assert_int_equal(mdl_new(&s->sim, &m), 0);
    assert_int_equal(chk_run(m, &report), 0);
    assert_int_equal(xpc_run(m, &report, &expect), 0);
    for (size_t i = 0; i < SCN_CHECKS; i++) {
        assert_int_equal(report.results[i].verdict, CHK_HOLDS);
        assert_true(report.results[i].examined > 0);
    }
    assert_int_equal(expect.n_met, expect.n);
    xpc_report_fini(&expect);
    chk_report_fini(&report);
    mdl_destroy(&m);
}

static void test_a_leg_executed_without_its_sibling_breaks_atomicity(void **state)
{
    struct stage *s = *state;
    /* The proposal of round 0 in place of the finalized block: arb's leg on B executes. */
    Lockstep__TraceDaStored *final = stored(s, LOCKSTEP__DA_KIND__DA_FINAL, 1, 0);
    const Lockstep__TraceDaStored *first = stored(s, LOCKSTEP__DA_KIND__DA_BLOCK, 1, 0);
    free(final->data.data);
    final->data.data = malloc(first->data.len);
    assert_non_null(final->data.data);
    memcpy(final->data.data, first->data.data, first->data.len);
    final->data.len = first->data.len;
    assert_verdicts(s, SCN_CHECK_ATOMICITY, "arb");
}

static void test_a_leg_at_another_position_breaks_inclusion(void **state)
{
    struct stage *s = *state;
    rewrite(stored(s, LOCKSTEP__DA_KIND__DA_BLOCK, 0, 0), swap_first_two);
    assert_verdicts(s, SCN_CHECK_INCLUSION, "A.0");
}

static void test_a_missing_leg_breaks_inclusion(void **state)
{
    struct stage *s = *state;
    rewrite(stored(s, LOCKSTEP__DA_KIND__DA_BLOCK, 0, 0), forget_the_last);
    assert_verdicts(s, SCN_CHECK_INCLUSION, "does not exist");
}

static void test_a_finalized_block_in_another_order_breaks_order(void **state)
{
    struct stage *s = *state;
    rewrite(stored(s, LOCKSTEP__DA_KIND__DA_FINAL, 0, 0), swap_first_two);
    assert_verdicts(s, SCN_CHECK_ORDER, "another leg's");
}

static void test_a_shorter_finalized_block_breaks_order(void **state)
{
    struct stage *s = *state;
    rewrite(stored(s, LOCKSTEP__DA_KIND__DA_FINAL, 0, 0), forget_the_last);
    assert_verdicts(s, SCN_CHECK_ORDER, "not as long");
}

static void test_a_false_cause_is_not_justified(void **state)
{
    struct stage *s = *state;
    rewrite(stored(s, LOCKSTEP__DA_KIND__DA_FINAL, 1, 0), blame_the_other_leg);
    assert_verdicts(s, SCN_CHECK_JUSTIFIED, "another bundle");
}

static void test_an_exclusion_for_anothers_failure_is_not_justified(void **state)
{
    struct stage *s = *state;
    rewrite(stored(s, LOCKSTEP__DA_KIND__DA_FINAL, 0, 0), bury_the_innocent);
    assert_verdicts(s, SCN_CHECK_JUSTIFIED, "another bundle");
}

static void test_a_result_nobody_published_justifies_nothing(void **state)
{
    struct stage *s = *state;
    stored(s, LOCKSTEP__DA_KIND__DA_RESULT, 0, 0)->data.data[0] ^= 1; /* signature now fails */
    assert_verdicts(s, SCN_CHECK_JUSTIFIED, "nobody signed");
}

static void test_a_failure_nobody_proved_justifies_nothing(void **state)
{
    struct stage *s = *state;
    Lockstep__TraceDaStored *proofs = stored(s, LOCKSTEP__DA_KIND__DA_PROOFS, 0, 0);
    memset(proofs->data.data, 0, 4);
    proofs->data.len = 4;
    assert_verdicts(s, SCN_CHECK_JUSTIFIED, "nobody proved");
}

static void test_a_proof_that_does_not_hold_justifies_nothing(void **state)
{
    struct stage *s = *state;
    Lockstep__TraceDaStored *proofs = stored(s, LOCKSTEP__DA_KIND__DA_PROOFS, 0, 0);
    proofs->data.data[proofs->data.len - 1] ^= 1;
    assert_verdicts(s, SCN_CHECK_JUSTIFIED, "does not hold");
}

static void test_two_final_headers_break_finality(void **state)
{
    struct stage *s = *state;
    l1_event(s, LOCKSTEP__L1_KIND__L1_ORDER, 0)->kind = LOCKSTEP__L1_KIND__L1_FINAL;
    assert_verdicts(s, SCN_CHECK_FINALITY, "2 final headers");
}

static void test_a_body_of_another_block_breaks_finality(void **state)
{
    struct stage *s = *state;
    rewrite(stored(s, LOCKSTEP__DA_KIND__DA_FINAL, 0, 0), bury_the_innocent);
    assert_verdicts(s, SCN_CHECK_FINALITY, "does not match its header");
}

static void test_another_header_than_l1s_breaks_finality(void **state)
{
    struct stage *s = *state;
    Lockstep__L1Event *e = l1_event(s, LOCKSTEP__L1_KIND__L1_FINAL, 0);
    const Lockstep__L1Event *other = l1_event(s, LOCKSTEP__L1_KIND__L1_FINAL, 1);
    assert_int_equal(e->artifact.len, other->artifact.len);
    memcpy(e->artifact.data, other->artifact.data, other->artifact.len);
    assert_verdicts(s, SCN_CHECK_FINALITY, "is not what the DA node holds");
}

static void test_an_accusation_breaks_blame(void **state)
{
    struct stage *s = *state;
    struct buf packed = {0};
    Lockstep__TraceViolation v = LOCKSTEP__TRACE_VIOLATION__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    static char rule[] = "sibling";
    static char by[] = "sequencer";
    v.rule = rule;
    v.by = by;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_VIOLATION;
    r.violation = &v;
    wire_pack(&r.base, &packed);
    history_add_record(&s->sim.history, (struct sim_time){0}, 5, buf_view(&packed));
    assert_int_equal(s->sim.history.err, 0);
    buf_fini(&packed);
    assert_verdicts(s, SCN_CHECK_BLAME, "executor-A accuses sequencer");
}

static void test_a_bundle_never_decided_breaks_liveness(void **state)
{
    struct stage *s = *state;
    l1_event(s, LOCKSTEP__L1_KIND__L1_FINALIZED, 1)->kind = LOCKSTEP__L1_KIND__L1_NONE;
    assert_verdicts(s, SCN_CHECK_LIVENESS, "never decided");
}

static void test_money_from_nowhere_breaks_conservation(void **state)
{
    const struct stage *s = *state;
    struct mdl *m = NULL;
    struct chk_report report = {0};
    struct led_name asset;
    const struct addr20 *alice = cluster_user(s->sim.cluster, "alice");
    assert_int_equal(mdl_new(&s->sim, &m), 0);
    assert_int_equal(led_name_set(&asset, "ETH"), 0);
    u128 held = led_balance(m->chains[0].state, alice, &asset);
    assert_int_equal(led_state_set_balance(m->chains[0].state, alice, &asset, held + 1), 0);
    assert_int_equal(chk_run(m, &report), 0);
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        assert_int_equal(report.results[i].verdict,
                         i == (int)SCN_CHECK_CONSERVATION ? CHK_BROKEN : CHK_HOLDS);
    }
    chk_report_fini(&report);
    mdl_destroy(&m);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_set_up, stage_tear_down)

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    data_dir = argv[1];
    scenario_path = argv[2];
    const struct CMUnitTest tests[] = {
        STAGED(test_an_honest_record_passes_every_check),
        STAGED(test_a_leg_executed_without_its_sibling_breaks_atomicity),
        STAGED(test_a_leg_at_another_position_breaks_inclusion),
        STAGED(test_a_missing_leg_breaks_inclusion),
        STAGED(test_a_finalized_block_in_another_order_breaks_order),
        STAGED(test_a_shorter_finalized_block_breaks_order),
        STAGED(test_a_false_cause_is_not_justified),
        STAGED(test_an_exclusion_for_anothers_failure_is_not_justified),
        STAGED(test_a_result_nobody_published_justifies_nothing),
        STAGED(test_a_failure_nobody_proved_justifies_nothing),
        STAGED(test_a_proof_that_does_not_hold_justifies_nothing),
        STAGED(test_two_final_headers_break_finality),
        STAGED(test_a_body_of_another_block_breaks_finality),
        STAGED(test_another_header_than_l1s_breaks_finality),
        STAGED(test_an_accusation_breaks_blame),
        STAGED(test_a_bundle_never_decided_breaks_liveness),
        STAGED(test_money_from_nowhere_breaks_conservation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
