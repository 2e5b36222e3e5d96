/* Encrypted bundles, as users submit them.
 *
 *   leg    = var(open part) var(u) var(Q) var(proof) var(ciphertext)
 *   open   = u64 rollup, u64 bundle nonce, u32 leg, u32 number of legs, siblings (32), u64 gas
 * limit, u8 scope, [20 bytes sender if scope & SENDER], [u128 fee if scope & FEE], [var(signed
 * transaction) if scope & TX] bundle = deployment id (32), u64 nonce, u32 number of legs,
 * var(leg)...
 *
 *   siblings    = keccak256("lockstep/siblings/v1" || u of every leg)
 *   enc_tx_hash = keccak256("lockstep/enc-tx/v1" || leg bytes)
 *   bundle_id   = keccak256("lockstep/bundle/v1" || deployment || u64 nonce || u32 n_legs ||
 *                           enc_tx_hash of every leg)
 *
 * The user's encryption scope decides what stays open: the rollup and the gas limit always do, the
 * sender, the fee, or the whole transaction where the user says so. What is open must be what is
 * sealed: a leg whose plaintext says something else is bogus, by its user's fault. deployment ||
 * open part is the context that the time-lock's proof and cipher are bound to, and it names all u
 * of the bundle, which nobody but its user knows how to prove for: so a leg cannot be lifted into
 * another bundle, nor put beside other legs under the same nonce. */
#ifndef PROTOCOL_PRO_BUNDLE_H
#define PROTOCOL_PRO_BUNDLE_H

#include "common/protocol/pro_ids.h"

#define PRO_LEG_TAG "lockstep/enc-tx/v1"

enum pro_scope {
    PRO_SCOPE_SENDER = 1, /* the sender's address is open */
    PRO_SCOPE_FEE = 2,    /* the fee is open */
    PRO_SCOPE_TX = 4,     /* the whole signed transaction is: a mempool that anybody can read */
    PRO_SCOPE_ALL = 7,
};

struct pro_open_part {
    uint64_t rollup;
    uint64_t bundle_nonce;
    uint32_t leg;
    uint32_t n_legs;
    struct hash32 siblings; /* pro_siblings of the bundle */
    uint64_t gas_limit;
    uint8_t scope;
    struct addr20 sender; /* zero unless in scope */
    u128 fee;             /* zero unless in scope */
    struct bytes tx;      /* empty unless in scope; at most PRO_MAX_TX_BYTES, a view */
};

/* Views into the bundle's bytes. */
struct pro_leg {
    struct pro_open_part open;
    struct bytes open_bytes;
    struct bytes u;
    struct bytes q;
    struct bytes proof;
    struct bytes sealed;
    struct bytes raw; /* the whole leg: what enc_tx_hash covers */
    struct hash32 enc_tx_hash;
};

/* Owns its legs array; the views borrow the bytes it was decoded from. */
struct pro_bundle {
    struct hash32 deployment;
    uint64_t nonce;
    uint32_t n_legs;
    struct pro_leg *legs;
    struct hash32 id;
};

/* In: the u of every leg, in order. Out: what each leg says about its siblings. */
void pro_siblings(const struct bytes *us, uint32_t n, struct hash32 *out);

/* Appends the open part's encoding; failures stay in out->err. */
void pro_open_part_encode(const struct pro_open_part *open, struct buf *out);

/* Appends deployment || open part: the context of the leg's time-lock. */
void pro_leg_context(const struct hash32 *deployment, struct bytes open_bytes, struct buf *out);

/* Appends one leg (without a length before it). */
void pro_leg_encode(struct bytes open_bytes, struct bytes u, struct bytes q, struct bytes proof,
                    struct bytes sealed, struct buf *out);

/* Out: the leg's enc_tx_hash, whatever the bytes are. */
void pro_leg_hash(struct bytes raw, struct hash32 *out);
/* Strict. Out: views into `raw`. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG,
 * ERR_NONCANONICAL. */
int pro_leg_decode(struct bytes raw, struct pro_leg *out) MUST_CHECK;

/* Appends a bundle of encoded legs. */
void pro_bundle_encode(const struct hash32 *deployment, uint64_t nonce, const struct bytes *legs,
                       uint32_t n_legs, struct buf *out);

/* Decodes and checks that the legs form exactly one complete bundle: leg i says i, every leg names
 * the same nonce, number of legs and siblings, which are these. Out: a bundle that borrows `in`;
 * free with pro_bundle_fini. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG, ERR_NONCANONICAL
 * (unknown scope bits), ERR_MISMATCH (not one complete bundle), ERR_NOMEM. */
int pro_bundle_decode(struct bytes in, struct pro_bundle *out) MUST_CHECK;
void pro_bundle_fini(struct pro_bundle *b);

#endif
