/* Policies on slots made by hand. A slot is a list of bundles in words, like "A0 B3": a leg on
 * chain A that can touch key 0, then one on B that can touch key 3. Results are strings by chain:
 * '+' succeeded, '-' failed, '.' is not there any more. */
#include "common/policy/pol.h"
#include "common/policy/pol_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CHAINS 3
#define BUNDLES 40
#define LEGS 4
#define KEYS 64

struct table {
    struct pol_slot slot;
    struct pol_bundle bundles[BUNDLES];
    struct pol_leg legs[BUNDLES][LEGS];
    uint32_t keys[BUNDLES][LEGS];
    uint32_t counts[CHAINS];
    struct pol_state state;
    struct pol_rules rules;
    const struct pol_policy *policy;
    uint32_t executed[CHAINS];
};

static void add_bundle(struct table *t, const char *words)
{
    uint32_t b = t->slot.n_bundles++;
    assert_true(b < BUNDLES);
    t->bundles[b].legs = t->legs[b];
    for (const char *p = words; *p != 0; p += p[2] == ' ' ? 3 : 2) {
        uint32_t leg = t->bundles[b].n_legs++;
        uint32_t chain = (uint32_t)(p[0] - 'A');
        assert_true(leg < LEGS && chain < CHAINS);
        t->keys[b][leg] = chain * 10 + (uint32_t)(p[1] - '0');
        t->legs[b][leg] = (struct pol_leg){chain, t->counts[chain]++, &t->keys[b][leg], 1};
    }
}

/* In: the bundles, NULL-terminated. */
static struct table *table_new(const char *policy, struct pol_rules rules,
                               const char *const *bundles)
{
    struct table *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->slot = (struct pol_slot){CHAINS, 0, t->bundles, KEYS};
    t->rules = rules;
    t->policy = pol_find(policy);
    assert_non_null(t->policy);
    for (size_t i = 0; bundles[i] != NULL; i++) {
        add_bundle(t, bundles[i]);
    }
    assert_int_equal(pol_state_init(&t->state, &t->slot), 0);
    return t;
}

static void table_destroy(struct table *t)
{
    pol_state_fini(&t->state);
    free(t);
}

/* One decision on the results of every chain. */
static void decide(struct table *t, const char *const results[CHAINS])
{
    uint8_t bits[CHAINS][8] = {{0}};
    struct bytes status[CHAINS];
    for (size_t c = 0; c < CHAINS; c++) {
        assert_int_equal(strlen(results[c]), t->counts[c]);
        for (size_t i = 0; results[c][i] != 0; i++) {
            bits[c][i / 8] = (uint8_t)(bits[c][i / 8] | (results[c][i] == '+' ? 1u : 0u) << i % 8);
        }
        status[c] = bytes_of(bits[c], (t->counts[c] + 7) / 8);
    }
    pol_decide(t->policy, &t->slot, &t->rules, &(struct pol_round){status, t->executed}, &t->state);
    for (size_t c = 0; c < CHAINS; c++) { /* whoever has to, executes in the next round */
        t->executed[c] = t->state.changed[c] != POL_NONE ? t->state.decisions : t->executed[c];
    }
}

#define RESULTS(a, b, c) ((const char *const[CHAINS]){a, b, c})

/* In: by bundle '?' undecided, 'i' included, 'x' excluded. */
static void assert_fates(const struct table *t, const char *fates)
{
    assert_int_equal(strlen(fates), t->slot.n_bundles);
    for (uint32_t i = 0; i < t->slot.n_bundles; i++) {
        assert_int_equal("?ix"[t->state.outcomes[i].fate], fates[i]);
    }
}

static void assert_changed(const struct table *t, uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t wanted[CHAINS] = {a, b, c};
    assert_memory_equal(t->state.changed, wanted, sizeof(wanted));
}

static const struct pol_rules by_keys = {POL_BY_KEYS, 100};
static const struct pol_rules by_rollup = {POL_BY_ROLLUP, 100};

#define SLOT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_an_empty_slot_is_done_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; pol_at(i) != NULL; i++) {
        struct table *t = table_new(pol_at(i)->name, by_keys, (const char *const[]){NULL});
        decide(t, RESULTS("", "", ""));
        assert_true(t->state.done);
        assert_int_equal(t->state.decisions, 0);
        table_destroy(t);
    }
}

/* [tx_A, tx_B], [tx_B', tx_A'], where tx_A and tx_B' fail. */
static void test_crossing_bundles_take_one_round_more(void **state)
{
    static const char *const names[] = {"one_shot", "fixpoint", "serial"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct table *t = table_new(names[i], by_keys, SLOT("A0 B0", "B1 A1"));
        decide(t, RESULTS("-+", "+-", ""));
        assert_fates(t, "xx");
        assert_changed(t, 1, 0, POL_NONE);
        assert_false(t->state.done);
        decide(t, RESULTS("..", "..", ""));
        assert_true(t->state.done);
        assert_false(pol_must_execute(&t->state));
        table_destroy(t);
    }
}

/* The victim's leg on B fails because of the attacker's, which goes for failing on A. */
static void test_a_phantom_hurts_its_victim_unless_the_policy_is_serial(void **state)
{
    static const struct {
        const char *policy;
        const char *first;
        const char *second;
    } rows[] = {{"one_shot", "xx", "xx"},
                {"fixpoint", "xx", "xx"},
                {"serial", "x?", "xi"},
                {"two_phase", "x?", "xi"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct table *t = table_new(rows[i].policy, by_keys, SLOT("A0 B0", "B0 A1"));
        decide(t, RESULTS("-+", "+-", ""));
        assert_fates(t, rows[i].first);
        decide(t, RESULTS(".+", ".+", ""));
        assert_fates(t, rows[i].second);
        assert_true(t->state.done);
        table_destroy(t);
    }
}

static void test_keys_see_less_in_each_other_s_way_than_rollups(void **state)
{
    (void)state;
    struct table *keys = table_new("serial", by_keys, SLOT("A0 B0", "B1", "B0"));
    struct table *rollups = table_new("serial", by_rollup, SLOT("A0 B0", "B1", "B0"));
    decide(keys, RESULTS("-", "+++", ""));
    decide(rollups, RESULTS("-", "+++", ""));
    assert_fates(keys, "xi?");
    assert_fates(rollups, "x??");
    table_destroy(keys);
    table_destroy(rollups);
}

/* Every exclusion brings the next one about, on the other chain: n bundles, n rounds. */
static void test_a_chain_over_two_rollups_takes_a_round_for_each_bundle(void **state)
{
    enum { N = 20 };
    const char *words[N + 1] = {"A0 B0"};
    (void)state;
    for (size_t i = 1; i < N; i++) {
        words[i] = i % 2 == 1 ? "B0 A1" : "A1 B0";
    }
    words[N] = NULL;
    struct table *t = table_new("serial", by_rollup, words);
    char a[N + 1], b[N + 1], fates[N + 1];
    for (size_t round = 0; round < N; round++) {
        for (size_t i = 0; i < N; i++) {
            /* In this round the first one left fails, with its leg that comes first. */
            bool on_a = i % 2 == 0;
            const char *now = i < round ? ".." : i > round ? "++" : on_a ? "-+" : "+-";
            a[i] = now[0];
            b[i] = now[1];
            fates[i] = "?x"[i <= round];
        }
        a[N] = b[N] = fates[N] = 0;
        decide(t, RESULTS(a, b, ""));
        assert_fates(t, fates);
    }
    assert_int_equal(t->state.decisions, N);
    table_destroy(t);
}

/* The second leg of a bundle stands on the first, which is unclean: it is as well. */
static void test_a_leg_waits_for_its_own_sibling_in_front(void **state)
{
    (void)state;
    struct table *t = table_new("serial", by_keys, SLOT("A0 C0", "A0 B0 B0"));
    decide(t, RESULTS("+-", "--", "-"));
    assert_fates(t, "xx"); /* B is clean, whatever A does: its first leg failed there */
    table_destroy(t);
    t = table_new("serial", by_keys, SLOT("A0 C0", "A0 A1"));
    static const uint32_t both[] = {0, 1};
    t->legs[1][0].keys = both;
    t->legs[1][0].n_keys = 2;
    decide(t, RESULTS("++-", "", "-"));
    assert_fates(t, "x?"); /* leg 2 touches only key 1, but so can leg 1, which is unclean */
    table_destroy(t);
}

static void test_what_an_undecided_bundle_can_touch_is_dirty(void **state)
{
    (void)state;
    struct table *t = table_new("serial", by_keys, SLOT("A0 C0", "A0 B0", "B0", "B1"));
    decide(t, RESULTS("++", "+++", "-"));
    assert_fates(t, "x??i");
    decide(t, RESULTS(".-", "+++", "."));
    assert_fates(t, "xx?i");
    decide(t, RESULTS("..", ".++", "."));
    assert_fates(t, "xxii");
    assert_true(t->state.done);
    table_destroy(t);
}

static void test_an_excluded_leg_that_failed_changes_nothing(void **state)
{
    (void)state;
    struct table *t = table_new("serial", by_keys, SLOT("A0", "A0", "A0"));
    decide(t, RESULTS("-+-", "", ""));
    assert_fates(t, "xix");
    assert_true(t->state.done); /* and so nobody executes again */
    table_destroy(t);
}

static void test_blocks_are_replaced_together_with_all_they_are_tied_to(void **state)
{
    (void)state;
    struct table *t = table_new("block_replace", by_rollup, SLOT("A0 B0", "B1", "C0", "A1"));
    decide(t, RESULTS("++", "+-", "+"));
    assert_fates(t, "xxix");
    assert_changed(t, 0, 0, POL_NONE);
    assert_int_equal(t->state.outcomes[0].cause.reason, POL_REPLACED);
    assert_int_equal(t->state.outcomes[0].cause.bundle, 1);
    assert_int_equal(t->state.outcomes[1].cause.reason, POL_OWN_LEG);
    table_destroy(t);
}

static void test_inclusive_excludes_nothing(void **state)
{
    (void)state;
    struct table *t = table_new("inclusive", by_rollup, SLOT("A0 B0", "B1"));
    decide(t, RESULTS("-", "+-", ""));
    assert_fates(t, "ii");
    assert_true(t->state.done);
    table_destroy(t);
}

static void test_what_is_undecided_when_the_rounds_end_goes(void **state)
{
    (void)state;
    struct table *t =
        table_new("serial", (struct pol_rules){POL_BY_KEYS, 1}, SLOT("A0 B0", "B0", "B1"));
    decide(t, RESULTS("-", "+++", ""));
    assert_fates(t, "xxi");
    assert_true(t->state.overflowed);
    assert_int_equal(t->state.outcomes[1].cause.reason, POL_OVERFLOW);
    assert_int_equal(t->state.outcomes[1].cause.round, 0);
    assert_changed(t, POL_NONE, 0, POL_NONE);
    decide(t, RESULTS(".", "..+", ""));
    assert_true(t->state.done);
    table_destroy(t);
}

/* ---- Keys ---- */

static void test_keys_are_numbered_by_chain_and_path(void **state)
{
    struct pol_key keys[5] = {{.chain = 1}, {.chain = 0}, {.chain = 1}, {.chain = 0}, {.chain = 1}};
    uint32_t ids[5], n = 0;
    (void)state;
    keys[0].path.b[31] = 7;
    keys[2].path.b[31] = 6;
    keys[4].path.b[31] = 7;
    assert_int_equal(pol_keys_number(keys, 5, ids, &n), 0);
    assert_int_equal(n, 3);
    static const uint32_t wanted[] = {2, 0, 1, 0, 2};
    assert_memory_equal(ids, wanted, sizeof(wanted));
    assert_int_equal(pol_keys_number(keys, 0, ids, &n), 0);
    assert_int_equal(n, 0);
}

static void test_policies_are_known_by_name(void **state)
{
    struct buf names = {0};
    (void)state;
    assert_null(pol_find("serious"));
    assert_ptr_equal(pol_find("serial"), &pol_serial);
    pol_print_names(&names);
    assert_string_equal(buf_cstr(&names),
                        "one_shot, fixpoint, serial, inclusive, block_replace, two_phase");
    buf_fini(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_slot_is_done_at_once),
        cmocka_unit_test(test_crossing_bundles_take_one_round_more),
        cmocka_unit_test(test_a_phantom_hurts_its_victim_unless_the_policy_is_serial),
        cmocka_unit_test(test_keys_see_less_in_each_other_s_way_than_rollups),
        cmocka_unit_test(test_a_chain_over_two_rollups_takes_a_round_for_each_bundle),
        cmocka_unit_test(test_a_leg_waits_for_its_own_sibling_in_front),
        cmocka_unit_test(test_what_an_undecided_bundle_can_touch_is_dirty),
        cmocka_unit_test(test_an_excluded_leg_that_failed_changes_nothing),
        cmocka_unit_test(test_blocks_are_replaced_together_with_all_they_are_tied_to),
        cmocka_unit_test(test_inclusive_excludes_nothing),
        cmocka_unit_test(test_what_is_undecided_when_the_rounds_end_goes),
        cmocka_unit_test(test_keys_are_numbered_by_chain_and_path),
        cmocka_unit_test(test_policies_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
