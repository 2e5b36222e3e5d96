/* Lives of an actor: crashes, restarts, failures, and what a lost disk means. */
#include "tests/unit/runtime/puppet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct sim_time at(int64_t ns)
{
    return (struct sim_time){ns};
}

static void run_ok(struct stage *s)
{
    int rc = stage_run(s);
    if (rc != 0) {
        fail_msg("%s", buf_cstr(&s->why));
    }
}

/* Counts its lives on disk and says at start how many there were; ticks every 10 ns to 100. */
static int count_lives(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    struct act_store *disk = p->setup->store;
    if (ev->kind == ACT_START) {
        struct buf lives = {0};
        int rc = disk->ops->get(disk, bytes_str("lives"), &lives);
        CHECK(rc == 0 || rc == ERR_NOTFOUND);
        buf_append_u8(&lives, '|');
        act_record(out, buf_view(&lives));
        rc = disk->ops->put(disk, bytes_str("lives"), buf_view(&lives));
        buf_fini(&lives);
        act_work(out, 1, 1, bytes_str("w"), 35);
        act_arm(out, 1, at(ev->now.ns + 10));
        return rc;
    }
    if (ev->kind == ACT_TIMER && ev->now.ns < 100) {
        act_arm(out, 1, at(ev->now.ns + 10));
    }
    return 0;
}

static void note_record(void *ctx, struct sched *sc, struct sim_time now, uint32_t actor,
                        struct bytes record)
{
    buf_printf(ctx, "%.*s ", (int)record.len, (const char *)record.data);
}

static void note_life(void *ctx, struct sched *sc, struct sim_time now, uint32_t actor,
                      enum run_life what, int rc)
{
    static const char *const names[] = {"crashed", "restarted", "failed"};
    buf_printf(ctx, "%s@%" PRId64 "(%s) ", names[what], now.ns, err_name(rc));
}

static void test_a_crash_forgets_timers_and_works_but_not_the_disk(void **state)
{
    const struct run_script_item items[] = {
        {.kind = RUN_SCRIPT_CRASH, .at = {25}, .actor = 1},
        {.kind = RUN_SCRIPT_MESSAGE, .at = {26}, .actor = 1},
        {.kind = RUN_SCRIPT_RESTART, .at = {65}, .actor = 1, .keep_disk = true},
        {.kind = RUN_SCRIPT_RESTART, .at = {90}, .actor = 1, .keep_disk = false},
    };
    struct buf seen = {0};
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = count_lives;
    s.options.script = (struct run_script){items, 4};
    s.options.observer =
        (struct run_observer){.ctx = &seen, .on_record = note_record, .on_life = note_life};
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log),
                        "a:start@0 a:timer1@10 a:timer1@20 a:start@65 a:timer1@75 a:timer1@85 "
                        "a:start@90 a:timer1@100 a:work1(0)'w'@125 ");
    assert_string_equal(buf_cstr(&seen), "| crashed@25(OK) restarted@65(OK) || crashed@90(OK) "
                                         "restarted@90(OK) | ");
    assert_int_equal(s.result.actors[0].dropped, 1);
    assert_int_equal(s.result.actors[0].lives, 3);
    assert_true(s.result.actors[0].up);
    buf_fini(&seen);
    stage_fini(&s);
}

static int write_until_full(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    struct act_store *disk = p->setup->store;
    uint64_t key = (uint64_t)ev->now.ns;
    act_send(out, ACT_HOST, bytes_str("must not leave unless durable"));
    act_record(out, bytes_str("writing"));
    act_arm(out, 1, at(ev->now.ns + 10));
    return disk->ops->put(disk, bytes_of(&key, sizeof(key)), bytes_str("12345678"));
}

static void count_host(void *ctx, struct sched *sc, struct sim_time now, uint32_t actor,
                       struct bytes body)
{
    buf_printf(ctx, "host ");
}

static void test_a_full_disk_ends_the_life_and_holds_back_its_sends(void **state)
{
    struct buf seen = {0};
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = write_until_full;
    s.actors[0].disk_bytes = 32;
    s.options.observer = (struct run_observer){
        .ctx = &seen, .on_record = note_record, .on_life = note_life, .on_host = count_host};
    run_ok(&s);
    assert_string_equal(buf_cstr(&seen), "host writing host writing writing failed@20(ERR_FULL) ");
    assert_int_equal(s.result.end, RUN_END_IDLE);
    assert_int_equal(s.result.actors[0].failed_rc, ERR_FULL);
    assert_false(s.result.actors[0].up);
    buf_fini(&seen);
    stage_fini(&s);
}

static int send_too_much(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    static const uint8_t kilo[1000];
    for (int i = 0; i < 11; i++) {
        act_send(out, ACT_HOST, bytes_str("."));
        act_record(out, bytes_of(kilo, sizeof(kilo)));
    }
    return 0;
}

static void test_a_step_over_its_limit_ends_the_life(void **state)
{
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = send_too_much;
    s.options.limits.step_bytes = 11010;
    run_ok(&s);
    assert_int_equal(s.result.actors[0].failed_rc, ERR_TOOBIG);
    assert_int_equal(s.result.actors[0].records, 0);
    s.options.limits.step_bytes = 11011;
    run_ok(&s);
    assert_int_equal(s.result.actors[0].failed_rc, 0);
    assert_int_equal(s.result.actors[0].records, 11);
    stage_fini(&s);
}

static int sign_then_send(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    if (ev->kind == ACT_MESSAGE && ev->from == ACT_HOST) {
        struct act_store *disk = p->setup->store;
        int rc = disk->ops->put(disk, bytes_str("signed"), bytes_str("yes"));
        act_send(out, 2, bytes_str("before"));
        act_record(out, bytes_str("signed"));
        act_send(out, 2, bytes_str("after"));
        return rc;
    }
    struct buf held = {0};
    if (ev->kind == ACT_START &&
        p->setup->store->ops->get(p->setup->store, bytes_str("signed"), &held) == 0) {
        act_send(out, 2, bytes_str("recovered"));
    }
    buf_fini(&held);
    return 0;
}

static void crash_on_record(void *ctx, struct sched *sc, struct sim_time now, uint32_t actor,
                            struct bytes record)
{
    sched_crash(sc, actor);
    sched_crash(sc, actor);
    sched_crash(sc, 99);
    sched_restart(sc, actor, at(now.ns + 5), true);
}

static void test_a_crash_between_the_effects_of_a_step_loses_the_later_ones(void **state)
{
    const struct run_script_item item = {.at = {10}, .actor = 1};
    struct stage s;
    stage_init(&s, 2);
    s.puppets[0].step = sign_then_send;
    s.options.script = (struct run_script){&item, 1};
    s.options.observer = (struct run_observer){.on_record = crash_on_record};
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log), "a:start@0 b:start@0 a:0''@10 b:1'before'@10 "
                                          "a:start@15 b:1'recovered'@15 ");
    assert_int_equal(s.result.actors[0].lives, 2);
    stage_fini(&s);
}

static void cut_on_deliver(void *ctx, struct sched *sc, uint32_t actor, const struct act_event *ev)
{
    const struct run_cut cut = {.from = 1, .to = 2, .begin = sched_now(sc), .end = SIM_TIME_MAX};
    if (ev->now.ns == 10) {
        sched_cut(sc, &cut);
    }
}

static void test_an_observer_cuts_a_link(void **state)
{
    const struct run_script_item item = {.at = {10}, .actor = 1};
    struct stage s;
    stage_init(&s, 2);
    s.puppets[0].step = sign_then_send;
    s.options.script = (struct run_script){&item, 1};
    s.options.observer = (struct run_observer){.on_deliver = cut_on_deliver};
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log), "a:start@0 b:start@0 a:0''@10 ");
    assert_int_equal(s.result.links[0].cut, 2);
    stage_fini(&s);
}

static void test_an_actor_that_cannot_be_created_is_named(void **state)
{
    struct stage s;
    stage_init(&s, 2);
    s.puppets[1].fail_create = ERR_INVALID;
    assert_int_equal(stage_run(&s), ERR_INVALID);
    assert_string_equal(buf_cstr(&s.why), "b could not start: the puppet does not want to");
    stage_fini(&s);
}

static int loaded;

static int load(const char *path, const void **out, struct buf *why)
{
    if (strcmp(path, "table") != 0) {
        buf_printf(why, "no such table");
        return ERR_NOTFOUND;
    }
    loaded++;
    *out = &loaded;
    return 0;
}

static void unload(const void **resources)
{
    loaded--;
    *resources = NULL;
}

static int look_at_resources(struct puppet *p, const struct act_event *ev, struct act_effects *out)
{
    buf_printf(p->log, "%d ", p->setup->resources == &loaded && loaded == 1);
    return 0;
}

static void test_resources_are_loaded_once_and_released(void **state)
{
    const struct run_resources_ops ops = {load, unload};
    struct stage s;
    stage_init(&s, 2);
    s.puppets[1].step = look_at_resources;
    s.options.resources = &ops;
    s.options.resources_path = "table";
    run_ok(&s);
    assert_string_equal(buf_cstr(&s.log), "a:start@0 b:start@0 1 ");
    assert_int_equal(loaded, 0);
    s.options.resources_path = "chair";
    assert_int_equal(stage_run(&s), ERR_NOTFOUND);
    assert_string_equal(buf_cstr(&s.why), "no such table");
    stage_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crash_forgets_timers_and_works_but_not_the_disk),
        cmocka_unit_test(test_a_full_disk_ends_the_life_and_holds_back_its_sends),
        cmocka_unit_test(test_a_step_over_its_limit_ends_the_life),
        cmocka_unit_test(test_a_crash_between_the_effects_of_a_step_loses_the_later_ones),
        cmocka_unit_test(test_an_observer_cuts_a_link),
        cmocka_unit_test(test_an_actor_that_cannot_be_created_is_named),
        cmocka_unit_test(test_resources_are_loaded_once_and_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
