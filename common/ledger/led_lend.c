/* Lending and bridges: docs/ledger.md says what each operation means. */
#include "common/ledger/led_ops.h"
#include "common/ledger/led_u256.h"

/* A lending pool and the sender's position in it, as an operation finds them and leaves them. */
struct desk {
    struct led_lending lending;
    struct led_position position;
};

/* Returns: true unless there is a reason to stop. */
static bool open_desk(const struct led_state *s, const struct led_tx *tx, const struct led_lend *l,
                      struct desk *d, enum led_reason *reason)
{
    if (l->amount == 0) {
        *reason = LED_REASON_ZERO_AMOUNT;
    } else if (led_lending_get(s, &l->pool, &d->lending) != 0) {
        *reason = LED_REASON_UNKNOWN_POOL;
    } else {
        d->position = led_position(s, &l->pool, &tx->sender);
    }
    return *reason == LED_REASON_OK;
}

static int close_desk(struct led_state *s, const struct led_tx *tx, const struct led_lend *l,
                      const struct desk *d)
{
    int rc = led_state_set_lending(s, &l->pool, &d->lending);
    return rc != 0 ? rc : led_state_set_position(s, &l->pool, &tx->sender, &d->position);
}

static void add(u128 *to, u128 amount, enum led_reason *reason)
{
    u128 sum = 0;
    if (__builtin_add_overflow(*to, amount, &sum)) {
        *reason = LED_REASON_OVERFLOW;
        return;
    }
    *to = sum;
}

static void take(u128 *from, u128 amount, enum led_reason shortage, enum led_reason *reason)
{
    if (*reason != LED_REASON_OK) {
        return;
    }
    if (*from < amount) {
        *reason = shortage;
        return;
    }
    *from -= amount;
}

/* Exact: debt * den <= collateral * num. */
static bool covered(const struct desk *d)
{
    return led_u256_compare(led_u256_mul(d->position.debt, d->lending.den),
                            led_u256_mul(d->position.collateral, d->lending.num)) <= 0;
}

int led_execute_deposit(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                        enum led_reason *reason)
{
    const struct led_lend *l = &op->lend;
    struct desk d = {0};
    if (!open_desk(s, tx, l, &d, reason)) {
        return 0;
    }
    bool lent = led_name_equal(&l->asset, &d.lending.asset);
    if (!lent && !led_name_equal(&l->asset, &d.lending.collateral)) {
        *reason = LED_REASON_WRONG_ASSET;
        return 0;
    }
    int rc = led_debit(s, &tx->sender, &l->asset, l->amount, reason);
    if (rc != 0 || *reason != LED_REASON_OK) {
        return rc;
    }
    add(lent ? &d.lending.liquidity : &d.lending.held, l->amount, reason);
    add(lent ? &d.position.supplied : &d.position.collateral, l->amount, reason);
    return *reason != LED_REASON_OK ? 0 : close_desk(s, tx, l, &d);
}

int led_execute_withdraw(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                         enum led_reason *reason)
{
    const struct led_lend *l = &op->lend;
    struct desk d = {0};
    if (!open_desk(s, tx, l, &d, reason)) {
        return 0;
    }
    if (led_name_equal(&l->asset, &d.lending.asset)) {
        take(&d.position.supplied, l->amount, LED_REASON_INSUFFICIENT_DEPOSIT, reason);
        take(&d.lending.liquidity, l->amount, LED_REASON_INSUFFICIENT_LIQUIDITY, reason);
    } else if (led_name_equal(&l->asset, &d.lending.collateral)) {
        take(&d.position.collateral, l->amount, LED_REASON_INSUFFICIENT_DEPOSIT, reason);
        take(&d.lending.held, l->amount, LED_REASON_INSUFFICIENT_DEPOSIT, reason);
        if (*reason == LED_REASON_OK && !covered(&d)) {
            *reason = LED_REASON_INSUFFICIENT_COLLATERAL;
        }
    } else {
        *reason = LED_REASON_WRONG_ASSET;
    }
    if (*reason != LED_REASON_OK) {
        return 0;
    }
    int rc = close_desk(s, tx, l, &d);
    return rc != 0 ? rc : led_credit(s, &tx->sender, &l->asset, l->amount, reason);
}

/* Opens the desk of a pool that lends the asset named. */
static bool open_debt(const struct led_state *s, const struct led_tx *tx, const struct led_lend *l,
                      struct desk *d, enum led_reason *reason)
{
    if (open_desk(s, tx, l, d, reason) && !led_name_equal(&l->asset, &d->lending.asset)) {
        *reason = LED_REASON_WRONG_ASSET;
    }
    return *reason == LED_REASON_OK;
}

int led_execute_borrow(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                       enum led_reason *reason)
{
    const struct led_lend *l = &op->lend;
    struct desk d = {0};
    if (!open_debt(s, tx, l, &d, reason)) {
        return 0;
    }
    take(&d.lending.liquidity, l->amount, LED_REASON_INSUFFICIENT_LIQUIDITY, reason);
    if (*reason == LED_REASON_OK) {
        add(l->flash ? &d.position.flash : &d.position.debt, l->amount, reason);
    }
    if (*reason == LED_REASON_OK && !l->flash && !covered(&d)) {
        *reason = LED_REASON_INSUFFICIENT_COLLATERAL;
    }
    if (*reason != LED_REASON_OK) {
        return 0;
    }
    int rc = close_desk(s, tx, l, &d);
    return rc != 0 ? rc : led_credit(s, &tx->sender, &l->asset, l->amount, reason);
}

int led_execute_repay(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                      enum led_reason *reason)
{
    const struct led_lend *l = &op->lend;
    struct desk d = {0};
    if (!open_debt(s, tx, l, &d, reason)) {
        return 0;
    }
    take(l->flash ? &d.position.flash : &d.position.debt, l->amount, LED_REASON_NO_DEBT, reason);
    if (*reason != LED_REASON_OK) {
        return 0;
    }
    int rc = led_debit(s, &tx->sender, &l->asset, l->amount, reason);
    if (rc != 0 || *reason != LED_REASON_OK) {
        return rc;
    }
    add(&d.lending.liquidity, l->amount, reason);
    return *reason != LED_REASON_OK ? 0 : close_desk(s, tx, l, &d);
}

int led_execute_bridge_out(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                           enum led_reason *reason)
{
    const struct led_bridge *g = &op->bridge;
    if (g->amount == 0) {
        *reason = LED_REASON_ZERO_AMOUNT;
        return 0;
    }
    int rc = led_debit(s, &tx->sender, &g->asset, g->amount, reason);
    if (rc != 0 || *reason != LED_REASON_OK) {
        return rc;
    }
    struct led_bridged total = led_bridged(s, g->rollup, &g->asset);
    add(&total.out, g->amount, reason);
    return *reason != LED_REASON_OK ? 0 : led_state_set_bridged(s, g->rollup, &g->asset, &total);
}

int led_execute_bridge_in(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                          enum led_reason *reason)
{
    const struct led_bridge *g = &op->bridge;
    if (g->amount == 0) {
        *reason = LED_REASON_ZERO_AMOUNT;
        return 0;
    }
    struct led_bridged total = led_bridged(s, g->rollup, &g->asset);
    add(&total.in, g->amount, reason);
    if (*reason != LED_REASON_OK) {
        return 0;
    }
    int rc = led_state_set_bridged(s, g->rollup, &g->asset, &total);
    return rc != 0 ? rc : led_credit(s, &g->account, &g->asset, g->amount, reason);
}
