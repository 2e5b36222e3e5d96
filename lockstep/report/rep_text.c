/* The summary on a terminal: 80 columns, the blocks side by side as the design's own table has
 * them. */
#include "common/base/cleanup.h"
#include "lockstep/report/rep.h"

#include <stdio.h>

#define ROWS_MAX 20 /* of a list, unless everything is asked for */
#define NAME_WIDTH 22
#define NS_PER_MS_F 1e6
#define NS_PER_S_F 1e9

struct page {
    const struct rep_run *run;
    const struct rep_style *style;
    struct buf *out;
};

/* ---- Style ---- */

#define BOLD "1"
#define GREEN "32"
#define RED "31"
#define YELLOW "33"

/* Appends text, padded to `width` columns, in a colour. */
static void put(const struct page *p, const char *colour, int width, const char *text)
{
    if (p->style->colour) {
        buf_printf(p->out, "\033[%sm%-*s\033[0m", colour, width, text);
    } else {
        buf_printf(p->out, "%-*s", width, text);
    }
}

static const char *outcome_colour(const char *word)
{
    if (strcmp(word, "executed") == 0) {
        return GREEN;
    }
    return strcmp(word, "mixed") == 0 || strcmp(word, "failed") == 0 ? RED : YELLOW;
}

static size_t limit(const struct page *p, size_t n)
{
    return p->style->verbose || n <= ROWS_MAX ? n : ROWS_MAX;
}

static void put_rest(const struct page *p, size_t shown, size_t n, const char *what)
{
    if (shown < n) {
        buf_printf(p->out, "  ... and %zu more %s (-v shows all)\n", n - shown, what);
    }
}

/* ---- Slots ---- */

static void put_name(const struct page *p, const struct pro_entry *e)
{
    const struct mdl_bundle *b = mdl_find_bundle(p->run->m, &e->bundle_id);
    const char *name = b != NULL ? b->submit->bundle.text : rep_stranger(p->run->m, e);
    char text[2 * NAME_WIDTH + 16];
    char leg[NAME_WIDTH] = "";
    if (e->n_legs > 1) {
        (void)snprintf(leg, sizeof(leg), " %u/%u", e->leg + 1, e->n_legs);
    }
    int room = NAME_WIDTH - (int)strlen(leg);
    bool cut = (int)strlen(name) > room;
    (void)snprintf(text, sizeof(text), "%.*s%s%s", cut ? room - 2 : room, name, cut ? ".." : "",
                   leg);
    buf_printf(p->out, "%-*s  ", NAME_WIDTH, text);
}

static void put_cell_head(const struct page *p, size_t chain, const struct mdl_cell *cell)
{
    char later[32] = "";
    char rollup[NAME_WIDTH + 1];
    (void)snprintf(rollup, sizeof(rollup), "rollup %s", p->run->m->chains[chain].rollup->name.text);
    if (cell->n_rounds == 2) {
        (void)snprintf(later, sizeof(later), "second proposal");
    } else if (cell->n_rounds > 2) {
        (void)snprintf(later, sizeof(later), "round %zu", cell->n_rounds - 1);
    }
    buf_printf(p->out, "     #  ");
    put(p, BOLD, NAME_WIDTH + 2, rollup);
    buf_printf(p->out, "%-16s", "proposal block");
    if (later[0] != 0) {
        buf_printf(p->out, "%-17s", later);
    }
    buf_printf(p->out, "finalized block\n");
}

static void put_cell(const struct page *p, size_t chain, const struct mdl_cell *cell)
{
    const struct mdl_block *first = cell->n_rounds > 0 ? &cell->rounds[0].proposal : NULL;
    if (first == NULL || !first->has_body) {
        return;
    }
    const struct mdl_block *last = &cell->rounds[cell->n_rounds - 1].proposal;
    size_t shown = limit(p, first->block.count);
    put_cell_head(p, chain, cell);
    for (uint32_t i = 0; i < shown; i++) {
        const char *before = rep_entry_word(first, i, false);
        const char *then = rep_entry_word(last, i, false);
        const char *after = rep_entry_word(&cell->final, i, true);
        buf_printf(p->out, "%6u  ", i);
        put_name(p, &first->block.entries[i]);
        put(p, outcome_colour(before), 16, before);
        if (last != first) {
            put(p, outcome_colour(then), 17, then);
        }
        put(p, outcome_colour(after), 0, after);
        buf_append_u8(p->out, '\n');
    }
    put_rest(p, shown, first->block.count, "transactions");
}

static struct sim_time final_at(const struct mdl *m, const struct mdl_slot *slot)
{
    struct sim_time t = {0};
    for (size_t i = 0; i < m->n_chains; i++) {
        if (slot->cells[i].l1.finalized_at.ns > t.ns) {
            t = slot->cells[i].l1.finalized_at;
        }
    }
    return t;
}

static void put_slot(const struct page *p, const struct mdl_slot *slot)
{
    struct sim_time final = final_at(p->run->m, slot);
    buf_printf(p->out, "\nSlot %llu: %u round%s", (unsigned long long)slot->number, slot->n_rounds,
               slot->n_rounds == 1 ? "" : "s");
    if (slot->is_void) {
        buf_printf(p->out, ", voided by L1");
    } else if (final.ns > 0) {
        buf_printf(p->out, ", final on L1 after %.3f s", (double) final.ns / NS_PER_S_F);
    } else {
        buf_printf(p->out, ", not final on L1");
    }
    buf_printf(p->out, "\n");
    for (size_t i = 0; i < p->run->m->n_chains; i++) {
        put_cell(p, i, &slot->cells[i]);
    }
}

static void put_slots(const struct page *p)
{
    size_t n = p->run->m->n_slots;
    size_t shown = limit(p, n);
    for (size_t i = 0; i < shown; i++) {
        put_slot(p, &p->run->m->slots[i]);
    }
    put_rest(p, shown, n, "slots");
}

/* ---- Bundles ---- */

static int name_width(const struct mdl *m)
{
    size_t widest = 6;
    for (size_t i = 0; i < m->n_bundles; i++) {
        size_t len = strlen(m->bundles[i].submit->bundle.text);
        widest = len > widest ? len : widest;
    }
    return widest > NAME_WIDTH ? NAME_WIDTH : (int)widest;
}

static void put_bundle(const struct page *p, const struct mdl_bundle *b, int width)
{
    CLEANUP(buf_fini) struct buf why = {0};
    const char *word = scn_outcome_word(b->outcome);
    buf_printf(p->out, "  %-*s  ", width, b->submit->bundle.text);
    rep_why(p->run->m, b, &why);
    put(p, outcome_colour(word), why.len > 0 ? 10 : 0, word);
    rep_wrap(p->out, (size_t)width + 14, buf_cstr(&why));
}

static void put_bundles(const struct page *p)
{
    const struct mdl *m = p->run->m;
    size_t shown = limit(p, m->n_bundles);
    buf_printf(p->out, "\nBundles\n");
    for (size_t i = 0; i < shown; i++) {
        put_bundle(p, &m->bundles[i], name_width(m));
    }
    put_rest(p, shown, m->n_bundles, "bundles");
}

/* ---- Checks and expectations ---- */

static void put_check(const struct page *p, enum scn_check check)
{
    const struct chk_result *r = &p->run->checks->results[check];
    bool expected = r->verdict == CHK_BROKEN && xpc_expects_violation(p->run->m->scn, check);
    buf_printf(p->out, "  %-13s ", scn_check_word(check));
    put(p,
        r->verdict == CHK_HOLDS              ? GREEN
        : r->verdict == CHK_IDLE || expected ? YELLOW
                                             : RED,
        7, chk_verdict_word(r->verdict));
    buf_printf(p->out, " %zu %s%s\n", r->examined, chk_units(r), expected ? ", as expected" : "");
    if (r->n_faults > 0) {
        CLEANUP(buf_fini) struct buf detail = {0};
        buf_append_bytes(&detail, buf_view(&r->detail));
        buf_printf(p->out, "                ");
        rep_wrap(p->out, 16, buf_cstr(&detail));
    }
}

static void put_checks(const struct page *p)
{
    buf_printf(p->out, "\nChecks\n");
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        put_check(p, (enum scn_check)i);
    }
}

static void put_expectation(const struct page *p, struct xpc_result *r)
{
    char place[32];
    (void)snprintf(place, sizeof(place), "line %u", r->line);
    buf_printf(p->out, "  %-9s ", place);
    put(p,
        r->verdict == XPC_MET      ? GREEN
        : r->verdict == XPC_FAILED ? RED
                                   : YELLOW,
        10, xpc_verdict_word(r->verdict));
    rep_wrap(p->out, 22, buf_cstr(&r->text));
    if (r->verdict != XPC_MET) {
        buf_printf(p->out, "%22s", "");
        rep_wrap(p->out, 22, buf_cstr(&r->found));
    }
}

static void put_expectations(const struct page *p)
{
    const struct xpc_report *x = p->run->expect;
    if (x->n_met == x->n && !p->style->verbose) {
        return;
    }
    buf_printf(p->out, "\nExpectations\n");
    for (size_t i = 0; i < x->n; i++) {
        if (p->style->verbose || x->results[i].verdict != XPC_MET) {
            put_expectation(p, &x->results[i]);
        }
    }
}

/* ---- What else happened ---- */

static void put_rejects(const struct page *p)
{
    const struct simulation *sim = p->run->sim;
    bool any = false;
    for (size_t i = 0; i < sim->result.n_actors; i++) {
        for (int reason = 0; reason < (int)ACT_REJECT_REASONS; reason++) {
            uint64_t n = sim->result.actors[i].rejects[reason];
            if (n > 0) {
                buf_printf(p->out, "%s  %-13s %llu %s\n", any ? "" : "\nMessages refused\n",
                           sim->cluster->actors[i].name, (unsigned long long)n,
                           act_reject_name((enum act_reject_reason)reason));
                any = true;
            }
        }
    }
}

/* Sentences that somebody stopped with. */
static void put_contradictions(const struct page *p)
{
    const struct simulation *sim = p->run->sim;
    for (size_t i = 0; i < sim->history.n; i++) {
        const struct history_item *item = &sim->history.items[i];
        if (rep_is_note(item, "contradiction")) {
            const Lockstep__TraceNote *note = item->record->note;
            buf_printf(p->out, "\n%s, slot %llu: ", sim->cluster->actors[item->actor - 1].name,
                       (unsigned long long)note->slot);
            rep_wrap(p->out, 0, note->detail);
        }
    }
}

static void put_warnings(const struct page *p)
{
    size_t late = rep_count_notes(p->run->sim, "deadline_missed");
    if (late > 0) {
        buf_printf(p->out,
                   "\n%zu promise%s left after a fast attacker could have opened the "
                   "puzzle.\n",
                   late, late == 1 ? "" : "s");
    }
    put_contradictions(p);
    for (size_t i = 0; i < p->run->sim->history.n; i++) {
        const struct history_item *item = &p->run->sim->history.items[i];
        if (item->kind == HISTORY_LIFE && item->life.what == RUN_LIFE_FAILED) {
            buf_printf(p->out, "\n%s failed at %.3f s: %s\n",
                       p->run->sim->cluster->actors[item->actor - 1].name,
                       (double)item->at.ns / NS_PER_S_F, err_text(item->life.rc));
        }
    }
}

/* ---- Head and foot ---- */

static void put_head(const struct page *p)
{
    const struct simulation *sim = p->run->sim;
    put(p, BOLD, 0, p->run->m->scn->name);
    buf_printf(p->out, "  seed %llu, policy %s, host %s", (unsigned long long)sim->cluster->seed,
               sim->cluster->policy, p->run->host);
    if (sim->result.ready_ns > 0) {
        buf_printf(p->out, " (%zu processes)", sim->result.n_actors);
    }
    if (sim->cluster->mempool == SCN_MEMPOOL_PLAINTEXT) {
        buf_printf(p->out, ", plaintext mempool");
    }
    if (sim->cluster->state_proof == PRO_STATE_PROOF_IDEAL_RECURSIVE) {
        buf_printf(p->out, "\n  idealised: recursive state proofs are a model of time and size");
    } else if (sim->cluster->state_proof == PRO_STATE_PROOF_REEXECUTE) {
        buf_printf(p->out, "\n  modelled: the time to execute every block again before it counts");
    }
    buf_printf(p->out, "\n");
}

static void put_verdict(const struct page *p)
{
    enum rep_exit code = rep_exit_of(p->run);
    put(p,
        code == REP_PASS           ? GREEN
        : code == REP_INCONCLUSIVE ? YELLOW
                                   : RED,
        0, rep_exit_word(code));
    if (p->style->quiet) {
        buf_printf(p->out, " %s", p->run->m->scn->name);
    }
    buf_printf(p->out, "  %zu of %zu expectations met; %s\n", p->run->expect->n_met,
               p->run->expect->n, rep_exit_meaning(code));
}

static void put_foot(const struct page *p)
{
    const struct run_result *r = &p->run->sim->result;
    char hex[65];
    hex_encode(BYTES_OF(r->fingerprint), hex);
    buf_printf(p->out, "fingerprint  %s\n", hex);
    buf_printf(p->out, "time         %.3f s simulated in %.3f s, %llu events",
               (double)r->now.ns / NS_PER_S_F, (double)p->run->wall_ns / NS_PER_S_F,
               (unsigned long long)r->delivered);
    if (r->ready_ns > 0) {
        buf_printf(p->out, ", ready in %.0f ms", (double)r->ready_ns / NS_PER_MS_F);
    }
    buf_printf(p->out, "\n");
    if (p->run->where != NULL) {
        buf_printf(p->out, "outputs      %s\n", p->run->where);
    }
    buf_printf(p->out, "reproduce    %s\n", p->run->reproduce);
}

void rep_text(const struct rep_run *run, const struct rep_style *style, struct buf *out)
{
    const struct page p = {run, style, out};
    bool passed = rep_exit_of(run) == REP_PASS;
    if (!style->quiet) {
        put_head(&p);
        put_slots(&p);
        put_bundles(&p);
        rep_court(run, out);
        put_checks(&p);
        put_rejects(&p);
    }
    if (!style->quiet || !passed) {
        put_expectations(&p);
        put_warnings(&p);
    }
    buf_printf(out, "%s", style->quiet ? "" : "\n");
    put_verdict(&p);
    if (!style->quiet || !passed) {
        put_foot(&p);
    }
}
