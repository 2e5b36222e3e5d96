/* Gas by Ethereum's published rules and examples. */
#include "common/protocol/pro_gas.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The table of EIP-2565, column "EIP-2565 Pricing". The lengths are those of the inputs that the
 * EIP names: a base, and a modulus as long, of 64 to 1024 bytes; exponents 2, 3 and 0x10001. */
static void test_modexp_costs_what_the_table_of_eip_2565_says(void **state)
{
    static const struct {
        size_t bytes;
        uint64_t square, cube, pow_10001;
    } nagydani[] = {
        {64, 200, 200, 341},      {128, 200, 200, 1365},     {256, 341, 341, 5461},
        {512, 1365, 1365, 21845}, {1024, 5461, 5461, 87381},
    };
    for (size_t i = 0; i < sizeof(nagydani) / sizeof(nagydani[0]); i++) {
        size_t bytes = nagydani[i].bytes;
        assert_int_equal(pro_gas_modexp(bytes, 2, bytes), nagydani[i].square);
        assert_int_equal(pro_gas_modexp(bytes, 2, bytes), nagydani[i].cube);
        assert_int_equal(pro_gas_modexp(bytes, 17, bytes), nagydani[i].pow_10001);
    }
    /* eip_example1 and 2: base 3 of one byte, and none; exponent 2^256 - 2^32 - 978. */
    assert_int_equal(pro_gas_modexp(1, 256, 32), 1360);
    assert_int_equal(pro_gas_modexp(0, 256, 32), 1360);
}

/* The rule itself, on an exponent written out: iterations of a long exponent are 8 per byte behind
 * the first 32 and the place of the highest bit in those. */
static uint64_t modexp_by_rule(size_t bytes, const uint8_t *exponent, size_t len)
{
    size_t head = len < 32 ? len : 32;
    uint64_t bits = 0;
    for (size_t i = 0; i < 8 * head && bits == 0; i++) {
        if ((exponent[i / 8] >> (7 - i % 8) & 1) != 0) {
            bits = 8 * head - i;
        }
    }
    uint64_t count = (len > 32 ? 8 * ((uint64_t)len - 32) : 0) + (bits > 0 ? bits - 1 : 0);
    uint64_t words = (bytes + 7) / 8;
    uint64_t gas = words * words * (count > 0 ? count : 1) / 3;
    return gas > 200 ? gas : 200;
}

static void test_modexp_of_any_exponent_costs_what_the_rule_says(void **state)
{
    static const size_t moduli[] = {1, 8, 9, 128, 256, 384};
    for (size_t bits = 1; bits <= 1024; bits++) {
        uint8_t exponent[128] = {0};
        size_t len = (bits + 7) / 8;
        exponent[0] = (uint8_t)(1u << ((bits - 1) % 8));
        for (size_t i = 0; i < sizeof(moduli) / sizeof(moduli[0]); i++) {
            assert_int_equal(pro_gas_modexp(moduli[i], bits, moduli[i]),
                             modexp_by_rule(moduli[i], exponent, len));
        }
    }
    assert_int_equal(pro_gas_modexp(32, 0, 32), 200);
    assert_int_equal(pro_gas_modexp(8, 256, 32), pro_gas_modexp(32, 256, 8));
}

/* EIP-2028: 16 per byte that is not zero; 4 per zero, as before. */
static void test_calldata_is_16_per_byte_and_4_per_zero(void **state)
{
    static const uint8_t data[] = {0, 1, 0, 255, 128, 0};
    assert_int_equal(pro_gas_calldata(bytes_of(NULL, 0)), 0);
    assert_int_equal(pro_gas_calldata(bytes_of(data, sizeof(data))), 3 * 16 + 3 * 4);
    assert_int_equal(pro_gas_calldata(bytes_of(data, 1)), 4);
    assert_int_equal(pro_gas_calldata(bytes_of(data + 1, 1)), 16);
}

/* The yellow paper, appendix G: Gkeccak256 = 30, Gkeccak256word = 6, words rounded up. */
static void test_keccak_is_30_and_6_per_word(void **state)
{
    assert_int_equal(pro_gas_keccak(0), 30);
    assert_int_equal(pro_gas_keccak(1), 36);
    assert_int_equal(pro_gas_keccak(32), 36);
    assert_int_equal(pro_gas_keccak(33), 42);
    assert_int_equal(pro_gas_keccak(1024), 30 + 6 * 32);
}

/* Appendix G: Gtransaction; appendix E: ecrecover. EIP-4844: POINT_EVALUATION_PRECOMPILE_GAS. */
static void test_constants_are_ethereums(void **state)
{
    assert_int_equal(PRO_GAS_TRANSACTION, 21000);
    assert_int_equal(PRO_GAS_ECRECOVER, 3000);
    assert_int_equal(PRO_GAS_POINT_EVALUATION, 50000);
    assert_int_equal(pro_gas_sha256(0), 60);
    assert_int_equal(pro_gas_sha256(48), 60 + 2 * 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modexp_costs_what_the_table_of_eip_2565_says),
        cmocka_unit_test(test_modexp_of_any_exponent_costs_what_the_rule_says),
        cmocka_unit_test(test_calldata_is_16_per_byte_and_4_per_zero),
        cmocka_unit_test(test_keccak_is_30_and_6_per_word),
        cmocka_unit_test(test_constants_are_ethereums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
