/* Every decoder of the protocol, chosen by the first byte: what it takes must encode again to the
 * very bytes that came in. */
#include "common/base/check.h"
#include "tests/lib/recode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct bytes in = bytes_of(data + 1, size - 1);
    struct buf again = {0};
    if (recoders[data[0] % n_recoders].recode(in, &again) == 0) {
        CHECK(again.err == 0);
        CHECK(bytes_equal(buf_view(&again), in));
    }
    buf_fini(&again);
    return 0;
}
