/* Convictions by commitments and exclusions: the variants, and what is no breach. */
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

/* ---- Commitments ---- */

static void test_final_blocks_are_one_whatever_their_round(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_TWO_BLOCKS);
    struct slot_block *b = &x.s->chains[B].final;
    struct slot_block *of_a = &x.s->chains[A].second;
    x.e.artifact = buf_view(&b->signed_header);
    x.e.other = buf_view(&x.s->chains[B].proposal.signed_header);
    assert_convicts_nobody(&x, "the headers are for different places");
    buf_append_bytes(&x.kept, buf_view(&b->signed_header));
    x.e.artifact = buf_view(&x.kept);
    b->header.round = 1;
    slot_sign_header(x.s, b);
    x.e.other = buf_view(&b->signed_header);
    assert_convicts(&x, "it signed two finalized blocks for rollup 20, slot 42, round 0");
    /* a second proposal is not the first one's twin */
    x.e.artifact = buf_view(&of_a->signed_header);
    x.e.other = buf_view(&x.s->chains[A].proposal.signed_header);
    assert_convicts_nobody(&x, "the headers are for different places");
    exhibit_fini(&x);
}

static void test_a_sealed_order_may_not_end_before_a_promise(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_ORDER_BREAKS_PROMISE);
    struct slot_chain *c = &x.s->chains[A];
    c->order.count = 3;
    slot_sign_order(x.s, A);
    x.e.artifact = buf_view(&c->signed_order);
    exhibit_promise(x.s, 3, 1, &x.e.promise);
    assert_convicts(&x, "it sealed 3 positions of rollup 10 and had promised position 3");
    x.e.opening.y.b[31] = 1;
    assert_convicts_nobody(&x, "an opening beyond the end");
    x.e.opening.y.b[31] = 0;
    x.e.opening.proof.b[0] = 0xc0;
    assert_convicts_nobody(&x, "an opening beyond the end");
    exhibit_fini(&x);
}

static void test_a_block_may_not_end_before_a_promise(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    struct slot_block *b = &x.s->chains[A].proposal;
    b->block.count = 3;
    slot_pack(x.s, b);
    x.e.artifact = buf_view(&b->signed_header);
    exhibit_promise(x.s, 3, 1, &x.e.promise);
    assert_convicts(&x, "its block of rollup 10 has 3 positions and it had promised position 3");
    x.e.preimage = bytes_str("x");
    assert_convicts_nobody(&x, "a preimage of nothing");
    x.e.preimage.len = 0;
    x.e.opening.proof.b[47] = 1;
    assert_convicts_nobody(&x, "an opening beyond the end");
    b->block.count = 4;
    exhibit_fini(&x);
}

/* The header counts four, the commitment is to three. */
static void test_a_block_may_not_be_empty_where_it_was_promised(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    struct slot_block *b = &x.s->chains[A].proposal;
    b->block.count = 3;
    slot_pack(x.s, b);
    b->header.count = 4;
    slot_sign_header(x.s, b);
    x.e.artifact = buf_view(&b->signed_header);
    exhibit_promise(x.s, 3, 1, &x.e.promise);
    struct vc_entry leaves[3];
    for (uint32_t i = 0; i < 3; i++) {
        leaves[i].index = i;
        pro_entry_leaf(&b->block.entries[i], &leaves[i].leaf);
    }
    assert_int_equal(vc_open(world->vc, leaves, 3, 3, &x.e.opening.proof, &x.e.opening.y), 0);
    assert_true(hash32_is_zero(&x.e.opening.y));
    assert_convicts(&x, "its block of rollup 10 is empty at position 3, which it had promised");
    x.e.preimage = bytes_str("x");
    assert_convicts_nobody(&x, "a preimage of nothing");
    b->block.count = 4;
    exhibit_fini(&x);
}

static void test_a_proposal_may_not_exclude_what_it_promised(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    struct slot_block *b = &x.s->chains[A].proposal;
    slot_exclude(b, 1, (struct pro_place){10, 1, 0});
    slot_pack(x.s, b);
    x.e.artifact = buf_view(&b->signed_header);
    exhibit_promise(x.s, 1, 0, &x.e.promise);
    exhibit_open_block(&x, &b->block, 1);
    assert_int_equal(x.e.preimage.len, 56);
    assert_convicts(&x,
                    "its block of rollup 10 has something else at position 1 than it had promised");
    exhibit_fini(&x);
}

/* Evidence that a block breaks the promise to a leg of A. */
static void blame_block(struct exhibit *x, struct slot_block *b, int bundle, uint32_t order)
{
    slot_sign_header(x->s, b);
    x->e.kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE;
    x->e.artifact = buf_view(&b->signed_header);
    exhibit_promise(x->s, bundle, 0, &x->e.promise);
    exhibit_open_block(x, &b->block, order);
}

static void test_second_and_final_blocks_may_exclude(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    struct slot_chain *c = &x.s->chains[A];
    for (int bundle = 0; bundle < 2; bundle++) {
        blame_block(&x, &c->second, bundle, (uint32_t)bundle);
        assert_convicts_nobody(&x, "the block keeps the promise");
        blame_block(&x, &c->final, bundle, (uint32_t)bundle);
        assert_convicts_nobody(&x, "the block keeps the promise");
    }
    exhibit_fini(&x);
}

static void test_second_blocks_hold_promised_legs_or_their_tombstones(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    struct slot_block *b = &x.s->chains[A].second;
    const char *else_at_1 =
        "its second block of rollup 10 has something else at position 1 than it had promised";
    swap_entries(&b->block, 1, 2);
    slot_pack(x.s, b);
    blame_block(&x, b, 1, 1);
    assert_convicts(&x, else_at_1);
    swap_entries(&b->block, 1, 0); /* the tombstone of bundle 0 */
    slot_pack(x.s, b);
    blame_block(&x, b, 1, 1);
    assert_convicts(&x, else_at_1);
    b->block.count = 1;
    slot_pack(x.s, b);
    blame_block(&x, b, 1, 0);
    x.e.preimage = (struct bytes){0};
    memset(&x.e.opening, 0, sizeof(x.e.opening));
    assert_convicts(&x,
                    "its second block of rollup 10 has 1 positions and it had promised position 1");
    b->block.count = 4;
    exhibit_fini(&x);
}

static void test_final_blocks_exclude_what_their_header_says(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    struct slot_block *b = &x.s->chains[A].final;
    for (uint32_t i = 0; i < 2; i++) {
        b->excluded[0] ^= (uint8_t)(1u << i);
        blame_block(&x, b, (int)i, i);
        assert_convicts(&x, i == 0 ? "its finalized block of rollup 10 has something else at "
                                     "position 0 than it had promised"
                                   : "its finalized block of rollup 10 has something else at "
                                     "position 1 than it had promised");
        b->excluded[0] ^= (uint8_t)(1u << i);
    }
    exhibit_fini(&x);
}

/* ---- Exclusions ---- */

static void test_a_bundle_may_not_be_split_within_one_block(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_SPLIT_BUNDLE);
    struct slot_block *b = &x.s->chains[A].final;
    exhibit_promise(x.s, 3, 0, &x.e.promise);
    exhibit_promise(x.s, 3, 1, &x.e.second);
    x.e.artifact = x.e.other = buf_view(&b->signed_header);
    assert_convicts_nobody(&x, "the bundle is treated alike on both");
    slot_exclude(b, 3, (struct pro_place){10, 3, 0});
    slot_pack(x.s, b);
    x.e.artifact = x.e.other = buf_view(&b->signed_header);
    assert_convicts(&x, "it excluded leg 1 of bundle 3 on rollup 10 and kept leg 0 on rollup 10");
    exhibit_fini(&x);
}

static void test_only_final_headers_split_one_bundle(void **state)
{
    struct exhibit x;
    exhibit_init(&x, world, PRO_EVIDENCE_SPLIT_BUNDLE);
    const struct pro_evidence was = x.e;
    const char *nothing = "the blocks finalize nothing at these positions";
    x.e.other = buf_view(&x.s->chains[A].second.signed_header);
    assert_convicts_nobody(&x, nothing);
    x.e = was;
    x.e.artifact = buf_view(&x.s->chains[C].proposal.signed_header);
    assert_convicts_nobody(&x, nothing);
    x.e = was;
    x.e.second.order = 4; /* behind the end, where there are no bits */
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts_nobody(&x, nothing);
    x.e = was;
    exhibit_promise(x.s, 3, 0, &x.e.second);
    assert_convicts_nobody(&x, "the promises are to different bundles");
    exhibit_fini(&x);
}

static void test_a_cause_is_in_the_bundle(void **state)
{
    struct exhibit x;
    exhibit_init(&x, world, PRO_EVIDENCE_FOREIGN_CAUSE);
    struct slot_block *b = &x.s->chains[A].second;
    exhibit_promise(x.s, 3, 2, &x.e.second); /* on B, elsewhere */
    assert_convicts_nobody(&x, "the cause is at another place");
    exhibit_promise(x.s, 0, 0, &x.e.promise); /* its tombstone is honest */
    exhibit_promise(x.s, 0, 1, &x.e.second);
    exhibit_open_block(&x, &b->block, 0);
    assert_convicts_nobody(&x, "the cause is in the bundle itself");
    exhibit_promise(x.s, 3, 0, &x.e.promise); /* is not excluded */
    exhibit_open_block(&x, &b->block, 2);
    assert_convicts_nobody(&x, "the block does not exclude the promised leg");
    exhibit_fini(&x);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_final_blocks_are_one_whatever_their_round),
        cmocka_unit_test(test_a_sealed_order_may_not_end_before_a_promise),
        cmocka_unit_test(test_a_block_may_not_end_before_a_promise),
        cmocka_unit_test(test_a_block_may_not_be_empty_where_it_was_promised),
        cmocka_unit_test(test_a_proposal_may_not_exclude_what_it_promised),
        cmocka_unit_test(test_second_and_final_blocks_may_exclude),
        cmocka_unit_test(test_second_blocks_hold_promised_legs_or_their_tombstones),
        cmocka_unit_test(test_final_blocks_exclude_what_their_header_says),
        cmocka_unit_test(test_a_bundle_may_not_be_split_within_one_block),
        cmocka_unit_test(test_only_final_headers_split_one_bundle),
        cmocka_unit_test(test_a_cause_is_in_the_bundle),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
