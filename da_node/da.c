#include "da_node/da.h"

#include "common/actor/party.h"
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

#define MAX_WAITING ((size_t)1 << 20)

/* Somebody who asked for an item that is not here yet. */
struct da_waiting {
    uint32_t peer;
    Lockstep__DaKey key;
};

struct da {
    struct party p;
    uint64_t used_bytes;
    struct da_waiting *waiting;
    size_t n_waiting;
    size_t cap_waiting;
};

static void key_encode(const Lockstep__DaKey *k, struct buf *out)
{
    wr_fixed(out, "da/", 3);
    wr_u64(out, k->namespace_);
    wr_u64(out, k->slot);
    wr_u32(out, (uint32_t)k->kind);
    wr_u32(out, k->index);
}

static bool same_key(const Lockstep__DaKey *a, const Lockstep__DaKey *b)
{
    return a->namespace_ == b->namespace_ && a->slot == b->slot && a->kind == b->kind &&
           a->index == b->index;
}

/* Does this come from the rollup's executor? Everything else comes from the sequencer. */
static bool is_executors(Lockstep__DaKind kind)
{
    return kind == LOCKSTEP__DA_KIND__DA_RESULT || kind == LOCKSTEP__DA_KIND__DA_PROOFS ||
           kind == LOCKSTEP__DA_KIND__DA_STEPS;
}

static bool may_put(const struct da *da, uint32_t from, const Lockstep__DaKey *k)
{
    if (!is_executors(k->kind)) {
        return from == da->p.sequencer_id;
    }
    int i = party_executor_index(&da->p, k->namespace_);
    return i >= 0 && from == da->p.executor_ids[i];
}

static int send_item(struct da *da, uint32_t to, const Lockstep__DaKey *k, struct bytes data)
{
    Lockstep__DaKey key = *k;
    Lockstep__DaItem item = LOCKSTEP__DA_ITEM__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    item.key = &key;
    item.data = wire_bytes(data);
    m.body_case = LOCKSTEP__MESSAGE__BODY_DA_ITEM;
    m.da_item = &item;
    return party_send(&da->p, to, &m);
}

static int send_acknowledgement(struct da *da, uint32_t to, const Lockstep__DaKey *k,
                                const struct hash32 *hash)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct hash32 digest;
    struct sig65 sig;
    key_encode(k, &body);
    wr_fixed(&body, hash->b, 32);
    if (body.err != 0) {
        return body.err;
    }
    pro_digest(&da->p.view.deployment.id, PRO_TAG_DA_ACK, buf_view(&body), &digest);
    sig_sign(&da->p.key, &digest, &sig);
    Lockstep__DaKey key = *k;
    Lockstep__DaStored stored = LOCKSTEP__DA_STORED__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    stored.key = &key;
    stored.hash = wire_bytes(BYTES_OF(*hash));
    stored.signature = wire_bytes(BYTES_OF(sig));
    m.body_case = LOCKSTEP__MESSAGE__BODY_DA_STORED;
    m.da_stored = &stored;
    return party_send(&da->p, to, &m);
}

static int serve_waiting(struct da *da, const Lockstep__DaKey *k, struct bytes data)
{
    size_t kept = 0;
    int rc = 0;
    for (size_t i = 0; i < da->n_waiting; i++) {
        if (rc == 0 && same_key(&da->waiting[i].key, k)) {
            rc = send_item(da, da->waiting[i].peer, k, data);
        } else {
            da->waiting[kept++] = da->waiting[i];
        }
    }
    da->n_waiting = kept;
    return rc;
}

static void record_stored(struct da *da, const Lockstep__DaKey *k, struct bytes data)
{
    Lockstep__DaKey key = *k;
    Lockstep__TraceDaStored stored = LOCKSTEP__TRACE_DA_STORED__INIT;
    Lockstep__TraceRecord r = LOCKSTEP__TRACE_RECORD__INIT;
    stored.key = &key;
    stored.data = wire_bytes(data);
    r.body_case = LOCKSTEP__TRACE_RECORD__BODY_DA_STORED;
    r.da_stored = &stored;
    party_record(&da->p, &r);
}

static int store_new(struct da *da, uint32_t from, const Lockstep__DaKey *k, struct bytes key,
                     struct bytes data)
{
    uint64_t capacity = da->p.config->da->capacity_bytes;
    if (data.len > capacity || da->used_bytes > capacity - data.len) {
        party_reject(&da->p, from, ACT_REJECT_LIMIT, "%llu of %llu bytes are in use",
                     (unsigned long long)da->used_bytes, (unsigned long long)capacity);
        return 0;
    }
    struct hash32 hash;
    int rc = da->p.store->ops->put(da->p.store, key, data);
    if (rc != 0) {
        return rc;
    }
    da->used_bytes += data.len;
    hash_keccak256(data, &hash);
    record_stored(da, k, data);
    rc = send_acknowledgement(da, from, k, &hash);
    return rc != 0 ? rc : serve_waiting(da, k, data);
}

static int on_put(struct da *da, uint32_t from, const Lockstep__DaPut *put)
{
    CLEANUP(buf_fini) struct buf key = {0};
    CLEANUP(buf_fini) struct buf present = {0};
    struct bytes data = wire_view(&put->data);
    if (!may_put(da, from, put->key)) {
        party_reject(&da->p, from, ACT_REJECT_UNEXPECTED, "not the publisher of such an item");
        return 0;
    }
    key_encode(put->key, &key);
    if (key.err != 0) {
        return key.err;
    }
    int rc = da->p.store->ops->get(da->p.store, buf_view(&key), &present);
    if (rc == ERR_NOTFOUND) {
        return store_new(da, from, put->key, buf_view(&key), data);
    }
    if (rc != 0) {
        return rc;
    }
    if (!bytes_equal(buf_view(&present), data)) {
        party_reject(&da->p, from, ACT_REJECT_DUPLICATE, "another item is stored there already");
        return 0;
    }
    struct hash32 hash;
    hash_keccak256(data, &hash);
    return send_acknowledgement(da, from, put->key, &hash);
}

static int wait_for(struct da *da, uint32_t from, const Lockstep__DaKey *k)
{
    if (da->n_waiting >= MAX_WAITING) {
        party_reject(&da->p, from, ACT_REJECT_LIMIT, "%zu requests are waiting", da->n_waiting);
        return 0;
    }
    int rc = VEC_RESERVE(da->waiting, da->cap_waiting, da->n_waiting + 1);
    if (rc == 0) {
        da->waiting[da->n_waiting++] = (struct da_waiting){from, *k};
    }
    return rc;
}

static int on_get(struct da *da, uint32_t from, const Lockstep__DaGet *get)
{
    CLEANUP(buf_fini) struct buf key = {0};
    CLEANUP(buf_fini) struct buf data = {0};
    int rc = 0;
    for (size_t i = 0; i < get->n_keys && rc == 0; i++) {
        buf_clear(&key);
        buf_clear(&data);
        key_encode(get->keys[i], &key);
        rc = key.err != 0 ? key.err : da->p.store->ops->get(da->p.store, buf_view(&key), &data);
        if (rc == 0) {
            rc = send_item(da, from, get->keys[i], buf_view(&data));
        } else if (rc == ERR_NOTFOUND) {
            rc = wait_for(da, from, get->keys[i]);
        }
    }
    return rc;
}

static int add_size(void *ctx, struct bytes key, struct bytes value)
{
    struct da *da = ctx;
    (void)key;
    da->used_bytes += value.len;
    return 0;
}

static int da_start(struct party *p)
{
    struct da *da = (struct da *)p;
    return p->store->ops->scan(p->store, bytes_str("da/"), add_size, da);
}

static int da_message(struct party *p, uint32_t from, const Lockstep__Message *m)
{
    struct da *da = (struct da *)p;
    switch (m->body_case) {
    case LOCKSTEP__MESSAGE__BODY_DA_PUT:
        return on_put(da, from, m->da_put);
    case LOCKSTEP__MESSAGE__BODY_DA_GET:
        return on_get(da, from, m->da_get);
    default:
        party_reject(p, from, ACT_REJECT_UNEXPECTED, "not a message for a DA node");
        return 0;
    }
}

static int da_timer(struct party *p, uint64_t id)
{
    (void)p;
    (void)id;
    return 0;
}

static int da_work_done(struct party *p, const struct act_event *ev)
{
    (void)p;
    (void)ev;
    return 0;
}

static const struct party_ops ops = {da_start, da_message, da_timer, da_work_done};

static void da_destroy(struct act_actor **self)
{
    struct da *da = (struct da *)*self;
    if (da != NULL) {
        party_fini(&da->p);
        free(da->waiting);
        free(da);
        *self = NULL;
    }
}

static int da_create(const struct act_setup *setup, struct act_actor **out, struct buf *why)
{
    struct da *da = calloc(1, sizeof(*da));
    if (da == NULL) {
        return ERR_NOMEM;
    }
    int rc = party_init(&da->p, setup, LOCKSTEP__ROLE__ROLE_DA, why);
    if (rc != 0) {
        free(da);
        return rc;
    }
    *out = (struct act_actor *)da;
    return 0;
}

static int da_step(struct act_actor *self, const struct act_event *ev, struct act_effects *out)
{
    return party_step(&((struct da *)self)->p, &ops, ev, out);
}

const struct act_class da_class = {"da", da_create, da_step, NULL, da_destroy};
