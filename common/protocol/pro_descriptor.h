/* What a deployment is: who signs, on which chains, under which time-lock. Its id is the hash of
 * that, so evidence that carries the descriptor stands on its own.
 *
 *   descriptor = u64 l1_chain_id || salt (32) || time-lock digest (32) || sequencer (20) ||
 *                u32 n { u64 rollup || executor (20) }, in the order of the configuration
 *   id         = keccak256("lockstep/deployment/v1" || descriptor) */
#ifndef PROTOCOL_PRO_DESCRIPTOR_H
#define PROTOCOL_PRO_DESCRIPTOR_H

#include "common/protocol/pro_ids.h"

#define PRO_DESCRIPTOR_TAG "lockstep/deployment/v1"
#define PRO_MAX_ROLLUPS UINT32_C(4096)

struct pro_executor {
    uint64_t rollup;
    struct addr20 address;
};

struct pro_descriptor {
    uint64_t l1_chain_id;
    struct hash32 salt;     /* tells deployments apart that have all else in common */
    struct hash32 timelock; /* tlp_params_digest */
    struct addr20 sequencer;
    uint32_t n_executors;
    struct pro_executor *executors; /* owned when decoded */
};

void pro_descriptor_encode(const struct pro_descriptor *d, struct buf *out);
/* Out: to be released with pro_descriptor_fini. Returns: 0, ERR_TRUNCATED, ERR_TRAILING,
 * ERR_TOOBIG, ERR_NOMEM. */
int pro_descriptor_decode(struct bytes in, struct pro_descriptor *out) MUST_CHECK;
void pro_descriptor_fini(struct pro_descriptor *d);

/* Out: the deployment's id. In: an encoded descriptor. */
void pro_descriptor_id(struct bytes encoded, struct hash32 *out);

#endif
