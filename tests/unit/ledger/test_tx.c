/* Transactions and receipts as bytes, hashes and signatures. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"

#include "tests/unit/ledger/fixture.h"

/* A signed transaction. In: operations on the heap, which it takes over. */
static struct led_tx tx_of(size_t account, bool has_nonce, struct led_op *ops, size_t n_ops)
{
    struct led_tx tx = {
        .rollup = FIX_ROLLUP,
        .sender = model_key(account)->address,
        .bundle_nonce = 5,
        .leg = 1,
        .n_legs = 2,
        .has_nonce = has_nonce,
        .nonce = has_nonce ? 9 : 0,
        .ops = ops,
        .n_ops = n_ops,
    };
    memset(tx.deployment.b, 0xdd, 32);
    led_tx_sign(&tx, model_key(account));
    return tx;
}

static struct led_tx random_tx(struct prng *p)
{
    size_t n = 1 + prng_below(p, 4);
    struct led_op *ops = calloc(n, sizeof(*ops));
    assert_non_null(ops);
    for (size_t i = 0; i < n; i++) {
        ops[i] = fix_random_op(p);
    }
    return tx_of(prng_below(p, MODEL_ACCOUNTS), prng_chance_ppm(p, 500000), ops, n);
}

static int decode(const struct buf *b, size_t len)
{
    struct led_tx tx;
    memset(&tx, 0x5a, sizeof(tx));
    struct led_tx before = tx;
    uint8_t *exact = malloc(len != 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, b->data, len);
    int rc = led_tx_decode(bytes_of(exact, len), &tx);
    if (rc == 0) {
        led_tx_fini(&tx);
        assert_null(tx.ops);
    } else {
        assert_memory_equal(&tx, &before, sizeof(tx));
    }
    free(exact);
    return rc;
}

static void test_layout_digest_and_hash_are_the_documented_ones(void **state)
{
    for (int has_nonce = 0; has_nonce < 2; has_nonce++) {
        struct led_op *ops = calloc(2, sizeof(*ops));
        assert_non_null(ops);
        ops[0] = fix_transfer(&model_key(1)->address, "ETH", 3);
        ops[1] = fix_fail();
        struct led_tx tx = tx_of(0, has_nonce, ops, 2);
        CLEANUP(buf_fini) struct buf encoded = {0};
        CLEANUP(buf_fini) struct buf expected = {0};
        CLEANUP(buf_fini) struct buf tagged = {0};

        wr_fixed(&expected, tx.deployment.b, 32);
        wr_u64(&expected, FIX_ROLLUP);
        wr_fixed(&expected, tx.sender.b, 20);
        wr_u64(&expected, 5);
        wr_u32(&expected, 1);
        wr_u32(&expected, 2);
        wr_u8(&expected, (uint8_t)has_nonce);
        if (has_nonce) {
            wr_u64(&expected, 9);
        }
        wr_u32(&expected, 2);
        led_op_encode(&tx.ops[0], &expected);
        led_op_encode(&tx.ops[1], &expected);

        struct hash32 ours;
        struct hash32 theirs;
        buf_append_bytes(&tagged, bytes_str("lockstep/tx/v1"));
        buf_append_bytes(&tagged, buf_view(&expected));
        hash_keccak256(buf_view(&tagged), &theirs);
        led_tx_digest(&tx, &ours);
        assert_memory_equal(ours.b, theirs.b, 32);
        assert_int_equal(sig_verify(&theirs, &tx.sig, &tx.sender), 0);

        wr_fixed(&expected, tx.sig.b, 65);
        led_tx_encode(&tx, &encoded);
        assert_int_equal(encoded.err, 0);
        assert_true(bytes_equal(buf_view(&encoded), buf_view(&expected)));
        buf_clear(&tagged);
        buf_append_bytes(&tagged, bytes_str("lockstep/tx-hash/v1"));
        buf_append_bytes(&tagged, buf_view(&expected));
        hash_keccak256(buf_view(&tagged), &theirs);
        led_tx_hash(buf_view(&encoded), &ours);
        assert_memory_equal(ours.b, theirs.b, 32);
        led_tx_fini(&tx);
    }
}

static void test_random_transactions_survive_the_round_trip(void **state)
{
    struct prng p;
    prng_init(&p, 1, "tx");
    for (int round = 0; round < 40; round++) {
        CLEANUP(led_tx_fini) struct led_tx tx = random_tx(&p);
        CLEANUP(led_tx_fini) struct led_tx again = {0};
        CLEANUP(buf_fini) struct buf b = {0};
        CLEANUP(buf_fini) struct buf b_again = {0};
        led_tx_encode(&tx, &b);
        assert_int_equal(led_tx_decode(buf_view(&b), &again), 0);
        assert_memory_equal(again.deployment.b, tx.deployment.b, 32);
        assert_true(addr20_equal(&again.sender, &tx.sender));
        assert_true(again.rollup == tx.rollup && again.bundle_nonce == tx.bundle_nonce);
        assert_true(again.leg == tx.leg && again.n_legs == tx.n_legs);
        assert_true(again.has_nonce == tx.has_nonce && again.nonce == tx.nonce);
        assert_int_equal(again.n_ops, tx.n_ops);
        assert_int_equal(led_tx_verify(&again), 0);
        led_tx_encode(&again, &b_again);
        assert_true(bytes_equal(buf_view(&b), buf_view(&b_again)));
        for (size_t len = 0; len < b.len; len++) {
            assert_int_equal(decode(&b, len), ERR_TRUNCATED);
        }
        buf_append_u8(&b, 0);
        assert_int_equal(decode(&b, b.len), ERR_TRAILING);
    }
}

static void test_any_flipped_byte_fails_to_decode_or_to_verify(void **state)
{
    struct prng p;
    prng_init(&p, 2, "tx flips");
    CLEANUP(led_tx_fini) struct led_tx tx = random_tx(&p);
    CLEANUP(buf_fini) struct buf b = {0};
    led_tx_encode(&tx, &b);
    for (size_t i = 0; i < b.len; i++) {
        uint8_t flip = (uint8_t)(1 + prng_below(&p, 255));
        struct led_tx bad;
        b.data[i] = (uint8_t)(b.data[i] ^ flip);
        if (led_tx_decode(buf_view(&b), &bad) == 0) {
            assert_int_equal(led_tx_verify(&bad), ERR_SIGNATURE);
            led_tx_fini(&bad);
        }
        b.data[i] = (uint8_t)(b.data[i] ^ flip);
    }
}

static void test_signature_of_another_key_does_not_verify(void **state)
{
    struct prng p;
    prng_init(&p, 3, "tx keys");
    CLEANUP(led_tx_fini) struct led_tx tx = random_tx(&p);
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        bool own = addr20_equal(&tx.sender, &model_key(i)->address);
        led_tx_sign(&tx, model_key(i));
        assert_int_equal(led_tx_verify(&tx), own ? 0 : ERR_SIGNATURE);
    }
}

static void test_refusals_of_the_transaction_decoder(void **state)
{
    struct prng p;
    prng_init(&p, 4, "tx refusals");
    CLEANUP(led_tx_fini) struct led_tx tx = random_tx(&p);
    CLEANUP(buf_fini) struct buf b = {0};
    static const struct {
        uint32_t leg, n_legs;
        int expected;
    } cases[] = {{0, 1, 0},
                 {1, 2, 0},
                 {UINT32_MAX - 1, UINT32_MAX, 0},
                 {0, 0, ERR_INVALID},
                 {1, 1, ERR_INVALID},
                 {3, 2, ERR_INVALID},
                 {UINT32_MAX, UINT32_MAX, ERR_INVALID}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tx.leg = cases[i].leg;
        tx.n_legs = cases[i].n_legs;
        buf_clear(&b);
        led_tx_encode(&tx, &b);
        assert_int_equal(decode(&b, b.len), cases[i].expected);
    }
    tx.leg = 0;
    tx.n_legs = 1;
    buf_clear(&b);
    led_tx_encode(&tx, &b);
    b.data[32 + 8 + 20 + 8 + 4 + 4] = 2;
    assert_int_equal(decode(&b, b.len), ERR_NONCANONICAL);

    tx.has_nonce = false;
    buf_clear(&b);
    led_tx_encode(&tx, &b);
    size_t count = 32 + 8 + 20 + 8 + 4 + 4 + 1;
    b.data[count + 3] = 0;
    assert_int_equal(decode(&b, b.len), ERR_INVALID);
    b.data[count + 3] = LED_OPS_MAX + 1;
    assert_int_equal(decode(&b, b.len), ERR_TOOBIG);
    b.data[count + 3] = (uint8_t)tx.n_ops;
    b.data[count + 4] = 11;
    assert_int_equal(decode(&b, b.len), ERR_UNSUPPORTED);
}

/* Whether a receipt says one thing only. */
static bool coherent(bool ok, uint32_t op, unsigned reason)
{
    if (ok || reason == LED_REASON_OK) {
        return ok && reason == LED_REASON_OK && op == LED_NO_OP;
    }
    bool whole = reason == LED_REASON_BAD_SIGNATURE || reason == LED_REASON_WRONG_ROLLUP ||
                 reason == LED_REASON_BAD_NONCE;
    if (op == LED_NO_OP) {
        return whole || reason == LED_REASON_OVERFLOW;
    }
    return !whole && op < LED_OPS_MAX;
}

static void test_receipts_survive_the_round_trip_and_cannot_contradict_themselves(void **state)
{
    static const uint32_t ops[] = {0,         1,       LED_OPS_MAX - 1, LED_OPS_MAX, LED_NO_OP - 1,
                                   LED_NO_OP, 1U << 31};
    int accepted = 0;
    for (unsigned k = 0; k < 2U * 7 * 256; k++) {
        bool ok = k % 2 == 1;
        uint32_t op = ops[k / 2 % 7];
        uint8_t reason = (uint8_t)(k / 14);
        CLEANUP(buf_fini) struct buf b = {0};
        struct led_receipt r = {.failed_op = 77, .reason = LED_REASON_SLIPPAGE};
        wr_bool(&b, ok);
        wr_u32(&b, op);
        wr_u8(&b, reason);
        int rc = led_receipt_decode(buf_view(&b), &r);
        if (reason > LED_REASON_UNCOVERED) {
            assert_int_equal(rc, ERR_UNSUPPORTED);
        } else {
            assert_int_equal(rc, coherent(ok, op, reason) ? 0 : ERR_NONCANONICAL);
        }
        if (rc != 0) {
            assert_true(!r.ok && r.failed_op == 77 && r.reason == LED_REASON_SLIPPAGE);
            continue;
        }
        accepted++;
        assert_true(r.ok == ok && r.failed_op == op && (unsigned)r.reason == reason);
        CLEANUP(buf_fini) struct buf again = {0};
        led_receipt_encode(&r, &again);
        assert_true(bytes_equal(buf_view(&again), buf_view(&b)));
        for (size_t len = 0; len < b.len; len++) {
            assert_int_equal(led_receipt_decode(bytes_of(b.data, len), &r), ERR_TRUNCATED);
        }
        buf_append_u8(&b, 0);
        assert_int_equal(led_receipt_decode(buf_view(&b), &r), ERR_TRAILING);

        CLEANUP(buf_fini) struct buf tagged = {0};
        struct hash32 ours;
        struct hash32 theirs;
        buf_append_bytes(&tagged, bytes_str("lockstep/receipt/v1"));
        buf_append_bytes(&tagged, buf_view(&again));
        hash_keccak256(buf_view(&tagged), &theirs);
        led_receipt_hash(&r, &ours);
        assert_memory_equal(ours.b, theirs.b, 32);
    }
    assert_int_equal(accepted, 1 + 3 + 1 + 13 * 3);
    struct led_receipt r;
    assert_int_equal(led_receipt_decode(bytes_of("\2\0\0\0\0\1", 6), &r), ERR_NONCANONICAL);
}

static void test_reasons_have_names(void **state)
{
#define X(constant, value, name) assert_string_equal(led_reason_name(constant), #name);
    LED_REASON_MAP(X)
#undef X
    assert_string_equal(led_reason_name((enum led_reason)17), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_digest_and_hash_are_the_documented_ones),
        cmocka_unit_test(test_random_transactions_survive_the_round_trip),
        cmocka_unit_test(test_any_flipped_byte_fails_to_decode_or_to_verify),
        cmocka_unit_test(test_signature_of_another_key_does_not_verify),
        cmocka_unit_test(test_refusals_of_the_transaction_decoder),
        cmocka_unit_test(test_receipts_survive_the_round_trip_and_cannot_contradict_themselves),
        cmocka_unit_test(test_reasons_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
