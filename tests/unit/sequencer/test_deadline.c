/* A promise is late when whoever is A_max times faster than the modelled solver could have read the
 * bundle: delay / A_max after it came in. */
#include "common/base/check.h"
#include "tests/lib/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;

/* 4000 squarings at 1000 per second by somebody 8 times faster: half a second. */
static struct seat *sit(uint64_t admission_ns)
{
    const struct seat_options o = {.data_dir = data_dir,
                                   .settings = "slots: 10\n",
                                   .squarings = 4000,
                                   .speedup = 8,
                                   .admission_ns = admission_ns};
    return seat_new(&o);
}

static void submit(struct seat *s, uint64_t nonce, const char *secret)
{
    struct buf b = {0};
    const struct seat_bundle of = {.nonce = nonce, .n_legs = 1, .secrets = {secret}};
    seat_bundle(s, &of, &b);
    assert_int_equal(seat_submit(s, buf_view(&b)), 0);
    buf_fini(&b);
}

static void test_a_promise_at_the_deadline_is_in_time(void **state)
{
    struct seat *s = sit(NS_PER_S / 2);
    submit(s, 1, NULL);
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_promises(s, 0), 1);
    assert_int_equal(seat_noted(s, "deadline_missed"), 0);
    seat_destroy(&s);
}

static void test_a_promise_after_the_deadline_is_given_and_counted(void **state)
{
    struct seat *s = sit(NS_PER_S / 2 + 1);
    submit(s, 1, NULL);
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_promises(s, 0), 1);
    assert_int_equal(seat_noted(s, "deadline_missed"), 1);
    assert_int_equal(seat_note(s, "deadline_missed")->slot, 1);
    assert_int_equal(seat_note(s, "deadline_missed")->count, NS_PER_S / 2 + 1);
    seat_destroy(&s);
}

static void test_waiting_for_others_counts_from_reception(void **state)
{
    struct seat *s = sit(NS_PER_S / 5);
    for (uint64_t nonce = 1; nonce <= 4; nonce++) {
        submit(s, nonce, NULL);
    }
    /* After 0.2 s the first; the other three need 0.6 s more. */
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_promises(s, 0), 4);
    assert_int_equal(seat_noted(s, "deadline_missed"), 3);
    assert_int_equal(seat_note(s, "deadline_missed")->count, 4 * (uint64_t)(NS_PER_S / 5));
    seat_destroy(&s);
}

static void test_waiting_for_the_next_slot_counts_from_reception(void **state)
{
    struct seat *s = sit(1000);
    submit(s, 1, "same");
    submit(s, 2, "same");
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_noted(s, "deadline_missed"), 0);
    assert_int_equal(seat_end_slot(s), 0);
    assert_int_equal(seat_promises(s, 0), 2);
    assert_int_equal(seat_noted(s, "deadline_missed"), 1);
    assert_int_equal(seat_note(s, "deadline_missed")->slot, 2);
    seat_destroy(&s);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_promise_at_the_deadline_is_in_time),
        cmocka_unit_test(test_a_promise_after_the_deadline_is_given_and_counted),
        cmocka_unit_test(test_waiting_for_others_counts_from_reception),
        cmocka_unit_test(test_waiting_for_the_next_slot_counts_from_reception),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
