/* The serial oracle: what one machine would make of a slot. It executes the bundles one by one in
 * global order, each as a whole: all legs succeed, or none has happened.
 *
 * Deliberately naive, and nothing but the ledger in common with the policies (common/policy), which
 * are measured by it. */
#ifndef LOCKSTEP_ORACLE_ORC_H
#define LOCKSTEP_ORACLE_ORC_H

#include "common/ledger/led_exec.h"

struct orc_leg {
    uint32_t chain;          /* index of its rollup */
    const struct led_tx *tx; /* NULL: it holds no transaction, and so it fails */
};

struct orc_bundle {
    const struct orc_leg *legs;
    uint32_t n_legs;
};

struct orc_verdict {
    bool included;
    uint32_t failed_leg;        /* unless included: the first */
    struct led_receipt receipt; /* of that leg; of one without transaction: bad_signature */
};

/* In: the state of every chain; bundles in global order; whether signatures are known to be good.
 * Out: a verdict for each bundle; the states after all of them. Returns: 0, or what the ledger
 * returns when it cannot go on: the states are then somewhere in between. */
int orc_execute(struct led_state *const *states, const struct orc_bundle *bundles, size_t n,
                bool verified, struct orc_verdict *out) MUST_CHECK;

/* Out: the first operation of a leg that its bundle does not cover, or LED_NO_OP.
 * Returns: 0 or ERR_NOMEM. */
int orc_cover(const struct orc_bundle *b, uint32_t leg, uint32_t *uncovered_op) MUST_CHECK;

#endif
