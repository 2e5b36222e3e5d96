#include "common/runtime/sched.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/runtime/sched_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#define DEFAULT_EVENTS UINT64_C(1000000000)
#define DEFAULT_QUEUE_EVENTS UINT64_C(4000000)
#define DEFAULT_QUEUE_BYTES (UINT64_C(4) << 30)

static int check_name(const struct run_cluster *c, size_t at, struct buf *why)
{
    const char *name = c->actors[at].name;
    if (name == NULL || name[0] == 0 || name[0] == '.' || strchr(name, '/') != NULL) {
        buf_printf(why, "actor %zu needs a name without '/' that does not start with '.'", at + 1);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < at; i++) {
        if (strcmp(c->actors[i].name, name) == 0) {
            buf_printf(why, "two actors are called %s", name);
            return ERR_INVALID;
        }
    }
    return 0;
}

static int check_cluster(const struct run_cluster *c, struct buf *why)
{
    if (c->n == 0 || c->n > RUN_ACTORS_MAX) {
        buf_printf(why, "a cluster has 1 to %d actors, not %zu", RUN_ACTORS_MAX, c->n);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < c->n; i++) {
        int rc = check_name(c, i, why);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int check_script(const struct run_cluster *c, const struct run_options *o, struct buf *why)
{
    for (size_t i = 0; i < o->script.n; i++) {
        const struct run_script_item *item = &o->script.items[i];
        if (item->actor == 0 || item->actor > c->n || item->at.ns < 0) {
            buf_printf(why, "script item %zu names an actor that does not exist or a time before 0",
                       i);
            return ERR_INVALID;
        }
        if (item->kind == RUN_SCRIPT_MESSAGE && item->from > c->n) {
            buf_printf(why, "script item %zu comes from an actor that does not exist", i);
            return ERR_INVALID;
        }
        if (item->body.len > RUN_MESSAGE_BYTES_MAX) {
            buf_printf(why, "script item %zu is too large", i);
            return ERR_INVALID;
        }
    }
    return 0;
}

int run_limits_fill(const struct run_limits *given, struct run_limits *out, struct buf *why)
{
    struct run_limits l = *given;
    l.events = l.events != 0 ? l.events : DEFAULT_EVENTS;
    l.time_ns = l.time_ns != 0 ? l.time_ns : INT64_MAX;
    l.queue_events = l.queue_events != 0 ? l.queue_events : DEFAULT_QUEUE_EVENTS;
    l.queue_bytes = l.queue_bytes != 0 ? l.queue_bytes : DEFAULT_QUEUE_BYTES;
    l.message_bytes = l.message_bytes != 0 ? l.message_bytes : RUN_MESSAGE_BYTES_DEFAULT;
    l.step_bytes = l.step_bytes != 0 ? l.step_bytes : RUN_STEP_BYTES_DEFAULT;
    if (l.message_bytes > RUN_MESSAGE_BYTES_MAX || l.step_bytes > RUN_STEP_BYTES_MAX ||
        l.time_ns < 0 || l.wall_ms < 0) {
        buf_printf(why, "a limit is out of range");
        return ERR_INVALID;
    }
    *out = l;
    return 0;
}

int sched_push(struct sched *s, uint32_t from, struct queue_event ev, uint32_t *slot)
{
    ev.key.from = from;
    ev.key.seq = s->actors[from].seq++;
    size_t more = ev.body != NULL ? ev.body->view.len : 0;
    if (s->queue.n >= s->limits.queue_events || s->queue.bytes + more > s->limits.queue_bytes) {
        act_payload_unref(&ev.body);
        s->overflow = true;
        return 0;
    }
    int rc = queue_push(&s->queue, &ev, slot);
    if (rc != 0) {
        act_payload_unref(&ev.body);
    }
    return rc;
}

static int push_script(struct sched *s)
{
    for (size_t i = 0; i < s->options->script.n; i++) {
        const struct run_script_item *item = &s->options->script.items[i];
        struct queue_event ev = {
            .kind = item->kind == RUN_SCRIPT_MESSAGE ? QUEUE_MESSAGE
                    : item->kind == RUN_SCRIPT_CRASH ? QUEUE_CRASH
                                                     : QUEUE_RESTART,
            .key = {.at_ns = item->at.ns, .to = item->actor},
            .keep_disk = item->keep_disk,
        };
        uint32_t from = ACT_HOST;
        if (ev.kind == QUEUE_MESSAGE) {
            /* Numbered among what `from` causes, so that no two events have the same key. */
            from = item->from;
            ev.body = act_payload_new(item->body);
            if (ev.body == NULL) {
                return ERR_NOMEM;
            }
        }
        int rc = sched_push(s, from, ev, NULL);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int push_starts(struct sched *s)
{
    for (uint32_t id = 1; id <= s->cluster->n; id++) {
        struct queue_event ev = {.kind = QUEUE_START, .key = {.to = id}};
        int rc = sched_push(s, ACT_HOST, ev, NULL);
        if (rc != 0) {
            return rc;
        }
        s->actors[id].up = true;
        s->actors[id].stats.lives = 1;
    }
    return 0;
}

int sched_new(const struct run_cluster *cluster, const struct run_options *options,
              struct sched_backend *backend, struct sched **out, struct buf *why)
{
    int rc = check_cluster(cluster, why);
    if (rc == 0) {
        rc = check_script(cluster, options, why);
    }
    if (rc != 0) {
        return rc;
    }
    CLEANUP(sched_destroy) struct sched *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return ERR_NOMEM;
    }
    s->cluster = cluster;
    s->options = options;
    s->backend = backend;
    queue_init(&s->queue);
    rc = run_limits_fill(&options->limits, &s->limits, why);
    if (rc == 0) {
        rc = net_init(&s->net, cluster, options->seed, &options->network, why);
    }
    if (rc == 0) {
        rc = fprint_init(&s->fprint);
    }
    if (rc != 0) {
        return rc;
    }
    s->actors = calloc(cluster->n + 1, sizeof(*s->actors));
    if (s->actors == NULL) {
        return ERR_NOMEM;
    }
    rc = push_starts(s);
    if (rc == 0) {
        rc = push_script(s);
    }
    if (rc != 0) {
        return rc;
    }
    *out = MOVE(s);
    return 0;
}

void sched_destroy(struct sched **sp)
{
    struct sched *s = *sp;
    *sp = NULL;
    if (s == NULL) {
        return;
    }
    if (s->actors != NULL) {
        for (uint32_t id = 1; id <= s->cluster->n; id++) {
            sched_timers_clear(s, id);
            free(s->actors[id].stats.rejects_by_peer);
        }
    }
    act_effects_fini(&s->effects);
    queue_fini(&s->queue);
    net_fini(&s->net);
    fprint_fini(&s->fprint);
    free(s->actors);
    free(s);
}

static void tell_life(struct sched *s, uint32_t actor, enum run_life what, int rc)
{
    fprint_life(&s->fprint, s->now, actor, (uint8_t)what, rc);
    const struct run_observer *o = &s->options->observer;
    if (o->on_life != NULL) {
        o->on_life(o->ctx, s, s->now, actor, what, rc);
    }
}

static int end_life(struct sched *s, uint32_t actor, enum run_life what, int rc)
{
    struct sched_actor *a = &s->actors[actor];
    if (!a->up) {
        return 0;
    }
    a->up = false;
    sched_timers_clear(s, actor);
    int failed = s->backend->crash(s->backend, actor, s->why);
    if (failed != 0) {
        return failed;
    }
    tell_life(s, actor, what, rc);
    return 0;
}

static void fill_step(const struct sched *s, const struct queue_event *ev, struct sched_step *in)
{
    *in = (struct sched_step){
        .actor = ev->key.to,
        .event = {.now = s->now, .id = ev->id, .work_kind = ev->work_kind},
        .work_seq = ev->work_seq,
    };
    struct bytes body = ev->body != NULL ? ev->body->view : (struct bytes){0};
    switch (ev->kind) {
    case QUEUE_MESSAGE:
        in->event.kind = ACT_MESSAGE;
        in->event.from = ev->key.from;
        in->event.body = body;
        return;
    case QUEUE_TIMER:
        in->event.kind = ACT_TIMER;
        return;
    case QUEUE_WORK:
        in->event.kind = ACT_WORK_DONE;
        in->request = body;
        return;
    case QUEUE_START:
    case QUEUE_RESTART:
        in->event.kind = ACT_START;
        return;
    case QUEUE_CRASH:
        break;
    }
    check_failed(__FILE__, __LINE__, __func__, "an event that is delivered");
}

static void count(struct sched *s, const struct queue_event *ev)
{
    struct run_actor_stats *stats = &s->actors[ev->key.to].stats;
    s->delivered++;
    stats->messages += ev->kind == QUEUE_MESSAGE;
    stats->timers += ev->kind == QUEUE_TIMER;
    stats->works += ev->kind == QUEUE_WORK;
    if (ev->on_network) {
        net_delivered(&s->net, ev->key.from, ev->key.to);
    }
}

/* One step of an actor that is up. Returns: 0, SCHED_EXPIRED, or a negative code. */
static int deliver(struct sched *s, const struct queue_event *ev)
{
    struct sched_step in;
    struct sched_reply reply = {0};
    struct sched_actor *a = &s->actors[ev->key.to];
    fill_step(s, ev, &in);
    act_effects_clear(&s->effects);
    int rc = s->backend->step(s->backend, &in, &s->effects, &reply, s->why);
    if (rc != 0) {
        return rc;
    }
    in.event.work_rc = reply.work_rc;
    count(s, ev);
    fprint_event(&s->fprint, &ev->key, &in.event, &reply.result, reply.result_bytes);
    const struct run_observer *o = &s->options->observer;
    if (o->on_deliver != NULL) {
        o->on_deliver(o->ctx, s, ev->key.to, &in.event);
    }
    if (a->up) {
        rc = sched_commit(s, ev->key.to);
    }
    if (rc == 0 && reply.rc != 0) {
        a->stats.failed_rc = reply.rc;
        rc = end_life(s, ev->key.to, RUN_LIFE_FAILED, reply.rc);
    }
    return rc;
}

static int restart(struct sched *s, const struct queue_event *ev)
{
    uint32_t actor = ev->key.to;
    struct sched_actor *a = &s->actors[actor];
    int rc = end_life(s, actor, RUN_LIFE_CRASHED, 0);
    if (rc == 0) {
        rc = s->backend->restart(s->backend, actor, ev->keep_disk, s->why);
    }
    if (rc != 0) {
        return rc;
    }
    a->up = true;
    a->life++;
    a->works = 0;
    a->stats.lives++;
    tell_life(s, actor, RUN_LIFE_RESTARTED, 0);
    return a->up ? deliver(s, ev) : 0;
}

static int dispatch(struct sched *s, const struct queue_event *ev)
{
    struct sched_actor *a = &s->actors[ev->key.to];
    if (ev->kind == QUEUE_CRASH) {
        return end_life(s, ev->key.to, RUN_LIFE_CRASHED, 0);
    }
    if (ev->kind == QUEUE_RESTART) {
        return restart(s, ev);
    }
    if (ev->kind == QUEUE_TIMER) {
        sched_timer_fired(s, ev->key.to, ev->id);
    }
    if (!a->up || (ev->kind == QUEUE_WORK && ev->life != a->life)) {
        a->stats.dropped += ev->kind == QUEUE_MESSAGE;
        return 0;
    }
    return deliver(s, ev);
}

/* Returns: true when the run is over. */
static bool is_over(struct sched *s, enum run_end *end)
{
    if (s->overflow) {
        *end = RUN_END_QUEUE;
    } else if (s->stop) {
        *end = RUN_END_STOPPED;
    } else if (s->queue.n == 0) {
        *end = RUN_END_IDLE;
    } else if (s->delivered >= s->limits.events) {
        *end = RUN_END_EVENTS;
    } else if (queue_next_ns(&s->queue) > s->limits.time_ns) {
        *end = RUN_END_TIME;
    } else {
        return false;
    }
    return true;
}

static int loop(struct sched *s, enum run_end *end)
{
    while (!is_over(s, end)) {
        struct queue_event ev;
        CHECK(queue_pop(&s->queue, &ev));
        CHECK(ev.key.at_ns >= s->now.ns);
        s->now.ns = ev.key.at_ns;
        int rc = dispatch(s, &ev);
        act_payload_unref(&ev.body);
        if (rc == SCHED_EXPIRED) {
            *end = RUN_END_WALL;
            return 0;
        }
        if (rc == 0) {
            rc = s->err;
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int fill_result(struct sched *s, enum run_end end, struct run_result *result)
{
    struct run_result r = {.end = end, .now = s->now, .delivered = s->delivered};
    r.n_actors = s->cluster->n;
    r.actors = calloc(r.n_actors, sizeof(*r.actors));
    if (r.actors == NULL || net_stats(&s->net, &r.links, &r.n_links) != 0) {
        free(r.actors);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < r.n_actors; i++) {
        struct sched_actor *a = &s->actors[i + 1];
        a->stats.up = a->up;
        r.actors[i] = a->stats;
        a->stats.rejects_by_peer = NULL; /* moved */
    }
    fprint_peek(&s->fprint, &r.fingerprint);
    *result = r;
    return 0;
}

int sched_run(struct sched *s, struct run_result *result, struct buf *why)
{
    enum run_end end = RUN_END_IDLE;
    s->why = why;
    int rc = loop(s, &end);
    if (rc == 0) {
        rc = fill_result(s, end, result);
    }
    if (rc != 0 && why->len == 0) {
        buf_printf(why, "%s", err_text(rc));
    }
    s->why = NULL;
    return rc;
}

static bool exists(const struct sched *s, uint32_t actor)
{
    return actor >= 1 && actor <= s->cluster->n;
}

static void remember(struct sched *s, int rc)
{
    if (s->err == 0) {
        s->err = rc;
    }
}

struct sim_time sched_now(const struct sched *s)
{
    return s->now;
}

static int64_t not_past(const struct sched *s, struct sim_time at)
{
    return sim_time_before(at, s->now) ? s->now.ns : at.ns;
}

void sched_inject(struct sched *s, uint32_t actor, struct sim_time at, struct bytes body)
{
    if (!exists(s, actor)) {
        return;
    }
    struct queue_event ev = {
        .kind = QUEUE_MESSAGE,
        .key = {.at_ns = not_past(s, at), .to = actor},
        .body = act_payload_new(body),
    };
    remember(s, ev.body == NULL ? ERR_NOMEM : sched_push(s, ACT_HOST, ev, NULL));
}

void sched_crash(struct sched *s, uint32_t actor)
{
    if (exists(s, actor)) {
        remember(s, end_life(s, actor, RUN_LIFE_CRASHED, 0));
    }
}

void sched_restart(struct sched *s, uint32_t actor, struct sim_time at, bool keep_disk)
{
    if (!exists(s, actor)) {
        return;
    }
    struct queue_event ev = {
        .kind = QUEUE_RESTART,
        .key = {.at_ns = not_past(s, at), .to = actor},
        .keep_disk = keep_disk,
    };
    remember(s, sched_push(s, ACT_HOST, ev, NULL));
}

void sched_cut(struct sched *s, const struct run_cut *cut)
{
    remember(s, net_cut(&s->net, cut));
}

void sched_stop(struct sched *s)
{
    s->stop = true;
}
