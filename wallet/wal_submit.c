#include "wallet/wal_core.h"

#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/ledger/led_tx.h"
#include "common/protocol/pro_fault.h"

#include <stdlib.h>

#define GAS_PER_OPERATION UINT64_C(21000)

static const struct wal_account *account(const struct wal *w, const char *name)
{
    for (size_t i = 0; i < w->n_accounts; i++) {
        if (strcmp(w->accounts[i].name, name) == 0) {
            return &w->accounts[i];
        }
    }
    return NULL;
}

/* Appends the signed transaction of one leg and completes its open part. Returns: 0, ERR_NOTFOUND
 * (no such account), or what the operations' decoder says. */
static int sign_leg(struct wal *w, const Lockstep__SubmitLeg *leg, struct pro_open_part *open,
                    struct buf *out)
{
    const struct wal_account *a = account(w, leg->from);
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    if (a == NULL) {
        return ERR_NOTFOUND;
    }
    int rc = led_ops_decode(wire_view(&leg->ops), &tx.ops, &tx.n_ops);
    if (rc != 0) {
        return rc;
    }
    tx.deployment = w->p.view.deployment.id;
    tx.rollup = leg->rollup;
    tx.bundle_nonce = open->bundle_nonce;
    tx.leg = open->leg;
    tx.n_legs = open->n_legs;
    tx.has_nonce = leg->has_nonce != 0;
    tx.nonce = leg->nonce;
    tx.sender = a->key.address;
    led_tx_sign(&tx, &a->key);
    led_tx_encode(&tx, out);
    open->gas_limit = GAS_PER_OPERATION * tx.n_ops;
    if (open->scope & PRO_SCOPE_SENDER) {
        open->sender = tx.sender;
    }
    if (open->scope & PRO_SCOPE_TX) {
        open->tx = buf_view(out);
    }
    return out->err;
}

/* Appends one sealed leg. In: the generator of its secrets; `fault` may be NULL. */
static int seal_leg(struct wal *w, const struct pro_open_part *open, struct bytes plain,
                    struct drbg *secret, const Lockstep__SubmitFault *fault, struct buf *out)
{
    CLEANUP(buf_fini) struct buf open_bytes = {0};
    CLEANUP(buf_fini) struct buf context = {0};
    CLEANUP(tlp_puzzle_out_fini) struct tlp_puzzle_out sealed = {0};
    enum tlp_profile profile = (enum tlp_profile)w->p.config->timelock->profile;
    pro_open_part_encode(open, &open_bytes);
    pro_leg_context(&w->p.view.deployment.id, buf_view(&open_bytes), &context);
    if (open_bytes.err != 0 || context.err != 0) {
        return ERR_NOMEM;
    }
    int rc = tlp_lock(w->p.tlp, profile, secret, buf_view(&context), plain, &sealed);
    rc = rc != 0 ? rc : wal_fault_proof(fault, open->leg, &sealed);
    if (rc == 0) {
        pro_leg_encode(buf_view(&open_bytes), buf_view(&sealed.u), buf_view(&sealed.q),
                       buf_view(&sealed.proof), buf_view(&sealed.ct), out);
        rc = out->err;
    }
    return rc != 0 ? rc : wal_fault_lift(w, fault, open->leg, buf_view(&open_bytes), out);
}

struct draft {
    uint32_t n;
    struct buf *legs;     /* encoded sealed legs */
    struct buf *plain;    /* their signed transactions */
    struct drbg *secrets; /* what their puzzles are made from */
    struct hash32 siblings;
};

static void draft_fini(struct draft *d)
{
    for (uint32_t i = 0; i < d->n; i++) {
        buf_fini(&d->legs[i]);
        buf_fini(&d->plain[i]);
        drbg_wipe(&d->secrets[i]);
    }
    free(d->legs);
    free(d->plain);
    free(d->secrets);
}

/* Before any leg is sealed, each has to know the u of all. */
static int draw_secrets(struct wal *w, const Lockstep__SubmitFault *fault, struct draft *d)
{
    enum tlp_profile profile = (enum tlp_profile)w->p.config->timelock->profile;
    CLEANUP(buf_fini) struct buf all = {0};
    CLEANUP(cleanup_free) struct bytes *us = calloc((size_t)d->n + 1, sizeof(*us));
    size_t bytes = tlp_params_element_bytes(w->p.tlp);
    int rc = us == NULL ? ERR_NOMEM : 0;
    for (uint32_t i = 0; i < d->n && rc == 0; i++) {
        struct hash32 seed;
        drbg_fill(&w->p.drbg, seed.b, sizeof(seed.b));
        drbg_init(&d->secrets[i], &seed, "leg");
        rc = tlp_lock_preview(w->p.tlp, profile, &d->secrets[i], &all);
    }
    for (uint32_t i = 0; i < d->n && rc == 0; i++) {
        us[i] = bytes_of(&all.data[i * bytes], bytes);
        rc = wal_fault_lifted_u(w, fault, i, &us[i]);
    }
    if (rc == 0) {
        pro_siblings(us, d->n, &d->siblings);
    }
    return rc;
}

static int draft_legs(struct wal *w, const Lockstep__SubmitCommand *c, uint64_t nonce,
                      struct draft *d)
{
    for (uint32_t i = 0; i < d->n; i++) {
        struct pro_open_part open = {
            .rollup = c->legs[i]->rollup,
            .bundle_nonce = nonce,
            .leg = i,
            .n_legs = d->n,
            .siblings = d->siblings,
            .scope = (uint8_t)c->scope,
        };
        int rc = sign_leg(w, c->legs[i], &open, &d->plain[i]);
        rc = rc != 0 ? rc : wal_fault_plaintext(w, c->fault, i, &d->plain[i]);
        if (rc == 0) {
            rc = seal_leg(w, &open, buf_view(&d->plain[i]), &d->secrets[i], c->fault, &d->legs[i]);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static void record_submitted(struct wal *w, const struct wal_bundle *b, const struct draft *d,
                             ProtobufCBinaryData *transactions)
{
    Lockstep__TraceSubmitted s = LOCKSTEP__TRACE_SUBMITTED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    for (uint32_t i = 0; i < d->n; i++) {
        transactions[i] = wire_bytes(buf_view(&d->plain[i]));
    }
    s.name = b->name;
    s.bundle_id = wire_bytes(BYTES_OF(b->id));
    s.n_transactions = d->n;
    s.transactions = transactions;
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_SUBMITTED;
    r.submitted = &s;
    party_record(&w->p, &r);
}

static int send_bundle(struct wal *w, const struct wal_bundle *b)
{
    Lockstep__SubmitBundle submit = LOCKSTEP__SUBMIT_BUNDLE__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    submit.bundle = wire_bytes(buf_view(&b->raw));
    m.body_case = LOCKSTEP__MESSAGE__BODY_SUBMIT_BUNDLE;
    m.submit_bundle = &submit;
    return party_send(&w->p, w->p.sequencer_id, &m);
}

/* Remembers a bundle as submitted. In: its bytes, taken over. Returns: 0, ERR_NOMEM, or why it is
 * no bundle. */
static int keep_bundle(struct wal *w, const char *name, struct buf *raw, struct wal_bundle **out)
{
    CLEANUP(pro_bundle_fini) struct pro_bundle decoded = {0};
    int rc = raw->err != 0 ? raw->err : VEC_RESERVE(w->bundles, w->cap_bundles, w->n_bundles + 1);
    rc = rc != 0 ? rc : pro_bundle_decode(buf_view(raw), &decoded);
    if (rc != 0) {
        return rc;
    }
    struct wal_bundle b = {.name = strdup(name),
                           .number = w->n_submitted,
                           .id = decoded.id,
                           .legs = calloc(decoded.n_legs, sizeof(*b.legs)),
                           .finalized = calloc(decoded.n_legs, sizeof(*b.finalized))};
    if (b.name == NULL || b.legs == NULL || b.finalized == NULL) {
        wal_bundle_fini(&b);
        return ERR_NOMEM;
    }
    hash_keccak256(buf_view(raw), &b.submission);
    b.raw = *raw;
    *raw = (struct buf){0};
    w->n_submitted++;
    w->bundles[w->n_bundles] = b;
    *out = &w->bundles[w->n_bundles++];
    return 0;
}

static int encode_bundle(const struct wal *w, uint64_t nonce, const struct draft *d,
                         struct buf *out)
{
    CLEANUP(cleanup_free) struct bytes *views = calloc((size_t)d->n + 1, sizeof(*views));
    if (views == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < d->n; i++) {
        views[i] = buf_view(&d->legs[i]);
    }
    pro_bundle_encode(&w->p.view.deployment.id, nonce, views, d->n, out);
    return out->err;
}

/* Out: the bytes to submit, and what is sealed in them. */
static int make_bundle(struct wal *w, const Lockstep__SubmitCommand *c, struct draft *d,
                       struct buf *out)
{
    uint64_t nonce = 0;
    if (c->fault != NULL && c->fault->kind == PRO_FAULT_REPLAY) {
        const struct wal_bundle *other = wal_fault_replayed(w, c->fault);
        buf_append_bytes(out, other != NULL ? buf_view(&other->raw) : (struct bytes){0});
        return other == NULL ? ERR_NOTFOUND : out->err;
    }
    drbg_fill(&w->p.drbg, &nonce, sizeof(nonce));
    int rc = draw_secrets(w, c->fault, d);
    rc = rc != 0 ? rc : draft_legs(w, c, nonce, d);
    return rc != 0 ? rc : encode_bundle(w, nonce, d, out);
}

int wal_submit(struct wal *w, const Lockstep__SubmitCommand *c)
{
    CLEANUP(draft_fini) struct draft d = {.n = (uint32_t)c->n_legs};
    CLEANUP(buf_fini) struct buf raw = {0};
    CLEANUP(cleanup_free)
    ProtobufCBinaryData *transactions = calloc(c->n_legs + 1, sizeof(*transactions));
    d.legs = calloc((size_t)d.n + 1, sizeof(*d.legs));
    d.plain = calloc((size_t)d.n + 1, sizeof(*d.plain));
    d.secrets = calloc((size_t)d.n + 1, sizeof(*d.secrets));
    if (d.legs == NULL || d.plain == NULL || d.secrets == NULL || transactions == NULL) {
        d.n = 0;
        return ERR_NOMEM;
    }
    struct wal_bundle *b = NULL;
    int rc = make_bundle(w, c, &d, &raw);
    rc = rc != 0 ? rc : keep_bundle(w, c->name, &raw, &b);
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    if (rc != 0) {
        party_reject(&w->p, ACT_HOST, ACT_REJECT_CONTENT, "bundle %s: %s", c->name, err_text(rc));
        return 0;
    }
    wal_fault_tell(w, c->fault);
    record_submitted(w, b, &d, transactions);
    return send_bundle(w, b);
}
