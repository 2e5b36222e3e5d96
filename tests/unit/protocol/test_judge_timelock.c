/* Convictions by time-locked legs: the variants, and what is no breach. */
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

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
