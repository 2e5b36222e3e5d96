/* The user's own watch: nobody else may know of a promise that is not kept. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_prosecute.h"
#include "common/protocol/pro_signed.h"
#include "wallet/wal_core.h"

#define WORK_BLOCK 1
#define MAX_WATCHED ((size_t)1 << 16)

void wal_watched_fini(struct wal_watched *x)
{
    buf_fini(&x->header);
}

/* ---- Promises among themselves ---- */

/* Can these two not both be kept? (seq, leg) and order have to agree. */
static bool contradict(const struct pro_promise *a, const struct pro_promise *b)
{
    if (a->seq == b->seq && !hash32_equal(&a->bundle_id, &b->bundle_id)) {
        return true;
    }
    bool before = a->seq != b->seq ? a->seq < b->seq : a->leg < b->leg;
    return a->rollup == b->rollup && (a->order == b->order || (a->order < b->order) != before);
}

static int accuse_of_promises(struct wal *w, const struct pro_promise *a,
                              const struct pro_promise *b)
{
    CLEANUP(buf_fini) struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    party_violation(&w->p, "promises", "sequencer", a->slot, a->rollup, 0,
                    a->order == b->order ? "two promises for one position"
                                         : "promises that cannot both be kept");
    int rc = pro_prosecute_promises(&w->p.view, buf_view(&w->p.descriptor), a, b, &evidence);
    return rc != 0 || evidence.len == 0 ? rc : party_accuse(&w->p, buf_view(&evidence));
}

/* Out: whether they contradict each other, and then which legs. */
static bool find_contradiction(const struct pro_preconf *one, const struct pro_preconf *other,
                               struct pro_promise *a, struct pro_promise *b)
{
    for (uint32_t i = 0; i < one->n_legs; i++) {
        pro_promise_of(one, i, a);
        for (uint32_t k = 0; k < other->n_legs; k++) {
            pro_promise_of(other, k, b);
            if ((one != other || k > i) && contradict(a, b)) {
                return true;
            }
        }
    }
    return false;
}

int wal_compare_promises(struct wal *w, const struct wal_bundle *b)
{
    for (size_t i = 0; i < w->n_bundles; i++) {
        const struct wal_bundle *other = &w->bundles[i];
        struct pro_promise x;
        struct pro_promise y;
        if (other->promised && other->preconf.slot == b->preconf.slot &&
            find_contradiction(&b->preconf, &other->preconf, &x, &y)) {
            return accuse_of_promises(w, &x, &y); /* one is enough */
        }
    }
    return 0;
}

/* ---- Promises and blocks ---- */

static bool has_leg(const struct wal_bundle *b, uint64_t slot, uint64_t rollup)
{
    if (!b->promised || b->preconf.slot != slot) {
        return false;
    }
    for (uint32_t i = 0; i < b->preconf.n_legs; i++) {
        if (b->preconf.txs[i].rollup == rollup) {
            return true;
        }
    }
    return false;
}

int wal_on_l1_block(struct wal *w, const Lockstep__L1Event *e)
{
    bool ours = false;
    for (size_t i = 0; i < w->n_bundles && !ours; i++) {
        ours = has_leg(&w->bundles[i], e->slot, e->rollup);
    }
    if (!ours || e->round != 0 || w->n_watched >= MAX_WATCHED) {
        return 0;
    }
    int rc = VEC_RESERVE(w->watched, w->cap_watched, w->n_watched + 1);
    if (rc != 0) {
        return rc;
    }
    struct wal_watched *x = &w->watched[w->n_watched++];
    *x = (struct wal_watched){.slot = e->slot, .rollup = e->rollup};
    buf_append_bytes(&x->header, wire_view(&e->artifact));
    rc = x->header.err;
    return rc != 0 ? rc : party_da_get(&w->p, e->rollup, e->slot, LOCKSTEP__DA_KIND__DA_BLOCK, 0);
}

/* Does the block hold the leg where it was promised? */
static bool holds(const struct pro_block *b, const struct pro_promise *p)
{
    if (p->order >= b->count) {
        return false;
    }
    const struct pro_entry *e = &b->entries[p->order];
    return hash32_equal(&e->enc_tx_hash, &p->enc_tx_hash) &&
           hash32_equal(&e->bundle_id, &p->bundle_id) && e->leg == p->leg && e->n_legs == p->n_legs;
}

/* Out: a promise that the block breaks. Returns: false if there is none. */
static bool find_broken(const struct wal *w, const struct pro_block *b, struct pro_promise *out)
{
    for (size_t i = 0; i < w->n_bundles; i++) {
        const struct wal_bundle *mine = &w->bundles[i];
        if (!has_leg(mine, b->slot, b->rollup)) {
            continue;
        }
        for (uint32_t leg = 0; leg < mine->preconf.n_legs; leg++) {
            pro_promise_of(&mine->preconf, leg, out);
            if (out->rollup == b->rollup && !holds(b, out)) {
                return true;
            }
        }
    }
    return false;
}

/* Opening a commitment takes a while: that is work. */
static int start_prosecution(struct wal *w, const struct wal_watched *x, struct bytes body,
                             const struct pro_promise *broken)
{
    CLEANUP(buf_fini) struct buf request = {.limit = WIRE_MAX_FRAME};
    pro_promise_encode(broken, &request);
    wr_var(&request, buf_view(&x->header));
    wr_var(&request, body);
    party_violation(&w->p, "promise", "sequencer", x->slot, x->rollup, 0,
                    "the proposal block does not hold a leg where it was promised");
    if (request.err != 0) {
        return request.err;
    }
    act_work(w->p.out, ++w->next_work, WORK_BLOCK, buf_view(&request), 0);
    return w->p.out->err;
}

static int check_block(struct wal *w, const struct wal_watched *x, struct bytes body)
{
    CLEANUP(pro_block_fini) struct pro_block b = {0};
    struct pro_promise broken;
    int rc = pro_block_decode(body, &b);
    if (rc != 0) {
        return rc == ERR_NOMEM ? rc : 0; /* executors say what is wrong with it */
    }
    if (b.slot != x->slot || b.rollup != x->rollup || !find_broken(w, &b, &broken)) {
        return 0;
    }
    return start_prosecution(w, x, body, &broken);
}

int wal_on_item(struct wal *w, uint32_t from, const Lockstep__DaItem *m)
{
    for (size_t i = 0; i < w->n_watched; i++) {
        struct wal_watched x = w->watched[i];
        if (from == w->p.da_id && m->key->kind == LOCKSTEP__DA_KIND__DA_BLOCK &&
            x.slot == m->key->slot && x.rollup == m->key->namespace_ && m->key->index == 0) {
            w->watched[i] = w->watched[--w->n_watched];
            int rc = check_block(w, &x, wire_view(&m->data));
            wal_watched_fini(&x);
            return rc;
        }
    }
    party_reject(&w->p, from, ACT_REJECT_UNEXPECTED, "nobody asked for this item");
    return 0;
}

/* Result: the evidence. */
int wal_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                 struct buf *result)
{
    const struct wal *w = (const struct wal *)self;
    struct pro_promise promise;
    struct rd r = rd_from(request);
    CHECK(kind == WORK_BLOCK);
    pro_promise_read(&r, &promise);
    struct pro_block_item block;
    block.header = rd_var(&r, UINT32_MAX);
    block.body = rd_var(&r, UINT32_MAX);
    int rc = rd_end(&r);
    result->limit = PRO_MAX_EVIDENCE_BYTES;
    return rc != 0 ? rc
                   : pro_prosecute_promise(&w->p.view, buf_view(&w->p.descriptor), &promise, &block,
                                           result);
}

int wal_on_watched(struct wal *w, const struct act_event *ev)
{
    if (ev->work_rc != 0) {
        return ev->work_rc;
    }
    return ev->body.len == 0 ? 0 : party_accuse(&w->p, ev->body);
}
