/* Proofs of failure as they travel: with each signed result, the steps (pro_step.h) of the
 * transactions that failed; with each removal, those that are its cause.
 *
 *   proofs = u32 n { var(step) }, in ascending order of position
 *
 * Whoever has a slot's proposal blocks knows the transactions and their bundles, so that a step is
 * all it takes to see a transaction fail. A leg that does not open to a transaction needs no proof:
 * the published opening is one. */
#ifndef PROTOCOL_PRO_FAILURE_H
#define PROTOCOL_PRO_FAILURE_H

#include "common/protocol/pro_block.h"
#include "common/protocol/pro_step.h"

/* Decoded. Views into the bytes; the array is owned. */
struct pro_proofs {
    struct pro_step *steps;
    uint32_t n;
};

void pro_proofs_encode(const struct pro_step *steps, uint32_t n, struct buf *out);
/* Out: to be released with pro_proofs_fini. Returns: 0, ERR_NOMEM, ERR_TRUNCATED, ERR_TRAILING,
 * ERR_TOOBIG, ERR_NONCANONICAL (positions do not ascend), or what pro_step_decode says. */
int pro_proofs_decode(struct bytes in, struct pro_proofs *out) MUST_CHECK;
void pro_proofs_fini(struct pro_proofs *p);

/* Returns: the step of this position, or NULL. */
const struct pro_step *pro_proofs_find(const struct pro_proofs *p, uint32_t order);

/* Appends those of the encoded proofs whose position is in `orders` (ascending). Returns: 0, or
 * what pro_proofs_decode says. */
int pro_proofs_select(struct bytes in, const uint32_t *orders, size_t n,
                      struct buf *out) MUST_CHECK;

/* Does this entry need a proof to count as failed? */
static inline bool pro_needs_proof(const struct pro_result *r, const struct pro_entry *e,
                                   uint32_t order)
{
    return e->kind == PRO_ENTRY_TX && !pro_bit(r->status, order);
}

/* Are these proofs for exactly the entries of an executed block that need one? In: the result's
 * block. Returns: 0, or ERR_MISMATCH with *order at the first position where not. */
int pro_proofs_cover(const struct pro_proofs *p, const struct pro_result *r,
                     const struct pro_block *executed, uint32_t *order) MUST_CHECK;

/* In: the entry of the proposal block that the step is about, and the slot's proposal blocks as
 * pro_cover_of wants them. Out and Returns: as pro_step_judge, and ERR_INVALID if the entry holds
 * no transaction. */
int pro_failure_judge(const struct pro_result *r, const struct pro_step *s,
                      const struct pro_entry *e, const struct pro_block *const *blocks,
                      size_t n_blocks, enum pro_step_verdict *verdict) MUST_CHECK;

#endif
