/* The checks made after every run: what must always hold, whatever the scenario. Each looks at the
 * whole model and says how much it looked at, so that a check that saw nothing cannot pass. */
#ifndef LOCKSTEP_MODEL_CHK_H
#define LOCKSTEP_MODEL_CHK_H

#include "lockstep/model/mdl.h"

enum chk_verdict {
    CHK_HOLDS,
    CHK_BROKEN,
    CHK_IDLE,   /* there was nothing to look at */
    CHK_UNLIKE, /* broken, but the policy never promised it */
};

struct chk_result {
    enum chk_verdict verdict;
    bool promised;     /* by the policy */
    size_t examined;   /* things looked at */
    const char *unit;  /* what one is: "bundle" */
    const char *units; /* and several: "bundles" */
    size_t n_faults;
    struct buf detail; /* one sentence for each of the first CHK_DETAILS faults, by '\n' */
};

#define CHK_DETAILS 5

struct chk_report {
    struct chk_result results[SCN_CHECKS];
};

/* Out: *report, to be released with chk_report_fini. Returns: 0 or ERR_NOMEM. */
int chk_run(const struct mdl *m, struct chk_report *report) MUST_CHECK;
void chk_report_fini(struct chk_report *report);

/* Returns: the word for as many things as were looked at. */
static inline const char *chk_units(const struct chk_result *r)
{
    return r->examined == 1 ? r->unit : r->units;
}

/* Returns: "holds", "broken", "idle" or "differs". */
const char *chk_verdict_word(enum chk_verdict v);

/* For the checks: a fault, in a sentence. */
__attribute__((format(printf, 2, 3))) void chk_fault(struct chk_result *r, const char *format, ...);

/* The checks. Each sets unit, units, examined and faults. */
void chk_atomicity(const struct mdl *m, struct chk_result *r);
void chk_conservation(const struct mdl *m, struct chk_result *r);
void chk_inclusion(const struct mdl *m, struct chk_result *r);
void chk_order(const struct mdl *m, struct chk_result *r);
void chk_justified(const struct mdl *m, struct chk_result *r);
void chk_serial(const struct mdl *m, struct chk_result *r);
void chk_finality(const struct mdl *m, struct chk_result *r);
void chk_blame(const struct mdl *m, struct chk_result *r);
void chk_liveness(const struct mdl *m, struct chk_result *r);

#endif
