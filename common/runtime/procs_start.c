/* Bringing a cluster of processes up. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/runtime/child.h"
#include "common/runtime/clock.h"
#include "common/runtime/procs_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#define START_TIMEOUT_MS 30000
#define WANTED_BYTES 128

static int fail_errno(struct buf *why, const char *what)
{
    buf_printf(why, "%s: %s", what, strerror(errno));
    return ERR_IO;
}

/* Everything on one CPU, from here on and inherited by threads and processes. A machine that does
 * not allow it is slower, nothing else. */
static void pin(struct procs *p)
{
    p->has_affinity = sched_getaffinity(0, sizeof(p->affinity), &p->affinity) == 0;
    int cpu = sched_getcpu();
    if (p->options->no_pin || !p->has_affinity || cpu < 0) {
        return;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    p->pinned = sched_setaffinity(0, sizeof(one), &one) == 0;
}

/* Names no file: however the conductor ends, nothing is left behind. In: wanted, of WANTED_BYTES.
 */
static int choose_endpoint(struct procs *p, char *wanted, struct buf *why)
{
    if (p->options->transport == RUN_TCP) {
        (void)snprintf(wanted, WANTED_BYTES, "tcp://127.0.0.1:*");
        return 0;
    }
    uint8_t name[16];
    char hex[2 * sizeof(name) + 1];
    if (getrandom(name, sizeof(name), 0) != (ssize_t)sizeof(name)) {
        return fail_errno(why, "no random bytes");
    }
    hex_encode(bytes_of(name, sizeof(name)), hex);
    (void)snprintf(wanted, WANTED_BYTES, "ipc://@lockstep-%s", hex);
    uid_t us = geteuid();
    if (zmq_setsockopt(p->router, ZMQ_IPC_FILTER_UID, &us, sizeof(us)) != 0) {
        return fail_errno(why, "cannot configure a ZeroMQ socket");
    }
    return 0;
}

/* Without limits, as the library's thread would wait for room. */
static int open_monitor(struct procs *p)
{
    static const char address[] = "inproc://monitor";
    int unlimited = 0;
    size_t fd_len = sizeof(p->monitor_fd);
    p->monitor = zmq_socket(p->zmq, ZMQ_PAIR);
    if (p->monitor == NULL ||
        zmq_setsockopt(p->monitor, ZMQ_RCVHWM, &unlimited, sizeof(unlimited)) != 0 ||
        zmq_socket_monitor(p->router, address, ZMQ_EVENT_DISCONNECTED) != 0 ||
        zmq_connect(p->monitor, address) != 0 ||
        zmq_getsockopt(p->monitor, ZMQ_FD, &p->monitor_fd, &fd_len) != 0) {
        return ERR_IO;
    }
    return 0;
}

static int open_router(struct procs *p, struct buf *why)
{
    p->zmq = zmq_ctx_new();
    p->router = p->zmq != NULL ? zmq_socket(p->zmq, ZMQ_ROUTER) : NULL;
    if (p->router == NULL) {
        return fail_errno(why, "cannot open a ZeroMQ socket");
    }
    int on = 1;
    if (ctl_tune(p->router, ctl_message_max(&p->limits)) != 0 ||
        zmq_setsockopt(p->router, ZMQ_ROUTER_MANDATORY, &on, sizeof(on)) != 0 ||
        open_monitor(p) != 0) {
        return fail_errno(why, "cannot configure a ZeroMQ socket");
    }
    char wanted[WANTED_BYTES];
    int rc = choose_endpoint(p, wanted, why);
    if (rc != 0) {
        return rc;
    }
    size_t len = sizeof(p->endpoint);
    size_t fd_len = sizeof(p->router_fd);
    if (zmq_bind(p->router, wanted) != 0 ||
        zmq_getsockopt(p->router, ZMQ_LAST_ENDPOINT, p->endpoint, &len) != 0 ||
        zmq_getsockopt(p->router, ZMQ_FD, &p->router_fd, &fd_len) != 0) {
        return fail_errno(why, "cannot bind a ZeroMQ socket");
    }
    return 0;
}

static int watch(struct procs *p, uint32_t actor, struct buf *why)
{
    struct epoll_event ev = {.events = EPOLLIN, .data = {.u32 = actor}};
    if (epoll_ctl(p->watch_fd, EPOLL_CTL_ADD, p->actors[actor - 1].child.pidfd, &ev) != 0) {
        return fail_errno(why, "cannot watch a process");
    }
    return 0;
}

static int spawn_all(struct procs *p, struct buf *why)
{
    char hex[2 * CTL_TOKEN_BYTES + 1];
    char env[sizeof(CTL_ENV) + sizeof(hex) + 32];
    hex_encode(bytes_of(p->token, sizeof(p->token)), hex);
    (void)snprintf(env, sizeof(env), "%s=%s %ld", CTL_ENV, hex, (long)getpid());
    const struct run_observer *o = &p->options->observer;
    for (uint32_t id = 1; id <= p->cluster->n; id++) {
        struct process *child = &p->actors[id - 1].child;
        int rc = process_start(child, p->endpoint, id, env, p->options->out_dir, why);
        if (rc == 0) {
            rc = watch(p, id, why);
        }
        if (rc != 0) {
            return rc;
        }
        if (o->on_process != NULL) {
            o->on_process(o->ctx, id, child->pid);
        }
    }
    return 0;
}

static int send_welcome(struct procs *p, uint32_t id)
{
    const struct run_cluster_actor *a = &p->cluster->actors[id - 1];
    Control__Welcome w = CONTROL__WELCOME__INIT;
    w.name = (char *)(uintptr_t)a->name;
    w.config = (ProtobufCBinaryData){a->config.len, (uint8_t *)(uintptr_t)a->config.data};
    w.entropy = (ProtobufCBinaryData){sizeof(a->entropy.b), (uint8_t *)(uintptr_t)a->entropy.b};
    if (p->options->resources_path != NULL) {
        w.resources_path = (char *)(uintptr_t)p->options->resources_path;
    }
    w.disk_bytes = a->disk_bytes;
    w.step_bytes = p->limits.step_bytes;
    if (p->has_affinity) {
        w.worker_cpus = (ProtobufCBinaryData){sizeof(p->affinity), (uint8_t *)&p->affinity};
    }
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_WELCOME;
    msg.welcome = &w;
    return procs_send(p, id, &msg);
}

static const char *role_of(const struct run_cluster_actor *a)
{
    return a->role != NULL ? a->role : a->class != NULL ? a->class->role : NULL;
}

static int take_hello(struct procs *p, const struct ctl_peer *from, const Control__Hello *hello,
                      struct buf *why)
{
    if (hello->id == 0 || hello->id > p->cluster->n || p->actors[hello->id - 1].peer.len != 0) {
        p->strangers++;
        return 0;
    }
    const struct run_cluster_actor *a = &p->cluster->actors[hello->id - 1];
    if (hello->protocol != CTL_PROTOCOL || strcmp(hello->version, CHILD_VERSION) != 0) {
        buf_printf(why,
                   "%s: the program %s is of version %s (control protocol %" PRIu32
                   "), this is version %s (%d)",
                   a->name, a->program, hello->version, hello->protocol, CHILD_VERSION,
                   CTL_PROTOCOL);
        return ERR_UNSUPPORTED;
    }
    if (role_of(a) != NULL && strcmp(hello->role, role_of(a)) != 0) {
        buf_printf(why, "%s: the program %s is a %s, not a %s", a->name, a->program, hello->role,
                   role_of(a));
        return ERR_UNSUPPORTED;
    }
    p->actors[hello->id - 1].peer = *from;
    return send_welcome(p, hello->id);
}

static int take_ready(struct procs *p, uint32_t id, const Control__Ready *ready, struct buf *why)
{
    if (ready->rc != 0) {
        buf_printf(why, "%s could not start: %s", p->cluster->actors[id - 1].name,
                   ready->why[0] != 0 ? ready->why : err_text(ready->rc));
        return ready->rc < 0 ? ready->rc : ERR_CORRUPT;
    }
    p->actors[id - 1].ready = true;
    return 0;
}

static uint32_t first_not_ready(const struct procs *p)
{
    for (uint32_t id = 1; id <= p->cluster->n; id++) {
        if (!p->actors[id - 1].ready) {
            return id;
        }
    }
    return 0;
}

static int explain_late(struct procs *p, uint32_t id, struct buf *why)
{
    const struct process *child = &p->actors[id - 1].child;
    buf_printf(why, "%s (%s) was not ready in time", child->name, child->program);
    process_describe_stderr(child, why);
    return ERR_TIMEOUT;
}

static int take(struct procs *p, uint32_t actor, const struct ctl_peer *from,
                const Control__Control *msg, struct buf *why)
{
    if (actor == 0) {
        return take_hello(p, from, msg->hello, why);
    }
    if (msg == NULL || msg->kind_case != CONTROL__CONTROL__KIND_READY) {
        buf_printf(why, "%s sent something unexpected while it was being started",
                   p->cluster->actors[actor - 1].name);
        return ERR_CORRUPT;
    }
    return take_ready(p, actor, msg->ready, why);
}

static int wait_ready(struct procs *p, struct buf *why)
{
    int64_t timeout_ms = p->options->start_timeout_ms;
    int64_t deadline_ns = clock_deadline_ns(timeout_ms != 0 ? timeout_ms : START_TIMEOUT_MS);
    while (first_not_ready(p) != 0) {
        uint32_t actor = 0;
        struct ctl_peer from;
        Control__Control *msg = NULL;
        int rc = procs_recv(p, deadline_ns, &actor, &from, &msg);
        if (rc == 0) {
            rc = take(p, actor, &from, msg, why);
        } else if (rc == PROCS_TIMEOUT) {
            rc = explain_late(p, first_not_ready(p), why);
        } else if (rc == PROCS_DEATH) {
            rc = procs_explain_death(p, "before it was ready", why);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int check_programs(const struct procs *p, struct buf *why)
{
    for (size_t i = 0; i < p->cluster->n; i++) {
        if (p->cluster->actors[i].program == NULL) {
            buf_printf(why, "%s has no program", p->cluster->actors[i].name);
            return ERR_INVALID;
        }
    }
    return 0;
}

int procs_start(struct procs *p, struct buf *why)
{
    int rc = check_programs(p, why);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < p->cluster->n; i++) {
        p->actors[i].child.name = p->cluster->actors[i].name;
        p->actors[i].child.program = p->cluster->actors[i].program;
    }
    pin(p);
    if (getrandom(p->token, sizeof(p->token), 0) != (ssize_t)sizeof(p->token)) {
        return fail_errno(why, "no random bytes");
    }
    p->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    if (p->watch_fd < 0) {
        return fail_errno(why, "cannot watch processes");
    }
    rc = open_router(p, why);
    int64_t begin_ns = clock_real_ns();
    if (rc == 0) {
        rc = spawn_all(p, why);
    }
    if (rc == 0) {
        rc = wait_ready(p, why);
    }
    if (rc == 0) {
        p->ready_ns = clock_real_ns() - begin_ns;
    }
    return rc;
}
