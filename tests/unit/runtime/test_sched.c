/* The engine through the in-process host: order, timers, works, script, network, limits. */
#include "tests/unit/runtime/puppet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sim_time at(int64_t ns)
{
    return (struct sim_time){ns};
}

static struct hash32 run_ok(struct stage *s)
{
    int rc = stage_run(s);
    if (rc != 0) {
        fail_msg("%s", buf_cstr(&s->why));
    }
    return s->result.fingerprint;
}

static int greet_all(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_START) {
        for (uint32_t to = 1; to <= 3; to++) {
            act_send(out, to, bytes_str(p->setup->name));
        }
    }
    return 0;
}

static void test_equal_times_go_by_destination_source_and_sequence(void **state)
{
    const struct run_link_rule rules[] = {{0, 0, {.delay_ns = 5}}};
    struct stage s;
    stage_init(&s, 3);
    s.puppets[2].step = greet_all;
    s.puppets[0].step = greet_all;
    s.options.network = (struct run_network){.rules = rules, .n_rules = 1};
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log), "a:start@0 a:1'a'@0 b:start@0 c:start@0 c:3'c'@0 "
                                          "a:3'c'@5 b:1'a'@5 b:3'c'@5 c:1'a'@5 ");
    assert_int_equal(s.result.end, RUN_END_IDLE);
    assert_int_equal(s.result.delivered, 9);
    assert_int_equal(s.result.now.ns, 5);
    assert_int_equal(s.result.actors[0].sent, 3);
    assert_int_equal(s.result.actors[1].messages, 2);
    assert_int_equal(s.result.n_links, 4);
    assert_int_equal(s.result.links[0].delivered, 1);
    stage_fini(&s);
}

static int play_with_timers(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_START) {
        act_arm(out, 1, at(10));
        act_arm(out, 2, at(20));
        act_arm(out, 3, at(30));
        act_arm(out, 4, at(15));
        act_arm(out, 1, at(25)); /* replaces */
        act_cancel(out, 3);
        act_cancel(out, 99);
    } else if (ev->kind == ACT_TIMER && ev->id == 4) {
        act_arm(out, 5, at(1)); /* past: now */
        act_arm(out, 4, at(40));
    } else if (ev->kind == ACT_TIMER && ev->id == 1) {
        act_cancel(out, 1);
        act_cancel(out, 4);
    }
    return 0;
}

static void test_timers_fire_once_are_replaced_and_cancelled(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = play_with_timers;
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log),
                        "a:start@0 a:timer4@15 a:timer5@15 a:timer2@20 a:timer1@25 ");
    assert_int_equal(s.result.actors[0].timers, 4);
    assert_int_equal(s.result.end, RUN_END_IDLE);
    stage_fini(&s);
}

static int rearm_often(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    for (int i = 0; i < 1000 && ev->kind == ACT_START; i++) {
        act_arm(out, 1, at(1000 + i));
    }
    return 0;
}

static void test_replaced_timers_do_not_pile_up(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = rearm_often;
    s.options.limits.queue_events = 2;
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log), "a:start@0 a:timer1@1999 ");
    stage_fini(&s);
}

static int start_works(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_START) {
        act_work(out, 7, 1, bytes_str("abc"), 50);
        act_work(out, 8, 2, bytes_str("abc"), 20);
        act_work(out, 7, 1, bytes_str("xy"), 0);
    }
    return 0;
}

static void test_works_arrive_with_their_result_after_their_cost(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = start_works;
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log),
                        "a:start@0 a:work7(0)'yx'@0 a:work8(-7)''@20 a:work7(0)'cba'@50 ");
    assert_int_equal(s.result.actors[0].works, 3);
    stage_fini(&s);
}

static int relay_to_host(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_MESSAGE) {
        act_send(out, ACT_HOST, ev->body);
        act_record(out, ev->body);
        act_reject(out, 2, ACT_REJECT_STALE, "%s", "old");
        act_reject(out, 77, ACT_REJECT_STALE, "%s", "who");
    }
    return 0;
}

struct seen {
    struct buf text;
};

static void see_record(void *ctx, struct sched *sc, struct sim_time now, uint32_t actor,
                       struct bytes record)
{
    struct seen *seen = ctx;
    buf_printf(&seen->text, "record %" PRIu32 " %.*s@%" PRId64 ";", actor, (int)record.len,
               (const char *)record.data, now.ns);
}

static void see_reject(void *ctx, struct sched *sc, struct sim_time now, uint32_t actor,
                       uint32_t peer, enum act_reject_reason reason, struct bytes detail)
{
    struct seen *seen = ctx;
    buf_printf(&seen->text, "reject %" PRIu32 " %" PRIu32 " %s %.*s;", actor, peer,
               act_reject_name(reason), (int)detail.len, (const char *)detail.data);
}

static void see_host(void *ctx, struct sched *sc, struct sim_time now, uint32_t actor,
                     struct bytes body)
{
    struct seen *seen = ctx;
    buf_printf(&seen->text, "host %.*s;", (int)body.len, (const char *)body.data);
    if (body.len < 3) {
        sched_inject(sc, actor, at(now.ns + 5), bytes_str("more"));
        sched_inject(sc, 99, now, bytes_str("nobody"));
    }
}

static void test_script_and_observer_talk_to_the_actors(void **state)
{
    const struct run_script_item items[] = {
        {.at = {30}, .actor = 1, .body = {(const uint8_t *)"late", 4}},
        {.at = {10}, .actor = 1, .body = {(const uint8_t *)"hi", 2}},
    };
    struct seen seen = {{0}};
    struct stage s;
    stage_init(&s, 2);
    s.puppets[0].step = relay_to_host;
    s.options.script = (struct run_script){items, 2};
    s.options.observer = (struct run_observer){
        .ctx = &seen, .on_record = see_record, .on_reject = see_reject, .on_host = see_host};
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log),
                        "a:start@0 b:start@0 a:0'hi'@10 a:0'more'@15 a:0'late'@30 ");
    assert_string_equal(buf_cstr(&seen.text),
                        "host hi;record 1 hi@10;reject 1 2 stale old;reject 1 77 stale who;"
                        "host more;record 1 more@15;reject 1 2 stale old;reject 1 77 stale who;"
                        "host late;record 1 late@30;reject 1 2 stale old;reject 1 77 stale who;");
    assert_int_equal(s.result.actors[0].records, 3);
    assert_int_equal(s.result.actors[0].rejects[ACT_REJECT_STALE], 6);
    assert_int_equal(run_rejects(&s.result, 1, 2, ACT_REJECT_STALE), 3);
    assert_int_equal(run_rejects(&s.result, 1, 0, ACT_REJECT_STALE), 3);
    assert_int_equal(run_rejects(&s.result, 1, 2, ACT_REJECT_LIMIT), 0);
    assert_int_equal(run_rejects(&s.result, 2, 1, ACT_REJECT_STALE), 0);
    assert_int_equal(run_rejects(&s.result, 3, 1, ACT_REJECT_STALE), 0);
    buf_fini(&seen.text);
    stage_fini(&s);
}

static int greet_b(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_START) {
        act_send(out, 2, bytes_str("true"));
    }
    return 0;
}

static void test_a_scripted_message_comes_from_whom_the_script_says(void **state)
{
    const struct run_link_rule rules[] = {{0, 0, {.delay_ns = 10, .loss_ppm = 1000000}},
                                          {1, 2, {.delay_ns = 10}}};
    const struct run_script_item items[] = {
        {.at = {10}, .actor = 2, .from = 1, .body = {(const uint8_t *)"false", 5}},
        {.at = {10}, .actor = 2, .body = {(const uint8_t *)"host", 4}},
        {.at = {10}, .actor = 2, .from = 2, .body = {(const uint8_t *)"self", 4}},
        {.at = {20}, .actor = 1, .from = 3, .body = {(const uint8_t *)"dead", 4}},
        {.kind = RUN_SCRIPT_CRASH, .at = {5}, .actor = 3},
        {.at = {20}, .actor = 3, .from = 1, .body = {(const uint8_t *)"lost", 4}},
    };
    struct stage s;
    stage_init(&s, 3);
    s.puppets[0].step = greet_b;
    s.options.network = (struct run_network){.rules = rules, .n_rules = 2};
    s.options.script = (struct run_script){items, 6};
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log), "a:start@0 b:start@0 c:start@0 b:0'host'@10 "
                                          "b:1'false'@10 b:1'true'@10 b:2'self'@10 a:3'dead'@20 ");
    assert_int_equal(s.result.actors[0].messages, 1);
    assert_int_equal(s.result.actors[1].messages, 4);
    assert_int_equal(s.result.actors[2].dropped, 1);
    /* Only what an actor has sent itself counts as sent, and travels on a link. */
    assert_int_equal(s.result.actors[0].sent, 1);
    assert_int_equal(s.result.n_links, 1);
    assert_int_equal(s.result.links[0].sent, 1);
    assert_int_equal(s.result.links[0].delivered, 1);
    stage_fini(&s);
}

static int bounce(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    act_send(out, 3 - p->setup->id, bytes_str("ball"));
    return 0;
}

static void bounce_stage(struct stage *s)
{
    static const struct run_link_rule rules[] = {{0, 0, {.delay_ns = 10}}};
    stage_init(s, 2);
    s->puppets[0].step = bounce;
    s->options.network = (struct run_network){.rules = rules, .n_rules = 1};
}

static int bounce_back(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_MESSAGE) {
        return bounce(p, ev, out);
    }
    return 0;
}

static void test_limits_end_the_run(void **state)
{
    struct stage s;
    bounce_stage(&s);
    s.puppets[1].step = bounce_back;
    s.options.limits = (struct run_limits){.events = 7};
    run_ok(&s);
    assert_int_equal(s.result.end, RUN_END_EVENTS);
    assert_int_equal(s.result.delivered, 7);
    s.options.limits = (struct run_limits){.time_ns = 100};
    run_ok(&s);
    assert_int_equal(s.result.end, RUN_END_TIME);
    assert_int_equal(s.result.now.ns, 100);
    s.options.limits = (struct run_limits){.wall_ms = 1};
    run_ok(&s);
    assert_int_equal(s.result.end, RUN_END_WALL);
    assert_string_equal(run_end_name(s.result.end), "wall-clock limit");
    stage_fini(&s);
}

static int flood(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    for (int i = 0; i < 100; i++) {
        act_send(out, p->setup->id, bytes_str("0123456789"));
    }
    return 0;
}

static void test_a_full_queue_ends_the_run(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = flood;
    s.options.limits = (struct run_limits){.queue_events = 1000};
    run_ok(&s);
    assert_int_equal(s.result.end, RUN_END_QUEUE);
    assert_int_equal(s.result.delivered, 11);
    s.options.limits = (struct run_limits){.queue_bytes = 5000};
    run_ok(&s);
    assert_int_equal(s.result.end, RUN_END_QUEUE);
    assert_int_equal(s.result.delivered, 6);
    stage_fini(&s);
}

static void stop_at_fifth(void *ctx, struct sched *sc, uint32_t actor, const struct act_event *ev)
{
    int *n = ctx;
    (*n)++;
    if (*n == 5) {
        sched_stop(sc);
    }
}

static void test_an_observer_stops_the_run(void **state)
{
    int n = 0;
    struct stage s;
    bounce_stage(&s);
    s.puppets[1].step = bounce_back;
    s.options.observer = (struct run_observer){.ctx = &n, .on_deliver = stop_at_fifth};
    run_ok(&s);
    assert_int_equal(s.result.end, RUN_END_STOPPED);
    assert_int_equal(s.result.delivered, 5);
    stage_fini(&s);
}

static int bounce_five(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    return ev->now.ns < 50 ? bounce(p, ev, out) : 0;
}

static void test_lost_cut_and_duplicated_messages_are_counted(void **state)
{
    const struct run_link_rule rules[] = {{2, 1, {.delay_ns = 10, .duplicate_ppm = 1000000}},
                                          {1, 2, {.delay_ns = 10}}};
    const struct run_cut cuts[] = {{1, 2, {20}, {1000}}};
    struct stage s;
    stage_init(&s, 2);
    s.puppets[0].step = bounce_five;
    s.puppets[1].step = bounce_back;
    s.options.network = (struct run_network){rules, 2, cuts, 1};
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log), "a:start@0 b:start@0 b:1'ball'@10 a:2'ball'@20 "
                                          "a:2'ball'@20 ");
    assert_int_equal(s.result.n_links, 2);
    assert_int_equal(s.result.links[0].sent, 3);
    assert_int_equal(s.result.links[0].cut, 2);
    assert_int_equal(s.result.links[0].delivered, 1);
    assert_int_equal(s.result.links[1].sent, 1);
    assert_int_equal(s.result.links[1].duplicated, 1);
    assert_int_equal(s.result.links[1].delivered, 2);
    stage_fini(&s);
}

static int send_large(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    static const uint8_t large[100000];
    act_send(out, 1, bytes_of(large, sizeof(large)));
    return 0;
}

static int send_to_nobody(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    act_send(out, 9, bytes_str("x"));
    return 0;
}

static void test_a_message_to_nobody_or_over_the_limit_is_an_error(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = send_to_nobody;
    assert_int_equal(stage_run(&s), ERR_INVALID);
    assert_string_equal(buf_cstr(&s.why), "a sent a message to actor 9, which does not exist");
    s.puppets[0].log = NULL;
    s.puppets[0].step = send_large;
    s.options.limits.message_bytes = 99999;
    assert_int_equal(stage_run(&s), ERR_INVALID);
    assert_string_equal(buf_cstr(&s.why),
                        "a sent a message of 100000 bytes, more than the limit of 99999");
    stage_fini(&s);
}

static void refused(struct stage *s, const char *why)
{
    assert_int_equal(stage_run(s), ERR_INVALID);
    assert_string_equal(buf_cstr(&s->why), why);
    stage_fini(s);
}

static void test_clusters_and_options_that_make_no_sense_are_refused(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.cluster.n = 0;
    refused(&s, "a cluster has 1 to 1024 actors, not 0");
    stage_init(&s, 2);
    s.actors[1].name = "a";
    refused(&s, "two actors are called a");
    stage_init(&s, 1);
    s.actors[0].name = "../a";
    refused(&s, "actor 1 needs a name without '/' that does not start with '.'");
    stage_init(&s, 1);
    const struct run_script_item item = {.actor = 2};
    s.options.script = (struct run_script){&item, 1};
    refused(&s, "script item 0 names an actor that does not exist or a time before 0");
    stage_init(&s, 1);
    const struct run_script_item forged = {.actor = 1, .from = 2};
    s.options.script = (struct run_script){&forged, 1};
    refused(&s, "script item 0 comes from an actor that does not exist");
    stage_init(&s, 1);
    s.options.limits.message_bytes = RUN_MESSAGE_BYTES_MAX + 1;
    refused(&s, "a limit is out of range");
    stage_init(&s, 1);
    const struct run_cut cut = {.from = 5};
    s.options.network = (struct run_network){.cuts = &cut, .n_cuts = 1};
    refused(&s, "partition 0: input is not valid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_times_go_by_destination_source_and_sequence),
        cmocka_unit_test(test_timers_fire_once_are_replaced_and_cancelled),
        cmocka_unit_test(test_replaced_timers_do_not_pile_up),
        cmocka_unit_test(test_works_arrive_with_their_result_after_their_cost),
        cmocka_unit_test(test_script_and_observer_talk_to_the_actors),
        cmocka_unit_test(test_a_scripted_message_comes_from_whom_the_script_says),
        cmocka_unit_test(test_limits_end_the_run),
        cmocka_unit_test(test_a_full_queue_ends_the_run),
        cmocka_unit_test(test_an_observer_stops_the_run),
        cmocka_unit_test(test_lost_cut_and_duplicated_messages_are_counted),
        cmocka_unit_test(test_a_message_to_nobody_or_over_the_limit_is_an_error),
        cmocka_unit_test(test_clusters_and_options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
