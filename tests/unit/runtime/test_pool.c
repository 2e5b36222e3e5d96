/* Works on threads; the bounded allocator for unpacking. */
#include "common/runtime/arena.h"
#include "common/runtime/pool.h"
#include "proto/control.pb-c.h"
#include "tests/unit/runtime/puppet.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct act_payload *payload(const char *text)
{
    struct act_payload *p = act_payload_new(bytes_str(text));
    assert_non_null(p);
    return p;
}

static void start(struct pool *pool, uint64_t seq, uint32_t kind, const char *text)
{
    struct act_payload *request = payload(text);
    assert_int_equal(pool_start(pool, seq, NULL, kind, request), 0);
    act_payload_unref(&request);
}

static void test_works_are_collected_in_any_order(void **state)
{
    enum { N = 200 };
    struct pool *pool = NULL;
    assert_int_equal(pool_new(&puppet_class, NULL, &pool), 0);
    for (uint64_t i = 0; i < N; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%04u", (unsigned)i);
        start(pool, i, i % 5 == 4 ? 2 : 1, text);
    }
    struct buf result = {0};
    for (uint64_t k = 0; k < N; k++) {
        uint64_t i = k * 77 % N;
        int rc = 1;
        char text[16];
        (void)snprintf(text, sizeof(text), "%04u", (unsigned)i);
        assert_int_equal(pool_collect(pool, i, &rc, &result), 0);
        if (i % 5 == 4) {
            assert_int_equal(rc, ERR_PROOF);
            assert_int_equal(result.len, 0);
            continue;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(result.len, 4);
        for (size_t c = 0; c < 4; c++) {
            assert_int_equal(result.data[c], text[3 - c]);
        }
    }
    int rc = 0;
    assert_int_equal(pool_collect(pool, 0, &rc, &result), ERR_NOTFOUND);
    buf_fini(&result);
    pool_destroy(&pool);
    assert_null(pool);
}

static sem_t begun;
static sem_t go_on;

static int wait_for_go(const struct act_actor *a, uint32_t kind, struct bytes request,
                       struct buf *result)
{
    if (kind == 1) {
        (void)sem_post(&begun);
        (void)sem_wait(&go_on);
    }
    buf_append_bytes(result, request);
    return 0;
}

static void test_works_run_beside_the_caller_and_waiting_ones_are_computed_here(void **state)
{
    const struct act_class class = {.role = "waiter", .work = wait_for_go};
    struct pool *pool = NULL;
    struct buf result = {0};
    int rc = 1;
    assert_int_equal(sem_init(&begun, 0, 0), 0);
    assert_int_equal(sem_init(&go_on, 0, 0), 0);
    assert_int_equal(pool_new(&class, NULL, &pool), 0);
    assert_false(pool_busy(pool));
    start(pool, 0, 1, "held");
    assert_int_equal(sem_wait(&begun), 0);
    assert_true(pool_busy(pool));
    /* Whatever the number of threads, this one does not depend on the first. */
    start(pool, 1, 2, "free");
    assert_int_equal(pool_collect(pool, 1, &rc, &result), 0);
    assert_string_equal(buf_cstr(&result), "free");
    start(pool, 2, 2, "dropped");
    assert_int_equal(sem_post(&go_on), 0);
    assert_int_equal(pool_collect(pool, 0, &rc, &result), 0);
    assert_string_equal(buf_cstr(&result), "held");
    pool_drop(pool);
    assert_int_equal(pool_collect(pool, 2, &rc, &result), ERR_NOTFOUND);
    start(pool, 3, 2, "left behind");
    pool_destroy(&pool);
    buf_fini(&result);
    (void)sem_destroy(&begun);
    (void)sem_destroy(&go_on);
}

static void test_a_class_without_works_refuses_them(void **state)
{
    const struct act_class class = {.role = "idle"};
    struct pool *pool = NULL;
    struct buf result = {0};
    int rc = 0;
    assert_int_equal(pool_new(&class, NULL, &pool), 0);
    start(pool, 0, 1, "x");
    assert_int_equal(pool_collect(pool, 0, &rc, &result), 0);
    assert_int_equal(rc, ERR_UNSUPPORTED);
    pool_destroy(&pool);
    buf_fini(&result);
}

static void test_the_allocator_keeps_to_its_limit_and_starts_afresh(void **state)
{
    struct arena a;
    assert_int_equal(arena_init(&a, 200000), 0);
    ProtobufCAllocator *from = &a.allocator;
    for (int round = 0; round < 3; round++) {
        uint8_t *small = from->alloc(from->allocator_data, 1);
        uint8_t *large = from->alloc(from->allocator_data, 150000);
        uint8_t *rest = from->alloc(from->allocator_data, 49999);
        if (small == NULL || large == NULL || rest == NULL) {
            fail_msg("memory within the limit was refused");
            return;
        }
        assert_int_equal((uintptr_t)large % 16, 0);
        assert_int_equal((uintptr_t)rest % 16, 0);
        memset(small, 1, 1);
        memset(large, 2, 150000);
        memset(rest, 3, 49999);
        assert_int_equal(small[0], 1);
        assert_null(from->alloc(from->allocator_data, 1));
        assert_null(from->alloc(from->allocator_data, SIZE_MAX));
        from->free(from->allocator_data, large);
        arena_reset(&a);
    }
    arena_fini(&a);
}

static void test_a_message_over_the_limit_does_not_decode(void **state)
{
    static uint8_t body[100000];
    static uint8_t packed[200000];
    Control__Step step = CONTROL__STEP__INIT;
    step.seq = 7;
    step.body = (ProtobufCBinaryData){sizeof(body), body};
    size_t len = control__step__pack(&step, packed);
    struct arena a;
    assert_int_equal(arena_init(&a, 90000), 0);
    assert_null(control__step__unpack(&a.allocator, len, packed));
    arena_fini(&a);
    assert_int_equal(arena_init(&a, 110000), 0);
    Control__Step *got = control__step__unpack(&a.allocator, len, packed);
    assert_non_null(got);
    assert_int_equal(got->seq, 7);
    assert_int_equal(got->body.len, sizeof(body));
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_works_are_collected_in_any_order),
        cmocka_unit_test(test_works_run_beside_the_caller_and_waiting_ones_are_computed_here),
        cmocka_unit_test(test_a_class_without_works_refuses_them),
        cmocka_unit_test(test_the_allocator_keeps_to_its_limit_and_starts_afresh),
        cmocka_unit_test(test_a_message_over_the_limit_does_not_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
