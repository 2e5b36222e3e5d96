/* What a run cost, and what it came to. */
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "lockstep/compare/cmp.h"

#include <stdlib.h>

static void measure_network(const struct cmp_run *run, struct cmp_measure *out)
{
    const struct run_result *r = &run->sim.result;
    for (size_t i = 0; i < r->n_actors; i++) {
        out->messages += r->actors[i].sent;
        out->bytes += r->actors[i].sent_bytes;
    }
}

/* What the first round takes; later ones are told by who executes. */
static void measure_slot(const struct mdl *m, const struct mdl_slot *slot, struct cmp_measure *out)
{
    out->rounds += slot->n_rounds;
    for (size_t k = 0; k < m->n_chains; k++) {
        const struct mdl_cell *c = &slot->cells[k];
        const struct mdl_block *first = c->n_rounds > 0 ? &c->rounds[0].proposal : NULL;
        for (uint32_t i = 0; first != NULL && first->has_body && i < first->block.count; i++) {
            out->executed += first->block.entries[i].kind == PRO_ENTRY_TX ? 1 : 0;
        }
        if (c->l1.finalized_at.ns > out->final_ns) {
            out->final_ns = c->l1.finalized_at.ns;
        }
    }
}

static bool is_executor(const struct cmp_run *run, uint32_t actor)
{
    return run->sim.cluster->actors[actor - 1].role == CLUSTER_EXECUTOR;
}

static void measure_notes(const struct cmp_run *run, struct cmp_measure *out)
{
    for (size_t i = 0; i < run->sim.history.n; i++) {
        const struct history_item *item = &run->sim.history.items[i];
        if (item->kind != HISTORY_RECORD ||
            item->record->body_case != LOCKSTEP__TRACE_RECORD__BODY_NOTE) {
            continue;
        }
        const Lockstep__TraceNote *note = item->record->note;
        if (strcmp(note->what, "executed_again") == 0 && is_executor(run, item->actor)) {
            out->executed += note->count;
            out->executed_again += note->count;
        } else if (strcmp(note->what, "finalized") == 0) {
            out->decided_ns = item->at.ns > out->decided_ns ? item->at.ns : out->decided_ns;
        }
    }
}

static void measure_bundle(const struct mdl *m, const struct mdl_bundle *b, struct cmp_measure *out)
{
    const struct mdl_slot *slot = b->promised ? mdl_find_slot(m, b->preconf.slot) : NULL;
    bool known = slot != NULL && slot->serial.known && b->preconf.seq < slot->serial.n;
    bool wanted = known && slot->serial.verdicts[b->preconf.seq].included;
    switch (b->outcome) {
    case SCN_EXECUTED:
        out->included++;
        break;
    case SCN_EXCLUDED:
        out->collateral += mdl_is_collateral(m, b) ? 1 : 0;
        out->root += mdl_is_collateral(m, b) ? 0 : 1;
        break;
    case SCN_MIXED:
        out->mixed++;
        break;
    case SCN_REVERTED:
        out->reverted++;
        break;
    default:
        out->other++;
        break;
    }
    bool any = b->outcome == SCN_EXECUTED || b->outcome == SCN_MIXED;
    if (known && (wanted ? b->outcome != SCN_EXECUTED : any)) {
        out->unlike_serial++;
    }
}

/* ---- Money ---- */

static int add_asset(struct cmp *c, const char *asset)
{
    for (size_t i = 0; i < c->n_assets; i++) {
        if (strcmp(c->assets[i], asset) == 0) {
            return 0;
        }
    }
    int rc = VEC_RESERVE(c->assets, c->cap_assets, c->n_assets + 1);
    if (rc == 0) {
        c->assets[c->n_assets++] = asset;
    }
    return rc;
}

static int find_assets(struct cmp *c)
{
    int rc = 0;
    for (size_t i = 0; i < c->scn->rollups.n; i++) {
        const struct scn_rollup *r = &c->scn->rollups.items[i];
        for (size_t k = 0; k < r->accounts.n; k++) {
            for (size_t j = 0; j < r->accounts.items[k].balances.n && rc == 0; j++) {
                rc = add_asset(c, r->accounts.items[k].balances.items[j].asset.text);
            }
        }
        for (size_t k = 0; k < r->pools.n; k++) {
            for (size_t j = 0; j < r->pools.items[k].reserves.n && rc == 0; j++) {
                rc = add_asset(c, r->pools.items[k].reserves.items[j].asset.text);
            }
        }
        for (size_t k = 0; k < r->lendings.n && rc == 0; k++) {
            rc = add_asset(c, r->lendings.items[k].asset.text);
        }
    }
    return rc;
}

static int total_of(const struct mdl *m, const char *asset, u128 *out)
{
    struct led_name name;
    *out = 0;
    int rc = led_name_set(&name, asset);
    for (size_t i = 0; i < m->n_chains && rc == 0; i++) {
        u128 one = 0;
        rc = led_state_total(m->chains[i].state, &name, &one);
        rc = rc == 0 && __builtin_add_overflow(*out, one, out) ? ERR_OVERFLOW : rc;
    }
    return rc;
}

static u128 genesis_of(const struct scn *scn, const char *asset)
{
    u128 sum = 0;
    for (size_t i = 0; i < scn->rollups.n; i++) {
        const struct scn_rollup *r = &scn->rollups.items[i];
        for (size_t k = 0; k < r->accounts.n; k++) {
            for (size_t j = 0; j < r->accounts.items[k].balances.n; j++) {
                const struct scn_amount *a = &r->accounts.items[k].balances.items[j];
                sum += strcmp(a->asset.text, asset) == 0 ? a->amount : 0;
            }
        }
        for (size_t k = 0; k < r->pools.n; k++) {
            for (size_t j = 0; j < r->pools.items[k].reserves.n; j++) {
                const struct scn_amount *a = &r->pools.items[k].reserves.items[j];
                sum += strcmp(a->asset.text, asset) == 0 ? a->amount : 0;
            }
        }
        for (size_t k = 0; k < r->lendings.n; k++) {
            const struct scn_lending *l = &r->lendings.items[k];
            sum += strcmp(l->asset.text, asset) == 0 ? l->liquidity : 0;
        }
    }
    return sum;
}

static int measure_money(const struct cmp *c, const struct mdl *m, struct cmp_measure *out)
{
    out->money = calloc(c->n_assets + 1, sizeof(*out->money));
    if (out->money == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n_assets; i++) {
        u128 now = 0, then = genesis_of(c->scn, c->assets[i]);
        int rc = total_of(m, c->assets[i], &now);
        if (rc != 0) {
            return rc;
        }
        out->money[i] = (struct cmp_change){now < then, now < then ? then - now : now - then};
    }
    return 0;
}

int cmp_measure(struct cmp *c)
{
    int rc = find_assets(c);
    for (size_t i = 0; i < c->n_runs && rc == 0; i++) {
        struct cmp_run *run = &c->runs[i];
        measure_network(run, &run->measure);
        measure_notes(run, &run->measure);
        for (size_t k = 0; k < run->m->n_slots; k++) {
            measure_slot(run->m, &run->m->slots[k], &run->measure);
        }
        for (size_t k = 0; k < run->m->n_bundles; k++) {
            measure_bundle(run->m, &run->m->bundles[k], &run->measure);
        }
        rc = measure_money(c, run->m, &run->measure);
    }
    return rc;
}
