/* What the tests of admission share. */
#ifndef TEST_SEQUENCER_VERDICT_H
#define TEST_SEQUENCER_VERDICT_H

#include "common/base/check.h"
#include "common/base/wire.h"
#include "sequencer/seq.h"
#include "tests/lib/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;

static inline struct seat *sit(const char *settings, uint32_t batch_legs)
{
    const struct seat_options o = {
        .data_dir = data_dir, .settings = settings, .batch_legs = batch_legs};
    return seat_new(&o);
}

/* Hands in the bundle and lets all works end. Returns: the refusal, NULL if it was promised. */
static inline const char *verdict(struct seat *s, struct bytes bundle)
{
    size_t before = s->n_heard;
    assert_int_equal(seat_submit(s, bundle), 0);
    assert_int_equal(seat_run_works(s), 0);
    const char *refusal = seat_refusal(s, before);
    assert_int_equal(seat_promises(s, before), refusal == NULL ? 1 : 0);
    return refusal;
}

static inline void assert_verdict(struct seat *s, struct buf *bundle, const char *want)
{
    const char *got = verdict(s, buf_view(bundle));
    if (want == NULL) {
        assert_null(got);
    } else {
        assert_non_null(got);
        assert_string_equal(got, want);
    }
    buf_fini(bundle);
}

static inline struct buf made(const struct seat *s, const struct seat_bundle *b)
{
    struct buf out = {0};
    seat_bundle(s, b, &out);
    return out;
}

#endif
