#include "common/protocol/pro_signed.h"

#include "common/crypto/hash.h"

void pro_digest(const struct hash32 *deployment, const char *tag, struct bytes body,
                struct hash32 *out)
{
    struct hash_keccak h;
    size_t tag_len = strlen(tag);
    uint8_t len[2] = {(uint8_t)(tag_len >> 8), (uint8_t)tag_len};
    hash_keccak_init(&h);
    hash_keccak_add(&h, BYTES_OF(*deployment));
    hash_keccak_add(&h, bytes_of(len, sizeof(len)));
    hash_keccak_add(&h, bytes_of(tag, tag_len));
    hash_keccak_add(&h, body);
    hash_keccak_end(&h, out);
}

void pro_sign(const struct hash32 *deployment, const char *tag, const struct sig_key *key,
              struct bytes body, struct buf *out)
{
    struct hash32 digest;
    struct sig65 sig;
    pro_digest(deployment, tag, body, &digest);
    sig_sign(key, &digest, &sig);
    buf_append_bytes(out, body);
    wr_fixed(out, sig.b, sizeof(sig.b));
}

int pro_unsign(const struct hash32 *deployment, const char *tag, struct bytes artifact,
               struct bytes *body, struct addr20 *signer)
{
    struct sig65 sig;
    struct hash32 digest;
    if (artifact.len < sizeof(sig.b)) {
        return ERR_TRUNCATED;
    }
    struct bytes content = {artifact.data, artifact.len - sizeof(sig.b)};
    memcpy(sig.b, artifact.data + content.len, sizeof(sig.b));
    pro_digest(deployment, tag, content, &digest);
    int rc = sig_recover(&digest, &sig, signer);
    if (rc == 0) {
        *body = content;
    }
    return rc;
}

int pro_unsign_from(const struct hash32 *deployment, const char *tag, struct bytes artifact,
                    const struct addr20 *expected, struct bytes *body)
{
    struct addr20 signer;
    struct bytes content;
    int rc = pro_unsign(deployment, tag, artifact, &content, &signer);
    if (rc != 0) {
        return rc;
    }
    if (!addr20_equal(&signer, expected)) {
        return ERR_SIGNATURE;
    }
    *body = content;
    return 0;
}
