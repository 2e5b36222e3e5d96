/* The key-value store in memory: what a simulated disk holds. It outlives the crashes of its actor
 * and takes part in determinism: equal puts and dels give equal scans.
 *
 * A sorted array: keys mostly arrive in ascending order, scans are common. */
#ifndef ACTOR_STORE_MEM_H
#define ACTOR_STORE_MEM_H

#include "common/actor/store.h"

struct store_mem_entry; /* one key and its value */

struct store_mem {
    struct act_store store; /* hand out &m->store */
    struct store_mem_entry **entries;
    size_t n;
    size_t cap;
    uint64_t used_bytes;  /* keys and values together */
    uint64_t limit_bytes; /* a put that would exceed it is ERR_FULL; 0 means no limit */
};

void store_mem_init(struct store_mem *m, uint64_t limit_bytes);
void store_mem_fini(struct store_mem *m);

/* Removes every key: a lost disk. */
void store_mem_wipe(struct store_mem *m);

#endif
