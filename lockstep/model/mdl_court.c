/* Who did what, by the script; and what L1 said about it. */
#include "common/actor/wire.h"
#include "common/base/vec.h"
#include "common/protocol/pro_evidence.h"
#include "lockstep/model/mdl.h"

#include <stdlib.h>

/* ---- The script ---- */

static uint32_t culprit_of(const struct cluster *c, const struct scn_fault *f)
{
    uint32_t id = cluster_actor_id(c, "sequencer");
    for (size_t i = 0; pro_fault_is_executors(f->kind) && i < c->n_actors; i++) {
        const struct cluster_actor *a = &c->actors[i];
        if (a->role == CLUSTER_EXECUTOR && a->rollup == &c->scn->rollups.items[f->rollup.index]) {
            id = (uint32_t)i + 1;
        }
    }
    return id;
}

static void script_step(struct mdl *m, const struct scn_step *step, size_t bundle)
{
    const struct cluster *c = m->sim->cluster;
    if (step->kind == SCN_STEP_FAULT) {
        m->faults[step->fault.index] = (struct mdl_fault){
            .step = step,
            .kind = step->fault.kind,
            .slot = step->at.slot,
            .actor = culprit_of(c, &step->fault),
        };
    } else if (step->kind == SCN_STEP_SUBMIT && step->submit.fault.kind != PRO_FAULT_NONE) {
        m->faults[step->submit.fault.index] = (struct mdl_fault){
            .step = step,
            .kind = step->submit.fault.kind,
            .actor = cluster_actor_id(c, "wallet"),
            .bundle = &m->bundles[bundle],
        };
    }
}

int mdl_script(struct mdl *m)
{
    size_t bundle = 0;
    m->n_faults = m->scn->n_faults;
    m->faults = calloc(m->n_faults + 1, sizeof(*m->faults));
    if (m->faults == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->scn->timeline.n; i++) {
        script_step(m, &m->scn->timeline.items[i], bundle);
        bundle += m->scn->timeline.items[i].kind == SCN_STEP_SUBMIT ? 1 : 0;
    }
    return 0;
}

/* ---- The record ---- */

static uint32_t actor_of(const struct mdl *m, const ProtobufCBinaryData *address)
{
    const struct cluster *c = m->sim->cluster;
    for (size_t i = 0; i < c->n_actors; i++) {
        if (bytes_equal(BYTES_OF(c->actors[i].key.address), wire_view(address))) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

static int take_sentence(struct mdl *m, const Lockstep__TraceL1 *r)
{
    const Lockstep__L1Event *e = r->event;
    int rc = VEC_RESERVE(m->sentences, m->cap_sentences, m->n_sentences + 1);
    if (rc == 0) {
        m->sentences[m->n_sentences++] = (struct mdl_sentence){
            .slashed = e->kind == LOCKSTEP__L1_KIND__L1_SLASHED,
            .actor = actor_of(m, &e->culprit),
            .slot = e->slot,
            .block = r->number,
            .gas = e->gas,
            .amount_gwei = e->amount_gwei,
            .detail = e->detail,
            .evidence = wire_view(&e->artifact),
        };
    }
    return rc;
}

static int take_void(struct mdl *m, const Lockstep__TraceL1 *r)
{
    const Lockstep__L1Event *e = r->event;
    int rc = VEC_RESERVE(m->voids, m->cap_voids, m->n_voids + 1);
    if (rc != 0) {
        return rc;
    }
    m->voids[m->n_voids++] = (struct mdl_void){e->slot, e->through, r->number};
    for (size_t i = 0; i < m->n_slots; i++) {
        struct mdl_slot *slot = &m->slots[i];
        slot->is_void = slot->is_void || (slot->number >= e->slot && slot->number <= e->through);
    }
    return 0;
}

static int take_l1(struct mdl *m, const Lockstep__TraceL1 *r)
{
    switch (r->event->kind) {
    case LOCKSTEP__L1_KIND__L1_SLASHED:
    case LOCKSTEP__L1_KIND__L1_PENALIZED:
        return take_sentence(m, r);
    case LOCKSTEP__L1_KIND__L1_VOIDED:
        return take_void(m, r);
    default:
        return 0;
    }
}

/* Only whom the script has misbehave can say so: users through the wallet. */
static void take_fault(struct mdl *m, uint32_t actor, const Lockstep__TraceFault *r)
{
    if (r->index < m->n_faults && m->faults[r->index].actor == actor) {
        m->faults[r->index].took_effect = true;
    }
}

/* The record's own word for it comes from whoever made it, and names a file later. */
static const char *kind_of(struct bytes evidence)
{
    struct pro_evidence e;
    return pro_evidence_decode(evidence, &e) == 0 ? pro_evidence_name(e.kind) : "unknown";
}

static int take_evidence(struct mdl *m, uint32_t actor, const Lockstep__TraceEvidence *r)
{
    for (size_t i = 0; i < m->n_accusations; i++) {
        if (bytes_equal(m->accusations[i].evidence, wire_view(&r->evidence))) {
            return 0;
        }
    }
    int rc = VEC_RESERVE(m->accusations, m->cap_accusations, m->n_accusations + 1);
    if (rc == 0) {
        m->accusations[m->n_accusations++] = (struct mdl_accusation){
            actor, kind_of(wire_view(&r->evidence)), wire_view(&r->evidence)};
    }
    return rc;
}

static void date_faults(struct mdl *m)
{
    for (size_t i = 0; i < m->n_faults; i++) {
        const struct mdl_bundle *b = m->faults[i].bundle;
        if (b != NULL && b->promised) {
            m->faults[i].slot = b->preconf.slot;
        }
    }
}

int mdl_court(struct mdl *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->sim->history.n && rc == 0; i++) {
        const struct history_item *item = &m->sim->history.items[i];
        if (item->kind != HISTORY_RECORD) {
            continue;
        }
        const Lockstep__TraceRecord *r = item->record;
        if (r->body_case == LOCKSTEP__TRACE_RECORD__BODY_L1) {
            rc = take_l1(m, r->l1);
        } else if (r->body_case == LOCKSTEP__TRACE_RECORD__BODY_EVIDENCE) {
            rc = take_evidence(m, item->actor, r->evidence);
        } else if (r->body_case == LOCKSTEP__TRACE_RECORD__BODY_FAULT) {
            take_fault(m, item->actor, r->fault);
        }
    }
    date_faults(m);
    return rc;
}

bool mdl_committed(const struct mdl *m, uint32_t actor, uint64_t slot,
                   enum pro_consequence consequence)
{
    for (size_t i = 0; i < m->n_faults; i++) {
        const struct mdl_fault *f = &m->faults[i];
        if (f->took_effect && f->actor == actor && f->slot == slot &&
            pro_fault_consequence(f->kind) == consequence) {
            return true;
        }
    }
    return false;
}

bool mdl_sentenced(const struct mdl *m, uint32_t actor, uint64_t slot, bool slashed)
{
    for (size_t i = 0; i < m->n_sentences; i++) {
        const struct mdl_sentence *s = &m->sentences[i];
        if (s->actor == actor && s->slot == slot && s->slashed == slashed) {
            return true;
        }
    }
    return false;
}

bool mdl_accounts_for(const struct mdl *m, const struct mdl_fault *f, uint64_t slot)
{
    enum pro_consequence follows = pro_fault_consequence(f->kind);
    bool costs = follows == PRO_FOLLOWS_SLASHING || follows == PRO_FOLLOWS_PENALTY;
    bool reaches = f->slot == slot;
    for (size_t i = 0; i < m->n_voids && !reaches; i++) {
        const struct mdl_void *v = &m->voids[i];
        reaches = v->first <= f->slot && f->slot < slot && slot <= v->last;
    }
    return f->took_effect && costs && reaches;
}

const struct mdl_void *mdl_void_of(const struct mdl *m, uint64_t slot)
{
    for (size_t i = 0; i < m->n_voids; i++) {
        if (m->voids[i].first <= slot && slot <= m->voids[i].last) {
            return &m->voids[i];
        }
    }
    return NULL;
}

const struct mdl_void *mdl_swept(const struct mdl *m, uint64_t slot)
{
    for (size_t i = 0; i < m->n_voids; i++) {
        if (m->voids[i].first < slot && slot <= m->voids[i].last) {
            return &m->voids[i];
        }
    }
    return NULL;
}

bool mdl_is_moot(const struct mdl *m, const struct mdl_fault *f)
{
    bool slashing = pro_fault_consequence(f->kind) == PRO_FOLLOWS_SLASHING;
    for (size_t i = 0; i < m->n_voids; i++) {
        const struct mdl_void *v = &m->voids[i];
        bool reaches = v->first <= f->slot && f->slot <= v->last;
        if (reaches &&
            (!slashing || (v->first < f->slot && mdl_sentenced(m, f->actor, v->first, true)))) {
            return true;
        }
    }
    return false;
}

size_t mdl_evidence_of(const struct mdl *m, const struct mdl_sentence *s)
{
    size_t i = 0;
    while (i < m->n_accusations && !(s->slashed && s->evidence.len > 0 &&
                                     bytes_equal(m->accusations[i].evidence, s->evidence))) {
        i++;
    }
    return i;
}

enum pro_evidence_kind mdl_crime(const struct mdl_sentence *s)
{
    static const enum pro_evidence_kind kinds[] = {
#define X(constant, value, name) constant,
        PRO_EVIDENCE_MAP(X)
#undef X
    };
    for (size_t i = 0; s->slashed && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *name = pro_evidence_name(kinds[i]);
        if (strncmp(s->detail, name, strlen(name)) == 0 && s->detail[strlen(name)] == ':') {
            return kinds[i];
        }
    }
    return (enum pro_evidence_kind)0;
}
