/* Checks that look at blocks: order, justified, finality. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_signed.h"
#include "lockstep/model/chk.h"

/* A cell, and words for where it is. */
struct where {
    const struct mdl *m;
    const struct mdl_slot *slot;
    const struct mdl_cell *cell;
    size_t chain;
};

#define WHERE_FORMAT "slot %llu of %s"
#define WHERE_ARGS(w)                                                                              \
    (unsigned long long)(w)->slot->number, (w)->m->chains[(w)->chain].rollup->name.text

typedef void visit(const struct where *w, struct chk_result *r);

/* Every cell of the slots that count. */
static void each_cell(const struct mdl *m, visit *f, struct chk_result *r)
{
    for (size_t i = 0; i < m->n_slots; i++) {
        for (size_t k = 0; k < m->n_chains && !m->slots[i].is_void; k++) {
            struct where w = {m, &m->slots[i], &m->slots[i].cells[k], k};
            f(&w, r);
        }
    }
}

static bool same_leg(const struct pro_entry *a, const struct pro_entry *b)
{
    return a->seq == b->seq && a->leg == b->leg && a->n_legs == b->n_legs &&
           hash32_equal(&a->bundle_id, &b->bundle_id) &&
           hash32_equal(&a->enc_tx_hash, &b->enc_tx_hash);
}

/* Is it the header, signed? */
static bool artifact_is(const struct mdl *m, struct bytes artifact, const struct pro_header *h)
{
    CLEANUP(buf_fini) struct buf encoded = {0};
    struct bytes body;
    struct addr20 signer;
    pro_header_encode(h, &encoded);
    return encoded.err == 0 &&
           pro_unsign(&m->sim->cluster->deployment, PRO_TAG_BLOCK, artifact, &body, &signer) == 0 &&
           bytes_equal(body, buf_view(&encoded));
}

/* ---- Order ---- */

static void order_of(const struct where *w, struct chk_result *r)
{
    const struct pro_block *f = &w->cell->final.block;
    if (!w->cell->final.has_body) {
        return;
    }
    r->examined++;
    const struct mdl_block *p = w->cell->n_rounds > 0 ? &w->cell->rounds[0].proposal : NULL;
    if (p == NULL || !p->has_body || p->block.count != f->count) {
        chk_fault(r, "the finalized block of " WHERE_FORMAT " is not as long as what was proposed",
                  WHERE_ARGS(w));
        return;
    }
    if (w->cell->l1.proposal != 0 &&
        (!p->has_header || !artifact_is(w->m, w->cell->l1.proposal_artifact, &p->header))) {
        chk_fault(r, "the proposal block that L1 registered for " WHERE_FORMAT " is another one",
                  WHERE_ARGS(w));
    }
    for (uint32_t i = 0; i < f->count; i++) {
        const struct pro_entry *e = &f->entries[i];
        const struct pro_entry *before = i > 0 ? &f->entries[i - 1] : NULL;
        if (!same_leg(e, &p->block.entries[i])) {
            chk_fault(r, "position %u of the finalized block of " WHERE_FORMAT " was another leg's",
                      i, WHERE_ARGS(w));
        }
        if (before != NULL &&
            (e->seq < before->seq || (e->seq == before->seq && e->leg <= before->leg))) {
            chk_fault(r, "position %u of " WHERE_FORMAT " breaks the global order", i,
                      WHERE_ARGS(w));
        }
    }
}

void chk_order(const struct mdl *m, struct chk_result *r)
{
    r->unit = "finalized block";
    r->units = "finalized blocks";
    each_cell(m, order_of, r);
}

/* ---- Justified ---- */

/* Was the bundle undecided when the rounds ended? */
static const char *fault_of_overflow(const struct where *w, const struct pro_entry *e)
{
    uint64_t rounds = (uint64_t)e->cause.round + 1;
    return e->cause.rollup != 0 || rounds < w->m->scn->max_rounds ||
                   e->cause.round >= w->slot->n_rounds
               ? "names an overflow of rounds that there was not"
               : NULL;
}

/* Is there a proof in DA that this entry failed in the round, and does it hold? A leg that does not
 * open to a transaction needs none. */
static const char *fault_of_proof(const struct where *w, const struct mdl_round *round,
                                  uint32_t order)
{
    const struct pro_entry *failed = &round->proposal.block.entries[order];
    const struct pro_step *step = round->has_proofs ? pro_proofs_find(&round->proofs, order) : NULL;
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    if (failed->kind != PRO_ENTRY_TX) {
        return NULL;
    }
    if (step == NULL) {
        return "names a leg whose failure nobody proved";
    }
    int rc = pro_failure_judge(&round->result, step, failed, w->slot->proposals,
                               w->slot->n_proposals, &verdict);
    return rc == 0 && verdict == PRO_STEP_FAILS ? NULL
                                                : "names a failure whose proof does not hold";
}

/* The cause is a leg of the same bundle (or of any, where the policy says so), its executor signed
 * and proved that it failed, and it does fail when executed again. */
static const char *fault_of_cause(const struct where *w, const struct pro_entry *e)
{
    if (e->cause.order == PRO_CAUSE_OVERFLOW) {
        return fault_of_overflow(w, e);
    }
    int at = mdl_chain_index(w->m, e->cause.rollup);
    if (at < 0) {
        return "names a rollup that does not exist";
    }
    const struct mdl_cell *cell = &w->slot->cells[at];
    if (e->cause.round >= cell->n_rounds) {
        return "names a round that never was";
    }
    const struct mdl_round *round = &cell->rounds[e->cause.round];
    const struct mdl_block *b = &round->proposal;
    if (!b->has_body || e->cause.order >= b->block.count) {
        return "names a position that does not exist";
    }
    const struct pro_entry *failed = &b->block.entries[e->cause.order];
    if (!hash32_equal(&failed->bundle_id, &e->bundle_id) && !w->m->policy->foreign_causes) {
        return "names a leg of another bundle";
    }
    if (failed->kind == PRO_ENTRY_EXCLUDED || !round->has_result ||
        pro_bit(round->result.status, e->cause.order)) {
        return "names a leg that nobody signed to have failed";
    }
    return mdl_succeeded(b, e->cause.order) ? "names a leg that does not fail"
                                            : fault_of_proof(w, round, e->cause.order);
}

/* A removed leg stays removed; a leg that fails stays in only where the policy says so. */
static void justify_entry(const struct where *w, uint32_t i, struct chk_result *r)
{
    const struct mdl_block *f = &w->cell->final;
    const struct pro_entry *e = &f->block.entries[i];
    r->examined++;
    if (e->kind == PRO_ENTRY_EXCLUDED) {
        const char *fault = fault_of_cause(w, e);
        if (fault != NULL) {
            chk_fault(r, "the tombstone at position %u of " WHERE_FORMAT " %s", i, WHERE_ARGS(w),
                      fault);
        }
    } else if (!mdl_succeeded(f, i) && !w->m->policy->keeps_reverted) {
        chk_fault(r, "position %u of the finalized block of " WHERE_FORMAT " fails", i,
                  WHERE_ARGS(w));
    }
}

static bool fails_in_round(const struct mdl_cell *cell, size_t round, uint32_t i)
{
    const struct mdl_block *b = &cell->rounds[round].proposal;
    return b->has_body && i < b->block.count && b->block.entries[i].kind != PRO_ENTRY_EXCLUDED &&
           !mdl_succeeded(b, i);
}

/* With a policy that lets failures of later rounds stay, those of the first must not. With others
 * a leg that failed at first may well succeed in the end. */
static void justify_block(const struct where *w, struct chk_result *r)
{
    const struct mdl_block *f = &w->cell->final;
    const struct pol_policy *policy = w->m->policy;
    bool first_counts = policy->keeps_reverted && !policy->keeps_failed;
    for (uint32_t i = 0; f->has_body && i < f->block.count; i++) {
        justify_entry(w, i, r);
        if (first_counts && w->cell->n_rounds > 0 && fails_in_round(w->cell, 0, i) &&
            f->block.entries[i].kind != PRO_ENTRY_EXCLUDED) {
            chk_fault(r,
                      "position %u of " WHERE_FORMAT " failed in the proposal block and was "
                      "not excluded",
                      i, WHERE_ARGS(w));
        }
    }
}

static bool binds_the_same(const struct pro_result *a, const struct pro_result *b)
{
    return hash32_equal(&a->pre_root, &b->pre_root) && hash32_equal(&a->post_root, &b->post_root) &&
           hash32_equal(&a->receipts_root, &b->receipts_root) &&
           hash32_equal(&a->step_roots_root, &b->step_roots_root) &&
           hash32_equal(&a->access_root, &b->access_root);
}

/* What executors signed is what execution gives. */
static void justify_results(const struct where *w, struct chk_result *r)
{
    for (size_t k = 0; k < w->cell->n_rounds; k++) {
        const struct mdl_round *round = &w->cell->rounds[k];
        if (!round->has_result || !round->proposal.has_body) {
            continue;
        }
        bool same = binds_the_same(&round->result, &round->proposal.expected) &&
                    round->result.count == round->proposal.block.count;
        for (uint32_t i = 0; same && i < round->result.count; i++) {
            same = pro_bit(round->result.status, i) == mdl_succeeded(&round->proposal, i);
        }
        if (!same) {
            chk_fault(r,
                      "the executor's result for round %zu of " WHERE_FORMAT
                      " is not what execution gives",
                      k, WHERE_ARGS(w));
        }
    }
}

static void justify_cell(const struct where *w, struct chk_result *r)
{
    justify_block(w, r);
    justify_results(w, r);
}

void chk_justified(const struct mdl *m, struct chk_result *r)
{
    r->unit = "finalized leg";
    r->units = "finalized legs";
    each_cell(m, justify_cell, r);
}

/* ---- Finality ---- */

static void finality_of(const struct where *w, struct chk_result *r)
{
    const struct mdl_block *f = &w->cell->final;
    struct hash32 body_hash;
    if (w->cell->l1.finalized == 0) {
        return;
    }
    r->examined++;
    if (w->cell->l1.n_finals != 1) {
        chk_fault(r, "L1 took %u final headers for " WHERE_FORMAT, w->cell->l1.n_finals,
                  WHERE_ARGS(w));
    }
    if (!f->has_header || !f->has_body ||
        !artifact_is(w->m, w->cell->l1.final_artifact, &f->header)) {
        chk_fault(r, "what L1 finalized for " WHERE_FORMAT " is not what the DA node holds",
                  WHERE_ARGS(w));
        return;
    }
    hash_keccak256(f->body_bytes, &body_hash);
    if (!hash32_equal(&body_hash, &f->header.body_hash)) {
        chk_fault(r,
                  "the body of the finalized block of " WHERE_FORMAT " does not match its header",
                  WHERE_ARGS(w));
    }
    if (!hash32_equal(&f->root, &f->header.post_root)) {
        chk_fault(
            r, "the state root that L1 finalized for " WHERE_FORMAT " is not what execution gives",
            WHERE_ARGS(w));
    }
}

/* What is final cannot be void. */
static void check_voids(const struct mdl *m, struct chk_result *r)
{
    for (size_t i = 0; i < m->n_slots; i++) {
        for (size_t k = 0; k < m->n_chains && m->slots[i].is_void; k++) {
            if (m->slots[i].cells[k].l1.finalized != 0) {
                struct where w = {m, &m->slots[i], &m->slots[i].cells[k], k};
                r->examined++;
                chk_fault(r, "L1 finalized " WHERE_FORMAT ", which is void", WHERE_ARGS(&w));
            }
        }
    }
}

void chk_finality(const struct mdl *m, struct chk_result *r)
{
    r->unit = "block final on L1";
    r->units = "blocks final on L1";
    each_cell(m, finality_of, r);
    check_voids(m, r);
}
