#include "lockstep/timelock/tlc_format.h"

#include "common/base/check.h"
#include "common/base/wire.h"
#include "common/crypto/hash.h"

#define VERSION 1
#define MAGIC_BYTES 8

static const struct {
    const char *begins;
    const char *name;
} kinds[] = {
    [TLC_MODULUS] = {"lockstep-modulus", "modulus file"},
    [TLC_PARAMS] = {"LSTLPPRM", "parameter file"},
    [TLC_PUZZLE] = {"LSTLPPZL", "puzzle file"},
    [TLC_OPENING] = {"LSTLPOPN", "opening file"},
    [TLC_CHECKPOINT] = {"LSTLPCHK", "checkpoint"},
    [TLC_SETUP_CHECKPOINT] = {"LSTLPSET", "checkpoint of setup"},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

enum tlc_kind tlc_kind_of(struct bytes file)
{
    for (size_t i = TLC_MODULUS; i < N_KINDS; i++) {
        size_t len = strlen(kinds[i].begins);
        if (file.len >= len && memcmp(file.data, kinds[i].begins, len) == 0) {
            return (enum tlc_kind)i;
        }
    }
    return TLC_UNKNOWN;
}

/* Returns: 0, or ERR_INVALID and a clause. */
static int read_head(struct rd *r, enum tlc_kind kind, struct tlc_head *head, struct buf *why)
{
    enum tlc_kind found = tlc_kind_of(r->in);
    if (found != kind) {
        buf_printf(why, "is %s%s, not a time-lock %s", found == TLC_UNKNOWN ? "" : "a time-lock ",
                   found == TLC_UNKNOWN ? "something else" : kinds[found].name, kinds[kind].name);
        return ERR_INVALID;
    }
    (void)rd_view(r, MAGIC_BYTES);
    uint16_t version = rd_u16(r);
    head->bits = rd_u16(r);
    rd_fixed(r, head->params.b, sizeof(head->params.b));
    if (r->err == 0 && version != VERSION) {
        buf_printf(why, "has version %u of its format, and this program knows version %d alone",
                   version, VERSION);
        return ERR_INVALID;
    }
    if (r->err == 0 && head->bits != 1024 && head->bits != 2048 && head->bits != 3072) {
        buf_printf(why, "is damaged: a modulus of %u bits is none of 1024, 2048, 3072", head->bits);
        return ERR_INVALID;
    }
    return 0;
}

static int end(const struct rd *r, struct buf *why)
{
    int rc = rd_end(r);
    if (rc == 0) {
        return 0;
    }
    buf_printf(why, "is damaged: it %s",
               rc == ERR_TRUNCATED  ? "ends too early"
               : rc == ERR_TRAILING ? "goes on after its end"
                                    : "states a length that cannot be");
    return ERR_INVALID;
}

int tlc_puzzle_decode(struct bytes file, struct tlc_puzzle *out, struct buf *why)
{
    struct rd r = rd_from(file);
    struct tlc_puzzle p = {0};
    int rc = read_head(&r, TLC_PUZZLE, &p.head, why);
    if (rc != 0) {
        return rc;
    }
    size_t bytes = p.head.bits / 8;
    p.ctx = rd_var(&r, TLC_CONTEXT_BYTES_MAX);
    p.parts.u = rd_view(&r, bytes);
    p.parts.q = rd_view(&r, bytes);
    p.parts.proof = rd_var(&r, TLC_SMALL_BYTES_MAX);
    p.parts.ct = rd_var(&r, TLC_PUZZLE_BYTES_MAX);
    rc = end(&r, why);
    if (rc == 0) {
        *out = p;
    }
    return rc;
}

int tlc_opening_decode(struct bytes file, struct tlc_opening *out, struct buf *why)
{
    struct rd r = rd_from(file);
    struct tlc_opening o = {0};
    int rc = read_head(&r, TLC_OPENING, &o.head, why);
    if (rc != 0) {
        return rc;
    }
    o.u = rd_view(&r, o.head.bits / 8);
    o.w = rd_view(&r, o.head.bits / 8);
    rc = end(&r, why);
    if (rc == 0) {
        *out = o;
    }
    return rc;
}

int tlc_checkpoint_decode(struct bytes file, enum tlc_kind kind, struct tlc_checkpoint *out,
                          struct buf *why)
{
    struct rd r = rd_from(file);
    struct tlc_checkpoint c = {.kind = kind};
    int rc = read_head(&r, kind, &c.head, why);
    if (rc != 0) {
        return rc;
    }
    c.squarings = rd_u64(&r);
    c.state = rd_var(&r, TLC_CHECKPOINT_BYTES_MAX);
    size_t covered = file.len - r.in.len;
    struct hash32 stated, hash;
    rd_fixed(&r, stated.b, sizeof(stated.b));
    rc = end(&r, why);
    if (rc != 0) {
        return rc;
    }
    hash_sha256(bytes_of(file.data, covered), &hash);
    if (!hash32_equal(&hash, &stated)) {
        buf_printf(why, "is damaged: its checksum does not fit");
        return ERR_INVALID;
    }
    struct rd state = rd_from(c.state);
    (void)rd_view(&state, sizeof(hash.b));
    c.done = rd_u64(&state);
    if (state.err != 0 || c.done > c.squarings) {
        buf_printf(why, "is damaged: it is not within its chain");
        return ERR_INVALID;
    }
    *out = c;
    return 0;
}

static void write_head(enum tlc_kind kind, const struct tlc_head *head, struct buf *out)
{
    wr_fixed(out, kinds[kind].begins, MAGIC_BYTES);
    wr_u16(out, VERSION);
    wr_u16(out, (uint16_t)head->bits);
    wr_fixed(out, head->params.b, sizeof(head->params.b));
}

int tlc_puzzle_encode(const struct tlc_puzzle *p, struct buf *out)
{
    CHECK(p->parts.u.len == p->head.bits / 8 && p->parts.q.len == p->head.bits / 8);
    write_head(TLC_PUZZLE, &p->head, out);
    wr_var(out, p->ctx);
    buf_append_bytes(out, p->parts.u);
    buf_append_bytes(out, p->parts.q);
    wr_var(out, p->parts.proof);
    wr_var(out, p->parts.ct);
    return out->err;
}

int tlc_opening_encode(const struct tlc_opening *o, struct buf *out)
{
    CHECK(o->u.len == o->head.bits / 8 && o->w.len == o->head.bits / 8);
    write_head(TLC_OPENING, &o->head, out);
    buf_append_bytes(out, o->u);
    buf_append_bytes(out, o->w);
    return out->err;
}

int tlc_checkpoint_encode(const struct tlc_checkpoint *c, struct buf *out)
{
    size_t from = out->len;
    write_head(c->kind, &c->head, out);
    wr_u64(out, c->squarings);
    wr_var(out, c->state);
    if (out->err == 0) {
        struct hash32 hash;
        hash_sha256(bytes_of(out->data + from, out->len - from), &hash);
        wr_fixed(out, hash.b, sizeof(hash.b));
    }
    return out->err;
}
