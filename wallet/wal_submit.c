#include "wallet/wal_core.h"

#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/ledger/led_tx.h"

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

/* Appends one sealed leg. */
static int seal_leg(struct wal *w, const struct pro_open_part *open, struct bytes plain,
                    struct buf *out)
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
    int rc = tlp_lock(w->p.tlp, profile, &w->p.drbg, buf_view(&context), plain, &sealed);
    if (rc == 0) {
        pro_leg_encode(buf_view(&open_bytes), buf_view(&sealed.u), buf_view(&sealed.q),
                       buf_view(&sealed.proof), buf_view(&sealed.ct), out);
        rc = out->err;
    }
    return rc;
}

struct draft {
    uint32_t n;
    struct buf *legs;  /* encoded sealed legs */
    struct buf *plain; /* their signed transactions */
};

static void draft_fini(struct draft *d)
{
    for (uint32_t i = 0; i < d->n; i++) {
        buf_fini(&d->legs[i]);
        buf_fini(&d->plain[i]);
    }
    free(d->legs);
    free(d->plain);
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
            .scope = (uint8_t)c->scope,
        };
        int rc = sign_leg(w, c->legs[i], &open, &d->plain[i]);
        if (rc == 0) {
            rc = seal_leg(w, &open, buf_view(&d->plain[i]), &d->legs[i]);
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

/* Encodes the drafted legs as one bundle and remembers it. */
static int keep_bundle(struct wal *w, const char *name, uint64_t nonce, const struct draft *d,
                       struct wal_bundle **out)
{
    CLEANUP(cleanup_free) struct bytes *views = calloc(d->n, sizeof(*views));
    int rc = VEC_RESERVE(w->bundles, w->cap_bundles, w->n_bundles + 1);
    if (rc != 0 || views == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < d->n; i++) {
        views[i] = buf_view(&d->legs[i]);
    }
    struct wal_bundle b = {.name = strdup(name),
                           .legs = calloc(d->n, sizeof(*b.legs)),
                           .finalized = calloc(d->n, sizeof(*b.finalized))};
    struct pro_bundle decoded = {0};
    pro_bundle_encode(&w->p.view.deployment.id, nonce, views, d->n, &b.raw);
    rc = b.name == NULL || b.legs == NULL || b.finalized == NULL ? ERR_NOMEM : b.raw.err;
    if (rc == 0) {
        rc = pro_bundle_decode(buf_view(&b.raw), &decoded);
    }
    if (rc != 0) {
        wal_bundle_fini(&b);
        return rc;
    }
    b.id = decoded.id;
    hash_keccak256(buf_view(&b.raw), &b.submission);
    pro_bundle_fini(&decoded);
    w->bundles[w->n_bundles] = b;
    *out = &w->bundles[w->n_bundles++];
    return 0;
}

int wal_submit(struct wal *w, const Lockstep__SubmitCommand *c)
{
    uint64_t nonce = 0;
    CLEANUP(draft_fini) struct draft d = {.n = (uint32_t)c->n_legs};
    CLEANUP(cleanup_free)
    ProtobufCBinaryData *transactions = calloc(c->n_legs, sizeof(*transactions));
    d.legs = calloc(d.n, sizeof(*d.legs));
    d.plain = calloc(d.n, sizeof(*d.plain));
    if (d.legs == NULL || d.plain == NULL || transactions == NULL) {
        d.n = 0;
        return ERR_NOMEM;
    }
    drbg_fill(&w->p.drbg, &nonce, sizeof(nonce));
    int rc = draft_legs(w, c, nonce, &d);
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    if (rc != 0) {
        party_reject(&w->p, ACT_HOST, ACT_REJECT_CONTENT, "bundle %s: %s", c->name, err_text(rc));
        return 0;
    }
    struct wal_bundle *b = NULL;
    rc = keep_bundle(w, c->name, nonce, &d, &b);
    if (rc != 0) {
        return rc;
    }
    record_submitted(w, b, &d, transactions);
    return send_bundle(w, b);
}
