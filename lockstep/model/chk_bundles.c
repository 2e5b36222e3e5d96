/* Checks that look at bundles: atomicity, inclusion, liveness. */
#include "lockstep/model/chk.h"

/* ---- Atomicity ---- */

void chk_atomicity(const struct mdl *m, struct chk_result *r)
{
    r->unit = "decided bundle";
    r->units = "decided bundles";
    for (size_t i = 0; i < m->n_bundles; i++) {
        const struct mdl_bundle *b = &m->bundles[i];
        if (!b->promised || b->outcome == SCN_PENDING) {
            continue;
        }
        r->examined++;
        if (b->outcome == SCN_MIXED) {
            chk_fault(r, "bundle %s was executed on one rollup and not on another",
                      b->submit->bundle.text);
        }
    }
}

/* ---- Inclusion ---- */

static void check_leg(const struct mdl *m, const struct mdl_bundle *b, size_t leg,
                      struct chk_result *r)
{
    const struct mdl_slot *slot = mdl_find_slot(m, b->preconf.slot);
    const struct mdl_cell *cell = slot != NULL ? &slot->cells[b->legs[leg].chain] : NULL;
    const struct pro_preconf_tx *promise = &b->preconf.txs[leg];
    const char *chain = m->chains[b->legs[leg].chain].rollup->name.text;
    r->examined++;
    if (promise->rollup != m->chains[b->legs[leg].chain].rollup->chain_id) {
        chk_fault(r, "leg %zu of bundle %s was promised on another rollup than %s", leg,
                  b->submit->bundle.text, chain);
        return;
    }
    const struct mdl_block *block =
        cell != NULL && cell->n_rounds > 0 ? &cell->rounds[0].proposal : NULL;
    if (block == NULL || !block->has_body || promise->order >= block->block.count) {
        chk_fault(r, "leg %zu of bundle %s was promised %s.%u in slot %llu, which does not exist",
                  leg, b->submit->bundle.text, chain, promise->order,
                  (unsigned long long)b->preconf.slot);
        return;
    }
    const struct pro_entry *e = &block->block.entries[promise->order];
    if (!hash32_equal(&e->enc_tx_hash, &promise->enc_tx_hash) ||
        !hash32_equal(&e->bundle_id, &b->id) || e->leg != leg || e->n_legs != b->n_legs ||
        e->kind == PRO_ENTRY_EXCLUDED) {
        chk_fault(r, "%s.%u in slot %llu is not leg %zu of bundle %s, as was promised", chain,
                  promise->order, (unsigned long long)b->preconf.slot, leg, b->submit->bundle.text);
    }
}

/* A plaintext in the block is the one that the user sealed. */
static void check_plaintext(const struct mdl *m, const struct mdl_bundle *b, size_t leg,
                            struct chk_result *r)
{
    const struct mdl_slot *slot = mdl_find_slot(m, b->preconf.slot);
    const struct mdl_cell *cell = slot != NULL ? &slot->cells[b->legs[leg].chain] : NULL;
    const struct mdl_block *block =
        cell != NULL && cell->n_rounds > 0 ? &cell->rounds[0].proposal : NULL;
    uint32_t order = b->preconf.txs[leg].order;
    if (block != NULL && block->has_body && order < block->block.count &&
        block->block.entries[order].kind == PRO_ENTRY_TX &&
        !bytes_equal(block->block.entries[order].tx, b->legs[leg].tx)) {
        chk_fault(r,
                  "leg %zu of bundle %s stands in its block with another transaction than the "
                  "user sealed",
                  leg, b->submit->bundle.text);
    }
}

void chk_inclusion(const struct mdl *m, struct chk_result *r)
{
    r->unit = "promised leg";
    r->units = "promised legs";
    for (size_t i = 0; i < m->n_bundles; i++) {
        const struct mdl_bundle *b = &m->bundles[i];
        bool judged = b->promised && b->outcome != SCN_VOIDED;
        for (size_t leg = 0; judged && leg < b->n_legs; leg++) {
            check_leg(m, b, leg, r);
            check_plaintext(m, b, leg, r);
        }
    }
}

/* ---- Liveness ---- */

void chk_liveness(const struct mdl *m, struct chk_result *r)
{
    r->unit = "bundle";
    r->units = "bundles";
    for (size_t i = 0; i < m->n_bundles; i++) {
        const struct mdl_bundle *b = &m->bundles[i];
        r->examined++;
        if (!b->submitted) {
            chk_fault(r, "bundle %s was never submitted", b->submit->bundle.text);
        } else if (!b->promised && !b->refused) {
            chk_fault(r, "bundle %s was neither promised a position nor refused",
                      b->submit->bundle.text);
        } else if (b->outcome == SCN_PENDING) {
            chk_fault(r, "bundle %s was promised slot %llu and never decided",
                      b->submit->bundle.text, (unsigned long long)b->preconf.slot);
        }
    }
    for (size_t i = 0; i < m->n_sentences; i++) {
        const struct mdl_sentence *s = &m->sentences[i];
        if (!s->slashed && !mdl_committed(m, s->actor, s->slot, PRO_FOLLOWS_PENALTY)) {
            chk_fault(r, "%s missed a deadline in slot %llu: %s", mdl_actor_name(m, s->actor),
                      (unsigned long long)s->slot, s->detail);
        }
    }
    if (m->sim->result.end != RUN_END_IDLE) {
        chk_fault(r, "the run did not come to rest: it ended at its limit (%s)",
                  run_end_name(m->sim->result.end));
    }
}
