#include "lockstep/scenario/scn_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)16 << 10)

struct scn_arena_chunk {
    struct scn_arena_chunk *before;
    size_t bytes;
    _Alignas(max_align_t) unsigned char data[];
};

void *scn_arena_take(struct scn_arena *a, size_t n, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    size_t need = 0;
    if (__builtin_mul_overflow(n, size, &need) || need > SIZE_MAX / 2) {
        return NULL;
    }
    need = need == 0 ? align : (need + align - 1) / align * align;
    if (need > a->left) {
        size_t bytes = need > CHUNK_BYTES ? need : CHUNK_BYTES;
        struct scn_arena_chunk *chunk = calloc(1, sizeof(*chunk) + bytes);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->before = a->last;
        chunk->bytes = bytes;
        a->last = chunk;
        a->left = bytes;
    }
    void *out = a->last->data + (a->last->bytes - a->left);
    a->left -= need;
    return out;
}

char *scn_arena_text(struct scn_arena *a, const char *text, size_t len)
{
    char *copy = scn_arena_take(a, len + 1, 1);
    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

void scn_arena_fini(struct scn_arena *a)
{
    while (a->last != NULL) {
        struct scn_arena_chunk *chunk = a->last;
        a->last = chunk->before;
        free(chunk);
    }
    a->left = 0;
}
