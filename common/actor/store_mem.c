#include "common/actor/store_mem.h"

#include "common/base/vec.h"

#include <stdlib.h>

struct store_mem_entry {
    size_t key_len;
    size_t value_len;
    uint8_t data[]; /* key, then value */
};

static struct bytes entry_key(const struct store_mem_entry *e)
{
    return bytes_of(e->data, e->key_len);
}

static struct bytes entry_value(const struct store_mem_entry *e)
{
    return bytes_of(e->data + e->key_len, e->value_len);
}

/* Returns: the first position whose key is not below `key`. */
static size_t lower_bound(const struct store_mem *m, struct bytes key)
{
    if (m->n > 0 && bytes_compare(entry_key(m->entries[m->n - 1]), key) < 0) {
        return m->n;
    }
    size_t lo = 0;
    size_t hi = m->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (bytes_compare(entry_key(m->entries[mid]), key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static bool holds(const struct store_mem *m, size_t at, struct bytes key)
{
    return at < m->n && bytes_equal(entry_key(m->entries[at]), key);
}

static struct store_mem_entry *entry_new(struct bytes key, struct bytes value)
{
    if (key.len > SIZE_MAX / 4 || value.len > SIZE_MAX / 4) {
        return NULL;
    }
    struct store_mem_entry *e = malloc(sizeof(*e) + key.len + value.len);
    if (e == NULL) {
        return NULL;
    }
    e->key_len = key.len;
    e->value_len = value.len;
    if (key.len > 0) {
        memcpy(e->data, key.data, key.len);
    }
    if (value.len > 0) {
        memcpy(e->data + key.len, value.data, value.len);
    }
    return e;
}

static int mem_put(struct act_store *self, struct bytes key, struct bytes value)
{
    struct store_mem *m = (struct store_mem *)self;
    size_t at = lower_bound(m, key);
    bool replaces = holds(m, at, key);
    uint64_t freed = replaces ? m->entries[at]->key_len + m->entries[at]->value_len : 0;
    uint64_t used = m->used_bytes - freed + key.len + value.len;
    if (m->limit_bytes != 0 && used > m->limit_bytes) {
        return ERR_FULL;
    }
    int rc = VEC_RESERVE(m->entries, m->cap, m->n + 1);
    if (rc != 0) {
        return rc;
    }
    struct store_mem_entry *e = entry_new(key, value);
    if (e == NULL) {
        return ERR_NOMEM;
    }
    if (replaces) {
        free(m->entries[at]);
    } else {
        memmove(m->entries + at + 1, m->entries + at, (m->n - at) * sizeof(*m->entries));
        m->n++;
    }
    m->entries[at] = e;
    m->used_bytes = used;
    return 0;
}

static int mem_get(struct act_store *self, struct bytes key, struct buf *out)
{
    struct store_mem *m = (struct store_mem *)self;
    size_t at = lower_bound(m, key);
    if (!holds(m, at, key)) {
        return ERR_NOTFOUND;
    }
    buf_append_bytes(out, entry_value(m->entries[at]));
    return out->err;
}

static int mem_del(struct act_store *self, struct bytes key)
{
    struct store_mem *m = (struct store_mem *)self;
    size_t at = lower_bound(m, key);
    if (!holds(m, at, key)) {
        return 0;
    }
    struct store_mem_entry *gone = m->entries[at];
    m->used_bytes -= gone->key_len + gone->value_len;
    m->n--;
    memmove(m->entries + at, m->entries + at + 1, (m->n - at) * sizeof(*m->entries));
    free(gone);
    return 0;
}

static int mem_scan(struct act_store *self, struct bytes prefix, act_store_visit *visit, void *ctx)
{
    struct store_mem *m = (struct store_mem *)self;
    for (size_t i = lower_bound(m, prefix); i < m->n; i++) {
        struct bytes key = entry_key(m->entries[i]);
        if (key.len < prefix.len || !bytes_equal(bytes_of(key.data, prefix.len), prefix)) {
            break;
        }
        int rc = visit(ctx, key, entry_value(m->entries[i]));
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static const struct act_store_ops mem_ops = {
    .put = mem_put,
    .get = mem_get,
    .del = mem_del,
    .scan = mem_scan,
};

void store_mem_init(struct store_mem *m, uint64_t limit_bytes)
{
    *m = (struct store_mem){.store = {&mem_ops}, .limit_bytes = limit_bytes};
}

void store_mem_wipe(struct store_mem *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->entries[i]);
    }
    m->n = 0;
    m->used_bytes = 0;
}

void store_mem_fini(struct store_mem *m)
{
    store_mem_wipe(m);
    free(m->entries);
    *m = (struct store_mem){.store = {&mem_ops}, .limit_bytes = m->limit_bytes};
}
