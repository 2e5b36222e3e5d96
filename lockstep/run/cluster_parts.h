/* The parts cluster_new is made of; not for other rooms. */
#ifndef LOCKSTEP_RUN_CLUSTER_PARTS_H
#define LOCKSTEP_RUN_CLUSTER_PARTS_H

#include "lockstep/run/cluster.h"
#include "proto/config.pb-c.h"

#define CLUSTER_L1_CHAIN_ID UINT64_C(31337)

/* Writes every actor's packed ActorConfig. Returns: 0 or ERR_NOMEM. */
int cluster_configure(struct cluster *c) MUST_CHECK;
/* Turns the timeline into a script and network cuts. */
int cluster_make_script(struct cluster *c) MUST_CHECK;
/* Fills run_actors, except entropy. */
int cluster_make_actors(struct cluster *c, const char *program_dir) MUST_CHECK;

/* An attack's configuration with the numbers it points to. */
struct cluster_attack {
    Lockstep__AttackConfig config;
    uint8_t amounts[3][16];
};

/* In: one of the attacks on users. Out: what the sequencer needs for it; borrows from both. */
void cluster_fill_attack(const struct cluster *c, const struct scn_fault *f,
                         struct cluster_attack *out);
int64_t cluster_retry_ns(const struct cluster *c);

#endif
