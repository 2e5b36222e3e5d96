#include "lockstep/model/chk.h"

#include "common/base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>

typedef void chk_function(const struct mdl *m, struct chk_result *r);

static chk_function *const checks[SCN_CHECKS] = {
    [SCN_CHECK_ATOMICITY] = chk_atomicity, [SCN_CHECK_CONSERVATION] = chk_conservation,
    [SCN_CHECK_INCLUSION] = chk_inclusion, [SCN_CHECK_ORDER] = chk_order,
    [SCN_CHECK_JUSTIFIED] = chk_justified, [SCN_CHECK_SERIAL] = chk_serial,
    [SCN_CHECK_FINALITY] = chk_finality,   [SCN_CHECK_BLAME] = chk_blame,
    [SCN_CHECK_LIVENESS] = chk_liveness,
};

void chk_fault(struct chk_result *r, const char *format, ...)
{
    char text[300];
    va_list args;
    if (r->n_faults++ >= CHK_DETAILS) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_printf(&r->detail, "%s%s", r->n_faults > 1 ? "\n" : "", text);
}

int chk_run(const struct mdl *m, struct chk_report *report)
{
    *report = (struct chk_report){0};
    for (size_t i = 0; i < SCN_CHECKS; i++) {
        struct chk_result *r = &report->results[i];
        r->promised = true;
        checks[i](m, r);
        r->verdict = r->n_faults > 0    ? (r->promised ? CHK_BROKEN : CHK_UNLIKE)
                     : r->examined == 0 ? CHK_IDLE
                                        : CHK_HOLDS;
        if (r->detail.err != 0) {
            chk_report_fini(report);
            return ERR_NOMEM;
        }
    }
    return 0;
}

void chk_report_fini(struct chk_report *report)
{
    for (size_t i = 0; i < SCN_CHECKS; i++) {
        buf_fini(&report->results[i].detail);
    }
}

const char *chk_verdict_word(enum chk_verdict v)
{
    static const char *const words[] = {
        [CHK_HOLDS] = "holds",
        [CHK_BROKEN] = "broken",
        [CHK_IDLE] = "idle",
        [CHK_UNLIKE] = "differs",
    };
    return words[v];
}
