/* What the files of `lockstep timelock solve` share, and setup the last part of it. */
#ifndef LOCKSTEP_TIMELOCK_TLC_SOLVE_H
#define LOCKSTEP_TIMELOCK_TLC_SOLVE_H

#include "common/crypto/timelock/tlp_resume.h"
#include "lockstep/timelock/tlc.h"

/* ---- tlc_outputs.c: where the openings go ---- */

struct tlc_outputs {
    size_t n;
    char **paths;
    bool *there; /* the right opening stands there already */
    size_t n_there;
};

/* Decides the paths and looks at what stands there. Returns: 0 or the exit code, said. */
int tlc_outputs_plan(const struct tlc_args *args, const struct tlc_set *set,
                     struct tlc_outputs *out) MUST_CHECK;
void tlc_outputs_fini(struct tlc_outputs *out);
/* Writes the openings that are not there. Returns: 0 or the exit code, said. */
int tlc_outputs_write(const struct tlc_args *args, const struct tlc_set *set,
                      const struct tlc_outputs *out, const struct buf *ws) MUST_CHECK;

/* ---- tlc_chain.c: many steps, and their checkpoint ---- */

/* What takes the steps. Codes are those of common/base/err.h. */
struct tlc_stepper {
    const char *verb;  /* for the progress line */
    const char *other; /* what a checkpoint that does not belong here does */
    uint64_t (*done)(void *work);
    int (*advance)(void *work, uint64_t n);
    int (*save)(void *work, struct buf *state);
    int (*restore)(void *work, struct bytes state);
};

struct tlc_chain {
    const struct tlc_args *args;
    const struct tlc_stepper *stepper;
    void *work;
    struct tlc_checkpoint header; /* without a state */
    uint64_t total;               /* steps */
    bool resumed;
    int64_t took_ns;
    uint64_t stepped; /* in this process */
};

/* Goes to the end, from the checkpoint if there is one. Ends the process on a signal, after writing
 * the checkpoint. Returns: 0 or the exit code, said. */
int tlc_chain_run(struct tlc_chain *chain) MUST_CHECK;

#endif
