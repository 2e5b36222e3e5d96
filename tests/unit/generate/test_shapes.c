/* Bundles in a given shape: what becomes of them, in how many rounds, and that the file says so. */
#include "common/base/cleanup.h"
#include "lockstep/generate/gen_plan.h"
#include "lockstep/scenario/scn_yaml.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct gen_args arguments(enum gen_shape shape, uint32_t rollups, uint32_t bundles)
{
    CLEANUP(buf_fini) struct buf why = {0};
    struct gen_args a = {
        .shape = shape, .rollups = rollups, .bundles = bundles, .seed = 7, .policy = "serial"};
    assert_int_equal(gen_shape_settle(&a, true, true, &why), 0);
    return a;
}

/* In: what stays where it is while the plan is used. */
static void run(const struct gen_args *a, enum pol_granularity granularity, struct gen_plan *plan)
{
    assert_int_equal(gen_plan_init(plan, a), 0);
    assert_int_equal(gen_shape(plan, SIZE_MAX), 0);
    assert_int_equal(plan->n_bundles, a->bundles);
    assert_int_equal(gen_lab(plan, granularity), 0);
}

static void assert_blamed(const struct gen_bundle *b, uint32_t rollup, uint32_t order)
{
    assert_int_equal(b->outcome, SCN_EXCLUDED);
    assert_true(b->is_blamed);
    assert_int_equal(b->blamed_rollup, rollup);
    assert_int_equal(b->blamed_order, order);
}

static void a_chain_takes_a_round_for_each_bundle_and_one_more(void **state)
{
    static const uint32_t sizes[] = {2, 5, 20};
    static const enum pol_granularity granularities[] = {POL_BY_KEYS, POL_BY_ROLLUP};
    for (size_t i = 0; i < 3; i++) {
        for (size_t g = 0; g < 2; g++) {
            CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
            struct gen_args a = arguments(GEN_CHAIN, 2, sizes[i]);
            run(&a, granularities[g], &plan);
            assert_int_equal(plan.rounds, sizes[i] + 1);
            assert_true(plan.is_serial);
            for (uint32_t k = 0; k < sizes[i]; k++) {
                assert_blamed(&plan.bundles[k], k % 2, k);
            }
        }
    }
}

/* The second round takes all of them out, the third takes their other legs back. */
static void a_line_falls_in_three_rounds_however_long_it_is(void **state)
{
    static const uint32_t sizes[] = {2, 12, 300};
    for (size_t i = 0; i < 3; i++) {
        for (uint32_t rollups = 2; rollups < 5; rollups++) {
            CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
            struct gen_args a = arguments(GEN_LINE, rollups, sizes[i]);
            run(&a, POL_BY_KEYS, &plan);
            assert_int_equal(plan.rounds, 3);
            assert_blamed(&plan.bundles[0], 1, 0);
            for (uint32_t k = 1; k < sizes[i]; k++) {
                assert_blamed(&plan.bundles[k], 0, k);
            }
        }
    }
}

static void one_of_each_crossing_pair_fails_and_one_round_more_is_enough(void **state)
{
    size_t first_failed = 0;
    CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
    struct gen_args a = arguments(GEN_CROSSING, 2, 100);
    run(&a, POL_BY_KEYS, &plan);
    assert_int_equal(plan.rounds, 2);
    for (uint32_t k = 0; k < a.bundles; k += 2) {
        bool first = plan.bundles[k].outcome == SCN_EXCLUDED;
        const struct gen_leg *one = &plan.legs[plan.bundles[k].first_leg];
        const struct gen_leg *other = &plan.legs[plan.bundles[k + 1].first_leg];
        assert_int_equal(plan.bundles[k + 1].outcome, first ? SCN_EXECUTED : SCN_EXCLUDED);
        assert_int_equal(plan.bundles[k].outcome, first ? SCN_EXCLUDED : SCN_EXECUTED);
        assert_int_equal(one[0].rollup, other[1].rollup);
        assert_int_equal(one[1].rollup, other[0].rollup);
        assert_int_not_equal(one[0].rollup, one[1].rollup);
        first_failed += first ? 1 : 0;
    }
    assert_in_range(first_failed, 10, 40);
}

static void a_cycle_stands_up_to_the_bundle_that_closes_it(void **state)
{
    for (uint32_t rollups = 3; rollups < 9; rollups++) {
        for (uint32_t bundles = rollups; bundles < 20; bundles++) {
            CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
            struct gen_args a = arguments(GEN_CYCLE, rollups, bundles);
            run(&a, POL_BY_KEYS, &plan);
            assert_int_equal(plan.rounds, bundles - rollups + 2);
            for (uint32_t k = 0; k < bundles; k++) {
                enum scn_outcome outcome = k + 1 < rollups ? SCN_EXECUTED : SCN_EXCLUDED;
                assert_int_equal(plan.bundles[k].outcome, outcome);
                assert_int_equal(plan.bundles[k].is_blamed, outcome == SCN_EXCLUDED);
                assert_true(k + 1 < rollups || plan.bundles[k].blamed_rollup == k % rollups);
            }
        }
    }
}

/* Executing again, one_shot finds that nobody has anything to pay with, and leaves it at that. */
static void under_one_shot_a_line_is_left_half_executed(void **state)
{
    CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
    struct gen_args a = arguments(GEN_LINE, 2, 10);
    a.policy = "one_shot";
    run(&a, POL_BY_KEYS, &plan);
    assert_int_equal(plan.rounds, 2);
    assert_int_equal(plan.outcomes[SCN_EXCLUDED], 1);
    assert_int_equal(plan.outcomes[SCN_MIXED], 9);
    assert_false(plan.is_serial);
}

/* ---- Files ---- */

static struct scn *load(const struct gen_args *args)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf errors = {0};
    struct scn *scn = NULL;
    assert_int_equal(gen_scenario(args, &text, &why), 0);
    int rc = scn_load_bytes("generated", buf_view(&text), &scn, &errors);
    assert_string_equal(buf_cstr(&errors), "");
    assert_int_equal(rc, 0);
    return scn;
}

static void files_of_every_shape_and_policy_load_and_state_every_fate(void **state)
{
    for (int s = GEN_CHAIN; s < (int)GEN_SHAPES; s++) {
        for (size_t p = 0; pol_at(p) != NULL; p++) {
            struct gen_args a = arguments((enum gen_shape)s, s == GEN_CYCLE ? 3 : 2, 8);
            a.policy = pol_at(p)->name;
            CLEANUP(scn_destroy) struct scn *scn = load(&a);
            size_t kinds[SCN_EXPECT_FINGERPRINT + 1] = {0};
            for (size_t i = 0; i < scn->expect.n; i++) {
                kinds[scn->expect.items[i].kind]++;
            }
            assert_int_equal(scn->n_bundles, 8);
            assert_int_equal(kinds[SCN_EXPECT_BUNDLE], 8);
            assert_int_equal(kinds[SCN_EXPECT_ROUNDS], 1);
            assert_int_equal(kinds[SCN_EXPECT_ALWAYS] + kinds[SCN_EXPECT_VIOLATED], SCN_CHECKS);
            assert_true(!pol_at(p)->is_serial || kinds[SCN_EXPECT_VIOLATED] == 0);
            assert_int_equal(scn->max_rounds, 9);
        }
    }
}

static uint32_t rounds_of(const struct scn *s)
{
    for (size_t i = 0; i < s->expect.n; i++) {
        if (s->expect.items[i].kind == SCN_EXPECT_ROUNDS) {
            return s->expect.items[i].rounds;
        }
    }
    return 0;
}

static void a_long_chain_is_given_rounds_and_time(void **state)
{
    struct gen_args a = arguments(GEN_CHAIN, 2, 12);
    CLEANUP(scn_destroy) struct scn *small = load(&a);
    assert_int_equal(rounds_of(small), 13);
    assert_int_equal(small->l1.final_deadline, 100);
    a = arguments(GEN_CHAIN, 2, 1200);
    CLEANUP(scn_destroy) struct scn *large = load(&a);
    assert_int_equal(rounds_of(large), 1201);
    assert_int_equal(large->max_rounds, 1201);
    /* A round takes 0.25 s with 500 transactions to a block, and more with more. */
    assert_in_range(large->l1.final_deadline, 400, 2000);
}

static void equal_arguments_give_equal_bytes_and_another_seed_other_amounts(void **state)
{
    for (int s = GEN_CHAIN; s < (int)GEN_SHAPES; s++) {
        CLEANUP(buf_fini) struct buf first = {0};
        CLEANUP(buf_fini) struct buf second = {0};
        CLEANUP(buf_fini) struct buf other = {0};
        CLEANUP(buf_fini) struct buf why = {0};
        struct gen_args a = arguments((enum gen_shape)s, s == GEN_CYCLE ? 5 : 2, 30);
        assert_int_equal(gen_scenario(&a, &first, &why), 0);
        assert_int_equal(gen_scenario(&a, &second, &why), 0);
        a.seed++;
        assert_int_equal(gen_scenario(&a, &other, &why), 0);
        assert_true(bytes_equal(buf_view(&first), buf_view(&second)));
        assert_false(bytes_equal(buf_view(&first), buf_view(&other)));
    }
}

static void what_fits_no_block_is_refused_with_what_the_shape_has(void **state)
{
    static const struct {
        enum gen_shape shape;
        const char *sentence;
    } cases[] = {
        {GEN_CHAIN, "rollup B would get 5000 transactions in slot 1, and a block has room for "
                    "4096: take fewer --bundles"},
        {GEN_CROSSING, "rollup A would get 5000 transactions in slot 1, and a block has room for "
                       "4096: take more --rollups, or fewer --bundles"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        CLEANUP(buf_fini) struct buf why = {0};
        struct gen_args a = arguments(cases[i].shape, 2, 5000);
        assert_int_equal(gen_scenario(&a, &text, &why), ERR_INVALID);
        assert_int_equal(text.len, 0);
        assert_string_equal(buf_cstr(&why), cases[i].sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_takes_a_round_for_each_bundle_and_one_more),
        cmocka_unit_test(a_line_falls_in_three_rounds_however_long_it_is),
        cmocka_unit_test(one_of_each_crossing_pair_fails_and_one_round_more_is_enough),
        cmocka_unit_test(a_cycle_stands_up_to_the_bundle_that_closes_it),
        cmocka_unit_test(under_one_shot_a_line_is_left_half_executed),
        cmocka_unit_test(files_of_every_shape_and_policy_load_and_state_every_fate),
        cmocka_unit_test(a_long_chain_is_given_rounds_and_time),
        cmocka_unit_test(equal_arguments_give_equal_bytes_and_another_seed_other_amounts),
        cmocka_unit_test(what_fits_no_block_is_refused_with_what_the_shape_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
