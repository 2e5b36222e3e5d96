#include "common/base/cleanup.h"
#include "lockstep/compare/cmp.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void release(json_t **j)
{
    json_decref(*j);
}

/* Amounts have up to 128 bits: decimal strings. */
static json_t *amount(u128 v)
{
    CLEANUP(buf_fini) struct buf text = {0};
    led_u128_print(v, &text);
    return json_string(buf_cstr(&text));
}

static json_t *change(const struct cmp_balance *b, size_t i)
{
    CLEANUP(buf_fini) struct buf text = {0};
    struct cmp_change is = cmp_change_of(b, i);
    buf_printf(&text, "%s", is.less ? "-" : "");
    led_u128_print(is.by, &text);
    return json_string(buf_cstr(&text));
}

static json_t *balances(const struct cmp *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_balances; i++) {
        const struct cmp_balance *b = &c->balances[i];
        json_t *amounts = json_object();
        for (size_t k = 0; k < c->n_runs; k++) {
            json_object_set_new(amounts, c->runs[k].label, amount(b->amounts[k]));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:o}", "rollup", b->rollup,
                                              "account", b->account, "asset", b->asset, "attacker",
                                              b->attacker ? 1 : 0, "amounts", amounts));
    }
    return list;
}

static json_t *changes(const struct cmp *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_totals; i++) {
        const struct cmp_balance *b = &c->totals[i];
        json_t *by = json_object();
        for (size_t k = 1; k < c->n_runs; k++) {
            json_object_set_new(by, c->runs[k].label, change(b, k));
        }
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:b, s:o}", "account", b->account, "asset",
                                        b->asset, "attacker", b->attacker ? 1 : 0, "by", by));
    }
    return list;
}

static json_t *bundles(const struct cmp *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->runs[0].m->n_bundles; i++) {
        json_t *runs = json_object();
        for (size_t k = 0; k < c->n_runs; k++) {
            const struct mdl_bundle *b = &c->runs[k].m->bundles[i];
            json_object_set_new(
                runs, c->runs[k].label,
                json_pack("{s:s, s:o}", "outcome", scn_outcome_word(b->outcome), "slot",
                          b->promised ? json_integer((json_int_t)b->preconf.slot) : json_null()));
        }
        json_array_append_new(list, json_pack("{s:s, s:o}", "bundle",
                                              c->runs[0].m->bundles[i].submit->bundle.text, "runs",
                                              runs));
    }
    return list;
}

static json_t *attacks(const struct cmp *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_attacks; i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        const struct cmp_attack *a = &c->attacks[i];
        json_t *strikes = json_object();
        cmp_attack_text(a, &text);
        for (size_t k = 0; k < c->n_runs; k++) {
            json_object_set_new(strikes, c->runs[k].label, json_integer((json_int_t)a->struck[k]));
        }
        json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:s, s:o}", "kind",
                                              pro_fault_word(a->step->fault.kind), "slot",
                                              (json_int_t)a->step->at.slot, "account",
                                              a->step->fault.attack.account.text, "text",
                                              buf_cstr(&text), "strikes", strikes));
    }
    return list;
}

static json_t *money(const struct cmp *c, const struct cmp_measure *m)
{
    json_t *made = json_object();
    for (size_t i = 0; i < c->n_assets; i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        buf_printf(&text, "%s", m->money[i].less ? "-" : "");
        led_u128_print(m->money[i].by, &text);
        json_object_set_new(made, c->assets[i], json_string(buf_cstr(&text)));
    }
    return made;
}

static json_t *measure(const struct cmp *c, const struct cmp_measure *m)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
                     "rounds", (json_int_t)m->rounds, "messages", (json_int_t)m->messages, "bytes",
                     (json_int_t)m->bytes, "executed", (json_int_t)m->executed, "executed_again",
                     (json_int_t)m->executed_again, "decided_ns", (json_int_t)m->decided_ns,
                     "final_ns", (json_int_t)m->final_ns, "included", (json_int_t)m->included,
                     "root", (json_int_t)m->root, "collateral", (json_int_t)m->collateral, "mixed",
                     (json_int_t)m->mixed, "reverted", (json_int_t)m->reverted, "other",
                     (json_int_t)m->other, "unlike_oracle", (json_int_t)m->unlike_serial, "made",
                     money(c, m));
}

static json_t *runs(const struct cmp *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_runs; i++) {
        const struct cmp_run *run = &c->runs[i];
        char hex[65];
        hex_encode(BYTES_OF(run->sim.result.fingerprint), hex);
        json_array_append_new(
            list, json_pack("{s:s, s:b, s:s, s:i, s:I, s:I, s:s, s:o}", "run", run->label,
                            "attacks", run->sim.cluster->without_attacks ? 0 : 1, "verdict",
                            rep_exit_word(run->exit), "exit", (int)run->exit, "expectations",
                            (json_int_t)run->expect.n, "met", (json_int_t)run->expect.n_met,
                            "fingerprint", hex, "measures", measure(c, &run->measure)));
    }
    return list;
}

void cmp_json(const struct cmp *c, bool pretty, struct buf *out)
{
    char seed[24];
    (void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)c->seed);
    CLEANUP(release)
    json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "scenario",
                            c->scn->name, "over", c->over->word, "seed", seed, "host", c->host,
                            "runs", runs(c), "attacks", attacks(c), "balances", balances(c),
                            "changes", changes(c), "bundles", bundles(c));
    char *text = all == NULL ? NULL : json_dumps(all, pretty ? JSON_INDENT(2) : JSON_COMPACT);
    if (text == NULL) {
        out->err = out->err != 0 ? out->err : ERR_NOMEM;
        return;
    }
    buf_printf(out, "%s\n", text);
    free(text);
}
