/* The second look at the timeline and the expectations. */
#include "lockstep/scenario/scn_refs.h"

#include <inttypes.h>

static void resolve_when(struct scn_refs *r, struct scn_when *when)
{
    const struct scn *s = r->s;
    if (s->slots > 0 && when->slot > s->slots) {
        scn_fail(r->errors, when->place,
                 "slot %" PRIu64 " is not run, there are %" PRIu64 "; raise `slots` or take an "
                 "earlier one",
                 when->slot, s->slots);
        return;
    }
    int64_t start_ns = when->slot > 0 ? (int64_t)(when->slot - 1) * s->slot_duration_ns : 0;
    when->at_ns = start_ns + when->offset_ns;
}

static void resolve_leg(struct scn_refs *r, struct scn_submit *submit, struct scn_leg *leg)
{
    scn_refer_rollup(r, &leg->rollup);
    uint32_t rollup = leg->rollup.text != NULL ? leg->rollup.index : SCN_NO_INDEX;
    if (leg->from.text == NULL) {
        leg->from = submit->from;
    }
    if (leg->from.text == NULL && !r->timeline_broken) {
        scn_fail(r->errors, leg->place,
                 "this leg has no signer; add `from: <account>` to it or to its bundle");
    }
    scn_refer_account(r, rollup, &leg->from, false);
    for (size_t i = 0; i < leg->ops.n; i++) {
        scn_resolve_op(r, submit, leg, rollup, &leg->ops.items[i]);
    }
}

/* In: the fault of the bundle just entered. An earlier step has to have submitted the other. */
static void resolve_user_fault(struct scn_refs *r, struct scn_submit *submit)
{
    struct scn_user_fault *f = &submit->fault;
    bool replays = f->kind == PRO_FAULT_REPLAY;
    if (submit->bundle.text == NULL || r->timeline_broken) {
        return;
    }
    if (replays != (submit->legs.n == 0)) {
        scn_fail(r->errors, submit->bundle.place,
                 replays ? "bundle `%s` is a replay; leave out its legs"
                         : "bundle `%s` has no `legs`; list at least one",
                 SHOW(submit->bundle.text));
    }
    if (f->kind == PRO_FAULT_NONE) {
        return;
    }
    f->index = (uint32_t)r->s->n_faults++;
    if (!replays && f->leg >= submit->legs.n && submit->legs.n != 0) {
        scn_fail(r->errors, submit->bundle.place,
                 "there is no leg %u in bundle `%s`; the last is %zu", f->leg,
                 SHOW(submit->bundle.text), submit->legs.n - 1);
    }
}

/* What a replay or a lift refers to. */
static void resolve_other_bundle(struct scn_refs *r, struct scn_step *step)
{
    struct scn_user_fault *f = &step->submit.fault;
    if (step->kind != SCN_STEP_SUBMIT || f->of.text == NULL) {
        return;
    }
    const struct scn_name *found = scn_index_find(&r->bundles, f->of.text);
    if (found == NULL || found->index >= step->submit.bundle.index) {
        if (!r->timeline_broken) {
            scn_fail(r->errors, f->of.place,
                     "no bundle `%s` is submitted before this one; name one that is",
                     SHOW(f->of.text));
        }
        return;
    }
    f->of.index = found->index;
}

static void resolve_submit(struct scn_refs *r, struct scn_step *step)
{
    struct scn_submit *submit = &step->submit;
    const struct scn *s = r->s;
    int64_t end_ns = (int64_t)s->slots * s->slot_duration_ns;
    if (step->at.at_ns >= end_ns && end_ns > 0) {
        scn_fail(r->errors, step->at.place,
                 "the last slot has ended by then, nothing is admitted any more; submit earlier "
                 "or raise `slots`");
    }
    submit->bundle.index = (uint32_t)r->s->n_bundles++;
    if (submit->bundle.text != NULL) {
        scn_index_add(&r->bundles, &submit->bundle);
    }
    resolve_user_fault(r, submit);
    for (size_t i = 0; i < submit->legs.n; i++) {
        resolve_leg(r, submit, &submit->legs.items[i]);
    }
}

static void resolve_partition(struct scn_refs *r, struct scn_partition *p)
{
    const struct scn_name *one = &p->from;
    const struct scn_name *other = &p->to;
    if (p->kind == SCN_BOTH_WAYS) {
        for (size_t i = 0; i < p->between.n; i++) {
            scn_refer_actor(r, &p->between.items[i]);
        }
        if (p->between.n != 2) {
            return;
        }
        one = &p->between.items[0];
        other = &p->between.items[1];
    } else {
        scn_refer_actor(r, &p->from);
        scn_refer_actor(r, &p->to);
    }
    if (one->text != NULL && other->text != NULL && strcmp(one->text, other->text) == 0) {
        scn_fail(r->errors, other->place, "`%s` cannot be cut off from itself; name another actor",
                 SHOW(other->text));
    }
}

static void resolve_attack(struct scn_refs *r, struct scn_fault *f)
{
    uint32_t rollup = f->rollup.text != NULL ? f->rollup.index : SCN_NO_INDEX;
    if (f->kind == PRO_FAULT_CENSOR) {
        scn_refer_account(r, r->s->rollups.n > 0 ? 0 : SCN_NO_INDEX, &f->attack.account, true);
    } else if (pro_fault_is_attack(f->kind)) {
        scn_refer_account(r, rollup, &f->attack.account, false);
        scn_refer_pool(r, rollup, &f->attack.swap.pool);
        scn_refer_pool_asset(r, rollup, &f->attack.swap.pool, &f->attack.swap.in);
    }
}

static void resolve_fault(struct scn_refs *r, struct scn_step *step)
{
    struct scn_fault *f = &step->fault;
    scn_refer_rollup(r, &f->rollup);
    resolve_attack(r, f);
    f->index = (uint32_t)r->s->n_faults++;
    if (step->at.place.line > 0 && (step->at.slot == 0 || step->at.offset_ns != 0)) {
        scn_fail(r->errors, step->at.place,
                 "a fault of a party belongs to a whole slot; write `at: slot 1`");
    }
    if (f->kind == PRO_FAULT_SWAP_POSITIONS && f->order == f->with && r->clean) {
        scn_fail(r->errors, step->place,
                 "position %u cannot be exchanged with itself; name two positions", f->order);
    }
}

static void report_twice(struct scn_refs *r)
{
    size_t first = 0;
    for (size_t i = 1; i < r->bundles.n; i++) {
        const struct scn_name *name = r->bundles.names[i];
        if (strcmp(name->text, r->bundles.names[first]->text) != 0) {
            first = i;
            continue;
        }
        scn_fail(r->errors, name->place,
                 "bundle `%s` is submitted twice, first on line %u; give each its own name",
                 SHOW(name->text), r->bundles.names[first]->place.line);
    }
}

int scn_resolve_timeline(struct scn_refs *r)
{
    struct scn *s = r->s;
    int rc = scn_index_init(&r->bundles, r->arena, s->timeline.n);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < s->timeline.n; i++) {
        struct scn_step *step = &s->timeline.items[i];
        resolve_when(r, &step->at);
        switch (step->kind) {
        case SCN_STEP_SUBMIT:
            resolve_submit(r, step);
            break;
        case SCN_STEP_INJECT:
            scn_refer_actor(r, &step->inject.to);
            scn_refer_actor(r, &step->inject.from);
            break;
        case SCN_STEP_PARTITION:
            resolve_partition(r, &step->partition);
            break;
        case SCN_STEP_FAULT:
            resolve_fault(r, step);
            break;
        default:
            break;
        }
    }
    scn_index_sort(&r->bundles);
    report_twice(r);
    for (size_t i = 0; i < s->timeline.n; i++) {
        resolve_other_bundle(r, &s->timeline.items[i]);
    }
    return 0;
}

static void resolve_expect_bundle(struct scn_refs *r, struct scn_expect *x)
{
    if (x->bundle.text == NULL) {
        return;
    }
    const struct scn_name *found = scn_index_find(&r->bundles, x->bundle.text);
    if (found != NULL) {
        x->bundle.index = found->index;
    } else if (!r->timeline_broken) {
        struct scn_hint hint = SCN_HINT_FOR(x->bundle.text);
        for (size_t i = 0; i < r->bundles.n; i++) {
            scn_hint_add(&hint, r->bundles.names[i]->text);
        }
        scn_fail(r->errors, x->bundle.place, "bundle `%s` is never submitted; %s",
                 SHOW(x->bundle.text), scn_hint_text(&hint, "bundles"));
    }
    if (r->clean && x->cause.rollup.text != NULL && x->is != SCN_EXCLUDED) {
        scn_fail(r->errors, x->cause.rollup.place,
                 "only an excluded bundle has a cause; remove it or write `is: excluded`");
    }
    if (r->clean && x->reason != NULL && x->is != SCN_REFUSED) {
        scn_fail(r->errors, x->place,
                 "only a refused bundle has a reason; remove it or write `is: refused`");
    }
    scn_refer_rollup(r, &x->cause.rollup);
}

static void resolve_expect_check(struct scn_refs *r, const struct scn_expect *x,
                                 struct scn_place holds[SCN_CHECKS],
                                 struct scn_place broken[SCN_CHECKS])
{
    bool always = x->kind == SCN_EXPECT_ALWAYS;
    struct scn_place against = always ? broken[x->check] : holds[x->check];
    if (against.line > 0) {
        scn_fail(r->errors, x->place,
                 "`%s` cannot both hold and be violated, see line %u; keep one",
                 scn_check_word(x->check), against.line);
    }
    if (always) {
        holds[x->check] = x->place;
    } else {
        broken[x->check] = x->place;
    }
}

void scn_resolve_expect(struct scn_refs *r)
{
    struct scn_place holds[SCN_CHECKS] = {{0}};
    struct scn_place broken[SCN_CHECKS] = {{0}};
    for (size_t i = 0; i < r->s->expect.n; i++) {
        struct scn_expect *x = &r->s->expect.items[i];
        if (r->s->slots > 0 && x->slot > r->s->slots) {
            scn_fail(r->errors, x->place,
                     "slot %" PRIu64 " is not run, there are %" PRIu64 "; raise `slots` or take an "
                     "earlier one",
                     x->slot, r->s->slots);
        }
        switch (x->kind) {
        case SCN_EXPECT_BUNDLE:
            resolve_expect_bundle(r, x);
            break;
        case SCN_EXPECT_BALANCE:
            scn_refer_rollup(r, &x->balance.rollup);
            if (x->balance.rollup.text != NULL) {
                uint32_t rollup = x->balance.rollup.index;
                scn_refer_account(r, rollup, &x->balance.account, true);
                scn_refer_asset(r, rollup, &x->balance.asset);
            }
            break;
        case SCN_EXPECT_ALWAYS:
        case SCN_EXPECT_VIOLATED:
            if (r->clean) {
                resolve_expect_check(r, x, holds, broken);
            }
            break;
        case SCN_EXPECT_REJECTED:
            scn_refer_actor(r, &x->rejected.by);
            break;
        case SCN_EXPECT_SLASHED:
        case SCN_EXPECT_PENALIZED:
            scn_refer_actor(r, &x->culprit);
            break;
        case SCN_EXPECT_ROUNDS:
        case SCN_EXPECT_LOST:
        case SCN_EXPECT_DUPLICATED:
        case SCN_EXPECT_FINGERPRINT:
        default:
            break;
        }
    }
}
