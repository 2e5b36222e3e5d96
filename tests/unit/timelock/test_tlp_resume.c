/* A batch solved in steps is a batch solved in one go, and its state survives being stored. */
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp_resume.h"
#include "tests/unit/timelock/fixture.h"

#define N 3

struct world {
    const struct tlp_params *params;
    struct tlp_puzzle_out out[N];
    struct bytes u[N];
    struct bytes q[N];
    struct buf w[N];
    int rc[N];
};

static void world_init(struct world *w, const struct tlp_params *params)
{
    *w = (struct world){.params = params};
    for (size_t i = 0; i < N; i++) {
        char label[] = {(char)('A' + i), '\0'};
        w->out[i] = fix_lock(params, TLP_SHORT, label);
        w->u[i] = buf_view(&w->out[i].u);
        w->q[i] = buf_view(&w->out[i].q);
        w->rc[i] = 12345;
    }
}

static void world_fini(struct world *w)
{
    for (size_t i = 0; i < N; i++) {
        tlp_puzzle_out_fini(&w->out[i]);
        buf_fini(&w->w[i]);
    }
}

static struct tlp_batch *begin(struct world *w, size_t n)
{
    struct tlp_batch *b = NULL;
    assert_int_equal(tlp_batch_begin(w->params, n, w->u, w->q, w->rc, NULL, &b), 0);
    return b;
}

static struct buf save(struct tlp_batch *b)
{
    struct buf state = {0};
    assert_int_equal(tlp_batch_save(b, &state), 0);
    return state;
}

static void assert_solved(struct world *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct buf alone = {0};
        assert_int_equal(tlp_solve(w->params, TLP_TRAPDOOR, w->u[i], &alone, NULL), 0);
        assert_true(bytes_equal(buf_view(&alone), buf_view(&w->w[i])));
        buf_fini(&alone);
    }
}

static void test_portions_of_any_size_give_the_same(void **state)
{
    static const uint64_t portions[] = {1, 7, 100, 999, 1000, 1001, UINT64_MAX};
    struct world w;
    world_init(&w, fix_shared());
    for (size_t k = 0; k < sizeof(portions) / sizeof(portions[0]); k++) {
        for (size_t i = 0; i < N; i++) {
            buf_clear(&w.w[i]);
        }
        struct tlp_batch *b = begin(&w, N);
        uint64_t steps = 0;
        while (tlp_batch_done(b) < 1000) {
            assert_int_equal(tlp_batch_advance(b, TLP_SEQUENTIAL, portions[k]), 0);
            steps++;
        }
        assert_true(portions[k] > 1000 ? steps == 1
                                       : steps == (1000 + portions[k] - 1) / portions[k]);
        assert_int_equal(tlp_batch_finish(b, w.w), 0);
        assert_solved(&w, N);
        tlp_batch_destroy(&b);
    }
    world_fini(&w);
}

static void test_a_stored_state_is_taken_up_anywhere(void **state)
{
    struct world w;
    world_init(&w, fix_shared());
    struct tlp_batch *one = begin(&w, N);
    struct buf stored = save(one);
    tlp_batch_destroy(&one);
    for (uint64_t done = 0; done <= 1000; done += 125) {
        struct tlp_batch *b = begin(&w, N);
        assert_int_equal(tlp_batch_restore(b, buf_view(&stored)), 0);
        assert_true(tlp_batch_done(b) == done);
        assert_int_equal(tlp_batch_advance(b, done % 250 == 0 ? TLP_SEQUENTIAL : TLP_TRAPDOOR, 125),
                         0);
        buf_fini(&stored);
        stored = save(b);
        if (done == 1000) {
            assert_int_equal(tlp_batch_finish(b, w.w), 0);
        }
        tlp_batch_destroy(&b);
    }
    assert_solved(&w, N);
    buf_fini(&stored);
    world_fini(&w);
}

/* start || done || X, computed here from u alone. */
static void test_the_state_is_what_the_header_says(void **state)
{
    struct world w;
    struct model m;
    world_init(&w, fix_shared());
    model_init(&m, w.params);
    mpz_t x, u;
    mpz_init_set_ui(x, 1);
    mpz_init(u);
    for (size_t i = 0; i < N; i++) {
        model_get(u, w.u[i]);
        mpz_mul(x, x, u);
        mpz_mod(x, x, m.n);
    }
    model_canon(&m, x);
    uint8_t raw[128];
    struct buf in = {0}, want = {0};
    struct hash32 start;
    model_put(&m, x, raw);
    buf_append_bytes(&in, bytes_str("lockstep/tlp/chain/v1"));
    buf_append_bytes(&in, BYTES_OF(m.digest));
    buf_append(&in, raw, sizeof(raw));
    hash_sha256(buf_view(&in), &start);
    for (int i = 0; i < 10; i++) {
        mpz_mul(x, x, x);
        mpz_mod(x, x, m.n);
    }
    model_canon(&m, x);
    model_put(&m, x, raw);
    buf_append_bytes(&want, BYTES_OF(start));
    wr_u64(&want, 10);
    buf_append(&want, raw, sizeof(raw));
    struct tlp_batch *b = begin(&w, N);
    assert_int_equal(tlp_batch_advance(b, TLP_SEQUENTIAL, 10), 0);
    struct buf got = save(b);
    assert_true(bytes_equal(buf_view(&got), buf_view(&want)));
    tlp_batch_destroy(&b);
    buf_fini(&in);
    buf_fini(&want);
    buf_fini(&got);
    mpz_clear(x);
    mpz_clear(u);
    model_fini(&m);
    world_fini(&w);
}

static void test_the_order_of_the_puzzles_does_not_matter(void **state)
{
    struct world w;
    world_init(&w, fix_shared());
    struct tlp_batch *b = begin(&w, N);
    assert_int_equal(tlp_batch_advance(b, TLP_SEQUENTIAL, 600), 0);
    struct buf stored = save(b);
    tlp_batch_destroy(&b);
    struct bytes u = w.u[0], q = w.q[0];
    w.u[0] = w.u[2];
    w.q[0] = w.q[2];
    w.u[2] = u;
    w.q[2] = q;
    b = begin(&w, N);
    assert_int_equal(tlp_batch_restore(b, buf_view(&stored)), 0);
    assert_int_equal(tlp_batch_advance(b, TLP_SEQUENTIAL, 1000), 0);
    assert_int_equal(tlp_batch_finish(b, w.w), 0);
    assert_solved(&w, N);
    tlp_batch_destroy(&b);
    buf_fini(&stored);
    world_fini(&w);
}

static void refuse(struct tlp_batch *b, struct bytes state, int want)
{
    uint64_t done = tlp_batch_done(b);
    assert_int_equal(tlp_batch_restore(b, state), want);
    assert_true(tlp_batch_done(b) == done);
}

static void test_what_is_no_state_of_this_batch_is_refused(void **state)
{
    struct world w;
    world_init(&w, fix_shared());
    struct tlp_batch *b = begin(&w, N), *fewer = begin(&w, N - 1);
    assert_int_equal(tlp_batch_advance(b, TLP_SEQUENTIAL, 5), 0);
    struct buf good = save(b);
    buf_append_u8(&good, 0);
    refuse(b, buf_view(&good), ERR_TRAILING);
    good.len--;
    for (size_t len = 0; len < good.len; len += 13) {
        refuse(b, bytes_of(good.data, len), ERR_TRUNCATED);
    }
    refuse(fewer, buf_view(&good), ERR_MISMATCH);
    struct tlp_params *other = fix_params(1024, 1001, true);
    w.params = other;
    struct tlp_batch *longer = begin(&w, N);
    refuse(longer, buf_view(&good), ERR_MISMATCH);
    good.data[0] ^= 1;
    refuse(b, buf_view(&good), ERR_MISMATCH);
    good.data[0] ^= 1;
    memset(good.data + 32, 0, 8);
    good.data[38] = 1000 >> 8;
    good.data[39] = (1000 & 0xff) + 1;
    refuse(b, buf_view(&good), ERR_NONCANONICAL);
    good.data[39]--;
    good.data[40] |= 0x80;
    refuse(b, buf_view(&good), ERR_NONCANONICAL);
    memset(good.data + 40, 0, good.len - 40);
    refuse(b, buf_view(&good), ERR_NONCANONICAL);
    tlp_batch_destroy(&b);
    tlp_batch_destroy(&fewer);
    tlp_batch_destroy(&longer);
    tlp_params_destroy(&other);
    buf_fini(&good);
    world_fini(&w);
}

/* A forged state says 999 squarings, and X is what 998 give. */
static void test_a_wrong_value_is_found_at_the_end(void **state)
{
    struct world w;
    world_init(&w, fix_shared());
    for (size_t n = 1; n <= N; n++) {
        struct tlp_batch *b = begin(&w, n);
        assert_int_equal(tlp_batch_advance(b, TLP_SEQUENTIAL, 998), 0);
        struct buf forged = save(b);
        forged.data[39]++;
        assert_int_equal(tlp_batch_restore(b, buf_view(&forged)), 0);
        assert_int_equal(tlp_batch_advance(b, TLP_SEQUENTIAL, 1), 0);
        assert_true(tlp_batch_done(b) == 1000);
        assert_int_equal(tlp_batch_finish(b, w.w), ERR_PROOF);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(w.w[i].len, 0);
        }
        buf_fini(&forged);
        tlp_batch_destroy(&b);
    }
    world_fini(&w);
}

static void test_equal_exponents_and_missing_factors_are_refused(void **state)
{
    struct tlp_params *params = fix_params(1024, 10, false);
    struct world w;
    world_init(&w, params);
    struct tlp_batch *b = begin(&w, N), *none = NULL;
    assert_int_equal(tlp_batch_advance(b, TLP_TRAPDOOR, 10), ERR_UNSUPPORTED);
    assert_true(tlp_batch_done(b) == 0);
    size_t clash[2] = {0, 0};
    w.u[2] = w.u[1];
    w.q[2] = w.q[1];
    assert_int_equal(tlp_batch_begin(params, N, w.u, w.q, w.rc, clash, &none), ERR_EXISTS);
    assert_null(none);
    assert_int_equal(clash[0], 1);
    assert_int_equal(clash[1], 2);
    tlp_batch_destroy(&b);
    tlp_batch_destroy(&none);
    world_fini(&w);
    tlp_params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_portions_of_any_size_give_the_same),
        cmocka_unit_test(test_a_stored_state_is_taken_up_anywhere),
        cmocka_unit_test(test_the_state_is_what_the_header_says),
        cmocka_unit_test(test_the_order_of_the_puzzles_does_not_matter),
        cmocka_unit_test(test_what_is_no_state_of_this_batch_is_refused),
        cmocka_unit_test(test_a_wrong_value_is_found_at_the_end),
        cmocka_unit_test(test_equal_exponents_and_missing_factors_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
