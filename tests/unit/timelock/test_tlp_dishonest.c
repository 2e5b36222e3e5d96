/* Senders and publishers who do not follow the construction, and whom each failure blames. */
#include "common/crypto/aead.h"
#include "tests/unit/timelock/fixture.h"

struct sender {
    struct model m;
    mpz_t r, rho;
    struct tlp_puzzle_out out;
};

static void sender_init(struct sender *s, const char *label)
{
    *s = (struct sender){0};
    model_init(&s->m, fix_shared());
    mpz_inits(s->r, s->rho, NULL);
    model_draw(&s->m, TLP_SHORT, label, s->r, s->rho);
    model_lock(&s->m, TLP_SHORT, s->r, s->rho, CTX, PLAIN, &s->out);
}

static void sender_fini(struct sender *s)
{
    mpz_clears(s->r, s->rho, NULL);
    model_fini(&s->m);
    tlp_puzzle_out_fini(&s->out);
}

static int prove_and_verify(struct sender *s)
{
    buf_clear(&s->out.proof);
    model_prove(&s->m, TLP_SHORT, s->r, s->rho, CTX, &s->out);
    struct tlp_puzzle p = tlp_puzzle_out_view(&s->out);
    return tlp_verify(fix_shared(), CTX, &p);
}

static void test_garbage_is_admitted_and_then_provable(void **state)
{
    struct sender s;
    sender_init(&s, "garbage");
    s.out.ct.data[3] ^= 1;
    assert_int_equal(prove_and_verify(&s), 0);
    struct tlp_puzzle p = tlp_puzzle_out_view(&s.out);
    struct buf w = {0}, plain = {0};
    assert_int_equal(tlp_solve(fix_shared(), TLP_TRAPDOOR, p.u, &w, NULL), 0);
    assert_int_equal(tlp_check_opening(fix_shared(), p.u, p.q, buf_view(&w)), 0);
    assert_int_equal(tlp_open(fix_shared(), CTX, &p, buf_view(&w), &plain), ERR_MISMATCH);
    assert_int_equal(plain.len, 0);
    buf_fini(&plain);
    buf_fini(&w);
    sender_fini(&s);
}

static void test_a_false_q_cannot_be_proved(void **state)
{
    struct sender s;
    sender_init(&s, "false Q");
    assert_int_equal(prove_and_verify(&s), 0);
    model_put(&s.m, s.m.g, s.out.q.data);
    assert_int_equal(prove_and_verify(&s), ERR_PROOF);
    sender_fini(&s);
}

static void test_a_nonce_too_short_to_hide_the_secret_is_refused(void **state)
{
    struct sender s;
    sender_init(&s, "short nonce");
    mpz_fdiv_q_2exp(s.rho, s.rho, 2);
    assert_int_equal(prove_and_verify(&s), ERR_NONCANONICAL);
    sender_fini(&s);
}

static void test_a_wrong_opening_is_the_publishers_fault(void **state)
{
    const struct tlp_params *params = fix_shared();
    struct tlp_puzzle_out out = fix_lock(params, TLP_SHORT, "opening");
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    struct buf w = {0}, plain = {0};
    assert_int_equal(tlp_solve(params, TLP_TRAPDOOR, p.u, &w, NULL), 0);
    struct bytes good = buf_view(&w);
    assert_int_equal(tlp_check_opening(params, p.u, p.q, p.u), ERR_PROOF);
    assert_int_equal(tlp_open(params, CTX, &p, p.q, &plain), ERR_PROOF);
    assert_int_equal(tlp_check_opening(params, p.q, p.q, good), ERR_PROOF);
    assert_int_equal(tlp_check_opening(params, p.u, p.u, good), ERR_PROOF);
    struct bytes cut = bytes_of(good.data, good.len - 1);
    assert_int_equal(tlp_check_opening(params, p.u, p.q, cut), ERR_TRUNCATED);
    assert_int_equal(tlp_check_opening(params, p.u, cut, good), ERR_TRUNCATED);
    assert_int_equal(tlp_check_opening(params, cut, p.q, good), ERR_TRUNCATED);
    struct model m;
    model_init(&m, params);
    mpz_t x;
    mpz_init(x);
    model_get(x, good);
    mpz_sub(x, m.n, x);
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    model_put(&m, x, raw);
    struct bytes negative = bytes_of(raw, m.bytes);
    assert_int_equal(tlp_check_opening(params, p.u, p.q, negative), ERR_NONCANONICAL);
    assert_int_equal(tlp_open(params, CTX, &p, negative, &plain), ERR_NONCANONICAL);
    p.ct.len = AEAD_TAG_BYTES - 1;
    assert_int_equal(tlp_open(params, CTX, &p, good, &plain), ERR_MISMATCH);
    assert_int_equal(plain.len, 0);
    buf_fini(&plain);
    mpz_clear(x);
    model_fini(&m);
    buf_fini(&w);
    tlp_puzzle_out_fini(&out);
}

/* The attack on a proof whose nonce is shorter than challenge times secret: the quotient z / c is
 * the secret, or next to it. Returns: true when one of the neighbours decrypts. */
static bool attack(const struct model *m, const struct tlp_puzzle *puzzle, const mpz_t z,
                   const mpz_t c)
{
    bool broken = false;
    mpz_t guess, w;
    mpz_inits(guess, w, NULL);
    mpz_fdiv_q(guess, z, c);
    mpz_sub_ui(guess, guess, 2);
    for (int i = 0; i < 5 && !broken; i++) {
        struct buf plain = {0};
        mpz_powm(w, m->h, guess, m->n);
        model_canon(m, w);
        broken = model_decrypt(m, CTX, puzzle, w, &plain) == 0;
        mpz_add_ui(guess, guess, 1);
        buf_fini(&plain);
    }
    mpz_clears(guess, w, NULL);
    return broken;
}

static void test_the_quotient_of_response_and_challenge_is_not_the_secret(void **state)
{
    struct sender s;
    mpz_t c, z, short_rho;
    mpz_inits(c, z, short_rho, NULL);
    static const char *const labels[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < 8; i++) {
        sender_init(&s, labels[i]);
        struct tlp_puzzle p = tlp_puzzle_out_view(&s.out);
        const uint8_t *a = p.proof.data + 2;
        model_challenge(&s.m, TLP_SHORT, CTX, &p, a, a + s.m.bytes, c);

        /* A nonce of 100 bits, z = rho + c*r: the secret falls out. The attack works. */
        mpz_fdiv_r_2exp(short_rho, s.rho, 100);
        mpz_mul(z, c, s.r);
        mpz_add(z, z, short_rho);
        assert_true(attack(&s.m, &p, z, c));
        /* The same nonce with our sign. */
        mpz_mul(z, c, s.r);
        mpz_sub(z, z, short_rho);
        assert_true(attack(&s.m, &p, z, c));

        /* The proof as it is, with either sign. */
        model_get(z, bytes_of(a + 2 * s.m.bytes, p.proof.len - 2 - 2 * s.m.bytes));
        assert_false(attack(&s.m, &p, z, c));
        mpz_neg(z, z);
        assert_false(attack(&s.m, &p, z, c));
        sender_fini(&s);
    }
    mpz_clears(c, z, short_rho, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage_is_admitted_and_then_provable),
        cmocka_unit_test(test_a_false_q_cannot_be_proved),
        cmocka_unit_test(test_a_nonce_too_short_to_hide_the_secret_is_refused),
        cmocka_unit_test(test_a_wrong_opening_is_the_publishers_fault),
        cmocka_unit_test(test_the_quotient_of_response_and_challenge_is_not_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
