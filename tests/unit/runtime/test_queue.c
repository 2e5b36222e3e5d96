/* The event queue against a naive model. */
#include "common/base/prng.h"
#include "common/runtime/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int push(struct queue *q, int64_t at_ns, uint32_t to, uint32_t from, uint64_t seq)
{
    struct queue_event ev = {.kind = QUEUE_MESSAGE, .key = {at_ns, to, from, seq}};
    return queue_push(q, &ev, NULL);
}

static void test_order_is_time_destination_source_sequence(void **state)
{
    struct queue q;
    queue_init(&q);
    const struct queue_key sorted[] = {{1, 9, 9, 9}, {2, 1, 5, 7}, {2, 2, 1, 8},
                                       {2, 2, 3, 1}, {2, 2, 3, 2}, {3, 0, 0, 0}};
    const int scrambled[] = {4, 0, 5, 2, 3, 1};
    for (int i = 0; i < 6; i++) {
        const struct queue_key *k = &sorted[scrambled[i]];
        assert_int_equal(push(&q, k->at_ns, k->to, k->from, k->seq), 0);
    }
    for (int i = 0; i < 6; i++) {
        struct queue_event ev;
        assert_int_equal(queue_next_ns(&q), sorted[i].at_ns);
        assert_true(queue_pop(&q, &ev));
        assert_int_equal(queue_key_compare(&ev.key, &sorted[i]), 0);
    }
    struct queue_event ev;
    assert_false(queue_pop(&q, &ev));
    queue_fini(&q);
}

struct model {
    struct queue_key key;
    uint32_t slot;
    bool waiting;
};

/* The least waiting key, by looking at all. */
static int least(const struct model *m, int n)
{
    int best = -1;
    for (int i = 0; i < n; i++) {
        if (m[i].waiting && (best < 0 || queue_key_compare(&m[i].key, &m[best].key) < 0)) {
            best = i;
        }
    }
    return best;
}

static int pick(const struct model *m, int n, struct prng *p)
{
    int at = (int)prng_below(p, (uint64_t)n);
    return m[at].waiting ? at : -1;
}

static void test_pushes_pops_and_removals_agree_with_a_naive_model(void **state)
{
    enum { MAX = 2000 };
    static struct model m[MAX];
    int n = 0;
    struct queue q;
    queue_init(&q);
    struct prng p;
    prng_init(&p, 7, "queue model");
    for (int round = 0; round < 6000; round++) {
        uint64_t what = prng_below(&p, 10);
        if (what < 5 && n < MAX) {
            struct queue_event ev = {
                .kind = QUEUE_MESSAGE,
                .key = {(int64_t)prng_below(&p, 20), (uint32_t)prng_below(&p, 4),
                        (uint32_t)prng_below(&p, 4), (uint64_t)n},
            };
            m[n].key = ev.key;
            m[n].waiting = true;
            assert_int_equal(queue_push(&q, &ev, &m[n].slot), 0);
            n++;
        } else if (what < 8) {
            int best = least(m, n);
            struct queue_event ev;
            assert_int_equal(queue_pop(&q, &ev), best >= 0);
            if (best >= 0) {
                assert_int_equal(queue_key_compare(&ev.key, &m[best].key), 0);
                m[best].waiting = false;
            }
        } else if (n > 0) {
            int at = pick(m, n, &p);
            if (at >= 0) {
                queue_remove(&q, m[at].slot);
                m[at].waiting = false;
            }
        }
    }
    for (int best = least(m, n); best >= 0; best = least(m, n)) {
        struct queue_event ev;
        assert_true(queue_pop(&q, &ev));
        assert_int_equal(ev.key.seq, m[best].key.seq);
        m[best].waiting = false;
    }
    assert_int_equal(q.n, 0);
    queue_fini(&q);
}

static void test_bodies_are_counted_and_released(void **state)
{
    struct queue q;
    queue_init(&q);
    struct act_payload *body = act_payload_new(bytes_str("12345"));
    uint32_t slot = 0;
    for (uint64_t i = 0; i < 3; i++) {
        struct queue_event ev = {
            .kind = QUEUE_MESSAGE, .key = {.seq = i}, .body = act_payload_ref(body)};
        assert_int_equal(queue_push(&q, &ev, &slot), 0);
    }
    assert_int_equal(q.bytes, 15);
    queue_remove(&q, slot);
    assert_int_equal(q.bytes, 10);
    assert_int_equal(body->refs, 3);
    queue_fini(&q);
    assert_int_equal(body->refs, 1);
    act_payload_unref(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_time_destination_source_sequence),
        cmocka_unit_test(test_pushes_pops_and_removals_agree_with_a_naive_model),
        cmocka_unit_test(test_bodies_are_counted_and_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
