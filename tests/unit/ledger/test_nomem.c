/* Memory that runs out at every single allocation: an error, nothing else changed, nothing lost.
 * The linker sends the library's allocations through here (--wrap), hence the underscores. */
#include "common/base/cleanup.h"
#include "common/ledger/led_witness.h"

#include "tests/unit/ledger/fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);

/* How many allocations still succeed before one fails; negative: all. */
static int allowance = -1;

static bool refused(void)
{
    if (allowance < 0) {
        return false;
    }
    return allowance-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refused() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return refused() ? NULL : __real_realloc(at, size);
}

/* Calls with 0, 1, 2, ... allocations allowed until it succeeds. Returns: how often it failed. */
#define STARVE(call, still_as_it_was)                                                              \
    __extension__({                                                                                \
        int failures_ = 0;                                                                         \
        for (;; failures_++) {                                                                     \
            allowance = failures_;                                                                 \
            int rc_ = (call);                                                                      \
            bool untouched_ = allowance >= 0;                                                      \
            allowance = -1;                                                                        \
            if (rc_ == 0) {                                                                        \
                assert_true(untouched_);                                                           \
                break;                                                                             \
            }                                                                                      \
            assert_int_equal(rc_, ERR_NOMEM);                                                      \
            still_as_it_was;                                                                       \
        }                                                                                          \
        failures_;                                                                                 \
    })

static void assert_root(struct led_state *s, const struct hash32 *root)
{
    assert_memory_equal(fix_root(s).b, root->b, 32);
}

static void test_writes_leave_the_state_as_it_was(void **state)
{
    struct led_state *s = NULL;
    assert_int_equal(STARVE(led_state_new(FIX_ROLLUP, &s), assert_null(s)), 1);
    struct led_name asset = fix_name("A");
    int failures = 0;
    for (uint8_t i = 1; i < 200; i++) {
        struct addr20 who = fix_address(i);
        struct hash32 root = fix_root(s);
        failures += STARVE(led_state_set_balance(s, &who, &asset, i), assert_root(s, &root));
        assert_u128_equal(led_balance(s, &who, &asset), i);
    }
    assert_true(failures >= 10); /* journal, leaves and inner nodes all grow */
    led_state_rollback(s, (struct led_mark){0});
    struct hash32 root = fix_root(s);
    assert_true(hash32_is_zero(&root));
    led_state_destroy(&s);
}

static void test_execution_leaves_root_and_nonce_as_they_were(void **state)
{
    struct led_op ops[LED_OPS_MAX];
    struct led_name asset = fix_name("A");
    const struct addr20 *sender = &model_key(0)->address;
    struct led_state *s = fix_state();
    assert_int_equal(led_state_set_balance(s, sender, &asset, 1000), 0);
    led_state_commit(s);
    for (uint8_t i = 0; i < LED_OPS_MAX; i++) {
        struct addr20 to = fix_address(i);
        ops[i] = fix_transfer(&to, "A", 1);
    }
    struct led_tx tx = {.rollup = FIX_ROLLUP,
                        .sender = *sender,
                        .n_legs = 1,
                        .has_nonce = true,
                        .ops = ops,
                        .n_ops = LED_OPS_MAX};
    struct led_receipt r = {.failed_op = 77};
    struct hash32 root = fix_root(s);
    /* A failed attempt keeps the memory it got, so the number of failures is small. */
    assert_true(STARVE(led_execute_verified(s, &tx, &r),
                       assert_true(r.failed_op == 77 && led_nonce(s, sender) == 0);
                       assert_root(s, &root)) > 0);
    assert_true(r.ok);
    assert_true(led_nonce(s, sender) == 1);
    led_state_destroy(&s);
}

static void test_rolling_back_and_failing_need_no_memory(void **state)
{
    struct prng p;
    prng_init(&p, 1, "nomem");
    for (int round = 0; round < 200; round++) {
        struct model m;
        struct led_tx tx;
        struct led_receipt r;
        model_random(&m, &p, 20);
        model_random_tx(&m, &p, &tx);
        struct led_state *s = model_state(&m);
        struct hash32 root = fix_root(s);
        struct led_mark mark = led_state_mark(s);
        assert_int_equal(led_execute_verified(s, &tx, &r), 0);
        allowance = 0;
        led_state_rollback(s, mark);
        struct hash32 after = fix_root(s);
        assert_int_equal(allowance, 0);
        allowance = -1;
        assert_memory_equal(after.b, root.b, 32);
        led_tx_fini(&tx);
        led_state_destroy(&s);
    }
}

static void test_lists_and_decoders_leave_their_outputs_alone(void **state)
{
    struct prng p;
    struct model m;
    struct led_tx tx;
    struct led_tx again = {0};
    struct buf b = {0};
    struct led_balance_row *rows = NULL;
    struct led_pool_row *pools = NULL;
    struct led_access access = {0};
    struct led_op *ops = NULL;
    size_t n = 77;
    prng_init(&p, 2, "nomem");
    model_random(&m, &p, 20);
    model_random_tx(&m, &p, &tx);
    struct led_state *s = model_state(&m);
    assert_true(STARVE(led_state_balances(s, &rows, &n), assert_true(rows == NULL && n == 77)) > 1);
    n = 77;
    assert_true(STARVE(led_state_pools(s, &pools, &n), assert_true(pools == NULL && n == 77)) > 1);
    tx.n_ops = 1;
    tx.ops[0] = fix_transfer(&tx.sender, "A", 1);
    assert_true(STARVE(led_access_of(&tx, &access), assert_null(access.paths)) > 0);
    led_tx_encode(&tx, &b);
    assert_true(STARVE(led_tx_decode(buf_view(&b), &again), assert_null(again.ops)) > 0);
    buf_clear(&b);
    led_ops_encode(tx.ops, 1, &b);
    n = 77;
    assert_true(
        STARVE(led_ops_decode(buf_view(&b), &ops, &n), assert_true(ops == NULL && n == 77)) > 0);
    free(ops);
    free(rows);
    free(pools);
    led_access_fini(&access);
    led_tx_fini(&tx);
    led_tx_fini(&again);
    buf_fini(&b);
    led_state_destroy(&s);
}

static void test_witnesses_need_memory_and_say_so(void **state)
{
    struct prng p;
    struct model m;
    struct led_tx tx;
    struct led_receipt r = {.failed_op = 77};
    struct hash32 post = {{7}};
    struct buf encoded = {0};
    struct buf w = {0};
    prng_init(&p, 4, "nomem");
    model_random(&m, &p, 20);
    model_random_tx(&m, &p, &tx);
    struct led_state *s = model_state(&m);
    struct hash32 root = fix_root(s);
    led_tx_encode(&tx, &encoded);
    assert_true(STARVE((buf_fini(&w), led_witness_make(s, &tx, &w)), assert_root(s, &root)) > 1);
    struct led_step step = {FIX_ROLLUP, buf_view(&encoded), LED_NO_OP};
    assert_true(STARVE(led_witness_replay(&root, &step, buf_view(&w), &r, &post),
                       assert_true(r.failed_op == 77 && post.b[0] == 7 && post.b[1] == 0)) > 5);
    buf_fini(&w);
    buf_fini(&encoded);
    led_tx_fini(&tx);
    led_state_destroy(&s);
}

static void test_trace_says_that_it_is_incomplete(void **state)
{
    struct led_state *s = fix_state();
    struct led_trace trace = {0};
    led_state_trace(s, &trace);
    allowance = 0;
    (void)led_nonce(s, &model_key(0)->address);
    allowance = -1;
    (void)led_nonce(s, &model_key(0)->address);
    assert_int_equal(trace.err, ERR_NOMEM);
    assert_int_equal(trace.n, 0);
    led_trace_fini(&trace);
    led_state_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_leave_the_state_as_it_was),
        cmocka_unit_test(test_execution_leaves_root_and_nonce_as_they_were),
        cmocka_unit_test(test_rolling_back_and_failing_need_no_memory),
        cmocka_unit_test(test_lists_and_decoders_leave_their_outputs_alone),
        cmocka_unit_test(test_witnesses_need_memory_and_say_so),
        cmocka_unit_test(test_trace_says_that_it_is_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
