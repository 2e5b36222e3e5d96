/* An executor: the full node of one rollup. Checks what the sequencer proposes against DA and L1,
 * executes, signs results, checks every removal and the finalized blocks. See docs/protocol.md. */
#ifndef EXECUTOR_EXE_H
#define EXECUTOR_EXE_H

#include "common/actor/act.h"

extern const struct act_class exe_class;

#endif
