/* Pieces of the prosecution (pro_prosecute.h); not for other rooms. */
#ifndef PROTOCOL_PRO_PROSECUTE_PARTS_H
#define PROTOCOL_PRO_PROSECUTE_PARTS_H

#include "common/protocol/pro_check_parts.h"
#include "common/protocol/pro_prosecute.h"

/* A promise and where its leg's bytes are. */
struct psc_claim {
    struct pro_promise promise;
    const struct pro_leg *leg;
};

/* Evidence in the making. `found` ends the search. */
struct psc {
    const struct pro_view *view;
    struct bytes descriptor;
    struct buf params; /* encoded, once needed */
    bool found;
    struct buf *out;
    struct chk_bundles bundles; /* those whose preconfirmations are the sequencer's and fit */
    size_t n_claims;
    struct psc_claim *claims; /* by rollup, order, seq, leg */
};

void psc_fini(struct psc *p);

/* Each: brings it before the judge unless something was found already; keeps it if it convicts.
 * Returns: 0 or an operating failure. */
int psc_try(struct psc *p, struct pro_evidence *e) MUST_CHECK;
int psc_try_promises(struct psc *p, const struct pro_promise *one,
                     const struct pro_promise *other) MUST_CHECK;
/* With the deployment's time-lock parameters added. */
int psc_try_timelock(struct psc *p, struct pro_evidence *e) MUST_CHECK;

/* Takes the bundles of a slot and all their promises. Those whose preconfirmations are not the
 * sequencer's are left out; of those that do not fit, evidence of bad admission is tried.
 * Returns: 0, an operating failure, or ERR_INVALID if they are not in ascending order of seq. */
int psc_take_bundles(struct psc *p, const struct pro_bundle_item *items, uint32_t n_items,
                     uint64_t slot) MUST_CHECK;
bool psc_is_for(const struct psc_claim *claim, uint64_t slot, uint64_t rollup);
/* Is this the promised leg, whatever its transaction? */
bool psc_keeps(const struct pro_entry *e, const struct pro_promise *p);

/* Opens one position of the commitment to the block, or (`promised`) to its order. */
int psc_open_position(const struct pro_view *view, const struct pro_block *b, bool promised,
                      uint32_t order, struct pro_opening_proof *out) MUST_CHECK;
/* Sets opening and preimage, which borrows the buffer, to those of an entry. */
int psc_open_block(const struct psc *p, const struct pro_block *b, uint32_t order,
                   struct buf *preimage, struct pro_evidence *e) MUST_CHECK;
/* Out: the block if its body is what the header says, and whether the commitment is to it. */
int psc_take_block(const struct pro_view *view, const struct pro_block_item *item,
                   struct chk_block *out, bool *opened, bool *committed) MUST_CHECK;

/* Holds every promise against the block; or against a header whose body is no good and which can
 * only be too short. */
int psc_try_block(struct psc *p, struct bytes header, const struct chk_block *block) MUST_CHECK;
int psc_try_header(struct psc *p, struct bytes header) MUST_CHECK;

#endif
