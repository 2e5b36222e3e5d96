/* Blame: whoever was slashed did something for it, whoever did something provable was slashed, and
 * nobody is accused who did nothing. A penalty proves no guilt: an honest party that cannot be
 * heard misses its deadlines as well (see liveness). */
#include "lockstep/model/chk.h"

static bool misbehaved(const struct mdl *m, uint32_t actor, uint64_t slot)
{
    for (size_t i = 0; i < m->n_faults; i++) {
        const struct mdl_fault *f = &m->faults[i];
        if (f->took_effect && f->actor == actor && f->slot == slot) {
            return true;
        }
    }
    return false;
}

static bool sentenced(const struct mdl *m, uint32_t actor, uint64_t slot, bool slashed)
{
    for (size_t i = 0; i < m->n_sentences; i++) {
        const struct mdl_sentence *s = &m->sentences[i];
        if (s->actor == actor && s->slot == slot && s->slashed == slashed) {
            return true;
        }
    }
    return false;
}

/* ---- Nobody innocent ---- */

static void check_sentences(const struct mdl *m, struct chk_result *r)
{
    for (size_t i = 0; i < m->n_sentences; i++) {
        const struct mdl_sentence *s = &m->sentences[i];
        if (s->slashed && !mdl_committed(m, s->actor, s->slot, PRO_FOLLOWS_SLASHING)) {
            chk_fault(r, "%s was slashed in slot %llu, where it did nothing for it: %s",
                      mdl_actor_name(m, s->actor), (unsigned long long)s->slot, s->detail);
        }
    }
}

/* An accusation that names nobody is right if anybody did something. */
static bool is_founded(const struct mdl *m, const Lockstep__TraceViolation *v)
{
    for (uint32_t actor = 1; actor <= m->sim->cluster->n_actors; actor++) {
        bool meant = v->by[0] == 0 || strcmp(v->by, mdl_actor_name(m, actor)) == 0;
        if (meant && misbehaved(m, actor, v->slot)) {
            return true;
        }
    }
    return false;
}

static void check_accusations(const struct mdl *m, struct chk_result *r)
{
    for (size_t i = 0; i < m->sim->history.n; i++) {
        const struct history_item *item = &m->sim->history.items[i];
        if (item->kind != HISTORY_RECORD ||
            item->record->body_case != LOCKSTEP__TRACE_RECORD__BODY_VIOLATION) {
            continue;
        }
        const Lockstep__TraceViolation *v = item->record->violation;
        if (!is_founded(m, v)) {
            chk_fault(r, "%s accuses %s of breaking the rule %s in slot %llu: %s",
                      mdl_actor_name(m, item->actor), v->by[0] != 0 ? v->by : "somebody", v->rule,
                      (unsigned long long)v->slot, v->detail);
        }
    }
}

/* ---- Nobody guilty goes free ---- */

/* A sequencer that admits what it must refuse has the user's fault as well as its own. */
static bool is_refused(const struct mdl *m, const struct mdl_fault *f)
{
    return f->bundle->refused || mdl_committed(m, cluster_actor_id(m->sim->cluster, "sequencer"),
                                               f->slot, PRO_FOLLOWS_SLASHING);
}

static void check_consequence(const struct mdl *m, const struct mdl_fault *f, struct chk_result *r)
{
    const char *name = mdl_actor_name(m, f->actor);
    switch (pro_fault_consequence(f->kind)) {
    case PRO_FOLLOWS_SLASHING:
        if (!sentenced(m, f->actor, f->slot, true)) {
            chk_fault(r, "%s %s in slot %llu and was not slashed", name,
                      pro_fault_sentence(f->kind), (unsigned long long)f->slot);
        }
        break;
    case PRO_FOLLOWS_PENALTY:
        if (!sentenced(m, f->actor, f->slot, false)) {
            chk_fault(r, "%s %s in slot %llu and was not penalized", name,
                      pro_fault_sentence(f->kind), (unsigned long long)f->slot);
        }
        break;
    case PRO_FOLLOWS_REFUSAL:
        if (!is_refused(m, f)) {
            chk_fault(r, "bundle %s is a %s and was not refused", f->bundle->submit->bundle.text,
                      pro_fault_word(f->kind));
        }
        break;
    case PRO_FOLLOWS_EXCLUSION:
        if (f->bundle->outcome != SCN_EXCLUDED && f->bundle->outcome != SCN_VOIDED) {
            chk_fault(r, "bundle %s has a leg of %s and was not excluded",
                      f->bundle->submit->bundle.text, pro_fault_word(f->kind));
        }
        break;
    case PRO_FOLLOWS_NOTHING:
        break;
    }
}

void chk_blame(const struct mdl *m, struct chk_result *r)
{
    r->unit = "party";
    r->units = "parties";
    r->examined = m->sim->cluster->n_actors;
    check_sentences(m, r);
    check_accusations(m, r);
    for (size_t i = 0; i < m->n_faults; i++) {
        if (m->faults[i].took_effect) {
            check_consequence(m, &m->faults[i], r);
        }
    }
}
