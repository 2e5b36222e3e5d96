/* The host that calls the actors directly: one process, no copies of messages. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/runtime/clock.h"
#include "common/runtime/instance.h"
#include "common/runtime/sched.h"

#include <stdlib.h>

/* The watchdog looks at the clock once in so many steps. */
#define STEPS_PER_LOOK 256

struct inproc {
    struct sched_backend backend;
    const struct run_cluster *cluster;
    struct instance *instances; /* [id - 1] */
    const struct run_resources_ops *resources_ops;
    const void *resources;
    struct buf work_result;
    int64_t deadline_ns;
    uint64_t steps;
};

static int inproc_step(struct sched_backend *self, const struct sched_step *step,
                       struct act_effects *out, struct sched_reply *reply, struct buf *why)
{
    struct inproc *host = (struct inproc *)self;
    struct instance *in = &host->instances[step->actor - 1];
    if (host->steps++ % STEPS_PER_LOOK == 0 && clock_real_ns() >= host->deadline_ns) {
        return SCHED_EXPIRED;
    }
    struct act_event ev = step->event;
    if (ev.kind == ACT_WORK_DONE) {
        ev.work_rc =
            instance_work(in->class, in->actor, ev.work_kind, step->request, &host->work_result);
        ev.body = buf_view(&host->work_result);
        reply->work_rc = ev.work_rc;
        reply->result_bytes = ev.body.len;
        hash_sha256(ev.body, &reply->result);
    }
    reply->rc = instance_step(in, &ev, out);
    return 0;
}

static int inproc_crash(struct sched_backend *self, uint32_t actor, struct buf *why)
{
    struct inproc *host = (struct inproc *)self;
    instance_end(&host->instances[actor - 1]);
    return 0;
}

static int begin(struct inproc *host, uint32_t actor, struct buf *why)
{
    CLEANUP(buf_fini) struct buf reason = {0};
    int rc = instance_begin(&host->instances[actor - 1], &reason);
    if (rc != 0) {
        buf_printf(why, "%s could not start: %s", host->cluster->actors[actor - 1].name,
                   reason.len > 0 ? buf_cstr(&reason) : err_text(rc));
    }
    return rc;
}

static int inproc_restart(struct sched_backend *self, uint32_t actor, bool keep_disk,
                          struct buf *why)
{
    struct inproc *host = (struct inproc *)self;
    if (!keep_disk) {
        store_mem_wipe(&host->instances[actor - 1].disk);
    }
    return begin(host, actor, why);
}

static void inproc_fini(struct inproc *host)
{
    if (host->instances != NULL) {
        for (size_t i = 0; i < host->cluster->n; i++) {
            instance_fini(&host->instances[i]);
        }
    }
    free(host->instances);
    if (host->resources != NULL) {
        host->resources_ops->unload(&host->resources);
    }
    buf_fini(&host->work_result);
}

static int load_resources(struct inproc *host, const struct run_options *options, struct buf *why)
{
    if (options->resources_path == NULL || options->resources == NULL) {
        return 0;
    }
    host->resources_ops = options->resources;
    return options->resources->load(options->resources_path, &host->resources, why);
}

static int make_instances(struct inproc *host, const struct run_limits *limits, struct buf *why)
{
    const struct run_cluster *c = host->cluster;
    host->instances = calloc(c->n, sizeof(*host->instances));
    if (host->instances == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t id = 1; id <= c->n; id++) {
        const struct run_cluster_actor *a = &c->actors[id - 1];
        CHECK(a->class != NULL);
        struct act_setup setup = {
            .id = id,
            .name = a->name,
            .config = a->config,
            .entropy = a->entropy,
            .resources = host->resources,
        };
        instance_init(&host->instances[id - 1], a->class, &setup, a->disk_bytes,
                      limits->step_bytes);
    }
    for (uint32_t id = 1; id <= c->n; id++) {
        int rc = begin(host, id, why);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int run_inproc(const struct run_cluster *cluster, const struct run_options *options,
               struct run_result *result, struct buf *why)
{
    CLEANUP(inproc_fini)
    struct inproc host = {
        .backend = {inproc_step, inproc_crash, inproc_restart},
        .cluster = cluster,
        .deadline_ns = clock_deadline_ns(options->limits.wall_ms),
    };
    CLEANUP(sched_destroy) struct sched *s = NULL;
    struct run_limits limits;
    int rc = run_limits_fill(&options->limits, &limits, why);
    if (rc == 0) {
        rc = sched_new(cluster, options, &host.backend, &s, why);
    }
    if (rc == 0) {
        rc = load_resources(&host, options, why);
    }
    if (rc == 0) {
        rc = make_instances(&host, &limits, why);
    }
    if (rc == 0) {
        rc = sched_run(s, result, why);
    }
    if (rc != 0 && why->len == 0) {
        buf_printf(why, "%s", err_text(rc));
    }
    return rc;
}
