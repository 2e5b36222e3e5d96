/* Step proofs: one transaction of a signed result, to be judged without the state.
 *
 * A signed result binds the state root after every position. A step proof opens the roots before
 * and after one of them and adds the witness with which anybody executes that transaction again
 * (common/ledger/led_witness.h). If it fails and the result says so, this is a *proof of failure*;
 * if the result says otherwise than execution does, it is a *proof of fraud* against the executor
 * that signed it: a false failure, a false success, a wrong root.
 *
 *   step = u32 order || root before (32) || path || root after (32) || path || var(witness)
 *
 * Before position 0 stands the result's own pre_root, with an empty path (pro_merkle.h). */
#ifndef PROTOCOL_PRO_STEP_H
#define PROTOCOL_PRO_STEP_H

#include "common/ledger/led_exec.h"
#include "common/protocol/pro_merkle.h"
#include "common/protocol/pro_result.h"

#define PRO_MAX_WITNESS_BYTES ((size_t)256 << 10)

struct pro_step {
    uint32_t order;
    struct hash32 before;
    struct pro_merkle_path before_path;
    struct hash32 after;
    struct pro_merkle_path after_path;
    struct bytes witness; /* view */
};

void pro_step_encode(const struct pro_step *s, struct buf *out);
/* Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_TOOBIG, ERR_NONCANONICAL (a path in front of
 * position 0). */
int pro_step_decode(struct bytes in, struct pro_step *out) MUST_CHECK;

/* Out: the roots and paths of position `order`; no witness. In: the state root before the block,
 * the step roots, and the tree over them. */
void pro_step_open(const struct hash32 *pre_root, const struct hash32 *roots,
                   const struct pro_merkle_tree *tree, uint32_t order, struct pro_step *out);

/* Are before and after the roots that the result binds at this position? Returns: 0 or ERR_PROOF.
 */
int pro_step_check_roots(const struct pro_result *r, const struct pro_step *s) MUST_CHECK;

enum pro_step_verdict {
    PRO_STEP_SUCCEEDS, /* as the result says */
    PRO_STEP_FAILS,    /* as the result says: a proof of failure */
    PRO_STEP_FRAUD,    /* the result says otherwise */
};

/* In: the signed result; the transaction that stands at that position of its block, and what its
 * bundle does not cover (led_cover.h). Out: the verdict, and what executing gives.
 * Returns: 0; ERR_PROOF if the step is not of this result; what led_witness_replay says. */
int pro_step_judge(const struct pro_result *r, const struct pro_step *s, struct bytes tx,
                   uint32_t uncovered_op, enum pro_step_verdict *verdict,
                   struct led_receipt *receipt) MUST_CHECK;

#endif
