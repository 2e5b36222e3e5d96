/* Results come in, and with them proofs of what failed: nothing is taken before it is verified. */
#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/protocol/pro_cover.h"
#include "common/protocol/pro_failure.h"
#include "common/protocol/pro_signed.h"
#include "common/protocol/pro_state_proof.h"

#include <stdlib.h>

/* ---- Verified results ---- */

static int keep_result(struct seq_slot *slot, struct seq_chain *chain)
{
    int rc = VEC_RESERVE(slot->failures, slot->cap_failures, slot->n_failures + 1);
    if (rc != 0) {
        return rc;
    }
    struct seq_failure f = {.rollup = chain->block.rollup, .round = chain->round};
    buf_append_bytes(&f.artifact, buf_view(&chain->result));
    f.proofs = chain->proofs;
    chain->proofs = (struct buf){0};
    slot->failures[slot->n_failures++] = f;
    chain->verifying = false;
    chain->awaiting = false;
    return f.artifact.err;
}

static bool all_in(const struct seq *s, const struct seq_slot *slot)
{
    for (size_t i = 0; i < s->n_chains; i++) {
        if (slot->chains[i].awaiting) {
            return false;
        }
    }
    return true;
}

static int take_result(struct seq *s, struct seq_slot *slot, struct seq_chain *chain)
{
    int rc = keep_result(slot, chain);
    return rc == 0 && all_in(s, slot) ? seq_decide(s, slot) : rc;
}

/* ---- Verifying ---- */

static int encode_step(const struct seq *s, const struct seq_slot *slot,
                       const struct seq_chain *chain, const struct pro_step *step, struct buf *out)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    CLEANUP(cleanup_free)
    const struct pro_block **blocks = calloc(s->n_chains, sizeof(struct pro_block *));
    CLEANUP(buf_fini) struct buf encoded = {.limit = WIRE_MAX_FRAME};
    const struct pro_entry *e = &chain->block.entries[step->order];
    uint32_t uncovered = LED_NO_OP;
    if (blocks == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < s->n_chains; i++) {
        blocks[i] = &slot->chains[i].block; /* what is still in is in whole */
    }
    int rc = led_tx_decode(e->tx, &tx);
    rc = rc != 0 ? rc : pro_cover_of(blocks, s->n_chains, e, &tx, &uncovered);
    if (rc != 0) {
        return rc;
    }
    pro_step_encode(step, &encoded);
    wr_u32(out, uncovered);
    wr_var(out, e->tx);
    wr_var(out, buf_view(&encoded));
    return encoded.err != 0 ? encoded.err : out->err;
}

/* What verifying a result takes besides its proofs of failure: modelled. */
static int64_t state_proof_ns(const struct seq *s, const struct seq_chain *chain)
{
    const Lockstep__StateProofConfig *c = s->p.config->state_proof;
    if (c == NULL || c->kind == PRO_STATE_PROOF_WITNESS) {
        return 0;
    }
    return c->kind == PRO_STATE_PROOF_REEXECUTE ? chain->n_legs * c->verifying_ns : c->verifying_ns;
}

/* Request: u32 chain, var(result), u32 n { u32 uncovered op, var(tx), var(step) }. */
static int start_verifying(struct seq *s, struct seq_slot *slot, size_t at,
                           const struct pro_proofs *proofs)
{
    CLEANUP(buf_fini) struct buf request = {.limit = SIZE_MAX / 2};
    const struct seq_chain *chain = &slot->chains[at];
    int rc = 0;
    wr_u32(&request, (uint32_t)at);
    wr_var(&request, bytes_of(chain->result.data, chain->result.len - sizeof(struct sig65)));
    wr_u32(&request, proofs->n);
    for (uint32_t i = 0; i < proofs->n && rc == 0; i++) {
        rc = encode_step(s, slot, chain, &proofs->steps[i], &request);
    }
    if (rc != 0 || request.err != 0) {
        return rc != 0 ? rc : request.err;
    }
    act_work(s->p.out, seq_slot_work_id(slot, SEQ_WORK_VERIFY), SEQ_WORK_VERIFY, buf_view(&request),
             proofs->n * s->p.config->sequencer->reveal_cost_ns + state_proof_ns(s, chain));
    return 0;
}

/* Result: u32 chain, u32 round, i32 code, u32 position of the first proof that does not hold. */
int seq_work_verify(struct bytes request, struct buf *result)
{
    struct rd r = rd_from(request);
    struct pro_result res = {0};
    uint32_t at = rd_u32(&r);
    int rc = pro_result_decode(rd_var(&r, PRO_MAX_BLOCK_BYTES), &res);
    uint32_t n = rd_u32(&r);
    struct pro_step step = {0};
    int verdict_rc = 0;
    for (uint32_t i = 0; i < n && rc == 0 && verdict_rc == 0; i++) {
        enum pro_step_verdict verdict = PRO_STEP_FRAUD;
        struct led_receipt receipt;
        uint32_t uncovered = rd_u32(&r);
        struct bytes tx = rd_var(&r, PRO_MAX_TX_BYTES);
        rc = pro_step_decode(rd_var(&r, PRO_MAX_BLOCK_BYTES), &step);
        if (rc == 0) {
            verdict_rc = pro_step_judge(&res, &step, tx, uncovered, &verdict, &receipt);
            verdict_rc = verdict_rc == 0 && verdict != PRO_STEP_FAILS ? ERR_MISMATCH : verdict_rc;
        }
        rc = verdict_rc == ERR_NOMEM ? ERR_NOMEM : rc;
    }
    wr_u32(result, at);
    wr_u32(result, res.round);
    wr_u32(result, (uint32_t)verdict_rc);
    wr_u32(result, step.order);
    return rc != 0 ? rc : result->err;
}

int seq_on_verified(struct seq *s, struct seq_slot *slot, struct bytes result)
{
    struct rd r = rd_from(result);
    uint32_t at = rd_u32(&r);
    uint32_t round = rd_u32(&r);
    int verdict = (int32_t)rd_u32(&r);
    uint32_t order = rd_u32(&r);
    CHECK(rd_end(&r) == 0 && at < s->n_chains);
    struct seq_chain *chain = &slot->chains[at];
    CHECK(chain->verifying && chain->round == round);
    if (verdict == 0) {
        return take_result(s, slot, chain);
    }
    chain->verifying = false;
    int rc = seq_accuse_step(s, slot, at, order);
    if (rc != 0) {
        return rc;
    }
    party_reject(&s->p, s->p.executor_ids[at], ACT_REJECT_CONTENT,
                 "result of slot %llu round %u: proof of failure of position %u: %s",
                 (unsigned long long)slot->number, round, order, err_text(verdict));
    return 0;
}

/* ---- Arrivals ---- */

/* Which chain a message comes from: its executor's index, or -1. */
static int chain_of_peer(const struct seq *s, uint32_t from)
{
    for (size_t i = 0; i < s->n_chains; i++) {
        if (s->p.executor_ids[i] == from) {
            return (int)i;
        }
    }
    return -1;
}

/* Is it what the chain's executor owes now? Says why not. */
static bool is_due(struct seq *s, uint32_t from, const struct seq_slot *slot,
                   const struct seq_chain *chain, const struct pro_result *r)
{
    if (slot == NULL || slot->phase != SEQ_EXECUTING || !chain->awaiting || chain->verifying ||
        r->round != chain->round) {
        party_reject(&s->p, from, ACT_REJECT_STALE, "no result is due for slot %llu round %u",
                     (unsigned long long)r->slot, r->round);
        return false;
    }
    if (r->rollup != chain->block.rollup || r->count != chain->n_legs ||
        !hash32_equal(&r->body_hash, &chain->body_hash) ||
        memcmp(r->commitment.b, chain->commitment.b, sizeof(r->commitment.b)) != 0) {
        party_reject(&s->p, from, ACT_REJECT_CONTENT, "result of another block");
        return false;
    }
    return true;
}

/* Whoever wants to check a step has to be able to find its root. */
static int check_step_roots(struct seq *s, uint32_t from, const struct pro_result *r,
                            struct bytes roots, bool *ok)
{
    struct hash32 root;
    *ok = roots.len == (size_t)r->count * sizeof(root);
    if (*ok) {
        CLEANUP(cleanup_free) struct hash32 *copy = malloc(roots.len + 1);
        if (copy == NULL) {
            return ERR_NOMEM;
        }
        memcpy(copy, roots.data, roots.len);
        pro_merkle_root(copy, r->count, &root);
        *ok = hash32_equal(&root, &r->step_roots_root);
    }
    if (!*ok) {
        party_reject(&s->p, from, ACT_REJECT_CONTENT,
                     "result of slot %llu round %u: its step roots are not those it signs",
                     (unsigned long long)r->slot, r->round);
    }
    return 0;
}

/* Is there a proof of the size that one has here? */
static bool check_ideal_proof(struct seq *s, uint32_t from, const struct pro_result *r,
                              struct bytes proof)
{
    const Lockstep__StateProofConfig *c = s->p.config->state_proof;
    size_t bytes = c != NULL && c->kind == PRO_STATE_PROOF_IDEAL_RECURSIVE ? c->bytes : 0;
    if (proof.len != bytes) {
        party_reject(&s->p, from, ACT_REJECT_CONTENT,
                     "result of slot %llu round %u: an ideal proof of %zu bytes, not %zu",
                     (unsigned long long)r->slot, r->round, proof.len, bytes);
    }
    return proof.len == bytes;
}

/* Are there the proofs that this result needs, and no others? Says why not. Returns: 0 or
 * ERR_NOMEM; *ok. */
static int read_proofs(struct seq *s, uint32_t from, const struct seq_chain *chain,
                       const struct pro_result *r, struct bytes in, struct pro_proofs *out,
                       bool *ok)
{
    uint32_t order = 0;
    int rc = pro_proofs_decode(in, out);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    *ok = false;
    if (rc != 0) {
        party_reject(&s->p, from, ACT_REJECT_MALFORMED, "proofs of failure: %s", err_text(rc));
    } else if (pro_proofs_cover(out, r, &chain->block, &order) != 0) {
        party_reject(&s->p, from, ACT_REJECT_CONTENT,
                     "result of slot %llu round %u: position %u %s", (unsigned long long)r->slot,
                     r->round, order,
                     pro_proofs_find(out, order) != NULL ? "did not fail and has a proof of failure"
                                                         : "failed and has no proof of it");
    } else {
        *ok = true;
    }
    return 0;
}

/* Holds a result that is due until its proofs are verified. */
static int hold_result(struct seq_chain *chain, struct bytes artifact, struct bytes proofs)
{
    chain->proofs.limit = WIRE_MAX_FRAME;
    buf_clear(&chain->result);
    buf_clear(&chain->proofs);
    buf_append_bytes(&chain->result, artifact);
    buf_append_bytes(&chain->proofs, proofs);
    if (chain->result.err != 0 || chain->proofs.err != 0) {
        return ERR_NOMEM;
    }
    struct bytes body = {chain->result.data, chain->result.len - sizeof(struct sig65)};
    CHECK(pro_result_decode(body, &chain->res) == 0);
    chain->verifying = true;
    return 0;
}

int seq_on_result(struct seq *s, uint32_t from, const Lockstep__ExecutionResult *m)
{
    struct bytes artifact = wire_view(&m->result);
    struct bytes body;
    struct pro_result r;
    int at = chain_of_peer(s, from);
    if (at < 0) {
        party_reject(&s->p, from, ACT_REJECT_UNEXPECTED, "results come from executors");
        return 0;
    }
    int rc = pro_unsign_from(&s->p.view.deployment.id, PRO_TAG_RESULT, artifact,
                             &s->p.view.executors[at].address, &body);
    if (rc != 0) {
        party_reject(&s->p, from, ACT_REJECT_SIGNATURE, "result: %s", err_text(rc));
        return 0;
    }
    rc = pro_result_decode(body, &r);
    if (rc != 0) {
        party_reject(&s->p, from, ACT_REJECT_MALFORMED, "result: %s", err_text(rc));
        return 0;
    }
    struct seq_slot *slot = seq_find_slot(s, r.slot);
    struct seq_chain *chain = slot != NULL ? &slot->chains[at] : NULL;
    bool known_place = slot != NULL && r.rollup == chain->block.rollup && r.round <= slot->round;
    rc = known_place ? seq_see_result(s, &r, artifact) : 0;
    if (rc != 0 || !is_due(s, from, slot, chain, &r)) {
        return rc;
    }
    CLEANUP(pro_proofs_fini) struct pro_proofs proofs = {0};
    bool ok = false;
    rc = check_step_roots(s, from, &r, wire_view(&m->step_roots), &ok);
    if (rc == 0 && ok && !check_ideal_proof(s, from, &r, wire_view(&m->ideal_proof))) {
        return 0;
    }
    if (rc != 0 || !ok) {
        return rc;
    }
    rc = read_proofs(s, from, chain, &r, wire_view(&m->proofs), &proofs, &ok);
    if (rc != 0 || !ok) {
        return rc;
    }
    rc = hold_result(chain, artifact, wire_view(&m->proofs));
    if (rc != 0) {
        return rc;
    }
    return proofs.n == 0 && state_proof_ns(s, chain) == 0
               ? take_result(s, slot, chain)
               : start_verifying(s, slot, (size_t)at, &proofs);
}
