#include "common/runtime/fprint.h"

#include <endian.h>

/* No fixed part of a record is longer. */
#define HEAD_BYTES 64

int fprint_init(struct fprint *f)
{
    f->used = 0;
    return hash_sha_init(&f->sha);
}

void fprint_fini(struct fprint *f)
{
    hash_sha_fini(&f->sha);
}

static void flush(struct fprint *f)
{
    hash_sha_add(&f->sha, bytes_of(f->pending, f->used));
    f->used = 0;
}

/* Returns: room for HEAD_BYTES. */
static uint8_t *head(struct fprint *f)
{
    if (sizeof(f->pending) - f->used < HEAD_BYTES) {
        flush(f);
    }
    return f->pending + f->used;
}

static void add(struct fprint *f, struct bytes v)
{
    if (v.len > sizeof(f->pending) - f->used) {
        flush(f);
        if (v.len > sizeof(f->pending)) {
            hash_sha_add(&f->sha, v);
            return;
        }
    }
    if (v.len > 0) {
        memcpy(f->pending + f->used, v.data, v.len);
        f->used += v.len;
    }
}

static uint8_t *put8(uint8_t *p, uint8_t v)
{
    *p = v;
    return p + 1;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof(v));
    return p + sizeof(v);
}

static uint8_t *put64(uint8_t *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof(v));
    return p + sizeof(v);
}

static void done(struct fprint *f, const uint8_t *end)
{
    f->used = (size_t)(end - f->pending);
}

void fprint_event(struct fprint *f, const struct queue_key *key, const struct act_event *ev,
                  const struct hash32 *result, uint64_t result_bytes)
{
    bool work = ev->kind == ACT_WORK_DONE;
    struct bytes body = work ? BYTES_OF(*result) : ev->body;
    uint64_t len = work ? result_bytes : ev->body.len;
    uint8_t *p = put8(head(f), 'E');
    p = put64(p, (uint64_t)key->at_ns);
    p = put32(p, key->to);
    p = put32(p, key->from);
    p = put64(p, key->seq);
    p = put8(p, (uint8_t)ev->kind);
    p = put64(p, ev->id);
    p = put32(p, ev->work_kind);
    p = put32(p, (uint32_t)ev->work_rc);
    p = put32(p, (uint32_t)len);
    done(f, p);
    add(f, body);
}

void fprint_record(struct fprint *f, struct bytes record)
{
    uint8_t *p = put8(head(f), 'T');
    done(f, put32(p, (uint32_t)record.len));
    add(f, record);
}

void fprint_reject(struct fprint *f, uint32_t peer, enum act_reject_reason reason,
                   struct bytes detail)
{
    uint8_t *p = put8(head(f), 'R');
    p = put32(p, peer);
    p = put32(p, (uint32_t)reason);
    done(f, put32(p, (uint32_t)detail.len));
    add(f, detail);
}

void fprint_host(struct fprint *f, struct bytes body)
{
    uint8_t *p = put8(head(f), 'H');
    done(f, put32(p, (uint32_t)body.len));
    add(f, body);
}

void fprint_life(struct fprint *f, struct sim_time now, uint32_t actor, uint8_t what, int rc)
{
    uint8_t *p = put8(head(f), 'L');
    p = put64(p, (uint64_t)now.ns);
    p = put32(p, actor);
    p = put8(p, what);
    done(f, put32(p, (uint32_t)rc));
}

void fprint_peek(struct fprint *f, struct hash32 *out)
{
    flush(f);
    hash_sha_peek(&f->sha, out);
}
