#include "executor/exe_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/protocol/pro_merkle.h"
#include "common/protocol/pro_signed.h"
#include "common/protocol/pro_state_proof.h"

#include <stdlib.h>

static int sign_result(struct exe *e, struct exe_slot *slot, const struct hash32 *pre_root,
                       struct exe_steps *s)
{
    CLEANUP(buf_fini) struct buf body = {0};
    CLEANUP(buf_fini) struct buf sources = {0};
    struct pro_result r = {
        .rollup = e->rollup,
        .slot = slot->number,
        .round = slot->h.round,
        .commitment = slot->h.commitment,
        .body_hash = slot->h.body_hash,
        .pre_root = *pre_root,
        .post_root = slot->done.post_root,
        .count = slot->h.count,
        .status = buf_view(&slot->done.status),
    };
    pro_cover_sources_encode(s->sources, (uint32_t)s->n_blocks, &sources);
    if (sources.err != 0) {
        return sources.err;
    }
    pro_cover_hash(buf_view(&sources), &r.cover_hash);
    pro_merkle_root(s->receipts, r.count, &r.receipts_root);
    pro_merkle_root(s->accesses, r.count, &r.access_root);
    pro_merkle_root(s->roots, r.count, &r.step_roots_root);
    pro_result_encode(&r, &body);
    buf_clear(&slot->result);
    pro_sign(&e->p.view.deployment.id, PRO_TAG_RESULT, &e->p.key, buf_view(&body), &slot->result);
    return body.err != 0 ? body.err : slot->result.err;
}

/* Moves the block in hand to `done`. */
static int take_over(struct exe *e, struct exe_slot *slot, uint32_t count)
{
    struct bytes body = exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_BLOCK, slot->h.round);
    slot->done.body.limit = WIRE_MAX_FRAME;
    buf_clear(&slot->done.header);
    buf_clear(&slot->done.body);
    buf_clear(&slot->done.status);
    buf_append_bytes(&slot->done.header, buf_view(&slot->header));
    buf_append_bytes(&slot->done.body, body);
    for (uint32_t i = 0; i < (count + 7) / 8; i++) {
        buf_append_u8(&slot->done.status, 0);
    }
    slot->done.any = true;
    int rc = slot->done.header.err;
    rc = rc != 0 ? rc : slot->done.body.err;
    return rc != 0 ? rc : slot->done.status.err;
}

static uint32_t n_failed(const struct pro_block *b, struct bytes status)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        n += b->entries[i].kind != PRO_ENTRY_EXCLUDED && !pro_bit(status, i) ? 1 : 0;
    }
    return n;
}

/* Of one executed transaction, if there is an ideal prover. */
static int64_t proving_ns(const struct exe *e)
{
    const Lockstep__StateProofConfig *c = e->p.config->state_proof;
    bool proves = c != NULL && c->kind == PRO_STATE_PROOF_IDEAL_RECURSIVE && !e->watches;
    return proves ? c->proving_ns : 0;
}

static int run(struct exe *e, struct exe_slot *slot)
{
    CLEANUP(exe_steps_fini) struct exe_steps s = {0};
    struct hash32 pre_root;
    uint32_t cost = 0;
    int rc = exe_steps_open(e, slot, &s);
    rc = rc != 0 ? rc : take_over(e, slot, s.block.count);
    if (rc != 0) {
        return rc;
    }
    if (!slot->marked) {
        slot->mark = led_state_mark(e->state);
        slot->marked = true;
    }
    rc = exe_lies(e, slot) ? exe_execute_all(e, slot, &s, &pre_root, &cost)
                           : exe_execute_changed(e, slot, &s, &pre_root, &cost);
    led_state_root(e->state, &slot->done.post_root);
    rc = rc != 0 ? rc : exe_prove(slot, &pre_root, s.roots, s.block.count);
    rc = rc != 0 ? rc : sign_result(e, slot, &pre_root, &s);
    if (rc != 0) {
        return rc;
    }
    party_note(&e->p, "executed", slot->number, e->rollup, slot->h.round,
               n_failed(&s.block, buf_view(&slot->done.status)), NULL);
    if (slot->h.round > 0) {
        party_note(&e->p, "executed_again", slot->number, e->rollup, slot->h.round, cost, NULL);
    }
    slot->phase = EXE_RUNNING;
    act_arm(e->p.out, slot->number,
            sim_time_add(e->p.now,
                         cost * (e->p.config->executor->transaction_cost_ns + proving_ns(e))));
    return 0;
}

/* Slots are executed one after the other: the next begins when the one before is final. */
int exe_run_next(struct exe *e)
{
    if (e->n_slots == 0 || e->slots[0]->phase != EXE_WAITING) {
        return 0;
    }
    return run(e, e->slots[0]);
}

/* ---- Saying so ---- */

static int put(struct exe *e, const struct exe_slot *slot, Lockstep__DaKind kind,
               const struct buf *data)
{
    return data->len == 0
               ? 0
               : party_da_put(&e->p, e->rollup, slot->number, kind, slot->h.round, buf_view(data));
}

static int show_l1(struct exe *e, const struct exe_slot *slot)
{
    CLEANUP(buf_fini) struct buf shown = {0};
    int rc = exe_bend_result(e, slot, &shown);
    return rc != 0 ? rc : party_l1_submit(&e->p, LOCKSTEP__L1_KIND__L1_RESULT, buf_view(&shown));
}

static int tell_sequencer(struct exe *e, const struct exe_slot *slot)
{
    Lockstep__ExecutionResult result = LOCKSTEP__EXECUTION_RESULT__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    const Lockstep__StateProofConfig *c = e->p.config->state_proof;
    size_t n = c != NULL && c->kind == PRO_STATE_PROOF_IDEAL_RECURSIVE ? c->bytes : 0;
    CLEANUP(cleanup_free) uint8_t *ideal = calloc(n + 1, 1);
    if (ideal == NULL) {
        return ERR_NOMEM;
    }
    result.ideal_proof = (ProtobufCBinaryData){n, ideal};
    result.result = wire_bytes(buf_view(&slot->result));
    result.proofs = wire_bytes(buf_view(&slot->proofs));
    result.step_roots = wire_bytes(buf_view(&slot->roots));
    m.body_case = LOCKSTEP__MESSAGE__BODY_EXECUTION_RESULT;
    m.execution_result = &result;
    return party_send(&e->p, e->p.sequencer_id, &m);
}

int exe_on_run_over(struct exe *e, struct exe_slot *slot)
{
    CHECK(slot->phase == EXE_RUNNING);
    slot->phase = EXE_IDLE;
    if (e->watches) {
        return exe_compare_start(e, slot);
    }
    if (exe_commits(e, PRO_FAULT_WITHHOLD_RESULT, slot, UINT32_MAX)) {
        return 0;
    }
    int rc = put(e, slot, LOCKSTEP__DA_KIND__DA_RESULT, &slot->result);
    rc = rc != 0 ? rc : put(e, slot, LOCKSTEP__DA_KIND__DA_PROOFS, &slot->proofs);
    rc = rc != 0 ? rc : put(e, slot, LOCKSTEP__DA_KIND__DA_STEPS, &slot->roots);
    rc = rc != 0 ? rc : show_l1(e, slot);
    return rc != 0 ? rc : tell_sequencer(e, slot);
}

int exe_finish(struct exe *e, struct exe_slot *slot)
{
    int rc = VEC_RESERVE(e->accepted, e->cap_accepted, e->n_accepted + 1);
    if (rc != 0) {
        return rc;
    }
    CHECK(slot->marked);
    e->accepted[e->n_accepted++] = (struct exe_accepted){slot->number, slot->mark};
    e->last_final = slot->number;
    party_note(&e->p, "accepted_final", slot->number, e->rollup, slot->h.round, slot->h.count,
               NULL);
    exe_drop_slot(e, slot);
    rc = exe_run_next(e);
    return rc != 0 ? rc : exe_hear_next(e);
}

/* Forgets the journal when nobody may want to go back. */
static void commit_if_settled(struct exe *e)
{
    if (e->n_accepted == 0 && (e->n_slots == 0 || !e->slots[0]->marked)) {
        led_state_commit(e->state);
    }
}

void exe_settle(struct exe *e, uint64_t slot)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->n_accepted; i++) {
        if (e->accepted[i].slot != slot) {
            e->accepted[kept++] = e->accepted[i];
        }
    }
    e->n_accepted = kept;
    commit_if_settled(e);
}

/* Slots are executed in order, so everything after the first void one was built on it. */
static void roll_back(struct exe *e, uint64_t first)
{
    for (size_t i = 0; i < e->n_accepted; i++) {
        if (e->accepted[i].slot >= first) {
            led_state_rollback(e->state, e->accepted[i].mark);
            e->n_accepted = i;
            return;
        }
    }
    if (e->n_slots > 0 && e->slots[0]->marked && e->slots[0]->number >= first) {
        led_state_rollback(e->state, e->slots[0]->mark);
    }
}

int exe_void(struct exe *e, uint64_t first, uint64_t last)
{
    roll_back(e, first);
    for (size_t i = e->n_slots; i > 0; i--) {
        struct exe_slot *slot = e->slots[i - 1];
        if (slot->number >= first && slot->number <= last) {
            exe_drop_slot(e, slot);
        }
    }
    e->last_final = e->last_final > last ? e->last_final : last;
    exe_forget_seen(e, last);
    party_note(&e->p, "voided", first, e->rollup, 0, last - first + 1, NULL);
    commit_if_settled(e);
    return exe_run_next(e);
}
