/* Genuine evidence of every kind: an honest slot in which the sequencer breaks one thing, and what
 * it signed doing so. */
#ifndef TEST_PROTOCOL_EXHIBIT_H
#define TEST_PROTOCOL_EXHIBIT_H

#include "common/protocol/pro_evidence.h"
#include "tests/unit/protocol/slot.h"

#define KIND_FIRST PRO_EVIDENCE_TWO_PROMISES
#define KIND_LAST PRO_EVIDENCE_FALSE_STEP

struct exhibit {
    const struct world *w;
    struct slot *s;
    struct pro_evidence e; /* views into the slot and the buffers below */
    struct buf params;     /* of the time-lock */
    struct buf preimage;
    struct buf kept; /* an artifact or a leg from before the breach, or made for it */
    struct buf step;
};

/* Who is convicted by evidence of this kind. */
const struct sig_key *exhibit_culprit(const struct world *w, enum pro_evidence_kind kind);

/* Out: evidence of this kind that convicts. */
void exhibit_init(struct exhibit *x, const struct world *w, enum pro_evidence_kind kind);
/* Out: an honest slot, and evidence without anything but descriptor, parameters and kind. */
void exhibit_init_honest(struct exhibit *x, const struct world *w, enum pro_evidence_kind kind);
void exhibit_fini(struct exhibit *x);
/* Appends. */
void exhibit_encode(const struct exhibit *x, struct buf *out);

/* Out: the promise to a leg, as the slot's preconfirmation of this bundle stands. */
void exhibit_promise(const struct slot *s, int bundle, uint32_t leg, struct pro_promise *out);
/* Signs a promise by itself. */
void sign_promise(const struct world *w, const struct sig_key *key, struct pro_promise *p);
/* Sets opening and preimage to those of a block's entry. */
void exhibit_open_block(struct exhibit *x, const struct pro_block *b, uint32_t order);
/* Sets the opening to that of the order commitment to the block's legs. */
void exhibit_open_order(struct exhibit *x, const struct pro_block *b, uint32_t order);
/* Asserts that it convicts the culprit in the fixture's slot. Out: the conviction. */
void exhibit_convict(const struct exhibit *x, struct pro_conviction *c);
/* The same with this sentence; that it convicts nobody, for this reason. */
void assert_convicts(const struct exhibit *x, const char *sentence);
void assert_convicts_nobody(const struct exhibit *x, const char *reason);

/* Swaps two entries. */
void swap_entries(struct pro_block *b, uint32_t i, uint32_t k);

#endif
