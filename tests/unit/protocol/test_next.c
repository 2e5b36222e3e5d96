/* The checks of second proposal blocks and finalized blocks: what one_shot decides about an honest
 * slot passes, and every rule is named when exactly it is broken. */
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

static void test_honest_decisions_pass(void **state)
{
    assert_second_of(*state, PRO_RULE_NONE);
    for (int chain = 0; chain < N_CHAINS; chain++) {
        assert_final_of(*state, chain, PRO_RULE_NONE);
    }
}

/* ---- header, place ---- */

static void test_header_must_be_the_sequencers(void **state)
{
    struct slot *s = *state;
    damage(&s->chains[A].second.signed_header);
    assert_second_of(s, PRO_RULE_HEADER);
    assert_final_of(s, A, PRO_RULE_HEADER); /* it stands before the final one */
    damage(&s->chains[C].final.signed_header);
    assert_final_of(s, C, PRO_RULE_HEADER);
    damage(&s->chains[A].proposal.signed_header);
    assert_second_of(s, PRO_RULE_HEADER);
}

static void test_header_of_a_sibling_must_be_the_sequencers(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, A, &c);
    c.siblings[1] = bytes_str("header");
    assert_final(s, &c, PRO_RULE_HEADER);
    damage(&s->chains[B].final.signed_header);
    assert_final_of(s, A, PRO_RULE_HEADER);
    assert_final_of(s, C, PRO_RULE_NONE); /* shares no bundle with B */
}

static void test_place_of_a_second_block_is_after_the_first(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_second_case(s, &c);
    c.d.after = c.d.before; /* not later */
    assert_second(s, &c, PRO_RULE_PLACE);
    c.d.after = slot_item(&s->chains[A].final);
    assert_second(s, &c, PRO_RULE_PLACE);
    c.d.after = slot_item(&s->chains[A].second);
    c.d.before = slot_item(&s->chains[B].proposal); /* of another rollup */
    assert_second(s, &c, PRO_RULE_PLACE);
    s->chains[A].second.block.slot++;
    slot_pack(s, &s->chains[A].second);
    assert_second_of(s, PRO_RULE_PLACE);
}

static void test_place_of_a_final_block_is_the_round_executed_last(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, A, &c);
    c.d.before = slot_item(&s->chains[A].proposal); /* round 0, the final block says 1 */
    assert_final(s, &c, PRO_RULE_PLACE);
    slot_final_case(s, C, &c);
    c.d.after = slot_item(&s->chains[C].proposal); /* not final */
    assert_final(s, &c, PRO_RULE_PLACE);
    slot_final_case(s, C, &c);
    c.d.before = c.d.after; /* final already */
    assert_final(s, &c, PRO_RULE_PLACE);
}

static void test_place_of_a_sibling_is_a_final_header_of_this_slot(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, C, &c);
    c.siblings[0] = buf_view(&s->chains[A].second.signed_header);
    assert_final(s, &c, PRO_RULE_PLACE);
    s->chains[A].final.header.slot++;
    slot_sign_header(s, &s->chains[A].final);
    assert_final_of(s, C, PRO_RULE_PLACE);
}

static void test_place_of_a_sibling_is_another_touched_rollup_once(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, A, &c);
    c.siblings[1] = c.siblings[0];
    assert_final(s, &c, PRO_RULE_PLACE);
    c.siblings[1] = c.d.after.header;
    assert_final(s, &c, PRO_RULE_PLACE);
    slot_final_case(s, C, &c);
    c.siblings[0] = buf_view(&s->chains[B].final.signed_header);
    assert_final(s, &c, PRO_RULE_PLACE);
}

static void test_sibling_header_may_not_be_missing(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, A, &c);
    assert_int_equal(c.d.n_siblings, 2);
    c.d.n_siblings = 1;
    assert_final(s, &c, PRO_RULE_SIBLING);
    c.d.n_siblings = 0;
    assert_final(s, &c, PRO_RULE_SIBLING);
}

/* ---- body, commitment ---- */

static void test_body_must_match_its_header(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[A].second;
    damage(&b->body);
    assert_second_of(s, PRO_RULE_BODY);
    slot_pack(s, b);
    b->header.count++;
    slot_sign_header(s, b);
    assert_second_of(s, PRO_RULE_BODY);
    damage(&s->chains[C].proposal.body);
    assert_final_of(s, C, PRO_RULE_BODY);
}

static void test_body_and_exclusion_bitmap_must_agree(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[C].final;
    b->excluded[0] = 0;
    slot_sign_header(s, b);
    assert_final_of(s, C, PRO_RULE_BODY);
    b->excluded[0] = 3;
    slot_sign_header(s, b);
    assert_final_of(s, C, PRO_RULE_BODY);
}

static void test_header_with_a_bitmap_beyond_its_entries_is_malformed(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[C].final;
    b->excluded[0] |= 4;
    slot_sign_header(s, b);
    assert_final_of(s, C, PRO_RULE_HEADER);
}

static void test_commitment_must_be_to_the_leaves(void **state)
{
    struct slot *s = *state;
    s->chains[A].second.header.commitment = s->chains[A].proposal.header.commitment;
    slot_sign_header(s, &s->chains[A].second);
    assert_second_of(s, PRO_RULE_COMMITMENT);
    s->chains[B].final.header.commitment = s->chains[A].proposal.header.commitment;
    slot_sign_header(s, &s->chains[B].final);
    assert_final_of(s, B, PRO_RULE_COMMITMENT);
}

/* ---- preconfirmation, position, altered ---- */

static void test_preconfirmation_must_be_the_sequencers(void **state)
{
    struct slot *s = *state;
    damage(&s->items[1]);
    assert_second_of(s, PRO_RULE_PRECONFIRMATION);
    assert_final_of(s, C, PRO_RULE_PRECONFIRMATION);
}

static void assert_second_broken(struct slot *s, enum pro_rule rule)
{
    slot_pack(s, &s->chains[A].second);
    assert_second_of(s, rule);
}

static void test_position_stays_what_was_promised(void **state)
{
    struct slot *s = *state;
    struct pro_entry *e = s->chains[A].second.block.entries;
    struct pro_entry first = e[1];
    e[1] = e[2];
    e[2] = first;
    assert_second_broken(s, PRO_RULE_POSITION);
    e[2] = e[1];
    e[1] = first;
    assert_second_broken(s, PRO_RULE_NONE);
    e[0].seq = 1; /* a tombstone for somebody else */
    assert_second_broken(s, PRO_RULE_POSITION);
    e[0].seq = 0;
    e[0].enc_tx_hash.b[0] ^= 1;
    assert_second_broken(s, PRO_RULE_POSITION);
}

static void test_altered_is_a_block_of_another_length(void **state)
{
    struct slot *s = *state;
    s->chains[A].second.block.count--;
    assert_second_broken(s, PRO_RULE_ALTERED);
}

static void test_altered_is_a_kept_entry_that_changed(void **state)
{
    struct slot *s = *state;
    struct pro_entry *e = s->chains[A].second.block.entries;
    e[1].kind = PRO_ENTRY_BOGUS;
    assert_second_broken(s, PRO_RULE_ALTERED);
    e[1].kind = PRO_ENTRY_TX;
    e[1].tx.len--;
    assert_second_broken(s, PRO_RULE_ALTERED);
}

static void test_altered_is_a_tombstone_that_changed(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[A].final;
    b->block.entries[0].cause.round = 1;
    slot_pack(s, b);
    assert_final_of(s, A, PRO_RULE_ALTERED);
    b->block.entries[0] = s->chains[A].proposal.block.entries[0]; /* risen from the dead */
    slot_pack(s, b);
    assert_final_of(s, A, PRO_RULE_ALTERED);
}

/* ---- unjustified ---- */

static void test_unjustified_is_what_no_signed_result_proves(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_second_case(s, &c);
    c.d.n_failures = 1; /* A's own: B's is missing */
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    s->chains[B].status[0] |= 1; /* B0 did not fail */
    slot_sign_result(s, B, &world->executors[B]);
    assert_second_of(s, PRO_RULE_UNJUSTIFIED);
}

static void test_unjustified_is_what_another_signed(void **state)
{
    struct slot *s = *state;
    slot_sign_result(s, B, &world->executors[A]);
    assert_second_of(s, PRO_RULE_UNJUSTIFIED);
    slot_sign_result(s, B, &world->sequencer);
    assert_second_of(s, PRO_RULE_UNJUSTIFIED);
    slot_sign_result(s, B, &world->executors[B]);
    assert_second_of(s, PRO_RULE_NONE);
    damage(&s->chains[B].signed_result);
    assert_second_of(s, PRO_RULE_UNJUSTIFIED);
}

static void test_unjustified_is_a_result_of_another_slot_or_none(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    struct bytes body;
    struct pro_result r;
    struct buf again = {0};
    slot_second_case(s, &c);
    assert_int_equal(pro_unsign_from(&world->view.deployment.id, PRO_TAG_RESULT,
                                     c.failures[B].result, &world->executors[B].address, &body),
                     0);
    assert_int_equal(pro_result_decode(body, &r), 0);
    struct buf signed_again = {0};
    r.slot++;
    pro_result_encode(&r, &again);
    pro_sign(&world->view.deployment.id, PRO_TAG_RESULT, &world->executors[B], buf_view(&again),
             &signed_again);
    c.failures[B].result = buf_view(&signed_again);
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    c.failures[B].result = bytes_str("result");
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    buf_fini(&again);
    buf_fini(&signed_again);
}

static void assert_cause_refused(struct slot *s, struct pro_place cause)
{
    s->chains[A].second.block.entries[0].cause = cause;
    assert_second_broken(s, PRO_RULE_UNJUSTIFIED);
}

static void test_unjustified_is_a_cause_that_is_not_one(void **state)
{
    struct slot *s = *state;
    assert_cause_refused(s, (struct pro_place){world->rollups[B], 3, 0}); /* failed, another's */
    assert_cause_refused(s, (struct pro_place){world->rollups[A], 0, 0}); /* own, succeeded */
    assert_cause_refused(s, (struct pro_place){world->rollups[B], 0, 1}); /* no such result */
    assert_cause_refused(s, (struct pro_place){world->rollups[C], 0, 0}); /* not of the bundle */
    assert_cause_refused(s, (struct pro_place){99, 0, 0});
    s->chains[A].second.block.entries[0].cause = (struct pro_place){world->rollups[B], 0, 0};
    assert_second_broken(s, PRO_RULE_NONE);
}

static void test_unjustified_is_a_failure_beyond_the_end_of_the_result(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_second_case(s, &c);
    struct buf body = {0};
    struct buf artifact = {0};
    struct pro_result r = {.rollup = world->rollups[B], .slot = SLOT};
    pro_result_encode(&r, &body);
    pro_sign(&world->view.deployment.id, PRO_TAG_RESULT, &world->executors[B], buf_view(&body),
             &artifact);
    c.failures[B].result = buf_view(&artifact);
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    buf_fini(&body);
    buf_fini(&artifact);
}

/* The result says that it failed; but where is the proof? */
static void test_unjustified_is_a_failure_without_a_proof(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    static const uint8_t none[4];
    slot_second_case(s, &c);
    struct bytes proofs = c.failures[B].proofs;
    c.failures[B].proofs = bytes_of(none, 4);
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    for (size_t len = 0; len < proofs.len; len += 1 + len / 8) { /* cut short */
        c.failures[B].proofs = bytes_of(proofs.data, len);
        assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    }
    c.failures[B].proofs = c.failures[C].proofs; /* of another rollup's */
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    c.failures[B].proofs = proofs;
    assert_second(s, &c, PRO_RULE_NONE);
}

static void test_unjustified_is_a_failure_whose_proof_does_not_hold(void **state)
{
    struct slot *s = *state;
    struct buf *proofs = &s->chains[B].proofs;
    for (size_t at = 0; at < proofs->len; at++) {
        proofs->data[at] ^= 1;
        assert_second_of(s, PRO_RULE_UNJUSTIFIED);
        proofs->data[at] ^= 1;
    }
    assert_second_of(s, PRO_RULE_NONE);
}

/* What failed is known from the proposal blocks, which have to be there, each once. */
static void test_a_failure_is_of_a_proposal_block_of_the_slot(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_second_case(s, &c);
    c.d.n_proposals = 1; /* A's own */
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    c.d.n_proposals = N_CHAINS;
    c.proposals[C] = c.proposals[B];
    assert_second(s, &c, PRO_RULE_PLACE);
    c.proposals[C] = slot_item(&s->chains[A].second);
    assert_second(s, &c, PRO_RULE_PLACE);
    c.proposals[C] = slot_item(&s->chains[C].final);
    assert_second(s, &c, PRO_RULE_PLACE);
    c.proposals[C].body = c.proposals[B].body;
    assert_second(s, &c, PRO_RULE_BODY);
    c.proposals[C].header = bytes_str("header");
    assert_second(s, &c, PRO_RULE_HEADER);
}

static void test_a_final_exclusion_needs_its_cause_too(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, C, &c);
    c.d.n_failures = 0;
    assert_final(s, &c, PRO_RULE_UNJUSTIFIED);
    slot_final_case(s, A, &c);
    c.d.n_failures = 0; /* excluded before, proven before */
    assert_final(s, &c, PRO_RULE_NONE);
}

/* More results than any slot has are no reason to fail. */
static void test_any_number_of_results_is_judged(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_second_case(s, &c);
    size_t n = 5000;
    struct pro_proven *many = calloc(n, sizeof(*many));
    assert_non_null(many);
    many[0].result = bytes_str("junk");
    c.d.n_failures = (uint32_t)n;
    c.d.failures = many;
    assert_second(s, &c, PRO_RULE_UNJUSTIFIED);
    free(many);
}

/* ---- partial ---- */

static void test_partial_is_one_of_two_legs_in_the_same_rollup(void **state)
{
    struct slot *s = *state;
    s->chains[B].status[0] = 0x02; /* B2 failed as well: bundle 3 is out */
    slot_sign_result(s, B, &world->executors[B]);
    const struct pro_place b2 = {world->rollups[B], 2, 0};
    slot_exclude(&s->chains[A].second, 3, b2);
    assert_second_broken(s, PRO_RULE_PARTIAL);
    slot_exclude(&s->chains[A].second, 2, b2);
    assert_second_broken(s, PRO_RULE_NONE);
}

static void test_partial_is_a_bundle_kept_by_another_rollup(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[B].final;
    b->block.entries[0] = s->chains[B].proposal.block.entries[0];
    slot_pack(s, b);
    assert_final_of(s, A, PRO_RULE_PARTIAL);
}

static void test_partial_is_a_bundle_excluded_by_another_rollup(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[C].final;
    slot_exclude(b, 0, (struct pro_place){world->rollups[C], 0, 0});
    slot_pack(s, b);
    assert_final_of(s, A, PRO_RULE_PARTIAL);
    assert_final_of(s, B, PRO_RULE_NONE);
}

/* ---- kept failed, root ---- */

static void test_kept_failed_is_what_failed_in_the_proposal_and_stays(void **state)
{
    struct slot *s = *state;
    struct slot_block *b = &s->chains[C].final;
    b->block.entries[1] = s->chains[C].proposal.block.entries[1];
    slot_pack(s, b);
    assert_final_of(s, C, PRO_RULE_KEPT_FAILED);
}

static void test_kept_failed_in_a_second_block_is_for_the_policy_to_allow(void **state)
{
    static const uint8_t a1_failed[1] = {0x0c};
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, A, &c);
    c.d.status = bytes_of(a1_failed, 1);
    assert_final(s, &c, PRO_RULE_NONE);
    world->view.keeps_reverted = false;
    assert_final(s, &c, PRO_RULE_KEPT_FAILED);
    world->view.keeps_reverted = true;
}

static void test_a_status_that_is_missing_counts_as_failure(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, C, &c);
    c.d.status.len = 0;
    assert_final(s, &c, PRO_RULE_KEPT_FAILED);
}

static void test_root_must_be_the_executed_one(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    slot_final_case(s, B, &c);
    c.d.post_root.b[31] ^= 1;
    assert_final(s, &c, PRO_RULE_ROOT);
    s->chains[B].final.header.post_root.b[0] ^= 1;
    slot_sign_header(s, &s->chains[B].final);
    assert_final_of(s, B, PRO_RULE_ROOT);
}

/* A's final block straight after the proposal, in which A0 took effect. */
static void test_root_cannot_stay_if_what_took_effect_is_excluded(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    s->chains[A].final.block.round = 0;
    slot_pack(s, &s->chains[A].final);
    slot_final_case(s, A, &c);
    c.d.before = slot_item(&s->chains[A].proposal);
    c.d.status = bytes_of(s->chains[A].status, 1);
    assert_final(s, &c, PRO_RULE_ROOT);
}

static void test_a_dossier_with_unsorted_bundles_is_not_judged(void **state)
{
    struct slot *s = *state;
    struct next_case c;
    struct pro_violation v = {0};
    slot_second_case(s, &c);
    c.bundles[1] = c.bundles[0];
    assert_int_equal(pro_check_second(&world->view, &c.d, &v), ERR_INVALID);
    slot_final_case(s, A, &c);
    c.bundles[1] = c.bundles[0];
    assert_int_equal(pro_check_final(&world->view, &c.d, &v), ERR_INVALID);
    assert_int_equal(v.rule, PRO_RULE_NONE);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_honest_decisions_pass),
        TEST(test_header_must_be_the_sequencers),
        TEST(test_header_of_a_sibling_must_be_the_sequencers),
        TEST(test_place_of_a_second_block_is_after_the_first),
        TEST(test_place_of_a_final_block_is_the_round_executed_last),
        TEST(test_place_of_a_sibling_is_a_final_header_of_this_slot),
        TEST(test_place_of_a_sibling_is_another_touched_rollup_once),
        TEST(test_sibling_header_may_not_be_missing),
        TEST(test_body_must_match_its_header),
        TEST(test_body_and_exclusion_bitmap_must_agree),
        TEST(test_header_with_a_bitmap_beyond_its_entries_is_malformed),
        TEST(test_commitment_must_be_to_the_leaves),
        TEST(test_preconfirmation_must_be_the_sequencers),
        TEST(test_position_stays_what_was_promised),
        TEST(test_altered_is_a_block_of_another_length),
        TEST(test_altered_is_a_kept_entry_that_changed),
        TEST(test_altered_is_a_tombstone_that_changed),
        TEST(test_unjustified_is_what_no_signed_result_proves),
        TEST(test_unjustified_is_what_another_signed),
        TEST(test_unjustified_is_a_result_of_another_slot_or_none),
        TEST(test_unjustified_is_a_cause_that_is_not_one),
        TEST(test_unjustified_is_a_failure_beyond_the_end_of_the_result),
        TEST(test_unjustified_is_a_failure_without_a_proof),
        TEST(test_unjustified_is_a_failure_whose_proof_does_not_hold),
        TEST(test_a_failure_is_of_a_proposal_block_of_the_slot),
        TEST(test_a_final_exclusion_needs_its_cause_too),
        TEST(test_any_number_of_results_is_judged),
        TEST(test_partial_is_one_of_two_legs_in_the_same_rollup),
        TEST(test_partial_is_a_bundle_kept_by_another_rollup),
        TEST(test_partial_is_a_bundle_excluded_by_another_rollup),
        TEST(test_kept_failed_is_what_failed_in_the_proposal_and_stays),
        TEST(test_kept_failed_in_a_second_block_is_for_the_policy_to_allow),
        TEST(test_a_status_that_is_missing_counts_as_failure),
        TEST(test_root_must_be_the_executed_one),
        TEST(test_root_cannot_stay_if_what_took_effect_is_excluded),
        TEST(test_a_dossier_with_unsorted_bundles_is_not_judged),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
