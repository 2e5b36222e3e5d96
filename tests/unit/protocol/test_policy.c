/* The policy against a naive model on random slots; bitmaps; the Merkle root of lists against its
 * recursive definition. */
#include "common/base/prng.h"
#include "common/crypto/hash.h"
#include "common/policy/pol.h"
#include "common/protocol/pro_merkle.h"
#include "common/protocol/pro_result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- one_shot ---- */

#define MAX_CHAINS 6
#define MAX_BUNDLES 24
#define MAX_LEGS 4

struct random_slot {
    struct pol_slot slot;
    struct pol_bundle bundles[MAX_BUNDLES];
    struct pol_leg legs[MAX_BUNDLES][MAX_LEGS];
    uint32_t counts[MAX_CHAINS];
    uint8_t status[MAX_CHAINS][MAX_BUNDLES * MAX_LEGS / 8 + 1];
    struct bytes views[MAX_CHAINS];
};

static void draw_slot(struct prng *p, struct random_slot *s)
{
    *s = (struct random_slot){0};
    s->slot.n_chains = 1 + (uint32_t)prng_below(p, MAX_CHAINS);
    s->slot.n_bundles = (uint32_t)prng_below(p, MAX_BUNDLES + 1);
    s->slot.bundles = s->bundles;
    for (uint32_t i = 0; i < s->slot.n_bundles; i++) {
        s->bundles[i].n_legs = 1 + (uint32_t)prng_below(p, MAX_LEGS);
        s->bundles[i].legs = s->legs[i];
        for (uint32_t leg = 0; leg < s->bundles[i].n_legs; leg++) {
            uint32_t chain = (uint32_t)prng_below(p, s->slot.n_chains);
            s->legs[i][leg] = (struct pol_leg){.chain = chain, .order = s->counts[chain]++};
        }
    }
}

static void draw_status(struct prng *p, struct random_slot *s)
{
    uint32_t failing_ppm = (uint32_t)prng_below(p, 4) * 100000;
    memset(s->status, 0, sizeof(s->status));
    for (uint32_t chain = 0; chain < s->slot.n_chains; chain++) {
        for (uint32_t i = 0; i < s->counts[chain]; i++) {
            if (!prng_chance_ppm(p, failing_ppm)) {
                pro_bit_set(s->status[chain], i);
            }
        }
        s->views[chain] = bytes_of(s->status[chain], (s->counts[chain] + 7) / 8);
    }
}

static bool model_succeeded(const struct random_slot *s, uint32_t bundle, uint32_t leg)
{
    struct pol_leg l = s->legs[bundle][leg];
    return (s->status[l.chain][l.order >> 3] & 1 << (l.order & 7)) != 0;
}

/* Says the same as the policy's description, one question at a time. */
static bool model_excluded(const struct random_slot *s, uint32_t bundle)
{
    for (uint32_t leg = 0; leg < s->bundles[bundle].n_legs; leg++) {
        if (!model_succeeded(s, bundle, leg)) {
            return true;
        }
    }
    return false;
}

static bool model_loses_a_success(const struct random_slot *s, uint32_t chain)
{
    for (uint32_t i = 0; i < s->slot.n_bundles; i++) {
        for (uint32_t leg = 0; leg < s->bundles[i].n_legs; leg++) {
            if (s->legs[i][leg].chain == chain && model_excluded(s, i) &&
                model_succeeded(s, i, leg)) {
                return true;
            }
        }
    }
    return false;
}

static void check_first_round(const struct random_slot *s, const struct pol_state *state)
{
    bool any = false;
    for (uint32_t chain = 0; chain < s->slot.n_chains; chain++) {
        assert_int_equal(state->changed[chain] != POL_NONE, model_loses_a_success(s, chain));
        any |= model_loses_a_success(s, chain);
    }
    assert_int_equal(state->done, !any);
    for (uint32_t i = 0; i < s->slot.n_bundles; i++) {
        const struct pol_outcome *o = &state->outcomes[i];
        assert_int_equal(o->fate, model_excluded(s, i) ? POL_EXCLUDED : POL_INCLUDED);
        if (o->fate == POL_EXCLUDED) {
            assert_int_equal(o->cause.round, 0);
            assert_false(model_succeeded(s, i, o->cause.leg));
            for (uint32_t leg = 0; leg < o->cause.leg; leg++) {
                assert_true(model_succeeded(s, i, leg));
            }
        }
    }
}

static void test_one_shot_agrees_with_a_naive_model(void **state)
{
    const struct pol_policy *policy = pol_find("one_shot");
    struct prng p;
    struct random_slot s;
    size_t again = 0;
    size_t at_once = 0;
    assert_non_null(policy);
    assert_true(policy->keeps_reverted);
    prng_init(&p, 1, "policy");
    for (int i = 0; i < 3000; i++) {
        struct pol_state st;
        struct pol_outcome before[MAX_BUNDLES];
        draw_slot(&p, &s);
        draw_status(&p, &s);
        assert_int_equal(pol_state_init(&st, &s.slot), 0);
        const uint32_t executed[MAX_CHAINS] = {0};
        struct pol_round round = {s.views, executed};
        pol_decide(policy, &s.slot, &(struct pol_rules){.max_rounds = 9}, &round, &st);
        check_first_round(&s, &st);
        again += !st.done;
        at_once += st.done;
        memcpy(before, st.outcomes, s.slot.n_bundles * sizeof(before[0]));
        draw_status(&p, &s); /* whatever the second round brings */
        if (!st.done) {
            pol_decide(policy, &s.slot, &(struct pol_rules){.max_rounds = 9}, &round, &st);
        }
        assert_true(st.done);
        assert_memory_equal(before, st.outcomes, s.slot.n_bundles * sizeof(before[0]));
        assert_false(pol_must_execute(&st));
        pol_state_fini(&st);
    }
    assert_true(again > 500 && at_once > 500);
}

static void test_no_other_policy_is_known(void **state)
{
    assert_null(pol_find(""));
    assert_null(pol_find("one_shot "));
    assert_null(pol_find("none"));
}

/* ---- Bitmaps ---- */

static void test_bits_are_counted_from_the_lowest_of_the_first_byte(void **state)
{
    uint8_t bits[2] = {0};
    pro_bit_set(bits, 0);
    pro_bit_set(bits, 9);
    assert_int_equal(bits[0], 1);
    assert_int_equal(bits[1], 2);
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(pro_bit(bytes_of(bits, 2), i), i == 0 || i == 9);
    }
    assert_false(pro_bit(bytes_of(bits, 1), 9));
    assert_false(pro_bit((struct bytes){0}, 0));
}

static void test_a_bitmap_has_one_encoding(void **state)
{
    const uint8_t bits[3] = {0xff, 0x01, 0};
    assert_true(pro_bitmap_is_canonical((struct bytes){0}, 0));
    assert_false(pro_bitmap_is_canonical(bytes_of(bits, 1), 0));
    assert_true(pro_bitmap_is_canonical(bytes_of(bits, 1), 8));
    assert_false(pro_bitmap_is_canonical(bytes_of(bits, 1), 7));
    assert_false(pro_bitmap_is_canonical(bytes_of(bits, 1), 9));
    assert_true(pro_bitmap_is_canonical(bytes_of(bits, 2), 9));
    assert_true(pro_bitmap_is_canonical(bytes_of(bits, 2), 16));
    assert_false(pro_bitmap_is_canonical(bytes_of(bits, 3), 16));
    assert_false(pro_bitmap_is_canonical((struct bytes){0}, UINT32_MAX));
}

/* ---- Merkle roots ---- */

static struct hash32 pair(uint8_t tag, struct hash32 a, struct hash32 b)
{
    uint8_t in[65];
    struct hash32 out;
    in[0] = tag;
    memcpy(in + 1, a.b, 32);
    memcpy(in + 33, b.b, 32);
    hash_sha256(bytes_of(in, sizeof(in)), &out);
    return out;
}

/* The left half is the largest complete tree that leaves something to the right. */
static struct hash32 model_node(const struct hash32 *leaves, uint32_t n)
{
    static const struct hash32 zero;
    if (n == 1) {
        return pair(0x10, leaves[0], zero);
    }
    uint32_t left = 1;
    while (2 * left < n) {
        left *= 2;
    }
    return pair(0x11, model_node(leaves, left), model_node(leaves + left, n - left));
}

static struct hash32 model_root(const struct hash32 *leaves, uint32_t n)
{
    struct hash32 length = {{0}};
    struct hash32 top = {{0}};
    length.b[30] = (uint8_t)(n >> 8);
    length.b[31] = (uint8_t)n;
    if (n != 0) {
        top = model_node(leaves, n);
    }
    return pair(0x12, top, length);
}

static void test_merkle_roots_agree_with_the_recursive_definition(void **state)
{
    enum { MOST = 300 };
    struct prng p;
    static struct hash32 leaves[MOST];
    static struct hash32 scratch[MOST];
    struct hash32 last = {{0}};
    prng_init(&p, 1, "merkle");
    for (int i = 0; i < MOST; i++) {
        for (int k = 0; k < 32; k++) {
            leaves[i].b[k] = (uint8_t)prng_next(&p);
        }
    }
    for (uint32_t n = 0; n <= MOST; n++) {
        struct hash32 is;
        struct hash32 should = model_root(leaves, n);
        memcpy(scratch, leaves, n * sizeof(leaves[0]));
        pro_merkle_root(scratch, n, &is);
        assert_memory_equal(is.b, should.b, 32);
        assert_memory_not_equal(is.b, last.b, 32);
        last = is;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_shot_agrees_with_a_naive_model),
        cmocka_unit_test(test_no_other_policy_is_known),
        cmocka_unit_test(test_bits_are_counted_from_the_lowest_of_the_first_byte),
        cmocka_unit_test(test_a_bitmap_has_one_encoding),
        cmocka_unit_test(test_merkle_roots_agree_with_the_recursive_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
