/* The users' side: signs transactions, seals them behind time-locks, submits bundles, checks what
 * the sequencer promises and keeps it, and follows the bundles on L1.
 * See docs/protocol.md, "Phase 1". */
#ifndef WALLET_WAL_H
#define WALLET_WAL_H

#include "common/actor/act.h"

extern const struct act_class wal_class;

#endif
