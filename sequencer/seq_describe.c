/* A revealed slot in the policy's terms. */
#include "sequencer/seq_core.h"

#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_access.h"
#include "common/policy/pol_keys.h"

#include <stdlib.h>

/* ---- What legs can touch ---- */

struct keys {
    struct pol_key *items;
    size_t n, cap;
};

static void keys_fini(struct keys *k)
{
    free(k->items);
}

/* The sequencer holds no state, but it has opened the transaction, and what that can touch follows
 * from its fields. A bogus leg touches nothing. */
static int add_keys(const struct seq_chain *chain, const struct pol_leg *leg, struct keys *keys)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    CLEANUP(led_access_fini) struct led_access access = {0};
    if (leg->order >= chain->block.count || chain->block.entries[leg->order].kind != PRO_ENTRY_TX) {
        return 0;
    }
    const struct pro_entry *e = &chain->block.entries[leg->order];
    int rc = led_tx_decode(e->tx, &tx);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0; /* it touches nothing: it cannot be executed */
    }
    rc = led_access_of(&tx, &access);
    rc = rc != 0 ? rc : VEC_RESERVE(keys->items, keys->cap, keys->n + access.n);
    for (size_t i = 0; rc == 0 && i < access.n; i++) {
        keys->items[keys->n++] = (struct pol_key){leg->chain, access.paths[i]};
    }
    return rc;
}

static int number_keys(struct seq_slot *slot, size_t n_legs)
{
    CLEANUP(keys_fini) struct keys keys = {0};
    for (size_t i = 0; i < n_legs; i++) {
        struct pol_leg *leg = &slot->pol_legs[i];
        size_t before = keys.n;
        int rc = add_keys(&slot->chains[leg->chain], leg, &keys);
        if (rc != 0) {
            return rc;
        }
        leg->n_keys = (uint32_t)(keys.n - before);
    }
    slot->pol_keys = calloc(keys.n + 1, sizeof(*slot->pol_keys));
    if (slot->pol_keys == NULL) {
        return ERR_NOMEM;
    }
    int rc = pol_keys_number(keys.items, keys.n, slot->pol_keys, &slot->pol_slot.n_keys);
    const uint32_t *next = slot->pol_keys;
    for (size_t i = 0; rc == 0 && i < n_legs; i++) {
        slot->pol_legs[i].keys = next;
        next += slot->pol_legs[i].n_keys;
    }
    return rc;
}

/* ---- Bundles and legs ---- */

int seq_describe_slot(struct seq *s, struct seq_slot *slot)
{
    size_t n_legs = 0;
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        n_legs += slot->bundles[i]->bundle.n_legs;
    }
    slot->pol_legs = calloc(n_legs + 1, sizeof(*slot->pol_legs));
    slot->pol_bundles = calloc((size_t)slot->n_bundles + 1, sizeof(*slot->pol_bundles));
    if (slot->pol_legs == NULL || slot->pol_bundles == NULL) {
        return ERR_NOMEM;
    }
    struct pol_leg *next = slot->pol_legs;
    for (uint32_t i = 0; i < slot->n_bundles; i++) {
        const struct pro_preconf *p = &slot->bundles[i]->preconf;
        uint32_t n = slot->bundles[i]->dropped ? 0 : p->n_legs;
        slot->pol_bundles[i] = (struct pol_bundle){next, n};
        for (uint32_t leg = 0; leg < n; leg++) {
            int chain = party_executor_index(&s->p, p->txs[leg].rollup);
            *next++ = (struct pol_leg){.chain = (uint32_t)chain, .order = p->txs[leg].order};
        }
    }
    slot->pol_slot =
        (struct pol_slot){(uint32_t)s->n_chains, slot->n_bundles, slot->pol_bundles, 0};
    int rc = s->p.rules.granularity == POL_BY_KEYS
                 ? number_keys(slot, (size_t)(next - slot->pol_legs))
                 : 0;
    return rc != 0 ? rc : pol_state_init(&slot->pol, &slot->pol_slot);
}
