/* Executing a block, in two ways that give the same: all of it, one entry after the other, where
 * something is to be seen or done in between; and what has changed since the round before. */
#include "executor/exe_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/ledger/led_access.h"

#include <stdlib.h>

/* Receipt and access set of an entry that holds no transaction. */
#define NOTHING ((struct hash32){{0}})

/* ---- What is executed ---- */

void exe_steps_fini(struct exe_steps *s)
{
    for (size_t i = 0; i < s->n_blocks; i++) {
        pro_block_fini(&s->blocks[i]);
    }
    pro_block_fini(&s->block);
    free(s->blocks);
    free(s->list);
    free(s->sources);
    free(s->receipts);
    free(s->roots);
    free(s->accesses);
}

static int add_proposal(struct exe_steps *s, struct bytes header, struct bytes body)
{
    struct pro_header h;
    struct pro_block *block = &s->blocks[s->n_blocks];
    if (header.len < sizeof(struct sig65)) {
        return ERR_TRUNCATED;
    }
    int rc = pro_header_decode(bytes_of(header.data, header.len - sizeof(struct sig65)), &h);
    rc = rc != 0 ? rc : pro_block_decode(body, block);
    if (rc != 0) {
        return rc;
    }
    size_t at = s->n_blocks++;
    for (; at > 0 && s->sources[at - 1].rollup > h.rollup; at--) {
        s->sources[at] = s->sources[at - 1];
        s->list[at] = s->list[at - 1];
    }
    s->sources[at] = (struct pro_cover_source){h.rollup, h.commitment};
    s->list[at] = block;
    return 0;
}

/* They have been checked before. */
static int open_proposals(const struct exe_slot *slot, struct exe_steps *s)
{
    int rc = 0;
    for (size_t i = 0; i < slot->n_items && rc == 0; i++) {
        const struct exe_item *item = &slot->items[i];
        if (item->key.kind == LOCKSTEP__DA_KIND__DA_HEADER && item->key.index == 0 &&
            !item->for_cause) {
            rc = add_proposal(
                s, buf_view(&item->data),
                exe_item_data(slot, item->key.namespace_, LOCKSTEP__DA_KIND__DA_BLOCK, 0));
        }
    }
    return rc;
}

int exe_steps_open(const struct exe *e, const struct exe_slot *slot, struct exe_steps *s)
{
    int rc = pro_block_decode(
        exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_BLOCK, slot->h.round), &s->block);
    if (rc != 0) {
        return rc;
    }
    size_t n = (size_t)s->block.count + 1;
    s->blocks = calloc(slot->n_items + 1, sizeof(*s->blocks));
    s->list = calloc(slot->n_items + 1, sizeof(struct pro_block *));
    s->sources = calloc(slot->n_items + 1, sizeof(*s->sources));
    s->receipts = calloc(n, sizeof(*s->receipts));
    s->roots = calloc(n, sizeof(*s->roots));
    s->accesses = calloc(n, sizeof(*s->accesses));
    if (s->blocks == NULL || s->list == NULL || s->sources == NULL || s->receipts == NULL ||
        s->roots == NULL || s->accesses == NULL) {
        return ERR_NOMEM;
    }
    return open_proposals(slot, s);
}

/* ---- Executing ---- */

static int take_access(const struct led_tx *tx, struct hash32 *out)
{
    CLEANUP(led_access_fini) struct led_access access = {0};
    int rc = led_access_of(tx, &access);
    if (rc == 0) {
        led_access_hash(&access, out);
    }
    return rc;
}

int exe_execute(struct exe *e, struct exe_slot *slot, struct exe_steps *s, uint32_t order,
                bool *succeeded)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    const struct pro_entry *entry = &s->block.entries[order];
    struct led_mark before = led_state_mark(e->state);
    struct led_receipt r = {0};
    s->receipts[order] = s->accesses[order] = NOTHING;
    *succeeded = false;
    if (entry->kind != PRO_ENTRY_TX) {
        return 0;
    }
    uint32_t uncovered = LED_NO_OP;
    int rc = led_tx_decode(entry->tx, &tx);
    rc = rc != 0 ? rc : take_access(&tx, &s->accesses[order]);
    rc = rc != 0 ? rc : pro_cover_of(s->list, s->n_blocks, entry, &tx, &uncovered);
    rc = rc != 0 ? rc : led_execute_in(e->state, &tx, uncovered, &r);
    rc = rc != 0 ? rc : exe_bend_step(e, slot, order, &tx, before, &r);
    if (rc == 0) {
        *succeeded = r.ok;
        led_receipt_hash(&r, &s->receipts[order]);
    }
    return rc != 0 || r.ok ? rc : exe_failures_put(&slot->failed, e->state, order, &tx);
}

int exe_execute_all(struct exe *e, struct exe_slot *slot, struct exe_steps *s,
                    struct hash32 *pre_root, uint32_t *executed)
{
    exe_lose_run(slot);
    led_state_rollback(e->state, slot->mark);
    led_state_root(e->state, pre_root);
    for (uint32_t i = 0; i < s->block.count; i++) {
        bool succeeded = false;
        int rc = exe_execute(e, slot, s, i, &succeeded);
        if (rc != 0) {
            return rc;
        }
        led_state_root(e->state, &s->roots[i]);
        if (succeeded) {
            pro_bit_set(slot->done.status.data, i);
        }
    }
    *executed = s->block.count;
    return 0;
}

/* ---- What has changed ---- */

void exe_lose_run(struct exe_slot *slot)
{
    led_run_destroy(&slot->run);
    free(slot->entries);
    free(slot->out);
    slot->entries = NULL;
    slot->out = NULL;
    exe_failures_fini(&slot->failed);
}

static int on_failed(void *ctx, uint32_t position, const struct led_tx *tx,
                     struct led_state *before)
{
    struct exe_slot *slot = ctx;
    return exe_failures_put(&slot->failed, before, position, tx);
}

/* The views into the block stay good as long as the slot: DA's items are kept. */
static int begin_run(struct exe *e, struct exe_slot *slot, const struct exe_steps *s,
                     const struct led_run_hook *hook)
{
    exe_lose_run(slot);
    led_state_rollback(e->state, slot->mark);
    slot->entries = calloc((size_t)s->block.count + 1, sizeof(*slot->entries));
    slot->out = calloc((size_t)s->block.count + 1, sizeof(*slot->out));
    if (slot->entries == NULL || slot->out == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < s->block.count; i++) {
        CLEANUP(led_tx_fini) struct led_tx tx = {0};
        const struct pro_entry *entry = &s->block.entries[i];
        slot->out[i] = entry->kind == PRO_ENTRY_EXCLUDED;
        if (entry->kind != PRO_ENTRY_TX) {
            continue;
        }
        slot->entries[i].tx = entry->tx;
        int rc = led_tx_decode(entry->tx, &tx);
        rc = rc != 0
                 ? rc
                 : pro_cover_of(s->list, s->n_blocks, entry, &tx, &slot->entries[i].uncovered_op);
        if (rc != 0) {
            return rc;
        }
    }
    int rc = led_run_new(e->state, slot->entries, s->block.count, &slot->run);
    return rc != 0 ? rc : led_run_all(slot->run, hook);
}

/* Takes out what has become a tombstone since. */
static int go_on(struct exe_slot *slot, const struct exe_steps *s, const struct led_run_hook *hook)
{
    CLEANUP(cleanup_free) uint32_t *out = calloc((size_t)s->block.count + 1, sizeof(*out));
    uint32_t n = 0;
    if (out == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < s->block.count; i++) {
        if (s->block.entries[i].kind == PRO_ENTRY_EXCLUDED && !slot->out[i]) {
            slot->out[i] = true;
            out[n++] = i;
        }
    }
    return led_run_again(slot->run, out, n, hook);
}

int exe_execute_changed(struct exe *e, struct exe_slot *slot, struct exe_steps *s,
                        struct hash32 *pre_root, uint32_t *executed)
{
    const struct led_run_hook hook = {slot, on_failed};
    bool again = slot->run != NULL && led_run_count(slot->run) == s->block.count;
    int rc = again ? go_on(slot, s, &hook) : begin_run(e, slot, s, &hook);
    if (rc != 0) {
        return rc;
    }
    const bool *ok = led_run_ok(slot->run);
    exe_failures_drop(&slot->failed, ok, slot->out);
    led_run_pre_root(slot->run, pre_root);
    for (uint32_t i = 0; i < s->block.count; i++) {
        s->receipts[i] = led_run_receipts(slot->run)[i];
        s->roots[i] = led_run_roots(slot->run)[i];
        s->accesses[i] = led_run_accesses(slot->run)[i];
        if (ok[i]) {
            pro_bit_set(slot->done.status.data, i);
        }
    }
    *executed = again ? led_run_counts(slot->run).executed : s->block.count;
    return 0;
}
