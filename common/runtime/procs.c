/* The conductor: one process per actor, driven step by step. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/runtime/clock.h"
#include "common/runtime/procs_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define STEP_TIMEOUT_MS 60000
/* From Stop to the end of the last process. */
#define STOP_TIMEOUT_MS 10000
/* Unpacked messages take more than packed ones: pointers, padding, per-effect structures. */
#define UNPACK_FACTOR 4

static uint32_t whose(const struct procs *p, const struct ctl_peer *from)
{
    for (uint32_t id = 1; id <= p->cluster->n; id++) {
        const struct ctl_peer *peer = &p->actors[id - 1].peer;
        if (peer->len == from->len && memcmp(peer->id, from->id, from->len) == 0) {
            return id;
        }
    }
    return 0;
}

static bool is_our_hello(const struct procs *p, const Control__Control *msg)
{
    return msg != NULL && msg->kind_case == CONTROL__CONTROL__KIND_HELLO &&
           bytes_equal(bytes_of(msg->hello->token.data, msg->hello->token.len),
                       bytes_of(p->token, sizeof(p->token)));
}

/* Counts the connections that have ended. An event is two frames, its number (in the machine's byte
 * order) and its connection. */
static void count_disconnects(struct procs *p)
{
    uint8_t event[6];
    char address[256];
    while (zmq_recv(p->monitor, event, sizeof(event), ZMQ_DONTWAIT) >= 0) {
        p->disconnects++; /* nothing else is monitored */
        (void)zmq_recv(p->monitor, address, sizeof(address), 0);
    }
}

/* Waits until the router may have a message. Returns: 0, PROCS_*, ERR_IO. */
static int wait_for_news(struct procs *p, int64_t deadline_ns)
{
    struct pollfd fds[] = {{.fd = p->router_fd, .events = POLLIN},
                           {.fd = p->watch_fd, .events = POLLIN},
                           {.fd = p->monitor_fd, .events = POLLIN}};
    int64_t until_ns = deadline_ns < p->wall_deadline_ns ? deadline_ns : p->wall_deadline_ns;
    int64_t left_ns = until_ns == INT64_MAX ? INT64_MAX : until_ns - clock_real_ns();
    if (left_ns <= 0) {
        return deadline_ns < p->wall_deadline_ns ? PROCS_TIMEOUT : PROCS_WALL;
    }
    int64_t left_ms = left_ns / NS_PER_MS + 1;
    int n = poll(fds, 3, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
    if (n < 0 && errno != EINTR) {
        return ERR_IO;
    }
    if (n > 0 && fds[2].revents != 0) {
        count_disconnects(p);
    }
    return n > 0 && fds[0].revents == 0 && fds[1].revents != 0 ? PROCS_DEATH : 0;
}

int procs_recv(struct procs *p, int64_t deadline_ns, uint32_t *actor, struct ctl_peer *from,
               Control__Control **msg)
{
    for (;;) {
        int rc = ctl_recv(p->router, from, ZMQ_DONTWAIT, &p->arena, msg);
        if (rc == ERR_TIMEOUT) {
            rc = wait_for_news(p, deadline_ns);
            if (rc != 0) {
                return rc;
            }
            continue;
        }
        if (rc != 0) {
            return rc;
        }
        *actor = whose(p, from);
        if (*actor != 0 || is_our_hello(p, *msg)) {
            return 0;
        }
        p->strangers++;
    }
}

int procs_send(struct procs *p, uint32_t actor, const Control__Control *msg)
{
    return ctl_send(p->router, &p->actors[actor - 1].peer, msg);
}

int procs_explain_death(struct procs *p, const char *doing, struct buf *why)
{
    struct epoll_event ev;
    int n = 0;
    do {
        n = epoll_wait(p->watch_fd, &ev, 1, -1);
    } while (n < 0 && errno == EINTR);
    CHECK(n == 1);
    struct process *child = &p->actors[ev.data.u32 - 1].child;
    (void)process_reap(child);
    process_describe_exit(child, why);
    buf_printf(why, " %s", doing);
    process_describe_stderr(child, why);
    return ERR_CRASHED;
}

static const char *event_name(enum act_event_kind kind)
{
    static const char *const names[] = {"start", "message", "timer", "work done"};
    return names[kind];
}

static int explain_failure(struct procs *p, int rc, const struct sched_step *in, struct buf *why)
{
    CLEANUP(buf_fini) struct buf doing = {0};
    buf_printf(&doing, "while %s was handling the event '%s' of time %" PRId64 " ns",
               p->cluster->actors[in->actor - 1].name, event_name(in->event.kind),
               in->event.now.ns);
    if (rc == PROCS_DEATH) {
        return procs_explain_death(p, buf_cstr(&doing), why);
    }
    if (rc == PROCS_TIMEOUT) {
        const struct process *child = &p->actors[in->actor - 1].child;
        buf_printf(why, "%s (%s) has hung: no answer for %" PRId64 " ms %s", child->name,
                   child->program, p->step_timeout_ms, buf_cstr(&doing));
        process_describe_stderr(child, why);
        return ERR_TIMEOUT;
    }
    buf_printf(why, "%s %s", err_text(rc), buf_cstr(&doing));
    return rc;
}

static int garbled(const struct procs *p, uint32_t actor, struct buf *why)
{
    buf_printf(why, "%s sent an answer that makes no sense", p->cluster->actors[actor - 1].name);
    return ERR_CORRUPT;
}

static int send_step(struct procs *p, const struct sched_step *in)
{
    Control__Step step = CONTROL__STEP__INIT;
    step.seq = ++p->seq;
    step.kind = (uint32_t)in->event.kind;
    step.now_ns = in->event.now.ns;
    step.from = in->event.from;
    step.id = in->event.id;
    step.work_kind = in->event.work_kind;
    step.work_seq = in->work_seq;
    step.body.data = (uint8_t *)(uintptr_t)in->event.body.data;
    step.body.len = in->event.body.len;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_STEP;
    msg.step = &step;
    return procs_send(p, in->actor, &msg);
}

/* Returns: 0, ERR_NOMEM, or ERR_CORRUPT for an effect that makes no sense. */
static int take_effect(const Control__Effect *e, struct act_effects *out)
{
    if (e->kind > ACT_REJECT || e->reason >= ACT_REJECT_REASONS) {
        return ERR_CORRUPT;
    }
    int rc = VEC_RESERVE(out->items, out->cap, out->n + 1);
    if (rc != 0) {
        return rc;
    }
    struct act_effect fx = {
        .kind = (enum act_effect_kind)e->kind,
        .peer = e->peer,
        .id = e->id,
        .work_kind = e->work_kind,
        .at = {e->at_ns},
        .cost_ns = e->cost_ns,
        .reason = (enum act_reject_reason)e->reason,
    };
    if (fx.kind == ACT_SEND || fx.kind == ACT_RECORD || fx.kind == ACT_REJECT) {
        fx.body = act_payload_new(bytes_of(e->body.data, e->body.len));
        if (fx.body == NULL) {
            return ERR_NOMEM;
        }
    }
    out->items[out->n++] = fx;
    return 0;
}

static int take_effects(const struct procs *p, const struct sched_step *in,
                        const Control__Control *msg, struct act_effects *out,
                        struct sched_reply *reply)
{
    if (msg == NULL || msg->kind_case != CONTROL__CONTROL__KIND_EFFECTS ||
        msg->effects->seq != p->seq || msg->effects->rc > 0) {
        return ERR_CORRUPT;
    }
    const Control__Effects *e = msg->effects;
    reply->rc = e->rc;
    if (in->event.kind == ACT_WORK_DONE) {
        if (e->result_hash.len != sizeof(reply->result.b)) {
            return ERR_CORRUPT;
        }
        reply->work_rc = e->work_rc;
        reply->result_bytes = e->result_bytes;
        memcpy(reply->result.b, e->result_hash.data, sizeof(reply->result.b));
    }
    for (size_t i = 0; i < e->n_effects; i++) {
        int rc = take_effect(e->effects[i], out);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Waits for what `actor` has to say. Out: *speaker, once somebody of ours has
 * spoken; if that is another, the code is ERR_CORRUPT. Returns: 0, PROCS_*, or a negative code. */
static int await(struct procs *p, uint32_t actor, uint32_t *speaker, Control__Control **msg)
{
    struct ctl_peer from;
    uint32_t who = 0;
    int64_t deadline_ns = clock_deadline_ns(p->step_timeout_ms);
    do {
        int rc = procs_recv(p, deadline_ns, &who, &from, msg);
        if (rc != 0) {
            return rc;
        }
        if (who == 0) {
            p->strangers++; /* a late Hello with our token: nothing to welcome */
        }
    } while (who == 0);
    *speaker = who;
    return who == actor ? 0 : ERR_CORRUPT;
}

static int procs_step(struct sched_backend *self, const struct sched_step *in,
                      struct act_effects *out, struct sched_reply *reply, struct buf *why)
{
    struct procs *p = (struct procs *)self;
    Control__Control *msg = NULL;
    uint32_t speaker = in->actor;
    int rc = send_step(p, in);
    /* ERR_NOTFOUND: the connection is gone, and the process going: its end says more. */
    if (rc == 0 || rc == ERR_NOTFOUND) {
        rc = await(p, in->actor, &speaker, &msg);
    }
    if (rc == PROCS_WALL) {
        return SCHED_EXPIRED;
    }
    if (rc == 0) {
        rc = take_effects(p, in, msg, out, reply);
    }
    if (rc == ERR_CORRUPT) {
        return garbled(p, speaker, why);
    }
    return rc == 0 ? 0 : explain_failure(p, rc, in, why);
}

static int procs_crash(struct sched_backend *self, uint32_t actor, struct buf *why)
{
    Control__Crash crash = CONTROL__CRASH__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_CRASH;
    msg.crash = &crash;
    int rc = procs_send((struct procs *)self, actor, &msg);
    return rc == ERR_NOTFOUND ? 0 : rc; /* found out at the next step */
}

static int procs_restart(struct sched_backend *self, uint32_t actor, bool keep_disk,
                         struct buf *why)
{
    struct procs *p = (struct procs *)self;
    const struct sched_step start = {.actor = actor, .event = {.kind = ACT_START}};
    Control__Restart restart = CONTROL__RESTART__INIT;
    restart.keep_disk = keep_disk;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_RESTART;
    msg.restart = &restart;
    Control__Control *answer = NULL;
    uint32_t speaker = actor;
    int rc = procs_send(p, actor, &msg);
    if (rc == 0 || rc == ERR_NOTFOUND) {
        rc = await(p, actor, &speaker, &answer);
    }
    if (rc != 0) {
        return rc == ERR_CORRUPT ? garbled(p, speaker, why) : explain_failure(p, rc, &start, why);
    }
    if (answer == NULL || answer->kind_case != CONTROL__CONTROL__KIND_READY) {
        return garbled(p, actor, why);
    }
    if (answer->ready->rc != 0) {
        buf_printf(why, "%s could not start: %s", p->cluster->actors[actor - 1].name,
                   answer->ready->why[0] != 0 ? answer->ready->why : err_text(answer->ready->rc));
        return answer->ready->rc < 0 ? answer->ready->rc : ERR_CORRUPT;
    }
    return 0;
}

static uint32_t first_alive(struct procs *p)
{
    for (uint32_t id = 1; id <= p->cluster->n; id++) {
        if (!process_reap(&p->actors[id - 1].child)) {
            return id;
        }
    }
    return 0;
}

/* Waits for one more process to end. Returns: 0, PROCS_TIMEOUT, or ERR_IO. */
static int await_end(struct procs *p, uint32_t id, int64_t deadline_ns)
{
    struct pollfd fd = {.fd = p->actors[id - 1].child.pidfd, .events = POLLIN};
    int64_t left_ms = (deadline_ns - clock_real_ns()) / NS_PER_MS;
    if (left_ms <= 0) {
        return PROCS_TIMEOUT;
    }
    int n = poll(&fd, 1, (int)left_ms);
    return n < 0 && errno != EINTR ? ERR_IO : 0;
}

/* Stop, and exit code 0 from everybody. */
static int procs_stop(struct procs *p, struct buf *why)
{
    Control__Stop stop = CONTROL__STOP__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_STOP;
    msg.stop = &stop;
    for (uint32_t id = 1; id <= p->cluster->n; id++) {
        int rc = procs_send(p, id, &msg);
        if (rc != 0 && rc != ERR_NOTFOUND) {
            return rc;
        }
    }
    int64_t deadline_ns = clock_deadline_ns(STOP_TIMEOUT_MS);
    for (uint32_t id = first_alive(p); id != 0; id = first_alive(p)) {
        int rc = await_end(p, id, deadline_ns);
        if (rc == PROCS_TIMEOUT) {
            buf_printf(why, "%s did not stop when it was told to", p->actors[id - 1].child.name);
            return ERR_TIMEOUT;
        }
        if (rc != 0) {
            return rc;
        }
    }
    for (uint32_t id = 1; id <= p->cluster->n; id++) {
        const struct process *child = &p->actors[id - 1].child;
        if (child->exit_code != 0) {
            process_describe_exit(child, why);
            buf_printf(why, " when it was told to stop");
            process_describe_stderr(child, why);
            return ERR_CRASHED;
        }
    }
    return 0;
}

static void procs_fini(struct procs *p)
{
    if (p->monitor != NULL) {
        /* While both ends are there: the library leaks events it cannot hand over. */
        (void)zmq_socket_monitor(p->router, NULL, 0);
        (void)zmq_close(p->monitor);
    }
    for (size_t i = 0; p->actors != NULL && i < p->cluster->n; i++) {
        process_fini(&p->actors[i].child);
    }
    free(p->actors);
    if (p->router != NULL) {
        (void)zmq_close(p->router);
    }
    if (p->zmq != NULL) {
        (void)zmq_ctx_term(p->zmq);
    }
    if (p->watch_fd >= 0) {
        (void)close(p->watch_fd);
    }
    arena_fini(&p->arena);
    if (p->pinned) {
        (void)sched_setaffinity(0, sizeof(p->affinity), &p->affinity);
    }
}

static int procs_init(struct procs *p, struct buf *why)
{
    int rc = run_limits_fill(&p->options->limits, &p->limits, why);
    if (rc != 0) {
        return rc;
    }
    int64_t timeout_ms = p->options->step_timeout_ms;
    p->step_timeout_ms = timeout_ms != 0 ? timeout_ms : STEP_TIMEOUT_MS;
    p->wall_deadline_ns = clock_deadline_ns(p->limits.wall_ms);
    p->actors = calloc(p->cluster->n, sizeof(*p->actors));
    if (p->actors == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < p->cluster->n; i++) {
        p->actors[i].child = PROCESS_NONE;
    }
    return arena_init(&p->arena, UNPACK_FACTOR * ctl_message_max(&p->limits));
}

int run_procs(const struct run_cluster *cluster, const struct run_options *options,
              struct run_result *result, struct buf *why)
{
    CLEANUP(procs_fini)
    struct procs p = {
        .backend = {procs_step, procs_crash, procs_restart},
        .cluster = cluster,
        .options = options,
        .watch_fd = -1,
    };
    CLEANUP(sched_destroy) struct sched *s = NULL;
    CLEANUP(run_result_fini) struct run_result r = {0};
    int rc = sched_new(cluster, options, &p.backend, &s, why);
    if (rc == 0) {
        rc = procs_init(&p, why);
    }
    if (rc == 0) {
        rc = procs_start(&p, why);
    }
    if (rc == 0) {
        rc = sched_run(s, &r, why);
    }
    if (rc == 0) {
        count_disconnects(&p);
    }
    if (rc == 0 && r.end != RUN_END_WALL) {
        rc = procs_stop(&p, why);
    }
    if (rc == PROCS_WALL) {
        buf_printf(why, "the wall-clock limit was reached before every process was ready");
        rc = ERR_TIMEOUT;
    }
    if (rc != 0) {
        if (why->len == 0) {
            buf_printf(why, "%s", err_text(rc));
        }
        return rc;
    }
    r.strangers = p.strangers;
    r.disconnects = p.disconnects;
    r.ready_ns = p.ready_ns;
    *result = r;
    r = (struct run_result){0};
    return 0;
}
