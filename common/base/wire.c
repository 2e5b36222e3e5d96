#include "common/base/wire.h"

void rd_fail(struct rd *r, int err)
{
    if (r->err == 0) {
        r->err = err;
    }
    r->in.len = 0;
}

struct bytes rd_view(struct rd *r, size_t len)
{
    if (r->err != 0 || r->in.len < len) {
        rd_fail(r, ERR_TRUNCATED);
        return (struct bytes){0};
    }
    struct bytes view = {r->in.data, len};
    if (len != 0) {
        r->in.data += len;
    }
    r->in.len -= len;
    return view;
}

void rd_fixed(struct rd *r, void *out, size_t len)
{
    struct bytes view = rd_view(r, len);
    if (view.len == len && len != 0) {
        memcpy(out, view.data, len);
    } else {
        memset(out, 0, len);
    }
}

uint8_t rd_u8(struct rd *r)
{
    uint8_t v = 0;
    rd_fixed(r, &v, sizeof(v));
    return v;
}

static uint64_t read_be(struct rd *r, size_t width)
{
    struct bytes view = rd_view(r, width);
    uint64_t v = 0;
    for (size_t i = 0; i < view.len; i++) {
        v = v << 8 | view.data[i];
    }
    return v;
}

uint16_t rd_u16(struct rd *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t rd_u32(struct rd *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
    return read_be(r, 8);
}

u128 rd_u128(struct rd *r)
{
    u128 high = rd_u64(r);
    return high << 64 | rd_u64(r);
}

bool rd_bool(struct rd *r)
{
    uint8_t v = rd_u8(r);
    if (v > 1) {
        rd_fail(r, ERR_NONCANONICAL);
        return false;
    }
    return v == 1;
}

struct bytes rd_var(struct rd *r, size_t max)
{
    uint32_t len = rd_u32(r);
    if (r->err == 0 && len > max) {
        rd_fail(r, ERR_TOOBIG);
    }
    return rd_view(r, len);
}

uint32_t rd_count(struct rd *r, uint32_t max, size_t min_bytes)
{
    uint32_t count = rd_u32(r);
    if (r->err != 0) {
        return 0;
    }
    if (count > max) {
        rd_fail(r, ERR_TOOBIG);
        return 0;
    }
    if (min_bytes != 0 && count > r->in.len / min_bytes) {
        rd_fail(r, ERR_TRUNCATED);
        return 0;
    }
    return count;
}

int rd_end(const struct rd *r)
{
    if (r->err != 0) {
        return r->err;
    }
    return r->in.len == 0 ? 0 : ERR_TRAILING;
}

static void write_be(struct buf *b, uint64_t v, size_t width)
{
    uint8_t out[8];
    for (size_t i = 0; i < width; i++) {
        out[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
    }
    buf_append(b, out, width);
}

void wr_u8(struct buf *b, uint8_t v)
{
    buf_append_u8(b, v);
}

void wr_u16(struct buf *b, uint16_t v)
{
    write_be(b, v, 2);
}

void wr_u32(struct buf *b, uint32_t v)
{
    write_be(b, v, 4);
}

void wr_u64(struct buf *b, uint64_t v)
{
    write_be(b, v, 8);
}

void wr_u128(struct buf *b, u128 v)
{
    wr_u64(b, (uint64_t)(v >> 64));
    wr_u64(b, (uint64_t)v);
}

void wr_bool(struct buf *b, bool v)
{
    wr_u8(b, v ? 1 : 0);
}

void wr_fixed(struct buf *b, const void *data, size_t len)
{
    buf_append(b, data, len);
}

void wr_var(struct buf *b, struct bytes v)
{
    if (v.len > UINT32_MAX) {
        if (b->err == 0) {
            b->err = ERR_TOOBIG;
        }
        return;
    }
    wr_u32(b, (uint32_t)v.len);
    buf_append_bytes(b, v);
}
