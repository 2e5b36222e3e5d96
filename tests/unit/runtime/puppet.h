/* An actor whose step is a function of the test; it writes down what it was handed. */
#ifndef TESTS_PUPPET_H
#define TESTS_PUPPET_H

#include "common/base/check.h"
#include "common/runtime/sched.h"

#include <inttypes.h>
#include <stdlib.h>

struct puppet;
typedef int puppet_step(struct puppet *p, const struct act_event *ev, struct act_effects *out);

struct puppet {
    puppet_step *step;
    struct buf *log; /* "name:event@time ..." */
    int fail_create;
    const struct act_setup *setup; /* of the current life */
};

struct act_actor {
    struct puppet *puppet;
    struct act_setup setup;
};

static inline int puppet_create(const struct act_setup *setup, struct act_actor **out,
                                struct buf *why)
{
    struct puppet *p = NULL;
    CHECK(setup->config.len == sizeof(p));
    memcpy(&p, setup->config.data, sizeof(p));
    if (p->fail_create != 0) {
        buf_printf(why, "the puppet does not want to");
        return p->fail_create;
    }
    struct act_actor *a = calloc(1, sizeof(*a));
    CHECK(a != NULL);
    a->puppet = p;
    a->setup = *setup;
    *out = a;
    return 0;
}

static inline void puppet_log(struct act_actor *a, const struct act_event *ev)
{
    struct buf *log = a->puppet->log;
    if (log == NULL) {
        return;
    }
    buf_printf(log, "%s:", a->setup.name);
    switch (ev->kind) {
    case ACT_START:
        buf_printf(log, "start");
        break;
    case ACT_MESSAGE:
        buf_printf(log, "%" PRIu32 "'%.*s'", ev->from, (int)ev->body.len,
                   (const char *)ev->body.data);
        break;
    case ACT_TIMER:
        buf_printf(log, "timer%" PRIu64, ev->id);
        break;
    case ACT_WORK_DONE:
        buf_printf(log, "work%" PRIu64 "(%d)'%.*s'", ev->id, ev->work_rc, (int)ev->body.len,
                   (const char *)ev->body.data);
        break;
    }
    buf_printf(log, "@%" PRId64 " ", ev->now.ns);
}

static inline int puppet_do_step(struct act_actor *a, const struct act_event *ev,
                                 struct act_effects *out)
{
    puppet_log(a, ev);
    a->puppet->setup = &a->setup;
    return a->puppet->step != NULL ? a->puppet->step(a->puppet, ev, out) : 0;
}

/* Kind 1 reverses the request, others fail after writing something. */
static inline int puppet_work(const struct act_actor *a, uint32_t kind, struct bytes request,
                              struct buf *result)
{
    if (kind != 1) {
        buf_append_u8(result, '?');
        return ERR_PROOF;
    }
    for (size_t i = request.len; i > 0; i--) {
        buf_append_u8(result, request.data[i - 1]);
    }
    return 0;
}

static inline void puppet_destroy(struct act_actor **a)
{
    free(*a);
    *a = NULL;
}

static const struct act_class puppet_class = {
    .role = "puppet",
    .create = puppet_create,
    .step = puppet_do_step,
    .work = puppet_work,
    .destroy = puppet_destroy,
};

#define PUPPETS_MAX 4

/* A cluster of puppets called a, b, c, d. */
struct stage {
    struct puppet puppets[PUPPETS_MAX];
    struct puppet *handles[PUPPETS_MAX]; /* what the configs point to */
    struct run_cluster_actor actors[PUPPETS_MAX];
    struct run_cluster cluster;
    struct run_options options;
    struct run_result result;
    struct buf log;
    struct buf why;
};

static inline void stage_init(struct stage *s, size_t n)
{
    static const char *const names[PUPPETS_MAX] = {"a", "b", "c", "d"};
    *s = (struct stage){.cluster = {s->actors, n}};
    for (size_t i = 0; i < n; i++) {
        s->puppets[i].log = &s->log;
        s->handles[i] = &s->puppets[i];
        s->actors[i] = (struct run_cluster_actor){
            .name = names[i],
            .class = &puppet_class,
            .config = bytes_of(&s->handles[i], sizeof(s->handles[i])),
        };
    }
}

/* Runs again from the beginning; the log is that of this run. */
static inline int stage_run(struct stage *s)
{
    run_result_fini(&s->result);
    buf_clear(&s->log);
    buf_clear(&s->why);
    return run_inproc(&s->cluster, &s->options, &s->result, &s->why);
}

static inline void stage_fini(struct stage *s)
{
    run_result_fini(&s->result);
    buf_fini(&s->log);
    buf_fini(&s->why);
}

#endif
