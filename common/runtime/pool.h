/* Works of an actor's process: computed on threads from the moment they are started, while steps
 * go on, and collected when their virtual time has come. */
#ifndef RUNTIME_POOL_H
#define RUNTIME_POOL_H

#include "common/actor/act.h"

#include <sched.h>

struct pool;

/* In: `cpus` is where the threads may run, NULL for where the caller runs. Threads start with the
 * first works, at most one per CPU of the machine. Returns: 0 or ERR_NOMEM. */
int pool_new(const struct act_class *class, const cpu_set_t *cpus, struct pool **out) MUST_CHECK;

/* Drops what waits, lets what runs end, stops the threads. */
void pool_destroy(struct pool **p);

/* Starts work number `seq` on behalf of `actor`, which must live until the work is collected or
 * dropped. Takes a reference to the request. Returns: 0 or ERR_NOMEM. */
int pool_start(struct pool *p, uint64_t seq, const struct act_actor *actor, uint32_t kind,
               struct act_payload *request) MUST_CHECK;

/* Waits for work number `seq` and forgets it; computes it here and now if no thread has begun it.
 * Out: *work_rc as of instance_work; *result. Returns: 0, or ERR_NOTFOUND for an unknown number. */
int pool_collect(struct pool *p, uint64_t seq, int *work_rc, struct buf *result) MUST_CHECK;

/* Forgets all works, after those that run have ended. */
void pool_drop(struct pool *p);

/* Returns: whether a thread is computing. */
bool pool_busy(struct pool *p);

#endif
