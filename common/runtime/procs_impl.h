/* Inside of the multi-process host, for procs.c and procs_start.c only. */
#ifndef RUNTIME_PROCS_IMPL_H
#define RUNTIME_PROCS_IMPL_H

#include "common/runtime/ctl.h"
#include "common/runtime/process.h"
#include "common/runtime/sched.h"

#include <sched.h>

struct procs_actor {
    struct process child;
    struct ctl_peer peer; /* len 0 until its Hello */
    bool ready;
};

struct procs {
    struct sched_backend backend;
    const struct run_cluster *cluster;
    const struct run_options *options;
    struct run_limits limits;
    struct procs_actor *actors; /* [id - 1] */
    void *zmq;
    void *router;
    void *monitor; /* tells of connections that end */
    int router_fd; /* readable when the router may have news */
    int monitor_fd;
    int watch_fd; /* epoll over all pidfds */
    struct arena arena;
    char endpoint[256];
    uint8_t token[CTL_TOKEN_BYTES];
    cpu_set_t affinity; /* of the caller */
    bool has_affinity;
    bool pinned;
    uint64_t seq;
    uint64_t strangers;
    uint64_t disconnects;
    int64_t wall_deadline_ns;
    int64_t step_timeout_ms;
    int64_t ready_ns;
};

#define PROCS_WALL 1    /* limits.wall_ms is used up */
#define PROCS_TIMEOUT 2 /* the given deadline has passed */
#define PROCS_DEATH 3   /* some process has ended */

/* Waits for the next message of a process of ours; messages of strangers are counted and dropped.
 * Out: *actor its id; *msg as ctl_recv. A Hello of somebody with our token but no place yet comes
 * with *actor == 0 and *from set.
 * Returns: 0, PROCS_*, or a negative code. Messages come before deaths. */
int procs_recv(struct procs *p, int64_t deadline_ns, uint32_t *actor, struct ctl_peer *from,
               Control__Control **msg) MUST_CHECK;

int procs_send(struct procs *p, uint32_t actor, const Control__Control *msg) MUST_CHECK;

/* Says in `why` which process has ended, how, and while doing what. Returns: ERR_CRASHED. */
int procs_explain_death(struct procs *p, const char *doing, struct buf *why);

/* Opens the socket, starts all processes, waits until they are ready.
 * Returns: as run_procs; PROCS_WALL. */
int procs_start(struct procs *p, struct buf *why) MUST_CHECK;

#endif
