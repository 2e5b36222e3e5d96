/* Pieces of the judge (pro_evidence.h); not for other rooms.
 *
 * Every step returns 0 when what it takes up holds, jdg_dismiss when it does not, or a negative
 * operating failure. A trial of a kind ends with jdg_convict or jdg_dismiss. */
#ifndef PROTOCOL_PRO_JUDGE_PARTS_H
#define PROTOCOL_PRO_JUDGE_PARTS_H

#include "common/crypto/timelock/tlp.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_result.h"

/* One case before the judge. */
struct jdg_trial {
    const struct vc_setup *vc;
    const struct pro_evidence *e;
    struct pro_descriptor d;
    struct pro_deployment deployment;
    struct hash32 domain;
    struct tlp_params *params; /* once needed */
    struct addr20 culprit;     /* the sequencer, unless it is an executor that signed */
    uint64_t slot;
    uint64_t gas;
    struct buf *why;
    struct buf sentence;
};

/* The evidence convicts nobody, for this reason. Returns: ERR_PROOF or ERR_NOMEM. */
__attribute__((format(printf, 2, 3))) int jdg_dismiss(struct jdg_trial *t, const char *format, ...);
/* This is what the culprit did. Returns: 0 or ERR_NOMEM. */
#define jdg_convict(t, ...) (buf_printf(&(t)->sentence, __VA_ARGS__), (t)->sentence.err)

/* The promise is the sequencer's. */
int jdg_promise(struct jdg_trial *t, const struct pro_promise *p) MUST_CHECK;
/* The artifact is the sequencer's. Out: its body. */
int jdg_artifact(struct jdg_trial *t, const char *tag, struct bytes artifact,
                 struct bytes *body) MUST_CHECK;
int jdg_order(struct jdg_trial *t, struct bytes artifact, struct pro_order *out) MUST_CHECK;
int jdg_header(struct jdg_trial *t, struct bytes artifact, struct pro_header *out) MUST_CHECK;
/* The artifact is the sequencer's header for the promise's slot and rollup. */
int jdg_header_for(struct jdg_trial *t, const struct pro_promise *p, struct bytes artifact,
                   struct pro_header *out) MUST_CHECK;
/* The artifact is a signed result of the executor of its rollup, who is the culprit from now on. */
int jdg_result(struct jdg_trial *t, struct bytes artifact, struct pro_result *out) MUST_CHECK;
/* The opening opens the commitment at this position, to the leaf with this preimage. */
int jdg_opening_of(struct jdg_trial *t, const struct vc_commitment *c, uint32_t order,
                   const struct pro_opening_proof *opening) MUST_CHECK;
int jdg_preimage_of(struct jdg_trial *t, const struct pro_opening_proof *opening,
                    struct bytes preimage) MUST_CHECK;
/* The evidence's opening opens the commitment at this position. */
int jdg_opening(struct jdg_trial *t, const struct vc_commitment *c, uint32_t order) MUST_CHECK;
/* The evidence's preimage is that of the opened leaf. */
int jdg_preimage(struct jdg_trial *t) MUST_CHECK;
/* Opening and preimage are not needed, so they must not be there. */
int jdg_no_opening(struct jdg_trial *t) MUST_CHECK;
int jdg_no_preimage(struct jdg_trial *t) MUST_CHECK;

/* The kinds. */
int jdg_two_promises(struct jdg_trial *t) MUST_CHECK;
int jdg_two_orders(struct jdg_trial *t) MUST_CHECK;
int jdg_two_blocks(struct jdg_trial *t) MUST_CHECK;
int jdg_order_breaks_promise(struct jdg_trial *t) MUST_CHECK;
int jdg_block_breaks_promise(struct jdg_trial *t) MUST_CHECK;
int jdg_broken_order(struct jdg_trial *t) MUST_CHECK;
int jdg_bad_admission(struct jdg_trial *t) MUST_CHECK;
int jdg_wrong_openings(struct jdg_trial *t) MUST_CHECK;
int jdg_wrong_plaintext(struct jdg_trial *t) MUST_CHECK;
int jdg_split_bundle(struct jdg_trial *t) MUST_CHECK;
int jdg_foreign_cause(struct jdg_trial *t) MUST_CHECK;
int jdg_two_results(struct jdg_trial *t) MUST_CHECK;
int jdg_false_step(struct jdg_trial *t) MUST_CHECK;

#endif
