/* The mock Ethereum: a chain of blocks with a registry contract for order commitments, proposal and
 * final block headers, and finality after a challenge window. See docs/protocol.md, "Parties".
 *
 * Block n is made at time n * block_time. Blocks without events are not made; they exist as numbers
 * only, so an idle chain costs nothing. */
#ifndef L1_STUB_L1_H
#define L1_STUB_L1_H

#include "common/actor/act.h"

extern const struct act_class l1_class;

#endif
