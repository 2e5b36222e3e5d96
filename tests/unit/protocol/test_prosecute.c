/* Prosecution: what an executor finds broken in a proposal block becomes evidence that convicts,
 * where docs/evidence.md says that it can be proven; an honest slot gives no case. */
#include "common/protocol/pro_prosecute.h"
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

#define NO_CASE 0

/* Asserts that the dossier gives evidence of this kind, or none. */
static void assert_case(const struct proposal_case *c, int kind)
{
    struct buf evidence = {0};
    struct buf why = {0};
    struct pro_conviction conviction = {0};
    assert_int_equal(
        pro_prosecute_proposal(&world->view, buf_view(&world->descriptor), &c->d, &evidence), 0);
    if (kind == NO_CASE) {
        assert_int_equal(evidence.len, 0);
        return;
    }
    assert_true(evidence.len > 0);
    assert_int_equal(pro_evidence_judge(world->vc, buf_view(&evidence), &conviction, &why), 0);
    assert_string_equal(pro_evidence_name(conviction.kind),
                        pro_evidence_name((enum pro_evidence_kind)kind));
    assert_true(addr20_equal(&conviction.culprit, &world->sequencer.address));
    assert_int_equal(conviction.slot, SLOT);
    pro_conviction_fini(&conviction);
    buf_fini(&evidence);
}

static struct pro_entry *entries(struct slot *s, int chain)
{
    return s->chains[chain].proposal.block.entries;
}

/* ---- Breaches that can be proven ---- */

static void swap_in_block(struct slot *s)
{
    swap_entries(&s->chains[A].proposal.block, 1, 2);
    slot_pack(s, &s->chains[A].proposal);
}

static void swap_in_block_and_order(struct slot *s)
{
    swap_entries(&s->chains[A].proposal.block, 1, 2);
    slot_propose(s, A);
}

/* The sealed order and the body are swapped; the header commits to what nobody else can open. */
static void swap_behind_another_commitment(struct slot *s)
{
    swap_in_block_and_order(s);
    s->chains[A].proposal.header.commitment = s->chains[B].proposal.header.commitment;
    slot_sign_header(s, &s->chains[A].proposal);
}

static void omit_the_last_leg(struct slot *s)
{
    s->chains[A].proposal.block.count--;
    slot_propose(s, A);
    s->chains[A].proposal.block.count++;
}

static void omit_the_last_leg_and_withhold_the_body(struct slot *s)
{
    omit_the_last_leg(s);
    buf_clear(&s->chains[A].proposal.body);
}

static void seal_fewer(struct slot *s)
{
    s->chains[A].order.count--;
    slot_sign_order(s, A);
}

static void exclude_before_execution(struct slot *s)
{
    slot_exclude(&s->chains[A].proposal, 0, (struct pro_place){world->rollups[B], 0, 0});
    slot_propose(s, A);
}

static void replace_a_leg(struct slot *s)
{
    entries(s, A)[1].enc_tx_hash.b[0] ^= 1;
    slot_propose(s, A);
}

static void rename_a_bundle(struct slot *s)
{
    entries(s, A)[1].bundle_id.b[0] ^= 1;
    slot_propose(s, A);
}

static void promise_out_of_order(struct slot *s)
{
    s->preconfs[1].txs[0].order = 2;
    s->preconfs[3].txs[0].order = 1;
    slot_promise(s, 1);
    slot_promise(s, 3);
    slot_place(s);
    slot_propose(s, A);
    slot_propose(s, B);
    slot_propose(s, C);
}

static void promise_legs_out_of_order(struct slot *s)
{
    s->preconfs[3].txs[0].order = 3;
    s->preconfs[3].txs[1].order = 2;
    slot_promise(s, 3);
    slot_place(s);
    slot_propose(s, A);
    slot_propose(s, B);
}

static void promise_a_position_twice(struct slot *s)
{
    s->preconfs[3].txs[0].order = 1;
    slot_promise(s, 3);
}

static void unbundle(struct slot *s)
{
    swap_entries(&s->chains[C].proposal.block, 0, 1);
    slot_pack(s, &s->chains[C].proposal);
}

static void end_the_sibling_before_the_leg(struct slot *s)
{
    s->chains[C].proposal.block.count = 0;
    slot_pack(s, &s->chains[C].proposal);
    s->chains[C].proposal.block.count = 2;
}

static void publish_a_wrong_opening(struct slot *s)
{
    s->chains[A].openings.items[1].w = s->chains[A].openings.items[0].w;
    slot_sign_openings(s, A);
}

static void publish_fewer_openings(struct slot *s)
{
    s->chains[A].openings.count--;
    slot_sign_openings(s, A);
    s->chains[A].openings.count++;
}

static void call_a_good_leg_bogus(struct slot *s)
{
    entries(s, A)[0].kind = PRO_ENTRY_BOGUS;
    s->chains[A].openings.items[0].verdict = PRO_BOGUS_CIPHER;
    slot_propose(s, A);
}

static void call_garbage_a_transaction(struct slot *s)
{
    entries(s, C)[1].kind = PRO_ENTRY_TX;
    s->chains[C].openings.items[1].verdict = PRO_OPEN;
    slot_propose(s, C);
}

static void replace_a_plaintext(struct slot *s)
{
    entries(s, A)[1].tx = entries(s, A)[0].tx;
    slot_propose(s, A);
}

static void invent_a_plaintext(struct slot *s)
{
    entries(s, B)[3].tx = bytes_str("x"); /* bundle 5 does not open */
    slot_propose(s, B);
}

/* In: bundle 2's only leg, on B, with this byte of it turned over. */
static void admit_damaged(struct slot *s, const uint8_t *at)
{
    struct buf leg = {0};
    struct buf raw = {0};
    struct buf encoded = {0};
    const struct pro_leg *good = &world->bundles[2].b.legs[0];
    struct pro_preconf *p = &s->preconfs[2];
    struct pro_bundle bundle;
    buf_append_bytes(&leg, good->raw);
    leg.data[at - good->raw.data] ^= 1;
    struct bytes view = buf_view(&leg);
    pro_bundle_encode(&world->view.deployment.id, 102, &view, 1, &raw);
    assert_int_equal(pro_bundle_decode(buf_view(&raw), &bundle), 0);
    p->bundle_id = bundle.id;
    p->txs[0].enc_tx_hash = bundle.legs[0].enc_tx_hash;
    pro_preconf_sign(&world->view.domain, p, &world->sequencer);
    pro_preconf_encode(p, &encoded);
    buf_clear(&s->items[2]);
    pro_bundle_item_encode(buf_view(&raw), buf_view(&encoded), &s->items[2]);
    slot_place(s);
    slot_propose(s, B);
    pro_bundle_fini(&bundle);
    buf_fini(&encoded);
    buf_fini(&raw);
    buf_fini(&leg);
}

static void admit_a_false_proof(struct slot *s)
{
    const struct pro_leg *good = &world->bundles[2].b.legs[0];
    admit_damaged(s, good->q.data + good->q.len - 1);
}

static void admit_a_false_proof_and_open_nothing(struct slot *s)
{
    admit_a_false_proof(s);
    damage(&s->chains[B].signed_openings);
}

static void promise_another_rollup(struct slot *s)
{
    s->preconfs[1].txs[1].rollup = world->rollups[B];
    slot_promise(s, 1);
}

/* Something that cannot be proven, before something that can. */
static void withhold_the_openings_of_a_swapped_block(struct slot *s)
{
    swap_in_block_and_order(s);
    damage(&s->chains[A].signed_openings);
    damage(&s->items[0]);
}

/* ---- Breaches that cannot ---- */

static void sign_no_header(struct slot *s)
{
    damage(&s->chains[A].proposal.signed_header);
}

static void publish_another_body(struct slot *s)
{
    s->chains[A].proposal.body.data[20] ^= 1;
}

static void commit_to_something_else(struct slot *s)
{
    s->chains[A].proposal.header.commitment = s->chains[B].proposal.header.commitment;
    slot_sign_header(s, &s->chains[A].proposal);
}

static void seal_something_else(struct slot *s)
{
    s->chains[A].order.commitment = s->chains[B].order.commitment;
    slot_sign_order(s, A);
}

static void sign_no_order(struct slot *s)
{
    damage(&s->chains[A].signed_order);
}

static void publish_no_bundle(struct slot *s)
{
    damage(&s->items[3]);
}

static void misname_a_preconfirmation(struct slot *s)
{
    entries(s, A)[1].preconf_hash.b[0] ^= 1;
    slot_propose(s, A);
}

static void append_what_nobody_was_promised(struct slot *s)
{
    struct pro_block *b = &s->chains[A].proposal.block;
    struct pro_block more;
    assert_int_equal(pro_block_init(&more, b->slot, b->rollup, b->round, b->count + 1), 0);
    memcpy(more.entries, b->entries, b->count * sizeof(*b->entries));
    more.entries[b->count] = b->entries[0];
    more.entries[b->count].seq = 77;
    pro_block_fini(b);
    *b = more;
    slot_propose(s, A);
}

static void sign_no_openings(struct slot *s)
{
    damage(&s->chains[A].signed_openings);
}

static void label_a_transaction_bogus(struct slot *s)
{
    entries(s, A)[0].kind = PRO_ENTRY_BOGUS;
    slot_propose(s, A);
}

static void stay_honest(struct slot *s)
{
}

/* ---- The table ---- */

struct breach {
    void (*commit)(struct slot *s);
    int chain; /* whose executor looks */
    enum pro_rule rule;
    int kind; /* of evidence, or NO_CASE */
};

static const struct breach breaches[] = {
    {swap_in_block, A, PRO_RULE_ORDER, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {swap_in_block_and_order, A, PRO_RULE_POSITION, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {swap_behind_another_commitment, A, PRO_RULE_COMMITMENT, PRO_EVIDENCE_ORDER_BREAKS_PROMISE},
    {omit_the_last_leg, A, PRO_RULE_SIBLING, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {omit_the_last_leg_and_withhold_the_body, A, PRO_RULE_BODY, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {seal_fewer, A, PRO_RULE_ORDER, PRO_EVIDENCE_ORDER_BREAKS_PROMISE},
    {exclude_before_execution, A, PRO_RULE_ALTERED, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {replace_a_leg, A, PRO_RULE_POSITION, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {rename_a_bundle, A, PRO_RULE_POSITION, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {promise_out_of_order, A, PRO_RULE_GLOBAL_ORDER, PRO_EVIDENCE_BROKEN_ORDER},
    {promise_legs_out_of_order, A, PRO_RULE_GLOBAL_ORDER, PRO_EVIDENCE_BROKEN_ORDER},
    {promise_a_position_twice, A, PRO_RULE_POSITION, PRO_EVIDENCE_TWO_PROMISES},
    {unbundle, A, PRO_RULE_SIBLING, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {end_the_sibling_before_the_leg, A, PRO_RULE_SIBLING, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {publish_a_wrong_opening, A, PRO_RULE_OPENING, PRO_EVIDENCE_WRONG_OPENINGS},
    {publish_fewer_openings, A, PRO_RULE_OPENING, PRO_EVIDENCE_WRONG_OPENINGS},
    {call_a_good_leg_bogus, A, PRO_RULE_PLAINTEXT, PRO_EVIDENCE_WRONG_OPENINGS},
    {call_garbage_a_transaction, C, PRO_RULE_PLAINTEXT, PRO_EVIDENCE_WRONG_OPENINGS},
    {replace_a_plaintext, A, PRO_RULE_PLAINTEXT, PRO_EVIDENCE_WRONG_PLAINTEXT},
    {invent_a_plaintext, B, PRO_RULE_PLAINTEXT, PRO_EVIDENCE_WRONG_PLAINTEXT},
    {admit_a_false_proof, B, PRO_RULE_OPENING, PRO_EVIDENCE_BAD_ADMISSION},
    {admit_a_false_proof_and_open_nothing, B, PRO_RULE_OPENING, PRO_EVIDENCE_BAD_ADMISSION},
    {promise_another_rollup, A, PRO_RULE_PRECONFIRMATION, PRO_EVIDENCE_BAD_ADMISSION},
    {withhold_the_openings_of_a_swapped_block, A, PRO_RULE_PRECONFIRMATION,
     PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
    {stay_honest, A, PRO_RULE_NONE, NO_CASE},
    {stay_honest, B, PRO_RULE_NONE, NO_CASE},
    {stay_honest, C, PRO_RULE_NONE, NO_CASE},
    {sign_no_header, A, PRO_RULE_HEADER, NO_CASE},
    {publish_another_body, A, PRO_RULE_BODY, NO_CASE},
    {commit_to_something_else, A, PRO_RULE_COMMITMENT, NO_CASE},
    {seal_something_else, A, PRO_RULE_ORDER, NO_CASE},
    {sign_no_order, A, PRO_RULE_ORDER, NO_CASE},
    {publish_no_bundle, A, PRO_RULE_PRECONFIRMATION, NO_CASE},
    {misname_a_preconfirmation, A, PRO_RULE_POSITION, NO_CASE},
    {append_what_nobody_was_promised, A, PRO_RULE_POSITION, NO_CASE},
    {sign_no_openings, A, PRO_RULE_OPENING, NO_CASE},
    {label_a_transaction_bogus, A, PRO_RULE_PLAINTEXT, NO_CASE},
};

static void test_each_breach_gives_the_evidence_it_can(void **state)
{
    for (size_t i = 0; i < sizeof(breaches) / sizeof(breaches[0]); i++) {
        struct slot *s = slot_new(world);
        struct proposal_case c;
        const struct breach *b = &breaches[i];
        b->commit(s);
        slot_proposal_case(s, b->chain, &c);
        assert_proposal(s, &c, b->rule);
        assert_case(&c, b->kind);
        slot_destroy(&s);
    }
}

/* ---- Dossiers somebody else tampered with ---- */

static void test_a_dossier_of_misplaced_pieces_gives_no_case(void **state)
{
    struct slot *s = slot_new(world);
    struct proposal_case c;
    for (int chain = 0; chain < N_CHAINS; chain++) {
        const struct slot_chain *other = &s->chains[(chain + 1) % N_CHAINS];
        slot_proposal_case(s, chain, &c);
        c.d.slot++;
        assert_case(&c, NO_CASE);
        slot_proposal_case(s, chain, &c);
        c.d.rollup = other->proposal.block.rollup;
        assert_case(&c, NO_CASE);
        slot_proposal_case(s, chain, &c);
        c.d.block = slot_item(&other->proposal);
        assert_case(&c, NO_CASE);
        c.d.block = slot_item(&s->chains[A].second);
        assert_case(&c, NO_CASE);
        c.d.block = slot_item(&s->chains[chain].final);
        assert_case(&c, NO_CASE);
        slot_proposal_case(s, chain, &c);
        c.d.order = buf_view(&other->signed_order);
        assert_case(&c, NO_CASE);
        c.d.openings = buf_view(&other->signed_openings);
        assert_case(&c, NO_CASE);
        c.d.openings = c.d.order;
        assert_case(&c, NO_CASE);
        c.d.n_bundles = 0;
        assert_case(&c, NO_CASE);
        slot_proposal_case(s, chain, &c);
        c.d.n_siblings = 0;
        c.d.block = (struct pro_block_item){{0}, {0}};
        c.d.order = c.d.openings = (struct bytes){0};
        assert_case(&c, NO_CASE);
    }
    slot_destroy(&s);
}

/* What others publish cannot make a case: the promises are somebody else's. */
static void test_promises_of_a_stranger_give_no_case(void **state)
{
    struct slot *s = slot_new(world);
    struct proposal_case c;
    struct buf encoded = {0};
    struct bytes bundle;
    struct bytes preconf;
    s->preconfs[1].txs[0].order = 2;
    pro_preconf_sign(&world->view.domain, &s->preconfs[1], &world->stranger);
    pro_preconf_encode(&s->preconfs[1], &encoded);
    assert_int_equal(pro_bundle_item_decode(buf_view(&s->items[1]), &bundle, &preconf), 0);
    struct buf item = {0};
    pro_bundle_item_encode(bundle, buf_view(&encoded), &item);
    slot_proposal_case(s, A, &c);
    c.bundles[1].data = buf_view(&item);
    assert_proposal(s, &c, PRO_RULE_PRECONFIRMATION);
    assert_case(&c, NO_CASE);
    buf_fini(&item);
    buf_fini(&encoded);
    slot_destroy(&s);
}

static void test_a_dossier_with_unsorted_bundles_is_not_prosecuted(void **state)
{
    struct slot *s = slot_new(world);
    struct proposal_case c;
    struct buf out = {0};
    slot_proposal_case(s, A, &c);
    struct pro_bundle_item was = c.bundles[0];
    c.bundles[0] = c.bundles[1];
    c.bundles[1] = was;
    assert_int_equal(pro_prosecute_proposal(&world->view, buf_view(&world->descriptor), &c.d, &out),
                     ERR_INVALID);
    assert_int_equal(out.len, 0);
    slot_destroy(&s);
}

/* ---- Two signatures in hand ---- */

static void assert_kind(struct buf *evidence, int kind)
{
    struct pro_evidence e;
    if (kind == NO_CASE) {
        assert_int_equal(evidence->len, 0);
    } else {
        assert_int_equal(pro_evidence_decode(buf_view(evidence), &e), 0);
        assert_int_equal(e.kind, kind);
    }
    buf_fini(evidence);
}

static void test_two_artifacts_give_evidence_if_they_differ(void **state)
{
    static const enum pro_evidence_kind kinds[] = {PRO_EVIDENCE_TWO_ORDERS,
                                                   PRO_EVIDENCE_TWO_BLOCKS};
    struct bytes descriptor = buf_view(&world->descriptor);
    for (size_t i = 0; i < 2; i++) {
        struct exhibit x;
        struct buf out = {0};
        exhibit_init(&x, world, kinds[i]);
        assert_int_equal(
            pro_prosecute_two(&world->view, descriptor, kinds[i], x.e.artifact, x.e.other, &out),
            0);
        assert_kind(&out, (int)kinds[i]);
        assert_int_equal(pro_prosecute_two(&world->view, descriptor, kinds[1 - i], x.e.artifact,
                                           x.e.other, &out),
                         0);
        assert_kind(&out, NO_CASE);
        assert_int_equal(
            pro_prosecute_two(&world->view, descriptor, kinds[i], x.e.other, x.e.other, &out), 0);
        assert_kind(&out, NO_CASE);
        exhibit_fini(&x);
    }
}

static void test_two_promises_give_evidence_either_way_round(void **state)
{
    static const enum pro_evidence_kind kinds[] = {PRO_EVIDENCE_TWO_PROMISES,
                                                   PRO_EVIDENCE_BROKEN_ORDER};
    struct bytes descriptor = buf_view(&world->descriptor);
    struct buf out = {0};
    for (size_t i = 0; i < 2; i++) {
        struct exhibit x;
        exhibit_init(&x, world, kinds[i]);
        assert_int_equal(
            pro_prosecute_promises(&world->view, descriptor, &x.e.promise, &x.e.second, &out), 0);
        assert_kind(&out, (int)kinds[i]);
        assert_int_equal(
            pro_prosecute_promises(&world->view, descriptor, &x.e.second, &x.e.promise, &out), 0);
        assert_kind(&out, (int)kinds[i]);
        assert_int_equal(
            pro_prosecute_promises(&world->view, descriptor, &x.e.second, &x.e.second, &out), 0);
        assert_kind(&out, NO_CASE);
        exhibit_fini(&x);
    }
}

static void test_a_header_gives_evidence_if_it_is_too_short(void **state)
{
    struct slot *s = slot_new(world);
    struct bytes descriptor = buf_view(&world->descriptor);
    struct pro_block_item block = {.header = buf_view(&s->chains[A].proposal.signed_header)};
    struct pro_promise promise;
    struct buf out = {0};
    exhibit_promise(s, 3, 1, &promise);
    assert_int_equal(pro_prosecute_promise(&world->view, descriptor, &promise, &block, &out), 0);
    assert_kind(&out, NO_CASE);
    omit_the_last_leg(s);
    block.header = buf_view(&s->chains[A].proposal.signed_header);
    assert_int_equal(pro_prosecute_promise(&world->view, descriptor, &promise, &block, &out), 0);
    assert_kind(&out, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    slot_destroy(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_breach_gives_the_evidence_it_can),
        cmocka_unit_test(test_a_dossier_of_misplaced_pieces_gives_no_case),
        cmocka_unit_test(test_promises_of_a_stranger_give_no_case),
        cmocka_unit_test(test_a_dossier_with_unsorted_bundles_is_not_prosecuted),
        cmocka_unit_test(test_two_artifacts_give_evidence_if_they_differ),
        cmocka_unit_test(test_two_promises_give_evidence_either_way_round),
        cmocka_unit_test(test_a_header_gives_evidence_if_it_is_too_short),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
