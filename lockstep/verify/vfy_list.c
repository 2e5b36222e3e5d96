/* Taking evidence apart, as far as it goes: what does not decode is shown by its length. */
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_cover.h"
#include "common/protocol/pro_signed.h"
#include "common/protocol/pro_step.h"
#include "lockstep/verify/vfy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_EXECUTORS 16 /* shown */

/* Whose signatures these should be. */
struct signer {
    struct pro_deployment deployment;
    struct hash32 domain;
    struct addr20 sequencer;
    struct pro_descriptor d; /* zero if it does not decode */
};

/* ---- Items ---- */

static struct vfy_item *add(struct vfy_listing *l, const char *name, enum vfy_form form)
{
    l->err = l->err != 0 ? l->err : VEC_RESERVE(l->items, l->cap, l->n + 1);
    if (l->err != 0) {
        return NULL;
    }
    struct vfy_item *item = &l->items[l->n++];
    *item = (struct vfy_item){.section = l->section, .form = form};
    (void)snprintf(item->name, sizeof(item->name), "%s", name);
    return item;
}

static void add_number(struct vfy_listing *l, const char *name, uint64_t number)
{
    struct vfy_item *item = add(l, name, VFY_NUMBER);
    if (item != NULL) {
        item->number = number;
    }
}

/* A view into the evidence. */
static void add_hex(struct vfy_listing *l, const char *name, const void *data, size_t len)
{
    struct vfy_item *item = add(l, name, VFY_HEX);
    if (item != NULL) {
        item->hex = bytes_of(data, len);
    }
}

/* A value that is not in the evidence as such: up to 32 bytes, copied. */
static void add_own(struct vfy_listing *l, const char *name, const void *data, size_t len)
{
    struct vfy_item *item = add(l, name, VFY_HEX);
    if (item != NULL) {
        memcpy(item->own, data, len);
        item->hex.len = len; /* the pointer is set once the items stay where they are */
    }
}

__attribute__((format(printf, 3, 4))) static void add_text(struct vfy_listing *l, const char *name,
                                                           const char *format, ...)
{
    struct vfy_item *item = add(l, name, VFY_TEXT);
    if (item != NULL) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(item->text, sizeof(item->text), format, args);
        va_end(args);
    }
}

/* ---- Parts ---- */

static void list_descriptor(struct vfy_listing *l, struct bytes encoded, struct signer *who)
{
    l->section = "descriptor";
    int rc = pro_descriptor_decode(encoded, &who->d);
    const struct pro_descriptor d = who->d; /* a view */
    if (rc == ERR_NOMEM) {
        l->err = rc;
        return;
    }
    pro_descriptor_id(encoded, &who->deployment.id);
    who->deployment.l1_chain_id = d.l1_chain_id;
    who->sequencer = d.sequencer;
    pro_preconf_domain(&who->deployment, &who->domain);
    add_own(l, "deployment", who->deployment.id.b, 32);
    if (rc != 0) {
        add_text(l, "content", "%zu bytes: %s", encoded.len, err_text(rc));
        return;
    }
    add_number(l, "L1 chain", d.l1_chain_id);
    add_own(l, "salt", d.salt.b, 32);
    add_own(l, "time-lock", d.timelock.b, 32);
    add_own(l, "sequencer", d.sequencer.b, 20);
    add_number(l, "executors", d.n_executors);
    for (uint32_t i = 0; i < d.n_executors && i < MAX_EXECUTORS; i++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "on %llu", (unsigned long long)d.executors[i].rollup);
        add_own(l, name, d.executors[i].address.b, 20);
    }
}

static void list_signer(struct vfy_listing *l, bool good)
{
    add_text(l, "signed by", "%s", good ? "the sequencer" : "somebody else, or nobody");
}

static void list_promise(struct vfy_listing *l, const char *section, const struct pro_promise *p,
                         const struct signer *who)
{
    l->section = section;
    add_number(l, "slot", p->slot);
    add_number(l, "rollup", p->rollup);
    add_number(l, "position", p->order);
    add_number(l, "seq", p->seq);
    add_number(l, "leg", p->leg);
    add_number(l, "legs", p->n_legs);
    add_hex(l, "bundle id", p->bundle_id.b, 32);
    add_hex(l, "cipher hash", p->enc_tx_hash.b, 32);
    list_signer(l, pro_promise_verify(&who->domain, p, &who->sequencer) == 0);
}

/* Out: the body if the sequencer signed it. */
static bool open_artifact(struct vfy_listing *l, const char *tag, struct bytes artifact,
                          const struct signer *who, struct bytes *body)
{
    bool good = pro_unsign_from(&who->deployment.id, tag, artifact, &who->sequencer, body) == 0;
    list_signer(l, good);
    if (!good) {
        add_number(l, "bytes", artifact.len);
    }
    return good;
}

/* The commitments are views: at these places in their bodies. */
#define ORDER_COMMITMENT_AT ((size_t)8 + 8 + 4)
#define HEADER_COMMITMENT_AT ((size_t)8 + 8 + 4 + 1 + 4)

static void list_order(struct vfy_listing *l, const char *section, struct bytes artifact,
                       const struct signer *who)
{
    struct bytes body;
    struct pro_order o;
    l->section = section;
    if (!open_artifact(l, PRO_TAG_ORDER, artifact, who, &body)) {
        return;
    }
    if (pro_order_decode(body, &o) != 0) {
        add_text(l, "content", "%zu bytes, malformed", body.len);
        return;
    }
    add_number(l, "slot", o.slot);
    add_number(l, "rollup", o.rollup);
    add_number(l, "positions", o.count);
    add_hex(l, "commitment", body.data + ORDER_COMMITMENT_AT, sizeof(o.commitment.b));
}

static void list_header(struct vfy_listing *l, const char *section, struct bytes artifact,
                        const struct signer *who)
{
    struct bytes body;
    struct pro_header h = {0};
    l->section = section;
    if (!open_artifact(l, PRO_TAG_BLOCK, artifact, who, &body)) {
        return;
    }
    if (pro_header_decode(body, &h) != 0) {
        add_text(l, "content", "%zu bytes, malformed", body.len);
        return;
    }
    add_number(l, "slot", h.slot);
    add_number(l, "rollup", h.rollup);
    add_number(l, "round", h.round);
    add_text(l, "stage", "%s", h.final ? "finalized" : "proposed");
    add_number(l, "positions", h.count);
    add_hex(l, "commitment", body.data + HEADER_COMMITMENT_AT, sizeof(h.commitment.b));
    add_own(l, "body hash", h.body_hash.b, 32);
    if (h.final) {
        add_own(l, "state root", h.post_root.b, 32);
        add_hex(l, "excluded", h.excluded.data, h.excluded.len);
    }
}

static void list_openings(struct vfy_listing *l, struct bytes artifact, uint32_t order,
                          const struct signer *who)
{
    CLEANUP(pro_openings_fini) struct pro_openings o = {0};
    struct bytes body;
    l->section = "openings";
    if (!open_artifact(l, PRO_TAG_OPENINGS, artifact, who, &body)) {
        return;
    }
    int rc = pro_openings_decode(body, &o);
    if (rc == ERR_NOMEM) {
        l->err = rc;
    } else if (rc != 0) {
        add_text(l, "content", "%zu bytes, malformed", body.len);
    } else {
        add_number(l, "slot", o.slot);
        add_number(l, "rollup", o.rollup);
        add_number(l, "openings", o.count);
        if (order < o.count) {
            bool open = o.items[order].verdict == PRO_OPEN;
            add_text(l, "verdict", "%s", open ? "open" : "bogus_cipher");
            add_hex(l, "opening", o.items[order].w.data, o.items[order].w.len);
        }
    }
}

#define RESULT_STATUS_AT ((size_t)8 + 8 + 4 + 48 + (size_t)3 * 32 + 4 + 4)

static void list_result(struct vfy_listing *l, const char *section, struct bytes artifact,
                        const struct signer *who)
{
    struct bytes body;
    struct addr20 signer = {{0}};
    struct pro_result r = {0};
    l->section = section;
    bool good = pro_unsign(&who->deployment.id, PRO_TAG_RESULT, artifact, &body, &signer) == 0;
    if (!good || pro_result_decode(body, &r) != 0) {
        add_text(l, "content", "%zu bytes, %s", artifact.len, good ? "malformed" : "not signed");
        return;
    }
    bool executors = false;
    for (uint32_t i = 0; i < who->d.n_executors; i++) {
        executors |= who->d.executors[i].rollup == r.rollup &&
                     addr20_equal(&who->d.executors[i].address, &signer);
    }
    add_text(l, "signed by", "%s",
             executors ? "the rollup's executor" : "somebody else, or nobody");
    add_number(l, "slot", r.slot);
    add_number(l, "rollup", r.rollup);
    add_number(l, "round", r.round);
    add_number(l, "positions", r.count);
    add_own(l, "body hash", r.body_hash.b, 32);
    add_own(l, "root before", r.pre_root.b, 32);
    add_own(l, "root after", r.post_root.b, 32);
    add_hex(l, "succeeded", body.data + RESULT_STATUS_AT, r.status.len);
    add_own(l, "receipts", r.receipts_root.b, 32);
    add_own(l, "step roots", r.step_roots_root.b, 32);
    add_own(l, "access sets", r.access_root.b, 32);
    add_own(l, "cover", r.cover_hash.b, 32);
}

static void list_step(struct vfy_listing *l, struct bytes in)
{
    struct pro_step s;
    l->section = "step";
    if (pro_step_decode(in, &s) != 0) {
        add_text(l, "content", "%zu bytes, malformed", in.len);
        return;
    }
    add_number(l, "position", s.order);
    add_own(l, "root before", s.before.b, 32);
    add_own(l, "root after", s.after.b, 32);
    add_number(l, "path before", s.before_path.n);
    add_number(l, "path after", s.after_path.n);
    add_text(l, "witness", "%zu bytes", s.witness.len);
}

static void list_tx(struct vfy_listing *l, struct bytes in)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    struct hash32 hash;
    l->section = "transaction";
    hash_keccak256(in, &hash);
    add_own(l, "hash", hash.b, 32);
    int rc = led_tx_decode(in, &tx);
    if (rc == ERR_NOMEM) {
        l->err = rc;
    } else if (rc != 0) {
        add_text(l, "content", "%zu bytes: %s", in.len, in.len == 0 ? "none" : err_text(rc));
    } else {
        add_own(l, "sender", tx.sender.b, 20);
        add_number(l, "rollup", tx.rollup);
        add_number(l, "leg", tx.leg);
        add_number(l, "legs", tx.n_legs);
        add_number(l, "operations", tx.n_ops);
    }
}

static void list_cover(struct vfy_listing *l, struct bytes cover)
{
    struct rd r = rd_from(cover);
    CLEANUP(cleanup_free) struct pro_cover_source *sources = NULL;
    uint32_t n = 0;
    l->section = "cover";
    if (cover.len == 0) {
        add_text(l, "content", "none needed");
        return;
    }
    int rc = pro_cover_sources_decode(rd_var(&r, PRO_MAX_EVIDENCE_BYTES), &sources, &n);
    if (rc != 0) {
        l->err = rc == ERR_NOMEM ? rc : l->err;
        add_text(l, "content", "%zu bytes, malformed", cover.len);
        return;
    }
    add_number(l, "blocks", n);
    while (r.err == 0 && r.in.len != 0) {
        struct pro_cover_leg leg;
        pro_cover_leg_read(&r, &leg);
        add_text(l, "leg", "position %u of rollup %llu", leg.order, (unsigned long long)leg.rollup);
    }
}

static void list_leg(struct vfy_listing *l, struct bytes raw)
{
    struct pro_leg leg;
    struct hash32 hash;
    l->section = "leg";
    if (raw.len == 0) {
        add_text(l, "content", "none");
        return;
    }
    pro_leg_hash(raw, &hash);
    add_own(l, "cipher hash", hash.b, 32);
    add_number(l, "bytes", raw.len);
    if (pro_leg_decode(raw, &leg) != 0) {
        add_text(l, "content", "no leg");
        return;
    }
    add_number(l, "rollup", leg.open.rollup);
    add_number(l, "bundle nonce", leg.open.bundle_nonce);
    add_number(l, "leg", leg.open.leg);
    add_number(l, "legs", leg.open.n_legs);
    add_number(l, "gas limit", leg.open.gas_limit);
    add_number(l, "proof bytes", leg.proof.len);
    add_number(l, "cipher bytes", leg.sealed.len);
}

static void list_params(struct vfy_listing *l, struct bytes params)
{
    struct hash32 digest;
    l->section = "parameters";
    hash_sha256(params, &digest);
    add_own(l, "digest", digest.b, 32);
    add_number(l, "bytes", params.len);
}

static void list_opening(struct vfy_listing *l, const struct pro_evidence *e)
{
    static const struct pro_opening_proof none;
    l->section = "opening";
    if (memcmp(&e->opening, &none, sizeof(none)) == 0) {
        add_text(l, "content", "none: nothing is at this position");
        return;
    }
    add_hex(l, "value", e->opening.y.b, 32);
    add_hex(l, "proof", e->opening.proof.b, sizeof(e->opening.proof.b));
}

static void list_preimage(struct vfy_listing *l, struct bytes preimage)
{
    struct pro_preimage p;
    struct pro_place cause;
    struct hash32 bundle_id;
    l->section = "preimage";
    if (pro_preimage_decode(preimage, &p) == 0) {
        add_own(l, "cipher hash", p.enc_tx_hash.b, 32);
        add_own(l, "tx hash", p.tx_hash.b, 32);
        add_own(l, "bundle id", p.bundle_id.b, 32);
        add_number(l, "leg", p.leg);
        add_number(l, "legs", p.n_legs);
    } else if (pro_tombstone_decode(preimage, &bundle_id, &cause) == 0) {
        add_own(l, "bundle id", bundle_id.b, 32);
        add_number(l, "cause rollup", cause.rollup);
        add_number(l, "cause place", cause.order);
        add_number(l, "cause round", cause.round);
    } else if (preimage.len == 0) {
        add_text(l, "content", "none");
    } else {
        add_hex(l, "content", preimage.data, preimage.len);
    }
}

/* ---- All of it ---- */

/* A slot's artifacts, one or two. */
static void list_artifacts(struct vfy_listing *l, const struct pro_evidence *e,
                           const struct signer *who)
{
    switch (e->kind) {
    case PRO_EVIDENCE_TWO_ORDERS:
        list_order(l, "order commitment", e->artifact, who);
        list_order(l, "second order commitment", e->other, who);
        break;
    case PRO_EVIDENCE_TWO_BLOCKS:
    case PRO_EVIDENCE_SPLIT_BUNDLE:
        list_header(l, "block header", e->artifact, who);
        list_header(l, "second block header", e->other, who);
        break;
    case PRO_EVIDENCE_ORDER_BREAKS_PROMISE:
        list_order(l, "order commitment", e->artifact, who);
        break;
    case PRO_EVIDENCE_BLOCK_BREAKS_PROMISE:
    case PRO_EVIDENCE_WRONG_PLAINTEXT:
    case PRO_EVIDENCE_FOREIGN_CAUSE:
        list_header(l, "block header", e->artifact, who);
        break;
    case PRO_EVIDENCE_WRONG_OPENINGS:
        list_openings(l, e->artifact, e->promise.order, who);
        break;
    case PRO_EVIDENCE_TWO_RESULTS:
        list_result(l, "result", e->artifact, who);
        list_result(l, "second result", e->other, who);
        break;
    case PRO_EVIDENCE_FALSE_STEP:
        list_result(l, "result", e->artifact, who);
        list_step(l, e->other);
        break;
    case PRO_EVIDENCE_TWO_PROMISES:
    case PRO_EVIDENCE_BROKEN_ORDER:
    case PRO_EVIDENCE_BAD_ADMISSION:
        break;
    }
}

static void signer_fini(struct signer *s)
{
    pro_descriptor_fini(&s->d);
}

static void list_parts(const struct pro_evidence *e, struct vfy_listing *l)
{
    CLEANUP(signer_fini) struct signer who = {0};
    list_descriptor(l, e->descriptor, &who);
    if (pro_evidence_has(e->kind, PRO_FIELD_PROMISE)) {
        list_promise(l, "promise", &e->promise, &who);
    }
    if (pro_evidence_has(e->kind, PRO_FIELD_SECOND)) {
        list_promise(l, "second promise", &e->second, &who);
    }
    if (pro_evidence_has(e->kind, PRO_FIELD_PARAMS)) {
        list_params(l, e->params);
    }
    if (pro_evidence_has(e->kind, PRO_FIELD_LEG)) {
        list_leg(l, e->leg);
    }
    if (e->kind == PRO_EVIDENCE_WRONG_PLAINTEXT) {
        l->section = "solution";
        add_hex(l, "w", e->other.data, e->other.len);
    }
    list_artifacts(l, e, &who);
    if (pro_evidence_has(e->kind, PRO_FIELD_OPENING)) {
        list_opening(l, e);
    }
    if (pro_evidence_has(e->kind, PRO_FIELD_PREIMAGE)) {
        list_preimage(l, e->preimage);
    }
    if (pro_evidence_has(e->kind, PRO_FIELD_TX)) {
        list_tx(l, e->tx);
    }
    if (pro_evidence_has(e->kind, PRO_FIELD_COVER)) {
        list_cover(l, e->cover);
    }
}

int vfy_list(const struct pro_evidence *e, struct vfy_listing *out)
{
    struct vfy_listing l = {0};
    list_parts(e, &l);
    if (l.err != 0) {
        vfy_listing_fini(&l);
        return l.err;
    }
    for (size_t i = 0; i < l.n; i++) {
        struct vfy_item *item = &l.items[i];
        if (item->form == VFY_HEX && item->hex.data == NULL) {
            item->hex.data = item->own;
        }
    }
    *out = l;
    return 0;
}

void vfy_listing_fini(struct vfy_listing *l)
{
    free(l->items);
    l->items = NULL;
    l->n = l->cap = 0;
}
