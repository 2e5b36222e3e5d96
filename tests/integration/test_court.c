/* Blame, liveness and finality in runs with faults: the record is falsified in one place, and the
 * check that is there for it says so. */
#include "common/actor/wire.h"
#include "common/base/check.h"
#include "lockstep/report/rep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;
static const char *scenarios;

struct run {
    struct scn *scn;
    struct simulation sim;
};

static struct run *run_new(const char *scenario)
{
    char path[4096];
    struct buf why = {0};
    struct run *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    (void)snprintf(path, sizeof(path), "%s/%s.yaml", scenarios, scenario);
    if (scn_load_file(path, &r->scn, &why) != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
    const struct simulate_options options = {
        .host = SIMULATE_INPROC,
        .seed = r->scn->seed,
        .policy = "one_shot",
        .places = {data_dir, data_dir},
    };
    if (simulate(r->scn, &options, &r->sim, &why) != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
    return r;
}

static void run_destroy(struct run *r)
{
    simulation_fini(&r->sim);
    scn_destroy(&r->scn);
    free(r);
}

/* ---- Falsifying ---- */

/* The n-th record of this sort; of L1 events, of this kind. */
static Lockstep__TraceRecord *record(struct run *r, Lockstep__TraceRecord__BodyCase body,
                                     Lockstep__L1Kind kind, size_t n)
{
    for (size_t i = 0; i < r->sim.history.n; i++) {
        struct history_item *item = &r->sim.history.items[i];
        if (item->kind == HISTORY_RECORD && item->record->body_case == body &&
            (body != LOCKSTEP__TRACE_RECORD__BODY_L1 || item->record->l1->event->kind == kind) &&
            n-- == 0) {
            return item->record;
        }
    }
    fail_msg("there is no such record");
    return NULL;
}

static Lockstep__L1Event *l1_event(struct run *r, Lockstep__L1Kind kind)
{
    return record(r, LOCKSTEP__TRACE_RECORD__BODY_L1, kind, 0)->l1->event;
}

/* L1 says one thing more, of slot 1. */
static void add_l1(struct run *r, Lockstep__L1Kind kind, uint64_t rollup)
{
    struct buf packed = {0};
    static char detail[] = "two_blocks: made up";
    Lockstep__L1Event e = LOCKSTEP__L1_EVENT__INIT;
    Lockstep__TraceL1 l1 = LOCKSTEP__TRACE_L1__INIT;
    Lockstep__TraceRecord t = LOCKSTEP__TRACE_RECORD__INIT;
    struct addr20 sequencer = r->sim.cluster->actors[CLUSTER_SEQUENCER].key.address;
    e.kind = kind;
    e.slot = 1;
    e.through = 1;
    e.rollup = rollup;
    e.detail = detail;
    e.culprit = wire_bytes(BYTES_OF(sequencer));
    l1.number = 99;
    l1.event = &e;
    t.body_case = LOCKSTEP__TRACE_RECORD__BODY_L1;
    t.l1 = &l1;
    wire_pack(&t.base, &packed);
    history_add_record(&r->sim.history, (struct sim_time){0}, CLUSTER_L1 + 1, buf_view(&packed));
    assert_int_equal(r->sim.history.err, 0);
    buf_fini(&packed);
}

/* ---- Judging ---- */

struct verdict {
    struct mdl *m;
    struct chk_report checks;
    struct xpc_report expect;
    enum rep_exit code;
};

static void judge(const struct run *r, struct verdict *v)
{
    *v = (struct verdict){0};
    assert_int_equal(mdl_new(&r->sim, &v->m), 0);
    assert_int_equal(chk_run(v->m, &v->checks), 0);
    assert_int_equal(xpc_run(v->m, &v->checks, &v->expect), 0);
    const struct rep_run run = {
        .sim = &r->sim, .m = v->m, .checks = &v->checks, .expect = &v->expect};
    v->code = rep_exit_of(&run);
}

static void verdict_fini(struct verdict *v)
{
    mdl_destroy(&v->m);
    chk_report_fini(&v->checks);
    xpc_report_fini(&v->expect);
}

/* Only this check is broken, and says so. Releases the run. */
static void assert_broken(struct run *r, enum scn_check check, const char *says)
{
    struct verdict v;
    judge(r, &v);
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        if ((v.checks.results[i].verdict == CHK_BROKEN) != (i == (int)check)) {
            fail_msg("%s: %s", scn_check_word((enum scn_check)i),
                     buf_cstr(&v.checks.results[i].detail));
        }
    }
    if (strstr(buf_cstr(&v.checks.results[check].detail), says) == NULL) {
        fail_msg("%s", buf_cstr(&v.checks.results[check].detail));
    }
    assert_int_equal(v.code, check == SCN_CHECK_LIVENESS ? REP_STUCK : REP_UNSAFE);
    verdict_fini(&v);
    run_destroy(r);
}

static void test_the_runs_as_they_are_pass(void **state)
{
    static const char *const names[] = {"40_omit_leg", "46_withhold", "55_false_proof",
                                        "56_garbage", "20_leg_fails"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct run *r = run_new(names[i]);
        struct verdict v;
        judge(r, &v);
        assert_int_equal(v.code, REP_PASS);
        verdict_fini(&v);
        run_destroy(r);
    }
}

static void test_an_honest_party_slashed_breaks_blame(void **state)
{
    (void)state;
    struct run *r = run_new("20_leg_fails");
    add_l1(r, LOCKSTEP__L1_KIND__L1_SLASHED, 0);
    assert_broken(r, SCN_CHECK_BLAME, "sequencer was slashed in slot 1, where it did nothing");
}

static void test_a_party_slashed_for_another_slot_breaks_blame(void **state)
{
    (void)state;
    struct run *r = run_new("40_omit_leg");
    l1_event(r, LOCKSTEP__L1_KIND__L1_SLASHED)->slot = 4;
    struct verdict v;
    judge(r, &v);
    assert_int_equal(v.checks.results[SCN_CHECK_BLAME].verdict, CHK_BROKEN);
    /* slot 4 did nothing, slot 1 went free, and its voiding was paid by nobody */
    assert_int_equal(v.checks.results[SCN_CHECK_BLAME].n_faults, 3);
    verdict_fini(&v);
    run_destroy(r);
}

static void test_a_penalty_that_nobody_earned_breaks_liveness(void **state)
{
    (void)state;
    struct run *r = run_new("20_leg_fails");
    add_l1(r, LOCKSTEP__L1_KIND__L1_PENALIZED, 0);
    assert_broken(r, SCN_CHECK_LIVENESS, "sequencer missed a deadline in slot 1");
}

static void test_a_crime_that_nobody_is_slashed_for_breaks_blame(void **state)
{
    (void)state;
    struct run *r = run_new("40_omit_leg");
    l1_event(r, LOCKSTEP__L1_KIND__L1_SLASHED)->kind = LOCKSTEP__L1_KIND__L1_NONE;
    assert_broken(r, SCN_CHECK_BLAME, "in slot 1 and was not slashed");
}

static void test_a_silence_that_costs_nothing_breaks_blame(void **state)
{
    (void)state;
    struct run *r = run_new("46_withhold");
    for (size_t left = 2; left > 0; left--) { /* one for each rollup */
        l1_event(r, LOCKSTEP__L1_KIND__L1_PENALIZED)->kind = LOCKSTEP__L1_KIND__L1_NONE;
    }
    struct verdict v;
    judge(r, &v);
    assert_int_equal(v.checks.results[SCN_CHECK_BLAME].verdict, CHK_BROKEN);
    assert_non_null(strstr(buf_cstr(&v.checks.results[SCN_CHECK_BLAME].detail),
                           "nobody was slashed or penalized for it"));
    assert_int_equal(v.code, REP_UNSAFE);
    verdict_fini(&v);
    run_destroy(r);
}

static void test_a_false_proof_that_is_not_refused_breaks_blame(void **state)
{
    (void)state;
    struct run *r = run_new("55_false_proof");
    record(r, LOCKSTEP__TRACE_RECORD__BODY_REFUSED, LOCKSTEP__L1_KIND__L1_NONE, 0)
        ->refused->name[0] = 'x';
    struct verdict v;
    judge(r, &v);
    assert_int_equal(v.checks.results[SCN_CHECK_BLAME].verdict, CHK_BROKEN);
    assert_non_null(strstr(buf_cstr(&v.checks.results[SCN_CHECK_BLAME].detail),
                           "bundle forged is a false_proof and was not refused"));
    verdict_fini(&v);
    run_destroy(r);
}

static void test_a_fault_that_never_happened_makes_the_run_inconclusive(void **state)
{
    (void)state;
    struct run *r = run_new("56_garbage");
    record(r, LOCKSTEP__TRACE_RECORD__BODY_FAULT, LOCKSTEP__L1_KIND__L1_NONE, 0)->fault->index = 9;
    struct verdict v;
    judge(r, &v);
    assert_int_equal(v.code, REP_INCONCLUSIVE);
    struct xpc_result *last = &v.expect.results[v.expect.n - 1];
    assert_int_equal(last->verdict, XPC_UNDECIDED);
    assert_string_equal(buf_cstr(&last->text), "the fault garbage takes effect with bundle noise");
    verdict_fini(&v);
    run_destroy(r);
}

static void test_a_final_slot_that_is_void_breaks_finality(void **state)
{
    (void)state;
    struct run *r = run_new("20_leg_fails");
    add_l1(r, LOCKSTEP__L1_KIND__L1_VOIDED, 0);
    struct verdict v;
    judge(r, &v);
    assert_int_equal(v.checks.results[SCN_CHECK_FINALITY].verdict, CHK_BROKEN);
    assert_non_null(
        strstr(buf_cstr(&v.checks.results[SCN_CHECK_FINALITY].detail), "which is void"));
    verdict_fini(&v);
    run_destroy(r);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    data_dir = argv[1];
    scenarios = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_runs_as_they_are_pass),
        cmocka_unit_test(test_an_honest_party_slashed_breaks_blame),
        cmocka_unit_test(test_a_party_slashed_for_another_slot_breaks_blame),
        cmocka_unit_test(test_a_penalty_that_nobody_earned_breaks_liveness),
        cmocka_unit_test(test_a_crime_that_nobody_is_slashed_for_breaks_blame),
        cmocka_unit_test(test_a_silence_that_costs_nothing_breaks_blame),
        cmocka_unit_test(test_a_false_proof_that_is_not_refused_breaks_blame),
        cmocka_unit_test(test_a_fault_that_never_happened_makes_the_run_inconclusive),
        cmocka_unit_test(test_a_final_slot_that_is_void_breaks_finality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
