#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>

const char *seq_refusal_name(enum seq_refusal r)
{
    switch (r) {
#define X(symbol, name)                                                                            \
    case symbol:                                                                                   \
        return name;
        SEQ_REFUSAL_MAP(X)
#undef X
    }
    return "unknown";
}

void seq_bundle_destroy(struct seq_bundle **b)
{
    if (*b != NULL) {
        pro_bundle_fini(&(*b)->bundle);
        pro_preconf_fini(&(*b)->preconf);
        buf_fini(&(*b)->raw);
        free((*b)->exponents);
        free(*b);
        *b = NULL;
    }
}

/* Answers a submission by its hash: it may be nothing that has an id. */
static int refuse(struct seq *s, uint32_t wallet, struct bytes submission, enum seq_refusal reason,
                  const char *detail)
{
    Lockstep__BundleRefused refused = LOCKSTEP__BUNDLE_REFUSED__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    struct hash32 hash;
    hash_keccak256(submission, &hash);
    refused.submission = wire_bytes(BYTES_OF(hash));
    refused.reason = (char *)(uintptr_t)seq_refusal_name(reason);
    refused.detail = (char *)(uintptr_t)detail;
    m.body_case = LOCKSTEP__MESSAGE__BODY_BUNDLE_REFUSED;
    m.bundle_refused = &refused;
    party_note(&s->p, "refused", 0, 0, 0, 1, seq_refusal_name(reason));
    return party_send(&s->p, wallet, &m);
}

static void key_of(const struct hash32 *id, struct buf *out)
{
    wr_fixed(out, "bundle/", 7);
    wr_fixed(out, id->b, 32);
}

/* Out: whether this bundle was admitted before or is being admitted. */
static int is_known(const struct seq *s, const struct hash32 *id, bool *known)
{
    CLEANUP(buf_fini) struct buf key = {0};
    CLEANUP(buf_fini) struct buf value = {0};
    for (size_t i = 0; i < s->n_pending; i++) {
        if (hash32_equal(&s->pending[i].bundle->bundle.id, id)) {
            *known = true;
            return 0;
        }
    }
    key_of(id, &key);
    int rc = key.err != 0 ? key.err : s->p.store->ops->get(s->p.store, buf_view(&key), &value);
    *known = rc == 0;
    return rc == ERR_NOTFOUND ? 0 : rc;
}

/* What can be said before the expensive proofs. */
static int first_look(const struct seq *s, uint32_t from, const struct pro_bundle *b,
                      enum seq_refusal *verdict)
{
    const Lockstep__LimitsConfig *limits = s->p.config->limits;
    *verdict = SEQ_ADMITTED;
    if (s->closed) {
        *verdict = SEQ_CLOSED;
    } else if (!hash32_equal(&b->deployment, &s->p.view.deployment.id)) {
        *verdict = SEQ_DEPLOYMENT;
    } else if (b->n_legs > limits->legs_per_bundle) {
        *verdict = SEQ_TOO_MANY_LEGS;
    } else if (s->pending_by_peer[from] >= limits->pending_per_user) {
        *verdict = SEQ_PENDING;
    }
    for (uint32_t i = 0; i < b->n_legs && *verdict == SEQ_ADMITTED; i++) {
        if (party_executor_index(&s->p, b->legs[i].open.rollup) < 0) {
            *verdict = SEQ_UNKNOWN_ROLLUP;
        }
    }
    if (*verdict != SEQ_ADMITTED) {
        return 0;
    }
    bool known = false;
    int rc = is_known(s, &b->id, &known);
    if (rc == 0 && known) {
        *verdict = SEQ_DUPLICATE;
    }
    return rc;
}

/* Out: a copy of the submitted bytes, decoded. */
static int take_bundle(uint32_t from, struct bytes raw, struct seq_bundle **out)
{
    CLEANUP(seq_bundle_destroy) struct seq_bundle *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        return ERR_NOMEM;
    }
    b->wallet = from;
    buf_append_bytes(&b->raw, raw);
    int rc = b->raw.err != 0 ? b->raw.err : pro_bundle_decode(buf_view(&b->raw), &b->bundle);
    if (rc != 0) {
        return rc;
    }
    b->exponents = calloc(b->bundle.n_legs, sizeof(*b->exponents));
    if (b->exponents == NULL) {
        return ERR_NOMEM;
    }
    *out = MOVE(b);
    return 0;
}

static int refuse_undecodable(struct seq *s, uint32_t from, struct bytes submission, int rc)
{
    if (rc == ERR_NOMEM) {
        return rc;
    }
    enum seq_refusal reason = rc == ERR_MISMATCH ? SEQ_INCOMPLETE : SEQ_MALFORMED;
    return refuse(s, from, submission, reason, err_text(rc));
}

static int refuse_oversized(struct seq *s, uint32_t from, struct bytes submission)
{
    char detail[80];
    (void)snprintf(detail, sizeof(detail), "%zu bytes, the limit is %u", submission.len,
                   s->p.config->limits->bundle_bytes);
    return refuse(s, from, submission, SEQ_TOO_LARGE, detail);
}

int seq_on_submit(struct seq *s, uint32_t from, const Lockstep__SubmitBundle *m)
{
    CLEANUP(seq_bundle_destroy) struct seq_bundle *b = NULL;
    enum seq_refusal verdict = SEQ_ADMITTED;
    if (m->bundle.len > s->p.config->limits->bundle_bytes) {
        return refuse_oversized(s, from, wire_view(&m->bundle));
    }
    int rc = take_bundle(from, wire_view(&m->bundle), &b);
    if (rc != 0) {
        return refuse_undecodable(s, from, wire_view(&m->bundle), rc);
    }
    rc = first_look(s, from, &b->bundle, &verdict);
    if (rc == 0 && verdict != SEQ_ADMITTED) {
        return refuse(s, from, buf_view(&b->raw), verdict, "");
    }
    if (rc == 0) {
        rc = VEC_RESERVE(s->pending, s->cap_pending, s->n_pending + 1);
    }
    if (rc != 0) {
        return rc;
    }
    uint64_t id = SEQ_ADMIT_ID_BASE + s->next_work++;
    act_work(s->p.out, id, SEQ_WORK_ADMIT, buf_view(&b->raw),
             s->p.config->sequencer->admission_cost_ns * b->bundle.n_legs);
    s->pending_by_peer[from]++;
    s->pending[s->n_pending++] =
        (struct seq_pending){.work_id = id, .wallet = from, .received = s->p.now, .bundle = b};
    b = NULL;
    return 0;
}

/* Are all proofs right? Takes the exponents on the way. */
static enum seq_refusal read_verdicts(struct seq_bundle *b, struct bytes result)
{
    struct rd r = rd_from(result);
    enum seq_refusal verdict = SEQ_ADMITTED;
    for (uint32_t i = 0; i < b->bundle.n_legs; i++) {
        int32_t rc = (int32_t)rd_u32(&r);
        b->exponents[i] = rd_u64(&r);
        if (rc != 0 && verdict == SEQ_ADMITTED) {
            verdict = rc == ERR_NONCANONICAL ? SEQ_BAD_ELEMENT : SEQ_BAD_PROOF;
        }
    }
    CHECK(rd_end(&r) == 0);
    return verdict;
}

/* Two legs with the same exponent cannot be solved in one batch: the later waits for the next
 * slot. */
bool seq_collides(const struct seq_slot *slot, const struct seq_bundle *b)
{
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        const struct seq_bundle *other = slot->bundles[i];
        for (uint32_t k = 0; k < other->bundle.n_legs; k++) {
            for (uint32_t leg = 0; leg < b->bundle.n_legs; leg++) {
                if (other->exponents[k] == b->exponents[leg]) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool repeats_exponent(const struct seq_bundle *b)
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

/* Is there room in every block this bundle touches? */
static enum seq_refusal check_room(const struct seq *s, const struct seq_slot *slot,
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

/* Gives the bundle the next seq and its legs the next free positions of their rollups. */
static int assign_positions(struct seq *s, struct seq_slot *slot, struct seq_bundle *b)
{
    uint32_t n = b->bundle.n_legs;
    int rc = VEC_RESERVE(slot->bundles, slot->cap_bundles, (size_t)slot->n_bundles + 1);
    b->preconf.txs = calloc(n, sizeof(*b->preconf.txs));
    if (rc != 0 || b->preconf.txs == NULL) {
        return ERR_NOMEM;
    }
    b->preconf.slot = slot->number;
    b->preconf.seq = slot->n_bundles;
    b->preconf.bundle_id = b->bundle.id;
    b->preconf.n_legs = n;
    for (uint32_t i = 0; i < n; i++) {
        const struct pro_leg *leg = &b->bundle.legs[i];
        struct seq_chain *chain = &slot->chains[party_executor_index(&s->p, leg->open.rollup)];
        rc = VEC_RESERVE(chain->legs, chain->cap_legs, (size_t)chain->n_legs + 1);
        if (rc != 0) {
            return rc;
        }
        b->preconf.txs[i].rollup = leg->open.rollup;
        b->preconf.txs[i].order = chain->n_legs;
        b->preconf.txs[i].enc_tx_hash = leg->enc_tx_hash;
        chain->legs[chain->n_legs++] = (struct seq_leg_ref){slot->n_bundles, i};
        chain->gas += leg->open.gas_limit;
    }
    slot->bundles[slot->n_bundles++] = b;
    return 0;
}

/* The promise is durable before it leaves; it goes to the user and into DA. */
static int promise(struct seq *s, struct seq_slot *slot, struct seq_bundle *b)
{
    CLEANUP(buf_fini) struct buf preconf = {0};
    CLEANUP(buf_fini) struct buf item = {0};
    CLEANUP(buf_fini) struct buf key = {0};
    pro_preconf_sign(&s->p.view.domain, &b->preconf, &s->p.key);
    pro_preconf_encode(&b->preconf, &preconf);
    pro_preconf_hash(buf_view(&preconf), &b->preconf_hash);
    pro_bundle_item_encode(buf_view(&b->raw), buf_view(&preconf), &item);
    key_of(&b->bundle.id, &key);
    if (preconf.err != 0 || item.err != 0 || key.err != 0) {
        return ERR_NOMEM;
    }
    int rc = s->p.store->ops->put(s->p.store, buf_view(&key), buf_view(&preconf));
    if (rc != 0) {
        return rc;
    }
    Lockstep__BundlePreconfirmed out = LOCKSTEP__BUNDLE_PRECONFIRMED__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    out.preconfirmation = wire_bytes(buf_view(&preconf));
    m.body_case = LOCKSTEP__MESSAGE__BODY_BUNDLE_PRECONFIRMED;
    m.bundle_preconfirmed = &out;
    if (b->wallet != s->p.id) { /* its own it need not tell itself */
        rc = party_send(&s->p, b->wallet, &m);
    }
    if (rc == 0) {
        rc = party_da_put(&s->p, 0, slot->number, LOCKSTEP__DA_KIND__DA_BUNDLE, b->preconf.seq,
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

int seq_promise(struct seq *s, struct seq_slot *slot, struct seq_pending *pending)
{
    int rc = assign_positions(s, slot, pending->bundle);
    if (rc == 0) {
        account_deadline(s, pending);
        rc = promise(s, slot, pending->bundle);
    }
    return rc;
}

static void drop_pending(struct seq *s, size_t at)
{
    memmove(&s->pending[at], &s->pending[at + 1], (s->n_pending - at - 1) * sizeof(*s->pending));
    s->n_pending--;
}

static int refuse_pending(struct seq *s, size_t at, enum seq_refusal reason)
{
    struct seq_pending pending = s->pending[at];
    drop_pending(s, at);
    s->pending_by_peer[pending.wallet]--;
    int rc = refuse(s, pending.wallet, buf_view(&pending.bundle->raw), reason, "");
    seq_bundle_destroy(&pending.bundle);
    return rc;
}

/* Takes a verified bundle into the open slot, or leaves it for the next one. */
static int admit(struct seq *s, size_t at)
{
    struct seq_pending *pending = &s->pending[at];
    if (s->closed) {
        return refuse_pending(s, at, SEQ_CLOSED);
    }
    struct seq_slot *slot = s->slots[s->n_slots - 1];
    if (repeats_exponent(pending->bundle)) {
        return refuse_pending(s, at, SEQ_BAD_ELEMENT);
    }
    if (seq_collides(slot, pending->bundle)) {
        pending->deferred = true;
        return 0;
    }
    enum seq_refusal room = check_room(s, slot, pending->bundle);
    if (room != SEQ_ADMITTED) {
        return refuse_pending(s, at, room);
    }
    bool put_off = false;
    seq_attack_censor(s, slot, pending->bundle, &room, &put_off);
    if (room != SEQ_ADMITTED) {
        return refuse_pending(s, at, room);
    }
    if (put_off) {
        pending->deferred = true;
        return 0;
    }
    struct seq_pending admitted = *pending;
    drop_pending(s, at);
    return seq_attack_promise(s, slot, &admitted);
}

int seq_on_admitted(struct seq *s, const struct act_event *ev)
{
    size_t at = 0;
    while (at < s->n_pending && s->pending[at].work_id != ev->id) {
        at++;
    }
    CHECK(at < s->n_pending);
    if (ev->work_rc != 0) {
        return ev->work_rc;
    }
    enum seq_refusal verdict = read_verdicts(s->pending[at].bundle, ev->body);
    return verdict == SEQ_ADMITTED ? admit(s, at) : refuse_pending(s, at, verdict);
}

int seq_admit_deferred(struct seq *s)
{
    int rc = 0;
    size_t at = 0;
    while (at < s->n_pending && rc == 0) {
        size_t before = s->n_pending;
        if (s->pending[at].deferred) {
            s->pending[at].deferred = false;
            rc = admit(s, at);
        }
        at += s->n_pending == before ? 1 : 0;
    }
    return rc;
}
