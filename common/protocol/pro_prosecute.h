/* Making evidence: from what a party has in hand to bytes that convict (pro_evidence.h). Whatever
 * is returned has been before the judge already. */
#ifndef PROTOCOL_PRO_PROSECUTE_H
#define PROTOCOL_PRO_PROSECUTE_H

#include "common/protocol/pro_check.h"
#include "common/protocol/pro_evidence.h"

/* Looks through a dossier that pro_check_proposal found a violation in.
 * In: the deployment's encoded descriptor. Out: appended evidence; nothing if the violation is
 * not one that signatures prove (something missing, something malformed).
 * Returns: 0, ERR_NOMEM, ERR_CRYPTO. */
int pro_prosecute_proposal(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_proposal_dossier *in, struct buf *out) MUST_CHECK;

/* Two signed artifacts of the same kind. Out and Returns: as above. */
int pro_prosecute_two(const struct pro_view *view, struct bytes descriptor,
                      enum pro_evidence_kind kind, struct bytes one, struct bytes other,
                      struct buf *out) MUST_CHECK;

/* Two promises: for one position, or in the wrong order. Out and Returns: as above. */
int pro_prosecute_promises(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_promise *one, const struct pro_promise *other,
                           struct buf *out) MUST_CHECK;

/* A promise and a block that may break it. In: the body may be empty: then only a header that is
 * too short for the promise breaks it. Out and Returns: as above. */
int pro_prosecute_promise(const struct pro_view *view, struct bytes descriptor,
                          const struct pro_promise *promise, const struct pro_block_item *block,
                          struct buf *out) MUST_CHECK;

#endif
