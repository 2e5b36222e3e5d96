/* Conducts a cluster that never comes to an end and says how far it is; for the test that kills
 * it. Argument: the chatty program. */
#include "tests/integration/chatty.h"

#include <inttypes.h>
#include <stdio.h>

static void say_process(void *ctx, uint32_t actor, pid_t pid)
{
    (void)printf("process %" PRIu32 "\n", actor);
    (void)fflush(stdout);
}

static void say_started(void *ctx, struct sched *s, uint32_t actor, const struct act_event *ev)
{
    int *events = ctx;
    if (++*events == 100) {
        (void)printf("running\n");
        (void)fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 64;
    }
    static struct chatty_stage s;
    int events = 0;
    chatty_stage_init(&s, 3, 10, argv[1]);
    s.options.network.n_rules = 1;
    s.rules[0].params = (struct run_link_params){.delay_ns = NS_PER_MS};
    s.options.network.n_cuts = 0;
    s.options.script.n = 0;
    for (uint32_t id = 1; id <= 3; id++) {
        chatty_stage_mode(&s, id, CHATTY_BOUNCES, 0);
    }
    s.options.observer =
        (struct run_observer){.ctx = &events, .on_process = say_process, .on_deliver = say_started};
    struct run_result result;
    struct buf why = {0};
    int rc = run_procs(&s.cluster, &s.options, &result, &why);
    (void)fprintf(stderr, "%s\n", buf_cstr(&why));
    return rc == 0 ? 0 : 1;
}
