#include "executor/exe.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/protocol/pro_signed.h"
#include "executor/exe_core.h"

#include <stdlib.h>

#define MAX_SLOTS_AHEAD ((size_t)1024)

static void drop_failures(struct exe_slot *slot)
{
    for (size_t i = 0; i < slot->n_failures; i++) {
        buf_fini(&slot->failures[i].result);
        buf_fini(&slot->failures[i].proofs);
    }
    free(slot->failures);
    slot->failures = NULL;
    slot->n_failures = 0;
}

static void slot_destroy(struct exe_slot *slot)
{
    for (size_t i = 0; i < slot->n_items; i++) {
        buf_fini(&slot->items[i].data);
    }
    drop_failures(slot);
    free(slot->items);
    buf_fini(&slot->header);
    buf_fini(&slot->done.header);
    buf_fini(&slot->done.body);
    buf_fini(&slot->done.status);
    buf_fini(&slot->result);
    buf_fini(&slot->proofs);
    buf_fini(&slot->roots);
    exe_lose_run(slot);
    free(slot);
}

struct exe_slot *exe_find_slot(struct exe *e, uint64_t number)
{
    for (size_t i = 0; i < e->n_slots; i++) {
        if (e->slots[i]->number == number) {
            return e->slots[i];
        }
    }
    return NULL;
}

void exe_drop_slot(struct exe *e, struct exe_slot *slot)
{
    size_t at = 0;
    while (e->slots[at] != slot) {
        at++;
    }
    memmove(&e->slots[at], &e->slots[at + 1], (e->n_slots - at - 1) * sizeof(struct exe_slot *));
    e->n_slots--;
    slot_destroy(slot);
}

static int add_slot(struct exe *e, uint64_t number, struct exe_slot **out)
{
    int rc = VEC_RESERVE(e->slots, e->cap_slots, e->n_slots + 1);
    struct exe_slot *slot = rc == 0 ? calloc(1, sizeof(*slot)) : NULL;
    if (slot == NULL) {
        return ERR_NOMEM;
    }
    slot->number = number;
    size_t at = e->n_slots;
    while (at > 0 && e->slots[at - 1]->number > number) {
        e->slots[at] = e->slots[at - 1];
        at--;
    }
    e->slots[at] = slot;
    e->n_slots++;
    *out = slot;
    return 0;
}

static int keep_failures(struct exe_slot *slot, size_t n, Lockstep__Failure *const *failures)
{
    drop_failures(slot);
    slot->failures = calloc(n + 1, sizeof(*slot->failures));
    if (slot->failures == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        struct exe_proven *f = &slot->failures[slot->n_failures++];
        f->result.limit = f->proofs.limit = WIRE_MAX_FRAME;
        buf_append_bytes(&f->result, wire_view(&failures[i]->result));
        buf_append_bytes(&f->proofs, wire_view(&failures[i]->proofs));
        if (f->result.err != 0 || f->proofs.err != 0) {
            return ERR_NOMEM;
        }
    }
    return 0;
}

/* May this header come now? A proposal opens a slot; everything later needs a finished round. */
static bool is_expected(struct exe *e, const struct exe_slot *slot, const struct pro_header *h)
{
    if (h->rollup != e->rollup || h->slot <= e->last_final) {
        return false;
    }
    if (slot == NULL) {
        return !h->final && h->round == 0 && e->n_slots < MAX_SLOTS_AHEAD;
    }
    return slot->phase == EXE_IDLE && (h->final || h->round > slot->h.round);
}

int exe_on_block(struct exe *e, uint32_t from, bool final, struct bytes header, size_t n_failures,
                 Lockstep__Failure *const *failures)
{
    struct bytes body;
    struct pro_header h;
    int rc = pro_unsign_from(&e->p.view.deployment.id, PRO_TAG_BLOCK, header, &e->p.view.sequencer,
                             &body);
    rc = rc != 0 ? rc : pro_header_decode(body, &h);
    if (rc != 0 || from != e->p.sequencer_id) {
        party_reject(&e->p, from, ACT_REJECT_SIGNATURE, "block header: %s", err_text(rc));
        return 0;
    }
    struct exe_slot *slot = exe_find_slot(e, h.slot);
    if (h.final != final || !is_expected(e, slot, &h)) {
        party_reject(&e->p, from, ACT_REJECT_STALE, "no such block is due: slot %llu round %u",
                     (unsigned long long)h.slot, h.round);
        return 0;
    }
    if (slot == NULL) {
        rc = add_slot(e, h.slot, &slot);
        if (rc != 0) {
            return rc;
        }
    }
    rc = exe_see(e, LOCKSTEP__L1_KIND__L1_BLOCK, header);
    if (rc != 0) {
        return rc;
    }
    buf_clear(&slot->header);
    buf_append_bytes(&slot->header, header);
    slot->h = h;
    slot->h.excluded = (struct bytes){0};
    rc = slot->header.err != 0 ? slot->header.err : keep_failures(slot, n_failures, failures);
    if (rc == 0 && e->watches && final) {
        return exe_finish(e, slot); /* what was executed stays; the executors have checked it */
    }
    return rc != 0 ? rc : exe_fetch_start(e, slot);
}

static int on_l1_artifact(struct exe *e, const Lockstep__L1Event *event)
{
    int rc = exe_see(e, event->kind, wire_view(&event->artifact));
    bool header = event->kind != LOCKSTEP__L1_KIND__L1_ORDER && event->rollup == e->rollup;
    return rc != 0 || !e->watches || !header ? rc : exe_hear(e, wire_view(&event->artifact));
}

/* What one L1 event says to this executor. */
static int on_l1_event(struct exe *e, const Lockstep__L1Event *event)
{
    switch (event->kind) {
    case LOCKSTEP__L1_KIND__L1_VOIDED:
        return exe_void(e, event->slot, event->through);
    case LOCKSTEP__L1_KIND__L1_ORDER:
    case LOCKSTEP__L1_KIND__L1_BLOCK:
    case LOCKSTEP__L1_KIND__L1_FINAL:
        return on_l1_artifact(e, event);
    case LOCKSTEP__L1_KIND__L1_FINALIZED:
        if (event->rollup == e->rollup) {
            exe_forget_seen(e, event->slot);
            exe_settle(e, event->slot);
        }
        return 0;
    default:
        return 0;
    }
}

static int on_l1_block(struct exe *e, uint32_t from, const Lockstep__L1Block *block)
{
    if (from != e->p.l1_id) {
        party_reject(&e->p, from, ACT_REJECT_UNEXPECTED, "L1 blocks come from L1");
        return 0;
    }
    int rc = 0;
    for (size_t i = 0; i < block->n_events && rc == 0; i++) {
        rc = on_l1_event(e, block->events[i]);
    }
    return rc;
}

static int exe_start(struct party *p)
{
    (void)p;
    return 0;
}

static int exe_message(struct party *p, uint32_t from, const Lockstep__Message *m)
{
    struct exe *e = (struct exe *)p;
    switch (m->body_case) {
    case LOCKSTEP__MESSAGE__BODY_PROPOSAL_BLOCK:
        return exe_on_block(e, from, false, wire_view(&m->proposal_block->header),
                            m->proposal_block->n_failures, m->proposal_block->failures);
    case LOCKSTEP__MESSAGE__BODY_FINALIZED_BLOCK:
        return exe_on_block(e, from, true, wire_view(&m->finalized_block->header),
                            m->finalized_block->n_failures, m->finalized_block->failures);
    case LOCKSTEP__MESSAGE__BODY_DA_ITEM:
        return exe_on_item(e, from, m->da_item);
    case LOCKSTEP__MESSAGE__BODY_DA_STORED:
        return 0;
    case LOCKSTEP__MESSAGE__BODY_L1_BLOCK:
        return on_l1_block(e, from, m->l1_block);
    default:
        party_reject(p, from, ACT_REJECT_UNEXPECTED, "not a message for an executor");
        return 0;
    }
}

static int exe_timer(struct party *p, uint64_t id)
{
    struct exe *e = (struct exe *)p;
    struct exe_slot *slot = exe_find_slot(e, id);
    return slot == NULL ? 0 : exe_on_run_over(e, slot); /* NULL: void by now */
}

static int exe_work_done(struct party *p, const struct act_event *ev)
{
    struct exe *e = (struct exe *)p;
    struct exe_slot *slot = exe_find_slot(e, ev->id);
    if (slot == NULL) { /* void by now */
        return ev->work_rc;
    }
    return ev->work_rc != 0 ? ev->work_rc : exe_on_checked(e, slot, ev->body);
}

static const struct party_ops ops = {exe_start, exe_message, exe_timer, exe_work_done};

static void exe_destroy(struct act_actor **self)
{
    struct exe *e = (struct exe *)*self;
    if (e == NULL) {
        return;
    }
    for (size_t i = 0; i < e->n_slots; i++) {
        slot_destroy(e->slots[i]);
    }
    free(e->slots);
    exe_forget_seen(e, UINT64_MAX);
    free(e->seen);
    free(e->accepted);
    for (size_t i = 0; i < e->n_heard; i++) {
        buf_fini(&e->heard[i]);
    }
    free(e->heard);
    free(e->fault_told);
    led_state_destroy(&e->state);
    party_fini(&e->p);
    free(e);
    *self = NULL;
}

static u128 amount_of(const ProtobufCBinaryData *b)
{
    struct rd r = rd_from(wire_view(b));
    return rd_u128(&r);
}

static int add_balance(struct led_state *s, const Lockstep__GenesisBalance *g)
{
    struct led_name asset;
    struct addr20 account;
    if (g->account.len != 20 || g->amount.len != 16 || led_name_set(&asset, g->asset) != 0) {
        return ERR_INVALID;
    }
    memcpy(account.b, g->account.data, 20);
    return led_state_set_balance(s, &account, &asset, amount_of(&g->amount));
}

static int add_pool(struct led_state *s, const Lockstep__GenesisPool *g)
{
    struct led_name name;
    struct led_name a;
    struct led_name b;
    if (g->reserve_a.len != 16 || g->reserve_b.len != 16 || led_name_set(&name, g->name) ||
        led_name_set(&a, g->asset_a) || led_name_set(&b, g->asset_b)) {
        return ERR_INVALID;
    }
    return led_state_set_pool(s, &name, &a, amount_of(&g->reserve_a), &b, amount_of(&g->reserve_b),
                              g->fee_ppm);
}

static int add_lending(struct led_state *s, const Lockstep__GenesisLending *g)
{
    struct led_name name;
    struct led_lending l = {.num = g->factor_num, .den = g->factor_den};
    if (g->liquidity.len != 16 || led_name_set(&name, g->name) ||
        led_name_set(&l.asset, g->asset) || led_name_set(&l.collateral, g->collateral)) {
        return ERR_INVALID;
    }
    l.liquidity = amount_of(&g->liquidity);
    return led_state_set_lending(s, &name, &l);
}

static int not_valid(int rc, const char *what, size_t i, struct buf *why)
{
    if (rc == ERR_INVALID) {
        buf_printf(why, "genesis %s %zu is not valid", what, i);
    }
    return rc;
}

static int build_genesis(struct exe *e, struct buf *why)
{
    const Lockstep__ExecutorConfig *c = e->p.config->executor;
    int rc = led_state_new(c->rollup, &e->state);
    for (size_t i = 0; i < c->n_balances && rc == 0; i++) {
        rc = not_valid(add_balance(e->state, c->balances[i]), "balance", i, why);
    }
    for (size_t i = 0; i < c->n_pools && rc == 0; i++) {
        rc = not_valid(add_pool(e->state, c->pools[i]), "pool", i, why);
    }
    for (size_t i = 0; i < c->n_lendings && rc == 0; i++) {
        rc = not_valid(add_lending(e->state, c->lendings[i]), "lending pool", i, why);
    }
    if (rc == 0) {
        led_state_commit(e->state);
    }
    return rc;
}

/* Executors and watchers are one program: the configuration says which this is. */
static bool is_watcher(const struct act_setup *setup)
{
    Lockstep__ActorConfig *c = NULL;
    bool watches = wire_config_unpack(setup->config, &c) == 0 && setup->id >= 1 &&
                   setup->id <= c->n_peers &&
                   c->peers[setup->id - 1]->role == LOCKSTEP__ROLE__ROLE_WATCHER;
    wire_config_free(&c);
    return watches;
}

static int exe_create(const struct act_setup *setup, struct act_actor **out, struct buf *why)
{
    struct exe *e = calloc(1, sizeof(*e));
    if (e == NULL) {
        return ERR_NOMEM;
    }
    e->watches = is_watcher(setup);
    int rc =
        party_init(&e->p, setup,
                   e->watches ? LOCKSTEP__ROLE__ROLE_WATCHER : LOCKSTEP__ROLE__ROLE_EXECUTOR, why);
    if (rc != 0) {
        free(e);
        return rc;
    }
    struct act_actor *self = (struct act_actor *)e;
    e->rollup = e->p.config->executor->rollup;
    if (e->p.view.vc == NULL) {
        buf_printf(why, "an executor needs the KZG setup");
        rc = ERR_INVALID;
    }
    rc = rc != 0 ? rc : exe_faults_init(e, why);
    rc = rc != 0 ? rc : build_genesis(e, why);
    if (rc != 0) {
        exe_destroy(&self);
        return rc;
    }
    *out = self;
    return 0;
}

static int exe_step(struct act_actor *self, const struct act_event *ev, struct act_effects *out)
{
    return party_step(&((struct exe *)self)->p, &ops, ev, out);
}

const struct act_class exe_class = {"executor", exe_create, exe_step, exe_work_run, exe_destroy};
