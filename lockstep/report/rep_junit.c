/* junit.xml, as continuous integration reads it: one suite, a case per expectation and check. */
#include "lockstep/report/rep.h"

/* Appends text for an attribute or an element; what XML cannot hold becomes '?'. */
static void escape(const char *text, struct buf *out)
{
    for (; *text != 0; text++) {
        unsigned char c = (unsigned char)*text;
        switch (c) {
        case '<':
            buf_printf(out, "&lt;");
            break;
        case '>':
            buf_printf(out, "&gt;");
            break;
        case '&':
            buf_printf(out, "&amp;");
            break;
        case '"':
            buf_printf(out, "&quot;");
            break;
        case '\n':
            buf_printf(out, "&#10;");
            break;
        default:
            buf_append_u8(out, c < 0x20 ? '?' : c);
            break;
        }
    }
}

static void attribute(const char *name, const char *value, struct buf *out)
{
    buf_printf(out, " %s=\"", name);
    escape(value, out);
    buf_append_u8(out, '"');
}

static void begin(const struct rep_run *run, const char *kind, const char *name, struct buf *out)
{
    buf_printf(out, "  <testcase");
    attribute("classname", run->m->scn->name, out);
    buf_printf(out, " name=\"%s: ", kind);
    escape(name, out);
    buf_append_u8(out, '"');
}

static void end(const char *element, const char *message, struct buf *out)
{
    if (element == NULL) {
        buf_printf(out, "/>\n");
        return;
    }
    buf_printf(out, "><%s", element);
    attribute("message", message, out);
    buf_printf(out, "/></testcase>\n");
}

static void expectation_case(const struct rep_run *run, struct xpc_result *r, struct buf *out)
{
    begin(run, "expect", buf_cstr(&r->text), out);
    end(r->verdict == XPC_MET      ? NULL
        : r->verdict == XPC_FAILED ? "failure"
                                   : "skipped",
        buf_cstr(&r->found), out);
}

static void check_case(const struct rep_run *run, enum scn_check check, struct buf *out)
{
    struct chk_result *r = (struct chk_result *)(uintptr_t)&run->checks->results[check];
    bool expected = r->verdict == CHK_BROKEN && xpc_expects_violation(run->m->scn, check);
    begin(run, "check", scn_check_word(check), out);
    end(r->verdict == CHK_HOLDS || expected ? NULL
        : r->verdict == CHK_BROKEN          ? "failure"
                                            : "skipped",
        r->verdict == CHK_IDLE ? "there was nothing to check" : buf_cstr(&r->detail), out);
}

void rep_junit(const struct rep_run *run, struct buf *out)
{
    size_t failures = 0;
    size_t skipped = 0;
    for (size_t i = 0; i < run->expect->n; i++) {
        failures += run->expect->results[i].verdict == XPC_FAILED;
        skipped += run->expect->results[i].verdict == XPC_UNDECIDED;
    }
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        const struct chk_result *r = &run->checks->results[i];
        failures +=
            r->verdict == CHK_BROKEN && !xpc_expects_violation(run->m->scn, (enum scn_check)i);
        skipped += r->verdict == CHK_IDLE;
    }
    buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite");
    attribute("name", run->m->scn->name, out);
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n",
               run->expect->n + SCN_CHECKS, failures, skipped, (double)run->wall_ns / 1e9);
    for (size_t i = 0; i < run->expect->n; i++) {
        expectation_case(run, &run->expect->results[i], out);
    }
    for (int i = 0; i < (int)SCN_CHECKS; i++) {
        check_case(run, (enum scn_check)i, out);
    }
    buf_printf(out, "</testsuite>\n");
}
