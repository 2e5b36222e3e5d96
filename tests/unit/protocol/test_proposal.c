/* The checks before a proposal block is executed: an honest slot passes, and every rule is named
 * when exactly it is broken. */
#include "tests/unit/protocol/slot.h"

static struct world *world;

static int set_up(void **state)
{
    *state = slot_new(world);
    return 0;
}

static int tear_down(void **state)
{
    slot_destroy((struct slot **)state);
    return 0;
}

static void test_an_honest_slot_passes_everywhere(void **state)
{
    for (int chain = 0; chain < N_CHAINS; chain++) {
        assert_proposal_of(*state, chain, PRO_RULE_NONE);
    }
}

static void test_rule_names_are_distinct(void **state)
{
    for (int a = PRO_RULE_NONE; a <= PRO_RULE_ROOT; a++) {
        for (int b = PRO_RULE_NONE; b < a; b++) {
            assert_string_not_equal(pro_rule_name((enum pro_rule)a),
                                    pro_rule_name((enum pro_rule)b));
        }
    }
}

/* ---- header, place ---- */

static void test_header_must_be_the_sequencers(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[A].proposal;
    struct buf body = {0};
    pro_header_encode(&b->header, &body);
    buf_clear(&b->signed_header);
    pro_sign(&world->view.deployment.id, PRO_TAG_BLOCK, &world->stranger, buf_view(&body),
             &b->signed_header);
    assert_proposal_of(s, A, PRO_RULE_HEADER);
    buf_clear(&b->signed_header);
    pro_sign(&world->view.deployment.id, PRO_TAG_ORDER, &world->sequencer, buf_view(&body),
             &b->signed_header);
    assert_proposal_of(s, A, PRO_RULE_HEADER);
    slot_sign_header(s, b);
    assert_proposal_of(s, A, PRO_RULE_NONE);
    damage(&b->signed_header);
    assert_proposal_of(s, A, PRO_RULE_HEADER);
    buf_fini(&body);
}

static void test_header_must_decode(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[A].proposal;
    buf_clear(&b->signed_header);
    pro_sign(&world->view.deployment.id, PRO_TAG_BLOCK, &world->sequencer, bytes_str("header"),
             &b->signed_header);
    assert_proposal_of(s, A, PRO_RULE_HEADER);
    buf_clear(&b->signed_header);
    assert_proposal_of(s, A, PRO_RULE_HEADER);
}

static void test_header_of_a_sibling_must_be_the_sequencers(void **state)
{
    struct slot *s = *state;
    damage(&s->chains[C].proposal.signed_header);
    assert_proposal_of(s, A, PRO_RULE_HEADER);
    assert_proposal_of(s, B, PRO_RULE_NONE); /* shares no bundle with C */
}

static void test_place_is_this_slot_and_rollup(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    slot_proposal_case(s, A, &c);
    c.d.slot++;
    assert_proposal(s, &c, PRO_RULE_PLACE);
    c.d.slot--;
    c.d.rollup = world->rollups[B];
    assert_proposal(s, &c, PRO_RULE_PLACE);
}

static void test_place_is_round_0_and_not_final(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    slot_proposal_case(s, A, &c);
    c.d.block = slot_item(&s->chains[A].second);
    assert_proposal(s, &c, PRO_RULE_PLACE);
    slot_proposal_case(s, B, &c);
    c.d.block = slot_item(&s->chains[B].final);
    assert_proposal(s, &c, PRO_RULE_PLACE);
}

static void test_place_of_a_sibling_is_this_slot_too(void **state)
{
    struct slot *s = *state;
    s->chains[B].proposal.block.slot++;
    slot_pack(s, &s->chains[B].proposal);
    assert_proposal_of(s, A, PRO_RULE_PLACE);
}

static void test_place_of_a_sibling_is_its_proposal(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    slot_proposal_case(s, B, &c);
    c.siblings[0] = slot_item(&s->chains[A].second);
    assert_proposal(s, &c, PRO_RULE_PLACE);
    slot_proposal_case(s, A, &c);
    c.siblings[1] = slot_item(&s->chains[C].final);
    assert_proposal(s, &c, PRO_RULE_PLACE);
}

static void test_place_of_a_sibling_is_another_touched_rollup_once(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    slot_proposal_case(s, A, &c);
    c.siblings[1] = c.siblings[0]; /* B twice: C could hide behind it */
    assert_proposal(s, &c, PRO_RULE_PLACE);
    c.siblings[1] = c.d.block; /* A itself */
    assert_proposal(s, &c, PRO_RULE_PLACE);
    slot_proposal_case(s, B, &c);
    c.siblings[0] = slot_item(&s->chains[C].proposal); /* shares no bundle with B */
    assert_proposal(s, &c, PRO_RULE_PLACE);
}

/* ---- body, commitment, order commitment ---- */

static void test_body_must_have_the_headers_hash(void **state)
{
    struct slot *s = *state;
    damage(&s->chains[A].proposal.body);
    assert_proposal_of(s, A, PRO_RULE_BODY);
}

static void test_body_of_a_sibling_must_have_its_headers_hash(void **state)
{
    struct slot *s = *state;
    damage(&s->chains[B].proposal.body);
    assert_proposal_of(s, A, PRO_RULE_BODY);
}

static void test_body_must_decode(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[A].proposal;
    buf_append_u8(&b->body, 0);
    pro_preconf_hash(buf_view(&b->body), &b->header.body_hash);
    slot_sign_header(s, b);
    assert_proposal_of(s, A, PRO_RULE_BODY);
}

static void test_body_and_header_must_speak_of_the_same_block(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[A].proposal;
    b->header.count--;
    slot_sign_header(s, b);
    assert_proposal_of(s, A, PRO_RULE_BODY);
    slot_pack(s, b);
    b->header.slot++;
    slot_sign_header(s, b);
    assert_proposal_of(s, A, PRO_RULE_BODY);
    slot_pack(s, b);
    b->header.rollup++;
    slot_sign_header(s, b);
    assert_proposal_of(s, A, PRO_RULE_BODY);
    slot_pack(s, b);
    b->header.round++;
    slot_sign_header(s, b);
    assert_proposal_of(s, A, PRO_RULE_BODY);
}

static void test_commitment_must_be_to_the_leaves(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[A].proposal;
    b->header.commitment = s->chains[B].proposal.header.commitment;
    slot_sign_header(s, b);
    assert_proposal_of(s, A, PRO_RULE_COMMITMENT);
}

static void test_order_commitment_must_be_signed_as_such(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    damage(&s->chains[A].signed_order);
    assert_proposal_of(s, A, PRO_RULE_ORDER);
    slot_proposal_case(s, A, &c);
    c.d.order = c.d.block.header;
    assert_proposal(s, &c, PRO_RULE_ORDER);
}

static void test_order_commitment_must_be_of_this_block(void **state)
{
    struct slot *s = *state;
    struct pro_order *order = &s->chains[A].order;
    struct proposal_case c;
    order->slot++;
    slot_sign_order(s, A);
    assert_proposal_of(s, A, PRO_RULE_ORDER);
    slot_seal(s, A);
    order->count++;
    slot_sign_order(s, A);
    assert_proposal_of(s, A, PRO_RULE_ORDER);
    slot_seal(s, A);
    slot_proposal_case(s, A, &c);
    c.d.order = buf_view(&s->chains[B].signed_order); /* as many legs */
    assert_proposal(s, &c, PRO_RULE_ORDER);
}

static void test_order_commitment_must_be_to_these_legs(void **state)
{
    struct slot *s = *state;
    s->chains[A].order.commitment = s->chains[B].order.commitment;
    slot_sign_order(s, A);
    assert_proposal_of(s, A, PRO_RULE_ORDER);
}

/* ---- preconfirmation ---- */

static void test_preconfirmation_must_be_the_sequencers(void **state)
{
    struct slot *s = *state;
    damage(&s->items[1]); /* the last leg's signature */
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_NONE);
    s->items[1].data[s->items[1].len - 2] ^= 1; /* the bundle's */
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
}

static void test_preconfirmation_item_must_decode(void **state)
{
    struct slot *s = *state;
    buf_append_u8(&s->items[1], 0);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    buf_clear(&s->items[1]);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    pro_bundle_item_encode(bytes_str("bundle"), bytes_str("preconfirmation"), &s->items[1]);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    buf_clear(&s->items[1]);
    pro_bundle_item_encode(buf_view(&world->bundles[1].raw), bytes_str("x"), &s->items[1]);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
}

/* An item of a size no encoding allows is the publisher's fault, not a failure of the check. */
static void test_preconfirmation_item_may_not_be_gigantic(void **state)
{
    struct slot *s = *state;
    size_t bytes = 3 * PRO_MAX_BUNDLE_BYTES;
    uint8_t *space = calloc(1, bytes);
    assert_non_null(space);
    buf_clear(&s->items[1]);
    buf_append(&s->items[1], space, bytes);
    free(space);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
}

static void test_preconfirmation_must_be_of_its_bundle(void **state)
{
    struct slot *s = *state;
    struct pro_preconf *p = &s->preconfs[1];
    struct pro_preconf good = *p;
    p->slot++;
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    p->slot = good.slot;
    p->seq = 7;
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    p->seq = good.seq;
    p->bundle_id = s->preconfs[2].bundle_id;
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    p->bundle_id = good.bundle_id;
    p->n_legs = 1;
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    p->n_legs = good.n_legs;
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_NONE);
}

static void test_preconfirmation_must_be_of_its_legs(void **state)
{
    struct slot *s = *state;
    struct pro_preconf *p = &s->preconfs[1];
    p->txs[1].rollup = world->rollups[B];
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
    p->txs[1].rollup = world->rollups[C];
    p->txs[1].enc_tx_hash.b[0] ^= 1;
    slot_promise(s, 1);
    assert_proposal_of(s, A, PRO_RULE_PRECONFIRMATION);
}

/* ---- position, global order, altered ---- */

static void assert_position_broken(struct slot *s)
{
    slot_propose(s, A);
    assert_proposal_of(s, A, PRO_RULE_POSITION);
    slot_place(s);
}

static void test_position_holds_what_was_promised_there(void **state)
{
    struct slot *s = *state;
    struct pro_entry *e = s->chains[A].proposal.block.entries;
    struct pro_entry first = e[0];
    e[0] = e[1];
    e[1] = first;
    assert_position_broken(s);
    e[1].enc_tx_hash.b[0] ^= 1;
    assert_position_broken(s);
    e[1].bundle_id.b[0] ^= 1;
    assert_position_broken(s);
    e[1].preconf_hash.b[0] ^= 1;
    assert_position_broken(s);
    e[1].n_legs++;
    assert_position_broken(s);
    e[1].leg = 1; /* of that bundle, and of another rollup */
    assert_position_broken(s);
    e[1].leg = 2; /* no such leg */
    assert_position_broken(s);
    e[1].seq = 2; /* a bundle that does not touch A */
    assert_position_broken(s);
    slot_propose(s, A);
    assert_proposal_of(s, A, PRO_RULE_NONE);
}

static void test_global_order_is_that_of_the_bundles(void **state)
{
    struct slot *s = *state;
    s->preconfs[1].txs[0].order = 0;
    s->preconfs[0].txs[0].order = 1;
    slot_promise(s, 0);
    slot_promise(s, 1);
    slot_place(s);
    for (int i = 0; i < N_CHAINS; i++) {
        slot_propose(s, i);
    }
    assert_proposal_of(s, A, PRO_RULE_GLOBAL_ORDER);
}

static void test_global_order_is_that_of_the_legs_within_a_bundle(void **state)
{
    struct slot *s = *state;
    s->preconfs[3].txs[0].order = 3;
    s->preconfs[3].txs[1].order = 2;
    slot_promise(s, 3);
    slot_place(s);
    for (int i = 0; i < N_CHAINS; i++) {
        slot_propose(s, i);
    }
    assert_proposal_of(s, A, PRO_RULE_GLOBAL_ORDER);
}

static void test_altered_is_what_is_excluded_before_execution(void **state)
{
    struct slot *s = *state;
    slot_exclude(&s->chains[A].proposal, 1, (struct pro_place){world->rollups[A], 1, 0});
    slot_pack(s, &s->chains[A].proposal);
    assert_proposal_of(s, A, PRO_RULE_ALTERED);
}

/* ---- sibling ---- */

static void assert_sibling_broken(struct slot *s)
{
    slot_pack(s, &s->chains[B].proposal);
    assert_proposal_of(s, A, PRO_RULE_SIBLING);
    slot_place(s);
}

static void test_sibling_stands_where_it_was_promised(void **state)
{
    struct slot *s = *state;
    struct pro_block *b = &s->chains[B].proposal.block;
    struct pro_entry first = b->entries[0];
    b->entries[0] = b->entries[1];
    b->entries[1] = first;
    assert_sibling_broken(s);
    b->entries[2].leg = 1;
    assert_sibling_broken(s);
    b->entries[2].seq = 2;
    assert_sibling_broken(s);
    b->entries[2].bundle_id.b[0] ^= 1;
    assert_sibling_broken(s);
    b->entries[2].enc_tx_hash.b[0] ^= 1;
    assert_sibling_broken(s);
    b->entries[1] = (struct pro_entry){0}; /* no bundle of A's */
    slot_pack(s, &s->chains[B].proposal);
    assert_proposal_of(s, A, PRO_RULE_NONE);
}

/* B's block holds bundle 0's leg where it was promised, and once more behind all that was. */
static void test_sibling_stands_nowhere_else(void **state)
{
    struct slot *s = *state;
    struct pro_block *b = &s->chains[B].proposal.block;
    struct pro_entry *more = realloc(b->entries, (b->count + 1) * sizeof(*more));
    assert_non_null(more);
    b->entries = more;
    b->entries[b->count++] = b->entries[0];
    slot_pack(s, &s->chains[B].proposal);
    assert_proposal_of(s, A, PRO_RULE_SIBLING);
}

static void test_commitment_of_a_sibling_must_be_to_its_leaves(void **state)
{
    struct slot *s = *state;
    s->chains[B].proposal.header.commitment = s->chains[A].proposal.header.commitment;
    slot_sign_header(s, &s->chains[B].proposal);
    assert_proposal_of(s, A, PRO_RULE_COMMITMENT);
}

static void test_sibling_block_may_not_end_before_the_leg(void **state)
{
    struct slot *s = *state;
    s->chains[B].proposal.block.count = 2;
    slot_pack(s, &s->chains[B].proposal);
    assert_proposal_of(s, A, PRO_RULE_SIBLING);
}

static void test_sibling_block_may_not_be_missing(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    slot_proposal_case(s, A, &c);
    assert_int_equal(c.d.n_siblings, 2);
    c.d.n_siblings = 1;
    assert_proposal(s, &c, PRO_RULE_SIBLING);
    c.d.n_siblings = 0;
    assert_proposal(s, &c, PRO_RULE_SIBLING);
}

/* Leg 0 of bundle 3 is in the block, leg 1 was promised the next position and is not. */
static void test_sibling_in_the_same_block_may_not_be_missing(void **state)
{
    struct slot *s = *state;
    s->chains[A].proposal.block.count = 3;
    s->chains[A].openings.count = 3;
    slot_propose(s, A);
    assert_proposal_of(s, A, PRO_RULE_SIBLING);
}

/* ---- the dossier itself ---- */

static void test_a_dossier_with_unsorted_bundles_is_not_judged(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    struct pro_violation v = {0};
    slot_proposal_case(s, A, &c);
    c.bundles[1] = c.bundles[0];
    assert_int_equal(pro_check_proposal(&world->view, &c.d, &v), ERR_INVALID);
    struct pro_bundle_item last = c.bundles[2];
    slot_proposal_case(s, A, &c);
    c.bundles[2] = c.bundles[1];
    c.bundles[1] = last;
    assert_int_equal(pro_check_proposal(&world->view, &c.d, &v), ERR_INVALID);
    assert_int_equal(v.rule, PRO_RULE_NONE);
}

static void test_a_bundle_that_the_dossier_lacks_is_a_broken_position(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    slot_proposal_case(s, A, &c);
    c.d.n_bundles--;
    assert_proposal(s, &c, PRO_RULE_POSITION);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_an_honest_slot_passes_everywhere),
        cmocka_unit_test(test_rule_names_are_distinct),
        TEST(test_header_must_be_the_sequencers),
        TEST(test_header_must_decode),
        TEST(test_header_of_a_sibling_must_be_the_sequencers),
        TEST(test_place_is_this_slot_and_rollup),
        TEST(test_place_is_round_0_and_not_final),
        TEST(test_place_of_a_sibling_is_this_slot_too),
        TEST(test_place_of_a_sibling_is_its_proposal),
        TEST(test_place_of_a_sibling_is_another_touched_rollup_once),
        TEST(test_body_must_have_the_headers_hash),
        TEST(test_body_of_a_sibling_must_have_its_headers_hash),
        TEST(test_body_must_decode),
        TEST(test_body_and_header_must_speak_of_the_same_block),
        TEST(test_commitment_must_be_to_the_leaves),
        TEST(test_order_commitment_must_be_signed_as_such),
        TEST(test_order_commitment_must_be_of_this_block),
        TEST(test_order_commitment_must_be_to_these_legs),
        TEST(test_preconfirmation_must_be_the_sequencers),
        TEST(test_preconfirmation_item_must_decode),
        TEST(test_preconfirmation_item_may_not_be_gigantic),
        TEST(test_preconfirmation_must_be_of_its_bundle),
        TEST(test_preconfirmation_must_be_of_its_legs),
        TEST(test_position_holds_what_was_promised_there),
        TEST(test_global_order_is_that_of_the_bundles),
        TEST(test_global_order_is_that_of_the_legs_within_a_bundle),
        TEST(test_altered_is_what_is_excluded_before_execution),
        TEST(test_sibling_stands_where_it_was_promised),
        TEST(test_sibling_stands_nowhere_else),
        TEST(test_commitment_of_a_sibling_must_be_to_its_leaves),
        TEST(test_sibling_block_may_not_end_before_the_leg),
        TEST(test_sibling_block_may_not_be_missing),
        TEST(test_sibling_in_the_same_block_may_not_be_missing),
        TEST(test_a_dossier_with_unsorted_bundles_is_not_judged),
        TEST(test_a_bundle_that_the_dossier_lacks_is_a_broken_position),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
