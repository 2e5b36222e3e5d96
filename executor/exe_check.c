#include "executor/exe_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/protocol/pro_dossier.h"
#include "common/protocol/pro_prosecute.h"
#include "common/protocol/pro_signed.h"

#include <stdlib.h>

/* Arrays of views into a slot's items, as dossiers want them. */
struct views {
    struct pro_bundle_item *bundles;
    uint32_t n_bundles;
    struct pro_block_item *siblings;
    uint32_t n_siblings;
    struct bytes *headers;
    uint32_t n_headers;
    struct pro_block_item *proposals;
    uint32_t n_proposals;
    struct pro_proven *failures;
};

static void views_fini(struct views *v)
{
    free(v->bundles);
    free(v->siblings);
    free(v->headers);
    free(v->proposals);
    free(v->failures);
}

static int by_seq(const void *a, const void *b)
{
    const struct pro_bundle_item *x = a;
    const struct pro_bundle_item *y = b;
    return x->seq < y->seq ? -1 : (x->seq > y->seq ? 1 : 0);
}

static void collect_item(const struct exe *e, const struct exe_slot *slot,
                         const struct exe_item *item, struct views *v)
{
    uint64_t rollup = item->key.namespace_;
    struct bytes data = buf_view(&item->data);
    if (item->key.kind == LOCKSTEP__DA_KIND__DA_BUNDLE && exe_is_own_bundle(e, data)) {
        v->bundles[v->n_bundles++] = (struct pro_bundle_item){item->key.index, data};
    } else if (item->key.kind == LOCKSTEP__DA_KIND__DA_HEADER) {
        struct pro_block_item block = {data,
                                       exe_item_data(slot, rollup, LOCKSTEP__DA_KIND__DA_BLOCK, 0)};
        v->proposals[v->n_proposals++] = block;
        if (rollup != e->rollup) {
            v->siblings[v->n_siblings++] = block;
        }
    } else if (item->key.kind == LOCKSTEP__DA_KIND__DA_FINAL_HEADER) {
        v->headers[v->n_headers++] = data;
    }
}

static int collect(const struct exe *e, const struct exe_slot *slot, struct views *v)
{
    v->bundles = calloc(slot->n_items + 1, sizeof(*v->bundles));
    v->siblings = calloc(slot->n_items + 1, sizeof(*v->siblings));
    v->proposals = calloc(slot->n_items + 1, sizeof(*v->proposals));
    v->headers = calloc(slot->n_items + 1, sizeof(*v->headers));
    v->failures = calloc(slot->n_failures + 1, sizeof(*v->failures));
    if (v->bundles == NULL || v->siblings == NULL || v->proposals == NULL || v->headers == NULL ||
        v->failures == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < slot->n_items; i++) {
        collect_item(e, slot, &slot->items[i], v);
    }
    for (size_t i = 0; i < slot->n_failures; i++) {
        v->failures[i] = (struct pro_proven){buf_view(&slot->failures[i].result),
                                             buf_view(&slot->failures[i].proofs)};
    }
    qsort(v->bundles, v->n_bundles, sizeof(*v->bundles), by_seq);
    return 0;
}

static void encode_proposal(const struct exe *e, const struct exe_slot *slot, const struct views *v,
                            struct buf *out)
{
    struct pro_proposal_dossier d = {
        .slot = slot->number,
        .rollup = e->rollup,
        .block = {buf_view(&slot->header),
                  exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_BLOCK, 0)},
        .order = exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_ORDER, 0),
        .openings = exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_OPENINGS, 0),
        .n_bundles = v->n_bundles,
        .bundles = v->bundles,
        .n_siblings = v->n_siblings,
        .siblings = v->siblings,
    };
    pro_proposal_dossier_encode(&d, out);
}

static void encode_next(const struct exe *e, const struct exe_slot *slot, const struct views *v,
                        struct buf *out)
{
    bool final = slot->h.final;
    struct bytes body =
        final ? exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_FINAL, 0)
              : exe_item_data(slot, e->rollup, LOCKSTEP__DA_KIND__DA_BLOCK, slot->h.round);
    struct pro_next_dossier d = {
        .before = {buf_view(&slot->done.header), buf_view(&slot->done.body)},
        .status = buf_view(&slot->done.status),
        .post_root = slot->done.post_root,
        .after = {buf_view(&slot->header), body},
        .n_bundles = v->n_bundles,
        .bundles = v->bundles,
        .n_failures = (uint32_t)slot->n_failures,
        .failures = v->failures,
        .n_proposals = v->n_proposals,
        .proposals = v->proposals,
        .n_siblings = final ? v->n_headers : 0,
        .siblings = v->headers,
    };
    pro_next_dossier_encode(&d, out);
}

int exe_check_start(struct exe *e, struct exe_slot *slot)
{
    CLEANUP(views_fini) struct views v = {0};
    CLEANUP(buf_fini) struct buf request = {.limit = SIZE_MAX / 2};
    int rc = collect(e, slot, &v);
    if (rc != 0) {
        return rc;
    }
    enum exe_work kind = EXE_WORK_PROPOSAL;
    if (slot->h.final) {
        kind = EXE_WORK_FINAL;
    } else if (slot->h.round != 0) {
        kind = EXE_WORK_SECOND;
    }
    if (kind == EXE_WORK_PROPOSAL) {
        encode_proposal(e, slot, &v, &request);
    } else {
        encode_next(e, slot, &v, &request);
    }
    if (request.err != 0) {
        return request.err;
    }
    act_work(e->p.out, slot->number, (uint32_t)kind, buf_view(&request),
             slot->h.count * e->p.config->executor->check_cost_ns);
    return 0;
}

int exe_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                 struct buf *result)
{
    const struct exe *e = (const struct exe *)self;
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    CLEANUP(buf_fini) struct buf violation = {0};
    CLEANUP(buf_fini) struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    CLEANUP(cleanup_free) void *arrays = NULL;
    int rc = ERR_UNSUPPORTED;
    if (kind == EXE_WORK_PROPOSAL) {
        struct pro_proposal_dossier d;
        rc = pro_proposal_dossier_decode(request, &d, &arrays);
        rc = rc != 0 ? rc : pro_check_proposal(&e->p.view, &d, &v);
        if (rc == 0 && v.rule != PRO_RULE_NONE) {
            rc = pro_prosecute_proposal(&e->p.view, buf_view(&e->p.descriptor), &d, &evidence);
        }
    } else if (kind == EXE_WORK_SECOND || kind == EXE_WORK_FINAL) {
        struct pro_next_dossier d;
        rc = pro_next_dossier_decode(request, &d, &arrays);
        if (rc == 0) {
            rc = kind == EXE_WORK_FINAL ? pro_check_final(&e->p.view, &d, &v)
                                        : pro_check_second(&e->p.view, &d, &v);
        }
        if (rc == 0 && v.rule != PRO_RULE_NONE) {
            rc = pro_prosecute_next(&e->p.view, buf_view(&e->p.descriptor), &d, &evidence);
        }
    }
    if (rc == 0) {
        pro_violation_encode(&v, &violation);
        wr_var(result, buf_view(&violation));
        wr_var(result, buf_view(&evidence));
        rc = violation.err != 0 ? violation.err : result->err;
    }
    return rc;
}

/* So that nobody takes this executor for silent. */
static int refuse_on_l1(struct exe *e, const struct exe_slot *slot)
{
    CLEANUP(buf_fini) struct buf body = {0};
    CLEANUP(buf_fini) struct buf artifact = {0};
    const struct pro_rejection r = {e->rollup, slot->number, slot->h.round};
    pro_rejection_encode(&r, &body);
    pro_sign(&e->p.view.deployment.id, PRO_TAG_REJECTION, &e->p.key, buf_view(&body), &artifact);
    if (body.err != 0 || artifact.err != 0) {
        return ERR_NOMEM;
    }
    return party_l1_submit(&e->p, LOCKSTEP__L1_KIND__L1_REJECTION, buf_view(&artifact));
}

static int reject_block(struct exe *e, struct exe_slot *slot, struct pro_violation *v,
                        struct bytes evidence)
{
    Lockstep__ProposalRejected rejected = LOCKSTEP__PROPOSAL_REJECTED__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    const char *rule = pro_rule_name(v->rule);
    const char *detail = buf_cstr(&v->detail);
    slot->phase = EXE_STUCK;
    party_violation(&e->p, rule, "sequencer", slot->number, e->rollup, slot->h.round, detail);
    rejected.slot = slot->number;
    rejected.rollup = e->rollup;
    rejected.round = slot->h.round;
    rejected.violation = (char *)(uintptr_t)rule;
    rejected.detail = (char *)(uintptr_t)detail;
    m.body_case = LOCKSTEP__MESSAGE__BODY_PROPOSAL_REJECTED;
    m.proposal_rejected = &rejected;
    int rc = e->watches ? 0 : party_send(&e->p, e->p.sequencer_id, &m);
    rc = rc != 0 || e->watches || slot->h.final ? rc : refuse_on_l1(e, slot);
    return rc != 0 || evidence.len == 0 ? rc : party_accuse(&e->p, evidence);
}

int exe_on_checked(struct exe *e, struct exe_slot *slot, struct bytes result)
{
    CLEANUP(pro_violation_fini) struct pro_violation v = {0};
    CHECK(slot->phase == EXE_CHECKING);
    struct rd r = rd_from(result);
    struct bytes violation = rd_var(&r, UINT32_MAX);
    struct bytes evidence = rd_var(&r, UINT32_MAX);
    int rc = rd_end(&r);
    rc = rc != 0 ? rc : pro_violation_decode(violation, &v);
    if (rc != 0) {
        return rc;
    }
    if (v.rule != PRO_RULE_NONE) {
        return reject_block(e, slot, &v, evidence);
    }
    if (slot->h.final) {
        return exe_finish(e, slot);
    }
    slot->phase = EXE_WAITING;
    return exe_run_next(e);
}
