/* The table, continued: what transactions do. */
#include "lockstep/scenario/scn_table.h"

static const struct scn_field transfer_fields[] = {
    {.key = "to",
     NAME(scn_transfer, to, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Receiving account, defined in any rollup.",
     .example = "bob"},
    {.key = "asset",
     NAME(scn_transfer, asset, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "Asset.",
     .example = "ETH"},
    {.key = "amount",
     AMOUNT(scn_transfer, amount),
     .flags = SCN_REQUIRED,
     .min = 1,
     .doc = "Amount in the smallest unit.",
     .example = "5"},
};
static const struct scn_object o_transfer = {
    .name = "transfer",
    .doc = "Moves an amount from the signer to another account.",
    .size = sizeof(struct scn_transfer),
    FIELDS(transfer_fields)};

static const struct scn_field swap_fields[] = {
    {.key = "pool",
     NAME(scn_swap, pool, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Pool of the leg's rollup.",
     .example = "eth-usdc"},
    {.key = "in",
     NAME(scn_swap, in, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "The asset paid in; the other one comes out.",
     .example = "ETH"},
    {.key = "amount",
     AMOUNT(scn_swap, amount),
     .flags = SCN_REQUIRED,
     .min = 1,
     .doc = "Amount paid in.",
     .example = "5"},
    {.key = "min_out",
     AMOUNT(scn_swap, min_out),
     .fallback = "0",
     .doc = "The operation fails if less comes out.",
     .example = "1900"},
};
static const struct scn_object o_swap = {
    .name = "swap",
    .doc = "Trades with a pool: after the fee `in' = in - ceil(in * fee)`, out is "
           "`floor(reserve_out * in' / (reserve_in + in'))`.",
    .size = sizeof(struct scn_swap),
    FIELDS(swap_fields)};

static const struct scn_field require_balance_fields[] = {
    {.key = "account",
     NAME(scn_require_balance, account, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Account, defined in any rollup.",
     .example = "bob"},
    {.key = "asset",
     NAME(scn_require_balance, asset, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "Asset.",
     .example = "ETH"},
    BOUND_FIELDS(scn_require_balance, AMOUNT, 0, "5"),
};
static const struct scn_object o_require_balance = {.name = "require balance",
                                                    .doc = "A balance on the leg's rollup.",
                                                    .size = sizeof(struct scn_require_balance),
                                                    .choice = PLUS(scn_require_balance, cmp),
                                                    FIELDS(require_balance_fields)};

static const struct scn_field require_price_fields[] = {
    {.key = "pool",
     NAME(scn_require_price, pool, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Pool of the leg's rollup.",
     .example = "eth-usdc"},
    {.key = "asset",
     NAME(scn_require_price, asset, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "The asset whose price is meant: the pool's other reserve / its reserve of this.",
     .example = "ETH"},
    BOUND_FIELDS(scn_require_price, RATIO, 0, "1900/1"),
};
static const struct scn_object o_require_price = {
    .name = "require price",
    .doc = "A pool's price, as a ratio of whole numbers.",
    .size = sizeof(struct scn_require_price),
    .choice = PLUS(scn_require_price, cmp),
    FIELDS(require_price_fields)};

static const struct scn_field require_nonce_fields[] = {
    {.key = "account",
     NAME(scn_require_nonce, account, scn_p_name),
     .flags = SCN_REQUIRED,
     .doc = "Account, defined in any rollup.",
     .example = "bob"},
    {.key = "equals",
     U64(scn_require_nonce, equals),
     .flags = SCN_REQUIRED,
     .max = UINT64_MAX,
     .doc = "Its next nonce.",
     .example = "0"},
};
static const struct scn_object o_require_nonce = {
    .name = "require nonce",
    .doc = "An account's next nonce on the leg's rollup.",
    .size = sizeof(struct scn_require_nonce),
    FIELDS(require_nonce_fields)};

static const struct scn_field require_fields[] = {
    {.key = "balance",
     OBJECT(scn_require, balance, o_require_balance),
     .flags = SCN_CHOICE,
     .choice = SCN_REQUIRE_BALANCE,
     .doc = "A condition on a balance.",
     .example = "{account: bob, asset: ETH, at_least: 5}"},
    {.key = "price",
     OBJECT(scn_require, price, o_require_price),
     .flags = SCN_CHOICE,
     .choice = SCN_REQUIRE_PRICE,
     .doc = "A condition on a pool's price.",
     .example = "{pool: eth-usdc, asset: ETH, at_least: 1900/1}"},
    {.key = "nonce",
     OBJECT(scn_require, nonce, o_require_nonce),
     .flags = SCN_CHOICE,
     .choice = SCN_REQUIRE_NONCE,
     .doc = "A condition on a nonce.",
     .example = "{account: bob, equals: 0}"},
};
static const struct scn_object o_require = {.name = "require",
                                            .doc =
                                                "Fails the transaction unless the condition holds.",
                                            .size = sizeof(struct scn_require),
                                            .choice = PLUS(scn_require, kind),
                                            FIELDS(require_fields)};

static const struct scn_object o_fail = {
    .name = "fail", .doc = "Always fails; takes no keys.", .size = 1};

static const struct scn_field op_at_fields[] = {
    {.key = "leg",
     U32(scn_op_at, leg),
     .flags = SCN_REQUIRED,
     .max = 999,
     .doc = "Leg of this bundle, counted from 0.",
     .example = "0"},
    {.key = "op",
     U32(scn_op_at, op),
     .flags = SCN_REQUIRED,
     .max = 63,
     .doc = "Operation of that leg, counted from 0.",
     .example = "0"},
};
static const struct scn_object o_op_at = {.name = "place of an operation",
                                          .doc = "Another operation of the same bundle.",
                                          .size = sizeof(struct scn_op_at),
                                          FIELDS(op_at_fields)};

#define LEND_POOL                                                                                  \
    {                                                                                              \
        .key = "pool", NAME(scn_lend, pool, scn_p_name), .flags = SCN_REQUIRED,                    \
        .doc = "Lending pool of the leg's rollup.", .example = "aave"                              \
    }
#define LEND_AMOUNT                                                                                \
    {                                                                                              \
        .key = "amount", AMOUNT(scn_lend, amount), .flags = SCN_REQUIRED, .min = 1,                \
        .doc = "Amount in the smallest unit.", .example = "5"                                      \
    }
static const struct scn_field deposit_fields[] = {
    LEND_POOL,
    {.key = "asset",
     NAME(scn_lend, asset, scn_p_asset),
     .flags = SCN_REQUIRED,
     .doc = "The asset the pool lends, or its collateral.",
     .example = "USDC"},
    LEND_AMOUNT,
};
static const struct scn_object o_deposit = {
    .name = "deposit or withdrawal",
    .doc = "Moves the signer's own between its balance and a lending pool. What is lent out cannot "
           "be withdrawn, nor collateral that covers a debt.",
    .size = sizeof(struct scn_lend),
    FIELDS(deposit_fields)};

static const struct scn_field debt_fields[] = {
    LEND_POOL,
    LEND_AMOUNT,
    {.key = "flash",
     OBJECT(scn_lend, pair, o_op_at),
     .given = PLUS(scn_lend, flash),
     .flags = SCN_OPTIONAL,
     .doc = "Makes it a flash debt, without collateral. With `borrow`: the later `repay` of the "
            "same amount; with `repay`: the `borrow`.",
     .example = "{leg: 2, op: 1}"},
};
static const struct scn_object o_debt = {
    .name = "borrowing or repayment",
    .doc = "The signer owes a lending pool more, or less. A debt must be covered by collateral: "
           "`debt <= collateral * factor`.",
    .size = sizeof(struct scn_lend),
    FIELDS(debt_fields)};

#define BRIDGE_FIELDS(key_, what_)                                                                 \
    {.key = (key_),                                                                                \
     NAME(scn_bridge, rollup, scn_p_rollup),                                                       \
     .flags = SCN_REQUIRED,                                                                        \
     .doc = (what_),                                                                               \
     .example = "B"},                                                                              \
        {.key = "account",                                                                         \
         NAME(scn_bridge, account, scn_p_name),                                                    \
         .doc = "Who gets it, an account of any rollup; by default the leg's signer.",             \
         .example = "bob"},                                                                        \
        {.key = "asset",                                                                           \
         NAME(scn_bridge, asset, scn_p_asset),                                                     \
         .flags = SCN_REQUIRED,                                                                    \
         .doc = "Asset.",                                                                          \
         .example = "ETH"},                                                                        \
        {.key = "amount",                                                                          \
         AMOUNT(scn_bridge, amount),                                                               \
         .flags = SCN_REQUIRED,                                                                    \
         .min = 1,                                                                                 \
         .doc = "Amount in the smallest unit.",                                                    \
         .example = "5"},                                                                          \
    {                                                                                              \
        .key = "pair", OBJECT(scn_bridge, pair, o_op_at), .flags = SCN_REQUIRED,                   \
        .doc = "The other half: a `bridge_in` of a later leg, or the `bridge_out` of an earlier "  \
               "one, that says the same.",                                                         \
        .example = "{leg: 1, op: 0}"                                                               \
    }
static const struct scn_field bridge_out_fields[] = {BRIDGE_FIELDS("to", "The rollup it goes to.")};
static const struct scn_object o_bridge_out = {
    .name = "bridge_out",
    .doc = "Burns an amount of the signer's, which a later leg of the bundle takes in elsewhere.",
    .size = sizeof(struct scn_bridge),
    FIELDS(bridge_out_fields)};
static const struct scn_field bridge_in_fields[] = {
    BRIDGE_FIELDS("from", "The rollup it comes from.")};
static const struct scn_object o_bridge_in = {
    .name = "bridge_in",
    .doc = "Mints an amount that an earlier leg of the bundle has sent out elsewhere.",
    .size = sizeof(struct scn_bridge),
    FIELDS(bridge_in_fields)};

static const struct scn_field op_fields[] = {
    {.key = "transfer",
     OBJECT(scn_op, transfer, o_transfer),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_TRANSFER,
     .doc = "Move an amount.",
     .example = "{to: bob, asset: ETH, amount: 5}"},
    {.key = "swap",
     OBJECT(scn_op, swap, o_swap),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_SWAP,
     .doc = "Trade with a pool.",
     .example = "{pool: eth-usdc, in: ETH, amount: 5, min_out: 9000}"},
    {.key = "require",
     OBJECT(scn_op, require, o_require),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_REQUIRE,
     .doc = "Insist on a condition.",
     .example = "{balance: {account: bob, asset: ETH, at_least: 5}}"},
    {.key = "deposit",
     OBJECT(scn_op, lend, o_deposit),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_DEPOSIT,
     .doc = "Put into a lending pool.",
     .example = "{pool: aave, asset: USDC, amount: 5}"},
    {.key = "withdraw",
     OBJECT(scn_op, lend, o_deposit),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_WITHDRAW,
     .doc = "Take back from a lending pool.",
     .example = "{pool: aave, asset: USDC, amount: 5}"},
    {.key = "borrow",
     OBJECT(scn_op, lend, o_debt),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_BORROW,
     .doc = "Borrow what a lending pool lends.",
     .example = "{pool: aave, amount: 5, flash: {leg: 2, op: 1}}"},
    {.key = "repay",
     OBJECT(scn_op, lend, o_debt),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_REPAY,
     .doc = "Pay it back.",
     .example = "{pool: aave, amount: 5, flash: {leg: 0, op: 0}}"},
    {.key = "bridge_out",
     OBJECT(scn_op, bridge, o_bridge_out),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_BRIDGE_OUT,
     .doc = "Send to another rollup.",
     .example = "{to: B, asset: ETH, amount: 5, pair: {leg: 1, op: 0}}"},
    {.key = "bridge_in",
     OBJECT(scn_op, bridge, o_bridge_in),
     .flags = SCN_CHOICE,
     .choice = SCN_OP_BRIDGE_IN,
     .doc = "Take in from another rollup.",
     .example = "{from: A, asset: ETH, amount: 5, pair: {leg: 0, op: 0}}"},
    {.key = "fail",
     .type = SCN_OBJECT,
     .object = &o_fail,
     .flags = SCN_CHOICE,
     .choice = SCN_OP_FAIL,
     .doc = "Fail always.",
     .example = "{}"},
};
const struct scn_object scn_o_op = {
    .name = "operation",
    .doc = "One step of a transaction; all of a leg's succeed or none counts.",
    .size = sizeof(struct scn_op),
    .place = PLUS(scn_op, place),
    .choice = PLUS(scn_op, kind),
    FIELDS(op_fields)};
