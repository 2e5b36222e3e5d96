/* How fast the hosts are: delivered events per second of actors that do nothing but send a small
 * message back, the start-up of six processes, and a bare ZeroMQ ping-pong on the same machine in
 * the same minute for comparison. Medians of several repeats. CHATTY names the actors' program. */
#include "common/base/check.h"
#include "common/runtime/clock.h"
#include "common/runtime/sched.h"
#include "tests/integration/chatty.h"

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zmq.h>

#define REPEATS 5
#define ACTORS 6
#define INPROC_EVENTS 1000000
#define PROCS_EVENTS 40000
#define PINGS 40000
#define PING_BYTES 40 /* about what a packed step is */

extern char **environ;

struct stopwatch {
    uint64_t events;
    uint64_t last;
    int64_t begin_ns;
    int64_t end_ns;
};

static void tick(void *ctx, struct sched *s, uint32_t actor, const struct act_event *ev)
{
    struct stopwatch *w = ctx;
    w->events++;
    if (w->events == 1) {
        w->begin_ns = clock_real_ns();
    } else if (w->events == w->last) {
        w->end_ns = clock_real_ns();
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* One line: the median, and the range it is from. Returns: the median. */
static double print_median(const char *what, double *values, int decimals, const char *unit)
{
    qsort(values, REPEATS, sizeof(*values), compare);
    double median = values[REPEATS / 2];
    (void)printf("%-22s %12.*f %-15s %.*f .. %.*f\n", what, decimals, median, unit, decimals,
                 values[0], decimals, values[REPEATS - 1]);
    return median;
}

typedef int host(const struct run_cluster *cluster, const struct run_options *options,
                 struct run_result *result, struct buf *why);

/* Out: *ready_ms (may be NULL). Returns: delivered events per second. */
static double bounce(host *run, const char *program, uint64_t events, bool no_pin,
                     enum run_transport transport, double *ready_ms)
{
    static struct chatty_stage s;
    struct stopwatch w = {.last = events};
    struct buf why = {0};
    struct run_result result;
    chatty_stage_init(&s, ACTORS, 0, program);
    for (uint32_t id = 1; id <= ACTORS; id++) {
        chatty_stage_mode(&s, id, CHATTY_BOUNCES, 0);
    }
    s.rules[0].params = (struct run_link_params){.delay_ns = NS_PER_MS, .jitter_ns = NS_PER_MS};
    s.options.network = (struct run_network){.rules = s.rules, .n_rules = 1};
    s.options.script.n = 0;
    s.options.limits.events = events;
    s.options.no_pin = no_pin;
    s.options.transport = transport;
    s.options.observer = (struct run_observer){.ctx = &w, .on_deliver = tick};
    if (run(&s.cluster, &s.options, &result, &why) != 0) {
        (void)fprintf(stderr, "%s\n", buf_cstr(&why));
        exit(1);
    }
    CHECK(result.end == RUN_END_EVENTS);
    if (ready_ms != NULL) {
        *ready_ms = (double)result.ready_ns / (double)NS_PER_MS;
    }
    run_result_fini(&result);
    return (double)(events - 1) * (double)NS_PER_S / (double)(w.end_ns - w.begin_ns);
}

/* The other side of the ping-pong. */
static int echo(const char *endpoint)
{
    void *zmq = zmq_ctx_new();
    void *socket = zmq_socket(zmq, ZMQ_DEALER);
    CHECK(zmq_connect(socket, endpoint) == 0 && zmq_send(socket, "", 0, 0) == 0);
    char data[PING_BYTES];
    for (;;) {
        int got = zmq_recv(socket, data, sizeof(data), 0);
        CHECK(got >= 0);
        if (got == 0) {
            break;
        }
        CHECK(zmq_send(socket, data, (size_t)got, 0) == got);
    }
    (void)zmq_close(socket);
    (void)zmq_ctx_term(zmq);
    return 0;
}

/* Returns: round trips per second, both sides on one CPU. */
static double ping_pong(void)
{
    cpu_set_t before;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    CHECK(sched_getaffinity(0, sizeof(before), &before) == 0);
    CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
    char endpoint[64];
    (void)snprintf(endpoint, sizeof(endpoint), "ipc://@bench-%ld", (long)getpid());
    void *zmq = zmq_ctx_new();
    void *socket = zmq_socket(zmq, ZMQ_ROUTER);
    CHECK(zmq_bind(socket, endpoint) == 0);
    char *argv[] = {(char[]){"bench_hosts"}, (char[]){"--echo"}, endpoint, NULL};
    pid_t pid = 0;
    CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
    char id[256];
    char data[PING_BYTES] = "";
    int id_len = zmq_recv(socket, id, sizeof(id), 0);
    CHECK(id_len > 0 && zmq_recv(socket, data, sizeof(data), 0) == 0);
    int64_t begin_ns = clock_real_ns();
    for (int i = 0; i < PINGS; i++) {
        CHECK(zmq_send(socket, id, (size_t)id_len, ZMQ_SNDMORE) == id_len);
        CHECK(zmq_send(socket, data, sizeof(data), 0) == PING_BYTES);
        CHECK(zmq_recv(socket, id, sizeof(id), 0) == id_len);
        CHECK(zmq_recv(socket, data, sizeof(data), 0) == PING_BYTES);
    }
    int64_t end_ns = clock_real_ns();
    CHECK(zmq_send(socket, id, (size_t)id_len, ZMQ_SNDMORE) == id_len);
    CHECK(zmq_send(socket, "", 0, 0) == 0);
    CHECK(waitpid(pid, NULL, 0) == pid);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(zmq);
    CHECK(sched_setaffinity(0, sizeof(before), &before) == 0);
    return (double)PINGS * (double)NS_PER_S / (double)(end_ns - begin_ns);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--echo") == 0) {
        return echo(argv[2]);
    }
    const char *program = getenv("CHATTY");
    if (program == NULL) {
        (void)fprintf(stderr, "CHATTY must name the chatty program\n");
        return 1;
    }
    double inproc[REPEATS];
    double ipc[REPEATS];
    double tcp[REPEATS];
    double unpinned[REPEATS];
    double ready[REPEATS];
    double bare[REPEATS];
    double ratio[REPEATS]; /* of runs next to each other */
    for (int i = 0; i < REPEATS; i++) {
        inproc[i] = bounce(run_inproc, program, INPROC_EVENTS, false, RUN_IPC, NULL);
        ipc[i] = bounce(run_procs, program, PROCS_EVENTS, false, RUN_IPC, &ready[i]);
        bare[i] = ping_pong();
        ratio[i] = ipc[i] / bare[i];
        tcp[i] = bounce(run_procs, program, PROCS_EVENTS / 2, false, RUN_TCP, NULL);
        unpinned[i] = bounce(run_procs, program, PROCS_EVENTS / 8, true, RUN_IPC, NULL);
    }
    (void)printf("%-22s %12s %-15s of %d runs\n", "", "median", "", REPEATS);
    (void)print_median("inproc", inproc, 0, "events/s");
    (void)print_median("procs ipc, one CPU", ipc, 0, "events/s");
    (void)print_median("procs tcp, one CPU", tcp, 0, "events/s");
    (void)print_median("procs ipc, all CPUs", unpinned, 0, "events/s");
    (void)print_median("bare ZeroMQ ipc", bare, 0, "round trips/s");
    (void)print_median("procs ipc / bare", ratio, 2, "");
    (void)print_median("six processes ready", ready, 1, "ms");
    return 0;
}
