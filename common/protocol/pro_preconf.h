/* Preconfirmations: the sequencer's signed promises of positions, as EIP-712 typed data so that a
 * contract can check them.
 *
 *   EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)
 *     name "Lockstep", version "1", chainId of L1, salt = deployment id
 *   PreconfirmTx(uint64 slot,uint64 rollup,uint32 order,uint32 seq,uint32 leg,uint32 nLegs,
 *                bytes32 bundleId,bytes32 encTxHash)
 *   PreconfirmBundle(uint64 slot,uint32 seq,bytes32 bundleId,PreconfirmTx[] txs)
 *
 *   wire: u64 slot, u32 seq, bundle_id (32), u32 number of legs,
 *         per leg { u64 rollup, u32 order, enc_tx_hash (32), sig65 }, sig65 of the bundle.
 *
 * What is common to the legs stands once; leg i is the i-th. */
#ifndef PROTOCOL_PRO_PRECONF_H
#define PROTOCOL_PRO_PRECONF_H

#include "common/protocol/pro_ids.h"

struct pro_preconf_tx {
    uint64_t rollup;
    uint32_t order;
    struct hash32 enc_tx_hash;
    struct sig65 sig;
};

struct pro_preconf {
    uint64_t slot;
    uint32_t seq;
    struct hash32 bundle_id;
    uint32_t n_legs;
    struct pro_preconf_tx *txs; /* owned */
    struct sig65 sig;
};

/* The EIP-712 domain separator of a deployment. */
void pro_preconf_domain(const struct pro_deployment *d, struct hash32 *out);

/* EIP-712 digests: of leg `leg`, and of the whole bundle preconfirmation. */
void pro_preconf_tx_digest(const struct hash32 *domain, const struct pro_preconf *p, uint32_t leg,
                           struct hash32 *out);
void pro_preconf_bundle_digest(const struct hash32 *domain, const struct pro_preconf *p,
                               struct hash32 *out);

/* Signs every leg and the bundle in place. */
void pro_preconf_sign(const struct hash32 *domain, struct pro_preconf *p,
                      const struct sig_key *key);
/* Returns: 0, or ERR_SIGNATURE if any of the signatures is not by `sequencer`. */
int pro_preconf_verify(const struct hash32 *domain, const struct pro_preconf *p,
                       const struct addr20 *sequencer) MUST_CHECK;

void pro_preconf_encode(const struct pro_preconf *p, struct buf *out);
/* Out: owns txs; free with pro_preconf_fini. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG,
 * ERR_MISMATCH (no legs), ERR_NOMEM. */
int pro_preconf_decode(struct bytes in, struct pro_preconf *out) MUST_CHECK;
void pro_preconf_fini(struct pro_preconf *p);

/* keccak256 of the encoding: the commitment a block entry carries to identify its bundle. */
void pro_preconf_hash(struct bytes encoded, struct hash32 *out);

#endif
