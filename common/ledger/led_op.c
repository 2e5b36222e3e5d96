#include "common/ledger/led_op.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"

#include <stdlib.h>

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static int name_from(struct led_name *out, const char *text, size_t len)
{
    struct led_name name = {0};
    if (len < 1 || len > LED_NAME_MAX) {
        return ERR_INVALID;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_name_char(text[i])) {
            return ERR_INVALID;
        }
        name.text[i] = text[i];
    }
    *out = name;
    return 0;
}

int led_name_set(struct led_name *out, const char *text)
{
    return name_from(out, text, strlen(text));
}

static void wr_name(struct buf *b, const struct led_name *name)
{
    size_t len = strnlen(name->text, LED_NAME_MAX);
    wr_u8(b, (uint8_t)len);
    wr_fixed(b, name->text, len);
}

static void rd_name(struct rd *r, struct led_name *out)
{
    struct bytes text = rd_view(r, rd_u8(r));
    if (r->err == 0 && name_from(out, (const char *)text.data, text.len) != 0) {
        rd_fail(r, ERR_INVALID);
    }
}

static void encode_transfer(const struct led_op *op, struct buf *b)
{
    wr_fixed(b, op->transfer.to.b, 20);
    wr_name(b, &op->transfer.asset);
    wr_u128(b, op->transfer.amount);
}

static void decode_transfer(struct rd *r, struct led_op *op)
{
    rd_fixed(r, op->transfer.to.b, 20);
    rd_name(r, &op->transfer.asset);
    op->transfer.amount = rd_u128(r);
}

static void encode_swap(const struct led_op *op, struct buf *b)
{
    wr_name(b, &op->swap.pool);
    wr_name(b, &op->swap.asset_in);
    wr_name(b, &op->swap.asset_out);
    wr_u128(b, op->swap.amount_in);
    wr_u128(b, op->swap.min_out);
}

static void decode_swap(struct rd *r, struct led_op *op)
{
    rd_name(r, &op->swap.pool);
    rd_name(r, &op->swap.asset_in);
    rd_name(r, &op->swap.asset_out);
    op->swap.amount_in = rd_u128(r);
    op->swap.min_out = rd_u128(r);
}

static void encode_require(const struct led_op *op, struct buf *b)
{
    const struct led_require *q = &op->require;
    wr_u8(b, (uint8_t)q->what);
    wr_u8(b, (uint8_t)q->compare);
    switch (q->what) {
    case LED_REQUIRE_BALANCE:
        wr_fixed(b, q->account.b, 20);
        wr_name(b, &q->asset);
        wr_u128(b, q->value);
        break;
    case LED_REQUIRE_PRICE:
        wr_name(b, &q->pool);
        wr_name(b, &q->asset);
        wr_u128(b, q->num);
        wr_u128(b, q->den);
        break;
    case LED_REQUIRE_NONCE:
        wr_fixed(b, q->account.b, 20);
        wr_u64(b, q->nonce);
        break;
    }
}

static void decode_require(struct rd *r, struct led_op *op)
{
    struct led_require *q = &op->require;
    uint8_t what = rd_u8(r);
    uint8_t compare = rd_u8(r);
    if (r->err == 0 && (compare < LED_AT_LEAST || compare > LED_EXACTLY)) {
        rd_fail(r, ERR_UNSUPPORTED);
    }
    q->what = (enum led_require_what)what;
    q->compare = (enum led_compare)compare;
    switch (what) {
    case LED_REQUIRE_BALANCE:
        rd_fixed(r, q->account.b, 20);
        rd_name(r, &q->asset);
        q->value = rd_u128(r);
        break;
    case LED_REQUIRE_PRICE:
        rd_name(r, &q->pool);
        rd_name(r, &q->asset);
        q->num = rd_u128(r);
        q->den = rd_u128(r);
        if (r->err == 0 && q->den == 0) {
            rd_fail(r, ERR_INVALID);
        }
        break;
    case LED_REQUIRE_NONCE:
        rd_fixed(r, q->account.b, 20);
        q->nonce = rd_u64(r);
        break;
    default:
        rd_fail(r, ERR_UNSUPPORTED);
        break;
    }
}

static void encode_fail(const struct led_op *op, struct buf *b)
{
}

static void decode_fail(struct rd *r, struct led_op *op)
{
}

static void encode_deposit(const struct led_op *op, struct buf *b)
{
    wr_name(b, &op->lend.pool);
    wr_name(b, &op->lend.asset);
    wr_u128(b, op->lend.amount);
}

static void decode_deposit(struct rd *r, struct led_op *op)
{
    rd_name(r, &op->lend.pool);
    rd_name(r, &op->lend.asset);
    op->lend.amount = rd_u128(r);
}

static void encode_withdraw(const struct led_op *op, struct buf *b)
{
    encode_deposit(op, b);
}

static void decode_withdraw(struct rd *r, struct led_op *op)
{
    decode_deposit(r, op);
}

static void wr_pair(struct buf *b, const struct led_op_at *at)
{
    wr_u32(b, at->leg);
    wr_u32(b, at->op);
}

static void rd_pair(struct rd *r, struct led_op_at *out)
{
    out->leg = rd_u32(r);
    out->op = rd_u32(r);
}

static void encode_borrow(const struct led_op *op, struct buf *b)
{
    encode_deposit(op, b);
    wr_bool(b, op->lend.flash);
    if (op->lend.flash) {
        wr_pair(b, &op->lend.pair);
    }
}

static void decode_borrow(struct rd *r, struct led_op *op)
{
    decode_deposit(r, op);
    op->lend.flash = rd_bool(r);
    if (op->lend.flash) {
        rd_pair(r, &op->lend.pair);
    }
}

static void encode_repay(const struct led_op *op, struct buf *b)
{
    encode_borrow(op, b);
}

static void decode_repay(struct rd *r, struct led_op *op)
{
    decode_borrow(r, op);
}

static void encode_bridge_out(const struct led_op *op, struct buf *b)
{
    wr_u64(b, op->bridge.rollup);
    wr_fixed(b, op->bridge.account.b, 20);
    wr_name(b, &op->bridge.asset);
    wr_u128(b, op->bridge.amount);
    wr_pair(b, &op->bridge.pair);
}

static void decode_bridge_out(struct rd *r, struct led_op *op)
{
    op->bridge.rollup = rd_u64(r);
    rd_fixed(r, op->bridge.account.b, 20);
    rd_name(r, &op->bridge.asset);
    op->bridge.amount = rd_u128(r);
    rd_pair(r, &op->bridge.pair);
}

static void encode_bridge_in(const struct led_op *op, struct buf *b)
{
    encode_bridge_out(op, b);
}

static void decode_bridge_in(struct rd *r, struct led_op *op)
{
    decode_bridge_out(r, op);
}

static void print_address(const struct addr20 *a, struct buf *b)
{
    char text[41];
    hex_encode(BYTES_OF(*a), text);
    buf_printf(b, "0x%s", text);
}

void led_u128_print(u128 v, struct buf *out)
{
    char text[40];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v != 0);
    buf_append(out, text + at, sizeof(text) - at);
}

static void print_transfer(const struct led_op *op, struct buf *b)
{
    buf_printf(b, "transfer ");
    led_u128_print(op->transfer.amount, b);
    buf_printf(b, " %s to ", op->transfer.asset.text);
    print_address(&op->transfer.to, b);
}

static void print_swap(const struct led_op *op, struct buf *b)
{
    buf_printf(b, "swap ");
    led_u128_print(op->swap.amount_in, b);
    buf_printf(b, " %s for at least ", op->swap.asset_in.text);
    led_u128_print(op->swap.min_out, b);
    buf_printf(b, " %s in %s", op->swap.asset_out.text, op->swap.pool.text);
}

static void print_require(const struct led_op *op, struct buf *b)
{
    static const char *const sign[] = {
        [LED_AT_LEAST] = ">=", [LED_AT_MOST] = "<=", [LED_EXACTLY] = "=="};
    const struct led_require *q = &op->require;
    switch (q->what) {
    case LED_REQUIRE_BALANCE:
        buf_printf(b, "require balance of ");
        print_address(&q->account, b);
        buf_printf(b, " in %s %s ", q->asset.text, sign[q->compare]);
        led_u128_print(q->value, b);
        break;
    case LED_REQUIRE_PRICE:
        buf_printf(b, "require price of %s in %s %s ", q->asset.text, q->pool.text,
                   sign[q->compare]);
        led_u128_print(q->num, b);
        buf_append(b, "/", 1);
        led_u128_print(q->den, b);
        break;
    case LED_REQUIRE_NONCE:
        buf_printf(b, "require nonce of ");
        print_address(&q->account, b);
        buf_printf(b, " %s ", sign[q->compare]);
        led_u128_print(q->nonce, b);
        break;
    }
}

static void print_fail(const struct led_op *op, struct buf *b)
{
    buf_printf(b, "fail");
}

static void print_lend(const char *what, const struct led_op *op, const char *where, struct buf *b)
{
    buf_printf(b, "%s%s ", op->lend.flash ? "flash " : "", what);
    led_u128_print(op->lend.amount, b);
    buf_printf(b, " %s %s %s", op->lend.asset.text, where, op->lend.pool.text);
}

static void print_pair(const char *what, const struct led_op_at *at, struct buf *b)
{
    buf_printf(b, ", %s operation %u of leg %u", what, at->op, at->leg);
}

static void print_deposit(const struct led_op *op, struct buf *b)
{
    print_lend("deposit", op, "in", b);
}

static void print_withdraw(const struct led_op *op, struct buf *b)
{
    print_lend("withdraw", op, "from", b);
}

static void print_borrow(const struct led_op *op, struct buf *b)
{
    print_lend("borrow", op, "from", b);
    if (op->lend.flash) {
        print_pair("repaid by", &op->lend.pair, b);
    }
}

static void print_repay(const struct led_op *op, struct buf *b)
{
    print_lend("repay", op, "to", b);
    if (op->lend.flash) {
        print_pair("lent by", &op->lend.pair, b);
    }
}

static void print_bridge(const char *way, const struct led_op *op, struct buf *b)
{
    const struct led_bridge *g = &op->bridge;
    buf_printf(b, "bridge ");
    led_u128_print(g->amount, b);
    buf_printf(b, " %s %s rollup %llu for ", g->asset.text, way, (unsigned long long)g->rollup);
    print_address(&g->account, b);
}

static void print_bridge_out(const struct led_op *op, struct buf *b)
{
    print_bridge("out to", op, b);
    print_pair("taken in by", &op->bridge.pair, b);
}

static void print_bridge_in(const struct led_op *op, struct buf *b)
{
    print_bridge("in from", op, b);
    print_pair("sent out by", &op->bridge.pair, b);
}

struct op_codec {
    const char *name;
    void (*encode)(const struct led_op *op, struct buf *b);
    void (*decode)(struct rd *r, struct led_op *op);
    void (*print)(const struct led_op *op, struct buf *b);
};

static const struct op_codec op_codecs[] = {
#define X(constant, value, name) [value] = {#name, encode_##name, decode_##name, print_##name},
    LED_OP_MAP(X)
#undef X
};

static const struct op_codec *codec_of(unsigned kind)
{
    if (kind >= sizeof(op_codecs) / sizeof(op_codecs[0]) || op_codecs[kind].name == NULL) {
        return NULL;
    }
    return &op_codecs[kind];
}

const char *led_op_name(enum led_op_kind kind)
{
    const struct op_codec *codec = codec_of(kind);
    return codec != NULL ? codec->name : "unknown";
}

void led_op_print(const struct led_op *op, struct buf *out)
{
    const struct op_codec *codec = codec_of(op->kind);
    CHECK(codec != NULL);
    codec->print(op, out);
}

void led_op_encode(const struct led_op *op, struct buf *out)
{
    const struct op_codec *codec = codec_of(op->kind);
    CHECK(codec != NULL);
    wr_u8(out, (uint8_t)op->kind);
    codec->encode(op, out);
}

void led_ops_encode(const struct led_op *ops, size_t n_ops, struct buf *out)
{
    CHECK(n_ops <= LED_OPS_MAX);
    wr_u32(out, (uint32_t)n_ops);
    for (size_t i = 0; i < n_ops; i++) {
        led_op_encode(&ops[i], out);
    }
}

void led_ops_read(struct rd *r, struct led_op **ops, size_t *n_ops)
{
    size_t n = rd_count(r, LED_OPS_MAX, 1);
    if (r->err == 0 && n == 0) {
        rd_fail(r, ERR_INVALID);
    }
    if (r->err != 0) {
        return;
    }
    CLEANUP(cleanup_free) struct led_op *list = calloc(n + 1, sizeof(*list));
    if (list == NULL) {
        rd_fail(r, ERR_NOMEM);
        return;
    }
    for (size_t i = 0; i < n && r->err == 0; i++) {
        uint8_t kind = rd_u8(r);
        const struct op_codec *codec = codec_of(kind);
        if (r->err == 0 && codec == NULL) {
            rd_fail(r, ERR_UNSUPPORTED);
        }
        if (r->err == 0) {
            list[i].kind = (enum led_op_kind)kind;
            codec->decode(r, &list[i]);
        }
    }
    if (r->err == 0) {
        *ops = MOVE(list);
        *n_ops = n;
    }
}

int led_ops_decode(struct bytes in, struct led_op **ops, size_t *n_ops)
{
    struct rd r = rd_from(in);
    struct led_op *list = NULL;
    size_t n = 0;
    led_ops_read(&r, &list, &n);
    int rc = rd_end(&r);
    if (rc != 0) {
        free(list);
        return rc;
    }
    *ops = list;
    *n_ops = n;
    return 0;
}
