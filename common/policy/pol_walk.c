/* Policies that give the result of executing one bundle after the other, each as a whole.
 *
 * Both walk the undecided bundles in global order and keep what is *dirty*: what the final
 * execution may find different from this round's. A leg that can touch nothing dirty found what it
 * will find in the end, so its result stands.
 *
 * Why that is sound. Claim: when the walk comes to a bundle, whatever is not dirty has, before that
 * bundle's first leg, the value it has there when all bundles before it are executed one by one.
 * That is so at the start. An included bundle succeeded in both executions, on equal values of all
 * it can touch, so it wrote the same. An excluded one has no effect in the one-by-one execution;
 * in this round it wrote at most what its legs touch that succeeded, and that gets dirty; legs that
 * failed wrote nothing, and those that were unclean may have. An undecided one may end either way:
 * all it touches gets dirty. A clean leg therefore sees what it would see one by one, unless an
 * earlier leg of its own bundle is in between: that one is clean and succeeded, or the bundle is
 * excluded for it, or is unclean, and then this leg is unclean as well if it can touch the same.
 * Bundles excluded in earlier rounds are not in the block any more. That the first undecided bundle
 * is always clean, for nothing is dirty before it, makes every decision decide something. With
 * POL_BY_KEYS all this rests on the keys: they must be upper bounds of what execution can read or
 * write, whatever the state. */
#include "common/policy/pol.h"

/* What a leg can touch: its keys, or its chain. */
struct touch {
    const uint32_t *items;
    uint32_t n;
};

static struct touch touch_of(const struct pol_rules *rules, const struct pol_leg *leg)
{
    return rules->granularity == POL_BY_KEYS ? (struct touch){leg->keys, leg->n_keys}
                                             : (struct touch){&leg->chain, 1};
}

static bool is_marked(const uint32_t *marks, uint32_t stamp, struct touch t)
{
    for (uint32_t i = 0; i < t.n; i++) {
        if (marks[t.items[i]] == stamp) {
            return true;
        }
    }
    return false;
}

static void mark(uint32_t *marks, uint32_t stamp, struct touch t)
{
    for (uint32_t i = 0; i < t.n; i++) {
        marks[t.items[i]] = stamp;
    }
}

struct look {
    bool all_clean;
    uint32_t failed; /* first leg that is clean and failed, or POL_NONE */
};

/* Looks at the legs of a bundle. Out: state->unclean, by leg. */
static struct look look_at(const struct pol_bundle *b, const struct pol_rules *rules,
                           const struct pol_round *round, struct pol_state *state)
{
    struct look l = {true, POL_NONE};
    uint32_t stamp = ++state->bundle_stamp;
    for (uint32_t i = 0; i < b->n_legs; i++) {
        struct touch t = touch_of(rules, &b->legs[i]);
        state->unclean[i] =
            is_marked(state->mark, state->decisions, t) || is_marked(state->own, stamp, t);
        if (state->unclean[i]) {
            l.all_clean = false;
            mark(state->own, stamp, t);
        } else if (l.failed == POL_NONE && !pol_succeeded(round, &b->legs[i])) {
            l.failed = i;
        }
    }
    return l;
}

/* What becomes dirty when the bundle just looked at is excluded. */
static void soil_after_exclusion(const struct pol_bundle *b, const struct pol_rules *rules,
                                 const struct pol_round *round, struct pol_state *state)
{
    for (uint32_t i = 0; i < b->n_legs; i++) {
        if (state->unclean[i] || pol_succeeded(round, &b->legs[i])) {
            mark(state->mark, state->decisions, touch_of(rules, &b->legs[i]));
        }
    }
}

static void soil(const struct pol_bundle *b, const struct pol_rules *rules, struct pol_state *state)
{
    for (uint32_t i = 0; i < b->n_legs; i++) {
        mark(state->mark, state->decisions, touch_of(rules, &b->legs[i]));
    }
}

static void serial_decide(const struct pol_slot *slot, const struct pol_rules *rules,
                          const struct pol_round *round, struct pol_state *state)
{
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        const struct pol_bundle *b = &slot->bundles[i];
        if (state->outcomes[i].fate != POL_UNDECIDED) {
            continue;
        }
        struct look l = look_at(b, rules, round, state);
        if (l.failed != POL_NONE) {
            soil_after_exclusion(b, rules, round, state);
            pol_exclude_for_leg(slot, round, state, i, l.failed);
        } else if (l.all_clean) {
            pol_include(state, i);
        } else {
            soil(b, rules, state);
        }
    }
}

const struct pol_policy pol_serial = {
    .name = "serial",
    .summary = "as if one machine executed all bundles, one after the other",
    .is_serial = true,
    .decide = serial_decide,
};

/* ---- two_phase: a bundle locks its rollups, its legs vote, all commit or all abort ---- */

/* Locks are taken in global order, and given back after the vote: the bundles that are the first
 * undecided ones of all their rollups vote in this round. */
static void two_phase_decide(const struct pol_slot *slot, const struct pol_rules *rules,
                             const struct pol_round *round, struct pol_state *state)
{
    const struct pol_rules by_rollup = {POL_BY_ROLLUP, rules->max_rounds};
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        const struct pol_bundle *b = &slot->bundles[i];
        if (state->outcomes[i].fate != POL_UNDECIDED) {
            continue;
        }
        struct look l = look_at(b, &by_rollup, round, state);
        soil(b, &by_rollup, state);
        if (!l.all_clean) {
            continue; /* waits for a lock */
        }
        if (l.failed != POL_NONE) {
            pol_exclude_for_leg(slot, round, state, i, l.failed);
        } else {
            pol_include(state, i);
        }
    }
}

const struct pol_policy pol_two_phase = {
    .name = "two_phase",
    .summary = "lock rollups, vote, commit or abort: one bundle per rollup and round",
    .is_serial = true,
    .decide = two_phase_decide,
};
