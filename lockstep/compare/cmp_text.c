#include "common/base/cleanup.h"
#include "lockstep/compare/cmp.h"

/* First column and each other one; what does not fit goes below. */
#define LABEL_WIDTH 26
#define CELL_WIDTH(c) ((REP_WIDTH - LABEL_WIDTH) / (int)(c)->n_runs)

static void put_head(const struct cmp *c, const char *title, size_t first, struct buf *out)
{
    buf_printf(out, "\n%-*s", LABEL_WIDTH, title);
    for (size_t i = 0; i < c->n_runs; i++) {
        buf_printf(out, "%*s", CELL_WIDTH(c), i < first ? "" : c->runs[i].label);
    }
    buf_append_u8(out, '\n');
}

/* Appends what run `i` has to say in a table. */
typedef void cell_text(const struct cmp *c, const void *row, size_t i, struct buf *out);

/* A row of a table; if a text is too long for its column, a line for each. */
static void put_row(const struct cmp *c, const char *label, size_t first, cell_text *put_cell,
                    const void *row, struct buf *out)
{
    CLEANUP(buf_fini) struct buf line = {0};
    bool fits = strlen(label) + 2 < LABEL_WIDTH;
    buf_printf(&line, "  %-*s", LABEL_WIDTH - 2, label);
    for (size_t i = 0; i < c->n_runs; i++) {
        CLEANUP(buf_fini) struct buf cell = {0};
        if (i >= first) {
            put_cell(c, row, i, &cell);
        }
        fits = fits && (int)cell.len < CELL_WIDTH(c);
        buf_printf(&line, "%*s", CELL_WIDTH(c), cell.len != 0 ? buf_cstr(&cell) : "");
    }
    if (fits) {
        buf_printf(out, "%s\n", buf_cstr(&line));
        return;
    }
    buf_printf(out, "  %s\n", label);
    for (size_t i = first; i < c->n_runs; i++) {
        buf_printf(out, "    %-*s", LABEL_WIDTH - 4, c->runs[i].label);
        put_cell(c, row, i, out);
        buf_append_u8(out, '\n');
    }
}

/* ---- Balances ---- */

static void put_amount(const struct cmp *c, const void *row, size_t i, struct buf *out)
{
    led_u128_print(((const struct cmp_balance *)row)->amounts[i], out);
}

static void put_change(const struct cmp *c, const void *row, size_t i, struct buf *out)
{
    struct cmp_change change = cmp_change_of(row, i);
    if (change.by != 0) {
        buf_append_u8(out, change.less ? '-' : '+');
    }
    led_u128_print(change.by, out);
}

static bool changes(const struct cmp *c, const struct cmp_balance *b)
{
    for (size_t i = 1; i < c->n_runs; i++) {
        if (b->amounts[i] != b->amounts[0]) {
            return true;
        }
    }
    return false;
}

static void put_balances(const struct cmp *c, struct buf *out)
{
    put_head(c, "Balances at the end", 0, out);
    for (size_t i = 0; i < c->n_balances; i++) {
        CLEANUP(buf_fini) struct buf label = {0};
        const struct cmp_balance *b = &c->balances[i];
        buf_printf(&label, "%s  %s %s", b->rollup, b->account, b->asset);
        put_row(c, buf_cstr(&label), 0, put_amount, b, out);
    }
    CLEANUP(buf_fini) struct buf title = {0};
    buf_printf(&title, "Difference to %s", c->runs[0].label);
    put_head(c, buf_cstr(&title), 1, out);
    size_t n = 0;
    for (size_t i = 0; i < c->n_totals; i++) {
        CLEANUP(buf_fini) struct buf label = {0};
        const struct cmp_balance *b = &c->totals[i];
        if (changes(c, b)) {
            buf_printf(&label, "%s %s", b->account, b->asset);
            put_row(c, buf_cstr(&label), 1, put_change, b, out);
            n++;
        }
    }
    if (n == 0) {
        buf_printf(out, "  nobody holds more or less\n");
    }
}

/* ---- Bundles and runs ---- */

static void put_outcome(const struct cmp *c, const void *row, size_t i, struct buf *out)
{
    cmp_outcome(c, i, *(const size_t *)row, out);
}

static void put_bundles(const struct cmp *c, struct buf *out)
{
    put_head(c, "Bundles, and their slots", 0, out);
    for (size_t i = 0; i < c->runs[0].m->n_bundles; i++) {
        put_row(c, c->runs[0].m->bundles[i].submit->bundle.text, 0, put_outcome, &i, out);
    }
}

static void put_struck(const struct cmp *c, const void *row, size_t i, struct buf *out)
{
    const struct cmp_attack *a = row;
    buf_printf(out, "%llu", (unsigned long long)a->struck[i]);
}

static void put_verdict(const struct cmp *c, const void *row, size_t i, struct buf *out)
{
    buf_printf(out, "%s", rep_exit_word(c->runs[i].exit));
}

static void put_met(const struct cmp *c, const void *row, size_t i, struct buf *out)
{
    if (c->has_baseline && i == 0) {
        buf_printf(out, "not asked");
    } else {
        buf_printf(out, "%zu of %zu", c->runs[i].expect.n_met, c->runs[i].expect.n);
    }
}

static void put_runs(const struct cmp *c, struct buf *out)
{
    put_head(c, "Runs", 0, out);
    put_row(c, "verdict", 0, put_verdict, NULL, out);
    put_row(c, "expectations met", 0, put_met, NULL, out);
    for (size_t i = 0; i < c->n_attacks; i++) {
        CLEANUP(buf_fini) struct buf label = {0};
        buf_printf(&label, "%s in %llu, strikes", pro_fault_word(c->attacks[i].step->fault.kind),
                   (unsigned long long)c->attacks[i].step->at.slot);
        put_row(c, buf_cstr(&label), 0, put_struck, &c->attacks[i], out);
    }
}

/* What did not come out as it must, and where. */
static void put_failures(const struct cmp *c, struct buf *out)
{
    for (size_t i = 0; i < c->n_runs; i++) {
        const struct cmp_run *run = &c->runs[i];
        for (size_t k = 0; k < run->expect.n; k++) {
            struct xpc_result *r = &run->expect.results[k];
            if (r->verdict != XPC_MET) {
                CLEANUP(buf_fini) struct buf text = {0};
                buf_printf(&text, "%s: %s: %s; %s", run->label, xpc_verdict_word(r->verdict),
                           buf_cstr(&r->text), buf_cstr(&r->found));
                rep_wrap(out, 2, buf_cstr(&text));
            }
        }
        for (int k = 0; k < (int)SCN_CHECKS; k++) {
            const struct chk_result *r = &run->checks.results[k];
            if (r->verdict == CHK_BROKEN) {
                CLEANUP(buf_fini) struct buf text = {0};
                buf_printf(&text, "%s: %s is broken: ", run->label,
                           scn_check_word((enum scn_check)k));
                buf_append_bytes(&text, buf_view(&r->detail));
                rep_wrap(out, 2, buf_cstr(&text));
            }
        }
    }
}

/* ---- What it comes to ---- */

static bool loses(const struct cmp *c, const struct cmp_balance *b)
{
    for (size_t i = 1; i < c->n_runs; i++) {
        if (b->amounts[i] < b->amounts[0]) {
            return true;
        }
    }
    return false;
}

static void put_hits(const struct cmp *c, const char *account, struct buf *out)
{
    CLEANUP(buf_fini) struct buf text = {0};
    size_t all = 0;
    for (size_t i = 1; i < c->n_runs; i++) {
        size_t n = cmp_hit_bundles(c, i, account);
        all += n;
        buf_printf(&text, "%s%zu%s %s", i == 1 ? "" : ", ", n,
                   i > 1    ? ""
                   : n == 1 ? " bundle hit"
                            : " bundles hit",
                   c->runs[i].said);
    }
    if (all != 0) {
        CLEANUP(buf_fini) struct buf line = {0};
        buf_printf(&line, "victim %s: %s", account, buf_cstr(&text));
        rep_wrap(out, 2, buf_cstr(&line));
    }
}

static void put_sum(const struct cmp *c, struct buf *out)
{
    const struct cluster *cluster = c->runs[0].sim.cluster;
    buf_append_u8(out, '\n');
    for (size_t user = 0; user < cluster->n_users; user++) {
        for (size_t i = 0; i < c->n_totals; i++) {
            CLEANUP(buf_fini) struct buf line = {0};
            const struct cmp_balance *b = &c->totals[i];
            if (b->account != cluster->user_names[user] ||
                !(b->attacker ? changes(c, b) : loses(c, b))) {
                continue;
            }
            buf_printf(&line, "%s %s: ", b->attacker ? "attacker" : "victim", b->account);
            cmp_change_text(c, b, &line);
            rep_wrap(out, 2, buf_cstr(&line));
        }
        put_hits(c, cluster->user_names[user], out);
    }
}

void cmp_text(const struct cmp *c, struct buf *out)
{
    CLEANUP(buf_fini) struct buf head = {0};
    buf_printf(&head, "%s: seed %llu, ", c->scn->name, (unsigned long long)c->seed);
    if (c->policy != NULL) {
        buf_printf(&head, "policy %s, ", c->policy);
    }
    buf_printf(&head, "host %s, the same run %s", c->host, c->over->what);
    rep_wrap(out, 0, buf_cstr(&head));
    for (size_t i = 0; i < c->n_attacks; i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        buf_printf(&text, "attack: ");
        cmp_attack_text(&c->attacks[i], &text);
        rep_wrap(out, 2, buf_cstr(&text));
    }
    if (cmp_is_measured(c)) {
        cmp_policies_text(c, out);
    } else {
        put_balances(c, out);
        put_bundles(c, out);
        put_runs(c, out);
    }
    put_failures(c, out);
    if (c->has_baseline && !cmp_is_measured(c)) {
        put_sum(c, out);
    }
}
