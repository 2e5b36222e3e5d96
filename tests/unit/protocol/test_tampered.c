/* Evidence that somebody has tampered with convicts nobody, wherever and however; nor does evidence
 * whose parts are for different places, of different deployments or not signed by the sequencer. */
#include "common/base/prng.h"
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

/* Returns: what the judge says. */
static int judge(struct bytes evidence)
{
    struct pro_conviction c = {0};
    struct buf why = {0};
    struct buf copy = {0}; /* of its own, so that the sanitizers see a read past its end */
    buf_append_bytes(&copy, evidence);
    int rc = pro_evidence_judge(world->vc, buf_view(&copy), &c, &why);
    assert_true((rc == ERR_PROOF) == (why.len > 0));
    assert_true(rc == 0 || c.sentence.data == NULL);
    pro_conviction_fini(&c);
    buf_fini(&why);
    buf_fini(&copy);
    return rc;
}

static bool is_refusal(int rc)
{
    return rc == ERR_PROOF || rc == ERR_TRUNCATED || rc == ERR_TRAILING || rc == ERR_TOOBIG ||
           rc == ERR_NONCANONICAL || rc == ERR_UNSUPPORTED;
}

static int judge_exhibit(const struct exhibit *x)
{
    struct buf b = {0};
    exhibit_encode(x, &b);
    int rc = judge(buf_view(&b));
    buf_fini(&b);
    return rc;
}

/* ---- Bytes ---- */

static void test_no_byte_can_be_changed(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct buf b = {0};
        struct prng r;
        prng_init(&r, (uint64_t)kind, "bytes");
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        exhibit_encode(&x, &b);
        for (size_t i = 0; i < b.len; i++) {
            const uint8_t masks[] = {1, 0x80, (uint8_t)(1 + prng_below(&r, 255))};
            for (size_t m = 0; m < sizeof(masks); m++) {
                b.data[i] ^= masks[m];
                int rc = judge(buf_view(&b));
                if (!is_refusal(rc)) {
                    fail_msg("%s, byte %zu ^ %#x: %s", pro_evidence_name(x.e.kind), i, masks[m],
                             rc == 0 ? "convicted" : err_name(rc));
                }
                b.data[i] ^= masks[m];
            }
        }
        assert_int_equal(judge(buf_view(&b)), 0);
        buf_fini(&b);
        exhibit_fini(&x);
    }
}

static void test_nothing_can_be_cut_off_or_added(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct buf b = {0};
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        exhibit_encode(&x, &b);
        for (size_t len = 0; len < b.len; len++) {
            assert_int_equal(judge(bytes_of(b.data, len)), ERR_TRUNCATED);
        }
        buf_append_u8(&b, 0);
        assert_int_equal(judge(buf_view(&b)), ERR_TRAILING);
        buf_fini(&b);
        exhibit_fini(&x);
    }
}

/* ---- Members of variable length ---- */

static struct bytes *members(struct pro_evidence *e, size_t i)
{
    struct bytes *const all[] = {&e->descriptor, &e->artifact, &e->other, &e->params,
                                 &e->leg,        &e->preimage, &e->tx,    &e->cover};
    return i < sizeof(all) / sizeof(all[0]) ? all[i] : NULL;
}

/* Longer, shorter, empty, and another member's content. Members a kind does not have do not count:
 * its encoding stays the same. */
static void test_no_member_can_be_another(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct buf genuine = {0};
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        exhibit_encode(&x, &genuine);
        struct bytes *m = NULL;
        for (size_t i = 0; (m = members(&x.e, i)) != NULL; i++) {
            const struct bytes was = *m;
            struct buf longer = {0};
            buf_append_bytes(&longer, was);
            buf_append_u8(&longer, 0);
            const struct bytes others[] = {buf_view(&longer),
                                           {was.data, was.len > 0 ? was.len - 1 : 0},
                                           {NULL, 0},
                                           buf_view(&x.params),
                                           buf_view(&x.w->descriptor),
                                           buf_view(&x.s->chains[B].signed_order),
                                           buf_view(&x.s->chains[B].proposal.signed_header),
                                           buf_view(&x.s->chains[B].signed_openings),
                                           buf_view(&x.s->chains[B].signed_result),
                                           x.w->bundles[0].b.legs[0].raw,
                                           x.w->bundles[3].b.legs[1].raw,
                                           buf_view(&x.w->bundles[0].legs[0].w)};
            for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
                struct buf b = {0};
                *m = others[k];
                exhibit_encode(&x, &b);
                bool same = bytes_equal(buf_view(&b), buf_view(&genuine));
                int rc = judge(buf_view(&b));
                assert_true(same ? rc == 0 : is_refusal(rc));
                buf_fini(&b);
            }
            *m = was;
            buf_fini(&longer);
        }
        buf_fini(&genuine);
        exhibit_fini(&x);
    }
}

/* ---- Signatures ---- */

/* Signs the body of an artifact again. */
static void sign_again(struct bytes artifact, const char *tag, const struct sig_key *key,
                       struct buf *out)
{
    struct bytes body = {artifact.data, artifact.len - sizeof(struct sig65)};
    buf_clear(out);
    pro_sign(&world->view.deployment.id, tag, key, body, out);
}

static bool has_promise(enum pro_evidence_kind kind)
{
    return kind != PRO_EVIDENCE_TWO_ORDERS && kind != PRO_EVIDENCE_TWO_BLOCKS &&
           kind != PRO_EVIDENCE_TWO_RESULTS && kind != PRO_EVIDENCE_FALSE_STEP;
}

static bool has_second(enum pro_evidence_kind kind)
{
    return kind == PRO_EVIDENCE_TWO_PROMISES || kind == PRO_EVIDENCE_BROKEN_ORDER ||
           kind == PRO_EVIDENCE_SPLIT_BUNDLE || kind == PRO_EVIDENCE_FOREIGN_CAUSE;
}

static const char *tag_of(enum pro_evidence_kind kind)
{
    switch (kind) {
    case PRO_EVIDENCE_TWO_ORDERS:
    case PRO_EVIDENCE_ORDER_BREAKS_PROMISE:
        return PRO_TAG_ORDER;
    case PRO_EVIDENCE_TWO_BLOCKS:
    case PRO_EVIDENCE_BLOCK_BREAKS_PROMISE:
    case PRO_EVIDENCE_WRONG_PLAINTEXT:
    case PRO_EVIDENCE_SPLIT_BUNDLE:
    case PRO_EVIDENCE_FOREIGN_CAUSE:
        return PRO_TAG_BLOCK;
    case PRO_EVIDENCE_WRONG_OPENINGS:
        return PRO_TAG_OPENINGS;
    case PRO_EVIDENCE_TWO_RESULTS:
    case PRO_EVIDENCE_FALSE_STEP:
        return PRO_TAG_RESULT;
    default:
        return NULL;
    }
}

static void test_nobody_else_can_sign(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct buf artifact = {0};
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        const struct pro_evidence was = x.e;
        const char *tag = tag_of(x.e.kind);
        if (has_promise(x.e.kind)) {
            sign_promise(world, &world->stranger, &x.e.promise);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
            sign_promise(world, &world->executors[A], &x.e.promise);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        }
        x.e = was;
        if (has_second(x.e.kind)) {
            sign_promise(world, &world->stranger, &x.e.second);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        }
        x.e = was;
        if (tag != NULL) {
            sign_again(was.artifact, tag, &world->stranger, &artifact);
            x.e.artifact = buf_view(&artifact);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
            /* nor does the culprit's signature under something else count */
            const struct sig_key *culprit = exhibit_culprit(world, x.e.kind);
            sign_again(was.artifact, PRO_TAG_DA_ACK, culprit, &artifact);
            x.e.artifact = buf_view(&artifact);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
            sign_again(was.artifact, tag, &world->executors[A], &artifact);
            x.e.artifact = buf_view(&artifact);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
            sign_again(was.artifact, tag, culprit, &artifact);
            x.e.artifact = buf_view(&artifact);
            assert_int_equal(judge_exhibit(&x), 0);
        }
        x.e = was;
        buf_fini(&artifact);
        exhibit_fini(&x);
    }
}

/* A descriptor that differs in one thing is another deployment; one that names somebody else as
 * sequencer convicts nobody by what this sequencer signed. */
static void test_no_other_deployment_will_do(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        struct pro_descriptor d;
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        for (int change = 0; change < 7; change++) {
            struct buf descriptor = {0};
            assert_int_equal(pro_descriptor_decode(buf_view(&world->descriptor), &d), 0);
            d.l1_chain_id += change == 0;
            d.salt.b[0] ^= change == 1;
            d.timelock.b[31] ^= change == 2;
            d.sequencer = change == 3 ? world->stranger.address : d.sequencer;
            d.n_executors -= change == 4;
            d.executors[0].rollup += change == 5;
            d.executors[0].address.b[0] ^= change == 6;
            pro_descriptor_encode(&d, &descriptor);
            x.e.descriptor = buf_view(&descriptor);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
            buf_fini(&descriptor);
            pro_descriptor_fini(&d);
        }
        x.e.descriptor = buf_view(&world->descriptor);
        assert_int_equal(judge_exhibit(&x), 0);
        exhibit_fini(&x);
    }
}

/* ---- Parts that are the sequencer's but do not go together ---- */

static void test_a_promise_for_another_place_breaks_nothing(void **state)
{
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        struct exhibit x;
        exhibit_init(&x, world, (enum pro_evidence_kind)kind);
        const struct pro_promise was = x.e.promise;
        if (!has_promise(x.e.kind) || x.e.kind == PRO_EVIDENCE_BAD_ADMISSION) {
            exhibit_fini(&x);
            continue;
        }
        x.e.promise.slot++;
        sign_promise(world, &world->sequencer, &x.e.promise);
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        x.e.promise = was;
        x.e.promise.rollup = 77;
        sign_promise(world, &world->sequencer, &x.e.promise);
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        x.e.promise = was;
        if (tag_of(x.e.kind) != NULL && x.e.kind != PRO_EVIDENCE_WRONG_OPENINGS) {
            x.e.promise.order = 3; /* there, but that is not what was opened */
            sign_promise(world, &world->sequencer, &x.e.promise);
            assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        }
        exhibit_fini(&x);
    }
}

static void test_a_header_of_another_place_breaks_nothing(void **state)
{
    static const enum pro_evidence_kind kinds[] = {
        PRO_EVIDENCE_TWO_BLOCKS, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE, PRO_EVIDENCE_WRONG_PLAINTEXT};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        for (int change = 0; change < 4; change++) {
            struct exhibit x;
            exhibit_init(&x, world, kinds[i]);
            struct slot_block *b = &x.s->chains[A].proposal;
            struct bytes *artifact =
                kinds[i] == PRO_EVIDENCE_TWO_BLOCKS ? &x.e.other : &x.e.artifact;
            b->header.slot += change == 0;
            b->header.rollup += change == 1;
            b->header.round += change == 2;
            b->header.final = change == 3;
            b->excluded[0] = 0;
            b->header.excluded = bytes_of(b->excluded, 1);
            slot_sign_header(x.s, b);
            *artifact = buf_view(&b->signed_header);
            /* a later block keeps promises too */
            bool later = kinds[i] == PRO_EVIDENCE_BLOCK_BREAKS_PROMISE && change >= 2;
            assert_int_equal(judge_exhibit(&x), later ? 0 : ERR_PROOF);
            exhibit_fini(&x);
        }
    }
}

static void test_the_same_twice_is_no_contradiction(void **state)
{
    static const enum pro_evidence_kind kinds[] = {
        PRO_EVIDENCE_TWO_PROMISES, PRO_EVIDENCE_BROKEN_ORDER, PRO_EVIDENCE_TWO_ORDERS,
        PRO_EVIDENCE_TWO_BLOCKS};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct exhibit x;
        exhibit_init(&x, world, kinds[i]);
        const struct pro_evidence was = x.e;
        x.e.second = was.promise;
        x.e.other = was.artifact;
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        x.e.promise = x.e.second = was.second;
        x.e.artifact = x.e.other = was.other;
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        exhibit_fini(&x);
    }
}

static void test_legs_in_order_do_not_break_it(void **state)
{
    struct exhibit x;
    exhibit_init(&x, world, PRO_EVIDENCE_BROKEN_ORDER);
    const struct pro_promise later = x.e.second;
    x.e.second = x.e.promise;
    x.e.promise = later;
    assert_int_equal(judge_exhibit(&x), ERR_PROOF);
    exhibit_fini(&x);
}

/* ---- Openings ---- */

static void assert_garbage_openings_prove_nothing(struct exhibit *x)
{
    const struct pro_opening_proof was = x->e.opening;
    struct prng r;
    prng_init(&r, 3, "garbage");
    for (int i = 0; i < 50; i++) {
        for (size_t k = 0; k < sizeof(was.proof.b); k++) {
            x->e.opening.proof.b[k] = (uint8_t)prng_below(&r, 256);
        }
        assert_int_equal(judge_exhibit(x), ERR_PROOF);
    }
    /* the point at infinity, no point, no element */
    x->e.opening.proof = (struct vc_proof){{0xc0}};
    assert_int_equal(judge_exhibit(x), ERR_PROOF);
    x->e.opening.proof = (struct vc_proof){{0}};
    assert_int_equal(judge_exhibit(x), ERR_PROOF);
    memset(x->e.opening.proof.b, 0xff, 48);
    assert_int_equal(judge_exhibit(x), ERR_PROOF);
    x->e.opening = was;
    memset(x->e.opening.y.b, 0, 32); /* empty, it is claimed */
    assert_int_equal(judge_exhibit(x), ERR_PROOF);
    x->e.preimage = (struct bytes){0};
    assert_int_equal(judge_exhibit(x), ERR_PROOF);
    memset(x->e.opening.y.b, 0xff, 32);
    assert_int_equal(judge_exhibit(x), ERR_PROOF);
    memset(&x->e.opening, 0, sizeof(x->e.opening)); /* as if beyond the end */
    assert_int_equal(judge_exhibit(x), ERR_PROOF);
    x->e.opening = was;
    x->e.preimage = buf_view(&x->preimage);
}

static void test_garbage_proofs_convict_nobody(void **state)
{
    static const enum pro_evidence_kind kinds[] = {
        PRO_EVIDENCE_ORDER_BREAKS_PROMISE, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE,
        PRO_EVIDENCE_WRONG_PLAINTEXT, PRO_EVIDENCE_FOREIGN_CAUSE};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct exhibit x;
        exhibit_init(&x, world, kinds[i]);
        assert_garbage_openings_prove_nothing(&x);
        assert_int_equal(judge_exhibit(&x), 0);
        exhibit_fini(&x);
    }
}

/* A good proof, but of another position: of the promised one, or of one nobody asked about. */
static void test_openings_of_other_positions_convict_nobody(void **state)
{
    for (uint32_t order = 0; order < 4; order++) {
        struct exhibit x;
        exhibit_init(&x, world, PRO_EVIDENCE_ORDER_BREAKS_PROMISE);
        exhibit_open_order(&x, &x.s->chains[A].proposal.block, order);
        assert_int_equal(judge_exhibit(&x), order == 1 ? 0 : ERR_PROOF);
        exhibit_fini(&x);
        exhibit_init(&x, world, PRO_EVIDENCE_BLOCK_BREAKS_PROMISE);
        exhibit_open_block(&x, &x.s->chains[A].proposal.block, order);
        assert_int_equal(judge_exhibit(&x), order == 1 ? 0 : ERR_PROOF);
        exhibit_fini(&x);
    }
}

static void test_opening_to_the_promised_value_convicts_nobody(void **state)
{
    struct exhibit x;
    exhibit_init_honest(&x, world, PRO_EVIDENCE_ORDER_BREAKS_PROMISE);
    struct slot_chain *c = &x.s->chains[A];
    exhibit_promise(x.s, 1, 0, &x.e.promise);
    x.e.artifact = buf_view(&c->signed_order);
    exhibit_open_order(&x, &c->proposal.block, 1);
    assert_int_equal(judge_exhibit(&x), ERR_PROOF);
    x.e.kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE;
    x.e.artifact = buf_view(&c->proposal.signed_header);
    exhibit_open_block(&x, &c->proposal.block, 1);
    assert_int_equal(judge_exhibit(&x), ERR_PROOF);
    exhibit_fini(&x);
}

static void test_another_preimage_convicts_nobody(void **state)
{
    static const enum pro_evidence_kind kinds[] = {PRO_EVIDENCE_BLOCK_BREAKS_PROMISE,
                                                   PRO_EVIDENCE_WRONG_PLAINTEXT};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct exhibit x;
        struct buf other = {0};
        exhibit_init(&x, world, kinds[i]);
        const struct pro_block *b = &x.s->chains[A].proposal.block;
        pro_preimage_of(&b->entries[3], &other);
        x.e.preimage = buf_view(&other);
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        x.e.preimage.len = 56;
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        x.e.preimage.len = 0;
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        buf_fini(&other);
        exhibit_fini(&x);
    }
}

/* ---- The time-lock ---- */

/* Only the exact bytes the deployment's digest is of: also not those with the factors. */
static void test_only_the_deployments_parameters_will_do(void **state)
{
    static const enum pro_evidence_kind kinds[] = {
        PRO_EVIDENCE_BAD_ADMISSION, PRO_EVIDENCE_WRONG_OPENINGS, PRO_EVIDENCE_WRONG_PLAINTEXT};
    struct buf with_factors = {0};
    assert_true(tlp_params_has_trapdoor(world->tlp));
    assert_int_equal(tlp_params_encode(world->tlp, true, &with_factors), 0);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct exhibit x;
        exhibit_init(&x, world, kinds[i]);
        x.e.params = buf_view(&with_factors);
        assert_int_equal(judge_exhibit(&x), ERR_PROOF);
        exhibit_fini(&x);
    }
    buf_fini(&with_factors);
}

static void test_another_legs_solution_does_not_show_a_wrong_plaintext(void **state)
{
    struct exhibit x;
    exhibit_init(&x, world, PRO_EVIDENCE_WRONG_PLAINTEXT);
    x.e.other = buf_view(&world->bundles[0].legs[0].w);
    assert_int_equal(judge_exhibit(&x), ERR_PROOF);
    x.e.leg = world->bundles[0].b.legs[0].raw;
    assert_int_equal(judge_exhibit(&x), ERR_PROOF);
    exhibit_promise(x.s, 0, 0, &x.e.promise);
    assert_int_equal(judge_exhibit(&x), ERR_PROOF);
    exhibit_fini(&x);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_byte_can_be_changed),
        cmocka_unit_test(test_nothing_can_be_cut_off_or_added),
        cmocka_unit_test(test_no_member_can_be_another),
        cmocka_unit_test(test_nobody_else_can_sign),
        cmocka_unit_test(test_no_other_deployment_will_do),
        cmocka_unit_test(test_a_promise_for_another_place_breaks_nothing),
        cmocka_unit_test(test_a_header_of_another_place_breaks_nothing),
        cmocka_unit_test(test_the_same_twice_is_no_contradiction),
        cmocka_unit_test(test_legs_in_order_do_not_break_it),
        cmocka_unit_test(test_garbage_proofs_convict_nobody),
        cmocka_unit_test(test_openings_of_other_positions_convict_nobody),
        cmocka_unit_test(test_opening_to_the_promised_value_convicts_nobody),
        cmocka_unit_test(test_another_preimage_convicts_nobody),
        cmocka_unit_test(test_only_the_deployments_parameters_will_do),
        cmocka_unit_test(test_another_legs_solution_does_not_show_a_wrong_plaintext),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
