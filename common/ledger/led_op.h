/* The ledger's operations: their fields, canonical encoding and words.
 *
 * A transaction is a list of operations that all succeed or all have no effect. Adding one means a
 * line in LED_OP_MAP, its fields here, and its encode, decode, print (led_op.c), execute
 * (led_ops.c) and access (led_access.c) functions, which the compiler then asks for by name.
 *
 *   operation = u8 kind || fields
 *   transfer  = to (20) || name asset || u128 amount
 *   swap      = name pool || name asset_in || name asset_out || u128 amount_in || u128 min_out
 *   require   = u8 what || u8 comparison ||
 *                 balance: account (20) || name asset || u128 value
 *                 price:   name pool || name asset || u128 num || u128 den
 *                 nonce:   account (20) || u64 nonce
 *   fail      = nothing
 *   deposit   = name pool || name asset || u128 amount
 *   withdraw  = the same
 *   borrow    = the same || bool flash || u32 leg || u32 op (both only if flash)
 *   repay     = as borrow
 *   bridge_out = u64 rollup || account (20) || name asset || u128 amount || u32 leg || u32 op
 *   bridge_in  = the same
 *   name      = u8 length || 1..16 characters of [A-Za-z0-9._-]
 *
 * Some operations come in pairs within one bundle: a flash borrow and its repayment, a bridge_out
 * and its bridge_in. Each names the other by leg and index in that leg's list, and is executed
 * only if the other is there and says the same (led_cover.h). docs/ledger.md has the meaning of
 * every operation, its reasons to fail and its rounding. */
#ifndef LEDGER_LED_OP_H
#define LEDGER_LED_OP_H

#include "common/base/bytes.h"
#include "common/base/wire.h"

#define LED_NAME_MAX 16
#define LED_OPS_MAX 64
/* No encoded operation is longer. */
#define LED_OP_BYTES_MAX 128

/* X(constant, value, name) */
#define LED_OP_MAP(X)                                                                              \
    X(LED_OP_TRANSFER, 1, transfer)                                                                \
    X(LED_OP_SWAP, 2, swap)                                                                        \
    X(LED_OP_REQUIRE, 3, require)                                                                  \
    X(LED_OP_FAIL, 4, fail)                                                                        \
    X(LED_OP_DEPOSIT, 5, deposit)                                                                  \
    X(LED_OP_WITHDRAW, 6, withdraw)                                                                \
    X(LED_OP_BORROW, 7, borrow)                                                                    \
    X(LED_OP_REPAY, 8, repay)                                                                      \
    X(LED_OP_BRIDGE_OUT, 9, bridge_out)                                                            \
    X(LED_OP_BRIDGE_IN, 10, bridge_in)

enum led_op_kind {
#define X(constant, value, name) constant = (value),
    LED_OP_MAP(X)
#undef X
};

/* The name of an asset or a pool, zero-padded. */
struct led_name {
    char text[LED_NAME_MAX + 1];
};

struct led_transfer {
    struct addr20 to;
    struct led_name asset;
    u128 amount;
};

/* asset_out is spelt out so that what a swap can touch follows from its fields alone. */
struct led_swap {
    struct led_name pool;
    struct led_name asset_in;
    struct led_name asset_out;
    u128 amount_in;
    u128 min_out;
};

enum led_require_what { LED_REQUIRE_BALANCE = 1, LED_REQUIRE_PRICE = 2, LED_REQUIRE_NONCE = 3 };

enum led_compare { LED_AT_LEAST = 1, LED_AT_MOST = 2, LED_EXACTLY = 3 };

/* balance: account, asset, value. price: pool, asset, num / den units of the pool's other asset
 * for one of `asset`, den not 0. nonce: account, nonce. Other fields are zero. */
struct led_require {
    enum led_require_what what;
    enum led_compare compare;
    struct addr20 account;
    struct led_name pool;
    struct led_name asset;
    u128 value;
    u128 num;
    u128 den;
    uint64_t nonce;
};

/* An operation of the same bundle. */
struct led_op_at {
    uint32_t leg;
    uint32_t op;
};

/* deposit, withdraw: of the lent asset or of collateral, as `asset` says. borrow, repay: of the
 * lent asset; with `flash`, of the debt that `pair` repays (borrow) or has made (repay); without
 * it, `pair` is zero. `asset` is spelt out so that the access set follows from the fields. */
struct led_lend {
    struct led_name pool;
    struct led_name asset;
    u128 amount;
    bool flash;
    struct led_op_at pair;
};

/* bridge_out: burns the sender's, for `account` on `rollup`. bridge_in: mints for `account` what
 * was burnt on `rollup`. */
struct led_bridge {
    uint64_t rollup;
    struct addr20 account;
    struct led_name asset;
    u128 amount;
    struct led_op_at pair;
};

struct led_op {
    enum led_op_kind kind;
    union {
        struct led_transfer transfer;
        struct led_swap swap;
        struct led_require require;
        struct led_lend lend;     /* DEPOSIT, WITHDRAW, BORROW, REPAY */
        struct led_bridge bridge; /* BRIDGE_OUT, BRIDGE_IN */
    };
};

/* In: 1..16 characters of [A-Za-z0-9._-]. Returns: 0 or ERR_INVALID. */
int led_name_set(struct led_name *out, const char *text) MUST_CHECK;

static inline bool led_name_equal(const struct led_name *a, const struct led_name *b)
{
    return strcmp(a->text, b->text) == 0;
}

/* u32 count || operations. In: at most LED_OPS_MAX of known kinds. Failures stay in out->err. */
void led_ops_encode(const struct led_op *ops, size_t n_ops, struct buf *out);

/* One operation, as inside the list. */
void led_op_encode(const struct led_op *op, struct buf *out);

/* Strict. Out: 1..LED_OPS_MAX operations, to be released with free() (led_tx_fini does).
 * Returns: 0, ERR_NOMEM, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG, ERR_INVALID (none at all, a bad
 * name, a price over 0), ERR_UNSUPPORTED (a kind, a requirement or a comparison nobody knows). */
int led_ops_decode(struct bytes in, struct led_op **ops, size_t *n_ops) MUST_CHECK;

/* The same from a reader, leaving what follows. Failures stay in r->err, outputs untouched. */
void led_ops_read(struct rd *r, struct led_op **ops, size_t *n_ops);

/* Appends words for a person: "transfer 10 ETH to 0x00..ff" with the whole address. */
void led_op_print(const struct led_op *op, struct buf *out);

/* Appends a decimal number. */
void led_u128_print(u128 v, struct buf *out);

/* Returns: "transfer", ...; "unknown" for no known kind. */
const char *led_op_name(enum led_op_kind kind);

#endif
