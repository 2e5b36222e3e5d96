#include "common/ledger/led_run.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/ledger/led_run_core.h"

#include <stdlib.h>

int led_run_new(struct led_state *state, const struct led_run_entry *entries, uint32_t n,
                struct led_run **out)
{
    CLEANUP(led_run_destroy) struct led_run *run = calloc(1, sizeof(*run));
    CHECK(n <= LED_RUN_MAX);
    if (run == NULL) {
        return ERR_NOMEM;
    }
    *run =
        (struct led_run){.state = state, .given = entries, .n = n, .mark = led_state_mark(state)};
    run->entries = calloc((size_t)n + 1, sizeof(*run->entries));
    run->ok = calloc((size_t)n + 1, sizeof(*run->ok));
    run->receipts = calloc((size_t)n + 1, sizeof(*run->receipts));
    run->roots = calloc((size_t)n + 1, sizeof(*run->roots));
    run->accesses = calloc((size_t)n + 1, sizeof(*run->accesses));
    if (run->entries == NULL || run->ok == NULL || run->receipts == NULL || run->roots == NULL ||
        run->accesses == NULL) {
        return ERR_NOMEM;
    }
    *out = MOVE(run);
    return 0;
}

void led_run_destroy(struct led_run **run)
{
    if (*run != NULL) {
        run_close(*run);
        free(*run);
        *run = NULL;
    }
}

static bool values_equal(const struct run_value *a, const struct run_value *b)
{
    return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* Returns: which of an entry's accesses is to this path. */
static uint32_t access_to(const struct led_run *run, const struct run_entry *e,
                          const struct hash32 *path)
{
    uint32_t low = 0;
    uint32_t high = e->n_access;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct hash32 *other = &run->paths[run->access[e->access + middle].key].path;
        if (memcmp(other->b, path->b, sizeof(path->b)) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    /* Execution touches nothing outside its static access set. */
    CHECK(low < e->n_access &&
          hash32_equal(&run->paths[run->access[e->access + low].key].path, path));
    return low;
}

/* Notes in run->made what the entry wrote since the mark. */
static void collect(struct led_run *run, const struct run_entry *e, struct led_mark since)
{
    const struct led_state *s = run->state;
    for (uint32_t i = 0; i < e->n_access; i++) {
        run->made[i].written = false;
    }
    /* Backwards, so that of several writes to a key the first one has the last word: it knows what
     * was there before the entry. */
    for (size_t at = s->n_journal; at > since.at; at--) {
        const struct led_undo *u = &s->journal[at - 1];
        uint32_t i = access_to(run, e, &u->key.path);
        struct run_slot *made = &run->made[i];
        struct bytes now = led_state_get(s, &u->key);
        made->written = !bytes_equal(now, bytes_of(u->value, u->value_len));
        made->value.len = (uint8_t)now.len;
        if (now.len != 0) {
            memcpy(made->value.b, now.data, now.len);
        }
        run->keys[run->access[e->access + i].key].key = u->key;
    }
}

/* Executes an entry on the state as it stands and notes what it wrote. */
static int execute(struct led_run *run, uint32_t position)
{
    struct run_entry *e = &run->entries[position];
    struct led_mark before = led_state_mark(run->state);
    struct led_receipt r = {.failed_op = LED_NO_OP, .reason = LED_REASON_BAD_SIGNATURE};
    int rc = 0;
    if (e->signed_well) {
        rc = led_execute_verified_in(run->state, &e->tx, run->given[position].uncovered_op, &r);
    }
    if (rc != 0) {
        return rc;
    }
    run->ok[position] = r.ok;
    led_receipt_hash(&r, &run->receipts[position]);
    run->counts.executed++;
    collect(run, e, before);
    return 0;
}

static void edit(struct led_run *run, uint32_t key, uint32_t step)
{
    struct run_key *k = &run->keys[key];
    if (k->edited == RUN_NOT_EDITED) {
        run->edited[run->n_edited++] = key;
        k->edited = step;
    }
}

/* ---- Everything ---- */

/* Takes what an entry wrote for what its slots hold. */
static void keep_made(struct led_run *run, uint32_t position)
{
    const struct run_entry *e = &run->entries[position];
    for (uint32_t i = 0; i < e->n_access; i++) {
        const struct run_access *a = &run->access[e->access + i];
        if (run->made[i].written) {
            run->slots[a->slot].written = true;
            run->slots[a->slot].value = run->made[i].value;
            edit(run, a->key, position + 1);
        }
    }
}

static void forget_edits(struct led_run *run)
{
    for (uint32_t i = 0; i < run->n_edited; i++) {
        run->keys[run->edited[i]].edited = RUN_NOT_EDITED;
        run->dirty[run->edited[i]] = false;
    }
    run->n_edited = 0;
    run->n_dirty = 0;
}

static int run_all(struct led_run *run, const struct led_run_hook *hook)
{
    int rc = run_open(run);
    for (uint32_t i = 0; i < run->n && rc == 0; i++) {
        if (!run->entries[i].is_tx) {
            continue;
        }
        rc = execute(run, i);
        if (rc == 0 && run->ok[i]) {
            keep_made(run, i);
        } else if (rc == 0 && hook != NULL) {
            rc = hook->failed(hook->ctx, i, &run->entries[i].tx, run->state);
        }
    }
    if (rc == 0 && run->n != 0) {
        run_take_roots(run, 1);
        forget_edits(run);
    }
    return rc;
}

int led_run_all(struct led_run *run, const struct led_run_hook *hook)
{
    CHECK(run->trail == NULL);
    int rc = run_all(run, hook);
    if (rc != 0) {
        led_state_rollback(run->state, run->mark);
    }
    return rc;
}

/* ---- Again ---- */

/* Replaces what an entry made of a key, and sees whether the key now holds what it held in the run
 * before. In: made, NULL for nothing written. */
static void settle(struct led_run *run, const struct run_access *a, const struct run_slot *made)
{
    struct run_key *key = &run->keys[a->key];
    struct run_slot *slot = &run->slots[a->slot];
    bool writes = made != NULL && made->written;
    const struct run_value *now = writes ? &made->value : run_before(run, a);
    struct run_value was; /* after this entry, in the run before */
    if (slot->written) {
        was = slot->value;
    } else if (run->dirty[a->key]) {
        was = key->was;
    } else {
        was = *run_before(run, a);
    }
    if (writes != slot->written || (writes && !values_equal(now, &slot->value))) {
        edit(run, a->key, slot->step);
    }
    bool dirty = !values_equal(now, &was);
    run->n_dirty += dirty ? 1 : 0;
    run->n_dirty -= run->dirty[a->key] ? 1 : 0;
    run->dirty[a->key] = dirty;
    key->was = was;
    slot->written = writes;
    if (writes) {
        slot->value = made->value;
    }
}

static void settle_all(struct led_run *run, const struct run_entry *e, const struct run_slot *made)
{
    for (uint32_t i = 0; i < e->n_access; i++) {
        settle(run, &run->access[e->access + i], made != NULL ? &made[i] : NULL);
    }
}

/* Makes a key hold something in the state. */
static int put_value(struct led_run *run, uint32_t key, const struct run_value *value)
{
    struct led_value v;
    struct buf *b = led_value_start(&v);
    const struct run_key *k = &run->keys[key];
    if (k->key.len == 0) {
        return 0; /* nobody ever wrote it */
    }
    wr_fixed(b, value->b, value->len);
    return led_state_put(run->state, &k->key, &v);
}

/* Executes an entry on what its keys hold before it, whatever the state holds. */
static int execute_again(struct led_run *run, uint32_t position)
{
    const struct run_entry *e = &run->entries[position];
    int rc = 0;
    for (uint32_t i = 0; i < e->n_access && rc == 0; i++) {
        const struct run_access *a = &run->access[e->access + i];
        rc = put_value(run, a->key, run_before(run, a));
    }
    rc = rc != 0 ? rc : execute(run, position);
    if (rc == 0) {
        settle_all(run, e, run->made);
    }
    return rc;
}

static bool is_dirty(const struct led_run *run, const struct run_entry *e)
{
    for (uint32_t i = 0; i < e->n_access; i++) {
        if (run->dirty[run->access[e->access + i].key]) {
            return true;
        }
    }
    return false;
}

/* Goes over the entries from the first that is taken out. The state ends where the block now does.
 */
static int follow(struct led_run *run, uint32_t first)
{
    struct led_mark end = led_state_mark(run->state);
    run->pass++;
    for (uint32_t i = first; i < run->n; i++) {
        struct run_entry *e = &run->entries[i];
        if (e->leaving) {
            settle_all(run, e, NULL);
        } else if (e->is_tx && run->n_dirty != 0 && e->signed_well && is_dirty(run, e)) {
            int rc = execute_again(run, i);
            if (rc != 0) {
                return rc;
            }
        } else {
            run->counts.replayed += e->is_tx ? 1 : 0;
        }
        e->leaving = false;
    }
    led_state_rollback(run->state, end); /* to where the block ended */
    for (uint32_t i = 0; i < run->n_edited; i++) {
        uint32_t key = run->edited[i];
        int rc = put_value(run, key, run_value_at(run, key, run->n));
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Returns: whether an entry changed the state. */
static bool wrote(const struct led_run *run, const struct run_entry *e)
{
    for (uint32_t i = 0; i < e->n_access; i++) {
        if (run->slots[run->access[e->access + i].slot].written) {
            return true;
        }
    }
    return false;
}

/* Makes tombstones. Returns: the first position that matters to the state, or the end. */
static uint32_t take_out(struct led_run *run, const uint32_t *out, uint32_t n_out)
{
    uint32_t first = run->n;
    for (uint32_t i = 0; i < n_out; i++) {
        CHECK(out[i] < run->n);
        struct run_entry *e = &run->entries[out[i]];
        e->leaving = wrote(run, e);
        first = e->leaving && out[i] < first ? out[i] : first;
        e->is_tx = false;
        run->ok[out[i]] = false;
        run->receipts[out[i]] = (struct hash32){{0}};
        run->accesses[out[i]] = (struct hash32){{0}};
    }
    return first;
}

static uint32_t count_txs(const struct led_run *run, uint32_t end)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < end; i++) {
        n += run->entries[i].is_tx ? 1 : 0;
    }
    return n;
}

int led_run_again(struct led_run *run, const uint32_t *out, uint32_t n_out,
                  const struct led_run_hook *hook)
{
    CHECK(run->trail != NULL);
    uint32_t first = take_out(run, out, n_out);
    run->counts = (struct led_run_counts){.kept = count_txs(run, first)};
    if (first == run->n) {
        return 0;
    }
    int rc = follow(run, first);
    if (rc == 0) {
        run_take_roots(run, first + 1);
        forget_edits(run);
    }
    if (rc == 0 && hook != NULL) {
        rc = run_report(run, first, hook);
    }
    if (rc != 0) {
        led_state_rollback(run->state, run->mark);
    }
    return rc;
}

struct led_mark led_run_mark(const struct led_run *run)
{
    return run->mark;
}

uint32_t led_run_count(const struct led_run *run)
{
    return run->n;
}

struct led_run_counts led_run_counts(const struct led_run *run)
{
    return run->counts;
}

const bool *led_run_ok(const struct led_run *run)
{
    return run->ok;
}

const struct hash32 *led_run_receipts(const struct led_run *run)
{
    return run->receipts;
}

const struct hash32 *led_run_roots(const struct led_run *run)
{
    return run->roots;
}

const struct hash32 *led_run_accesses(const struct led_run *run)
{
    return run->accesses;
}

void led_run_pre_root(const struct led_run *run, struct hash32 *out)
{
    *out = run->pre_root;
}
