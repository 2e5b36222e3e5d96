/* Proofs of the sparse Merkle tree as bytes from a stranger. */
#include "tests/unit/ledger/fixture.h"

/* Keys of 100 leaves: {i, 1}. */
static void fill(struct smt *t)
{
    for (uint8_t i = 0; i < 100; i++) {
        uint8_t key[2] = {i, 1};
        uint8_t value[3] = {i, 2, 3};
        assert_int_equal(smt_put(t, bytes_of(key, 2), bytes_of(value, 3)), 0);
    }
}

static int decode(const struct buf *b, size_t len)
{
    struct smt_proof proof;
    uint8_t *exact = malloc(len != 0 ? len : 1); /* so that reading beyond it shows */
    assert_non_null(exact);
    memcpy(exact, b->data, len);
    int rc = smt_proof_decode(bytes_of(exact, len), &proof);
    free(exact);
    return rc;
}

/* Flips bits of every byte of the encoding in all ways. */
static void check_flips(struct smt *t, struct bytes key)
{
    struct smt_proof proof;
    struct hash32 root;
    struct buf b = {0};
    struct bytes value;
    bool present;
    smt_root(t, &root);
    smt_prove(t, key, &proof);
    smt_proof_encode(&proof, &b);
    assert_int_equal(smt_proof_verify(&proof, &root, key, &present, &value), 0);
    for (size_t i = 0; i < b.len; i++) {
        for (unsigned flip = 1; flip < 256; flip = flip < 128 ? flip * 2 : flip + 31) {
            b.data[i] = (uint8_t)(b.data[i] ^ flip);
            if (smt_proof_decode(buf_view(&b), &proof) == 0) {
                value = bytes_str("as it was");
                present = true;
                assert_int_equal(smt_proof_verify(&proof, &root, key, &present, &value), ERR_PROOF);
                assert_true(present && bytes_equal(value, bytes_str("as it was")));
            }
            b.data[i] = (uint8_t)(b.data[i] ^ flip);
        }
    }
    for (size_t len = 0; len < b.len; len++) {
        assert_int_equal(decode(&b, len), ERR_TRUNCATED);
    }
    assert_int_equal(decode(&b, b.len), 0);
    buf_append_u8(&b, 0);
    assert_int_equal(decode(&b, b.len), ERR_TRAILING);
    buf_fini(&b);
}

static void test_every_flipped_byte_and_every_truncation_is_refused(void **state)
{
    struct smt t = {0};
    bool seen[3] = {false};
    check_flips(&t, bytes_str("in the empty tree"));
    assert_int_equal(smt_put(&t, bytes_str("k"), bytes_str("")), 0);
    check_flips(&t, bytes_str("k"));
    check_flips(&t, bytes_str("absent"));
    fill(&t);
    for (uint8_t i = 0; i < 40; i++) {
        struct smt_proof proof;
        uint8_t key[2] = {i, (uint8_t)(i % 4 == 0 ? 1 : 2)};
        smt_prove(&t, bytes_of(key, 2), &proof);
        seen[key[1] == 1 ? 0 : (proof.has_leaf ? 1 : 2)] = true;
        check_flips(&t, bytes_of(key, 2));
    }
    /* present, absent with a leaf in its place, absent with nothing there */
    assert_true(seen[0] && seen[1] && seen[2]);
    smt_fini(&t);
}

static void test_proof_convinces_of_no_other_key_and_no_other_root(void **state)
{
    struct smt t = {0};
    struct smt_proof proof;
    struct hash32 root;
    bool present;
    struct bytes value;
    fill(&t);
    smt_root(&t, &root);
    for (uint8_t i = 0; i < 100; i++) {
        uint8_t key[2] = {i, 1};
        smt_prove(&t, bytes_of(key, 2), &proof);
        for (uint8_t k = 0; k < 100; k++) {
            uint8_t other[2] = {k, 1};
            assert_int_equal(smt_proof_verify(&proof, &root, bytes_of(other, 2), &present, &value),
                             i == k ? 0 : ERR_PROOF);
        }
    }
    struct hash32 older = root;
    assert_int_equal(smt_put(&t, bytes_str("more"), bytes_str("")), 0);
    smt_root(&t, &root);
    smt_prove(&t, bytes_str("more"), &proof);
    assert_int_equal(smt_proof_verify(&proof, &older, bytes_str("more"), &present, &value),
                     ERR_PROOF);
    assert_int_equal(smt_proof_verify(&proof, &root, bytes_str("more"), &present, &value), 0);
    assert_true(present);
    assert_int_equal(value.len, 0);
    smt_fini(&t);
}

static void test_lengths_out_of_range_do_not_verify(void **state)
{
    struct smt t = {0};
    struct smt_proof proof;
    struct smt_proof bad;
    struct hash32 root;
    bool present;
    struct bytes value;
    fill(&t);
    smt_root(&t, &root);
    uint8_t key[2] = {5, 1};
    smt_prove(&t, bytes_of(key, 2), &proof);
    bad = proof;
    bad.depth = SMT_DEPTH_MAX + 1;
    assert_int_equal(smt_proof_verify(&bad, &root, bytes_of(key, 2), &present, &value), ERR_PROOF);
    bad = proof;
    bad.key_len = SMT_KEY_MAX + 1;
    assert_int_equal(smt_proof_verify(&bad, &root, bytes_of(key, 2), &present, &value), ERR_PROOF);
    bad = proof;
    bad.value_len = SMT_VALUE_MAX + 1;
    assert_int_equal(smt_proof_verify(&bad, &root, bytes_of(key, 2), &present, &value), ERR_PROOF);
    smt_fini(&t);
}

/* What is not part of the statement is zero, also after a longer value was there. */
static void test_decoding_gives_back_the_same_proof(void **state)
{
    struct smt t = {0};
    struct smt_proof proof;
    struct smt_proof decoded;
    struct buf b = {0};
    assert_int_equal(smt_put(&t, bytes_str("key"), bytes_str("a long value")), 0);
    assert_int_equal(smt_put(&t, bytes_str("key"), bytes_str("short")), 0);
    assert_int_equal(smt_put(&t, bytes_str("other"), bytes_str("")), 0);
    smt_prove(&t, bytes_str("key"), &proof);
    smt_proof_encode(&proof, &b);
    assert_int_equal(smt_proof_decode(buf_view(&b), &decoded), 0);
    assert_int_equal(decoded.depth, proof.depth);
    assert_true(decoded.has_leaf && proof.has_leaf);
    assert_int_equal(decoded.key_len, proof.key_len);
    assert_int_equal(decoded.value_len, proof.value_len);
    assert_memory_equal(decoded.key, proof.key, sizeof(proof.key));
    assert_memory_equal(decoded.value, proof.value, sizeof(proof.value));
    assert_memory_equal(decoded.sibling, proof.sibling, sizeof(proof.sibling));
    buf_fini(&b);
    smt_fini(&t);
}

static void test_deepest_proof_fits(void **state)
{
    struct smt_proof proof = {.depth = SMT_DEPTH_MAX};
    struct smt_proof decoded;
    struct buf b = {0};
    proof.sibling[0].b[31] = 1;
    proof.sibling[SMT_DEPTH_MAX - 1].b[0] = 1;
    smt_proof_encode(&proof, &b);
    assert_int_equal(b.len, 2 + 32 + 2 * 32 + 1);
    assert_int_equal(smt_proof_decode(buf_view(&b), &decoded), 0);
    assert_int_equal(decoded.depth, SMT_DEPTH_MAX);
    assert_memory_equal(decoded.sibling, proof.sibling, sizeof(proof.sibling));
    buf_fini(&b);
}

/* In: depth, bit map, n siblings of which each byte is `fill`, and what follows, in hex. */
static int decode_made(uint16_t depth, const char *map, size_t n, uint8_t with, const char *rest)
{
    struct buf b = {0};
    struct buf bits = fix_hex(map);
    struct buf tail = fix_hex(rest);
    struct hash32 sibling;
    struct smt_proof proof;
    memset(sibling.b, with, 32);
    wr_u16(&b, depth);
    buf_append_bytes(&b, buf_view(&bits));
    for (size_t i = 0; i < n; i++) {
        buf_append_bytes(&b, BYTES_OF(sibling));
    }
    buf_append_bytes(&b, buf_view(&tail));
    int rc = smt_proof_decode(buf_view(&b), &proof);
    buf_fini(&b);
    buf_fini(&bits);
    buf_fini(&tail);
    return rc;
}

static void test_only_the_canonical_form_is_accepted(void **state)
{
    char key41[2 + 8 + 82 + 8 + 1];
    char value81[2 + 8 + 2 + 8 + 162 + 1];
    memset(key41, '0', sizeof(key41) - 1);
    memcpy(key41, "0100000029", 10);
    key41[sizeof(key41) - 1] = '\0';
    memset(value81, '0', sizeof(value81) - 1);
    memcpy(value81,
           "010000000141"
           "00000051",
           20);
    value81[sizeof(value81) - 1] = '\0';

    assert_int_equal(decode_made(0, "", 0, 0, "00"), 0);
    assert_int_equal(decode_made(3, "a0", 2, 7, "00"), 0);
    assert_int_equal(decode_made(3, "a0", 2, 0, "00"), ERR_NONCANONICAL); /* empty, spelt out */
    assert_int_equal(decode_made(3, "c0", 2, 7, "00"), ERR_NONCANONICAL); /* the last is empty */
    assert_int_equal(decode_made(3, "b0", 3, 7, "00"), ERR_NONCANONICAL); /* spare bit */
    assert_int_equal(decode_made(3, "a1", 3, 7, "00"), ERR_NONCANONICAL);
    assert_int_equal(decode_made(9, "8080", 2, 7, "00"), 0);
    assert_int_equal(decode_made(9, "8000", 1, 7, "00"), ERR_NONCANONICAL);
    assert_int_equal(decode_made(9, "80c0", 3, 7, "00"), ERR_NONCANONICAL);
    assert_int_equal(decode_made(257, "", 40, 7, "00"), ERR_TOOBIG);
    assert_int_equal(decode_made(UINT16_MAX, "", 40, 7, "00"), ERR_TOOBIG);
    assert_int_equal(decode_made(1, "80", 1, 7, "02"), ERR_NONCANONICAL);
    assert_int_equal(decode_made(0, "", 0, 0,
                                 "0100000000"
                                 "00000000"),
                     ERR_NONCANONICAL);
    assert_int_equal(decode_made(0, "", 0, 0, key41), ERR_TOOBIG);
    assert_int_equal(decode_made(0, "", 0, 0, value81), ERR_TOOBIG);
    key41[9] = '8';
    key41[sizeof(key41) - 3] = '\0';
    assert_int_equal(decode_made(0, "", 0, 0, key41), 0);
    value81[19] = '0';
    value81[sizeof(value81) - 3] = '\0';
    assert_int_equal(decode_made(0, "", 0, 0, value81), 0);
}

static void test_refused_proof_leaves_the_output_alone(void **state)
{
    struct smt_proof proof;
    struct smt_proof before;
    memset(&proof, 0x5a, sizeof(proof));
    before = proof;
    assert_int_equal(smt_proof_decode(bytes_of("\0\0\0\0", 4), &proof), ERR_TRAILING);
    assert_memory_equal(&proof, &before, sizeof(proof));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_flipped_byte_and_every_truncation_is_refused),
        cmocka_unit_test(test_proof_convinces_of_no_other_key_and_no_other_root),
        cmocka_unit_test(test_lengths_out_of_range_do_not_verify),
        cmocka_unit_test(test_decoding_gives_back_the_same_proof),
        cmocka_unit_test(test_deepest_proof_fits),
        cmocka_unit_test(test_only_the_canonical_form_is_accepted),
        cmocka_unit_test(test_refused_proof_leaves_the_output_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
