#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_signed.h"

static const struct {
    const char *prefix;
    const char *tag;
    const char *what;
} statements[] = {
    [SEQ_SAYS_ORDER] = {"log/order/", PRO_TAG_ORDER, "order commitment"},
    [SEQ_SAYS_OPENINGS] = {"log/openings/", PRO_TAG_OPENINGS, "openings"},
    [SEQ_SAYS_BLOCK] = {"log/block/", PRO_TAG_BLOCK, "block"},
    [SEQ_SAYS_FINAL] = {"log/final/", PRO_TAG_BLOCK, "final block"},
};

static const char slot_key[] = "log/slot";
static const char place_prefix[] = "log/place/";

static void begin_key(struct buf *key, const char *prefix)
{
    buf_clear(key);
    buf_append_bytes(key, bytes_str(prefix));
}

static void place_key(struct buf *key, uint64_t slot, const struct pro_preconf_tx *tx)
{
    begin_key(key, place_prefix);
    wr_u64(key, slot);
    wr_u64(key, tx->rollup);
    wr_u32(key, tx->order);
}

static void seq_key(struct buf *key, const struct pro_preconf *p)
{
    begin_key(key, "log/seq/");
    wr_u64(key, p->slot);
    wr_u32(key, p->seq);
}

static void bundle_key(struct buf *key, const struct hash32 *id)
{
    begin_key(key, "log/bundle/");
    wr_fixed(key, id->b, sizeof(id->b));
}

/* The leg without its proof, which has two forms that anybody can make of one another. The sender
 * of the time-lock alone can change the rest and have it accepted. */
static void leg_key(struct buf *key, const struct pro_leg *leg)
{
    CLEANUP(buf_fini) struct buf rest = {0};
    struct hash32 hash;
    wr_var(&rest, leg->open_bytes);
    wr_var(&rest, leg->u);
    wr_var(&rest, leg->q);
    wr_var(&rest, leg->sealed);
    hash_sha256(buf_view(&rest), &hash);
    begin_key(key, "log/leg/");
    wr_fixed(key, hash.b, sizeof(hash.b));
    if (key->err == 0) {
        key->err = rest.err;
    }
}

/* Nothing has been said here yet, or just this. Returns: 0, 1 if it stands there already,
 * ERR_EXISTS if something else does, a store failure. */
static int check_free(const struct seq *s, const struct buf *key, struct bytes said)
{
    CLEANUP(buf_fini) struct buf before = {0};
    int rc = key->err != 0 ? key->err : s->p.store->ops->get(s->p.store, buf_view(key), &before);
    if (rc == 0) {
        return bytes_equal(buf_view(&before), said) ? 1 : ERR_EXISTS;
    }
    return rc == ERR_NOTFOUND ? 0 : rc;
}

/* Writes the entry unless it stands there; ERR_EXISTS if another one does. */
static int claim(struct seq *s, const struct buf *key, struct bytes said)
{
    int rc = check_free(s, key, said);
    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    return s->p.store->ops->put(s->p.store, buf_view(key), said);
}

/* The sentence the actor stops with. */
static int contradiction(struct seq *s, const char *what, uint64_t slot, uint64_t rollup,
                         uint32_t round)
{
    CLEANUP(buf_fini) struct buf why = {0};
    buf_printf(&why, "a different %s was signed for this place before; this one is not signed",
               what);
    party_note(&s->p, "contradiction", slot, rollup, round, 0, buf_cstr(&why));
    return ERR_EXISTS;
}

int seq_sign(struct seq *s, const struct seq_place *place, struct bytes body, struct buf *out)
{
    CLEANUP(buf_fini) struct buf key = {0};
    struct hash32 digest;
    const char *tag = statements[place->kind].tag;
    pro_digest(&s->p.view.deployment.id, tag, body, &digest);
    begin_key(&key, statements[place->kind].prefix);
    wr_u64(&key, place->slot);
    wr_u64(&key, place->rollup);
    wr_u32(&key, place->round);
    int rc = claim(s, &key, BYTES_OF(digest));
    if (rc == ERR_EXISTS) {
        return contradiction(s, statements[place->kind].what, place->slot, place->rollup,
                             place->round);
    }
    if (rc == 0) {
        pro_sign(&s->p.view.deployment.id, tag, &s->p.key, body, out);
        rc = out->err;
    }
    return rc;
}

/* ---- Promises ---- */

/* Everything a promise says but the signatures, piece by piece. */
static int claim_places(struct seq *s, const struct seq_bundle *b)
{
    CLEANUP(buf_fini) struct buf key = {0};
    CLEANUP(buf_fini) struct buf said = {0};
    const struct pro_preconf *p = &b->preconf;
    int rc = 0;
    for (uint32_t i = 0; i < p->n_legs && rc == 0; i++) {
        place_key(&key, p->slot, &p->txs[i]);
        buf_clear(&said);
        wr_u32(&said, p->seq);
        wr_u32(&said, i);
        wr_fixed(&said, p->bundle_id.b, sizeof(p->bundle_id.b));
        rc = said.err != 0 ? said.err : claim(s, &key, buf_view(&said));
        if (rc == 0) {
            leg_key(&key, &b->bundle.legs[i]);
            rc = claim(s, &key, BYTES_OF(p->bundle_id));
        }
    }
    if (rc == 0) {
        seq_key(&key, p);
        rc = claim(s, &key, BYTES_OF(p->bundle_id));
    }
    return rc;
}

/* The bundle's entry comes last: where it stands, all others do. A promise cut short has taken its
 * places and left nothing else. */
int seq_sign_promise(struct seq *s, struct seq_bundle *b, struct buf *out)
{
    CLEANUP(buf_fini) struct buf key = {0};
    CLEANUP(buf_fini) struct buf encoded = {0};
    int rc = claim_places(s, b);
    if (rc == 0) {
        pro_preconf_sign(&s->p.view.domain, &b->preconf, &s->p.key);
        pro_preconf_encode(&b->preconf, &encoded);
        bundle_key(&key, &b->bundle.id);
        rc = encoded.err != 0 ? encoded.err : claim(s, &key, buf_view(&encoded));
    }
    if (rc == ERR_EXISTS) {
        return contradiction(s, "promise", b->preconf.slot, 0, 0);
    }
    if (rc == 0) {
        buf_append_bytes(out, buf_view(&encoded));
        rc = out->err;
    }
    return rc;
}

int seq_promise_of(const struct seq *s, const struct hash32 *bundle, struct buf *out)
{
    CLEANUP(buf_fini) struct buf key = {0};
    bundle_key(&key, bundle);
    return key.err != 0 ? key.err : s->p.store->ops->get(s->p.store, buf_view(&key), out);
}

int seq_find_replayed(const struct seq *s, const struct pro_bundle *b, int *leg)
{
    CLEANUP(buf_fini) struct buf key = {0};
    *leg = -1;
    for (uint32_t i = 0; i < b->n_legs; i++) {
        leg_key(&key, &b->legs[i]);
        int rc = check_free(s, &key, BYTES_OF(b->id));
        if (rc == ERR_EXISTS) {
            *leg = (int)i;
            return 0;
        }
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- Slots ---- */

int seq_log_slot(struct seq *s, uint64_t number)
{
    CLEANUP(buf_fini) struct buf value = {0};
    wr_u64(&value, number);
    wr_u64(&value, (uint64_t)s->started.ns);
    return value.err != 0 ? value.err
                          : s->p.store->ops->put(s->p.store, bytes_str(slot_key), buf_view(&value));
}

static int stop_at_first(void *ctx, struct bytes key, struct bytes value)
{
    (void)ctx;
    (void)key;
    (void)value;
    return 1;
}

/* Returns: 1 if a position of this slot was promised, 0, or a failure. */
static int has_promises(const struct seq *s, uint64_t slot)
{
    CLEANUP(buf_fini) struct buf prefix = {0};
    begin_key(&prefix, place_prefix);
    wr_u64(&prefix, slot);
    return prefix.err != 0
               ? prefix.err
               : s->p.store->ops->scan(s->p.store, buf_view(&prefix), stop_at_first, NULL);
}

/* The slot whose turn it is by the clock. */
static uint64_t slot_at(const struct seq *s, struct sim_time started)
{
    int64_t duration_ns = s->p.config->sequencer->slots->duration_ns;
    return s->p.now.ns < started.ns
               ? 1
               : (uint64_t)(s->p.now.ns - started.ns) / (uint64_t)duration_ns + 1;
}

/* Slot `number` begins now: its end is one duration away, whatever the clock said before. */
static struct sim_time started_for(const struct seq *s, uint64_t number)
{
    int64_t before = 0;
    if (__builtin_mul_overflow((int64_t)(number - 1), s->p.config->sequencer->slots->duration_ns,
                               &before)) {
        before = INT64_MAX;
    }
    return (struct sim_time){s->p.now.ns - before};
}

/* Slots keep to the clock that the first life started: what a slot with promises has lost of its
 * time goes to the next one. */
int seq_resume(struct seq *s, uint64_t *number)
{
    CLEANUP(buf_fini) struct buf value = {0};
    int rc = s->p.store->ops->get(s->p.store, bytes_str(slot_key), &value);
    if (rc == ERR_NOTFOUND) {
        s->started = s->p.now;
        *number = 1;
        return 0;
    }
    if (rc != 0) {
        return rc;
    }
    struct rd r = rd_from(buf_view(&value));
    uint64_t latest = rd_u64(&r);
    struct sim_time started = {(int64_t)rd_u64(&r)};
    if (rd_end(&r) != 0 || latest == 0 || latest > INT64_MAX) {
        return ERR_CORRUPT;
    }
    rc = has_promises(s, latest);
    if (rc < 0) {
        return rc;
    }
    uint64_t first = latest + (rc == 1 ? 1 : 0);
    uint64_t due = slot_at(s, started);
    *number = due > first ? due : first;
    s->started = s->p.now.ns < started.ns ? started_for(s, *number) : started;
    party_note(&s->p, "resumed", *number, 0, 0, latest,
               rc == 1 ? "the latest slot has promises, and no other will be made in it" : NULL);
    return 0;
}
