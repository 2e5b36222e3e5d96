/* Growing arrays kept as the usual three fields: `T *items; size_t n, cap;`. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "common/base/err.h"

#include <stddef.h>

/* Makes room for at least `need` elements of `size` bytes, at least doubling.
 * Returns: 0 or ERR_NOMEM (array untouched). New memory is zeroed. */
int vec_reserve(void **items, size_t *cap, size_t need, size_t size) MUST_CHECK;

/* `rc = VEC_RESERVE(v->items, v->cap, v->n + 1);` */
#define VEC_RESERVE(items, cap, need)                                                              \
    vec_reserve((void **)&(items), &(cap), (need), sizeof(*(items)))

#endif
