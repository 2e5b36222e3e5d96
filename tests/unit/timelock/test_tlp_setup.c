/* Parameters made in steps are those made by the factors, and the state survives being stored. */
#include "common/crypto/timelock/tlp_resume.h"
#include "tests/unit/timelock/fixture.h"

static struct tlp_setup *begin_setup(uint64_t squarings)
{
    static struct tlp_modulus m;
    if (m.bits == 0) {
        m = fix_modulus(1024);
        m.has_trapdoor = false; /* checked much faster */
    }
    struct tlp_setup *s = NULL;
    struct buf why = {0};
    assert_int_equal(tlp_setup_begin(&m, squarings, &s, &why), 0);
    buf_fini(&why);
    return s;
}

/* The file that comes out, without factors. */
static struct buf finish_setup(struct tlp_setup **s)
{
    struct tlp_params *params = NULL;
    struct buf file = {0};
    assert_true(tlp_setup_done(*s) == tlp_setup_total(*s));
    assert_int_equal(tlp_setup_finish(*s, &params), 0);
    assert_int_equal(tlp_params_encode(params, false, &file), 0);
    tlp_params_destroy(&params);
    tlp_setup_destroy(s);
    return file;
}

static struct buf setup_by_factors(uint64_t squarings)
{
    struct tlp_params *params = fix_params(1024, squarings, true);
    struct buf file = {0};
    assert_int_equal(tlp_params_encode(params, false, &file), 0);
    tlp_params_destroy(&params);
    return file;
}

/* Takes up the stored state after every portion. */
static void check_setup(uint64_t squarings, uint64_t portion)
{
    struct tlp_setup *s = begin_setup(squarings);
    while (tlp_setup_done(s) < tlp_setup_total(s)) {
        uint64_t before = tlp_setup_done(s);
        struct buf state = {0};
        assert_int_equal(tlp_setup_advance(s, portion), 0);
        assert_true(tlp_setup_done(s) > before);
        before = tlp_setup_done(s);
        assert_int_equal(tlp_setup_save(s, &state), 0);
        tlp_setup_destroy(&s);
        s = begin_setup(squarings);
        assert_int_equal(tlp_setup_restore(s, buf_view(&state)), 0);
        assert_true(tlp_setup_done(s) == before);
        buf_fini(&state);
    }
    struct buf got = finish_setup(&s), want = setup_by_factors(squarings);
    assert_true(bytes_equal(buf_view(&got), buf_view(&want)));
    buf_fini(&got);
    buf_fini(&want);
}

static void test_setup_in_portions_gives_the_same_file(void **state)
{
    for (uint64_t t = 1; t <= 40; t++) {
        check_setup(t, 1);
        check_setup(t, 7);
        check_setup(t, UINT64_MAX);
    }
    check_setup(5000, 600);
    check_setup(4096, 4096);
}

/* Long enough for several passes over the stored powers. */
static void test_setup_in_several_passes_gives_the_same_file(void **state)
{
    check_setup(590000, 200000);
}

static void refuse_setup(struct bytes state, int want)
{
    struct tlp_setup *s = begin_setup(1000);
    assert_int_equal(tlp_setup_restore(s, state), want);
    assert_true(tlp_setup_done(s) == 0);
    tlp_setup_destroy(&s);
}

static void test_what_is_no_state_of_this_setup_is_refused(void **state)
{
    struct tlp_setup *s = begin_setup(1000), *longer = begin_setup(1001);
    struct buf good = {0}, other = {0};
    assert_int_equal(tlp_setup_advance(s, 500), 0);
    assert_int_equal(tlp_setup_save(s, &good), 0);
    assert_int_equal(tlp_setup_save(longer, &other), 0);
    refuse_setup(buf_view(&other), ERR_MISMATCH);
    buf_append_u8(&good, 0);
    refuse_setup(buf_view(&good), ERR_TRAILING);
    good.len--;
    for (size_t len = 0; len < good.len; len += 101) {
        refuse_setup(bytes_of(good.data, len), ERR_TRUNCATED);
    }
    good.data[47] = 1; /* a pass before the squarings are over */
    refuse_setup(buf_view(&good), ERR_NONCANONICAL);
    good.data[47] = 0;
    good.data[32] = 1; /* over T */
    refuse_setup(buf_view(&good), ERR_NONCANONICAL);
    good.data[32] = 0;
    good.data[48] |= 0x80; /* X */
    refuse_setup(buf_view(&good), ERR_NONCANONICAL);
    good.data[48] &= 0x7f;
    memset(good.data + good.len - 128, 0, 128); /* the last point */
    refuse_setup(buf_view(&good), ERR_NONCANONICAL);
    tlp_setup_destroy(&s);
    tlp_setup_destroy(&longer);
    buf_fini(&good);
    buf_fini(&other);
}

/* X one squaring too early, a point exchanged for another, pi spoilt. */
static void test_parameters_from_a_wrong_state_do_not_load(void **state)
{
    for (size_t element = 0; element < 3; element++) {
        struct tlp_setup *s = begin_setup(1000);
        struct tlp_params *params = NULL;
        struct buf stored = {0}, why = {0};
        assert_int_equal(tlp_setup_advance(s, 503), 0);
        assert_int_equal(tlp_setup_save(s, &stored), 0);
        uint8_t *elements = stored.data + 48; /* X, pi, points */
        memcpy(elements + element * 128, elements + (element + 4) * 128, 128);
        tlp_setup_destroy(&s);
        s = begin_setup(1000);
        assert_int_equal(tlp_setup_restore(s, buf_view(&stored)), 0);
        assert_int_equal(tlp_setup_advance(s, UINT64_MAX), 0);
        struct buf file = finish_setup(&s);
        assert_int_equal(tlp_params_decode(buf_view(&file), &params, &why), ERR_INVALID);
        assert_true(why.len > 0);
        buf_fini(&file);
        buf_fini(&why);
        buf_fini(&stored);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_setup_in_portions_gives_the_same_file),
        cmocka_unit_test(test_setup_in_several_passes_gives_the_same_file),
        cmocka_unit_test(test_what_is_no_state_of_this_setup_is_refused),
        cmocka_unit_test(test_parameters_from_a_wrong_state_do_not_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
