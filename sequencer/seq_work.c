#include "sequencer/seq_core.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

static int leg_context(const struct seq *s, const struct pro_leg *leg, struct buf *out)
{
    buf_clear(out);
    pro_leg_context(&s->p.view.deployment.id, leg->open_bytes, out);
    return out->err;
}

static struct tlp_puzzle puzzle_of(const struct pro_leg *leg)
{
    return (struct tlp_puzzle){leg->u, leg->q, leg->proof, leg->sealed};
}

/* The bundles of a slot, decoded for solving. */
struct solve {
    uint32_t n_bundles;
    struct pro_bundle *bundles;
    size_t n_legs; /* all of them, in global order */
    struct bytes *us;
    struct bytes *qs;
    struct buf *ws;
    int *rcs;
};

static void solve_fini(struct solve *v)
{
    for (uint32_t i = 0; i < v->n_bundles; i++) {
        pro_bundle_fini(&v->bundles[i]);
    }
    for (size_t i = 0; v->ws != NULL && i < v->n_legs; i++) {
        buf_fini(&v->ws[i]);
    }
    free(v->bundles);
    free(v->us);
    free(v->qs);
    free(v->ws);
    free(v->rcs);
}

static int solve_read(struct bytes request, struct solve *v)
{
    struct rd r = rd_from(request);
    uint32_t n = rd_count(&r, UINT32_MAX, 4);
    v->bundles = calloc((size_t)n + 1, sizeof(*v->bundles));
    if (v->bundles == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        int rc = pro_bundle_decode(rd_var(&r, PRO_MAX_BUNDLE_BYTES), &v->bundles[i]);
        if (rc != 0) {
            return rc;
        }
        v->n_bundles++;
        v->n_legs += v->bundles[i].n_legs;
    }
    v->us = calloc(v->n_legs + 1, sizeof(*v->us));
    v->qs = calloc(v->n_legs + 1, sizeof(*v->qs));
    v->ws = calloc(v->n_legs + 1, sizeof(*v->ws));
    v->rcs = calloc(v->n_legs + 1, sizeof(*v->rcs));
    if (v->us == NULL || v->qs == NULL || v->ws == NULL || v->rcs == NULL) {
        return ERR_NOMEM;
    }
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < v->bundles[i].n_legs; k++, at++) {
            const struct pro_leg *leg = &v->bundles[i].legs[k];
            v->us[at] = leg->u;
            v->qs[at] = leg->q;
        }
    }
    return rd_end(&r);
}

/* Opens one solved leg: verdict, w, plaintext. */
static int open_leg(const struct seq *s, const struct pro_leg *leg, struct bytes w,
                    struct buf *result)
{
    CLEANUP(buf_fini) struct buf context = {0};
    CLEANUP(buf_fini) struct buf plain = {0};
    struct tlp_puzzle puzzle = puzzle_of(leg);
    int rc = leg_context(s, leg, &context);
    if (rc == 0) {
        rc = tlp_open(s->p.tlp, buf_view(&context), &puzzle, w, &plain);
    }
    if (rc != 0 && rc != ERR_MISMATCH && rc != ERR_PROOF) { /* PROOF: badly admitted */
        return rc;
    }
    int face = rc != 0 ? rc : pro_tx_on_face(&s->p.view.deployment.id, leg, buf_view(&plain));
    if (face == ERR_NOMEM) {
        return face;
    }
    wr_u8(result, face == 0 ? PRO_OPEN : PRO_BOGUS_CIPHER);
    wr_var(result, w);
    wr_var(result, buf_view(&plain));
    return result->err;
}

/* Opens the whole slot with one chain of squarings. */
static int work_solve(const struct seq *s, struct bytes request, struct buf *result)
{
    CLEANUP(solve_fini) struct solve v = {0};
    struct tlp_batch_report report = {0};
    enum tlp_solver solver = (enum tlp_solver)s->p.config->timelock->solver;
    int rc = solve_read(request, &v);
    if (rc == 0) {
        rc = tlp_solve_batch(s->p.tlp, solver, v.n_legs, v.us, v.qs, NULL, v.ws, v.rcs, &report);
    }
    size_t at = 0;
    for (uint32_t i = 0; i < v.n_bundles; i++) {
        for (uint32_t k = 0; k < v.bundles[i].n_legs && rc == 0; k++, at++) {
            rc = v.rcs[at] == 0 || v.rcs[at] == ERR_PROOF
                     ? open_leg(s, &v.bundles[i].legs[k], buf_view(&v.ws[at]), result)
                     : v.rcs[at];
        }
    }
    return rc;
}

static int recommit(const struct seq *s, struct rd *r, struct vc_commitment *out)
{
    struct vc_commitment before;
    rd_fixed(r, before.b, sizeof(before.b));
    uint32_t n = rd_count(r, PRO_MAX_ENTRIES, 68);
    CLEANUP(cleanup_free) struct vc_change *changes = calloc((size_t)n + 1, sizeof(*changes));
    if (changes == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < n; i++) {
        changes[i].index = rd_u32(r);
        rd_fixed(r, changes[i].was.b, 32);
        rd_fixed(r, changes[i].now.b, 32);
    }
    return r->err != 0 ? r->err : vc_recommit(s->p.view.vc, &before, changes, n, out);
}

static int commit(const struct seq *s, bool promised, struct bytes body, struct vc_commitment *out)
{
    CLEANUP(pro_block_fini) struct pro_block b = {0};
    int rc = pro_block_decode(body, &b);
    if (rc != 0) {
        return rc;
    }
    return promised ? pro_block_commit_order(s->p.view.vc, &b, out)
                    : pro_block_commit(s->p.view.vc, &b, out);
}

static int work_commit(const struct seq *s, struct bytes request, struct buf *result)
{
    struct rd r = rd_from(request);
    bool promised = rd_bool(&r);
    while (r.err == 0 && r.in.len != 0) {
        struct vc_commitment c;
        bool again = rd_bool(&r);
        int rc =
            again ? recommit(s, &r, &c) : commit(s, promised, rd_var(&r, PRO_MAX_BLOCK_BYTES), &c);
        if (rc != 0) {
            return rc;
        }
        wr_fixed(result, c.b, sizeof(c.b));
    }
    return r.err != 0 ? r.err : result->err;
}

int seq_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                 struct buf *result)
{
    const struct seq *s = (const struct seq *)self;
    switch ((enum seq_work)kind) {
    case SEQ_WORK_ADMIT:
        return seq_work_admit(s, request, result);
    case SEQ_WORK_SOLVE:
        return work_solve(s, request, result);
    case SEQ_WORK_COMMIT:
        return work_commit(s, request, result);
    case SEQ_WORK_VERIFY:
        return seq_work_verify(request, result);
    }
    return ERR_UNSUPPORTED;
}
