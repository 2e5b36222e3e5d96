/* A scenario's expectations, held against the model of its run. */
#ifndef LOCKSTEP_MODEL_XPC_H
#define LOCKSTEP_MODEL_XPC_H

#include "lockstep/model/chk.h"

enum xpc_verdict {
    XPC_MET,
    XPC_FAILED,
    XPC_UNDECIDED, /* what it is about never happened */
};

/* What kind of trouble it is if the expectation fails; decides the exit code. */
enum xpc_kind { XPC_SAFETY, XPC_LIVENESS, XPC_DETERMINISM };

struct xpc_result {
    uint32_t line; /* of the scenario's file */
    enum xpc_verdict verdict;
    enum xpc_kind kind;
    struct buf text;  /* the expectation in words: "bundle arb is excluded, cause A.0" */
    struct buf found; /* what was found instead; empty if met */
};

/* The scenario's expectations of this run in its order, then one for every fault it scripts: that
 * it took effect. */
struct xpc_report {
    struct xpc_result *results;
    size_t n;
    size_t n_met;
};

/* Out: *report, to be released with xpc_report_fini. Returns: 0 or ERR_NOMEM. */
int xpc_run(const struct mdl *m, const struct chk_report *checks,
            struct xpc_report *report) MUST_CHECK;
void xpc_report_fini(struct xpc_report *report);

/* Returns: true if the scenario expects this check to be violated. */
bool xpc_expects_violation(const struct scn *scn, enum scn_check check);

/* Returns: "met", "failed" or "undecided". */
const char *xpc_verdict_word(enum xpc_verdict v);

#endif
