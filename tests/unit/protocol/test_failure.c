/* Proofs of failure as they come with a result. */
#include "common/protocol/pro_cover.h"
#include "tests/unit/protocol/run.h"
#include "tests/unit/protocol/strict.h"

#include <stdlib.h>

static void open_proofs(const struct run *r, struct buf *bytes, struct pro_proofs *out)
{
    run_prove(r, bytes);
    assert_int_equal(pro_proofs_decode(buf_view(bytes), out), 0);
}

static void test_proofs_are_for_exactly_what_failed(void **state)
{
    struct run *r = run_new(20);
    struct buf bytes = {0};
    struct pro_proofs p = {0};
    uint32_t order = 99;
    open_proofs(r, &bytes, &p);
    assert_int_equal(pro_proofs_cover(&p, &r->result, &r->block, &order), 0);
    assert_int_equal(order, 99);
    for (uint32_t i = 0; i < r->block.count; i++) {
        bool due = r->block.entries[i].kind == PRO_ENTRY_TX && i % 3 != 0;
        const struct pro_step *s = pro_proofs_find(&p, i);
        assert_int_equal(s != NULL, due);
        assert_true(s == NULL || s->order == i);
    }
    assert_null(pro_proofs_find(&p, 20));
    pro_proofs_fini(&p);
    buf_fini(&bytes);
    run_destroy(&r);
}

/* A block of which one entry has another kind, or whose status bit is turned. */
static void test_a_missing_or_superfluous_proof_is_named(void **state)
{
    struct run *r = run_new(20);
    struct buf bytes = {0};
    struct pro_proofs p = {0};
    open_proofs(r, &bytes, &p);
    for (uint32_t i = 0; i < r->block.count; i++) {
        uint32_t order = 99;
        if (r->block.entries[i].kind != PRO_ENTRY_TX) {
            continue;
        }
        r->status[i / 8] = (uint8_t)(r->status[i / 8] ^ 1u << (i % 8));
        assert_int_equal(pro_proofs_cover(&p, &r->result, &r->block, &order), ERR_MISMATCH);
        assert_int_equal(order, i);
        r->status[i / 8] = (uint8_t)(r->status[i / 8] ^ 1u << (i % 8));
        if (i % 3 != 0) {
            r->block.entries[i].kind = PRO_ENTRY_BOGUS; /* fails by its opening */
            assert_int_equal(pro_proofs_cover(&p, &r->result, &r->block, &order), ERR_MISMATCH);
            assert_int_equal(order, i);
            r->block.entries[i].kind = PRO_ENTRY_TX;
        }
    }
    uint32_t order = 99;
    p.n--;
    assert_int_equal(pro_proofs_cover(&p, &r->result, &r->block, &order), ERR_MISMATCH);
    assert_int_equal(order, p.steps[p.n].order);
    p.n++;
    p.steps[p.n - 1].order = 20; /* beyond the end */
    assert_int_equal(pro_proofs_cover(&p, &r->result, &r->block, &order), ERR_MISMATCH);
    pro_proofs_fini(&p);
    buf_fini(&bytes);
    run_destroy(&r);
}

static void test_a_failure_is_judged_by_what_stands_there(void **state)
{
    struct run *r = run_new(20);
    struct pro_step s;
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    const struct pro_block *blocks[] = {&r->block};
    struct pro_entry *entries = r->block.entries;
    run_step(r, 4, &s);
    assert_int_equal(pro_failure_judge(&r->result, &s, &entries[4], blocks, 1, &verdict), 0);
    assert_int_equal(verdict, PRO_STEP_FAILS);
    assert_int_not_equal(pro_failure_judge(&r->result, &s, &entries[3], blocks, 1, &verdict), 0);
    entries[4].kind = PRO_ENTRY_BOGUS;
    assert_int_equal(pro_failure_judge(&r->result, &s, &entries[4], blocks, 1, &verdict),
                     ERR_INVALID);
    entries[4].kind = PRO_ENTRY_TX;
    entries[4].tx.len--;
    assert_int_not_equal(pro_failure_judge(&r->result, &s, &entries[4], blocks, 1, &verdict), 0);
    run_destroy(&r);
}

static void test_selected_proofs_are_those_asked_for(void **state)
{
    struct run *r = run_new(20);
    struct buf all = {0};
    struct buf some = {0};
    struct pro_proofs p = {0};
    const uint32_t orders[] = {0, 1, 4, 4, 6, 19}; /* 0 succeeded, 6 is a tombstone */
    run_prove(r, &all);
    assert_int_equal(pro_proofs_select(buf_view(&all), orders, 6, &some), 0);
    assert_int_equal(pro_proofs_decode(buf_view(&some), &p), 0);
    assert_int_equal(p.n, 3);
    assert_int_equal(p.steps[0].order, 1);
    assert_int_equal(p.steps[1].order, 4);
    assert_int_equal(p.steps[2].order, 19);
    pro_proofs_fini(&p);
    buf_clear(&some);
    assert_int_equal(pro_proofs_select(buf_view(&all), orders, 0, &some), 0);
    assert_int_equal(some.len, 4);
    assert_int_equal(pro_proofs_select(bytes_str("no proofs"), orders, 1, &some), ERR_TOOBIG);
    buf_fini(&all);
    buf_fini(&some);
    run_destroy(&r);
}

static void test_proofs_are_strict(void **state)
{
    struct run *r = run_new(3);
    struct buf bytes = {0};
    struct buf turned = {0};
    struct pro_proofs p = {0};
    run_prove(r, &bytes);
    assert_strict("proofs", buf_view(&bytes));
    assert_int_equal(pro_proofs_decode(buf_view(&bytes), &p), 0);
    assert_int_equal(p.n, 2);
    struct pro_step first = p.steps[0];
    p.steps[0] = p.steps[1];
    p.steps[1] = first;
    pro_proofs_encode(p.steps, 2, &turned);
    assert_int_equal(recode("proofs", buf_view(&turned)), ERR_NONCANONICAL);
    buf_clear(&turned);
    p.steps[0] = first; /* twice the same */
    pro_proofs_encode(p.steps, 2, &turned);
    assert_int_equal(recode("proofs", buf_view(&turned)), ERR_NONCANONICAL);
    pro_proofs_fini(&p);
    buf_fini(&bytes);
    buf_fini(&turned);
    run_destroy(&r);
}

/* ---- What a result says about cover ---- */

static void test_cover_sources_are_strict_and_in_order(void **state)
{
    struct pro_cover_source sources[3] = {{.rollup = 1}, {.rollup = 5}, {.rollup = 9}};
    struct buf bytes = {0};
    struct hash32 before, after;
    for (uint32_t n = 0; n <= 3; n++) {
        buf_clear(&bytes);
        pro_cover_sources_encode(sources, n, &bytes);
        assert_int_equal(bytes.len, 4 + n * 56);
        assert_strict("cover_sources", buf_view(&bytes));
    }
    pro_cover_hash(buf_view(&bytes), &before);
    sources[1].commitment.b[0] ^= 1;
    buf_clear(&bytes);
    pro_cover_sources_encode(sources, 3, &bytes);
    pro_cover_hash(buf_view(&bytes), &after);
    assert_memory_not_equal(&before, &after, 32);
    sources[2].rollup = 5;
    buf_clear(&bytes);
    pro_cover_sources_encode(sources, 3, &bytes);
    assert_int_equal(recode("cover_sources", buf_view(&bytes)), ERR_NONCANONICAL);
    buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proofs_are_for_exactly_what_failed),
        cmocka_unit_test(test_a_missing_or_superfluous_proof_is_named),
        cmocka_unit_test(test_a_failure_is_judged_by_what_stands_there),
        cmocka_unit_test(test_selected_proofs_are_those_asked_for),
        cmocka_unit_test(test_proofs_are_strict),
        cmocka_unit_test(test_cover_sources_are_strict_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
