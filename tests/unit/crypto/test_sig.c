/* Recoverable secp256k1 signatures: published vectors, and everything that must not verify. */
#include "common/crypto/hash.h"
#include "common/crypto/sig.h"
#include "tests/unit/crypto/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <gmp.h>

/* SEC 2: the order of the group. */
#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
/* (order - 1) / 2: the highest low s. */
#define HALF "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define ONES "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void key_from(const char *secret, struct sig_key *out)
{
    struct hash32 s = vector_hash(secret);
    assert_int_equal(sig_key_from_secret(out, &s), 0);
}

static struct sig65 signature(const char *r, const char *s, uint8_t recovery)
{
    struct sig65 sig;
    struct hash32 half = vector_hash(r);
    memcpy(sig.b, half.b, 32);
    half = vector_hash(s);
    memcpy(sig.b + 32, half.b, 32);
    sig.b[64] = recovery;
    return sig;
}

/* value = order - value, in place, 32 bytes big-endian. */
static void negate(uint8_t value[32])
{
    mpz_t n;
    mpz_t v;
    mpz_init_set_str(n, ORDER, 16);
    mpz_init(v);
    mpz_import(v, 32, 1, 1, 1, 0, value);
    mpz_sub(v, n, v);
    assert_true(mpz_sgn(v) > 0 && mpz_sizeinbase(v, 2) <= 256);
    memset(value, 0, 32);
    mpz_export(value + 32 - (mpz_sizeinbase(v, 2) + 7) / 8, NULL, 1, 1, 1, 0, v);
    mpz_clear(n);
    mpz_clear(v);
}

static void expect_refused(const struct hash32 *digest, const struct sig65 *sig)
{
    struct addr20 signer;
    struct addr20 before;
    memset(before.b, 0x5a, sizeof(before.b));
    signer = before;
    assert_int_equal(sig_recover(digest, sig, &signer), ERR_SIGNATURE);
    assert_memory_equal(signer.b, before.b, sizeof(before.b));
    assert_int_equal(sig_verify(digest, sig, &before), ERR_SIGNATURE);
}

static void test_signatures_are_the_published_ones(void **state)
{
    /* RFC 6979 over this curve with SHA-256, as several wallets publish it; the digest is that of
     * the message. */
    static const struct {
        const char *secret;
        const char *message;
        const char *r;
        const char *s;
    } cases[] = {
        {ONE, "Satoshi Nakamoto",
         "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
         "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
        {ONE, "All those moments will be lost in time, like tears in rain. Time to die...",
         "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
         "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
        {"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "Satoshi Nakamoto",
         "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
         "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
        {"f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
         "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c",
         "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"},
        {"e91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2",
         "There is a computer disease that anybody who works with computers knows about. It's a "
         "very serious disease and it interferes completely with the work. The trouble with "
         "computers is that you 'play' with them!",
         "b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b",
         "279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sig_key key;
        struct hash32 digest;
        struct sig65 got;
        struct sig65 again;
        struct addr20 signer;
        key_from(cases[i].secret, &key);
        hash_sha256(bytes_str(cases[i].message), &digest);
        sig_sign(&key, &digest, &got);
        struct sig65 expected = signature(cases[i].r, cases[i].s, got.b[64]);
        assert_memory_equal(got.b, expected.b, 65);
        sig_sign(&key, &digest, &again);
        assert_memory_equal(again.b, got.b, 65);
        assert_int_equal(sig_recover(&digest, &got, &signer), 0);
        assert_memory_equal(signer.b, key.address.b, 20);
    }
}

static void test_the_signed_transaction_of_eip_155(void **state)
{
    struct hash32 digest =
        vector_hash("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    struct sig65 expected =
        signature("28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276",
                  "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83", 0);
    struct sig_key key;
    struct sig65 got;
    key_from("4646464646464646464646464646464646464646464646464646464646464646", &key);
    sig_sign(&key, &digest, &got);
    assert_memory_equal(got.b, expected.b, 65);
    assert_int_equal(sig_verify(&digest, &expected, &key.address), 0);
}

static void test_known_keys_have_their_known_addresses(void **state)
{
    /* The small keys, the example of EIP-155, and the first account of common development chains.
     */
    static const struct {
        const char *secret;
        const char *address;
    } cases[] = {
        {ONE, "7e5f4552091a69125d5dfcb7b8c2659029395bdf"},
        {"0000000000000000000000000000000000000000000000000000000000000002",
         "2b5ad5c4795c026514f8317c7a215e218dccd6cf"},
        {"0000000000000000000000000000000000000000000000000000000000000003",
         "6813eb9362372eef6200f3b1dbc3f819671cba69"},
        {"4646464646464646464646464646464646464646464646464646464646464646",
         "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"},
        {"ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
         "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sig_key key;
        uint8_t room[20];
        key_from(cases[i].secret, &key);
        assert_memory_equal(key.address.b, vector_bytes(cases[i].address, room, sizeof(room)).data,
                            20);
    }
}

static void test_a_secret_outside_the_group_is_refused(void **state)
{
    static const char *const refused[] = {
        ZERO, ORDER, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142", ONES};
    struct sig_key key;
    struct sig_key before;
    memset(&key, 0x5a, sizeof(key));
    before = key;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct hash32 secret = vector_hash(refused[i]);
        assert_int_equal(sig_key_from_secret(&key, &secret), ERR_INVALID);
        assert_memory_equal(&key, &before, sizeof(key));
    }
    key_from("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", &key);
}

static void test_a_key_from_a_seed_is_the_hash_of_tag_seed_and_counter(void **state)
{
    struct sig_key key;
    struct sig_key other;
    struct hash32 secret;
    hash_keccak256(bytes_of("lockstep keyalice\0", 18), &secret);
    sig_key_from_seed(&key, bytes_str("alice"));
    assert_memory_equal(key.secret.b, secret.b, 32);
    assert_int_equal(sig_key_from_secret(&other, &secret), 0);
    assert_memory_equal(key.address.b, other.address.b, 20);
    sig_key_from_seed(&other, (struct bytes){0});
    assert_memory_not_equal(key.secret.b, other.secret.b, 32);
    assert_false(hash32_is_zero(&other.secret));
    sig_key_wipe(&key);
    assert_true(hash32_is_zero(&key.secret));
}

static void test_what_anybody_signs_recovers_to_the_signer_alone(void **state)
{
    for (uint8_t i = 0; i < 50; i++) {
        struct sig_key key;
        struct sig_key other;
        struct hash32 digest;
        struct sig65 sig;
        sig_key_from_seed(&key, bytes_of(&i, 1));
        sig_key_from_seed(&other, bytes_of(&i, 0));
        hash_keccak256(bytes_of(&i, 1), &digest);
        sig_sign(&key, &digest, &sig);
        assert_true(sig.b[64] <= 1);
        assert_int_equal(sig_verify(&digest, &sig, &key.address), 0);
        assert_int_equal(sig_verify(&digest, &sig, &other.address), ERR_SIGNATURE);
    }
}

static void test_digests_at_the_edges_are_signed_and_recovered(void **state)
{
    static const char *const edges[] = {ZERO, ONE, ORDER, ONES};
    struct sig_key key;
    sig_key_from_seed(&key, bytes_str("edges"));
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        struct hash32 digest = vector_hash(edges[i]);
        struct sig65 sig;
        sig_sign(&key, &digest, &sig);
        assert_int_equal(sig_verify(&digest, &sig, &key.address), 0);
    }
}

static void test_every_flipped_bit_fails(void **state)
{
    struct sig_key key;
    struct hash32 digest;
    struct sig65 sig;
    struct addr20 signer;
    sig_key_from_seed(&key, bytes_str("flip"));
    hash_keccak256(bytes_str("message"), &digest);
    sig_sign(&key, &digest, &sig);
    for (size_t bit = 0; bit < 8 * sizeof(sig.b); bit++) {
        sig.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(sig_verify(&digest, &sig, &key.address), ERR_SIGNATURE);
        sig.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t bit = 0; bit < 8 * sizeof(digest.b); bit++) {
        digest.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(sig_verify(&digest, &sig, &key.address), ERR_SIGNATURE);
        digest.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t bit = 0; bit < 8 * sizeof(signer.b); bit++) {
        signer = key.address;
        signer.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(sig_verify(&digest, &sig, &signer), ERR_SIGNATURE);
    }
    assert_int_equal(sig_verify(&digest, &sig, &key.address), 0);
}

static void test_the_twin_with_high_s_is_refused(void **state)
{
    struct sig_key key;
    struct hash32 digest;
    struct sig65 sig;
    sig_key_from_seed(&key, bytes_str("twin"));
    hash_keccak256(bytes_str("message"), &digest);
    sig_sign(&key, &digest, &sig);
    struct sig65 twin = sig;
    negate(twin.b + 32);
    twin.b[64] ^= 1;
    expect_refused(&digest, &twin);
    twin.b[64] ^= 1;
    expect_refused(&digest, &twin);
    /* The other way round it is the signature again: the twin was refused for its s only. */
    negate(twin.b + 32);
    assert_int_equal(sig_verify(&digest, &twin, &key.address), 0);
}

static void test_s_is_low_up_to_half_the_order(void **state)
{
    /* Any s goes with an r that is the abscissa of a point; that of key 1 is. */
    static const char x[] = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    struct hash32 digest = vector_hash(ONES);
    struct addr20 signer;
    struct sig65 sig = signature(x, HALF, 0);
    assert_int_equal(sig_recover(&digest, &sig, &signer), 0);
    sig.b[63]--;
    assert_int_equal(sig_recover(&digest, &sig, &signer), 0);
    sig.b[63] = (uint8_t)(sig.b[63] + 2); /* one over half */
    expect_refused(&digest, &sig);
    sig = signature(x, ONE, 0);
    assert_int_equal(sig_recover(&digest, &sig, &signer), 0);
}

static void test_numbers_out_of_range_are_refused(void **state)
{
    static const char *const out_of_range[] = {
        ZERO, ORDER, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142", ONES};
    struct sig_key key;
    struct hash32 digest;
    struct sig65 sig;
    sig_key_from_seed(&key, bytes_str("range"));
    hash_keccak256(bytes_str("message"), &digest);
    sig_sign(&key, &digest, &sig);
    for (size_t i = 0; i < sizeof(out_of_range) / sizeof(out_of_range[0]); i++) {
        struct hash32 bad = vector_hash(out_of_range[i]);
        for (uint8_t recovery = 0; recovery < 4; recovery++) {
            struct sig65 forged = sig;
            forged.b[64] = recovery;
            memcpy(forged.b, bad.b, 32);
            expect_refused(&digest, &forged);
            forged = sig;
            forged.b[64] = recovery;
            memcpy(forged.b + 32, bad.b, 32);
            expect_refused(&digest, &forged);
        }
    }
    for (unsigned recovery = 2; recovery < 256; recovery++) {
        /* 2 and 3 say that r was reduced, which for this r is not possible. */
        struct sig65 forged = sig;
        forged.b[64] = (uint8_t)recovery;
        expect_refused(&digest, &forged);
    }
}

static void test_an_r_that_is_no_abscissa_is_refused(void **state)
{
    /* x = 5: 5^3 + 7 is not a square modulo p. x = 1 is on the curve. */
    struct hash32 digest = vector_hash(ONES);
    struct sig65 sig =
        signature("0000000000000000000000000000000000000000000000000000000000000005", ONE, 0);
    struct addr20 signer;
    expect_refused(&digest, &sig);
    sig.b[64] = 1;
    expect_refused(&digest, &sig);
    sig.b[31] = 1;
    assert_int_equal(sig_recover(&digest, &sig, &signer), 0);
}

static void test_ids_that_ecrecover_does_not_know_are_refused(void **state)
{
    /* r + order below p: a library recovers with all four ids, a contract with two. */
    struct hash32 digest = vector_hash(ONES);
    struct sig65 sig = signature(ONE, ONE, 0);
    struct addr20 signers[2];
    bool found = false;
    for (uint8_t r = 1; r < 100; r++) {
        sig.b[31] = r;
        sig.b[64] = 0;
        bool first = sig_recover(&digest, &sig, &signers[0]) == 0;
        sig.b[64] = 1;
        bool second = sig_recover(&digest, &sig, &signers[1]) == 0;
        assert_int_equal(first, second);
        found = found || first;
        for (uint8_t id = 2; id < 4; id++) {
            sig.b[64] = id;
            expect_refused(&digest, &sig);
        }
    }
    assert_true(found);
    assert_false(addr20_equal(&signers[0], &signers[1]));
}

static void test_a_key_at_infinity_is_refused(void **state)
{
    /* With R = G and digest = s, the key would be (s R - digest G) / r = infinity. */
    static const char x[] = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    struct hash32 digest = vector_hash(ONE);
    struct sig65 sig = signature(x, ONE, 0); /* G has an even ordinate */
    expect_refused(&digest, &sig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures_are_the_published_ones),
        cmocka_unit_test(test_the_signed_transaction_of_eip_155),
        cmocka_unit_test(test_known_keys_have_their_known_addresses),
        cmocka_unit_test(test_a_secret_outside_the_group_is_refused),
        cmocka_unit_test(test_a_key_from_a_seed_is_the_hash_of_tag_seed_and_counter),
        cmocka_unit_test(test_what_anybody_signs_recovers_to_the_signer_alone),
        cmocka_unit_test(test_digests_at_the_edges_are_signed_and_recovered),
        cmocka_unit_test(test_every_flipped_bit_fails),
        cmocka_unit_test(test_the_twin_with_high_s_is_refused),
        cmocka_unit_test(test_s_is_low_up_to_half_the_order),
        cmocka_unit_test(test_numbers_out_of_range_are_refused),
        cmocka_unit_test(test_an_r_that_is_no_abscissa_is_refused),
        cmocka_unit_test(test_ids_that_ecrecover_does_not_know_are_refused),
        cmocka_unit_test(test_a_key_at_infinity_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
