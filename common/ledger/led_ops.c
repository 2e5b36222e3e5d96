#include "common/ledger/led_ops.h"

#include "common/ledger/led_state_core.h"
#include "common/ledger/led_u256.h"

int led_debit(struct led_state *s, const struct addr20 *account, const struct led_name *asset,
              u128 amount, enum led_reason *reason)
{
    struct led_key key;
    bool short_of = false;
    led_key_balance(&key, account, asset);
    int rc = led_state_take(s, &key, amount, &short_of);
    if (short_of) {
        *reason = LED_REASON_INSUFFICIENT_BALANCE;
    }
    return rc;
}

int led_credit(struct led_state *s, const struct addr20 *account, const struct led_name *asset,
               u128 amount, enum led_reason *reason)
{
    struct led_key key;
    bool overflow = false;
    led_key_balance(&key, account, asset);
    int rc = led_state_add(s, &key, amount, &overflow);
    if (overflow) {
        *reason = LED_REASON_OVERFLOW;
    }
    return rc;
}

int led_execute_transfer(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                         enum led_reason *reason)
{
    const struct led_transfer *t = &op->transfer;
    if (t->amount == 0) {
        *reason = LED_REASON_ZERO_AMOUNT;
        return 0;
    }
    int rc = led_debit(s, &tx->sender, &t->asset, t->amount, reason);
    if (rc == 0 && *reason == LED_REASON_OK) {
        rc = led_credit(s, &t->to, &t->asset, t->amount, reason);
    }
    return rc;
}

/* What a trade of amount_in gives. In: reserve_in + amount_in does not overflow.
 * Returns: less than reserve_out. */
static u128 swap_out(u128 reserve_in, u128 reserve_out, u128 amount_in, uint32_t fee_ppm)
{
    u128 rest = 0;
    u128 fee = led_u256_div(led_u256_mul(amount_in, fee_ppm), LED_PPM, &rest);
    if (rest != 0) {
        fee++;
    }
    u128 after_fee = amount_in - fee;
    return led_u256_div(led_u256_mul(reserve_out, after_fee), reserve_in + after_fee, NULL);
}

int led_execute_swap(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                     enum led_reason *reason)
{
    const struct led_swap *w = &op->swap;
    struct led_pool p;
    if (w->amount_in == 0) {
        *reason = LED_REASON_ZERO_AMOUNT;
        return 0;
    }
    if (led_pool_get(s, &w->pool, &p) != 0) {
        *reason = LED_REASON_UNKNOWN_POOL;
        return 0;
    }
    bool forward = led_name_equal(&w->asset_in, &p.asset_a);
    const struct led_name *first = forward ? &p.asset_a : &p.asset_b;
    const struct led_name *second = forward ? &p.asset_b : &p.asset_a;
    if (!led_name_equal(&w->asset_in, first) || !led_name_equal(&w->asset_out, second)) {
        *reason = LED_REASON_WRONG_ASSET;
        return 0;
    }
    u128 *in = forward ? &p.reserve_a : &p.reserve_b;
    u128 *out = forward ? &p.reserve_b : &p.reserve_a;
    int rc = led_debit(s, &tx->sender, &w->asset_in, w->amount_in, reason);
    if (rc != 0 || *reason != LED_REASON_OK) {
        return rc;
    }
    u128 grown = 0;
    if (__builtin_add_overflow(*in, w->amount_in, &grown)) {
        *reason = LED_REASON_OVERFLOW;
        return 0;
    }
    u128 paid = swap_out(*in, *out, w->amount_in, p.fee_ppm);
    if (paid < w->min_out) {
        *reason = LED_REASON_SLIPPAGE;
        return 0;
    }
    *in = grown;
    *out -= paid;
    rc = led_state_set_pool(s, &w->pool, &p.asset_a, p.reserve_a, &p.asset_b, p.reserve_b,
                            p.fee_ppm);
    if (rc == 0) {
        rc = led_credit(s, &tx->sender, &w->asset_out, paid, reason);
    }
    return rc;
}

/* In: order, <0, 0, >0 as the value found is below, equal to, above the one stated. */
static bool satisfied(enum led_compare compare, int order)
{
    switch (compare) {
    case LED_AT_LEAST:
        return order >= 0;
    case LED_AT_MOST:
        return order <= 0;
    case LED_EXACTLY:
        return order == 0;
    }
    return false;
}

static int order_u128(u128 a, u128 b)
{
    return a < b ? -1 : (a > b ? 1 : 0);
}

int led_execute_require(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                        enum led_reason *reason)
{
    const struct led_require *q = &op->require;
    int order = 0;
    if (q->what == LED_REQUIRE_BALANCE) {
        order = order_u128(led_balance(s, &q->account, &q->asset), q->value);
    } else if (q->what == LED_REQUIRE_NONCE) {
        order = order_u128(led_nonce(s, &q->account), q->nonce);
    } else {
        struct led_pool p;
        if (led_pool_get(s, &q->pool, &p) != 0) {
            *reason = LED_REASON_UNKNOWN_POOL;
            return 0;
        }
        bool first = led_name_equal(&q->asset, &p.asset_a);
        if (!first && !led_name_equal(&q->asset, &p.asset_b)) {
            *reason = LED_REASON_WRONG_ASSET;
            return 0;
        }
        u128 own = first ? p.reserve_a : p.reserve_b;
        u128 other = first ? p.reserve_b : p.reserve_a;
        order = led_u256_compare(led_u256_mul(other, q->den), led_u256_mul(own, q->num));
    }
    if (!satisfied(q->compare, order)) {
        *reason = LED_REASON_REQUIREMENT_NOT_MET;
    }
    return 0;
}

int led_execute_fail(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                     enum led_reason *reason)
{
    *reason = LED_REASON_EXPLICIT_FAIL;
    return 0;
}

int led_op_execute(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                   enum led_reason *reason)
{
    *reason = LED_REASON_OK;
    switch (op->kind) {
#define X(constant, value, name)                                                                   \
    case constant:                                                                                 \
        return led_execute_##name(s, tx, op, reason);
        LED_OP_MAP(X)
#undef X
    }
    return ERR_UNSUPPORTED;
}
