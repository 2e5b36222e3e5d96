/* Canonical binary encoding of everything that is hashed or signed.
 *
 * Integers are big-endian and of fixed width; a byte string of variable length is preceded by its
 * length as u32. There is exactly one encoding of a value, so what was decoded re-encodes to the
 * same bytes by construction: a decoder ends with rd_end, which refuses trailing bytes.
 *
 * Both sides remember their first failure and go on harmlessly, so code reads field after field
 * and asks once. A reader past its end yields zeros and empty views. */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include "common/base/bytes.h"

__extension__ typedef unsigned __int128 u128;

struct rd {
    struct bytes in; /* what is left */
    int err;         /* ERR_TRUNCATED, ERR_TOOBIG, ERR_NONCANONICAL or what a caller put here */
};

static inline struct rd rd_from(struct bytes in)
{
    return (struct rd){.in = in};
}

uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
u128 rd_u128(struct rd *r);
/* 0 or 1; anything else is ERR_NONCANONICAL. */
bool rd_bool(struct rd *r);
/* Copies exactly len bytes; zeros on failure. */
void rd_fixed(struct rd *r, void *out, size_t len);
/* A view of exactly len bytes into the input. */
struct bytes rd_view(struct rd *r, size_t len);
/* A u32 length of at most `max` and that many bytes, as a view; longer is ERR_TOOBIG. */
struct bytes rd_var(struct rd *r, size_t max);
/* A u32 count of at most `max` of things that take at least `min_bytes` each (so that a lying
 * count cannot make the caller allocate more than the input could fill). 0 on failure. */
uint32_t rd_count(struct rd *r, uint32_t max, size_t min_bytes);
/* Records a failure of the caller's own finding, unless one is recorded already. */
void rd_fail(struct rd *r, int err);
/* Ends decoding. Returns: 0 if all went well and nothing is left, else the first failure or
 * ERR_TRAILING. */
int rd_end(const struct rd *r) MUST_CHECK;

void wr_u8(struct buf *b, uint8_t v);
void wr_u16(struct buf *b, uint16_t v);
void wr_u32(struct buf *b, uint32_t v);
void wr_u64(struct buf *b, uint64_t v);
void wr_u128(struct buf *b, u128 v);
void wr_bool(struct buf *b, bool v);
void wr_fixed(struct buf *b, const void *data, size_t len);
/* u32 length, then the bytes. */
void wr_var(struct buf *b, struct bytes v);

#endif
