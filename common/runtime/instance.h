/* One actor on its host, life after life: its class, its simulated disk, its current instance. Both
 * hosts go through these functions, so a step means the same on either. */
#ifndef RUNTIME_INSTANCE_H
#define RUNTIME_INSTANCE_H

#include "common/actor/store_mem.h"
#include "common/runtime/run.h"

struct instance {
    const struct act_class *class;
    struct act_setup setup;
    struct store_mem disk;
    struct act_actor *actor; /* NULL while down */
    uint64_t step_bytes;     /* limit on all bodies of one step */
};

/* In: everything in `setup` but the store, borrowed until instance_fini. Begins no life. */
void instance_init(struct instance *in, const struct act_class *class,
                   const struct act_setup *setup, uint64_t disk_bytes, uint64_t step_bytes);
void instance_fini(struct instance *in);

/* Begins a life. Returns: 0 or what act_class.create returned, with a sentence in `why`. */
int instance_begin(struct instance *in, struct buf *why) MUST_CHECK;
/* Ends it, if there is one; the disk stays. */
void instance_end(struct instance *in);

/* Takes one step. In: `out` is empty. Returns: 0, or the negative code the life ends with: the
 * actor's own, the one that stuck in out->err, or ERR_TOOBIG for more than step_bytes. In that
 * case only records and rejects are left in `out` (nothing at all after ERR_TOOBIG). */
int instance_step(struct instance *in, const struct act_event *ev,
                  struct act_effects *out) MUST_CHECK;

/* Computes a work effect; thread-safe. Out: *result, emptied when the work fails.
 * Returns: what act_class.work returned, or the failure of the buffer; ERR_UNSUPPORTED if the
 * class has no works. */
int instance_work(const struct act_class *class, const struct act_actor *actor, uint32_t kind,
                  struct bytes request, struct buf *result) MUST_CHECK;

#endif
