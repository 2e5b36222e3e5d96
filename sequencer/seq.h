/* The shared sequencer: admits encrypted bundles, promises positions, seals, reveals, proposes,
 * excludes and finalizes. It holds no rollup state. See docs/protocol.md. */
#ifndef SEQUENCER_SEQ_H
#define SEQUENCER_SEQ_H

#include "common/actor/act.h"

extern const struct act_class seq_class;

#endif
