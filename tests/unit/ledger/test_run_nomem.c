/* Memory that runs out at every single allocation of a run: an error, and the state as it was.
 * The linker sends the library's allocations through here (--wrap), hence the underscores. */
#include "common/base/cleanup.h"
#include "common/ledger/led_run.h"
#include "common/ledger/led_witness.h"

#include "tests/unit/ledger/fixture.h"

#define ENTRIES 12

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);

/* How many allocations still succeed before all fail; negative: none does. */
static int allowance = -1;

static bool refused(void)
{
    if (allowance > 0) {
        allowance--;
    }
    return allowance == 0;
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

struct block {
    struct buf encoded[ENTRIES];
    struct led_run_entry entries[ENTRIES];
};

/* Each sends to the next, all they have; the last ones ask for too much. */
static void fill(struct block *b)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        const struct sig_key *from = model_key(i % MODEL_ACCOUNTS);
        struct addr20 stranger = fix_address((uint8_t)i);
        const struct addr20 *to =
            i % 3 == 2 ? &stranger : &model_key((i + 1) % MODEL_ACCOUNTS)->address;
        struct led_op op = fix_transfer(to, "A", i < 10 ? 100 + i : 100000);
        struct led_tx tx = {
            .rollup = FIX_ROLLUP, .sender = from->address, .n_legs = 1, .ops = &op, .n_ops = 1};
        led_tx_sign(&tx, from);
        led_tx_encode(&tx, &b->encoded[i]);
        assert_int_equal(b->encoded[i].err, 0);
        b->entries[i] = (struct led_run_entry){buf_view(&b->encoded[i]), LED_NO_OP};
    }
}

static struct led_state *make_state(void)
{
    struct led_state *s = fix_state();
    struct led_name a = fix_name("A");
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        assert_int_equal(led_state_set_balance(s, &model_key(i)->address, &a, 101), 0);
    }
    led_state_commit(s);
    return s;
}

static int witness(void *ctx, uint32_t position, const struct led_tx *tx, struct led_state *before)
{
    CLEANUP(buf_fini) struct buf w = {0};
    ++*(unsigned *)ctx;
    return led_witness_make(before, tx, &w);
}

/* Everything, then again without two. In: how many allocations are allowed in which of them;
 * negative: all. Out: how many failures were heard of. Returns: what the one in question said. */
static int attempt(const struct block *b, int for_all, int for_again, unsigned *heard)
{
    CLEANUP(led_run_destroy) struct led_run *run = NULL;
    const uint32_t out[] = {4, 1};
    const struct led_run_hook hook = {heard, witness};
    struct led_state *s = make_state();
    struct hash32 before = fix_root(s);
    allowance = for_all;
    int rc = led_run_new(s, b->entries, ENTRIES, &run);
    rc = rc != 0 ? rc : led_run_all(run, &hook);
    allowance = for_again;
    rc = rc != 0 ? rc : led_run_again(run, out, 2, &hook);
    allowance = -1;
    if (rc != 0) {
        assert_memory_equal(fix_root(s).b, before.b, 32);
    } else {
        assert_memory_equal(fix_root(s).b, led_run_roots(run)[ENTRIES - 1].b, 32);
        led_state_rollback(s, led_run_mark(run));
        assert_memory_equal(fix_root(s).b, before.b, 32);
    }
    led_run_destroy(&run);
    led_state_destroy(&s);
    return rc;
}

static void test_a_run_that_gets_no_memory_leaves_the_state_as_before_it(void **state)
{
    struct block b = {0};
    fill(&b);
    unsigned enough = 0;
    assert_int_equal(attempt(&b, -1, -1, &enough), 0);
    assert_true(enough > 4);
    for (int again = 0; again < 2; again++) {
        int failures = 0;
        for (;; failures++) {
            unsigned heard = 0;
            int allowed = failures + 1; /* the last of which fails */
            int rc = attempt(&b, again == 0 ? allowed : -1, again == 0 ? -1 : allowed, &heard);
            assert_true(heard <= enough);
            if (rc == 0) {
                assert_int_equal(heard, enough);
                break;
            }
            assert_int_equal(rc, ERR_NOMEM);
        }
        assert_true(failures > (again == 0 ? 30 : 5));
    }
    for (uint32_t i = 0; i < ENTRIES; i++) {
        buf_fini(&b.encoded[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_that_gets_no_memory_leaves_the_state_as_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
