/* Executing single operations. Internal to the ledger. */
#ifndef LEDGER_LED_OPS_H
#define LEDGER_LED_OPS_H

#include "common/ledger/led_exec.h"

/* Runs one operation of tx. It may leave writes behind also when it does not succeed: the caller
 * rolls back. Out: *reason. Returns: 0 whatever the reason, or what the state's writes return. */
int led_op_execute(struct led_state *s, const struct led_tx *tx, const struct led_op *op,
                   enum led_reason *reason) MUST_CHECK;

#endif
