/* Scope-bound release: `CLEANUP(buf_fini) struct buf b = {0};` runs buf_fini(&b) on every way out.
 * The function named takes a pointer to the variable. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* For `CLEANUP(cleanup_free) T *p = NULL;`. */
static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

/* Hands a pointer out of its cleanup scope: `*out = MOVE(p);` leaves p NULL. */
#define MOVE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) moved_ = (p);                                                                \
        (p) = NULL;                                                                                \
        moved_;                                                                                    \
    })

#endif
