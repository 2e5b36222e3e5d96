/* The engine through the in-process host: order, timers, works, network, limits, fingerprint. */
#include "common/base/wire.h"
#include "common/crypto/hash.h"
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

/* What the fingerprint must notice: each case changes one thing about the run of the first. */
static int variant;

static int vary(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_START && p->setup->id == 1) {
        act_send(out, 2, bytes_str(variant == 1 ? "bodY" : "body"));
        if (variant == 2) {
            act_send(out, 2, bytes_str("body"));
        }
        act_arm(out, variant == 3 ? 6 : 5, at(variant == 4 ? 101 : 100));
        act_work(out, 1, variant == 5 ? 2 : 1, bytes_str(variant == 6 ? "yz" : "zy"), 10);
        act_record(out, bytes_str(variant == 7 ? "t" : "r"));
        act_reject(out, variant == 8 ? 3 : 2, variant == 9 ? ACT_REJECT_LIMIT : ACT_REJECT_STALE,
                   variant == 10 ? "x" : "y");
        act_send(out, ACT_HOST, bytes_str(variant == 11 ? "h" : "g"));
    }
    return variant == 12 && ev->kind == ACT_TIMER ? ERR_IO : 0;
}

static void test_the_fingerprint_notices_every_difference(void **state)
{
    enum { VARIANTS = 13 };
    struct hash32 prints[VARIANTS];
    struct stage s;
    stage_init(&s, 2);
    s.puppets[0].step = vary;
    for (variant = 0; variant < VARIANTS; variant++) {
        prints[variant] = run_ok(&s);
        struct hash32 again = run_ok(&s);
        assert_true(hash32_equal(&again, &prints[variant]));
        for (int other = 0; other < variant; other++) {
            assert_false(hash32_equal(&prints[other], &prints[variant]));
        }
    }
    stage_fini(&s);
}

static int say_a_little(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_START) {
        act_record(out, bytes_str("rec"));
        act_work(out, 77, 1, bytes_str("ba"), 5);
    } else {
        act_send(out, ACT_HOST, bytes_str("host"));
        act_reject(out, 3, ACT_REJECT_STALE, "old");
    }
    return 0;
}

static void expect_event(struct buf *b, uint64_t at_ns, uint32_t from, uint64_t seq,
                         enum act_event_kind kind, uint64_t id, uint32_t work_kind)
{
    wr_u8(b, 'E');
    wr_u64(b, at_ns);
    wr_u32(b, 1);
    wr_u32(b, from);
    wr_u64(b, seq);
    wr_u8(b, (uint8_t)kind);
    wr_u64(b, id);
    wr_u32(b, work_kind);
    wr_u32(b, 0);
}

static void test_the_fingerprint_is_the_hash_of_the_documented_records(void **state)
{
    const struct run_script_item items[] = {
        {.at = {2}, .actor = 1, .body = {(const uint8_t *)"hi", 2}},
        {.kind = RUN_SCRIPT_CRASH, .at = {9}, .actor = 1},
    };
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = say_a_little;
    s.options.script = (struct run_script){items, 2};
    struct hash32 got = run_ok(&s);
    struct buf b = {0};
    struct hash32 result;
    expect_event(&b, 0, 0, 0, ACT_START, 0, 0);
    wr_var(&b, bytes_str(""));
    wr_u8(&b, 'T');
    wr_var(&b, bytes_str("rec"));
    expect_event(&b, 2, 0, 1, ACT_MESSAGE, 0, 0);
    wr_var(&b, bytes_str("hi"));
    for (int i = 0; i < 2; i++) {
        wr_u8(&b, 'H');
        wr_var(&b, bytes_str("host"));
        wr_u8(&b, 'R');
        wr_u32(&b, 3);
        wr_u32(&b, ACT_REJECT_STALE);
        wr_var(&b, bytes_str("old"));
        if (i == 0) {
            expect_event(&b, 5, 1, 0, ACT_WORK_DONE, 77, 1);
            wr_u32(&b, 2);
            hash_sha256(bytes_str("ab"), &result);
            wr_fixed(&b, result.b, sizeof(result.b));
        }
    }
    wr_u8(&b, 'L');
    wr_u64(&b, 9);
    wr_u32(&b, 1);
    wr_u8(&b, RUN_LIFE_CRASHED);
    wr_u32(&b, 0);
    struct hash32 expected;
    hash_sha256(buf_view(&b), &expected);
    assert_memory_equal(got.b, expected.b, sizeof(got.b));
    buf_fini(&b);
    stage_fini(&s);
}

static int send_large(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    static uint8_t large[100000];
    large[99999] = (uint8_t)variant;
    if (ev->kind == ACT_START) {
        act_send(out, 1, bytes_of(large, sizeof(large)));
    }
    return 0;
}

static void test_the_fingerprint_covers_large_bodies_to_their_end(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].log = NULL;
    s.puppets[0].step = send_large;
    variant = 0;
    struct hash32 a = run_ok(&s);
    variant = 1;
    struct hash32 b = run_ok(&s);
    assert_false(hash32_equal(&a, &b));
    stage_fini(&s);
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
        cmocka_unit_test(test_limits_end_the_run),
        cmocka_unit_test(test_a_full_queue_ends_the_run),
        cmocka_unit_test(test_an_observer_stops_the_run),
        cmocka_unit_test(test_lost_cut_and_duplicated_messages_are_counted),
        cmocka_unit_test(test_the_fingerprint_notices_every_difference),
        cmocka_unit_test(test_the_fingerprint_is_the_hash_of_the_documented_records),
        cmocka_unit_test(test_the_fingerprint_covers_large_bodies_to_their_end),
        cmocka_unit_test(test_a_message_to_nobody_or_over_the_limit_is_an_error),
        cmocka_unit_test(test_clusters_and_options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
