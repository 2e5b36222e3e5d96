/* Cover of a leg within its bundle (common/ledger/led_cover.h), from what was revealed: the
 * proposal blocks of a slot hold the transactions of every bundle in it. What a later round has
 * removed from them still counts, as what it said is known; if one leg of a bundle is removed, all
 * are. */
#ifndef PROTOCOL_PRO_COVER_H
#define PROTOCOL_PRO_COVER_H

#include "common/ledger/led_cover.h"
#include "common/protocol/pro_block.h"

/* In: the slot's proposal blocks of round 0, of every rollup that the entry's bundle touches (what
 * is missing covers nothing); the entry, and its transaction.
 * Out: the first operation that is not covered, or LED_NO_OP. Returns: 0 or ERR_NOMEM. */
int pro_cover_of(const struct pro_block *const *blocks, size_t n_blocks, const struct pro_entry *e,
                 const struct led_tx *tx, uint32_t *uncovered_op) MUST_CHECK;

/* A proposal block of round 0 that a result's cover was taken from. */
struct pro_cover_source {
    uint64_t rollup;
    struct vc_commitment commitment;
};

/* What a result says about its sources:
 *
 *   cover_hash = keccak256("lockstep/cover/v1" || u32 n { u64 rollup || commitment (48) })
 *
 * In: in ascending order of rollup, each once; the executed rollup is one of them.
 * Appends what is hashed after the tag. */
void pro_cover_sources_encode(const struct pro_cover_source *sources, uint32_t n, struct buf *out);
/* Out: to be released with free(). Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG,
 * ERR_NONCANONICAL (not in ascending order), ERR_NOMEM. */
int pro_cover_sources_decode(struct bytes in, struct pro_cover_source **out,
                             uint32_t *n) MUST_CHECK;
/* In: encoded sources. */
void pro_cover_hash(struct bytes sources, struct hash32 *out);

#endif
