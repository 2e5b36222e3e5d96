/* The same cluster on every host: one fingerprint. */
#include "common/runtime/sched.h"
#include "tests/integration/chatty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *program;

static void run_on(bool procs, struct chatty_stage *s, struct run_result *result)
{
    struct buf why = {0};
    int rc = procs ? run_procs(&s->cluster, &s->options, result, &why)
                   : run_inproc(&s->cluster, &s->options, result, &why);
    if (rc != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
    buf_fini(&why);
}

static void assert_same(const struct run_result *a, const struct run_result *b)
{
    assert_memory_equal(a->fingerprint.b, b->fingerprint.b, 32);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->now.ns, b->now.ns);
    assert_int_equal(a->delivered, b->delivered);
    assert_int_equal(a->n_actors, b->n_actors);
    for (size_t i = 0; i < a->n_actors; i++) {
        struct run_actor_stats x = a->actors[i];
        struct run_actor_stats y = b->actors[i];
        assert_int_equal(x.messages, y.messages);
        assert_int_equal(x.timers, y.timers);
        assert_int_equal(x.works, y.works);
        assert_int_equal(x.sent, y.sent);
        assert_int_equal(x.records, y.records);
        assert_int_equal(x.dropped, y.dropped);
        assert_int_equal(x.lives, y.lives);
        assert_int_equal(x.up, y.up);
        assert_int_equal(x.failed_rc, y.failed_rc);
        assert_memory_equal(x.rejects, y.rejects, sizeof(x.rejects));
        for (uint32_t peer = 0; peer <= a->n_actors; peer++) {
            for (int reason = 0; reason < (int)ACT_REJECT_REASONS; reason++) {
                assert_int_equal(
                    run_rejects(a, (uint32_t)i + 1, peer, (enum act_reject_reason)reason),
                    run_rejects(b, (uint32_t)i + 1, peer, (enum act_reject_reason)reason));
            }
        }
    }
    assert_int_equal(a->n_links, b->n_links);
    assert_memory_equal(a->links, b->links, a->n_links * sizeof(*a->links));
}

/* In: the first run gives what the others must repeat. */
static void on_all_hosts(struct chatty_stage *s, struct run_result *first)
{
    run_on(false, s, first);
    for (int i = 0; i < 5; i++) {
        struct run_result again;
        s->options.transport = i < 3 ? RUN_IPC : RUN_TCP;
        run_on(i > 0, s, &again);
        assert_same(first, &again);
        run_result_fini(&again);
    }
}

static void test_one_fingerprint_in_process_over_ipc_and_over_tcp(void **state)
{
    static struct chatty_stage s;
    struct run_result first;
    chatty_stage_init(&s, 6, 300, program);
    on_all_hosts(&s, &first);
    assert_int_equal(first.end, RUN_END_IDLE);
    assert_true(first.delivered > 1500);
    uint64_t works = 0;
    uint64_t rejects = 0;
    uint64_t records = 0;
    for (size_t i = 0; i < first.n_actors; i++) {
        works += first.actors[i].works;
        records += first.actors[i].records;
        rejects += first.actors[i].rejects[ACT_REJECT_STALE];
    }
    assert_true(works > 50 && records > 500 && rejects > 0);
    assert_int_equal(first.actors[5].lives, 3);
    assert_true(first.actors[5].dropped > 0);
    run_result_fini(&first);
}

struct forged {
    uint32_t expected_from;
    int seen;
};

static void see_forged(void *ctx, struct sched *s, uint32_t actor, const struct act_event *ev)
{
    struct forged *f = ctx;
    if (ev->kind == ACT_MESSAGE && bytes_equal(ev->body, bytes_str("forged"))) {
        assert_int_equal(actor, 1);
        assert_int_equal(ev->from, f->expected_from);
        assert_int_equal(ev->now.ns, 4 * NS_PER_MS);
        f->seen++;
    }
}

static void test_a_message_the_script_forges_is_the_same_on_every_host(void **state)
{
    static const uint32_t froms[] = {ACT_HOST, 3};
    static struct chatty_stage s;
    struct run_result results[2];
    chatty_stage_init(&s, 4, 60, program);
    for (int i = 0; i < 2; i++) {
        struct forged f = {.expected_from = froms[i]};
        s.options.observer = (struct run_observer){.ctx = &f, .on_deliver = see_forged};
        s.script[4].from = froms[i];
        on_all_hosts(&s, &results[i]);
        assert_int_equal(f.seen, 6);
    }
    assert_memory_not_equal(results[0].fingerprint.b, results[1].fingerprint.b, 32);
    run_result_fini(&results[0]);
    run_result_fini(&results[1]);
}

static void test_another_seed_gives_another_fingerprint(void **state)
{
    static struct chatty_stage s;
    struct run_result a;
    struct run_result b;
    chatty_stage_init(&s, 3, 50, program);
    run_on(true, &s, &a);
    s.options.seed++;
    run_on(true, &s, &b);
    assert_memory_not_equal(a.fingerprint.b, b.fingerprint.b, 32);
    run_result_fini(&a);
    run_result_fini(&b);
}

static void test_a_failing_actor_and_a_full_disk_are_the_same_everywhere(void **state)
{
    static struct chatty_stage s;
    struct run_result first;
    chatty_stage_init(&s, 4, 100, program);
    chatty_stage_mode(&s, 2, CHATTY_FAILS, 30);
    s.actors[2].disk_bytes = 300;
    on_all_hosts(&s, &first);
    assert_int_equal(first.actors[1].failed_rc, ERR_IO);
    assert_int_equal(first.actors[2].failed_rc, ERR_FULL);
    assert_false(first.actors[2].up);
    run_result_fini(&first);
}

static void test_limits_cut_all_hosts_at_the_same_event(void **state)
{
    static struct chatty_stage s;
    struct run_result first;
    chatty_stage_init(&s, 4, 100, program);
    s.options.limits.events = 321;
    on_all_hosts(&s, &first);
    assert_int_equal(first.end, RUN_END_EVENTS);
    assert_int_equal(first.delivered, 321);
    run_result_fini(&first);
    s.options.limits = (struct run_limits){.step_bytes = 65000};
    on_all_hosts(&s, &first);
    assert_int_equal(first.actors[0].failed_rc, ERR_TOOBIG);
    run_result_fini(&first);
}

static void test_a_run_without_pinning_is_the_same_run(void **state)
{
    static struct chatty_stage s;
    struct run_result a;
    struct run_result b;
    chatty_stage_init(&s, 3, 50, program);
    run_on(true, &s, &a);
    s.options.no_pin = true;
    run_on(true, &s, &b);
    assert_same(&a, &b);
    run_result_fini(&a);
    run_result_fini(&b);
}

struct meddler {
    int records;
    int host;
};

static void count_host(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                       struct bytes body)
{
    struct meddler *m = ctx;
    m->host++;
}

/* Crashes, restarts, cuts and injects from within. */
static void meddle(void *ctx, struct sched *s, struct sim_time now, uint32_t actor,
                   struct bytes record)
{
    struct meddler *m = ctx;
    m->records++;
    if (m->records == 10) {
        sched_crash(s, actor);
        sched_restart(s, actor, sim_time_add(now, NS_PER_MS), true);
    } else if (m->records == 30) {
        const struct run_cut cut = {1, 2, now, sim_time_add(now, 5 * NS_PER_MS)};
        sched_cut(s, &cut);
        sched_crash(s, actor % 4 + 1);
        sched_restart(s, actor % 4 + 1, now, false);
    } else if (m->records % 16 == 0) {
        sched_inject(s, 3, now, record);
    } else if (m->records == 90) {
        sched_stop(s);
    }
}

static void test_an_observer_that_meddles_gets_the_same_run_everywhere(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 4, 200, program);
    struct run_result results[3];
    struct meddler m[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        s.options.observer =
            (struct run_observer){.ctx = &m[i], .on_record = meddle, .on_host = count_host};
        run_on(i > 0, &s, &results[i]);
        assert_same(&results[0], &results[i]);
        assert_int_equal(m[i].host, m[0].host);
    }
    assert_int_equal(results[0].end, RUN_END_STOPPED);
    for (int i = 0; i < 3; i++) {
        run_result_fini(&results[i]);
    }
}

static void test_a_work_nobody_waits_for_does_not_hold_up_the_end(void **state)
{
    static struct chatty_stage s;
    struct run_result result;
    chatty_stage_init(&s, 2, 20, program);
    chatty_stage_mode(&s, 1, CHATTY_WORKS_LONG, 0);
    s.options.limits.time_ns = NS_PER_S;
    s.options.script.n = 0;
    run_on(true, &s, &result);
    assert_int_equal(result.end, RUN_END_TIME);
    run_result_fini(&result);
}

int main(void)
{
    program = getenv("CHATTY");
    if (program == NULL) {
        (void)fprintf(stderr, "CHATTY must name the chatty program\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_fingerprint_in_process_over_ipc_and_over_tcp),
        cmocka_unit_test(test_a_message_the_script_forges_is_the_same_on_every_host),
        cmocka_unit_test(test_another_seed_gives_another_fingerprint),
        cmocka_unit_test(test_a_failing_actor_and_a_full_disk_are_the_same_everywhere),
        cmocka_unit_test(test_limits_cut_all_hosts_at_the_same_event),
        cmocka_unit_test(test_a_run_without_pinning_is_the_same_run),
        cmocka_unit_test(test_an_observer_that_meddles_gets_the_same_run_everywhere),
        cmocka_unit_test(test_a_work_nobody_waits_for_does_not_hold_up_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
