#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_failure.h"
#include "sequencer/seq_faults.h"

#include <stdlib.h>

/* commitment (48), u32 n { u32 index, leaf before (32), leaf now (32) } */
static void write_changes(const struct seq_chain *chain, struct buf *out)
{
    wr_fixed(out, chain->commitment.b, sizeof(chain->commitment.b));
    wr_u32(out, (uint32_t)chain->n_changes);
    for (size_t i = 0; i < chain->n_changes; i++) {
        const struct vc_change *c = &chain->changes[i];
        wr_u32(out, c->index);
        wr_fixed(out, c->was.b, 32);
        wr_fixed(out, c->now.b, 32);
    }
}

/* Commits to the blocks of all chains marked `changed`; the result is one commitment each. In:
 * promised: to the order of their legs. Request: bool promised, for each: bool whether it was
 * committed to before, then what has changed since, or var(body). */
int seq_start_commit(struct seq *s, struct seq_slot *slot, bool promised)
{
    CLEANUP(buf_fini) struct buf request = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf body = {.limit = SIZE_MAX / 2};
    int64_t legs = 0;
    wr_bool(&request, promised);
    for (size_t i = 0; i < s->n_chains; i++) {
        if (!slot->chains[i].changed) {
            continue;
        }
        struct seq_chain *chain = &slot->chains[i];
        buf_clear(&body);
        pro_block_encode(&chain->block, &body);
        hash_keccak256(buf_view(&body), &chain->body_hash);
        wr_bool(&request, chain->committed);
        if (chain->committed) {
            write_changes(chain, &request);
        } else {
            wr_var(&request, buf_view(&body));
        }
        legs += chain->n_legs;
    }
    if (request.err != 0 || body.err != 0) {
        return ERR_NOMEM;
    }
    act_work(s->p.out, seq_slot_work_id(slot, SEQ_WORK_COMMIT), SEQ_WORK_COMMIT, buf_view(&request),
             legs * s->p.config->sequencer->reveal_cost_ns);
    return 0;
}

/* ---- What proves removals ---- */

/* The results behind a block's new tombstones, each once, with the proofs they refer to. */
struct behind {
    Lockstep__Failure *items;
    Lockstep__Failure **list;
    struct buf *proofs; /* parallel to items */
    uint32_t *orders;   /* scratch */
    size_t n;
};

static void behind_fini(struct behind *b)
{
    for (size_t i = 0; i < b->n; i++) {
        buf_fini(&b->proofs[i]);
    }
    free(b->items);
    free(b->list);
    free(b->proofs);
    free(b->orders);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Which positions of a result the chain's new tombstones refer to. Returns: how many. */
static size_t orders_behind(const struct seq_chain *chain, const struct seq_failure *f,
                            uint32_t *orders)
{
    size_t n = 0;
    for (uint32_t i = 0; i < chain->block.count; i++) {
        const struct pro_entry *e = &chain->block.entries[i];
        if (e->kind == PRO_ENTRY_EXCLUDED && !chain->told[i] && e->cause.rollup == f->rollup &&
            e->cause.round == f->round && e->cause.order != PRO_CAUSE_OVERFLOW) {
            orders[n++] = e->cause.order;
        }
    }
    qsort(orders, n, sizeof(*orders), by_value);
    return n;
}

static int collect_behind(const struct seq_slot *slot, const struct seq_chain *chain,
                          struct behind *b)
{
    b->items = calloc(slot->n_failures + 1, sizeof(*b->items));
    b->list = calloc(slot->n_failures + 1, sizeof(struct Lockstep__Failure *));
    b->proofs = calloc(slot->n_failures + 1, sizeof(*b->proofs));
    b->orders = calloc((size_t)chain->block.count + 1, sizeof(*b->orders));
    if (b->items == NULL || b->list == NULL || b->proofs == NULL || b->orders == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < slot->n_failures; i++) {
        const struct seq_failure *f = &slot->failures[i];
        size_t n = orders_behind(chain, f, b->orders);
        if (n == 0) {
            continue;
        }
        struct buf *proofs = &b->proofs[b->n];
        proofs->limit = WIRE_MAX_FRAME;
        b->list[b->n] = &b->items[b->n];
        lockstep__failure__init(b->list[b->n]);
        b->n++;
        int rc = pro_proofs_select(buf_view(&f->proofs), b->orders, n, proofs);
        if (rc != 0) {
            return rc;
        }
        b->list[b->n - 1]->result = wire_bytes(buf_view(&f->artifact));
        b->list[b->n - 1]->proofs = wire_bytes(buf_view(proofs));
    }
    return 0;
}

/* From now on its executor knows why. */
static void mark_told(struct seq_chain *chain)
{
    for (uint32_t i = 0; i < chain->block.count; i++) {
        chain->told[i] = chain->block.entries[i].kind == PRO_ENTRY_EXCLUDED;
    }
}

/* The other rollups that the bundles of chain `at` touch. `out` has room for n_chains. */
static size_t touched_rollups(const struct seq *s, const struct seq_slot *slot, size_t at,
                              uint64_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_chains; i++) {
        const struct seq_chain *other = &slot->chains[i];
        bool shared = false;
        for (uint32_t k = 0; i != at && k < other->n_legs && !shared; k++) {
            const struct pro_preconf *p = &slot->bundles[other->legs[k].bundle]->preconf;
            for (uint32_t leg = 0; leg < p->n_legs && !shared; leg++) {
                shared = p->txs[leg].rollup == s->p.view.executors[at].rollup;
            }
        }
        if (shared) {
            out[n++] = s->p.view.executors[i].rollup;
        }
    }
    return n;
}

/* ---- Publishing a round ---- */

static int sign_header(struct seq *s, const struct pro_header *h, struct buf *out)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct seq_place place = {h->final ? SEQ_SAYS_FINAL : SEQ_SAYS_BLOCK, h->slot, h->rollup,
                              h->final ? 0 : h->round};
    pro_header_encode(h, &body);
    return body.err != 0 ? body.err : seq_sign(s, &place, buf_view(&body), out);
}

/* In: the header for DA, and the one for L1. They are the same. */
static int publish_body(struct seq *s, struct seq_slot *slot, size_t at, bool final,
                        struct bytes header, struct bytes l1_header)
{
    CLEANUP(buf_fini) struct buf body = {.limit = SIZE_MAX / 2};
    uint64_t rollup = s->p.view.executors[at].rollup;
    uint32_t index = final ? 0 : slot->chains[at].round;
    pro_block_encode(&slot->chains[at].block, &body);
    if (body.err != 0) {
        return body.err;
    }
    if (!final && index == 0) {
        slot->chains[at].proposal.limit = WIRE_MAX_FRAME;
        slot->chains[at].proposal_commitment = slot->chains[at].commitment;
        buf_append_bytes(&slot->chains[at].proposal, buf_view(&body));
        if (slot->chains[at].proposal.err != 0) {
            return slot->chains[at].proposal.err;
        }
    }
    int rc = party_da_put(&s->p, rollup, slot->number,
                          final ? LOCKSTEP__DA_KIND__DA_FINAL : LOCKSTEP__DA_KIND__DA_BLOCK, index,
                          buf_view(&body));
    if (rc == 0) {
        rc = party_da_put(&s->p, rollup, slot->number,
                          final ? LOCKSTEP__DA_KIND__DA_FINAL_HEADER : LOCKSTEP__DA_KIND__DA_HEADER,
                          index, header);
    }
    if (rc == 0) {
        rc = party_l1_submit(
            &s->p, final ? LOCKSTEP__L1_KIND__L1_FINAL : LOCKSTEP__L1_KIND__L1_BLOCK, l1_header);
    }
    return rc;
}

static int send_to_executor(struct seq *s, struct seq_slot *slot, size_t at, bool final,
                            struct bytes header)
{
    CLEANUP(behind_fini) struct behind failures = {0};
    CLEANUP(cleanup_free) uint64_t *touched = calloc(s->n_chains, sizeof(*touched));
    int rc = touched == NULL ? ERR_NOMEM : collect_behind(slot, &slot->chains[at], &failures);
    if (rc != 0) {
        return rc;
    }
    mark_told(&slot->chains[at]);
    size_t n_touched = touched_rollups(s, slot, at, touched);
    Lockstep__ProposalBlock proposal = LOCKSTEP__PROPOSAL_BLOCK__INIT;
    Lockstep__FinalizedBlock finalized = LOCKSTEP__FINALIZED_BLOCK__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    if (final) {
        finalized.header = wire_bytes(header);
        finalized.n_failures = failures.n;
        finalized.failures = failures.list;
        finalized.n_touched = n_touched;
        finalized.touched = touched;
        m.body_case = LOCKSTEP__MESSAGE__BODY_FINALIZED_BLOCK;
        m.finalized_block = &finalized;
    } else {
        proposal.header = wire_bytes(header);
        proposal.n_failures = failures.n;
        proposal.failures = failures.list;
        proposal.n_siblings = n_touched;
        proposal.siblings = touched;
        m.body_case = LOCKSTEP__MESSAGE__BODY_PROPOSAL_BLOCK;
        m.proposal_block = &proposal;
    }
    return party_send(&s->p, s->p.executor_ids[at], &m);
}

static int publish_block(struct seq *s, struct seq_slot *slot, size_t at, bool final)
{
    struct seq_chain *chain = &slot->chains[at];
    uint8_t excluded[PRO_MAX_ENTRIES / 8] = {0};
    CLEANUP(buf_fini) struct buf artifact = {0};
    CLEANUP(buf_fini) struct buf shown = {0}; /* to L1 */
    struct pro_header h = {
        .slot = slot->number,
        .rollup = s->p.view.executors[at].rollup,
        .round = chain->round,
        .final = final,
        .count = chain->n_legs,
        .commitment = chain->commitment,
        .body_hash = chain->body_hash,
    };
    if (final) {
        for (uint32_t i = 0; i < chain->n_legs; i++) {
            if (chain->block.entries[i].kind == PRO_ENTRY_EXCLUDED) {
                pro_bit_set(excluded, i);
            }
        }
        h.post_root = chain->res.post_root;
        h.excluded = bytes_of(excluded, (chain->n_legs + 7) / 8);
    }
    int rc = sign_header(s, &h, &artifact);
    if (rc == 0) {
        buf_append_bytes(&shown, buf_view(&artifact));
        rc = shown.err != 0 ? shown.err : seq_fault_other_block(s, &h, &shown);
        rc = rc != 0 ? rc : publish_body(s, slot, at, final, buf_view(&artifact), buf_view(&shown));
    }
    return rc != 0 ? rc : send_to_executor(s, slot, at, final, buf_view(&artifact));
}

int seq_on_committed(struct seq *s, struct seq_slot *slot, struct bytes result)
{
    bool final = slot->phase == SEQ_FINALIZING;
    struct rd r = rd_from(result);
    uint32_t published = 0;
    for (size_t i = 0; i < s->n_chains; i++) {
        struct seq_chain *chain = &slot->chains[i];
        if (!chain->changed) {
            continue;
        }
        rd_fixed(&r, chain->commitment.b, sizeof(chain->commitment.b));
        chain->changed = false;
        chain->committed = true;
        chain->n_changes = 0;
        chain->awaiting = !final;
        if (!final && slot->round == 0 &&
            seq_commits(s, PRO_FAULT_WITHHOLD_BLOCK, slot->number, chain->block.rollup)) {
            continue;
        }
        published++;
        int rc = publish_block(s, slot, i, final);
        if (rc != 0) {
            return rc;
        }
    }
    CHECK(rd_end(&r) == 0);
    party_note(&s->p, final ? "finalized" : "proposed", slot->number, 0, slot->round, published,
               NULL);
    slot->phase = SEQ_EXECUTING;
    if (final) {
        seq_drop_slot(s, slot);
    }
    return seq_solve_next(s);
}

/* ---- Deciding a round ---- */

/* Puts a tombstone on every leg of chain `at` whose bundle the policy has excluded. */
static int bury_excluded(struct seq *s, struct seq_slot *slot, size_t at)
{
    struct seq_chain *chain = &slot->chains[at];
    int rc = VEC_RESERVE(chain->changes, chain->cap_changes, chain->n_legs);
    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < chain->n_legs; i++) {
        struct pro_entry *e = &chain->block.entries[i];
        const struct pol_outcome *o = &slot->pol.outcomes[e->seq];
        if (o->fate != POL_EXCLUDED || e->kind == PRO_ENTRY_EXCLUDED) {
            continue;
        }
        struct vc_change *change = &chain->changes[chain->n_changes++];
        change->index = i;
        pro_entry_leaf(e, &change->was);
        e->kind = PRO_ENTRY_EXCLUDED;
        e->tx = (struct bytes){0};
        e->cause = (struct pro_place){0, PRO_CAUSE_OVERFLOW, o->cause.round};
        if (o->cause.reason != POL_OVERFLOW) {
            const struct pro_preconf *p = &slot->bundles[o->cause.bundle]->preconf;
            e->cause.rollup = p->txs[o->cause.leg].rollup;
            e->cause.order = p->txs[o->cause.leg].order;
        }
        pro_entry_leaf(e, &change->now);
    }
    return 0;
}

/* Builds the blocks of the next round, or the finalized ones. */
static int build_next(struct seq *s, struct seq_slot *slot)
{
    bool final = slot->pol.done;
    slot->phase = final ? SEQ_FINALIZING : SEQ_COMMITTING;
    slot->round += final ? 0 : 1;
    for (size_t i = 0; i < s->n_chains; i++) {
        struct seq_chain *chain = &slot->chains[i];
        if (chain->n_legs == 0 || (!final && slot->pol.changed[i] == POL_NONE)) {
            continue;
        }
        int rc = bury_excluded(s, slot, i);
        if (rc != 0) {
            return rc;
        }
        chain->changed = true;
        chain->round = final ? chain->round : slot->round;
        chain->block.round = chain->round;
    }
    return seq_start_commit(s, slot, false);
}

int seq_decide(struct seq *s, struct seq_slot *slot)
{
    CLEANUP(cleanup_free) struct bytes *status = calloc(s->n_chains, sizeof(*status));
    CLEANUP(cleanup_free) uint32_t *executed = calloc(s->n_chains, sizeof(*executed));
    if (status == NULL || executed == NULL) {
        return ERR_NOMEM;
    }
    if (slot->round == 0 && seq_commits(s, PRO_FAULT_WITHHOLD_SECOND, slot->number, 0)) {
        return 0;
    }
    int rc = slot->round == 0 ? seq_describe_slot(s, slot) : 0;
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < s->n_chains; i++) {
        status[i] = slot->chains[i].res.status;
        executed[i] = slot->chains[i].round;
    }
    const struct pol_round round = {status, executed};
    do {
        pol_decide(s->p.policy, &slot->pol_slot, &s->p.rules, &round, &slot->pol);
    } while (!slot->pol.done && !pol_must_execute(&slot->pol));
    return build_next(s, slot);
}
