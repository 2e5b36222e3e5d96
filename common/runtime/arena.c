#include "common/runtime/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define BASE_BYTES ((size_t)64 << 10)
#define ALIGN alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    alignas(max_align_t) uint8_t data[];
};

static void *arena_alloc(void *ctx, size_t size)
{
    struct arena *a = ctx;
    if (size > a->limit_bytes - a->total_bytes) {
        return NULL;
    }
    size_t rounded = (size + ALIGN - 1) & ~(ALIGN - 1);
    if (rounded <= BASE_BYTES - a->base_used) {
        void *p = a->base + a->base_used;
        a->base_used += rounded;
        a->total_bytes += size;
        return p;
    }
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        return NULL;
    }
    block->next = a->blocks;
    a->blocks = block;
    a->total_bytes += size;
    return block->data;
}

static void arena_free(void *ctx, void *p)
{
}

int arena_init(struct arena *a, uint64_t limit_bytes)
{
    *a = (struct arena){
        .allocator = {.alloc = arena_alloc, .free = arena_free, .allocator_data = a},
        .base = malloc(BASE_BYTES),
        .limit_bytes = limit_bytes,
    };
    return a->base != NULL ? 0 : ERR_NOMEM;
}

void arena_reset(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->base_used = 0;
    a->total_bytes = 0;
}

void arena_fini(struct arena *a)
{
    arena_reset(a);
    free(a->base);
    *a = (struct arena){0};
}
