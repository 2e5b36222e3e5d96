/* The arithmetic under the time-lock, against GMP on random and edge inputs. */
#include "common/base/cleanup.h"
#include "common/base/prng.h"
#include "common/crypto/timelock/tlp_comb.h"
#include "tests/unit/timelock/fixture.h"

struct bench {
    struct tlp_ring ring;
    struct tlp_work work;
    struct prng prng;
};

static void bench_init(struct bench *b, uint32_t bits)
{
    struct tlp_modulus m = fix_modulus(bits);
    assert_int_equal(tlp_ring_init(&b->ring, bits, m.n), 0);
    tlp_work_init(&b->work, &b->ring);
    prng_init(&b->prng, bits, "group test");
}

static void bench_fini(struct bench *b)
{
    tlp_work_fini(&b->work);
    tlp_ring_fini(&b->ring);
}

/* Uniform below 2^bits. */
static void random_bits(struct bench *b, size_t bits, mpz_t out)
{
    mpz_set_ui(out, 0);
    for (size_t i = 0; i < bits; i += 64) {
        mpz_mul_2exp(out, out, 64);
        mpz_add_ui(out, out, prng_next(&b->prng));
    }
    mpz_fdiv_r_2exp(out, out, bits);
}

static void canon(const struct bench *b, mpz_t x)
{
    mpz_t other;
    mpz_init(other);
    mpz_sub(other, b->ring.n, x);
    mpz_mod(other, other, b->ring.n);
    if (mpz_cmp(other, x) < 0) {
        mpz_set(x, other);
    }
    mpz_clear(other);
}

static void assert_element(struct bench *b, const BIGNUM *ours, mpz_t want)
{
    mpz_t x;
    mpz_init(x);
    tlp_from_mont(&b->work, x, ours);
    canon(b, want);
    assert_int_equal(b->work.err, 0);
    assert_int_equal(mpz_cmp(x, want), 0);
    mpz_clear(x);
}

static void random_element(struct bench *b, mpz_t x, BIGNUM *out)
{
    random_bits(b, b->ring.bits - 1, x);
    tlp_to_mont(&b->work, out, x);
}

static void check_multi_pow(struct bench *b, size_t n, size_t bits)
{
    BIGNUM **bases = tlp_bns_new(&b->work, n), **exps = tlp_bns_new(&b->work, n);
    BIGNUM *out = tlp_bn_new(&b->work);
    mpz_t x, e, want;
    mpz_inits(x, e, NULL);
    mpz_init_set_ui(want, 1);
    for (size_t i = 0; i < n; i++) {
        random_element(b, x, bases[i]);
        random_bits(b, bits, e);
        tlp_bn_from_mpz(&b->work, exps[i], e);
        mpz_powm(x, x, e, b->ring.n);
        mpz_mul(want, want, x);
        mpz_mod(want, want, b->ring.n);
    }
    tlp_multi_pow(&b->work, out, n, bases, exps);
    assert_element(b, out, want);
    if (n > 0) {
        tlp_multi_pow(&b->work, bases[0], n, bases, exps);
        assert_element(b, bases[0], want);
    }
    mpz_clears(x, e, want, NULL);
    BN_clear_free(out);
    tlp_bns_free(bases, n);
    tlp_bns_free(exps, n);
}

static void test_products_of_powers_equal_gmp(void **state)
{
    struct bench b;
    bench_init(&b, 1024);
    static const size_t bits[] = {0, 1, 2, 7, 8, 64, 79, 80, 128, 300, 700, 2000, 5000};
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        for (size_t n = 0; n <= 5; n++) {
            check_multi_pow(&b, n, bits[i]);
        }
    }
    bench_fini(&b);
}

static void test_fixed_base_powers_equal_gmp_at_every_length(void **state)
{
    struct bench b;
    bench_init(&b, 1024);
    BIGNUM *base = tlp_bn_new(&b.work), *out = tlp_bn_new(&b.work), *exp = tlp_bn_new(&b.work);
    mpz_t x, e, want;
    mpz_inits(x, e, want, NULL);
    random_element(&b, x, base);
    struct tlp_comb comb;
    tlp_comb_init(&b.work, &comb, base, 600);
    for (size_t bits = 0; bits <= 600; bits++) {
        random_bits(&b, bits, e);
        if (bits > 0) {
            mpz_setbit(e, bits - 1);
        }
        tlp_bn_from_mpz(&b.work, exp, e);
        tlp_comb_pow(&b.work, &comb, out, exp);
        mpz_powm(want, x, e, b.ring.n);
        assert_element(&b, out, want);
    }
    mpz_set_ui(e, 1);
    mpz_mul_2exp(e, e, 600);
    mpz_sub_ui(e, e, 1);
    tlp_bn_from_mpz(&b.work, exp, e);
    tlp_comb_pow(&b.work, &comb, out, exp);
    mpz_powm(want, x, e, b.ring.n);
    assert_element(&b, out, want);
    tlp_comb_fini(&comb);
    mpz_clears(x, e, want, NULL);
    BN_clear_free(base);
    BN_clear_free(out);
    BN_clear_free(exp);
    bench_fini(&b);
}

static void check_chain(struct bench *b, const mpz_t start)
{
    BIGNUM *x = tlp_bn_new(&b->work);
    mpz_t want, copy;
    mpz_init_set(want, start);
    mpz_init(copy);
    tlp_to_mont(&b->work, x, start);
    for (int i = 0; i < 40; i++) {
        mpz_set(copy, want);
        assert_element(b, x, copy);
        tlp_square_chain(&b->work, x, 1);
        mpz_mul(want, want, want);
        mpz_mod(want, want, b->ring.n);
    }
    mpz_clears(want, copy, NULL);
    BN_clear_free(x);
}

static void test_the_squaring_chain_equals_gmp_on_edges_and_random_values(void **state)
{
    static const uint32_t sizes[] = {1024, 2048, 3072};
    for (size_t k = 0; k < 3; k++) {
        struct bench b;
        bench_init(&b, sizes[k]);
        mpz_t x;
        mpz_init(x);
        for (unsigned long i = 0; i < 4; i++) {
            mpz_set_ui(x, i);
            check_chain(&b, x);
            mpz_sub_ui(x, b.ring.n, i + 1);
            check_chain(&b, x);
            mpz_fdiv_q_2exp(x, b.ring.n, 1);
            mpz_add_ui(x, x, i);
            check_chain(&b, x);
            mpz_set_ui(x, 1);
            mpz_mul_2exp(x, x, sizes[k] / 2 + i);
            check_chain(&b, x);
            random_bits(&b, sizes[k] - 1, x);
            check_chain(&b, x);
        }
        mpz_clear(x);
        bench_fini(&b);
    }
}

static void test_shared_inversion_inverts_each(void **state)
{
    struct bench b;
    bench_init(&b, 1024);
    for (size_t n = 0; n <= 9; n++) {
        BIGNUM **list = tlp_bns_new(&b.work, n), **kept = tlp_bns_new(&b.work, n);
        BIGNUM *product = tlp_bn_new(&b.work);
        mpz_t x, one;
        mpz_init(x);
        for (size_t i = 0; i < n; i++) {
            random_element(&b, x, list[i]);
            assert_non_null(BN_copy(kept[i], list[i]));
        }
        tlp_invert_all(&b.work, n, list);
        for (size_t i = 0; i < n; i++) {
            mpz_init_set_ui(one, 1);
            tlp_mul(&b.work, product, list[i], kept[i]);
            assert_element(&b, product, one);
            mpz_clear(one);
        }
        mpz_clear(x);
        BN_clear_free(product);
        tlp_bns_free(list, n);
        tlp_bns_free(kept, n);
    }
    bench_fini(&b);
}

static void test_inverting_zero_is_an_error_that_sticks(void **state)
{
    struct bench b;
    bench_init(&b, 1024);
    BIGNUM **list = tlp_bns_new(&b.work, 2);
    mpz_t x;
    mpz_init(x);
    random_element(&b, x, list[0]);
    tlp_invert_all(&b.work, 2, list);
    assert_int_equal(b.work.err, ERR_CRYPTO);
    uint8_t raw[128] = {1};
    tlp_elem_put(&b.work, list[0], raw);
    assert_int_equal(raw[0], 0);
    mpz_clear(x);
    tlp_bns_free(list, 2);
    bench_fini(&b);
}

static void test_secrets_stay_in_place_and_moduli_are_wiped(void **state)
{
    mpz_t x;
    mpz_init2(x, 4096);
    struct tlp_modulus m = fix_modulus(1024);
    const mp_limb_t *limbs = x->_mp_d;
    tlp_mpz_from_bytes(x, bytes_of(m.p, 64));
    assert_ptr_equal(x->_mp_d, limbs); /* no copy was left elsewhere */
    tlp_mpz_wipe(x);
    tlp_modulus_wipe(&m);
    static const struct tlp_modulus zero;
    assert_memory_equal(&m, &zero, sizeof(m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_of_powers_equal_gmp),
        cmocka_unit_test(test_fixed_base_powers_equal_gmp_at_every_length),
        cmocka_unit_test(test_the_squaring_chain_equals_gmp_on_edges_and_random_values),
        cmocka_unit_test(test_shared_inversion_inverts_each),
        cmocka_unit_test(test_inverting_zero_is_an_error_that_sticks),
        cmocka_unit_test(test_secrets_stay_in_place_and_moduli_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
