#include "common/protocol/pro_check_parts.h"

#include "common/base/cleanup.h"
#include "common/protocol/pro_failure.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

/* A signed result that a removal may refer to, and the proofs that came with it. */
struct failure {
    struct pro_result result;
    struct pro_proofs proofs;
};

struct failures {
    uint32_t n;
    struct failure *items;
};

static void failures_fini(struct failures *f)
{
    for (uint32_t i = 0; i < f->n; i++) {
        pro_proofs_fini(&f->items[i].proofs);
    }
    free(f->items);
    *f = (struct failures){0};
}

/* The slot's proposal blocks that failures refer to: their transactions, and what covers them. */
struct proposals {
    uint32_t n;
    struct chk_block *items;
    const struct pro_block **blocks;
};

static void proposals_fini(struct proposals *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        chk_block_fini(&p->items[i]);
    }
    free(p->items);
    free(p->blocks);
    *p = (struct proposals){0};
}

/* Everything a check of the next block looks at. */
struct next_case {
    const struct pro_view *view;
    struct chk_block before;
    struct chk_block after;
    struct chk_bundles bundles;
    struct failures failures;
    struct proposals proposals;
};

static void next_case_fini(struct next_case *c)
{
    chk_block_fini(&c->before);
    chk_block_fini(&c->after);
    chk_bundles_fini(&c->bundles);
    failures_fini(&c->failures);
    proposals_fini(&c->proposals);
}

/* ---- Failures ---- */

static const struct addr20 *executor_of(const struct pro_view *view, uint64_t rollup)
{
    for (size_t i = 0; i < view->n_executors; i++) {
        if (view->executors[i].rollup == rollup) {
            return &view->executors[i].address;
        }
    }
    return NULL;
}

static int open_failure(const struct pro_view *view, const struct pro_proven *in, uint64_t slot,
                        struct failure *out)
{
    struct bytes body;
    struct addr20 signer;
    int rc = pro_unsign(&view->deployment.id, PRO_TAG_RESULT, in->result, &body, &signer);
    rc = rc != 0 ? rc : pro_result_decode(body, &out->result);
    rc = rc != 0 ? rc : pro_proofs_decode(in->proofs, &out->proofs);
    if (rc != 0) {
        return rc;
    }
    const struct addr20 *expected = executor_of(view, out->result.rollup);
    bool ok = expected != NULL && addr20_equal(expected, &signer) && out->result.slot == slot;
    return ok ? 0 : ERR_SIGNATURE;
}

static int open_failures(const struct pro_next_dossier *in, struct next_case *c,
                         struct pro_violation *v)
{
    struct failures *out = &c->failures;
    out->items = calloc((size_t)in->n_failures + 1, sizeof(*out->items));
    if (out->items == NULL) {
        return ERR_NOMEM;
    }
    out->n = in->n_failures;
    for (uint32_t i = 0; i < in->n_failures; i++) {
        int rc = open_failure(c->view, &in->failures[i], c->after.header.slot, &out->items[i]);
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc == ERR_SIGNATURE) {
            return chk_violated(v, PRO_RULE_UNJUSTIFIED,
                                "result %u is not signed by the executor it names", i);
        }
        if (rc != 0) {
            return chk_violated(v, PRO_RULE_UNJUSTIFIED, "result %u and its proofs: %s", i,
                                err_text(rc));
        }
    }
    return 0;
}

static const struct chk_block *find_proposal(const struct proposals *p, uint64_t rollup)
{
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->items[i].header.rollup == rollup) {
            return &p->items[i];
        }
    }
    return NULL;
}

static int open_proposals(const struct pro_next_dossier *in, struct next_case *c,
                          struct pro_violation *v)
{
    struct proposals *out = &c->proposals;
    out->items = calloc((size_t)in->n_proposals + 1, sizeof(*out->items));
    out->blocks = calloc((size_t)in->n_proposals + 1, sizeof(*out->blocks));
    if (out->items == NULL || out->blocks == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < in->n_proposals; i++) {
        struct chk_block *b = &out->items[i];
        int rc = chk_block_open(c->view, &in->proposals[i], b, v);
        if (rc != 0) {
            return rc;
        }
        const struct pro_header *h = &b->header;
        bool twice = find_proposal(out, h->rollup) != NULL;
        out->blocks[out->n++] = &b->block;
        if (h->final || h->round != 0 || h->slot != c->after.header.slot || twice) {
            return chk_violated(v, PRO_RULE_PLACE, "proposal %u is not one that is due", i);
        }
    }
    return 0;
}

static const struct failure *find_failure(const struct failures *f, const struct pro_place *cause)
{
    for (uint32_t i = 0; i < f->n; i++) {
        const struct pro_result *r = &f->items[i].result;
        if (r->rollup == cause->rollup && r->round == cause->round) {
            return &f->items[i];
        }
    }
    return NULL;
}

/* Does a proof show that what stood at the cause's place failed? */
static int check_failure(const struct next_case *c, uint32_t order, const struct pro_place *cause,
                         struct pro_violation *v)
{
    const struct failure *f = find_failure(&c->failures, cause);
    const struct chk_block *b = find_proposal(&c->proposals, cause->rollup);
    if (f == NULL || b == NULL || cause->order >= f->result.count ||
        cause->order >= b->block.count || pro_bit(f->result.status, cause->order) ||
        (cause->round == 0 && !hash32_equal(&f->result.body_hash, &b->header.body_hash))) {
        return chk_violated(v, PRO_RULE_UNJUSTIFIED,
                            "entry %u is excluded for a failure that nobody proved", order);
    }
    const struct pro_entry *failed = &b->block.entries[cause->order];
    const struct pro_step *step = pro_proofs_find(&f->proofs, cause->order);
    if (failed->kind == PRO_ENTRY_BOGUS) {
        return 0; /* its opening has shown that */
    }
    if (step == NULL) {
        return chk_violated(v, PRO_RULE_UNJUSTIFIED,
                            "entry %u is excluded without a proof of the failure", order);
    }
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    int rc =
        pro_failure_judge(&f->result, step, failed, c->proposals.blocks, c->proposals.n, &verdict);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    return rc == 0 && verdict == PRO_STEP_FAILS
               ? 0
               : chk_violated(v, PRO_RULE_UNJUSTIFIED,
                              "entry %u is excluded for a failure whose proof does not hold: %s",
                              order, rc != 0 ? err_text(rc) : "it did not fail");
}

/* ---- Changes ---- */

/* The removed leg's bundle must have a leg where the cause says something failed; or else the
 * policy must allow for another reason. */
static int check_cause(const struct next_case *c, uint32_t order, struct pro_violation *v)
{
    const struct pro_view *view = c->view;
    const struct pro_entry *e = &c->after.block.entries[order];
    if (e->cause.order == PRO_CAUSE_OVERFLOW) {
        return e->cause.rollup == 0 && e->cause.round + 1 >= view->max_rounds
                   ? 0
                   : chk_violated(v, PRO_RULE_UNJUSTIFIED,
                                  "entry %u is excluded for want of rounds after %u of %u", order,
                                  e->cause.round + 1, view->max_rounds);
    }
    const struct pro_preconf *p = &chk_bundles_find(&c->bundles, e->seq)->preconf;
    bool own = false;
    for (uint32_t i = 0; i < p->n_legs; i++) {
        own |= p->txs[i].rollup == e->cause.rollup && p->txs[i].order == e->cause.order;
    }
    if (!own && !view->foreign_causes) {
        return chk_violated(v, PRO_RULE_UNJUSTIFIED,
                            "entry %u is excluded for a failure outside its bundle", order);
    }
    return check_failure(c, order, &e->cause, v);
}

static bool same_entry(const struct pro_entry *a, const struct pro_entry *b)
{
    return a->kind == b->kind && bytes_equal(a->tx, b->tx) && a->cause.rollup == b->cause.rollup &&
           a->cause.order == b->cause.order && a->cause.round == b->cause.round;
}

/* Entry by entry: unchanged, or newly excluded with a proven cause. */
static int check_changes(const struct next_case *c, struct pro_violation *v)
{
    const struct pro_block *before = &c->before.block;
    const struct pro_block *after = &c->after.block;
    if (before->count != after->count) {
        return chk_violated(v, PRO_RULE_ALTERED, "the block had %u entries, now %u", before->count,
                            after->count);
    }
    for (uint32_t i = 0; i < after->count; i++) {
        const struct pro_entry *old = &before->entries[i];
        const struct pro_entry *e = &after->entries[i];
        int rc = chk_entry_position(&c->bundles, after->rollup, i, e, v);
        if (rc == 0 && e->kind != PRO_ENTRY_EXCLUDED && !same_entry(old, e)) {
            rc = chk_violated(v, PRO_RULE_ALTERED, "entry %u was changed", i);
        }
        if (rc == 0 && old->kind == PRO_ENTRY_EXCLUDED && !same_entry(old, e)) {
            rc = chk_violated(v, PRO_RULE_ALTERED, "tombstone %u was changed", i);
        }
        if (rc == 0 && e->kind == PRO_ENTRY_EXCLUDED && old->kind != PRO_ENTRY_EXCLUDED) {
            rc = check_cause(c, i, v);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* A bundle's legs in one rollup are excluded together. */
static int check_whole(const struct pro_block *b, const struct chk_bundles *bundles,
                       struct pro_violation *v)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct pro_preconf *p = &chk_bundles_find(bundles, b->entries[i].seq)->preconf;
        for (uint32_t leg = 0; leg < p->n_legs; leg++) {
            if (p->txs[leg].rollup == b->rollup && p->txs[leg].order < b->count &&
                (b->entries[p->txs[leg].order].kind == PRO_ENTRY_EXCLUDED) !=
                    (b->entries[i].kind == PRO_ENTRY_EXCLUDED)) {
                return chk_violated(v, PRO_RULE_PARTIAL, "bundle %u is excluded only in part",
                                    p->seq);
            }
        }
    }
    return 0;
}

static int open_case(const struct pro_view *view, const struct pro_next_dossier *in, bool final,
                     struct next_case *c, struct pro_violation *v)
{
    c->view = view;
    int rc = chk_block_open(view, &in->before, &c->before, v);
    if (rc == 0) {
        rc = chk_block_open(view, &in->after, &c->after, v);
    }
    if (rc != 0) {
        return rc;
    }
    const struct pro_header *a = &c->after.header;
    const struct pro_header *b = &c->before.header;
    bool later = final ? a->round == b->round : a->round > b->round;
    if (a->final != final || b->final || a->slot != b->slot || a->rollup != b->rollup || !later) {
        return chk_violated(v, PRO_RULE_PLACE, "not the next block of this slot and rollup");
    }
    rc = chk_block_recommitment(view, &c->before, &c->after, v);
    if (rc == 0) {
        rc = chk_bundles_open(view, in->bundles, in->n_bundles, a->slot, &c->before.block,
                              &c->bundles, v);
    }
    if (rc == 0) {
        rc = open_failures(in, c, v);
    }
    if (rc == 0) {
        rc = open_proposals(in, c, v);
    }
    if (rc == 0) {
        rc = check_changes(c, v);
    }
    if (rc == 0) {
        rc = check_whole(&c->after.block, &c->bundles, v);
    }
    return rc;
}

static int check_bitmap(const struct chk_block *b, struct pro_violation *v)
{
    for (uint32_t i = 0; i < b->block.count; i++) {
        if (pro_bit(b->header.excluded, i) != (b->block.entries[i].kind == PRO_ENTRY_EXCLUDED)) {
            return chk_violated(v, PRO_RULE_BODY, "the exclusion bitmap is wrong at entry %u", i);
        }
    }
    return 0;
}

/* What was executed last must not change by the exclusions that finalization adds, and nothing that
 * the policy wants out may stay in. */
static int check_outcome(const struct pro_view *view, const struct pro_next_dossier *in,
                         const struct next_case *c, struct pro_violation *v)
{
    const struct pro_block *before = &c->before.block;
    const struct pro_block *after = &c->after.block;
    bool may_stay = view->keeps_failed || (view->keeps_reverted && before->round > 0);
    if (!hash32_equal(&c->after.header.post_root, &in->post_root)) {
        return chk_violated(v, PRO_RULE_ROOT, "the final state root is not the executed one");
    }
    for (uint32_t i = 0; i < after->count; i++) {
        bool succeeded = pro_bit(in->status, i);
        bool excluded = after->entries[i].kind == PRO_ENTRY_EXCLUDED;
        if (before->entries[i].kind != PRO_ENTRY_EXCLUDED && excluded && succeeded) {
            return chk_violated(v, PRO_RULE_ROOT,
                                "entry %u took effect and was then excluded without execution", i);
        }
        if (!excluded && !succeeded && !may_stay) {
            return chk_violated(v, PRO_RULE_KEPT_FAILED, "entry %u failed and was not excluded", i);
        }
    }
    return 0;
}

/* Another rollup's final header: are the bundles of this block excluded there exactly if here? */
static int check_other(const struct chk_bundles *bundles, const struct pro_block *own,
                       const struct pro_header *other, struct pro_violation *v)
{
    for (uint32_t i = 0; i < own->count; i++) {
        const struct pro_preconf *p = &chk_bundles_find(bundles, own->entries[i].seq)->preconf;
        bool excluded = own->entries[i].kind == PRO_ENTRY_EXCLUDED;
        for (uint32_t leg = 0; leg < p->n_legs; leg++) {
            if (p->txs[leg].rollup == other->rollup &&
                pro_bit(other->excluded, p->txs[leg].order) != excluded) {
                return chk_violated(v, PRO_RULE_PARTIAL,
                                    "bundle %u is excluded on one rollup and not on another",
                                    p->seq);
            }
        }
    }
    return 0;
}

static int check_others(const struct pro_view *view, const struct pro_next_dossier *in,
                        const struct next_case *c, struct pro_violation *v)
{
    CLEANUP(chk_others_fini) struct chk_others others = {0};
    int rc = chk_others_init(&others, view, &c->bundles, c->after.header.rollup);
    for (uint32_t i = 0; i < in->n_siblings && rc == 0; i++) {
        struct bytes body;
        struct pro_header h;
        rc = pro_unsign_from(&view->deployment.id, PRO_TAG_BLOCK, in->siblings[i], &view->sequencer,
                             &body);
        if (rc == 0) {
            rc = pro_header_decode(body, &h);
        }
        if (rc != 0) {
            return chk_violated(v, PRO_RULE_HEADER, "a sibling's final header: %s", err_text(rc));
        }
        if (!h.final || h.slot != c->after.header.slot || !chk_others_take(&others, h.rollup)) {
            return chk_violated(v, PRO_RULE_PLACE, "sibling header %u is not one that is due", i);
        }
        rc = check_other(&c->bundles, &c->after.block, &h, v);
    }
    uint64_t missing = 0;
    if (rc == 0 && chk_others_missing(&others, &missing)) {
        return chk_violated(v, PRO_RULE_SIBLING, "the final header of rollup %llu is missing",
                            (unsigned long long)missing);
    }
    return rc;
}

static int finish(int rc, struct pro_violation *v, struct pro_violation *out)
{
    if (rc < 0) {
        pro_violation_fini(v);
        return rc;
    }
    *out = *v;
    return 0;
}

int pro_check_second(const struct pro_view *view, const struct pro_next_dossier *in,
                     struct pro_violation *out)
{
    CLEANUP(next_case_fini) struct next_case c = {0};
    struct pro_violation v = {0};
    return finish(open_case(view, in, false, &c, &v), &v, out);
}

int pro_check_final(const struct pro_view *view, const struct pro_next_dossier *in,
                    struct pro_violation *out)
{
    CLEANUP(next_case_fini) struct next_case c = {0};
    struct pro_violation v = {0};
    int rc = open_case(view, in, true, &c, &v);
    if (rc == 0) {
        rc = check_bitmap(&c.after, &v);
    }
    if (rc == 0) {
        rc = check_outcome(view, in, &c, &v);
    }
    if (rc == 0) {
        rc = check_others(view, in, &c, &v);
    }
    return finish(rc, &v, out);
}
