#include "common/ledger/led_cover.h"

/* What is known of a bundle. */
struct legs {
    const struct led_tx *const *list; /* NULL: only `own` is known */
    uint32_t n;
    const struct led_tx *own;
};

/* Returns: a leg of the same bundle, or NULL. */
static const struct led_tx *leg_at(const struct legs *legs, uint32_t leg)
{
    const struct led_tx *own = legs->own;
    if (leg == own->leg) {
        return own;
    }
    const struct led_tx *tx = legs->list != NULL && leg < legs->n ? legs->list[leg] : NULL;
    if (tx == NULL || tx->leg != leg || tx->n_legs != own->n_legs ||
        tx->bundle_nonce != own->bundle_nonce || !hash32_equal(&tx->deployment, &own->deployment)) {
        return NULL;
    }
    return tx;
}

static bool is_at(const struct led_op_at *at, uint32_t leg, uint32_t op)
{
    return at->leg == leg && at->op == op;
}

static bool before(uint32_t leg_a, uint32_t op_a, uint32_t leg_b, uint32_t op_b)
{
    return leg_a != leg_b ? leg_a < leg_b : op_a < op_b;
}

static bool same_debt(const struct led_lend *a, const struct led_lend *b)
{
    return led_name_equal(&a->pool, &b->pool) && led_name_equal(&a->asset, &b->asset) &&
           a->amount == b->amount;
}

static bool flash_covered(const struct legs *legs, uint32_t i)
{
    const struct led_tx *tx = legs->own;
    const struct led_op *op = &tx->ops[i];
    const struct led_op_at *pair = &op->lend.pair;
    const struct led_tx *other = leg_at(legs, pair->leg);
    bool borrows = op->kind == LED_OP_BORROW;
    if (other == NULL || pair->op >= other->n_ops) {
        return false;
    }
    const struct led_op *match = &other->ops[pair->op];
    bool in_order =
        borrows ? before(tx->leg, i, pair->leg, pair->op) : before(pair->leg, pair->op, tx->leg, i);
    return match->kind == (borrows ? LED_OP_REPAY : LED_OP_BORROW) && match->lend.flash &&
           is_at(&match->lend.pair, tx->leg, i) && in_order && other->rollup == tx->rollup &&
           addr20_equal(&other->sender, &tx->sender) && same_debt(&op->lend, &match->lend);
}

static bool bridge_covered(const struct legs *legs, uint32_t i)
{
    const struct led_tx *tx = legs->own;
    const struct led_op *op = &tx->ops[i];
    const struct led_bridge *own = &op->bridge;
    const struct led_tx *other = leg_at(legs, own->pair.leg);
    bool out = op->kind == LED_OP_BRIDGE_OUT;
    if (other == NULL || own->pair.op >= other->n_ops) {
        return false;
    }
    const struct led_op *match = &other->ops[own->pair.op];
    /* Out before in, by leg: else two legs could mint for one another what they then burn. */
    bool in_order = out ? tx->leg < other->leg : other->leg < tx->leg;
    return match->kind == (out ? LED_OP_BRIDGE_IN : LED_OP_BRIDGE_OUT) &&
           is_at(&match->bridge.pair, tx->leg, i) && in_order && own->rollup == other->rollup &&
           match->bridge.rollup == tx->rollup && tx->rollup != other->rollup &&
           addr20_equal(&own->account, &match->bridge.account) &&
           led_name_equal(&own->asset, &match->bridge.asset) && own->amount == match->bridge.amount;
}

static bool is_flash(const struct led_op *op)
{
    return (op->kind == LED_OP_BORROW || op->kind == LED_OP_REPAY) && op->lend.flash;
}

static bool is_bridge(const struct led_op *op)
{
    return op->kind == LED_OP_BRIDGE_OUT || op->kind == LED_OP_BRIDGE_IN;
}

static uint32_t first_uncovered(const struct legs *legs)
{
    const struct led_tx *tx = legs->own;
    for (uint32_t i = 0; i < tx->n_ops; i++) {
        const struct led_op *op = &tx->ops[i];
        if ((is_flash(op) && !flash_covered(legs, i)) ||
            (is_bridge(op) && !bridge_covered(legs, i))) {
            return i;
        }
    }
    return LED_NO_OP;
}

uint32_t led_cover_check(const struct led_tx *const *legs, uint32_t n_legs, uint32_t leg)
{
    struct legs all = {legs, n_legs, legs[leg]};
    return first_uncovered(&all);
}

uint32_t led_cover_alone(const struct led_tx *tx)
{
    struct legs one = {NULL, 0, tx};
    return first_uncovered(&one);
}

bool led_cover_needs_bundle(const struct led_tx *tx)
{
    for (size_t i = 0; i < tx->n_ops; i++) {
        const struct led_op *op = &tx->ops[i];
        if (is_bridge(op) || (is_flash(op) && op->lend.pair.leg != tx->leg)) {
            return true;
        }
    }
    return false;
}
