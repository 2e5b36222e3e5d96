/* Runs: taking entries out and running again is executing everything again. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/ledger/led_run.h"
#include "common/ledger/led_state_core.h"
#include "common/ledger/led_witness.h"

#include "tests/unit/ledger/fixture.h"

#define BLOCK_MAX 32

/* A block, and what executing it naively says. */
struct block {
    uint32_t n;
    struct led_tx txs[BLOCK_MAX];
    struct buf encoded[BLOCK_MAX];
    struct led_run_entry entries[BLOCK_MAX];
    bool signed_well[BLOCK_MAX];
    bool out[BLOCK_MAX]; /* or never there */

    bool ok[BLOCK_MAX];
    struct hash32 receipts[BLOCK_MAX];
    struct hash32 roots[BLOCK_MAX];
    struct hash32 accesses[BLOCK_MAX];
    struct hash32 before[BLOCK_MAX];
    struct buf witness[BLOCK_MAX]; /* of what fails */
};

static void sign(struct led_tx *tx)
{
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        if (addr20_equal(&tx->sender, &model_key(i)->address)) {
            led_tx_sign(tx, model_key(i));
        }
    }
}

/* Signs and encodes a transaction as the block's last entry. */
static void block_add(struct block *b, const struct led_tx *tx, uint32_t uncovered, bool well)
{
    uint32_t i = b->n++;
    assert_true(b->n <= BLOCK_MAX);
    b->txs[i] = *tx;
    b->signed_well[i] = well;
    sign(&b->txs[i]);
    if (!well) {
        b->txs[i].sig.b[40] ^= 1;
    }
    led_tx_encode(&b->txs[i], &b->encoded[i]);
    assert_int_equal(b->encoded[i].err, 0);
    b->entries[i] = (struct led_run_entry){buf_view(&b->encoded[i]), uncovered};
}

static void block_add_nothing(struct block *b)
{
    b->out[b->n++] = true;
}

static void block_fini(struct block *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        led_tx_fini(&b->txs[i]);
        buf_fini(&b->encoded[i]);
        buf_fini(&b->witness[i]);
    }
}

/* Executes everything on a state that is before the block, and goes back. */
static void execute_naively(struct block *b, struct led_state *s)
{
    for (uint32_t i = 0; i < b->n; i++) {
        struct led_receipt r = {.failed_op = LED_NO_OP, .reason = LED_REASON_BAD_SIGNATURE};
        b->before[i] = fix_root(s);
        b->ok[i] = false;
        b->receipts[i] = b->accesses[i] = (struct hash32){{0}};
        buf_clear(&b->witness[i]);
        if (!b->out[i]) {
            CLEANUP(led_access_fini) struct led_access access = {0};
            if (b->signed_well[i]) {
                assert_int_equal(
                    led_execute_verified_in(s, &b->txs[i], b->entries[i].uncovered_op, &r), 0);
            }
            b->ok[i] = r.ok;
            led_receipt_hash(&r, &b->receipts[i]);
            assert_int_equal(led_access_of(&b->txs[i], &access), 0);
            hash_sha256(bytes_of(access.paths, access.n * sizeof(struct hash32)), &b->accesses[i]);
            if (!r.ok) {
                assert_int_equal(led_witness_make(s, &b->txs[i], &b->witness[i]), 0);
            }
        }
        b->roots[i] = fix_root(s);
    }
}

/* What the hook is to hear. */
struct listener {
    const struct block *b;
    uint32_t next; /* position; nothing in front of it */
    unsigned heard;
};

static int heard(void *ctx, uint32_t position, const struct led_tx *tx, struct led_state *before)
{
    struct listener *l = ctx;
    CLEANUP(buf_fini) struct buf witness = {0};
    struct hash32 root = fix_root(before);
    assert_true(position >= l->next && position < l->b->n);
    for (uint32_t i = l->next; i < position; i++) {
        assert_true(l->b->out[i] || l->b->ok[i]);
    }
    assert_false(l->b->out[position] || l->b->ok[position]);
    assert_memory_equal(root.b, l->b->before[position].b, 32);
    assert_int_equal(led_witness_make(before, tx, &witness), 0);
    assert_true(bytes_equal(buf_view(&witness), buf_view(&l->b->witness[position])));
    l->next = position + 1;
    l->heard++;
    return 0;
}

static void listener_end(const struct listener *l)
{
    for (uint32_t i = l->next; i < l->b->n; i++) {
        assert_true(l->b->out[i] || l->b->ok[i]);
    }
}

static void assert_same_content(const struct led_state *a, const struct led_state *b)
{
    CLEANUP(cleanup_free) struct smt_item *left = NULL;
    CLEANUP(cleanup_free) struct smt_item *right = NULL;
    size_t n_left = 0;
    size_t n_right = 0;
    assert_int_equal(smt_list(&a->tree, (struct bytes){0}, &left, &n_left), 0);
    assert_int_equal(smt_list(&b->tree, (struct bytes){0}, &right, &n_right), 0);
    assert_int_equal(n_left, n_right);
    for (size_t i = 0; i < n_left; i++) {
        assert_true(bytes_equal(left[i].key, right[i].key));
        assert_true(bytes_equal(left[i].value, right[i].value));
    }
}

/* In: the state the block was executed on naively, at its end. */
static void check(const struct block *b, const struct led_run *run, struct led_state *s,
                  struct led_state *naive)
{
    for (uint32_t i = 0; i < b->n; i++) {
        assert_int_equal(led_run_ok(run)[i], b->ok[i]);
        assert_memory_equal(led_run_receipts(run)[i].b, b->receipts[i].b, 32);
        assert_memory_equal(led_run_accesses(run)[i].b, b->accesses[i].b, 32);
        assert_memory_equal(led_run_roots(run)[i].b, b->roots[i].b, 32);
    }
    assert_memory_equal(fix_root(s).b, fix_root(naive).b, 32);
    assert_same_content(s, naive);
    /* Also where nobody will look for its root. */
    for (uint32_t i = 0; i < b->n; i++) {
        CLEANUP(buf_fini) struct buf left = {0};
        CLEANUP(buf_fini) struct buf right = {0};
        if (b->txs[i].n_ops != 0) {
            assert_int_equal(led_witness_make(s, &b->txs[i], &left), 0);
            assert_int_equal(led_witness_make(naive, &b->txs[i], &right), 0);
            assert_true(bytes_equal(buf_view(&left), buf_view(&right)));
        }
    }
}

/* Strangers that make the tree deeper. */
static void add_strangers(struct led_state *s, uint64_t seed, size_t n)
{
    struct prng p;
    prng_init(&p, seed, "strangers");
    for (size_t i = 0; i < n; i++) {
        struct addr20 who;
        struct led_name asset = fix_name(model_asset(0));
        for (size_t k = 0; k < sizeof(who.b); k++) {
            who.b[k] = (uint8_t)prng_next(&p);
        }
        assert_int_equal(led_state_set_balance(s, &who, &asset, 1), 0);
    }
    led_state_commit(s);
}

static void random_block(struct block *b, struct model *m, struct prng *p)
{
    uint32_t n = 1 + (uint32_t)prng_below(p, prng_chance_ppm(p, 200000) ? BLOCK_MAX : 16);
    while (b->n < n) {
        if (prng_chance_ppm(p, 50000)) {
            block_add_nothing(b);
            continue;
        }
        struct led_tx tx;
        model_random_tx(m, p, &tx);
        uint32_t uncovered = prng_chance_ppm(p, 900000) ? LED_NO_OP : led_cover_alone(&tx);
        bool well = !prng_chance_ppm(p, 30000);
        struct led_receipt r = {0};
        if (well) {
            r = model_execute(m, &tx, uncovered);
        }
        /* Most would fail. */
        if (!r.ok && !prng_chance_ppm(p, 30000)) {
            led_tx_fini(&tx);
            continue;
        }
        block_add(b, &tx, uncovered, well);
    }
}

struct seen {
    unsigned rounds, replayed, executed, kept, reports, silent, flips;
};

/* Takes some entries out, in any order. Out: the first whose removal changes the state, or the end.
 * Returns: how many. */
static uint32_t choose(struct block *b, struct prng *p, uint32_t *out, uint32_t *first)
{
    uint32_t n_out = 0;
    uint32_t wanted = 1 + (uint32_t)prng_below(p, 3);
    *first = b->n;
    for (uint32_t k = 0; k < wanted; k++) {
        uint32_t at = (uint32_t)prng_below(p, b->n);
        for (int tries = 0; !b->ok[at] && tries < 8 && !prng_chance_ppm(p, 100000); tries++) {
            at = (uint32_t)prng_below(p, b->n);
        }
        if (!b->out[at]) {
            bool matters = !hash32_equal(&b->before[at], &b->roots[at]);
            *first = matters && at < *first ? at : *first;
            b->out[at] = true;
            out[n_out++] = at;
        }
    }
    return n_out;
}

static void one_round(struct block *b, struct led_run *run, struct led_state *s,
                      struct led_state *naive, struct prng *p, struct seen *seen)
{
    uint32_t out[3];
    uint32_t first = 0;
    bool ok[BLOCK_MAX];
    struct led_mark mark = {0};
    memcpy(ok, b->ok, sizeof(ok));
    uint32_t n_out = choose(b, p, out, &first);
    led_state_rollback(naive, mark);
    execute_naively(b, naive);
    struct listener l = {.b = b, .next = first};
    const struct led_run_hook hook = {&l, heard};
    bool listening = prng_chance_ppm(p, 900000);
    assert_int_equal(led_run_again(run, out, n_out, listening ? &hook : NULL), 0);
    check(b, run, s, naive);
    if (listening) {
        listener_end(&l);
    }
    uint32_t txs = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        txs += b->out[i] ? 0 : 1;
        seen->flips += !b->out[i] && b->ok[i] != ok[i] ? 1 : 0;
    }
    struct led_run_counts c = led_run_counts(run);
    assert_int_equal(c.kept + c.replayed + c.executed, txs);
    seen->rounds++;
    seen->replayed += c.replayed;
    seen->executed += c.executed;
    seen->kept += c.kept;
    seen->reports += l.heard;
    seen->silent += first == b->n ? 1 : 0;
}

static void run_block(uint64_t seed, struct seen *seen)
{
    static const unsigned bits[] = {4, 12, 40, 128};
    struct prng p;
    struct model m;
    struct block b = {0};
    CLEANUP(led_run_destroy) struct led_run *run = NULL;
    prng_init(&p, seed, "runs");
    model_random(&m, &p, bits[seed % 4]);
    size_t strangers = prng_below(&p, 3) == 0 ? prng_below(&p, 200) : prng_below(&p, 4);
    struct led_state *s = model_state(&m);
    struct led_state *naive = model_state(&m);
    struct led_state *untouched = model_state(&m);
    add_strangers(s, seed, strangers);
    add_strangers(naive, seed, strangers);
    add_strangers(untouched, seed, strangers);
    random_block(&b, &m, &p);

    execute_naively(&b, naive);
    struct listener l = {.b = &b};
    const struct led_run_hook hook = {&l, heard};
    struct hash32 pre;
    assert_int_equal(led_run_new(s, b.entries, b.n, &run), 0);
    assert_int_equal(led_run_count(run), b.n);
    assert_int_equal(led_run_all(run, &hook), 0);
    listener_end(&l);
    check(&b, run, s, naive);
    led_run_pre_root(run, &pre);
    assert_memory_equal(pre.b, fix_root(untouched).b, 32);
    uint64_t rounds = 1 + prng_below(&p, 5);
    for (uint64_t i = 0; i < rounds; i++) {
        one_round(&b, run, s, naive, &p, seen);
    }
    led_state_rollback(s, led_run_mark(run));
    assert_memory_equal(fix_root(s).b, pre.b, 32);
    assert_same_content(s, untouched);
    led_state_destroy(&untouched);
    led_state_destroy(&naive);
    led_state_destroy(&s);
    block_fini(&b);
}

static void test_taking_entries_out_of_random_blocks_equals_executing_everything_again(void **state)
{
    struct seen seen = {0};
    for (uint64_t seed = 0; seed < 3000; seed++) {
        run_block(seed, &seen);
    }
    /* All that can happen did. */
    assert_true(seen.rounds > 6000 && seen.silent > 500 && seen.reports > 1500);
    assert_true(seen.kept > 5000 && seen.replayed > 5000 && seen.executed > 3000);
    assert_true(seen.flips > 300);
}

/* ---- Small blocks of transfers ---- */

/* Accounts with 100 A each, all four of the model. */
static struct led_state *transfers_state(void)
{
    struct led_state *s = fix_state();
    struct led_name a = fix_name("A");
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        assert_int_equal(led_state_set_balance(s, &model_key(i)->address, &a, 100), 0);
    }
    led_state_commit(s);
    return s;
}

static void add_transfer(struct block *b, size_t from, size_t to, u128 amount)
{
    struct led_tx tx = {
        .rollup = FIX_ROLLUP, .sender = model_key(from)->address, .n_legs = 1, .n_ops = 1};
    tx.ops = calloc(1, sizeof(*tx.ops));
    assert_non_null(tx.ops);
    *tx.ops = fix_transfer(&model_key(to)->address, "A", amount);
    block_add(b, &tx, LED_NO_OP, true);
}

static struct led_run *transfers_run(struct block *b, struct led_state *s)
{
    struct led_run *run = NULL;
    assert_int_equal(led_run_new(s, b->entries, b->n, &run), 0);
    assert_int_equal(led_run_all(run, NULL), 0);
    return run;
}

static u128 holds(const struct led_state *s, size_t who)
{
    struct led_name a = fix_name("A");
    return led_balance(s, &model_key(who)->address, &a);
}

static void test_what_does_not_depend_on_the_removed_is_not_executed_again(void **state)
{
    struct block b = {0};
    const uint32_t out[] = {1};
    add_transfer(&b, 2, 3, 1);
    add_transfer(&b, 0, 1, 50);
    add_transfer(&b, 2, 3, 1);
    add_transfer(&b, 1, 0, 120); /* only with what the second one brought */
    add_transfer(&b, 3, 2, 1);
    struct led_state *s = transfers_state();
    struct led_run *run = transfers_run(&b, s);
    assert_int_equal(led_run_counts(run).executed, 5);
    assert_true(led_run_ok(run)[3]);
    assert_int_equal(led_run_again(run, out, 1, NULL), 0);
    struct led_run_counts c = led_run_counts(run);
    assert_true(c.kept == 1 && c.replayed == 2 && c.executed == 1);
    assert_false(led_run_ok(run)[3]);
    assert_true(holds(s, 0) == 100 && holds(s, 1) == 100);
    led_run_destroy(&run);
    led_state_destroy(&s);
    block_fini(&b);
}

static void test_a_key_that_holds_the_same_again_is_followed_no_further(void **state)
{
    struct block b = {0};
    const uint32_t out[] = {0, 1}; /* together they come to nothing */
    add_transfer(&b, 0, 1, 5);
    add_transfer(&b, 1, 0, 5);
    for (int i = 0; i < 10; i++) {
        add_transfer(&b, 0, 1, 1);
    }
    struct led_state *s = transfers_state();
    struct led_run *run = transfers_run(&b, s);
    struct hash32 end = led_run_roots(run)[b.n - 1];
    assert_int_equal(led_run_again(run, out, 2, NULL), 0);
    assert_int_equal(led_run_counts(run).executed, 0);
    assert_int_equal(led_run_counts(run).replayed, 10);
    assert_memory_equal(led_run_roots(run)[b.n - 1].b, end.b, 32);
    assert_memory_equal(fix_root(s).b, end.b, 32);
    led_run_destroy(&run);
    led_state_destroy(&s);
    block_fini(&b);
}

static int count_calls(void *ctx, uint32_t position, const struct led_tx *tx,
                       struct led_state *before)
{
    ++*(unsigned *)ctx;
    return 0;
}

static void test_taking_out_what_failed_changes_its_receipt_and_nothing_else(void **state)
{
    struct block b = {0};
    const uint32_t out[] = {1};
    unsigned calls = 0;
    const struct led_run_hook hook = {&calls, count_calls};
    struct hash32 roots[3];
    add_transfer(&b, 0, 1, 5);
    add_transfer(&b, 0, 1, 500);
    add_transfer(&b, 0, 1, 501);
    struct led_state *s = transfers_state();
    struct led_run *run = transfers_run(&b, s);
    memcpy(roots, led_run_roots(run), sizeof(roots));
    assert_false(hash32_is_zero(&led_run_receipts(run)[1]));
    assert_int_equal(led_run_again(run, out, 1, &hook), 0);
    assert_int_equal(calls, 0);
    assert_true(hash32_is_zero(&led_run_receipts(run)[1]));
    assert_true(hash32_is_zero(&led_run_accesses(run)[1]));
    assert_false(hash32_is_zero(&led_run_receipts(run)[2]));
    assert_memory_equal(roots, led_run_roots(run), sizeof(roots));
    struct led_run_counts c = led_run_counts(run);
    assert_true(c.kept == 2 && c.replayed == 0 && c.executed == 0 && c.hashes == 0);
    led_run_destroy(&run);
    led_state_destroy(&s);
    block_fini(&b);
}

static int refuse(void *ctx, uint32_t position, const struct led_tx *tx, struct led_state *before)
{
    return ERR_CORRUPT;
}

static void test_what_the_hook_returns_ends_the_run_with_the_state_back(void **state)
{
    struct block b = {0};
    const struct led_run_hook hook = {NULL, refuse};
    const uint32_t out[] = {0};
    add_transfer(&b, 0, 1, 50);
    add_transfer(&b, 1, 2, 150);
    add_transfer(&b, 1, 2, 150);
    struct led_state *s = transfers_state();
    struct hash32 pre = fix_root(s);
    struct led_run *run = NULL;
    assert_int_equal(led_run_new(s, b.entries, b.n, &run), 0);
    assert_int_equal(led_run_all(run, &hook), ERR_CORRUPT);
    assert_memory_equal(fix_root(s).b, pre.b, 32);
    led_run_destroy(&run);
    run = transfers_run(&b, s);
    assert_int_equal(led_run_again(run, out, 1, &hook), ERR_CORRUPT);
    assert_memory_equal(fix_root(s).b, pre.b, 32);
    led_run_destroy(&run);
    led_state_destroy(&s);
    block_fini(&b);
}

static void test_a_transaction_that_does_not_decode_is_refused_before_anything_is_done(void **state)
{
    struct block b = {0};
    add_transfer(&b, 0, 1, 50);
    add_transfer(&b, 1, 2, 50);
    b.entries[1].tx.len--;
    struct led_state *s = transfers_state();
    struct hash32 pre = fix_root(s);
    struct led_run *run = NULL;
    assert_int_equal(led_run_new(s, b.entries, b.n, &run), 0);
    assert_int_equal(led_run_all(run, NULL), ERR_TRUNCATED);
    assert_memory_equal(fix_root(s).b, pre.b, 32);
    assert_int_equal(led_state_mark(s).at, led_run_mark(run).at);
    led_run_destroy(&run);
    led_state_destroy(&s);
    block_fini(&b);
}

static void test_blocks_of_nothing_keep_the_root(void **state)
{
    struct block b = {0};
    struct led_state *s = transfers_state();
    struct hash32 pre = fix_root(s);
    struct led_run *run = transfers_run(&b, s);
    assert_int_equal(led_run_again(run, NULL, 0, NULL), 0);
    led_run_destroy(&run);
    block_add_nothing(&b);
    block_add_nothing(&b);
    run = transfers_run(&b, s);
    assert_memory_equal(led_run_roots(run)[1].b, pre.b, 32);
    assert_true(hash32_is_zero(&led_run_receipts(run)[0]));
    assert_false(led_run_ok(run)[1]);
    led_run_destroy(&run);
    led_state_destroy(&s);
    block_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_taking_entries_out_of_random_blocks_equals_executing_everything_again),
        cmocka_unit_test(test_what_does_not_depend_on_the_removed_is_not_executed_again),
        cmocka_unit_test(test_a_key_that_holds_the_same_again_is_followed_no_further),
        cmocka_unit_test(test_taking_out_what_failed_changes_its_receipt_and_nothing_else),
        cmocka_unit_test(test_what_the_hook_returns_ends_the_run_with_the_state_back),
        cmocka_unit_test(
            test_a_transaction_that_does_not_decode_is_refused_before_anything_is_done),
        cmocka_unit_test(test_blocks_of_nothing_keep_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
