/* Points in time and spans, in nanoseconds. Virtual time starts at 0 with the run; real time (the
 * live host) counts from the Unix epoch. Code that needs to know the time is handed it. */
#ifndef BASE_SIM_TIME_H
#define BASE_SIM_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct sim_time {
    int64_t ns;
};

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* The latest representable time; additions saturate there. */
#define SIM_TIME_MAX ((struct sim_time){INT64_MAX})

static inline struct sim_time sim_time_add(struct sim_time t, int64_t delay_ns)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(t.ns, delay_ns, &sum)) {
        sum = INT64_MAX;
    }
    return (struct sim_time){sum};
}

static inline bool sim_time_before(struct sim_time a, struct sim_time b)
{
    return a.ns < b.ns;
}

#endif
