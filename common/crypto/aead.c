#include "common/crypto/aead.h"

#include "common/base/cleanup.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

static void free_kdf(EVP_KDF **kdf)
{
    EVP_KDF_free(*kdf);
}

static void free_kdf_ctx(EVP_KDF_CTX **ctx)
{
    EVP_KDF_CTX_free(*ctx);
}

/* OpenSSL takes writable pointers and reads only. */
static OSSL_PARAM octets(const char *name, struct bytes b)
{
    static uint8_t nothing[1];
    void *data = b.len != 0 ? (void *)(uintptr_t)b.data : nothing;
    return OSSL_PARAM_construct_octet_string(name, data, b.len);
}

int hkdf_sha256(struct bytes salt, struct bytes ikm, struct bytes info, uint8_t *out,
                size_t out_len)
{
    static char digest[] = "SHA256";
    CLEANUP(free_kdf) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    if (kdf == NULL) {
        return ERR_CRYPTO;
    }
    CLEANUP(free_kdf_ctx) EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    if (ctx == NULL) {
        return ERR_NOMEM;
    }
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        octets(OSSL_KDF_PARAM_KEY, ikm),
        octets(OSSL_KDF_PARAM_INFO, info),
        octets(OSSL_KDF_PARAM_SALT, salt),
        OSSL_PARAM_construct_end(),
    };
    return EVP_KDF_derive(ctx, out, out_len, params) == 1 ? 0 : ERR_CRYPTO;
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
    int len = 0;
    if (sealed.len < AEAD_TAG_BYTES) {
        return ERR_TRUNCATED;
    }
    CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t plain_len = sealed.len - AEAD_TAG_BYTES;
    if (ctx == NULL || aad.len > INT32_MAX || sealed.len > INT32_MAX) {
        return ctx == NULL ? ERR_NOMEM : ERR_TOOBIG;
    }
    int rc = buf_reserve(out, plain_len + 1);
    if (rc != 0) {
        return rc;
    }
    uint8_t *to = out->data + out->len;
    memcpy(tag, sealed.data + plain_len, sizeof(tag));
    if (EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_BYTES, tag) != 1 ||
        EVP_DecryptUpdate(ctx, NULL, &len, aad.data, (int)aad.len) != 1 ||
        (plain_len != 0 && EVP_DecryptUpdate(ctx, to, &len, sealed.data, (int)plain_len) != 1)) {
        return ERR_CRYPTO;
    }
    if (EVP_DecryptFinal_ex(ctx, to + plain_len, &len) != 1) {
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
