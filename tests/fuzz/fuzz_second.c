/* Second proposal blocks and what comes with them, mutated: an executor's check takes nothing but
 * what the sequencer and the executors of the fixture's slot have signed. */
#include "common/base/check.h"
#include "common/protocol/pro_dossier.h"
#include "tests/unit/protocol/slot.h"

#ifndef KZG_SETUP_BIN
#error "the build passes the path of the KZG setup"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made once, kept until the end. */
static const struct slot *honest(void)
{
    static struct slot *slot;
    if (slot == NULL) {
        slot = slot_new(world_new(KZG_SETUP_BIN));
    }
    return slot;
}

/* The honest parts, and anything for the status and the root, which are the executor's own. */
static bool is_honest(const struct slot *s, const struct pro_next_dossier *d)
{
    const struct slot_chain *c = &s->chains[A];
    return bytes_equal(d->before.body, buf_view(&c->proposal.body)) &&
           bytes_equal(d->after.body, buf_view(&c->second.body)) &&
           bytes_equal(d->after.header, buf_view(&c->second.signed_header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slot *s = honest();
    struct pro_next_dossier d;
    struct pro_violation v = {0};
    void *arrays = NULL;
    if (pro_next_dossier_decode(bytes_of(data, size), &d, &arrays) != 0) {
        return 0;
    }
    int rc = pro_check_second(&s->w->view, &d, &v);
    CHECK(rc == 0 || rc == ERR_INVALID);
    CHECK(rc != 0 || v.rule != PRO_RULE_NONE || is_honest(s, &d));
    CHECK(rc != 0 || (v.rule == PRO_RULE_NONE) == (v.detail.len == 0));
    pro_violation_fini(&v);
    free(arrays);
    return 0;
}
