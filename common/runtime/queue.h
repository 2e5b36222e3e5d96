/* The event queue of the simulator: a heap ordered by (time, destination, source, per-source
 * sequence). The order is total, so runs do not depend on how the heap happens to be laid out.
 * Waiting events can be removed (a cancelled timer leaves nothing behind). */
#ifndef RUNTIME_QUEUE_H
#define RUNTIME_QUEUE_H

#include "common/actor/act.h"

struct queue_key {
    int64_t at_ns;
    uint32_t to;
    uint32_t from;
    uint64_t seq; /* counts what `from` has caused */
};

enum queue_kind {
    QUEUE_START,
    QUEUE_MESSAGE,
    QUEUE_TIMER,
    QUEUE_WORK,
    QUEUE_CRASH,
    QUEUE_RESTART,
};

struct queue_event {
    struct queue_key key;
    enum queue_kind kind;
    bool on_network;          /* MESSAGE: came over a modelled link */
    bool keep_disk;           /* RESTART */
    uint32_t work_kind;       /* WORK */
    uint32_t life;            /* WORK: which life of the actor asked for it */
    uint64_t id;              /* TIMER, WORK: chosen by the actor */
    uint64_t work_seq;        /* WORK: counts the works of one life */
    struct act_payload *body; /* MESSAGE, WORK (the request); owned while queued */
};

struct queue_entry {
    struct queue_key key;
    uint32_t slot;
};

struct queue_slot {
    struct queue_event event;
    size_t pos;    /* in the heap */
    uint32_t next; /* free list */
};

struct queue {
    struct queue_entry *heap;
    size_t n;
    size_t heap_cap;
    struct queue_slot *slots;
    size_t n_slots;
    size_t slots_cap;
    uint32_t free_slot; /* 1 + index of the first free slot, 0 if none */
    uint64_t bytes;     /* bodies waiting, each reference counted in full */
};

#define QUEUE_NONE UINT32_MAX

void queue_init(struct queue *q);
/* Drops the references of all waiting events. */
void queue_fini(struct queue *q);

/* Returns: <0, 0, >0 as a is before, equal to, after b. */
int queue_key_compare(const struct queue_key *a, const struct queue_key *b);

/* Takes over the reference ev->body on success. Out: *slot (may be NULL) names the event for
 * queue_remove until it leaves the queue. Returns: 0, ERR_NOMEM, or ERR_FULL beyond 2^32 - 2. */
int queue_push(struct queue *q, const struct queue_event *ev, uint32_t *slot) MUST_CHECK;

/* Returns: the time of the first event; the queue must not be empty. */
int64_t queue_next_ns(const struct queue *q);

/* Out: the first event, with its reference. Returns: false if the queue is empty. */
bool queue_pop(struct queue *q, struct queue_event *out);

/* Removes a waiting event and drops its reference. */
void queue_remove(struct queue *q, uint32_t slot);

#endif
