#include "lockstep/run/simulate.h"

#include "common/actor/wire.h"
#include "common/base/cleanup.h"
#include "common/runtime/resources.h"
#include "common/runtime/sched.h"

#include <errno.h>
#include <stdio.h>

#define MODULUS_BYTES_MAX ((size_t)64 << 10)
/* Virtual time after the last slot in which everything must have come to rest. */
#define REST_NS (3600 * NS_PER_S)

struct watcher {
    const struct simulate_options *options;
    struct history history;
    uint64_t events;
};

static void on_deliver(void *ctx, struct sched *s, uint32_t actor, const struct act_event *ev)
{
    struct watcher *w = ctx;
    w->events++;
    if (w->options->progress != NULL) {
        w->options->progress(w->options->progress_ctx, ev->now, w->events);
    }
}

static void on_record(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                      struct bytes record)
{
    struct watcher *w = ctx;
    history_add_record(&w->history, now, actor, record);
}

static void on_reject(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                      uint32_t peer, enum act_reject_reason reason, struct bytes detail)
{
    struct watcher *w = ctx;
    history_add_reject(&w->history, now, actor, peer, reason, detail);
}

static void on_life(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                    enum run_life what, int rc)
{
    struct watcher *w = ctx;
    history_add_life(&w->history, now, actor, what, rc);
}

static void close_file(FILE **f)
{
    if (*f != NULL) {
        (void)fclose(*f);
    }
}

static int read_modulus(const struct simulate_options *options, int bits, struct buf *out,
                        struct buf *why)
{
    CLEANUP(buf_fini) struct buf path = {0};
    char block[4096];
    size_t got = 0;
    buf_printf(&path, "%s/modulus-%d.txt", options->places.data, bits);
    CLEANUP(close_file) FILE *f = fopen(buf_cstr(&path), "rb");
    if (f == NULL) {
        buf_printf(why, "cannot open the time-lock modulus %s: %s", buf_cstr(&path),
                   strerror(errno));
        return ERR_NOTFOUND;
    }
    out->limit = MODULUS_BYTES_MAX;
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(out, block, got);
    }
    if (ferror(f) != 0 || out->err != 0) {
        buf_printf(why, "cannot read the time-lock modulus %s", buf_cstr(&path));
        return ERR_IO;
    }
    return 0;
}

static int make_cluster(const struct scn *scn, const struct simulate_options *options,
                        struct cluster **out, struct buf *why)
{
    CLEANUP(buf_fini) struct buf modulus = {0};
    int rc = read_modulus(options, scn->timelock.bits, &modulus, why);
    if (rc != 0) {
        return rc;
    }
    const struct cluster_options co = {
        .seed = options->seed,
        .policy = options->policy,
        .mempool = options->mempool,
        .state_proof = options->state_proof,
        .without_attacks = options->without_attacks,
        .modulus = buf_view(&modulus),
        .program_dir = options->places.programs,
    };
    return cluster_new(scn, &co, out, why);
}

static int run_cluster_on(const struct cluster *c, const struct simulate_options *options,
                          struct watcher *w, struct run_result *result, struct buf *why)
{
    CLEANUP(buf_fini) struct buf setup = {0};
    const struct run_cluster cluster = {c->run_actors, c->n_actors};
    buf_printf(&setup, "%s/kzg_setup.bin", options->places.data);
    const struct run_options ro = {
        .seed = options->seed,
        .network = {c->rules, c->n_rules, c->cuts, c->n_cuts},
        .script = {c->script, c->n_script},
        .limits =
            {
                .time_ns = (int64_t)c->scn->slots * c->scn->slot_duration_ns + REST_NS,
                .wall_ms = options->wall_ms,
                .message_bytes = WIRE_MAX_FRAME,
            },
        .observer = {w, on_deliver, on_record, on_reject, NULL, on_life, NULL},
        .resources_path = buf_cstr(&setup),
        .resources = &run_kzg_resources,
        .transport = options->transport,
        .out_dir = options->out_dir,
    };
    return options->host == SIMULATE_INPROC ? run_inproc(&cluster, &ro, result, why)
                                            : run_procs(&cluster, &ro, result, why);
}

int simulate(const struct scn *scn, const struct simulate_options *options, struct simulation *out,
             struct buf *why)
{
    struct watcher w = {.options = options};
    struct simulation s = {0};
    int rc = make_cluster(scn, options, &s.cluster, why);
    if (rc == 0) {
        rc = run_cluster_on(s.cluster, options, &w, &s.result, why);
    }
    s.history = w.history;
    if (rc == 0 && s.history.err != 0) {
        buf_printf(why, "the record of the run is not usable: %s", err_text(s.history.err));
        rc = s.history.err;
    }
    if (rc != 0) {
        simulation_fini(&s);
        return rc;
    }
    *out = s;
    return 0;
}

void simulation_fini(struct simulation *s)
{
    cluster_destroy(&s->cluster);
    history_fini(&s->history);
    run_result_fini(&s->result);
}

const char *simulate_host_word(enum simulate_host host)
{
    return host == SIMULATE_INPROC ? "inproc" : "procs";
}
