/* Byte strings: a borrowed view, a growing buffer, fixed-size values, and hexadecimal.
 *
 * A buf remembers its first failure (out of memory, over its limit) in `err` and ignores appends
 * from then on, so a writer appends freely and asks once at the end. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed: whoever made it says how long it lives. data may be NULL when len is 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t limit; /* bytes; 0 means BUF_LIMIT_DEFAULT */
    int err;      /* first failure, 0 while all went well */
};

#define BUF_LIMIT_DEFAULT ((size_t)64 << 20)

/* 32 bytes: a hash, a tree root, a secret key. */
struct hash32 {
    uint8_t b[32];
};

/* 20 bytes: an Ethereum-style address, the last 20 bytes of keccak256(public key). */
struct addr20 {
    uint8_t b[20];
};

#define BYTES_OF(fixed) ((struct bytes){(fixed).b, sizeof((fixed).b)})

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){(const uint8_t *)data, len};
}

static inline struct bytes bytes_str(const char *text)
{
    return bytes_of(text, strlen(text));
}

static inline struct bytes buf_view(const struct buf *b)
{
    return bytes_of(b->data, b->len);
}

/* Returns: true when both hold the same bytes. Not constant time; see crypto for secrets. */
bool bytes_equal(struct bytes a, struct bytes b);

/* Lexicographic order, a prefix before what it begins. Returns: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

static inline bool hash32_equal(const struct hash32 *a, const struct hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool hash32_is_zero(const struct hash32 *a)
{
    static const struct hash32 zero;
    return hash32_equal(a, &zero);
}

static inline bool addr20_equal(const struct addr20 *a, const struct addr20 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* Releases the memory and resets to an empty buffer with the same limit. */
void buf_fini(struct buf *b);

/* Forgets content and failure, keeps memory and limit. */
void buf_clear(struct buf *b);

/* Makes room for `more` further bytes. Returns: 0, ERR_NOMEM or ERR_TOOBIG (also kept in b->err).
 */
int buf_reserve(struct buf *b, size_t more);

/* Appends; on failure sets b->err and changes nothing else. */
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_bytes(struct buf *b, struct bytes v);
void buf_append_u8(struct buf *b, uint8_t v);

/* printf into the buffer, without a terminating zero. */
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *format, ...);

/* Terminates the content with a zero byte that is not counted in len.
 * Returns: the text, owned by b, valid until its next change; "" if memory ran out. */
const char *buf_cstr(struct buf *b);

/* Writes 2*len lower-case digits and a terminating zero to `out`, which holds 2*len+1 bytes. */
void hex_encode(struct bytes in, char *out);

/* In: text of exactly 2*len hex digits, either case, optionally after "0x". Out: len bytes.
 * Returns: 0 or ERR_INVALID (out untouched). */
int hex_decode(const char *text, uint8_t *out, size_t len) MUST_CHECK;

#endif
