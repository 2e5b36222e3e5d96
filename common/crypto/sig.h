/* secp256k1 recoverable ECDSA over 32-byte digests, deterministic nonces (RFC 6979), low s.
 * Signature layout: r (32, big-endian) || s (32, big-endian) || recovery id (1 byte, 0..3). */
#ifndef CRYPTO_SIG_H
#define CRYPTO_SIG_H

#include "common/base/bytes.h"

struct sig65 {
    uint8_t b[65];
};

struct sig_key {
    struct hash32 secret;
    struct addr20 address; /* last 20 bytes of keccak256(uncompressed public key without 0x04) */
};

/* Derives the key pair. Returns: 0, or ERR_INVALID if secret is 0 or not below the group order. */
int sig_key_from_secret(struct sig_key *key, const struct hash32 *secret) MUST_CHECK;
/* Derives a valid key from any seed bytes: keccak256("lockstep key" || seed || counter). */
void sig_key_from_seed(struct sig_key *key, struct bytes seed);
/* Wipes the secret. */
void sig_key_wipe(struct sig_key *key);

/* Signs. The same digest and key always give the same 65 bytes. */
void sig_sign(const struct sig_key *key, const struct hash32 *digest, struct sig65 *out);

/* Recovers the signer's address. Returns: 0 or ERR_SIGNATURE (not canonical: high s, recovery id
 * over 1, r or s out of range, or no point). */
int sig_recover(const struct hash32 *digest, const struct sig65 *sig,
                struct addr20 *signer) MUST_CHECK;
/* Returns: 0 if `signer` signed digest, else ERR_SIGNATURE. */
int sig_verify(const struct hash32 *digest, const struct sig65 *sig,
               const struct addr20 *signer) MUST_CHECK;

#endif
