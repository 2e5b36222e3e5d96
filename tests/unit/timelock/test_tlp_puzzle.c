/* Lock, admit, solve, open: round trips, agreement with the model, every refusal. */
#include "common/crypto/aead.h"
#include "tests/unit/timelock/fixture.h"

static void check_round_trip(uint32_t bits, enum tlp_profile profile)
{
    struct tlp_params *params = fix_params(bits, 300, true);
    struct tlp_puzzle_out out = fix_lock(params, profile, "round trip");
    struct tlp_puzzle p = tlp_puzzle_view(&out);
    assert_int_equal(p.u.len, bits / 8);
    assert_int_equal(p.q.len, bits / 8);
    assert_int_equal(p.proof.len, tlp_proof_bytes(params, profile, 2));
    assert_int_equal(p.ct.len, PLAIN.len + AEAD_TAG_BYTES);
    enum tlp_profile stated;
    assert_int_equal(tlp_puzzle_profile(&p, &stated), 0);
    assert_int_equal(stated, profile);
    assert_int_equal(tlp_verify(params, CTX, &p), 0);

    struct buf w = {0}, plain = {0};
    uint64_t squared = 0;
    assert_int_equal(tlp_solve(params, TLP_SEQUENTIAL, p.u, &w, &squared), 0);
    assert_int_equal(squared, 300);
    assert_int_equal(tlp_check_opening(params, p.u, p.q, buf_view(&w)), 0);
    assert_int_equal(tlp_open(params, CTX, &p, buf_view(&w), &plain), 0);
    assert_true(bytes_equal(buf_view(&plain), PLAIN));
    buf_fini(&w);
    buf_fini(&plain);
    tlp_puzzle_fini(&out);
    tlp_params_destroy(&params);
}

static void test_round_trip_1024_full(void **state)
{
    check_round_trip(1024, TLP_FULL);
}

static void test_round_trip_1024_short(void **state)
{
    check_round_trip(1024, TLP_SHORT);
}

static void test_round_trip_2048_full(void **state)
{
    check_round_trip(2048, TLP_FULL);
}

static void test_round_trip_2048_short(void **state)
{
    check_round_trip(2048, TLP_SHORT);
}

static void test_round_trip_3072_full(void **state)
{
    check_round_trip(3072, TLP_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_1024_full), cmocka_unit_test(test_round_trip_1024_short),
        cmocka_unit_test(test_round_trip_2048_full), cmocka_unit_test(test_round_trip_2048_short),
        cmocka_unit_test(test_round_trip_3072_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
