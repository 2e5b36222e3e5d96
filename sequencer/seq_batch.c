#include "sequencer/seq_core.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/hash.h"
#include "sequencer/seq_faults.h"

#include <stdlib.h>

/* 64 would be 2 % cheaper a leg and take twice as long, more would gain nothing
 * (docs/benchmarks.md). */
#define DEFAULT_BATCH_LEGS 32

/* The arrivals of the next batch: at least one, then as long as the number of legs allows. */
static size_t choose(const struct seq *s, uint32_t *n_legs)
{
    uint32_t limit = s->p.config->sequencer->admission_batch_legs;
    size_t n = 0;
    limit = limit != 0 ? limit : DEFAULT_BATCH_LEGS;
    *n_legs = 0;
    while (n < s->arrivals.n) {
        uint32_t more = s->arrivals.items[n].bundle->bundle.n_legs;
        if (n != 0 && (more > limit || *n_legs > limit - more)) {
            break;
        }
        *n_legs += more;
        n++;
    }
    return n;
}

static void put_leg(const struct seq *s, const struct pro_leg *leg, struct buf *out)
{
    CLEANUP(buf_fini) struct buf context = {0};
    pro_leg_context(&s->p.view.deployment.id, leg->open_bytes, &context);
    wr_var(out, buf_view(&context));
    wr_var(out, leg->u);
    wr_var(out, leg->q);
    wr_var(out, leg->proof);
    wr_var(out, leg->sealed);
    if (context.err != 0 && out->err == 0) {
        out->err = context.err;
    }
}

int seq_batch_start(struct seq *s)
{
    CLEANUP(buf_fini) struct buf request = {.limit = SIZE_MAX / 2};
    uint32_t n_legs = 0;
    if (s->n_verifying != 0 || s->arrivals.n == 0) {
        return 0;
    }
    size_t n = choose(s, &n_legs);
    wr_u32(&request, n_legs);
    for (size_t i = 0; i < n; i++) {
        const struct pro_bundle *b = &s->arrivals.items[i].bundle->bundle;
        for (uint32_t k = 0; k < b->n_legs; k++) {
            put_leg(s, &b->legs[k], &request);
        }
    }
    if (request.err != 0) {
        return request.err;
    }
    s->n_verifying = n;
    act_work(s->p.out, SEQ_ADMIT_ID_BASE + s->next_work++, SEQ_WORK_ADMIT, buf_view(&request),
             s->p.config->sequencer->admission_cost_ns * n_legs);
    return 0;
}

/* Are all proofs of the bundle right? Takes its exponents on the way. */
static enum seq_refusal read_verdicts(struct seq_bundle *b, struct rd *r)
{
    enum seq_refusal verdict = SEQ_ADMITTED;
    for (uint32_t i = 0; i < b->bundle.n_legs; i++) {
        int32_t rc = (int32_t)rd_u32(r);
        b->exponents[i] = rd_u64(r);
        if (rc != 0 && verdict == SEQ_ADMITTED) {
            verdict = rc == ERR_NONCANONICAL ? SEQ_BAD_ELEMENT : SEQ_BAD_PROOF;
        }
    }
    return verdict;
}

int seq_on_admitted(struct seq *s, const struct act_event *ev)
{
    struct rd r = rd_from(ev->body);
    size_t n = s->n_verifying;
    int rc = ev->work_rc;
    if (rc != 0) {
        return rc;
    }
    size_t done = 0;
    while (done < n && rc == 0) {
        struct seq_pending pending = s->arrivals.items[done++];
        enum seq_refusal verdict = read_verdicts(pending.bundle, &r);
        rc = seq_settle(s, &pending, seq_fault_admitting(s, verdict));
    }
    s->arrivals.n -= done;
    s->n_verifying = 0;
    memmove(s->arrivals.items, &s->arrivals.items[done],
            s->arrivals.n * sizeof(*s->arrivals.items));
    if (rc != 0) {
        return rc;
    }
    CHECK(rd_end(&r) == 0);
    return seq_batch_start(s);
}

/* ---- The work ---- */

struct batch {
    uint32_t n;
    struct bytes *contexts;
    struct tlp_puzzle *puzzles;
    int *rcs;
    uint64_t *exponents;
};

static void batch_fini(struct batch *b)
{
    free(b->contexts);
    free(b->puzzles);
    free(b->rcs);
    free(b->exponents);
}

static int batch_read(struct bytes request, struct batch *b)
{
    struct rd r = rd_from(request);
    b->n = rd_count(&r, UINT32_MAX, 20);
    b->contexts = calloc((size_t)b->n + 1, sizeof(*b->contexts));
    b->puzzles = calloc((size_t)b->n + 1, sizeof(*b->puzzles));
    b->rcs = calloc((size_t)b->n + 1, sizeof(*b->rcs));
    b->exponents = calloc((size_t)b->n + 1, sizeof(*b->exponents));
    if (b->contexts == NULL || b->puzzles == NULL || b->rcs == NULL || b->exponents == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < b->n; i++) {
        b->contexts[i] = rd_var(&r, UINT32_MAX);
        b->puzzles[i].u = rd_var(&r, UINT32_MAX);
        b->puzzles[i].q = rd_var(&r, UINT32_MAX);
        b->puzzles[i].proof = rd_var(&r, UINT32_MAX);
        b->puzzles[i].ct = rd_var(&r, UINT32_MAX);
    }
    return rd_end(&r);
}

/* Whoever made the proofs cannot predict these, and the same request has the same. */
static void init_weights(const struct seq *s, struct bytes request, struct drbg *out)
{
    struct hash32 hash;
    struct hash32 seed;
    hash_sha256(request, &hash);
    hash_sha256_pair(0, &s->weight_key, &hash, &seed);
    drbg_init(out, &seed, "admission weights");
    secret_wipe(&seed, sizeof(seed));
}

int seq_work_admit(const struct seq *s, struct bytes request, struct buf *result)
{
    CLEANUP(batch_fini) struct batch b = {0};
    CLEANUP(drbg_wipe) struct drbg weights;
    init_weights(s, request, &weights);
    int rc = batch_read(request, &b);
    if (rc == 0) {
        rc = tlp_verify_batch(s->p.tlp, b.n, b.contexts, b.puzzles, &weights, b.rcs, b.exponents);
        rc = rc == ERR_PROOF ? 0 : rc;
    }
    for (uint32_t i = 0; i < b.n && rc == 0; i++) {
        wr_u32(result, (uint32_t)b.rcs[i]);
        wr_u64(result, b.exponents[i]);
    }
    return rc != 0 ? rc : result->err;
}
