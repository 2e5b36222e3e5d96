/* The canonical decoder under a script of reads: the first half of the input chooses the reads, the
 * second half is read. Whatever is read and re-encoded must give back the bytes consumed. */
#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/base/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(uint8_t choice, struct rd *r, struct buf *again)
{
    struct hash32 fixed;
    struct bytes var;
    switch (choice % 7) {
    case 0:
        wr_u8(again, rd_u8(r));
        break;
    case 1:
        wr_u16(again, rd_u16(r));
        break;
    case 2:
        wr_u32(again, rd_u32(r));
        break;
    case 3:
        wr_u64(again, rd_u64(r));
        break;
    case 4:
        wr_bool(again, rd_bool(r));
        break;
    case 5:
        rd_fixed(r, fixed.b, sizeof(fixed.b));
        buf_append(again, fixed.b, sizeof(fixed.b));
        break;
    default:
        var = rd_var(r, choice);
        CHECK(var.len <= choice);
        wr_var(again, var);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t script_len = size / 2;
    struct bytes input = bytes_of(data + script_len, size - script_len);
    struct rd r = rd_from(input);
    struct buf again = {0};
    for (size_t i = 0; i < script_len && !r.err; i++) {
        read_one(data[i], &r, &again);
    }
    if (!r.err) {
        CHECK(again.err == 0);
        CHECK(again.len + r.in.len == input.len);
        CHECK(bytes_equal(buf_view(&again), bytes_of(input.data, again.len)));
    }
    buf_fini(&again);
    return 0;
}
