/* Signed execution results and the openings of a slot.
 *
 *   result    = u64 rollup, u64 slot, u32 round, commitment (48), body_hash (32), pre_root,
 *               post_root, u32 count, var(status bitmap), receipts_root, step_roots_root,
 *               access_root, cover_hash
 *   rejection = u64 rollup, u64 slot, u32 round: its executor says that it does not execute this
 *               block, which is not as it has to be; signed like a result
 *   openings  = u64 slot, u64 rollup, u32 count, per leg { u8 verdict, var(w) } in order
 *   access i  = sha256 of the paths of entry i's access set (led_access.h), ascending; zero if it
 *               holds no transaction
 *
 * Bit i of the status bitmap (byte i/8, lowest first) is set when entry i was executed with
 * success. Tombstones have 0: they were not executed. Step root i is the state root after entry i;
 * receipts, step roots and access sets are each bound by a Merkle root (pro_merkle.h). cover_hash
 * says from which proposal blocks the legs of its bundles were taken (pro_cover.h). */
#ifndef PROTOCOL_PRO_RESULT_H
#define PROTOCOL_PRO_RESULT_H

#include "common/crypto/kzg/vc.h"
#include "common/protocol/pro_ids.h"

struct pro_result {
    uint64_t rollup;
    uint64_t slot;
    uint32_t round;
    struct vc_commitment commitment; /* of the executed block */
    struct hash32 body_hash;
    struct hash32 pre_root;
    struct hash32 post_root;
    uint32_t count;
    struct bytes status; /* (count + 7) / 8 bytes; view when decoded; unused bits are 0 */
    struct hash32 receipts_root;
    struct hash32 step_roots_root;
    struct hash32 access_root;
    struct hash32 cover_hash;
};

void pro_result_encode(const struct pro_result *r, struct buf *out);
/* Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG, ERR_NONCANONICAL (bitmap of another length
 * than count needs, or bits set beyond it). */
int pro_result_decode(struct bytes in, struct pro_result *out) MUST_CHECK;

static inline bool pro_bit(struct bytes bitmap, uint32_t i)
{
    return i / 8 < bitmap.len && (bitmap.data[i / 8] >> (i % 8) & 1) != 0;
}

static inline void pro_bit_set(uint8_t *bitmap, uint32_t i)
{
    bitmap[i / 8] = (uint8_t)(bitmap[i / 8] | 1u << (i % 8));
}

/* Is this how `count` bits are encoded: no byte too many, the bits beyond them 0? */
static inline bool pro_bitmap_is_canonical(struct bytes bitmap, uint32_t count)
{
    return bitmap.len == ((size_t)count + 7) / 8 &&
           (count % 8 == 0 || bitmap.data[bitmap.len - 1] >> (count % 8) == 0);
}

struct pro_rejection {
    uint64_t rollup;
    uint64_t slot;
    uint32_t round;
};

void pro_rejection_encode(const struct pro_rejection *r, struct buf *out);
/* Returns: 0, ERR_TRUNCATED, ERR_TRAILING. */
int pro_rejection_decode(struct bytes in, struct pro_rejection *out) MUST_CHECK;

enum pro_verdict {
    PRO_OPEN = 0,         /* a transaction of the expected form */
    PRO_BOGUS_CIPHER = 1, /* the user's fault: garbage, or a transaction invalid on its face */
};

struct pro_opening {
    enum pro_verdict verdict;
    struct bytes w; /* the time-lock's opening; view */
};

struct pro_openings {
    uint64_t slot;
    uint64_t rollup;
    uint32_t count;
    struct pro_opening *items; /* owned */
};

void pro_openings_encode(const struct pro_openings *o, struct buf *out);
int pro_openings_decode(struct bytes in, struct pro_openings *out) MUST_CHECK;
void pro_openings_fini(struct pro_openings *o);

#endif
