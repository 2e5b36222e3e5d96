#include "common/protocol/pro_policy.h"

#include "common/protocol/pro_result.h"

#include <stdlib.h>

int pol_state_init(struct pol_state *s, const struct pol_slot *slot)
{
    struct pol_outcome *outcomes = calloc((size_t)slot->n_bundles + 1, sizeof(*outcomes));
    bool *reexecute = calloc((size_t)slot->n_chains + 1, sizeof(*reexecute));
    if (outcomes == NULL || reexecute == NULL) {
        free(outcomes);
        free(reexecute);
        return ERR_NOMEM;
    }
    *s = (struct pol_state){slot->n_bundles, slot->n_chains, outcomes, reexecute, false};
    return 0;
}

void pol_state_fini(struct pol_state *s)
{
    free(s->outcomes);
    free(s->reexecute);
    *s = (struct pol_state){0};
}

static bool leg_succeeded(const struct pol_round *round, const struct pol_leg *leg)
{
    return pro_bit(round->status[leg->chain], leg->order);
}

/* Returns: the index of the first failed leg, or n_legs if all succeeded. */
static uint32_t first_failed_leg(const struct pol_bundle *b, const struct pol_round *round)
{
    uint32_t i = 0;
    while (i < b->n_legs && leg_succeeded(round, &b->legs[i])) {
        i++;
    }
    return i;
}

static void exclude(const struct pol_slot *slot, const struct pol_round *round,
                    struct pol_state *state, uint32_t bundle, uint32_t cause_leg)
{
    const struct pol_bundle *b = &slot->bundles[bundle];
    state->outcomes[bundle] = (struct pol_outcome){POL_EXCLUDED, cause_leg, round->round};
    for (uint32_t i = 0; i < b->n_legs; i++) {
        if (leg_succeeded(round, &b->legs[i])) {
            state->reexecute[b->legs[i].chain] = true;
            state->done = false;
        }
    }
}

/* The design as published: exclude every bundle with a failed leg, send one second proposal block
 * to each rollup that lost a leg which had succeeded, and leave it at that. */
static void one_shot_decide(const struct pol_slot *slot, const struct pol_round *round,
                            struct pol_state *state)
{
    state->done = true;
    memset(state->reexecute, 0, state->n_chains * sizeof(*state->reexecute));
    if (round->round != 0) {
        return;
    }
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        uint32_t failed = first_failed_leg(&slot->bundles[i], round);
        if (failed < slot->bundles[i].n_legs) {
            exclude(slot, round, state, i, failed);
        }
    }
}

static const struct pol_policy policies[] = {
    {"one_shot", "exclude broken bundles once; later failures stay in as reverted", true,
     one_shot_decide},
};

const struct pol_policy *pol_find(const char *name)
{
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (strcmp(policies[i].name, name) == 0) {
            return &policies[i];
        }
    }
    return NULL;
}
