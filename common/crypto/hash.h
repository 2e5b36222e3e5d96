/* Hashes. Keccak-256 (the pre-standard padding 0x01 that Ethereum uses) for whatever an Ethereum
 * contract recomputes; SHA-256 for the state tree, blob versioned hashes and run fingerprints. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "common/base/bytes.h"

void hash_keccak256(struct bytes in, struct hash32 *out);
void hash_sha256(struct bytes in, struct hash32 *out);
/* sha256(a || b), both 32 bytes: the inner node of a Merkle tree, prefixed with one tag byte. */
void hash_sha256_pair(uint8_t tag, const struct hash32 *a, const struct hash32 *b,
                      struct hash32 *out);

/* Incremental Keccak-256: absorb any number of pieces, then finish once. No allocation. */
struct hash_keccak {
    uint64_t state[25];
    uint8_t block[136];
    size_t used; /* bytes waiting in block, below 136 */
};
void hash_keccak_init(struct hash_keccak *h);
void hash_keccak_add(struct hash_keccak *h, struct bytes in);
void hash_keccak_end(struct hash_keccak *h, struct hash32 *out);

/* Incremental SHA-256. The context is OpenSSL's, on the heap. Init: 0 or ERR_NOMEM. */
struct hash_sha {
    void *ctx;
};
int hash_sha_init(struct hash_sha *h) MUST_CHECK;
void hash_sha_add(struct hash_sha *h, struct bytes in);
/* The hash of everything added so far; adding may go on afterwards. */
void hash_sha_peek(const struct hash_sha *h, struct hash32 *out);
void hash_sha_fini(struct hash_sha *h);

#endif
