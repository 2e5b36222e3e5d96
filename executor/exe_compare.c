/* What watchers do: hear of blocks, and hold what the executor signs against their own execution.
 */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_prosecute.h"
#include "common/protocol/pro_signed.h"
#include "executor/exe_core.h"

#include <stdlib.h>

#define MAX_HEARD ((size_t)1 << 16)

/* ---- Hearing ---- */

int exe_hear(struct exe *e, struct bytes header)
{
    if (e->n_heard >= MAX_HEARD) {
        return 0; /* an L1 that finalizes nothing */
    }
    int rc = VEC_RESERVE(e->heard, e->cap_heard, e->n_heard + 1);
    if (rc != 0) {
        return rc;
    }
    struct buf *b = &e->heard[e->n_heard++];
    *b = (struct buf){.limit = PRO_MAX_EVIDENCE_BYTES};
    buf_append_bytes(b, header);
    return b->err != 0 ? b->err : exe_hear_next(e);
}

/* Is it this header's turn? Those of one slot come one after the other; what is not the sequencer's
 * goes on to be refused. */
static bool is_due(struct exe *e, struct bytes header, bool *final)
{
    struct bytes body;
    struct pro_header h;
    *final = false;
    if (pro_unsign_from(&e->p.view.deployment.id, PRO_TAG_BLOCK, header, &e->p.view.sequencer,
                        &body) != 0 ||
        pro_header_decode(body, &h) != 0) {
        return true;
    }
    const struct exe_slot *slot = exe_find_slot(e, h.slot);
    *final = h.final;
    return slot == NULL || slot->phase == EXE_IDLE;
}

int exe_hear_next(struct exe *e)
{
    int rc = 0;
    for (size_t i = 0; i < e->n_heard && rc == 0;) {
        bool final = false;
        struct buf header = e->heard[i];
        if (!is_due(e, buf_view(&header), &final)) {
            i++;
            continue;
        }
        e->n_heard--;
        memmove(&e->heard[i], &e->heard[i + 1], (e->n_heard - i) * sizeof(*e->heard));
        rc = exe_on_block(e, e->p.sequencer_id, final, buf_view(&header), 0, NULL);
        buf_fini(&header);
    }
    return rc;
}

/* ---- Comparing ---- */

int exe_compare_start(struct exe *e, struct exe_slot *slot)
{
    slot->phase = EXE_COMPARING;
    int rc = exe_want(e, slot, e->rollup, LOCKSTEP__DA_KIND__DA_RESULT, slot->h.round);
    if (rc == 0 && slot->roots.len > 0) {
        rc = exe_want(e, slot, e->rollup, LOCKSTEP__DA_KIND__DA_STEPS, slot->h.round);
    }
    return rc;
}

/* What the executor says, decoded. */
struct claim {
    struct bytes artifact;
    struct pro_result r;
    const struct hash32 *roots;
    struct pro_merkle_tree tree;
};

static void claim_fini(struct claim *c)
{
    pro_merkle_tree_fini(&c->tree);
}

static int accuse_of(struct exe *e, const struct exe_slot *slot, struct bytes evidence,
                     const char *what)
{
    party_violation(&e->p, "execution", party_executor_name(&e->p, e->rollup), slot->number,
                    e->rollup, slot->h.round, what);
    return evidence.len == 0 ? 0 : party_accuse(&e->p, evidence);
}

/* Returns: the first position about which the two differ, or count. */
static uint32_t first_difference(const struct exe_slot *slot, const struct claim *c)
{
    uint32_t i = 0;
    while (i < c->r.count && pro_bit(c->r.status, i) == pro_bit(buf_view(&slot->done.status), i) &&
           memcmp(c->roots[i].b, slot->roots.data + (size_t)i * 32, 32) == 0) {
        i++;
    }
    return i;
}

/* The state goes back to where it stood before position `at`, is looked at there, and goes on to
 * where it was. */
static int make_witness(struct exe *e, struct exe_slot *slot, struct exe_steps *s, uint32_t at,
                        struct buf *out)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    const struct pro_entry *entry = &s->block.entries[at];
    bool ok = false;
    int rc = 0;
    exe_lose_run(slot);
    led_state_rollback(e->state, slot->mark);
    for (uint32_t i = 0; i < at && rc == 0; i++) {
        rc = exe_execute(e, slot, s, i, &ok);
    }
    if (rc == 0 && entry->kind == PRO_ENTRY_TX) {
        rc = led_tx_decode(entry->tx, &tx);
        rc = rc != 0 ? rc : led_witness_make(e->state, &tx, out);
    }
    for (uint32_t i = at; i < s->block.count && rc == 0; i++) {
        rc = exe_execute(e, slot, s, i, &ok);
    }
    return rc;
}

/* The slot's bundles, without the preconfirmations they lie beside in DA. */
static int collect_bundles(const struct exe_slot *slot, struct pro_bundle_item **out, uint32_t *n)
{
    struct pro_bundle_item *items = calloc(slot->n_items + 1, sizeof(*items));
    if (items == NULL) {
        return ERR_NOMEM;
    }
    *n = 0;
    for (size_t i = 0; i < slot->n_items; i++) {
        struct bytes bundle;
        struct bytes preconf;
        const struct exe_item *item = &slot->items[i];
        if (item->key.kind == LOCKSTEP__DA_KIND__DA_BUNDLE &&
            pro_bundle_item_decode(buf_view(&item->data), &bundle, &preconf) == 0) {
            items[(*n)++] = (struct pro_bundle_item){item->key.index, bundle};
        }
    }
    *out = items;
    return 0;
}

static int prosecute(struct exe *e, struct exe_slot *slot, const struct claim *c, uint32_t at)
{
    CLEANUP(exe_steps_fini) struct exe_steps s = {0};
    CLEANUP(buf_fini) struct buf witness = {.limit = PRO_MAX_WITNESS_BYTES};
    CLEANUP(buf_fini) struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    CLEANUP(cleanup_free) struct pro_bundle_item *bundles = NULL;
    uint32_t n_bundles = 0;
    struct pro_step step;
    int rc = exe_steps_open(e, slot, &s);
    rc = rc != 0 ? rc : make_witness(e, slot, &s, at, &witness);
    rc = rc != 0 ? rc : collect_bundles(slot, &bundles, &n_bundles);
    if (rc != 0) {
        return rc;
    }
    pro_step_open(&c->r.pre_root, c->roots, &c->tree, at, &step);
    step.witness = buf_view(&witness);
    const struct pro_step_case in = {
        .result = c->artifact,
        .step = &step,
        .executed = &s.block,
        .n_proposals = (uint32_t)s.n_blocks,
        .proposals = s.list,
        .sources = s.sources,
        .n_bundles = n_bundles,
        .bundles = bundles,
    };
    rc = pro_prosecute_step(&e->p.view, buf_view(&e->p.descriptor), &in, &evidence);
    return rc != 0
               ? rc
               : accuse_of(e, slot, buf_view(&evidence), "its result is not what execution gives");
}

/* Returns: NULL, or what makes the claim none that could be compared step by step. */
static const char *open_claim(struct exe *e, const struct exe_slot *slot, struct claim *c, int *rc)
{
    struct bytes body;
    struct bytes steps = exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_STEPS, slot->h.round);
    int at = party_executor_index(&e->p, e->rollup);
    c->artifact = exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_RESULT, slot->h.round);
    CHECK(at >= 0);
    if (pro_unsign_from(&e->p.view.deployment.id, PRO_TAG_RESULT, c->artifact,
                        &e->p.view.executors[at].address, &body) != 0 ||
        pro_result_decode(body, &c->r) != 0) {
        return "what it put into DA is no result of its own";
    }
    if (c->r.slot != slot->number || c->r.rollup != e->rollup || c->r.round != slot->h.round ||
        c->r.count != slot->h.count || !hash32_equal(&c->r.body_hash, &slot->h.body_hash)) {
        return "its result is of another block";
    }
    if (steps.len != (size_t)c->r.count * 32) {
        return "it shows another number of step roots than its block has positions";
    }
    c->roots = (const struct hash32 *)(const void *)steps.data;
    *rc = pro_merkle_tree_init(&c->tree, c->roots, c->r.count);
    if (*rc == 0 && !hash32_equal(&c->tree.root, &c->r.step_roots_root)) {
        return "the step roots it shows are not those it signed";
    }
    return NULL;
}

int exe_compare(struct exe *e, struct exe_slot *slot)
{
    CLEANUP(claim_fini) struct claim c = {0};
    struct pro_result own;
    int rc = 0;
    slot->phase = EXE_IDLE;
    const char *wrong = open_claim(e, slot, &c, &rc);
    struct bytes body = bytes_of(slot->result.data, slot->result.len - sizeof(struct sig65));
    if (rc != 0 || wrong != NULL) {
        return rc != 0 ? rc : accuse_of(e, slot, (struct bytes){0}, wrong);
    }
    CHECK(pro_result_decode(body, &own) == 0);
    uint32_t at = first_difference(slot, &c);
    if (!hash32_equal(&c.r.pre_root, &own.pre_root)) {
        return accuse_of(e, slot, (struct bytes){0}, "it began with another state");
    }
    if (at < c.r.count) {
        rc = prosecute(e, slot, &c, at);
    } else if (!bytes_equal(body, bytes_of(c.artifact.data, c.artifact.len - 65))) {
        rc = accuse_of(e, slot, (struct bytes){0}, "its receipts or sources are not right");
    }
    return rc != 0 ? rc : exe_hear_next(e);
}
