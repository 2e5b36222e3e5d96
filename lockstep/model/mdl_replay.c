/* Executing everything again, and what became of each bundle. */
#include "common/base/cleanup.h"
#include "common/protocol/pro_cover.h"
#include "lockstep/model/mdl.h"

#include <stdlib.h>

/* ---- Replay ---- */

/* The slot's proposal blocks of round 0: what every bundle says. */
struct proposals {
    const struct pro_block **list;
    size_t n;
};

static int replay_entry(struct led_state *s, const struct proposals *p, const struct pro_entry *e,
                        struct led_receipt *out)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    *out = (struct led_receipt){.failed_op = LED_NO_OP, .reason = LED_REASON_BAD_SIGNATURE};
    if (e->kind != PRO_ENTRY_TX) {
        return 0;
    }
    int rc = led_tx_decode(e->tx, &tx);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0) {
        return 0; /* what does not decode cannot succeed */
    }
    uint32_t uncovered = LED_NO_OP;
    rc = pro_cover_of(p->list, p->n, e, &tx, &uncovered);
    return rc != 0 ? rc : led_execute_in(s, &tx, uncovered, out);
}

static int replay_block(struct led_state *s, const struct proposals *p, struct mdl_block *b)
{
    if (!b->has_body) {
        return 0;
    }
    b->receipts = calloc((size_t)b->block.count + 1, sizeof(*b->receipts));
    if (b->receipts == NULL) {
        return ERR_NOMEM;
    }
    int rc = 0;
    for (uint32_t i = 0; i < b->block.count && rc == 0; i++) {
        rc = replay_entry(s, p, &b->block.entries[i], &b->receipts[i]);
    }
    led_state_root(s, &b->root);
    return rc;
}

static int replay_cell(struct led_state *s, const struct proposals *p, struct mdl_cell *cell)
{
    struct led_mark start = led_state_mark(s);
    int rc = 0;
    for (size_t r = 0; r < cell->n_rounds && rc == 0; r++) {
        rc = replay_block(s, p, &cell->rounds[r].proposal);
        led_state_rollback(s, start);
    }
    if (rc == 0) {
        rc = replay_block(s, p, &cell->final);
    }
    if (rc == 0) {
        led_state_commit(s);
    }
    return rc;
}

static int replay_slot(struct mdl *m, struct mdl_slot *slot)
{
    CLEANUP(cleanup_free) const struct pro_block **list = calloc(m->n_chains + 1, sizeof(*list));
    struct proposals p = {list, 0};
    int rc = list == NULL ? ERR_NOMEM : 0;
    for (size_t k = 0; k < m->n_chains && rc == 0; k++) {
        const struct mdl_cell *cell = &slot->cells[k];
        if (cell->n_rounds > 0 && cell->rounds[0].proposal.has_body) {
            list[p.n++] = &cell->rounds[0].proposal.block;
        }
    }
    for (size_t k = 0; k < m->n_chains && rc == 0; k++) {
        rc = replay_cell(m->chains[k].state, &p, &slot->cells[k]);
    }
    return rc;
}

/* A void slot has happened nowhere: what was built on it is void as well. */
int mdl_replay(struct mdl *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->n_slots && rc == 0; i++) {
        if (!m->slots[i].is_void) {
            rc = mdl_ask_oracle(m, &m->slots[i]);
            rc = rc != 0 ? rc : replay_slot(m, &m->slots[i]);
        }
    }
    return rc;
}

/* ---- Outcomes ---- */

struct tally {
    size_t executed;
    size_t excluded;
    size_t reverted;
    size_t missing;
};

static void tally_leg(const struct mdl_bundle *b, const struct mdl_cell *cell, uint32_t order,
                      struct tally *t)
{
    const struct mdl_block *f = &cell->final;
    if (cell->l1.finalized == 0 || !f->has_body || order >= f->block.count ||
        !hash32_equal(&f->block.entries[order].bundle_id, &b->id)) {
        t->missing++;
    } else if (f->block.entries[order].kind == PRO_ENTRY_EXCLUDED) {
        t->excluded++;
    } else if (mdl_succeeded(f, order)) {
        t->executed++;
    } else {
        t->reverted++;
    }
}

static enum scn_outcome outcome_of(const struct tally *t)
{
    if (t->missing > 0) {
        return SCN_PENDING;
    }
    if (t->executed > 0) {
        return t->excluded + t->reverted > 0 ? SCN_MIXED : SCN_EXECUTED;
    }
    return t->reverted > 0 ? SCN_REVERTED : SCN_EXCLUDED;
}

/* The cause that the first tombstone names. */
static void find_cause(const struct mdl *m, const struct mdl_slot *slot, struct mdl_bundle *b)
{
    for (size_t i = 0; i < b->n_legs && !b->has_cause; i++) {
        const struct mdl_block *f = &slot->cells[b->legs[i].chain].final;
        uint32_t order = b->legs[i].order;
        if (f->has_body && order < f->block.count &&
            f->block.entries[order].kind == PRO_ENTRY_EXCLUDED) {
            int chain = mdl_chain_index(m, f->block.entries[order].cause.rollup);
            b->out_of_rounds |= f->block.entries[order].cause.order == PRO_CAUSE_OVERFLOW;
            b->has_cause = chain >= 0;
            b->cause_chain = chain >= 0 ? (uint32_t)chain : 0;
            b->cause = f->block.entries[order].cause;
        }
    }
}

static void judge_bundle(const struct mdl *m, struct mdl_bundle *b)
{
    struct tally t = {0};
    const struct mdl_slot *slot = b->promised ? mdl_find_slot(m, b->preconf.slot) : NULL;
    if (slot == NULL) {
        b->outcome = b->refused ? SCN_REFUSED : SCN_PENDING;
        return;
    }
    if (slot->is_void) {
        b->outcome = SCN_VOIDED;
        return;
    }
    for (size_t i = 0; i < b->n_legs; i++) {
        tally_leg(b, &slot->cells[b->legs[i].chain], b->legs[i].order, &t);
    }
    b->outcome = outcome_of(&t);
    if (t.excluded > 0) {
        find_cause(m, slot, b);
    }
}

void mdl_judge(struct mdl *m)
{
    for (size_t i = 0; i < m->n_bundles; i++) {
        judge_bundle(m, &m->bundles[i]);
    }
}
