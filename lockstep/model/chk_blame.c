/* Blame: whoever was slashed did something for it, whoever did something provable was slashed, and
 * nobody is accused who did nothing. A penalty proves no guilt: an honest party that cannot be
 * heard misses its deadlines as well (see liveness). */
#include "lockstep/model/chk.h"

/* ---- Nobody innocent ---- */

static bool is_repeated(const struct mdl *m, size_t at)
{
    const struct mdl_sentence *s = &m->sentences[at];
    for (size_t i = 0; i < at; i++) {
        const struct mdl_sentence *t = &m->sentences[i];
        if (t->slashed && t->actor == s->actor && t->slot == s->slot) {
            return true;
        }
    }
    return false;
}

static void check_sentences(const struct mdl *m, struct chk_result *r)
{
    for (size_t i = 0; i < m->n_sentences; i++) {
        const struct mdl_sentence *s = &m->sentences[i];
        if (!s->slashed) {
            continue;
        }
        if (!mdl_committed(m, s->actor, s->slot, PRO_FOLLOWS_SLASHING)) {
            chk_fault(r, "%s was slashed in slot %llu, where it did nothing for it: %s",
                      mdl_actor_name(m, s->actor), (unsigned long long)s->slot, s->detail);
        } else if (is_repeated(m, i)) {
            chk_fault(r, "%s was slashed twice for slot %llu: %s", mdl_actor_name(m, s->actor),
                      (unsigned long long)s->slot, s->detail);
        }
    }
}

/* Users lose what a void slot would have given them: somebody has to have paid for that. */
static void check_voids(const struct mdl *m, struct chk_result *r)
{
    for (size_t i = 0; i < m->n_voids; i++) {
        uint64_t slot = m->voids[i].first;
        bool paid = false;
        for (size_t k = 0; k < m->n_sentences && !paid; k++) {
            paid = m->sentences[k].slot == slot;
        }
        if (!paid) {
            chk_fault(r, "slot %llu is void, and nobody was slashed or penalized for it",
                      (unsigned long long)slot);
        }
    }
}

/* An accusation that names nobody is right if anybody did something. */
static bool is_founded(const struct mdl *m, const Lockstep__TraceViolation *v)
{
    for (uint32_t actor = 1; actor <= m->sim->cluster->n_actors; actor++) {
        bool meant = v->by[0] == 0 || strcmp(v->by, mdl_actor_name(m, actor)) == 0;
        if (meant && (mdl_committed(m, actor, v->slot, PRO_FOLLOWS_SLASHING) ||
                      mdl_committed(m, actor, v->slot, PRO_FOLLOWS_PENALTY))) {
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

static void check_parties(const struct mdl *m, const struct mdl_fault *f, struct chk_result *r)
{
    bool slashing = pro_fault_consequence(f->kind) == PRO_FOLLOWS_SLASHING;
    if (!mdl_sentenced(m, f->actor, f->slot, slashing) && !mdl_is_moot(m, f)) {
        chk_fault(r, "%s %s in slot %llu and was not %s", mdl_actor_name(m, f->actor),
                  pro_fault_sentence(f->kind), (unsigned long long)f->slot,
                  slashing ? "slashed" : "penalized");
    }
}

/* A sequencer that admits what it must refuse has the user's fault as well as its own. */
static bool is_admitted_on_order(const struct mdl *m, const struct mdl_fault *f)
{
    for (size_t i = 0; i < m->n_faults; i++) {
        const struct mdl_fault *g = &m->faults[i];
        if (g->kind == PRO_FAULT_ADMIT_BAD_PROOF && g->took_effect && g->slot == f->slot) {
            return true;
        }
    }
    return false;
}

static void check_users(const struct mdl *m, const struct mdl_fault *f, struct chk_result *r)
{
    const struct mdl_bundle *b = f->bundle;
    if (b->refused) {
        return; /* what stays outside need not be excluded */
    }
    if (pro_fault_consequence(f->kind) == PRO_FOLLOWS_REFUSAL) {
        if (!is_admitted_on_order(m, f)) {
            chk_fault(r, "bundle %s is a %s and was not refused", b->submit->bundle.text,
                      pro_fault_word(f->kind));
        }
    } else if (b->outcome != SCN_EXCLUDED && b->outcome != SCN_VOIDED) {
        chk_fault(r, "bundle %s has a leg of %s and was not excluded", b->submit->bundle.text,
                  pro_fault_word(f->kind));
    }
}

static void check_consequence(const struct mdl *m, const struct mdl_fault *f, struct chk_result *r)
{
    switch (pro_fault_consequence(f->kind)) {
    case PRO_FOLLOWS_SLASHING:
    case PRO_FOLLOWS_PENALTY:
        check_parties(m, f, r);
        break;
    case PRO_FOLLOWS_REFUSAL:
    case PRO_FOLLOWS_EXCLUSION:
        check_users(m, f, r);
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
    check_voids(m, r);
    check_accusations(m, r);
    for (size_t i = 0; i < m->n_faults; i++) {
        if (m->faults[i].took_effect) {
            check_consequence(m, &m->faults[i], r);
        }
    }
}
