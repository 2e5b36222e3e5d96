/* Inside of the engine, for sched.c and sched_effects.c only. */
#ifndef RUNTIME_SCHED_IMPL_H
#define RUNTIME_SCHED_IMPL_H

#include "common/runtime/fprint.h"
#include "common/runtime/net.h"
#include "common/runtime/sched.h"

/* An armed timer, found by the actor's id of it. */
struct sched_timer;

struct sched_actor {
    struct sched_timer *timers; /* hash by id */
    uint64_t seq;               /* events caused so far */
    uint64_t works;             /* started in this life */
    uint32_t life;
    bool up;
    struct run_actor_stats stats;
};

struct sched {
    const struct run_cluster *cluster;
    const struct run_options *options;
    struct run_limits limits; /* defaults filled in */
    struct sched_backend *backend;
    struct queue queue;
    struct net net;
    struct fprint fprint;
    struct act_effects effects;
    struct sched_actor *actors; /* [id]; 0 is the host */
    struct sim_time now;
    uint64_t delivered;
    int err; /* first failure inside an observer's call */
    bool stop;
    bool overflow;   /* a queue limit was hit */
    struct buf *why; /* of sched_run */
};

/* Puts an event of `from` into the queue, taking over the reference ev->body in any case.
 * Out: *slot as in queue_push. Returns: 0 or ERR_NOMEM; a queue limit sets s->overflow. */
int sched_push(struct sched *s, uint32_t from, struct queue_event ev, uint32_t *slot) MUST_CHECK;

/* Carries out s->effects of a step of `actor`.
 * Returns: 0, ERR_NOMEM, or ERR_INVALID with a sentence in s->why. */
int sched_commit(struct sched *s, uint32_t actor) MUST_CHECK;

/* The timer of a delivered event is no longer armed. */
void sched_timer_fired(struct sched *s, uint32_t actor, uint64_t id);
/* Disarms all timers of an actor. */
void sched_timers_clear(struct sched *s, uint32_t actor);

#endif
