/* The chain itself: what the next block carries, and what each block does to the entries. */
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "l1_stub/l1_core.h"

#include <stdlib.h>

uint64_t l1_number_at(const struct l1 *l1, struct sim_time t)
{
    return (uint64_t)(t.ns / l1->p.config->l1->block_time_ns);
}

void l1_arm_next_block(struct l1 *l1)
{
    if (l1->timer_armed || l1->n_open == 0) {
        return;
    }
    int64_t next = (int64_t)l1_number_at(l1, l1->p.now) + 1;
    l1->timer_armed = true;
    act_arm(l1->p.out, L1_TIMER_BLOCK, (struct sim_time){next * l1->p.config->l1->block_time_ns});
}

static void record_event(struct l1 *l1, uint64_t number, Lockstep__L1Event *event)
{
    Lockstep__TraceL1 trace = LOCKSTEP__TRACE_L1__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    trace.number = number;
    trace.event = event;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_L1;
    r.l1 = &trace;
    party_record(&l1->p, &r);
}

static void fill_event(const struct l1_entry *e, Lockstep__L1Kind kind, Lockstep__L1Event *out)
{
    lockstep__l1_event__init(out);
    out->kind = kind;
    out->rollup = e->rollup;
    out->slot = e->slot;
    out->round = e->round;
    out->through = e->through;
    if (e->artifact != NULL) {
        out->artifact = wire_bytes(e->artifact->view);
    }
    if (e->has_versioned_hash) {
        out->versioned_hash = wire_bytes(BYTES_OF(e->versioned_hash));
    }
    if (kind == LOCKSTEP__L1_KIND__L1_SLASHED || kind == LOCKSTEP__L1_KIND__L1_PENALIZED) {
        out->culprit = wire_bytes(BYTES_OF(e->culprit));
        out->detail = e->detail;
        out->gas = e->gas;
        out->amount_gwei = e->amount_gwei;
    }
}

static bool is_final(const struct l1_entry *e)
{
    return e->kind == LOCKSTEP__L1_KIND__L1_FINAL;
}

/* Does a later block have to do something about it? */
static bool is_open(const struct l1_entry *e)
{
    bool runs_out = is_final(e) && !e->finalized && !e->voided;
    return !e->mined || runs_out || (e->due_at != 0 && !e->answered) || e->result_due_at != 0;
}

/* The first block that carries an entry. Returns: true if that is an event. */
static bool mine(struct l1 *l1, struct l1_entry *e, uint64_t number, Lockstep__L1Event *out)
{
    e->mined = true;
    if (e->kind == LOCKSTEP__L1_KIND__L1_VOIDED ? !l1_carry_out_void(l1, e) : e->voided) {
        return false;
    }
    Lockstep__L1Kind kind = e->kind;
    if (kind == LOCKSTEP__L1_KIND__L1_EVIDENCE) {
        kind = LOCKSTEP__L1_KIND__L1_SLASHED;
        e->amount_gwei = l1_take_bond(l1, &e->culprit, UINT64_MAX);
    } else if (kind == LOCKSTEP__L1_KIND__L1_PENALIZED) {
        e->amount_gwei = l1_take_bond(l1, &e->culprit, l1->p.config->l1->penalty_gwei);
    } else if (is_final(e)) {
        const Lockstep__L1Config *c = l1->p.config->l1;
        e->final_at = number + c->challenge_window_blocks + c->confirmations;
    }
    l1_start_deadline(l1, e, number);
    fill_event(e, kind, out);
    return true;
}

/* What block `number` does to one entry. Returns: true if that is an event. */
static bool apply_block(struct l1 *l1, struct l1_entry *e, uint64_t number, Lockstep__L1Event *out)
{
    if (!e->mined) {
        return mine(l1, e, number, out);
    }
    if (is_final(e) && !e->finalized && !e->voided && number >= e->final_at) {
        act_payload_unref(&e->artifact);
        fill_event(e, LOCKSTEP__L1_KIND__L1_FINALIZED, out);
        e->finalized = true;
        return true;
    }
    return false;
}

static void count_open(struct l1 *l1)
{
    l1->n_open = 0;
    for (size_t i = 0; i < l1->n_entries; i++) {
        l1->n_open += is_open(&l1->entries[i]) ? 1 : 0;
    }
}

static void release_mined(struct l1 *l1)
{
    for (size_t i = 0; i < l1->n_entries; i++) {
        if (l1->entries[i].mined) {
            act_payload_unref(&l1->entries[i].artifact);
        }
    }
}

static void seal_block(struct l1 *l1, uint64_t number, Lockstep__L1Block *block)
{
    struct hash_keccak h;
    uint8_t word[8];
    for (int i = 0; i < 8; i++) {
        word[i] = (uint8_t)(number >> (56 - 8 * i));
    }
    hash_keccak_init(&h);
    hash_keccak_add(&h, BYTES_OF(l1->head));
    hash_keccak_add(&h, bytes_of(word, sizeof(word)));
    for (size_t i = 0; i < block->n_events; i++) {
        struct hash32 event_hash;
        hash_keccak256(wire_view(&block->events[i]->artifact), &event_hash);
        hash_keccak_add(&h, BYTES_OF(event_hash));
    }
    hash_keccak_end(&h, &l1->head);
    l1->head_number = number;
}

static int publish(struct l1 *l1, Lockstep__L1Block *block)
{
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    int rc = 0;
    m.body_case = LOCKSTEP__MESSAGE__BODY_L1_BLOCK;
    m.l1_block = block;
    for (size_t i = 0; i < l1->p.config->n_peers && rc == 0; i++) {
        const Lockstep__PeerConfig *peer = l1->p.config->peers[i];
        if (peer->id != l1->p.id && peer->role != LOCKSTEP__ROLE__ROLE_DA) {
            rc = party_send(&l1->p, peer->id, &m);
        }
    }
    return rc;
}

int l1_make_block(struct l1 *l1)
{
    uint64_t number = l1_number_at(l1, l1->p.now);
    int rc = l1_enforce_deadlines(l1, number);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(cleanup_free) Lockstep__L1Event *events = calloc(l1->n_entries + 1, sizeof(*events));
    CLEANUP(cleanup_free) Lockstep__L1Event **list = calloc(l1->n_entries + 1, sizeof(*list));
    if (events == NULL || list == NULL) {
        return ERR_NOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < l1->n_entries; i++) {
        if (apply_block(l1, &l1->entries[i], number, &events[n])) {
            record_event(l1, number, &events[n]);
            list[n] = &events[n];
            n++;
        }
    }
    count_open(l1);
    if (n != 0) {
        struct hash32 parent = l1->head;
        Lockstep__L1Block block = LOCKSTEP__L1_BLOCK__INIT;
        block.number = number;
        block.n_events = n;
        block.events = list;
        block.parent = wire_bytes(BYTES_OF(parent));
        seal_block(l1, number, &block);
        block.hash = wire_bytes(BYTES_OF(l1->head));
        rc = publish(l1, &block);
    }
    release_mined(l1);
    return rc;
}
