/* Byte strings, canonical encoding, generator, arrays. */
#include "common/base/bytes.h"
#include "common/base/prng.h"
#include "common/base/sim_time.h"
#include "common/base/vec.h"
#include "common/base/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_buf_grows_and_remembers_its_limit(void **state)
{
    struct buf b = {.limit = 10};
    buf_append(&b, "12345", 5);
    buf_append(&b, "678901", 6);
    assert_int_equal(b.err, ERR_TOOBIG);
    assert_int_equal(b.len, 5);
    buf_append(&b, "6", 1);
    assert_int_equal(b.len, 5);
    buf_clear(&b);
    buf_printf(&b, "%d-%s", 42, "x");
    assert_string_equal(buf_cstr(&b), "42-x");
    buf_fini(&b);
}

static void test_cstr_fits_even_at_the_limit(void **state)
{
    struct buf b = {.limit = 64};
    for (int i = 0; i < 64; i++) {
        buf_append_u8(&b, 'a');
    }
    assert_int_equal(b.err, 0);
    assert_int_equal(strlen(buf_cstr(&b)), 64);
    buf_fini(&b);
}

static void test_hex_round_trip_and_refusals(void **state)
{
    uint8_t in[3] = {0x00, 0xab, 0xff};
    char text[7];
    hex_encode(bytes_of(in, 3), text);
    assert_string_equal(text, "00abff");
    uint8_t out[3];
    assert_int_equal(hex_decode("0x00ABff", out, 3), 0);
    assert_memory_equal(in, out, 3);
    assert_int_equal(hex_decode("00abf", out, 3), ERR_INVALID);
    assert_int_equal(hex_decode("00abfg", out, 3), ERR_INVALID);
    assert_int_equal(hex_decode("00abff00", out, 3), ERR_INVALID);
}

static void test_bytes_order_is_lexicographic(void **state)
{
    assert_true(bytes_compare(bytes_str("a"), bytes_str("b")) < 0);
    assert_true(bytes_compare(bytes_str("a"), bytes_str("aa")) < 0);
    assert_true(bytes_compare(bytes_str("b"), bytes_str("aa")) > 0);
    assert_int_equal(bytes_compare(bytes_str(""), (struct bytes){0}), 0);
    assert_true(bytes_equal(bytes_str("xy"), bytes_str("xy")));
    assert_false(bytes_equal(bytes_str("xy"), bytes_str("xz")));
}

static void test_wire_round_trip(void **state)
{
    struct buf b = {0};
    wr_u8(&b, 7);
    wr_u16(&b, 0x1234);
    wr_u32(&b, 0xdeadbeef);
    wr_u64(&b, UINT64_C(0x0102030405060708));
    wr_u128(&b, (u128)1 << 127);
    wr_bool(&b, true);
    wr_var(&b, bytes_str("hello"));
    assert_int_equal(b.err, 0);
    assert_int_equal(b.len, 1 + 2 + 4 + 8 + 16 + 1 + 4 + 5);
    assert_int_equal(b.data[1], 0x12);
    struct rd r = rd_from(buf_view(&b));
    assert_int_equal(rd_u8(&r), 7);
    assert_int_equal(rd_u16(&r), 0x1234);
    assert_int_equal(rd_u32(&r), 0xdeadbeef);
    assert_true(rd_u64(&r) == UINT64_C(0x0102030405060708));
    assert_true(rd_u128(&r) == (u128)1 << 127);
    assert_true(rd_bool(&r));
    assert_true(bytes_equal(rd_var(&r, 5), bytes_str("hello")));
    assert_int_equal(rd_end(&r), 0);
    buf_fini(&b);
}

static void test_wire_refuses_every_truncation(void **state)
{
    struct buf b = {0};
    wr_u32(&b, 9);
    wr_var(&b, bytes_str("abc"));
    wr_bool(&b, false);
    for (size_t len = 0; len < b.len; len++) {
        struct rd r = rd_from(bytes_of(b.data, len));
        (void)rd_u32(&r);
        (void)rd_var(&r, 100);
        (void)rd_bool(&r);
        assert_int_equal(rd_end(&r), ERR_TRUNCATED);
    }
    struct rd r = rd_from(buf_view(&b));
    (void)rd_u32(&r);
    assert_int_equal(rd_var(&r, 2).len, 0);
    assert_int_equal(rd_end(&r), ERR_TOOBIG);
    r = rd_from(buf_view(&b));
    (void)rd_u32(&r);
    assert_int_equal(rd_end(&r), ERR_TRAILING);
    uint8_t two = 2;
    r = rd_from(bytes_of(&two, 1));
    assert_false(rd_bool(&r));
    assert_int_equal(rd_end(&r), ERR_NONCANONICAL);
    buf_fini(&b);
}

static void test_count_cannot_promise_more_than_the_input_holds(void **state)
{
    struct buf b = {0};
    wr_u32(&b, 1000000);
    wr_u32(&b, 0);
    struct rd r = rd_from(buf_view(&b));
    assert_int_equal(rd_count(&r, UINT32_MAX, 4), 0);
    assert_int_equal(rd_end(&r), ERR_TRUNCATED);
    r = rd_from(buf_view(&b));
    assert_int_equal(rd_count(&r, 10, 4), 0);
    assert_int_equal(rd_end(&r), ERR_TOOBIG);
    buf_fini(&b);
}

/* xoshiro256** from the state {1, 2, 3, 4}: the first outputs of the reference implementation. */
static void test_prng_matches_reference(void **state)
{
    struct prng p = {{1, 2, 3, 4}};
    assert_true(prng_next(&p) == 11520);
    assert_true(prng_next(&p) == 0);
    assert_true(prng_next(&p) == 1509978240);
    assert_true(prng_next(&p) == UINT64_C(1215971899390074240));
}

static void test_prng_purposes_are_independent_and_uniform(void **state)
{
    struct prng a;
    struct prng b;
    prng_init(&a, 7, "x");
    prng_init(&b, 7, "y");
    assert_true(prng_next(&a) != prng_next(&b));
    unsigned counts[10] = {0};
    for (int i = 0; i < 100000; i++) {
        counts[prng_below(&a, 10)]++;
    }
    for (int i = 0; i < 10; i++) {
        assert_in_range(counts[i], 9600, 10400);
    }
    unsigned hits = 0;
    for (int i = 0; i < 100000; i++) {
        hits += prng_chance_ppm(&a, 300000);
    }
    assert_in_range(hits, 29300, 30700);
}

static void test_vec_zeroes_what_it_adds(void **state)
{
    int *items = NULL;
    size_t cap = 0;
    assert_int_equal(VEC_RESERVE(items, cap, 3), 0);
    assert_true(cap >= 3);
    items[0] = 5;
    assert_int_equal(VEC_RESERVE(items, cap, 100), 0);
    assert_int_equal(items[0], 5);
    assert_int_equal(items[99], 0);
    assert_int_equal(VEC_RESERVE(items, cap, SIZE_MAX / 2), ERR_NOMEM);
    free(items);
}

static void test_time_saturates(void **state)
{
    struct sim_time t = sim_time_add(SIM_TIME_MAX, 5);
    assert_true(t.ns == INT64_MAX);
    assert_true(sim_time_before((struct sim_time){1}, (struct sim_time){2}));
}

static void test_errors_have_names_and_words(void **state)
{
    assert_string_equal(err_name(0), "OK");
    assert_string_equal(err_name(ERR_PROOF), "ERR_PROOF");
    assert_string_equal(err_text(ERR_PROOF), "proof does not verify");
    assert_string_equal(err_name(-12345), "ERR_UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_grows_and_remembers_its_limit),
        cmocka_unit_test(test_cstr_fits_even_at_the_limit),
        cmocka_unit_test(test_hex_round_trip_and_refusals),
        cmocka_unit_test(test_bytes_order_is_lexicographic),
        cmocka_unit_test(test_wire_round_trip),
        cmocka_unit_test(test_wire_refuses_every_truncation),
        cmocka_unit_test(test_count_cannot_promise_more_than_the_input_holds),
        cmocka_unit_test(test_prng_matches_reference),
        cmocka_unit_test(test_prng_purposes_are_independent_and_uniform),
        cmocka_unit_test(test_vec_zeroes_what_it_adds),
        cmocka_unit_test(test_time_saturates),
        cmocka_unit_test(test_errors_have_names_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
