/* Loading texts in tests. */
#ifndef TEST_SCENARIO_LOAD_H
#define TEST_SCENARIO_LOAD_H

#include "lockstep/scenario/scn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const head = "version: 1\nname: t\nseed: 1\n";
static const char *const one_rollup = "rollups: {A: {accounts: {al: {ETH: 5}, bo: {}}}}\n";

/* The result of loading, with its messages; release with loaded_fini. */
struct loaded {
    int rc;
    struct scn *s;
    struct buf errors;
};

static inline struct loaded load(const char *first, const char *second, const char *third)
{
    struct loaded l = {0};
    struct buf text = {0};
    buf_printf(&text, "%s%s%s", first, second, third);
    l.rc = scn_load_bytes("t", buf_view(&text), &l.s, &l.errors);
    buf_fini(&text); /* the scenario must not lean on the text */
    return l;
}

static inline struct loaded load_bytes(const void *data, size_t len)
{
    struct loaded l = {0};
    l.rc = scn_load_bytes("t", bytes_of(data, len), &l.s, &l.errors);
    return l;
}

static inline void loaded_fini(struct loaded *l)
{
    scn_destroy(&l->s);
    buf_fini(&l->errors);
}

static inline void expect_refusal(struct loaded l, const char *message)
{
    assert_int_equal(l.rc, ERR_INVALID);
    assert_null(l.s);
    assert_string_equal(buf_cstr(&l.errors), message);
    loaded_fini(&l);
}

static inline void expect_good(struct loaded l)
{
    assert_string_equal(buf_cstr(&l.errors), "");
    assert_int_equal(l.rc, 0);
    loaded_fini(&l);
}

#endif
