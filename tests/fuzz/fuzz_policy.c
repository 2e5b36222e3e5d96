/* Exclusion policies on any slot and any results. The first byte chooses policy, granularity and
 * limit of rounds; then bundles until a zero byte, a byte for each leg (its chain, its key, whether
 * it is the bundle's last); what follows says which legs succeed in each round, all of them at
 * random: what executors might sign, not what a ledger might give. Decisions end, decide for good,
 * name legs that did fail, and keep to the limit. */
#include "common/base/check.h"
#include "common/policy/pol.h"

#include <stdlib.h>

#define CHAINS 4
#define KEYS 8 /* of a chain */
#define LEGS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct table {
    struct pol_slot slot;
    struct pol_bundle bundles[LEGS];
    struct pol_leg legs[LEGS];
    uint32_t keys[LEGS];
    uint32_t n_legs;
    uint32_t counts[CHAINS];
    uint8_t bits[CHAINS][LEGS / 8 + 1];
    struct bytes status[CHAINS];
    uint32_t executed[CHAINS];
};

/* Returns: how many bytes it took. */
static size_t read_slot(struct table *t, const uint8_t *data, size_t size)
{
    size_t at = 0;
    bool open = false;
    t->slot = (struct pol_slot){CHAINS, 0, t->bundles, CHAINS * KEYS};
    for (; at < size && data[at] != 0 && t->n_legs < LEGS; at++) {
        uint32_t chain = data[at] >> 1 & 3, key = data[at] >> 3 & 7, i = t->n_legs++;
        if (!open) {
            t->bundles[t->slot.n_bundles++] = (struct pol_bundle){&t->legs[i], 0};
        }
        t->keys[i] = chain * KEYS + key;
        t->legs[i] = (struct pol_leg){chain, t->counts[chain]++, &t->keys[i], 1};
        t->bundles[t->slot.n_bundles - 1].n_legs++;
        open = (data[at] & 1) != 0;
    }
    return at;
}

/* Gives the chains that execute in this round new results. */
static void draw_results(struct table *t, const struct pol_state *s, uint32_t round,
                         const uint8_t **data, size_t *size)
{
    for (uint32_t c = 0; c < CHAINS; c++) {
        if (round > 0 && s->changed[c] == POL_NONE) {
            continue;
        }
        for (size_t i = 0; i < sizeof(t->bits[c]); i++) {
            t->bits[c][i] = *size > 0 ? **data : 0xff;
            *data += *size > 0 ? 1 : 0;
            *size -= *size > 0 ? 1 : 0;
        }
        t->executed[c] = round;
        t->status[c] = bytes_of(t->bits[c], (t->counts[c] + 7) / 8);
    }
    for (uint32_t i = 0; i < t->slot.n_bundles; i++) { /* tombstones do not succeed */
        for (uint32_t k = 0; k < t->bundles[i].n_legs; k++) {
            const struct pol_leg *leg = &t->bundles[i].legs[k];
            if (s->outcomes[i].fate == POL_EXCLUDED) {
                uint8_t *byte = &t->bits[leg->chain][leg->order / 8];
                *byte = (uint8_t)(*byte & ~(1u << leg->order % 8));
            }
        }
    }
}

/* What was decided before stays; what is decided now has a reason. */
static void check_decision(const struct table *t, const struct pol_policy *policy,
                           const struct pol_round *round, const struct pol_outcome *before,
                           const struct pol_state *s)
{
    uint32_t undecided = 0;
    for (uint32_t i = 0; i < t->slot.n_bundles; i++) {
        const struct pol_outcome *o = &s->outcomes[i];
        undecided += o->fate == POL_UNDECIDED ? 1 : 0;
        if (before[i].fate != POL_UNDECIDED) {
            CHECK(memcmp(&before[i], o, sizeof(*o)) == 0);
        } else if (o->fate == POL_EXCLUDED && o->cause.reason != POL_OVERFLOW) {
            const struct pol_bundle *b = &t->bundles[o->cause.bundle];
            CHECK(o->cause.bundle == i || policy->foreign_causes);
            CHECK(o->cause.leg < b->n_legs && !pol_succeeded(round, &b->legs[o->cause.leg]));
            CHECK(o->cause.round == round->executed[b->legs[o->cause.leg].chain]);
        }
    }
    CHECK(undecided == s->undecided);
    CHECK(s->done == (undecided == 0 && !pol_must_execute(s)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct table *t = calloc(1, sizeof(*t));
    struct pol_outcome *before = calloc(LEGS, sizeof(*before));
    struct pol_state s;
    CHECK(t != NULL && before != NULL);
    const struct pol_policy *policy = pol_at(data[0] % 6);
    const struct pol_rules rules = {data[0] / 6 % 2 == 0 ? POL_BY_KEYS : POL_BY_ROLLUP,
                                    1 + (uint32_t)data[0] / 12};
    size_t took = 1 + read_slot(t, data + 1, size - 1);
    data += took;
    size -= took;
    CHECK(pol_state_init(&s, &t->slot) == 0);
    const struct pol_round round = {t->status, t->executed};
    for (uint32_t r = 0; !s.done; r++) {
        CHECK(r <= rules.max_rounds);
        draw_results(t, &s, r, &data, &size);
        do {
            memcpy(before, s.outcomes, t->slot.n_bundles * sizeof(*before));
            pol_decide(policy, &t->slot, &rules, &round, &s);
            check_decision(t, policy, &round, before, &s);
        } while (!s.done && !pol_must_execute(&s));
    }
    pol_state_fini(&s);
    free(before);
    free(t);
    return 0;
}
