/* Random transactions: the ledger against the model, and what must hold whatever they do. */
#include "common/base/cleanup.h"

#include "tests/unit/ledger/fixture.h"

#define BLOCK 60

/* Asserts that the state's own totals are the model's, once what was bridged is counted back. */
static void check_totals(const struct model *m, const struct led_state *s, mpz_t *expected)
{
    mpz_t sum;
    mpz_init(sum);
    for (size_t a = 0; a < MODEL_ASSETS; a++) {
        struct led_name asset = fix_name(model_asset(a));
        u128 total = 0;
        model_total(m, a, sum);
        assert_int_equal(mpz_cmp(sum, expected[a]), 0);
        struct led_bridged bridged = led_bridged(s, MODEL_PEER, &asset);
        mpz_t one;
        mpz_init(one);
        fix_mpz(one, bridged.out);
        mpz_sub(sum, sum, one);
        fix_mpz(one, bridged.in);
        mpz_add(sum, sum, one);
        mpz_clear(one);
        int rc = led_state_total(s, &asset, &total);
        assert_int_equal(rc, mpz_sizeinbase(sum, 2) > 128 ? ERR_OVERFLOW : 0);
        assert_u128_equal(total, rc == 0 ? fix_from_mpz(sum) : 0);
    }
    mpz_clear(sum);
}

static void check_access(const struct led_trace *trace, const struct led_tx *tx)
{
    struct led_access access = {0};
    assert_int_equal(led_access_of(tx, &access), 0);
    assert_int_equal(trace->err, 0);
    for (size_t i = 0; i < trace->n; i++) {
        assert_true(led_access_has(&access, &trace->paths[i]));
    }
    led_access_fini(&access);
}

/* Executes one transaction on both sides. Returns: the verdict. */
static struct led_receipt step(struct model *m, struct led_state *s, struct led_tx *tx,
                               bool with_signature)
{
    struct led_trace trace = {0};
    struct led_receipt receipt = {0};
    struct hash32 before = fix_root(s);
    uint32_t uncovered = model_cover_alone(tx);
    assert_int_equal(led_cover_alone(tx), uncovered);
    led_state_trace(s, &trace);
    if (with_signature) {
        led_tx_sign(tx, model_key(0));
        bool own = addr20_equal(&tx->sender, &model_key(0)->address);
        assert_int_equal(led_execute(s, tx, &receipt), 0);
        assert_int_equal(receipt.reason == LED_REASON_BAD_SIGNATURE, !own);
    } else if (uncovered != LED_NO_OP && tx->bundle_nonce % 4 != 0) {
        /* As if other legs covered it. */
        uncovered = LED_NO_OP;
        for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
            if (addr20_equal(&tx->sender, &model_key(i)->address)) {
                led_tx_sign(tx, model_key(i));
            }
        }
        assert_int_equal(led_execute_in(s, tx, LED_NO_OP, &receipt), 0);
    } else {
        assert_int_equal(led_execute_verified(s, tx, &receipt), 0);
    }
    led_state_trace(s, NULL);
    check_access(&trace, tx);
    led_trace_fini(&trace);

    struct led_receipt expected = {.failed_op = LED_NO_OP, .reason = LED_REASON_BAD_SIGNATURE};
    if (receipt.reason != LED_REASON_BAD_SIGNATURE) {
        expected = model_execute(m, tx, uncovered);
    }
    assert_string_equal(led_reason_name(receipt.reason), led_reason_name(expected.reason));
    assert_int_equal(receipt.ok, expected.ok);
    assert_int_equal(receipt.failed_op, expected.failed_op);
    if (!receipt.ok) {
        struct hash32 after = fix_root(s);
        assert_memory_equal(after.b, before.b, 32);
    }
    return receipt;
}

struct tally {
    unsigned of[LED_REASON_UNCOVERED + 1];
};

/* Amounts up to 2^bits. A block of transactions, once as it is and once without the failed. */
static void run_block(uint64_t seed, unsigned bits, struct tally *tally)
{
    struct prng p;
    struct model m;
    mpz_t totals[MODEL_ASSETS];
    struct led_tx txs[BLOCK];
    bool ok[BLOCK];
    prng_init(&p, seed, "block");
    model_random(&m, &p, bits);
    struct led_state *s = model_state(&m);
    struct led_state *without = model_state(&m);
    for (size_t a = 0; a < MODEL_ASSETS; a++) {
        mpz_init(totals[a]);
        model_total(&m, a, totals[a]);
    }
    for (size_t i = 0; i < BLOCK; i++) {
        model_random_tx(&m, &p, &txs[i]);
        txs[i].bundle_nonce = i;
        struct led_receipt r = step(&m, s, &txs[i], i % 20 == 0);
        tally->of[r.reason]++;
        ok[i] = r.ok;
        model_assert_equal(&m, s);
        check_totals(&m, s, totals);
        if (prng_chance_ppm(&p, 200000)) {
            led_state_commit(s);
        }
    }
    for (size_t i = 0; i < BLOCK; i++) {
        struct led_receipt r;
        if (ok[i]) {
            int rc = led_cover_alone(&txs[i]) == LED_NO_OP
                         ? led_execute_verified(without, &txs[i], &r)
                         : led_execute_in(without, &txs[i], LED_NO_OP, &r);
            assert_int_equal(rc, 0);
            assert_true(r.ok);
        }
        led_tx_fini(&txs[i]);
    }
    struct hash32 root = fix_root(s);
    assert_memory_equal(fix_root(without).b, root.b, 32);

    /* And the state is no more than its content. */
    struct led_state *fresh = model_state(&m);
    assert_memory_equal(fix_root(fresh).b, root.b, 32);
    led_state_destroy(&fresh);
    led_state_destroy(&without);
    led_state_destroy(&s);
    for (size_t a = 0; a < MODEL_ASSETS; a++) {
        mpz_clear(totals[a]);
    }
}

static void test_random_blocks_agree_with_the_model_and_conserve_every_asset(void **state)
{
    static const unsigned bits[] = {4, 12, 40, 64, 65, 100, 124, 127, 128, 128};
    struct tally tally = {{0}};
    for (uint64_t seed = 0; seed < 100; seed++) {
        run_block(seed, bits[seed % 10], &tally);
    }
    for (unsigned reason = 0; reason <= LED_REASON_UNCOVERED; reason++) {
        if (tally.of[reason] < 5) {
            print_error("only %u times %s\n", tally.of[reason],
                        led_reason_name((enum led_reason)reason));
        }
        assert_true(tally.of[reason] >= 5);
    }
}

/* A mark per transaction costs nothing, and every one of them can be gone back to. */
static void test_every_step_of_a_slot_can_be_gone_back_to(void **state)
{
    struct prng p;
    prng_init(&p, 3, "steps");
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct model m;
        struct led_tx txs[BLOCK];
        struct led_mark marks[BLOCK + 1];
        struct hash32 roots[BLOCK + 1];
        model_random(&m, &p, 40);
        struct led_state *s = model_state(&m);
        for (size_t i = 0; i < BLOCK; i++) {
            model_random_tx(&m, &p, &txs[i]);
            txs[i].has_nonce = false;
        }
        size_t done = 0;
        for (int leap = 0; leap < 12; leap++) {
            size_t target = done + prng_below(&p, BLOCK - done + 1);
            for (; done < target; done++) {
                struct led_receipt r;
                marks[done] = led_state_mark(s);
                roots[done] = fix_root(s);
                assert_int_equal(led_execute_verified(s, &txs[done], &r), 0);
            }
            size_t back = prng_below(&p, done + 1);
            if (back < done) {
                led_state_rollback(s, marks[back]);
                done = back;
                assert_memory_equal(fix_root(s).b, roots[back].b, 32);
            }
        }
        for (size_t i = 0; i < BLOCK; i++) {
            led_tx_fini(&txs[i]);
        }
        led_state_destroy(&s);
    }
}

/* What a transaction does depends on nothing outside its access set, so transactions whose sets do
 * not meet can change places. */
static void test_transactions_that_do_not_meet_commute(void **state)
{
    struct prng p;
    unsigned swapped = 0;
    prng_init(&p, 1, "commute");
    for (int round = 0; round < 1500; round++) {
        struct model m;
        struct led_tx tx[2];
        struct led_access access[2] = {{0}};
        struct led_receipt there[2];
        struct led_receipt back[2];
        model_random(&m, &p, 32);
        model_random_tx(&m, &p, &tx[0]);
        model_random_tx(&m, &p, &tx[1]);
        assert_int_equal(led_access_of(&tx[0], &access[0]), 0);
        assert_int_equal(led_access_of(&tx[1], &access[1]), 0);
        if (!led_access_meet(&access[0], &access[1])) {
            struct led_state *a = model_state(&m);
            struct led_state *b = model_state(&m);
            assert_int_equal(led_execute_verified(a, &tx[0], &there[0]), 0);
            assert_int_equal(led_execute_verified(a, &tx[1], &there[1]), 0);
            assert_int_equal(led_execute_verified(b, &tx[1], &back[1]), 0);
            assert_int_equal(led_execute_verified(b, &tx[0], &back[0]), 0);
            for (size_t i = 0; i < 2; i++) {
                assert_int_equal(there[i].reason, back[i].reason);
                assert_int_equal(there[i].failed_op, back[i].failed_op);
                swapped += there[i].ok ? 1 : 0;
            }
            assert_memory_equal(fix_root(a).b, fix_root(b).b, 32);
            led_state_destroy(&a);
            led_state_destroy(&b);
        }
        for (size_t i = 0; i < 2; i++) {
            led_access_fini(&access[i]);
            led_tx_fini(&tx[i]);
        }
    }
    assert_true(swapped > 20);
}

static void test_swap_formula_is_the_one_of_gmp_up_to_the_extremes(void **state)
{
    static const uint32_t fees[] = {0, 1, 30, 3000, 500000, 999998, 999999};
    struct prng p;
    struct led_name pool = fix_name("p");
    struct led_name in = fix_name("in");
    struct led_name out = fix_name("out");
    const struct addr20 *who = &model_key(0)->address;
    prng_init(&p, 2, "swaps");
    for (int round = 0; round < 600; round++) {
        u128 reserve_in = fix_u128(&p);
        u128 reserve_out = fix_u128(&p);
        reserve_in = reserve_in != 0 ? reserve_in : U128_MAX - 1;
        reserve_out = reserve_out != 0 ? reserve_out : U128_MAX;
        u128 amount = fix_u128(&p);
        if (amount > U128_MAX - reserve_in) {
            amount = U128_MAX - reserve_in;
        }
        amount = round % 5 == 0 ? U128_MAX - reserve_in : amount;
        uint32_t fee = fees[prng_below(&p, 7)];
        if (amount == 0) {
            continue;
        }
        u128 paid = model_swap_out(reserve_in, reserve_out, amount, fee);
        struct led_state *s = fix_state();
        struct led_op op = fix_swap("p", "in", "out", amount, paid);
        struct led_tx tx = {.rollup = FIX_ROLLUP, .sender = *who, .n_legs = 1, .n_ops = 1};
        struct led_receipt r;
        struct led_pool q;
        tx.ops = &op;
        bool forward = round % 2 == 0;
        assert_int_equal(led_state_set_balance(s, who, &in, amount), 0);
        assert_int_equal(
            led_state_set_pool(s, &pool, forward ? &in : &out, forward ? reserve_in : reserve_out,
                               forward ? &out : &in, forward ? reserve_out : reserve_in, fee),
            0);
        if (paid != U128_MAX) {
            op.swap.min_out = paid + 1;
            assert_int_equal(led_execute_verified(s, &tx, &r), 0);
            assert_int_equal(r.reason, LED_REASON_SLIPPAGE);
            op.swap.min_out = paid;
        }
        assert_int_equal(led_execute_verified(s, &tx, &r), 0);
        assert_int_equal(r.reason, LED_REASON_OK);
        assert_int_equal(led_pool_get(s, &pool, &q), 0);
        assert_u128_equal(led_balance(s, who, &in), 0);
        assert_u128_equal(led_balance(s, who, &out), paid);
        assert_u128_equal(forward ? q.reserve_a : q.reserve_b, reserve_in + amount);
        assert_u128_equal(forward ? q.reserve_b : q.reserve_a, reserve_out - paid);
        assert_true(paid < reserve_out);
        assert_true(led_u256_compare(led_u256_mul(q.reserve_a, q.reserve_b),
                                     led_u256_mul(reserve_in, reserve_out)) >= 0);
        led_state_destroy(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_blocks_agree_with_the_model_and_conserve_every_asset),
        cmocka_unit_test(test_every_step_of_a_slot_can_be_gone_back_to),
        cmocka_unit_test(test_transactions_that_do_not_meet_commute),
        cmocka_unit_test(test_swap_formula_is_the_one_of_gmp_up_to_the_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
