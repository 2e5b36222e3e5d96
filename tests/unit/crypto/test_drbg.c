/* The generator for secrets: HMAC-SHA256's published answers, another library's HMAC as a model. */
#include "common/crypto/drbg.h"
#include "tests/unit/crypto/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define STREAM 500

static const struct hash32 seed = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};

static void model_hmac(const uint8_t key[32], struct bytes in, uint8_t out[32])
{
    unsigned len = 32;
    assert_non_null(HMAC(EVP_sha256(), key, 32, in.data, in.len, out, &len));
    assert_int_equal(len, 32);
}

static void test_the_key_is_the_published_hmac(void **state)
{
    /* RFC 4231, cases 1 and 2. HMAC fills a short key up with zeros, so the RFC's shorter ones can
     * be had with 32 bytes. */
    struct hash32 first = {{0}};
    struct hash32 second = {{'J', 'e', 'f', 'e'}};
    struct hash32 expected;
    struct drbg d;
    memset(first.b, 0x0b, 20);
    drbg_init(&d, &first, "Hi There");
    expected = vector_hash("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_memory_equal(d.key.b, expected.b, 32);
    drbg_init(&d, &second, "what do ya want for nothing?");
    expected = vector_hash("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_memory_equal(d.key.b, expected.b, 32);
}

static void test_the_stream_is_hmac_of_a_big_endian_counter(void **state)
{
    uint8_t key[32];
    struct drbg d;
    model_hmac(seed.b, bytes_str("purpose"), key);
    drbg_init(&d, &seed, "purpose");
    for (unsigned i = 0; i < 300; i++) {
        uint8_t counter[8] = {0, 0, 0, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};
        uint8_t expected[32];
        uint8_t got[32];
        model_hmac(key, bytes_of(counter, sizeof(counter)), expected);
        drbg_fill(&d, got, sizeof(got));
        assert_memory_equal(got, expected, 32);
    }
    /* As if 2^56 blocks had been drawn: the counter's high bytes count as well. */
    static const uint8_t far[8] = {1, 0, 0, 0, 0, 0, 0, 0};
    uint8_t expected[32];
    uint8_t got[32];
    d.counter = UINT64_C(1) << 56;
    model_hmac(key, bytes_of(far, sizeof(far)), expected);
    drbg_fill(&d, got, sizeof(got));
    assert_memory_equal(got, expected, 32);
}

static void test_equal_seed_and_label_give_the_equal_stream(void **state)
{
    uint8_t a[STREAM];
    uint8_t b[STREAM];
    struct drbg d;
    drbg_init(&d, &seed, "label");
    drbg_fill(&d, a, sizeof(a));
    drbg_init(&d, &seed, "label");
    drbg_fill(&d, b, sizeof(b));
    assert_memory_equal(a, b, sizeof(a));
}

static void test_another_seed_or_label_gives_another_stream(void **state)
{
    uint8_t a[32];
    uint8_t b[32];
    struct drbg d;
    struct hash32 other = seed;
    other.b[31] ^= 1;
    drbg_init(&d, &seed, "label");
    drbg_fill(&d, a, sizeof(a));
    drbg_init(&d, &other, "label");
    drbg_fill(&d, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    drbg_init(&d, &seed, "labem");
    drbg_fill(&d, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    drbg_init(&d, &seed, "");
    drbg_fill(&d, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void test_the_stream_does_not_depend_on_the_pieces_drawn(void **state)
{
    uint8_t whole[STREAM];
    uint8_t pieces[STREAM];
    struct drbg d;
    drbg_init(&d, &seed, "pieces");
    drbg_fill(&d, whole, sizeof(whole));
    for (size_t step = 1; step <= 100; step++) {
        drbg_init(&d, &seed, "pieces");
        for (size_t at = 0; at < STREAM; at += step) {
            drbg_fill(&d, NULL, 0);
            drbg_fill(&d, pieces + at, STREAM - at < step ? STREAM - at : step);
        }
        assert_memory_equal(pieces, whole, STREAM);
    }
}

static void test_growing_pieces_join_to_the_same_stream(void **state)
{
    uint8_t whole[STREAM];
    uint8_t pieces[STREAM];
    struct drbg d;
    drbg_init(&d, &seed, "pieces");
    drbg_fill(&d, whole, sizeof(whole));
    drbg_init(&d, &seed, "pieces");
    size_t at = 0;
    for (size_t len = 0; at + len <= STREAM; len++) {
        drbg_fill(&d, pieces + at, len);
        at += len;
    }
    assert_memory_equal(pieces, whole, at);
}

static void test_bytes_handed_out_are_not_kept(void **state)
{
    static const uint8_t zero[32];
    uint8_t out[20];
    struct drbg d;
    drbg_init(&d, &seed, "forget");
    drbg_fill(&d, out, sizeof(out));
    assert_memory_equal(d.block, zero, sizeof(out));
    assert_memory_not_equal(d.block + sizeof(out), zero, sizeof(d.block) - sizeof(out));
}

static void test_wiping_leaves_only_zeros(void **state)
{
    static const struct drbg zero;
    uint8_t out[5];
    struct drbg d;
    drbg_init(&d, &seed, "wipe");
    drbg_fill(&d, out, sizeof(out));
    drbg_wipe(&d);
    assert_memory_equal(&d.key, &zero.key, sizeof(d.key));
    assert_memory_equal(d.block, zero.block, sizeof(d.block));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_is_the_published_hmac),
        cmocka_unit_test(test_the_stream_is_hmac_of_a_big_endian_counter),
        cmocka_unit_test(test_equal_seed_and_label_give_the_equal_stream),
        cmocka_unit_test(test_another_seed_or_label_gives_another_stream),
        cmocka_unit_test(test_the_stream_does_not_depend_on_the_pieces_drawn),
        cmocka_unit_test(test_growing_pieces_join_to_the_same_stream),
        cmocka_unit_test(test_bytes_handed_out_are_not_kept),
        cmocka_unit_test(test_wiping_leaves_only_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
