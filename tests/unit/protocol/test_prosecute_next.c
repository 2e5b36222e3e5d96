/* Prosecution of second and finalized blocks: what contradicts the sequencer's own signatures
 * becomes evidence; what rests on an executor's does not. */
#include "common/protocol/pro_prosecute.h"
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

#define NO_CASE 0

static void assert_case(const struct next_case *c, int kind)
{
    struct buf evidence = {0};
    struct buf why = {0};
    struct pro_conviction conviction = {0};
    assert_int_equal(
        pro_prosecute_next(&world->view, buf_view(&world->descriptor), &c->d, &evidence), 0);
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

/* ---- Second blocks: of A ---- */

static void pack_second(struct slot *s)
{
    slot_pack(s, &s->chains[A].second);
}

static void change_a_leg(struct slot *s)
{
    s->chains[A].second.block.entries[1].enc_tx_hash.b[0] ^= 1;
    pack_second(s);
}

static void swap_legs(struct slot *s)
{
    swap_entries(&s->chains[A].second.block, 1, 2);
    pack_second(s);
}

static void drop_the_last(struct slot *s)
{
    s->chains[A].second.block.count--;
    pack_second(s);
    s->chains[A].second.block.count++;
}

static void blame_another_bundle(struct slot *s)
{
    /* position 2 of A is bundle 3's */
    slot_exclude(&s->chains[A].second, 1, (struct pro_place){world->rollups[A], 2, 0});
    pack_second(s);
}

static void blame_an_unknown_bundle(struct slot *s)
{
    slot_exclude(&s->chains[A].second, 1, (struct pro_place){world->rollups[B], 1, 0});
    pack_second(s);
}

static void exclude_what_succeeded(struct slot *s)
{
    slot_exclude(&s->chains[A].second, 1, (struct pro_place){world->rollups[C], 0, 0});
    pack_second(s);
}

static void exclude_in_part(struct slot *s)
{
    slot_exclude(&s->chains[A].second, 2, (struct pro_place){world->rollups[B], 2, 0});
    pack_second(s);
}

static void change_a_transaction(struct slot *s)
{
    s->chains[A].second.block.entries[1].tx = s->chains[A].second.block.entries[2].tx;
    pack_second(s);
}

static void stay_honest(struct slot *s)
{
}

/* ---- Final blocks ---- */

static void pack_final(struct slot *s, int chain)
{
    slot_pack(s, &s->chains[chain].final);
}

static void split_a_bundle(struct slot *s)
{
    slot_exclude(&s->chains[C].final, 0, (struct pro_place){world->rollups[C], 0, 0});
    pack_final(s, C);
}

static void split_a_bundle_within_a_block(struct slot *s)
{
    slot_exclude(&s->chains[A].final, 3, (struct pro_place){world->rollups[A], 3, 0});
    pack_final(s, A);
}

static void contradict_the_bitmap(struct slot *s)
{
    s->chains[A].final.excluded[0] ^= 2;
    slot_sign_header(s, &s->chains[A].final);
}

static void change_a_final_leg(struct slot *s)
{
    s->chains[A].final.block.entries[1].bundle_id.b[0] ^= 1;
    pack_final(s, A);
}

static void state_another_root(struct slot *s)
{
    s->chains[A].final.header.post_root.b[0] ^= 1;
    slot_sign_header(s, &s->chains[A].final);
}

static void keep_what_failed(struct slot *s)
{
    s->chains[B].final.block.entries[3] = s->chains[B].proposal.block.entries[3];
    pack_final(s, B);
}

static void sign_no_header(struct slot *s)
{
    damage(&s->chains[A].final.signed_header);
}

/* ---- The tables ---- */

struct breach {
    void (*commit)(struct slot *s);
    int chain; /* whose executor looks */
    enum pro_rule rule;
    int kind; /* of evidence, or NO_CASE */
};

static void test_each_breach_in_a_second_block_gives_the_evidence_it_can(void **state)
{
    static const struct breach breaches[] = {
        {change_a_leg, A, PRO_RULE_POSITION, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
        {swap_legs, A, PRO_RULE_POSITION, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
        {drop_the_last, A, PRO_RULE_ALTERED, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
        {blame_another_bundle, A, PRO_RULE_UNJUSTIFIED, PRO_EVIDENCE_FOREIGN_CAUSE},
        {blame_an_unknown_bundle, A, PRO_RULE_UNJUSTIFIED, NO_CASE},
        {exclude_what_succeeded, A, PRO_RULE_UNJUSTIFIED, NO_CASE},
        {change_a_transaction, A, PRO_RULE_ALTERED, NO_CASE},
        {stay_honest, A, PRO_RULE_NONE, NO_CASE},
    };
    for (size_t i = 0; i < sizeof(breaches) / sizeof(breaches[0]); i++) {
        struct slot *s = slot_new(world);
        struct next_case c;
        breaches[i].commit(s);
        slot_second_case(s, &c);
        assert_second(s, &c, breaches[i].rule);
        assert_case(&c, breaches[i].kind);
        slot_destroy(&s);
    }
}

static void test_each_breach_in_a_final_block_gives_the_evidence_it_can(void **state)
{
    static const struct breach breaches[] = {
        {split_a_bundle, A, PRO_RULE_PARTIAL, PRO_EVIDENCE_SPLIT_BUNDLE},
        {split_a_bundle_within_a_block, A, PRO_RULE_UNJUSTIFIED, PRO_EVIDENCE_SPLIT_BUNDLE},
        {contradict_the_bitmap, A, PRO_RULE_BODY, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
        {change_a_final_leg, A, PRO_RULE_POSITION, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE},
        {state_another_root, A, PRO_RULE_ROOT, NO_CASE},
        {keep_what_failed, B, PRO_RULE_KEPT_FAILED, NO_CASE},
        {sign_no_header, A, PRO_RULE_HEADER, NO_CASE},
        {stay_honest, A, PRO_RULE_NONE, NO_CASE},
        {stay_honest, B, PRO_RULE_NONE, NO_CASE},
        {stay_honest, C, PRO_RULE_NONE, NO_CASE},
    };
    for (size_t i = 0; i < sizeof(breaches) / sizeof(breaches[0]); i++) {
        struct slot *s = slot_new(world);
        struct next_case c;
        breaches[i].commit(s);
        slot_final_case(s, breaches[i].chain, &c);
        assert_final(s, &c, breaches[i].rule);
        assert_case(&c, breaches[i].kind);
        slot_destroy(&s);
    }
}

/* One leg of two in a second block: no bitmap says so yet, the final block will. */
static void test_a_second_block_that_excludes_in_part_gives_no_case(void **state)
{
    struct slot *s = slot_new(world);
    struct next_case c;
    exclude_in_part(s);
    slot_second_case(s, &c);
    assert_case(&c, NO_CASE);
    slot_destroy(&s);
}

static void test_misplaced_pieces_give_no_case(void **state)
{
    struct slot *s = slot_new(world);
    struct next_case c;
    slot_final_case(s, A, &c);
    c.d.after = slot_item(&s->chains[B].final);
    assert_case(&c, NO_CASE);
    c.d.after = slot_item(&s->chains[A].second);
    assert_case(&c, NO_CASE);
    c.d.after.body = buf_view(&s->chains[A].final.body);
    assert_case(&c, NO_CASE);
    slot_final_case(s, A, &c);
    c.siblings[0] = buf_view(&s->chains[B].proposal.signed_header);
    assert_case(&c, NO_CASE);
    c.siblings[0] = buf_view(&s->chains[B].signed_order);
    assert_case(&c, NO_CASE);
    c.siblings[0] = (struct bytes){0};
    c.d.n_bundles = 0;
    assert_case(&c, NO_CASE);
    c.d.after = (struct pro_block_item){{0}, {0}};
    assert_case(&c, NO_CASE);
    slot_destroy(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_breach_in_a_second_block_gives_the_evidence_it_can),
        cmocka_unit_test(test_each_breach_in_a_final_block_gives_the_evidence_it_can),
        cmocka_unit_test(test_a_second_block_that_excludes_in_part_gives_no_case),
        cmocka_unit_test(test_misplaced_pieces_give_no_case),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
