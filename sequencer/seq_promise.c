#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "sequencer/seq_faults.h"

#include <stdlib.h>

/* Returns: where `e` stands in the slot's exponents, or would. */
static size_t exponent_at(const struct seq_slot *slot, uint64_t e)
{
    size_t lo = 0;
    size_t hi = slot->n_exponents;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (slot->exponents[mid] < e) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

bool seq_collides(const struct seq_slot *slot, const struct seq_bundle *b)
{
    for (uint32_t i = 0; i < b->bundle.n_legs; i++) {
        size_t at = exponent_at(slot, b->exponents[i]);
        if (at < slot->n_exponents && slot->exponents[at] == b->exponents[i]) {
            return true;
        }
    }
    return false;
}

bool seq_repeats_exponent(const struct seq_bundle *b)
{
    for (uint32_t i = 0; i < b->bundle.n_legs; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (b->exponents[i] == b->exponents[k]) {
                return true;
            }
        }
    }
    return false;
}

static int take_exponents(struct seq_slot *slot, const struct seq_bundle *b)
{
    size_t n = slot->n_exponents + b->bundle.n_legs;
    int rc = VEC_RESERVE(slot->exponents, slot->cap_exponents, n);
    for (uint32_t i = 0; i < b->bundle.n_legs && rc == 0; i++) {
        size_t at = exponent_at(slot, b->exponents[i]);
        memmove(&slot->exponents[at + 1], &slot->exponents[at],
                (slot->n_exponents - at) * sizeof(*slot->exponents));
        slot->exponents[at] = b->exponents[i];
        slot->n_exponents++;
    }
    return rc;
}

enum seq_refusal seq_check_room(const struct seq *s, const struct seq_slot *slot,
                                const struct seq_bundle *b)
{
    const Lockstep__LimitsConfig *limits = s->p.config->limits;
    for (uint32_t i = 0; i < b->bundle.n_legs; i++) {
        uint64_t rollup = b->bundle.legs[i].open.rollup;
        const struct seq_chain *chain = &slot->chains[party_executor_index(&s->p, rollup)];
        uint64_t legs = chain->n_legs;
        uint64_t gas = chain->gas;
        for (uint32_t k = 0; k <= i; k++) {
            const struct pro_open_part *open = &b->bundle.legs[k].open;
            legs += open->rollup == rollup ? 1 : 0;
            if (open->rollup == rollup && __builtin_add_overflow(gas, open->gas_limit, &gas)) {
                return SEQ_GAS;
            }
        }
        if (legs > limits->transactions_per_block) {
            return SEQ_BLOCK_FULL;
        }
        if (gas > limits->gas_per_block) {
            return SEQ_GAS;
        }
    }
    return SEQ_ADMITTED;
}

/* The bundle gets the next seq and its legs the next free positions of their rollups. */
static int assign_positions(struct seq *s, struct seq_slot *slot, struct seq_bundle *b)
{
    uint32_t n = b->bundle.n_legs;
    b->preconf.txs = calloc(n, sizeof(*b->preconf.txs));
    if (b->preconf.txs == NULL) {
        return ERR_NOMEM;
    }
    b->preconf.slot = slot->number;
    b->preconf.seq = slot->n_bundles - 1;
    b->preconf.bundle_id = b->bundle.id;
    b->preconf.n_legs = n;
    for (uint32_t i = 0; i < n; i++) {
        const struct pro_leg *leg = &b->bundle.legs[i];
        struct seq_chain *chain = &slot->chains[party_executor_index(&s->p, leg->open.rollup)];
        int rc = VEC_RESERVE(chain->legs, chain->cap_legs, (size_t)chain->n_legs + 1);
        if (rc != 0) {
            return rc;
        }
        b->preconf.txs[i].rollup = leg->open.rollup;
        b->preconf.txs[i].order = chain->n_legs;
        b->preconf.txs[i].enc_tx_hash = leg->enc_tx_hash;
        chain->legs[chain->n_legs++] = (struct seq_leg_ref){b->preconf.seq, i};
        chain->gas += leg->open.gas_limit;
    }
    return take_exponents(slot, b);
}

/* To the user and into DA. */
static int send_promise(struct seq *s, const struct seq_bundle *b, struct bytes preconf)
{
    CLEANUP(buf_fini) struct buf item = {0};
    Lockstep__BundlePreconfirmed out = LOCKSTEP__BUNDLE_PRECONFIRMED__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    pro_bundle_item_encode(buf_view(&b->raw), preconf, &item);
    if (item.err != 0) {
        return item.err;
    }
    out.preconfirmation = wire_bytes(preconf);
    m.body_case = LOCKSTEP__MESSAGE__BODY_BUNDLE_PRECONFIRMED;
    m.bundle_preconfirmed = &out;
    int rc = b->wallet == s->p.id ? 0 : party_send(&s->p, b->wallet, &m);
    if (rc == 0) {
        rc = party_da_put(&s->p, 0, b->preconf.slot, LOCKSTEP__DA_KIND__DA_BUNDLE, b->preconf.seq,
                          buf_view(&item));
    }
    return rc;
}

/* Anybody A_max times faster than the modelled solver could read the bundle after this long. */
static void account_deadline(struct seq *s, const struct seq_pending *pending)
{
    const Lockstep__TimelockConfig *t = s->p.config->timelock;
    uint64_t speedup = t->attacker_speedup != 0 ? t->attacker_speedup : 1;
    u128 delay_ns =
        (u128)tlp_params_squarings(s->p.tlp) * (u128)NS_PER_S / t->squarings_per_second / speedup;
    u128 taken_ns = (u128)(s->p.now.ns - pending->received.ns);
    if (taken_ns > delay_ns) {
        party_note(&s->p, "deadline_missed", pending->bundle->preconf.slot, 0, 0,
                   (uint64_t)taken_ns, "promised after the time-lock could have been broken");
    }
}

/* In: how to sign: see seq_faults.h. */
static int utter(struct seq *s, const struct seq_pending *pending, bool logged)
{
    CLEANUP(buf_fini) struct buf preconf = {0};
    struct seq_bundle *b = pending->bundle;
    int rc = 0;
    if (logged) {
        rc = seq_sign_promise(s, b, &preconf);
    } else {
        pro_preconf_sign(&s->p.view.domain, &b->preconf, &s->p.key);
        pro_preconf_encode(&b->preconf, &preconf);
        rc = preconf.err;
    }
    if (rc == 0) {
        pro_preconf_hash(buf_view(&preconf), &b->preconf_hash);
        account_deadline(s, pending);
        rc = send_promise(s, b, buf_view(&preconf));
    }
    return rc;
}

int seq_promise_held(struct seq *s, struct seq_slot *slot)
{
    struct seq_pending held = slot->held;
    slot->held = (struct seq_pending){0};
    return held.bundle == NULL ? 0 : utter(s, &held, true);
}

int seq_promise(struct seq *s, struct seq_slot *slot, struct seq_pending *pending)
{
    int rc = VEC_RESERVE(slot->bundles, slot->cap_bundles, (size_t)slot->n_bundles + 1);
    if (rc != 0) {
        seq_bundle_destroy(&pending->bundle);
        return rc;
    }
    slot->bundles[slot->n_bundles++] = pending->bundle;
    rc = assign_positions(s, slot, pending->bundle);
    if (rc != 0) {
        return rc;
    }
    enum seq_promising how = seq_fault_promising(s, slot, pending);
    if (how == SEQ_PROMISE_LATER) {
        return 0;
    }
    if (how == SEQ_PROMISE_BOTH) {
        rc = seq_promise_held(s, slot);
    }
    return rc != 0 ? rc : utter(s, pending, how != SEQ_PROMISE_UNLOGGED);
}
