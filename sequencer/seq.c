#include "sequencer/seq.h"

#include "common/base/check.h"
#include "common/crypto/aead.h"
#include "sequencer/seq_core.h"
#include "sequencer/seq_faults.h"

#include <stdlib.h>

static int seq_start(struct party *p)
{
    struct seq *s = (struct seq *)p;
    const Lockstep__SlotConfig *c = p->config->sequencer->slots;
    uint64_t number = 0;
    int rc = seq_resume(s, &number);
    if (rc != 0) {
        return rc;
    }
    s->closed = c->count != 0 && number > c->count;
    return s->closed ? 0 : seq_open_slot(s, number);
}

static int on_rejected(struct seq *s, uint32_t from, const Lockstep__ProposalRejected *m)
{
    party_note(&s->p, "proposal_rejected", m->slot, m->rollup, m->round, from, m->violation);
    return 0;
}

/* What L1 has voided is over, wherever it stands. */
static int drop_void(struct seq *s, const Lockstep__L1Event *e)
{
    for (size_t i = s->n_slots; i > 0; i--) {
        struct seq_slot *slot = s->slots[i - 1];
        if (slot->number >= e->slot && slot->number <= e->through && slot->phase != SEQ_OPEN) {
            party_note(&s->p, "voided", slot->number, 0, slot->round, slot->n_bundles, NULL);
            seq_drop_slot(s, slot);
        }
    }
    return seq_solve_next(s);
}

static int on_l1_event(struct seq *s, const Lockstep__L1Event *e)
{
    switch (e->kind) {
    case LOCKSTEP__L1_KIND__L1_VOIDED:
        seq_forget_results(s, 0, e->through);
        return drop_void(s, e);
    case LOCKSTEP__L1_KIND__L1_RESULT:
        return seq_see_on_l1(s, e);
    case LOCKSTEP__L1_KIND__L1_FINALIZED:
        seq_forget_results(s, e->rollup, e->slot);
        return 0;
    default:
        return 0;
    }
}

static int on_l1_block(struct seq *s, uint32_t from, const Lockstep__L1Block *block)
{
    int rc = 0;
    if (from != s->p.l1_id) {
        party_reject(&s->p, from, ACT_REJECT_UNEXPECTED, "L1 blocks come from L1");
        return 0;
    }
    for (size_t i = 0; i < block->n_events && rc == 0; i++) {
        rc = on_l1_event(s, block->events[i]);
    }
    return rc;
}

static int seq_message(struct party *p, uint32_t from, const Lockstep__Message *m)
{
    struct seq *s = (struct seq *)p;
    switch (m->body_case) {
    case LOCKSTEP__MESSAGE__BODY_SUBMIT_BUNDLE:
        if (from != ACT_HOST) {
            return seq_on_submit(s, from, m->submit_bundle);
        }
        break;
    case LOCKSTEP__MESSAGE__BODY_EXECUTION_RESULT:
        return seq_on_result(s, from, m->execution_result);
    case LOCKSTEP__MESSAGE__BODY_PROPOSAL_REJECTED:
        return on_rejected(s, from, m->proposal_rejected);
    case LOCKSTEP__MESSAGE__BODY_DA_STORED:
        return 0;
    case LOCKSTEP__MESSAGE__BODY_L1_BLOCK:
        return on_l1_block(s, from, m->l1_block);
    default:
        break;
    }
    party_reject(p, from, ACT_REJECT_UNEXPECTED, "not a message for the sequencer");
    return 0;
}

static int seq_timer(struct party *p, uint64_t id)
{
    CHECK(id == SEQ_TIMER_SLOT);
    return seq_on_slot_end((struct seq *)p);
}

static int seq_work_done(struct party *p, const struct act_event *ev)
{
    struct seq *s = (struct seq *)p;
    if (ev->work_kind == SEQ_WORK_ADMIT) {
        return seq_on_admitted(s, ev);
    }
    struct seq_slot *slot = seq_find_slot(s, ev->id >> 4);
    if (ev->work_rc != 0 || slot == NULL) { /* void by now */
        return ev->work_rc;
    }
    if (ev->work_kind == SEQ_WORK_SOLVE) {
        return seq_on_solved(s, slot, ev->body);
    }
    if (ev->work_kind == SEQ_WORK_VERIFY) {
        return seq_on_verified(s, slot, ev->body);
    }
    return slot->phase == SEQ_SEALING ? seq_on_order_committed(s, slot, ev->body)
                                      : seq_on_committed(s, slot, ev->body);
}

static const struct party_ops ops = {seq_start, seq_message, seq_timer, seq_work_done};

static void seq_destroy(struct act_actor **self)
{
    struct seq *s = (struct seq *)*self;
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_slots; i++) {
        seq_slot_destroy(&s->slots[i], s->n_chains);
    }
    seq_queue_fini(&s->arrivals);
    seq_queue_fini(&s->deferred);
    free(s->slots);
    free(s->pending_by_peer);
    free(s->fault_told);
    secret_wipe(&s->weight_key, sizeof(s->weight_key));
    seq_attacks_fini(s);
    seq_forget_results(s, 0, UINT64_MAX);
    free(s->seen);
    party_fini(&s->p);
    free(s);
    *self = NULL;
}

static int read_config(struct seq *s, struct buf *why)
{
    const Lockstep__ActorConfig *c = s->p.config;
    if (c->sequencer->slots == NULL || c->sequencer->slots->duration_ns <= 0 ||
        c->timelock->squarings_per_second == 0) {
        buf_printf(why, "slot duration and squarings per second must be positive");
        return ERR_INVALID;
    }
    if (s->p.view.vc == NULL) {
        buf_printf(why, "the sequencer needs the KZG setup");
        return ERR_INVALID;
    }
    s->n_chains = s->p.view.n_executors;
    s->pending_by_peer = calloc(c->n_peers + 1, sizeof(*s->pending_by_peer));
    if (s->pending_by_peer == NULL) {
        return ERR_NOMEM;
    }
    int rc = seq_faults_init(s, why);
    return rc != 0 ? rc : seq_attacks_init(s, why);
}

static int seq_create(const struct act_setup *setup, struct act_actor **out, struct buf *why)
{
    struct seq *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return ERR_NOMEM;
    }
    int rc = party_init(&s->p, setup, LOCKSTEP__ROLE__ROLE_SEQUENCER, why);
    if (rc != 0) {
        free(s);
        return rc;
    }
    struct drbg drbg;
    drbg_init(&drbg, &setup->entropy, "sequencer");
    drbg_fill(&drbg, s->weight_key.b, sizeof(s->weight_key.b));
    drbg_wipe(&drbg);
    struct act_actor *self = (struct act_actor *)s;
    rc = read_config(s, why);
    if (rc != 0) {
        seq_destroy(&self);
        return rc;
    }
    *out = self;
    return 0;
}

static int seq_step(struct act_actor *self, const struct act_event *ev, struct act_effects *out)
{
    return party_step(&((struct seq *)self)->p, &ops, ev, out);
}

const struct act_class seq_class = {"sequencer", seq_create, seq_step, seq_work_run, seq_destroy};
