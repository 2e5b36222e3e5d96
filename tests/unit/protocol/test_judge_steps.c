/* Convictions by results: a bundle that bridges from A to B, executed on B by an executor that may
 * lie about it. All evidence here is made by the prosecution. */
#include "common/ledger/led_cover.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_prosecute.h"
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

#define AMOUNT 100

/* ---- The case ---- */

enum stands { STANDS_TX, STANDS_BOGUS, STANDS_TOMBSTONE };

/* What the executor of B says about its only position. */
struct claim {
    bool ok;
    bool moved; /* it signed a root that is not the one before */
};

struct bridge {
    enum stands stands;
    struct claim says;
    bool covered; /* A's leg burns what B's mints */
    struct sig_key user;
    struct buf txs[2];
    struct buf legs[2];
    struct buf bundle;
    struct hash32 bundle_id;
    struct pro_block blocks[2];
    struct pro_cover_source sources[2];
    struct buf witness;
    struct buf result;
    struct pro_step step;
};

static void make_tx(struct bridge *b, uint32_t leg)
{
    struct led_bridge g = {.rollup = world->rollups[1 - leg],
                           .account = b->user.address,
                           .amount = AMOUNT,
                           .pair = {1 - leg, 0}};
    struct led_op op = {.kind = leg == 0 ? LED_OP_BRIDGE_OUT : LED_OP_BRIDGE_IN};
    assert_int_equal(led_name_set(&g.asset, "ETH"), 0);
    op.bridge = g;
    if (leg == 0 && !b->covered) {
        op.bridge.amount--;
    }
    struct led_tx tx = {.deployment = world->view.deployment.id,
                        .rollup = world->rollups[leg],
                        .sender = b->user.address,
                        .bundle_nonce = 7,
                        .leg = leg,
                        .n_legs = 2,
                        .ops = &op,
                        .n_ops = 1};
    if (leg == 1 && b->stands == STANDS_BOGUS) {
        tx.bundle_nonce = 8; /* not what the leg says */
    }
    led_tx_sign(&tx, &b->user);
    led_tx_encode(&tx, &b->txs[leg]);
}

static void make_legs(struct bridge *b)
{
    struct bytes views[2];
    struct pro_bundle bundle = {0};
    const struct bytes us[2] = {bytes_str("u0"), bytes_str("u1")};
    for (uint32_t leg = 0; leg < 2; leg++) {
        struct buf open_bytes = {0};
        struct pro_open_part open = {.rollup = world->rollups[leg],
                                     .bundle_nonce = 7,
                                     .leg = leg,
                                     .n_legs = 2,
                                     .gas_limit = 1000};
        pro_siblings(us, 2, &open.siblings);
        pro_open_part_encode(&open, &open_bytes);
        pro_leg_encode(buf_view(&open_bytes), us[leg], bytes_str("q"), bytes_str("proof"),
                       bytes_str("sealed"), &b->legs[leg]);
        views[leg] = buf_view(&b->legs[leg]);
        buf_fini(&open_bytes);
    }
    pro_bundle_encode(&world->view.deployment.id, 7, views, 2, &b->bundle);
    assert_int_equal(pro_bundle_decode(buf_view(&b->bundle), &bundle), 0);
    b->bundle_id = bundle.id;
    pro_bundle_fini(&bundle);
}

static void make_blocks(struct bridge *b)
{
    for (uint32_t leg = 0; leg < 2; leg++) {
        struct pro_block *block = &b->blocks[leg];
        assert_int_equal(pro_block_init(block, SLOT, world->rollups[leg], 0, 1), 0);
        struct pro_entry *e = &block->entries[0];
        *e = (struct pro_entry){.leg = leg, .n_legs = 2, .bundle_id = b->bundle_id};
        pro_leg_hash(buf_view(&b->legs[leg]), &e->enc_tx_hash);
        e->tx = buf_view(&b->txs[leg]);
        if (leg == 1 && b->stands == STANDS_BOGUS) {
            e->kind = PRO_ENTRY_BOGUS;
        } else if (leg == 1 && b->stands == STANDS_TOMBSTONE) {
            e->kind = PRO_ENTRY_EXCLUDED;
            e->tx = (struct bytes){0};
        }
        b->sources[leg].rollup = world->rollups[leg];
        assert_int_equal(pro_block_commit(world->vc, block, &b->sources[leg].commitment), 0);
    }
}

/* The state of B after its position: as execution leaves it, if the claim is the truth. */
static void make_step(struct bridge *b, struct hash32 *before, struct hash32 *after)
{
    struct led_state *s = NULL;
    struct led_tx tx = {0};
    struct led_receipt receipt = {0};
    assert_int_equal(led_state_new(world->rollups[1], &s), 0);
    led_state_root(s, before);
    assert_int_equal(led_tx_decode(buf_view(&b->txs[1]), &tx), 0);
    assert_int_equal(led_witness_make(s, &tx, &b->witness), 0);
    assert_int_equal(led_execute_in(s, &tx, LED_NO_OP, &receipt), 0);
    assert_true(receipt.ok);
    led_state_root(s, after);
    if (!b->says.moved) {
        *after = *before;
    }
    led_tx_fini(&tx);
    led_state_destroy(&s);
}

static void sign_result(struct bridge *b)
{
    static const uint8_t bits[2] = {0, 1};
    struct buf body = {0};
    struct buf sources = {0};
    struct pro_merkle_tree tree = {0};
    struct hash32 after;
    struct pro_result r = {.rollup = world->rollups[1],
                           .slot = SLOT,
                           .commitment = b->sources[1].commitment,
                           .count = 1,
                           .status = bytes_of(&bits[b->says.ok], 1)};
    make_step(b, &r.pre_root, &after);
    assert_int_equal(pro_merkle_tree_init(&tree, &after, 1), 0);
    pro_step_open(&r.pre_root, &after, &tree, 0, &b->step);
    r.step_roots_root = tree.root;
    pro_cover_sources_encode(b->sources, 2, &sources);
    pro_cover_hash(buf_view(&sources), &r.cover_hash);
    pro_result_encode(&r, &body);
    pro_sign(&world->view.deployment.id, PRO_TAG_RESULT, &world->executors[B], buf_view(&body),
             &b->result);
    if (b->stands == STANDS_TX) {
        b->step.witness = buf_view(&b->witness);
    }
    pro_merkle_tree_fini(&tree);
    buf_fini(&sources);
    buf_fini(&body);
}

static void bridge_init(struct bridge *b, enum stands stands, bool covered, struct claim says)
{
    *b = (struct bridge){.stands = stands, .says = says, .covered = covered};
    sig_key_from_seed(&b->user, bytes_str("user"));
    make_tx(b, 0);
    make_tx(b, 1);
    make_legs(b);
    make_blocks(b);
    sign_result(b);
}

static void bridge_fini(struct bridge *b)
{
    for (int i = 0; i < 2; i++) {
        buf_fini(&b->txs[i]);
        buf_fini(&b->legs[i]);
        pro_block_fini(&b->blocks[i]);
    }
    buf_fini(&b->bundle);
    buf_fini(&b->witness);
    buf_fini(&b->result);
}

/* ---- The prosecution ---- */

static void prosecute(const struct bridge *b, uint32_t n_proposals, struct buf *out)
{
    const struct pro_bundle_item bundle = {0, buf_view(&b->bundle)};
    const struct pro_block *const blocks[2] = {&b->blocks[0], &b->blocks[1]};
    const struct pro_step_case c = {.result = buf_view(&b->result),
                                    .step = &b->step,
                                    .executed = &b->blocks[1],
                                    .n_proposals = n_proposals,
                                    .proposals = blocks,
                                    .sources = b->sources,
                                    .n_bundles = 1,
                                    .bundles = &bundle};
    assert_int_equal(pro_prosecute_step(&world->view, buf_view(&world->descriptor), &c, out), 0);
}

static void assert_sentence(const struct bridge *b, const char *sentence)
{
    struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    struct buf why = {0};
    struct pro_conviction c = {0};
    prosecute(b, 2, &evidence);
    if (sentence == NULL) {
        assert_int_equal(evidence.len, 0);
        return;
    }
    assert_int_equal(pro_evidence_judge(world->vc, buf_view(&evidence), &c, &why), 0);
    assert_string_equal(buf_cstr(&c.sentence), sentence);
    assert_int_equal(c.kind, PRO_EVIDENCE_FALSE_STEP);
    assert_true(addr20_equal(&c.culprit, &world->executors[B].address));
    assert_int_equal(c.slot, SLOT);
    pro_conviction_fini(&c);
    buf_fini(&evidence);
    buf_fini(&why);
}

static void assert_case(enum stands stands, bool covered, struct claim says, const char *sentence)
{
    struct bridge b;
    bridge_init(&b, stands, covered, says);
    assert_sentence(&b, sentence);
    bridge_fini(&b);
}

/* ---- Convictions ---- */

#define WRONG_ROOT "it signed a wrong state root after position 0 of rollup 20, round 0"
#define NOTHING                                                                                    \
    "it signed that position 0 of rollup 20 succeeded in round 0, which failed: nothing stood "    \
    "there"

static void test_the_truth_convicts_nobody(void **state)
{
    assert_case(STANDS_TX, true, (struct claim){true, true}, NULL);
    assert_case(STANDS_TX, false, (struct claim){false, false}, NULL);
    assert_case(STANDS_BOGUS, true, (struct claim){false, false}, NULL);
    assert_case(STANDS_TOMBSTONE, true, (struct claim){false, false}, NULL);
}

static void test_a_lie_about_a_covered_leg_convicts(void **state)
{
    assert_case(STANDS_TX, true, (struct claim){false, false},
                "it signed that position 0 of rollup 20 failed in round 0, which succeeded");
    assert_case(STANDS_TX, true, (struct claim){false, true},
                "it signed that position 0 of rollup 20 failed in round 0, which succeeded");
    assert_case(STANDS_TX, true, (struct claim){true, false}, WRONG_ROOT);
}

static void test_money_minted_without_cover_convicts(void **state)
{
    assert_case(STANDS_TX, false, (struct claim){true, true},
                "it signed that position 0 of rollup 20 succeeded in round 0, which failed: "
                "uncovered");
    assert_case(STANDS_TX, false, (struct claim){false, true}, WRONG_ROOT);
}

static void test_an_effect_where_nothing_stood_convicts(void **state)
{
    assert_case(STANDS_BOGUS, true, (struct claim){true, true}, NOTHING);
    assert_case(STANDS_BOGUS, true, (struct claim){false, true}, WRONG_ROOT);
    assert_case(STANDS_TOMBSTONE, true, (struct claim){true, false}, NOTHING);
    assert_case(STANDS_TOMBSTONE, true, (struct claim){false, true}, WRONG_ROOT);
}

/* ---- Evidence that was bent ---- */

/* Evidence of a false failure of the covered leg, taken apart. */
struct bent {
    struct bridge b;
    struct buf evidence;
    struct exhibit x;
};

static void bent_init(struct bent *t, struct claim says)
{
    bridge_init(&t->b, STANDS_TX, true, says);
    t->evidence = (struct buf){.limit = PRO_MAX_EVIDENCE_BYTES};
    prosecute(&t->b, 2, &t->evidence);
    assert_true(t->evidence.len > 0);
    t->x = (struct exhibit){.w = world};
    assert_int_equal(pro_evidence_decode(buf_view(&t->evidence), &t->x.e), 0);
}

static void bent_fini(struct bent *t)
{
    bridge_fini(&t->b);
    buf_fini(&t->evidence);
}

/* Without its siblings the leg would be uncovered, and its executor guilty. */
static void test_a_leg_cannot_be_shown_without_its_bundle(void **state)
{
    struct bent t;
    struct buf cover = {0};
    struct buf sources = {0};
    bent_init(&t, (struct claim){false, false});
    t.x.e.cover = (struct bytes){0};
    assert_convicts_nobody(&t.x, "the sources of the cover are not those of the result");
    pro_cover_sources_encode(t.b.sources, 2, &sources);
    wr_var(&cover, buf_view(&sources));
    t.x.e.cover = buf_view(&cover);
    assert_convicts_nobody(&t.x, "the cover is malformed");
    buf_fini(&cover);
    buf_fini(&sources);
    bent_fini(&t);
}

static void assert_cover_refused(struct bent *t, const struct pro_cover_leg *l, const char *why)
{
    struct buf cover = {0};
    struct buf sources = {0};
    pro_cover_sources_encode(t->b.sources, 2, &sources);
    wr_var(&cover, buf_view(&sources));
    pro_cover_leg_write(l, &cover);
    t->x.e.cover = buf_view(&cover);
    assert_convicts_nobody(&t->x, why);
    buf_fini(&cover);
    buf_fini(&sources);
}

static void test_a_covering_leg_is_the_one_the_executor_had(void **state)
{
    struct bent t;
    struct pro_cover_leg l;
    bent_init(&t, (struct claim){false, false});
    struct rd r = rd_from(t.x.e.cover);
    (void)rd_var(&r, 1000);
    pro_cover_leg_read(&r, &l);
    assert_int_equal(rd_end(&r), 0);
    const struct pro_cover_leg good = l;
    l.rollup = world->rollups[C];
    assert_cover_refused(&t, &l, "a covering leg is in none of the sources");
    l = good;
    l.order = 1;
    assert_cover_refused(&t, &l, "the opening does not verify");
    l = good;
    l.tx = buf_view(&t.b.txs[1]);
    assert_cover_refused(&t, &l, "leg or transaction are not those of the opened leaf");
    l = good;
    l.leg = buf_view(&t.b.legs[1]);
    assert_cover_refused(&t, &l, "leg or transaction are not those of the opened leaf");
    l = (struct pro_cover_leg){good.rollup,    0,         t.x.e.opening,
                               t.x.e.preimage, t.x.e.leg, t.x.e.tx}; /* the leg itself */
    assert_cover_refused(&t, &l, "the opening does not verify");
    l.rollup = world->rollups[B];
    assert_cover_refused(&t, &l, "a covering leg is not that of the bundle");
    bent_fini(&t);
}

static void test_sources_are_those_the_executor_signed(void **state)
{
    struct bridge b;
    struct buf evidence = {.limit = PRO_MAX_EVIDENCE_BYTES};
    bridge_init(&b, STANDS_TX, true, (struct claim){false, false});
    prosecute(&b, 1, &evidence); /* only A's: the prosecution sees for itself that it is no case */
    assert_int_equal(evidence.len, 0);
    b.sources[0].commitment = b.sources[1].commitment;
    prosecute(&b, 2, &evidence);
    assert_int_equal(evidence.len, 0);
    bridge_fini(&b);
}

static void test_a_step_is_one_of_the_result(void **state)
{
    struct bent t;
    struct buf step = {0};
    bent_init(&t, (struct claim){false, false});
    struct pro_step s = t.b.step;
    s.witness.len--;
    pro_step_encode(&s, &step);
    t.x.e.other = buf_view(&step);
    assert_convicts_nobody(&t.x, "the step proves nothing: input ends too early");
    buf_clear(&step);
    s = t.b.step;
    s.order = 1;
    pro_step_encode(&s, &step);
    t.x.e.other = buf_view(&step);
    assert_convicts_nobody(&t.x, "the step is malformed or beyond the end");
    t.x.e.other = bytes_str("step");
    assert_convicts_nobody(&t.x, "the step is malformed or beyond the end");
    buf_fini(&step);
    bent_fini(&t);
}

/* ---- Two results ---- */

static void test_results_for_different_places_contradict_nothing(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_TWO_RESULTS);
    x.e.artifact = buf_view(&x.s->chains[B].signed_result);
    x.e.other = x.e.artifact;
    assert_convicts_nobody(&x, "the results say the same");
    x.e.other = buf_view(&x.s->chains[A].signed_result);
    assert_convicts_nobody(&x, "the results are for different places");
    x.e.other = buf_view(&x.s->chains[A].proposal.signed_header);
    assert_convicts_nobody(&x, "the result is malformed");
    x.e.other = bytes_str("x");
    assert_convicts_nobody(&x, "a result is not signed");
    exhibit_fini(&x);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_truth_convicts_nobody),
        cmocka_unit_test(test_a_lie_about_a_covered_leg_convicts),
        cmocka_unit_test(test_money_minted_without_cover_convicts),
        cmocka_unit_test(test_an_effect_where_nothing_stood_convicts),
        cmocka_unit_test(test_a_leg_cannot_be_shown_without_its_bundle),
        cmocka_unit_test(test_a_covering_leg_is_the_one_the_executor_had),
        cmocka_unit_test(test_sources_are_those_the_executor_signed),
        cmocka_unit_test(test_a_step_is_one_of_the_result),
        cmocka_unit_test(test_results_for_different_places_contradict_nothing),
    };
    if (argc != 2) {
        return 2;
    }
    world = world_new(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return failed;
}
