/* Policies that look at all bundles alike: who has a failed leg is out. */
#include "common/policy/pol.h"

#include "common/base/check.h"

static void include_the_rest(const struct pol_slot *slot, struct pol_state *state)
{
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        if (state->outcomes[i].fate == POL_UNDECIDED) {
            pol_include(state, i);
        }
    }
}

/* Returns: true if any bundle went. */
static bool exclude_broken(const struct pol_slot *slot, const struct pol_round *round,
                           struct pol_state *state)
{
    uint32_t before = state->undecided;
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        const struct pol_bundle *b = &slot->bundles[i];
        uint32_t failed = pol_first_failed(b, round);
        if (state->outcomes[i].fate == POL_UNDECIDED && failed < b->n_legs) {
            pol_exclude_for_leg(slot, round, state, i, failed);
        }
    }
    return state->undecided < before;
}

/* ---- one_shot: the design as published ---- */

static void one_shot_decide(const struct pol_slot *slot, const struct pol_rules *rules,
                            const struct pol_round *round, struct pol_state *state)
{
    (void)rules;
    (void)exclude_broken(slot, round, state);
    include_the_rest(slot, state); /* come what may */
}

const struct pol_policy pol_one_shot = {
    .name = "one_shot",
    .summary = "exclude broken bundles once; later failures stay in as reverted",
    .keeps_reverted = true,
    .decide = one_shot_decide,
};

/* ---- fixpoint ---- */

/* What failed only because of effects that are removed later is out all the same. Nothing is in for
 * good before nothing new has failed. */
static void fixpoint_decide(const struct pol_slot *slot, const struct pol_rules *rules,
                            const struct pol_round *round, struct pol_state *state)
{
    (void)rules;
    if (!exclude_broken(slot, round, state) || !pol_must_execute(state)) {
        include_the_rest(slot, state);
    }
}

const struct pol_policy pol_fixpoint = {
    .name = "fixpoint",
    .summary = "exclude broken bundles again and again until none is left",
    .decide = fixpoint_decide,
};

/* ---- inclusive: shared sequencers today ---- */

static void inclusive_decide(const struct pol_slot *slot, const struct pol_rules *rules,
                             const struct pol_round *round, struct pol_state *state)
{
    (void)rules;
    (void)round;
    include_the_rest(slot, state);
}

const struct pol_policy pol_inclusive = {
    .name = "inclusive",
    .summary = "exclude nothing: failed legs stay in as reverted",
    .keeps_reverted = true,
    .keeps_failed = true,
    .decide = inclusive_decide,
};

/* ---- block_replace: a block with a leg of a broken bundle is replaced by an empty one ---- */

/* Bundles tie the chains they touch together: all blocks of such a group stay, or all go. A group
 * is a tree in state->own (by chain: its parent), of the chain with the lowest index. */
static uint32_t root_of(uint32_t *parent, uint32_t chain)
{
    while (parent[chain] != chain) {
        parent[chain] = parent[parent[chain]];
        chain = parent[chain];
    }
    return chain;
}

static void tie(uint32_t *parent, uint32_t a, uint32_t b)
{
    uint32_t x = root_of(parent, a);
    uint32_t y = root_of(parent, b);
    parent[x > y ? x : y] = x > y ? y : x;
}

/* The first bundle with a failed leg of every group, in state->mark by its root; or POL_NONE. */
static void find_broken_groups(const struct pol_slot *slot, const struct pol_round *round,
                               struct pol_state *state)
{
    for (uint32_t i = 0; i < slot->n_chains; i++) {
        state->own[i] = i;
        state->mark[i] = POL_NONE;
    }
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        const struct pol_bundle *b = &slot->bundles[i];
        for (uint32_t k = 1; k < b->n_legs; k++) {
            tie(state->own, b->legs[0].chain, b->legs[k].chain);
        }
    }
    for (uint32_t i = slot->n_bundles; i-- > 0;) {
        const struct pol_bundle *b = &slot->bundles[i];
        if (pol_first_failed(b, round) < b->n_legs) {
            state->mark[root_of(state->own, b->legs[0].chain)] = i;
        }
    }
}

static void block_replace_decide(const struct pol_slot *slot, const struct pol_rules *rules,
                                 const struct pol_round *round, struct pol_state *state)
{
    (void)rules;
    find_broken_groups(slot, round, state);
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        const struct pol_bundle *b = &slot->bundles[i];
        uint32_t failed = pol_first_failed(b, round);
        uint32_t first =
            b->n_legs > 0 ? state->mark[root_of(state->own, b->legs[0].chain)] : POL_NONE;
        if (failed < b->n_legs) {
            pol_exclude_for_leg(slot, round, state, i, failed);
        } else if (first != POL_NONE) {
            uint32_t leg = pol_first_failed(&slot->bundles[first], round);
            uint32_t chain = slot->bundles[first].legs[leg].chain;
            pol_exclude(slot, round, state, i,
                        &(struct pol_cause){POL_REPLACED, first, leg, round->executed[chain]});
        } else {
            pol_include(state, i);
        }
    }
}

const struct pol_policy pol_block_replace = {
    .name = "block_replace",
    .summary = "replace every block that has a leg of a broken bundle by an empty one",
    .foreign_causes = true,
    .decide = block_replace_decide,
};
