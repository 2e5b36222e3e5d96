/* The ledger's decoders. The first byte chooses one: transaction, operations, receipt, Merkle
 * proof. What is accepted encodes to the same bytes again, prints, and executes without harm. */
#include "common/base/check.h"
#include "common/ledger/led_access.h"
#include "common/ledger/led_exec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct buf *again, struct bytes in)
{
    CHECK(again->err == 0);
    CHECK(bytes_equal(buf_view(again), in));
    buf_fini(again);
}

/* Gives an account what an operation on a lending pool asks for. */
static void lend_to(struct led_state *s, const struct addr20 *sender, const struct led_lend *l)
{
    struct led_lending lending = {.asset = l->asset, .liquidity = l->amount, .num = 1, .den = 1};
    struct led_position position = {l->amount, 0, l->amount, l->amount};
    CHECK(led_name_set(&lending.collateral, "other") == 0);
    int rc = led_state_set_lending(s, &l->pool, &lending);
    CHECK(rc == 0 || rc == ERR_INVALID);
    CHECK(led_state_set_position(s, &l->pool, sender, &position) == 0);
    CHECK(led_state_set_balance(s, sender, &l->asset, l->amount) == 0);
}

/* On a state without anything, and on one with what the operations ask for. */
static void execute(const struct led_tx *tx)
{
    struct led_state *s = NULL;
    struct led_access access = {0};
    struct led_trace trace = {0};
    CHECK(led_state_new(tx->rollup, &s) == 0);
    CHECK(led_access_of(tx, &access) == 0);
    led_state_trace(s, &trace);
    for (int round = 0; round < 2; round++) {
        struct led_receipt receipt = {0};
        struct led_receipt again = {0};
        struct buf b = {0};
        struct hash32 before;
        struct hash32 after;
        led_state_root(s, &before);
        CHECK(led_execute_verified(s, tx, &receipt) == 0);
        led_state_root(s, &after);
        CHECK(receipt.ok || hash32_equal(&before, &after));
        led_receipt_encode(&receipt, &b);
        CHECK(led_receipt_decode(buf_view(&b), &again) == 0);
        buf_fini(&b);

        led_state_trace(s, NULL);
        CHECK(led_state_set_nonce(s, &tx->sender, tx->nonce) == 0);
        for (size_t i = 0; i < tx->n_ops; i++) {
            const struct led_op *op = &tx->ops[i];
            if (op->kind == LED_OP_TRANSFER) {
                CHECK(led_state_set_balance(s, &tx->sender, &op->transfer.asset,
                                            op->transfer.amount) == 0);
            } else if (op->kind == LED_OP_SWAP) {
                const struct led_swap *w = &op->swap;
                CHECK(led_state_set_balance(s, &tx->sender, &w->asset_in, w->amount_in) == 0);
                int rc = led_state_set_pool(s, &w->pool, &w->asset_in, w->min_out, &w->asset_out,
                                            w->amount_in, (uint32_t)w->min_out % LED_PPM);
                CHECK(rc == 0 || rc == ERR_INVALID);
            } else if (op->kind >= LED_OP_DEPOSIT && op->kind <= LED_OP_REPAY) {
                lend_to(s, &tx->sender, &op->lend);
            }
        }
        led_state_trace(s, &trace);
    }
    CHECK(trace.err == 0);
    for (size_t i = 0; i < trace.n; i++) {
        CHECK(led_access_has(&access, &trace.paths[i]));
    }
    led_trace_fini(&trace);
    led_access_fini(&access);
    led_state_destroy(&s);
}

static void try_tx(struct bytes in)
{
    struct led_tx tx;
    struct buf again = {0};
    if (led_tx_decode(in, &tx) != 0) {
        return;
    }
    CHECK(tx.leg < tx.n_legs && (tx.has_nonce || tx.nonce == 0));
    led_tx_encode(&tx, &again);
    same(&again, in);
    struct hash32 digest;
    led_tx_digest(&tx, &digest);
    execute(&tx);
    led_tx_fini(&tx);
}

static void try_ops(struct bytes in)
{
    struct led_op *ops = NULL;
    size_t n = 0;
    struct buf again = {0};
    if (led_ops_decode(in, &ops, &n) != 0) {
        CHECK(ops == NULL && n == 0);
        return;
    }
    CHECK(n >= 1 && n <= LED_OPS_MAX);
    led_ops_encode(ops, n, &again);
    same(&again, in);
    for (size_t i = 0; i < n; i++) {
        struct buf b = {.limit = 512};
        led_op_print(&ops[i], &b);
        CHECK(b.err == 0 && b.len != 0);
        buf_clear(&b);
        led_op_encode(&ops[i], &b);
        CHECK(b.err == 0 && b.len <= LED_OP_BYTES_MAX);
        buf_fini(&b);
    }
    free(ops);
}

static void try_receipt(struct bytes in)
{
    struct led_receipt receipt;
    struct buf again = {0};
    if (led_receipt_decode(in, &receipt) == 0) {
        led_receipt_encode(&receipt, &again);
        same(&again, in);
        struct hash32 hash;
        led_receipt_hash(&receipt, &hash);
        CHECK(strcmp(led_reason_name(receipt.reason), "unknown") != 0);
    }
}

static void try_proof(struct bytes in)
{
    struct smt_proof proof;
    struct buf again = {0};
    if (smt_proof_decode(in, &proof) == 0) {
        struct hash32 root = {{1}};
        bool present;
        struct bytes value;
        smt_proof_encode(&proof, &again);
        same(&again, in);
        CHECK(smt_proof_verify(&proof, &root, bytes_of(proof.key, proof.key_len), &present,
                               &value) == ERR_PROOF);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const attempts[])(struct bytes in) = {try_tx, try_ops, try_receipt, try_proof};
    if (size != 0) {
        attempts[data[0] % 4](bytes_of(data + 1, size - 1));
    }
    return 0;
}
