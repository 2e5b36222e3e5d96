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
/* What L1 gets to see instead of what everybody else does, signed behind the sign log's back. Out:
 * *shown, replaced if the fault is scripted. */
int seq_fault_other_order(struct seq *s, struct pro_order *o, struct buf *shown) MUST_CHECK;
int seq_fault_other_block(struct seq *s, struct pro_header *h, struct buf *shown) MUST_CHECK;

/* A bundle has its places and is to be promised. */
enum seq_promising {
    SEQ_PROMISE_NOW,
    SEQ_PROMISE_LATER,    /* it is the first of two, and waits in slot->held */
    SEQ_PROMISE_BOTH,     /* it is the second: the one that is held, and this one */
    SEQ_PROMISE_UNLOGGED, /* its place is promised already, which the sign log must not know */
};
enum seq_promising seq_fault_promising(struct seq *s, struct seq_slot *slot,
                                       const struct seq_pending *pending);
/* Whatever the proofs say. In: the verdict. Returns: the verdict to act on. */
enum seq_refusal seq_fault_admitting(struct seq *s, enum seq_refusal verdict);

#endif
