/* libFuzzer: whatever the bytes, the loader either hands out a scenario or says why not. */
#include "common/base/check.h"
#include "lockstep/scenario/scn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scn *s = NULL;
    struct buf errors = {0};
    int rc = scn_load_bytes("fuzz", bytes_of(data, size), &s, &errors);
    CHECK(rc == 0 || rc == ERR_INVALID);
    CHECK((rc == 0) == (s != NULL));
    CHECK((rc == 0) == (errors.len == 0));
    if (rc == 0) {
        CHECK(s->rollups.n > 0);
        CHECK(scn_link_between(s, "sequencer", "da") != NULL);
    } else {
        CHECK(errors.err == 0);
        CHECK(errors.data[errors.len - 1] == '\n');
    }
    scn_destroy(&s);
    buf_fini(&errors);
    return 0;
}
