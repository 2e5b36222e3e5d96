/* Reliable sessions over a network that delays, loses, duplicates and reorders.
 *
 * Every pair of parties has a session in each direction: messages carry sequence numbers, the
 * receiver delivers them once and in order and acknowledges cumulatively, the sender repeats what
 * is not acknowledged with doubling patience. The same layer serves a simulated network and real
 * sockets that reconnect.
 *
 * An acknowledgement leaves with the effects of the very step that processed the message, so what
 * is acknowledged has been processed and its durable writes are on disk. A party that starts anew
 * begins a new epoch (kept in its store); frames say which is the oldest message their sender still
 * keeps, so that a receiver without memory of the session knows where to begin.
 *
 * What a restart does to "once and in order": the messages a party had sent in its former life and
 * that the peer has not got are lost, always an end piece of them; a party may get again what its
 * former lives got, and may be spared it. Within one life nothing comes twice or out of order. */
#ifndef ACTOR_LINK_H
#define ACTOR_LINK_H

#include "common/actor/act.h"
#include "common/actor/wire.h"

/* Timer ids of this layer; a party's own ids stay below. */
#define LINK_TIMER_BASE (UINT64_C(1) << 56)

struct link_options {
    struct hash32 deployment;
    uint32_t n_peers; /* peers have ids 1..n_peers */
    uint32_t self;
    int64_t retry_ns;  /* first repetition after this; doubles up to 16 times */
    size_t max_queued; /* messages kept for one silent peer; beyond it the party stops */
    size_t max_early;  /* messages held that came before their turn, per peer */
};

struct link_session;

struct links {
    struct link_options options;
    struct act_store *store;
    uint64_t epoch;
    struct link_session *sessions; /* by peer id, 0 unused; owned */
};

/* Called for each message in order. `from` may be ACT_HOST. Returns: 0 or a negative code that ends
 * the step. */
typedef int link_deliver(void *ctx, uint32_t from, const Lockstep__Message *message);

/* Returns: 0 or ERR_NOMEM. `store` is borrowed. */
int links_init(struct links *l, const struct link_options *options,
               struct act_store *store) MUST_CHECK;
void links_fini(struct links *l);

/* On ACT_START: begins a new epoch. Returns: 0 or a store failure. */
int links_start(struct links *l) MUST_CHECK;

/* Queues a message and sends it. Sending to oneself or to an unknown peer is a bug. */
int links_send(struct links *l, struct act_effects *out, struct sim_time now, uint32_t to,
               const Lockstep__Message *message) MUST_CHECK;

/* On ACT_MESSAGE: unwraps, refuses what is not right, delivers what is in turn. */
int links_receive(struct links *l, const struct act_event *ev, struct act_effects *out,
                  link_deliver *deliver, void *ctx) MUST_CHECK;

/* On ACT_TIMER with an id of this layer: repeats what is not acknowledged. */
int links_timer(struct links *l, const struct act_event *ev, struct act_effects *out) MUST_CHECK;

/* At the end of every step: acknowledges what came in, unless a frame of this step already has. */
void links_flush(struct links *l, const struct act_event *ev, struct act_effects *out);

#endif
