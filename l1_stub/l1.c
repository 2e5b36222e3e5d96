#include "l1_stub/l1.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"
#include "l1_stub/l1_core.h"

#include <stdlib.h>

struct l1_entry *l1_find(struct l1 *l1, const struct l1_entry *key)
{
    for (size_t i = l1->n_entries; i > 0; i--) {
        struct l1_entry *e = &l1->entries[i - 1];
        if (e->slot == key->slot && e->rollup == key->rollup && e->kind == key->kind &&
            e->round == key->round) {
            return e;
        }
    }
    return NULL;
}

static int read_order(const struct l1 *l1, struct bytes artifact, struct l1_entry *out)
{
    struct bytes body;
    struct pro_order order;
    int rc = pro_unsign_from(&l1->p.view.deployment.id, PRO_TAG_ORDER, artifact,
                             &l1->p.view.sequencer, &body);
    rc = rc != 0 ? rc : pro_order_decode(body, &order);
    if (rc == 0) {
        out->rollup = order.rollup;
        out->slot = order.slot;
    }
    return rc;
}

static int read_header(const struct l1 *l1, struct bytes artifact, struct l1_entry *out)
{
    struct bytes body;
    struct pro_header header;
    int rc = pro_unsign_from(&l1->p.view.deployment.id, PRO_TAG_BLOCK, artifact,
                             &l1->p.view.sequencer, &body);
    rc = rc != 0 ? rc : pro_header_decode(body, &header);
    if (rc == 0 && header.final != (out->kind == LOCKSTEP__L1_KIND__L1_FINAL)) {
        rc = ERR_MISMATCH;
    }
    if (rc == 0) {
        out->rollup = header.rollup;
        out->slot = header.slot;
        out->round = header.final ? 0 : header.round;
        vc_versioned_hash(&header.commitment, &out->versioned_hash);
        out->has_versioned_hash = true;
    }
    return rc;
}

/* A result or a rejection: the executor's of the rollup it is about. */
static int read_answer(const struct l1 *l1, struct bytes artifact, struct l1_entry *out)
{
    bool result = out->kind == LOCKSTEP__L1_KIND__L1_RESULT;
    struct bytes body;
    struct addr20 signer;
    struct pro_result r = {0};
    struct pro_rejection n = {0};
    int rc = pro_unsign(&l1->p.view.deployment.id, result ? PRO_TAG_RESULT : PRO_TAG_REJECTION,
                        artifact, &body, &signer);
    if (rc == 0) {
        rc = result ? pro_result_decode(body, &r) : pro_rejection_decode(body, &n);
    }
    if (rc != 0) {
        return rc;
    }
    out->rollup = result ? r.rollup : n.rollup;
    out->slot = result ? r.slot : n.slot;
    out->round = result ? r.round : n.round;
    int at = party_executor_index(&l1->p, out->rollup);
    return at >= 0 && addr20_equal(&l1->p.view.executors[at].address, &signer) ? 0 : ERR_SIGNATURE;
}

/* Reads where an artifact belongs; refuses what the contract would refuse. */
static int read_artifact(const struct l1 *l1, struct bytes artifact, struct l1_entry *out)
{
    switch (out->kind) {
    case LOCKSTEP__L1_KIND__L1_ORDER:
        return read_order(l1, artifact, out);
    case LOCKSTEP__L1_KIND__L1_RESULT:
    case LOCKSTEP__L1_KIND__L1_REJECTION:
        return read_answer(l1, artifact, out);
    default:
        return read_header(l1, artifact, out);
    }
}

void l1_entry_fini(struct l1_entry *e)
{
    act_payload_unref(&e->artifact);
    free(e->detail);
    *e = (struct l1_entry){0};
}

int l1_add_entry(struct l1 *l1, struct l1_entry *e)
{
    int rc = VEC_RESERVE(l1->entries, l1->cap_entries, l1->n_entries + 1);
    if (rc != 0) {
        l1_entry_fini(e);
        return rc;
    }
    l1->entries[l1->n_entries++] = *e;
    l1->n_open++;
    l1_arm_next_block(l1);
    return 0;
}

/* Two different signed artifacts for one place: whoever has both can convict who signed them. */
static int on_conflict(struct l1 *l1, uint32_t from, const struct l1_entry *e)
{
    bool executors = e->kind == LOCKSTEP__L1_KIND__L1_RESULT;
    party_reject(&l1->p, from, ACT_REJECT_DUPLICATE, "another artifact is registered there");
    party_violation(&l1->p, "equivocation",
                    executors ? party_executor_name(&l1->p, e->rollup) : "sequencer", e->slot,
                    e->rollup, e->round, "two different signed artifacts for one place");
    return 0;
}

/* What an entry answers: a proposal block its order commitment, a finalized block its proposal. */
static struct l1_entry *predecessor(struct l1 *l1, const struct l1_entry *e)
{
    struct l1_entry key = {.slot = e->slot, .rollup = e->rollup};
    if (e->round != 0 ||
        (e->kind != LOCKSTEP__L1_KIND__L1_BLOCK && e->kind != LOCKSTEP__L1_KIND__L1_FINAL)) {
        return NULL;
    }
    key.kind = e->kind == LOCKSTEP__L1_KIND__L1_FINAL ? LOCKSTEP__L1_KIND__L1_BLOCK
                                                      : LOCKSTEP__L1_KIND__L1_ORDER;
    return l1_find(l1, &key);
}

static int register_entry(struct l1 *l1, uint32_t from, const Lockstep__L1Submit *submit,
                          struct l1_entry *e)
{
    struct l1_entry *before = predecessor(l1, e);
    if (submit->kind == LOCKSTEP__L1_KIND__L1_FINAL && before == NULL) {
        party_reject(&l1->p, from, ACT_REJECT_CONTENT, "final header without a proposal block");
        return 0;
    }
    if (l1_is_void(l1, e->slot)) {
        party_reject(&l1->p, from, ACT_REJECT_STALE, "slot %llu is void",
                     (unsigned long long)e->slot);
        return 0;
    }
    if (l1->n_open >= L1_MAX_PENDING) {
        party_reject(&l1->p, from, ACT_REJECT_LIMIT, "the transaction pool is full");
        return 0;
    }
    if (before != NULL) {
        before->answered = true;
    }
    l1_settle_result(l1, e);
    e->artifact = act_payload_new(wire_view(&submit->artifact));
    return e->artifact == NULL ? ERR_NOMEM : l1_add_entry(l1, e);
}

static bool is_registered(Lockstep__L1Kind kind)
{
    return kind == LOCKSTEP__L1_KIND__L1_ORDER || kind == LOCKSTEP__L1_KIND__L1_BLOCK ||
           kind == LOCKSTEP__L1_KIND__L1_FINAL || kind == LOCKSTEP__L1_KIND__L1_RESULT ||
           kind == LOCKSTEP__L1_KIND__L1_REJECTION;
}

static int on_submit(struct l1 *l1, uint32_t from, const Lockstep__L1Submit *submit)
{
    struct l1_entry e = {.kind = submit->kind};
    if (submit->kind == LOCKSTEP__L1_KIND__L1_EVIDENCE) {
        return l1_on_evidence(l1, from, wire_view(&submit->artifact));
    }
    if (!is_registered(submit->kind)) {
        party_reject(&l1->p, from, ACT_REJECT_CONTENT, "not a transaction to the registry");
        return 0;
    }
    int rc = read_artifact(l1, wire_view(&submit->artifact), &e);
    if (rc != 0) {
        party_reject(&l1->p, from, ACT_REJECT_SIGNATURE, "artifact: %s", err_text(rc));
        return 0;
    }
    hash_keccak256(wire_view(&submit->artifact), &e.artifact_hash);
    const struct l1_entry *known = l1_find(l1, &e);
    if (known != NULL) {
        return hash32_equal(&known->artifact_hash, &e.artifact_hash) ? 0
                                                                     : on_conflict(l1, from, known);
    }
    return register_entry(l1, from, submit, &e);
}

static int l1_start(struct party *p)
{
    (void)p;
    return 0;
}

static int l1_message(struct party *p, uint32_t from, const Lockstep__Message *m)
{
    if (m->body_case != LOCKSTEP__MESSAGE__BODY_L1_SUBMIT) {
        party_reject(p, from, ACT_REJECT_UNEXPECTED, "not a transaction");
        return 0;
    }
    return on_submit((struct l1 *)p, from, m->l1_submit);
}

static int l1_timer(struct party *p, uint64_t id)
{
    struct l1 *l1 = (struct l1 *)p;
    CHECK(id == L1_TIMER_BLOCK);
    l1->timer_armed = false;
    int rc = l1_make_block(l1);
    l1_arm_next_block(l1);
    return rc;
}

static int l1_work_done(struct party *p, const struct act_event *ev)
{
    return ev->work_rc != 0 ? ev->work_rc : l1_on_judged((struct l1 *)p, ev);
}

static const struct party_ops ops = {l1_start, l1_message, l1_timer, l1_work_done};

static void l1_destroy(struct act_actor **self)
{
    struct l1 *l1 = (struct l1 *)*self;
    if (l1 != NULL) {
        for (size_t i = 0; i < l1->n_entries; i++) {
            l1_entry_fini(&l1->entries[i]);
        }
        for (size_t i = 0; i < l1->n_trials; i++) {
            act_payload_unref(&l1->trials[i].evidence);
        }
        free(l1->bonds);
        free(l1->entries);
        free(l1->trials);
        party_fini(&l1->p);
        free(l1);
        *self = NULL;
    }
}

static int l1_create(const struct act_setup *setup, struct act_actor **out, struct buf *why)
{
    struct l1 *l1 = calloc(1, sizeof(*l1));
    if (l1 == NULL) {
        return ERR_NOMEM;
    }
    int rc = party_init(&l1->p, setup, LOCKSTEP__ROLE__ROLE_L1, why);
    if (rc == 0 && l1->p.config->l1->block_time_ns <= 0) {
        buf_append_bytes(why, bytes_str("block_time must be positive"));
        party_fini(&l1->p);
        rc = ERR_INVALID;
    }
    if (rc == 0) {
        rc = l1_bonds_init(l1);
        if (rc != 0) {
            party_fini(&l1->p);
        }
    }
    if (rc != 0) {
        free(l1);
        return rc;
    }
    *out = (struct act_actor *)l1;
    return 0;
}

static int l1_step(struct act_actor *self, const struct act_event *ev, struct act_effects *out)
{
    return party_step(&((struct l1 *)self)->p, &ops, ev, out);
}

const struct act_class l1_class = {"l1", l1_create, l1_step, l1_work_run, l1_destroy};
