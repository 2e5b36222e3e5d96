#include "common/crypto/aead.h"

#include "common/base/cleanup.h"

#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

static void wipe_hmac(struct hmac_sha256_ctx *ctx)
{
    secret_wipe(ctx, sizeof(*ctx));
}

/* Nettle's, because OpenSSL 3.0 refuses an info of more than 32 KiB. It cannot fail. */
int hkdf_sha256(struct bytes salt, struct bytes ikm, struct bytes info, uint8_t *out,
                size_t out_len)
{
    static const uint8_t nothing[1];
    uint8_t prk[SHA256_DIGEST_SIZE];
    CLEANUP(wipe_hmac) struct hmac_sha256_ctx ctx;
    if (out_len > HKDF_BYTES_MAX) {
        return ERR_TOOBIG;
    }
    hmac_sha256_set_key(&ctx, salt.len, salt.len != 0 ? salt.data : nothing);
    hkdf_extract(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
                 (nettle_hash_digest_func *)hmac_sha256_digest, sizeof(prk), ikm.len,
                 ikm.len != 0 ? ikm.data : nothing, prk);
    hmac_sha256_set_key(&ctx, sizeof(prk), prk);
    hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
                (nettle_hash_digest_func *)hmac_sha256_digest, sizeof(prk), info.len,
                info.len != 0 ? info.data : nothing, out_len, out);
    secret_wipe(prk, sizeof(prk));
    return 0;
}

int aead_seal(const uint8_t key[32], struct bytes aad, struct bytes plain, struct buf *out)
{
    static const uint8_t nonce[12];
    CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;
    if (ctx == NULL || aad.len > INT32_MAX || plain.len > INT32_MAX) {
        return ctx == NULL ? ERR_NOMEM : ERR_TOOBIG;
    }
    int rc = buf_reserve(out, plain.len + AEAD_TAG_BYTES);
    if (rc != 0) {
        return rc;
    }
    uint8_t *to = out->data + out->len;
    if (EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(ctx, NULL, &len, aad.data, (int)aad.len) != 1 ||
        (plain.len != 0 && EVP_EncryptUpdate(ctx, to, &len, plain.data, (int)plain.len) != 1) ||
        EVP_EncryptFinal_ex(ctx, to + plain.len, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_BYTES, to + plain.len) != 1) {
        return ERR_CRYPTO;
    }
    out->len += plain.len + AEAD_TAG_BYTES;
    return 0;
}

int aead_open(const uint8_t key[32], struct bytes aad, struct bytes sealed, struct buf *out)
{
    static const uint8_t nonce[12];
    uint8_t tag[AEAD_TAG_BYTES];
    uint8_t nothing[1];
    int len = 0;
    if (sealed.len < AEAD_TAG_BYTES) {
        return ERR_TRUNCATED;
    }
    CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t plain_len = sealed.len - AEAD_TAG_BYTES;
    if (ctx == NULL || aad.len > INT32_MAX || sealed.len > INT32_MAX) {
        return ctx == NULL ? ERR_NOMEM : ERR_TOOBIG;
    }
    int rc = buf_reserve(out, plain_len);
    if (rc != 0) {
        return rc;
    }
    uint8_t *to = plain_len != 0 ? out->data + out->len : nothing;
    memcpy(tag, sealed.data + plain_len, sizeof(tag));
    if (EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_BYTES, tag) != 1 ||
        EVP_DecryptUpdate(ctx, NULL, &len, aad.data, (int)aad.len) != 1 ||
        (plain_len != 0 && EVP_DecryptUpdate(ctx, to, &len, sealed.data, (int)plain_len) != 1)) {
        return ERR_CRYPTO;
    }
    if (EVP_DecryptFinal_ex(ctx, nothing, &len) != 1) { /* writes nothing in this mode */
        secret_wipe(to, plain_len);
        return ERR_MISMATCH;
    }
    out->len += plain_len;
    return 0;
}

bool secret_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

void secret_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}
