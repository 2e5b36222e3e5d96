/* Zipf's law in whole numbers: the weights against what they must be, the draws against the
 * weights. */
#include "common/base/wire.h"
#include "lockstep/generate/gen_zipf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct gen_zipf make(uint32_t n, uint32_t centi)
{
    struct gen_zipf z;
    assert_int_equal(gen_zipf_init(&z, n, centi), 0);
    return z;
}

/* |found * by - GEN_ZIPF_ONE| is within rounding, and 2^-16 of it. */
static void assert_weight(uint64_t found, uint64_t by)
{
    u128 product = (u128)found * by;
    u128 apart = product > GEN_ZIPF_ONE ? product - GEN_ZIPF_ONE : GEN_ZIPF_ONE - product;
    assert_true(apart <= (u128)by * 2 + (GEN_ZIPF_ONE >> 16));
}

static void weights_with_exponent_0_are_equal(void **state)
{
    struct gen_zipf z = make(1000, 0);
    for (uint32_t i = 0; i < z.n; i++) {
        assert_int_equal(gen_zipf_weight(&z, i), GEN_ZIPF_ONE);
    }
    gen_zipf_fini(&z);
}

static void weights_fall_with_the_power_of_the_rank(void **state)
{
    for (uint32_t power = 1; power <= 3; power++) {
        struct gen_zipf z = make(GEN_ZIPF_RANKS_MAX, power * 100);
        for (uint32_t i = 0; i < z.n; i++) {
            uint64_t by = 1;
            for (uint32_t p = 0; p < power; p++) {
                by *= i + 1;
            }
            assert_weight(gen_zipf_weight(&z, i), by);
        }
        gen_zipf_fini(&z);
    }
}

static void the_square_of_exponent_one_half_is_exponent_1(void **state)
{
    struct gen_zipf z = make(5000, 50);
    for (uint32_t i = 0; i < z.n; i++) {
        uint64_t w = gen_zipf_weight(&z, i) >> 16; /* 32 fractional bits */
        u128 product = (u128)w * w * (i + 1);
        u128 one = (u128)1 << 64;
        u128 apart = product > one ? product - one : one - product;
        assert_true(apart <= one >> 16);
    }
    gen_zipf_fini(&z);
}

static void weights_never_rise_and_never_vanish(void **state)
{
    for (uint32_t centi = 0; centi <= GEN_ZIPF_CENTI_MAX; centi += 17) {
        struct gen_zipf z = make(GEN_ZIPF_RANKS_MAX, centi);
        assert_int_equal(gen_zipf_weight(&z, 0), GEN_ZIPF_ONE);
        for (uint32_t i = 1; i < z.n; i++) {
            assert_true(gen_zipf_weight(&z, i) <= gen_zipf_weight(&z, i - 1));
            assert_true(gen_zipf_weight(&z, i) >= 1);
        }
        gen_zipf_fini(&z);
    }
}

/* The seed is fixed, so this passes always or never; by chance alone one draw count in 15,000 is
 * more than four standard deviations off. */
static void draws_come_as_often_as_their_weights_say(void **state)
{
    enum { RANKS = 50, DRAWS = 200000 };
    static const uint32_t exponents[] = {0, 80, 120, 250};
    for (size_t e = 0; e < sizeof(exponents) / sizeof(exponents[0]); e++) {
        struct gen_zipf z = make(RANKS, exponents[e]);
        struct prng p;
        uint64_t counts[RANKS] = {0};
        prng_init(&p, 7, "frequencies");
        for (int i = 0; i < DRAWS; i++) {
            uint32_t index = gen_zipf_draw(&z, &p);
            assert_true(index < RANKS);
            counts[index]++;
        }
        uint64_t total = z.below[RANKS - 1];
        for (uint32_t i = 0; i < RANKS; i++) {
            /* (count - mean)^2 <= 16 * variance, and the variance is below the mean */
            uint64_t mean = (uint64_t)((u128)gen_zipf_weight(&z, i) * DRAWS / total);
            uint64_t apart = counts[i] > mean ? counts[i] - mean : mean - counts[i];
            assert_true(apart * apart <= 16 * (mean + 1));
        }
        gen_zipf_fini(&z);
    }
}

static void one_rank_is_always_drawn(void **state)
{
    struct gen_zipf z = make(1, 120);
    struct prng p;
    prng_init(&p, 1, "one");
    for (int i = 0; i < 100; i++) {
        assert_int_equal(gen_zipf_draw(&z, &p), 0);
    }
    gen_zipf_fini(&z);
}

/* Computed by another program with 60 decimal digits: 2^48 / (k^1.2), rounded down. */
static void weights_agree_with_decimal_arithmetic(void **state)
{
    static const struct {
        uint32_t index;
        uint64_t weight;
    } known[] = {{0, UINT64_C(281474976710656)}, {1, UINT64_C(122519099764612)},
                 {2, UINT64_C(75317220800378)},  {9, UINT64_C(17759870384297)},
                 {96, UINT64_C(1162287884337)},  {999, UINT64_C(70703317480)},
                 {9999, UINT64_C(4461077744)}};
    struct gen_zipf z = make(10000, 120);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint64_t found = gen_zipf_weight(&z, known[i].index);
        uint64_t exact = known[i].weight;
        uint64_t apart = found > exact ? found - exact : exact - found;
        assert_true(apart <= exact / 1000000 + 1);
    }
    gen_zipf_fini(&z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_with_exponent_0_are_equal),
        cmocka_unit_test(weights_fall_with_the_power_of_the_rank),
        cmocka_unit_test(the_square_of_exponent_one_half_is_exponent_1),
        cmocka_unit_test(weights_never_rise_and_never_vanish),
        cmocka_unit_test(weights_agree_with_decimal_arithmetic),
        cmocka_unit_test(draws_come_as_often_as_their_weights_say),
        cmocka_unit_test(one_rank_is_always_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
