/* The sign log refuses what contradicts it, and a new life begins where the log says. */
#include "common/base/check.h"
#include "common/base/wire.h"
#include "tests/lib/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;

static struct seat *sit(const char *settings)
{
    const struct seat_options o = {.data_dir = data_dir, .settings = settings};
    return seat_new(&o);
}

static bool begins_with(struct bytes key, const char *prefix)
{
    struct bytes p = bytes_str(prefix);
    return key.len >= p.len && bytes_equal(bytes_of(key.data, p.len), p);
}

struct search {
    const char *prefix;
    struct buf key;
    size_t n;
};

static int keep_first(void *ctx, struct bytes key, struct bytes value)
{
    struct search *f = ctx;
    (void)value;
    assert_true(begins_with(key, f->prefix));
    if (f->n++ == 0) {
        buf_append_bytes(&f->key, key);
    }
    return 0;
}

/* Out: the first key that begins so. Returns: how many there are. */
static size_t find(const struct seat *s, const char *prefix, struct buf *key)
{
    struct search f = {.prefix = prefix};
    assert_int_equal(s->store->ops->scan(s->store, bytes_str(prefix), keep_first, &f), 0);
    if (key != NULL) {
        *key = f.key;
    } else {
        buf_fini(&f.key);
    }
    return f.n;
}

/* One pair promised, its slot sealed, revealed and proposed, round 0. */
static int whole_slot(struct seat *s)
{
    struct buf b = seat_pair(s, 1);
    int rc = seat_submit(s, buf_view(&b));
    rc = rc != 0 ? rc : seat_run_works(s);
    rc = rc != 0 ? rc : seat_end_slot(s);
    rc = rc != 0 ? rc : seat_run_works(s);
    buf_fini(&b);
    return rc;
}

static void test_everything_signed_has_its_entry(void **state)
{
    struct seat *s = sit(NULL);
    assert_int_equal(whole_slot(s), 0);
    assert_int_equal(find(s, "log/slot", NULL), 1);
    assert_int_equal(find(s, "log/place/", NULL), 2);
    assert_int_equal(find(s, "log/leg/", NULL), 2);
    assert_int_equal(find(s, "log/seq/", NULL), 1);
    assert_int_equal(find(s, "log/bundle/", NULL), 1);
    assert_int_equal(find(s, "log/order/", NULL), 2);
    assert_int_equal(find(s, "log/openings/", NULL), 2);
    assert_int_equal(find(s, "log/block/", NULL), 2);
    seat_destroy(&s);
}

/* Something else stands in the log where the sequencer is about to sign. */
static void test_a_different_statement_at_one_place_is_not_signed(void **state)
{
    static const struct {
        const char *prefix;
        size_t heard; /* messages that leave before the refusal: of promises, orders, ... */
    } cases[] = {
        {"log/place/", 0}, {"log/leg/", 0},      {"log/seq/", 0},
        {"log/order/", 2}, {"log/openings/", 6}, {"log/block/", 8},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seat *s = sit(NULL);
        struct buf key = {0};
        assert_int_equal(whole_slot(s), 0);
        assert_true(find(s, cases[i].prefix, &key) > 0);
        seat_destroy(&s);
        s = sit(NULL);
        assert_int_equal(s->store->ops->put(s->store, buf_view(&key), bytes_str("else")), 0);
        if (i == 1) { /* a leg promised elsewhere is the user's fault, and stops nobody */
            assert_int_equal(whole_slot(s), 0);
            assert_string_equal(seat_refusal(s, 0), "duplicate");
        } else {
            assert_int_equal(whole_slot(s), ERR_EXISTS);
            assert_int_equal(seat_noted(s, "contradiction"), 1);
            assert_non_null(strstr(seat_note(s, "contradiction")->detail, "not signed"));
            assert_int_equal(s->n_heard, cases[i].heard);
        }
        buf_fini(&key);
        seat_destroy(&s);
    }
}

static void restart_at(struct seat *s, int64_t ns, uint64_t slot, int64_t ends_ns)
{
    s->now.ns = ns;
    assert_int_equal(seat_restart(s), 0);
    assert_int_equal(seat_note(s, "resumed")->slot, slot);
    assert_int_equal(s->slot_end.ns, ends_ns);
}

static void test_a_new_life_opens_a_slot_without_promises_by_the_clock(void **state)
{
    struct seat *s = sit(NULL);
    assert_int_equal(s->slot_end.ns, NS_PER_S);
    restart_at(s, 100, 1, NS_PER_S); /* nothing was promised: the same slot again */
    struct buf b = seat_pair(s, 1);
    assert_int_equal(seat_submit(s, buf_view(&b)), 0);
    assert_int_equal(seat_run_works(s), 0);
    restart_at(s, 1000000, 2, 2 * NS_PER_S); /* slot 1 has a promise: what is left goes to 2 */
    restart_at(s, 2 * NS_PER_S, 3, 3 * NS_PER_S);
    restart_at(s, 7 * NS_PER_S + 1, 8, 8 * NS_PER_S);
    restart_at(s, -5, 8, NS_PER_S - 5); /* a clock that has gone back */
    restart_at(s, 9, 8, NS_PER_S - 5);
    buf_fini(&b);
    seat_destroy(&s);
}

static void test_no_life_opens_more_slots_than_configured(void **state)
{
    struct seat *s = sit("slots: 1\n");
    struct buf b = seat_pair(s, 1);
    struct buf other = seat_pair(s, 2);
    assert_int_equal(seat_submit(s, buf_view(&b)), 0);
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_restart(s), 0);
    assert_int_equal(s->slot_end.ns, 0);
    size_t before = s->n_heard;
    assert_int_equal(seat_submit(s, buf_view(&other)), 0);
    assert_string_equal(seat_refusal(s, before), "closed");
    assert_int_equal(seat_submit(s, buf_view(&b)), 0); /* promised before: the same again */
    assert_int_equal(seat_promises(s, before), 1);
    buf_fini(&b);
    buf_fini(&other);
    seat_destroy(&s);
}

static void test_a_damaged_log_stops_the_sequencer(void **state)
{
    struct seat *s = sit(NULL);
    assert_int_equal(s->store->ops->put(s->store, bytes_str("log/slot"), bytes_str("x")), 0);
    assert_int_equal(seat_restart(s), ERR_CORRUPT);
    seat_destroy(&s);
}

static void test_a_full_disk_lets_no_promise_out(void **state)
{
    struct seat *s = sit(NULL);
    s->disk.limit_bytes = s->disk.used_bytes + 300;
    assert_int_equal(whole_slot(s), ERR_FULL);
    assert_int_equal(s->n_heard, 0);
    seat_destroy(&s);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_signed_has_its_entry),
        cmocka_unit_test(test_a_different_statement_at_one_place_is_not_signed),
        cmocka_unit_test(test_a_new_life_opens_a_slot_without_promises_by_the_clock),
        cmocka_unit_test(test_no_life_opens_more_slots_than_configured),
        cmocka_unit_test(test_a_damaged_log_stops_the_sequencer),
        cmocka_unit_test(test_a_full_disk_lets_no_promise_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
