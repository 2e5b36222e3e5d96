/* Keccak-256 and SHA-256: published digests, a naive Keccak model, pieces against the whole. */
#include "common/crypto/hash.h"
#include "tests/unit/crypto/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define LONGEST 700

struct known {
    const char *text;
    const char *digest;
};

static uint64_t rotate(uint64_t v, unsigned by)
{
    return by == 0 ? v : v << by | v >> (64 - by);
}

/* One output bit of the shift register x^8 + x^6 + x^5 + x^4 + 1 that makes the round constants. */
static bool round_bit(unsigned t)
{
    unsigned r = 1;
    for (unsigned i = 0; i < t % 255; i++) {
        r <<= 1;
        r ^= (r & 0x100) != 0 ? 0x171u : 0;
    }
    return (r & 1) != 0;
}

/* FIPS 202, section 3.2, step by step; a[x][y]. */
static void model_round(uint64_t a[5][5], unsigned round)
{
    uint64_t b[5][5];
    uint64_t c[5];
    for (size_t x = 0; x < 5; x++) {
        c[x] = a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4];
    }
    for (size_t x = 0; x < 5; x++) {
        for (size_t y = 0; y < 5; y++) {
            a[x][y] ^= c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
        }
    }
    size_t x = 1;
    size_t y = 0;
    for (unsigned t = 0; t < 24; t++) {
        a[x][y] = rotate(a[x][y], (t + 1) * (t + 2) / 2 % 64);
        size_t next = (2 * x + 3 * y) % 5;
        x = y;
        y = next;
    }
    for (x = 0; x < 5; x++) {
        for (y = 0; y < 5; y++) {
            b[y][(2 * x + 3 * y) % 5] = a[x][y];
        }
    }
    for (x = 0; x < 5; x++) {
        for (y = 0; y < 5; y++) {
            a[x][y] = b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y]);
        }
    }
    for (unsigned j = 0; j <= 6; j++) {
        a[0][0] ^= (uint64_t)round_bit(j + 7 * round) << ((1u << j) - 1);
    }
}

/* Pads the whole message first, then absorbs it byte by byte. */
static void model_keccak256(struct bytes in, uint8_t out[32])
{
    uint64_t a[5][5] = {0};
    uint8_t padded[LONGEST + 136] = {0};
    size_t len = (in.len / 136 + 1) * 136;
    assert_true(in.len <= LONGEST);
    if (in.len > 0) {
        memcpy(padded, in.data, in.len);
    }
    padded[in.len] ^= 0x01;
    padded[len - 1] ^= 0x80;
    for (size_t at = 0; at < len; at++) {
        size_t lane = at % 136 / 8;
        a[lane % 5][lane / 5] ^= (uint64_t)padded[at] << (8 * (at % 8));
        for (unsigned round = 0; round < 24 && at % 136 == 135; round++) {
            model_round(a, round);
        }
    }
    for (size_t i = 0; i < 32; i++) {
        out[i] = (uint8_t)(a[i / 8][0] >> (8 * (i % 8)));
    }
}

static void test_keccak_gives_the_published_digests(void **state)
{
    /* The Keccak team's known answers (the empty string, 0xcc), and what Ethereum builds on: the
     * hash of the empty code, of the empty trie, of the empty list of uncles. */
    static const struct known cases[] = {
        {"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
        {"cc", "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a"},
        {"616263", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
        {"74657374696e67", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"},
        {"80", "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"},
        {"c0", "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t room[64];
        struct hash32 expected = vector_hash(cases[i].digest);
        struct hash32 got;
        hash_keccak256(vector_bytes(cases[i].text, room, sizeof(room)), &got);
        assert_memory_equal(got.b, expected.b, 32);
    }
}

static void test_keccak_follows_the_model_at_every_length(void **state)
{
    uint8_t text[LONGEST];
    uint8_t expected[32];
    vector_pattern(text, sizeof(text));
    for (size_t len = 0; len <= LONGEST; len++) {
        struct hash32 got;
        hash_keccak256(bytes_of(text, len), &got);
        model_keccak256(bytes_of(text, len), expected);
        assert_memory_equal(got.b, expected, 32);
    }
}

static void test_keccak_of_pieces_is_keccak_of_the_whole(void **state)
{
    static const size_t steps[] = {1, 7, 8, 135, 136, 137, 271, 272, 273, LONGEST};
    uint8_t text[LONGEST];
    struct hash32 whole;
    vector_pattern(text, sizeof(text));
    hash_keccak256(bytes_of(text, sizeof(text)), &whole);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct hash_keccak h;
        struct hash32 got;
        hash_keccak_init(&h);
        for (size_t at = 0; at < sizeof(text); at += steps[i]) {
            size_t left = sizeof(text) - at;
            hash_keccak_add(&h, bytes_of(text + at, left < steps[i] ? left : steps[i]));
            hash_keccak_add(&h, (struct bytes){0});
        }
        hash_keccak_end(&h, &got);
        assert_memory_equal(got.b, whole.b, 32);
    }
}

static void test_keccak_of_a_million_letters(void **state)
{
    struct hash32 expected =
        vector_hash("fadae6b49f129bbb812be8407b7b2894f34aecf6dbd1f9b0f0c7e9853098fc96");
    struct hash_keccak h;
    struct hash32 got;
    uint8_t thousand[1000];
    memset(thousand, 'a', sizeof(thousand));
    hash_keccak_init(&h);
    for (int i = 0; i < 1000; i++) {
        hash_keccak_add(&h, bytes_of(thousand, sizeof(thousand)));
    }
    hash_keccak_end(&h, &got);
    assert_memory_equal(got.b, expected.b, 32);
}

static void test_sha256_gives_the_published_digests(void **state)
{
    /* FIPS 180-2, appendix B, and the empty string. */
    static const struct known cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hash32 expected = vector_hash(cases[i].digest);
        struct hash32 got;
        hash_sha256(bytes_str(cases[i].text), &got);
        assert_memory_equal(got.b, expected.b, 32);
    }
    struct hash32 nothing;
    struct hash32 expected = vector_hash(cases[0].digest);
    hash_sha256((struct bytes){0}, &nothing);
    assert_memory_equal(nothing.b, expected.b, 32);
}

static void test_sha256_agrees_with_another_library_at_every_length(void **state)
{
    uint8_t text[300];
    uint8_t expected[32];
    vector_pattern(text, sizeof(text));
    for (size_t len = 0; len <= sizeof(text); len++) {
        struct hash32 got;
        assert_int_equal(EVP_Digest(text, len, expected, NULL, EVP_sha256(), NULL), 1);
        hash_sha256(bytes_of(text, len), &got);
        assert_memory_equal(got.b, expected, 32);
    }
}

static void test_sha256_of_a_pair_is_that_of_tag_and_halves(void **state)
{
    struct hash32 a;
    struct hash32 b;
    struct hash32 expected;
    struct hash32 got;
    uint8_t flat[65];
    vector_pattern(flat, sizeof(flat));
    flat[0] = 0xa5;
    memcpy(a.b, flat + 1, 32);
    memcpy(b.b, flat + 33, 32);
    hash_sha256(bytes_of(flat, sizeof(flat)), &expected);
    hash_sha256_pair(0xa5, &a, &b, &got);
    assert_memory_equal(got.b, expected.b, 32);
    hash_sha256_pair(0xa5, &b, &a, &got);
    assert_memory_not_equal(got.b, expected.b, 32);
    hash_sha256_pair(0xa4, &a, &b, &got);
    assert_memory_not_equal(got.b, expected.b, 32);
    hash_sha256_pair(0xa5, &a, &b, &a); /* the result may replace an input */
    assert_memory_equal(a.b, expected.b, 32);
}

static void test_a_running_sha256_can_be_looked_at_and_continued(void **state)
{
    uint8_t text[300];
    struct hash_sha h;
    vector_pattern(text, sizeof(text));
    assert_int_equal(hash_sha_init(&h), 0);
    for (size_t len = 0; len <= sizeof(text); len++) {
        struct hash32 expected;
        struct hash32 got;
        struct hash32 again;
        hash_sha256(bytes_of(text, len), &expected);
        hash_sha_peek(&h, &got);
        hash_sha_peek(&h, &again);
        assert_memory_equal(got.b, expected.b, 32);
        assert_memory_equal(again.b, expected.b, 32);
        hash_sha_add(&h, (struct bytes){0});
        hash_sha_add(&h, bytes_of(text + len, len < sizeof(text) ? 1 : 0));
    }
    hash_sha_fini(&h);
    assert_null(h.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keccak_gives_the_published_digests),
        cmocka_unit_test(test_keccak_follows_the_model_at_every_length),
        cmocka_unit_test(test_keccak_of_pieces_is_keccak_of_the_whole),
        cmocka_unit_test(test_keccak_of_a_million_letters),
        cmocka_unit_test(test_sha256_gives_the_published_digests),
        cmocka_unit_test(test_sha256_agrees_with_another_library_at_every_length),
        cmocka_unit_test(test_sha256_of_a_pair_is_that_of_tag_and_halves),
        cmocka_unit_test(test_a_running_sha256_can_be_looked_at_and_continued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
