/* Generated scenarios: that they load, hold what was asked for, and are the same every time. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "lockstep/generate/gen_plan.h"
#include "lockstep/scenario/scn_yaml.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct gen_args usual = {
    .rollups = 4,
    .bundles = 200,
    .legs_min = 1,
    .legs_max = 4,
    .accounts = 30,
    .pools = 3,
    .slots = 3,
    .conflict_centi = 120,
    .failure_percent = 30,
    .seed = 5,
    .policy = "one_shot",
    .n_mix = 4,
    .mix = {GEN_TRANSFERS, GEN_SWAPS, GEN_BRIDGES, GEN_LOANS},
};

static struct scn *load(const struct gen_args *args)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf errors = {0};
    struct scn *scn = NULL;
    assert_int_equal(gen_scenario(args, &text, &why), 0);
    assert_int_equal(why.len, 0);
    assert_true(text.len <= SCN_YAML_BYTES);
    int rc = scn_load_bytes("generated", buf_view(&text), &scn, &errors);
    assert_string_equal(buf_cstr(&errors), "");
    assert_int_equal(rc, 0);
    return scn;
}

static void refused(const struct gen_args *args, const char *sentence)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    assert_int_equal(gen_scenario(args, &text, &why), ERR_INVALID);
    assert_int_equal(text.len, 0);
    assert_string_equal(buf_cstr(&why), sentence);
}

static void scenarios_of_all_kinds_load(void **state)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct gen_args a = usual;
        a.seed = seed;
        a.rollups = 2 + (uint32_t)(seed * 3 % 40);
        a.bundles = 1 + (uint32_t)(seed * 7 % 60);
        a.legs_min = 2;
        a.legs_max = 2 + (uint32_t)(seed % 5);
        a.accounts = 2 + (uint32_t)(seed * 11 % 50);
        a.slots = 1 + (uint32_t)(seed % 4);
        a.conflict_centi = (uint32_t)(seed * 10);
        a.failure_percent = (uint32_t)(seed * 5 % 101);
        if (seed % 5 != 0) { /* one kind alone */
            a.n_mix = 1;
            a.mix[0] = (enum gen_kind)(seed % 5 - 1);
        }
        CLEANUP(scn_destroy) struct scn *s = load(&a);
        assert_int_equal(s->rollups.n, a.rollups);
        assert_int_equal(s->n_bundles, a.bundles);
        assert_int_equal(s->slots, a.slots);
        assert_true(s->seed == seed);
        assert_int_equal(s->timelock.solver, SCN_SOLVER_TRAPDOOR);
        for (size_t i = 0; i < s->timeline.n; i++) {
            assert_in_range(s->timeline.items[i].submit.legs.n, a.legs_min, a.legs_max);
        }
    }
}

static void one_rollup_without_pools_is_enough(void **state)
{
    struct gen_args a = usual;
    a.rollups = 1;
    a.pools = 0;
    a.accounts = 2;
    a.n_mix = 2;
    a.mix[1] = GEN_LOANS;
    CLEANUP(scn_destroy) struct scn *s = load(&a);
    assert_int_equal(s->rollups.items[0].pools.n, 0);
}

static void equal_arguments_give_equal_bytes_and_another_seed_others(void **state)
{
    CLEANUP(buf_fini) struct buf first = {0};
    CLEANUP(buf_fini) struct buf second = {0};
    CLEANUP(buf_fini) struct buf other = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct gen_args a = usual;
    assert_int_equal(gen_scenario(&a, &first, &why), 0);
    assert_int_equal(gen_scenario(&a, &second, &why), 0);
    a.seed++;
    assert_int_equal(gen_scenario(&a, &other, &why), 0);
    assert_true(bytes_equal(buf_view(&first), buf_view(&second)));
    assert_false(bytes_equal(buf_view(&first), buf_view(&other)));
}

/* Whatever the compiler, the C library and the processor: a change here is one of the generator. */
static void the_bytes_are_those_of_every_machine(void **state)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct hash32 digest;
    char hex[65];
    assert_int_equal(gen_scenario(&usual, &text, &why), 0);
    hash_sha256(buf_view(&text), &digest);
    hex_encode(BYTES_OF(digest), hex);
    assert_string_equal(hex, "8902b935dc13875519a13acf36a1c3545e3b044cd43c1bd6bd3d10f1ddfda65c");
}

/* From one --failure to another the bundles stay, but for what makes them fail. */
static void failures_do_not_shift_the_other_draws(void **state)
{
    CLEANUP(gen_plan_fini) struct gen_plan with = {0};
    CLEANUP(gen_plan_fini) struct gen_plan without = {0};
    struct gen_args sound = usual;
    sound.failure_percent = 0;
    assert_int_equal(gen_plan_init(&with, &usual), 0);
    assert_int_equal(gen_plan_init(&without, &sound), 0);
    assert_int_equal(gen_draw(&with, SIZE_MAX), 0);
    assert_int_equal(gen_draw(&without, SIZE_MAX), 0);
    assert_int_equal(with.n_legs, without.n_legs);
    assert_true(with.n_ops > without.n_ops);
    for (size_t i = 0; i < with.n_legs; i++) {
        assert_int_equal(with.legs[i].rollup, without.legs[i].rollup);
    }
    for (size_t i = 0; i < with.n_bundles; i++) {
        assert_int_equal(with.bundles[i].sender, without.bundles[i].sender);
        assert_int_equal(without.bundles[i].intent, GEN_SOUND);
    }
}

static const struct scn_expect *fate_of(const struct scn *s, uint32_t bundle)
{
    for (size_t i = 0; i < s->expect.n; i++) {
        const struct scn_expect *e = &s->expect.items[i];
        if (e->kind == SCN_EXPECT_BUNDLE && e->bundle.index == bundle) {
            return e;
        }
    }
    return NULL;
}

static void every_bundle_has_its_fate_stated(void **state)
{
    CLEANUP(scn_destroy) struct scn *s = load(&usual);
    size_t n[SCN_PENDING + 1] = {0};
    for (uint32_t i = 0; i < s->n_bundles; i++) {
        assert_non_null(fate_of(s, i));
        n[fate_of(s, i)->is]++;
    }
    assert_in_range(n[SCN_EXCLUDED], 30, 70); /* about 30% of 200, less some conditional ones */
    assert_in_range(n[SCN_EXECUTED], 120, 170);
}

static void without_failures_everything_executes_and_every_check_holds(void **state)
{
    struct gen_args a = usual;
    a.failure_percent = 0;
    CLEANUP(scn_destroy) struct scn *s = load(&a);
    size_t checks = 0;
    size_t rounds = 0;
    for (size_t i = 0; i < s->expect.n; i++) {
        const struct scn_expect *e = &s->expect.items[i];
        assert_true(e->kind != SCN_EXPECT_VIOLATED);
        assert_true(e->kind != SCN_EXPECT_BUNDLE || e->is == SCN_EXECUTED);
        checks += e->kind == SCN_EXPECT_ALWAYS ? 1 : 0;
        rounds += e->kind == SCN_EXPECT_ROUNDS ? 1 : 0;
    }
    assert_int_equal(checks, SCN_CHECKS);
    assert_int_equal(rounds, 1);
    assert_int_equal(s->expect.n, 200 + SCN_CHECKS + 1);
}

static void large_files_state_only_what_does_not_execute(void **state)
{
    struct gen_args a = usual;
    a.bundles = 1500;
    CLEANUP(scn_destroy) struct scn *s = load(&a);
    size_t fates = 0;
    for (size_t i = 0; i < s->expect.n; i++) {
        const struct scn_expect *e = &s->expect.items[i];
        fates += e->kind == SCN_EXPECT_BUNDLE ? 1 : 0;
        assert_true(e->kind != SCN_EXPECT_BUNDLE || e->is != SCN_EXECUTED);
    }
    assert_in_range(fates, 300, 500);
}

static void the_share_of_failures_is_about_what_was_asked_for(void **state)
{
    static const uint32_t shares[] = {0, 10, 50, 100};
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
        struct gen_args a = usual;
        size_t n[3] = {0};
        a.bundles = 4000;
        a.failure_percent = shares[i];
        assert_int_equal(gen_plan_init(&plan, &a), 0);
        assert_int_equal(gen_draw(&plan, SIZE_MAX), 0);
        for (size_t k = 0; k < plan.n_bundles; k++) {
            n[plan.bundles[k].intent]++;
        }
        size_t failing = n[GEN_BROKEN] + n[GEN_CONDITIONAL];
        size_t wanted = (size_t)shares[i] * 40;
        size_t slack = shares[i] == 0 || shares[i] == 100 ? 0 : 120; /* over 3 deviations */
        assert_in_range(failing, wanted - slack, wanted + slack);
        assert_in_range(n[GEN_CONDITIONAL], failing / 5, failing / 3);
    }
}

static void a_conflict_makes_the_first_accounts_busy(void **state)
{
    size_t busy[2] = {0};
    for (int hot = 0; hot < 2; hot++) {
        CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
        struct gen_args a = usual;
        a.bundles = 3000;
        a.conflict_centi = hot == 1 ? 120 : 0;
        assert_int_equal(gen_plan_init(&plan, &a), 0);
        assert_int_equal(gen_draw(&plan, SIZE_MAX), 0);
        for (size_t k = 0; k < plan.n_bundles; k++) {
            busy[hot] += plan.bundles[k].sender == 0 ? 1 : 0;
        }
    }
    assert_in_range(busy[0], 60, 140);   /* 1 in 30 */
    assert_in_range(busy[1], 850, 1150); /* 1 / (1 + 2^-1.2 + ... + 30^-1.2), about a third */
}

static void legs_mostly_stand_on_distinct_rollups(void **state)
{
    CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
    struct gen_args a = usual;
    size_t repeated = 0;
    a.rollups = 8;
    a.legs_min = 3;
    a.legs_max = 3;
    a.n_mix = 1;
    a.mix[0] = GEN_TRANSFERS;
    a.bundles = 1000;
    assert_int_equal(gen_plan_init(&plan, &a), 0);
    assert_int_equal(gen_draw(&plan, SIZE_MAX), 0);
    for (size_t k = 0; k < plan.n_bundles; k++) {
        const struct gen_leg *l = &plan.legs[plan.bundles[k].first_leg];
        repeated +=
            l[0].rollup == l[1].rollup || l[0].rollup == l[2].rollup || l[1].rollup == l[2].rollup
                ? 1
                : 0;
    }
    assert_in_range(repeated, 10, 100);
}

static void what_fits_no_block_is_refused(void **state)
{
    struct gen_args a = usual;
    a.rollups = 1;
    a.bundles = 5000;
    a.legs_max = 1;
    a.slots = 1;
    a.n_mix = 1;
    refused(&a, "rollup A would get 5000 transactions in slot 1, and a block has room for 4096: "
                "take more --slots or --rollups, or fewer --bundles");
    a.slots = 2;
    CLEANUP(scn_destroy) struct scn *s = load(&a);
    assert_int_equal(s->n_bundles, 5000);
}

static void what_fits_no_file_is_refused_with_what_would_fit(void **state)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct gen_args a = usual;
    a.rollups = 128;
    a.bundles = 10000;
    a.legs_min = 100;
    a.legs_max = 100;
    a.slots = 1000;
    assert_int_equal(gen_scenario(&a, &text, &why), ERR_INVALID);
    assert_int_equal(text.len, 0);
    const char *about = strstr(buf_cstr(&why), "take about --bundles ");
    assert_non_null(about);
    a.bundles = (uint32_t)strtoul(about + strlen("take about --bundles "), NULL, 10);
    assert_in_range(a.bundles, 1, 9999);
    CLEANUP(scn_destroy) struct scn *s = load(&a);
    assert_int_equal(s->n_bundles, a.bundles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenarios_of_all_kinds_load),
        cmocka_unit_test(one_rollup_without_pools_is_enough),
        cmocka_unit_test(equal_arguments_give_equal_bytes_and_another_seed_others),
        cmocka_unit_test(the_bytes_are_those_of_every_machine),
        cmocka_unit_test(failures_do_not_shift_the_other_draws),
        cmocka_unit_test(every_bundle_has_its_fate_stated),
        cmocka_unit_test(without_failures_everything_executes_and_every_check_holds),
        cmocka_unit_test(large_files_state_only_what_does_not_execute),
        cmocka_unit_test(the_share_of_failures_is_about_what_was_asked_for),
        cmocka_unit_test(a_conflict_makes_the_first_accounts_busy),
        cmocka_unit_test(legs_mostly_stand_on_distinct_rollups),
        cmocka_unit_test(what_fits_no_block_is_refused),
        cmocka_unit_test(what_fits_no_file_is_refused_with_what_would_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
