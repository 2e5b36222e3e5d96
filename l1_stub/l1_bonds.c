/* What parties have at stake, and what silence costs. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "l1_stub/l1_core.h"

#include <stdlib.h>

static bool is_bonded(const Lockstep__PeerConfig *peer)
{
    return peer->role == LOCKSTEP__ROLE__ROLE_SEQUENCER ||
           peer->role == LOCKSTEP__ROLE__ROLE_EXECUTOR;
}

int l1_bonds_init(struct l1 *l1)
{
    const Lockstep__ActorConfig *c = l1->p.config;
    l1->bonds = calloc(c->n_peers + 1, sizeof(*l1->bonds));
    if (l1->bonds == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n_peers; i++) {
        if (is_bonded(c->peers[i])) {
            struct l1_bond *b = &l1->bonds[l1->n_bonds++];
            memcpy(b->party.b, c->peers[i]->address.data, sizeof(b->party.b));
            b->left_gwei = c->l1->bond_gwei;
        }
    }
    return 0;
}

uint64_t l1_take_bond(struct l1 *l1, const struct addr20 *party, uint64_t gwei)
{
    for (size_t i = 0; i < l1->n_bonds; i++) {
        struct l1_bond *b = &l1->bonds[i];
        if (addr20_equal(&b->party, party)) {
            uint64_t taken = gwei < b->left_gwei ? gwei : b->left_gwei;
            b->left_gwei -= taken;
            return taken;
        }
    }
    return 0;
}

static bool is_answer(Lockstep__L1Kind kind)
{
    return kind == LOCKSTEP__L1_KIND__L1_RESULT || kind == LOCKSTEP__L1_KIND__L1_REJECTION;
}

/* It may come before the block it answers: they travel by different ways. */
static bool is_answered(const struct l1 *l1, const struct l1_entry *block)
{
    for (size_t i = l1->n_entries; i > 0; i--) {
        const struct l1_entry *e = &l1->entries[i - 1];
        if (is_answer(e->kind) && e->slot == block->slot && e->rollup == block->rollup &&
            e->round == block->round) {
            return true;
        }
    }
    return false;
}

void l1_settle_result(struct l1 *l1, const struct l1_entry *answer)
{
    struct l1_entry key = *answer;
    key.kind = LOCKSTEP__L1_KIND__L1_BLOCK;
    struct l1_entry *block = is_answer(answer->kind) ? l1_find(l1, &key) : NULL;
    if (block != NULL) {
        block->result_due_at = 0;
    }
}

void l1_start_deadline(const struct l1 *l1, struct l1_entry *e, uint64_t number)
{
    const Lockstep__L1Config *c = l1->p.config->l1;
    if (e->kind == LOCKSTEP__L1_KIND__L1_ORDER) {
        e->due_at = number + c->proposal_deadline_blocks;
    } else if (e->kind == LOCKSTEP__L1_KIND__L1_BLOCK) {
        e->due_at = e->round == 0 ? number + c->final_deadline_blocks : 0;
        e->result_due_at = is_answered(l1, e) ? 0 : number + c->result_deadline_blocks;
    }
}

static int penalize(struct l1 *l1, const struct l1_entry *late, const struct addr20 *culprit,
                    const char *what, uint64_t due_at)
{
    struct l1_entry penalty = {.kind = LOCKSTEP__L1_KIND__L1_PENALIZED,
                               .slot = late->slot,
                               .rollup = late->rollup,
                               .round = late->round,
                               .culprit = *culprit};
    CLEANUP(buf_fini) struct buf detail = {0};
    buf_printf(&detail, "no %s of rollup %llu by L1 block %llu", what,
               (unsigned long long)late->rollup, (unsigned long long)due_at);
    penalty.detail = detail.err == 0 ? strdup(buf_cstr(&detail)) : NULL;
    if (penalty.detail == NULL) {
        return ERR_NOMEM;
    }
    int rc = l1_add_entry(l1, &penalty);
    return rc != 0 ? rc : l1_void_slot(l1, late->slot);
}

/* Slots are executed one after the other: does the executor still wait for an earlier one to be
 * final or void? */
static bool has_to_wait(const struct l1 *l1, const struct l1_entry *block)
{
    for (size_t i = 0; i < l1->n_entries; i++) {
        const struct l1_entry *e = &l1->entries[i];
        if (e->kind == LOCKSTEP__L1_KIND__L1_BLOCK && e->round == 0 && e->rollup == block->rollup &&
            e->slot < block->slot && !e->answered) {
            return true;
        }
    }
    return false;
}

/* The executor first: without its result the sequencer cannot finalize. */
static int enforce_on(struct l1 *l1, size_t at, uint64_t number)
{
    struct l1_entry e = l1->entries[at]; /* adding may move them */
    if (e.result_due_at != 0 && number >= e.result_due_at && has_to_wait(l1, &e)) {
        l1->entries[at].result_due_at = number + l1->p.config->l1->result_deadline_blocks;
        e.result_due_at = 0;
    }
    bool result = e.result_due_at != 0 && number >= e.result_due_at;
    bool next = e.due_at != 0 && !e.answered && number >= e.due_at;
    if (!result && !next) {
        return 0;
    }
    l1->entries[at].answered = true;
    l1->entries[at].result_due_at = 0;
    if (l1_is_void(l1, e.slot)) {
        return 0;
    }
    if (result) {
        int i = party_executor_index(&l1->p, e.rollup);
        CHECK(i >= 0);
        return penalize(l1, &e, &l1->p.view.executors[i].address, "result", e.result_due_at);
    }
    return penalize(l1, &e, &l1->p.view.sequencer,
                    e.kind == LOCKSTEP__L1_KIND__L1_ORDER ? "proposal block" : "finalized block",
                    e.due_at);
}

int l1_enforce_deadlines(struct l1 *l1, uint64_t number)
{
    size_t n = l1->n_entries; /* those added here owe nothing */
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = enforce_on(l1, i, number);
    }
    return rc;
}
