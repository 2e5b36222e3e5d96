#include "executor/exe_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_preconf.h"

#include <stdlib.h>

/* Stages of fetching what belongs to a block: its own parts, then the blocks that its tombstones
 * refer to, then the bundles its entries name, then the blocks of the other rollups that these
 * bundles touch. */
enum { STAGE_BLOCK, STAGE_CAUSES, STAGE_BUNDLES, STAGE_SIBLINGS };

static struct exe_item *find_item(const struct exe_slot *slot, uint64_t rollup,
                                  Lockstep__DaKind kind, uint32_t index)
{
    for (size_t i = slot->n_items; i > 0; i--) {
        struct exe_item *item = &slot->items[i - 1];
        if (item->key.namespace_ == rollup && item->key.kind == kind && item->key.index == index) {
            return item;
        }
    }
    return NULL;
}

struct bytes exe_item_data(const struct exe_slot *slot, uint64_t rollup, Lockstep__DaKind kind,
                           uint32_t index)
{
    const struct exe_item *item = find_item(slot, rollup, kind, index);
    return item != NULL && item->here ? buf_view(&item->data) : (struct bytes){0};
}

static int add_item(struct exe_slot *slot, uint64_t rollup, Lockstep__DaKind kind, uint32_t index,
                    struct exe_item **out)
{
    int rc = VEC_RESERVE(slot->items, slot->cap_items, slot->n_items + 1);
    if (rc != 0) {
        return rc;
    }
    struct exe_item *item = &slot->items[slot->n_items++];
    *item = (struct exe_item){.data = {.limit = WIRE_MAX_FRAME}};
    lockstep__da_key__init(&item->key);
    item->key.namespace_ = rollup;
    item->key.slot = slot->number;
    item->key.kind = kind;
    item->key.index = index;
    *out = item;
    return 0;
}

int exe_want(struct exe *e, struct exe_slot *slot, uint64_t rollup, Lockstep__DaKind kind,
             uint32_t index)
{
    if (find_item(slot, rollup, kind, index) != NULL) {
        return 0;
    }
    struct exe_item *item = NULL;
    int rc = add_item(slot, rollup, kind, index, &item);
    if (rc != 0) {
        return rc;
    }
    slot->n_missing++;
    return party_da_get(&e->p, rollup, slot->number, kind, index);
}

/* The header of the proposal block came with the message. */
static int keep_header(struct exe *e, struct exe_slot *slot)
{
    struct exe_item *item = NULL;
    int rc = add_item(slot, e->rollup, LOCKSTEP__DA_KIND__DA_HEADER, 0, &item);
    if (rc == 0) {
        buf_append_bytes(&item->data, buf_view(&slot->header));
        item->here = true;
        rc = item->data.err;
    }
    return rc;
}

static struct bytes body_in_hand(const struct exe *e, const struct exe_slot *slot)
{
    return slot->h.final
               ? exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_FINAL, 0)
               : exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_BLOCK, slot->h.round);
}

/* The block in hand, as far as it can be read: the check will say what is wrong with it. */
static int read_block(const struct exe *e, const struct exe_slot *slot, struct pro_block *out)
{
    int rc = pro_block_decode(body_in_hand(e, slot), out);
    return rc == ERR_NOMEM ? rc : 0;
}

/* What is asked for only in later rounds is asked for by a tombstone's cause: such a block is no
 * source of cover, as the bundles of this rollup do not touch it. */
static int want_proposal(struct exe *e, struct exe_slot *slot, uint64_t rollup)
{
    bool new = find_item(slot, rollup, LOCKSTEP__DA_KIND__DA_HEADER, 0) == NULL;
    int rc = exe_want(e, slot, rollup, LOCKSTEP__DA_KIND__DA_HEADER, 0);
    if (rc == 0 && new) {
        find_item(slot, rollup, LOCKSTEP__DA_KIND__DA_HEADER, 0)->for_cause =
            slot->h.final || slot->h.round > 0;
    }
    return rc != 0 ? rc : exe_want(e, slot, rollup, LOCKSTEP__DA_KIND__DA_BLOCK, 0);
}

/* What the causes of tombstones refer to: their proposal blocks, and then the bundles in them. If
 * every cause has to lie in the excluded bundle itself, all that is here since round 0. */
static int want_causes(struct exe *e, struct exe_slot *slot, const struct pro_block *b)
{
    int rc = 0;
    for (uint32_t i = 0; e->p.view.foreign_causes && i < b->count && rc == 0; i++) {
        const struct pro_entry *entry = &b->entries[i];
        if (entry->kind == PRO_ENTRY_EXCLUDED &&
            party_executor_index(&e->p, entry->cause.rollup) >= 0) {
            rc = want_proposal(e, slot, entry->cause.rollup);
        }
    }
    return rc;
}

static int want_bundles_behind(struct exe *e, struct exe_slot *slot, const struct pro_block *b,
                               uint64_t rollup)
{
    CLEANUP(pro_block_fini) struct pro_block at = {0};
    int rc = pro_block_decode(exe_item_data(slot, rollup, LOCKSTEP__DA_KIND__DA_BLOCK, 0), &at);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0;
    }
    for (uint32_t i = 0; i < b->count && rc == 0; i++) {
        const struct pro_place *cause = &b->entries[i].cause;
        if (b->entries[i].kind == PRO_ENTRY_EXCLUDED && cause->rollup == rollup &&
            cause->order < at.count) {
            rc = exe_want(e, slot, 0, LOCKSTEP__DA_KIND__DA_BUNDLE, at.entries[cause->order].seq);
        }
    }
    return rc;
}

static int want_bundles(struct exe *e, struct exe_slot *slot, const struct pro_block *b)
{
    int rc = 0;
    for (uint32_t i = 0; i < b->count && rc == 0; i++) {
        rc = exe_want(e, slot, 0, LOCKSTEP__DA_KIND__DA_BUNDLE, b->entries[i].seq);
    }
    for (size_t i = 0; e->p.view.foreign_causes && i < e->p.view.n_executors && rc == 0; i++) {
        rc = want_bundles_behind(e, slot, b, e->p.view.executors[i].rollup);
    }
    return rc;
}

static bool touches(const struct pro_preconf *p, uint64_t rollup)
{
    for (uint32_t leg = 0; leg < p->n_legs; leg++) {
        if (p->txs[leg].rollup == rollup) {
            return true;
        }
    }
    return false;
}

bool exe_is_own_bundle(const struct exe *e, struct bytes item)
{
    struct bytes bundle;
    struct bytes preconf;
    CLEANUP(pro_preconf_fini) struct pro_preconf p = {0};
    return pro_bundle_item_decode(item, &bundle, &preconf) != 0 ||
           pro_preconf_decode(preconf, &p) != 0 || touches(&p, e->rollup);
}

/* For every other rollup that a fetched bundle touches: what `want` asks for. In: own: only of
 * bundles with a leg here. */
static int for_each_touched(struct exe *e, struct exe_slot *slot, bool own,
                            int (*want)(struct exe *, struct exe_slot *, uint64_t))
{
    int rc = 0;
    size_t n = slot->n_items; /* grows while we go */
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct bytes bundle;
        struct bytes preconf;
        CLEANUP(pro_preconf_fini) struct pro_preconf p = {0};
        if (slot->items[i].key.kind != LOCKSTEP__DA_KIND__DA_BUNDLE ||
            pro_bundle_item_decode(buf_view(&slot->items[i].data), &bundle, &preconf) != 0 ||
            pro_preconf_decode(preconf, &p) != 0 || (own && !touches(&p, e->rollup))) {
            continue;
        }
        for (uint32_t leg = 0; leg < p.n_legs && rc == 0; leg++) {
            uint64_t rollup = p.txs[leg].rollup;
            if (rollup != e->rollup && party_executor_index(&e->p, rollup) >= 0) {
                rc = want(e, slot, rollup);
            }
        }
    }
    return rc;
}

static int want_final_header(struct exe *e, struct exe_slot *slot, uint64_t rollup)
{
    return exe_want(e, slot, rollup, LOCKSTEP__DA_KIND__DA_FINAL_HEADER, 0);
}

/* A watcher takes a later block as it is, if it is the one that was signed. */
static int take_later(struct exe *e, struct exe_slot *slot)
{
    struct hash32 hash;
    hash_keccak256(body_in_hand(e, slot), &hash);
    if (!hash32_equal(&hash, &slot->h.body_hash)) {
        slot->phase = EXE_STUCK;
        party_violation(&e->p, pro_rule_name(PRO_RULE_BODY), "sequencer", slot->number, e->rollup,
                        slot->h.round, "the body in DA is not the header's");
        return 0;
    }
    slot->phase = EXE_WAITING;
    return exe_run_next(e);
}

/* Goes on as soon as nothing is missing. */
static int advance(struct exe *e, struct exe_slot *slot)
{
    CLEANUP(pro_block_fini) struct pro_block b = {0};
    if (slot->n_missing == 0 && slot->phase == EXE_COMPARING) {
        return exe_compare(e, slot);
    }
    if (slot->n_missing == 0 && e->watches && slot->h.round > 0) {
        return take_later(e, slot);
    }
    int rc = slot->n_missing == 0 ? read_block(e, slot, &b) : 0;
    while (rc == 0 && slot->n_missing == 0 && slot->phase == EXE_FETCHING) {
        if (slot->stage == STAGE_BLOCK) {
            slot->stage = STAGE_CAUSES;
            rc = want_causes(e, slot, &b);
        } else if (slot->stage == STAGE_CAUSES) {
            slot->stage = STAGE_BUNDLES;
            rc = want_bundles(e, slot, &b);
        } else if (slot->stage == STAGE_BUNDLES) {
            slot->stage = STAGE_SIBLINGS;
            rc = for_each_touched(e, slot, false, want_proposal);
        } else {
            slot->phase = EXE_CHECKING;
            rc = exe_check_start(e, slot);
        }
    }
    return rc;
}

int exe_fetch_start(struct exe *e, struct exe_slot *slot)
{
    int rc = 0;
    slot->phase = EXE_FETCHING;
    slot->stage = STAGE_BLOCK;
    if (slot->h.final) {
        rc = exe_want(e, slot, e->rollup, LOCKSTEP__DA_KIND__DA_FINAL, 0);
        return rc != 0 ? rc : for_each_touched(e, slot, true, want_final_header);
    }
    rc = exe_want(e, slot, e->rollup, LOCKSTEP__DA_KIND__DA_BLOCK, slot->h.round);
    if (rc != 0 || slot->h.round != 0) {
        return rc;
    }
    rc = keep_header(e, slot);
    rc = rc != 0 ? rc : exe_want(e, slot, e->rollup, LOCKSTEP__DA_KIND__DA_ORDER, 0);
    return rc != 0 ? rc : exe_want(e, slot, e->rollup, LOCKSTEP__DA_KIND__DA_OPENINGS, 0);
}

int exe_on_item(struct exe *e, uint32_t from, const Lockstep__DaItem *m)
{
    struct exe_slot *slot = exe_find_slot(e, m->key->slot);
    struct exe_item *item =
        slot != NULL ? find_item(slot, m->key->namespace_, m->key->kind, m->key->index) : NULL;
    if (from != e->p.da_id || item == NULL || item->here) {
        party_reject(&e->p, from, ACT_REJECT_UNEXPECTED, "nobody asked for this item");
        return 0;
    }
    buf_append_bytes(&item->data, wire_view(&m->data));
    if (item->data.err != 0) {
        return item->data.err;
    }
    item->here = true;
    slot->n_missing--;
    int rc = 0;
    if (item->key.kind == LOCKSTEP__DA_KIND__DA_ORDER) {
        rc = exe_see(e, LOCKSTEP__L1_KIND__L1_ORDER, buf_view(&item->data));
    }
    return rc != 0 ? rc : advance(e, slot);
}
