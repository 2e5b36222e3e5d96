/* The table of a comparison by what runs take: a line for each, costs first; of policies also what
 * came of it. */
#include "common/base/cleanup.h"
#include "lockstep/compare/cmp.h"

/* Appends "+30 ETH, -5 USDC", or "-" if nothing came or went. */
void cmp_money_text(const struct cmp *c, const struct cmp_measure *m, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_assets; i++) {
        if (m->money[i].by != 0) {
            buf_printf(out, "%s%s", n++ > 0 ? ", " : "", m->money[i].less ? "-" : "+");
            led_u128_print(m->money[i].by, out);
            buf_printf(out, " %s", c->assets[i]);
        }
    }
    if (n == 0) {
        buf_printf(out, "-");
    }
}

static void put_costs(const struct cmp *c, struct buf *out)
{
    buf_printf(out, "\n%-17s%7s%9s%7s%10s%7s%11s%11s\n", "What it takes", "rounds", "messages",
               "KiB", "executed", "again", "decided at", "final at");
    for (size_t i = 0; i < c->n_runs; i++) {
        const struct cmp_measure *m = &c->runs[i].measure;
        buf_printf(out, "  %-15s%7llu%9llu%7llu%10llu%7llu%9.3f s%9.3f s\n", c->runs[i].label,
                   (unsigned long long)m->rounds, (unsigned long long)m->messages,
                   (unsigned long long)(m->bytes / 1024), (unsigned long long)m->executed,
                   (unsigned long long)m->executed_again, (double)m->decided_ns / 1e9,
                   (double)m->final_ns / 1e9);
    }
}

static void put_results(const struct cmp *c, struct buf *out)
{
    buf_printf(out, "\n%-15s%9s%7s%12s%7s%10s%8s  %s\n", "Bundles", "included", "root",
               "collateral", "mixed", "reverted", "unlike", "money");
    buf_printf(out, "%-15s%9s%7s%12s%7s%10s%8s  %s\n", "", "", "excl.", "excl.", "", "", "oracle",
               "made, lost");
    for (size_t i = 0; i < c->n_runs; i++) {
        const struct cmp_measure *m = &c->runs[i].measure;
        buf_printf(out, "  %-13s%9llu%7llu%12llu%7llu%10llu%8llu  ", c->runs[i].label,
                   (unsigned long long)m->included, (unsigned long long)m->root,
                   (unsigned long long)m->collateral, (unsigned long long)m->mixed,
                   (unsigned long long)m->reverted, (unsigned long long)m->unlike_serial);
        cmp_money_text(c, m, out);
        buf_append_u8(out, '\n');
    }
}

void cmp_policies_text(const struct cmp *c, struct buf *out)
{
    put_costs(c, out);
    if (!cmp_is_by_policy(c)) {
        buf_printf(
            out, "\n  reexecute and ideal_recursive are modelled: what it would take in time and\n"
                 "  bytes, by the scenario's `execution`, of a prover that does not exist.\n");
        return;
    }
    put_results(c, out);
    buf_printf(out,
               "\n  Excluded for a failure that executing bundles one by one has too (root), or\n"
               "  has not (collateral). Unlike the oracle: decided otherwise than one by one.\n");
}

void cmp_csv_policies(const struct cmp *c, struct buf *out)
{
    buf_printf(out,
               "%s,rounds,messages,bytes,executed,executed_again,decided_ns,final_ns,included,root,"
               "collateral,mixed,reverted,other,unlike_oracle",
               c->over->word);
    for (size_t i = 0; i < c->n_assets; i++) {
        buf_printf(out, ",made %s", c->assets[i]);
    }
    buf_printf(out, "\r\n");
    for (size_t i = 0; i < c->n_runs; i++) {
        const struct cmp_measure *m = &c->runs[i].measure;
        const uint64_t numbers[] = {m->rounds,
                                    m->messages,
                                    m->bytes,
                                    m->executed,
                                    m->executed_again,
                                    (uint64_t)m->decided_ns,
                                    (uint64_t)m->final_ns,
                                    m->included,
                                    m->root,
                                    m->collateral,
                                    m->mixed,
                                    m->reverted,
                                    m->other,
                                    m->unlike_serial};
        buf_printf(out, "%s", c->runs[i].label);
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            buf_printf(out, ",%llu", (unsigned long long)numbers[k]);
        }
        for (size_t k = 0; k < c->n_assets; k++) {
            buf_printf(out, ",%s", m->money[k].less ? "-" : "");
            led_u128_print(m->money[k].by, out);
        }
        buf_printf(out, "\r\n");
    }
}
