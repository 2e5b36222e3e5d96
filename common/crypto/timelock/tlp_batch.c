/* One chain of T squarings for many puzzles: Fiat's batch RSA tree (1989) on top of the delay.
 *
 * W = (prod u_i)^(2^T) = prod w_i. A leaf holds X = Q = w^e and E = e; an inner node over the
 * children 1 and 2 holds E = E1*E2 and X = X1^E2 * X2^E1 = (w_1 w_2)^E. Going down with W known:
 * alpha*E1 - beta*E2 = 1 gives W1 = X1^alpha * (X2 / W^E2)^beta and W2 = W / W1. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/timelock/tlp_int.h"
#include "common/crypto/timelock/tlp_resume.h"

struct node {
    BIGNUM *x;
    BIGNUM *w;
    mpz_t e;
    size_t child[2];
};

struct solve {
    struct tlp_batch *batch;
    enum tlp_solver solver;
    const struct tlp_recheck *recheck;
    struct buf *ws;
    int *rcs; /* may be NULL */
    uint32_t chains;
};

struct tree {
    size_t n; /* nodes: leaves first, then level by level, the root last */
    struct node *nodes;
    size_t levels;
    size_t level_start[65]; /* the first node of each level of inner nodes; one entry more */
};

static int tree_init(struct tree *t, struct tlp_work *work, size_t leaves)
{
    *t = (struct tree){0};
    t->nodes = (struct node *)calloc(2 * leaves - 1, sizeof(*t->nodes));
    if (t->nodes == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
        return ERR_NOMEM;
    }
    for (; t->n < 2 * leaves - 1; t->n++) {
        struct node *node = &t->nodes[t->n];
        mpz_init(node->e);
        node->x = tlp_bn_new(work);
        node->w = tlp_bn_new(work);
    }
    return work->err;
}

static void tree_fini(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++) {
        mpz_clear(t->nodes[i].e);
        BN_clear_free(t->nodes[i].x);
        BN_clear_free(t->nodes[i].w);
    }
    free(t->nodes);
}

/* out = a^x * b^y with long integers as exponents */
static void power2(struct tlp_work *work, BIGNUM *out, BIGNUM *a, const mpz_t x, BIGNUM *b,
                   const mpz_t y)
{
    BIGNUM **exps = tlp_bns_new(work, 2);
    if (exps != NULL) {
        tlp_bn_from_mpz(work, exps[0], x);
        tlp_bn_from_mpz(work, exps[1], y);
        BIGNUM *bases[] = {a, b};
        tlp_multi_pow(work, out, 2, bases, exps);
    }
    tlp_bns_free(exps, 2);
}

static void power1(struct tlp_work *work, BIGNUM *out, BIGNUM *a, const mpz_t x)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *exp = tlp_bn_new(work);
    tlp_bn_from_mpz(work, exp, x);
    BIGNUM *bases[] = {a};
    BIGNUM *exps[] = {exp};
    tlp_multi_pow(work, out, 1, bases, exps);
}

static void join(struct tlp_work *work, struct tree *t, struct node *node, size_t a, size_t b,
                 bool root)
{
    struct node *one = &t->nodes[a], *two = &t->nodes[b];
    node->child[0] = a;
    node->child[1] = b;
    mpz_mul(node->e, one->e, two->e);
    if (!root) { /* nobody asks for the root's X */
        power2(work, node->x, one->x, two->e, two->x, one->e);
    }
}

/* Pairs up neighbours level by level; an odd one out is paired a level later. */
static void go_up(struct tlp_work *work, struct tree *t, size_t leaves)
{
    CLEANUP(cleanup_free) size_t *row = (size_t *)calloc(leaves, sizeof(*row));
    if (row == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
        return;
    }
    for (size_t i = 0; i < leaves; i++) {
        row[i] = i;
    }
    size_t next = leaves;
    for (size_t width = leaves; width > 1; width = (width + 1) / 2) {
        t->level_start[t->levels++] = next;
        for (size_t i = 0; i + 1 < width; i += 2) {
            join(work, t, &t->nodes[next], row[i], row[i + 1], width == 2);
            row[i / 2] = next++;
        }
        if (width % 2 == 1) {
            row[width / 2] = row[width - 1];
        }
    }
    t->level_start[t->levels] = next;
}

/* Splits W of every node of a level; two shared inversions. */
static void split_level(struct tlp_work *work, struct tree *t, size_t from, size_t to)
{
    size_t n = to - from;
    BIGNUM **inverse = tlp_bns_new(work, n);
    mpz_t alpha, beta;
    mpz_init(alpha);
    mpz_init(beta);
    for (size_t i = 0; i < n && work->err == 0; i++) {
        struct node *node = &t->nodes[from + i];
        power1(work, inverse[i], node->w, t->nodes[node->child[1]].e);
    }
    if (work->err == 0) {
        tlp_invert_all(work, n, inverse);
    }
    for (size_t i = 0; i < n && work->err == 0; i++) {
        struct node *node = &t->nodes[from + i];
        struct node *one = &t->nodes[node->child[0]], *two = &t->nodes[node->child[1]];
        CHECK(mpz_invert(alpha, one->e, two->e) != 0); /* distinct primes below */
        mpz_mul(beta, alpha, one->e);
        mpz_sub_ui(beta, beta, 1);
        mpz_divexact(beta, beta, two->e);
        tlp_mul(work, inverse[i], inverse[i], two->x);
        power2(work, one->w, one->x, alpha, inverse[i], beta);
        if (work->err == 0 && BN_copy(inverse[i], one->w) == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
        }
    }
    if (work->err == 0) {
        tlp_invert_all(work, n, inverse);
    }
    for (size_t i = 0; i < n && work->err == 0; i++) {
        struct node *node = &t->nodes[from + i];
        tlp_mul(work, t->nodes[node->child[1]].w, node->w, inverse[i]);
    }
    mpz_clear(alpha);
    mpz_clear(beta);
    tlp_bns_free(inverse, n);
}

/* w^e = Q, up to sign? */
static bool opens(struct tlp_work *work, BIGNUM *w, const struct tlp_item *item)
{
    CLEANUP(tlp_bn_cleanup) BIGNUM *x = tlp_bn_new(work);
    tlp_pow_u64(work, x, w, item->e);
    if (work->err == 0 && BN_cmp(x, item->q) == 0) {
        return true;
    }
    if (work->err == 0 && BN_sub(x, work->ring->mod, x) != 1) {
        tlp_work_fail(work, ERR_NOMEM);
    }
    return work->err == 0 && BN_cmp(x, item->q) == 0;
}

static void deliver(struct solve *s, const struct tlp_item *item, const BIGNUM *w, int rc)
{
    uint8_t out[TLP_ELEMENT_BYTES_MAX];
    struct tlp_work *work = &s->batch->work;
    tlp_elem_put(work, w, out);
    if (work->err == 0) {
        if (s->rcs != NULL) {
            s->rcs[item->index] = rc;
        }
        buf_append(&s->ws[item->index], out, work->ring->bytes);
        tlp_work_fail(work, s->ws[item->index].err);
    }
}

/* The tree over items [from, to), whose w multiply to `product`. Returns: true when every item
 * came out right; nothing is delivered otherwise. */
static bool solve_tree(struct solve *s, size_t from, size_t to, const BIGNUM *product)
{
    size_t leaves = to - from;
    CHECK(leaves > 0);
    struct tlp_work *work = &s->batch->work;
    CLEANUP(tree_fini) struct tree t;
    if (tree_init(&t, work, leaves) != 0) {
        return false;
    }
    for (size_t i = 0; i < leaves; i++) {
        mpz_set_ui(t.nodes[i].e, s->batch->items[from + i].e);
        if (BN_copy(t.nodes[i].x, s->batch->items[from + i].q) == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
        }
    }
    go_up(work, &t, leaves);
    if (work->err == 0 && BN_copy(t.nodes[t.n - 1].w, product) == NULL) {
        tlp_work_fail(work, ERR_NOMEM);
    }
    for (size_t level = t.levels; level-- > 0 && work->err == 0;) {
        split_level(work, &t, t.level_start[level], t.level_start[level + 1]);
    }
    for (size_t i = 0; i < leaves; i++) {
        if (!opens(work, t.nodes[i].w, &s->batch->items[from + i])) {
            return false;
        }
    }
    for (size_t i = 0; i < leaves; i++) {
        deliver(s, &s->batch->items[from + i], t.nodes[i].w, 0);
    }
    return true;
}

/* prod w_i of items [from, to) by a chain of squarings. */
static void chain(struct solve *s, size_t from, size_t to, BIGNUM *product)
{
    struct tlp_batch *b = s->batch;
    tlp_batch_product(b, from, to, product);
    if (b->work.err == 0) {
        tlp_delay(&b->work, b->params, s->solver, b->params->squarings, product, &b->squared);
        s->chains++;
    }
}

/* Moves the items whose admission does not hold to the front, keeping the order otherwise.
 * Returns: where the others begin; the middle if that splits nothing. */
static size_t find_split(struct solve *s, size_t from, size_t to, bool ask)
{
    size_t bad = from;
    for (size_t i = from; ask && i < to; i++) {
        if (!s->recheck->holds(s->recheck->arg, s->batch->items[i].index)) {
            struct tlp_item culprit = s->batch->items[i];
            memmove(&s->batch->items[bad + 1], &s->batch->items[bad], (i - bad) * sizeof(culprit));
            s->batch->items[bad++] = culprit;
        }
    }
    return bad > from && bad < to ? bad : from + (to - from) / 2;
}

/* The depth is logarithmic: every split but the first one halves. */
static void solve_range(struct solve *s, size_t from, size_t to, BIGNUM *product, bool ask)
{
    struct tlp_work *work = &s->batch->work;
    if (solve_tree(s, from, to, product) || work->err != 0) {
        return;
    }
    if (to - from == 1) {
        const struct tlp_item *culprit = &s->batch->items[from];
        uint8_t q[TLP_ELEMENT_BYTES_MAX];
        tlp_elem_put(work, culprit->q, q);
        int member = tlp_elem_check(work->ring, bytes_of(q, work->ring->bytes));
        deliver(s, culprit, product, member != 0 ? member : ERR_PROOF);
        return;
    }
    size_t middle = find_split(s, from, to, ask);
    BIGNUM **part = tlp_bns_new(work, 2);
    if (part != NULL) {
        chain(s, from, middle, part[0]);
        if (work->err == 0 && BN_copy(part[1], part[0]) == NULL) {
            tlp_work_fail(work, ERR_NOMEM);
        }
        if (work->err == 0) {
            tlp_invert_all(work, 1, &part[1]);
            tlp_mul(work, part[1], part[1], product);
            solve_range(s, from, middle, part[0], false);
        }
        if (work->err == 0) {
            solve_range(s, middle, to, part[1], false);
        }
    }
    tlp_bns_free(part, 2);
}

int tlp_batch_finish(struct tlp_batch *b, struct buf *ws)
{
    struct solve s = {.batch = b, .ws = ws};
    CHECK(b->done == b->params->squarings);
    if (b->n == 0 || solve_tree(&s, 0, b->n, b->x)) {
        return b->work.err;
    }
    return b->work.err != 0 ? b->work.err : ERR_PROOF;
}

int tlp_solve_batch(const struct tlp_params *params, enum tlp_solver solver, size_t n,
                    const struct bytes *us, const struct bytes *qs,
                    const struct tlp_recheck *recheck, struct buf *ws, int *rcs,
                    struct tlp_batch_report *report)
{
    struct tlp_batch_report told = {0};
    if (solver == TLP_TRAPDOOR && !params->trapdoor.known) {
        return ERR_UNSUPPORTED;
    }
    CLEANUP(tlp_batch_destroy) struct tlp_batch *b = NULL;
    int rc = tlp_batch_begin(params, n, us, qs, rcs, told.clash, &b);
    if (rc == 0 && b->n > 0) {
        struct solve s = {b, solver, recheck, ws, rcs, 1};
        rc = tlp_batch_advance(b, solver, params->squarings);
        if (rc == 0) {
            solve_range(&s, 0, b->n, b->x, recheck != NULL);
            rc = b->work.err;
        }
        told.chains = s.chains;
        told.squared = b->squared;
    }
    if (report != NULL) {
        *report = told;
    }
    return rc;
}
