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

#endif
