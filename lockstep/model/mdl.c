#include "lockstep/model/mdl.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

/* ---- Building ---- */

static int add_genesis(const struct cluster *c, const struct scn_rollup *r, struct led_state *s)
{
    for (size_t i = 0; i < r->accounts.n; i++) {
        const struct scn_account *a = &r->accounts.items[i];
        for (size_t k = 0; k < a->balances.n; k++) {
            struct led_name asset;
            int rc = led_name_set(&asset, a->balances.items[k].asset.text);
            if (rc == 0) {
                rc = led_state_set_balance(s, cluster_user(c, a->name.text), &asset,
                                           a->balances.items[k].amount);
            }
            if (rc != 0) {
                return rc;
            }
        }
    }
    for (size_t i = 0; i < r->pools.n; i++) {
        const struct scn_pool *p = &r->pools.items[i];
        struct led_name name;
        struct led_name a;
        struct led_name b;
        int rc = led_name_set(&name, p->name.text);
        rc = rc != 0 ? rc : led_name_set(&a, p->reserves.items[0].asset.text);
        rc = rc != 0 ? rc : led_name_set(&b, p->reserves.items[1].asset.text);
        rc = rc != 0 ? rc
                     : led_state_set_pool(s, &name, &a, p->reserves.items[0].amount, &b,
                                          p->reserves.items[1].amount, p->fee_ppm);
        if (rc != 0) {
            return rc;
        }
    }
    for (size_t i = 0; i < r->lendings.n; i++) {
        const struct scn_lending *from = &r->lendings.items[i];
        struct led_name name;
        struct led_lending l = {.liquidity = from->liquidity,
                                .num = (uint64_t)from->factor.num,
                                .den = (uint64_t)from->factor.den};
        int rc = led_name_set(&name, from->name.text);
        rc = rc != 0 ? rc : led_name_set(&l.asset, from->asset.text);
        rc = rc != 0 ? rc : led_name_set(&l.collateral, from->collateral.text);
        rc = rc != 0 ? rc : led_state_set_lending(s, &name, &l);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int add_chains(struct mdl *m)
{
    const struct cluster *c = m->sim->cluster;
    size_t first = CLUSTER_EXECUTOR;
    m->chains = calloc(m->scn->rollups.n + 1, sizeof(*m->chains));
    if (m->chains == NULL) {
        return ERR_NOMEM;
    }
    int rc = 0;
    for (size_t i = 0; i < m->scn->rollups.n && rc == 0; i++) {
        struct mdl_chain *chain = &m->chains[m->n_chains++];
        chain->rollup = &m->scn->rollups.items[i];
        chain->executor = c->actors[first + i].key.address;
        rc = led_state_new(chain->rollup->chain_id, &chain->state);
        rc = rc != 0 ? rc : add_genesis(c, chain->rollup, chain->state);
        if (rc == 0) {
            led_state_commit(chain->state);
        }
    }
    return rc;
}

static int add_bundles(struct mdl *m)
{
    m->bundles = calloc(m->scn->n_bundles + 1, sizeof(*m->bundles));
    if (m->bundles == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->scn->timeline.n; i++) {
        const struct scn_step *step = &m->scn->timeline.items[i];
        if (step->kind != SCN_STEP_SUBMIT) {
            continue;
        }
        struct mdl_bundle *b = &m->bundles[m->n_bundles++];
        b->submit = &step->submit;
        b->outcome = SCN_PENDING;
        b->legs = calloc(step->submit.legs.n + 1, sizeof(*b->legs));
        if (b->legs == NULL) {
            return ERR_NOMEM;
        }
        b->n_legs = step->submit.legs.n;
        for (size_t k = 0; k < b->n_legs; k++) {
            b->legs[k].chain = step->submit.legs.items[k].rollup.index;
        }
    }
    return 0;
}

int mdl_new(const struct simulation *sim, struct mdl **out)
{
    struct mdl *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        return ERR_NOMEM;
    }
    m->sim = sim;
    m->scn = sim->cluster->scn;
    m->policy = pol_find(sim->cluster->policy);
    int rc = add_chains(m);
    rc = rc != 0 ? rc : add_bundles(m);
    rc = rc != 0 ? rc : mdl_script(m);
    rc = rc != 0 ? rc : mdl_collect(m);
    rc = rc != 0 ? rc : mdl_court(m);
    rc = rc != 0 ? rc : mdl_replay(m);
    if (rc != 0) {
        mdl_destroy(&m);
        return rc;
    }
    mdl_judge(m);
    *out = m;
    return 0;
}

static void block_fini(struct mdl_block *b)
{
    pro_block_fini(&b->block);
    free(b->receipts);
}

static void slot_fini(struct mdl_slot *slot, size_t n_chains)
{
    for (size_t i = 0; slot->cells != NULL && i < n_chains; i++) {
        for (size_t r = 0; r < slot->cells[i].n_rounds; r++) {
            block_fini(&slot->cells[i].rounds[r].proposal);
            pro_proofs_fini(&slot->cells[i].rounds[r].proofs);
        }
        free(slot->cells[i].rounds);
        block_fini(&slot->cells[i].final);
    }
    free(slot->cells);
    free(slot->proposals);
    free(slot->serial.verdicts);
    free(slot->serial.roots);
}

void mdl_destroy(struct mdl **model)
{
    struct mdl *m = *model;
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i < m->n_slots; i++) {
        slot_fini(&m->slots[i], m->n_chains);
    }
    for (size_t i = 0; i < m->n_chains; i++) {
        led_state_destroy(&m->chains[i].state);
    }
    for (size_t i = 0; i < m->n_bundles; i++) {
        free(m->bundles[i].legs);
        pro_preconf_fini(&m->bundles[i].preconf);
    }
    free(m->sentences);
    free(m->voids);
    free(m->faults);
    free(m->accusations);
    free(m->slots);
    free(m->chains);
    free(m->bundles);
    free(m);
    *model = NULL;
}

/* ---- Looking up ---- */

const char *mdl_actor_name(const struct mdl *m, uint32_t actor)
{
    return actor == 0 ? "nobody" : m->sim->cluster->actors[actor - 1].name;
}

int mdl_chain_index(const struct mdl *m, uint64_t rollup)
{
    for (size_t i = 0; i < m->n_chains; i++) {
        if (m->chains[i].rollup->chain_id == rollup) {
            return (int)i;
        }
    }
    return -1;
}

const char *mdl_chain_name(const struct mdl *m, uint64_t rollup)
{
    int at = mdl_chain_index(m, rollup);
    return at < 0 ? "?" : m->chains[at].rollup->name.text;
}

const struct mdl_slot *mdl_find_slot(const struct mdl *m, uint64_t number)
{
    for (size_t i = 0; i < m->n_slots; i++) {
        if (m->slots[i].number == number) {
            return &m->slots[i];
        }
    }
    return NULL;
}

const struct mdl_bundle *mdl_find_bundle(const struct mdl *m, const struct hash32 *id)
{
    for (size_t i = 0; i < m->n_bundles; i++) {
        if (m->bundles[i].submitted && hash32_equal(&m->bundles[i].id, id)) {
            return &m->bundles[i];
        }
    }
    return NULL;
}

bool mdl_succeeded(const struct mdl_block *b, uint32_t i)
{
    return b->has_body && b->receipts != NULL && i < b->block.count &&
           b->block.entries[i].kind == PRO_ENTRY_TX && b->receipts[i].ok;
}

const struct led_receipt *mdl_cause_receipt(const struct mdl *m, const struct mdl_bundle *b)
{
    const struct mdl_slot *slot = b->promised ? mdl_find_slot(m, b->preconf.slot) : NULL;
    if (slot == NULL || !b->has_cause) {
        return NULL;
    }
    const struct mdl_cell *cell = &slot->cells[b->cause_chain];
    if (b->cause.round >= cell->n_rounds) {
        return NULL;
    }
    const struct mdl_block *block = &cell->rounds[b->cause.round].proposal;
    bool executed = block->receipts != NULL && b->cause.order < block->block.count &&
                    block->block.entries[b->cause.order].kind == PRO_ENTRY_TX;
    return executed ? &block->receipts[b->cause.order] : NULL;
}
