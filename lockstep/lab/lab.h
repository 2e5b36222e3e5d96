/* The cascade by itself: a slot of bundles, the states of its rollups and a policy, executed round
 * by round in one process without messages, encryption or signatures. What a run of the whole
 * system comes to, thousands of times a second. */
#ifndef LOCKSTEP_LAB_LAB_H
#define LOCKSTEP_LAB_LAB_H

#include "common/policy/pol.h"
#include "lockstep/oracle/orc.h"

struct lab_input {
    struct led_state *const *states; /* by chain */
    uint32_t n_chains;
    const struct orc_bundle *bundles; /* in global order; signatures are taken for good */
    uint32_t n_bundles;
    const struct pol_policy *policy;
    struct pol_rules rules;
};

/* A chain's result of one round: bit i is set when position i succeeded. */
struct lab_status {
    uint32_t chain;
    uint32_t round;
    uint8_t *bits;
};

struct lab_leg {
    uint32_t order; /* its position */
    bool executed;  /* its effects are in the final state */
};

struct lab_result {
    struct pol_outcome *outcomes; /* by bundle */
    uint32_t *first_leg;          /* by bundle: index of its first leg in `legs` */
    struct lab_leg *legs;
    struct lab_status *history;
    size_t n_history, cap_history;
    uint32_t rounds;    /* of execution, the proposal blocks' included */
    uint32_t decisions; /* of the policy */
    uint64_t blocks;    /* sent to executors, the first proposal blocks included */
    uint64_t executed;  /* transactions, counted again whenever executed again */
    bool overflowed;
};

/* In: states, which are left as they come out in the end: a mark of the caller's own brings them
 * back. Out: to be released with lab_result_fini. Returns: 0, ERR_NOMEM, ERR_FULL. */
int lab_run(const struct lab_input *in, struct lab_result *out) MUST_CHECK;
void lab_result_fini(struct lab_result *r);

/* Returns: true if bundle has legs that were executed and legs that were not. */
bool lab_is_mixed(const struct lab_input *in, const struct lab_result *r, uint32_t bundle);
/* Returns: true if this position of the chain was executed in this round and failed. */
bool lab_failed_in(const struct lab_result *r, uint32_t chain, uint32_t order, uint32_t round);

#endif
