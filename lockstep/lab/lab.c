#include "lockstep/lab/lab.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_access.h"
#include "common/policy/pol_keys.h"

#include <stdlib.h>

/* A promised position of a chain. */
struct position {
    uint32_t bundle;
    uint32_t leg;
    uint32_t uncovered;
    struct led_mark before; /* the state in front of it, in the latest round */
};

struct chain {
    struct led_state *state;
    struct position *positions;
    uint32_t n, cap;
    uint8_t *bits; /* of the latest round; owned by the history */
    uint32_t round;
};

struct lab {
    const struct lab_input *in;
    struct lab_result *out;
    struct chain *chains;
    struct pol_leg *legs;
    struct pol_bundle *bundles;
    uint32_t *keys;
    struct pol_slot slot;
    struct pol_state state;
};

static void lab_fini(struct lab *l)
{
    for (uint32_t i = 0; l->chains != NULL && i < l->in->n_chains; i++) {
        free(l->chains[i].positions);
    }
    free(l->chains);
    free(l->legs);
    free(l->bundles);
    free(l->keys);
    pol_state_fini(&l->state);
}

void lab_result_fini(struct lab_result *r)
{
    for (size_t i = 0; i < r->n_history; i++) {
        free(r->history[i].bits);
    }
    free(r->history);
    free(r->outcomes);
    free(r->first_leg);
    free(r->legs);
    *r = (struct lab_result){0};
}

/* ---- Positions ---- */

static int take_position(struct lab *l, uint32_t bundle, uint32_t leg)
{
    const struct orc_bundle *b = &l->in->bundles[bundle];
    struct chain *c = &l->chains[b->legs[leg].chain];
    struct position p = {.bundle = bundle, .leg = leg};
    size_t cap = c->cap;
    int rc = VEC_RESERVE(c->positions, cap, (size_t)c->n + 1);
    c->cap = (uint32_t)cap;
    rc = rc == 0 && b->legs[leg].tx != NULL ? orc_cover(b, leg, &p.uncovered) : rc;
    if (rc != 0) {
        return rc;
    }
    uint32_t at = l->out->first_leg[bundle] + leg;
    l->out->legs[at].order = c->n;
    l->legs[at] = (struct pol_leg){.chain = b->legs[leg].chain, .order = c->n};
    c->positions[c->n++] = p;
    return 0;
}

/* Every bundle's legs take the next free positions, in global order. */
static int take_positions(struct lab *l)
{
    const struct lab_input *in = l->in;
    uint32_t n_legs = 0;
    l->out->first_leg = calloc((size_t)in->n_bundles + 1, sizeof(*l->out->first_leg));
    l->bundles = calloc((size_t)in->n_bundles + 1, sizeof(*l->bundles));
    l->chains = calloc((size_t)in->n_chains + 1, sizeof(*l->chains));
    if (l->out->first_leg == NULL || l->bundles == NULL || l->chains == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < in->n_bundles; i++) {
        l->out->first_leg[i] = n_legs;
        n_legs += in->bundles[i].n_legs;
    }
    l->out->first_leg[in->n_bundles] = n_legs;
    l->out->legs = calloc((size_t)n_legs + 1, sizeof(*l->out->legs));
    l->legs = calloc((size_t)n_legs + 1, sizeof(*l->legs));
    if (l->out->legs == NULL || l->legs == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < in->n_chains; i++) {
        l->chains[i].state = in->states[i];
    }
    for (uint32_t i = 0; i < in->n_bundles; i++) {
        l->bundles[i] = (struct pol_bundle){&l->legs[l->out->first_leg[i]], in->bundles[i].n_legs};
        for (uint32_t k = 0; k < in->bundles[i].n_legs; k++) {
            int rc = take_position(l, i, k);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

struct key_list {
    struct pol_key *items;
    size_t n, cap;
};

static int add_keys(struct key_list *list, uint32_t chain, const struct led_tx *tx)
{
    CLEANUP(led_access_fini) struct led_access access = {0};
    int rc = led_access_of(tx, &access);
    rc = rc != 0 ? rc : VEC_RESERVE(list->items, list->cap, list->n + access.n);
    for (size_t i = 0; rc == 0 && i < access.n; i++) {
        list->items[list->n++] = (struct pol_key){chain, access.paths[i]};
    }
    return rc;
}

/* Numbers what the legs can touch. */
static int find_keys(struct lab *l)
{
    const struct lab_input *in = l->in;
    struct key_list list = {0};
    int rc = 0;
    for (uint32_t i = 0; i < in->n_bundles; i++) {
        for (uint32_t k = 0; k < in->bundles[i].n_legs && rc == 0; k++) {
            const struct orc_leg *leg = &in->bundles[i].legs[k];
            struct pol_leg *to = &l->legs[l->out->first_leg[i] + k];
            size_t before = list.n;
            rc = leg->tx != NULL ? add_keys(&list, leg->chain, leg->tx) : 0;
            to->n_keys = (uint32_t)(list.n - before);
        }
    }
    l->keys = calloc(list.n + 1, sizeof(*l->keys));
    rc = rc == 0 && l->keys == NULL ? ERR_NOMEM : rc;
    rc = rc == 0 ? pol_keys_number(list.items, list.n, l->keys, &l->slot.n_keys) : rc;
    const uint32_t *next = l->keys;
    for (uint32_t i = 0; rc == 0 && i < l->out->first_leg[in->n_bundles]; i++) {
        l->legs[i].keys = next;
        next += l->legs[i].n_keys;
    }
    free(list.items);
    return rc;
}

/* ---- Rounds ---- */

static bool is_out(const struct lab *l, const struct position *p)
{
    CHECK(l->state.outcomes != NULL);
    return l->state.outcomes[p->bundle].fate == POL_EXCLUDED;
}

static int execute_position(struct lab *l, struct chain *c, uint32_t order)
{
    struct position *p = &c->positions[order];
    const struct led_tx *tx = l->in->bundles[p->bundle].legs[p->leg].tx;
    struct led_receipt receipt = {0};
    p->before = led_state_mark(c->state);
    if (tx == NULL || is_out(l, p)) {
        return 0;
    }
    l->out->executed++;
    int rc = led_execute_verified_in(c->state, tx, p->uncovered, &receipt);
    if (rc == 0 && receipt.ok) {
        c->bits[order / 8] = (uint8_t)(c->bits[order / 8] | 1u << (order % 8));
    }
    return rc;
}

/* Executes a chain from position `from` on; what is in front of it stays as it was. */
static int execute_chain(struct lab *l, uint32_t chain, uint32_t from, uint32_t round)
{
    struct chain *c = &l->chains[chain];
    int rc = VEC_RESERVE(l->out->history, l->out->cap_history, l->out->n_history + 1);
    uint8_t *bits = calloc((size_t)c->n / 8 + 1, 1);
    if (rc != 0 || bits == NULL) {
        free(bits);
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < from; i++) {
        bits[i / 8] = (uint8_t)(bits[i / 8] | (c->bits[i / 8] & 1u << (i % 8)));
    }
    l->out->history[l->out->n_history++] = (struct lab_status){chain, round, bits};
    c->bits = bits;
    c->round = round;
    l->out->blocks++;
    if (round > 0) {
        led_state_rollback(c->state, c->positions[from].before);
    }
    for (uint32_t i = from; i < c->n && rc == 0; i++) {
        rc = execute_position(l, c, i);
    }
    return rc;
}

static int decide(struct lab *l)
{
    CLEANUP(cleanup_free)
    struct bytes *status = calloc((size_t)l->in->n_chains + 1, sizeof(*status));
    CLEANUP(cleanup_free)
    uint32_t *executed = calloc((size_t)l->in->n_chains + 1, sizeof(*executed));
    if (status == NULL || executed == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < l->in->n_chains; i++) {
        status[i] = bytes_of(l->chains[i].bits, (size_t)l->chains[i].n / 8 + 1);
        executed[i] = l->chains[i].round;
    }
    do {
        pol_decide(l->in->policy, &l->slot, &l->in->rules, &(struct pol_round){status, executed},
                   &l->state);
    } while (!l->state.done && !pol_must_execute(&l->state));
    return 0;
}

static int go_through_rounds(struct lab *l)
{
    int rc = 0;
    for (uint32_t i = 0; i < l->in->n_chains && rc == 0; i++) {
        rc = execute_chain(l, i, 0, 0);
    }
    for (l->out->rounds = 1; rc == 0; l->out->rounds++) {
        rc = decide(l);
        if (rc != 0 || l->state.done) {
            break;
        }
        for (uint32_t i = 0; i < l->in->n_chains && rc == 0; i++) {
            if (l->state.changed[i] != POL_NONE) {
                rc = execute_chain(l, i, l->state.changed[i], l->out->rounds);
            }
        }
    }
    return rc;
}

static void conclude(struct lab *l)
{
    for (uint32_t i = 0; i < l->in->n_chains; i++) {
        const struct chain *c = &l->chains[i];
        for (uint32_t k = 0; k < c->n; k++) {
            const struct position *p = &c->positions[k];
            l->out->legs[l->out->first_leg[p->bundle] + p->leg].executed =
                (c->bits[k / 8] >> (k % 8) & 1) != 0 && !is_out(l, p);
        }
    }
    l->out->decisions = l->state.decisions;
    l->out->overflowed = l->state.overflowed;
    l->out->outcomes = l->state.outcomes;
    l->state.outcomes = NULL;
}

int lab_run(const struct lab_input *in, struct lab_result *out)
{
    struct lab l = {.in = in, .out = out};
    *out = (struct lab_result){0};
    int rc = take_positions(&l);
    l.slot = (struct pol_slot){in->n_chains, in->n_bundles, l.bundles, 0};
    rc = rc == 0 && in->rules.granularity == POL_BY_KEYS ? find_keys(&l) : rc;
    rc = rc != 0 ? rc : pol_state_init(&l.state, &l.slot);
    rc = rc != 0 ? rc : go_through_rounds(&l);
    if (rc == 0) {
        conclude(&l);
    } else {
        lab_result_fini(out);
    }
    lab_fini(&l);
    return rc;
}

/* ---- Asking ---- */

bool lab_is_mixed(const struct lab_input *in, const struct lab_result *r, uint32_t bundle)
{
    const struct lab_leg *legs = &r->legs[r->first_leg[bundle]];
    uint32_t executed = 0;
    for (uint32_t i = 0; i < in->bundles[bundle].n_legs; i++) {
        executed += legs[i].executed ? 1 : 0;
    }
    return executed > 0 && executed < in->bundles[bundle].n_legs;
}

bool lab_failed_in(const struct lab_result *r, uint32_t chain, uint32_t order, uint32_t round)
{
    for (size_t i = 0; i < r->n_history; i++) {
        const struct lab_status *s = &r->history[i];
        if (s->chain == chain && s->round == round) {
            return (s->bits[order / 8] >> (order % 8) & 1) == 0;
        }
    }
    return false;
}
