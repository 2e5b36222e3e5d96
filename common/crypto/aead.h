/* AES-256-GCM with a zero nonce and HKDF-SHA256: every key is used for exactly one message.
 * Constant-time comparison and wiping of secrets. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "common/base/bytes.h"

#define AEAD_TAG_BYTES 16

#define HKDF_BYTES_MAX ((size_t)255 * 32)

/* RFC 5869 extract-and-expand; salt, ikm and info of any length. Out: out_len bytes.
 * Returns: 0, or ERR_TOOBIG if out_len is over HKDF_BYTES_MAX. */
int hkdf_sha256(struct bytes salt, struct bytes ikm, struct bytes info, uint8_t *out,
                size_t out_len) MUST_CHECK;

/* Appends ciphertext || tag (plain.len + 16 bytes) to `out`. aad and plain must not lie in `out`.
 * Returns: 0, ERR_NOMEM, ERR_TOOBIG (over 2^31 - 1 bytes, or over the limit of `out`), ERR_CRYPTO.
 */
int aead_seal(const uint8_t key[32], struct bytes aad, struct bytes plain,
              struct buf *out) MUST_CHECK;
/* Appends the plaintext to `out`. Returns: 0; ERR_MISMATCH if the tag does not fit (out
 * untouched); ERR_TRUNCATED if shorter than a tag; ERR_NOMEM, ERR_TOOBIG, ERR_CRYPTO. */
int aead_open(const uint8_t key[32], struct bytes aad, struct bytes sealed,
              struct buf *out) MUST_CHECK;

/* Constant time in the contents. */
bool secret_equal(struct bytes a, struct bytes b);
/* Not optimised away. */
void secret_wipe(void *data, size_t len);

#endif
