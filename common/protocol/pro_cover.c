#include "common/protocol/pro_cover.h"

#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/protocol/pro_descriptor.h"

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

/* Takes the bundle's legs of one block. What does not decode covers nothing. Whether the sequencer
 * calls a leg bogus does not matter: that is not part of what it commits to, so nobody could be
 * held to it. */
static int take_legs(const struct pro_block *b, const struct pro_entry *of, struct legs *l)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct pro_entry *e = &b->entries[i];
        if (e->kind == PRO_ENTRY_EXCLUDED || e->leg >= l->n || l->list[e->leg] != NULL ||
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

void pro_cover_sources_encode(const struct pro_cover_source *sources, uint32_t n, struct buf *out)
{
    wr_u32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        wr_u64(out, sources[i].rollup);
        wr_fixed(out, sources[i].commitment.b, sizeof(sources[i].commitment.b));
    }
}

int pro_cover_sources_decode(struct bytes in, struct pro_cover_source **out, uint32_t *n)
{
    struct rd r = rd_from(in);
    uint32_t count = rd_u32(&r);
    if (r.err != 0 || count > PRO_MAX_ROLLUPS) {
        return r.err != 0 ? r.err : ERR_TOOBIG;
    }
    CLEANUP(cleanup_free)
    struct pro_cover_source *sources = calloc((size_t)count + 1, sizeof(*sources));
    if (sources == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        sources[i].rollup = rd_u64(&r);
        rd_fixed(&r, sources[i].commitment.b, sizeof(sources[i].commitment.b));
        if (r.err == 0 && i > 0 && sources[i].rollup <= sources[i - 1].rollup) {
            rd_fail(&r, ERR_NONCANONICAL);
        }
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = MOVE(sources);
        *n = count;
    }
    return rc;
}

void pro_cover_hash(struct bytes sources, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_str("lockstep/cover/v1"));
    hash_keccak_add(&h, sources);
    hash_keccak_end(&h, out);
}
