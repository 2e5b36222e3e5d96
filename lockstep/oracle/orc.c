#include "lockstep/oracle/orc.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

int orc_cover(const struct orc_bundle *b, uint32_t leg, uint32_t *uncovered_op)
{
    CLEANUP(cleanup_free) const struct led_tx **txs = calloc((size_t)b->n_legs + 1, sizeof(*txs));
    if (txs == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < b->n_legs; i++) {
        txs[i] = b->legs[i].tx;
    }
    *uncovered_op = led_cover_check(txs, b->n_legs, leg);
    return 0;
}

static int execute_leg(struct led_state *const *states, const struct orc_bundle *b, uint32_t leg,
                       bool verified, struct led_receipt *out)
{
    const struct orc_leg *l = &b->legs[leg];
    uint32_t uncovered = LED_NO_OP;
    *out = (struct led_receipt){.failed_op = LED_NO_OP, .reason = LED_REASON_BAD_SIGNATURE};
    if (l->tx == NULL) {
        return 0;
    }
    int rc = orc_cover(b, leg, &uncovered);
    if (rc != 0) {
        return rc;
    }
    return verified ? led_execute_verified_in(states[l->chain], l->tx, uncovered, out)
                    : led_execute_in(states[l->chain], l->tx, uncovered, out);
}

/* In: room for a mark per leg. */
static int execute_bundle(struct led_state *const *states, const struct orc_bundle *b,
                          bool verified, struct led_mark *before, struct orc_verdict *out)
{
    *out = (struct orc_verdict){.included = true};
    for (uint32_t i = 0; i < b->n_legs; i++) {
        before[i] = led_state_mark(states[b->legs[i].chain]);
        int rc = execute_leg(states, b, i, verified, &out->receipt);
        if (rc != 0) {
            return rc;
        }
        if (!out->receipt.ok) {
            out->included = false;
            out->failed_leg = i;
            for (uint32_t k = i; k > 0; k--) {
                led_state_rollback(states[b->legs[k - 1].chain], before[k - 1]);
            }
            return 0;
        }
    }
    return 0;
}

int orc_execute(struct led_state *const *states, const struct orc_bundle *bundles, size_t n,
                bool verified, struct orc_verdict *out)
{
    uint32_t longest = 0;
    for (size_t i = 0; i < n; i++) {
        longest = bundles[i].n_legs > longest ? bundles[i].n_legs : longest;
    }
    CLEANUP(cleanup_free) struct led_mark *before = calloc((size_t)longest + 1, sizeof(*before));
    int rc = before == NULL ? ERR_NOMEM : 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = execute_bundle(states, &bundles[i], verified, before, &out[i]);
    }
    return rc;
}
