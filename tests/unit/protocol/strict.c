#include "tests/unit/protocol/strict.h"

#include "common/base/prng.h"
#include "tests/lib/recode.h"

int recode(const char *what, struct bytes in)
{
    struct buf again = {0};
    int rc = recoder_find(what)->recode(in, &again);
    if (rc == 0) {
        assert_int_equal(again.err, 0);
        assert_true(bytes_equal(buf_view(&again), in));
    }
    buf_fini(&again);
    return rc;
}

void assert_strict(const char *what, struct bytes good)
{
    struct prng p;
    struct buf b = {0};
    prng_init(&p, 1, what);
    assert_int_equal(recode(what, good), 0);
    for (size_t len = 0; len < good.len; len++) {
        /* a copy of its own, so that the sanitizers see a read past its end */
        buf_append(&b, good.data, len);
        assert_int_equal(recode(what, buf_view(&b)), ERR_TRUNCATED);
        buf_fini(&b);
    }
    buf_append_bytes(&b, good);
    buf_append_u8(&b, 0);
    assert_int_equal(recode(what, buf_view(&b)), ERR_TRAILING);
    b.len--;
    for (int i = 0; i < 2000; i++) {
        size_t at = (size_t)prng_below(&p, b.len);
        uint8_t bit = (uint8_t)(1u << prng_below(&p, 8));
        b.data[at] ^= bit;
        (void)recode(what, buf_view(&b));
        b.data[at] ^= bit;
    }
    buf_fini(&b);
}

int with_byte(const char *what, struct bytes good, size_t at, uint8_t value)
{
    struct buf b = {0};
    buf_append_bytes(&b, good);
    assert_true(at < b.len);
    b.data[at] = value;
    int rc = recode(what, buf_view(&b));
    buf_fini(&b);
    return rc;
}

void put(struct buf *b, uint64_t v, size_t width)
{
    for (size_t i = width; i-- > 0;) {
        buf_append_u8(b, (uint8_t)(v >> (8 * i)));
    }
}

void put_hash(struct buf *b, uint8_t fill)
{
    for (int i = 0; i < 32; i++) {
        buf_append_u8(b, fill);
    }
}

struct hash32 filled(uint8_t fill)
{
    struct hash32 h;
    memset(h.b, fill, sizeof(h.b));
    return h;
}

void put_text(struct buf *b, const char *text)
{
    buf_append_bytes(b, bytes_str(text));
}

void assert_same(struct buf *a, struct buf *b)
{
    assert_int_equal(a->err, 0);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, b->len);
    buf_fini(a);
    buf_fini(b);
}
