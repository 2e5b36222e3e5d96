#include "common/runtime/pool.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/runtime/instance.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <utlist.h>

#define THREADS_MAX 64

enum job_state {
    JOB_WAITS,
    JOB_RUNS,
    JOB_DONE,
};

struct job {
    uint64_t seq;
    const struct act_actor *actor;
    uint32_t kind;
    struct act_payload *request; /* the reference belongs to the caller's thread */
    enum job_state state;
    int rc;
    struct buf result;
    struct job *prev;
    struct job *next;
};

struct pool {
    const struct act_class *class;
    cpu_set_t cpus;
    bool has_cpus;
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* a job waits, or the pool ends */
    pthread_cond_t done; /* a job is done */
    struct job *jobs;    /* in the order of their start */
    pthread_t threads[THREADS_MAX];
    size_t n_threads;
    size_t max_threads;
    size_t waiting;
    size_t running;
    bool ending;
};

static struct job *first_waiting(struct pool *p)
{
    struct job *job = NULL;
    DL_FOREACH(p->jobs, job)
    {
        if (job->state == JOB_WAITS) {
            return job;
        }
    }
    return NULL;
}

static void *worker(void *arg)
{
    struct pool *p = arg;
    if (p->has_cpus) {
        (void)pthread_setaffinity_np(pthread_self(), sizeof(p->cpus), &p->cpus);
    }
    (void)pthread_mutex_lock(&p->mutex);
    while (!p->ending) {
        struct job *job = first_waiting(p);
        if (job == NULL) {
            (void)pthread_cond_wait(&p->wake, &p->mutex);
            continue;
        }
        job->state = JOB_RUNS;
        p->waiting--;
        p->running++;
        (void)pthread_mutex_unlock(&p->mutex);
        job->rc = instance_work(p->class, job->actor, job->kind, job->request->view, &job->result);
        (void)pthread_mutex_lock(&p->mutex);
        job->state = JOB_DONE;
        p->running--;
        (void)pthread_cond_broadcast(&p->done);
    }
    (void)pthread_mutex_unlock(&p->mutex);
    return NULL;
}

int pool_new(const struct act_class *class, const cpu_set_t *cpus, struct pool **out)
{
    struct pool *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return ERR_NOMEM;
    }
    p->class = class;
    if (cpus != NULL) {
        p->cpus = *cpus;
        p->has_cpus = true;
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    p->max_threads = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (size_t)n;
    CHECK(pthread_mutex_init(&p->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&p->wake, NULL) == 0);
    CHECK(pthread_cond_init(&p->done, NULL) == 0);
    *out = p;
    return 0;
}

static void job_free(struct job *job)
{
    act_payload_unref(&job->request);
    buf_fini(&job->result);
    free(job);
}

/* With the mutex held. */
static void wait_until_done(struct pool *p, const struct job *job)
{
    while (job->state != JOB_DONE) {
        (void)pthread_cond_wait(&p->done, &p->mutex);
    }
}

void pool_drop(struct pool *p)
{
    (void)pthread_mutex_lock(&p->mutex);
    struct job *job = NULL;
    struct job *next = NULL;
    DL_FOREACH_SAFE(p->jobs, job, next)
    {
        if (job->state == JOB_WAITS) {
            p->waiting--;
            DL_DELETE(p->jobs, job);
            job_free(job);
        }
    }
    DL_FOREACH_SAFE(p->jobs, job, next)
    {
        wait_until_done(p, job);
        DL_DELETE(p->jobs, job);
        job_free(job);
    }
    (void)pthread_mutex_unlock(&p->mutex);
}

void pool_destroy(struct pool **pp)
{
    struct pool *p = *pp;
    *pp = NULL;
    if (p == NULL) {
        return;
    }
    pool_drop(p);
    (void)pthread_mutex_lock(&p->mutex);
    p->ending = true;
    (void)pthread_cond_broadcast(&p->wake);
    (void)pthread_mutex_unlock(&p->mutex);
    for (size_t i = 0; i < p->n_threads; i++) {
        (void)pthread_join(p->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_cond_destroy(&p->done);
    (void)pthread_mutex_destroy(&p->mutex);
    free(p);
}

int pool_start(struct pool *p, uint64_t seq, const struct act_actor *actor, uint32_t kind,
               struct act_payload *request)
{
    struct job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return ERR_NOMEM;
    }
    job->seq = seq;
    job->actor = actor;
    job->kind = kind;
    job->request = act_payload_ref(request);
    (void)pthread_mutex_lock(&p->mutex);
    DL_APPEND(p->jobs, job);
    p->waiting++;
    /* A machine that gives no thread is no failure: collecting computes what nobody has begun. */
    if (p->waiting + p->running > p->n_threads && p->n_threads < p->max_threads &&
        pthread_create(&p->threads[p->n_threads], NULL, worker, p) == 0) {
        p->n_threads++;
    }
    (void)pthread_cond_signal(&p->wake);
    (void)pthread_mutex_unlock(&p->mutex);
    return 0;
}

static struct job *find(struct pool *p, uint64_t seq)
{
    struct job *job = NULL;
    DL_SEARCH_SCALAR(p->jobs, job, seq, seq);
    return job;
}

int pool_collect(struct pool *p, uint64_t seq, int *work_rc, struct buf *result)
{
    (void)pthread_mutex_lock(&p->mutex);
    struct job *job = find(p, seq);
    if (job == NULL) {
        (void)pthread_mutex_unlock(&p->mutex);
        return ERR_NOTFOUND;
    }
    bool here = job->state == JOB_WAITS;
    if (here) {
        p->waiting--;
    } else {
        wait_until_done(p, job);
    }
    DL_DELETE(p->jobs, job);
    (void)pthread_mutex_unlock(&p->mutex);
    if (here) {
        job->rc = instance_work(p->class, job->actor, job->kind, job->request->view, &job->result);
    }
    *work_rc = job->rc;
    buf_fini(result);
    *result = job->result;
    job->result = (struct buf){0};
    job_free(job);
    return 0;
}

bool pool_busy(struct pool *p)
{
    (void)pthread_mutex_lock(&p->mutex);
    bool busy = p->running > 0;
    (void)pthread_mutex_unlock(&p->mutex);
    return busy;
}
