/* Effects, payloads, the store in memory. */
#include "common/actor/act.h"
#include "common/actor/store_mem.h"
#include "common/base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_effects_keep_order_and_copy_their_bytes(void **state)
{
    struct act_effects out = {0};
    char text[] = "abc";
    act_send(&out, 3, bytes_str(text));
    act_arm(&out, 7, (struct sim_time){42});
    act_cancel(&out, 8);
    act_work(&out, 9, 2, bytes_str(text), 1000);
    act_record(&out, bytes_str(text));
    text[0] = 'x';
    assert_int_equal(out.err, 0);
    assert_int_equal(out.n, 5);
    assert_int_equal(out.items[0].kind, ACT_SEND);
    assert_int_equal(out.items[0].peer, 3);
    assert_true(bytes_equal(out.items[0].body->view, bytes_str("abc")));
    assert_int_equal(out.items[1].kind, ACT_ARM);
    assert_int_equal(out.items[1].id, 7);
    assert_int_equal(out.items[1].at.ns, 42);
    assert_int_equal(out.items[2].kind, ACT_CANCEL);
    assert_int_equal(out.items[3].kind, ACT_WORK);
    assert_int_equal(out.items[3].work_kind, 2);
    assert_int_equal(out.items[3].cost_ns, 1000);
    assert_int_equal(out.items[4].kind, ACT_RECORD);
    act_effects_clear(&out);
    assert_int_equal(out.n, 0);
    act_effects_fini(&out);
}

static void test_the_limit_on_effects_sticks(void **state)
{
    struct act_effects out = {.limit = 2};
    act_cancel(&out, 1);
    act_cancel(&out, 2);
    act_send(&out, 1, bytes_str("dropped"));
    assert_int_equal(out.err, ERR_TOOBIG);
    act_cancel(&out, 3);
    assert_int_equal(out.n, 2);
    act_effects_clear(&out);
    assert_int_equal(out.err, 0);
    act_cancel(&out, 4);
    assert_int_equal(out.n, 1);
    act_effects_fini(&out);
}

static void test_a_shared_payload_lives_until_its_last_reference(void **state)
{
    struct act_payload *p = act_payload_new(bytes_str("shared"));
    struct act_effects out = {0};
    act_send_payload(&out, 1, p);
    act_send_payload(&out, 2, p);
    assert_int_equal(p->refs, 3);
    act_payload_unref(&p);
    assert_null(p);
    assert_true(bytes_equal(out.items[1].body->view, bytes_str("shared")));
    assert_ptr_equal(out.items[0].body, out.items[1].body);
    act_effects_fini(&out);
    act_payload_unref(&p);
}

static void test_an_empty_payload_is_a_payload(void **state)
{
    struct act_effects out = {0};
    act_send(&out, 1, (struct bytes){0});
    assert_non_null(out.items[0].body);
    assert_int_equal(out.items[0].body->view.len, 0);
    act_effects_fini(&out);
}

static void test_reject_details_are_formatted_and_cut_off(void **state)
{
    struct act_effects out = {0};
    act_reject(&out, 4, ACT_REJECT_STALE, "slot %d", 9);
    assert_int_equal(out.items[0].peer, 4);
    assert_int_equal(out.items[0].reason, ACT_REJECT_STALE);
    assert_true(bytes_equal(out.items[0].body->view, bytes_str("slot 9")));
    char longer[2000];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    act_reject(&out, 4, ACT_REJECT_CONTENT, "%s", longer);
    assert_int_equal(out.err, 0);
    assert_int_equal(out.items[1].body->view.len, 255);
    act_effects_fini(&out);
}

static void test_every_reject_reason_has_a_name(void **state)
{
    assert_string_equal(act_reject_name(ACT_REJECT_OVERSIZED), "oversized");
    assert_string_equal(act_reject_name(ACT_REJECT_UNKNOWN_PEER), "unknown_peer");
    assert_string_equal(act_reject_name(ACT_REJECT_REASONS), "unknown");
    for (int a = 0; a < (int)ACT_REJECT_REASONS; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(act_reject_name((enum act_reject_reason)a),
                                    act_reject_name((enum act_reject_reason)b));
        }
    }
}

static int collect(void *ctx, struct bytes key, struct bytes value)
{
    struct buf *b = ctx;
    buf_append_bytes(b, key);
    buf_append_u8(b, '=');
    buf_append_bytes(b, value);
    buf_append_u8(b, ';');
    return 0;
}

static int stop_at_second(void *ctx, struct bytes key, struct bytes value)
{
    int *seen = ctx;
    (*seen)++;
    return *seen == 2 ? 77 : 0;
}

static int put(struct store_mem *m, const char *key, const char *value)
{
    return m->store.ops->put(&m->store, bytes_str(key), bytes_str(value));
}

static void test_store_scans_a_prefix_in_byte_order(void **state)
{
    struct store_mem m;
    store_mem_init(&m, 0);
    assert_int_equal(put(&m, "b2", "two"), 0);
    assert_int_equal(put(&m, "a", "x"), 0);
    assert_int_equal(put(&m, "b10", "ten"), 0);
    assert_int_equal(put(&m, "c", "y"), 0);
    assert_int_equal(put(&m, "b", ""), 0);
    struct buf out = {0};
    assert_int_equal(m.store.ops->scan(&m.store, bytes_str("b"), collect, &out), 0);
    assert_string_equal(buf_cstr(&out), "b=;b10=ten;b2=two;");
    buf_clear(&out);
    assert_int_equal(m.store.ops->scan(&m.store, bytes_str(""), collect, &out), 0);
    assert_string_equal(buf_cstr(&out), "a=x;b=;b10=ten;b2=two;c=y;");
    int seen = 0;
    assert_int_equal(m.store.ops->scan(&m.store, bytes_str(""), stop_at_second, &seen), 77);
    assert_int_equal(seen, 2);
    buf_fini(&out);
    store_mem_fini(&m);
}

static void test_store_full_refuses_and_changes_nothing(void **state)
{
    struct store_mem m;
    store_mem_init(&m, 10);
    assert_int_equal(put(&m, "key", "1234567"), 0);
    assert_int_equal(put(&m, "k", ""), ERR_FULL);
    assert_int_equal(put(&m, "key", "12345678"), ERR_FULL);
    assert_int_equal(put(&m, "key", "12"), 0);
    assert_int_equal(put(&m, "k", "1234"), 0);
    assert_int_equal(m.used_bytes, 10);
    struct buf out = {0};
    assert_int_equal(m.store.ops->get(&m.store, bytes_str("key"), &out), 0);
    assert_string_equal(buf_cstr(&out), "12");
    assert_int_equal(m.store.ops->del(&m.store, bytes_str("key")), 0);
    assert_int_equal(m.store.ops->del(&m.store, bytes_str("key")), 0);
    assert_int_equal(m.used_bytes, 5);
    assert_int_equal(m.store.ops->get(&m.store, bytes_str("key"), &out), ERR_NOTFOUND);
    store_mem_wipe(&m);
    assert_int_equal(m.used_bytes, 0);
    assert_int_equal(m.store.ops->get(&m.store, bytes_str("k"), &out), ERR_NOTFOUND);
    buf_fini(&out);
    store_mem_fini(&m);
}

/* Against a flat table: key i of 64, empty value means absent. */
static void test_store_agrees_with_a_naive_model(void **state)
{
    struct store_mem m;
    store_mem_init(&m, 0);
    uint64_t model[64] = {0};
    struct prng p;
    prng_init(&p, 1, "store model");
    for (int i = 0; i < 5000; i++) {
        uint8_t key = (uint8_t)prng_below(&p, 64);
        uint64_t value = prng_next(&p) | 1;
        struct bytes k = bytes_of(&key, 1);
        if (prng_chance_ppm(&p, 600000)) {
            assert_int_equal(m.store.ops->put(&m.store, k, bytes_of(&value, sizeof(value))), 0);
            model[key] = value;
        } else {
            assert_int_equal(m.store.ops->del(&m.store, k), 0);
            model[key] = 0;
        }
        uint8_t asked = (uint8_t)prng_below(&p, 64);
        struct buf out = {0};
        int rc = m.store.ops->get(&m.store, bytes_of(&asked, 1), &out);
        assert_int_equal(rc, model[asked] == 0 ? ERR_NOTFOUND : 0);
        if (rc == 0) {
            assert_memory_equal(out.data, &model[asked], sizeof(uint64_t));
        }
        buf_fini(&out);
    }
    store_mem_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effects_keep_order_and_copy_their_bytes),
        cmocka_unit_test(test_the_limit_on_effects_sticks),
        cmocka_unit_test(test_a_shared_payload_lives_until_its_last_reference),
        cmocka_unit_test(test_an_empty_payload_is_a_payload),
        cmocka_unit_test(test_reject_details_are_formatted_and_cut_off),
        cmocka_unit_test(test_every_reject_reason_has_a_name),
        cmocka_unit_test(test_store_scans_a_prefix_in_byte_order),
        cmocka_unit_test(test_store_full_refuses_and_changes_nothing),
        cmocka_unit_test(test_store_agrees_with_a_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
