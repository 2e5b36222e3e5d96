#include "tests/property/gen_case.h"

#include "common/base/check.h"
#include "common/base/prng.h"

static const char *const assets[GEN_ASSETS] = {"X", "Y"};

static struct led_name name(const char *text)
{
    struct led_name n;
    CHECK(led_name_set(&n, text) == 0);
    return n;
}

static struct addr20 account(uint64_t i)
{
    struct addr20 a = {{0}};
    a.b[19] = (uint8_t)(i + 1);
    return a;
}

static struct addr20 any_account(struct prng *p)
{
    return account(prng_below(p, GEN_ACCOUNTS));
}

static struct led_name any_asset(struct prng *p)
{
    return name(assets[prng_below(p, GEN_ASSETS)]);
}

static bool chance(struct prng *p, uint32_t percent)
{
    return prng_below(p, 100) < percent;
}

/* ---- Genesis ---- */

static void make_state(struct prng *p, uint32_t chain, struct led_state **out)
{
    struct led_name x = name(assets[0]), y = name(assets[1]), pool = name("p"), loan = name("l");
    CHECK(led_state_new(chain + 1, out) == 0);
    for (uint64_t i = 0; i < GEN_ACCOUNTS; i++) {
        struct addr20 a = account(i);
        CHECK(led_state_set_balance(*out, &a, &x, prng_below(p, 30)) == 0);
        CHECK(led_state_set_balance(*out, &a, &y, prng_below(p, 30)) == 0);
    }
    CHECK(led_state_set_pool(*out, &pool, &x, 20 + prng_below(p, 60), &y, 20 + prng_below(p, 60),
                             3000) == 0);
    struct led_lending lending = {.asset = x, .collateral = y, .num = 1, .den = 1};
    lending.liquidity = prng_below(p, 40);
    CHECK(led_state_set_lending(*out, &loan, &lending) == 0);
    led_state_commit(*out);
}

/* ---- Operations ---- */

static struct led_op transfer(struct prng *p)
{
    return (struct led_op){
        .kind = LED_OP_TRANSFER,
        .transfer = {any_account(p), any_asset(p), 1 + prng_below(p, 14)},
    };
}

static struct led_op swap(struct prng *p)
{
    uint64_t in = prng_below(p, GEN_ASSETS);
    return (struct led_op){
        .kind = LED_OP_SWAP,
        .swap = {name("p"), name(assets[in]), name(assets[1 - in]), 1 + prng_below(p, 15),
                 prng_below(p, 6)},
    };
}

static struct led_op require_balance(struct prng *p)
{
    static const enum led_compare compares[] = {LED_AT_LEAST, LED_AT_MOST, LED_EXACTLY};
    return (struct led_op){
        .kind = LED_OP_REQUIRE,
        .require = {.what = LED_REQUIRE_BALANCE,
                    .compare = compares[prng_below(p, 8) < 7 ? prng_below(p, 2) : 2],
                    .account = any_account(p),
                    .asset = any_asset(p),
                    .value = chance(p, 50) ? prng_below(p, 12) : prng_below(p, 30)},
    };
}

static struct led_op lend(struct prng *p, enum led_op_kind kind)
{
    return (struct led_op){
        .kind = kind,
        .lend = {.pool = name("l"),
                 .asset =
                     kind == LED_OP_DEPOSIT && chance(p, 60) ? name(assets[1]) : name(assets[0]),
                 .amount = 1 + prng_below(p, 15)},
    };
}

static struct led_op any_op(struct prng *p)
{
    uint64_t draw = prng_below(p, 100);
    if (draw < 45) {
        return transfer(p);
    }
    if (draw < 70) {
        return swap(p);
    }
    if (draw < 84) {
        return require_balance(p);
    }
    if (draw < 98) {
        static const enum led_op_kind kinds[] = {LED_OP_DEPOSIT, LED_OP_WITHDRAW, LED_OP_BORROW,
                                                 LED_OP_REPAY};
        return lend(p, kinds[prng_below(p, 4)]);
    }
    return (struct led_op){.kind = LED_OP_FAIL};
}

/* ---- Bundles ---- */

static void add_op(struct gen_leg_space *leg, const struct led_op *op)
{
    CHECK(leg->tx.n_ops < GEN_OPS_MAX);
    leg->ops[leg->tx.n_ops++] = *op;
}

/* Value that goes from one leg to a later one, with room for it in both. */
static void add_bridge(struct gen_case *c, struct prng *p, uint32_t bundle)
{
    uint32_t n = c->bundles[bundle].n_legs;
    uint32_t to = 1 + (uint32_t)prng_below(p, n - 1), from = (uint32_t)prng_below(p, to);
    struct gen_leg_space *a = &c->space[bundle][from], *b = &c->space[bundle][to];
    struct led_bridge bridge = {.account = any_account(p), .asset = any_asset(p)};
    bridge.amount = 1 + prng_below(p, 15);
    struct led_op out = {.kind = LED_OP_BRIDGE_OUT, .bridge = bridge};
    struct led_op in = {.kind = LED_OP_BRIDGE_IN, .bridge = bridge};
    if (a->tx.rollup == b->tx.rollup) {
        return;
    }
    out.bridge.rollup = b->tx.rollup;
    out.bridge.pair = (struct led_op_at){to, (uint32_t)b->tx.n_ops};
    in.bridge.rollup = a->tx.rollup;
    in.bridge.pair = (struct led_op_at){from, (uint32_t)a->tx.n_ops};
    add_op(a, &out);
    add_op(b, &in);
}

/* A flash loan, taken and repaid in the same leg, with something in between. */
static void add_flash(struct prng *p, struct gen_leg_space *leg, uint32_t index)
{
    struct led_op borrow = lend(p, LED_OP_BORROW);
    struct led_op between = any_op(p);
    struct led_op repay = borrow;
    repay.kind = LED_OP_REPAY;
    borrow.lend.flash = repay.lend.flash = true;
    borrow.lend.pair = (struct led_op_at){index, (uint32_t)leg->tx.n_ops + 2};
    repay.lend.pair = (struct led_op_at){index, (uint32_t)leg->tx.n_ops};
    add_op(leg, &borrow);
    add_op(leg, &between);
    add_op(leg, &repay);
}

static void make_leg(struct gen_case *c, struct prng *p, uint32_t bundle, uint32_t i)
{
    struct gen_leg_space *leg = &c->space[bundle][i];
    uint32_t chain = (uint32_t)prng_below(p, c->n_chains);
    leg->tx = (struct led_tx){
        .rollup = chain + 1,
        .sender = any_account(p),
        .bundle_nonce = bundle + 1,
        .leg = i,
        .n_legs = c->bundles[bundle].n_legs,
        .has_nonce = chance(p, 6),
        .ops = leg->ops,
    };
    leg->tx.nonce = leg->tx.has_nonce ? prng_below(p, 3) : 0;
    c->legs[bundle][i] = (struct orc_leg){chain, chance(p, 1) ? NULL : &leg->tx};
}

static void make_bundle(struct gen_case *c, struct prng *p, uint32_t bundle)
{
    uint32_t n = 1 + (uint32_t)(prng_below(p, 2) + prng_below(p, GEN_LEGS_MAX - 1));
    c->bundles[bundle] = (struct orc_bundle){c->legs[bundle], n};
    for (uint32_t i = 0; i < n; i++) {
        make_leg(c, p, bundle, i);
    }
    if (n > 1 && chance(p, 30)) {
        add_bridge(c, p, bundle);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct gen_leg_space *leg = &c->space[bundle][i];
        if (leg->tx.n_ops + 3 <= GEN_OPS_MAX && chance(p, 8)) {
            add_flash(p, leg, i);
        }
        if (leg->tx.n_ops == 0 || (leg->tx.n_ops < GEN_OPS_MAX && chance(p, 25))) {
            struct led_op op = any_op(p);
            add_op(leg, &op);
        }
    }
}

void gen_case_init(struct gen_case *c, uint64_t seed)
{
    struct prng p;
    *c = (struct gen_case){0};
    prng_init(&p, seed, "property case");
    c->n_chains = 2 + (uint32_t)prng_below(&p, GEN_CHAINS_MAX - 1);
    c->n_bundles = 4 + (uint32_t)prng_below(&p, GEN_BUNDLES_MAX - 3);
    for (uint32_t i = 0; i < c->n_chains; i++) {
        make_state(&p, i, &c->states[i]);
        c->start[i] = led_state_mark(c->states[i]);
    }
    for (uint32_t i = 0; i < c->n_bundles; i++) {
        make_bundle(c, &p, i);
    }
}

void gen_case_fini(struct gen_case *c)
{
    for (uint32_t i = 0; i < c->n_chains; i++) {
        led_state_destroy(&c->states[i]);
    }
}

void gen_case_rewind(struct gen_case *c)
{
    for (uint32_t i = 0; i < c->n_chains; i++) {
        led_state_rollback(c->states[i], c->start[i]);
    }
}

void gen_case_roots(struct gen_case *c, struct hash32 roots[GEN_CHAINS_MAX])
{
    for (uint32_t i = 0; i < c->n_chains; i++) {
        led_state_root(c->states[i], &roots[i]);
    }
}

void gen_case_totals(struct gen_case *c, u128 totals[GEN_ASSETS])
{
    for (size_t k = 0; k < GEN_ASSETS; k++) {
        struct led_name asset = name(assets[k]);
        totals[k] = 0;
        for (uint32_t i = 0; i < c->n_chains; i++) {
            u128 one = 0;
            CHECK(led_state_total(c->states[i], &asset, &one) == 0);
            totals[k] += one;
        }
    }
}
