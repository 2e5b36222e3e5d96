/* Published vectors are written as hexadecimal text. */
#ifndef TEST_CRYPTO_VECTOR_H
#define TEST_CRYPTO_VECTOR_H

#include "common/base/bytes.h"
#include "common/base/check.h"

/* Out: decoded into `room`. Returns: a view of it. */
static inline struct bytes vector_bytes(const char *hex, uint8_t *room, size_t cap)
{
    size_t len = strlen(hex) / 2;
    CHECK(len <= cap && hex_decode(hex, room, len) == 0);
    return bytes_of(room, len);
}

static inline struct hash32 vector_hash(const char *hex)
{
    struct hash32 out;
    CHECK(hex_decode(hex, out.b, sizeof(out.b)) == 0);
    return out;
}

/* Fills with bytes that repeat only after 251: no block boundary falls into step with them. */
static inline void vector_pattern(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(i % 251);
    }
}

#endif
