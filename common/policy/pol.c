#include "common/policy/pol.h"

#include "common/base/check.h"

#include <stdlib.h>

/* ---- State ---- */

static uint32_t widest(const struct pol_slot *slot)
{
    return slot->n_keys > slot->n_chains ? slot->n_keys : slot->n_chains;
}

static uint32_t longest(const struct pol_slot *slot)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        n = slot->bundles[i].n_legs > n ? slot->bundles[i].n_legs : n;
    }
    return n;
}

int pol_state_init(struct pol_state *s, const struct pol_slot *slot)
{
    struct pol_state new = {
        .n_bundles = slot->n_bundles,
        .n_chains = slot->n_chains,
        .undecided = slot->n_bundles,
        .outcomes = calloc((size_t)slot->n_bundles + 1, sizeof(*new.outcomes)),
        .changed = calloc((size_t)slot->n_chains + 1, sizeof(*new.changed)),
        .mark = calloc((size_t)widest(slot) + 1, sizeof(*new.mark)),
        .own = calloc((size_t)widest(slot) + 1, sizeof(*new.own)),
        .unclean = calloc((size_t)longest(slot) + 1, sizeof(*new.unclean)),
    };
    if (new.outcomes == NULL || new.changed == NULL || new.mark == NULL || new.own == NULL ||
        new.unclean == NULL) {
        pol_state_fini(&new);
        return ERR_NOMEM;
    }
    *s = new;
    return 0;
}

void pol_state_fini(struct pol_state *s)
{
    free(s->outcomes);
    free(s->changed);
    free(s->mark);
    free(s->own);
    free(s->unclean);
    *s = (struct pol_state){0};
}

bool pol_must_execute(const struct pol_state *s)
{
    for (uint32_t i = 0; i < s->n_chains; i++) {
        if (s->changed[i] != POL_NONE) {
            return true;
        }
    }
    return false;
}

/* ---- What decisions are made of ---- */

bool pol_succeeded(const struct pol_round *round, const struct pol_leg *leg)
{
    struct bytes bits = round->status[leg->chain];
    return leg->order / 8 < bits.len && (bits.data[leg->order / 8] >> (leg->order % 8) & 1) != 0;
}

uint32_t pol_first_failed(const struct pol_bundle *b, const struct pol_round *round)
{
    uint32_t i = 0;
    while (i < b->n_legs && pol_succeeded(round, &b->legs[i])) {
        i++;
    }
    return i;
}

void pol_exclude(const struct pol_slot *slot, const struct pol_round *round,
                 struct pol_state *state, uint32_t bundle, const struct pol_cause *cause)
{
    const struct pol_bundle *b = &slot->bundles[bundle];
    CHECK(state->outcomes[bundle].fate == POL_UNDECIDED);
    state->outcomes[bundle] = (struct pol_outcome){POL_EXCLUDED, *cause};
    state->undecided--;
    for (uint32_t i = 0; i < b->n_legs; i++) {
        uint32_t *first = &state->changed[b->legs[i].chain];
        if (pol_succeeded(round, &b->legs[i]) && b->legs[i].order < *first) {
            *first = b->legs[i].order;
        }
    }
}

void pol_exclude_for_leg(const struct pol_slot *slot, const struct pol_round *round,
                         struct pol_state *state, uint32_t bundle, uint32_t leg)
{
    uint32_t chain = slot->bundles[bundle].legs[leg].chain;
    pol_exclude(slot, round, state, bundle,
                &(struct pol_cause){POL_OWN_LEG, bundle, leg, round->executed[chain]});
}

void pol_include(struct pol_state *state, uint32_t bundle)
{
    CHECK(state->outcomes[bundle].fate == POL_UNDECIDED);
    state->outcomes[bundle].fate = POL_INCLUDED;
    state->undecided--;
}

/* ---- Deciding ---- */

static uint32_t latest_round(const struct pol_round *round, uint32_t n_chains)
{
    uint32_t latest = 0;
    for (uint32_t i = 0; i < n_chains; i++) {
        latest = round->executed[i] > latest ? round->executed[i] : latest;
    }
    return latest;
}

static void give_up(const struct pol_slot *slot, const struct pol_round *round,
                    struct pol_state *state)
{
    const struct pol_cause cause = {POL_OVERFLOW, POL_NONE, POL_NONE,
                                    latest_round(round, slot->n_chains)};
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        if (state->outcomes[i].fate == POL_UNDECIDED) {
            pol_exclude(slot, round, state, i, &cause);
        }
    }
    state->overflowed = true;
}

void pol_decide(const struct pol_policy *policy, const struct pol_slot *slot,
                const struct pol_rules *rules, const struct pol_round *round,
                struct pol_state *state)
{
    uint32_t before = state->undecided;
    CHECK(rules->max_rounds > 0 && !state->done);
    for (uint32_t i = 0; i < slot->n_chains; i++) {
        state->changed[i] = POL_NONE;
    }
    if (state->undecided > 0) {
        state->decisions++;
        policy->decide(slot, rules, round, state);
        CHECK(state->undecided < before);
        if (state->undecided > 0 && pol_must_execute(state) &&
            latest_round(round, slot->n_chains) + 1 >= rules->max_rounds) {
            give_up(slot, round, state);
        }
    }
    state->done = state->undecided == 0 && !pol_must_execute(state);
}

/* ---- Which there are ---- */

static const struct pol_policy *const policies[] = {
    &pol_one_shot, &pol_fixpoint, &pol_serial, &pol_inclusive, &pol_block_replace, &pol_two_phase,
};

const struct pol_policy *pol_at(size_t i)
{
    return i < sizeof(policies) / sizeof(policies[0]) ? policies[i] : NULL;
}

const struct pol_policy *pol_find(const char *name)
{
    size_t i = 0;
    while (pol_at(i) != NULL && strcmp(pol_at(i)->name, name) != 0) {
        i++;
    }
    return pol_at(i);
}

void pol_print_names(struct buf *out)
{
    for (size_t i = 0; pol_at(i) != NULL; i++) {
        buf_printf(out, "%s%s", i > 0 ? ", " : "", pol_at(i)->name);
    }
}
