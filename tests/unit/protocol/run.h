/* One executed block of plain transfers, with everything an executor knows about it: what step
 * proofs are made of. */
#ifndef TEST_PROTOCOL_RUN_H
#define TEST_PROTOCOL_RUN_H

#include "common/ledger/led_witness.h"
#include "common/protocol/pro_failure.h"

#define RUN_MAX 64
#define RUN_USERS 4
#define RUN_ROLLUP 7

struct run {
    struct sig_key users[RUN_USERS];
    struct led_state *state;
    struct pro_block block;
    struct buf txs[RUN_MAX];
    struct buf witnesses[RUN_MAX]; /* of the state before each */
    struct hash32 roots[RUN_MAX];  /* after each */
    uint8_t status[RUN_MAX / 8];
    struct pro_result result;
};

/* In: how many; in turn a transfer that works, one over what there is, and an explicit failure;
 * every seventh position is a tombstone. */
struct run *run_new(uint32_t n);
void run_destroy(struct run **r);

/* Binds r->status and r->roots, as they stand, into r->result. */
void run_bind(struct run *r);
/* Out: the step proof of a position, as the result has it. Views into the run. */
void run_step(const struct run *r, uint32_t order, struct pro_step *out);
/* Out: proofs of every failure. */
void run_prove(const struct run *r, struct buf *out);

/* The judge on a step whose bytes are copied first, so that a sanitizer sees reads past the end.
 * Returns: what pro_step_judge returns. */
int run_judge(const struct run *r, const struct pro_step *s, enum pro_step_verdict *verdict);

#endif
