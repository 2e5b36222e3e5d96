/* Runs a scenario on one of the simulating hosts and keeps what happened. */
#ifndef LOCKSTEP_RUN_SIMULATE_H
#define LOCKSTEP_RUN_SIMULATE_H

#include "lockstep/run/cluster.h"
#include "lockstep/run/history.h"

enum simulate_host { SIMULATE_PROCS, SIMULATE_INPROC };

/* Where the project's programs and data stand. */
struct simulate_places {
    const char *programs; /* folder with the actors' programs */
    const char *data;     /* folder with kzg_setup.bin and modulus-<bits>.txt */
};

struct simulate_options {
    enum simulate_host host;
    enum run_transport transport; /* PROCS */
    uint64_t seed;
    const char *policy;       /* word of scn_policy_word */
    enum scn_mempool mempool; /* ANY: the scenario's */
    const char *state_proof;  /* word; NULL: the scenario's */
    bool without_attacks;     /* as if no attack of the sequencer on users were scripted */
    const char *out_dir;      /* PROCS: existing folder for <actor>.stderr; NULL: not kept */
    int64_t wall_ms;          /* real time the run may take; 0: no limit */
    struct simulate_places places;
    /* Called after every event with the virtual time and the number of events; NULL: never. */
    void (*progress)(void *ctx, struct sim_time now, uint64_t events);
    void *progress_ctx;
};

struct simulation {
    struct cluster *cluster; /* borrows the scenario */
    struct history history;
    struct run_result result;
};

/* Out: *out, to be released with simulation_fini; on failure it is untouched and `why` holds a
 * sentence. Returns: 0 however the run ended, or what cluster_new, run_procs or run_inproc
 * return. */
int simulate(const struct scn *scn, const struct simulate_options *options, struct simulation *out,
             struct buf *why) MUST_CHECK;
void simulation_fini(struct simulation *s);

/* Returns: "procs" or "inproc". */
const char *simulate_host_word(enum simulate_host host);

#endif
