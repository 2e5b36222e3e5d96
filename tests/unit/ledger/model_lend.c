/* The model, continued: lending and bridges. */
#include "common/base/check.h"

#include "tests/unit/ledger/fixture.h"

static const char *const lendings[MODEL_LENDINGS] = {"aave", "sixteen-chars_18", "nobody"};

const char *model_lending_name(size_t i)
{
    return lendings[i];
}

static size_t find_lending(const struct led_name *name)
{
    size_t i = 0;
    while (i < MODEL_LENDINGS && strcmp(name->text, lendings[i]) != 0) {
        i++;
    }
    CHECK(i < MODEL_LENDINGS);
    return i;
}

void model_lend_random(struct model *m, struct prng *p, unsigned bits)
{
    static const uint64_t factors[] = {0, 1, 3, 2000, UINT64_MAX};
    for (size_t i = 0; i + 1 < MODEL_LENDINGS; i++) {
        struct model_lending *l = &m->lending[i];
        *l = (struct model_lending){
            .exists = true,
            .asset = i,
            .collateral = i + 1,
            .liquidity = model_amount(p, bits),
            .num = factors[prng_below(p, 5)],
            .den = factors[1 + prng_below(p, 4)],
        };
        for (size_t k = 0; k < MODEL_ACCOUNTS; k++) {
            struct led_position *q = &m->position[i][k];
            u128 collateral = model_amount(p, bits) >> 3;
            if (prng_below(p, 3) == 0) {
                continue;
            }
            q->supplied = model_amount(p, bits);
            q->debt = model_amount(p, bits) >> 2;
            q->flash = prng_below(p, 4) == 0 ? model_amount(p, bits) : 0;
            q->collateral = collateral;
            l->held += collateral;
        }
    }
    for (size_t a = 0; a < MODEL_ASSETS; a++) {
        m->bridged[a] = (struct led_bridged){model_amount(p, bits), model_amount(p, bits)};
    }
}

void model_lend_fill(const struct model *m, struct led_state *s)
{
    for (size_t i = 0; i < MODEL_LENDINGS; i++) {
        const struct model_lending *l = &m->lending[i];
        struct led_name name = fix_name(lendings[i]);
        if (!l->exists) {
            continue;
        }
        struct led_lending to = {.asset = fix_name(model_asset(l->asset)),
                                 .collateral = fix_name(model_asset(l->collateral)),
                                 .liquidity = l->liquidity,
                                 .held = l->held,
                                 .num = l->num,
                                 .den = l->den};
        CHECK(led_state_set_lending(s, &name, &to) == 0);
        for (size_t k = 0; k < MODEL_ACCOUNTS; k++) {
            CHECK(led_state_set_position(s, &name, &model_key(k)->address, &m->position[i][k]) ==
                  0);
        }
    }
    for (size_t a = 0; a < MODEL_ASSETS; a++) {
        struct led_name asset = fix_name(model_asset(a));
        CHECK(led_state_set_bridged(s, MODEL_PEER, &asset, &m->bridged[a]) == 0);
    }
}

/* A borrow here and its repayment further on; or either alone. */
static void random_flash(const char *pool, const char *asset, u128 amount, struct prng *p,
                         struct led_op *out, size_t at, size_t n)
{
    size_t later = at + 1 + prng_below(p, n - at);
    out[at] = fix_flash(LED_OP_BORROW, pool, asset, amount, 0, (uint32_t)later);
    if (later < n) {
        u128 back = amount + (prng_below(p, 20) == 0 ? 1 : 0);
        out[later] = fix_flash(LED_OP_REPAY, pool, asset, back, 0, (uint32_t)at);
    }
}

void model_lend_random_ops(const struct model *m, size_t sender, struct prng *p, struct led_op *out,
                           size_t at, size_t n)
{
    size_t i = prng_below(p, 20) == 0 ? MODEL_LENDINGS - 1 : prng_below(p, MODEL_LENDINGS - 1);
    const struct model_lending *l = &m->lending[i];
    const struct led_position *q = &m->position[i][sender];
    bool lent = prng_below(p, 2) == 0;
    size_t asset = prng_below(p, 20) == 0 ? MODEL_ASSETS - 1 : (lent ? l->asset : l->collateral);
    const char *pool = lendings[i];
    const char *name = model_asset(asset);
    const char *lent_name = model_asset(prng_below(p, 20) == 0 ? asset : l->asset);
    u128 room = l->den != 0 && q->collateral < ((u128)1 << 64)
                    ? q->collateral * l->num / l->den - q->debt
                    : l->liquidity;
    switch (prng_below(p, 7)) {
    case 0:
        out[at] = fix_lend(LED_OP_DEPOSIT, pool, name, model_near(p, m->balance[sender][asset]));
        break;
    case 1:
        out[at] = fix_lend(LED_OP_WITHDRAW, pool, name,
                           model_near(p, lent ? q->supplied : q->collateral));
        break;
    case 2:
        out[at] = fix_lend(LED_OP_BORROW, pool, lent_name, model_near(p, room));
        break;
    case 3:
        out[at] = fix_lend(LED_OP_REPAY, pool, lent_name, model_near(p, q->debt));
        break;
    case 4:
    case 5:
        random_flash(pool, lent_name, model_near(p, l->liquidity), p, out, at, n);
        break;
    default: {
        const struct addr20 *who = &model_key(prng_below(p, MODEL_ACCOUNTS))->address;
        bool away = prng_below(p, 2) == 0;
        out[at] = fix_bridge(away ? LED_OP_BRIDGE_OUT : LED_OP_BRIDGE_IN, MODEL_PEER, who, name,
                             model_near(p, m->balance[sender][asset]), 1, 0);
    }
    }
}

uint32_t model_cover_alone(const struct led_tx *tx)
{
    for (uint32_t i = 0; i < tx->n_ops; i++) {
        const struct led_op *a = &tx->ops[i];
        bool paired = a->kind == LED_OP_BRIDGE_IN || a->kind == LED_OP_BRIDGE_OUT ||
                      ((a->kind == LED_OP_BORROW || a->kind == LED_OP_REPAY) && a->lend.flash);
        bool found = false;
        for (uint32_t k = 0; paired && k < tx->n_ops; k++) {
            const struct led_op *b = &tx->ops[k];
            const struct led_op *borrow = a->kind == LED_OP_BORROW ? a : b;
            const struct led_op *repay = a->kind == LED_OP_BORROW ? b : a;
            found =
                found || (borrow < repay && borrow->kind == LED_OP_BORROW && borrow->lend.flash &&
                          repay->kind == LED_OP_REPAY && repay->lend.flash &&
                          borrow->lend.pair.leg == tx->leg && repay->lend.pair.leg == tx->leg &&
                          tx->ops + borrow->lend.pair.op == repay &&
                          tx->ops + repay->lend.pair.op == borrow &&
                          strcmp(borrow->lend.pool.text, repay->lend.pool.text) == 0 &&
                          strcmp(borrow->lend.asset.text, repay->lend.asset.text) == 0 &&
                          borrow->lend.amount == repay->lend.amount);
        }
        if (paired && !found) {
            return i;
        }
    }
    return LED_NO_OP;
}

static enum led_reason do_deposit(struct model_lending *l, struct led_position *q, u128 *own,
                                  u128 amount, bool lent)
{
    u128 *pot = lent ? &l->liquidity : &l->held;
    u128 *claim = lent ? &q->supplied : &q->collateral;
    if (*own < amount) {
        return LED_REASON_INSUFFICIENT_BALANCE;
    }
    if (*pot > U128_MAX - amount || *claim > U128_MAX - amount) {
        return LED_REASON_OVERFLOW;
    }
    *own -= amount;
    *pot += amount;
    *claim += amount;
    return LED_REASON_OK;
}

static enum led_reason do_withdraw(struct model_lending *l, struct led_position *q, u128 *own,
                                   u128 amount, bool lent)
{
    u128 *pot = lent ? &l->liquidity : &l->held;
    u128 *claim = lent ? &q->supplied : &q->collateral;
    if (*claim < amount) {
        return LED_REASON_INSUFFICIENT_DEPOSIT;
    }
    if (lent && *pot < amount) {
        return LED_REASON_INSUFFICIENT_LIQUIDITY;
    }
    *pot -= amount;
    *claim -= amount;
    if (!lent && model_compare_products(q->debt, l->den, q->collateral, l->num) > 0) {
        return LED_REASON_INSUFFICIENT_COLLATERAL;
    }
    if (*own > U128_MAX - amount) {
        return LED_REASON_OVERFLOW;
    }
    *own += amount;
    return LED_REASON_OK;
}

static enum led_reason do_borrow(struct model_lending *l, struct led_position *q, u128 *own,
                                 u128 amount, bool flash)
{
    u128 *debt = flash ? &q->flash : &q->debt;
    if (l->liquidity < amount) {
        return LED_REASON_INSUFFICIENT_LIQUIDITY;
    }
    if (*debt > U128_MAX - amount) {
        return LED_REASON_OVERFLOW;
    }
    *debt += amount;
    l->liquidity -= amount;
    if (!flash && model_compare_products(q->debt, l->den, q->collateral, l->num) > 0) {
        return LED_REASON_INSUFFICIENT_COLLATERAL;
    }
    if (*own > U128_MAX - amount) {
        return LED_REASON_OVERFLOW;
    }
    *own += amount;
    return LED_REASON_OK;
}

static enum led_reason do_repay(struct model_lending *l, struct led_position *q, u128 *own,
                                u128 amount, bool flash)
{
    u128 *debt = flash ? &q->flash : &q->debt;
    if (*debt < amount) {
        return LED_REASON_NO_DEBT;
    }
    if (*own < amount) {
        return LED_REASON_INSUFFICIENT_BALANCE;
    }
    if (l->liquidity > U128_MAX - amount) {
        return LED_REASON_OVERFLOW;
    }
    *debt -= amount;
    *own -= amount;
    l->liquidity += amount;
    return LED_REASON_OK;
}

static enum led_reason do_bridge(struct model *m, size_t sender, const struct led_op *op)
{
    size_t asset = model_asset_index(&op->bridge.asset);
    bool away = op->kind == LED_OP_BRIDGE_OUT;
    u128 *own = &m->balance[away ? sender : model_account(&op->bridge.account)][asset];
    u128 *total = away ? &m->bridged[asset].out : &m->bridged[asset].in;
    u128 amount = op->bridge.amount;
    if (amount == 0) {
        return LED_REASON_ZERO_AMOUNT;
    }
    if (away && *own < amount) {
        return LED_REASON_INSUFFICIENT_BALANCE;
    }
    if (*total > U128_MAX - amount || (!away && *own > U128_MAX - amount)) {
        return LED_REASON_OVERFLOW;
    }
    *total += amount;
    *own = away ? *own - amount : *own + amount;
    return LED_REASON_OK;
}

enum led_reason model_lend_do(struct model *m, size_t sender, const struct led_op *op)
{
    if (op->kind == LED_OP_BRIDGE_OUT || op->kind == LED_OP_BRIDGE_IN) {
        return do_bridge(m, sender, op);
    }
    size_t i = find_lending(&op->lend.pool);
    size_t asset = model_asset_index(&op->lend.asset);
    struct model_lending *l = &m->lending[i];
    struct led_position *q = &m->position[i][sender];
    u128 *own = &m->balance[sender][asset];
    u128 amount = op->lend.amount;
    if (amount == 0) {
        return LED_REASON_ZERO_AMOUNT;
    }
    if (!l->exists) {
        return LED_REASON_UNKNOWN_POOL;
    }
    bool debt = op->kind == LED_OP_BORROW || op->kind == LED_OP_REPAY;
    if (asset != l->asset && (debt || asset != l->collateral)) {
        return LED_REASON_WRONG_ASSET;
    }
    switch (op->kind) {
    case LED_OP_DEPOSIT:
        return do_deposit(l, q, own, amount, asset == l->asset);
    case LED_OP_WITHDRAW:
        return do_withdraw(l, q, own, amount, asset == l->asset);
    case LED_OP_BORROW:
        return do_borrow(l, q, own, amount, op->lend.flash);
    default:
        return do_repay(l, q, own, amount, op->lend.flash);
    }
}

static void assert_position_equal(const struct led_position *a, const struct led_position *b)
{
    assert_u128_equal(a->supplied, b->supplied);
    assert_u128_equal(a->collateral, b->collateral);
    assert_u128_equal(a->debt, b->debt);
    assert_u128_equal(a->flash, b->flash);
}

void model_lend_assert_equal(const struct model *m, const struct led_state *s)
{
    for (size_t i = 0; i < MODEL_LENDINGS; i++) {
        const struct model_lending *l = &m->lending[i];
        struct led_name name = fix_name(lendings[i]);
        struct led_lending found;
        assert_int_equal(led_lending_get(s, &name, &found), l->exists ? 0 : ERR_NOTFOUND);
        if (!l->exists) {
            continue;
        }
        assert_string_equal(found.asset.text, model_asset(l->asset));
        assert_string_equal(found.collateral.text, model_asset(l->collateral));
        assert_u128_equal(found.liquidity, l->liquidity);
        assert_u128_equal(found.held, l->held);
        assert_true(found.num == l->num && found.den == l->den);
        for (size_t k = 0; k < MODEL_ACCOUNTS; k++) {
            struct led_position q = led_position(s, &name, &model_key(k)->address);
            assert_position_equal(&q, &m->position[i][k]);
        }
    }
    for (size_t a = 0; a < MODEL_ASSETS; a++) {
        struct led_name asset = fix_name(model_asset(a));
        struct led_bridged b = led_bridged(s, MODEL_PEER, &asset);
        assert_u128_equal(b.out, m->bridged[a].out);
        assert_u128_equal(b.in, m->bridged[a].in);
    }
}
