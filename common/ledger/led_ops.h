/* Executing single operations. Internal to the ledger. */
#ifndef LEDGER_LED_OPS_H
#define LEDGER_LED_OPS_H

#include "common/ledger/led_exec.h"

/* Runs one operation of tx. It may leave writes behind also when it does not succeed: the caller
 * rolls back. Out: *reason. Returns: 0 whatever the reason, or what the state's writes return. */
int led_op_execute(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                   enum led_reason *reason) MUST_CHECK;

/* Takes from an account, gives to it. Return as above. */
int led_debit(struct led_state *s, const struct addr20 *account, const struct led_name *asset,
              u128 amount, enum led_reason *reason) MUST_CHECK;
int led_credit(struct led_state *s, const struct addr20 *account, const struct led_name *asset,
               u128 amount, enum led_reason *reason) MUST_CHECK;

/* One per operation: led_ops.c, and led_lend.c for lending and bridges. */
#define X(constant, value, name)                                                                   \
    int led_execute_##name(struct led_state *s, const struct led_tx *tx, const struct led_op *op,  \
                           enum led_reason *reason) MUST_CHECK;
LED_OP_MAP(X)
#undef X

#endif
