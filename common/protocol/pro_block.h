/* Proposal blocks, second proposal blocks and finalized blocks.
 *
 * A block is a body (every promised leg at its promised position) and a signed header that commits
 * to it twice: by keccak256 of the body's bytes, and by a KZG vector commitment over one leaf per
 * entry, which L1 can open at one position (docs/kzg.md).
 *
 *   leaf of a leg       keccak256(enc_tx_hash || tx_hash || bundle_id || u32 leg || u32 n_legs)
 *   leaf of a tombstone keccak256("excluded" || bundle_id || cause)
 *   order leaf          keccak256(enc_tx_hash || bundle_id || u32 leg || u32 n_legs)
 *   cause               u64 rollup, u32 order, u32 round of the failed leg
 *
 *   entry  = u8 kind, u32 seq, u32 leg, u32 n_legs, bundle_id, enc_tx_hash, preconf_hash, then
 *            var(transaction bytes) or, excluded, the cause
 *   body   = u64 slot, u64 rollup, u32 round, u32 count, entries in order
 *   header = u64 slot, u64 rollup, u32 round, u8 final, u32 count, commitment (48), body_hash (32),
 *            and in a final header: post_root (32), var(exclusion bitmap) */
#ifndef PROTOCOL_PRO_BLOCK_H
#define PROTOCOL_PRO_BLOCK_H

#include "common/crypto/kzg/vc.h"
#include "common/protocol/pro_ids.h"

enum pro_entry_kind {
    PRO_ENTRY_TX = 0,    /* an opened transaction */
    PRO_ENTRY_BOGUS = 1, /* the user sealed garbage: it keeps its position and counts as failed */
    PRO_ENTRY_EXCLUDED = 2, /* a tombstone */
};

struct pro_entry {
    enum pro_entry_kind kind;
    uint32_t seq;
    uint32_t leg;
    uint32_t n_legs;
    struct hash32 bundle_id;
    struct hash32 enc_tx_hash;
    struct hash32 preconf_hash;
    struct bytes tx;        /* TX, BOGUS: view; empty for a bogus leg whose cipher did not open */
    struct pro_place cause; /* EXCLUDED */
};

/* Owns its entries array; tx views borrow what it was built or decoded from. */
struct pro_block {
    uint64_t slot;
    uint64_t rollup;
    uint32_t round;
    uint32_t count;
    struct pro_entry *entries;
};

struct pro_header {
    uint64_t slot;
    uint64_t rollup;
    uint32_t round;
    bool final;
    uint32_t count;
    struct vc_commitment commitment;
    struct hash32 body_hash;
    struct hash32 post_root; /* final */
    struct bytes excluded;   /* final: bit i of byte i/8, lowest first, unused bits 0; view */
};

/* Out: a block with `count` zeroed entries. Returns: 0 or ERR_NOMEM. */
int pro_block_init(struct pro_block *b, uint64_t slot, uint64_t rollup, uint32_t round,
                   uint32_t count) MUST_CHECK;
/* Copies everything but the bytes behind the tx views. Returns: 0 or ERR_NOMEM. */
int pro_block_copy(struct pro_block *out, const struct pro_block *in) MUST_CHECK;
void pro_block_fini(struct pro_block *b);

void pro_block_encode(const struct pro_block *b, struct buf *out);
/* Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG, ERR_NONCANONICAL (unknown kind),
 * ERR_NOMEM. */
int pro_block_decode(struct bytes in, struct pro_block *out) MUST_CHECK;

void pro_header_encode(const struct pro_header *h, struct buf *out);
/* Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_NONCANONICAL (a flag or a bitmap), ERR_TOOBIG (count
 * over the width). */
int pro_header_decode(struct bytes in, struct pro_header *out) MUST_CHECK;

void pro_place_encode(const struct pro_place *p, struct buf *out);

/* The committed leaf of an entry, and the leaf of its promise. */
void pro_entry_leaf(const struct pro_entry *e, struct hash32 *out);
void pro_order_leaf(const struct hash32 *enc_tx_hash, const struct hash32 *bundle_id, uint32_t leg,
                    uint32_t n_legs, struct hash32 *out);

/* Out: the leaves that the block's commitment is to, or (promised) that of its order: b->count of
 * them. */
void pro_block_leaves(const struct pro_block *b, bool promised, struct vc_entry *out);

/* Vector commitment over the block's leaves. Returns: 0, ERR_NOMEM, ERR_CRYPTO. */
int pro_block_commit(const struct vc_setup *vc, const struct pro_block *b,
                     struct vc_commitment *out) MUST_CHECK;
/* The same for a block that differs from another, committed to before, in some entries.
 * Returns: as above, or ERR_INVALID if it has another number of entries, ERR_PROOF if that
 * commitment is none. */
int pro_block_recommit(const struct vc_setup *vc, const struct pro_block *before,
                       const struct vc_commitment *committed, const struct pro_block *b,
                       struct vc_commitment *out) MUST_CHECK;
/* The same over the order leaves: what the sealed order commitment must be. */
int pro_block_commit_order(const struct vc_setup *vc, const struct pro_block *b,
                           struct vc_commitment *out) MUST_CHECK;

/* Order commitment artifact body: u64 slot, u64 rollup, u32 count, commitment (48). */
struct pro_order {
    uint64_t slot;
    uint64_t rollup;
    uint32_t count;
    struct vc_commitment commitment;
};
void pro_order_encode(const struct pro_order *o, struct buf *out);
int pro_order_decode(struct bytes in, struct pro_order *out) MUST_CHECK;

#endif
