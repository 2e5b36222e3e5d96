/* What a comparison says, the same for every report. */
#include "lockstep/compare/cmp.h"

struct cmp_change cmp_change_of(const struct cmp_balance *b, size_t i)
{
    bool less = b->amounts[i] < b->amounts[0];
    u128 by = less ? b->amounts[0] - b->amounts[i] : b->amounts[i] - b->amounts[0];
    return (struct cmp_change){less, by};
}

void cmp_outcome(const struct cmp *c, size_t run, size_t bundle, struct buf *out)
{
    const struct mdl_bundle *b = &c->runs[run].m->bundles[bundle];
    buf_printf(out, "%s", scn_outcome_word(b->outcome));
    if (b->promised) {
        buf_printf(out, " in %llu", (unsigned long long)b->preconf.slot);
    }
}

bool cmp_is_signer(const struct cmp *c, size_t bundle, const char *account)
{
    const struct scn_submit *s = c->runs[0].m->bundles[bundle].submit;
    for (size_t i = 0; i < s->legs.n; i++) {
        if (strcmp(s->legs.items[i].from.text, account) == 0) {
            return true;
        }
    }
    return false;
}

static bool came_out_alike(const struct mdl_bundle *a, const struct mdl_bundle *b)
{
    return a->outcome == b->outcome && a->promised == b->promised &&
           (!a->promised || a->preconf.slot == b->preconf.slot);
}

size_t cmp_hit_bundles(const struct cmp *c, size_t run, const char *account)
{
    size_t n = 0;
    for (size_t i = 0; i < c->runs[0].m->n_bundles; i++) {
        n += cmp_is_signer(c, i, account) &&
                     !came_out_alike(&c->runs[0].m->bundles[i], &c->runs[run].m->bundles[i])
                 ? 1
                 : 0;
    }
    return n;
}

void cmp_attack_text(const struct cmp_attack *a, struct buf *out)
{
    const struct scn_fault *f = &a->step->fault;
    buf_printf(out, "%s in slot %llu", pro_fault_word(f->kind),
               (unsigned long long)a->step->at.slot);
    if (f->kind == PRO_FAULT_CENSOR) {
        buf_printf(out, " of %s", f->attack.account.text);
        return;
    }
    buf_printf(out, " by %s, ", f->attack.account.text);
    led_u128_print(f->attack.swap.amount, out);
    buf_printf(out, " %s into %s on %s", f->attack.swap.in.text, f->attack.swap.pool.text,
               f->rollup.text);
}

void cmp_change_text(const struct cmp *c, const struct cmp_balance *total, struct buf *out)
{
    const char *last = "";
    for (size_t i = 1; i < c->n_runs; i++) {
        struct cmp_change change = cmp_change_of(total, i);
        const char *verb = change.by == 0 ? last : change.less ? "loses" : "gains";
        verb = *verb == 0 ? (change.less ? "loses" : "gains") : verb;
        buf_printf(out, "%s", i == 1 ? "" : ", ");
        if (strcmp(verb, last) != 0) {
            buf_printf(out, "%s ", verb);
        }
        led_u128_print(change.by, out);
        if (i == 1) {
            buf_printf(out, " %s", total->asset);
        }
        buf_printf(out, " %s", c->runs[i].said);
        last = verb;
    }
}
