/* Proofs of failure, mutated, against an honest executor's result: nobody can bend a step so that
 * it says something else than what happened, nor so that the executor looks like a fraud. The input
 * is proofs as they travel; the signature and the block are those of the fixture. */
#include "common/base/check.h"
#include "tests/unit/protocol/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRIES 20

/* Made once, kept until the end. */
static const struct run *honest(void)
{
    static struct run *run;
    if (run == NULL) {
        run = run_new(ENTRIES);
    }
    return run;
}

static void judge(const struct run *r, const struct pro_step *s)
{
    const struct pro_block *blocks[] = {&r->block};
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    if (s->order >= r->block.count || r->block.entries[s->order].kind != PRO_ENTRY_TX) {
        return;
    }
    int rc = pro_failure_judge(&r->result, s, &r->block.entries[s->order], blocks, 1, &verdict);
    CHECK(rc != ERR_NOMEM);
    if (rc == 0) {
        bool ok = pro_bit(r->result.status, s->order);
        CHECK(verdict == (ok ? PRO_STEP_SUCCEEDS : PRO_STEP_FAILS));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct run *r = honest();
    struct pro_proofs p = {0};
    struct buf again = {0};
    struct buf some = {0};
    uint32_t order = 0;
    const uint32_t orders[] = {1, 4, 5};
    if (pro_proofs_decode(bytes_of(data, size), &p) != 0) {
        return 0;
    }
    pro_proofs_encode(p.steps, p.n, &again);
    CHECK(again.err == 0 && bytes_equal(buf_view(&again), bytes_of(data, size)));
    for (uint32_t i = 0; i < p.n; i++) {
        CHECK(pro_proofs_find(&p, p.steps[i].order) == &p.steps[i]);
        judge(r, &p.steps[i]);
    }
    if (pro_proofs_cover(&p, &r->result, &r->block, &order) != 0) {
        CHECK(order < r->block.count || pro_proofs_find(&p, order) != NULL);
    }
    CHECK(pro_proofs_select(bytes_of(data, size), orders, 3, &some) == 0);
    pro_proofs_fini(&p);
    buf_fini(&again);
    buf_fini(&some);
    return 0;
}
