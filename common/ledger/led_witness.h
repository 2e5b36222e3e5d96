/* Step witnesses: what it takes to execute one transaction without the state.
 *
 * A witness is the part of the state tree (smt_part.h) that the transaction's static access set
 * leads to (led_access.h), present or absent, whether or not the transaction comes to look at it.
 * So who has the transaction knows what the witness must contain: nothing can be missing, nothing
 * superfluous, and for a given state and transaction there is exactly one. Whoever trusts the root
 * before, trusts the verdict and the root after.
 *
 * This is what proofs of failure and step fraud proofs rest on. The root before must be one of a
 * tree that this ledger made; of a root that somebody made up, a witness says nothing. */
#ifndef LEDGER_LED_WITNESS_H
#define LEDGER_LED_WITNESS_H

#include "common/ledger/led_access.h"
#include "common/ledger/led_exec.h"

/* One step: a transaction, where it is executed, and what its bundle makes of it. */
struct led_step {
    uint64_t rollup;       /* whose state */
    struct bytes tx;       /* encoded */
    uint32_t uncovered_op; /* what led_cover_check says */
};

/* In: the state before the transaction, which stays as it is. Out: appended to `out`; failures of
 * writing stay in out->err. Returns: 0, ERR_NOMEM, or out->err. */
int led_witness_make(struct led_state *s, const struct led_tx *tx, struct buf *out) MUST_CHECK;

/* Executes a step on a witness alone: verdict and roots are those of led_execute_in.
 * Returns: 0, ERR_NOMEM, ERR_FULL; what led_tx_decode says of the transaction; of the witness
 * ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG, ERR_NONCANONICAL, ERR_PROOF (it is not of this root),
 * ERR_CORRUPT (the root is of a state that no ledger made). */
int led_witness_replay(const struct hash32 *pre_root, const struct led_step *step,
                       struct bytes witness, struct led_receipt *receipt,
                       struct hash32 *post_root) MUST_CHECK;

#endif
