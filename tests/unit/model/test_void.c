/* Void slots, and places for which more than one thing was signed. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/protocol/pro_signed.h"
#include "tests/unit/model/past.h"

static const char *data_dir;

/* Slot 1: something is wrong with it. Slot 2: built on it. Slot 3: neither. */
#define THREE_SLOTS                                                                                \
    FAULT(1, "omit_leg: {rollup: A, order: 0}")                                                    \
    PAIR(1, "first", "alice") PAIR(2, "second", "alice") PAIR(3, "third", "carol")

/* All three are finalized before the voiding, so the third's roots fit only if nothing is void. */
static struct past *three_slots(uint64_t last_void)
{
    struct past *p = past_new(data_dir, THREE_SLOTS, "");
    static const char *const names[] = {"first", "second", "third"};
    for (uint64_t i = 0; i < 3; i++) {
        past_submit(p, names[i]);
        past_promise(p, names[i], i + 1);
        past_seal(p, i + 1);
        past_propose(p, i + 1);
        if (i == 0) {
            past_fault(p, "sequencer", 0);
        }
        past_finalize(p, i + 1);
    }
    past_convict(p, 1, last_void);
    for (uint64_t i = last_void; i < 3; i++) {
        past_settle(p, i + 1);
    }
    return p;
}

static void assert_outcomes(const struct past *p, const enum scn_outcome outcomes[3])
{
    struct past_verdict v = past_judge(p);
    assert_int_equal(v.m->n_bundles, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(v.m->bundles[i].outcome, outcomes[i]);
    }
    past_verdict_fini(&v);
}

static void test_bundles_of_void_slots_are_voided(void **state)
{
    for (uint64_t last = 1; last <= 3; last++) {
        struct past *p = three_slots(last);
        const enum scn_outcome outcomes[] = {SCN_VOIDED, last >= 2 ? SCN_VOIDED : SCN_EXECUTED,
                                             last >= 3 ? SCN_VOIDED : SCN_EXECUTED};
        assert_outcomes(p, outcomes);
        past_destroy(&p);
    }
}

static void test_void_slots_leave_no_trace_in_any_state(void **state)
{
    for (uint64_t last = 1; last <= 3; last++) {
        struct past *p = three_slots(last);
        for (size_t chain = 0; chain < PAST_ROLLUPS; chain++) {
            assert_int_equal(past_balance(p, chain, "alice"), last >= 2 ? 100 : 99);
            assert_int_equal(past_balance(p, chain, "carol"), last >= 3 ? 100 : 99);
            assert_int_equal(past_balance(p, chain, "bob"), 103 - last);
        }
        past_destroy(&p);
    }
}

static void test_checks_look_at_slots_that_count_and_say_so(void **state)
{
    struct past *p = past_new(data_dir, THREE_SLOTS, "");
    past_submit(p, "first");
    past_promise(p, "first", 1);
    past_seal(p, 1);
    past_propose(p, 1);
    past_fault(p, "sequencer", 0);
    past_submit(p, "second");
    past_promise(p, "second", 2);
    past_seal(p, 2);
    past_convict(p, 1, 2);
    past_submit(p, "third");
    past_promise(p, "third", 3);
    past_slot(p, 3);
    assert_all_hold(p);
    struct past_verdict v = past_judge(p);
    static const size_t examined[SCN_CHECKS] = {
        [SCN_CHECK_ATOMICITY] = 1, [SCN_CHECK_CONSERVATION] = 1, [SCN_CHECK_INCLUSION] = 2,
        [SCN_CHECK_ORDER] = 2,     [SCN_CHECK_JUSTIFIED] = 2,    [SCN_CHECK_FINALITY] = 2,
        [SCN_CHECK_BLAME] = 6,     [SCN_CHECK_LIVENESS] = 3,     [SCN_CHECK_SERIAL] = 1,
    };
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        assert_int_equal(v.checks.results[i].examined, examined[i]);
    }
    past_verdict_fini(&v);
    assert_exit(p, REP_PASS);
    past_destroy(&p);
}

static void test_whatever_a_void_slot_holds_breaks_no_check(void **state)
{
    struct past *p = past_new(data_dir, THREE_SLOTS, "");
    struct buf body = {0};
    struct pro_header h;
    past_submit(p, "first");
    past_promise(p, "first", 1);
    past_seal(p, 1);
    past_make(p, 0, 1, false, &body, &h);
    past_store(p, 1, 1, LOCKSTEP__DA_KIND__DA_BLOCK, buf_view(&body));
    past_store(p, 0, 1, LOCKSTEP__DA_KIND__DA_BLOCK, bytes_str("no block"));
    past_store(p, 0, 1, LOCKSTEP__DA_KIND__DA_FINAL, buf_view(&body));
    past_l1(p, LOCKSTEP__L1_KIND__L1_FINAL, 0, 1, bytes_str("no header"));
    past_l1(p, LOCKSTEP__L1_KIND__L1_FINAL, 0, 1, bytes_str("no header, either"));
    past_fault(p, "sequencer", 0);
    past_convict(p, 1, 1);
    past_submit(p, "second");
    past_refuse(p, "second", "limit");
    past_submit(p, "third");
    past_refuse(p, "third", "limit");
    assert_all_hold(p);
    buf_fini(&body);
    past_destroy(&p);
}

static void test_what_l1_finalized_cannot_be_void(void **state)
{
    struct past *p = three_slots(3);
    past_settle(p, 2);
    assert_only(p, SCN_CHECK_FINALITY,
                "L1 finalized slot 2 of A, which is void\n"
                "L1 finalized slot 2 of B, which is void");
    past_destroy(&p);
}

static void test_a_promise_without_a_block_is_still_broken_outside_void_slots(void **state)
{
    struct past *p = past_new(data_dir, PAIR(2, "arb", "alice"), "");
    past_submit(p, "arb");
    past_promise(p, "arb", 2);
    past_seal(p, 2);
    past_penalize(p, "sequencer", 1);
    past_void(p, 1, 1);
    struct past_verdict v = past_judge(p);
    assert_int_equal(v.m->bundles[0].outcome, SCN_PENDING);
    assert_int_equal(v.checks.results[SCN_CHECK_INCLUSION].n_faults, 2);
    assert_int_equal(v.checks.results[SCN_CHECK_LIVENESS].n_faults, 2);
    past_verdict_fini(&v);
    past_destroy(&p);
}

/* ---- Two for one place ---- */

/* Signs another header than the honest one. */
static void other_header(const struct past *p, bool final, struct buf *out)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct pro_header h;
    past_make(p, 0, 1, final, &body, &h);
    h.body_hash.b[0] ^= 1;
    past_sign(p, &h, out);
}

static struct past *one_pair(void)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice"), "");
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_seal(p, 1);
    return p;
}

static void test_of_two_headers_the_one_that_l1_registered_counts(void **state)
{
    for (int final = 0; final <= 1; final++) {
        struct past *p = one_pair();
        struct buf other = {0};
        other_header(p, final != 0, &other);
        past_store(p, 0, 1,
                   final ? LOCKSTEP__DA_KIND__DA_FINAL_HEADER : LOCKSTEP__DA_KIND__DA_HEADER,
                   buf_view(&other));
        past_propose(p, 1);
        past_finalize(p, 1);
        past_settle(p, 1);
        assert_all_hold(p);
        buf_fini(&other);
        past_destroy(&p);
    }
}

static void test_without_l1_the_first_of_two_headers_counts(void **state)
{
    struct past *p = one_pair();
    struct buf other = {0};
    struct buf body = {0};
    struct buf header = {0};
    struct pro_header h;
    past_make(p, 0, 1, false, &body, &h);
    past_sign(p, &h, &header);
    other_header(p, false, &other);
    past_store(p, 0, 1, LOCKSTEP__DA_KIND__DA_HEADER, buf_view(&header));
    past_store(p, 0, 1, LOCKSTEP__DA_KIND__DA_HEADER, buf_view(&other));
    struct past_verdict v = past_judge(p);
    const struct mdl_block *b = &v.m->slots[0].cells[0].rounds[0].proposal;
    assert_true(b->has_header);
    assert_memory_equal(&b->header.body_hash, &h.body_hash, sizeof(h.body_hash));
    past_verdict_fini(&v);
    buf_fini(&header);
    buf_fini(&body);
    buf_fini(&other);
    past_destroy(&p);
}

static void test_of_two_bodies_the_one_that_the_header_names_counts(void **state)
{
    struct past *p = past_new(data_dir, PAIR(1, "arb", "alice") PAIR(1, "more", "carol"), "");
    struct buf early = {0};
    struct pro_header h;
    past_submit(p, "arb");
    past_promise(p, "arb", 1);
    past_make(p, 0, 1, false, &early, &h); /* before the second promise: one entry less */
    past_submit(p, "more");
    past_promise(p, "more", 1);
    past_seal(p, 1);
    past_store(p, 0, 1, LOCKSTEP__DA_KIND__DA_BLOCK, buf_view(&early));
    past_propose(p, 1);
    past_store(p, 0, 1, LOCKSTEP__DA_KIND__DA_BLOCK, buf_view(&early));
    past_finalize(p, 1);
    past_settle(p, 1);
    struct past_verdict v = past_judge(p);
    assert_int_equal(v.m->slots[0].cells[0].rounds[0].proposal.block.count, 2);
    past_verdict_fini(&v);
    buf_fini(&early);
    past_destroy(&p);
}

static void test_another_proposal_on_l1_than_at_the_da_node_breaks_order(void **state)
{
    struct past *p = one_pair();
    struct buf other = {0};
    other_header(p, false, &other);
    past_propose(p, 1);
    past_l1(p, LOCKSTEP__L1_KIND__L1_BLOCK, 0, 1, buf_view(&other));
    past_finalize(p, 1);
    past_settle(p, 1);
    assert_only(p, SCN_CHECK_ORDER,
                "the proposal block that L1 registered for slot 1 of A is another one");
    buf_fini(&other);
    past_destroy(&p);
}

static void test_headers_of_strangers_count_nowhere(void **state)
{
    struct past *p = one_pair();
    struct buf body = {0};
    struct buf header = {0};
    struct pro_header h;
    past_make(p, 0, 1, false, &body, &h);
    past_sign(p, &h, &header);
    header.data[header.len - 2] ^= 1; /* of the signature */
    past_store(p, 0, 1, LOCKSTEP__DA_KIND__DA_HEADER, buf_view(&header));
    past_l1(p, LOCKSTEP__L1_KIND__L1_BLOCK, 0, 1, buf_view(&header));
    struct past_verdict v = past_judge(p);
    assert_false(v.m->slots[0].cells[0].rounds[0].proposal.has_header);
    past_verdict_fini(&v);
    buf_fini(&header);
    buf_fini(&body);
    past_destroy(&p);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundles_of_void_slots_are_voided),
        cmocka_unit_test(test_void_slots_leave_no_trace_in_any_state),
        cmocka_unit_test(test_checks_look_at_slots_that_count_and_say_so),
        cmocka_unit_test(test_whatever_a_void_slot_holds_breaks_no_check),
        cmocka_unit_test(test_what_l1_finalized_cannot_be_void),
        cmocka_unit_test(test_a_promise_without_a_block_is_still_broken_outside_void_slots),
        cmocka_unit_test(test_of_two_headers_the_one_that_l1_registered_counts),
        cmocka_unit_test(test_without_l1_the_first_of_two_headers_counts),
        cmocka_unit_test(test_of_two_bodies_the_one_that_the_header_names_counts),
        cmocka_unit_test(test_another_proposal_on_l1_than_at_the_da_node_breaks_order),
        cmocka_unit_test(test_headers_of_strangers_count_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
