/* Many proofs at once say what each of them says alone. */
#include "tests/unit/timelock/fixture.h"

#define N_MAX 33

struct crowd {
    size_t n;
    struct tlp_puzzle_out out[N_MAX];
    struct tlp_puzzle puzzle[N_MAX];
    struct bytes ctx[N_MAX];
    int rc[N_MAX];
};

/* Odd ones full, even ones short. */
static void crowd_init(struct crowd *c, size_t n)
{
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        char label[] = {(char)('A' + i), '\0'};
        c->out[i] = fix_lock(fix_shared(), i % 2 == 1 ? TLP_FULL : TLP_SHORT, label);
        c->puzzle[i] = tlp_puzzle_view(&c->out[i]);
        c->ctx[i] = CTX;
        c->rc[i] = 12345;
    }
}

static void crowd_fini(struct crowd *c)
{
    for (size_t i = 0; i < c->n; i++) {
        tlp_puzzle_fini(&c->out[i]);
    }
}

/* Returns: what the batch does, having compared each verdict to the one alone. */
static int verify(struct crowd *c)
{
    struct drbg weights = fix_drbg("weights");
    int rc = tlp_verify_batch(fix_shared(), c->n, c->ctx, c->puzzle, &weights, c->rc);
    int want = 0;
    for (size_t i = 0; i < c->n; i++) {
        int alone = tlp_verify(fix_shared(), c->ctx[i], &c->puzzle[i]);
        assert_int_equal(c->rc[i], alone);
        want = alone != 0 ? ERR_PROOF : want;
    }
    assert_int_equal(rc, want);
    return rc;
}

static void test_good_puzzles_hold_together(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 16, 33};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct crowd c;
        crowd_init(&c, sizes[i]);
        assert_int_equal(verify(&c), 0);
        crowd_fini(&c);
    }
}

static void test_one_bad_proof_is_blamed_and_nobody_else(void **state)
{
    struct crowd c;
    crowd_init(&c, 7);
    for (size_t i = 0; i < 7; i++) {
        struct buf *proof = &c.out[i].proof;
        proof->data[proof->len - 1] ^= 1;
        assert_int_equal(verify(&c), ERR_PROOF);
        for (size_t k = 0; k < 7; k++) {
            assert_int_equal(c.rc[k], k == i ? ERR_PROOF : 0);
        }
        proof->data[proof->len - 1] ^= 1;
    }
    crowd_fini(&c);
}

static void test_malformed_ones_do_not_disturb_the_others(void **state)
{
    struct crowd c;
    crowd_init(&c, 7);
    c.puzzle[0].u.len--;
    memset(c.out[1].q.data, 0, c.out[1].q.len);
    memset(c.out[2].proof.data + 2, 0, 128); /* A */
    c.ctx[3] = bytes_str("elsewhere");
    c.out[4].proof.data[0] = 9;
    assert_int_equal(verify(&c), ERR_PROOF);
    assert_int_equal(c.rc[0], ERR_TRUNCATED);
    assert_int_equal(c.rc[1], ERR_NONCANONICAL);
    assert_int_equal(c.rc[2], ERR_NONCANONICAL);
    assert_int_equal(c.rc[3], ERR_PROOF);
    assert_int_equal(c.rc[4], ERR_NONCANONICAL);
    assert_int_equal(c.rc[5], 0);
    crowd_fini(&c);
}

static void test_compact_proofs_may_be_among_them(void **state)
{
    struct crowd c;
    crowd_init(&c, 5);
    struct buf compact[2] = {{0}, {0}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(tlp_proof_compact(fix_shared(), CTX, &c.puzzle[i + 1], &compact[i]), 0);
        c.puzzle[i + 1].proof = buf_view(&compact[i]);
    }
    assert_int_equal(verify(&c), 0);
    compact[1].data[5] ^= 1;
    assert_int_equal(verify(&c), ERR_PROOF);
    assert_int_equal(c.rc[2], ERR_PROOF);
    assert_int_equal(c.rc[1], 0);
    buf_fini(&compact[0]);
    buf_fini(&compact[1]);
    crowd_fini(&c);
}

/* Without weights these two errors would cancel. */
static void test_errors_that_cancel_are_found(void **state)
{
    struct crowd c;
    crowd_init(&c, 4);
    struct buf *a = &c.out[0].proof, *b = &c.out[2].proof;
    a->data[a->len - 1] ^= 1;
    b->data[b->len - 1] ^= 1;
    assert_int_equal(verify(&c), ERR_PROOF);
    assert_int_equal(c.rc[0], ERR_PROOF);
    assert_int_equal(c.rc[1], 0);
    assert_int_equal(c.rc[2], ERR_PROOF);
    crowd_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_puzzles_hold_together),
        cmocka_unit_test(test_one_bad_proof_is_blamed_and_nobody_else),
        cmocka_unit_test(test_malformed_ones_do_not_disturb_the_others),
        cmocka_unit_test(test_compact_proofs_may_be_among_them),
        cmocka_unit_test(test_errors_that_cancel_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
