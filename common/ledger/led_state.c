#include "common/ledger/led_state.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_state_core.h"

#include <stdlib.h>

#define POOL_BYTES 68

void led_key_add(struct led_key *key, const void *data, size_t len)
{
    CHECK(len <= sizeof(key->b) - key->len);
    memcpy(key->b + key->len, data, len);
    key->len += len;
}

void led_key_start(struct led_key *key, enum led_key_tag tag)
{
    key->b[0] = (uint8_t)tag;
    key->len = 1;
}

void led_key_end(struct led_key *key)
{
    smt_path(bytes_of(key->b, key->len), &key->path);
}

void led_key_balance(struct led_key *out, const struct addr20 *account,
                     const struct led_name *asset)
{
    led_key_start(out, LED_KEY_BALANCE);
    led_key_add(out, account->b, 20);
    led_key_add(out, asset->text, LED_NAME_MAX);
    led_key_end(out);
}

void led_key_nonce(struct led_key *out, const struct addr20 *account)
{
    led_key_start(out, LED_KEY_NONCE);
    led_key_add(out, account->b, 20);
    led_key_end(out);
}

void led_key_pool(struct led_key *out, const struct led_name *pool)
{
    led_key_start(out, LED_KEY_POOL);
    led_key_add(out, pool->text, LED_NAME_MAX);
    led_key_end(out);
}

static struct bytes key_view(const struct led_key *key)
{
    return bytes_of(key->b, key->len);
}

int led_state_new(uint64_t rollup, struct led_state **out)
{
    struct led_state *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return ERR_NOMEM;
    }
    s->rollup = rollup;
    *out = s;
    return 0;
}

void led_state_destroy(struct led_state **s)
{
    if (*s != NULL) {
        smt_fini(&(*s)->tree);
        free((*s)->journal);
        free(*s);
        *s = NULL;
    }
}

uint64_t led_state_rollup(const struct led_state *s)
{
    return s->rollup;
}

static void touch(const struct led_state *s, const struct led_key *key)
{
    struct led_trace *t = s->trace;
    if (t == NULL || t->err != 0) {
        return;
    }
    t->err = VEC_RESERVE(t->paths, t->cap, t->n + 1);
    if (t->err == 0) {
        t->paths[t->n++] = key->path;
    }
}

struct bytes led_state_get(const struct led_state *s, const struct led_key *key)
{
    struct bytes value = {0};
    touch(s, key);
    (void)smt_get_at(&s->tree, &key->path, key_view(key), &value);
    return value;
}

/* Writes and remembers what was there. An empty value deletes the key. */
static int put(struct led_state *s, const struct led_key *key, struct bytes value)
{
    struct bytes old = {0};
    touch(s, key);
    bool present = smt_get_at(&s->tree, &key->path, key_view(key), &old);
    if (bytes_equal(old, value)) {
        return 0;
    }
    int rc = VEC_RESERVE(s->journal, s->cap_journal, s->n_journal + 1);
    if (rc != 0) {
        return rc;
    }
    struct led_undo *u = &s->journal[s->n_journal];
    *u = (struct led_undo){.key = *key, .present = present, .value_len = (uint8_t)old.len};
    if (present) {
        memcpy(u->value, old.data, old.len);
    }
    if (value.len == 0) {
        (void)smt_del_at(&s->tree, &key->path, key_view(key));
    } else {
        rc = smt_put_at(&s->tree, &key->path, key_view(key), value);
    }
    if (rc == 0) {
        s->n_journal++;
    }
    return rc;
}

struct buf *led_value_start(struct led_value *v)
{
    v->b = (struct buf){.data = v->memory, .cap = sizeof(v->memory), .limit = sizeof(v->memory)};
    return &v->b;
}

int led_state_put(struct led_state *s, const struct led_key *key, const struct led_value *v)
{
    CHECK(v->b.err == 0);
    return put(s, key, buf_view(&v->b));
}

static u128 read_u128(struct bytes value)
{
    struct rd r = rd_from(value);
    u128 v = rd_u128(&r);
    CHECK(rd_end(&r) == 0);
    return v;
}

int led_state_set_balance(struct led_state *s, const struct addr20 *account,
                          const struct led_name *asset, u128 amount)
{
    struct led_key key;
    struct led_value v;
    led_key_balance(&key, account, asset);
    struct buf *b = led_value_start(&v);
    if (amount != 0) {
        wr_u128(b, amount);
    }
    return led_state_put(s, &key, &v);
}

int led_state_add(struct led_state *s, const struct led_key *key, u128 amount, bool *overflow)
{
    struct led_value v;
    u128 sum = 0;
    struct bytes value = led_state_get(s, key);
    *overflow = __builtin_add_overflow(value.len == 0 ? 0 : read_u128(value), amount, &sum);
    if (*overflow || amount == 0) {
        return 0;
    }
    wr_u128(led_value_start(&v), sum);
    return led_state_put(s, key, &v);
}

int led_state_take(struct led_state *s, const struct led_key *key, u128 amount, bool *short_of)
{
    struct led_value v;
    struct bytes value = led_state_get(s, key);
    u128 balance = value.len == 0 ? 0 : read_u128(value);
    *short_of = balance < amount;
    if (*short_of || amount == 0) {
        return 0;
    }
    struct buf *b = led_value_start(&v);
    if (balance != amount) {
        wr_u128(b, balance - amount);
    }
    return led_state_put(s, key, &v);
}

int led_state_set_nonce(struct led_state *s, const struct addr20 *account, uint64_t nonce)
{
    struct led_key key;
    struct led_value v;
    led_key_nonce(&key, account);
    struct buf *b = led_value_start(&v);
    if (nonce != 0) {
        wr_u64(b, nonce);
    }
    return led_state_put(s, &key, &v);
}

int led_state_set_pool(struct led_state *s, const struct led_name *name,
                       const struct led_name *asset_a, u128 reserve_a,
                       const struct led_name *asset_b, u128 reserve_b, uint32_t fee_ppm)
{
    struct led_key key;
    struct led_value v;
    if (led_name_equal(asset_a, asset_b) || reserve_a == 0 || reserve_b == 0 ||
        fee_ppm >= LED_PPM) {
        return ERR_INVALID;
    }
    led_key_pool(&key, name);
    struct buf *b = led_value_start(&v);
    wr_fixed(b, asset_a->text, LED_NAME_MAX);
    wr_u128(b, reserve_a);
    wr_fixed(b, asset_b->text, LED_NAME_MAX);
    wr_u128(b, reserve_b);
    wr_u32(b, fee_ppm);
    return led_state_put(s, &key, &v);
}

static struct led_pool read_pool(struct bytes value)
{
    struct led_pool p = {0};
    struct rd r = rd_from(value);
    CHECK(value.len == POOL_BYTES);
    rd_fixed(&r, p.asset_a.text, LED_NAME_MAX);
    p.reserve_a = rd_u128(&r);
    rd_fixed(&r, p.asset_b.text, LED_NAME_MAX);
    p.reserve_b = rd_u128(&r);
    p.fee_ppm = rd_u32(&r);
    CHECK(rd_end(&r) == 0);
    return p;
}

u128 led_balance(const struct led_state *s, const struct addr20 *account,
                 const struct led_name *asset)
{
    struct led_key key;
    led_key_balance(&key, account, asset);
    struct bytes value = led_state_get(s, &key);
    return value.len == 0 ? 0 : read_u128(value);
}

uint64_t led_nonce(const struct led_state *s, const struct addr20 *account)
{
    struct led_key key;
    led_key_nonce(&key, account);
    struct bytes value = led_state_get(s, &key);
    struct rd r = rd_from(value);
    return value.len == 0 ? 0 : rd_u64(&r);
}

int led_pool_get(const struct led_state *s, const struct led_name *name, struct led_pool *out)
{
    struct led_key key;
    led_key_pool(&key, name);
    struct bytes value = led_state_get(s, &key);
    if (value.len == 0) {
        return ERR_NOTFOUND;
    }
    *out = read_pool(value);
    return 0;
}

int led_state_list(const struct led_state *s, enum led_key_tag tag, struct smt_item **items,
                   size_t *n)
{
    uint8_t prefix = (uint8_t)tag;
    return smt_list(&s->tree, bytes_of(&prefix, 1), items, n);
}

int led_state_balances(const struct led_state *s, struct led_balance_row **rows, size_t *n)
{
    CLEANUP(cleanup_free) struct smt_item *items = NULL;
    struct led_balance_row *found = NULL;
    size_t count = 0;
    int rc = led_state_list(s, LED_KEY_BALANCE, &items, &count);
    if (rc != 0) {
        return rc;
    }
    if (count != 0 && (found = calloc(count, sizeof(*found))) == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(found[i].account.b, items[i].key.data + 1, 20);
        memcpy(found[i].asset.text, items[i].key.data + 21, LED_NAME_MAX);
        found[i].amount = read_u128(items[i].value);
    }
    *rows = found;
    *n = count;
    return 0;
}

int led_state_pools(const struct led_state *s, struct led_pool_row **rows, size_t *n)
{
    CLEANUP(cleanup_free) struct smt_item *items = NULL;
    struct led_pool_row *found = NULL;
    size_t count = 0;
    int rc = led_state_list(s, LED_KEY_POOL, &items, &count);
    if (rc != 0) {
        return rc;
    }
    if (count != 0 && (found = calloc(count, sizeof(*found))) == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(found[i].name.text, items[i].key.data + 1, LED_NAME_MAX);
        found[i].pool = read_pool(items[i].value);
    }
    *rows = found;
    *n = count;
    return 0;
}

/* How much of an asset one entry of the tree holds. */
static u128 held(const struct smt_item *item, const struct led_name *asset)
{
    uint8_t tag = item->key.data[0];
    if (tag == LED_KEY_BALANCE) {
        bool same = memcmp(item->key.data + 21, asset->text, LED_NAME_MAX) == 0;
        return same ? read_u128(item->value) : 0;
    }
    if (tag == LED_KEY_POOL) {
        struct led_pool p = read_pool(item->value);
        if (led_name_equal(&p.asset_a, asset)) {
            return p.reserve_a;
        }
        return led_name_equal(&p.asset_b, asset) ? p.reserve_b : 0;
    }
    return tag == LED_KEY_LENDING ? led_lending_holds(item->value, asset) : 0;
}

int led_state_total(const struct led_state *s, const struct led_name *asset, u128 *out)
{
    struct smt_item item;
    size_t cursor = 0;
    u128 sum = 0;
    while (smt_next(&s->tree, &cursor, &item)) {
        if (__builtin_add_overflow(sum, held(&item, asset), &sum)) {
            return ERR_OVERFLOW;
        }
    }
    *out = sum;
    return 0;
}

void led_state_root(struct led_state *s, struct hash32 *out)
{
    smt_root(&s->tree, out);
}

void led_state_prove(struct led_state *s, const struct led_key *key, struct smt_proof *out)
{
    smt_prove(&s->tree, key_view(key), out);
}

struct led_mark led_state_mark(const struct led_state *s)
{
    return (struct led_mark){s->n_journal};
}

void led_state_rollback(struct led_state *s, struct led_mark mark)
{
    CHECK(mark.at <= s->n_journal);
    while (s->n_journal > mark.at) {
        const struct led_undo *u = &s->journal[--s->n_journal];
        if (u->present) {
            /* The tree held this before and keeps its memory, so there is room. */
            CHECK(smt_put_at(&s->tree, &u->key.path, key_view(&u->key),
                             bytes_of(u->value, u->value_len)) == 0);
        } else {
            CHECK(smt_del_at(&s->tree, &u->key.path, key_view(&u->key)));
        }
    }
}

void led_state_commit(struct led_state *s)
{
    s->n_journal = 0;
}

void led_state_trace(struct led_state *s, struct led_trace *trace)
{
    s->trace = trace;
}

void led_trace_fini(struct led_trace *trace)
{
    free(trace->paths);
    *trace = (struct led_trace){0};
}
