/* Pieces of the prosecution (pro_prosecute.h); not for other rooms. */
#ifndef PROTOCOL_PRO_PROSECUTE_PARTS_H
#define PROTOCOL_PRO_PROSECUTE_PARTS_H

#include "common/protocol/pro_prosecute.h"

/* Evidence in the making. `found` ends the search. */
struct psc {
    const struct pro_view *view;
    struct bytes descriptor;
    struct buf params; /* encoded, once needed */
    bool found;
    struct buf *out;
};

void psc_fini(struct psc *p);

/* Each: brings it before the judge unless something was found already; keeps it if it convicts.
 * Returns: 0 or an operating failure. */
int psc_try(struct psc *p, struct pro_evidence *e) MUST_CHECK;
int psc_try_promises(struct psc *p, const struct pro_promise *one,
                     const struct pro_promise *other) MUST_CHECK;
/* With the deployment's time-lock parameters added. */
int psc_try_timelock(struct psc *p, struct pro_evidence *e) MUST_CHECK;

#endif
