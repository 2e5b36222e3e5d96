/* Misbehaviour on order: what a scenario has the sequencer do wrong (common/protocol/pro_fault.h).
 * Every hook does nothing unless the configuration scripts its fault for this slot, and tells the
 * record once when the fault takes effect. */
#ifndef SEQUENCER_SEQ_FAULTS_H
#define SEQUENCER_SEQ_FAULTS_H

#include "common/protocol/pro_block.h"
#include "common/protocol/pro_fault.h"
#include "sequencer/seq_core.h"

/* Returns: 0, ERR_NOMEM, or ERR_INVALID with a sentence in `why`. */
int seq_faults_init(struct seq *s, struct buf *why) MUST_CHECK;

/* Is this fault scripted? If so it takes effect now. In: rollup 0 for faults that take none. */
bool seq_commits(struct seq *s, enum pro_fault fault, uint64_t slot, uint64_t rollup);

/* Before the order commitments: rearranges what was promised. */
void seq_fault_sealing(struct seq *s, struct seq_slot *slot);
/* Before the openings of chain `at` are signed and its block is committed to. */
void seq_fault_revealing(struct seq *s, struct seq_slot *slot, size_t at, struct pro_openings *o);
/* What L1 gets to see instead of what everybody else does. Returns: true if it differs. */
bool seq_fault_other_order(struct seq *s, struct pro_order *o);
bool seq_fault_other_block(struct seq *s, struct pro_header *h);

#endif
