#include "common/protocol/pro_cover.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

/* A bundle's transactions by leg; those that are none stay NULL. */
struct legs {
    struct led_tx *txs;
    const struct led_tx **list;
    uint32_t n;
};

static void legs_fini(struct legs *l)
{
    for (uint32_t i = 0; l->txs != NULL && i < l->n; i++) {
        led_tx_fini(&l->txs[i]);
    }
    free(l->txs);
    free(l->list);
}

/* Takes the bundle's legs of one block. What does not decode covers nothing. */
static int take_legs(const struct pro_block *b, const struct pro_entry *of, struct legs *l)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct pro_entry *e = &b->entries[i];
        if (e->kind != PRO_ENTRY_TX || e->leg >= l->n || l->list[e->leg] != NULL ||
            !hash32_equal(&e->bundle_id, &of->bundle_id)) {
            continue;
        }
        int rc = led_tx_decode(e->tx, &l->txs[e->leg]);
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc == 0 && l->txs[e->leg].rollup == b->rollup) {
            l->list[e->leg] = &l->txs[e->leg];
        }
    }
    return 0;
}

int pro_cover_of(const struct pro_block *const *blocks, size_t n_blocks, const struct pro_entry *e,
                 const struct led_tx *tx, uint32_t *uncovered_op)
{
    CLEANUP(legs_fini) struct legs l = {0};
    if (!led_cover_needs_bundle(tx) || tx->leg >= tx->n_legs || tx->n_legs > PRO_MAX_LEGS) {
        *uncovered_op = led_cover_alone(tx);
        return 0;
    }
    l.n = tx->n_legs;
    l.txs = calloc(l.n, sizeof(*l.txs));
    l.list = calloc(l.n, sizeof(*l.list));
    if (l.txs == NULL || l.list == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n_blocks; i++) {
        int rc = take_legs(blocks[i], e, &l);
        if (rc != 0) {
            return rc;
        }
    }
    l.list[tx->leg] = tx;
    *uncovered_op = led_cover_check(l.list, l.n, tx->leg);
    return 0;
}
