/* What was scripted to go wrong and what L1 made of it, for a terminal. */
#include "common/base/cleanup.h"
#include "lockstep/report/rep.h"

#define INDENT 11

/* Appends "  slot N" and pads to INDENT columns. */
static void begin(struct buf *out, uint64_t slot)
{
    size_t before = out->len;
    buf_printf(out, "  slot %llu", (unsigned long long)slot);
    do {
        buf_append_u8(out, ' ');
    } while (out->len - before < INDENT);
}

static void put_fault(const struct rep_run *run, const struct mdl_fault *f, struct buf *out)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (f->slot != 0) {
        begin(out, f->slot);
    } else {
        buf_printf(out, "  %-*s", INDENT - 2, "-");
    }
    if (f->bundle != NULL) {
        buf_printf(&text, "bundle %s: %s (%s)", f->bundle->submit->bundle.text,
                   pro_fault_word(f->kind), pro_fault_sentence(f->kind));
    } else {
        buf_printf(&text, "%s: %s (%s)", mdl_actor_name(run->m, f->actor), pro_fault_word(f->kind),
                   pro_fault_sentence(f->kind));
    }
    if (!f->took_effect) {
        buf_printf(&text, "; it never took effect");
    }
    rep_wrap(out, INDENT, buf_cstr(&text));
}

static void put_sentence(const struct rep_run *run, const struct mdl_sentence *s, struct buf *out)
{
    CLEANUP(buf_fini) struct buf text = {0};
    begin(out, s->slot);
    buf_printf(&text, "%s %s in block %llu", mdl_actor_name(run->m, s->actor),
               s->slashed ? "slashed" : "penalized", (unsigned long long)s->block);
    if (s->amount_gwei != 0) {
        buf_printf(&text, ", %llu gwei", (unsigned long long)s->amount_gwei);
    } else {
        buf_printf(&text, ", nothing is left of its bond");
    }
    if (s->slashed) {
        buf_printf(&text, ", gas %llu", (unsigned long long)s->gas);
    }
    buf_printf(&text, "\n%s", s->detail);
    rep_wrap(out, INDENT, buf_cstr(&text));
}

static void put_void(const struct mdl_void *v, struct buf *out)
{
    begin(out, v->first);
    if (v->last > v->first) {
        buf_printf(out, "void, and with it all up to slot %llu\n", (unsigned long long)v->last);
    } else {
        buf_printf(out, "void\n");
    }
}

void rep_evidence_name(const struct mdl *m, size_t i, struct buf *out)
{
    buf_printf(out, "evidence/%03zu-%s.lsev", i + 1, m->accusations[i].kind);
}

static void put_evidence(const struct rep_run *run, struct buf *out)
{
    if (run->where != NULL && run->m->n_accusations > 0) {
        buf_printf(out, "  lockstep verify evidence %s/evidence/*\n", run->where);
    }
}

void rep_court(const struct rep_run *run, struct buf *out)
{
    const struct mdl *m = run->m;
    if (m->n_faults > 0) {
        buf_printf(out, "\nMisbehaviour on order\n");
    }
    for (size_t i = 0; i < m->n_faults; i++) {
        put_fault(run, &m->faults[i], out);
    }
    if (m->n_sentences + m->n_voids > 0) {
        buf_printf(out, "\nJudged on L1\n");
    }
    for (size_t i = 0; i < m->n_sentences; i++) {
        put_sentence(run, &m->sentences[i], out);
    }
    for (size_t i = 0; i < m->n_voids; i++) {
        put_void(&m->voids[i], out);
    }
    put_evidence(run, out);
}
