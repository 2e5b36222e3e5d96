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

static void show(struct cli_progress *p)
{
    int64_t now_ns = atomic_load(&p->now_ns);
    uint64_t events = atomic_load(&p->events);
    (void)fprintf(stderr, "\r%.30s: %.3f s simulated, %llu events, %.0f s\033[K", p->name,
                  (double)now_ns / (double)NS_PER_S, (unsigned long long)events,
                  (double)(cli_real_ns() - p->started_ns) / (double)NS_PER_S);
    (void)fflush(stderr);
}

/* Returns: true when the run is over by then. */
static bool over_by(struct cli_progress *p, int64_t until_ns)
{
    const struct timespec until = {until_ns / NS_PER_S, until_ns % NS_PER_S};
    int rc = 0;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->over && rc == 0) {
        rc = pthread_cond_timedwait(&p->wake, &p->lock, &until);
    }
    bool over = p->over;
    (void)pthread_mutex_unlock(&p->lock);
    return over;
}

static void *watch(void *progress)
{
    struct cli_progress *p = progress;
    bool shown = false;
    for (int64_t next = p->started_ns + PATIENCE_NS; !over_by(p, next); next += EVERY_NS) {
        show(p);
        shown = true;
    }
    if (shown) {
        (void)fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
    }
    return NULL;
}

void cli_progress_begin(struct cli_progress *p, const char *name, bool wanted)
{
    pthread_condattr_t attr;
    *p = (struct cli_progress){.name = name, .started_ns = cli_real_ns()};
    if (!wanted || isatty(STDERR_FILENO) != 1) {
        return;
    }
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    p->on = pthread_create(&p->thread, NULL, watch, p) == 0;
}

void cli_progress_tick(void *progress, struct sim_time now, uint64_t events)
{
    struct cli_progress *p = progress;
    atomic_store(&p->now_ns, now.ns);
    atomic_store(&p->events, events);
}

void cli_progress_end(struct cli_progress *p)
{
    if (!p->on) {
        return;
    }
    (void)pthread_mutex_lock(&p->lock);
    p->over = true;
    (void)pthread_cond_signal(&p->wake);
    (void)pthread_mutex_unlock(&p->lock);
    (void)pthread_join(p->thread, NULL);
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_mutex_destroy(&p->lock);
    p->on = false;
}
