/* A signed transaction of one rollup: a leg of a bundle.
 *
 *   body    = deployment (32) || u64 rollup || sender (20) || u64 bundle_nonce || u32 leg ||
 *             u32 n_legs || bool has_nonce || u64 nonce (only if has_nonce) || operations
 *   encoded = body || signature (65)
 *   digest  = keccak256("lockstep/tx/v1" || body)
 *   hash    = keccak256("lockstep/tx-hash/v1" || encoded) */
#ifndef LEDGER_LED_TX_H
#define LEDGER_LED_TX_H

#include "common/crypto/sig.h"
#include "common/ledger/led_op.h"

struct led_tx {
    struct hash32 deployment; /* id of the deployment: no replay elsewhere */
    uint64_t rollup;
    struct addr20 sender;
    uint64_t bundle_nonce;
    uint32_t leg; /* below n_legs */
    uint32_t n_legs;
    bool has_nonce; /* without one only the bundle's id protects from replay */
    uint64_t nonce; /* the sender's next; 0 if !has_nonce */
    struct led_op *ops;
    size_t n_ops; /* 1..LED_OPS_MAX */
    struct sig65 sig;
};

/* Releases the operations. */
void led_tx_fini(struct led_tx *tx);

/* Appends the canonical encoding; failures stay in out->err. */
void led_tx_encode(const struct led_tx *tx, struct buf *out);

/* Strict. Out: owned, released with led_tx_fini. Does not check the signature.
 * Returns: 0, ERR_INVALID (leg not below n_legs, and see led_ops_decode), or what led_ops_decode
 * says. */
int led_tx_decode(struct bytes in, struct led_tx *out) MUST_CHECK;

/* Out: what the sender signs. */
void led_tx_digest(const struct led_tx *tx, struct hash32 *out);

/* Sets tx->sig. In: the key of tx->sender (another one gives a signature that does not verify). */
void led_tx_sign(struct led_tx *tx, const struct sig_key *key);

/* Returns: 0, or ERR_SIGNATURE if the signer is not the sender. */
int led_tx_verify(const struct led_tx *tx) MUST_CHECK;

/* In: an encoded transaction. Out: its hash, domain tag "lockstep/tx-hash/v1". */
void led_tx_hash(struct bytes encoded, struct hash32 *out);

#endif
