#include "wallet/wal.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"
#include "wallet/wal_core.h"

#include <stdlib.h>

void wal_bundle_fini(struct wal_bundle *b)
{
    free(b->name);
    free(b->legs);
    free(b->finalized);
    buf_fini(&b->raw);
    pro_preconf_fini(&b->preconf);
    *b = (struct wal_bundle){0};
}

/* The first bundle with this id that has not been answered yet, or NULL. */
static struct wal_bundle *find_waiting(struct wal *w, const struct hash32 *id)
{
    struct wal_bundle *found = NULL;
    for (size_t i = 0; i < w->n_bundles; i++) {
        struct wal_bundle *b = &w->bundles[i];
        if (!b->promised && hash32_equal(&b->id, id) &&
            (found == NULL || b->number < found->number)) {
            found = b;
        }
    }
    return found;
}

static void forget(struct wal *w, struct wal_bundle *b)
{
    wal_bundle_fini(b);
    *b = w->bundles[--w->n_bundles];
}

/* A promise counts only if it is the sequencer's and speaks of exactly what was submitted. */
static int check_promise(const struct wal *w, const struct wal_bundle *b,
                         const struct pro_preconf *p)
{
    CLEANUP(pro_bundle_fini) struct pro_bundle sent = {0};
    int rc = pro_bundle_decode(buf_view(&b->raw), &sent);
    if (rc != 0) {
        return rc;
    }
    if (p->n_legs != sent.n_legs) {
        return ERR_MISMATCH;
    }
    for (uint32_t i = 0; i < p->n_legs; i++) {
        if (p->txs[i].rollup != sent.legs[i].open.rollup ||
            !hash32_equal(&p->txs[i].enc_tx_hash, &sent.legs[i].enc_tx_hash)) {
            return ERR_MISMATCH;
        }
    }
    return pro_preconf_verify(&w->p.view.domain, p, &w->p.view.sequencer);
}

static void record_preconfirmed(struct wal *w, const struct wal_bundle *b, struct bytes promise)
{
    Lockstep__TracePreconfirmed t = LOCKSTEP__TRACE_PRECONFIRMED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.name = b->name;
    t.preconfirmation = wire_bytes(promise);
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_PRECONFIRMED;
    r.preconfirmed = &t;
    party_record(&w->p, &r);
}

static void promise_key(const struct hash32 *bundle, struct buf *key)
{
    wr_fixed(key, "promise/", 8);
    wr_fixed(key, bundle->b, 32);
}

static int keep_promise(struct wal *w, struct wal_bundle *b, struct pro_preconf *p,
                        struct bytes promise)
{
    CLEANUP(buf_fini) struct buf key = {0};
    promise_key(&b->id, &key);
    int rc = key.err != 0 ? key.err : w->p.store->ops->put(w->p.store, buf_view(&key), promise);
    if (rc == 0) {
        b->preconf = *p;
        *p = (struct pro_preconf){0};
        b->promised = true;
        record_preconfirmed(w, b, promise);
        rc = wal_compare_promises(w, b);
    }
    return rc;
}

static void end_refused(struct wal *w, struct wal_bundle *b, const char *reason, const char *detail)
{
    Lockstep__TraceRefused t = LOCKSTEP__TRACE_REFUSED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    t.name = b->name;
    t.bundle_id = wire_bytes(BYTES_OF(b->id));
    t.reason = (char *)(uintptr_t)reason;
    t.detail = (char *)(uintptr_t)detail;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_REFUSED;
    r.refused = &t;
    party_record(&w->p, &r);
    forget(w, b);
}

/* A bundle submitted once more is answered with the promise it has. Out: whether this is one. */
static int is_repeated(const struct wal *w, const struct hash32 *bundle, struct bytes promise,
                       bool *out)
{
    CLEANUP(buf_fini) struct buf key = {0};
    CLEANUP(buf_fini) struct buf known = {0};
    promise_key(bundle, &key);
    int rc = key.err != 0 ? key.err : w->p.store->ops->get(w->p.store, buf_view(&key), &known);
    *out = rc == 0 && bytes_equal(buf_view(&known), promise);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

static int on_preconfirmed(struct wal *w, uint32_t from, const Lockstep__BundlePreconfirmed *m)
{
    struct bytes promise = wire_view(&m->preconfirmation);
    CLEANUP(pro_preconf_fini) struct pro_preconf p = {0};
    if (from != w->p.sequencer_id) {
        party_reject(&w->p, from, ACT_REJECT_UNEXPECTED, "promises come from the sequencer");
        return 0;
    }
    int rc = pro_preconf_decode(promise, &p);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0) {
        party_reject(&w->p, from, ACT_REJECT_MALFORMED, "preconfirmation: %s", err_text(rc));
        return 0;
    }
    struct wal_bundle *b = find_waiting(w, &p.bundle_id);
    if (b == NULL) {
        party_reject(&w->p, from, ACT_REJECT_DUPLICATE, "no bundle waits for this promise");
        return 0;
    }
    bool repeated = false;
    rc = is_repeated(w, &p.bundle_id, promise, &repeated);
    if (rc != 0) {
        return rc;
    }
    if (repeated) {
        end_refused(w, b, "duplicate", "it has its promise");
        return 0;
    }
    rc = check_promise(w, b, &p);
    if (rc != 0) {
        party_reject(&w->p, from, ACT_REJECT_SIGNATURE, "preconfirmation: %s", err_text(rc));
        return rc == ERR_NOMEM ? rc : 0;
    }
    return keep_promise(w, b, &p, promise);
}

/* The latest submission of these bytes that has not been answered yet: what is refused is the
 * repetition. */
static struct wal_bundle *find_submission(struct wal *w, const ProtobufCBinaryData *hash)
{
    struct wal_bundle *found = NULL;
    for (size_t i = 0; i < w->n_bundles; i++) {
        struct wal_bundle *b = &w->bundles[i];
        if (!b->promised && bytes_equal(BYTES_OF(b->submission), wire_view(hash)) &&
            (found == NULL || b->number > found->number)) {
            found = b;
        }
    }
    return found;
}

static int on_refused(struct wal *w, uint32_t from, const Lockstep__BundleRefused *m)
{
    struct wal_bundle *b = find_submission(w, &m->submission);
    if (b == NULL || from != w->p.sequencer_id) {
        party_reject(&w->p, from, ACT_REJECT_UNEXPECTED, "no bundle waits for this refusal");
        return 0;
    }
    end_refused(w, b, m->reason, m->detail);
    return 0;
}

static bool is_settled(const struct wal_bundle *b)
{
    for (uint32_t i = 0; i < b->preconf.n_legs; i++) {
        if (!b->finalized[i]) {
            return false;
        }
    }
    return true;
}

/* What one L1 event says about one bundle. */
static void apply_event(struct wal_bundle *b, const Lockstep__L1Event *e,
                        const struct pro_header *header)
{
    for (uint32_t i = 0; i < b->preconf.n_legs; i++) {
        if (b->preconf.txs[i].rollup != e->rollup) {
            continue;
        }
        if (header != NULL) {
            bool out = pro_bit(header->excluded, b->preconf.txs[i].order);
            b->legs[i] = out ? WAL_LEG_EXCLUDED : WAL_LEG_IN;
        } else if (e->kind == LOCKSTEP__L1_KIND__L1_FINALIZED) {
            b->finalized[i] = true;
        }
    }
}

static void note_settled(struct wal *w, const struct wal_bundle *b)
{
    uint32_t excluded = 0;
    for (uint32_t i = 0; i < b->preconf.n_legs; i++) {
        excluded += b->legs[i] == WAL_LEG_EXCLUDED ? 1 : 0;
    }
    party_note(&w->p, excluded != 0 ? "bundle_excluded" : "bundle_included", b->preconf.slot, 0, 0,
               b->preconf.n_legs, b->name);
}

/* Promises for these slots will not be kept. */
static void void_bundles(struct wal *w, const Lockstep__L1Event *e)
{
    for (size_t i = w->n_bundles; i > 0; i--) {
        struct wal_bundle *b = &w->bundles[i - 1];
        if (b->promised && b->preconf.slot >= e->slot && b->preconf.slot <= e->through) {
            party_note(&w->p, "bundle_voided", b->preconf.slot, 0, 0, b->preconf.n_legs, b->name);
            forget(w, b);
        }
    }
}

static int on_l1_event(struct wal *w, const Lockstep__L1Event *e)
{
    if (e->kind == LOCKSTEP__L1_KIND__L1_VOIDED) {
        void_bundles(w, e);
        return 0;
    }
    if (e->kind == LOCKSTEP__L1_KIND__L1_BLOCK) {
        return wal_on_l1_block(w, e);
    }
    struct bytes body;
    struct pro_header header;
    bool final = e->kind == LOCKSTEP__L1_KIND__L1_FINAL;
    if (final && (pro_unsign_from(&w->p.view.deployment.id, PRO_TAG_BLOCK, wire_view(&e->artifact),
                                  &w->p.view.sequencer, &body) != 0 ||
                  pro_header_decode(body, &header) != 0)) {
        party_reject(&w->p, w->p.l1_id, ACT_REJECT_SIGNATURE, "final header on L1");
        return 0;
    }
    for (size_t i = w->n_bundles; i > 0; i--) {
        struct wal_bundle *b = &w->bundles[i - 1];
        if (!b->promised || b->preconf.slot != e->slot) {
            continue;
        }
        apply_event(b, e, final ? &header : NULL);
        if (is_settled(b)) {
            note_settled(w, b);
            forget(w, b);
        }
    }
    return 0;
}

static int on_l1_block(struct wal *w, uint32_t from, const Lockstep__L1Block *block)
{
    if (from != w->p.l1_id) {
        party_reject(&w->p, from, ACT_REJECT_UNEXPECTED, "L1 blocks come from L1");
        return 0;
    }
    int rc = 0;
    for (size_t i = 0; i < block->n_events && rc == 0; i++) {
        rc = on_l1_event(w, block->events[i]);
    }
    return rc;
}

static int wal_start(struct party *p)
{
    (void)p;
    return 0;
}

static int wal_message(struct party *p, uint32_t from, const Lockstep__Message *m)
{
    struct wal *w = (struct wal *)p;
    if (m->body_case == LOCKSTEP__MESSAGE__BODY_SUBMIT_COMMAND && from == ACT_HOST) {
        return wal_submit(w, m->submit_command);
    }
    switch (m->body_case) {
    case LOCKSTEP__MESSAGE__BODY_BUNDLE_PRECONFIRMED:
        return on_preconfirmed(w, from, m->bundle_preconfirmed);
    case LOCKSTEP__MESSAGE__BODY_BUNDLE_REFUSED:
        return on_refused(w, from, m->bundle_refused);
    case LOCKSTEP__MESSAGE__BODY_L1_BLOCK:
        return on_l1_block(w, from, m->l1_block);
    case LOCKSTEP__MESSAGE__BODY_DA_ITEM:
        return wal_on_item(w, from, m->da_item);
    default:
        party_reject(p, from, ACT_REJECT_UNEXPECTED, "not a message for a wallet");
        return 0;
    }
}

static int wal_timer(struct party *p, uint64_t id)
{
    (void)p;
    (void)id;
    return 0;
}

static int wal_work_done(struct party *p, const struct act_event *ev)
{
    return wal_on_watched((struct wal *)p, ev);
}

static const struct party_ops ops = {wal_start, wal_message, wal_timer, wal_work_done};

static void wal_destroy(struct act_actor **self)
{
    struct wal *w = (struct wal *)*self;
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->n_bundles; i++) {
        wal_bundle_fini(&w->bundles[i]);
    }
    for (size_t i = 0; i < w->n_accounts; i++) {
        free(w->accounts[i].name);
        sig_key_wipe(&w->accounts[i].key);
    }
    for (size_t i = 0; i < w->n_watched; i++) {
        wal_watched_fini(&w->watched[i]);
    }
    free(w->watched);
    free(w->bundles);
    free(w->accounts);
    party_fini(&w->p);
    free(w);
    *self = NULL;
}

static int take_accounts(struct wal *w, struct buf *why)
{
    const Lockstep__WalletConfig *c = w->p.config->wallet;
    w->accounts = calloc(c->n_accounts + 1, sizeof(*w->accounts));
    if (w->accounts == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n_accounts; i++) {
        struct hash32 secret;
        if (c->accounts[i]->secret.len != 32) {
            buf_printf(why, "account %s: the secret must have 32 bytes", c->accounts[i]->name);
            return ERR_INVALID;
        }
        memcpy(secret.b, c->accounts[i]->secret.data, 32);
        if (sig_key_from_secret(&w->accounts[i].key, &secret) != 0) {
            buf_printf(why, "account %s: not a secp256k1 key", c->accounts[i]->name);
            return ERR_INVALID;
        }
        w->accounts[i].name = strdup(c->accounts[i]->name);
        w->n_accounts++;
        if (w->accounts[i].name == NULL) {
            return ERR_NOMEM;
        }
    }
    return 0;
}

static int wal_create(const struct act_setup *setup, struct act_actor **out, struct buf *why)
{
    struct wal *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return ERR_NOMEM;
    }
    int rc = party_init(&w->p, setup, LOCKSTEP__ROLE__ROLE_WALLET, why);
    if (rc != 0) {
        free(w);
        return rc;
    }
    struct act_actor *self = (struct act_actor *)w;
    rc = take_accounts(w, why);
    if (rc == 0 && w->p.view.vc == NULL) {
        buf_printf(why, "a wallet needs the KZG setup");
        rc = ERR_INVALID;
    }
    if (rc != 0) {
        wal_destroy(&self);
        return rc;
    }
    *out = self;
    return 0;
}

static int wal_step(struct act_actor *self, const struct act_event *ev, struct act_effects *out)
{
    return party_step(&((struct wal *)self)->p, &ops, ev, out);
}

const struct act_class wal_class = {"wallet", wal_create, wal_step, wal_work_run, wal_destroy};
