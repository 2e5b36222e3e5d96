/* A bounded allocator for unpacking one protobuf-c message: nothing is freed one by one, all of it
 * at the next reset, and a message that would need more than the limit does not decode. */
#ifndef RUNTIME_ARENA_H
#define RUNTIME_ARENA_H

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

struct arena_block; /* what did not fit into the base */

struct arena {
    ProtobufCAllocator allocator; /* hand out &a->allocator */
    uint8_t *base;
    size_t base_used;
    struct arena_block *blocks;
    uint64_t total_bytes;
    uint64_t limit_bytes;
};

/* In: must stay where it is. Returns: 0 or ERR_NOMEM. */
int arena_init(struct arena *a, uint64_t limit_bytes) MUST_CHECK;
/* Releases everything handed out since the last reset. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);

#endif
