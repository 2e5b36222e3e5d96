/* HKDF and AES-256-GCM: published vectors, another library's GCM as a model, every tampering. */
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "tests/unit/crypto/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <nettle/gcm.h>

static const uint8_t key[32] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
static const uint8_t zero_nonce[GCM_IV_SIZE];

static void test_hkdf_gives_the_published_keys(void **state)
{
    /* RFC 5869, appendix A, the three cases with SHA-256. */
    static const struct {
        const char *ikm;
        const char *salt;
        const char *info;
        const char *okm;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
         "f0f1f2f3f4f5f6f7f8f9",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
         "2a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283848586878889"
         "8a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9"
         "dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb"
         "41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t ikm[80];
        uint8_t salt[80];
        uint8_t info[80];
        uint8_t okm[82];
        uint8_t got[82];
        struct bytes expected = vector_bytes(cases[i].okm, okm, sizeof(okm));
        assert_int_equal(hkdf_sha256(vector_bytes(cases[i].salt, salt, sizeof(salt)),
                                     vector_bytes(cases[i].ikm, ikm, sizeof(ikm)),
                                     vector_bytes(cases[i].info, info, sizeof(info)), got,
                                     expected.len),
                         0);
        assert_memory_equal(got, expected.data, expected.len);
    }
}

static void test_hkdf_lengths_are_prefixes_up_to_the_limit(void **state)
{
    static const size_t lens[] = {1, 31, 32, 33, 64, 8159};
    uint8_t full[HKDF_BYTES_MAX];
    uint8_t got[HKDF_BYTES_MAX + 1];
    struct bytes none = {0};
    assert_int_equal(hkdf_sha256(none, none, none, full, sizeof(full)), 0);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        memset(got, 0xee, sizeof(got));
        assert_int_equal(hkdf_sha256(none, none, none, got, lens[i]), 0);
        assert_memory_equal(got, full, lens[i]);
        assert_int_equal(got[lens[i]], 0xee);
    }
    memset(got, 0xee, sizeof(got));
    assert_int_equal(hkdf_sha256(none, none, none, got, sizeof(got)), ERR_TOOBIG);
    assert_int_equal(hkdf_sha256(none, none, none, got, 0), 0);
    for (size_t i = 0; i < sizeof(got); i++) {
        assert_int_equal(got[i], 0xee);
    }
}

static void test_hkdf_takes_context_of_any_length(void **state)
{
    size_t len = (size_t)1 << 20;
    CLEANUP(cleanup_free) uint8_t *info = calloc(1, len);
    uint8_t got[2][32];
    assert_non_null(info);
    assert_int_equal(hkdf_sha256(bytes_str("s"), bytes_str("k"), bytes_of(info, len), got[0], 32),
                     0);
    info[len - 1] = 1;
    assert_int_equal(hkdf_sha256(bytes_str("s"), bytes_str("k"), bytes_of(info, len), got[1], 32),
                     0);
    assert_memory_not_equal(got[0], got[1], 32);
}

static void test_gcm_gives_the_published_ciphertexts(void **state)
{
    /* McGrew and Viega's cases 13 and 14, those of 256 bits with our nonce of zeros. */
    static const uint8_t zeros[32];
    static const char *const expected[] = {
        "530f8afbc74536b9a963b4f1c4cb738b",
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    };
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        uint8_t room[32];
        struct bytes want = vector_bytes(expected[i], room, sizeof(room));
        assert_int_equal(aead_seal(zeros, (struct bytes){0}, bytes_of(zeros, 16 * i), &out), 0);
        assert_int_equal(out.len, want.len);
        assert_memory_equal(out.data, want.data, want.len);
    }
}

/* Another library's GCM. Out: text.len + 16 bytes. */
static void model_seal(const uint8_t nonce[GCM_IV_SIZE], struct bytes aad, struct bytes text,
                       uint8_t *out)
{
    struct gcm_aes256_ctx ctx;
    gcm_aes256_set_key(&ctx, key);
    gcm_aes256_set_iv(&ctx, GCM_IV_SIZE, nonce);
    gcm_aes256_update(&ctx, aad.len, aad.data);
    gcm_aes256_encrypt(&ctx, text.len, out, text.data);
    gcm_aes256_digest(&ctx, AEAD_TAG_BYTES, out + text.len);
}

static void test_gcm_agrees_with_another_library_at_every_length(void **state)
{
    static const size_t aad_lens[] = {0, 1, 15, 16, 17, 100};
    uint8_t text[130];
    uint8_t aad[100];
    vector_pattern(text, sizeof(text));
    vector_pattern(aad, sizeof(aad));
    for (size_t len = 0; len <= sizeof(text); len++) {
        for (size_t i = 0; i < sizeof(aad_lens) / sizeof(aad_lens[0]); i++) {
            uint8_t expected[sizeof(text) + AEAD_TAG_BYTES];
            CLEANUP(buf_fini) struct buf sealed = {0};
            CLEANUP(buf_fini) struct buf opened = {0};
            struct bytes a = bytes_of(aad, aad_lens[i]);
            model_seal(zero_nonce, a, bytes_of(text, len), expected);
            assert_int_equal(aead_seal(key, a, bytes_of(text, len), &sealed), 0);
            assert_int_equal(sealed.len, len + AEAD_TAG_BYTES);
            assert_memory_equal(sealed.data, expected, sealed.len);
            assert_int_equal(aead_open(key, a, buf_view(&sealed), &opened), 0);
            assert_true(bytes_equal(buf_view(&opened), bytes_of(text, len)));
        }
    }
}

static void test_sealing_and_opening_append(void **state)
{
    CLEANUP(buf_fini) struct buf sealed = {0};
    CLEANUP(buf_fini) struct buf opened = {0};
    buf_append(&sealed, "before", 6);
    buf_append(&opened, "ahead:", 6);
    assert_int_equal(aead_seal(key, bytes_str("aad"), bytes_str("text"), &sealed), 0);
    assert_int_equal(sealed.len, 6 + 4 + AEAD_TAG_BYTES);
    assert_memory_equal(sealed.data, "before", 6);
    struct bytes box = bytes_of(sealed.data + 6, sealed.len - 6);
    assert_int_equal(aead_open(key, bytes_str("aad"), box, &opened), 0);
    assert_string_equal(buf_cstr(&opened), "ahead:text");
}

/* Opening must fail with `code` and leave what the buffer holds alone, without plaintext behind. */
static void expect_refused(const uint8_t k[32], struct bytes aad, struct bytes sealed, int code)
{
    CLEANUP(buf_fini) struct buf out = {0};
    buf_append(&out, "kept", 4);
    assert_int_equal(buf_reserve(&out, 200), 0);
    memset(out.data + out.len, 0, out.cap - out.len);
    assert_int_equal(aead_open(k, aad, sealed, &out), code);
    assert_int_equal(out.len, 4);
    assert_int_equal(out.err, 0);
    assert_memory_equal(out.data, "kept", 4);
    for (size_t i = out.len; i < out.cap; i++) {
        assert_int_equal(out.data[i], 0);
    }
}

static void test_every_flipped_bit_is_refused(void **state)
{
    uint8_t aad[17];
    uint8_t text[33];
    uint8_t other[32];
    CLEANUP(buf_fini) struct buf sealed = {0};
    vector_pattern(aad, sizeof(aad));
    vector_pattern(text, sizeof(text));
    memcpy(other, key, sizeof(other));
    struct bytes a = bytes_of(aad, sizeof(aad));
    assert_int_equal(aead_seal(key, a, bytes_of(text, sizeof(text)), &sealed), 0);
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        expect_refused(key, a, buf_view(&sealed), ERR_MISMATCH);
        sealed.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t bit = 0; bit < 8 * sizeof(aad); bit++) {
        aad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        expect_refused(key, a, buf_view(&sealed), ERR_MISMATCH);
        aad[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t bit = 0; bit < 8 * sizeof(other); bit++) {
        other[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        expect_refused(other, a, buf_view(&sealed), ERR_MISMATCH);
        other[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    CLEANUP(buf_fini) struct buf opened = {0};
    assert_int_equal(aead_open(key, a, buf_view(&sealed), &opened), 0);
}

static void test_another_nonce_is_refused(void **state)
{
    uint8_t sealed[8 + AEAD_TAG_BYTES];
    struct bytes aad = bytes_str("aad");
    CLEANUP(buf_fini) struct buf opened = {0};
    for (size_t i = 0; i < GCM_IV_SIZE; i++) {
        uint8_t nonce[GCM_IV_SIZE] = {0};
        nonce[i] = 1;
        model_seal(nonce, aad, bytes_str("8 bytes."), sealed);
        expect_refused(key, aad, bytes_of(sealed, sizeof(sealed)), ERR_MISMATCH);
    }
    model_seal(zero_nonce, aad, bytes_str("8 bytes."), sealed);
    assert_int_equal(aead_open(key, aad, bytes_of(sealed, sizeof(sealed)), &opened), 0);
}

static void test_every_truncation_and_extension_is_refused(void **state)
{
    CLEANUP(buf_fini) struct buf sealed = {0};
    struct bytes aad = bytes_str("aad");
    assert_int_equal(aead_seal(key, aad, bytes_str("nineteen characters"), &sealed), 0);
    for (size_t len = 0; len < sealed.len; len++) {
        expect_refused(key, aad, bytes_of(sealed.data, len),
                       len < AEAD_TAG_BYTES ? ERR_TRUNCATED : ERR_MISMATCH);
    }
    expect_refused(key, aad, (struct bytes){0}, ERR_TRUNCATED);
    expect_refused(key, bytes_str("aa"), buf_view(&sealed), ERR_MISMATCH);
    expect_refused(key, bytes_str("aad\n"), buf_view(&sealed), ERR_MISMATCH);
    expect_refused(key, (struct bytes){0}, buf_view(&sealed), ERR_MISMATCH);
    buf_append_u8(&sealed, 0);
    expect_refused(key, aad, buf_view(&sealed), ERR_MISMATCH);
}

static void test_a_full_buffer_is_not_overrun(void **state)
{
    CLEANUP(buf_fini) struct buf sealed = {0};
    assert_int_equal(aead_seal(key, (struct bytes){0}, bytes_str("sixteen letters."), &sealed), 0);
    CLEANUP(buf_fini) struct buf small = {.limit = 31};
    assert_int_equal(aead_seal(key, (struct bytes){0}, bytes_str("sixteen letters."), &small),
                     ERR_TOOBIG);
    assert_int_equal(small.len, 0);
    CLEANUP(buf_fini) struct buf exact = {.limit = 32};
    assert_int_equal(aead_seal(key, (struct bytes){0}, bytes_str("sixteen letters."), &exact), 0);
    CLEANUP(buf_fini) struct buf plain = {.limit = 15};
    assert_int_equal(aead_open(key, (struct bytes){0}, buf_view(&sealed), &plain), ERR_TOOBIG);
    assert_int_equal(plain.len, 0);
    CLEANUP(buf_fini) struct buf fits = {.limit = 16};
    assert_int_equal(aead_open(key, (struct bytes){0}, buf_view(&sealed), &fits), 0);
    assert_int_equal(fits.len, 16);
}

static void test_a_length_beyond_the_library_is_refused_unread(void **state)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct bytes huge = bytes_of(key, (size_t)INT32_MAX + 1);
    assert_int_equal(aead_seal(key, huge, bytes_str(""), &out), ERR_TOOBIG);
    assert_int_equal(aead_seal(key, bytes_str(""), huge, &out), ERR_TOOBIG);
    assert_int_equal(aead_open(key, bytes_str(""), huge, &out), ERR_TOOBIG);
    assert_int_equal(aead_open(key, huge, bytes_of(key, sizeof(key)), &out), ERR_TOOBIG);
    assert_int_equal(out.len, 0);
    assert_int_equal(out.err, 0);
}

static void test_secrets_compare_and_are_wiped(void **state)
{
    static const uint8_t zero[32];
    uint8_t secret[32];
    memcpy(secret, key, sizeof(secret));
    assert_true(secret_equal(bytes_of(secret, 32), bytes_of(key, 32)));
    assert_true(secret_equal((struct bytes){0}, bytes_of(key, 0)));
    assert_false(secret_equal(bytes_of(secret, 31), bytes_of(key, 32)));
    for (size_t i = 0; i < sizeof(secret); i++) {
        secret[i] ^= 0x80;
        assert_false(secret_equal(bytes_of(secret, 32), bytes_of(key, 32)));
        secret[i] ^= 0x80;
    }
    secret_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, zero, sizeof(zero));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hkdf_gives_the_published_keys),
        cmocka_unit_test(test_hkdf_lengths_are_prefixes_up_to_the_limit),
        cmocka_unit_test(test_hkdf_takes_context_of_any_length),
        cmocka_unit_test(test_gcm_gives_the_published_ciphertexts),
        cmocka_unit_test(test_gcm_agrees_with_another_library_at_every_length),
        cmocka_unit_test(test_sealing_and_opening_append),
        cmocka_unit_test(test_every_flipped_bit_is_refused),
        cmocka_unit_test(test_another_nonce_is_refused),
        cmocka_unit_test(test_every_truncation_and_extension_is_refused),
        cmocka_unit_test(test_a_full_buffer_is_not_overrun),
        cmocka_unit_test(test_a_length_beyond_the_library_is_refused_unread),
        cmocka_unit_test(test_secrets_compare_and_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
