/* The squaring kernels against GMP: random and edge inputs, every size, and each other. */
#include "common/crypto/timelock/tlp_ifma.h"
#include "common/crypto/timelock/tlp_int.h"
#include "tests/unit/timelock/fixture.h"

#define RANDOM_INPUTS 100000
#define RANDOM_MODULI 200

static const uint32_t sizes[] = {1024, 2048, 3072};

static void need_ifma(void)
{
    if (!tlp_ifma_available()) {
        print_message("this machine has no AVX-512 IFMA\n");
        skip();
    }
}

/* ---- The kernel alone ---- */

/* One modulus, and what follows from it. */
struct bench {
    uint32_t bits;
    mpz_t n, twice, most, inverse_radix; /* 2N, 2.01 N, 1/R mod N */
    struct tlp_ifma *k;
};

static void bench_init(struct bench *b, uint32_t bits, const mpz_t n)
{
    b->bits = bits;
    mpz_init_set(b->n, n);
    mpz_init(b->twice);
    mpz_mul_ui(b->twice, n, 2);
    mpz_init(b->most);
    mpz_mul_ui(b->most, n, 201);
    mpz_fdiv_q_ui(b->most, b->most, 100);
    mpz_init_set_ui(b->inverse_radix, 1);
    assert_int_equal(tlp_ifma_new(bits, n, &b->k), 0);
    mpz_mul_2exp(b->inverse_radix, b->inverse_radix, tlp_ifma_radix_bits(b->k));
    assert_true(mpz_invert(b->inverse_radix, b->inverse_radix, n) != 0);
}

static void bench_fini(struct bench *b)
{
    mpz_clear(b->n);
    mpz_clear(b->twice);
    mpz_clear(b->most);
    mpz_clear(b->inverse_radix);
    tlp_ifma_destroy(&b->k);
}

static void put(const mpz_t x, struct tlp_ifma_number *out)
{
    uint8_t raw[TLP_IFMA_BYTES_MAX] = {0};
    mpz_export(raw, NULL, -1, 1, -1, 0, x);
    tlp_ifma_from_bytes(bytes_of(raw, sizeof(raw)), out);
}

static void get(const struct bench *b, const struct tlp_ifma_number *x, mpz_t out)
{
    uint8_t raw[TLP_IFMA_BYTES_MAX];
    tlp_ifma_to_bytes(b->k, x, raw);
    mpz_import(out, sizeof(raw), -1, 1, -1, 0, raw);
}

/* n squarings of x, below 2N, by the kernel and by GMP. */
static void expect_squares(const struct bench *b, const mpz_t x, uint64_t n)
{
    struct tlp_ifma_number number;
    struct tlp_ifma_scratch scratch;
    mpz_t want, got;
    mpz_init_set(want, x);
    mpz_init(got);
    for (uint64_t i = 0; i < n; i++) {
        mpz_mul(want, want, want);
        mpz_mul(want, want, b->inverse_radix);
        mpz_mod(want, want, b->n);
    }
    put(x, &number);
    tlp_ifma_square_mul(b->k, &scratch, &number, n, NULL);
    get(b, &number, got);
    if (n == 0) {
        assert_int_equal(mpz_cmp(got, x), 0);
    } else {
        assert_true(mpz_cmp(got, b->most) < 0);
        mpz_mod(got, got, b->n);
        if (mpz_cmp(got, want) != 0) {
            gmp_printf("N = %Zx\nx = %Zx\n", b->n, x);
        }
        assert_int_equal(mpz_cmp(got, want), 0);
    }
    mpz_clear(want);
    mpz_clear(got);
}

/* a*b, both below 2N, by the kernel and by GMP. */
static void expect_product(const struct bench *b, const mpz_t x, const mpz_t y)
{
    struct tlp_ifma_number a, c, out;
    struct tlp_ifma_scratch scratch;
    mpz_t want, got;
    mpz_init(want);
    mpz_init(got);
    mpz_mul(want, x, y);
    mpz_mul(want, want, b->inverse_radix);
    mpz_mod(want, want, b->n);
    put(x, &a);
    put(y, &c);
    out = a;
    tlp_ifma_square_mul(b->k, &scratch, &out, 0, &c);
    get(b, &out, got);
    assert_true(mpz_cmp(got, b->most) < 0);
    mpz_mod(got, got, b->n);
    assert_int_equal(mpz_cmp(got, want), 0);
    if (mpz_cmp(x, y) == 0) { /* by itself, and after a squaring */
        tlp_ifma_square_mul(b->k, &scratch, &c, 0, &c);
        assert_memory_equal(c.limbs, out.limbs, (size_t)8 * b->k->vectors * 8);
        tlp_ifma_square_mul(b->k, &scratch, &out, 0, &a);
        put(x, &c);
        tlp_ifma_square_mul(b->k, &scratch, &c, 1, &a);
        get(b, &c, got);
        get(b, &out, want);
        mpz_mod(got, got, b->n);
        mpz_mod(want, want, b->n);
        assert_int_equal(mpz_cmp(got, want), 0);
    }
    mpz_clear(want);
    mpz_clear(got);
}

/* An odd number of exactly `bits` bits. */
static void random_modulus(gmp_randstate_t rnd, uint32_t bits, mpz_t n)
{
    mpz_urandomb(n, rnd, bits);
    mpz_setbit(n, bits - 1);
    mpz_setbit(n, 0);
}

static void test_random_numbers_are_squared_and_multiplied_as_gmp_does(void **state)
{
    (void)state;
    need_ifma();
    gmp_randstate_t rnd;
    mpz_t n, x, y;
    gmp_randinit_default(rnd);
    gmp_randseed_ui(rnd, 2601);
    mpz_init(n);
    mpz_init(y);
    mpz_init(x);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int m = 0; m < RANDOM_MODULI; m++) {
            struct bench b;
            random_modulus(rnd, sizes[i], n);
            bench_init(&b, sizes[i], n);
            for (int k = 0; k < RANDOM_INPUTS / RANDOM_MODULI; k++) {
                mpz_urandomm(x, rnd, b.twice);
                expect_squares(&b, x, 1);
                mpz_urandomm(y, rnd, b.twice);
                expect_product(&b, x, y);
            }
            bench_fini(&b);
        }
    }
    mpz_clear(n);
    mpz_clear(x);
    mpz_clear(y);
    gmp_randclear(rnd);
}

/* Long runs of ones and zeros make carries run through every limb and over every vector. */
static void test_numbers_of_long_runs_are_squared_as_gmp_does(void **state)
{
    (void)state;
    need_ifma();
    gmp_randstate_t rnd;
    mpz_t n, x;
    gmp_randinit_default(rnd);
    gmp_randseed_ui(rnd, 52);
    mpz_init(n);
    mpz_init(x);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int m = 0; m < 100; m++) {
            struct bench b;
            mpz_rrandomb(n, rnd, sizes[i]);
            mpz_setbit(n, sizes[i] - 1);
            mpz_setbit(n, 0);
            bench_init(&b, sizes[i], n);
            for (int k = 0; k < 100; k++) {
                mpz_rrandomb(x, rnd, 1 + gmp_urandomm_ui(rnd, sizes[i]));
                mpz_mod(x, x, b.twice);
                expect_squares(&b, x, 1);
                mpz_sub(x, b.twice, x);
                mpz_sub_ui(x, x, 1);
                expect_product(&b, x, x);
            }
            bench_fini(&b);
        }
    }
    mpz_clear(n);
    mpz_clear(x);
    gmp_randclear(rnd);
}

/* The edges of one modulus. */
static void expect_edges(const struct bench *b)
{
    static const int around[] = {-2, -1, 0, 1, 2};
    mpz_t x, base;
    mpz_init(x);
    mpz_init(base);
    for (unsigned long e = 0; e < 4; e++) { /* near 0, N, 2N */
        mpz_mul_ui(base, b->n, e < 3 ? e : 1);
        for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
            if (e == 3) {
                mpz_fdiv_q_2exp(x, base, 1); /* near N/2 */
                mpz_add_ui(x, x, (unsigned long)i);
            } else if (around[i] < 0) {
                mpz_sub_ui(x, base, (unsigned long)-around[i]);
            } else {
                mpz_add_ui(x, base, (unsigned long)around[i]);
            }
            if (mpz_sgn(x) >= 0 && mpz_cmp(x, b->twice) < 0) {
                expect_product(b, x, x);
                expect_squares(b, x, 1);
                expect_squares(b, x, 3);
            }
        }
    }
    for (uint32_t bit = 0; bit < b->bits; bit++) { /* 2^k - 1, 2^k, and all ones below 2N */
        mpz_set_ui(x, 0);
        mpz_setbit(x, bit);
        expect_squares(b, x, 1);
        mpz_sub_ui(x, x, 1);
        expect_squares(b, x, 1);
    }
    mpz_clear(x);
    mpz_clear(base);
}

static void test_the_edges_are_squared_as_gmp_does(void **state)
{
    (void)state;
    need_ifma();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        mpz_t n;
        mpz_init(n);
        for (int which = 0; which < 6; which++) {
            struct bench b;
            mpz_set_ui(n, 0);
            mpz_setbit(n, which < 3 ? sizes[i] : sizes[i] - 1);
            if (which < 3) { /* 2^bits - 1, - 3, and with a hole in every limb */
                mpz_sub_ui(n, n, which == 0 ? 1 : 3);
                for (uint32_t bit = 30; which == 2 && bit < sizes[i]; bit += 52) {
                    mpz_clrbit(n, bit);
                }
            } else { /* 2^(bits-1) + 1, + 3, and with one bit in every limb */
                mpz_add_ui(n, n, which == 3 ? 1 : 3);
                for (uint32_t bit = 51; which == 5 && bit < sizes[i] - 1; bit += 52) {
                    mpz_setbit(n, bit);
                }
            }
            bench_init(&b, sizes[i], n);
            expect_edges(&b);
            bench_fini(&b);
        }
        mpz_clear(n);
    }
}

static void test_chains_of_any_length_are_those_of_gmp(void **state)
{
    static const uint64_t lengths[] = {0, 1, 2, 3, 7, 64, 1000, 1001};
    (void)state;
    need_ifma();
    gmp_randstate_t rnd;
    mpz_t n, x;
    gmp_randinit_default(rnd);
    gmp_randseed_ui(rnd, 1000);
    mpz_init(n);
    mpz_init(x);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bench b;
        random_modulus(rnd, sizes[i], n);
        bench_init(&b, sizes[i], n);
        for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
            mpz_urandomm(x, rnd, b.twice);
            expect_squares(&b, x, lengths[k]);
        }
        bench_fini(&b);
    }
    mpz_clear(n);
    mpz_clear(x);
    gmp_randclear(rnd);
}

static void test_bytes_and_limbs_are_the_same_number(void **state)
{
    uint8_t in[TLP_IFMA_BYTES_MAX];
    uint8_t out[TLP_IFMA_BYTES_MAX];
    struct tlp_ifma_number x;
    (void)state;
    for (size_t i = 0; i < sizeof(in); i++) {
        in[i] = (uint8_t)(i * 151 + 7);
    }
    struct tlp_ifma *k = NULL;
    mpz_t n;
    mpz_init_set_ui(n, 1);
    mpz_mul_2exp(n, n, 3071);
    mpz_setbit(n, 0);
    assert_int_equal(tlp_ifma_new(3072, n, &k), 0);
    tlp_ifma_from_bytes(bytes_of(in, sizeof(in)), &x);
    tlp_ifma_to_bytes(k, &x, out);
    assert_memory_equal(in, out, sizeof(in));
    tlp_ifma_destroy(&k);
    mpz_clear(n);
    for (size_t i = 0; i < TLP_IFMA_LIMBS_MAX; i++) {
        assert_true(x.limbs[i] >> TLP_IFMA_LIMB_BITS == 0);
    }
    tlp_ifma_from_bytes(bytes_of(in, 8), &x);
    assert_int_equal(x.limbs[0], UINT64_C(0x1fa63cc359e07)); /* of 0x2891fa63cc359e07 */
    assert_int_equal(x.limbs[1], 0x289);
    assert_true(x.limbs[2] == 0);
}

/* ---- In the ring ---- */

/* One squaring by OpenSSL's product, which every machine has. */
static void expect_openssl_square(struct tlp_work *work, BIGNUM *a, const mpz_t x)
{
    mpz_t want, got;
    mpz_init(want);
    mpz_init(got);
    mpz_powm_ui(want, x, 2, work->ring->n);
    tlp_to_mont(work, a, x);
    tlp_square_chain_with(work, TLP_KERNEL_OPENSSL, a, 1);
    assert_int_equal(work->err, 0);
    assert_int_equal(BN_from_montgomery(a, a, work->ring->mont, work->ctx), 1);
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    int len = BN_bn2bin(a, raw);
    tlp_mpz_from_bytes(got, bytes_of(raw, (size_t)len));
    assert_int_equal(mpz_cmp(got, want), 0);
    mpz_clear(want);
    mpz_clear(got);
}

static void try_openssl(uint32_t bits, gmp_randstate_t rnd, int inputs)
{
    struct tlp_ring ring;
    struct tlp_work work;
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    mpz_t x;
    mpz_init(x);
    random_modulus(rnd, bits, x);
    tlp_mpz_to_bytes(x, raw, bits / 8);
    assert_int_equal(tlp_ring_init(&ring, bits, raw), 0);
    tlp_work_init(&work, &ring);
    BIGNUM *a = tlp_bn_new(&work);
    for (int i = 0; i < inputs; i++) {
        mpz_urandomm(x, rnd, ring.n);
        expect_openssl_square(&work, a, x);
    }
    for (unsigned long i = 0; i < 4; i++) {
        mpz_set_ui(x, i);
        expect_openssl_square(&work, a, x);
        mpz_sub_ui(x, ring.n, i + 1);
        expect_openssl_square(&work, a, x);
    }
    mpz_clear(x);
    tlp_bn_cleanup(&a);
    tlp_work_fini(&work);
    tlp_ring_fini(&ring);
}

static void test_the_fallback_squares_random_and_edge_numbers_as_gmp_does(void **state)
{
    (void)state;
    gmp_randstate_t rnd;
    gmp_randinit_default(rnd);
    gmp_randseed_ui(rnd, 11);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int m = 0; m < RANDOM_MODULI; m++) {
            try_openssl(sizes[i], rnd, RANDOM_INPUTS / RANDOM_MODULI);
        }
    }
    gmp_randclear(rnd);
}

static void expect_same_chain(uint32_t bits, uint64_t n, gmp_randstate_t rnd)
{
    struct tlp_modulus m = fix_modulus(bits);
    struct tlp_ring ring;
    struct tlp_work work;
    mpz_t x;
    assert_int_equal(tlp_ring_init(&ring, bits, m.n), 0);
    tlp_work_init(&work, &ring);
    BIGNUM *a = tlp_bn_new(&work);
    BIGNUM *b = tlp_bn_new(&work);
    mpz_init(x);
    mpz_urandomm(x, rnd, ring.n);
    tlp_to_mont(&work, a, x);
    tlp_square_chain_with(&work, TLP_KERNEL_OPENSSL, a, n);
    tlp_to_mont(&work, b, x);
    if (ring.ifma != NULL) {
        tlp_square_chain_with(&work, TLP_KERNEL_IFMA, b, n);
        assert_int_equal(BN_cmp(a, b), 0);
    }
    tlp_to_mont(&work, b, x);
    tlp_square_chain(&work, b, n);
    assert_int_equal(work.err, 0);
    assert_int_equal(BN_cmp(a, b), 0);
    for (uint64_t i = 0; i < n; i++) {
        mpz_powm_ui(x, x, 2, ring.n);
    }
    tlp_to_mont(&work, b, x);
    assert_int_equal(BN_cmp(a, b), 0);
    mpz_clear(x);
    tlp_bn_cleanup(&a);
    tlp_bn_cleanup(&b);
    tlp_work_fini(&work);
    tlp_ring_fini(&ring);
    tlp_modulus_wipe(&m);
}

static void test_both_kernels_and_gmp_agree_on_the_moduli_in_use(void **state)
{
    static const uint64_t lengths[] = {0, 1, 2, 7, 8, 9, 500};
    (void)state;
    gmp_randstate_t rnd;
    gmp_randinit_default(rnd);
    gmp_randseed_ui(rnd, 3);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
            expect_same_chain(sizes[i], lengths[k], rnd);
        }
    }
    gmp_randclear(rnd);
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

#define VECTOR_BITS ((size_t)8 * TLP_IFMA_LIMB_BITS)

/* A number whose reduction has two empty limbs in the quotient of stage `stage`: the carry into
 * them overflows once more. The quotients q_0, q_1, ... of the stages make x^2 + sum q_i M_i 2^(416
 * i) a multiple of R, with M_i = M but for the last, where it is N. */
static void quotient_input(const struct bench *b, gmp_randstate_t rnd, size_t stage, mpz_t x)
{
    mpz_t m, rest, q, t;
    mpz_init(m);
    mpz_init(rest);
    mpz_init(q);
    mpz_init(t);
    mpz_setbit(t, VECTOR_BITS);
    assert_int_not_equal(mpz_invert(m, b->n, t), 0);
    mpz_sub(m, t, m);
    mpz_mul(m, m, b->n);
    for (size_t i = 0; i < b->k->vectors; i++) {
        mpz_urandomb(q, rnd, VECTOR_BITS);
        for (size_t bit = 0; i == stage && bit < (size_t)2 * TLP_IFMA_LIMB_BITS; bit++) {
            mpz_clrbit(q, TLP_IFMA_LIMB_BITS + bit);
        }
        if (i == 0) { /* -q_0 M must be 1 modulo 8, and M is -1 */
            mpz_setbit(q, 0);
            mpz_clrbit(q, 1);
            mpz_clrbit(q, 2);
        }
        mpz_mul(t, q, i + 1 < b->k->vectors ? m : b->n);
        mpz_mul_2exp(t, t, i * VECTOR_BITS);
        mpz_sub(rest, rest, t);
    }
    mpz_fdiv_r_2exp(rest, rest, b->bits);
    root_2adic(rest, b->bits, x);
    mpz_clear(m);
    mpz_clear(rest);
    mpz_clear(q);
    mpz_clear(t);
}

/* Returns: the squarings of x, of one, that the vector code does itself. */
static uint64_t square_itself(const struct bench *b, const mpz_t x)
{
    struct tlp_ifma_number number;
    struct tlp_ifma_scratch scratch;
    put(x, &number);
#ifdef __x86_64__
    return b->bits == 1024   ? tlp_ifma_square_3(b->k, &scratch, number.limbs, 1)
           : b->bits == 2048 ? tlp_ifma_square_5(b->k, &scratch, number.limbs, 1)
                             : tlp_ifma_square_8(b->k, &scratch, number.limbs, 1);
#else
    (void)scratch;
    return 0;
#endif
}

static void test_every_stage_of_the_reduction_notices_a_carry_too_many(void **state)
{
    (void)state;
    need_ifma();
    gmp_randstate_t rnd;
    gmp_randinit_default(rnd);
    mpz_t n, x;
    mpz_init(n);
    mpz_init(x);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bench b;
        random_modulus(rnd, sizes[i], n);
        bench_init(&b, sizes[i], n);
        mpz_urandomb(x, rnd, sizes[i] - 1);
        assert_int_equal(square_itself(&b, x), 1);
        /* x is shorter than R: of the last stage it still reaches the low limbs. */
        for (size_t stage = 0; stage * VECTOR_BITS + (size_t)3 * TLP_IFMA_LIMB_BITS < sizes[i];
             stage++) {
            for (unsigned k = 0; k < 20; k++) {
                quotient_input(&b, rnd, stage, x);
                assert_int_equal(square_itself(&b, x), 0);
                expect_squares(&b, x, 1);
                expect_squares(&b, x, 3);
                expect_product(&b, x, x);
            }
        }
        bench_fini(&b);
    }
    mpz_clear(n);
    mpz_clear(x);
    gmp_randclear(rnd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_numbers_are_squared_and_multiplied_as_gmp_does),
        cmocka_unit_test(test_numbers_of_long_runs_are_squared_as_gmp_does),
        cmocka_unit_test(test_the_edges_are_squared_as_gmp_does),
        cmocka_unit_test(test_every_stage_of_the_reduction_notices_a_carry_too_many),
        cmocka_unit_test(test_chains_of_any_length_are_those_of_gmp),
        cmocka_unit_test(test_bytes_and_limbs_are_the_same_number),
        cmocka_unit_test(test_the_fallback_squares_random_and_edge_numbers_as_gmp_does),
        cmocka_unit_test(test_both_kernels_and_gmp_agree_on_the_moduli_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
