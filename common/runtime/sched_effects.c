/* Carrying out the effects of a step. */
#include "common/base/check.h"
#include "common/runtime/sched_impl.h"

#include <inttypes.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct sched_timer {
    uint64_t id;
    uint32_t slot; /* of its event in the queue */
    UT_hash_handle hh;
};

static struct sched_timer *timer_find(struct sched_actor *a, uint64_t id)
{
    struct sched_timer *t = NULL;
    HASH_FIND(hh, a->timers, &id, sizeof(id), t);
    return t;
}

static void timer_forget(struct sched_actor *a, struct sched_timer *t)
{
    HASH_DEL(a->timers, t);
    free(t);
}

void sched_timer_fired(struct sched *s, uint32_t actor, uint64_t id)
{
    struct sched_actor *a = &s->actors[actor];
    struct sched_timer *t = timer_find(a, id);
    CHECK(t != NULL);
    timer_forget(a, t);
}

void sched_timers_clear(struct sched *s, uint32_t actor)
{
    struct sched_actor *a = &s->actors[actor];
    struct sched_timer *t = NULL;
    struct sched_timer *next = NULL;
    HASH_ITER (hh, a->timers, t, next) {
        queue_remove(&s->queue, t->slot);
        timer_forget(a, t);
    }
}

static void do_cancel(struct sched *s, uint32_t actor, uint64_t id)
{
    struct sched_actor *a = &s->actors[actor];
    struct sched_timer *t = timer_find(a, id);
    if (t != NULL) {
        queue_remove(&s->queue, t->slot);
        timer_forget(a, t);
    }
}

static int do_arm(struct sched *s, uint32_t actor, uint64_t id, struct sim_time at)
{
    do_cancel(s, actor, id);
    struct sched_actor *a = &s->actors[actor];
    struct sched_timer *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return ERR_NOMEM;
    }
    t->id = id;
    t->slot = QUEUE_NONE;
    struct queue_event ev = {
        .kind = QUEUE_TIMER,
        .key = {.at_ns = sim_time_before(at, s->now) ? s->now.ns : at.ns, .to = actor},
        .id = id,
    };
    int rc = sched_push(s, actor, ev, &t->slot);
    if (rc != 0 || t->slot == QUEUE_NONE) {
        free(t);
        return rc;
    }
    HASH_ADD(hh, a->timers, id, sizeof(t->id), t);
    if (t->hh.tbl == NULL) {
        queue_remove(&s->queue, t->slot);
        free(t);
        return ERR_NOMEM;
    }
    return 0;
}

static int push_message(struct sched *s, uint32_t from, uint32_t to, struct sim_time at,
                        bool on_network, struct act_payload *body)
{
    struct queue_event ev = {
        .kind = QUEUE_MESSAGE,
        .key = {.at_ns = at.ns, .to = to},
        .on_network = on_network,
        .body = act_payload_ref(body),
    };
    return sched_push(s, from, ev, NULL);
}

static int do_send(struct sched *s, uint32_t from, const struct act_effect *fx)
{
    if (fx->body->view.len > s->limits.message_bytes) {
        buf_printf(s->why, "%s sent a message of %zu bytes, more than the limit of %" PRIu64,
                   s->cluster->actors[from - 1].name, fx->body->view.len, s->limits.message_bytes);
        return ERR_INVALID;
    }
    s->actors[from].stats.sent++;
    s->actors[from].stats.sent_bytes += fx->body->view.len;
    if (fx->peer == ACT_HOST) {
        fprint_host(&s->fprint, fx->body->view);
        const struct run_observer *o = &s->options->observer;
        if (o->on_host != NULL) {
            o->on_host(o->ctx, s, s->now, from, fx->body->view);
        }
        return 0;
    }
    if (fx->peer > s->cluster->n) {
        buf_printf(s->why, "%s sent a message to actor %" PRIu32 ", which does not exist",
                   s->cluster->actors[from - 1].name, fx->peer);
        return ERR_INVALID;
    }
    if (fx->peer == from) {
        return push_message(s, from, from, s->now, false, fx->body);
    }
    struct net_fate fate;
    int rc = net_send(&s->net, from, fx->peer, s->now, &fate);
    for (unsigned i = 0; rc == 0 && i < fate.copies; i++) {
        rc = push_message(s, from, fx->peer, fate.at[i], true, fx->body);
    }
    return rc;
}

static int do_work(struct sched *s, uint32_t actor, const struct act_effect *fx)
{
    struct sched_actor *a = &s->actors[actor];
    if (fx->cost_ns < 0) {
        buf_printf(s->why, "%s started work of negative cost", s->cluster->actors[actor - 1].name);
        return ERR_INVALID;
    }
    struct queue_event ev = {
        .kind = QUEUE_WORK,
        .key = {.at_ns = sim_time_add(s->now, fx->cost_ns).ns, .to = actor},
        .id = fx->id,
        .work_kind = fx->work_kind,
        .work_seq = a->works++,
        .life = a->life,
        .body = fx->body != NULL ? act_payload_ref(fx->body) : NULL,
    };
    return sched_push(s, actor, ev, NULL);
}

static void do_record(struct sched *s, uint32_t actor, const struct act_effect *fx)
{
    s->actors[actor].stats.records++;
    fprint_record(&s->fprint, fx->body->view);
    const struct run_observer *o = &s->options->observer;
    if (o->on_record != NULL) {
        o->on_record(o->ctx, s, s->now, actor, fx->body->view);
    }
}

static int do_reject(struct sched *s, uint32_t actor, const struct act_effect *fx)
{
    struct run_actor_stats *stats = &s->actors[actor].stats;
    if ((unsigned)fx->reason >= ACT_REJECT_REASONS) {
        buf_printf(s->why, "%s gave an unknown reason for a refusal",
                   s->cluster->actors[actor - 1].name);
        return ERR_INVALID;
    }
    if (stats->rejects_by_peer == NULL) {
        stats->rejects_by_peer =
            calloc((s->cluster->n + 1) * (size_t)ACT_REJECT_REASONS, sizeof(uint64_t));
        if (stats->rejects_by_peer == NULL) {
            return ERR_NOMEM;
        }
    }
    size_t peer = fx->peer <= s->cluster->n ? fx->peer : 0;
    stats->rejects[fx->reason]++;
    stats->rejects_by_peer[peer * ACT_REJECT_REASONS + (size_t)fx->reason]++;
    fprint_reject(&s->fprint, fx->peer, fx->reason, fx->body->view);
    const struct run_observer *o = &s->options->observer;
    if (o->on_reject != NULL) {
        o->on_reject(o->ctx, s, s->now, actor, fx->peer, fx->reason, fx->body->view);
    }
    return 0;
}

static int commit_one(struct sched *s, uint32_t actor, const struct act_effect *fx)
{
    switch (fx->kind) {
    case ACT_SEND:
        return do_send(s, actor, fx);
    case ACT_ARM:
        return do_arm(s, actor, fx->id, fx->at);
    case ACT_CANCEL:
        do_cancel(s, actor, fx->id);
        return 0;
    case ACT_WORK:
        return do_work(s, actor, fx);
    case ACT_RECORD:
        do_record(s, actor, fx);
        return 0;
    case ACT_REJECT:
        return do_reject(s, actor, fx);
    }
    buf_printf(s->why, "%s gave an unknown effect", s->cluster->actors[actor - 1].name);
    return ERR_INVALID;
}

int sched_commit(struct sched *s, uint32_t actor)
{
    uint32_t life = s->actors[actor].life;
    for (size_t i = 0; i < s->effects.n; i++) {
        const struct act_effect *fx = &s->effects.items[i];
        int rc = commit_one(s, actor, fx);
        if (rc != 0) {
            return rc;
        }
        if (!s->actors[actor].up || s->actors[actor].life != life) {
            break; /* crashed by an observer: the rest never left */
        }
    }
    return 0;
}
