/* Executes transactions on the state of a rollup.
 *
 * A failed transaction has no effect at all, not even on the nonce, so executing a block equals
 * executing it without its failed transactions. */
#ifndef LEDGER_LED_EXEC_H
#define LEDGER_LED_EXEC_H

#include "common/ledger/led_cover.h"
#include "common/ledger/led_state.h"
#include "common/ledger/led_tx.h"

/* X(constant, value, name) */
#define LED_REASON_MAP(X)                                                                          \
    X(LED_REASON_OK, 0, ok)                                                                        \
    X(LED_REASON_BAD_SIGNATURE, 1, bad_signature)                                                  \
    X(LED_REASON_WRONG_ROLLUP, 2, wrong_rollup)                                                    \
    X(LED_REASON_BAD_NONCE, 3, bad_nonce)                                                          \
    X(LED_REASON_INSUFFICIENT_BALANCE, 4, insufficient_balance)                                    \
    X(LED_REASON_OVERFLOW, 5, overflow)                                                            \
    X(LED_REASON_UNKNOWN_POOL, 6, unknown_pool)                                                    \
    X(LED_REASON_WRONG_ASSET, 7, wrong_asset)                                                      \
    X(LED_REASON_ZERO_AMOUNT, 8, zero_amount)                                                      \
    X(LED_REASON_SLIPPAGE, 9, slippage)                                                            \
    X(LED_REASON_REQUIREMENT_NOT_MET, 10, requirement_not_met)                                     \
    X(LED_REASON_EXPLICIT_FAIL, 11, explicit_fail)                                                 \
    X(LED_REASON_INSUFFICIENT_LIQUIDITY, 12, insufficient_liquidity)                               \
    X(LED_REASON_INSUFFICIENT_COLLATERAL, 13, insufficient_collateral)                             \
    X(LED_REASON_INSUFFICIENT_DEPOSIT, 14, insufficient_deposit)                                   \
    X(LED_REASON_NO_DEBT, 15, no_debt)                                                             \
    X(LED_REASON_UNCOVERED, 16, uncovered)

enum led_reason {
#define X(constant, value, name) constant = (value),
    LED_REASON_MAP(X)
#undef X
};

struct led_receipt {
    bool ok;
    uint32_t failed_op; /* index, or LED_NO_OP */
    enum led_reason reason;
};

/* Checks signature, rollup, cover and nonce (in this order), then runs the operations in order; the
 * nonce is raised last, so a `require` on it sees the old one. Does not check deployment, bundle
 * nonce, leg or number of legs: they bind the transaction to its place, which is the caller's to
 * know. Without its bundle at hand, so that every operation whose pair is in another leg fails as
 * uncovered; a leg of a bundle is led_execute_in's.
 * Out: the verdict. Returns: 0 whatever the verdict, or ERR_NOMEM, ERR_FULL (state untouched). */
int led_execute(struct led_state *s, const struct led_tx *tx, struct led_receipt *out) MUST_CHECK;

/* led_execute for a transaction whose signature the caller has verified already. */
int led_execute_verified(struct led_state *s, const struct led_tx *tx,
                         struct led_receipt *out) MUST_CHECK;

/* The same within a bundle. In: which of its operations the bundle does not cover: what
 * led_cover_check says. */
int led_execute_in(struct led_state *s, const struct led_tx *tx, uint32_t uncovered_op,
                   struct led_receipt *out) MUST_CHECK;

/* The same for a transaction whose signature the caller has verified already. */
int led_execute_verified_in(struct led_state *s, const struct led_tx *tx, uint32_t uncovered_op,
                            struct led_receipt *out) MUST_CHECK;

/* Out: keccak256("lockstep/receipt/v1" || bool ok || u32 failed_op || u8 reason). */
void led_receipt_hash(const struct led_receipt *receipt, struct hash32 *out);

/* bool ok || u32 failed_op || u8 reason. */
void led_receipt_encode(const struct led_receipt *receipt, struct buf *out);
/* Strict. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_NONCANONICAL (fields that contradict each
 * other), ERR_UNSUPPORTED (a reason nobody knows). */
int led_receipt_decode(struct bytes in, struct led_receipt *out) MUST_CHECK;

/* Returns: "ok", "slippage", ...; "unknown" for no known reason. Static storage. */
const char *led_reason_name(enum led_reason reason);

#endif
