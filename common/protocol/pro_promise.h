/* One signed promise on its own: the leg's part of a preconfirmation (pro_preconf.h), as evidence
 * needs it.
 *
 *   wire: u64 slot, u64 rollup, u32 order, u32 seq, u32 leg, u32 n_legs, bundle_id (32),
 *         enc_tx_hash (32), sig65 */
#ifndef PROTOCOL_PRO_PROMISE_H
#define PROTOCOL_PRO_PROMISE_H

#include "common/protocol/pro_preconf.h"

struct pro_promise {
    uint64_t slot;
    uint64_t rollup;
    uint32_t order;
    uint32_t seq;
    uint32_t leg;
    uint32_t n_legs;
    struct hash32 bundle_id;
    struct hash32 enc_tx_hash;
    struct sig65 sig;
};

/* In: leg < p->n_legs. Out: that leg's promise. */
void pro_promise_of(const struct pro_preconf *p, uint32_t leg, struct pro_promise *out);

/* Out: what the sequencer signs: the EIP-712 digest of PreconfirmTx. */
void pro_promise_digest(const struct hash32 *domain, const struct pro_promise *p,
                        struct hash32 *out);
/* Returns: 0 or ERR_SIGNATURE. */
int pro_promise_verify(const struct hash32 *domain, const struct pro_promise *p,
                       const struct addr20 *sequencer) MUST_CHECK;

void pro_promise_encode(const struct pro_promise *p, struct buf *out);
/* Leaves what follows; failures stay in r->err (ERR_TRUNCATED, ERR_NONCANONICAL: leg not below
 * n_legs, or more than PRO_MAX_LEGS). */
void pro_promise_read(struct rd *r, struct pro_promise *out);

#endif
