#include "common/ledger/led_witness.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/ledger/led_state_core.h"
#include "common/ledger/smt_part.h"

int led_witness_make(struct led_state *s, const struct led_tx *tx, struct buf *out)
{
    CLEANUP(led_access_fini) struct led_access access = {0};
    int rc = led_access_of(tx, &access);
    if (rc != 0) {
        return rc;
    }
    smt_part_encode(&s->tree, access.paths, access.n, out);
    return out->err;
}

/* A state that holds the witness's part. */
static int open_state(const struct hash32 *pre_root, uint64_t rollup, struct bytes witness,
                      const struct led_access *access, struct led_state **out)
{
    CLEANUP(led_state_destroy) struct led_state *s = NULL;
    struct hash32 root;
    struct smt_item item;
    size_t cursor = 0;
    int rc = led_state_new(rollup, &s);
    rc = rc != 0 ? rc : smt_part_decode(witness, access->paths, access->n, &s->tree);
    if (rc != 0) {
        return rc;
    }
    led_state_root(s, &root);
    if (!hash32_equal(&root, pre_root)) {
        return ERR_PROOF;
    }
    while (smt_next(&s->tree, &cursor, &item)) {
        if (!led_state_entry_valid(item.key, item.value)) {
            return ERR_CORRUPT;
        }
    }
    *out = MOVE(s);
    return 0;
}

int led_witness_replay(const struct hash32 *pre_root, const struct led_step *step,
                       struct bytes witness, struct led_receipt *receipt, struct hash32 *post_root)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    CLEANUP(led_access_fini) struct led_access access = {0};
    CLEANUP(led_trace_fini) struct led_trace trace = {0};
    CLEANUP(led_state_destroy) struct led_state *s = NULL;
    struct led_receipt verdict = {0};
    int rc = led_tx_decode(step->tx, &tx);
    rc = rc != 0 ? rc : led_access_of(&tx, &access);
    rc = rc != 0 ? rc : open_state(pre_root, step->rollup, witness, &access, &s);
    if (rc != 0) {
        return rc;
    }
    led_state_trace(s, &trace);
    rc = led_execute_in(s, &tx, step->uncovered_op, &verdict);
    rc = rc != 0 ? rc : trace.err;
    if (rc != 0) {
        return rc;
    }
    /* Elsewhere the part of the tree knows nothing. */
    for (size_t i = 0; i < trace.n; i++) {
        CHECK(led_access_has(&access, &trace.paths[i]));
    }
    led_state_root(s, post_root);
    *receipt = verdict;
    return 0;
}
