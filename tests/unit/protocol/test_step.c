/* Merkle paths, and step proofs: what an executor signed about one transaction, judged without the
 * state. */
#include "common/base/prng.h"
#include "tests/unit/protocol/run.h"
#include "tests/unit/protocol/strict.h"

#include <stdlib.h>

/* ---- Merkle paths ---- */

#define ITEMS_MAX 70

static void make_items(struct hash32 *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        items[i] = filled((uint8_t)(i + 1));
    }
}

static void test_the_tree_has_the_root_of_the_list(void **state)
{
    for (uint32_t n = 0; n <= ITEMS_MAX; n++) {
        struct hash32 items[ITEMS_MAX];
        struct pro_merkle_tree tree = {0};
        struct hash32 root;
        make_items(items, n);
        assert_int_equal(pro_merkle_tree_init(&tree, items, n), 0);
        pro_merkle_root(items, n, &root);
        assert_memory_equal(&tree.root, &root, 32);
        pro_merkle_tree_fini(&tree);
    }
}

/* The path proves its own item at its own place in a list of that length, and nothing else. */
static void assert_path_proves_only(const struct hash32 *root, uint32_t n, uint32_t index,
                                    struct pro_merkle_path path)
{
    for (uint32_t i = 0; i < n + 2; i++) {
        struct hash32 item = filled((uint8_t)(i + 1));
        int same = i == index ? 0 : ERR_PROOF;
        assert_int_equal(pro_merkle_check(root, n, index, &item, &path), same);
        item = filled((uint8_t)(index + 1));
        assert_int_equal(pro_merkle_check(root, n, i, &item, &path), same);
        assert_int_equal(pro_merkle_check(root, i, index, &item, &path), i == n ? 0 : ERR_PROOF);
    }
    struct hash32 item = filled((uint8_t)(index + 1));
    for (uint8_t i = 0; i < path.n; i++) {
        path.siblings[i].b[31] ^= 1;
        assert_int_equal(pro_merkle_check(root, n, index, &item, &path), ERR_PROOF);
        path.siblings[i].b[31] ^= 1;
    }
    path.n++;
    assert_int_equal(pro_merkle_check(root, n, index, &item, &path), ERR_PROOF);
    path.n--;
    if (path.n > 0) {
        path.n--;
        assert_int_equal(pro_merkle_check(root, n, index, &item, &path), ERR_PROOF);
    }
}

static void test_a_path_proves_its_item_at_its_place_and_nothing_else(void **state)
{
    for (uint32_t n = 1; n <= ITEMS_MAX; n += n < 20 ? 1 : 7) {
        struct hash32 items[ITEMS_MAX];
        struct pro_merkle_tree tree = {0};
        make_items(items, n);
        assert_int_equal(pro_merkle_tree_init(&tree, items, n), 0);
        for (uint32_t i = 0; i < n; i++) {
            struct pro_merkle_path path = {0};
            pro_merkle_tree_path(&tree, i, &path);
            assert_path_proves_only(&tree.root, n, i, path);
        }
        pro_merkle_tree_fini(&tree);
    }
}

/* ---- Steps ---- */

static void test_every_honest_step_is_judged_as_it_was(void **state)
{
    struct run *r = run_new(40);
    unsigned counts[3] = {0};
    for (uint32_t i = 0; i < r->block.count; i++) {
        struct pro_step s;
        enum pro_step_verdict verdict = PRO_STEP_FRAUD;
        if (r->block.entries[i].kind != PRO_ENTRY_TX) {
            continue;
        }
        run_step(r, i, &s);
        assert_int_equal(run_judge(r, &s, &verdict), 0);
        assert_int_equal(verdict, i % 3 == 0 ? PRO_STEP_SUCCEEDS : PRO_STEP_FAILS);
        counts[verdict]++;
    }
    assert_true(counts[PRO_STEP_SUCCEEDS] > 5 && counts[PRO_STEP_FAILS] > 10);
    run_destroy(&r);
}

static enum pro_step_verdict verdict_at(struct run *r, uint32_t order)
{
    struct pro_step s;
    enum pro_step_verdict verdict = PRO_STEP_FAILS;
    run_bind(r);
    run_step(r, order, &s);
    assert_int_equal(run_judge(r, &s, &verdict), 0);
    return verdict;
}

static void turn_bit(struct run *r, uint32_t order)
{
    r->status[order / 8] = (uint8_t)(r->status[order / 8] ^ 1u << (order % 8));
}

static void test_a_false_failure_is_fraud(void **state)
{
    struct run *r = run_new(10);
    turn_bit(r, 3); /* as if it had failed, whatever it left behind */
    assert_int_equal(verdict_at(r, 3), PRO_STEP_FRAUD);
    r->roots[3] = r->roots[2]; /* and with no effect */
    assert_int_equal(verdict_at(r, 3), PRO_STEP_FRAUD);
    run_destroy(&r);
}

static void test_a_false_success_is_fraud(void **state)
{
    struct run *r = run_new(10);
    turn_bit(r, 4);
    assert_int_equal(verdict_at(r, 4), PRO_STEP_FRAUD);
    r->roots[4] = filled(9); /* with an effect made up for it */
    assert_int_equal(verdict_at(r, 4), PRO_STEP_FRAUD);
    run_destroy(&r);
}

static void test_a_wrong_root_is_fraud(void **state)
{
    struct run *r = run_new(10);
    r->roots[9].b[0] ^= 1;
    assert_int_equal(verdict_at(r, 9), PRO_STEP_FRAUD);
    r->roots[7] = r->roots[6]; /* no failure has an effect, so this is what it should be */
    assert_int_equal(verdict_at(r, 7), PRO_STEP_FAILS);
    r->roots[5].b[31] ^= 1; /* a failure with an effect */
    assert_int_equal(verdict_at(r, 5), PRO_STEP_FRAUD);
    run_destroy(&r);
}

/* Somebody who alters a step of an honest executor cannot make it look like a fraud. */
static void test_an_altered_step_proves_nothing(void **state)
{
    struct run *r = run_new(12);
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    struct pro_step s;
    for (uint32_t order = 0; order < 5; order++) {
        run_step(r, order, &s);
        s.after.b[5] ^= 1;
        assert_int_equal(run_judge(r, &s, &verdict), ERR_PROOF);
        run_step(r, order, &s);
        s.before.b[5] ^= 1;
        assert_int_equal(run_judge(r, &s, &verdict), ERR_PROOF);
        run_step(r, order, &s);
        s.order = order + 1;
        assert_int_equal(run_judge(r, &s, &verdict), ERR_PROOF);
        run_step(r, order, &s);
        s.witness = buf_view(&r->witnesses[order == 0 ? 9 : 0]);
        assert_int_not_equal(run_judge(r, &s, &verdict), 0);
    }
    run_step(r, 3, &s);
    s.order = r->block.count;
    assert_int_equal(run_judge(r, &s, &verdict), ERR_PROOF);
    assert_int_equal(verdict, PRO_STEP_FRAUD); /* untouched */
    run_destroy(&r);
}

static void test_a_witness_cut_short_or_damaged_is_refused(void **state)
{
    struct run *r = run_new(4);
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    struct pro_step s;
    run_step(r, 1, &s);
    struct bytes whole = s.witness;
    for (size_t len = 0; len < whole.len; len++) {
        s.witness = bytes_of(whole.data, len);
        assert_int_not_equal(run_judge(r, &s, &verdict), 0);
    }
    for (size_t at = 0; at < whole.len; at++) {
        r->witnesses[1].data[at] ^= 0x40;
        s.witness = buf_view(&r->witnesses[1]);
        assert_int_not_equal(run_judge(r, &s, &verdict), 0);
        r->witnesses[1].data[at] ^= 0x40;
    }
    run_destroy(&r);
}

static void test_a_step_of_another_result_is_refused(void **state)
{
    struct run *r = run_new(10);
    enum pro_step_verdict verdict = PRO_STEP_FRAUD;
    struct pro_step s;
    run_step(r, 4, &s);
    assert_int_equal(run_judge(r, &s, &verdict), 0);
    r->result.step_roots_root.b[0] ^= 1;
    assert_int_equal(run_judge(r, &s, &verdict), ERR_PROOF);
    run_destroy(&r);
    r = run_new(10);
    run_step(r, 0, &s);
    r->result.pre_root.b[0] ^= 1;
    assert_int_equal(run_judge(r, &s, &verdict), ERR_PROOF);
    run_destroy(&r);
}

/* ---- Encodings ---- */

static void test_steps_are_strict(void **state)
{
    struct run *r = run_new(9);
    for (uint32_t order = 0; order < 2; order++) {
        struct pro_step s;
        struct buf bytes = {0};
        run_step(r, order, &s);
        pro_step_encode(&s, &bytes);
        assert_strict("step", buf_view(&bytes));
        assert_int_equal(with_byte("step", buf_view(&bytes), 4 + 32, PRO_MERKLE_DEPTH + 1),
                         ERR_TOOBIG);
        buf_fini(&bytes);
    }
    struct pro_step first;
    struct buf bytes = {0};
    run_step(r, 1, &first);
    first.order = 0; /* with a path in front of the first position */
    pro_step_encode(&first, &bytes);
    assert_int_equal(recode("step", buf_view(&bytes)), ERR_NONCANONICAL);
    buf_fini(&bytes);
    run_destroy(&r);
}

static void test_a_step_is_laid_out_as_documented(void **state)
{
    struct pro_step s = {.order = 5, .before = filled(1), .after = filled(2)};
    struct buf is = {0};
    struct buf should = {0};
    s.before_path.n = 1;
    s.before_path.siblings[0] = filled(3);
    s.after_path.n = 2;
    s.after_path.siblings[0] = filled(4);
    s.after_path.siblings[1] = filled(5);
    s.witness = bytes_str("witness");
    put(&should, 5, 4);
    put_hash(&should, 1);
    put(&should, 1, 1);
    put_hash(&should, 3);
    put_hash(&should, 2);
    put(&should, 2, 1);
    put_hash(&should, 4);
    put_hash(&should, 5);
    put(&should, 7, 4);
    put_text(&should, "witness");
    pro_step_encode(&s, &is);
    assert_same(&is, &should);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tree_has_the_root_of_the_list),
        cmocka_unit_test(test_a_path_proves_its_item_at_its_place_and_nothing_else),
        cmocka_unit_test(test_every_honest_step_is_judged_as_it_was),
        cmocka_unit_test(test_a_false_failure_is_fraud),
        cmocka_unit_test(test_a_false_success_is_fraud),
        cmocka_unit_test(test_a_wrong_root_is_fraud),
        cmocka_unit_test(test_an_altered_step_proves_nothing),
        cmocka_unit_test(test_a_witness_cut_short_or_damaged_is_refused),
        cmocka_unit_test(test_a_step_of_another_result_is_refused),
        cmocka_unit_test(test_steps_are_strict),
        cmocka_unit_test(test_a_step_is_laid_out_as_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
