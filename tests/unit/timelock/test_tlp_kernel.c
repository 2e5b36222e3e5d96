/* The squaring kernels against GMP: random inputs and moduli, edges, and inputs made so that every
 * stage of the vector kernel meets the carry it does not do itself. Where the processor lacks
 * AVX-512 IFMA (valgrind hides it too) the tests of that kernel are skipped, and say so. */
#include "common/base/cleanup.h"
#include "common/base/prng.h"
#include "common/crypto/timelock/tlp_ifma.h"
#include "tests/unit/timelock/fixture.h"

#include "common/crypto/timelock/tlp_group.h"

#include <string.h>

#define LIMB TLP_IFMA_LIMB_BITS
#define BLOCK (8 * LIMB)

static const uint32_t sizes[] = {1024, 2048, 3072};

struct rig {
    struct tlp_ring ring;
    struct tlp_work work;
    struct prng prng;
    BIGNUM *x;
};

static void rig_init(struct rig *r, uint32_t bits, const mpz_t n)
{
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    tlp_mpz_to_bytes(n, raw, bits / 8);
    assert_int_equal(tlp_ring_init(&r->ring, bits, raw), 0);
    tlp_work_init(&r->work, &r->ring);
    prng_init(&r->prng, bits, "kernel test");
    r->x = BN_new();
    assert_non_null(r->x);
}

static void rig_fini(struct rig *r)
{
    BN_free(r->x);
    tlp_work_fini(&r->work);
    tlp_ring_fini(&r->ring);
}

/* Uniform below 2^bits. */
static void random_bits(struct prng *prng, size_t bits, mpz_t out)
{
    uint64_t words[TLP_BITS_MAX / 32 + 1];
    size_t n = (bits + 63) / 64;
    assert_true(n <= sizeof(words) / sizeof(words[0]));
    for (size_t i = 0; i < n; i++) {
        words[i] = prng_next(prng);
    }
    mpz_import(out, n, -1, sizeof(words[0]), 0, 0, words);
    mpz_fdiv_r_2exp(out, out, bits);
}

/* Odd, of exactly `bits` bits. */
static void random_modulus(struct prng *prng, uint32_t bits, mpz_t out)
{
    random_bits(prng, bits, out);
    mpz_setbit(out, 0);
    mpz_setbit(out, bits - 1);
}

/* 2^bits - 1, and so on: moduli at both ends of the range and with extreme limbs. Returns: how many
 * there are; `out` is number i. */
static size_t edge_modulus(uint32_t bits, size_t i, mpz_t out)
{
    mpz_t top;
    mpz_init(top);
    mpz_setbit(top, bits);
    mpz_set(out, top);
    switch (i) {
    case 0: /* the largest */
        mpz_sub_ui(out, out, 1);
        break;
    case 1:
        mpz_sub_ui(out, out, 3);
        break;
    case 2: /* the smallest */
        mpz_fdiv_q_2exp(out, out, 1);
        mpz_add_ui(out, out, 1);
        break;
    case 3:
        mpz_fdiv_q_2exp(out, out, 1);
        mpz_add_ui(out, out, 3);
        break;
    case 4: /* 1 modulo 2^416: the multiple that is -1 is the longest */
        mpz_sub_ui(out, out, 1);
        mpz_fdiv_q_2exp(out, out, BLOCK);
        mpz_mul_2exp(out, out, BLOCK);
        mpz_add_ui(out, out, 1);
        break;
    default: /* -1 modulo 2^416: N is that multiple itself */
        mpz_set_ui(out, 3);
        mpz_mul_2exp(out, out, bits - 2);
        mpz_sub_ui(out, out, 1);
        break;
    }
    mpz_clear(top);
    return 6;
}

static void put_limbs(const struct rig *r, const mpz_t x, uint64_t *limbs)
{
    memset(limbs, 0, TLP_IFMA_LIMBS_MAX * sizeof(*limbs));
    assert_true(mpz_sizeinbase(x, 2) <= tlp_ifma_limbs(r->ring.ifma) * LIMB);
    (void)mpz_export(limbs, NULL, -1, sizeof(*limbs), 0, 64 - LIMB, x);
}

/* n squarings of the limbs of x, each of them against GMP's result and the promised ranges.
 * Returns: how many went to GMP inside. */
static uint64_t check_limbs(const struct rig *r, const mpz_t x, uint64_t n)
{
    uint64_t limbs[TLP_IFMA_LIMBS_MAX];
    size_t count = tlp_ifma_limbs(r->ring.ifma);
    mpz_t want, got;
    mpz_init(want);
    mpz_init(got);
    put_limbs(r, x, limbs);
    uint64_t redone = tlp_ifma_square(r->ring.ifma, limbs, n);
    for (size_t i = 0; i < count; i++) {
        assert_true(limbs[i] >> LIMB == 0);
    }
    mpz_import(got, count, -1, sizeof(limbs[0]), 0, 64 - LIMB, limbs);
    if (n > 0) {
        mpz_mul_ui(want, r->ring.n, 201);
        mpz_fdiv_q_ui(want, want, 100);
        assert_true(mpz_cmp(got, want) < 0);
    }
    /* x^(2^n) = got * R^(2^n - 1) */
    mpz_t exp, factor;
    mpz_init(exp);
    mpz_init(factor);
    if (n == 1) {
        mpz_mul(want, x, x);
        mpz_mul_2exp(got, got, count * LIMB);
    } else {
        mpz_setbit(exp, n);
        mpz_powm(want, x, exp, r->ring.n);
        mpz_sub_ui(exp, exp, 1);
        mpz_setbit(factor, count * LIMB);
        mpz_powm(factor, factor, exp, r->ring.n);
        mpz_mul(got, got, factor);
    }
    assert_true(mpz_congruent_p(got, want, r->ring.n));
    mpz_clear(exp);
    mpz_clear(factor);
    mpz_clear(want);
    mpz_clear(got);
    return redone;
}

/* A chain over Montgomery forms by one kernel. In: 0 <= x < N. */
static void check_chain(struct rig *r, enum tlp_kernel kernel, const mpz_t x, uint64_t n)
{
    mpz_t got, want, exp;
    mpz_init(got);
    mpz_init(want);
    mpz_init(exp);
    tlp_bn_from_mpz(&r->work, r->x, x);
    tlp_square_chain_by(&r->work, kernel, r->x, n);
    assert_int_equal(r->work.err, 0);
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    assert_int_equal(BN_bn2binpad(r->x, raw, (int)r->ring.bytes), (int)r->ring.bytes);
    tlp_mpz_from_bytes(got, bytes_of(raw, r->ring.bytes));
    assert_true(mpz_cmp(got, r->ring.n) < 0);
    /* got / 2^bits = (x / 2^bits)^(2^n) */
    if (n == 1) {
        mpz_mul(want, x, x);
        mpz_mul_2exp(got, got, r->ring.bits);
        assert_true(mpz_congruent_p(got, want, r->ring.n));
    } else {
        mpz_setbit(want, r->ring.bits);
        assert_int_not_equal(mpz_invert(exp, want, r->ring.n), 0);
        mpz_mul(got, got, exp);
        mpz_mul(want, x, exp);
        mpz_mod(want, want, r->ring.n);
        mpz_set_ui(exp, 0);
        mpz_setbit(exp, n);
        mpz_powm(want, want, exp, r->ring.n);
        assert_true(mpz_congruent_p(got, want, r->ring.n));
    }
    mpz_clear(got);
    mpz_clear(want);
    mpz_clear(exp);
}

static bool has_ifma(void)
{
    if (!tlp_ifma_supported()) {
        print_message("SKIP: no AVX-512 IFMA here, or valgrind hides it\n");
        return false;
    }
    return true;
}

static void test_each_kernel_squares_random_numbers_modulo_random_moduli_like_gmp(void **state)
{
    (void)state;
    const bool ifma = has_ifma();
    const unsigned rounds = ifma ? 100 : 5, each = 1000;
    mpz_t n, x;
    mpz_init(n);
    mpz_init(x);
    for (size_t i = 0; i < 3; i++) {
        struct prng prng;
        prng_init(&prng, sizes[i], "kernel moduli");
        for (unsigned round = 0; round < rounds; round++) {
            struct rig r;
            random_modulus(&prng, sizes[i], n);
            rig_init(&r, sizes[i], n);
            for (unsigned k = 0; k < each; k++) {
                random_bits(&prng, sizes[i] + 2, x);
                if (mpz_cmp(x, n) >= 0) {
                    mpz_mod(x, x, n);
                }
                check_chain(&r, TLP_KERNEL_OPENSSL, x, 1);
                if (ifma) {
                    check_chain(&r, TLP_KERNEL_IFMA, x, 1);
                    if (k % 2 == 0) { /* up to 4 N */
                        mpz_addmul_ui(x, n, 1 + k % 3);
                    }
                    (void)check_limbs(&r, x, 1);
                }
            }
            rig_fini(&r);
        }
    }
    mpz_clear(n);
    mpz_clear(x);
}

/* 0, 1, multiples of N and their neighbours, and every 2^(52 k) with its neighbours. Returns:
 * whether there is a number i below 4 N; `out` is it. */
static bool edge_input(const mpz_t n, size_t i, mpz_t out)
{
    static const int offsets[] = {-1, 0, 1};
    const int offset = offsets[i % 3];
    const size_t k = i / 3;
    mpz_set_ui(out, 0);
    if (k < 5) {
        mpz_mul_ui(out, n, k);
    } else {
        mpz_setbit(out, (k - 5) * LIMB);
    }
    if (offset < 0) {
        mpz_sub_ui(out, out, 1);
    } else {
        mpz_add_ui(out, out, (unsigned)offset);
    }
    return k < 5 || mpz_sizeinbase(out, 2) <= mpz_sizeinbase(n, 2) + 2;
}

static void check_edges(uint32_t bits, const mpz_t n, uint64_t *redone)
{
    struct rig r;
    mpz_t x, most;
    mpz_init(x);
    mpz_init(most);
    mpz_mul_ui(most, n, 4);
    rig_init(&r, bits, n);
    for (size_t i = 0; edge_input(n, i, x); i++) {
        if (mpz_sgn(x) < 0 || mpz_cmp(x, most) >= 0) {
            continue;
        }
        if (r.ring.ifma != NULL) {
            *redone += check_limbs(&r, x, 1) + check_limbs(&r, x, 5);
        }
        if (mpz_cmp(x, n) < 0) {
            check_chain(&r, TLP_KERNEL_OPENSSL, x, 1);
            check_chain(&r, TLP_KERNEL_AUTO, x, 1);
            if (r.ring.ifma != NULL) {
                check_chain(&r, TLP_KERNEL_IFMA, x, 1);
            }
        }
    }
    rig_fini(&r);
    mpz_clear(x);
    mpz_clear(most);
}

static void test_edge_numbers_square_like_gmp_modulo_edge_moduli(void **state)
{
    (void)state;
    uint64_t redone = 0;
    mpz_t n;
    mpz_init(n);
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < edge_modulus(sizes[i], k, n); k++) {
            assert_true(mpz_odd_p(n) && mpz_sizeinbase(n, 2) == sizes[i]);
            check_edges(sizes[i], n, &redone);
        }
        struct tlp_modulus m = fix_modulus(sizes[i]);
        tlp_mpz_from_bytes(n, bytes_of(m.n, sizes[i] / 8));
        check_edges(sizes[i], n, &redone);
    }
    mpz_clear(n);
    if (has_ifma()) {
        assert_true(redone > 0); /* limbs of all ones ripple */
    }
}

/* x with x^2 = a modulo 2^bits, for a = 1 modulo 8, by Newton's iteration for 1/sqrt(a). */
static void root_2adic(const mpz_t a, size_t bits, mpz_t x)
{
    mpz_t t;
    mpz_init(t);
    mpz_set_ui(x, 1);
    for (size_t exact = 3; exact < bits + 4; exact = 2 * exact - 2) {
        mpz_mul(t, x, x);
        mpz_mul(t, t, a);
        mpz_ui_sub(t, 3, t);
        mpz_mul(x, x, t);
        mpz_fdiv_q_2exp(x, x, 1);
        mpz_fdiv_r_2exp(x, x, bits + 4);
    }
    mpz_mul(x, x, a);
    mpz_fdiv_r_2exp(x, x, bits);
    mpz_mul(t, x, x);
    mpz_sub(t, t, a);
    assert_true(mpz_divisible_2exp_p(t, bits));
    mpz_clear(t);
}

/* A number whose reduction has small limbs in the quotient of stage `stage`: the carry into them
 * overflows once more. The quotients q_0, q_1, ... of the stages make x^2 + sum q_i M_i 2^(416 i) a
 * multiple of R, with M_i = M but for the last, where it is N. */
static void quotient_input(struct rig *r, size_t stage, mpz_t x)
{
    const size_t stages = tlp_ifma_limbs(r->ring.ifma) / 8;
    mpz_t m, q, block, t;
    mpz_init(m);
    mpz_init(q);
    mpz_init(block);
    mpz_init(t);
    mpz_setbit(t, BLOCK);
    assert_int_not_equal(mpz_invert(m, r->ring.n, t), 0);
    mpz_sub(m, t, m);
    mpz_mul(m, m, r->ring.n);
    for (size_t i = 0; i < stages; i++) {
        random_bits(&r->prng, BLOCK, block);
        for (size_t limb = 1; i == stage && limb < 3; limb++) { /* both zero */
            for (size_t bit = 0; bit < LIMB; bit++) {
                mpz_clrbit(block, limb * LIMB + bit);
            }
        }
        if (i == 0) { /* -q_0 M must be 1 modulo 8, and M is -1 */
            mpz_setbit(block, 0);
            mpz_clrbit(block, 1);
            mpz_clrbit(block, 2);
        }
        mpz_mul(t, block, i + 1 < stages ? m : r->ring.n);
        mpz_mul_2exp(t, t, i * BLOCK);
        mpz_sub(q, q, t);
    }
    const size_t bits = r->ring.bits;
    mpz_fdiv_r_2exp(q, q, bits);
    root_2adic(q, bits, x);
    mpz_clear(m);
    mpz_clear(q);
    mpz_clear(block);
    mpz_clear(t);
}

static void test_every_stage_of_the_reduction_notices_a_carry_too_many(void **state)
{
    (void)state;
    if (!has_ifma()) {
        skip();
    }
    mpz_t n, x;
    mpz_init(n);
    mpz_init(x);
    for (size_t i = 0; i < 3; i++) {
        struct prng prng;
        prng_init(&prng, sizes[i], "stage moduli");
        random_modulus(&prng, sizes[i], n);
        struct rig r;
        rig_init(&r, sizes[i], n);
        /* Of the last stage of 3072 bits such an x is too short to reach the low limbs. */
        for (size_t stage = 0;
             (stage + 1) * BLOCK < sizes[i] || stage * BLOCK + 3 * LIMB < sizes[i]; stage++) {
            for (unsigned k = 0; k < 20; k++) {
                quotient_input(&r, stage, x);
                assert_int_equal(check_limbs(&r, x, 1), 1);
                (void)check_limbs(&r, x, 3); /* and goes on from there */
            }
        }
        rig_fini(&r);
    }
    mpz_clear(n);
    mpz_clear(x);
}

/* Modulo a prime that is 3 modulo 4, one of y and -y has the root y^((N+1)/4). */
static void test_a_result_with_empty_limbs_comes_out_right(void **state)
{
    (void)state;
    if (!has_ifma()) {
        skip();
    }
    uint64_t redone = 0;
    mpz_t n, y, x, t;
    mpz_init(n);
    mpz_init(y);
    mpz_init(x);
    mpz_init(t);
    struct prng prng;
    prng_init(&prng, 1024, "prime modulus");
    random_modulus(&prng, 1024, n);
    do {
        mpz_nextprime(n, n);
    } while (mpz_fdiv_ui(n, 4) != 3);
    struct rig r;
    rig_init(&r, 1024, n);
    const size_t limbs = tlp_ifma_limbs(r.ring.ifma);
    for (size_t k = 0; k < 60; k++) {
        /* Results are mostly between N and 2 N, so that is where two limbs are empty. */
        random_bits(&r.prng, 1023, y);
        mpz_add(y, y, n);
        for (size_t bit = 0; bit < 2 * LIMB; bit++) {
            mpz_clrbit(y, (1 + k % 17) * LIMB + bit);
        }
        mpz_mul_2exp(t, y, limbs * LIMB); /* times R: the square to be reduced */
        mpz_add_ui(x, n, 1);
        mpz_fdiv_q_2exp(x, x, 2);
        mpz_powm(x, t, x, n);
        redone += check_limbs(&r, x, 1);
        mpz_add(x, x, n);
        redone += check_limbs(&r, x, 1);
    }
    assert_true(redone > 0);
    rig_fini(&r);
    mpz_clear(n);
    mpz_clear(y);
    mpz_clear(x);
    mpz_clear(t);
}

static void test_chains_of_any_length_agree_between_the_kernels_and_with_gmp(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {0, 1, 2, 3, 7, 8, 9, 1000};
    const bool ifma = has_ifma();
    mpz_t n, x;
    mpz_init(n);
    mpz_init(x);
    for (size_t i = 0; i < 3; i++) {
        struct tlp_modulus m = fix_modulus(sizes[i]);
        struct rig r;
        tlp_mpz_from_bytes(n, bytes_of(m.n, sizes[i] / 8));
        rig_init(&r, sizes[i], n);
        assert_int_equal(tlp_kernel_runs(&r.ring, TLP_KERNEL_IFMA), ifma);
        for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
            random_bits(&r.prng, sizes[i] - 1, x);
            check_chain(&r, TLP_KERNEL_AUTO, x, lengths[k]);
            check_chain(&r, TLP_KERNEL_OPENSSL, x, lengths[k]);
            if (ifma) {
                check_chain(&r, TLP_KERNEL_IFMA, x, lengths[k]);
                (void)check_limbs(&r, x, lengths[k]);
            }
        }
        rig_fini(&r);
    }
    mpz_clear(n);
    mpz_clear(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kernel_squares_random_numbers_modulo_random_moduli_like_gmp),
        cmocka_unit_test(test_edge_numbers_square_like_gmp_modulo_edge_moduli),
        cmocka_unit_test(test_every_stage_of_the_reduction_notices_a_carry_too_many),
        cmocka_unit_test(test_a_result_with_empty_limbs_comes_out_right),
        cmocka_unit_test(test_chains_of_any_length_agree_between_the_kernels_and_with_gmp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
