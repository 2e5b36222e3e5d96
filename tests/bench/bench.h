/* Medians for the micro-benchmarks. */
#ifndef TEST_BENCH_H
#define TEST_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_SAMPLES_MAX 101

static inline int64_t bench_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Runs op(ctx) samples * repeats times, after once for the caches. In: samples, at most
 * BENCH_SAMPLES_MAX; repeats, calls timed together. Returns: the median time of one call in ns. */
static inline double bench_median_ns(void (*op)(void *ctx), void *ctx, int samples, int repeats)
{
    double times[BENCH_SAMPLES_MAX];
    op(ctx);
    for (int i = 0; i < samples; i++) {
        int64_t begin_ns = bench_now_ns();
        for (int k = 0; k < repeats; k++) {
            op(ctx);
        }
        times[i] = (double)(bench_now_ns() - begin_ns) / repeats;
    }
    qsort(times, (size_t)samples, sizeof(times[0]), bench_compare);
    return times[samples / 2];
}

static inline double bench_print(const char *what, double ns)
{
    (void)printf("%-28s %12.0f ns\n", what, ns);
    return ns;
}

#endif
