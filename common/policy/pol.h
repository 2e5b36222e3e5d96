/* Exclusion policies: after a round of execution, which bundles are out, which are in for good, and
 * which rollups must execute again. Pure functions over the slot's bundles and the latest results;
 * they know neither messages nor state. See docs/protocol.md, "Phase 3".
 *
 * Chains are indices 0..n_chains-1 of the rollups that have a block in the slot; keys are small
 * numbers that stand for (chain, path in its state), see pol_keys.h. Positions of a chain and
 * bundles have the same relative order everywhere: the global order. */
#ifndef POLICY_POL_H
#define POLICY_POL_H

#include "common/base/bytes.h"

#define POL_NONE UINT32_MAX

struct pol_leg {
    uint32_t chain;
    uint32_t order;
    const uint32_t *keys; /* all it can read or write, whatever the state; NULL if nobody asks */
    uint32_t n_keys;
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
    uint32_t n_keys; /* keys are below this */
};

enum pol_granularity {
    POL_BY_ROLLUP, /* any change to a rollup may concern any leg on it */
    POL_BY_KEYS,   /* only a leg that can touch what changed: needs the legs' keys */
};

struct pol_rules {
    enum pol_granularity granularity; /* of serial */
    uint32_t max_rounds; /* of execution; what is undecided then is excluded. At least 1 */
};

/* The latest result of every chain. */
struct pol_round {
    const struct bytes *status; /* by chain: bit i is set when entry i succeeded */
    const uint32_t *executed;   /* by chain: the round that result is of */
};

enum pol_fate {
    POL_UNDECIDED = 0,
    POL_INCLUDED, /* nothing that is still to come can change it */
    POL_EXCLUDED,
};

enum pol_reason {
    POL_OWN_LEG,  /* a leg of its own failed */
    POL_REPLACED, /* it has a leg in a block that is replaced because of another bundle's leg */
    POL_OVERFLOW, /* undecided after max_rounds rounds of execution */
};

/* Why a bundle is excluded: leg `leg` of bundle `bundle` failed in round `round` of its rollup. Of
 * an overflow there is only the round. */
struct pol_cause {
    enum pol_reason reason;
    uint32_t bundle;
    uint32_t leg;
    uint32_t round;
};

struct pol_outcome {
    enum pol_fate fate;
    struct pol_cause cause; /* EXCLUDED */
};

/* Owned arrays; starts as all UNDECIDED and is updated by every decision. */
struct pol_state {
    uint32_t n_bundles;
    uint32_t n_chains;
    struct pol_outcome *outcomes; /* by bundle */
    uint32_t *changed;  /* by chain: first position that lost a leg that had succeeded, POL_NONE */
    uint32_t decisions; /* made so far */
    uint32_t undecided; /* bundles */
    bool overflowed;
    bool done;      /* all are decided, and nobody has to execute again */
    uint32_t *mark; /* by chain or key: of the latest decision that made it dirty */
    uint32_t *own;  /* the same: of the latest bundle with an unclean leg there */
    bool *unclean;  /* by leg of the bundle looked at last */
    uint32_t bundle_stamp;
};

struct pol_policy {
    const char *name;
    const char *summary;
    bool keeps_reverted; /* what fails after round 0 stays in finalized blocks, without effect */
    bool keeps_failed;   /* so does what fails in round 0: nothing is excluded */
    bool foreign_causes; /* bundles go for failures of others */
    bool is_serial;      /* promises the result of executing one bundle after the other */
    /* One decision; decides one bundle at least. Does not look at rules->max_rounds. */
    void (*decide)(const struct pol_slot *slot, const struct pol_rules *rules,
                   const struct pol_round *round, struct pol_state *state);
};

/* Returns: the policy, or NULL if there is none of that name. */
const struct pol_policy *pol_find(const char *name);
/* Appends their names: "one_shot, fixpoint, ...". */
void pol_print_names(struct buf *out);
/* Returns: the i-th one, NULL after the last; in the order in which people should read of them. */
const struct pol_policy *pol_at(size_t i);

/* Returns: 0 or ERR_NOMEM. */
int pol_state_init(struct pol_state *s, const struct pol_slot *slot) MUST_CHECK;
void pol_state_fini(struct pol_state *s);

/* Decides on the latest results. Out: state->outcomes; state->changed, what has to be executed
 * again; state->done. With nothing to execute again and not done, decide again. Every decision
 * decides at least one bundle, so there are at most n_bundles of them, and one more to see that all
 * is done. Costs time linear in the legs (with keys: in their keys); allocates nothing. */
void pol_decide(const struct pol_policy *policy, const struct pol_slot *slot,
                const struct pol_rules *rules, const struct pol_round *round,
                struct pol_state *state);

/* Returns: true if some chain has to execute again. */
bool pol_must_execute(const struct pol_state *s);

/* ---- For the policies themselves ---- */

bool pol_succeeded(const struct pol_round *round, const struct pol_leg *leg);
/* Returns: the first failed leg, or n_legs. */
uint32_t pol_first_failed(const struct pol_bundle *b, const struct pol_round *round);
void pol_exclude(const struct pol_slot *slot, const struct pol_round *round,
                 struct pol_state *state, uint32_t bundle, const struct pol_cause *cause);
/* For its own leg's failure. */
void pol_exclude_for_leg(const struct pol_slot *slot, const struct pol_round *round,
                         struct pol_state *state, uint32_t bundle, uint32_t leg);
void pol_include(struct pol_state *state, uint32_t bundle);

extern const struct pol_policy pol_one_shot, pol_fixpoint, pol_serial, pol_inclusive,
    pol_block_replace, pol_two_phase;

#endif
