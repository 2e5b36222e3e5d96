/* A run, continued: its keys, what they held when, and the roots that follow. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/ledger/led_run_core.h"
#include "common/ledger/smt_node.h"

#include <stdlib.h>

/* One entry's access to one path. */
struct visit {
    struct hash32 path;
    uint32_t entry;
};

struct visits {
    struct visit *items;
    size_t n, cap;
};

static void visits_fini(struct visits *v)
{
    free(v->items);
}

static int compare_visits(const void *a, const void *b)
{
    const struct visit *x = a;
    const struct visit *y = b;
    int order = memcmp(x->path.b, y->path.b, sizeof(x->path.b));
    return order != 0 ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

/* Decodes an entry, checks its signature and notes what it accesses. */
static int open_entry(struct led_run *run, uint32_t position, struct visits *v)
{
    CLEANUP(led_access_fini) struct led_access access = {0};
    struct run_entry *e = &run->entries[position];
    if (run->given[position].tx.len == 0) {
        return 0;
    }
    int rc = led_tx_decode(run->given[position].tx, &e->tx);
    if (rc != 0) {
        return rc;
    }
    e->is_tx = true;
    e->signed_well = led_tx_verify(&e->tx) == 0;
    rc = led_access_of(&e->tx, &access);
    rc = rc != 0 ? rc : VEC_RESERVE(v->items, v->cap, v->n + access.n);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < access.n; i++) {
        v->items[v->n++] = (struct visit){access.paths[i], position};
    }
    e->n_access = (uint32_t)access.n;
    hash_sha256(bytes_of(access.paths, access.n * sizeof(*access.paths)), &run->accesses[position]);
    return 0;
}

/* In: sorted visits. One key for each path, one slot for each visit and one before them. */
static void number_keys(struct led_run *run, const struct visits *v)
{
    uint32_t n_slots = 0;
    for (size_t i = 0; i < v->n; i++) {
        const struct visit *at = &v->items[i];
        struct run_entry *e = &run->entries[at->entry];
        if (i == 0 || !hash32_equal(&at->path, &at[-1].path)) {
            run->paths[run->n_keys] = (struct smt_trail_path){at->path, 0};
            run->keys[run->n_keys] = (struct run_key){.slot = n_slots, .n_slots = 1};
            run->slots[n_slots++] = (struct run_slot){.written = true};
            run->n_keys++;
        }
        uint32_t key = run->n_keys - 1;
        run->access[e->access + e->n_access] = (struct run_access){key, n_slots};
        e->n_access++;
        run->slots[n_slots++].step = at->entry + 1;
        run->keys[key].n_slots++;
        run->paths[key].steps_max++;
    }
}

static int make_keys(struct led_run *run, struct visits *v)
{
    uint32_t most = 0;
    if (v->n > UINT32_MAX / 4) {
        return ERR_FULL;
    }
    for (uint32_t i = 0; i < run->n; i++) {
        struct run_entry *e = &run->entries[i];
        e->access = (uint32_t)run->n_access;
        run->n_access += e->n_access;
        most = e->n_access > most ? e->n_access : most;
        e->n_access = 0; /* counted up again as they are numbered */
    }
    run->access = calloc(v->n + 1, sizeof(*run->access));
    run->keys = calloc(v->n + 1, sizeof(*run->keys));
    run->paths = calloc(v->n + 1, sizeof(*run->paths));
    run->slots = calloc(2 * v->n + 1, sizeof(*run->slots));
    run->dirty = calloc(v->n + 1, sizeof(*run->dirty));
    run->edited = calloc(v->n + 1, sizeof(*run->edited));
    run->made = calloc((size_t)most + 1, sizeof(*run->made));
    if (run->access == NULL || run->keys == NULL || run->paths == NULL || run->slots == NULL ||
        run->dirty == NULL || run->edited == NULL || run->made == NULL) {
        return ERR_NOMEM;
    }
    if (v->n > 1) {
        qsort(v->items, v->n, sizeof(*v->items), compare_visits);
    }
    number_keys(run, v);
    return 0;
}

/* What is there before the run. */
static void read_base(struct led_run *run)
{
    for (uint32_t k = 0; k < run->n_keys; k++) {
        struct run_key *key = &run->keys[k];
        const struct smt_leaf *leaf = smt_trail_leaf(run->trail, k);
        key->key.path = run->paths[k].path;
        key->edited = RUN_NOT_EDITED;
        if (leaf != NULL) {
            struct run_value *base = &run->slots[key->slot].value;
            memcpy(key->key.b, leaf->key, leaf->key_len);
            key->key.len = leaf->key_len;
            memcpy(base->b, leaf->value, leaf->value_len);
            base->len = leaf->value_len;
        }
    }
}

int run_open(struct led_run *run)
{
    CLEANUP(visits_fini) struct visits v = {0};
    int rc = 0;
    for (uint32_t i = 0; i < run->n && rc == 0; i++) {
        rc = open_entry(run, i, &v);
    }
    rc = rc != 0 ? rc : make_keys(run, &v);
    rc = rc != 0 ? rc
                 : smt_trail_new(&run->state->tree, run->paths, run->n_keys, run->n, &run->trail);
    if (rc == 0) {
        led_state_root(run->state, &run->pre_root);
        read_base(run);
    }
    return rc;
}

void run_close(struct led_run *run)
{
    for (uint32_t i = 0; run->entries != NULL && i < run->n; i++) {
        led_tx_fini(&run->entries[i].tx);
    }
    smt_trail_destroy(&run->trail);
    free(run->entries);
    free(run->ok);
    free(run->receipts);
    free(run->roots);
    free(run->accesses);
    free(run->access);
    free(run->keys);
    free(run->paths);
    free(run->slots);
    free(run->dirty);
    free(run->edited);
    free(run->made);
}

/* Returns: the last written slot up to this one. */
static const struct run_value *last_written(const struct run_slot *slot)
{
    while (!slot->written) { /* the first of a key is */
        slot--;
    }
    return &slot->value;
}

const struct run_value *run_before(struct led_run *run, const struct run_access *a)
{
    struct run_key *key = &run->keys[a->key];
    uint32_t at = a->slot - 1;
    if (key->looked_in == run->pass) {
        /* Nothing in front of where it looked last has changed since. */
        while (at >= key->looked_from && !run->slots[at].written) {
            at--;
        }
        at = at < key->looked_from ? key->found : at;
    } else {
        while (!run->slots[at].written) {
            at--;
        }
    }
    key->looked_in = run->pass;
    key->looked_from = a->slot;
    key->found = at;
    return &run->slots[at].value;
}

/* Returns: the first slot of a key that is not before a step; may be the end. */
static uint32_t slot_from(const struct led_run *run, const struct run_key *key, uint32_t step)
{
    uint32_t low = key->slot;
    uint32_t high = key->slot + key->n_slots;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (run->slots[middle].step < step) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct run_value *run_value_at(const struct led_run *run, uint32_t key, uint32_t step)
{
    return last_written(&run->slots[slot_from(run, &run->keys[key], step + 1) - 1]);
}

void run_take_roots(struct led_run *run, uint32_t first)
{
    for (uint32_t i = 0; i < run->n_edited; i++) {
        uint32_t k = run->edited[i];
        const struct run_key *key = &run->keys[k];
        uint32_t end = key->slot + key->n_slots;
        smt_trail_cut(run->trail, k, key->edited);
        for (uint32_t at = slot_from(run, key, key->edited); at < end; at++) {
            const struct run_slot *slot = &run->slots[at];
            struct hash32 leaf;
            if (slot->written && slot->value.len != 0) {
                smt_hash_leaf(&key->key.path, bytes_of(slot->value.b, slot->value.len), &leaf);
                run->counts.hashes++;
            }
            if (slot->written) {
                smt_trail_add(run->trail, k, slot->step, slot->value.len != 0 ? &leaf : NULL);
            }
        }
    }
    run->counts.hashes += smt_trail_refresh(run->trail);
    smt_trail_give_back(run->trail);
    smt_trail_roots(run->trail, first, run->n + 1 - first, &run->roots[first - 1]);
}

/* ---- Reporting ---- */

static void leaf_at(void *ctx, uint32_t key, uint32_t step, struct smt_item *out)
{
    const struct led_run *run = ctx;
    const struct run_value *value = run_value_at(run, key, step);
    CHECK(value->len != 0);
    out->key = bytes_of(run->keys[key].key.b, run->keys[key].key.len);
    out->value = bytes_of(value->b, value->len);
}

/* A state that holds what the entry can access, as it was right before it. */
static int state_before(struct led_run *run, uint32_t position, uint32_t *keys,
                        struct led_state **out)
{
    CLEANUP(led_state_destroy) struct led_state *s = NULL;
    const struct run_entry *e = &run->entries[position];
    const struct smt_trail_source source = {run, leaf_at};
    for (uint32_t i = 0; i < e->n_access; i++) {
        keys[i] = run->access[e->access + i].key;
    }
    int rc = led_state_new(led_state_rollup(run->state), &s);
    rc = rc != 0 ? rc : smt_trail_part(run->trail, position, keys, e->n_access, &source, &s->tree);
    if (rc == 0) {
        *out = MOVE(s);
    }
    return rc;
}

int run_report(struct led_run *run, uint32_t first, const struct led_run_hook *hook)
{
    CLEANUP(cleanup_free) uint32_t *keys = NULL;
    keys = calloc((size_t)run->n_keys + 1, sizeof(*keys));
    if (keys == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = first; i < run->n; i++) {
        CLEANUP(led_state_destroy) struct led_state *before = NULL;
        if (!run->entries[i].is_tx || run->ok[i]) {
            continue;
        }
        int rc = state_before(run, i, keys, &before);
        rc = rc != 0 ? rc : hook->failed(hook->ctx, i, &run->entries[i].tx, before);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
