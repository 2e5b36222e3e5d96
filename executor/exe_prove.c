#include "executor/exe_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_failure.h"

#include <stdlib.h>

int exe_failures_put(struct exe_failures *f, struct led_state *s, uint32_t order,
                     const struct led_tx *tx)
{
    size_t at = f->n;
    while (at > 0 && f->items[at - 1].order > order) {
        at--;
    }
    if (at > 0 && f->items[at - 1].order == order) {
        buf_clear(&f->items[at - 1].witness);
        return led_witness_make(s, tx, &f->items[at - 1].witness);
    }
    int rc = VEC_RESERVE(f->items, f->cap, f->n + 1);
    if (rc != 0) {
        return rc;
    }
    memmove(&f->items[at + 1], &f->items[at], (f->n - at) * sizeof(*f->items));
    f->items[at] = (struct exe_failed){order, {.limit = PRO_MAX_WITNESS_BYTES}};
    f->n++;
    return led_witness_make(s, tx, &f->items[at].witness);
}

void exe_failures_drop(struct exe_failures *f, const bool *ok, const bool *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (ok[f->items[i].order] || out[f->items[i].order]) {
            buf_fini(&f->items[i].witness);
        } else {
            f->items[kept++] = f->items[i];
        }
    }
    f->n = kept;
}

void exe_failures_fini(struct exe_failures *f)
{
    for (size_t i = 0; i < f->n; i++) {
        buf_fini(&f->items[i].witness);
    }
    free(f->items);
    *f = (struct exe_failures){0};
}

int exe_prove(struct exe_slot *slot, const struct hash32 *pre_root, const struct hash32 *roots,
              uint32_t count)
{
    const struct exe_failures *f = &slot->failed;
    CLEANUP(pro_merkle_tree_fini) struct pro_merkle_tree tree = {0};
    CLEANUP(cleanup_free) struct pro_step *steps = calloc(f->n + 1, sizeof(*steps));
    if (steps == NULL) {
        return ERR_NOMEM;
    }
    int rc = f->n > 0 ? pro_merkle_tree_init(&tree, roots, count) : 0;
    for (size_t i = 0; rc == 0 && i < f->n; i++) {
        pro_step_open(pre_root, roots, &tree, f->items[i].order, &steps[i]);
        steps[i].witness = buf_view(&f->items[i].witness);
    }
    slot->roots.limit = WIRE_MAX_FRAME;
    buf_clear(&slot->roots);
    buf_append(&slot->roots, roots, (size_t)count * sizeof(*roots));
    slot->proofs.limit = WIRE_MAX_FRAME;
    buf_clear(&slot->proofs);
    if (rc == 0) {
        pro_proofs_encode(steps, (uint32_t)f->n, &slot->proofs);
        rc = slot->proofs.err != 0 ? slot->proofs.err : slot->roots.err;
    }
    return rc;
}
