#include "common/protocol/pro_evidence.h"

#include "common/base/check.h"
#include "common/crypto/hash.h"

#define MAGIC "LSEVID01"
#define TOMBSTONE "excluded"

/* ---- Fields, by kind ---- */

#define FIELDS_MAX 7

static const enum pro_field layouts[][FIELDS_MAX] = {
    [PRO_EVIDENCE_TWO_PROMISES] = {PRO_FIELD_PROMISE, PRO_FIELD_SECOND},
    [PRO_EVIDENCE_TWO_ORDERS] = {PRO_FIELD_ARTIFACT, PRO_FIELD_OTHER},
    [PRO_EVIDENCE_TWO_BLOCKS] = {PRO_FIELD_ARTIFACT, PRO_FIELD_OTHER},
    [PRO_EVIDENCE_ORDER_BREAKS_PROMISE] = {PRO_FIELD_PROMISE, PRO_FIELD_ARTIFACT,
                                           PRO_FIELD_OPENING},
    [PRO_EVIDENCE_BLOCK_BREAKS_PROMISE] = {PRO_FIELD_PROMISE, PRO_FIELD_ARTIFACT, PRO_FIELD_OPENING,
                                           PRO_FIELD_PREIMAGE},
    [PRO_EVIDENCE_BROKEN_ORDER] = {PRO_FIELD_PROMISE, PRO_FIELD_SECOND},
    [PRO_EVIDENCE_BAD_ADMISSION] = {PRO_FIELD_PROMISE, PRO_FIELD_PARAMS, PRO_FIELD_LEG},
    [PRO_EVIDENCE_WRONG_OPENINGS] = {PRO_FIELD_PROMISE, PRO_FIELD_PARAMS, PRO_FIELD_LEG,
                                     PRO_FIELD_ARTIFACT},
    [PRO_EVIDENCE_WRONG_PLAINTEXT] = {PRO_FIELD_PROMISE, PRO_FIELD_PARAMS, PRO_FIELD_LEG,
                                      PRO_FIELD_OTHER, PRO_FIELD_ARTIFACT, PRO_FIELD_OPENING,
                                      PRO_FIELD_PREIMAGE},
    [PRO_EVIDENCE_SPLIT_BUNDLE] = {PRO_FIELD_PROMISE, PRO_FIELD_SECOND, PRO_FIELD_ARTIFACT,
                                   PRO_FIELD_OTHER},
    [PRO_EVIDENCE_FOREIGN_CAUSE] = {PRO_FIELD_PROMISE, PRO_FIELD_SECOND, PRO_FIELD_ARTIFACT,
                                    PRO_FIELD_OPENING, PRO_FIELD_PREIMAGE},
    [PRO_EVIDENCE_TWO_RESULTS] = {PRO_FIELD_ARTIFACT, PRO_FIELD_OTHER},
    [PRO_EVIDENCE_FALSE_STEP] = {PRO_FIELD_ARTIFACT, PRO_FIELD_OTHER, PRO_FIELD_OPENING,
                                 PRO_FIELD_PREIMAGE, PRO_FIELD_LEG, PRO_FIELD_TX, PRO_FIELD_COVER},
};

#define N_LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static bool is_known(uint8_t kind)
{
    return kind > 0 && kind < N_LAYOUTS;
}

bool pro_evidence_has(enum pro_evidence_kind kind, enum pro_field field)
{
    for (size_t i = 0; i < FIELDS_MAX && is_known((uint8_t)kind); i++) {
        if (layouts[kind][i] == field) {
            return field != PRO_FIELD_END;
        }
    }
    return false;
}

/* ---- Preimages ---- */

void pro_preimage_encode(const struct pro_preimage *p, struct buf *out)
{
    wr_fixed(out, p->enc_tx_hash.b, 32);
    wr_fixed(out, p->tx_hash.b, 32);
    wr_fixed(out, p->bundle_id.b, 32);
    wr_u32(out, p->leg);
    wr_u32(out, p->n_legs);
}

int pro_preimage_decode(struct bytes in, struct pro_preimage *out)
{
    struct rd r = rd_from(in);
    struct pro_preimage p;
    rd_fixed(&r, p.enc_tx_hash.b, 32);
    rd_fixed(&r, p.tx_hash.b, 32);
    rd_fixed(&r, p.bundle_id.b, 32);
    p.leg = rd_u32(&r);
    p.n_legs = rd_u32(&r);
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = p;
    }
    return rc;
}

int pro_tombstone_decode(struct bytes in, struct hash32 *bundle_id, struct pro_place *cause)
{
    struct rd r = rd_from(in);
    struct hash32 id;
    struct pro_place place;
    struct bytes tag = rd_view(&r, sizeof(TOMBSTONE) - 1);
    rd_fixed(&r, id.b, sizeof(id.b));
    place.rollup = rd_u64(&r);
    place.order = rd_u32(&r);
    place.round = rd_u32(&r);
    if (rd_end(&r) != 0 || !bytes_equal(tag, bytes_str(TOMBSTONE))) {
        return ERR_UNSUPPORTED;
    }
    *bundle_id = id;
    *cause = place;
    return 0;
}

void pro_preimage_of(const struct pro_entry *e, struct buf *out)
{
    if (e->kind == PRO_ENTRY_EXCLUDED) {
        wr_fixed(out, TOMBSTONE, sizeof(TOMBSTONE) - 1);
        wr_fixed(out, e->bundle_id.b, 32);
        pro_place_encode(&e->cause, out);
        return;
    }
    struct pro_preimage p = {.enc_tx_hash = e->enc_tx_hash,
                             .bundle_id = e->bundle_id,
                             .leg = e->leg,
                             .n_legs = e->n_legs};
    hash_keccak256(e->tx, &p.tx_hash);
    pro_preimage_encode(&p, out);
}

/* ---- Encoding ---- */

static void write_opening(const struct pro_opening_proof *o, struct buf *out)
{
    wr_fixed(out, o->y.b, sizeof(o->y.b));
    wr_fixed(out, o->proof.b, sizeof(o->proof.b));
}

void pro_cover_leg_write(const struct pro_cover_leg *l, struct buf *out)
{
    wr_u64(out, l->rollup);
    wr_u32(out, l->order);
    write_opening(&l->opening, out);
    wr_var(out, l->preimage);
    wr_var(out, l->leg);
    wr_var(out, l->tx);
}

static void write_field(const struct pro_evidence *e, enum pro_field f, struct buf *out)
{
    switch (f) {
    case PRO_FIELD_PROMISE:
        pro_promise_encode(&e->promise, out);
        break;
    case PRO_FIELD_SECOND:
        pro_promise_encode(&e->second, out);
        break;
    case PRO_FIELD_ARTIFACT:
        wr_var(out, e->artifact);
        break;
    case PRO_FIELD_OTHER:
        wr_var(out, e->other);
        break;
    case PRO_FIELD_PARAMS:
        wr_var(out, e->params);
        break;
    case PRO_FIELD_LEG:
        wr_var(out, e->leg);
        break;
    case PRO_FIELD_OPENING:
        write_opening(&e->opening, out);
        break;
    case PRO_FIELD_PREIMAGE:
        wr_var(out, e->preimage);
        break;
    case PRO_FIELD_TX:
        wr_var(out, e->tx);
        break;
    case PRO_FIELD_COVER:
        wr_var(out, e->cover);
        break;
    case PRO_FIELD_END:
        break;
    }
}

void pro_evidence_encode(const struct pro_evidence *e, struct buf *out)
{
    CHECK(is_known((uint8_t)e->kind));
    wr_fixed(out, MAGIC, sizeof(MAGIC) - 1);
    wr_var(out, e->descriptor);
    wr_u8(out, (uint8_t)e->kind);
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        write_field(e, layouts[e->kind][i], out);
    }
}

/* ---- Decoding ---- */

static void read_opening(struct rd *r, struct pro_opening_proof *out)
{
    rd_fixed(r, out->y.b, sizeof(out->y.b));
    rd_fixed(r, out->proof.b, sizeof(out->proof.b));
}

void pro_cover_leg_read(struct rd *r, struct pro_cover_leg *out)
{
    out->rollup = rd_u64(r);
    out->order = rd_u32(r);
    read_opening(r, &out->opening);
    out->preimage = rd_var(r, PRO_PREIMAGE_BYTES);
    out->leg = rd_var(r, PRO_MAX_BUNDLE_BYTES);
    out->tx = rd_var(r, PRO_MAX_TX_BYTES);
}

static void read_field(struct rd *r, enum pro_field f, struct pro_evidence *out)
{
    switch (f) {
    case PRO_FIELD_PROMISE:
        pro_promise_read(r, &out->promise);
        break;
    case PRO_FIELD_SECOND:
        pro_promise_read(r, &out->second);
        break;
    case PRO_FIELD_ARTIFACT:
        out->artifact = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case PRO_FIELD_OTHER:
        out->other = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case PRO_FIELD_PARAMS:
        out->params = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case PRO_FIELD_LEG:
        out->leg = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case PRO_FIELD_OPENING:
        read_opening(r, &out->opening);
        break;
    case PRO_FIELD_PREIMAGE:
        out->preimage = rd_var(r, PRO_PREIMAGE_BYTES);
        break;
    case PRO_FIELD_TX:
        out->tx = rd_var(r, PRO_MAX_TX_BYTES);
        break;
    case PRO_FIELD_COVER:
        out->cover = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case PRO_FIELD_END:
        break;
    }
}

int pro_evidence_decode(struct bytes in, struct pro_evidence *out)
{
    struct rd r = rd_from(in);
    struct pro_evidence e = {0};
    if (in.len > PRO_MAX_EVIDENCE_BYTES) {
        return ERR_TOOBIG;
    }
    struct bytes magic = rd_view(&r, sizeof(MAGIC) - 1);
    if (r.err == 0 && !bytes_equal(magic, bytes_str(MAGIC))) {
        return ERR_UNSUPPORTED;
    }
    e.descriptor = rd_var(&r, PRO_MAX_EVIDENCE_BYTES);
    uint8_t kind = rd_u8(&r);
    if (r.err != 0) {
        return r.err;
    }
    if (!is_known(kind)) {
        return ERR_UNSUPPORTED;
    }
    e.kind = (enum pro_evidence_kind)kind;
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        read_field(&r, layouts[kind][i], &e);
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = e;
    }
    return rc;
}

const char *pro_evidence_culprit(enum pro_evidence_kind kind)
{
    bool result = kind == PRO_EVIDENCE_TWO_RESULTS || kind == PRO_EVIDENCE_FALSE_STEP;
    return result ? "executor" : "sequencer";
}

const char *pro_evidence_name(enum pro_evidence_kind kind)
{
    switch (kind) {
#define X(constant, value, name)                                                                   \
    case constant:                                                                                 \
        return #name;
        PRO_EVIDENCE_MAP(X)
#undef X
    }
    return "unknown";
}
