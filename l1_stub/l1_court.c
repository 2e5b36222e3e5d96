#include "l1_stub/l1_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_evidence.h"

#include <stdlib.h>

#define WORK_JUDGE 1
#define MAX_TRIALS 1024

/* ---- Before the judge ---- */

static bool is_known(const struct l1 *l1, struct bytes evidence, const struct hash32 *hash)
{
    for (size_t i = 0; i < l1->n_entries; i++) {
        if (l1->entries[i].kind == LOCKSTEP__L1_KIND__L1_EVIDENCE &&
            hash32_equal(&l1->entries[i].artifact_hash, hash)) {
            return true;
        }
    }
    for (size_t i = 0; i < l1->n_trials; i++) {
        if (bytes_equal(l1->trials[i].evidence->view, evidence)) {
            return true;
        }
    }
    return false;
}

int l1_on_evidence(struct l1 *l1, uint32_t from, struct bytes evidence)
{
    struct hash32 hash;
    hash_keccak256(evidence, &hash);
    if (is_known(l1, evidence, &hash)) {
        return 0; /* several parties may find the same */
    }
    if (l1->n_trials >= MAX_TRIALS || evidence.len > PRO_MAX_EVIDENCE_BYTES) {
        party_reject(&l1->p, from, ACT_REJECT_LIMIT, "evidence of %zu bytes, %zu before the judge",
                     evidence.len, l1->n_trials);
        return 0;
    }
    int rc = VEC_RESERVE(l1->trials, l1->cap_trials, l1->n_trials + 1);
    struct act_payload *copy = rc == 0 ? act_payload_new(evidence) : NULL;
    if (copy == NULL) {
        return ERR_NOMEM;
    }
    uint64_t id = ++l1->next_work;
    l1->trials[l1->n_trials++] = (struct l1_trial){id, from, copy};
    act_work(l1->p.out, id, WORK_JUDGE, evidence, 0);
    return l1->p.out->err;
}

/* Result: i32 code; if 0: culprit (20), u64 slot, u64 gas, var(detail), deployment (32); else
 * var(why). */
int l1_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                struct buf *result)
{
    const struct l1 *l1 = (const struct l1 *)self;
    CLEANUP(pro_conviction_fini) struct pro_conviction c = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    CHECK(kind == WORK_JUDGE);
    int rc = pro_evidence_judge(l1->p.view.vc, request, &c, &text);
    if (rc == ERR_NOMEM || rc == ERR_CRYPTO) {
        return rc;
    }
    wr_u32(result, (uint32_t)rc);
    if (rc == 0) {
        buf_printf(&text, "%s: %s", pro_evidence_name(c.kind), buf_cstr(&c.sentence));
        wr_fixed(result, c.culprit.b, 20);
        wr_u64(result, c.slot);
        wr_u64(result, c.gas);
        wr_fixed(result, c.deployment.b, 32);
    }
    wr_var(result, buf_view(&text));
    return text.err != 0 ? text.err : result->err;
}

/* ---- The verdict ---- */

/* Nobody is slashed twice for one slot. */
static bool is_slashed(const struct l1 *l1, const struct addr20 *culprit, uint64_t slot)
{
    for (size_t i = 0; i < l1->n_entries; i++) {
        const struct l1_entry *e = &l1->entries[i];
        if (e->kind == LOCKSTEP__L1_KIND__L1_EVIDENCE && e->slot == slot &&
            addr20_equal(&e->culprit, culprit)) {
            return true;
        }
    }
    return false;
}

static int slash(struct l1 *l1, struct l1_trial *trial, const struct addr20 *culprit, uint64_t slot,
                 uint64_t gas, struct bytes detail)
{
    struct l1_entry e = {.kind = LOCKSTEP__L1_KIND__L1_EVIDENCE,
                         .slot = slot,
                         .culprit = *culprit,
                         .gas = gas,
                         .detail = strndup((const char *)detail.data, detail.len),
                         .artifact = act_payload_ref(trial->evidence)};
    hash_keccak256(trial->evidence->view, &e.artifact_hash);
    if (e.detail == NULL) {
        l1_entry_fini(&e);
        return ERR_NOMEM;
    }
    int rc = l1_add_entry(l1, &e);
    return rc != 0 ? rc : l1_void_slot(l1, slot);
}

static int pass_sentence(struct l1 *l1, struct l1_trial *trial, struct bytes result)
{
    struct rd r = rd_from(result);
    struct addr20 culprit = {{0}};
    struct hash32 deployment = {{0}};
    int rc = (int32_t)rd_u32(&r);
    uint64_t slot = 0;
    uint64_t gas = 0;
    if (rc == 0) {
        rd_fixed(&r, culprit.b, 20);
        slot = rd_u64(&r);
        gas = rd_u64(&r);
        rd_fixed(&r, deployment.b, 32);
    }
    struct bytes text = rd_var(&r, UINT32_MAX);
    CHECK(rd_end(&r) == 0);
    if (rc != 0 || !hash32_equal(&deployment, &l1->p.view.deployment.id)) {
        party_reject(&l1->p, trial->from, ACT_REJECT_CONTENT, "evidence: %.*s (%s)", (int)text.len,
                     text.len > 0 ? (const char *)text.data : "",
                     rc != 0 ? err_text(rc) : "of another deployment");
        return 0;
    }
    return is_slashed(l1, &culprit, slot) ? 0 : slash(l1, trial, &culprit, slot, gas, text);
}

int l1_on_judged(struct l1 *l1, const struct act_event *ev)
{
    size_t at = 0;
    while (at < l1->n_trials && l1->trials[at].work_id != ev->id) {
        at++;
    }
    CHECK(at < l1->n_trials);
    struct l1_trial trial = l1->trials[at];
    l1->trials[at] = l1->trials[--l1->n_trials];
    int rc = pass_sentence(l1, &trial, ev->body);
    act_payload_unref(&trial.evidence);
    return rc;
}

int l1_void_slot(struct l1 *l1, uint64_t slot)
{
    struct l1_entry e = {.kind = LOCKSTEP__L1_KIND__L1_VOIDED, .slot = slot, .through = slot};
    return l1_is_void(l1, slot) ? 0 : l1_add_entry(l1, &e);
}

bool l1_is_void(const struct l1 *l1, uint64_t slot)
{
    for (size_t i = 0; i < l1->n_entries; i++) {
        const struct l1_entry *e = &l1->entries[i];
        if (e->kind == LOCKSTEP__L1_KIND__L1_VOIDED && e->slot <= slot && slot <= e->through) {
            return true;
        }
    }
    return false;
}

bool l1_carry_out_void(struct l1 *l1, struct l1_entry *v)
{
    uint64_t through = v->slot;
    for (size_t i = 0; i < l1->n_entries; i++) {
        const struct l1_entry *e = &l1->entries[i];
        if (e->slot == v->slot && e->finalized) {
            return false;
        }
        through = e->slot > through ? e->slot : through;
    }
    v->through = through;
    for (size_t i = 0; i < l1->n_entries; i++) {
        struct l1_entry *e = &l1->entries[i];
        bool artifact =
            e->kind == LOCKSTEP__L1_KIND__L1_ORDER || e->kind == LOCKSTEP__L1_KIND__L1_BLOCK ||
            e->kind == LOCKSTEP__L1_KIND__L1_RESULT || e->kind == LOCKSTEP__L1_KIND__L1_REJECTION ||
            e->kind == LOCKSTEP__L1_KIND__L1_FINAL;
        if (e->slot >= v->slot && artifact) {
            e->voided = true;
            e->answered = true; /* nothing is due any more */
            e->result_due_at = 0;
        }
    }
    return true;
}
