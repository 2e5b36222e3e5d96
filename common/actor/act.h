/* The step contract: every party is a deterministic state machine that performs no I/O, reads no
 * clock, draws no randomness and starts no thread of its own. A host hands it one event at a time
 * and carries out the effects it returns.
 *
 * Order within a step: durable writes (through the injected store) are durable before any send of
 * the same step leaves. Heavy computation is a `work` effect: the host computes the real result
 * and delivers it at `now + cost_ns`, a modelled cost, so no outcome depends on the machine.
 *
 * A bad message from a peer is not an error: the step returns 0 with a reject effect. A negative
 * return code (out of memory, disk) means that the actor cannot go on; the host stops it. */
#ifndef ACTOR_ACT_H
#define ACTOR_ACT_H

#include "common/actor/store.h"
#include "common/base/bytes.h"
#include "common/base/sim_time.h"

/* Actors are numbered 1.. in the order of the cluster's description. 0 is the host itself: the
 * scenario's script in simulation, the control socket of a live daemon. */
#define ACT_HOST UINT32_C(0)

/* Immutable bytes shared between the actors of one process; reference counted, single-threaded. */
struct act_payload {
    uint32_t refs;
    struct bytes view; /* points right behind this header */
};

/* Copies `data`. Returns: one reference, or NULL when out of memory. */
struct act_payload *act_payload_new(struct bytes data);
struct act_payload *act_payload_ref(struct act_payload *p);
/* Drops the reference and nulls the caller's pointer; NULL is allowed. */
void act_payload_unref(struct act_payload **p);

enum act_event_kind {
    ACT_START,     /* first event of every life; the store holds what earlier lives left */
    ACT_MESSAGE,   /* bytes from another actor, or from ACT_HOST */
    ACT_TIMER,     /* an armed timer is due */
    ACT_WORK_DONE, /* the result of a work effect */
};

/* Borrowed for the duration of the step. */
struct act_event {
    enum act_event_kind kind;
    struct sim_time now;
    uint32_t from;      /* MESSAGE: sender */
    uint64_t id;        /* TIMER, WORK_DONE: the id the actor chose */
    uint32_t work_kind; /* WORK_DONE */
    int work_rc;        /* WORK_DONE: what act_class.work returned */
    struct bytes body;  /* MESSAGE: payload; WORK_DONE: result */
};

enum act_effect_kind {
    ACT_SEND,   /* payload to an actor */
    ACT_ARM,    /* timer `id` fires once at `at`; arming again replaces; a past time means now */
    ACT_CANCEL, /* timer `id` will not fire */
    ACT_WORK,   /* compute act_class.work(kind, body); WORK_DONE `id` follows at now + cost_ns */
    ACT_RECORD, /* one trace record: a packed TraceRecord (proto/trace.proto) */
    ACT_REJECT, /* a message was refused: counted by (peer, reason) and traced */
};

/* Why a message was refused. X(symbol, wire name). Names show in traces, results and counters. */
#define ACT_REJECT_MAP(X)                                                                          \
    X(ACT_REJECT_OVERSIZED, "oversized")         /* larger than the wire limit */                  \
    X(ACT_REJECT_MALFORMED, "malformed")         /* does not decode */                             \
    X(ACT_REJECT_NONCANONICAL, "noncanonical")   /* re-encodes to other bytes */                   \
    X(ACT_REJECT_DEPLOYMENT, "wrong_deployment") /* another deployment id */                       \
    X(ACT_REJECT_VERSION, "wrong_version")       /* another protocol version */                    \
    X(ACT_REJECT_UNEXPECTED, "unexpected")       /* not from this peer, or not to this actor */    \
    X(ACT_REJECT_SIGNATURE, "bad_signature")                                                       \
    X(ACT_REJECT_STALE, "stale") /* for a slot or round that is over */                            \
    X(ACT_REJECT_DUPLICATE, "duplicate")                                                           \
    X(ACT_REJECT_LIMIT, "limit")         /* a configured limit is used up */                       \
    X(ACT_REJECT_CONTENT, "bad_content") /* decodes, but says something impossible */              \
    X(ACT_REJECT_UNKNOWN_PEER, "unknown_peer")

enum act_reject_reason {
#define X(symbol, name) symbol,
    ACT_REJECT_MAP(X)
#undef X
        ACT_REJECT_REASONS
};

/* Returns: the wire name of a reason, static storage. */
const char *act_reject_name(enum act_reject_reason reason);

struct act_effect {
    enum act_effect_kind kind;
    uint32_t peer;                 /* SEND: destination; REJECT: sender */
    uint64_t id;                   /* ARM, CANCEL, WORK */
    uint32_t work_kind;            /* WORK */
    struct sim_time at;            /* ARM */
    int64_t cost_ns;               /* WORK, >= 0 */
    enum act_reject_reason reason; /* REJECT */
    struct act_payload *body;      /* SEND, WORK, RECORD; REJECT: detail text; owned */
};

/* The effects of one step in the order the actor gave them; owned by the host, which clears it
 * before every step. The first failure to append sticks in `err`. */
struct act_effects {
    struct act_effect *items;
    size_t n;
    size_t cap;
    size_t limit; /* effects per step; 0 means ACT_EFFECTS_LIMIT */
    int err;
};

#define ACT_EFFECTS_LIMIT ((size_t)1 << 20)

/* Appenders: copy their bytes (except act_send_payload, which takes a reference of its own). */
void act_send(struct act_effects *out, uint32_t to, struct bytes body);
void act_send_payload(struct act_effects *out, uint32_t to, struct act_payload *body);
void act_arm(struct act_effects *out, uint64_t timer_id, struct sim_time at);
void act_cancel(struct act_effects *out, uint64_t timer_id);
void act_work(struct act_effects *out, uint64_t work_id, uint32_t work_kind, struct bytes request,
              int64_t cost_ns);
void act_record(struct act_effects *out, struct bytes record);
__attribute__((format(printf, 4, 5))) void act_reject(struct act_effects *out, uint32_t peer,
                                                      enum act_reject_reason reason,
                                                      const char *format, ...);

/* Releases what the effects own; keeps the array for the next step. */
void act_effects_clear(struct act_effects *out);
void act_effects_fini(struct act_effects *out);

/* What an actor is born with. Everything is borrowed and outlives the actor. */
struct act_setup {
    uint32_t id;
    const char *name;    /* "executor-A" */
    struct bytes config; /* packed ActorConfig (proto/config.proto) */
    struct act_store *store;
    struct hash32 entropy; /* seed of every secret the actor draws (common/crypto/drbg.h) */
    const void *resources; /* large read-only tables the host has loaded: struct act_resources */
};

struct act_actor; /* each core defines its own and casts */

/* A party, as the hosts see it. */
struct act_class {
    const char *role; /* "sequencer" */
    /* Out: a new actor. Returns: 0 or a negative code; on ERR_INVALID `why` holds a sentence. */
    int (*create)(const struct act_setup *setup, struct act_actor **out, struct buf *why);
    int (*step)(struct act_actor *self, const struct act_event *ev, struct act_effects *out);
    /* Computes a work effect. May read only what `create` set up and no step changes, so a host
     * may run it on another thread while steps go on. Appends the result. NULL if the class never
     * starts work. */
    int (*work)(const struct act_actor *self, uint32_t work_kind, struct bytes request,
                struct buf *result);
    void (*destroy)(struct act_actor **self);
};

#endif
