/* The parts cluster_new is made of; not for other rooms. */
#ifndef LOCKSTEP_RUN_CLUSTER_PARTS_H
#define LOCKSTEP_RUN_CLUSTER_PARTS_H

#include "lockstep/run/cluster.h"

#define CLUSTER_L1_CHAIN_ID UINT64_C(31337)

/* Writes every actor's packed ActorConfig. Returns: 0 or ERR_NOMEM. */
int cluster_configure(struct cluster *c) MUST_CHECK;
/* Turns the timeline into a script and network cuts. */
int cluster_make_script(struct cluster *c) MUST_CHECK;
/* Fills run_actors, except entropy. */
int cluster_make_actors(struct cluster *c, const char *program_dir) MUST_CHECK;
int64_t cluster_retry_ns(const struct cluster *c);

#endif
