/* Exclusion policies: after a round of execution, which bundles are out, and who must execute
 * again. Pure functions over the slot's bundles and the results of the round; they know neither
 * messages nor state. See docs/protocol.md, "Phase 3".
 *
 * Chains are indices 0..n_chains-1 of the rollups that have a block in the slot. */
#ifndef PROTOCOL_PRO_POLICY_H
#define PROTOCOL_PRO_POLICY_H

#include "common/base/bytes.h"

struct pol_leg {
    uint32_t chain;
    uint32_t order;
};

struct pol_bundle {
    const struct pol_leg *legs;
    uint32_t n_legs;
};

/* What is fixed for the slot: its bundles in global order. Borrowed. */
struct pol_slot {
    uint32_t n_chains;
    uint32_t n_bundles;
    const struct pol_bundle *bundles;
};

/* The latest result of every chain: bit i of status[chain] is set when entry i succeeded. */
struct pol_round {
    uint32_t round;
    const struct bytes *status;
};

enum pol_fate {
    POL_OPEN = 0, /* in, as far as the policy has decided */
    POL_EXCLUDED,
};

struct pol_outcome {
    enum pol_fate fate;
    uint32_t cause_leg;   /* EXCLUDED: index of the failed leg within the bundle */
    uint32_t cause_round; /* and the round it failed in */
};

/* Owned arrays; starts as all OPEN and is updated by every decision. */
struct pol_state {
    uint32_t n_bundles;
    uint32_t n_chains;
    struct pol_outcome *outcomes; /* by bundle */
    bool *reexecute;              /* by chain: gets a further proposal block after this round */
    bool done;                    /* nothing to execute any more */
};

struct pol_policy {
    const char *name;
    const char *summary;
    bool keeps_reverted; /* what fails after round 0 stays in finalized blocks, without effect */
    void (*decide)(const struct pol_slot *slot, const struct pol_round *round,
                   struct pol_state *state);
};

/* Returns: the policy, or NULL if there is none of that name. */
const struct pol_policy *pol_find(const char *name);

int pol_state_init(struct pol_state *s, const struct pol_slot *slot) MUST_CHECK;
void pol_state_fini(struct pol_state *s);

#endif
