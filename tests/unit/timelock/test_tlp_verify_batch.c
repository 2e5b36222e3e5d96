/* Many proofs at once say what each of them says alone. */
#include "tests/unit/timelock/fixture.h"

#define N_MAX 33

struct crowd {
    size_t n;
    struct tlp_puzzle_out out[N_MAX];
    struct tlp_puzzle puzzle[N_MAX];
    struct bytes ctx[N_MAX];
    int rc[N_MAX];
};

/* Odd ones full, even ones short. */
static void crowd_init(struct crowd *c, size_t n)
{
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        char label[] = {(char)('A' + i), '\0'};
        c->out[i] = fix_lock(fix_shared(), i % 2 == 1 ? TLP_FULL : TLP_SHORT, label);
        c->puzzle[i] = tlp_puzzle_out_view(&c->out[i]);
        c->ctx[i] = CTX;
        c->rc[i] = 12345;
    }
}

static void crowd_fini(struct crowd *c)
{
    for (size_t i = 0; i < c->n; i++) {
        tlp_puzzle_out_fini(&c->out[i]);
    }
}

/* Returns: what the batch does, having compared each verdict to the one alone. */
static int verify(struct crowd *c)
{
    struct drbg weights = fix_drbg("weights");
    struct drbg same = weights;
    uint64_t exponents[N_MAX];
    int rcs[N_MAX];
    int rc = tlp_verify_batch(fix_shared(), c->n, c->ctx, c->puzzle, &weights, c->rc, exponents);
    assert_int_equal(tlp_verify_batch(fix_shared(), c->n, c->ctx, c->puzzle, &same, rcs, NULL), rc);
    assert_memory_equal(rcs, c->rc, c->n * sizeof(rcs[0]));
    int want = 0;
    for (size_t i = 0; i < c->n; i++) {
        int alone = tlp_verify(fix_shared(), c->ctx[i], &c->puzzle[i]);
        uint64_t e = 0;
        assert_int_equal(c->rc[i], alone);
        if (alone == 0 || alone == ERR_PROOF) {
            assert_int_equal(tlp_exponent(fix_shared(), c->puzzle[i].u, &e), 0);
        }
        assert_true(exponents[i] == e);
        want = alone != 0 ? ERR_PROOF : want;
    }
    assert_int_equal(rc, want);
    return rc;
}

static void test_good_puzzles_hold_together(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 16, 33};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct crowd c;
        crowd_init(&c, sizes[i]);
        assert_int_equal(verify(&c), 0);
        crowd_fini(&c);
    }
}

static void test_one_bad_proof_is_blamed_and_nobody_else(void **state)
{
    struct crowd c;
    crowd_init(&c, 7);
    for (size_t i = 0; i < 7; i++) {
        struct buf *proof = &c.out[i].proof;
        proof->data[proof->len - 1] ^= 1;
        assert_int_equal(verify(&c), ERR_PROOF);
        for (size_t k = 0; k < 7; k++) {
            assert_int_equal(c.rc[k], k == i ? ERR_PROOF : 0);
        }
        proof->data[proof->len - 1] ^= 1;
    }
    crowd_fini(&c);
}

static void test_malformed_ones_do_not_disturb_the_others(void **state)
{
    struct crowd c;
    crowd_init(&c, 7);
    c.puzzle[0].u.len--;
    memset(c.out[1].q.data, 0, c.out[1].q.len);
    memset(c.out[2].proof.data + 2, 0, 128); /* A */
    c.ctx[3] = bytes_str("elsewhere");
    c.out[4].proof.data[0] = 9;
    assert_int_equal(verify(&c), ERR_PROOF);
    assert_int_equal(c.rc[0], ERR_TRUNCATED);
    assert_int_equal(c.rc[1], ERR_NONCANONICAL);
    assert_int_equal(c.rc[2], ERR_NONCANONICAL);
    assert_int_equal(c.rc[3], ERR_PROOF);
    assert_int_equal(c.rc[4], ERR_NONCANONICAL);
    assert_int_equal(c.rc[5], 0);
    crowd_fini(&c);
}

static void test_compact_proofs_may_be_among_them(void **state)
{
    struct crowd c;
    crowd_init(&c, 5);
    struct buf compact[2] = {{0}, {0}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(tlp_proof_compact(fix_shared(), CTX, &c.puzzle[i + 1], &compact[i]), 0);
        c.puzzle[i + 1].proof = buf_view(&compact[i]);
    }
    assert_int_equal(verify(&c), 0);
    compact[1].data[5] ^= 1;
    assert_int_equal(verify(&c), ERR_PROOF);
    assert_int_equal(c.rc[2], ERR_PROOF);
    assert_int_equal(c.rc[1], 0);
    buf_fini(&compact[0]);
    buf_fini(&compact[1]);
    crowd_fini(&c);
}

/* base^exp mod N times x */
static void times_power(const struct model *m, mpz_t x, const mpz_t base, const mpz_t exp)
{
    mpz_t y;
    mpz_init(y);
    mpz_powm(y, base, exp, m->n);
    mpz_mul(x, x, y);
    mpz_mod(x, x, m->n);
    mpz_clear(y);
}

/* Adds `by` to the z of a short proof. */
static void shift_z(const struct model *m, struct buf *proof, const mpz_t by)
{
    uint8_t *at = proof->data + 2 + 2 * m->bytes;
    mpz_t z;
    mpz_init(z);
    model_get(z, bytes_of(at, 64));
    mpz_add(z, z, by);
    assert_int_equal(mpz_sizeinbase(z, 2), 512);
    mpz_export(at, NULL, 1, 1, 1, 0, z);
    mpz_clear(z);
}

/* Is the product of all A and B the product of all g^z u^c h^(ez) Q^c? */
static bool holds_without_weights(const struct model *m, const struct crowd *c)
{
    mpz_t left, right, x, z, ch;
    mpz_inits(left, right, x, z, ch, NULL);
    mpz_set_ui(left, 1);
    mpz_set_ui(right, 1);
    for (size_t i = 0; i < c->n; i++) {
        const uint8_t *a = c->puzzle[i].proof.data + 2;
        for (int side = 0; side < 2; side++) {
            model_get(x, bytes_of(a + (size_t)side * m->bytes, m->bytes));
            mpz_mul(left, left, x);
            mpz_mod(left, left, m->n);
        }
        model_challenge(m, TLP_SHORT, CTX, &c->puzzle[i], a, a + m->bytes, ch);
        model_get(z, bytes_of(a + 2 * m->bytes, 64));
        times_power(m, right, m->g, z);
        mpz_mul_ui(z, z, model_exponent(m, c->puzzle[i].u));
        times_power(m, right, m->h, z);
        model_get(x, c->puzzle[i].u);
        times_power(m, right, x, ch);
        model_get(x, c->puzzle[i].q);
        times_power(m, right, x, ch);
    }
    model_canon(m, left);
    model_canon(m, right);
    bool equal = mpz_cmp(left, right) == 0;
    mpz_clears(left, right, x, z, ch, NULL);
    return equal;
}

/* Two senders conspire: Q_0 is false by h^(e_0 - e_1), and c_0 is taken from z_0 and given to z_1.
 * The errors cancel in the product of everything; only the weights keep them apart. */
static void test_errors_that_cancel_are_found(void **state)
{
    struct model m;
    model_init(&m, fix_shared());
    mpz_t r[2], rho[2], c, q, d;
    mpz_inits(c, q, d, NULL);
    struct crowd crowd = {.n = 2, .ctx = {CTX, CTX}};
    for (size_t i = 0; i < 2; i++) {
        mpz_inits(r[i], rho[i], NULL);
        model_draw(&m, TLP_SHORT, i == 0 ? "left" : "right", r[i], rho[i]);
        mpz_clrbit(rho[i], 510); /* room for z to move */
        mpz_setbit(rho[i], 509);
        model_lock(&m, TLP_SHORT, r[i], rho[i], CTX, PLAIN, &crowd.out[i]);
    }
    mpz_set_ui(d, model_exponent(&m, buf_view(&crowd.out[0].u)));
    mpz_sub_ui(d, d, model_exponent(&m, buf_view(&crowd.out[1].u)));
    model_get(q, buf_view(&crowd.out[0].q));
    times_power(&m, q, m.h, d);
    model_canon(&m, q);
    model_put(&m, q, crowd.out[0].q.data);
    buf_clear(&crowd.out[0].proof);
    model_prove(&m, TLP_SHORT, r[0], rho[0], CTX, &crowd.out[0]);
    for (size_t i = 0; i < 2; i++) {
        crowd.puzzle[i] = tlp_puzzle_out_view(&crowd.out[i]);
    }
    assert_false(holds_without_weights(&m, &crowd));
    const uint8_t *a = crowd.out[0].proof.data + 2;
    model_challenge(&m, TLP_SHORT, CTX, &crowd.puzzle[0], a, a + m.bytes, c);
    shift_z(&m, &crowd.out[1].proof, c);
    mpz_neg(c, c);
    shift_z(&m, &crowd.out[0].proof, c);
    assert_true(holds_without_weights(&m, &crowd));
    assert_int_equal(verify(&crowd), ERR_PROOF);
    assert_int_equal(crowd.rc[0], ERR_PROOF);
    assert_int_equal(crowd.rc[1], ERR_PROOF);
    for (size_t i = 0; i < 2; i++) {
        mpz_clears(r[i], rho[i], NULL);
    }
    mpz_clears(c, q, d, NULL);
    crowd_fini(&crowd);
    model_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_puzzles_hold_together),
        cmocka_unit_test(test_one_bad_proof_is_blamed_and_nobody_else),
        cmocka_unit_test(test_malformed_ones_do_not_disturb_the_others),
        cmocka_unit_test(test_compact_proofs_may_be_among_them),
        cmocka_unit_test(test_errors_that_cancel_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
