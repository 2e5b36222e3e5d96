/* The network model: rates, independence of links, partitions. */
#include "common/runtime/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct run_cluster_actor actors[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
static const struct run_cluster cluster = {actors, 3};

static void make(struct net *net, uint64_t seed, const struct run_link_rule *rules, size_t n)
{
    struct run_network config = {.rules = rules, .n_rules = n};
    struct buf why = {0};
    assert_int_equal(net_init(net, &cluster, seed, &config, &why), 0);
}

static struct net_fate fate_of(struct net *net, uint32_t from, uint32_t to, int64_t now_ns)
{
    struct net_fate fate;
    assert_int_equal(net_send(net, from, to, (struct sim_time){now_ns}, &fate), 0);
    return fate;
}

static bool same_fate(const struct net_fate *a, const struct net_fate *b)
{
    return a->copies == b->copies && a->at[0].ns == b->at[0].ns && a->at[1].ns == b->at[1].ns;
}

static void test_without_rules_messages_arrive_at_once(void **state)
{
    struct net net;
    make(&net, 1, NULL, 0);
    struct net_fate fate = fate_of(&net, 1, 2, 500);
    assert_int_equal(fate.copies, 1);
    assert_int_equal(fate.at[0].ns, 500);
    net_fini(&net);
}

static void test_later_and_narrower_rules_win(void **state)
{
    const struct run_link_rule rules[] = {
        {0, 0, {.delay_ns = 10}}, {0, 2, {.delay_ns = 20}}, {3, 2, {.delay_ns = 30}}};
    struct net net;
    make(&net, 1, rules, 3);
    assert_int_equal(fate_of(&net, 2, 1, 0).at[0].ns, 10);
    assert_int_equal(fate_of(&net, 1, 2, 0).at[0].ns, 20);
    assert_int_equal(fate_of(&net, 3, 2, 0).at[0].ns, 30);
    net_fini(&net);
}

/* 20,000 messages: rates within five standard deviations, delays within their bounds and spread. */
static void test_rates_and_delays_are_as_configured(void **state)
{
    enum { N = 20000 };
    const struct run_link_rule rules[] = {
        {0, 0, {.delay_ns = 1000, .jitter_ns = 99, .loss_ppm = 100000, .duplicate_ppm = 50000}}};
    struct net net;
    make(&net, 42, rules, 1);
    int seen[100] = {0};
    for (int i = 0; i < N; i++) {
        struct net_fate fate = fate_of(&net, 1, 2, i);
        for (unsigned c = 0; c < fate.copies; c++) {
            int64_t delay = fate.at[c].ns - i;
            assert_in_range(delay, 1000, 1099);
            seen[delay - 1000]++;
        }
    }
    struct run_link_stats *stats = NULL;
    size_t n = 0;
    assert_int_equal(net_stats(&net, &stats, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(stats->sent, N);
    assert_in_range(stats->lost, 2000 - 215, 2000 + 215);
    assert_in_range(stats->duplicated, 900 - 150, 900 + 150);
    for (int i = 0; i < 100; i++) {
        assert_in_range(seen[i], 189 - 70, 189 + 70);
    }
    free(stats);
    net_fini(&net);
}

static void test_traffic_on_one_link_does_not_shift_another(void **state)
{
    const struct run_link_rule rules[] = {
        {0, 0, {.jitter_ns = 1000000, .loss_ppm = 200000, .duplicate_ppm = 200000}}};
    struct net quiet;
    struct net busy;
    make(&quiet, 5, rules, 1);
    make(&busy, 5, rules, 1);
    int differs = 0;
    for (int i = 0; i < 500; i++) {
        struct net_fate back = fate_of(&busy, 2, 1, i);
        (void)fate_of(&busy, 1, 3, i);
        struct net_fate a = fate_of(&quiet, 1, 2, i);
        struct net_fate b = fate_of(&busy, 1, 2, i);
        assert_true(same_fate(&a, &b));
        differs += !same_fate(&a, &back);
    }
    assert_true(differs > 400);
    net_fini(&quiet);
    net_fini(&busy);
}

static void test_a_changed_rate_does_not_shift_the_delays(void **state)
{
    const struct run_link_rule calm[] = {{0, 0, {.jitter_ns = 1000000}}};
    const struct run_link_rule rough[] = {
        {0, 0, {.jitter_ns = 1000000, .loss_ppm = 300000, .duplicate_ppm = 300000}}};
    struct net a;
    struct net b;
    make(&a, 5, calm, 1);
    make(&b, 5, rough, 1);
    int arrived = 0;
    for (int i = 0; i < 500; i++) {
        struct net_fate x = fate_of(&a, 1, 2, i);
        struct net_fate y = fate_of(&b, 1, 2, i);
        if (y.copies > 0) {
            assert_int_equal(x.at[0].ns, y.at[0].ns);
            arrived++;
        }
    }
    assert_in_range(arrived, 300, 400);
    net_fini(&a);
    net_fini(&b);
}

static void test_another_seed_gives_other_delays(void **state)
{
    const struct run_link_rule rules[] = {{0, 0, {.jitter_ns = 1000000}}};
    struct net a;
    struct net b;
    make(&a, 5, rules, 1);
    make(&b, 6, rules, 1);
    int equal = 0;
    for (int i = 0; i < 100; i++) {
        equal += fate_of(&a, 1, 2, 0).at[0].ns == fate_of(&b, 1, 2, 0).at[0].ns;
    }
    assert_true(equal < 5);
    net_fini(&a);
    net_fini(&b);
}

static void test_a_partition_cuts_one_direction_for_its_window_only(void **state)
{
    const struct run_link_rule rules[] = {{0, 0, {.jitter_ns = 1000}}};
    struct net net;
    struct net whole;
    make(&net, 5, rules, 1);
    make(&whole, 5, rules, 1);
    struct run_cut cut = {.from = 1, .to = 2, .begin = {100}, .end = {200}};
    assert_int_equal(net_cut(&net, &cut), 0);
    for (int64_t now = 0; now < 300; now += 50) {
        struct net_fate a = fate_of(&net, 1, 2, now);
        struct net_fate b = fate_of(&whole, 1, 2, now);
        if (now >= 100 && now < 200) {
            assert_int_equal(a.copies, 0);
        } else {
            assert_true(same_fate(&a, &b));
        }
        assert_int_equal(fate_of(&net, 2, 1, now).copies, 1);
    }
    struct run_link_stats *stats = NULL;
    size_t n = 0;
    assert_int_equal(net_stats(&net, &stats, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(stats[0].cut, 2);
    assert_int_equal(stats[0].lost, 0);
    assert_int_equal(stats[1].cut, 0);
    free(stats);
    struct run_cut all = {.begin = {0}, .end = SIM_TIME_MAX};
    assert_int_equal(net_cut(&net, &all), 0);
    assert_int_equal(fate_of(&net, 3, 1, 5).copies, 0);
    struct run_cut wrong = {.from = 4};
    assert_int_equal(net_cut(&net, &wrong), ERR_INVALID);
    net_fini(&net);
    net_fini(&whole);
}

static void test_rules_out_of_range_are_refused(void **state)
{
    const struct run_link_rule wrong[] = {
        {4, 0, {0}},
        {0, 4, {0}},
        {0, 0, {.delay_ns = -1}},
        {0, 0, {.jitter_ns = -1}},
        {0, 0, {.jitter_ns = INT64_MAX}},
        {0, 0, {.loss_ppm = 1000001}},
        {0, 0, {.duplicate_ppm = 1000001}},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct run_network config = {.rules = &wrong[i], .n_rules = 1};
        struct net net;
        struct buf why = {0};
        assert_int_equal(net_init(&net, &cluster, 1, &config, &why), ERR_INVALID);
        assert_true(why.len > 0);
        buf_fini(&why);
    }
}

static void test_a_delay_without_end_saturates(void **state)
{
    const struct run_link_rule rules[] = {{0, 0, {.delay_ns = INT64_MAX}}};
    struct net net;
    make(&net, 5, rules, 1);
    assert_int_equal(fate_of(&net, 1, 2, 1000).at[0].ns, INT64_MAX);
    net_fini(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_rules_messages_arrive_at_once),
        cmocka_unit_test(test_later_and_narrower_rules_win),
        cmocka_unit_test(test_rates_and_delays_are_as_configured),
        cmocka_unit_test(test_traffic_on_one_link_does_not_shift_another),
        cmocka_unit_test(test_a_changed_rate_does_not_shift_the_delays),
        cmocka_unit_test(test_another_seed_gives_other_delays),
        cmocka_unit_test(test_a_partition_cuts_one_direction_for_its_window_only),
        cmocka_unit_test(test_rules_out_of_range_are_refused),
        cmocka_unit_test(test_a_delay_without_end_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
