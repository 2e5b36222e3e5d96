#include "common/runtime/queue.h"

#include "common/base/check.h"
#include "common/base/vec.h"

#include <stdlib.h>

/* Four children per node: half the levels of a binary heap, and siblings share cache lines. */
#define FANOUT 4

void queue_init(struct queue *q)
{
    *q = (struct queue){0};
}

void queue_fini(struct queue *q)
{
    for (size_t i = 0; i < q->n; i++) {
        act_payload_unref(&q->slots[q->heap[i].slot].event.body);
    }
    free(q->heap);
    free(q->slots);
    *q = (struct queue){0};
}

int queue_key_compare(const struct queue_key *a, const struct queue_key *b)
{
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns ? -1 : 1;
    }
    if (a->to != b->to) {
        return a->to < b->to ? -1 : 1;
    }
    if (a->from != b->from) {
        return a->from < b->from ? -1 : 1;
    }
    if (a->seq != b->seq) {
        return a->seq < b->seq ? -1 : 1;
    }
    return 0;
}

static void place(struct queue *q, size_t pos, const struct queue_entry *e)
{
    q->heap[pos] = *e;
    q->slots[e->slot].pos = pos;
}

static void sift_up(struct queue *q, size_t pos, struct queue_entry e)
{
    while (pos > 0) {
        size_t parent = (pos - 1) / FANOUT;
        if (queue_key_compare(&q->heap[parent].key, &e.key) < 0) {
            break;
        }
        place(q, pos, &q->heap[parent]);
        pos = parent;
    }
    place(q, pos, &e);
}

static void sift_down(struct queue *q, size_t pos, struct queue_entry e)
{
    for (;;) {
        size_t first = pos * FANOUT + 1;
        if (first >= q->n) {
            break;
        }
        size_t end = first + FANOUT < q->n ? first + FANOUT : q->n;
        size_t least = first;
        for (size_t child = first + 1; child < end; child++) {
            if (queue_key_compare(&q->heap[child].key, &q->heap[least].key) < 0) {
                least = child;
            }
        }
        if (queue_key_compare(&e.key, &q->heap[least].key) < 0) {
            break;
        }
        place(q, pos, &q->heap[least]);
        pos = least;
    }
    place(q, pos, &e);
}

static size_t body_bytes(const struct queue_event *ev)
{
    return ev->body != NULL ? ev->body->view.len : 0;
}

int queue_push(struct queue *q, const struct queue_event *ev, uint32_t *slot)
{
    if (q->n >= QUEUE_NONE - 1) {
        return ERR_FULL;
    }
    int rc = VEC_RESERVE(q->heap, q->heap_cap, q->n + 1);
    if (rc != 0) {
        return rc;
    }
    if (q->free_slot == 0) {
        rc = VEC_RESERVE(q->slots, q->slots_cap, q->n_slots + 1);
        if (rc != 0) {
            return rc;
        }
        q->slots[q->n_slots].next = 0;
        q->n_slots++;
        q->free_slot = (uint32_t)q->n_slots;
    }
    uint32_t index = q->free_slot - 1;
    q->free_slot = q->slots[index].next;
    q->slots[index].event = *ev;
    q->bytes += body_bytes(ev);
    q->n++;
    sift_up(q, q->n - 1, (struct queue_entry){ev->key, index});
    if (slot != NULL) {
        *slot = index;
    }
    return 0;
}

int64_t queue_next_ns(const struct queue *q)
{
    CHECK(q->n > 0);
    return q->heap[0].key.at_ns;
}

/* Takes the entry at `pos` out of the heap and its slot out of use. */
static void take(struct queue *q, size_t pos, struct queue_event *out)
{
    uint32_t index = q->heap[pos].slot;
    *out = q->slots[index].event;
    q->bytes -= body_bytes(out);
    q->slots[index].next = q->free_slot;
    q->slots[index].pos = SIZE_MAX;
    q->free_slot = index + 1;
    q->n--;
    if (pos == q->n) {
        return;
    }
    struct queue_entry last = q->heap[q->n];
    if (pos > 0 && queue_key_compare(&last.key, &q->heap[(pos - 1) / FANOUT].key) < 0) {
        sift_up(q, pos, last);
    } else {
        sift_down(q, pos, last);
    }
}

bool queue_pop(struct queue *q, struct queue_event *out)
{
    if (q->n == 0) {
        return false;
    }
    take(q, 0, out);
    return true;
}

void queue_remove(struct queue *q, uint32_t slot)
{
    CHECK(slot < q->n_slots && q->slots[slot].pos < q->n);
    struct queue_event gone;
    take(q, q->slots[slot].pos, &gone);
    act_payload_unref(&gone.body);
}
