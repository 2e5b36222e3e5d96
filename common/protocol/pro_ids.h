/* Identifiers and limits every party shares. See docs/protocol.md, "Identifiers".
 *
 * rollup: u64 chain id.   slot: u64, from 0.   order: u32, position in the rollup's block of the
 * slot, from 0.   seq: u32, sequence number of the bundle in the slot, from 0.   leg: u32 index
 * within the bundle.   round: u32; 0 is the proposal block, 1 the second proposal block, ... */
#ifndef PROTOCOL_PRO_IDS_H
#define PROTOCOL_PRO_IDS_H

#include "common/base/bytes.h"
#include "common/base/wire.h"
#include "common/crypto/sig.h"

#define PRO_VERSION UINT32_C(1)

/* Hard ceilings of the encodings. A deployment's configuration may only be stricter. */
#define PRO_MAX_LEGS UINT32_C(1024)
#define PRO_MAX_BUNDLE_BYTES ((size_t)1 << 20)
#define PRO_MAX_TX_BYTES ((size_t)64 << 10)
#define PRO_MAX_ENTRIES UINT32_C(4096) /* width of the vector commitment */
#define PRO_MAX_BLOCK_BYTES ((size_t)48 << 20)

/* A place in a slot; as the cause of an exclusion, the leg that failed. */
struct pro_place {
    uint64_t rollup;
    uint32_t order;
    uint32_t round; /* in which round a transaction there failed; 0 where it does not matter */
};

/* The order of a cause that is no leg: the bundle was undecided when the rounds ended; `round` is
 * the last one, `rollup` is 0. */
#define PRO_CAUSE_OVERFLOW UINT32_MAX

/* What a block and every signature binds to, so that nothing can be carried from one cluster to
 * another. */
struct pro_deployment {
    struct hash32 id;
    uint64_t l1_chain_id;
};

#endif
