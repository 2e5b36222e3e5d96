#include "common/base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int vec_reserve(void **items, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) {
        return 0;
    }
    size_t grown = *cap < 8 ? 8 : *cap * 2;
    if (grown < need) {
        grown = need;
    }
    if (grown > SIZE_MAX / size) {
        return ERR_NOMEM;
    }
    void *moved = realloc(*items, grown * size);
    if (moved == NULL) {
        return ERR_NOMEM;
    }
    memset((char *)moved + *cap * size, 0, (grown - *cap) * size);
    *items = moved;
    *cap = grown;
    return 0;
}
