/* Deriving the setup file from the ceremony's.
 *
 *     test_kzg_cache DERIVED_SETUP TRUSTED_SETUP */
#include "common/base/cleanup.h"
#include "common/crypto/kzg/vc_cache.h"
#include "tests/unit/kzg/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static char **arguments;

/* One point of G1 is a line of 96 digits. */
#define FIRST_POINT 8 /* after "4096\n65\n" */
#define LINE 97

static void expect(struct bytes text, int code)
{
    CLEANUP(buf_fini) struct buf out = {0};
    buf_append(&out, "kept", 4);
    assert_int_equal(vc_cache_build(text, &out), code);
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.data, "kept", 4);
}

static void test_the_file_is_the_same_each_time(void **state)
{
    const struct buf *text = *state;
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(buf_fini) struct buf built = {0};
    fix_read(arguments[1], &file);
    buf_append(&built, "ahead", 5);
    assert_int_equal(vc_cache_build(buf_view(text), &built), 0);
    assert_int_equal(built.len, file.len + 5);
    assert_memory_equal(built.data, "ahead", 5);
    assert_memory_equal(built.data + 5, file.data, file.len);
}

static void test_text_of_another_shape_is_refused(void **state)
{
    struct buf *text = *state;
    expect((struct bytes){0}, ERR_INVALID);
    expect(bytes_str("4096\n65\n"), ERR_INVALID);
    for (size_t len = 0; len < text->len - 1; len += 99991) {
        expect(bytes_of(text->data, len), ERR_INVALID);
    }
    expect(bytes_of(text->data, text->len - 2), ERR_INVALID);
    text->data[3] = '5'; /* 4095 points */
    expect(buf_view(text), ERR_INVALID);
    text->data[3] = '6';
    text->data[6] = '4'; /* 64 points of G2 */
    expect(buf_view(text), ERR_INVALID);
    text->data[6] = '5';
    uint8_t kept = text->data[FIRST_POINT + 5];
    text->data[FIRST_POINT + 5] = 'g';
    expect(buf_view(text), ERR_INVALID);
    text->data[FIRST_POINT + 5] = 0;
    expect(buf_view(text), ERR_INVALID);
    text->data[FIRST_POINT + 5] = kept;
    CLEANUP(buf_fini) struct buf longer = {0};
    buf_append_bytes(&longer, buf_view(text));
    buf_append(&longer, "00\n", 3);
    expect(buf_view(&longer), ERR_INVALID);
}

static void test_a_buffer_too_small_is_refused_untouched(void **state)
{
    const struct buf *text = *state;
    CLEANUP(buf_fini) struct buf small = {.limit = 100000};
    assert_int_equal(vc_cache_build(buf_view(text), &small), ERR_TOOBIG);
    assert_int_equal(small.len, 0);
}

static void test_a_point_that_is_none_is_refused(void **state)
{
    struct buf *text = *state;
    uint8_t kept[2];
    memcpy(kept, text->data + FIRST_POINT, 2);
    memcpy(text->data + FIRST_POINT, "00", 2);
    expect(buf_view(text), ERR_CRYPTO);
    memcpy(text->data + FIRST_POINT, kept, 2);
}

static void test_points_in_the_wrong_place_are_refused(void **state)
{
    /* The ceremony's monomial points where those of Lagrange belong, and the other way round. */
    struct buf *text = *state;
    CLEANUP(buf_fini) struct buf swapped = {0};
    size_t block = (size_t)VC_WIDTH * LINE;
    size_t g2 = FIRST_POINT + block;
    size_t monomial = g2 + 65 * (size_t)(2 * (LINE - 1) + 1);
    assert_true(text->len >= monomial + block - 1);
    buf_append(&swapped, text->data, FIRST_POINT);
    buf_append(&swapped, text->data + monomial, block - 1);
    buf_append(&swapped, "\n", 1);
    buf_append(&swapped, text->data + g2, monomial - g2);
    buf_append(&swapped, text->data + FIRST_POINT, block);
    assert_int_equal(swapped.err, 0);
    expect(buf_view(&swapped), ERR_CRYPTO);
}

static int load(void **state)
{
    static struct buf text;
    fix_read(arguments[2], &text);
    *state = &text;
    return 0;
}

static int unload(void **state)
{
    buf_fini(*state);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_file_is_the_same_each_time),
        cmocka_unit_test(test_text_of_another_shape_is_refused),
        cmocka_unit_test(test_a_buffer_too_small_is_refused_untouched),
        cmocka_unit_test(test_a_point_that_is_none_is_refused),
        cmocka_unit_test(test_points_in_the_wrong_place_are_refused),
    };
    if (argc != 3) {
        return 64;
    }
    arguments = argv;
    return cmocka_run_group_tests(tests, load, unload);
}
