/* Thousands of small dense slots under every policy, against the serial oracle and against what
 * each policy promises. usage: test_policies [CASES [FIRST_SEED]] */
#include "lockstep/lab/lab.h"
#include "tests/property/gen_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t n_cases = 20000;
static uint64_t first_seed = 1;

struct expected {
    struct orc_verdict verdicts[GEN_BUNDLES_MAX];
    struct hash32 roots[GEN_CHAINS_MAX];
    u128 totals[GEN_ASSETS]; /* before */
};

/* One policy on one case. The states are back at the start afterwards. */
struct trial {
    uint64_t seed;
    struct gen_case *c;
    const struct expected *want;
    struct lab_input in;
    struct lab_result r;
    struct hash32 roots[GEN_CHAINS_MAX];
    bool conserved;
};

static void ask_oracle(struct gen_case *c, struct expected *out)
{
    gen_case_totals(c, out->totals);
    assert_int_equal(orc_execute(c->states, c->bundles, c->n_bundles, true, out->verdicts), 0);
    gen_case_roots(c, out->roots);
    gen_case_rewind(c);
}

static void trial_init(struct trial *t, const char *policy, struct pol_rules rules)
{
    u128 totals[GEN_ASSETS];
    t->in = (struct lab_input){t->c->states,    t->c->n_chains,   t->c->bundles,
                               t->c->n_bundles, pol_find(policy), rules};
    assert_non_null(t->in.policy);
    assert_int_equal(lab_run(&t->in, &t->r), 0);
    gen_case_roots(t->c, t->roots);
    gen_case_totals(t->c, totals);
    t->conserved = memcmp(totals, t->want->totals, sizeof(totals)) == 0;
    gen_case_rewind(t->c);
}

#define HOLDS(t, what)                                                                             \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fail_msg("seed %llu, %s: %s", (unsigned long long)(t)->seed, (t)->in.policy->name,     \
                     #what);                                                                       \
        }                                                                                          \
    } while (0)

static bool is_included(const struct trial *t, uint32_t bundle)
{
    return t->r.outcomes[bundle].fate == POL_INCLUDED;
}

static uint32_t n_mixed(const struct trial *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        n += lab_is_mixed(&t->in, &t->r, i) ? 1 : 0;
    }
    return n;
}

/* Excluded bundles leave nothing behind; each was excluded for a leg that did fail, its own unless
 * the policy says otherwise. */
static void check_exclusions(const struct trial *t)
{
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        const struct pol_outcome *o = &t->r.outcomes[i];
        const struct orc_bundle *b = &t->in.bundles[i];
        HOLDS(t, o->fate != POL_UNDECIDED);
        if (o->fate != POL_EXCLUDED) {
            continue;
        }
        for (uint32_t k = 0; k < b->n_legs; k++) {
            HOLDS(t, !t->r.legs[t->r.first_leg[i] + k].executed);
        }
        if (o->cause.reason == POL_OVERFLOW) {
            HOLDS(t, t->r.overflowed);
            continue;
        }
        HOLDS(t, o->cause.reason == POL_REPLACED ? t->in.policy->foreign_causes
                                                 : o->cause.bundle == i);
        const struct orc_leg *leg = &t->in.bundles[o->cause.bundle].legs[o->cause.leg];
        uint32_t order = t->r.legs[t->r.first_leg[o->cause.bundle] + o->cause.leg].order;
        HOLDS(t, lab_failed_in(&t->r, leg->chain, order, o->cause.round));
    }
}

/* Nothing is executed in part, so no money comes or goes; what is in has succeeded. */
static void check_atomic(const struct trial *t)
{
    HOLDS(t, t->conserved);
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        for (uint32_t k = 0; k < t->in.bundles[i].n_legs; k++) {
            HOLDS(t, t->r.legs[t->r.first_leg[i] + k].executed == is_included(t, i));
        }
    }
}

static void check_equals_oracle(const struct trial *t)
{
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        HOLDS(t, is_included(t, i) == t->want->verdicts[i].included);
    }
    for (uint32_t i = 0; i < t->in.n_chains; i++) {
        HOLDS(t, hash32_equal(&t->roots[i], &t->want->roots[i]));
    }
    HOLDS(t, t->r.rounds <= t->in.n_bundles + 1);
    HOLDS(t, t->r.decisions <= t->in.n_bundles);
    HOLDS(t, !t->r.overflowed);
}

/* Is any bundle out that executing one by one would have kept? */
static bool is_collateral(const struct trial *t)
{
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        if (!is_included(t, i) && t->want->verdicts[i].included) {
            return true;
        }
    }
    return false;
}

struct tally {
    uint64_t cases;
    uint64_t with_mixed;
    uint64_t with_collateral;
    uint64_t not_conserved;
    uint64_t unlike_oracle;
    uint64_t overflowed;
    uint64_t rounds;
    uint64_t executed;
};

static const struct pol_rules by_rollup = {POL_BY_ROLLUP, 100};
static const struct pol_rules by_keys = {POL_BY_KEYS, 100};

static void count(struct tally *tally, const struct trial *t)
{
    tally->cases++;
    tally->with_mixed += n_mixed(t) > 0 ? 1 : 0;
    tally->with_collateral += is_collateral(t) ? 1 : 0;
    tally->not_conserved += t->conserved ? 0 : 1;
    tally->unlike_oracle +=
        memcmp(t->roots, t->want->roots, t->in.n_chains * sizeof(t->roots[0])) != 0 ? 1 : 0;
    tally->overflowed += t->r.overflowed ? 1 : 0;
    tally->rounds += t->r.rounds;
    tally->executed += t->r.executed;
}

static void print(const char *name, const struct tally *t)
{
    printf("%-14s %6.2f %10.2f %9.2f %9.2f %7.2f %9.1f\n", name,
           100.0 * (double)t->with_mixed / (double)t->cases,
           100.0 * (double)t->with_collateral / (double)t->cases,
           100.0 * (double)t->not_conserved / (double)t->cases,
           100.0 * (double)t->unlike_oracle / (double)t->cases,
           (double)t->rounds / (double)t->cases, (double)t->executed / (double)t->cases);
}

typedef void check_function(const struct trial *t);

static void check_serial(const struct trial *t)
{
    check_exclusions(t);
    check_atomic(t);
    check_equals_oracle(t);
}

static void check_whole(const struct trial *t)
{
    check_exclusions(t);
    check_atomic(t);
}

/* The published design: what is in may be reverted, but what is out left nothing behind. */
static void check_one_shot(const struct trial *t)
{
    check_exclusions(t);
    HOLDS(t, t->r.rounds <= 2);
    HOLDS(t, t->conserved || n_mixed(t) > 0);
}

static void check_inclusive(const struct trial *t)
{
    HOLDS(t, t->r.rounds == 1);
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        HOLDS(t, is_included(t, i));
    }
}

/* What is out is out on all chains with a leg of it, wholly. */
static void check_block_replace(const struct trial *t)
{
    bool replaced[GEN_CHAINS_MAX] = {false};
    check_whole(t);
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        for (uint32_t k = 0; k < t->in.bundles[i].n_legs; k++) {
            replaced[t->in.bundles[i].legs[k].chain] |= !is_included(t, i);
        }
    }
    for (uint32_t i = 0; i < t->in.n_bundles; i++) {
        for (uint32_t k = 0; k < t->in.bundles[i].n_legs; k++) {
            HOLDS(t, replaced[t->in.bundles[i].legs[k].chain] == !is_included(t, i));
        }
    }
}

static const struct {
    const char *title;
    const char *policy;
    const struct pol_rules *rules;
    check_function *check;
} kinds[] = {
    {"one_shot", "one_shot", &by_rollup, check_one_shot},
    {"fixpoint", "fixpoint", &by_rollup, check_whole},
    {"serial", "serial", &by_rollup, check_serial},
    {"serial, keys", "serial", &by_keys, check_serial},
    {"inclusive", "inclusive", &by_rollup, check_inclusive},
    {"block_replace", "block_replace", &by_rollup, check_block_replace},
    {"two_phase", "two_phase", &by_rollup, check_serial},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void test_every_policy_keeps_its_promises(void **state)
{
    struct tally tallies[N_KINDS] = {0};
    (void)state;
    for (uint64_t i = 0; i < n_cases; i++) {
        struct gen_case c;
        struct expected want;
        gen_case_init(&c, first_seed + i);
        ask_oracle(&c, &want);
        for (size_t k = 0; k < N_KINDS; k++) {
            struct trial t = {.seed = first_seed + i, .c = &c, .want = &want};
            trial_init(&t, kinds[k].policy, *kinds[k].rules);
            kinds[k].check(&t);
            count(&tallies[k], &t);
            lab_result_fini(&t.r);
        }
        gen_case_fini(&c);
    }
    printf("%llu slots; of 100, those with\n%-14s %6s %10s %9s %9s %7s %9s\n",
           (unsigned long long)n_cases, "", "mixed", "collateral", "money", "unlike", "rounds",
           "executed");
    printf("%-14s %6s %10s %9s %9s\n", "policy", "bundle", "exclusion", "made/lost", "oracle");
    for (size_t k = 0; k < N_KINDS; k++) {
        print(kinds[k].title, &tallies[k]);
    }
    /* Otherwise the cases show nothing. */
    assert_true(tallies[0].with_mixed > 0 && tallies[0].not_conserved > 0);
    assert_true(tallies[1].with_collateral > 0);
    assert_true(tallies[3].rounds < tallies[2].rounds);
}

/* Whatever the limit, what comes out is whole, conserves money, and nothing undecided stays in. */
static void test_an_overflow_of_rounds_is_safe(void **state)
{
    uint64_t overflows = 0;
    (void)state;
    for (uint64_t i = 0; i < n_cases / 4; i++) {
        struct gen_case c;
        struct expected want;
        gen_case_init(&c, first_seed + i);
        ask_oracle(&c, &want);
        static const char *const names[] = {"serial", "fixpoint", "two_phase"};
        for (size_t k = 0; k < 3; k++) {
            struct trial t = {.seed = first_seed + i, .c = &c, .want = &want};
            uint32_t limit = 1 + (uint32_t)(i % 3);
            trial_init(&t, names[k], (struct pol_rules){POL_BY_KEYS, limit});
            check_whole(&t);
            HOLDS(&t, t.r.rounds <= limit + 1);
            for (uint32_t b = 0; b < c.n_bundles && k != 1; b++) {
                HOLDS(&t, !is_included(&t, b) || want.verdicts[b].included);
            }
            overflows += t.r.overflowed ? 1 : 0;
            lab_result_fini(&t.r);
        }
        gen_case_fini(&c);
    }
    assert_true(overflows > 0);
}

int main(int argc, char **argv)
{
    n_cases = argc > 1 ? strtoull(argv[1], NULL, 10) : n_cases;
    first_seed = argc > 2 ? strtoull(argv[2], NULL, 10) : first_seed;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_policy_keeps_its_promises),
        cmocka_unit_test(test_an_overflow_of_rounds_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
