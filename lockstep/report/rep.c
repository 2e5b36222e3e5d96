#include "lockstep/report/rep.h"

#include "common/base/cleanup.h"

#include <stdio.h>

/* ---- The verdict ---- */

static bool actor_failed(const struct simulation *sim)
{
    for (size_t i = 0; i < sim->history.n; i++) {
        const struct history_item *item = &sim->history.items[i];
        if (item->kind == HISTORY_LIFE && item->life.what == RUN_LIFE_FAILED) {
            return true;
        }
    }
    return false;
}

static bool expectation_fails(const struct rep_run *run, enum xpc_kind kind)
{
    for (size_t i = 0; i < run->expect->n; i++) {
        if (run->expect->results[i].verdict == XPC_FAILED && run->expect->results[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/* A check is made after every run; the scenario may say that it expects it to be violated. */
static bool check_fails(const struct rep_run *run, bool liveness)
{
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        if (run->checks->results[i].verdict == CHK_BROKEN &&
            (i == (int)SCN_CHECK_LIVENESS) == liveness &&
            !xpc_expects_violation(run->m->scn, (enum scn_check)i)) {
            return true;
        }
    }
    return false;
}

enum rep_exit rep_exit_of(const struct rep_run *run)
{
    if (run->sim->result.end == RUN_END_WALL) {
        return REP_WALL;
    }
    if (actor_failed(run->sim)) {
        return REP_CRASHED;
    }
    if (expectation_fails(run, XPC_SAFETY) || check_fails(run, false)) {
        return REP_UNSAFE;
    }
    if (expectation_fails(run, XPC_LIVENESS) || check_fails(run, true)) {
        return REP_STUCK;
    }
    if (expectation_fails(run, XPC_DETERMINISM)) {
        return REP_UNSTABLE;
    }
    return run->expect->n_met < run->expect->n ? REP_INCONCLUSIVE : REP_PASS;
}

#define EXIT_MAP(X)                                                                                \
    X(REP_PASS, "PASS", "all came out as it must")                                                 \
    X(REP_UNSAFE, "UNSAFE", "an expectation or a safety check is broken")                          \
    X(REP_INCONCLUSIVE, "INCONCLUSIVE", "something expected never happened")                       \
    X(REP_STUCK, "STUCK", "a bundle was not decided in time")                                      \
    X(REP_CRASHED, "CRASHED", "an actor crashed")                                                  \
    X(REP_UNSTABLE, "UNSTABLE", "the fingerprint is not the expected one")                         \
    X(REP_WALL, "TIMEOUT", "the wall-clock limit was reached")

const char *rep_exit_word(enum rep_exit code)
{
    switch (code) {
#define X(symbol, word, meaning)                                                                   \
    case symbol:                                                                                   \
        return word;
        EXIT_MAP(X)
#undef X
    }
    return "?";
}

const char *rep_exit_meaning(enum rep_exit code)
{
    switch (code) {
#define X(symbol, word, meaning)                                                                   \
    case symbol:                                                                                   \
        return meaning;
        EXIT_MAP(X)
#undef X
    }
    return "?";
}

/* ---- Words ---- */

void rep_wrap(struct buf *out, size_t indent, const char *text)
{
    size_t column = indent;
    while (*text != 0) {
        size_t len = strcspn(text, " \n");
        bool full = column > indent && column + 1 + len > REP_WIDTH;
        if (full || *text == '\n') {
            buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            buf_append_u8(out, ' ');
            column++;
        }
        text += *text == '\n' ? 1 : 0;
        len = strcspn(text, " \n");
        buf_append(out, text, len);
        column += len;
        text += len;
        text += strspn(text, " ");
    }
    buf_append_u8(out, '\n');
}

const char *rep_entry_word(const struct mdl_block *b, uint32_t i, bool final)
{
    if (!b->has_body || i >= b->block.count) {
        return "-";
    }
    if (b->receipts == NULL) {
        return "void";
    }
    if (b->block.entries[i].kind == PRO_ENTRY_EXCLUDED) {
        return final ? "excluded" : "removed";
    }
    if (mdl_succeeded(b, i)) {
        return "executed";
    }
    return final ? "reverted" : "failed";
}

const char *rep_stranger(const struct mdl *m, const struct pro_entry *e)
{
    CLEANUP(led_tx_fini) struct led_tx tx = {0};
    const struct cluster *c = m->sim->cluster;
    if (e->kind != PRO_ENTRY_TX || led_tx_decode(e->tx, &tx) != 0) {
        return "?";
    }
    for (size_t i = 0; i < c->n_users; i++) {
        if (addr20_equal(&c->users[i].address, &tx.sender)) {
            return c->user_names[i];
        }
    }
    return "?";
}

static const char *cmp_sign(enum scn_cmp cmp)
{
    return cmp == SCN_EQUALS ? "=" : cmp == SCN_AT_LEAST ? ">=" : "<=";
}

static void print_require(const struct scn_require *r, struct buf *out)
{
    switch (r->kind) {
    case SCN_REQUIRE_BALANCE:
        buf_printf(out, "require %s of %s %s ", r->balance.asset.text, r->balance.account.text,
                   cmp_sign(r->balance.cmp));
        led_u128_print(r->balance.value, out);
        break;
    case SCN_REQUIRE_PRICE:
        buf_printf(out, "require price of %s in %s %s ", r->price.asset.text, r->price.pool.text,
                   cmp_sign(r->price.cmp));
        led_u128_print(r->price.value.num, out);
        buf_printf(out, "/");
        led_u128_print(r->price.value.den, out);
        break;
    case SCN_REQUIRE_NONCE:
        buf_printf(out, "require nonce of %s = %llu", r->nonce.account.text,
                   (unsigned long long)r->nonce.equals);
        break;
    }
}

static void print_lend(const char *what, const char *where, const struct scn_lend *l,
                       struct buf *out)
{
    buf_printf(out, "%s%s ", l->flash ? "flash " : "", what);
    led_u128_print(l->amount, out);
    buf_printf(out, "%s%s %s %s", l->asset.text != NULL ? " " : "",
               l->asset.text != NULL ? l->asset.text : "", where, l->pool.text);
}

static void print_bridge(const char *way, const struct scn_bridge *g, struct buf *out)
{
    buf_printf(out, "bridge ");
    led_u128_print(g->amount, out);
    buf_printf(out, " %s %s %s for %s", g->asset.text, way, g->rollup.text, g->account.text);
}

void rep_op(const struct scn_op *op, struct buf *out)
{
    switch (op->kind) {
    case SCN_OP_TRANSFER:
        buf_printf(out, "transfer ");
        led_u128_print(op->transfer.amount, out);
        buf_printf(out, " %s to %s", op->transfer.asset.text, op->transfer.to.text);
        break;
    case SCN_OP_SWAP:
        buf_printf(out, "swap ");
        led_u128_print(op->swap.amount, out);
        buf_printf(out, " %s in %s", op->swap.in.text, op->swap.pool.text);
        break;
    case SCN_OP_REQUIRE:
        print_require(&op->require, out);
        break;
    case SCN_OP_FAIL:
        buf_printf(out, "fail");
        break;
    case SCN_OP_DEPOSIT:
        print_lend("deposit", "in", &op->lend, out);
        break;
    case SCN_OP_WITHDRAW:
        print_lend("withdraw", "from", &op->lend, out);
        break;
    case SCN_OP_BORROW:
        print_lend("borrow", "from", &op->lend, out);
        break;
    case SCN_OP_REPAY:
        print_lend("repay", "to", &op->lend, out);
        break;
    case SCN_OP_BRIDGE_OUT:
        print_bridge("out to", &op->bridge, out);
        break;
    case SCN_OP_BRIDGE_IN:
        print_bridge("in from", &op->bridge, out);
        break;
    }
}

/* The leg of a bundle that stands at a place. */
static const struct scn_leg *leg_at(const struct mdl_bundle *b, uint32_t chain, uint32_t order)
{
    for (size_t i = 0; i < b->n_legs; i++) {
        if (b->legs[i].chain == chain && b->legs[i].order == order) {
            return &b->submit->legs.items[i];
        }
    }
    return NULL;
}

static void why_failed(const struct scn_leg *leg, const struct led_receipt *receipt,
                       struct buf *out)
{
    if (receipt == NULL) {
        buf_printf(out, ": what was sealed is no transaction");
        return;
    }
    buf_printf(out, ": %s", led_reason_name(receipt->reason));
    if (leg != NULL && receipt->failed_op < leg->ops.n) {
        buf_printf(out, ", ");
        rep_op(&leg->ops.items[receipt->failed_op], out);
    }
}

/* The first leg that stayed in the finalized block without effect. */
static void why_reverted(const struct mdl *m, const struct mdl_bundle *b, struct buf *out)
{
    const struct mdl_slot *slot = mdl_find_slot(m, b->preconf.slot);
    for (size_t i = 0; i < b->n_legs; i++) {
        const struct mdl_block *f = &slot->cells[b->legs[i].chain].final;
        uint32_t order = b->legs[i].order;
        if (f->block.entries[order].kind == PRO_ENTRY_TX && !mdl_succeeded(f, order)) {
            buf_printf(out, "%s.%u has no effect", m->chains[b->legs[i].chain].rollup->name.text,
                       order);
            why_failed(&b->submit->legs.items[i], &f->receipts[order], out);
            return;
        }
    }
}

/* Who paid for the voiding that came first, and for which slot. */
static void why_voided(const struct mdl *m, const struct mdl_bundle *b, struct buf *out)
{
    const struct mdl_void *v = mdl_void_of(m, b->preconf.slot);
    for (size_t i = 0; v != NULL && i < m->n_sentences; i++) {
        const struct mdl_sentence *s = &m->sentences[i];
        if (s->slot == v->first) {
            buf_printf(out, "%s was %s for slot %llu", mdl_actor_name(m, s->actor),
                       s->slashed ? "slashed" : "penalized", (unsigned long long)s->slot);
            return;
        }
    }
}

void rep_why(const struct mdl *m, const struct mdl_bundle *b, struct buf *out)
{
    if (b->outcome == SCN_REFUSED) {
        buf_printf(out, "%s%s%s", b->refusal, b->refusal_detail[0] != 0 ? ": " : "",
                   b->refusal_detail);
    } else if (b->has_cause) {
        buf_printf(out, "%s.%u failed in round %u", m->chains[b->cause_chain].rollup->name.text,
                   b->cause.order, b->cause.round);
        why_failed(leg_at(b, b->cause_chain, b->cause.order), mdl_cause_receipt(m, b), out);
        buf_printf(out, "%s", mdl_is_collateral(m, b) ? "; collateral" : "");
    } else if (b->out_of_rounds) {
        buf_printf(out, "undecided when the rounds ended");
    } else if (b->outcome == SCN_REVERTED || b->outcome == SCN_MIXED) {
        why_reverted(m, b, out);
    } else if (b->outcome == SCN_VOIDED) {
        why_voided(m, b, out);
    }
}

bool rep_is_note(const struct history_item *item, const char *what)
{
    return item->kind == HISTORY_RECORD &&
           item->record->body_case == LOCKSTEP__TRACE_RECORD__BODY_NOTE &&
           strcmp(item->record->note->what, what) == 0;
}

size_t rep_count_notes(const struct simulation *sim, const char *what)
{
    size_t n = 0;
    for (size_t i = 0; i < sim->history.n; i++) {
        n += rep_is_note(&sim->history.items[i], what);
    }
    return n;
}
