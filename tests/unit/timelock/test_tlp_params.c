/* Modulus files and parameter files: both ways of making them, and every way to tamper. */
#include "common/crypto/hash.h"
#include "tests/unit/timelock/fixture.h"

#include <stdio.h>

static struct buf encode(const struct tlp_params *params, bool with_trapdoor)
{
    struct buf file = {0};
    assert_int_equal(tlp_params_encode(params, with_trapdoor, &file), 0);
    return file;
}

/* ---- Modulus files ---- */

static void test_shipped_moduli_decode_and_encode_to_the_same_bytes(void **state)
{
    static const uint32_t sizes[] = {1024, 2048, 3072};
    for (size_t i = 0; i < 3; i++) {
        struct buf file = fix_modulus_file(sizes[i]), again = {0}, public_part = {0}, why = {0};
        struct tlp_modulus m = fix_modulus(sizes[i]), bare;
        assert_int_equal(m.bits, sizes[i]);
        assert_true(m.has_trapdoor);
        assert_int_equal(tlp_modulus_encode(&m, true, &again), 0);
        assert_true(bytes_equal(buf_view(&file), buf_view(&again)));
        assert_int_equal(tlp_modulus_encode(&m, false, &public_part), 0);
        assert_int_equal(tlp_modulus_decode(buf_view(&public_part), &bare, &why), 0);
        assert_false(bare.has_trapdoor);
        assert_memory_equal(bare.n, m.n, sizes[i] / 8);
        buf_fini(&file);
        buf_fini(&again);
        buf_fini(&public_part);
    }
}

static void refuse_modulus_text(struct bytes text, const char *sentence_has)
{
    struct buf why = {0};
    struct tlp_modulus m;
    memset(&m, 0x5a, sizeof(m));
    assert_int_equal(tlp_modulus_decode(text, &m, &why), ERR_INVALID);
    assert_non_null(strstr(buf_cstr(&why), sentence_has));
    assert_int_equal(m.n[0], 0x5a);
    buf_fini(&why);
}

static void refuse_edit(const char *from, const char *to, const char *sentence_has)
{
    struct buf file = fix_modulus_file(1024), edited = {0};
    const char *text = buf_cstr(&file);
    const char *at = strstr(text, from);
    assert_non_null(at);
    buf_append(&edited, text, (size_t)(at - text));
    buf_append_bytes(&edited, bytes_str(to));
    buf_append_bytes(&edited, bytes_str(at + strlen(from)));
    refuse_modulus_text(buf_view(&edited), sentence_has);
    buf_fini(&file);
    buf_fini(&edited);
}

static void test_modulus_files_are_read_strictly(void **state)
{
    refuse_edit("lockstep-modulus 1", "lockstep-modulus 2", "begin");
    refuse_edit("lockstep-modulus 1\n", "lockstep-modulus 1\r\n", "begin");
    refuse_edit("bits 1024", "bits 2048", "N in lower-case");
    refuse_edit("bits 1024", "bits 512", "second line");
    refuse_edit("bits 1024", "bits  1024", "second line");
    refuse_edit("\nN ", "\nM ", "N in lower-case");
    refuse_edit("\nN d", "\nN D", "N in lower-case");
    refuse_edit("\nN d", "\nN  ", "N in lower-case");
    refuse_edit("\nN dd", "\nN d", "N in lower-case");
    refuse_edit("\np ", "\nq ", "After N");
    refuse_edit("\np ", "\n\np ", "After N");
    refuse_edit("\nq ", "0\nq ", "After N");
    struct buf file = fix_modulus_file(1024);
    struct tlp_modulus m;
    size_t n_end = (size_t)((uint8_t *)strstr(buf_cstr(&file), "\np ") + 1 - file.data);
    for (size_t len = 0; len < file.len; len++) {
        struct buf why = {0};
        int want = len == n_end ? 0 : ERR_INVALID; /* without factors it is complete again */
        assert_int_equal(tlp_modulus_decode(bytes_of(file.data, len), &m, &why), want);
        buf_fini(&why);
    }
    buf_append_u8(&file, '\n');
    refuse_modulus_text(buf_view(&file), "After N");
    buf_fini(&file);
}

/* A modulus of 1024 bits that is `n`, without factors. */
static void refuse_number(const mpz_t n, const char *sentence_has)
{
    struct tlp_modulus m = {.bits = 1024};
    struct buf text = {0};
    uint8_t raw[256] = {0};
    size_t used = (mpz_sizeinbase(n, 2) + 7) / 8;
    assert_true(used <= 128);
    mpz_export(raw + 128 - used, NULL, 1, 1, 1, 0, n);
    memcpy(m.n, raw, 128);
    assert_int_equal(tlp_modulus_encode(&m, true, &text), 0);
    refuse_modulus_text(buf_view(&text), sentence_has);
    buf_fini(&text);
}

static void test_numbers_that_are_no_modulus_are_refused(void **state)
{
    struct tlp_modulus m = fix_modulus(1024);
    mpz_t n, x;
    mpz_inits(n, x, NULL);
    model_get(n, bytes_of(m.n, 128));
    mpz_add_ui(x, n, 1);
    refuse_number(x, "1 modulo 4");
    mpz_add_ui(x, n, 2);
    refuse_number(x, "1 modulo 4");
    mpz_fdiv_q_2exp(x, n, 1);
    refuse_number(x, "shorter");
    mpz_set_ui(x, 0);
    refuse_number(x, "shorter");
    mpz_add_ui(x, n, 4);
    while (mpz_divisible_ui_p(x, 65521) == 0) {
        mpz_add_ui(x, x, 4);
    }
    refuse_number(x, "small factor");
    model_get(x, bytes_of(m.q, 64));
    mpz_mul(x, x, x);
    refuse_number(x, "perfect power");
    mpz_nextprime(x, n);
    while (mpz_fdiv_ui(x, 4) != 1) {
        mpz_nextprime(x, x);
    }
    refuse_number(x, "prime");
    mpz_clears(n, x, NULL);
}

static void refuse_factors(const struct tlp_modulus *m, const char *sentence_has)
{
    struct buf text = {0};
    assert_int_equal(tlp_modulus_encode(m, true, &text), 0);
    refuse_modulus_text(buf_view(&text), sentence_has);
    buf_fini(&text);
}

static void test_false_factors_are_refused(void **state)
{
    struct tlp_modulus good = fix_modulus(1024), m = good;
    memcpy(m.p, good.q, 64);
    memcpy(m.q, good.p, 64);
    refuse_factors(&m, "ascending");
    m = good;
    memcpy(m.p, good.q, 64);
    refuse_factors(&m, "ascending");
    m = good;
    m.p[63] ^= 2;
    refuse_factors(&m, "multiply");
    /* Primes, but not safe ones. */
    mpz_t p, q, n;
    mpz_inits(p, q, n, NULL);
    model_get(p, bytes_of(good.p, 64));
    model_get(q, bytes_of(good.q, 64));
    do {
        mpz_nextprime(p, p);
        mpz_fdiv_q_2exp(n, p, 1);
    } while (mpz_fdiv_ui(p, 4) != 3 || mpz_probab_prime_p(n, 20) != 0);
    mpz_mul(n, p, q);
    mpz_export(m.n, NULL, 1, 1, 1, 0, n);
    mpz_export(m.p, NULL, 1, 1, 1, 0, p);
    refuse_factors(&m, "safe prime");
    mpz_clears(p, q, n, NULL);
}

/* ---- Setup ---- */

static void test_factors_and_squaring_make_the_same_parameters(void **state)
{
    static const uint64_t counts[] = {1, 2, 3, 4, 15, 16, 255, 256, 257, 1000, 65537, 1 << 20};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct tlp_params *fast = fix_params(1024, counts[i], true);
        struct tlp_params *slow = fix_params(1024, counts[i], false);
        struct buf a = encode(fast, false), b = encode(slow, false);
        assert_true(bytes_equal(buf_view(&a), buf_view(&b)));
        assert_true(hash32_equal(tlp_params_digest(fast), tlp_params_digest(slow)));
        buf_fini(&a);
        buf_fini(&b);
        tlp_params_destroy(&fast);
        tlp_params_destroy(&slow);
        assert_null(slow);
    }
}

/* l again, from its description. */
static void wesolowski_prime(const struct model *m, mpz_t l)
{
    struct buf in = {0};
    uint8_t raw[TLP_ELEMENT_BYTES_MAX];
    buf_append_bytes(&in, bytes_str("lockstep/tlp/wesolowski/v1"));
    wr_u16(&in, (uint16_t)m->bits);
    model_put(m, m->n, raw);
    buf_append(&in, raw, m->bytes);
    model_put(m, m->g, raw);
    buf_append(&in, raw, m->bytes);
    model_put(m, m->h, raw);
    buf_append(&in, raw, m->bytes);
    wr_u64(&in, m->squarings);
    struct hash32 seed, h;
    hash_sha256(buf_view(&in), &seed);
    uint32_t i = 0;
    do {
        buf_clear(&in);
        buf_append(&in, seed.b, 32);
        wr_u32(&in, i++);
        hash_sha256(buf_view(&in), &h);
        h.b[0] |= 0x80;
        h.b[31] |= 1;
        model_get(l, bytes_of(h.b, 32));
    } while (mpz_probab_prime_p(l, 40) == 0);
    buf_fini(&in);
}

static void test_parameters_equal_the_naive_model(void **state)
{
    static const uint64_t counts[] = {1, 300, 5000};
    for (size_t i = 0; i < 3; i++) {
        struct tlp_params *params = fix_params(1024, counts[i], true);
        struct model m;
        model_init(&m, params);
        assert_true(m.squarings == counts[i]);
        mpz_t x, e, l;
        mpz_inits(x, e, l, NULL);
        mpz_set_ui(e, 1);
        mpz_mul_2exp(e, e, counts[i]); /* 2^T, written out */
        mpz_powm(x, m.g, e, m.n);
        model_canon(&m, x);
        assert_int_equal(mpz_cmp(x, m.h), 0);
        wesolowski_prime(&m, l);
        mpz_fdiv_q(e, e, l);
        mpz_powm(x, m.g, e, m.n);
        model_canon(&m, x);
        assert_int_equal(mpz_cmp(x, m.pi), 0);
        mpz_clears(x, e, l, NULL);
        model_fini(&m);
        tlp_params_destroy(&params);
    }
}

struct seen {
    uint64_t done, total, calls;
};

static void tell(void *arg, uint64_t done, uint64_t total)
{
    struct seen *seen = (struct seen *)arg;
    assert_true(done >= seen->done && done <= total);
    seen->done = done;
    seen->total = total;
    seen->calls++;
}

static void test_setup_reports_progress_up_to_the_end(void **state)
{
    struct tlp_modulus m = fix_modulus(1024);
    m.has_trapdoor = false;
    struct seen seen = {0};
    struct tlp_progress progress = {tell, &seen};
    struct tlp_params *params = NULL;
    struct buf why = {0};
    assert_int_equal(tlp_params_setup(&m, 200000, &progress, &params, &why), 0);
    assert_true(seen.calls >= 4 && seen.done == seen.total && seen.total > 200000);
    tlp_params_destroy(&params);
}

static void test_setup_refuses_no_delay_and_a_bad_modulus(void **state)
{
    struct tlp_modulus m = fix_modulus(1024);
    struct tlp_params *params = NULL;
    struct buf why = {0};
    assert_int_equal(tlp_params_setup(&m, 0, NULL, &params, &why), ERR_INVALID);
    assert_non_null(strstr(buf_cstr(&why), "squarings"));
    assert_int_equal(tlp_params_setup(&m, UINT64_C(1) << 63, NULL, &params, &why), ERR_INVALID);
    m.n[127] ^= 4;
    assert_int_equal(tlp_params_setup(&m, 10, NULL, &params, &why), ERR_INVALID);
    m = fix_modulus(1024);
    m.bits = 1536;
    assert_int_equal(tlp_params_setup(&m, 10, NULL, &params, &why), ERR_INVALID);
    assert_null(params);
    buf_fini(&why);
}

/* ---- Parameter files ---- */

static void test_parameters_survive_their_file(void **state)
{
    static const uint32_t sizes[] = {1024, 2048, 3072};
    for (size_t i = 0; i < 3; i++) {
        struct tlp_params *params = fix_params(sizes[i], 77, true);
        for (int with = 0; with <= 1; with++) {
            struct buf file = encode(params, with == 1), why = {0};
            struct tlp_params *again = NULL;
            assert_int_equal(tlp_params_decode(buf_view(&file), &again, &why), 0);
            assert_int_equal(tlp_params_bits(again), sizes[i]);
            assert_int_equal(tlp_params_element_bytes(again), sizes[i] / 8);
            assert_true(tlp_params_squarings(again) == 77);
            assert_int_equal(tlp_params_has_trapdoor(again), with);
            assert_true(hash32_equal(tlp_params_digest(params), tlp_params_digest(again)));
            struct buf twice = encode(again, true);
            assert_true(bytes_equal(buf_view(&file), buf_view(&twice)));
            buf_fini(&file);
            buf_fini(&twice);
            tlp_params_destroy(&again);
        }
        struct buf file = encode(params, false);
        struct hash32 digest;
        hash_sha256(buf_view(&file), &digest);
        assert_true(hash32_equal(&digest, tlp_params_digest(params)));
        buf_fini(&file);
        tlp_params_destroy(&params);
    }
}

static void refuse_file(struct bytes file, const char *sentence_has)
{
    struct tlp_params *params = NULL;
    struct buf why = {0};
    int rc = tlp_params_decode(file, &params, &why);
    if (rc != ERR_INVALID || strstr(buf_cstr(&why), sentence_has) == NULL) {
        fail_msg("%s: \"%s\" instead of \"%s\"", err_name(rc), buf_cstr(&why), sentence_has);
    }
    assert_null(params);
    buf_fini(&why);
}

static void test_every_truncated_parameter_file_is_refused(void **state)
{
    struct buf file = encode(fix_shared(), true);
    for (size_t len = 0; len < file.len; len++) {
        refuse_file(bytes_of(file.data, len), "");
    }
    buf_append_u8(&file, 0);
    refuse_file(buf_view(&file), "after its end");
    buf_fini(&file);
}

static void test_a_flipped_bit_in_any_field_of_the_file_is_refused(void **state)
{
    struct buf file = encode(fix_shared(), true);
    static const struct {
        size_t from, to;
        const char *sentence_has;
    } fields[] = {
        {0, 8, "not a time-lock"}, {8, 10, "version"},
        {10, 12, "modulus size"},  {12, 140, "modulus"},
        {140, 268, "generator"},   {268, 276, ""}, /* T: no proof, or out of range */
        {276, 404, "h "},          {404, 532, "proof"},
        {532, 533, "malformed"},   {533, 597, "factor"},
        {597, 661, "factor"},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        size_t len = fields[i].to - fields[i].from;
        size_t step = len > 8 ? len / 4 - 1 : 1;
        for (size_t at = fields[i].from; at < fields[i].to; at += step) {
            uint8_t mask = (uint8_t)(1 << (at % 8));
            file.data[at] ^= mask;
            refuse_file(buf_view(&file), fields[i].sentence_has);
            file.data[at] ^= mask;
        }
    }
    buf_fini(&file);
}

/* Replaces an element of the file of fix_shared() by x. */
static void refuse_element(size_t offset, const mpz_t x, const char *sentence_has)
{
    struct model m;
    model_init(&m, fix_shared());
    struct buf file = encode(fix_shared(), false);
    model_put(&m, x, file.data + offset);
    refuse_file(buf_view(&file), sentence_has);
    buf_fini(&file);
    model_fini(&m);
}

static void test_false_elements_and_proofs_are_refused(void **state)
{
    struct model m;
    model_init(&m, fix_shared());
    mpz_t x;
    mpz_init(x);
    const size_t at_g = 140, at_h = 276, at_pi = 404;

    mpz_mul(x, m.g, m.g);
    mpz_mod(x, x, m.n);
    model_canon(&m, x);
    refuse_element(at_g, x, "generator"); /* an element, but not derived */
    refuse_element(at_h, x, "proof");
    refuse_element(at_pi, x, "proof");
    mpz_mul(x, m.h, m.h);
    mpz_mod(x, x, m.n);
    model_canon(&m, x);
    refuse_element(at_h, x, "proof"); /* one squaring more than stated */
    mpz_mul(x, m.pi, m.g);
    mpz_mod(x, x, m.n);
    model_canon(&m, x);
    refuse_element(at_pi, x, "proof");
    mpz_sub(x, m.n, m.h);
    refuse_element(at_h, x, "canonical");
    mpz_sub(x, m.n, m.pi);
    refuse_element(at_pi, x, "proof");
    mpz_set_ui(x, 0);
    refuse_element(at_h, x, "canonical");
    refuse_element(at_pi, x, "proof");
    mpz_set_ui(x, 1);
    refuse_element(at_h, x, "proof");
    refuse_element(at_pi, x, "proof");
    mpz_clear(x);
    model_fini(&m);
}

static void test_a_proof_for_another_delay_is_refused(void **state)
{
    struct tlp_params *longer = fix_params(1024, 1001, true);
    struct buf file = encode(fix_shared(), false), other = encode(longer, false);
    memcpy(file.data + 404, other.data + 404, 128); /* its pi */
    refuse_file(buf_view(&file), "proof");
    memcpy(file.data + 276, other.data + 276, 128); /* and its h, but not its T */
    refuse_file(buf_view(&file), "proof");
    memset(file.data + 268, 0, 8);
    refuse_file(buf_view(&file), "squarings");
    memset(file.data + 268, 0xff, 8);
    refuse_file(buf_view(&file), "squarings");
    buf_fini(&file);
    buf_fini(&other);
    tlp_params_destroy(&longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_moduli_decode_and_encode_to_the_same_bytes),
        cmocka_unit_test(test_modulus_files_are_read_strictly),
        cmocka_unit_test(test_numbers_that_are_no_modulus_are_refused),
        cmocka_unit_test(test_false_factors_are_refused),
        cmocka_unit_test(test_factors_and_squaring_make_the_same_parameters),
        cmocka_unit_test(test_parameters_equal_the_naive_model),
        cmocka_unit_test(test_setup_reports_progress_up_to_the_end),
        cmocka_unit_test(test_setup_refuses_no_delay_and_a_bad_modulus),
        cmocka_unit_test(test_parameters_survive_their_file),
        cmocka_unit_test(test_every_truncated_parameter_file_is_refused),
        cmocka_unit_test(test_a_flipped_bit_in_any_field_of_the_file_is_refused),
        cmocka_unit_test(test_false_elements_and_proofs_are_refused),
        cmocka_unit_test(test_a_proof_for_another_delay_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
