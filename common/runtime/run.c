#include "common/runtime/run.h"

#include <stdlib.h>

const char *run_end_name(enum run_end end)
{
    switch (end) {
    case RUN_END_IDLE:
        return "idle";
    case RUN_END_STOPPED:
        return "stopped";
    case RUN_END_EVENTS:
        return "event limit";
    case RUN_END_TIME:
        return "virtual time limit";
    case RUN_END_QUEUE:
        return "queue limit";
    case RUN_END_WALL:
        return "wall-clock limit";
    }
    return "unknown";
}

void run_result_fini(struct run_result *r)
{
    for (size_t i = 0; i < r->n_actors; i++) {
        free(r->actors[i].rejects_by_peer);
    }
    free(r->actors);
    free(r->links);
    *r = (struct run_result){0};
}

uint64_t run_rejects(const struct run_result *r, uint32_t actor, uint32_t peer,
                     enum act_reject_reason reason)
{
    if (actor == 0 || actor > r->n_actors || peer > r->n_actors ||
        (unsigned)reason >= ACT_REJECT_REASONS || r->actors[actor - 1].rejects_by_peer == NULL) {
        return 0;
    }
    return r->actors[actor - 1].rejects_by_peer[(size_t)peer * ACT_REJECT_REASONS + (size_t)reason];
}
