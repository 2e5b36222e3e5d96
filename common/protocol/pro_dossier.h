/* Dossiers as bytes: what a check is made on, in one piece, so that it can be handed to a worker or
 * kept as evidence.
 *
 *   block item  = var(signed header) var(body)
 *   proposal    = u64 slot, u64 rollup, block item, var(order) var(openings),
 *                 u32 n { u32 seq, var(bundle item) }, u32 n { block item }
 *   next        = block item before, var(status), post_root (32), block item after,
 *                 u32 n { u32 seq, var(bundle item) }, u32 n { var(result) var(proofs) },
 *                 u32 n { block item }, u32 n { var(signed final header) } */
#ifndef PROTOCOL_PRO_DOSSIER_H
#define PROTOCOL_PRO_DOSSIER_H

#include "common/protocol/pro_check.h"

void pro_proposal_dossier_encode(const struct pro_proposal_dossier *d, struct buf *out);
void pro_next_dossier_encode(const struct pro_next_dossier *d, struct buf *out);

/* Out: views into `in`; the arrays are owned by `arrays`, which is freed with free().
 * Pieces may be of any size: that too is for the check to judge, so decoding fails only on bytes no
 * encoder made. Returns: 0, ERR_TRUNCATED, ERR_TRAILING, ERR_NOMEM. */
int pro_proposal_dossier_decode(struct bytes in, struct pro_proposal_dossier *out,
                                void **arrays) MUST_CHECK;
int pro_next_dossier_decode(struct bytes in, struct pro_next_dossier *out,
                            void **arrays) MUST_CHECK;

/* A check's outcome: u8 rule, var(detail). */
void pro_violation_encode(const struct pro_violation *v, struct buf *out);
int pro_violation_decode(struct bytes in, struct pro_violation *out) MUST_CHECK;

#endif
