/* The fingerprint: what it is the hash of, and that it notices every difference. */
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
        {.at = {3}, .actor = 1, .from = 1, .body = {(const uint8_t *)"me", 2}},
        {.kind = RUN_SCRIPT_CRASH, .at = {9}, .actor = 1},
    };
    struct stage s;
    stage_init(&s, 1);
    s.puppets[0].step = say_a_little;
    s.options.script = (struct run_script){items, 3};
    struct hash32 got = run_ok(&s);
    struct buf b = {0};
    struct hash32 result;
    expect_event(&b, 0, 0, 0, ACT_START, 0, 0);
    wr_var(&b, bytes_str(""));
    wr_u8(&b, 'T');
    wr_var(&b, bytes_str("rec"));
    expect_event(&b, 2, 0, 1, ACT_MESSAGE, 0, 0);
    wr_var(&b, bytes_str("hi"));
    for (int i = 0; i < 3; i++) {
        wr_u8(&b, 'H');
        wr_var(&b, bytes_str("host"));
        wr_u8(&b, 'R');
        wr_u32(&b, 3);
        wr_u32(&b, ACT_REJECT_STALE);
        wr_var(&b, bytes_str("old"));
        if (i == 0) {
            /* Number 0 of actor 1: the script comes before the run. */
            expect_event(&b, 3, 1, 0, ACT_MESSAGE, 0, 0);
            wr_var(&b, bytes_str("me"));
        } else if (i == 1) {
            expect_event(&b, 5, 1, 1, ACT_WORK_DONE, 77, 1);
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

static void test_the_fingerprint_covers_whom_a_scripted_message_comes_from(void **state)
{
    struct run_script_item item = {.at = {10}, .actor = 2, .body = {(const uint8_t *)"x", 1}};
    struct hash32 prints[4];
    struct stage s;
    stage_init(&s, 3);
    s.options.script = (struct run_script){&item, 1};
    for (uint32_t from = 0; from < 4; from++) {
        item.from = from;
        prints[from] = run_ok(&s);
        for (uint32_t other = 0; other < from; other++) {
            assert_false(hash32_equal(&prints[other], &prints[from]));
        }
    }
    stage_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fingerprint_covers_whom_a_scripted_message_comes_from),
        cmocka_unit_test(test_the_fingerprint_notices_every_difference),
        cmocka_unit_test(test_the_fingerprint_is_the_hash_of_the_documented_records),
        cmocka_unit_test(test_the_fingerprint_covers_large_bodies_to_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
