/* The simulation engine both hosts share: virtual clock, event queue, network model, timers, works,
 * script, fingerprint, counters, limits. It asks a backend to let one actor take one step and
 * carries out the effects; it never looks at a real clock.
 *
 * Of one step, in this order: the actor's durable writes, the event's record in the fingerprint,
 * then the effects in the order given. A step that fails (negative code) ends the actor's life; the
 * backend has already taken out everything but its trace and reject effects (instance.h). */
#ifndef RUNTIME_SCHED_H
#define RUNTIME_SCHED_H

#include "common/runtime/queue.h"
#include "common/runtime/run.h"

/* What the backend is asked to do. */
struct sched_step {
    uint32_t actor;
    struct act_event event; /* WORK_DONE: body and work_rc are for the backend to fill in */
    uint64_t work_seq;      /* WORK_DONE: the how-manieth work effect of this life, from 0 */
    struct bytes request;   /* WORK_DONE: if the backend returned it with the effect */
};

/* What it reports. */
struct sched_reply {
    int rc;                /* of act_class.step */
    int work_rc;           /* WORK_DONE: of act_class.work */
    uint64_t result_bytes; /* WORK_DONE */
    struct hash32 result;  /* WORK_DONE: sha256 of the result */
};

/* The run has used up limits.wall_ms: the one positive return of sched_backend.step. */
#define SCHED_EXPIRED 1

struct sched_backend {
    /* In: `out` is empty. Returns: 0 whenever the actor has taken the step, SCHED_EXPIRED, or a
     * negative code that ends the run, with a sentence in `why`. */
    int (*step)(struct sched_backend *self, const struct sched_step *in, struct act_effects *out,
                struct sched_reply *reply, struct buf *why);
    /* Ends the actor's life; its store stays. */
    int (*crash)(struct sched_backend *self, uint32_t actor, struct buf *why);
    /* Begins a new life of an actor that is down. */
    int (*restart)(struct sched_backend *self, uint32_t actor, bool keep_disk, struct buf *why);
};

/* In: everything borrowed until sched_destroy. Returns: 0, ERR_NOMEM, or ERR_INVALID with a
 * sentence in `why`. */
int sched_new(const struct run_cluster *cluster, const struct run_options *options,
              struct sched_backend *backend, struct sched **out, struct buf *why) MUST_CHECK;
void sched_destroy(struct sched **s);

/* Runs to the end; once per engine. Every actor must be alive in the backend.
 * Out: *result (the fields of run_procs are 0). Returns: as run_inproc. */
int sched_run(struct sched *s, struct run_result *result, struct buf *why) MUST_CHECK;

/* For observers, while sched_run is on the stack. Ids that do not exist are ignored; running out
 * of memory ends the run. */

struct sim_time sched_now(const struct sched *s);
/* A message from ACT_HOST at `at`, a past time means now. Copies the bytes. */
void sched_inject(struct sched *s, uint32_t actor, struct sim_time at, struct bytes body);
/* Ends the life of an actor at once: called while the effects of its step are being carried out,
 * the remaining ones are lost, though what the step has put in the store is durable. */
void sched_crash(struct sched *s, uint32_t actor);
/* Begins a new life at `at`, a past time means now. */
void sched_restart(struct sched *s, uint32_t actor, struct sim_time at, bool keep_disk);
/* A partition that begins at `cut->begin`, if that is past: now. */
void sched_cut(struct sched *s, const struct run_cut *cut);
/* Ends the run after the current event. */
void sched_stop(struct sched *s);

#endif
