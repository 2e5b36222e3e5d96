#include "common/crypto/hash.h"

#include "common/base/check.h"

#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <openssl/evp.h>

#define KECCAK_RATE 136

static void absorb_block(struct hash_keccak *h)
{
    struct sha3_state state;
    for (size_t i = 0; i < KECCAK_RATE / 8; i++) {
        uint64_t word = 0;
        for (size_t k = 0; k < 8; k++) {
            word |= (uint64_t)h->block[8 * i + k] << (8 * k);
        }
        h->state[i] ^= word;
    }
    memcpy(state.a, h->state, sizeof(state.a));
    sha3_permute(&state);
    memcpy(h->state, state.a, sizeof(state.a));
    h->used = 0;
}

void hash_keccak_init(struct hash_keccak *h)
{
    memset(h, 0, sizeof(*h));
}

void hash_keccak_add(struct hash_keccak *h, struct bytes in)
{
    while (in.len > 0) {
        size_t room = KECCAK_RATE - h->used;
        size_t take = in.len < room ? in.len : room;
        memcpy(h->block + h->used, in.data, take);
        h->used += take;
        in.data += take;
        in.len -= take;
        if (h->used == KECCAK_RATE) {
            absorb_block(h);
        }
    }
}

void hash_keccak_end(struct hash_keccak *h, struct hash32 *out)
{
    memset(h->block + h->used, 0, KECCAK_RATE - h->used);
    h->block[h->used] = 0x01;
    h->block[KECCAK_RATE - 1] |= 0x80;
    absorb_block(h);
    for (size_t i = 0; i < 32; i++) {
        out->b[i] = (uint8_t)(h->state[i / 8] >> (8 * (i % 8)));
    }
}

void hash_keccak256(struct bytes in, struct hash32 *out)
{
    struct hash_keccak h;
    hash_keccak_init(&h);
    hash_keccak_add(&h, in);
    hash_keccak_end(&h, out);
}

/* Nettle's for whole inputs: OpenSSL looks the algorithm up and allocates for each, which takes
 * three times as long as hashing a tree node, and can fail. */
void hash_sha256(struct bytes in, struct hash32 *out)
{
    struct sha256_ctx h;
    sha256_init(&h);
    if (in.len != 0) {
        sha256_update(&h, in.len, in.data);
    }
    sha256_digest(&h, sizeof(out->b), out->b);
}

void hash_sha256_pair(uint8_t tag, const struct hash32 *a, const struct hash32 *b,
                      struct hash32 *out)
{
    uint8_t node[65];
    node[0] = tag;
    memcpy(node + 1, a->b, 32);
    memcpy(node + 33, b->b, 32);
    hash_sha256(bytes_of(node, sizeof(node)), out);
}

int hash_sha_init(struct hash_sha *h)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return ERR_NOMEM;
    }
    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return ERR_NOMEM;
    }
    h->ctx = ctx;
    return 0;
}

void hash_sha_add(struct hash_sha *h, struct bytes in)
{
    CHECK(EVP_DigestUpdate(h->ctx, in.data, in.len) == 1);
}

void hash_sha_peek(const struct hash_sha *h, struct hash32 *out)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    CHECK(copy != NULL);
    CHECK(EVP_MD_CTX_copy_ex(copy, h->ctx) == 1);
    CHECK(EVP_DigestFinal_ex(copy, out->b, NULL) == 1);
    EVP_MD_CTX_free(copy);
}

void hash_sha_fini(struct hash_sha *h)
{
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}
