/* Cover: whether the operations of a leg that come in pairs have theirs in the same bundle.
 *
 * A flash borrow is covered by the repayment it names: a later operation of the same sender on the
 * same rollup, in the same leg or in a later one. A bridge_in is covered by the bridge_out it
 * names, in an earlier leg on the rollup it names. Each pair names one another and says the same,
 * so an operation covers at most one other, and neither stands alone.
 *
 * Cover looks at what the legs say, not at whether they succeed: that both do is what the bundle's
 * atomicity is for. It needs no state and is the same for everybody who has the bundle's
 * transactions. */
#ifndef LEDGER_LED_COVER_H
#define LEDGER_LED_COVER_H

#include "common/ledger/led_tx.h"

/* The failure is the transaction's as a whole, or there is none. */
#define LED_NO_OP UINT32_MAX

/* In: the bundle's transactions by leg, NULL for a leg that is none; leg < n_legs, and legs[leg] is
 * one. Legs of another bundle or out of place count as NULL.
 * Returns: the first operation of the leg that is not covered, or LED_NO_OP. */
uint32_t led_cover_check(const struct led_tx *const *legs, uint32_t n_legs, uint32_t leg);

/* The same, knowing no other leg than tx. */
uint32_t led_cover_alone(const struct led_tx *tx);

/* Returns: true if the leg's cover depends on other legs. */
bool led_cover_needs_bundle(const struct led_tx *tx);

#endif
