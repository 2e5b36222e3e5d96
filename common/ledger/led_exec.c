#include "common/ledger/led_exec.h"

#include "common/base/check.h"
#include "common/crypto/hash.h"
#include "common/ledger/led_access.h"
#include "common/ledger/led_ops.h"
#include "common/ledger/led_state_core.h"

#define RECEIPT_BYTES 6

static struct led_receipt failure(enum led_reason reason, uint32_t op)
{
    return (struct led_receipt){.ok = false, .failed_op = op, .reason = reason};
}

/* Runs the operations and raises the nonce; leaves the writes of a failure behind. */
static int run(struct led_state *s, const struct led_tx *tx, struct led_receipt *out)
{
    for (size_t i = 0; i < tx->n_ops; i++) {
        enum led_reason reason = LED_REASON_OK;
        int rc = led_op_execute(s, tx, &tx->ops[i], &reason);
        if (rc != 0) {
            return rc;
        }
        if (reason != LED_REASON_OK) {
            *out = failure(reason, (uint32_t)i);
            return 0;
        }
    }
    if (tx->has_nonce) {
        if (tx->nonce == UINT64_MAX) {
            *out = failure(LED_REASON_OVERFLOW, LED_NO_OP);
            return 0;
        }
        int rc = led_state_set_nonce(s, &tx->sender, tx->nonce + 1);
        if (rc != 0) {
            return rc;
        }
    }
    *out = (struct led_receipt){.ok = true, .failed_op = LED_NO_OP, .reason = LED_REASON_OK};
    return 0;
}

/* Executing waits for memory most of all: this waits for all of it at the same time. */
static void warm(const struct led_state *s, const struct led_tx *tx)
{
    struct hash32 paths[SMT_WARM_MAX];
    smt_warm(&s->tree, paths, led_access_first(tx, paths, SMT_WARM_MAX));
}

static int execute(struct led_state *s, const struct led_tx *tx, uint32_t uncovered_op,
                   struct led_receipt *out)
{
    struct led_receipt receipt = {0};
    CHECK(tx->n_ops <= LED_OPS_MAX);
    if (tx->rollup != led_state_rollup(s)) {
        *out = failure(LED_REASON_WRONG_ROLLUP, LED_NO_OP);
        return 0;
    }
    if (uncovered_op != LED_NO_OP) {
        *out = failure(LED_REASON_UNCOVERED, uncovered_op);
        return 0;
    }
    warm(s, tx);
    if (tx->has_nonce && tx->nonce != led_nonce(s, &tx->sender)) {
        *out = failure(LED_REASON_BAD_NONCE, LED_NO_OP);
        return 0;
    }
    struct led_mark before = led_state_mark(s);
    int rc = run(s, tx, &receipt);
    if (rc != 0 || !receipt.ok) {
        led_state_rollback(s, before);
    }
    if (rc == 0) {
        *out = receipt;
    }
    return rc;
}

int led_execute_verified(struct led_state *s, const struct led_tx *tx, struct led_receipt *out)
{
    return execute(s, tx, led_cover_alone(tx), out);
}

int led_execute_verified_in(struct led_state *s, const struct led_tx *tx, uint32_t uncovered_op,
                            struct led_receipt *out)
{
    return execute(s, tx, uncovered_op, out);
}

int led_execute_in(struct led_state *s, const struct led_tx *tx, uint32_t uncovered_op,
                   struct led_receipt *out)
{
    if (led_tx_verify(tx) != 0) {
        *out = failure(LED_REASON_BAD_SIGNATURE, LED_NO_OP);
        return 0;
    }
    return execute(s, tx, uncovered_op, out);
}

int led_execute(struct led_state *s, const struct led_tx *tx, struct led_receipt *out)
{
    return led_execute_in(s, tx, led_cover_alone(tx), out);
}

void led_receipt_encode(const struct led_receipt *receipt, struct buf *out)
{
    wr_bool(out, receipt->ok);
    wr_u32(out, receipt->failed_op);
    wr_u8(out, (uint8_t)receipt->reason);
}

static bool reason_known(unsigned reason)
{
    switch (reason) {
#define X(constant, value, name) case (value):
        LED_REASON_MAP(X)
#undef X
        return true;
    default:
        return false;
    }
}

/* Whether a failure for this reason can name this operation, or none. */
static bool op_fits(enum led_reason reason, uint32_t op)
{
    switch (reason) {
    case LED_REASON_OK:
    case LED_REASON_BAD_SIGNATURE:
    case LED_REASON_WRONG_ROLLUP:
    case LED_REASON_BAD_NONCE:
        return op == LED_NO_OP;
    case LED_REASON_OVERFLOW: /* of an operation, or of the nonce */
        return op == LED_NO_OP || op < LED_OPS_MAX;
    default:
        return op < LED_OPS_MAX;
    }
}

int led_receipt_decode(struct bytes in, struct led_receipt *out)
{
    struct rd r = rd_from(in);
    struct led_receipt receipt = {.ok = rd_bool(&r), .failed_op = rd_u32(&r)};
    uint8_t reason = rd_u8(&r);
    receipt.reason = (enum led_reason)reason;
    if (r.err == 0 && !reason_known(reason)) {
        rd_fail(&r, ERR_UNSUPPORTED);
    }
    if (r.err == 0 && (receipt.ok != (receipt.reason == LED_REASON_OK) ||
                       !op_fits(receipt.reason, receipt.failed_op))) {
        rd_fail(&r, ERR_NONCANONICAL);
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = receipt;
    }
    return rc;
}

void led_receipt_hash(const struct led_receipt *receipt, struct hash32 *out)
{
    uint8_t memory[RECEIPT_BYTES];
    struct buf b = {.data = memory, .cap = sizeof(memory), .limit = sizeof(memory)};
    struct hash_keccak h;
    led_receipt_encode(receipt, &b);
    CHECK(b.err == 0);
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_str("lockstep/receipt/v1"));
    hash_keccak_add(&h, buf_view(&b));
    hash_keccak_end(&h, out);
}

const char *led_reason_name(enum led_reason reason)
{
    switch (reason) {
#define X(constant, value, name)                                                                   \
    case constant:                                                                                 \
        return #name;
        LED_REASON_MAP(X)
#undef X
    }
    return "unknown";
}
