#include "common/protocol/pro_evidence.h"

#include "common/base/check.h"
#include "common/crypto/hash.h"

#define MAGIC "LSEVID01"

/* ---- Fields, by kind ---- */

enum field {
    FIELD_END,
    FIELD_PROMISE,
    FIELD_SECOND,
    FIELD_ARTIFACT,
    FIELD_OTHER,
    FIELD_PARAMS,
    FIELD_LEG,
    FIELD_OPENING,
    FIELD_PREIMAGE,
};

#define FIELDS_MAX 7

static const enum field layouts[][FIELDS_MAX] = {
    [PRO_EVIDENCE_TWO_PROMISES] = {FIELD_PROMISE, FIELD_SECOND},
    [PRO_EVIDENCE_TWO_ORDERS] = {FIELD_ARTIFACT, FIELD_OTHER},
    [PRO_EVIDENCE_TWO_BLOCKS] = {FIELD_ARTIFACT, FIELD_OTHER},
    [PRO_EVIDENCE_ORDER_BREAKS_PROMISE] = {FIELD_PROMISE, FIELD_ARTIFACT, FIELD_OPENING},
    [PRO_EVIDENCE_BLOCK_BREAKS_PROMISE] = {FIELD_PROMISE, FIELD_ARTIFACT, FIELD_OPENING,
                                           FIELD_PREIMAGE},
    [PRO_EVIDENCE_BROKEN_ORDER] = {FIELD_PROMISE, FIELD_SECOND},
    [PRO_EVIDENCE_BAD_ADMISSION] = {FIELD_PROMISE, FIELD_PARAMS, FIELD_LEG},
    [PRO_EVIDENCE_WRONG_OPENINGS] = {FIELD_PROMISE, FIELD_PARAMS, FIELD_LEG, FIELD_ARTIFACT},
    [PRO_EVIDENCE_WRONG_PLAINTEXT] = {FIELD_PROMISE, FIELD_PARAMS, FIELD_LEG, FIELD_OTHER,
                                      FIELD_ARTIFACT, FIELD_OPENING, FIELD_PREIMAGE},
};

#define N_LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static bool is_known(uint8_t kind)
{
    return kind > 0 && kind < N_LAYOUTS;
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

void pro_preimage_of(const struct pro_entry *e, struct buf *out)
{
    if (e->kind == PRO_ENTRY_EXCLUDED) {
        wr_fixed(out, "excluded", 8);
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

static void write_field(const struct pro_evidence *e, enum field f, struct buf *out)
{
    switch (f) {
    case FIELD_PROMISE:
        pro_promise_encode(&e->promise, out);
        break;
    case FIELD_SECOND:
        pro_promise_encode(&e->second, out);
        break;
    case FIELD_ARTIFACT:
        wr_var(out, e->artifact);
        break;
    case FIELD_OTHER:
        wr_var(out, e->other);
        break;
    case FIELD_PARAMS:
        wr_var(out, e->params);
        break;
    case FIELD_LEG:
        wr_var(out, e->leg);
        break;
    case FIELD_OPENING:
        wr_fixed(out, e->opening.y.b, 32);
        wr_fixed(out, e->opening.proof.b, sizeof(e->opening.proof.b));
        break;
    case FIELD_PREIMAGE:
        wr_var(out, e->preimage);
        break;
    case FIELD_END:
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

static void read_field(struct rd *r, enum field f, struct pro_evidence *out)
{
    switch (f) {
    case FIELD_PROMISE:
        pro_promise_read(r, &out->promise);
        break;
    case FIELD_SECOND:
        pro_promise_read(r, &out->second);
        break;
    case FIELD_ARTIFACT:
        out->artifact = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case FIELD_OTHER:
        out->other = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case FIELD_PARAMS:
        out->params = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case FIELD_LEG:
        out->leg = rd_var(r, PRO_MAX_EVIDENCE_BYTES);
        break;
    case FIELD_OPENING:
        rd_fixed(r, out->opening.y.b, 32);
        rd_fixed(r, out->opening.proof.b, sizeof(out->opening.proof.b));
        break;
    case FIELD_PREIMAGE:
        out->preimage = rd_var(r, PRO_PREIMAGE_BYTES);
        break;
    case FIELD_END:
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
