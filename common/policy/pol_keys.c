#include "common/policy/pol_keys.h"

#include <stdlib.h>

struct ref {
    const struct pol_key *key;
    size_t at;
};

static int compare(const void *a, const void *b)
{
    const struct pol_key *x = ((const struct ref *)a)->key;
    const struct pol_key *y = ((const struct ref *)b)->key;
    if (x->chain != y->chain) {
        return x->chain < y->chain ? -1 : 1;
    }
    return memcmp(x->path.b, y->path.b, sizeof(x->path.b));
}

int pol_keys_number(const struct pol_key *keys, size_t n, uint32_t *ids, uint32_t *n_ids)
{
    struct ref *refs = calloc(n + 1, sizeof(*refs));
    uint32_t next = 0;
    if (refs == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        refs[i] = (struct ref){&keys[i], i};
    }
    qsort(refs, n, sizeof(*refs), compare);
    for (size_t i = 0; i < n; i++) {
        next += i > 0 && compare(&refs[i - 1], &refs[i]) != 0 ? 1 : 0;
        ids[refs[i].at] = next;
    }
    *n_ids = n > 0 ? next + 1 : 0;
    free(refs);
    return 0;
}
