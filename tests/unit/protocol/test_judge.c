/* Convictions: genuine evidence of every kind and variant convicts the sequencer, of exactly what
 * it did, at the price Ethereum would take. */
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

/* ---- What judging costs, added up by hand: docs/evidence.md has the same sums ---- */

#define PROMISE_GAS (3000 + (30 + 6 * 9) + (30 + 6 * 3))
#define OPENING_GAS (60 + 12 * 2 + 50000)

static uint64_t calldata(const struct buf *b)
{
    uint64_t gas = 0;
    for (size_t i = 0; i < b->len; i++) {
        gas += b->data[i] == 0 ? 4 : 16;
    }
    return gas;
}

static uint64_t words(size_t len)
{
    return (len + 31) / 32;
}

/* In: the artifact, and the length of the tag that is signed with it. */
static uint64_t artifact_gas(struct bytes artifact, size_t tag_len)
{
    return 3000 + 30 + 6 * words(32 + 2 + tag_len + artifact.len - 65);
}

/* With 1024 bits: 16 words of 8 bytes, 256 per bit, over 3. */
static uint64_t modexp_gas(uint64_t bits)
{
    return 256 * (bits - 1) / 3;
}

static uint64_t leg_gas(const struct pro_evidence *e)
{
    return PROMISE_GAS + 60 + 12 * words(e->params.len) + 30 + 6 * words(18 + e->leg.len);
}

static uint64_t opening_gas(const struct pro_evidence *e)
{
    struct pro_leg leg;
    assert_int_equal(pro_leg_decode(e->leg, &leg), 0);
    return modexp_gas(64) + 6000 * (leg.sealed.len / 16 + 1);
}

#define ORDER_TAG 28
#define BLOCK_TAG 24
#define OPENINGS_TAG 20

static uint64_t gas_of_kind(const struct exhibit *x)
{
    const struct pro_evidence *e = &x->e;
    uint64_t header = artifact_gas(e->artifact, BLOCK_TAG);
    switch (e->kind) {
    case PRO_EVIDENCE_TWO_PROMISES:
    case PRO_EVIDENCE_BROKEN_ORDER:
        return 2 * PROMISE_GAS;
    case PRO_EVIDENCE_TWO_ORDERS:
        return artifact_gas(e->artifact, ORDER_TAG) + artifact_gas(e->other, ORDER_TAG);
    case PRO_EVIDENCE_TWO_BLOCKS:
        return header + artifact_gas(e->other, BLOCK_TAG);
    case PRO_EVIDENCE_ORDER_BREAKS_PROMISE:
        return PROMISE_GAS + artifact_gas(e->artifact, ORDER_TAG) + OPENING_GAS + 30 + 6 * 3;
    case PRO_EVIDENCE_BLOCK_BREAKS_PROMISE:
        return PROMISE_GAS + header + OPENING_GAS + 30 + 6 * 4;
    case PRO_EVIDENCE_BAD_ADMISSION:
        return leg_gas(e) + 2 * modexp_gas(512) + 2 * modexp_gas(128) + modexp_gas(64);
    case PRO_EVIDENCE_WRONG_OPENINGS:
        return leg_gas(e) + artifact_gas(e->artifact, OPENINGS_TAG) + opening_gas(e);
    case PRO_EVIDENCE_WRONG_PLAINTEXT:
        return leg_gas(e) + header + OPENING_GAS + 30 + 6 * 4 + opening_gas(e) + 30 +
               6 * words(world->bundles[1].legs[0].plain.len);
    }
    return 0;
}

/* ---- Verdicts ---- */

/* Asserts that it convicts the sequencer in the fixture's slot. Out: the conviction. */
static void convict(const struct exhibit *x, struct pro_conviction *c)
{
    struct buf b = {0};
    struct buf why = {0};
    exhibit_encode(x, &b);
    int rc = pro_evidence_judge(world->vc, buf_view(&b), c, &why);
    if (rc != 0) {
        print_error("%s: %s, %s\n", pro_evidence_name(x->e.kind), err_name(rc), buf_cstr(&why));
    }
    assert_int_equal(rc, 0);
    assert_int_equal(why.len, 0);
    assert_int_equal(c->kind, x->e.kind);
    assert_true(addr20_equal(&c->culprit, &world->sequencer.address));
    assert_true(hash32_equal(&c->deployment, &world->view.deployment.id));
    assert_int_equal(c->slot, SLOT);
    buf_fini(&b);
}

static void assert_convicts(const struct exhibit *x, const char *sentence)
{
    struct pro_conviction c = {0};
    convict(x, &c);
    assert_string_equal(buf_cstr(&c.sentence), sentence);
    pro_conviction_fini(&c);
}

static void assert_convicts_nobody(const struct exhibit *x, const char *reason)
{
    struct pro_conviction c = {0};
    struct buf b = {0};
    struct buf why = {0};
    exhibit_encode(x, &b);
    assert_int_equal(pro_evidence_judge(world->vc, buf_view(&b), &c, &why), ERR_PROOF);
    assert_string_equal(buf_cstr(&why), reason);
    assert_null(c.sentence.data);
    buf_fini(&b);
    buf_fini(&why);
}

static void test_each_kind_convicts_of_what_was_done(void **state)
{
    static const char *const sentences[] = {
        [PRO_EVIDENCE_TWO_PROMISES] = "it promised position 1 of rollup 10 in slot 42 twice",
        [PRO_EVIDENCE_TWO_ORDERS] = "it sealed two orders for rollup 10 in slot 42",
        [PRO_EVIDENCE_TWO_BLOCKS] = "it signed two blocks for rollup 10, slot 42, round 0",
        [PRO_EVIDENCE_ORDER_BREAKS_PROMISE] =
            "it sealed another leg at position 1 of rollup 10 than it had promised",
        [PRO_EVIDENCE_BLOCK_BREAKS_PROMISE] =
            "its block of rollup 10 has something else at position 1 than it had promised",
        [PRO_EVIDENCE_BROKEN_ORDER] =
            "it promised position 2 to bundle 1 and 1 to bundle 3 on rollup 10",
        [PRO_EVIDENCE_BAD_ADMISSION] = "it promised a position to a leg whose time-lock proof is "
                                       "false (proof does not verify)",
        [PRO_EVIDENCE_WRONG_OPENINGS] = "it published an opening that is not the leg's",
        [PRO_EVIDENCE_WRONG_PLAINTEXT] =
            "its block of rollup 10 holds another transaction at position 1 than was sealed",
    };
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        assert_convicts(&x, sentences[kind]);
        exhibit_fini(&x);
    }
}

static void test_each_kind_costs_what_its_parts_cost(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct buf b = {0};
        struct pro_conviction c = {0};
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        exhibit_encode(&x, &b);
        convict(&x, &c);
        assert_int_equal(c.gas, 21000 + calldata(&b) + 30 + 6 * words(22 + world->descriptor.len) +
                                    gas_of_kind(&x));
        pro_conviction_fini(&c);
        buf_fini(&b);
        exhibit_fini(&x);
    }
}

/* ---- Variants: promises ---- */

static void test_one_leg_promised_two_places_convicts(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_TWO_PROMISES);
    exhibit_promise(x.s, 2, 0, &x.e.promise);
    exhibit_promise(x.s, 2, 0, &x.e.second);
    struct pro_promise was = x.e.second;
    const char *elsewhere = "it promised leg 0 of one bundle two places in slot 42";
    x.e.second.order++;
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts(&x, elsewhere);
    x.e.second = was;
    x.e.second.rollup++;
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts(&x, elsewhere);
    x.e.second = was;
    x.e.second.seq++;
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts(&x, "it promised position 1 of rollup 20 in slot 42 twice");
    x.e.second = was;
    x.e.second.n_legs++;
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts(&x, "it promised position 1 of rollup 20 in slot 42 twice");
    x.e.second = was;
    x.e.second.slot++;
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts_nobody(&x, "both promises can be kept");
    exhibit_fini(&x);
}

static void test_two_bundles_of_one_number_convict(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_TWO_PROMISES);
    exhibit_promise(x.s, 1, 1, &x.e.promise);
    exhibit_promise(x.s, 3, 2, &x.e.second);
    assert_convicts_nobody(&x, "both promises can be kept");
    x.e.second.seq = 1;
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts(&x, "it gave two bundles the sequence number 1 of slot 42");
    x.e.second.slot = SLOT - 1;
    sign_promise(world, &world->sequencer, &x.e.second);
    assert_convicts_nobody(&x, "both promises can be kept");
    exhibit_fini(&x);
}

static void test_global_order_is_by_bundle_then_leg(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BROKEN_ORDER);
    const char *kept = "the promises keep the global order";
    exhibit_promise(x.s, 3, 0, &x.e.promise);
    exhibit_promise(x.s, 3, 1, &x.e.second);
    assert_convicts_nobody(&x, kept);
    x.e.promise.order = x.e.second.order;
    sign_promise(world, &world->sequencer, &x.e.promise);
    assert_convicts(&x, "it promised position 3 to bundle 3 and 3 to bundle 3 on rollup 10");
    x.e.promise.order++;
    sign_promise(world, &world->sequencer, &x.e.promise);
    assert_convicts(&x, "it promised position 4 to bundle 3 and 3 to bundle 3 on rollup 10");
    x.e.promise.rollup = 20;
    sign_promise(world, &world->sequencer, &x.e.promise);
    assert_convicts_nobody(&x, kept);
    x.e.promise.rollup = 10;
    x.e.promise.slot++;
    sign_promise(world, &world->sequencer, &x.e.promise);
    assert_convicts_nobody(&x, kept);
    exhibit_fini(&x);
}

/* ---- Variants: commitments ---- */

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

static void test_second_and_final_blocks_may_exclude(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
    struct slot_chain *c = &x.s->chains[A];
    exhibit_promise(x.s, 0, 0, &x.e.promise);
    exhibit_open_block(&x, &c->second.block, 0);
    x.e.artifact = buf_view(&c->second.signed_header);
    assert_convicts_nobody(&x, "promise and proposal block are for different places");
    x.e.artifact = buf_view(&c->final.signed_header);
    assert_convicts_nobody(&x, "promise and proposal block are for different places");
    exhibit_fini(&x);
}

/* ---- Variants: the time-lock ---- */

/* Promises bundle 2's place to other bytes. */
static void promise_bytes(struct exhibit *x, struct bytes leg)
{
    x->e.leg = leg;
    pro_leg_hash(leg, &x->s->preconfs[2].txs[0].enc_tx_hash);
    slot_promise(x->s, 2);
    exhibit_promise(x->s, 2, 0, &x->e.promise);
}

static void test_bytes_that_are_no_leg_may_not_be_admitted(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BAD_ADMISSION);
    promise_bytes(&x, bytes_str("no leg"));
    assert_convicts(&x, "it promised a position to bytes that are no leg");
    promise_bytes(&x, world->bundles[2].b.legs[0].raw);
    assert_convicts_nobody(&x, "the leg is the promised one and its time-lock proof verifies");
    x.e.kind = PRO_EVIDENCE_WRONG_OPENINGS;
    promise_bytes(&x, bytes_str("no leg"));
    x.e.artifact = buf_view(&x.s->chains[B].signed_openings);
    assert_convicts_nobody(&x, "the leg is malformed: that is a bad admission");
    exhibit_fini(&x);
}

static void test_a_leg_may_not_be_promised_another_legs_place(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_BAD_ADMISSION);
    x.e.leg = world->bundles[2].b.legs[0].raw;
    exhibit_promise(x.s, 2, 0, &x.e.promise);
    x.e.promise.rollup = 30;
    sign_promise(world, &world->sequencer, &x.e.promise);
    assert_convicts(&x, "it promised leg 0 of 1 on rollup 30 to leg 0 of 1 for rollup 20");
    x.e.promise.rollup = 20;
    x.e.promise.n_legs = 2;
    sign_promise(world, &world->sequencer, &x.e.promise);
    assert_convicts(&x, "it promised leg 0 of 2 on rollup 20 to leg 0 of 1 for rollup 20");
    x.e.promise.leg = 1;
    sign_promise(world, &world->sequencer, &x.e.promise);
    assert_convicts(&x, "it promised leg 1 of 2 on rollup 20 to leg 0 of 1 for rollup 20");
    exhibit_fini(&x);
}

/* In: a chain and an order of it with the bundle there. */
static void blame_openings(struct exhibit *x, int bundle, int chain)
{
    slot_sign_openings(x->s, chain);
    x->e.artifact = buf_view(&x->s->chains[chain].signed_openings);
    x->e.leg = world->bundles[bundle].b.legs[0].raw;
    exhibit_promise(x->s, bundle, 0, &x->e.promise);
}

static void test_a_verdict_may_not_be_wrong(void **state)
{
    static const struct {
        int bundle, chain, order;
        bool bogus;
    } cases[] = {{1, A, 1, false}, {2, B, 1, false}, {4, C, 1, true}, {5, B, 3, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct exhibit x;
        exhibit_init_honest(&x, world, PRO_EVIDENCE_WRONG_OPENINGS);
        struct pro_opening *o = &x.s->chains[cases[i].chain].openings.items[cases[i].order];
        blame_openings(&x, cases[i].bundle, cases[i].chain);
        assert_convicts_nobody(&x, "the opening is right, and so is its verdict");
        o->verdict = o->verdict == PRO_OPEN ? PRO_BOGUS_CIPHER : PRO_OPEN;
        blame_openings(&x, cases[i].bundle, cases[i].chain);
        assert_convicts(&x, cases[i].bogus ? "it called a leg open that opens to no transaction"
                                           : "it called a leg bogus that opens to a transaction");
        exhibit_fini(&x);
    }
}

static void test_openings_may_not_end_before_a_promise(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_WRONG_OPENINGS);
    x.s->chains[A].openings.count = 1;
    blame_openings(&x, 1, A);
    assert_convicts(&x, "it published 1 openings and had promised position 1");
    exhibit_fini(&x);
}

static void test_an_opening_has_one_form(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_WRONG_OPENINGS);
    struct pro_opening *o = &x.s->chains[A].openings.items[1];
    o->w.len--;
    blame_openings(&x, 1, A);
    assert_convicts(&x, "it published an opening that is not the leg's");
    o->w.len = 0;
    blame_openings(&x, 1, A);
    assert_convicts(&x, "it published an opening that is not the leg's");
    exhibit_fini(&x);
}

/* Bundle 4 opens to garbage, bundle 5 does not open: blocks hold what came out, or nothing. */
static void test_a_block_holds_what_a_bogus_leg_opens_to(void **state)
{
    static const struct {
        int bundle, chain;
        uint32_t order;
    } cases[] = {{4, C, 1}, {5, B, 3}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct exhibit x;
        exhibit_init_honest(&x, world, PRO_EVIDENCE_WRONG_PLAINTEXT);
        struct slot_chain *c = &x.s->chains[cases[i].chain];
        uint32_t order = cases[i].order;
        x.e.leg = world->bundles[cases[i].bundle].b.legs[0].raw;
        x.e.other = c->openings.items[order].w;
        exhibit_promise(x.s, cases[i].bundle, 0, &x.e.promise);
        for (int other = 0; other < 2; other++) {
            if (other == 1) {
                c->proposal.block.entries[order].tx = bytes_str("something else");
            }
            slot_pack(x.s, &c->proposal);
            x.e.artifact = buf_view(&c->proposal.signed_header);
            exhibit_open_block(&x, &c->proposal.block, order);
            if (other == 1) {
                assert_convicts(&x, i == 0 ? "its block of rollup 30 holds another transaction at "
                                             "position 1 than was sealed"
                                           : "its block of rollup 20 holds another transaction at "
                                             "position 3 than was sealed");
            } else {
                assert_convicts_nobody(&x, "the block holds what the leg opens to");
            }
        }
        exhibit_fini(&x);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_convicts_of_what_was_done),
        cmocka_unit_test(test_each_kind_costs_what_its_parts_cost),
        cmocka_unit_test(test_one_leg_promised_two_places_convicts),
        cmocka_unit_test(test_two_bundles_of_one_number_convict),
        cmocka_unit_test(test_global_order_is_by_bundle_then_leg),
        cmocka_unit_test(test_final_blocks_are_one_whatever_their_round),
        cmocka_unit_test(test_a_sealed_order_may_not_end_before_a_promise),
        cmocka_unit_test(test_a_block_may_not_end_before_a_promise),
        cmocka_unit_test(test_a_block_may_not_be_empty_where_it_was_promised),
        cmocka_unit_test(test_a_proposal_may_not_exclude_what_it_promised),
        cmocka_unit_test(test_second_and_final_blocks_may_exclude),
        cmocka_unit_test(test_bytes_that_are_no_leg_may_not_be_admitted),
        cmocka_unit_test(test_a_leg_may_not_be_promised_another_legs_place),
        cmocka_unit_test(test_a_verdict_may_not_be_wrong),
        cmocka_unit_test(test_openings_may_not_end_before_a_promise),
        cmocka_unit_test(test_an_opening_has_one_form),
        cmocka_unit_test(test_a_block_holds_what_a_bogus_leg_opens_to),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
