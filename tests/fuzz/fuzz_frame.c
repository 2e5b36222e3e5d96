/* What peers send: the first byte chooses frame or message. What is taken must pack again to the
 * very bytes that came in, and be what its rules promise. */
#include "common/actor/wire.h"
#include "common/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_frame(struct bytes in, struct buf *again)
{
    Lockstep__Frame *f = NULL;
    int rc = wire_frame_unpack(in, &f);
    CHECK((rc == 0) == (f != NULL));
    if (rc == 0) {
        CHECK(f->deployment.len == 32 && f->epoch != 0 && f->oldest <= f->seq);
        wire_pack(&f->base, again);
        wire_frame_free(&f);
        CHECK(bytes_equal(buf_view(again), in));
    }
}

static void try_message(struct bytes in, struct buf *again)
{
    Lockstep__Message *m = NULL;
    int rc = wire_message_unpack(in, &m);
    CHECK((rc == 0) == (m != NULL));
    if (rc == 0) {
        CHECK(m->body_case != LOCKSTEP__MESSAGE__BODY__NOT_SET);
        wire_pack(&m->base, again);
        wire_message_free(&m);
        CHECK(bytes_equal(buf_view(again), in));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct bytes in = bytes_of(data + 1, size - 1);
    struct buf again = {0};
    if (data[0] % 2 == 0) {
        try_frame(in, &again);
    } else {
        try_message(in, &again);
    }
    CHECK(again.err == 0);
    buf_fini(&again);
    return 0;
}
