#include "common/actor/link.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/base/wire.h"

#include <stdlib.h>

#define MAX_PATIENCE 16 /* times retry_ns */
#define RESEND_BURST 64 /* frames repeated per timeout */

static const char epoch_key[] = "link/epoch";

struct link_early {
    uint64_t seq;
    struct act_payload *body;
};

struct link_session {
    /* Outbound: bodies not acknowledged yet; waiting[i] has sequence number oldest + i. */
    uint64_t oldest;
    struct act_payload **waiting;
    size_t n_waiting;
    size_t cap_waiting;
    int64_t patience; /* current factor on retry_ns */
    bool timer_armed;
    /* Inbound. */
    uint64_t peer_epoch;      /* 0: nothing heard yet */
    uint64_t next_in;         /* sequence number delivered next; 0: no message of this epoch yet */
    struct link_early *early; /* ascending seq */
    size_t n_early;
    size_t cap_early;
    bool owes_ack;
};

int links_init(struct links *l, const struct link_options *options, struct act_store *store)
{
    struct link_session *sessions = calloc((size_t)options->n_peers + 1, sizeof(*sessions));
    if (sessions == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i <= options->n_peers; i++) {
        sessions[i].oldest = 1;
        sessions[i].patience = 1;
    }
    *l = (struct links){*options, store, 0, sessions};
    return 0;
}

static void drop_early(struct link_session *s)
{
    for (size_t i = 0; i < s->n_early; i++) {
        act_payload_unref(&s->early[i].body);
    }
    s->n_early = 0;
}

/* Forgets the first n places of the early list, whose bodies are released already. */
static void drop_first(struct link_session *s, size_t n)
{
    if (n != 0) {
        memmove(s->early, s->early + n, (s->n_early - n) * sizeof(*s->early));
        s->n_early -= n;
    }
}

void links_fini(struct links *l)
{
    for (uint32_t i = 0; l->sessions != NULL && i <= l->options.n_peers; i++) {
        struct link_session *s = &l->sessions[i];
        for (size_t k = 0; k < s->n_waiting; k++) {
            act_payload_unref(&s->waiting[k]);
        }
        drop_early(s);
        free(s->waiting);
        free(s->early);
    }
    free(l->sessions);
    *l = (struct links){0};
}

int links_start(struct links *l)
{
    CLEANUP(buf_fini) struct buf value = {0};
    uint64_t epoch = 0;
    int rc = l->store->ops->get(l->store, bytes_str(epoch_key), &value);
    if (rc == 0) {
        struct rd r = rd_from(buf_view(&value));
        epoch = rd_u64(&r);
        if (rd_end(&r) != 0) {
            return ERR_CORRUPT;
        }
    } else if (rc != ERR_NOTFOUND) {
        return rc;
    }
    l->epoch = epoch + 1;
    buf_clear(&value);
    wr_u64(&value, l->epoch);
    return value.err != 0 ? value.err
                          : l->store->ops->put(l->store, bytes_str(epoch_key), buf_view(&value));
}

static int64_t timeout_ns(const struct links *l, const struct link_session *s)
{
    return l->options.retry_ns * s->patience;
}

static void arm(struct links *l, struct act_effects *out, struct sim_time now, uint32_t peer)
{
    struct link_session *s = &l->sessions[peer];
    s->timer_armed = true;
    act_arm(out, LINK_TIMER_BASE + peer, sim_time_add(now, timeout_ns(l, s)));
}

/* Sends one frame; seq 0 is a bare acknowledgement. */
static void emit(struct links *l, struct act_effects *out, uint32_t to, uint64_t seq,
                 struct bytes body)
{
    struct link_session *s = &l->sessions[to];
    Lockstep__Frame frame = LOCKSTEP__FRAME__INIT;
    frame.version = 1;
    frame.deployment = wire_bytes(BYTES_OF(l->options.deployment));
    frame.epoch = l->epoch;
    frame.seq = seq;
    frame.oldest = seq != 0 ? s->oldest : 0;
    frame.ack_epoch = s->peer_epoch;
    frame.ack = s->next_in != 0 ? s->next_in - 1 : 0;
    frame.body = wire_bytes(body);
    CLEANUP(buf_fini) struct buf packed = {.limit = WIRE_MAX_FRAME};
    wire_pack(&frame.base, &packed);
    if (packed.err != 0) {
        out->err = out->err != 0 ? out->err : packed.err;
        return;
    }
    act_send(out, to, buf_view(&packed));
    s->owes_ack = false;
}

int links_send(struct links *l, struct act_effects *out, struct sim_time now, uint32_t to,
               const Lockstep__Message *message)
{
    CHECK(to >= 1 && to <= l->options.n_peers && to != l->options.self);
    struct link_session *s = &l->sessions[to];
    if (s->n_waiting >= l->options.max_queued) {
        return ERR_FULL;
    }
    int rc = VEC_RESERVE(s->waiting, s->cap_waiting, s->n_waiting + 1);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(buf_fini) struct buf packed = {.limit = WIRE_MAX_FRAME};
    wire_pack(&message->base, &packed);
    if (packed.err != 0) {
        return packed.err;
    }
    struct act_payload *body = act_payload_new(buf_view(&packed));
    if (body == NULL) {
        return ERR_NOMEM;
    }
    s->waiting[s->n_waiting++] = body;
    emit(l, out, to, s->oldest + s->n_waiting - 1, body->view);
    if (!s->timer_armed) {
        arm(l, out, now, to);
    }
    return out->err;
}

static void take_ack(struct links *l, const struct act_event *ev, struct act_effects *out,
                     const Lockstep__Frame *f)
{
    struct link_session *s = &l->sessions[ev->from];
    if (f->ack_epoch != l->epoch || f->ack < s->oldest || f->ack >= s->oldest + s->n_waiting) {
        return;
    }
    size_t n = (size_t)(f->ack - s->oldest + 1);
    for (size_t i = 0; i < n; i++) {
        act_payload_unref(&s->waiting[i]);
    }
    memmove(s->waiting, s->waiting + n, (s->n_waiting - n) * sizeof(*s->waiting));
    s->n_waiting -= n;
    s->oldest += n;
    s->patience = 1;
    if (s->n_waiting != 0) {
        arm(l, out, ev->now, ev->from);
    } else if (s->timer_armed) {
        s->timer_armed = false;
        act_cancel(out, LINK_TIMER_BASE + ev->from);
    }
}

/* Keeps a message that came before its turn. What finds no room is sent again anyway. */
static int keep_early(struct links *l, uint32_t from, struct act_effects *out,
                      const Lockstep__Frame *f)
{
    struct link_session *s = &l->sessions[from];
    size_t at = s->n_early;
    while (at > 0 && s->early[at - 1].seq > f->seq) {
        at--;
    }
    if (at > 0 && s->early[at - 1].seq == f->seq) {
        return 0;
    }
    if (s->n_early >= l->options.max_early) {
        act_reject(out, from, ACT_REJECT_LIMIT, "%zu messages came before their turn",
                   s->n_early + 1);
        return 0;
    }
    int rc = VEC_RESERVE(s->early, s->cap_early, s->n_early + 1);
    if (rc != 0) {
        return rc;
    }
    struct act_payload *body = act_payload_new(wire_view(&f->body));
    if (body == NULL) {
        return ERR_NOMEM;
    }
    memmove(&s->early[at + 1], &s->early[at], (s->n_early - at) * sizeof(*s->early));
    s->early[at] = (struct link_early){f->seq, body};
    s->n_early++;
    return 0;
}

static int deliver_body(struct bytes body, uint32_t from, struct act_effects *out,
                        link_deliver *deliver, void *ctx)
{
    CLEANUP(wire_message_free) Lockstep__Message *message = NULL;
    int rc = wire_message_unpack(body, &message);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0) {
        act_reject(out, from, wire_reject_reason(rc), "message: %s", err_text(rc));
        return 0;
    }
    return deliver(ctx, from, message);
}

/* Delivers what was held back and is in turn now. */
static int deliver_early(struct link_session *s, const struct act_event *ev,
                         struct act_effects *out, link_deliver *deliver, void *ctx)
{
    size_t used = 0;
    int rc = 0;
    while (rc == 0 && used < s->n_early && s->early[used].seq == s->next_in) {
        s->next_in++;
        rc = deliver_body(s->early[used].body->view, ev->from, out, deliver, ctx);
        act_payload_unref(&s->early[used].body);
        used++;
    }
    drop_first(s, used);
    return rc;
}

/* Begins with the oldest message the sender still keeps: no other can come any more. That is ahead
 * of our turn when an earlier life of ours acknowledged more than a late frame let us believe. */
static void begin_at(struct link_session *s, uint64_t oldest)
{
    size_t passed = 0;
    while (passed < s->n_early && s->early[passed].seq < oldest) {
        act_payload_unref(&s->early[passed].body);
        passed++;
    }
    drop_first(s, passed);
    s->next_in = oldest;
}

static bool frame_is_for_us(const struct links *l, uint32_t from, const Lockstep__Frame *f,
                            struct act_effects *out)
{
    if (f->version != 1) {
        act_reject(out, from, ACT_REJECT_VERSION, "frame of version %u, this is 1", f->version);
        return false;
    }
    if (!bytes_equal(wire_view(&f->deployment), BYTES_OF(l->options.deployment))) {
        act_reject(out, from, ACT_REJECT_DEPLOYMENT, "frame of another deployment");
        return false;
    }
    return true;
}

static int take_frame(struct links *l, const struct act_event *ev, struct act_effects *out,
                      const Lockstep__Frame *f, link_deliver *deliver, void *ctx)
{
    struct link_session *s = &l->sessions[ev->from];
    if (f->epoch < s->peer_epoch) {
        act_reject(out, ev->from, ACT_REJECT_STALE, "frame from an earlier life");
        return 0;
    }
    if (f->epoch > s->peer_epoch) {
        s->peer_epoch = f->epoch;
        s->next_in = 0;
        drop_early(s);
    }
    take_ack(l, ev, out, f);
    if (f->seq == 0) {
        return 0;
    }
    s->owes_ack = true;
    if (s->next_in < f->oldest) {
        begin_at(s, f->oldest);
    }
    if (f->seq < s->next_in) {
        return 0; /* repeated: the acknowledgement was lost or late */
    }
    int rc = 0;
    if (f->seq > s->next_in) {
        rc = keep_early(l, ev->from, out, f);
    } else {
        s->next_in++;
        rc = deliver_body(wire_view(&f->body), ev->from, out, deliver, ctx);
    }
    return rc != 0 ? rc : deliver_early(s, ev, out, deliver, ctx);
}

int links_receive(struct links *l, const struct act_event *ev, struct act_effects *out,
                  link_deliver *deliver, void *ctx)
{
    if (ev->from == ACT_HOST) {
        return deliver_body(ev->body, ACT_HOST, out, deliver, ctx);
    }
    if (ev->from > l->options.n_peers || ev->from == l->options.self) {
        act_reject(out, ev->from, ACT_REJECT_UNKNOWN_PEER, "no such peer");
        return 0;
    }
    CLEANUP(wire_frame_free) Lockstep__Frame *f = NULL;
    int rc = wire_frame_unpack(ev->body, &f);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != 0) {
        act_reject(out, ev->from, wire_reject_reason(rc), "frame: %s", err_text(rc));
        return 0;
    }
    if (!frame_is_for_us(l, ev->from, f, out)) {
        return 0;
    }
    return take_frame(l, ev, out, f, deliver, ctx);
}

int links_timer(struct links *l, const struct act_event *ev, struct act_effects *out)
{
    uint64_t peer = ev->id - LINK_TIMER_BASE;
    CHECK(peer >= 1 && peer <= l->options.n_peers);
    struct link_session *s = &l->sessions[peer];
    s->timer_armed = false;
    if (s->n_waiting == 0) {
        return 0;
    }
    size_t burst = s->n_waiting < RESEND_BURST ? s->n_waiting : RESEND_BURST;
    for (size_t i = 0; i < burst; i++) {
        emit(l, out, (uint32_t)peer, s->oldest + i, s->waiting[i]->view);
    }
    if (s->patience < MAX_PATIENCE) {
        s->patience *= 2;
    }
    arm(l, out, ev->now, (uint32_t)peer);
    return out->err;
}

void links_flush(struct links *l, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_MESSAGE && ev->from >= 1 && ev->from <= l->options.n_peers &&
        l->sessions[ev->from].owes_ack) {
        emit(l, out, ev->from, 0, (struct bytes){0});
    }
}
