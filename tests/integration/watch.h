/* Watching the processes of a run, and runs that must fail. */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include "tests/integration/chatty.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <cmocka.h>

/* Pidfds of the processes of the last run. */
struct watched {
    int fds[CHATTY_MAX];
    size_t n;
};

static inline void watch(void *ctx, uint32_t actor, pid_t pid)
{
    struct watched *w = ctx;
    int fd = pidfd_open(pid, 0);
    assert_true(fd >= 0);
    w->fds[w->n++] = fd;
}

/* Closes the fds. In: the processes must have ended, or end within 30 s. */
static inline void assert_all_gone(struct watched *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct pollfd fd = {.fd = w->fds[i], .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 30000), 1);
        (void)close(w->fds[i]);
    }
}

static inline void assert_contains(struct buf *text, const char *part)
{
    if (strstr(buf_cstr(text), part) == NULL) {
        fail_msg("'%s' is not in '%s'", part, buf_cstr(text));
    }
}

/* Expects the run to fail with `code` and all `parts` (up to a NULL) in the explanation. */
static inline void fails(struct chatty_stage *s, int code, const char *const *parts)
{
    struct run_result untouched;
    memset(&untouched, 0x5a, sizeof(untouched));
    struct run_result result = untouched;
    struct buf why = {0};
    struct watched w = {.n = 0};
    s->options.observer = (struct run_observer){.ctx = &w, .on_process = watch};
    int rc = run_procs(&s->cluster, &s->options, &result, &why);
    if (rc != code) {
        fail_msg("%s: %s", err_name(rc), buf_cstr(&why));
    }
    assert_memory_equal(&result, &untouched, sizeof(result));
    for (size_t i = 0; parts[i] != NULL; i++) {
        assert_contains(&why, parts[i]);
    }
    assert_all_gone(&w);
    buf_fini(&why);
}

#endif
