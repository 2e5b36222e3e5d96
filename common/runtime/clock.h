/* Real time, for watchdogs only: no result depends on it. */
#ifndef RUNTIME_CLOCK_H
#define RUNTIME_CLOCK_H

#include "common/base/sim_time.h"

#include <time.h>

/* Returns: monotonic nanoseconds. */
static inline int64_t clock_real_ns(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + (int64_t)t.tv_nsec;
}

/* Returns: the point `ms` from now; far away for 0. */
static inline int64_t clock_deadline_ns(int64_t ms)
{
    return ms == 0 || ms > INT64_MAX / NS_PER_MS / 2 ? INT64_MAX : clock_real_ns() + ms * NS_PER_MS;
}

#endif
