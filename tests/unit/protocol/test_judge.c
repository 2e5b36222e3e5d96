/* Convictions: genuine evidence of every kind convicts the sequencer, of exactly what
 * it did, at the price Ethereum would take. */
#include "common/protocol/pro_step.h"
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

/* ---- What judging costs, added up by hand: docs/evidence.md has the same sums ---- */

#define PROMISE_GAS UINT64_C(3132)  /* 3000 + (30 + 6 * 9) + (30 + 6 * 3) */
#define OPENING_GAS UINT64_C(50084) /* 50000 + 60 + 12 * 2 */

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

static uint64_t keccak_gas(size_t len)
{
    return 30 + 6 * words(len);
}

/* In: the artifact, and the length of the tag that is signed with it. */
static uint64_t artifact_gas(struct bytes artifact, size_t tag_len)
{
    return 3000 + keccak_gas(32 + 2 + tag_len + artifact.len - 65);
}

/* With 1024 bits: 16 words of 8 bytes, 256 per bit, over 3. */
static uint64_t modexp_gas(uint64_t bits)
{
    return 256 * (bits - 1) / 3;
}

static uint64_t leg_gas(const struct pro_evidence *e)
{
    return PROMISE_GAS + 60 + 12 * words(e->params.len) + keccak_gas(18 + e->leg.len);
}

static uint64_t opening_gas(const struct pro_evidence *e)
{
    struct pro_leg leg;
    assert_int_equal(pro_leg_decode(e->leg, &leg), 0);
    return modexp_gas(64) + 6000 * (leg.sealed.len / 16 + 1);
}

/* One hash for each node of the paths, two for each of the witness, of 65 bytes. */
static uint64_t step_gas(struct bytes step)
{
    struct pro_step s;
    assert_int_equal(pro_step_decode(step, &s), 0);
    return (s.before_path.n + s.after_path.n + 2 * (s.witness.len / 32)) * (60 + 12 * 3);
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
        return PROMISE_GAS + artifact_gas(e->artifact, ORDER_TAG) + OPENING_GAS + keccak_gas(72);
    case PRO_EVIDENCE_BLOCK_BREAKS_PROMISE:
        return PROMISE_GAS + header + OPENING_GAS + keccak_gas(104);
    case PRO_EVIDENCE_SPLIT_BUNDLE:
        return 2 * PROMISE_GAS + header + artifact_gas(e->other, BLOCK_TAG);
    case PRO_EVIDENCE_FOREIGN_CAUSE:
        return 2 * PROMISE_GAS + header + OPENING_GAS + keccak_gas(56);
    case PRO_EVIDENCE_TWO_RESULTS:
        return artifact_gas(e->artifact, strlen(PRO_TAG_RESULT)) +
               artifact_gas(e->other, strlen(PRO_TAG_RESULT));
    case PRO_EVIDENCE_FALSE_STEP:
        return artifact_gas(e->artifact, strlen(PRO_TAG_RESULT)) + OPENING_GAS + keccak_gas(104) +
               keccak_gas(e->leg.len) + keccak_gas(e->tx.len) + 3000 + step_gas(e->other);
    case PRO_EVIDENCE_BAD_ADMISSION:
        return leg_gas(e) + 2 * modexp_gas(512) + 2 * modexp_gas(128) + modexp_gas(64);
    case PRO_EVIDENCE_WRONG_OPENINGS:
        return leg_gas(e) + artifact_gas(e->artifact, OPENINGS_TAG) + opening_gas(e);
    case PRO_EVIDENCE_WRONG_PLAINTEXT:
        return leg_gas(e) + header + OPENING_GAS + keccak_gas(104) + opening_gas(e) +
               keccak_gas(world->bundles[1].legs[0].plain.len);
    }
    return 0;
}

static const char *sentence_of(enum pro_evidence_kind kind)
{
    switch (kind) {
    case PRO_EVIDENCE_TWO_PROMISES:
        return "it promised position 1 of rollup 10 in slot 42 twice";
    case PRO_EVIDENCE_TWO_ORDERS:
        return "it sealed two orders for rollup 10 in slot 42";
    case PRO_EVIDENCE_TWO_BLOCKS:
        return "it signed two blocks for rollup 10, slot 42, round 0";
    case PRO_EVIDENCE_ORDER_BREAKS_PROMISE:
        return "it sealed another leg at position 1 of rollup 10 than it had promised";
    case PRO_EVIDENCE_BLOCK_BREAKS_PROMISE:
        return "its block of rollup 10 has something else at position 1 than it had promised";
    case PRO_EVIDENCE_BROKEN_ORDER:
        return "it promised position 2 to bundle 1 and 1 to bundle 3 on rollup 10";
    case PRO_EVIDENCE_BAD_ADMISSION:
        return "it promised a position to a leg whose time-lock proof is false (proof does not "
               "verify)";
    case PRO_EVIDENCE_WRONG_OPENINGS:
        return "it published an opening that is not the leg's";
    case PRO_EVIDENCE_WRONG_PLAINTEXT:
        return "its block of rollup 10 holds another transaction at position 1 than was sealed";
    case PRO_EVIDENCE_SPLIT_BUNDLE:
        return "it excluded leg 1 of bundle 1 on rollup 30 and kept leg 0 on rollup 10";
    case PRO_EVIDENCE_FOREIGN_CAUSE:
        return "it excluded bundle 1 for a failure at position 1 of rollup 20, which is bundle 2's";
    case PRO_EVIDENCE_TWO_RESULTS:
        return "it signed two results for rollup 20, slot 42, round 0";
    case PRO_EVIDENCE_FALSE_STEP:
        return "it signed that position 0 of rollup 20 succeeded in round 0, which failed: "
               "explicit_fail";
    }
    return "";
}

static void test_each_kind_convicts_of_what_was_done(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        assert_convicts(&x, sentence_of((enum pro_evidence_kind)kind));
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
        exhibit_convict(&x, &c);
        assert_int_equal(c.gas, 21000 + calldata(&b) + keccak_gas(22 + world->descriptor.len) +
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_convicts_of_what_was_done),
        cmocka_unit_test(test_each_kind_costs_what_its_parts_cost),
        cmocka_unit_test(test_one_leg_promised_two_places_convicts),
        cmocka_unit_test(test_two_bundles_of_one_number_convict),
        cmocka_unit_test(test_global_order_is_by_bundle_then_leg),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
