#include "executor/exe_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_failure.h"

#include <stdlib.h>

int exe_failures_add(struct exe_failures *f, struct led_state *s, uint32_t order,
                     const struct led_tx *tx)
{
    int rc = VEC_RESERVE(f->items, f->cap, f->n + 1);
    if (rc != 0) {
        return rc;
    }
    struct exe_failed *failed = &f->items[f->n++];
    *failed = (struct exe_failed){order, {.limit = PRO_MAX_WITNESS_BYTES}};
    return led_witness_make(s, tx, &failed->witness);
}

void exe_failures_fini(struct exe_failures *f)
{
    for (size_t i = 0; i < f->n; i++) {
        buf_fini(&f->items[i].witness);
    }
    free(f->items);
    *f = (struct exe_failures){0};
}

int exe_prove(struct exe_slot *slot, const struct exe_failures *f, const struct hash32 *pre_root,
              const struct hash32 *roots, uint32_t count)
{
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
