#include "sequencer/seq_core.h"

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

void seq_queue_fini(struct seq_queue *q)
{
    for (size_t i = 0; i < q->n; i++) {
        seq_bundle_destroy(&q->items[i].bundle);
    }
    free(q->items);
    *q = (struct seq_queue){0};
}

int seq_queue_add(struct seq_queue *q, const struct seq_pending *pending)
{
    int rc = VEC_RESERVE(q->items, q->cap, q->n + 1);
    if (rc == 0) {
        q->items[q->n++] = *pending;
    }
    return rc;
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

static bool holds(const struct seq_queue *q, const struct hash32 *id)
{
    for (size_t i = 0; i < q->n; i++) {
        if (hash32_equal(&q->items[i].bundle->bundle.id, id)) {
            return true;
        }
    }
    return false;
}

/* What can be said before the expensive proofs. */
static enum seq_refusal first_look(const struct seq *s, uint32_t from, const struct pro_bundle *b)
{
    const Lockstep__LimitsConfig *limits = s->p.config->limits;
    if (s->closed) {
        return SEQ_CLOSED;
    }
    if (!hash32_equal(&b->deployment, &s->p.view.deployment.id)) {
        return SEQ_DEPLOYMENT;
    }
    if (b->n_legs > limits->legs_per_bundle) {
        return SEQ_TOO_MANY_LEGS;
    }
    for (uint32_t i = 0; i < b->n_legs; i++) {
        if (party_executor_index(&s->p, b->legs[i].open.rollup) < 0) {
            return SEQ_UNKNOWN_ROLLUP;
        }
    }
    if (holds(&s->arrivals, &b->id) || holds(&s->deferred, &b->id)) {
        return SEQ_DUPLICATE;
    }
    return s->pending_by_peer[from] >= limits->pending_per_user ? SEQ_PENDING : SEQ_ADMITTED;
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

/* A bundle that has its promise gets the same again, whoever asks: it may be that the first was
 * lost. Out: whether it was so. */
static int repeat_promise(struct seq *s, uint32_t to, const struct hash32 *id, bool *repeated)
{
    CLEANUP(buf_fini) struct buf preconf = {0};
    Lockstep__BundlePreconfirmed out = LOCKSTEP__BUNDLE_PRECONFIRMED__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    int rc = seq_promise_of(s, id, &preconf);
    *repeated = rc == 0;
    if (rc != 0) {
        return rc == ERR_NOTFOUND ? 0 : rc;
    }
    out.preconfirmation = wire_bytes(buf_view(&preconf));
    m.body_case = LOCKSTEP__MESSAGE__BODY_BUNDLE_PRECONFIRMED;
    m.bundle_preconfirmed = &out;
    return party_send(&s->p, to, &m);
}

int seq_on_submit(struct seq *s, uint32_t from, const Lockstep__SubmitBundle *m)
{
    CLEANUP(seq_bundle_destroy) struct seq_bundle *b = NULL;
    bool repeated = false;
    if (m->bundle.len > s->p.config->limits->bundle_bytes) {
        return refuse_oversized(s, from, wire_view(&m->bundle));
    }
    int rc = take_bundle(from, wire_view(&m->bundle), &b);
    if (rc != 0) {
        return refuse_undecodable(s, from, wire_view(&m->bundle), rc);
    }
    rc = repeat_promise(s, from, &b->bundle.id, &repeated);
    if (rc != 0 || repeated) {
        return rc;
    }
    enum seq_refusal verdict = first_look(s, from, &b->bundle);
    if (verdict != SEQ_ADMITTED) {
        return refuse(s, from, buf_view(&b->raw), verdict, "");
    }
    struct seq_pending arrival = {from, s->p.now, b};
    rc = seq_queue_add(&s->arrivals, &arrival);
    if (rc != 0) {
        return rc;
    }
    b = NULL;
    s->pending_by_peer[from]++;
    return seq_batch_start(s);
}

static int refuse_pending(struct seq *s, struct seq_pending *pending, enum seq_refusal reason,
                          const char *detail)
{
    s->pending_by_peer[pending->wallet]--;
    int rc = refuse(s, pending->wallet, buf_view(&pending->bundle->raw), reason, detail);
    seq_bundle_destroy(&pending->bundle);
    return rc;
}

/* For the next slot. Those behind it do not wait: whoever repeats an exponent could hold up
 * everybody. */
static int defer(struct seq *s, struct seq_pending *pending, const char *why)
{
    int rc = seq_queue_add(&s->deferred, pending);
    if (rc != 0) {
        seq_bundle_destroy(&pending->bundle);
        return rc;
    }
    party_note(&s->p, "deferred", s->slots[s->n_slots - 1]->number, 0, 0,
               pending->bundle->bundle.n_legs, why);
    return 0;
}

static int refuse_replayed(struct seq *s, struct seq_pending *pending, int leg)
{
    char detail[80];
    (void)snprintf(detail, sizeof(detail), "leg %d was promised before, in another bundle", leg);
    return refuse_pending(s, pending, SEQ_DUPLICATE, detail);
}

int seq_settle(struct seq *s, struct seq_pending *pending, enum seq_refusal verdict)
{
    int replayed = -1;
    if (verdict == SEQ_ADMITTED && s->closed) {
        verdict = SEQ_CLOSED;
    }
    if (verdict == SEQ_ADMITTED && seq_repeats_exponent(pending->bundle)) {
        verdict = SEQ_BAD_ELEMENT;
    }
    if (verdict != SEQ_ADMITTED) {
        return refuse_pending(s, pending, verdict, "");
    }
    int rc = seq_find_replayed(s, &pending->bundle->bundle, &replayed);
    if (rc != 0) {
        seq_bundle_destroy(&pending->bundle);
        return rc;
    }
    if (replayed >= 0) {
        return refuse_replayed(s, pending, replayed);
    }
    struct seq_slot *slot = s->slots[s->n_slots - 1];
    if (seq_collides(slot, pending->bundle)) {
        return defer(s, pending, "an exponent is taken in this slot");
    }
    bool put_off = false;
    verdict = seq_check_room(s, slot, pending->bundle);
    if (verdict == SEQ_ADMITTED) {
        seq_attack_censor(s, slot, pending->bundle, &verdict, &put_off);
    }
    if (verdict != SEQ_ADMITTED) {
        return refuse_pending(s, pending, verdict, "");
    }
    return put_off ? defer(s, pending, NULL) : seq_attack_promise(s, slot, pending);
}

int seq_admit_deferred(struct seq *s)
{
    struct seq_queue waiting = s->deferred;
    int rc = 0;
    s->deferred = (struct seq_queue){0};
    for (size_t i = 0; i < waiting.n && rc == 0; i++) {
        struct seq_pending pending = waiting.items[i];
        waiting.items[i].bundle = NULL;
        rc = seq_settle(s, &pending, SEQ_ADMITTED);
    }
    seq_queue_fini(&waiting);
    return rc;
}
