#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "sequencer/seq_faults.h"

#include <stdlib.h>

/* Modelled time of the time-lock's T squarings. */
static int64_t chain_cost_ns(const struct seq *s)
{
    u128 ns = (u128)tlp_params_squarings(s->p.tlp) * (u128)NS_PER_S /
              s->p.config->timelock->squarings_per_second;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static void chain_fini(struct seq_chain *c)
{
    free(c->legs);
    pro_block_fini(&c->block);
    buf_fini(&c->result);
    buf_fini(&c->proofs);
    buf_fini(&c->proposal);
    free(c->told);
    free(c->changes);
}

void seq_slot_destroy(struct seq_slot **slot, size_t n_chains)
{
    struct seq_slot *s = *slot;
    if (s == NULL) {
        return;
    }
    for (uint32_t i = 0; i < s->n_bundles; i++) {
        seq_bundle_destroy(&s->bundles[i]);
    }
    for (size_t i = 0; s->chains != NULL && i < n_chains; i++) {
        chain_fini(&s->chains[i]);
    }
    for (size_t i = 0; i < s->n_failures; i++) {
        buf_fini(&s->failures[i].artifact);
        buf_fini(&s->failures[i].proofs);
    }
    free(s->bundles);
    free(s->exponents);
    free(s->chains);
    free(s->failures);
    free(s->pol_legs);
    free(s->pol_keys);
    free(s->pol_bundles);
    pol_state_fini(&s->pol);
    buf_fini(&s->revealed);
    free(s);
    *slot = NULL;
}

struct seq_slot *seq_find_slot(struct seq *s, uint64_t number)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        if (s->slots[i]->number == number) {
            return s->slots[i];
        }
    }
    return NULL;
}

void seq_drop_slot(struct seq *s, struct seq_slot *slot)
{
    size_t at = 0;
    while (s->slots[at] != slot) {
        at++;
    }
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        s->pending_by_peer[slot->bundles[i]->wallet]--;
    }
    memmove(&s->slots[at], &s->slots[at + 1], (s->n_slots - at - 1) * sizeof(struct seq_slot *));
    s->n_slots--;
    seq_slot_destroy(&slot, s->n_chains);
}

int seq_open_slot(struct seq *s, uint64_t number)
{
    const Lockstep__SlotConfig *c = s->p.config->sequencer->slots;
    int rc = VEC_RESERVE(s->slots, s->cap_slots, s->n_slots + 1);
    if (rc == 0) {
        rc = seq_log_slot(s, number);
    }
    if (rc != 0) {
        return rc;
    }
    struct seq_slot *slot = calloc(1, sizeof(*slot));
    if (slot == NULL) {
        return ERR_NOMEM;
    }
    slot->number = number;
    slot->phase = SEQ_OPEN;
    slot->chains = calloc(s->n_chains, sizeof(*slot->chains));
    if (slot->chains == NULL) {
        free(slot);
        return ERR_NOMEM;
    }
    s->slots[s->n_slots++] = slot;
    int64_t offset = 0;
    if (__builtin_mul_overflow((int64_t)number, c->duration_ns, &offset)) {
        offset = INT64_MAX;
    }
    act_arm(s->p.out, SEQ_TIMER_SLOT, sim_time_add(s->started, offset));
    return 0;
}

/* The promised legs of one rollup as a block, before anything is revealed. */
static int promised_block(struct seq *s, struct seq_slot *slot, size_t at)
{
    struct seq_chain *chain = &slot->chains[at];
    int rc = pro_block_init(&chain->block, slot->number, s->p.view.executors[at].rollup, 0,
                            chain->n_legs);
    chain->told = calloc((size_t)chain->n_legs + 1, sizeof(*chain->told));
    if (rc != 0 || chain->told == NULL) {
        return rc != 0 ? rc : ERR_NOMEM;
    }
    for (uint32_t i = 0; i < chain->n_legs; i++) {
        const struct seq_bundle *b = slot->bundles[chain->legs[i].bundle];
        struct pro_entry *e = &chain->block.entries[i];
        e->kind = PRO_ENTRY_BOGUS;
        e->seq = chain->legs[i].bundle;
        e->leg = chain->legs[i].leg;
        e->n_legs = b->bundle.n_legs;
        e->bundle_id = b->bundle.id;
        e->enc_tx_hash = b->bundle.legs[e->leg].enc_tx_hash;
        e->preconf_hash = b->preconf_hash;
    }
    return 0;
}

static int seal(struct seq *s, struct seq_slot *slot)
{
    int rc = seq_promise_held(s, slot);
    seq_fault_sealing(s, slot);
    for (size_t i = 0; i < s->n_chains && rc == 0; i++) {
        if (slot->chains[i].n_legs != 0) {
            rc = promised_block(s, slot, i);
            slot->chains[i].changed = true;
        }
    }
    slot->phase = SEQ_SEALING;
    party_note(&s->p, "sealed", slot->number, 0, 0, slot->n_bundles, NULL);
    return rc != 0 ? rc : seq_start_commit(s, slot, true);
}

int seq_on_slot_end(struct seq *s)
{
    const Lockstep__SlotConfig *c = s->p.config->sequencer->slots;
    struct seq_slot *slot = s->slots[s->n_slots - 1];
    uint64_t number = slot->number;
    int rc = 0;
    if (slot->n_bundles == 0) {
        seq_drop_slot(s, slot);
    } else {
        rc = seal(s, slot);
    }
    if (rc != 0) {
        return rc;
    }
    if (c->count != 0 && number >= c->count) {
        s->closed = true;
    } else {
        rc = seq_open_slot(s, number + 1);
    }
    return rc != 0 ? rc : seq_admit_deferred(s);
}

/* Signs and publishes one rollup's order commitment. */
static int publish_order(struct seq *s, struct seq_slot *slot, size_t at,
                         const struct vc_commitment *commitment)
{
    CLEANUP(buf_fini) struct buf body = {0};
    CLEANUP(buf_fini) struct buf artifact = {0};
    uint64_t rollup = s->p.view.executors[at].rollup;
    struct pro_order order = {slot->number, rollup, slot->chains[at].n_legs, *commitment};
    struct seq_place place = {SEQ_SAYS_ORDER, slot->number, rollup, 0};
    pro_order_encode(&order, &body);
    int rc = body.err != 0 ? body.err : seq_sign(s, &place, buf_view(&body), &artifact);
    if (rc != 0) {
        return rc;
    }
    rc = party_da_put(&s->p, rollup, slot->number, LOCKSTEP__DA_KIND__DA_ORDER, 0,
                      buf_view(&artifact));
    rc = rc != 0 ? rc : seq_fault_other_order(s, &order, &artifact);
    return rc != 0 ? rc : party_l1_submit(&s->p, LOCKSTEP__L1_KIND__L1_ORDER, buf_view(&artifact));
}

static int start_solving(struct seq *s, struct seq_slot *slot)
{
    CLEANUP(buf_fini) struct buf request = {.limit = SIZE_MAX / 2};
    int64_t legs = 0;
    wr_u32(&request, slot->n_bundles);
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        wr_var(&request, buf_view(&slot->bundles[i]->raw));
        legs += slot->bundles[i]->bundle.n_legs;
    }
    if (request.err != 0) {
        return request.err;
    }
    slot->phase = SEQ_SOLVING;
    if (seq_commits(s, PRO_FAULT_WITHHOLD_REVEAL, slot->number, 0)) {
        return 0;
    }
    struct sim_time done = sim_time_add((struct sim_time){chain_cost_ns(s)},
                                        legs * s->p.config->sequencer->reveal_cost_ns);
    act_work(s->p.out, seq_slot_work_id(slot, SEQ_WORK_SOLVE), SEQ_WORK_SOLVE, buf_view(&request),
             done.ns);
    return 0;
}

int seq_on_order_committed(struct seq *s, struct seq_slot *slot, struct bytes result)
{
    struct rd r = rd_from(result);
    for (size_t i = 0; i < s->n_chains; i++) {
        struct vc_commitment c;
        if (!slot->chains[i].changed) {
            continue;
        }
        rd_fixed(&r, c.b, sizeof(c.b));
        int rc = publish_order(s, slot, i, &c);
        if (rc != 0) {
            return rc;
        }
    }
    CHECK(rd_end(&r) == 0);
    slot->phase = SEQ_SEALED;
    return seq_solve_next(s);
}

int seq_solve_next(struct seq *s)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        struct seq_slot *slot = s->slots[i];
        bool proposed = slot->phase == SEQ_EXECUTING || slot->phase == SEQ_FINALIZING ||
                        (slot->phase == SEQ_COMMITTING && slot->round > 0);
        if (!proposed) {
            return slot->phase == SEQ_SEALED ? start_solving(s, slot) : 0;
        }
    }
    return 0;
}

/* Puts what the solve revealed into the blocks and publishes every opening. */
static int publish_openings(struct seq *s, struct seq_slot *slot, size_t at,
                            const struct pro_openings *openings)
{
    CLEANUP(buf_fini) struct buf body = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf artifact = {.limit = SIZE_MAX / 2};
    struct seq_place place = {SEQ_SAYS_OPENINGS, slot->number, openings->rollup, 0};
    pro_openings_encode(openings, &body);
    int rc = body.err != 0 ? body.err : seq_sign(s, &place, buf_view(&body), &artifact);
    if (rc != 0) {
        return rc;
    }
    return party_da_put(&s->p, s->p.view.executors[at].rollup, slot->number,
                        LOCKSTEP__DA_KIND__DA_OPENINGS, 0, buf_view(&artifact));
}

/* One leg of the solve's result. */
struct revealed_leg {
    enum pro_verdict verdict;
    struct bytes w;
    struct bytes plain;
};

static int reveal_chain(struct seq *s, struct seq_slot *slot, size_t at,
                        const struct revealed_leg *legs, const uint32_t *first_leg)
{
    struct seq_chain *chain = &slot->chains[at];
    CLEANUP(pro_openings_fini)
    struct pro_openings o = {
        .slot = slot->number, .rollup = chain->block.rollup, .count = chain->n_legs};
    o.items = calloc(chain->n_legs, sizeof(*o.items));
    if (o.items == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < chain->n_legs; i++) {
        const struct revealed_leg *leg =
            &legs[first_leg[chain->legs[i].bundle] + chain->legs[i].leg];
        o.items[i] = (struct pro_opening){leg->verdict, leg->w};
        chain->block.entries[i].kind = leg->verdict == PRO_OPEN ? PRO_ENTRY_TX : PRO_ENTRY_BOGUS;
        chain->block.entries[i].tx = leg->plain;
    }
    chain->changed = true;
    seq_fault_revealing(s, slot, at, &o);
    return publish_openings(s, slot, at, &o);
}

static uint32_t total_legs(const struct seq_slot *slot)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        n += slot->bundles[i]->bundle.n_legs;
    }
    return n;
}

int seq_on_solved(struct seq *s, struct seq_slot *slot, struct bytes result)
{
    uint32_t n = total_legs(slot);
    CLEANUP(cleanup_free) struct revealed_leg *legs = calloc((size_t)n + 1, sizeof(*legs));
    CLEANUP(cleanup_free)
    uint32_t *first_leg = calloc((size_t)slot->n_bundles + 1, sizeof(*first_leg));
    slot->revealed.limit = SIZE_MAX / 2;
    buf_append_bytes(&slot->revealed, result);
    if (legs == NULL || first_leg == NULL || slot->revealed.err != 0) {
        return ERR_NOMEM;
    }
    struct rd r = rd_from(buf_view(&slot->revealed));
    uint32_t bogus = 0;
    for (uint32_t i = 0; i < n; i++) {
        legs[i].verdict = rd_u8(&r) == PRO_OPEN ? PRO_OPEN : PRO_BOGUS_CIPHER;
        legs[i].w = rd_var(&r, UINT32_MAX);
        legs[i].plain = rd_var(&r, UINT32_MAX);
        bogus += legs[i].verdict == PRO_OPEN ? 0 : 1;
    }
    CHECK(rd_end(&r) == 0);
    for (uint32_t i = 1; i < slot->n_bundles; i++) {
        first_leg[i] = first_leg[i - 1] + slot->bundles[i - 1]->bundle.n_legs;
    }
    party_note(&s->p, "revealed", slot->number, 0, 0, n, NULL);
    if (bogus != 0) {
        party_note(&s->p, "bogus_cipher", slot->number, 0, 0, bogus, NULL);
    }
    for (size_t i = 0; i < s->n_chains; i++) {
        if (slot->chains[i].n_legs == 0) {
            continue;
        }
        int rc = reveal_chain(s, slot, i, legs, first_leg);
        if (rc != 0) {
            return rc;
        }
    }
    slot->phase = SEQ_COMMITTING;
    int rc = seq_attack_learn(s, slot);
    return rc != 0 ? rc : seq_start_commit(s, slot, false);
}
