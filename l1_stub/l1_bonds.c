/* What parties have at stake, and what silence costs. */
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

void l1_start_deadline(const struct l1 *l1, struct l1_entry *e, uint64_t number)
{
    const Lockstep__L1Config *c = l1->p.config->l1;
    if (e->kind == LOCKSTEP__L1_KIND__L1_ORDER) {
        e->due_at = number + c->proposal_deadline_blocks;
    } else if (e->kind == LOCKSTEP__L1_KIND__L1_BLOCK && e->round == 0) {
        e->due_at = number + c->final_deadline_blocks;
    }
}

static int penalize(struct l1 *l1, const struct l1_entry *late)
{
    bool order = late->kind == LOCKSTEP__L1_KIND__L1_ORDER;
    struct l1_entry penalty = {.kind = LOCKSTEP__L1_KIND__L1_PENALIZED,
                               .slot = late->slot,
                               .rollup = late->rollup,
                               .culprit = l1->p.view.sequencer};
    CLEANUP(buf_fini) struct buf detail = {0};
    buf_printf(&detail, "no %s block of rollup %llu by L1 block %llu",
               order ? "proposal" : "finalized", (unsigned long long)late->rollup,
               (unsigned long long)late->due_at);
    penalty.detail = detail.err == 0 ? strdup(buf_cstr(&detail)) : NULL;
    if (penalty.detail == NULL) {
        return ERR_NOMEM;
    }
    int rc = l1_add_entry(l1, &penalty);
    return rc != 0 ? rc : l1_void_slot(l1, late->slot);
}

int l1_enforce_deadlines(struct l1 *l1, uint64_t number)
{
    size_t n = l1->n_entries; /* those added here owe nothing */
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct l1_entry e = l1->entries[i]; /* adding may move them */
        if (e.due_at == 0 || e.answered || number < e.due_at) {
            continue;
        }
        l1->entries[i].answered = true;
        if (!l1_is_void(l1, e.slot)) {
            rc = penalize(l1, &e);
        }
    }
    return rc;
}
