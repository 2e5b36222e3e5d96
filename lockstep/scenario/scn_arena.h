/* Memory of one document or one scenario: pieces are taken one by one and released together.
 * Everything handed out is zeroed and aligned for any type. */
#ifndef SCN_ARENA_H
#define SCN_ARENA_H

#include <stddef.h>

struct scn_arena_chunk;

/* All zeroes is an empty arena. */
struct scn_arena {
    struct scn_arena_chunk *last;
    size_t left; /* bytes free at the end of the last chunk */
};

/* Returns: n * size zeroed bytes owned by the arena (at least one), or NULL when out of memory. */
void *scn_arena_take(struct scn_arena *a, size_t n, size_t size);

/* Returns: a zero-terminated copy of len bytes owned by the arena, or NULL when out of memory. */
char *scn_arena_text(struct scn_arena *a, const char *text, size_t len);

/* Releases everything taken; the arena is empty again. */
void scn_arena_fini(struct scn_arena *a);

#endif
