/* The derived setup file: what it must hold, and that a damaged or foreign one is refused.
 *
 *     test_kzg_setup DERIVED_SETUP */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/crypto/kzg/vc_tables.h"
#include "tests/unit/kzg/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <common/utils.h>

static const struct vc_tables *tables_of(const struct buf *file)
{
    return (const void *)(file->data + sizeof(struct vc_cache_head));
}

static void expect(struct bytes content, int code)
{
    struct vc_setup *setup = NULL;
    assert_int_equal(vc_setup_new(content, &setup), code);
    assert_null(setup);
}

/* Writes a checksum that fits. */
static void seal(struct buf *file)
{
    struct vc_cache_head *head = (void *)file->data;
    hash_sha256(bytes_of(file->data + sizeof(*head), file->len - sizeof(*head)), &head->checksum);
}

static void test_the_file_is_accepted_as_it_is(void **state)
{
    struct buf *file = *state;
    struct vc_setup *setup = NULL;
    assert_int_equal(vc_setup_new(buf_view(file), &setup), 0);
    assert_non_null(setup);
    vc_setup_destroy(&setup);
    assert_null(setup);
}

static void test_a_flipped_byte_anywhere_is_refused(void **state)
{
    struct buf *file = *state;
    for (size_t at = 0; at < file->len; at += at < 128 ? 1 : 19001) {
        bool foreign = at < 16; /* magic and byte order */
        file->data[at] ^= 0x10;
        expect(buf_view(file), foreign ? ERR_UNSUPPORTED : ERR_CORRUPT);
        file->data[at] ^= 0x10;
    }
    file->data[file->len - 1] ^= 1;
    expect(buf_view(file), ERR_CORRUPT);
    file->data[file->len - 1] ^= 1;
}

static void test_a_truncated_file_is_refused(void **state)
{
    struct buf *file = *state;
    expect((struct bytes){0}, ERR_CORRUPT);
    for (size_t len = 0; len < file->len; len += len < 80 ? 1 : 30011) {
        expect(bytes_of(file->data, len), ERR_CORRUPT);
    }
    expect(bytes_of(file->data, file->len - 1), ERR_CORRUPT);
}

static void test_another_length_is_refused_even_when_the_header_says_so(void **state)
{
    struct buf *file = *state;
    CLEANUP(buf_fini) struct buf copy = {0};
    buf_append_bytes(&copy, buf_view(file));
    buf_append(&copy, "12345678", 8);
    assert_int_equal(copy.err, 0);
    expect(buf_view(&copy), ERR_CORRUPT);
    struct vc_cache_head *head = (void *)copy.data;
    head->length = copy.len;
    seal(&copy);
    expect(buf_view(&copy), ERR_CORRUPT);
    copy.len -= 16;
    head->length = copy.len;
    seal(&copy);
    expect(buf_view(&copy), ERR_CORRUPT);
    copy.len = sizeof(*head);
    head->length = copy.len;
    seal(&copy);
    expect(buf_view(&copy), ERR_CORRUPT);
}

static void test_another_version_or_machine_is_refused(void **state)
{
    struct buf *file = *state;
    struct vc_cache_head *head = (void *)file->data;
    const struct vc_cache_head kept = *head;
    head->magic[7]++;
    expect(buf_view(file), ERR_UNSUPPORTED);
    *head = kept;
    head->order = __builtin_bswap64(head->order);
    expect(buf_view(file), ERR_UNSUPPORTED);
    *head = kept;
    head->zero = 1;
    expect(buf_view(file), ERR_CORRUPT);
    *head = kept;
    CLEANUP(buf_fini) struct buf text = {0};
    for (int i = 0; i < 2000; i++) {
        buf_printf(&text, "4096\n65\na0413c0dcafec6dbc9f47d66785cf1e8c981044f7d13cfe3e4fcbb71b540");
    }
    expect(buf_view(&text), ERR_UNSUPPORTED);
}

static void test_a_misaligned_file_is_refused(void **state)
{
    struct buf *file = *state;
    CLEANUP(cleanup_free) uint8_t *room = malloc(file->len + 8);
    assert_non_null(room);
    for (size_t shift = 1; shift < 8; shift++) {
        memcpy(room + shift, file->data, file->len);
        expect(bytes_of(room + shift, file->len), ERR_INVALID);
    }
    memcpy(room + 8, file->data, file->len);
    struct vc_setup *setup = NULL;
    assert_int_equal(vc_setup_new(bytes_of(room + 8, file->len), &setup), 0);
    vc_setup_destroy(&setup);
}

/* Out: sum of scalars[i] * points[i] over a whole table. */
static void weigh(const blst_p1_affine *points, const blst_fr *scalars, blst_p1 *out)
{
    CLEANUP(cleanup_free) blst_scalar *s = calloc(VC_WIDTH, sizeof(*s));
    CLEANUP(cleanup_free)
    limb_t *scratch = malloc(blst_p1s_mult_pippenger_scratch_sizeof(VC_WIDTH));
    assert_non_null(s);
    assert_non_null(scratch);
    for (size_t i = 0; i < VC_WIDTH; i++) {
        blst_scalar_from_fr(&s[i], &scalars[i]);
    }
    /* One pointer and NULL: the elements lie one after the other. */
    const blst_p1_affine *const point_list[] = {points, NULL};
    const byte *const scalar_list[] = {s[0].b, NULL};
    blst_p1s_mult_pippenger(out, point_list, VC_WIDTH, scalar_list, 255, scratch);
}

static void test_lagrange_points_interpolate_one_and_the_secret(void **state)
{
    /* sum L_i = 1 and sum w_i L_i = X; the latter compared with [tau] of the other group. */
    struct buf *file = *state;
    const struct vc_tables *t = tables_of(file);
    CLEANUP(cleanup_free) blst_fr *ones = calloc(VC_WIDTH, sizeof(*ones));
    static const uint64_t one[4] = {1};
    blst_p1 sum;
    assert_non_null(ones);
    for (size_t i = 0; i < VC_WIDTH; i++) {
        blst_fr_from_uint64(&ones[i], one);
    }
    weigh(t->lagrange, ones, &sum);
    assert_true(blst_p1_is_equal(&sum, blst_p1_generator()));
    assert_true(blst_p2_is_equal(&t->g2[0], blst_p2_generator()));
    weigh(t->lagrange, t->root, &sum);
    assert_true(pairings_verify(&sum, &t->g2[0], blst_p1_generator(), &t->g2[1]));
    assert_false(pairings_verify(&sum, &t->g2[1], blst_p1_generator(), &t->g2[1]));
}

static void test_quotient_points_are_those_of_the_definition(void **state)
{
    /* D_i (X - w_i) = L_i - 1 for all i at once: both sides with random weights c_i,
     * X * sum c_i D_i = sum c_i L_i - sum c_i + sum c_i w_i D_i. */
    struct buf *file = *state;
    const struct vc_tables *t = tables_of(file);
    CLEANUP(cleanup_free) blst_fr *c = calloc((size_t)2 * VC_WIDTH, sizeof(*c));
    blst_fr *cw = c + VC_WIDTH;
    blst_fr total = {0};
    blst_scalar scalar;
    blst_p1 d;
    blst_p1 right;
    blst_p1 part;
    struct prng p;
    assert_non_null(c);
    prng_init(&p, 1, "weights");
    for (size_t i = 0; i < VC_WIDTH; i++) {
        const uint64_t weight[4] = {prng_next(&p), prng_next(&p), prng_next(&p)};
        blst_fr_from_uint64(&c[i], weight);
        blst_fr_mul(&cw[i], &c[i], &t->root[i]);
        blst_fr_add(&total, &total, &c[i]);
    }
    weigh(t->quotient, c, &d);
    weigh(t->lagrange, c, &right);
    weigh(t->quotient, cw, &part);
    blst_p1_add_or_double(&right, &right, &part);
    blst_scalar_from_fr(&scalar, &total);
    blst_p1_mult(&part, blst_p1_generator(), scalar.b, 255);
    blst_p1_cneg(&part, true);
    blst_p1_add_or_double(&right, &right, &part);
    assert_true(pairings_verify(&d, &t->g2[1], &right, &t->g2[0]));
    blst_p1_add_or_double(&right, &right, blst_p1_generator());
    assert_false(pairings_verify(&d, &t->g2[1], &right, &t->g2[0]));
}

static void test_roots_are_distinct_and_of_the_right_order(void **state)
{
    /* In bit-reversed order neighbours are opposite: w_{2i+1} = -w_{2i}; their squares are the
     * domain of half the size in the same order; down to 1. */
    struct buf *file = *state;
    const struct vc_tables *t = tables_of(file);
    CLEANUP(cleanup_free) blst_fr *w = malloc(sizeof(t->root));
    static const blst_fr zero;
    static const uint64_t number[4] = {1};
    blst_fr one;
    assert_non_null(w);
    memcpy(w, t->root, sizeof(t->root));
    blst_fr_from_uint64(&one, number);
    for (size_t n = VC_WIDTH; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++) {
            blst_fr sum;
            blst_fr_add(&sum, &w[2 * i], &w[2 * i + 1]);
            assert_memory_equal(&sum, &zero, sizeof(sum));
            blst_fr_sqr(&w[i], &w[2 * i]);
        }
    }
    assert_memory_equal(&w[0], &one, sizeof(one));
    assert_memory_equal(&t->root[0], &one, sizeof(one));
}

static char **arguments;

static int load(void **state)
{
    static struct buf file;
    fix_read(arguments[1], &file);
    *state = &file;
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
        cmocka_unit_test(test_the_file_is_accepted_as_it_is),
        cmocka_unit_test(test_a_flipped_byte_anywhere_is_refused),
        cmocka_unit_test(test_a_truncated_file_is_refused),
        cmocka_unit_test(test_another_length_is_refused_even_when_the_header_says_so),
        cmocka_unit_test(test_another_version_or_machine_is_refused),
        cmocka_unit_test(test_a_misaligned_file_is_refused),
        cmocka_unit_test(test_lagrange_points_interpolate_one_and_the_secret),
        cmocka_unit_test(test_quotient_points_are_those_of_the_definition),
        cmocka_unit_test(test_roots_are_distinct_and_of_the_right_order),
    };
    if (argc != 2) {
        return 64;
    }
    arguments = argv;
    return cmocka_run_group_tests(tests, load, unload);
}
