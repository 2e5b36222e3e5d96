/* Names in scenarios hold neither commas nor quotes, so no field needs quoting. */
#include "lockstep/compare/cmp.h"

static void put_labels(const struct cmp *c, struct buf *out)
{
    for (size_t i = 0; i < c->n_runs; i++) {
        buf_printf(out, ",%s", c->runs[i].label);
    }
    buf_printf(out, "\r\n");
}

void cmp_csv_balances(const struct cmp *c, struct buf *out)
{
    buf_printf(out, "rollup,account,asset,attacker");
    put_labels(c, out);
    for (size_t i = 0; i < c->n_balances; i++) {
        const struct cmp_balance *b = &c->balances[i];
        buf_printf(out, "%s,%s,%s,%s", b->rollup, b->account, b->asset, b->attacker ? "yes" : "no");
        for (size_t k = 0; k < c->n_runs; k++) {
            buf_append_u8(out, ',');
            led_u128_print(b->amounts[k], out);
        }
        buf_printf(out, "\r\n");
    }
}

void cmp_csv_bundles(const struct cmp *c, struct buf *out)
{
    buf_printf(out, "bundle");
    for (size_t i = 0; i < c->n_runs; i++) {
        buf_printf(out, ",%s,%s slot", c->runs[i].label, c->runs[i].label);
    }
    buf_printf(out, "\r\n");
    for (size_t i = 0; i < c->runs[0].m->n_bundles; i++) {
        buf_printf(out, "%s", c->runs[0].m->bundles[i].submit->bundle.text);
        for (size_t k = 0; k < c->n_runs; k++) {
            const struct mdl_bundle *b = &c->runs[k].m->bundles[i];
            buf_printf(out, ",%s,", scn_outcome_word(b->outcome));
            if (b->promised) {
                buf_printf(out, "%llu", (unsigned long long)b->preconf.slot);
            }
        }
        buf_printf(out, "\r\n");
    }
}
