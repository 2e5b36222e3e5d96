#include "lockstep/cli/cli.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS (500 * NS_PER_MS) /* short runs show nothing */
#define EVERY_NS (200 * NS_PER_MS)

int64_t cli_real_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void cli_progress_begin(struct cli_progress *p, const char *name, bool wanted)
{
    *p = (struct cli_progress){.on = wanted && isatty(STDERR_FILENO) == 1, .name = name};
    p->started_ns = cli_real_ns();
    p->last_ns = p->started_ns + PATIENCE_NS - EVERY_NS;
}

void cli_progress_tick(void *progress, struct sim_time now, uint64_t events)
{
    struct cli_progress *p = progress;
    int64_t t = p->on ? cli_real_ns() : 0;
    if (!p->on || t - p->last_ns < EVERY_NS) {
        return;
    }
    p->last_ns = t;
    p->shown = true;
    (void)fprintf(stderr, "\r%.30s: %.3f s simulated, %llu events, %.0f s\033[K", p->name,
                  (double)now.ns / (double)NS_PER_S, (unsigned long long)events,
                  (double)(t - p->started_ns) / (double)NS_PER_S);
    (void)fflush(stderr);
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->shown) {
        (void)fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
    }
}
