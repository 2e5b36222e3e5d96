/* What executing the bundles of a slot one by one would have come to (lockstep/oracle), from the
 * state that the slot found. */
#include "common/base/cleanup.h"
#include "lockstep/model/mdl.h"

#include <stdlib.h>

/* The slot's bundles by seq, from its proposal blocks of round 0. */
struct script {
    size_t n;
    struct orc_bundle *bundles;
    struct orc_leg *legs; /* PRO_MAX_LEGS to a bundle at most; those of a bundle stand together */
    struct led_tx *txs;   /* parallel */
    bool *known;          /* parallel */
    size_t n_legs;
};

static void script_fini(struct script *s)
{
    for (size_t i = 0; s->txs != NULL && i < s->n_legs; i++) {
        led_tx_fini(&s->txs[i]);
    }
    free(s->bundles);
    free(s->legs);
    free(s->txs);
    free(s->known);
}

static const struct pro_block *proposal_of(const struct mdl_slot *slot, size_t chain)
{
    const struct mdl_cell *c = &slot->cells[chain];
    return c->n_rounds > 0 && c->rounds[0].proposal.has_body ? &c->rounds[0].proposal.block : NULL;
}

/* How many legs the bundle of each seq says it has. Returns: 0 or ERR_NOMEM. */
static int measure(const struct mdl *m, const struct mdl_slot *slot, struct script *s)
{
    for (size_t k = 0; k < m->n_chains; k++) {
        const struct pro_block *b = proposal_of(slot, k);
        for (uint32_t i = 0; b != NULL && i < b->count; i++) {
            s->n = b->entries[i].seq >= s->n ? (size_t)b->entries[i].seq + 1 : s->n;
        }
    }
    s->bundles = calloc(s->n + 1, sizeof(*s->bundles));
    if (s->bundles == NULL) {
        return ERR_NOMEM;
    }
    for (size_t k = 0; k < m->n_chains; k++) {
        const struct pro_block *b = proposal_of(slot, k);
        for (uint32_t i = 0; b != NULL && i < b->count; i++) {
            s->bundles[b->entries[i].seq].n_legs = b->entries[i].n_legs;
        }
    }
    for (size_t i = 0; i < s->n; i++) {
        s->n_legs += s->bundles[i].n_legs;
    }
    return 0;
}

static int take_entry(struct script *s, uint32_t chain, const struct pro_entry *e)
{
    size_t at = (size_t)(s->bundles[e->seq].legs - s->legs) + e->leg;
    if (e->leg >= s->bundles[e->seq].n_legs || s->known[at]) {
        return 0;
    }
    s->known[at] = true;
    s->legs[at].chain = chain;
    int rc = e->kind == PRO_ENTRY_TX ? led_tx_decode(e->tx, &s->txs[at]) : ERR_INVALID;
    if (rc == ERR_NOMEM) {
        return rc;
    }
    s->legs[at].tx = rc == 0 ? &s->txs[at] : NULL;
    return 0;
}

static int fill(const struct mdl *m, const struct mdl_slot *slot, struct script *s)
{
    s->legs = calloc(s->n_legs + 1, sizeof(*s->legs));
    s->txs = calloc(s->n_legs + 1, sizeof(*s->txs));
    s->known = calloc(s->n_legs + 1, sizeof(*s->known));
    if (s->legs == NULL || s->txs == NULL || s->known == NULL) {
        return ERR_NOMEM;
    }
    struct orc_leg *next = s->legs;
    for (size_t i = 0; i < s->n; i++) {
        s->bundles[i].legs = next;
        next += s->bundles[i].n_legs;
    }
    int rc = 0;
    for (size_t k = 0; k < m->n_chains; k++) {
        const struct pro_block *b = proposal_of(slot, k);
        for (uint32_t i = 0; b != NULL && i < b->count && rc == 0; i++) {
            rc = take_entry(s, (uint32_t)k, &b->entries[i]);
        }
    }
    return rc;
}

static bool all_known(const struct script *s)
{
    for (size_t i = 0; i < s->n_legs; i++) {
        if (!s->known[i]) {
            return false;
        }
    }
    return s->n > 0;
}

static int execute(struct mdl *m, const struct script *s, struct mdl_serial *out)
{
    CLEANUP(cleanup_free) struct led_state **states = calloc(m->n_chains + 1, sizeof(*states));
    CLEANUP(cleanup_free) struct led_mark *marks = calloc(m->n_chains + 1, sizeof(*marks));
    out->verdicts = calloc(s->n + 1, sizeof(*out->verdicts));
    out->roots = calloc(m->n_chains + 1, sizeof(*out->roots));
    if (states == NULL || marks == NULL || out->verdicts == NULL || out->roots == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_chains; i++) {
        states[i] = m->chains[i].state;
        marks[i] = led_state_mark(states[i]);
    }
    int rc = orc_execute(states, s->bundles, s->n, false, out->verdicts);
    for (size_t i = 0; i < m->n_chains; i++) {
        led_state_root(states[i], &out->roots[i]);
        led_state_rollback(states[i], marks[i]);
    }
    out->n = s->n;
    out->known = rc == 0;
    return rc;
}

int mdl_ask_oracle(struct mdl *m, struct mdl_slot *slot)
{
    CLEANUP(script_fini) struct script s = {0};
    int rc = measure(m, slot, &s);
    rc = rc != 0 ? rc : fill(m, slot, &s);
    return rc != 0 || !all_known(&s) ? rc : execute(m, &s, &slot->serial);
}

bool mdl_is_collateral(const struct mdl *m, const struct mdl_bundle *b)
{
    const struct mdl_slot *slot = b->promised ? mdl_find_slot(m, b->preconf.slot) : NULL;
    return slot != NULL && slot->serial.known && b->outcome == SCN_EXCLUDED &&
           b->preconf.seq < slot->serial.n && slot->serial.verdicts[b->preconf.seq].included;
}
