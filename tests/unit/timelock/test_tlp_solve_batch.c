/* A batch opens to what its puzzles open to alone, with one chain; false Qs are found. */
#include "tests/unit/timelock/fixture.h"

#define N_MAX 33

struct slot {
    const struct tlp_params *params;
    struct model m;
    size_t n;
    struct tlp_puzzle_out out[N_MAX];
    struct bytes u[N_MAX];
    struct bytes q[N_MAX];
    struct buf w[N_MAX];
    int rc[N_MAX];
    struct tlp_batch_report report;
};

static void slot_init(struct slot *s, const struct tlp_params *params, size_t n)
{
    *s = (struct slot){.params = params, .n = n};
    model_init(&s->m, params);
    for (size_t i = 0; i < n; i++) {
        char label[] = {(char)('A' + i), '\0'};
        s->out[i] = fix_lock(params, TLP_SHORT, label);
        s->u[i] = buf_view(&s->out[i].u);
        s->q[i] = buf_view(&s->out[i].q);
        s->rc[i] = 12345;
    }
}

static void slot_fini(struct slot *s)
{
    for (size_t i = 0; i < s->n; i++) {
        tlp_puzzle_out_fini(&s->out[i]);
        buf_fini(&s->w[i]);
    }
    model_fini(&s->m);
}

static int solve(struct slot *s, enum tlp_solver solver, const struct tlp_recheck *recheck)
{
    for (size_t i = 0; i < s->n; i++) {
        buf_clear(&s->w[i]);
    }
    return tlp_solve_batch(s->params, solver, s->n, s->u, s->q, recheck, s->w, s->rc, &s->report);
}

static void assert_w_is_right(struct slot *s, size_t i)
{
    struct buf alone = {0};
    assert_int_equal(tlp_solve(s->params, TLP_TRAPDOOR, s->u[i], &alone, NULL), 0);
    assert_true(bytes_equal(buf_view(&alone), buf_view(&s->w[i])));
    buf_fini(&alone);
}

/* Q_i becomes Q_i * factor^power. */
static void spoil(struct slot *s, size_t i, const mpz_t factor, uint64_t power, bool invert)
{
    mpz_t x, y;
    mpz_inits(x, y, NULL);
    model_get(x, s->q[i]);
    mpz_powm_ui(y, factor, power, s->m.n);
    if (invert) {
        assert_int_not_equal(mpz_invert(y, y, s->m.n), 0);
    }
    mpz_mul(x, x, y);
    mpz_mod(x, x, s->m.n);
    model_canon(&s->m, x);
    model_put(&s->m, x, s->out[i].q.data);
    mpz_clears(x, y, NULL);
}

static void check_equals_single(const struct tlp_params *params, size_t n)
{
    struct slot s;
    slot_init(&s, params, n);
    static const enum tlp_solver solvers[] = {TLP_SEQUENTIAL, TLP_TRAPDOOR};
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(solve(&s, solvers[k], NULL), 0);
        assert_true(s.report.squared == (k == 0 ? tlp_params_squarings(params) : 0));
        assert_int_equal(s.report.chains, 1);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(s.rc[i], 0);
            assert_w_is_right(&s, i);
            struct tlp_puzzle p = tlp_puzzle_out_view(&s.out[i]);
            struct buf plain = {0};
            assert_int_equal(tlp_open(params, CTX, &p, buf_view(&s.w[i]), &plain), 0);
            assert_true(bytes_equal(buf_view(&plain), PLAIN));
            buf_fini(&plain);
        }
    }
    slot_fini(&s);
}

static void test_a_batch_equals_its_puzzles_alone(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 5, 7, 16, 33};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        check_equals_single(fix_shared(), sizes[i]);
    }
    struct tlp_params *params = fix_params(2048, 300, true);
    check_equals_single(params, 5);
    tlp_params_destroy(&params);
}

static void test_an_empty_batch_is_solved(void **state)
{
    struct slot s;
    slot_init(&s, fix_shared(), 0);
    assert_int_equal(solve(&s, TLP_SEQUENTIAL, NULL), 0);
    assert_true(s.report.squared == 0 && s.report.chains == 0);
    slot_fini(&s);
}

static void test_one_false_q_is_found_and_the_others_open(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 16};
    for (size_t k = 0; k < 5; k++) {
        for (size_t bad = 0; bad < sizes[k]; bad += 3) {
            struct slot s;
            slot_init(&s, fix_shared(), sizes[k]);
            spoil(&s, bad, s.m.g, 1, false);
            assert_int_equal(solve(&s, TLP_SEQUENTIAL, NULL), 0);
            for (size_t i = 0; i < s.n; i++) {
                assert_int_equal(s.rc[i], i == bad ? ERR_PROOF : 0);
                assert_w_is_right(&s, i);
            }
            assert_true(s.report.chains <= 5); /* 1 + log2 of 16 */
            assert_true(s.report.squared == s.report.chains * tlp_params_squarings(s.params));
            slot_fini(&s);
        }
    }
}

static void test_several_false_qs_are_found(void **state)
{
    struct slot s;
    slot_init(&s, fix_shared(), 16);
    spoil(&s, 2, s.m.g, 1, false);
    spoil(&s, 3, s.m.h, 1, false);
    spoil(&s, 11, s.m.g, 5, false);
    assert_int_equal(solve(&s, TLP_TRAPDOOR, NULL), 0);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.rc[i], i == 2 || i == 3 || i == 11 ? ERR_PROOF : 0);
        assert_w_is_right(&s, i);
    }
    slot_fini(&s);
}

static bool proof_holds(void *arg, size_t i)
{
    const struct slot *s = (const struct slot *)arg;
    struct tlp_puzzle p = tlp_puzzle_out_view(&s->out[i]);
    return tlp_verify(s->params, CTX, &p) == 0;
}

static void test_rechecking_proofs_takes_one_chain_more(void **state)
{
    struct slot s;
    slot_init(&s, fix_shared(), 16);
    struct tlp_recheck recheck = {proof_holds, &s};
    assert_int_equal(solve(&s, TLP_SEQUENTIAL, &recheck), 0);
    assert_int_equal(s.report.chains, 1);
    spoil(&s, 6, s.m.g, 1, false);
    assert_int_equal(solve(&s, TLP_SEQUENTIAL, &recheck), 0);
    assert_int_equal(s.report.chains, 2);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.rc[i], i == 6 ? ERR_PROOF : 0);
        assert_w_is_right(&s, i);
    }
    slot_fini(&s);
}

static bool says_yes(void *arg, size_t i)
{
    return true;
}

static void test_a_recheck_that_blames_nobody_does_not_save_the_culprit(void **state)
{
    struct slot s;
    slot_init(&s, fix_shared(), 8);
    struct tlp_recheck recheck = {says_yes, NULL};
    spoil(&s, 5, s.m.g, 1, false);
    assert_int_equal(solve(&s, TLP_TRAPDOOR, &recheck), 0);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.rc[i], i == 5 ? ERR_PROOF : 0);
    }
    slot_fini(&s);
}

/* Q_0 * d^(e_0) and Q_1 / d^(e_1): the product of the two w is what it should be, and each w' is
 * the root of its Q. Only the proofs of admission tell. */
static void test_conspiring_qs_open_to_their_roots_and_have_no_proof(void **state)
{
    struct slot s;
    slot_init(&s, fix_shared(), 4);
    uint64_t e[2] = {model_exponent(&s.m, s.u[0]), model_exponent(&s.m, s.u[1])};
    spoil(&s, 0, s.m.g, e[0], false);
    spoil(&s, 1, s.m.g, e[1], true);
    assert_int_equal(solve(&s, TLP_SEQUENTIAL, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(s.rc[i], 0);
        assert_int_equal(tlp_check_opening(s.params, s.u[i], s.q[i], buf_view(&s.w[i])), 0);
        assert_int_equal(proof_holds(&s, i), i >= 2);
    }
    slot_fini(&s);
}

static void test_equal_exponents_are_named_and_nothing_is_solved(void **state)
{
    struct slot s;
    slot_init(&s, fix_shared(), 7);
    s.u[5] = s.u[2];
    s.q[5] = s.q[2];
    assert_int_equal(solve(&s, TLP_SEQUENTIAL, NULL), ERR_EXISTS);
    assert_int_equal(s.report.clash[0], 2);
    assert_int_equal(s.report.clash[1], 5);
    assert_true(s.report.squared == 0);
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.w[i].len, 0);
    }
    slot_fini(&s);
}

static void test_items_that_are_no_elements_are_left_out(void **state)
{
    struct slot s;
    slot_init(&s, fix_shared(), 5);
    s.u[0].len--;
    memset(s.out[3].q.data, 0, s.out[3].q.len);
    struct buf longer = fix_copy(s.u[4]);
    buf_append_u8(&longer, 0);
    s.u[4] = buf_view(&longer);
    assert_int_equal(solve(&s, TLP_SEQUENTIAL, NULL), 0);
    static const int want[] = {ERR_TRUNCATED, 0, 0, ERR_NONCANONICAL, ERR_TRAILING};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(s.rc[i], want[i]);
        assert_int_equal(s.w[i].len, want[i] == 0 ? 128 : 0);
    }
    assert_w_is_right(&s, 1);
    assert_w_is_right(&s, 2);
    assert_int_equal(s.report.chains, 1);
    buf_fini(&longer);
    slot_fini(&s);
}

static void test_the_trapdoor_solver_needs_the_factors(void **state)
{
    struct tlp_params *params = fix_params(1024, 10, false);
    struct slot s;
    slot_init(&s, params, 2);
    assert_int_equal(solve(&s, TLP_TRAPDOOR, NULL), ERR_UNSUPPORTED);
    slot_fini(&s);
    tlp_params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_equals_its_puzzles_alone),
        cmocka_unit_test(test_an_empty_batch_is_solved),
        cmocka_unit_test(test_one_false_q_is_found_and_the_others_open),
        cmocka_unit_test(test_several_false_qs_are_found),
        cmocka_unit_test(test_rechecking_proofs_takes_one_chain_more),
        cmocka_unit_test(test_a_recheck_that_blames_nobody_does_not_save_the_culprit),
        cmocka_unit_test(test_conspiring_qs_open_to_their_roots_and_have_no_proof),
        cmocka_unit_test(test_equal_exponents_are_named_and_nothing_is_solved),
        cmocka_unit_test(test_items_that_are_no_elements_are_left_out),
        cmocka_unit_test(test_the_trapdoor_solver_needs_the_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
