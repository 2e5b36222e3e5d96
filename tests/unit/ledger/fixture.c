#include "tests/unit/ledger/fixture.h"

#include "common/base/check.h"

struct led_name fix_name(const char *text)
{
    struct led_name name;
    CHECK(led_name_set(&name, text) == 0);
    return name;
}

struct addr20 fix_address(uint8_t fill)
{
    struct addr20 a;
    memset(a.b, fill, sizeof(a.b));
    return a;
}

struct buf fix_hex(const char *text)
{
    struct buf b = {0};
    size_t len = strlen(text) / 2;
    CHECK(buf_reserve(&b, len) == 0);
    CHECK(hex_decode(text, b.data, len) == 0);
    b.len = len;
    return b;
}

struct led_op fix_transfer(const struct addr20 *to, const char *asset, u128 amount)
{
    return (struct led_op){.kind = LED_OP_TRANSFER,
                           .transfer = {.to = *to, .asset = fix_name(asset), .amount = amount}};
}

struct led_op fix_swap(const char *pool, const char *in, const char *out, u128 amount_in,
                       u128 min_out)
{
    return (struct led_op){.kind = LED_OP_SWAP,
                           .swap = {.pool = fix_name(pool),
                                    .asset_in = fix_name(in),
                                    .asset_out = fix_name(out),
                                    .amount_in = amount_in,
                                    .min_out = min_out}};
}

struct led_op fix_require_balance(const struct addr20 *account, const char *asset,
                                  enum led_compare compare, u128 value)
{
    return (struct led_op){.kind = LED_OP_REQUIRE,
                           .require = {.what = LED_REQUIRE_BALANCE,
                                       .compare = compare,
                                       .account = *account,
                                       .asset = fix_name(asset),
                                       .value = value}};
}

struct led_op fix_require_price(const char *pool, const char *asset, enum led_compare compare,
                                u128 num, u128 den)
{
    return (struct led_op){.kind = LED_OP_REQUIRE,
                           .require = {.what = LED_REQUIRE_PRICE,
                                       .compare = compare,
                                       .pool = fix_name(pool),
                                       .asset = fix_name(asset),
                                       .num = num,
                                       .den = den}};
}

struct led_op fix_require_nonce(const struct addr20 *account, enum led_compare compare,
                                uint64_t nonce)
{
    return (struct led_op){
        .kind = LED_OP_REQUIRE,
        .require = {
            .what = LED_REQUIRE_NONCE, .compare = compare, .account = *account, .nonce = nonce}};
}

struct led_op fix_fail(void)
{
    return (struct led_op){.kind = LED_OP_FAIL};
}

struct led_op fix_lend(enum led_op_kind kind, const char *pool, const char *asset, u128 amount)
{
    return (struct led_op){
        .kind = kind, .lend = {.pool = fix_name(pool), .asset = fix_name(asset), .amount = amount}};
}

struct led_op fix_flash(enum led_op_kind kind, const char *pool, const char *asset, u128 amount,
                        uint32_t leg, uint32_t op)
{
    struct led_op out = fix_lend(kind, pool, asset, amount);
    out.lend.flash = true;
    out.lend.pair = (struct led_op_at){leg, op};
    return out;
}

struct led_op fix_bridge(enum led_op_kind kind, uint64_t rollup, const struct addr20 *account,
                         const char *asset, u128 amount, uint32_t leg, uint32_t op)
{
    return (struct led_op){.kind = kind,
                           .bridge = {.rollup = rollup,
                                      .account = *account,
                                      .asset = fix_name(asset),
                                      .amount = amount,
                                      .pair = {leg, op}}};
}

u128 fix_u128(struct prng *p)
{
    u128 v = (u128)prng_next(p) << 64 | prng_next(p);
    unsigned bits = (unsigned)prng_below(p, 128);
    switch (prng_below(p, 4)) {
    case 0: /* just around a power of two */
        return ((u128)1 << bits) + prng_below(p, 3) - 1;
    case 1:
        return U128_MAX - prng_below(p, 3);
    default:
        return v >> bits;
    }
}

static struct led_name random_name(struct prng *p)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    struct led_name name = {0};
    size_t len = 1 + prng_below(p, LED_NAME_MAX);
    for (size_t i = 0; i < len; i++) {
        name.text[i] = set[prng_below(p, sizeof(set) - 1)];
    }
    return name;
}

struct led_op fix_random_op(struct prng *p)
{
    struct addr20 account = fix_address((uint8_t)prng_next(p));
    struct led_name a = random_name(p);
    struct led_name b = random_name(p);
    struct led_name c = random_name(p);
    enum led_compare compare = (enum led_compare)(1 + prng_below(p, 3));
    u128 v = fix_u128(p);
    u128 w = fix_u128(p);
    uint32_t leg = (uint32_t)prng_next(p);
    uint32_t op = (uint32_t)prng_next(p);
    enum led_op_kind way = prng_below(p, 2) == 0 ? LED_OP_BRIDGE_OUT : LED_OP_BRIDGE_IN;
    enum led_op_kind desk = (enum led_op_kind)(LED_OP_DEPOSIT + prng_below(p, 4));
    enum led_op_kind debt = prng_below(p, 2) == 0 ? LED_OP_BORROW : LED_OP_REPAY;
    switch (prng_below(p, 10)) {
    case 0:
        return fix_transfer(&account, a.text, v);
    case 6:
    case 7:
        return fix_lend(desk, a.text, b.text, v);
    case 8:
        return fix_flash(debt, a.text, b.text, v, leg, op);
    case 9:
        return fix_bridge(way, prng_next(p), &account, a.text, v, leg, op);
    case 1:
        return fix_swap(a.text, b.text, c.text, v, w);
    case 2:
        return fix_require_balance(&account, a.text, compare, v);
    case 3:
        return fix_require_price(a.text, b.text, compare, v, w != 0 ? w : 1);
    case 4:
        return fix_require_nonce(&account, compare, (uint64_t)v);
    default:
        return fix_fail();
    }
}

void fix_mpz(mpz_t out, u128 v)
{
    mpz_import(out, 1, 1, sizeof(v), 0, 0, &v);
}

u128 fix_from_mpz(const mpz_t v)
{
    u128 out = 0;
    CHECK(mpz_sizeinbase(v, 2) <= 128);
    mpz_export(&out, NULL, 1, sizeof(out), 0, 0, v);
    return out;
}

struct hash32 fix_root(struct led_state *s)
{
    struct hash32 root;
    led_state_root(s, &root);
    return root;
}

struct led_state *fix_state(void)
{
    struct led_state *s = NULL;
    assert_int_equal(led_state_new(FIX_ROLLUP, &s), 0);
    return s;
}
