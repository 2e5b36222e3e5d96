#include "common/crypto/sig.h"

#include "common/base/check.h"
#include "common/crypto/aead.h"
#include "common/crypto/hash.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

/* Ethereum's ecrecover knows 0 and 1 (as v = 27 and 28): what it cannot check is no signature. */
#define RECOVERY_ID_MAX 1

/* A signing context takes 208 bytes, no table since 0.2.0, and a fiftieth of the time of a
 * signature: each use makes its own, and threads share nothing. */
static secp256k1_context *context(void)
{
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    CHECK(ctx != NULL);
    return ctx;
}

static void address_of(const secp256k1_pubkey *pub, struct addr20 *out)
{
    uint8_t raw[65];
    size_t len = sizeof(raw);
    struct hash32 hash;
    CHECK(secp256k1_ec_pubkey_serialize(secp256k1_context_static, raw, &len, pub,
                                        SECP256K1_EC_UNCOMPRESSED) == 1);
    hash_keccak256(bytes_of(raw + 1, 64), &hash);
    memcpy(out->b, hash.b + 12, sizeof(out->b));
}

int sig_key_from_secret(struct sig_key *key, const struct hash32 *secret)
{
    secp256k1_pubkey pub;
    secp256k1_context *ctx = context();
    int ok = secp256k1_ec_pubkey_create(ctx, &pub, secret->b);
    secp256k1_context_destroy(ctx);
    if (ok != 1) {
        return ERR_INVALID;
    }
    key->secret = *secret;
    address_of(&pub, &key->address);
    return 0;
}

void sig_key_from_seed(struct sig_key *key, struct bytes seed)
{
    static const char tag[] = "lockstep key";
    struct hash32 secret;
    uint8_t counter = 0;
    do {
        struct hash_keccak h;
        hash_keccak_init(&h);
        hash_keccak_add(&h, bytes_of(tag, sizeof(tag) - 1));
        hash_keccak_add(&h, seed);
        hash_keccak_add(&h, bytes_of(&counter, 1));
        hash_keccak_end(&h, &secret);
        secret_wipe(&h, sizeof(h));
        counter++;
    } while (sig_key_from_secret(key, &secret) != 0);
    secret_wipe(&secret, sizeof(secret));
}

void sig_key_wipe(struct sig_key *key)
{
    secret_wipe(&key->secret, sizeof(key->secret));
}

void sig_sign(const struct sig_key *key, const struct hash32 *digest, struct sig65 *out)
{
    secp256k1_ecdsa_recoverable_signature sig;
    secp256k1_context *ctx = context();
    int recovery = 0;
    CHECK(secp256k1_ecdsa_sign_recoverable(ctx, &sig, digest->b, key->secret.b,
                                           secp256k1_nonce_function_rfc6979, NULL) == 1);
    CHECK(secp256k1_ecdsa_recoverable_signature_serialize_compact(ctx, out->b, &recovery, &sig) ==
          1);
    secp256k1_context_destroy(ctx);
    CHECK(recovery <= RECOVERY_ID_MAX); /* 2 or 3 once in 2^127 signatures */
    out->b[64] = (uint8_t)recovery;
}

/* s must be in the lower half, as Ethereum demands: otherwise every signature has a twin. */
static bool has_low_s(const struct sig65 *sig)
{
    secp256k1_ecdsa_signature plain;
    secp256k1_ecdsa_signature normal;
    if (secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &plain, sig->b) != 1) {
        return false;
    }
    return secp256k1_ecdsa_signature_normalize(secp256k1_context_static, &normal, &plain) == 0;
}

int sig_recover(const struct hash32 *digest, const struct sig65 *sig, struct addr20 *signer)
{
    const secp256k1_context *ctx = secp256k1_context_static;
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey pub;
    if (sig->b[64] > RECOVERY_ID_MAX || !has_low_s(sig) ||
        secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &parsed, sig->b, sig->b[64]) !=
            1 ||
        secp256k1_ecdsa_recover(ctx, &pub, &parsed, digest->b) != 1) {
        return ERR_SIGNATURE;
    }
    address_of(&pub, signer);
    return 0;
}

int sig_verify(const struct hash32 *digest, const struct sig65 *sig, const struct addr20 *signer)
{
    struct addr20 recovered;
    int rc = sig_recover(digest, sig, &recovered);
    if (rc != 0) {
        return rc;
    }
    return addr20_equal(&recovered, signer) ? 0 : ERR_SIGNATURE;
}
