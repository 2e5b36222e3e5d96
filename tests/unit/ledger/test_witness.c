/* Step witnesses: executing without the state is executing; nothing else is accepted. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/ledger/led_witness.h"

#include "tests/unit/ledger/fixture.h"

/* Who signs in the model. */
static void sign(struct led_tx *tx)
{
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        if (addr20_equal(&tx->sender, &model_key(i)->address)) {
            led_tx_sign(tx, model_key(i));
        }
    }
}

static struct buf encode(const struct led_tx *tx)
{
    struct buf b = {0};
    led_tx_encode(tx, &b);
    assert_int_equal(b.err, 0);
    return b;
}

static struct buf witness_of(struct led_state *s, const struct led_tx *tx)
{
    struct buf b = {0};
    assert_int_equal(led_witness_make(s, tx, &b), 0);
    return b;
}

/* A copy of just as many bytes, so that a sanitizer sees reads past the end. */
static int replay_exactly(const struct hash32 *pre, const struct led_step *step,
                          const uint8_t *data, size_t len, struct led_receipt *receipt,
                          struct hash32 *post)
{
    uint8_t *exact = malloc(len != 0 ? len : 1);
    assert_non_null(exact);
    if (len != 0) {
        memcpy(exact, data, len);
    }
    int rc = led_witness_replay(pre, step, bytes_of(exact, len), receipt, post);
    free(exact);
    return rc;
}

/* Strangers that make the tree deeper; some of their paths share long prefixes with those used. */
static void add_strangers(struct led_state *s, struct prng *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct addr20 who;
        struct led_name asset = fix_name(model_asset(prng_below(p, MODEL_ASSETS)));
        for (size_t k = 0; k < sizeof(who.b); k++) {
            who.b[k] = (uint8_t)prng_next(p);
        }
        assert_int_equal(led_state_set_balance(s, &who, &asset, 1 + prng_below(p, 9)), 0);
    }
    led_state_commit(s);
}

struct tally {
    unsigned of[LED_REASON_UNCOVERED + 1];
};

static void check_step(struct led_state *s, struct led_tx *tx, struct prng *p, struct tally *tally)
{
    struct hash32 before = fix_root(s);
    uint32_t uncovered = prng_below(p, 3) == 0 ? led_cover_alone(tx) : LED_NO_OP;
    if (!prng_chance_ppm(p, 20000)) {
        sign(tx);
    }
    CLEANUP(buf_fini) struct buf encoded = encode(tx);
    CLEANUP(buf_fini) struct buf witness = witness_of(s, tx);
    struct hash32 unchanged = fix_root(s);
    assert_memory_equal(unchanged.b, before.b, 32);

    struct led_step step = {FIX_ROLLUP, buf_view(&encoded), uncovered};
    struct led_receipt there = {0};
    struct led_receipt here = {0};
    struct hash32 post = {{0}};
    assert_int_equal(replay_exactly(&before, &step, witness.data, witness.len, &there, &post), 0);
    assert_int_equal(led_execute_in(s, tx, uncovered, &here), 0);
    assert_string_equal(led_reason_name(there.reason), led_reason_name(here.reason));
    assert_true(there.ok == here.ok && there.failed_op == here.failed_op);
    struct hash32 after = fix_root(s);
    assert_memory_equal(post.b, after.b, 32);
    tally->of[here.reason]++;
}

static void test_replay_on_a_witness_is_execution_on_the_state(void **state)
{
    static const unsigned bits[] = {3, 8, 40, 127, 128};
    struct tally tally = {{0}};
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct prng p;
        struct model m;
        prng_init(&p, seed, "witness");
        model_random(&m, &p, bits[seed % 5]);
        struct led_state *s = model_state(&m);
        add_strangers(s, &p, seed % 4 == 0 ? 0 : prng_below(&p, 300));
        for (int i = 0; i < 20; i++) {
            struct led_tx tx;
            struct model now = m; /* what stands a chance at first */
            model_random_tx(&now, &p, &tx);
            if (tx.has_nonce) {
                tx.nonce = led_nonce(s, &tx.sender) + (prng_chance_ppm(&p, 50000) ? 1 : 0);
            }
            check_step(s, &tx, &p, &tally);
            led_tx_fini(&tx);
        }
        led_state_destroy(&s);
    }
    for (unsigned reason = 0; reason <= LED_REASON_UNCOVERED; reason++) {
        if (tally.of[reason] < 5) {
            print_error("only %u times %s\n", tally.of[reason],
                        led_reason_name((enum led_reason)reason));
        }
        assert_true(tally.of[reason] >= 5);
    }
}

/* Few keys, all of them moved away: subtrees empty and leaves rise, often next to what is not
 * known. */
static void test_deletions_and_insertions_reshape_the_part_as_they_do_the_tree(void **state)
{
    struct prng p;
    struct tally tally = {{0}};
    prng_init(&p, 7, "reshape");
    for (int round = 0; round < 1500; round++) {
        struct led_state *s = fix_state();
        struct led_op ops[24];
        size_t n_ops = 1 + prng_below(&p, 1 + prng_below(&p, 24));
        size_t accounts = 1 + prng_below(&p, 24);
        const struct addr20 *sender = &model_key(0)->address;
        uint64_t left[8];
        for (size_t i = 0; i < 8; i++) {
            char text[] = {(char)('a' + i), 0};
            struct led_name asset = fix_name(text);
            left[i] = prng_below(&p, 4);
            assert_int_equal(led_state_set_balance(s, sender, &asset, left[i]), 0);
        }
        add_strangers(s, &p, prng_below(&p, 12));
        for (size_t i = 0; i < n_ops; i++) {
            size_t at = prng_below(&p, 8);
            char text[] = {(char)('a' + at), 0};
            struct addr20 to = fix_address((uint8_t)prng_below(&p, accounts));
            bool back = prng_below(&p, 5) == 0;
            uint64_t amount = left[at] != 0 ? left[at] - (prng_below(&p, 4) == 0 ? 1 : 0) : 0;
            if (amount == 0 && prng_below(&p, 30) != 0) {
                ops[i] = fix_require_nonce(sender, LED_AT_LEAST, 0);
                continue;
            }
            ops[i] = fix_transfer(back ? sender : &to, text, amount);
            left[at] -= back ? 0 : amount;
        }
        struct led_tx tx = {.rollup = FIX_ROLLUP,
                            .sender = *sender,
                            .n_legs = 1,
                            .has_nonce = prng_below(&p, 2) == 0,
                            .ops = ops,
                            .n_ops = n_ops};
        check_step(s, &tx, &p, &tally);
        led_state_destroy(&s);
    }
    assert_true(tally.of[LED_REASON_OK] > 300);
}

struct scene {
    struct led_state *s;
    struct hash32 root;
    struct led_tx tx;
    struct buf encoded;
    struct buf witness;
    struct led_step step;
};

static void scene_init(struct scene *c, uint64_t seed)
{
    struct prng p;
    struct model m;
    prng_init(&p, seed, "scene");
    model_random(&m, &p, 12);
    c->s = model_state(&m);
    add_strangers(c->s, &p, 20 * seed);
    model_random_tx(&m, &p, &c->tx);
    sign(&c->tx);
    c->root = fix_root(c->s);
    c->encoded = encode(&c->tx);
    c->witness = witness_of(c->s, &c->tx);
    c->step = (struct led_step){FIX_ROLLUP, buf_view(&c->encoded), LED_NO_OP};
}

static void scene_fini(struct scene *c)
{
    led_tx_fini(&c->tx);
    buf_fini(&c->encoded);
    buf_fini(&c->witness);
    led_state_destroy(&c->s);
}

static void test_any_other_witness_is_refused(void **state)
{
    struct prng p;
    prng_init(&p, 3, "tamper");
    for (uint64_t seed = 0; seed < 40; seed++) {
        CLEANUP(scene_fini) struct scene c;
        struct led_receipt r = {.failed_op = 77};
        struct hash32 post = {{7}};
        scene_init(&c, seed);
        assert_int_equal(replay_exactly(&c.root, &c.step, c.witness.data, c.witness.len, &r, &post),
                         0);
        r = (struct led_receipt){.failed_op = 77};
        post = (struct hash32){{7}};
        for (size_t len = 0; len < c.witness.len; len++) {
            assert_int_not_equal(replay_exactly(&c.root, &c.step, c.witness.data, len, &r, &post),
                                 0);
        }
        for (size_t i = 0; i < c.witness.len; i++) {
            uint8_t old = c.witness.data[i];
            c.witness.data[i] = (uint8_t)(old ^ (1 + prng_below(&p, 255)));
            assert_int_not_equal(
                led_witness_replay(&c.root, &c.step, buf_view(&c.witness), &r, &post), 0);
            c.witness.data[i] = (uint8_t)(old ^ (1U << prng_below(&p, 8)));
            assert_int_not_equal(
                led_witness_replay(&c.root, &c.step, buf_view(&c.witness), &r, &post), 0);
            c.witness.data[i] = old;
        }
        buf_append_u8(&c.witness, 0);
        assert_int_equal(led_witness_replay(&c.root, &c.step, buf_view(&c.witness), &r, &post),
                         ERR_TRAILING);
        /* Nothing was written on the way. */
        assert_true(r.failed_op == 77 && post.b[0] == 7 && post.b[1] == 0);
    }
}

static void test_a_witness_is_good_for_its_root_and_rollup_only(void **state)
{
    CLEANUP(scene_fini) struct scene c;
    struct led_receipt r = {0};
    struct hash32 post;
    scene_init(&c, 5);
    struct hash32 other = c.root;
    other.b[31] ^= 1;
    assert_int_equal(led_witness_replay(&other, &c.step, buf_view(&c.witness), &r, &post),
                     ERR_PROOF);
    c.step.rollup++;
    assert_int_equal(led_witness_replay(&c.root, &c.step, buf_view(&c.witness), &r, &post), 0);
    assert_int_equal(r.reason, LED_REASON_WRONG_ROLLUP);
    assert_memory_equal(post.b, c.root.b, 32);
    c.step.rollup--;
    c.step.uncovered_op = 0;
    assert_int_equal(led_witness_replay(&c.root, &c.step, buf_view(&c.witness), &r, &post), 0);
    assert_int_equal(r.reason, LED_REASON_UNCOVERED);
    c.step.tx.len--;
    assert_int_equal(led_witness_replay(&c.root, &c.step, buf_view(&c.witness), &r, &post),
                     ERR_TRUNCATED);
}

/* ---- Byte by byte ---- */

static void test_layout_is_the_documented_one(void **state)
{
    struct led_state *s = fix_state();
    struct led_op op = fix_fail();
    struct led_tx tx = {
        .rollup = FIX_ROLLUP, .sender = model_key(0)->address, .n_legs = 1, .ops = &op, .n_ops = 1};
    CLEANUP(buf_fini) struct buf nothing = witness_of(s, &tx);
    assert_int_equal(nothing.len, 1);
    assert_int_equal(nothing.data[0], 0);
    tx.has_nonce = true;
    CLEANUP(buf_fini) struct buf absent = witness_of(s, &tx);
    assert_int_equal(absent.len, 1);
    assert_int_equal(absent.data[0], 0);

    assert_int_equal(led_state_set_nonce(s, &tx.sender, 3), 0);
    CLEANUP(buf_fini) struct buf leaf = witness_of(s, &tx);
    assert_int_equal(leaf.len, 1 + 1 + 21 + 1 + 8);
    assert_int_equal(leaf.data[0], 1);
    assert_int_equal(leaf.data[1], 21);
    assert_int_equal(leaf.data[23], 8);
    assert_int_equal(leaf.data[31], 3);

    /* A second leaf: where the first goes, this one comes to stand alone, so it is opened. */
    struct addr20 who = fix_address(1);
    struct led_name asset = fix_name("A");
    assert_int_equal(led_state_set_balance(s, &who, &asset, 5), 0);
    CLEANUP(buf_fini) struct buf two = witness_of(s, &tx);
    assert_int_equal(two.data[0], 2);
    /* And of what touches neither, only the root. */
    tx.has_nonce = false;
    CLEANUP(buf_fini) struct buf root = witness_of(s, &tx);
    struct hash32 hash = fix_root(s);
    assert_int_equal(root.len, 33);
    assert_int_equal(root.data[0], 3);
    assert_memory_equal(root.data + 1, hash.b, 32);
    led_state_destroy(&s);
}

/* A root somebody made up: an entry that no ledger writes is found before it is read. */
static void test_entries_that_no_ledger_writes_are_refused(void **state)
{
    static const struct {
        uint8_t tag;
        uint8_t key_len;
        uint8_t value_len;
    } good[] = {{1, 37, 16}, {2, 21, 8}, {5, 37, 64}, {6, 25, 32}};
    struct led_op op = fix_fail();
    struct led_tx tx = {
        .rollup = FIX_ROLLUP, .sender = model_key(0)->address, .n_legs = 1, .ops = &op, .n_ops = 1};
    for (size_t i = 0; i < 4; i++) {
        for (int wrong = 0; wrong < 5; wrong++) {
            /* Any leaf stands at the root, whatever the transaction looks for. */
            CLEANUP(buf_fini) struct buf w = {0};
            size_t key_len = good[i].key_len + (wrong == 1 ? 1U : 0U);
            size_t value_len = good[i].value_len - (wrong == 2 ? 1U : 0U);
            struct led_receipt r;
            struct hash32 post;
            tx.has_nonce = true;
            led_tx_sign(&tx, model_key(0));
            CLEANUP(buf_fini) struct buf encoded = encode(&tx);
            struct led_step step = {FIX_ROLLUP, buf_view(&encoded), LED_NO_OP};
            wr_u8(&w, 1);
            wr_u8(&w, (uint8_t)key_len);
            for (size_t k = 0; k < key_len; k++) {
                wr_u8(&w, k == 0 ? (wrong == 3 ? 9 : good[i].tag) : 'x');
            }
            wr_u8(&w, (uint8_t)value_len);
            for (size_t k = 0; k < value_len; k++) {
                wr_u8(&w, wrong == 4 ? 0 : 1);
            }
            struct smt t = {0};
            struct hash32 root;
            assert_int_equal(smt_put(&t, bytes_of(w.data + 2, key_len),
                                     bytes_of(w.data + 3 + key_len, value_len)),
                             0);
            smt_root(&t, &root);
            smt_fini(&t);
            int rc = led_witness_replay(&root, &step, buf_view(&w), &r, &post);
            assert_int_equal(rc, wrong == 0 ? 0 : ERR_CORRUPT);
        }
    }
}

static void test_an_ordinary_transfer_in_a_large_state_takes_under_8_kib(void **state)
{
    struct prng p;
    struct led_state *s = fix_state();
    struct led_name asset = fix_name("ETH");
    struct addr20 to = fix_address(9);
    const struct addr20 *sender = &model_key(0)->address;
    prng_init(&p, 1, "large");
    add_strangers(s, &p, 50000);
    assert_int_equal(led_state_set_balance(s, sender, &asset, 10), 0);
    struct led_op op = fix_transfer(&to, "ETH", 10);
    struct led_tx tx = {.rollup = FIX_ROLLUP,
                        .sender = *sender,
                        .n_legs = 1,
                        .has_nonce = true,
                        .ops = &op,
                        .n_ops = 1};
    CLEANUP(buf_fini) struct buf w = witness_of(s, &tx);
    assert_true(w.len > 1000 && w.len < 8192);
    struct tally tally = {{0}};
    check_step(s, &tx, &p, &tally);
    led_state_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_on_a_witness_is_execution_on_the_state),
        cmocka_unit_test(test_deletions_and_insertions_reshape_the_part_as_they_do_the_tree),
        cmocka_unit_test(test_any_other_witness_is_refused),
        cmocka_unit_test(test_a_witness_is_good_for_its_root_and_rollup_only),
        cmocka_unit_test(test_layout_is_the_documented_one),
        cmocka_unit_test(test_entries_that_no_ledger_writes_are_refused),
        cmocka_unit_test(test_an_ordinary_transfer_in_a_large_state_takes_under_8_kib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
