#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "tests/unit/model/past.h"

struct past_verdict past_judge(const struct past *p)
{
    struct past_verdict v = {0};
    CHECK(mdl_new(&p->sim, &v.m) == 0);
    CHECK(chk_run(v.m, &v.checks) == 0);
    CHECK(xpc_run(v.m, &v.checks, &v.expect) == 0);
    return v;
}

void past_verdict_fini(struct past_verdict *v)
{
    xpc_report_fini(&v->expect);
    chk_report_fini(&v->checks);
    mdl_destroy(&v->m);
}

void assert_only(const struct past *p, enum scn_check broken, const char *detail)
{
    struct past_verdict v = past_judge(p);
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        struct chk_result *r = &v.checks.results[i];
        assert_string_equal(buf_cstr(&r->detail), i == (int)broken ? detail : "");
        assert_int_equal(r->verdict == CHK_BROKEN, i == (int)broken);
        assert_int_equal(r->verdict == CHK_IDLE, i != (int)broken && r->examined == 0);
    }
    past_verdict_fini(&v);
}

void assert_all_hold(const struct past *p)
{
    assert_only(p, SCN_CHECKS, "");
}

void assert_expectation(const struct past *p, size_t n, enum xpc_verdict verdict, const char *text,
                        const char *found)
{
    struct past_verdict v = past_judge(p);
    assert_true(n < v.expect.n);
    assert_string_equal(buf_cstr(&v.expect.results[n].text), text);
    assert_string_equal(buf_cstr(&v.expect.results[n].found), found);
    assert_int_equal(v.expect.results[n].verdict, verdict);
    past_verdict_fini(&v);
}

static struct rep_run run_of(const struct past *p, const struct past_verdict *v, const char *where)
{
    return (struct rep_run){.file = "past.yaml",
                            .host = "inproc",
                            .where = where,
                            .reproduce = "again",
                            .sim = &p->sim,
                            .m = v->m,
                            .checks = &v->checks,
                            .expect = &v->expect};
}

void assert_exit(const struct past *p, enum rep_exit code)
{
    struct past_verdict v = past_judge(p);
    const struct rep_run run = run_of(p, &v, NULL);
    assert_int_equal(rep_exit_of(&run), code);
    past_verdict_fini(&v);
}

uint64_t past_balance(const struct past *p, size_t chain, const char *account)
{
    struct past_verdict v = past_judge(p);
    struct led_name asset;
    CHECK(led_name_set(&asset, "ETH") == 0);
    u128 held =
        led_balance(v.m->chains[chain].state, cluster_user(p->sim.cluster, account), &asset);
    past_verdict_fini(&v);
    return (uint64_t)held;
}

struct buf past_report_of(const struct past *p, past_report *report, const char *where)
{
    struct buf out = {0};
    struct past_verdict v = past_judge(p);
    const struct rep_run run = run_of(p, &v, where);
    report(&run, &out);
    CHECK(out.err == 0);
    past_verdict_fini(&v);
    return out;
}
