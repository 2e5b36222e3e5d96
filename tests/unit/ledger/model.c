#include "tests/unit/ledger/fixture.h"

#include "common/base/check.h"

/* Names of one and of sixteen characters, so that padding matters. The last asset is in no pool. */
static const char *const assets[MODEL_ASSETS] = {"ETH", "U", "sixteen-chars.16", "odd"};
static const char *const pools[MODEL_POOLS] = {"ETH-U", "p", "sixteen-chars_17", "none"};

const char *model_asset(size_t i)
{
    return assets[i];
}

const char *model_pool_name(size_t i)
{
    return pools[i];
}

const struct sig_key *model_key(size_t i)
{
    static struct sig_key keys[MODEL_ACCOUNTS];
    static bool made;
    if (!made) {
        for (uint8_t k = 0; k < MODEL_ACCOUNTS; k++) {
            sig_key_from_seed(&keys[k], bytes_of(&k, 1));
        }
        made = true;
    }
    return &keys[i];
}

size_t model_account(const struct addr20 *a)
{
    size_t i = 0;
    while (i < MODEL_ACCOUNTS && !addr20_equal(a, &model_key(i)->address)) {
        i++;
    }
    CHECK(i < MODEL_ACCOUNTS);
    return i;
}

static size_t find_name(const struct led_name *name, const char *const *list, size_t n)
{
    size_t i = 0;
    while (i < n && strcmp(name->text, list[i]) != 0) {
        i++;
    }
    CHECK(i < n);
    return i;
}

size_t model_asset_index(const struct led_name *name)
{
    return find_name(name, assets, MODEL_ASSETS);
}

u128 model_amount(struct prng *p, unsigned bits)
{
    return fix_u128(p) >> (128 - bits);
}

void model_random(struct model *m, struct prng *p, unsigned bits)
{
    static const size_t sides[MODEL_POOLS][2] = {{0, 1}, {2, 0}, {1, 2}, {0, 0}};
    static const uint32_t fees[] = {0, 1, 3000, 333333, 999999};
    *m = (struct model){0};
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        for (size_t a = 0; a < MODEL_ASSETS; a++) {
            m->balance[i][a] = prng_chance_ppm(p, 700000) ? model_amount(p, bits) : 0;
        }
        m->nonce[i] = prng_chance_ppm(p, 100000) ? UINT64_MAX - prng_below(p, 2) : prng_below(p, 3);
    }
    for (size_t i = 0; i + 1 < MODEL_POOLS; i++) {
        m->pool[i] = (struct model_pool){
            .exists = true,
            .asset = {sides[i][0], sides[i][1]},
            .fee_ppm = fees[prng_below(p, sizeof(fees) / sizeof(fees[0]))],
        };
        for (size_t k = 0; k < 2; k++) {
            u128 reserve = model_amount(p, bits);
            m->pool[i].reserve[k] = reserve != 0 ? reserve : 1;
        }
    }
    model_lend_random(m, p, bits);
}

struct led_state *model_state(const struct model *m)
{
    struct led_state *s = fix_state();
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        const struct addr20 *account = &model_key(i)->address;
        for (size_t a = 0; a < MODEL_ASSETS; a++) {
            struct led_name asset = fix_name(assets[a]);
            CHECK(led_state_set_balance(s, account, &asset, m->balance[i][a]) == 0);
        }
        CHECK(led_state_set_nonce(s, account, m->nonce[i]) == 0);
    }
    for (size_t i = 0; i < MODEL_POOLS; i++) {
        const struct model_pool *q = &m->pool[i];
        struct led_name name = fix_name(pools[i]);
        struct led_name a = fix_name(assets[q->asset[0]]);
        struct led_name b = fix_name(assets[q->asset[1]]);
        if (q->exists) {
            CHECK(led_state_set_pool(s, &name, &a, q->reserve[0], &b, q->reserve[1], q->fee_ppm) ==
                  0);
        }
    }
    model_lend_fill(m, s);
    led_state_commit(s);
    return s;
}

u128 model_near(struct prng *p, u128 limit)
{
    switch (prng_below(p, 8)) {
    case 0:
        return limit;
    case 1:
        return limit + 1;
    case 2:
        return fix_u128(p);
    case 3:
        return 0;
    default:
        return limit >> (1 + prng_below(p, 16));
    }
}

static struct led_op random_swap(const struct model *m, size_t sender, struct prng *p)
{
    size_t i = prng_below(p, MODEL_POOLS);
    const struct model_pool *q = &m->pool[i];
    size_t way = prng_below(p, 2);
    size_t in = q->asset[way];
    size_t out = q->asset[1 - way];
    if (prng_chance_ppm(p, 50000)) {
        in = prng_below(p, MODEL_ASSETS);
    }
    if (prng_chance_ppm(p, 50000)) {
        out = prng_below(p, MODEL_ASSETS);
    }
    u128 amount = model_near(p, m->balance[sender][in]);
    u128 min_out = 0;
    if (q->exists && q->reserve[way] <= U128_MAX - amount && prng_chance_ppm(p, 500000)) {
        min_out = model_swap_out(q->reserve[way], q->reserve[1 - way], amount, q->fee_ppm) +
                  prng_below(p, 2);
    }
    return fix_swap(pools[i], assets[in], assets[out], amount, min_out);
}

static struct led_op random_require(const struct model *m, struct prng *p)
{
    size_t who = prng_below(p, MODEL_ACCOUNTS);
    size_t asset = prng_below(p, MODEL_ASSETS);
    size_t pool = prng_below(p, MODEL_POOLS);
    const struct model_pool *q = &m->pool[pool];
    const struct addr20 *account = &model_key(who)->address;
    enum led_compare compare = (enum led_compare)(1 + prng_below(p, 3));
    switch (prng_below(p, 3)) {
    case 0:
        return fix_require_balance(account, assets[asset], compare,
                                   model_near(p, m->balance[who][asset]));
    case 1:
        return fix_require_nonce(account, compare, m->nonce[who] + prng_below(p, 3) - 1);
    default: {
        size_t side = prng_below(p, 2);
        u128 den = q->reserve[side];
        return fix_require_price(
            pools[pool], assets[prng_chance_ppm(p, 100000) ? asset : q->asset[side]], compare,
            q->reserve[1 - side] + prng_below(p, 2), den != 0 ? den : 1);
    }
    }
}

void model_random_tx(const struct model *m, struct prng *p, struct led_tx *out)
{
    size_t sender = prng_below(p, MODEL_ACCOUNTS);
    *out = (struct led_tx){
        .rollup = prng_chance_ppm(p, 20000) ? FIX_ROLLUP + 1 : FIX_ROLLUP,
        .sender = model_key(sender)->address,
        .n_legs = 1,
        .has_nonce = prng_chance_ppm(p, 600000),
        .n_ops = 1 + prng_below(p, 4),
    };
    if (out->has_nonce) {
        out->nonce = m->nonce[sender] + (prng_chance_ppm(p, 50000) ? 1 : 0);
    }
    out->ops = calloc(out->n_ops, sizeof(*out->ops));
    CHECK(out->ops != NULL);
    for (size_t i = 0; i < out->n_ops; i++) {
        size_t asset = prng_below(p, MODEL_ASSETS);
        uint64_t choice = prng_below(p, 100);
        if (out->ops[i].kind != 0) {
            continue; /* the end of a pair */
        }
        if (choice < 25) {
            out->ops[i] = fix_transfer(&model_key(prng_below(p, MODEL_ACCOUNTS))->address,
                                       assets[asset], model_near(p, m->balance[sender][asset]));
        } else if (choice < 50) {
            out->ops[i] = random_swap(m, sender, p);
        } else if (choice < 85) {
            model_lend_random_ops(m, sender, p, out->ops, i, out->n_ops);
        } else {
            out->ops[i] = choice < 98 ? random_require(m, p) : fix_fail();
        }
    }
}

u128 model_swap_out(u128 reserve_in, u128 reserve_out, u128 amount_in, uint32_t fee_ppm)
{
    mpz_t in;
    mpz_t out;
    mpz_t net;
    mpz_t fee;
    mpz_inits(in, out, net, fee, NULL);
    fix_mpz(in, reserve_in);
    fix_mpz(out, reserve_out);
    fix_mpz(net, amount_in);
    mpz_mul_ui(fee, net, fee_ppm);
    mpz_cdiv_q_ui(fee, fee, LED_PPM);
    mpz_sub(net, net, fee);
    mpz_mul(out, out, net);
    mpz_add(in, in, net);
    mpz_fdiv_q(out, out, in);
    u128 paid = fix_from_mpz(out);
    mpz_clears(in, out, net, fee, NULL);
    return paid;
}

static enum led_reason do_transfer(struct model *m, size_t sender, const struct led_transfer *t)
{
    size_t asset = find_name(&t->asset, assets, MODEL_ASSETS);
    u128 *from = &m->balance[sender][asset];
    u128 *to = &m->balance[model_account(&t->to)][asset];
    if (t->amount == 0) {
        return LED_REASON_ZERO_AMOUNT;
    }
    if (t->amount > *from) {
        return LED_REASON_INSUFFICIENT_BALANCE;
    }
    *from -= t->amount;
    if (*to > U128_MAX - t->amount) {
        return LED_REASON_OVERFLOW;
    }
    *to += t->amount;
    return LED_REASON_OK;
}

static enum led_reason do_swap(struct model *m, size_t sender, const struct led_swap *w)
{
    struct model_pool *q = &m->pool[find_name(&w->pool, pools, MODEL_POOLS)];
    size_t in = find_name(&w->asset_in, assets, MODEL_ASSETS);
    size_t out = find_name(&w->asset_out, assets, MODEL_ASSETS);
    if (w->amount_in == 0) {
        return LED_REASON_ZERO_AMOUNT;
    }
    if (!q->exists) {
        return LED_REASON_UNKNOWN_POOL;
    }
    size_t way = 0;
    while (way < 2 && (q->asset[way] != in || q->asset[1 - way] != out)) {
        way++;
    }
    if (way == 2) {
        return LED_REASON_WRONG_ASSET;
    }
    if (w->amount_in > m->balance[sender][in]) {
        return LED_REASON_INSUFFICIENT_BALANCE;
    }
    if (q->reserve[way] > U128_MAX - w->amount_in) {
        return LED_REASON_OVERFLOW;
    }
    u128 paid = model_swap_out(q->reserve[way], q->reserve[1 - way], w->amount_in, q->fee_ppm);
    if (paid < w->min_out) {
        return LED_REASON_SLIPPAGE;
    }
    if (m->balance[sender][out] > U128_MAX - paid) {
        return LED_REASON_OVERFLOW;
    }
    m->balance[sender][in] -= w->amount_in;
    q->reserve[way] += w->amount_in;
    q->reserve[1 - way] -= paid;
    m->balance[sender][out] += paid;
    return LED_REASON_OK;
}

int model_compare_products(u128 a, u128 b, u128 c, u128 d)
{
    mpz_t left;
    mpz_t right;
    mpz_t factor;
    mpz_inits(left, right, factor, NULL);
    fix_mpz(left, a);
    fix_mpz(factor, b);
    mpz_mul(left, left, factor);
    fix_mpz(right, c);
    fix_mpz(factor, d);
    mpz_mul(right, right, factor);
    int order = mpz_cmp(left, right);
    mpz_clears(left, right, factor, NULL);
    return order;
}

static enum led_reason do_require(const struct model *m, const struct led_require *q)
{
    int order = 0;
    if (q->what == LED_REQUIRE_BALANCE) {
        size_t asset = find_name(&q->asset, assets, MODEL_ASSETS);
        order =
            model_compare_products(m->balance[model_account(&q->account)][asset], 1, q->value, 1);
    } else if (q->what == LED_REQUIRE_NONCE) {
        order = model_compare_products(m->nonce[model_account(&q->account)], 1, q->nonce, 1);
    } else {
        const struct model_pool *pool = &m->pool[find_name(&q->pool, pools, MODEL_POOLS)];
        size_t asset = find_name(&q->asset, assets, MODEL_ASSETS);
        if (!pool->exists) {
            return LED_REASON_UNKNOWN_POOL;
        }
        if (asset != pool->asset[0] && asset != pool->asset[1]) {
            return LED_REASON_WRONG_ASSET;
        }
        size_t side = asset == pool->asset[0] ? 0 : 1;
        order =
            model_compare_products(pool->reserve[1 - side], q->den, q->num, pool->reserve[side]);
    }
    bool met = (q->compare == LED_AT_LEAST && order >= 0) ||
               (q->compare == LED_AT_MOST && order <= 0) ||
               (q->compare == LED_EXACTLY && order == 0);
    return met ? LED_REASON_OK : LED_REASON_REQUIREMENT_NOT_MET;
}

struct led_receipt model_execute(struct model *m, const struct led_tx *tx, uint32_t uncovered_op)
{
    size_t sender = model_account(&tx->sender);
    struct model next = *m;
    struct led_receipt receipt = {.failed_op = LED_NO_OP};
    if (tx->rollup != FIX_ROLLUP) {
        receipt.reason = LED_REASON_WRONG_ROLLUP;
        return receipt;
    }
    if (uncovered_op != LED_NO_OP) {
        receipt.reason = LED_REASON_UNCOVERED;
        receipt.failed_op = uncovered_op;
        return receipt;
    }
    if (tx->has_nonce && tx->nonce != m->nonce[sender]) {
        receipt.reason = LED_REASON_BAD_NONCE;
        return receipt;
    }
    for (size_t i = 0; i < tx->n_ops && receipt.reason == LED_REASON_OK; i++) {
        const struct led_op *op = &tx->ops[i];
        if (op->kind == LED_OP_TRANSFER) {
            receipt.reason = do_transfer(&next, sender, &op->transfer);
        } else if (op->kind == LED_OP_SWAP) {
            receipt.reason = do_swap(&next, sender, &op->swap);
        } else if (op->kind == LED_OP_REQUIRE) {
            receipt.reason = do_require(&next, &op->require);
        } else if (op->kind == LED_OP_FAIL) {
            receipt.reason = LED_REASON_EXPLICIT_FAIL;
        } else {
            receipt.reason = model_lend_do(&next, sender, op);
        }
        if (receipt.reason != LED_REASON_OK) {
            receipt.failed_op = (uint32_t)i;
        }
    }
    if (receipt.reason == LED_REASON_OK && tx->has_nonce && ++next.nonce[sender] == 0) {
        receipt.reason = LED_REASON_OVERFLOW;
    }
    receipt.ok = receipt.reason == LED_REASON_OK;
    if (receipt.ok) {
        *m = next;
    }
    return receipt;
}

void model_assert_equal(const struct model *m, const struct led_state *s)
{
    size_t held = 0;
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        const struct addr20 *account = &model_key(i)->address;
        for (size_t a = 0; a < MODEL_ASSETS; a++) {
            struct led_name asset = fix_name(assets[a]);
            assert_u128_equal(led_balance(s, account, &asset), m->balance[i][a]);
            held += m->balance[i][a] != 0 ? 1 : 0;
        }
        assert_true(led_nonce(s, account) == m->nonce[i]);
    }
    struct led_balance_row *rows = NULL;
    size_t n = 0;
    assert_int_equal(led_state_balances(s, &rows, &n), 0);
    assert_int_equal(n, held);
    free(rows);
    for (size_t i = 0; i < MODEL_POOLS; i++) {
        const struct model_pool *q = &m->pool[i];
        struct led_name name = fix_name(pools[i]);
        struct led_pool p;
        assert_int_equal(led_pool_get(s, &name, &p), q->exists ? 0 : ERR_NOTFOUND);
        if (q->exists) {
            assert_string_equal(p.asset_a.text, assets[q->asset[0]]);
            assert_string_equal(p.asset_b.text, assets[q->asset[1]]);
            assert_u128_equal(p.reserve_a, q->reserve[0]);
            assert_u128_equal(p.reserve_b, q->reserve[1]);
            assert_int_equal(p.fee_ppm, q->fee_ppm);
        }
    }
    model_lend_assert_equal(m, s);
}

void model_total(const struct model *m, size_t asset, mpz_t out)
{
    mpz_t one;
    mpz_init(one);
    mpz_set_ui(out, 0);
    for (size_t i = 0; i < MODEL_ACCOUNTS; i++) {
        fix_mpz(one, m->balance[i][asset]);
        mpz_add(out, out, one);
    }
    for (size_t i = 0; i < MODEL_POOLS; i++) {
        for (size_t side = 0; m->pool[i].exists && side < 2; side++) {
            if (m->pool[i].asset[side] == asset) {
                fix_mpz(one, m->pool[i].reserve[side]);
                mpz_add(out, out, one);
            }
        }
    }
    for (size_t i = 0; i < MODEL_LENDINGS; i++) {
        const struct model_lending *l = &m->lending[i];
        if (l->exists && (l->asset == asset || l->collateral == asset)) {
            fix_mpz(one, l->asset == asset ? l->liquidity : l->held);
            mpz_add(out, out, one);
        }
    }
    fix_mpz(one, m->bridged[asset].out);
    mpz_add(out, out, one);
    fix_mpz(one, m->bridged[asset].in);
    mpz_sub(out, out, one);
    mpz_clear(one);
}
