#include "common/crypto/drbg.h"

#include "common/crypto/aead.h"

#include <nettle/hmac.h>

/* Nettle's: it allocates nothing, so it cannot fail. */
static void hmac(const struct hash32 *key, struct bytes in, uint8_t out[32])
{
    struct hmac_sha256_ctx ctx;
    hmac_sha256_set_key(&ctx, sizeof(key->b), key->b);
    hmac_sha256_update(&ctx, in.len, in.data);
    hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
    secret_wipe(&ctx, sizeof(ctx));
}

void drbg_init(struct drbg *d, const struct hash32 *seed, const char *label)
{
    *d = (struct drbg){.used = sizeof(d->block)};
    hmac(seed, bytes_str(label), d->key.b);
}

static void refill(struct drbg *d)
{
    uint8_t counter[8];
    for (int i = 0; i < 8; i++) {
        counter[i] = (uint8_t)(d->counter >> (56 - 8 * i));
    }
    d->counter++;
    hmac(&d->key, bytes_of(counter, sizeof(counter)), d->block);
    d->used = 0;
}

void drbg_fill(struct drbg *d, void *out, size_t len)
{
    uint8_t *to = out;
    while (len > 0) {
        if (d->used == sizeof(d->block)) {
            refill(d);
        }
        size_t room = sizeof(d->block) - d->used;
        size_t take = len < room ? len : room;
        memcpy(to, d->block + d->used, take);
        memset(d->block + d->used, 0, take);
        d->used += take;
        to += take;
        len -= take;
    }
}

void drbg_wipe(struct drbg *d)
{
    secret_wipe(d, sizeof(*d));
}
