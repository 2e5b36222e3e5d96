#include "sequencer/seq_faults.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

int seq_faults_init(struct seq *s, struct buf *why)
{
    const Lockstep__SequencerConfig *c = s->p.config->sequencer;
    for (size_t i = 0; i < c->n_faults; i++) {
        if (!pro_fault_is_sequencers((enum pro_fault)c->faults[i]->kind)) {
            buf_printf(why, "fault %zu is none of a sequencer's", i);
            return ERR_INVALID;
        }
    }
    s->fault_told = calloc(c->n_faults + 1, sizeof(*s->fault_told));
    return s->fault_told == NULL ? ERR_NOMEM : 0;
}

/* ---- Finding and telling ---- */

/* Returns: its index in the configuration, or -1. */
static int find(const struct seq *s, enum pro_fault fault, uint64_t slot, uint64_t rollup)
{
    const Lockstep__SequencerConfig *c = s->p.config->sequencer;
    for (size_t i = 0; i < c->n_faults; i++) {
        const Lockstep__FaultConfig *f = c->faults[i];
        if (f->kind == (uint32_t)fault && f->slot == slot && f->rollup == rollup) {
            return (int)i;
        }
    }
    return -1;
}

static void tell(struct seq *s, int at)
{
    if (!s->fault_told[at]) {
        s->fault_told[at] = true;
        party_confess(&s->p, s->p.config->sequencer->faults[at]);
    }
}

bool seq_commits(struct seq *s, enum pro_fault fault, uint64_t slot, uint64_t rollup)
{
    int at = find(s, fault, slot, rollup);
    if (at >= 0) {
        tell(s, at);
    }
    return at >= 0;
}

/* Every fault of this kind on this chain, in the order of the configuration: a slot can have
 * several. */
typedef bool apply(struct seq *s, struct seq_slot *slot, size_t at, const Lockstep__FaultConfig *f,
                   void *arg);

static void each(struct seq *s, enum pro_fault fault, struct seq_slot *slot, size_t at, apply *f,
                 void *arg)
{
    const Lockstep__SequencerConfig *c = s->p.config->sequencer;
    for (size_t i = 0; i < c->n_faults; i++) {
        const Lockstep__FaultConfig *fault_config = c->faults[i];
        if (fault_config->kind == (uint32_t)fault && fault_config->slot == slot->number &&
            fault_config->rollup == s->p.view.executors[at].rollup &&
            f(s, slot, at, fault_config, arg)) {
            tell(s, (int)i);
        }
    }
}

/* ---- Sealing ---- */

static bool swap_promised(struct seq *s, struct seq_slot *slot, size_t at,
                          const Lockstep__FaultConfig *f, void *arg)
{
    struct seq_chain *chain = &slot->chains[at];
    (void)s;
    (void)arg;
    if (!f->sealed || f->order >= chain->n_legs || f->with >= chain->n_legs) {
        return false;
    }
    struct seq_leg_ref moved = chain->legs[f->order];
    chain->legs[f->order] = chain->legs[f->with];
    chain->legs[f->with] = moved;
    return true;
}

/* Takes a leg out of a chain; the books are cooked so that what follows moves up. */
static void strike(struct seq *s, struct seq_slot *slot, size_t at, uint32_t order)
{
    struct seq_chain *chain = &slot->chains[at];
    uint64_t rollup = s->p.view.executors[at].rollup;
    chain->n_legs--;
    memmove(&chain->legs[order], &chain->legs[order + 1],
            (chain->n_legs - order) * sizeof(*chain->legs));
    for (uint32_t i = order; i < chain->n_legs; i++) {
        struct pro_preconf *p = &slot->bundles[chain->legs[i].bundle]->preconf;
        CHECK(p->txs[chain->legs[i].leg].rollup == rollup);
        p->txs[chain->legs[i].leg].order--;
    }
}

static bool drop_bundle(struct seq *s, struct seq_slot *slot, size_t at,
                        const Lockstep__FaultConfig *f, void *arg)
{
    (void)arg;
    if (f->order >= slot->chains[at].n_legs) {
        return false;
    }
    uint32_t victim = slot->chains[at].legs[f->order].bundle;
    slot->bundles[victim]->dropped = true;
    for (size_t i = 0; i < s->n_chains; i++) {
        for (uint32_t k = slot->chains[i].n_legs; k > 0; k--) {
            if (slot->chains[i].legs[k - 1].bundle == victim) {
                strike(s, slot, i, k - 1);
            }
        }
    }
    return true;
}

void seq_fault_sealing(struct seq *s, struct seq_slot *slot)
{
    for (size_t at = 0; at < s->n_chains; at++) {
        each(s, PRO_FAULT_SWAP_POSITIONS, slot, at, swap_promised, NULL);
        each(s, PRO_FAULT_DROP_BUNDLE, slot, at, drop_bundle, NULL);
    }
}

/* ---- Revealing ---- */

static bool falsify_opening(struct seq *s, struct seq_slot *slot, size_t at,
                            const Lockstep__FaultConfig *f, void *arg)
{
    struct pro_openings *o = arg;
    (void)s;
    if (f->order >= o->count) {
        return false;
    }
    const struct seq_leg_ref *ref = &slot->chains[at].legs[f->order];
    o->items[f->order].w = slot->bundles[ref->bundle]->bundle.legs[ref->leg].u; /* an element */
    return true;
}

static bool falsify_verdict(struct seq *s, struct seq_slot *slot, size_t at,
                            const Lockstep__FaultConfig *f, void *arg)
{
    struct pro_openings *o = arg;
    (void)s;
    if (f->order >= o->count || o->items[f->order].verdict != PRO_OPEN) {
        return false;
    }
    o->items[f->order].verdict = PRO_BOGUS_CIPHER;
    slot->chains[at].block.entries[f->order].kind = PRO_ENTRY_BOGUS;
    return true;
}

static bool falsify_plaintext(struct seq *s, struct seq_slot *slot, size_t at,
                              const Lockstep__FaultConfig *f, void *arg)
{
    struct pro_block *b = &slot->chains[at].block;
    (void)s;
    (void)arg;
    if (f->order >= b->count || b->entries[f->order].tx.len < 2) {
        return false;
    }
    b->entries[f->order].tx.len--;
    return true;
}

static bool omit_leg(struct seq *s, struct seq_slot *slot, size_t at,
                     const Lockstep__FaultConfig *f, void *arg)
{
    struct seq_chain *chain = &slot->chains[at];
    struct pro_block *b = &chain->block;
    (void)arg;
    if (f->order >= b->count || b->count < 2) {
        return false;
    }
    b->count--;
    memmove(&b->entries[f->order], &b->entries[f->order + 1],
            (b->count - f->order) * sizeof(*b->entries));
    strike(s, slot, at, f->order);
    return true;
}

static bool swap_entries(struct seq *s, struct seq_slot *slot, size_t at,
                         const Lockstep__FaultConfig *f, void *arg)
{
    struct pro_block *b = &slot->chains[at].block;
    (void)s;
    (void)arg;
    if (f->sealed || f->order >= b->count || f->with >= b->count) {
        return false;
    }
    struct pro_entry moved = b->entries[f->order];
    b->entries[f->order] = b->entries[f->with];
    b->entries[f->with] = moved;
    return true;
}

static bool unbundle(struct seq *s, struct seq_slot *slot, size_t at,
                     const Lockstep__FaultConfig *f, void *arg)
{
    struct pro_block *b = &slot->chains[at].block;
    (void)s;
    (void)arg;
    if (f->order >= b->count || b->entries[f->order].n_legs == 1) {
        return false;
    }
    b->entries[f->order].leg = 0;
    b->entries[f->order].n_legs = 1;
    return true;
}

void seq_fault_revealing(struct seq *s, struct seq_slot *slot, size_t at, struct pro_openings *o)
{
    each(s, PRO_FAULT_WRONG_OPENING, slot, at, falsify_opening, o);
    each(s, PRO_FAULT_FALSE_VERDICT, slot, at, falsify_verdict, o);
    each(s, PRO_FAULT_WRONG_PLAINTEXT, slot, at, falsify_plaintext, NULL);
    each(s, PRO_FAULT_SWAP_POSITIONS, slot, at, swap_entries, NULL);
    each(s, PRO_FAULT_UNBUNDLE, slot, at, unbundle, NULL);
    each(s, PRO_FAULT_OMIT_LEG, slot, at, omit_leg, NULL);
}

/* ---- Publishing ---- */

static int sign_unlogged(const struct seq *s, const char *tag, const struct buf *body,
                         struct buf *out)
{
    buf_clear(out);
    pro_sign(&s->p.view.deployment.id, tag, &s->p.key, buf_view(body), out);
    return body->err != 0 ? body->err : out->err;
}

int seq_fault_other_order(struct seq *s, struct pro_order *o, struct buf *shown)
{
    CLEANUP(buf_fini) struct buf body = {0};
    if (!seq_commits(s, PRO_FAULT_TWO_ORDERS, o->slot, o->rollup)) {
        return 0;
    }
    memset(o->commitment.b, 0, sizeof(o->commitment.b));
    o->commitment.b[0] = 0xc0; /* commits to an empty block */
    pro_order_encode(o, &body);
    return sign_unlogged(s, PRO_TAG_ORDER, &body, shown);
}

int seq_fault_other_block(struct seq *s, struct pro_header *h, struct buf *shown)
{
    CLEANUP(buf_fini) struct buf body = {0};
    if (h->final || h->round != 0 || !seq_commits(s, PRO_FAULT_TWO_BLOCKS, h->slot, h->rollup)) {
        return 0;
    }
    hash_keccak256(BYTES_OF(h->body_hash), &h->body_hash); /* of some other body */
    pro_header_encode(h, &body);
    return sign_unlogged(s, PRO_TAG_BLOCK, &body, shown);
}

/* ---- Admitting and promising ---- */

enum seq_refusal seq_fault_admitting(struct seq *s, enum seq_refusal verdict)
{
    if (verdict != SEQ_BAD_PROOF || s->closed) {
        return verdict;
    }
    uint64_t slot = s->slots[s->n_slots - 1]->number;
    return seq_commits(s, PRO_FAULT_ADMIT_BAD_PROOF, slot, 0) ? SEQ_ADMITTED : verdict;
}

/* Returns: the bundle's first leg on the rollup, or NULL. */
static struct pro_preconf_tx *leg_on(const struct seq_bundle *b, uint64_t rollup)
{
    for (uint32_t i = 0; i < b->preconf.n_legs; i++) {
        if (b->preconf.txs[i].rollup == rollup) {
            return &b->preconf.txs[i];
        }
    }
    return NULL;
}

/* The first bundle with a leg on the rollup waits for the second; then they swap places there. */
static enum seq_promising turn_round(struct seq *s, struct seq_slot *slot, int at,
                                     const struct seq_pending *pending)
{
    uint64_t rollup = s->p.config->sequencer->faults[at]->rollup;
    struct pro_preconf_tx *second = leg_on(pending->bundle, rollup);
    if (second == NULL || s->fault_told[at]) {
        return SEQ_PROMISE_NOW;
    }
    if (slot->held.bundle == NULL) {
        slot->held = *pending;
        return SEQ_PROMISE_LATER;
    }
    struct pro_preconf_tx *first = leg_on(slot->held.bundle, rollup);
    struct seq_chain *chain = &slot->chains[party_executor_index(&s->p, rollup)];
    struct seq_leg_ref moved = chain->legs[first->order];
    chain->legs[first->order] = chain->legs[second->order];
    chain->legs[second->order] = moved;
    uint32_t order = first->order;
    first->order = second->order;
    second->order = order;
    tell(s, at);
    return SEQ_PROMISE_BOTH;
}

/* The second bundle with a leg on the rollup gets the first one's place there, and the block has no
 * room for it. */
static enum seq_promising promise_twice(struct seq *s, struct seq_slot *slot, int at,
                                        const struct seq_pending *pending)
{
    uint64_t rollup = s->p.config->sequencer->faults[at]->rollup;
    struct pro_preconf_tx *leg = leg_on(pending->bundle, rollup);
    if (leg == NULL || leg->order == 0 || s->fault_told[at]) {
        return SEQ_PROMISE_NOW;
    }
    strike(s, slot, (size_t)party_executor_index(&s->p, rollup), leg->order);
    leg->order = 0;
    tell(s, at);
    return SEQ_PROMISE_UNLOGGED;
}

enum seq_promising seq_fault_promising(struct seq *s, struct seq_slot *slot,
                                       const struct seq_pending *pending)
{
    const Lockstep__SequencerConfig *c = s->p.config->sequencer;
    for (size_t i = 0; i < c->n_faults; i++) {
        enum seq_promising how = SEQ_PROMISE_NOW;
        if (c->faults[i]->slot != slot->number) {
            continue;
        }
        if (c->faults[i]->kind == PRO_FAULT_BREAK_GLOBAL_ORDER) {
            how = turn_round(s, slot, (int)i, pending);
        } else if (c->faults[i]->kind == PRO_FAULT_TWO_PROMISES) {
            how = promise_twice(s, slot, (int)i, pending);
        }
        if (how != SEQ_PROMISE_NOW) {
            return how;
        }
    }
    return SEQ_PROMISE_NOW;
}
