/* Lock, admit, solve, open: round trips, agreement with the model, every refusal. */
#include "common/crypto/aead.h"
#include "tests/unit/timelock/fixture.h"

static void check_round_trip(uint32_t bits, enum tlp_profile profile)
{
    struct tlp_params *params = fix_params(bits, 300, true);
    struct tlp_puzzle_out out = fix_lock(params, profile, "round trip");
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    assert_int_equal(p.u.len, bits / 8);
    assert_int_equal(p.q.len, bits / 8);
    assert_int_equal(p.proof.len, tlp_proof_bytes(params, profile, 2));
    assert_int_equal(p.ct.len, PLAIN.len + AEAD_TAG_BYTES);
    enum tlp_profile stated;
    assert_int_equal(tlp_puzzle_profile(&p, &stated), 0);
    assert_int_equal(stated, profile);
    assert_int_equal(tlp_verify(params, CTX, &p), 0);

    struct buf w = {0}, plain = {0};
    uint64_t squared = 0;
    assert_int_equal(tlp_solve(params, TLP_SEQUENTIAL, p.u, &w, &squared), 0);
    assert_int_equal(squared, 300);
    assert_int_equal(tlp_check_opening(params, p.u, p.q, buf_view(&w)), 0);
    assert_int_equal(tlp_open(params, CTX, &p, buf_view(&w), &plain), 0);
    assert_true(bytes_equal(buf_view(&plain), PLAIN));
    buf_fini(&w);
    buf_fini(&plain);
    tlp_puzzle_out_fini(&out);
    tlp_params_destroy(&params);
}

static void test_round_trip_1024_full(void **state)
{
    check_round_trip(1024, TLP_FULL);
}

static void test_round_trip_1024_short(void **state)
{
    check_round_trip(1024, TLP_SHORT);
}

static void test_round_trip_2048_full(void **state)
{
    check_round_trip(2048, TLP_FULL);
}

static void test_round_trip_2048_short(void **state)
{
    check_round_trip(2048, TLP_SHORT);
}

static void test_3072_bits_work_too(void **state)
{
    check_round_trip(3072, TLP_SHORT);
}

static void test_tables_change_nothing_but_the_time(void **state)
{
    struct tlp_params *params = fix_params(1024, 300, true);
    struct tlp_puzzle_out without = fix_lock(params, TLP_FULL, "tables");
    assert_int_equal(tlp_params_prepare(params), 0);
    assert_int_equal(tlp_params_prepare(params), 0);
    struct tlp_puzzle_out with = fix_lock(params, TLP_FULL, "tables");
    struct tlp_puzzle a = tlp_puzzle_out_view(&without);
    struct tlp_puzzle b = tlp_puzzle_out_view(&with);
    assert_true(bytes_equal(a.u, b.u) && bytes_equal(a.q, b.q));
    assert_true(bytes_equal(a.proof, b.proof) && bytes_equal(a.ct, b.ct));
    assert_int_equal(tlp_verify(params, CTX, &a), 0);
    tlp_puzzle_out_fini(&without);
    tlp_puzzle_out_fini(&with);
    tlp_params_destroy(&params);
}

/* ---- The model ---- */

static void assert_same(const struct buf *a, const struct buf *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static void check_lock_equals_model(const struct tlp_params *params, enum tlp_profile profile)
{
    struct model m;
    model_init(&m, params);
    mpz_t r, rho;
    mpz_inits(r, rho, NULL);
    static const char *const labels[] = {"one", "two", "three", "four"};
    for (size_t i = 0; i < 4; i++) {
        struct tlp_puzzle_out ours = fix_lock(params, profile, labels[i]), theirs = {0};
        model_draw(&m, profile, labels[i], r, rho);
        model_lock(&m, profile, r, rho, CTX, PLAIN, &theirs);
        assert_same(&ours.u, &theirs.u);
        assert_same(&ours.q, &theirs.q);
        assert_same(&ours.ct, &theirs.ct);
        assert_same(&ours.proof, &theirs.proof);
        struct tlp_puzzle p = tlp_puzzle_out_view(&ours);
        uint64_t e = 0;
        assert_int_equal(tlp_exponent(params, p.u, &e), 0);
        assert_true(e == model_exponent(&m, p.u) && e >> 63 == 1);
        struct buf plain = {0};
        assert_int_equal(model_open(&m, CTX, &p, &plain), 0);
        assert_true(bytes_equal(buf_view(&plain), PLAIN));
        buf_fini(&plain);
        tlp_puzzle_out_fini(&ours);
        tlp_puzzle_out_fini(&theirs);
    }
    mpz_clears(r, rho, NULL);
    model_fini(&m);
}

static void test_lock_equals_the_naive_model_byte_for_byte(void **state)
{
    check_lock_equals_model(fix_shared(), TLP_FULL);
    check_lock_equals_model(fix_shared(), TLP_SHORT);
    struct tlp_params *params = fix_params(2048, 200, true);
    check_lock_equals_model(params, TLP_FULL);
    check_lock_equals_model(params, TLP_SHORT);
    tlp_params_destroy(&params);
}

static void test_the_same_generator_gives_the_same_puzzle(void **state)
{
    struct tlp_puzzle_out a = fix_lock(fix_shared(), TLP_SHORT, "same");
    struct tlp_puzzle_out b = fix_lock(fix_shared(), TLP_SHORT, "same");
    struct tlp_puzzle_out c = fix_lock(fix_shared(), TLP_SHORT, "other");
    assert_same(&a.u, &b.u);
    assert_same(&a.proof, &b.proof);
    assert_false(bytes_equal(buf_view(&a.u), buf_view(&c.u)));
    tlp_puzzle_out_fini(&a);
    tlp_puzzle_out_fini(&b);
    tlp_puzzle_out_fini(&c);
}

static void test_empty_plaintext_and_context_are_fine(void **state)
{
    struct drbg d = fix_drbg("empty");
    struct tlp_puzzle_out out = {0};
    struct bytes none = {0};
    assert_int_equal(tlp_lock(fix_shared(), TLP_SHORT, &d, none, none, &out), 0);
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    assert_int_equal(tlp_verify(fix_shared(), none, &p), 0);
    struct buf w = {0}, plain = {0};
    assert_int_equal(tlp_solve(fix_shared(), TLP_TRAPDOOR, p.u, &w, NULL), 0);
    assert_int_equal(tlp_open(fix_shared(), none, &p, buf_view(&w), &plain), 0);
    assert_int_equal(plain.len, 0);
    buf_fini(&w);
    buf_fini(&plain);
    tlp_puzzle_out_fini(&out);
}

/* ---- Solvers ---- */

static void test_trapdoor_and_squaring_agree_bit_for_bit(void **state)
{
    static const uint64_t counts[] = {1, 2, 3, 64, 1001};
    for (size_t i = 0; i < 5; i++) {
        struct tlp_params *params = fix_params(1024, counts[i], true);
        struct tlp_puzzle_out out = fix_lock(params, TLP_FULL, "agree");
        struct buf slow = {0}, fast = {0};
        uint64_t squared = 0;
        struct bytes u = buf_view(&out.u);
        assert_int_equal(tlp_solve(params, TLP_TRAPDOOR, u, &fast, &squared), 0);
        assert_true(squared == 0);
        assert_int_equal(tlp_solve(params, TLP_SEQUENTIAL, u, &slow, &squared), 0);
        assert_true(squared == counts[i]);
        assert_same(&slow, &fast);
        buf_fini(&slow);
        buf_fini(&fast);
        tlp_puzzle_out_fini(&out);
        tlp_params_destroy(&params);
    }
}

static void test_huge_delays_are_cheap_with_the_factors(void **state)
{
    struct tlp_params *params = fix_params(1024, UINT64_C(1) << 50, true);
    struct tlp_puzzle_out out = fix_lock(params, TLP_SHORT, "huge");
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    struct buf w = {0}, plain = {0};
    assert_int_equal(tlp_verify(params, CTX, &p), 0);
    assert_int_equal(tlp_solve(params, TLP_TRAPDOOR, p.u, &w, NULL), 0);
    assert_int_equal(tlp_open(params, CTX, &p, buf_view(&w), &plain), 0);
    assert_true(bytes_equal(buf_view(&plain), PLAIN));
    buf_fini(&w);
    buf_fini(&plain);
    tlp_puzzle_out_fini(&out);
    tlp_params_destroy(&params);
}

static void test_trapdoor_solver_needs_the_factors(void **state)
{
    struct tlp_params *params = fix_params(1024, 10, false);
    assert_false(tlp_params_has_trapdoor(params));
    struct tlp_puzzle_out out = fix_lock(params, TLP_SHORT, "none");
    struct buf w = {0};
    assert_int_equal(tlp_solve(params, TLP_TRAPDOOR, buf_view(&out.u), &w, NULL), ERR_UNSUPPORTED);
    assert_int_equal(w.len, 0);
    tlp_puzzle_out_fini(&out);
    tlp_params_destroy(&params);
}

/* ---- Refusals ---- */

static void test_another_context_is_refused_and_does_not_open(void **state)
{
    const struct tlp_params *params = fix_shared();
    struct tlp_puzzle_out out = fix_lock(params, TLP_SHORT, "context");
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    struct bytes other = bytes_str("chain 7, nonce 3, leg 1 of 2");
    assert_int_equal(tlp_verify(params, other, &p), ERR_PROOF);
    struct buf w = {0}, plain = {0};
    assert_int_equal(tlp_solve(params, TLP_TRAPDOOR, p.u, &w, NULL), 0);
    assert_int_equal(tlp_open(params, other, &p, buf_view(&w), &plain), ERR_MISMATCH);
    assert_int_equal(plain.len, 0);
    buf_fini(&plain);
    buf_fini(&w);
    tlp_puzzle_out_fini(&out);
}

static void test_another_delay_over_the_same_modulus_is_refused(void **state)
{
    struct tlp_params *longer = fix_params(1024, 1001, true);
    struct tlp_puzzle_out out = fix_lock(fix_shared(), TLP_SHORT, "delay");
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    assert_int_equal(tlp_verify(fix_shared(), CTX, &p), 0);
    assert_int_equal(tlp_verify(longer, CTX, &p), ERR_PROOF);
    tlp_puzzle_out_fini(&out);
    tlp_params_destroy(&longer);
}

static struct bytes *field(struct tlp_puzzle *p, int i)
{
    struct bytes *const fields[] = {&p->u, &p->q, &p->proof, &p->ct};
    return fields[i];
}

static void test_every_truncation_and_extension_is_refused(void **state)
{
    const struct tlp_params *params = fix_shared();
    for (int profile = TLP_FULL; profile <= TLP_SHORT; profile++) {
        struct tlp_puzzle_out out = fix_lock(params, (enum tlp_profile)profile, "lengths");
        for (int i = 0; i < 4; i++) {
            struct tlp_puzzle p = tlp_puzzle_out_view(&out);
            struct bytes *f = field(&p, i), whole = *f;
            for (size_t len = 0; len < whole.len; len++) {
                *f = bytes_of(whole.data, len);
                int want = i == 3 && len >= AEAD_TAG_BYTES ? ERR_PROOF : ERR_TRUNCATED;
                assert_int_equal(tlp_verify(params, CTX, &p), want);
            }
            struct buf more = fix_copy(whole);
            buf_append_u8(&more, 0);
            *f = buf_view(&more);
            assert_int_equal(tlp_verify(params, CTX, &p), i == 3 ? ERR_PROOF : ERR_TRAILING);
            buf_fini(&more);
        }
        tlp_puzzle_out_fini(&out);
    }
}

static void check_every_flip(const struct tlp_params *params, const struct tlp_puzzle *puzzle)
{
    for (int i = 0; i < 4; i++) {
        struct tlp_puzzle p = *puzzle;
        struct buf changed = fix_copy(*field(&p, i));
        *field(&p, i) = buf_view(&changed);
        for (size_t at = 0; at < changed.len; at++) {
            uint8_t mask = (uint8_t)(1 << (at * 5 % 8));
            changed.data[at] ^= mask;
            int rc = tlp_verify(params, CTX, &p);
            assert_true(rc == ERR_PROOF || rc == ERR_NONCANONICAL || (i == 2 && at < 2));
            assert_int_not_equal(rc, 0);
            changed.data[at] ^= mask;
        }
        assert_int_equal(tlp_verify(params, CTX, &p), 0);
        buf_fini(&changed);
    }
}

static void test_a_flipped_bit_anywhere_is_refused(void **state)
{
    const struct tlp_params *params = fix_shared();
    struct tlp_puzzle_out out = fix_lock(params, TLP_SHORT, "flips");
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    check_every_flip(params, &p);
    struct buf compact = {0};
    assert_int_equal(tlp_proof_compact(params, CTX, &p, &compact), 0);
    p.proof = buf_view(&compact);
    check_every_flip(params, &p);
    buf_fini(&compact);
    tlp_puzzle_out_fini(&out);
}

static void test_the_compact_form_says_the_same_in_fewer_bytes(void **state)
{
    const struct tlp_params *params = fix_shared();
    for (int profile = TLP_FULL; profile <= TLP_SHORT; profile++) {
        struct tlp_puzzle_out out = fix_lock(params, (enum tlp_profile)profile, "compact");
        struct tlp_puzzle p = tlp_puzzle_out_view(&out);
        struct buf compact = {0}, again = {0};
        assert_int_equal(tlp_proof_compact(params, CTX, &p, &compact), 0);
        assert_int_equal(compact.len, tlp_proof_bytes(params, (enum tlp_profile)profile, 1));
        p.proof = buf_view(&compact);
        assert_int_equal(tlp_verify(params, CTX, &p), 0);
        assert_int_equal(tlp_verify(params, bytes_str("x"), &p), ERR_PROOF);
        assert_int_equal(tlp_proof_compact(params, CTX, &p, &again), ERR_UNSUPPORTED);
        p.proof.len--;
        assert_int_equal(tlp_verify(params, CTX, &p), ERR_TRUNCATED);
        assert_int_equal(again.len, 0);
        buf_fini(&compact);
        tlp_puzzle_out_fini(&out);
    }
}

/* Writes into field i of the puzzle and returns what verifying says. */
static int verify_with(const struct tlp_puzzle_out *out, int i, const uint8_t *element)
{
    const struct tlp_params *params = fix_shared();
    struct tlp_puzzle p = tlp_puzzle_out_view(out);
    struct buf changed = fix_copy(*field(&p, i));
    memcpy(changed.data + (i == 2 ? 2 : 0), element, tlp_params_element_bytes(params));
    *field(&p, i) = buf_view(&changed);
    int rc = tlp_verify(params, CTX, &p);
    buf_fini(&changed);
    return rc;
}

static void test_elements_have_one_form_only(void **state)
{
    struct model m;
    model_init(&m, fix_shared());
    struct tlp_puzzle_out out = fix_lock(fix_shared(), TLP_SHORT, "forms");
    struct tlp_modulus modulus = fix_modulus(1024);
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    mpz_t x;
    mpz_init(x);
    for (int i = 0; i < 3; i++) { /* u, Q and the A of the proof */
        struct tlp_puzzle p = tlp_puzzle_out_view(&out);
        memset(raw, 0, sizeof(raw));
        assert_int_equal(verify_with(&out, i, raw), ERR_NONCANONICAL); /* zero */
        model_get(x, bytes_of(field(&p, i)->data + (i == 2 ? 2 : 0), m.bytes));
        mpz_sub(x, m.n, x);
        model_put(&m, x, raw);
        assert_int_equal(verify_with(&out, i, raw), ERR_NONCANONICAL); /* the other sign */
        model_put(&m, m.n, raw);
        assert_int_equal(verify_with(&out, i, raw), ERR_NONCANONICAL); /* zero again */
        memset(raw, 0xff, sizeof(raw));
        assert_int_equal(verify_with(&out, i, raw), ERR_NONCANONICAL);
        mpz_set_ui(x, 2);
        while (mpz_jacobi(x, m.n) != -1) {
            mpz_add_ui(x, x, 1);
        }
        model_put(&m, x, raw);
        assert_int_equal(verify_with(&out, i, raw), ERR_NONCANONICAL); /* no residue */
        model_get(x, bytes_of(modulus.p, m.bytes / 2));
        model_put(&m, x, raw);
        assert_int_equal(verify_with(&out, i, raw), ERR_NONCANONICAL); /* a factor of N */
        model_put(&m, m.g, raw);
        assert_int_equal(verify_with(&out, i, raw), ERR_PROOF); /* an element, the wrong one */
    }
    mpz_clear(x);
    tlp_puzzle_out_fini(&out);
    model_fini(&m);
}

static void test_unknown_forms_and_profiles_are_refused(void **state)
{
    struct tlp_puzzle_out out = fix_lock(fix_shared(), TLP_SHORT, "unknown");
    struct tlp_puzzle p = tlp_puzzle_out_view(&out);
    enum tlp_profile profile;
    static const uint8_t bad[] = {0, 3, 255};
    for (size_t i = 0; i < 3; i++) {
        out.proof.data[0] = bad[i];
        assert_int_equal(tlp_verify(fix_shared(), CTX, &p), ERR_NONCANONICAL);
        out.proof.data[0] = 2;
        out.proof.data[1] = bad[i];
        assert_int_equal(tlp_verify(fix_shared(), CTX, &p), ERR_NONCANONICAL);
        assert_int_equal(tlp_puzzle_profile(&p, &profile), ERR_NONCANONICAL);
        out.proof.data[1] = TLP_SHORT;
    }
    p.proof.len = 1;
    assert_int_equal(tlp_puzzle_profile(&p, &profile), ERR_TRUNCATED);
    tlp_puzzle_out_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_1024_full),
        cmocka_unit_test(test_round_trip_1024_short),
        cmocka_unit_test(test_round_trip_2048_full),
        cmocka_unit_test(test_round_trip_2048_short),
        cmocka_unit_test(test_3072_bits_work_too),
        cmocka_unit_test(test_tables_change_nothing_but_the_time),
        cmocka_unit_test(test_lock_equals_the_naive_model_byte_for_byte),
        cmocka_unit_test(test_the_same_generator_gives_the_same_puzzle),
        cmocka_unit_test(test_empty_plaintext_and_context_are_fine),
        cmocka_unit_test(test_trapdoor_and_squaring_agree_bit_for_bit),
        cmocka_unit_test(test_huge_delays_are_cheap_with_the_factors),
        cmocka_unit_test(test_trapdoor_solver_needs_the_factors),
        cmocka_unit_test(test_another_context_is_refused_and_does_not_open),
        cmocka_unit_test(test_another_delay_over_the_same_modulus_is_refused),
        cmocka_unit_test(test_every_truncation_and_extension_is_refused),
        cmocka_unit_test(test_a_flipped_bit_anywhere_is_refused),
        cmocka_unit_test(test_the_compact_form_says_the_same_in_fewer_bytes),
        cmocka_unit_test(test_elements_have_one_form_only),
        cmocka_unit_test(test_unknown_forms_and_profiles_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
