/* Deterministic generator for secrets: block i of the stream is
 * HMAC-SHA256(HMAC-SHA256(seed, label), u64 i). In simulation the seed comes from the scenario, in
 * live use from the operating system; the actor code does not know the difference. One per purpose.
 */
#ifndef CRYPTO_DRBG_H
#define CRYPTO_DRBG_H

#include "common/base/bytes.h"

struct drbg {
    struct hash32 key; /* HMAC-SHA256(seed, label) */
    uint64_t counter;
    uint8_t block[32];
    size_t used; /* bytes of block already handed out; 32 means empty */
};

void drbg_init(struct drbg *d, const struct hash32 *seed, const char *label);
void drbg_fill(struct drbg *d, void *out, size_t len);
void drbg_wipe(struct drbg *d);

#endif
