#include "executor/exe_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_access.h"
#include "common/protocol/pro_merkle.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

/* Receipt and access set of an entry that holds no transaction. */
#define NOTHING ((struct hash32){{0}})

/* ---- What is executed ---- */

void exe_steps_fini(struct exe_steps *s)
{
    for (size_t i = 0; i < s->n_blocks; i++) {
        pro_block_fini(&s->blocks[i]);
    }
    pro_block_fini(&s->block);
    free(s->blocks);
    free(s->list);
    free(s->sources);
    free(s->receipts);
    free(s->roots);
    free(s->accesses);
    exe_failures_fini(&s->failures);
}

static int add_proposal(struct exe_steps *s, struct bytes header, struct bytes body)
{
    struct pro_header h;
    struct pro_block *block = &s->blocks[s->n_blocks];
    if (header.len < sizeof(struct sig65)) {
        return ERR_TRUNCATED;
    }
    int rc = pro_header_decode(bytes_of(header.data, header.len - sizeof(struct sig65)), &h);
    rc = rc != 0 ? rc : pro_block_decode(body, block);
    if (rc != 0) {
        return rc;
    }
    size_t at = s->n_blocks++;
    for (; at > 0 && s->sources[at - 1].rollup > h.rollup; at--) {
        s->sources[at] = s->sources[at - 1];
        s->list[at] = s->list[at - 1];
    }
    s->sources[at] = (struct pro_cover_source){h.rollup, h.commitment};
    s->list[at] = block;
    return 0;
}

/* They have been checked before. */
static int open_proposals(const struct exe_slot *slot, struct exe_steps *s)
{
    int rc = 0;
    for (size_t i = 0; i < slot->n_items && rc == 0; i++) {
        const struct exe_item *item = &slot->items[i];
        if (item->key.kind == LOCKSTEP__DA_KIND__DA_HEADER && item->key.index == 0 &&
            !item->for_cause) {
            rc = add_proposal(s, buf_view(&item->data),
                              exe_item_data(slot, item->key.namespace_,
                                            LOCKSTEP__DA_KIND__DA_BLOCK, 0));
        }
    }
    return rc;
}

int exe_steps_open(const struct exe *e, const struct exe_slot *slot, struct exe_steps *s)
{
    int rc = pro_block_decode(
        exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_BLOCK, slot->h.round), &s->block);
    if (rc != 0) {
        return rc;
    }
    size_t n = (size_t)s->block.count + 1;
    s->blocks = calloc(slot->n_items + 1, sizeof(*s->blocks));
    s->list = calloc(slot->n_items + 1, sizeof(struct pro_block *));
    s->sources = calloc(slot->n_items + 1, sizeof(*s->sources));
    s->receipts = calloc(n, sizeof(*s->receipts));
    s->roots = calloc(n, sizeof(*s->roots));
    s->accesses = calloc(n, sizeof(*s->accesses));
    if (s->blocks == NULL || s->list == NULL || s->sources == NULL || s->receipts == NULL ||
        s->roots == NULL || s->accesses == NULL) {
        return ERR_NOMEM;
    }
    return open_proposals(slot, s);
}

/* ---- Executing ---- */

static int take_access(const struct led_tx *tx, struct hash32 *out)
{
    CLEANUP(led_access_fini) struct led_access access = {0};
    int rc = led_access_of(tx, &access);
    if (rc == 0) {
        led_access_hash(&access, out);
    }
    return rc;
}

int exe_execute(struct exe *e, const struct exe_slot *slot, struct exe_steps *s, uint32_t order,
             bool *succeeded)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    const struct pro_entry *entry = &s->block.entries[order];
    struct led_mark before = led_state_mark(e->state);
    struct led_receipt r = {0};
    s->receipts[order] = s->accesses[order] = NOTHING;
    *succeeded = false;
    if (entry->kind != PRO_ENTRY_TX) {
        return 0;
    }
    uint32_t uncovered = LED_NO_OP;
    int rc = led_tx_decode(entry->tx, &tx);
    rc = rc != 0 ? rc : take_access(&tx, &s->accesses[order]);
    rc = rc != 0 ? rc : pro_cover_of(s->list, s->n_blocks, entry, &tx, &uncovered);
    rc = rc != 0 ? rc : led_execute_in(e->state, &tx, uncovered, &r);
    rc = rc != 0 ? rc : exe_bend_step(e, slot, order, &tx, before, &r);
    if (rc == 0) {
        *succeeded = r.ok;
        led_receipt_hash(&r, &s->receipts[order]);
    }
    return rc != 0 || r.ok ? rc : exe_failures_add(&s->failures, e->state, order, &tx);
}

/* Executes the block in order; what fails has no effect at all. */
static int run_block(struct exe *e, struct exe_slot *slot, struct exe_steps *s)
{
    for (uint32_t i = 0; i < s->block.count; i++) {
        bool succeeded = false;
        int rc = exe_execute(e, slot, s, i, &succeeded);
        if (rc != 0) {
            return rc;
        }
        led_state_root(e->state, &s->roots[i]);
        if (succeeded) {
            pro_bit_set(slot->done.status.data, i);
        } else if (s->block.entries[i].kind != PRO_ENTRY_EXCLUDED) {
            s->n_failed++;
        }
    }
    return 0;
}

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

static int run(struct exe *e, struct exe_slot *slot)
{
    CLEANUP(exe_steps_fini) struct exe_steps s = {0};
    struct hash32 pre_root;
    int rc = exe_steps_open(e, slot, &s);
    if (rc != 0) {
        return rc;
    }
    if (slot->marked) {
        led_state_rollback(e->state, slot->mark);
    } else {
        slot->mark = led_state_mark(e->state);
        slot->marked = true;
    }
    led_state_root(e->state, &pre_root);
    rc = take_over(e, slot, s.block.count);
    rc = rc != 0 ? rc : run_block(e, slot, &s);
    led_state_root(e->state, &slot->done.post_root);
    rc = rc != 0 ? rc : exe_prove(slot, &s.failures, &pre_root, s.roots, s.block.count);
    rc = rc != 0 ? rc : sign_result(e, slot, &pre_root, &s);
    if (rc != 0) {
        return rc;
    }
    party_note(&e->p, "executed", slot->number, e->rollup, slot->h.round, s.n_failed, NULL);
    slot->phase = EXE_RUNNING;
    act_arm(e->p.out, slot->number,
            sim_time_add(e->p.now, s.block.count * e->p.config->executor->transaction_cost_ns));
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
    return data->len == 0 ? 0
                          : party_da_put(&e->p, e->rollup, slot->number, kind, slot->h.round,
                                         buf_view(data));
}

static int show_l1(struct exe *e, const struct exe_slot *slot)
{
    CLEANUP(buf_fini) struct buf shown = {0};
    int rc = exe_bend_result(e, slot, &shown);
    return rc != 0 ? rc
                   : party_l1_submit(&e->p, LOCKSTEP__L1_KIND__L1_RESULT, buf_view(&shown));
}

static int tell_sequencer(struct exe *e, const struct exe_slot *slot)
{
    Lockstep__ExecutionResult result = LOCKSTEP__EXECUTION_RESULT__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
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
