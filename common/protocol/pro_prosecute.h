/* Making evidence: from what a party has in hand to bytes that convict (pro_evidence.h). Whatever
 * is returned has been before the judge already. docs/evidence.md lists which violations can be
 * proven, and why the others cannot.
 *
 * All take: the deployment's encoded descriptor. All give: evidence, appended to `out`; nothing if
 * there is no case. */
#ifndef PROTOCOL_PRO_PROSECUTE_H
#define PROTOCOL_PRO_PROSECUTE_H

#include "common/protocol/pro_check.h"
#include "common/protocol/pro_cover.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_step.h"

/* Is this the promised leg, whatever its transaction? */
bool pro_keeps(const struct pro_entry *e, const struct pro_promise *p);

/* Looks through a dossier that pro_check_proposal found a violation in, for the first of its
 * violations that signatures prove: it need not be the one that was named. What is damaged or not
 * the sequencer's is passed over. Returns: 0, ERR_NOMEM, ERR_CRYPTO, or ERR_INVALID if the
 * dossier's bundles are not in ascending order of seq, each once. */
int pro_prosecute_proposal(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_proposal_dossier *in, struct buf *out) MUST_CHECK;

/* The same for a dossier that pro_check_second or pro_check_final found a violation in. */
int pro_prosecute_next(const struct pro_view *view, struct bytes descriptor,
                       const struct pro_next_dossier *in, struct buf *out) MUST_CHECK;

/* Two signed artifacts of the same kind. Returns: 0, ERR_NOMEM, ERR_CRYPTO. */
int pro_prosecute_two(const struct pro_view *view, struct bytes descriptor,
                      enum pro_evidence_kind kind, struct bytes one, struct bytes other,
                      struct buf *out) MUST_CHECK;

/* Two promises: for one position or one leg, or in the wrong order. Returns: as above. */
int pro_prosecute_promises(const struct pro_view *view, struct bytes descriptor,
                           const struct pro_promise *one, const struct pro_promise *other,
                           struct buf *out) MUST_CHECK;

/* A promise and a block that may break it. In: the body may be empty: then only a header that is
 * too short for the promise breaks it. Out and Returns: as above. */
int pro_prosecute_promise(const struct pro_view *view, struct bytes descriptor,
                          const struct pro_promise *promise, const struct pro_block_item *block,
                          struct buf *out) MUST_CHECK;

/* What an executor signed about one position, and what it takes to show that it is not so. */
struct pro_step_case {
    struct bytes result;         /* signed */
    const struct pro_step *step; /* of it; without a witness where nothing was to be executed */
    const struct pro_block *executed; /* whose result it is */
    uint32_t n_proposals;             /* the result's cover sources, in ascending order of rollup */
    const struct pro_block *const *proposals;
    const struct pro_cover_source *sources; /* parallel to them */
    uint32_t n_bundles; /* encoded bundles by seq, not their DA items: at least the one at hand */
    const struct pro_bundle_item *bundles;
};

/* In: a step within the block. Out: nothing as well if a leg is missing. Returns: 0, ERR_NOMEM,
 * ERR_CRYPTO. */
int pro_prosecute_step(const struct pro_view *view, struct bytes descriptor,
                       const struct pro_step_case *in, struct buf *out) MUST_CHECK;

#endif
