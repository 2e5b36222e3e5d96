#include "common/protocol/pro_descriptor.h"

#include "common/base/cleanup.h"
#include "common/crypto/hash.h"

void pro_descriptor_encode(const struct pro_descriptor *d, struct buf *out)
{
    wr_u64(out, d->l1_chain_id);
    wr_fixed(out, d->salt.b, 32);
    wr_fixed(out, d->timelock.b, 32);
    wr_fixed(out, d->sequencer.b, 20);
    wr_u32(out, d->n_executors);
    for (uint32_t i = 0; i < d->n_executors; i++) {
        wr_u64(out, d->executors[i].rollup);
        wr_fixed(out, d->executors[i].address.b, 20);
    }
}

int pro_descriptor_decode(struct bytes in, struct pro_descriptor *out)
{
    struct rd r = rd_from(in);
    struct pro_descriptor d = {.l1_chain_id = rd_u64(&r)};
    rd_fixed(&r, d.salt.b, 32);
    rd_fixed(&r, d.timelock.b, 32);
    rd_fixed(&r, d.sequencer.b, 20);
    d.n_executors = rd_count(&r, PRO_MAX_ROLLUPS, 8 + 20);
    CLEANUP(cleanup_free)
    struct pro_executor *executors = calloc((size_t)d.n_executors + 1, sizeof(*executors));
    if (executors == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < d.n_executors; i++) {
        executors[i].rollup = rd_u64(&r);
        rd_fixed(&r, executors[i].address.b, 20);
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        d.executors = MOVE(executors);
        *out = d;
    }
    return rc;
}

void pro_descriptor_fini(struct pro_descriptor *d)
{
    free(d->executors);
    *d = (struct pro_descriptor){0};
}

void pro_descriptor_id(struct bytes encoded, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_str(PRO_DESCRIPTOR_TAG));
    hash_keccak_add(&h, encoded);
    hash_keccak_end(&h, out);
}
