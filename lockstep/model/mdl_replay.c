/* Executing everything again, and what became of each bundle. */
#include "common/base/cleanup.h"
#include "common/ledger/led_access.h"
#include "common/protocol/pro_cover.h"
#include "lockstep/model/mdl.h"

#include <stdlib.h>

/* ---- Replay ---- */

/* What an executor binds about every entry. */
struct bound {
    struct hash32 *receipts;
    struct hash32 *steps;
    struct hash32 *accesses;
};

static void bound_fini(struct bound *b)
{
    free(b->receipts);
    free(b->steps);
    free(b->accesses);
}

static int replay_entry(struct led_state *s, const struct mdl_slot *slot, const struct pro_entry *e,
                        struct led_receipt *out, struct hash32 *receipt, struct hash32 *access_hash)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    CLEANUP(led_access_fini) struct led_access access = {0};
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
    rc = pro_cover_of(slot->proposals, slot->n_proposals, e, &tx, &uncovered);
    rc = rc != 0 ? rc : led_execute_in(s, &tx, uncovered, out);
    rc = rc != 0 ? rc : led_access_of(&tx, &access);
    if (rc == 0) {
        led_receipt_hash(out, receipt);
        led_access_hash(&access, access_hash);
    }
    return rc;
}

static int replay_block(struct led_state *s, const struct mdl_slot *slot, struct mdl_block *b)
{
    CLEANUP(bound_fini) struct bound bound = {0};
    size_t n = (size_t)b->block.count + 1;
    if (!b->has_body) {
        return 0;
    }
    b->receipts = calloc(n, sizeof(*b->receipts));
    bound.receipts = calloc(n, sizeof(*bound.receipts));
    bound.steps = calloc(n, sizeof(*bound.steps));
    bound.accesses = calloc(n, sizeof(*bound.accesses));
    if (b->receipts == NULL || bound.receipts == NULL || bound.steps == NULL ||
        bound.accesses == NULL) {
        return ERR_NOMEM;
    }
    int rc = 0;
    led_state_root(s, &b->expected.pre_root);
    for (uint32_t i = 0; i < b->block.count && rc == 0; i++) {
        rc = replay_entry(s, slot, &b->block.entries[i], &b->receipts[i], &bound.receipts[i],
                          &bound.accesses[i]);
        led_state_root(s, &bound.steps[i]);
    }
    led_state_root(s, &b->root);
    b->expected.post_root = b->root;
    pro_merkle_root(bound.receipts, b->block.count, &b->expected.receipts_root);
    pro_merkle_root(bound.steps, b->block.count, &b->expected.step_roots_root);
    pro_merkle_root(bound.accesses, b->block.count, &b->expected.access_root);
    return rc;
}

static int replay_cell(struct led_state *s, const struct mdl_slot *slot, struct mdl_cell *cell)
{
    struct led_mark start = led_state_mark(s);
    int rc = 0;
    for (size_t r = 0; r < cell->n_rounds && rc == 0; r++) {
        rc = replay_block(s, slot, &cell->rounds[r].proposal);
        led_state_rollback(s, start);
    }
    if (rc == 0) {
        rc = replay_block(s, slot, &cell->final);
    }
    if (rc == 0) {
        led_state_commit(s);
    }
    return rc;
}

static int replay_slot(struct mdl *m, struct mdl_slot *slot)
{
    slot->proposals = calloc(m->n_chains + 1, sizeof(struct pro_block *));
    int rc = slot->proposals == NULL ? ERR_NOMEM : 0;
    for (size_t k = 0; k < m->n_chains && rc == 0; k++) {
        const struct mdl_cell *cell = &slot->cells[k];
        if (cell->n_rounds > 0 && cell->rounds[0].proposal.has_body) {
            slot->proposals[slot->n_proposals++] = &cell->rounds[0].proposal.block;
        }
    }
    for (size_t k = 0; k < m->n_chains && rc == 0; k++) {
        rc = replay_cell(m->chains[k].state, slot, &slot->cells[k]);
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
