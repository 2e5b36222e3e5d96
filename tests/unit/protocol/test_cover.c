/* Cover of a leg from the proposal blocks of a slot. */
#include "common/base/cleanup.h"
#include "common/protocol/pro_cover.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A bundle that bridges from rollup 1 to rollup 2, and the two blocks it is in. */
struct slot {
    struct led_op ops[2];
    struct led_tx txs[2];
    struct buf bytes[2];
    struct pro_entry entries[2];
    struct pro_block blocks[2];
    const struct pro_block *list[2];
};

static void encode(struct slot *s, uint32_t leg)
{
    buf_clear(&s->bytes[leg]);
    led_tx_encode(&s->txs[leg], &s->bytes[leg]);
    assert_int_equal(s->bytes[leg].err, 0);
    s->entries[leg].tx = buf_view(&s->bytes[leg]);
}

static void make(struct slot *s)
{
    *s = (struct slot){0};
    for (uint32_t leg = 0; leg < 2; leg++) {
        struct led_bridge g = {.rollup = 2 - leg, .amount = 5, .pair = {1 - leg, 0}};
        assert_int_equal(led_name_set(&g.asset, "ETH"), 0);
        s->ops[leg] =
            (struct led_op){.kind = leg == 0 ? LED_OP_BRIDGE_OUT : LED_OP_BRIDGE_IN, .bridge = g};
        s->txs[leg] = (struct led_tx){
            .rollup = 1 + leg, .leg = leg, .n_legs = 2, .ops = &s->ops[leg], .n_ops = 1};
        s->entries[leg] = (struct pro_entry){.leg = leg, .n_legs = 2, .bundle_id = {{9}}};
        encode(s, leg);
        s->blocks[leg] =
            (struct pro_block){.rollup = 1 + leg, .count = 1, .entries = &s->entries[leg]};
        s->list[leg] = &s->blocks[leg];
    }
}

static void slot_fini(struct slot *s)
{
    buf_fini(&s->bytes[0]);
    buf_fini(&s->bytes[1]);
}

static uint32_t cover(const struct slot *s, uint32_t leg)
{
    uint32_t op = 77;
    assert_int_equal(pro_cover_of(s->list, 2, &s->entries[leg], &s->txs[leg], &op), 0);
    return op;
}

static void test_legs_of_other_blocks_cover(void **state)
{
    CLEANUP(slot_fini) struct slot s;
    make(&s);
    assert_true(cover(&s, 0) == LED_NO_OP);
    assert_true(cover(&s, 1) == LED_NO_OP);
    uint32_t op = 77;
    assert_int_equal(pro_cover_of(NULL, 0, &s.entries[1], &s.txs[1], &op), 0);
    assert_int_equal(op, 0);
}

static void test_what_is_not_the_bundle_s_transaction_covers_nothing(void **state)
{
    CLEANUP(slot_fini) struct slot s;
    make(&s);
    s.entries[0].kind = PRO_ENTRY_BOGUS; /* a label that no commitment holds */
    assert_true(cover(&s, 1) == LED_NO_OP);
    s.entries[0].kind = PRO_ENTRY_EXCLUDED;
    assert_int_equal(cover(&s, 1), 0);
    s.entries[0].kind = PRO_ENTRY_TX;
    s.entries[0].bundle_id.b[0] = 8;
    assert_int_equal(cover(&s, 1), 0);
    s.entries[0].bundle_id.b[0] = 9;
    s.entries[0].leg = 7;
    assert_int_equal(cover(&s, 1), 0);
    s.entries[0].leg = 0;
    s.entries[0].tx.len--;
    assert_int_equal(cover(&s, 1), 0);
    s.entries[0].tx.len++;
    s.blocks[0].rollup = 3; /* a transaction of another rollup than the block's */
    assert_int_equal(cover(&s, 1), 0);
    s.blocks[0].rollup = 1;
    assert_true(cover(&s, 1) == LED_NO_OP);
}

static void test_legs_without_pairs_need_no_blocks(void **state)
{
    CLEANUP(slot_fini) struct slot s;
    make(&s);
    s.ops[1] = (struct led_op){.kind = LED_OP_FAIL};
    uint32_t op = 77;
    assert_int_equal(pro_cover_of(NULL, 0, &s.entries[1], &s.txs[1], &op), 0);
    assert_true(op == LED_NO_OP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_legs_of_other_blocks_cover),
        cmocka_unit_test(test_what_is_not_the_bundle_s_transaction_covers_nothing),
        cmocka_unit_test(test_legs_without_pairs_need_no_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
