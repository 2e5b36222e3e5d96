/* Reports of runs in which somebody misbehaved. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "tests/unit/model/past.h"

#include <jansson.h>
#include <stdio.h>

static const char *data_dir;

#define OMIT FAULT(1, "omit_leg: {rollup: A, order: 0}")

/* Slot 1 is caught on the second evidence of three records, slot 2 goes with it, and a user's
 * garbage never comes. */
static struct past *caught(void)
{
    struct past *p = past_new(data_dir,
                              OMIT FAULT(2, "two_orders: {rollup: B}") PAIR(1, "arb", "alice")
                                  PAIR(2, "more", "carol")
                                      PAIR_WITH(3, "noise", "carol", ", fault: {garbage: {}}"),
                              "");
    struct buf one = {0};
    struct buf other = {0};
    past_evidence(PRO_EVIDENCE_TWO_BLOCKS, 1, &one);
    past_evidence(PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, 2, &other);
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_seal(p, 1);
    past_propose(p, 1);
    past_fault(p, "sequencer", 0);
    past_submit(p, "more");
    past_promise(p, "more", 2);
    past_fault(p, "sequencer", 1);
    past_record_evidence(p, "executor-A", "two_blocks", buf_view(&one));
    past_record_evidence(p, "executor-B", "block_breaks_promise", buf_view(&other));
    past_record_evidence(p, "wallet", "two_blocks", buf_view(&one));
    past_slash(p, "sequencer", 1, "block_breaks_promise: it did", buf_view(&other));
    past_void(p, 1, 2);
    buf_fini(&one);
    buf_fini(&other);
    return p;
}

static struct past *honest(void)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice"), "");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_slot(p, 1);
    return p;
}

static void text(const struct rep_run *run, struct buf *out)
{
    static const struct rep_style style = {0};
    rep_text(run, &style, out);
}

static void json(const struct rep_run *run, struct buf *out)
{
    rep_json(run, true, out);
}

static void assert_says(struct buf *b, const char *words)
{
    if (strstr(buf_cstr(b), words) == NULL) {
        (void)fprintf(stderr, "%s\n", buf_cstr(b)); /* may be longer than cmocka's messages */
        fail_msg("not a word of that: %s", words);
    }
}

static void assert_silent(struct buf *b, const char *words)
{
    if (strstr(buf_cstr(b), words) != NULL) {
        (void)fprintf(stderr, "%s\n", buf_cstr(b));
        fail_msg("that is: %s", words);
    }
}

/* ---- For a terminal ---- */

static void test_the_summary_tells_of_misbehaviour_and_court(void **state)
{
    struct past *p = caught();
    struct buf out = past_report_of(p, text, "out/past/0001");
    assert_says(&out,
                "\nMisbehaviour on order\n"
                "  slot 1   sequencer: omit_leg (leaves a promised leg out of the proposal block)\n"
                "  slot 2   sequencer: two_orders (signs two order commitments for one rollup);\n"
                "           the slot went with slot 1 before anybody was judged for it\n"
                "  -        bundle noise: garbage (a leg opens to noise); it never took effect\n"
                "\nJudged on L1\n"
                "  slot 1   sequencer slashed in block 5, 32000000000 gwei, gas 34567\n"
                "           block_breaks_promise: it did\n"
                "           evidence/002-block_breaks_promise.lsev\n"
                "  slot 1   void, and with it all up to slot 2\n"
                "  lockstep verify evidence out/past/0001/evidence/*\n");
    assert_says(&out, "\nSlot 1: 1 round, voided by L1\n");
    assert_says(&out, "  arb     voided    sequencer was slashed for slot 1\n");
    assert_says(&out, "  more    voided    sequencer was slashed for slot 1\n");
    assert_says(&out, "INCONCLUSIVE");
    buf_fini(&out);
    past_destroy(&p);
}

static void test_lines_fit_a_terminal(void **state)
{
    struct past *p = caught();
    struct buf out = past_report_of(p, text, "out");
    size_t column = 0;
    for (size_t i = 0; i < out.len; i++) {
        column = out.data[i] == '\n' ? 0 : column + 1;
        assert_true(column <= REP_WIDTH);
    }
    buf_fini(&out);
    past_destroy(&p);
}

static void test_without_outputs_no_evidence_is_pointed_to(void **state)
{
    struct past *p = caught();
    struct buf out = past_report_of(p, text, NULL);
    assert_says(&out, "block_breaks_promise: it did\n  slot 1   void");
    assert_silent(&out, "lsev");
    assert_silent(&out, "verify");
    buf_fini(&out);
    past_destroy(&p);
}

static void test_an_honest_run_has_nothing_to_tell(void **state)
{
    struct past *p = honest();
    struct buf out = past_report_of(p, text, "out");
    assert_silent(&out, "Misbehaviour");
    assert_silent(&out, "Judged");
    assert_silent(&out, "verify");
    buf_fini(&out);
    past_destroy(&p);
}

static void test_the_voiding_that_came_first_is_a_bundles_reason(void **state)
{
    struct past *p = past_new(data_dir,
                              FAULT(1, "withhold_second: {}") FAULT(2, "two_orders: {rollup: B}")
                                  PAIR(1, "arb", "alice") PAIR(2, "more", "carol"),
                              "");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_submit(p, "more");
    past_promise(p, "more", 2);
    past_fault(p, "sequencer", 1);
    past_slash(p, "sequencer", 2, "two_orders: it did", (struct bytes){0});
    past_void(p, 2, 2);
    past_fault(p, "sequencer", 0);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 2);
    assert_all_hold(p);
    struct buf out = past_report_of(p, text, NULL);
    assert_says(&out, "  arb     voided    sequencer was penalized for slot 1\n");
    assert_says(&out, "  more    voided    sequencer was slashed for slot 2\n");
    buf_fini(&out);
    past_destroy(&p);
}

static void test_a_penalty_and_an_empty_bond_are_told(void **state)
{
    struct past *p =
        past_new(data_dir, FAULT(1, "withhold_reveal: {}") PAIR(1, "arb", "alice"), "");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_seal(p, 1);
    past_fault(p, "sequencer", 0);
    past_penalize(p, "sequencer", 1);
    past_penalize(p, "sequencer", 1);
    p->sim.history.items[p->sim.history.n - 1].record->l1->event->amount_gwei = 0;
    past_void(p, 1, 1);
    struct buf out = past_report_of(p, text, NULL);
    assert_says(&out, "  slot 1   sequencer penalized in block 3, 1000000000 gwei\n"
                      "           no finalized block\n"
                      "  slot 1   sequencer penalized in block 4, nothing is left of its bond\n"
                      "           no finalized block\n"
                      "  slot 1   void\n");
    assert_says(&out, "  arb     voided    sequencer was penalized for slot 1\n");
    buf_fini(&out);
    past_destroy(&p);
}

/* ---- For machines ---- */

static const char *text_at(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static json_int_t number_at(const json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return json_integer_value(json_object_get(o, key));
}

static json_t *parse(struct buf *b)
{
    json_error_t e;
    json_t *j = json_loads(buf_cstr(b), 0, &e);
    if (j == NULL) {
        fail_msg("%s", e.text);
    }
    return j;
}

static void assert_fault(const json_t *f, const char *kind, json_int_t line, json_int_t slot,
                         const char *bundle, bool took_effect)
{
    assert_string_equal(text_at(f, "fault"), kind);
    assert_int_equal(number_at(f, "line"), line);
    assert_int_equal(number_at(f, "slot"), slot);
    assert_int_equal(json_is_true(json_object_get(f, "took_effect")), took_effect);
    if (bundle == NULL) {
        assert_true(json_is_null(json_object_get(f, "bundle")));
    } else {
        assert_string_equal(text_at(f, "bundle"), bundle);
    }
}

static void test_result_json_has_faults_sentences_voids_and_evidence(void **state)
{
    struct past *p = caught();
    struct buf out = past_report_of(p, json, "out");
    json_t *j = parse(&out);
    json_t *faults = json_object_get(j, "faults");
    assert_int_equal(json_array_size(faults), 3);
    assert_fault(json_array_get(faults, 0), "omit_leg", 12, 1, NULL, true);
    assert_fault(json_array_get(faults, 1), "two_orders", 13, 2, NULL, true);
    assert_fault(json_array_get(faults, 2), "garbage", 16, 0, "noise", false);
    json_t *sentence = json_array_get(json_object_get(j, "sentences"), 0);
    assert_int_equal(json_array_size(json_object_get(j, "sentences")), 1);
    assert_string_equal(text_at(sentence, "actor"), "sequencer");
    assert_true(json_is_true(json_object_get(sentence, "slashed")));
    assert_string_equal(text_at(sentence, "evidence"), "block_breaks_promise");
    assert_string_equal(text_at(sentence, "evidence_file"),
                        "evidence/002-block_breaks_promise.lsev");
    assert_int_equal(number_at(sentence, "slot"), 1);
    assert_int_equal(number_at(sentence, "gas"), 34567);
    assert_int_equal(number_at(sentence, "amount_gwei"), 32000000000);
    json_t *evidence = json_object_get(j, "evidence");
    assert_int_equal(json_array_size(evidence), 2);
    assert_string_equal(text_at(json_array_get(evidence, 0), "kind"), "two_blocks");
    assert_string_equal(text_at(json_array_get(evidence, 0), "by"), "executor-A");
    assert_string_equal(text_at(json_array_get(evidence, 0), "file"),
                        "evidence/001-two_blocks.lsev");
    json_t *voided = json_array_get(json_object_get(j, "voids"), 0);
    assert_int_equal(number_at(voided, "first"), 1);
    assert_int_equal(number_at(voided, "last"), 2);
    json_t *bundle = json_array_get(json_object_get(j, "bundles"), 0);
    assert_string_equal(text_at(bundle, "outcome"), "voided");
    json_decref(j);
    buf_fini(&out);
    past_destroy(&p);
}

static void test_result_json_names_no_file_that_is_not_kept(void **state)
{
    struct past *p = caught();
    struct buf out = past_report_of(p, json, NULL);
    json_t *j = parse(&out);
    json_t *first = json_array_get(json_object_get(j, "evidence"), 0);
    json_t *sentence = json_array_get(json_object_get(j, "sentences"), 0);
    assert_true(json_is_null(json_object_get(first, "file")));
    assert_true(json_is_null(json_object_get(sentence, "evidence_file")));
    json_decref(j);
    buf_fini(&out);
    past_destroy(&p);
}

static void test_junit_skips_faults_without_effect(void **state)
{
    struct past *p = caught();
    struct buf out = past_report_of(p, rep_junit, NULL);
    assert_says(&out, "name=\"expect: the fault omit_leg takes effect in slot 1\"/>");
    assert_says(&out, "name=\"expect: the fault garbage takes effect with bundle noise\">"
                      "<skipped message=\"line 16 scripts it, and there was no occasion\"/>");
    buf_fini(&out);
    past_destroy(&p);
}

static void test_the_history_has_all_fields(void **state)
{
    struct past *p = caught();
    past_penalize(p, "sequencer", 2);
    struct buf out = past_report_of(p, rep_history, NULL);
    assert_says(&out, "\"kind\": \"fault\", \"what\": \"?\", \"index\": 1, \"slot\": 0");
    assert_says(&out, "\"actor\": \"executor-B\", \"kind\": \"evidence\", \"of\": "
                      "\"block_breaks_promise\", \"bytes\": ");
    assert_says(&out, "\"what\": \"L1_SLASHED\", \"block\": 5, \"slot\": 1, \"evidence\": \"");
    assert_says(&out, "\"detail\": \"block_breaks_promise: it did\", \"gas\": 34567, "
                      "\"amount_gwei\": 32000000000}");
    assert_says(&out, "\"what\": \"L1_VOIDED\", \"block\": 6, \"slot\": 1, \"through\": 2}");
    assert_says(&out, "\"what\": \"L1_PENALIZED\", \"block\": 7, \"slot\": 2, \"rollup\": 1001, "
                      "\"culprit\": \"");
    size_t lines = 0;
    for (char *line = strtok((char *)out.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *o = json_loads(line, 0, NULL);
        assert_non_null(o);
        json_decref(o);
        lines++;
    }
    assert_int_equal(lines, p->sim.history.n);
    buf_fini(&out);
    past_destroy(&p);
}

/* A process may say of its evidence what it likes; the file is named after what it is. */
static void test_a_false_kind_leads_nowhere(void **state)
{
    struct past *p = honest();
    struct buf evidence = {0};
    struct buf name = {0};
    past_evidence(PRO_EVIDENCE_TWO_ORDERS, 1, &evidence);
    past_record_evidence(p, "executor-A", "../../etc/passwd", buf_view(&evidence));
    past_record_evidence(p, "executor-A", "../../etc/shadow", bytes_str("none"));
    struct past_verdict v = past_judge(p);
    assert_int_equal(v.m->n_accusations, 2);
    rep_evidence_name(v.m, 0, &name);
    assert_string_equal(buf_cstr(&name), "evidence/001-two_orders.lsev");
    buf_clear(&name);
    rep_evidence_name(v.m, 1, &name);
    assert_string_equal(buf_cstr(&name), "evidence/002-unknown.lsev");
    past_verdict_fini(&v);
    buf_fini(&name);
    buf_fini(&evidence);
    past_destroy(&p);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_summary_tells_of_misbehaviour_and_court),
        cmocka_unit_test(test_lines_fit_a_terminal),
        cmocka_unit_test(test_without_outputs_no_evidence_is_pointed_to),
        cmocka_unit_test(test_an_honest_run_has_nothing_to_tell),
        cmocka_unit_test(test_the_voiding_that_came_first_is_a_bundles_reason),
        cmocka_unit_test(test_a_penalty_and_an_empty_bond_are_told),
        cmocka_unit_test(test_result_json_has_faults_sentences_voids_and_evidence),
        cmocka_unit_test(test_result_json_names_no_file_that_is_not_kept),
        cmocka_unit_test(test_junit_skips_faults_without_effect),
        cmocka_unit_test(test_the_history_has_all_fields),
        cmocka_unit_test(test_a_false_kind_leads_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
