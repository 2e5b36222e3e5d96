/* No piece of an honest slot, and no combination of its pieces, convicts anybody. */
#include "common/base/prng.h"
#include "tests/unit/protocol/exhibit.h"

static struct world *world;

#define MAX_PIECES 16

/* Everything somebody could put into evidence against the honest sequencer. */
struct pieces {
    struct pro_promise promises[MAX_PIECES];
    struct bytes legs[MAX_PIECES];
    size_t n_promises;
    struct bytes artifacts[MAX_PIECES];
    size_t n_artifacts;
    struct bytes ws[MAX_PIECES];
    size_t n_ws;
    struct pro_opening_proof openings[4 * MAX_PIECES];
    struct buf preimages[4 * MAX_PIECES];
    size_t n_openings;
};

static void gather_openings(struct exhibit *x, const struct pro_block *b, struct pieces *p)
{
    for (uint32_t i = 0; i < b->count; i++) {
        exhibit_open_block(x, b, i);
        p->openings[p->n_openings] = x->e.opening;
        buf_append_bytes(&p->preimages[p->n_openings++], x->e.preimage);
    }
    if (b->round == 0) {
        exhibit_open_order(x, b, 0);
        p->openings[p->n_openings++] = x->e.opening;
    }
}

static void gather(struct exhibit *x, struct pieces *p)
{
    const struct slot *s = x->s;
    for (int i = 0; i < N_BUNDLES; i++) {
        for (uint32_t leg = 0; leg < s->preconfs[i].n_legs; leg++) {
            exhibit_promise(s, i, leg, &p->promises[p->n_promises]);
            p->legs[p->n_promises] = world->bundles[i].b.legs[leg].raw;
            p->ws[p->n_ws++] = buf_view(&world->bundles[i].legs[leg].w);
            p->n_promises++;
        }
    }
    for (int i = 0; i < N_CHAINS; i++) {
        const struct slot_chain *c = &s->chains[i];
        p->artifacts[p->n_artifacts++] = buf_view(&c->signed_order);
        p->artifacts[p->n_artifacts++] = buf_view(&c->proposal.signed_header);
        p->artifacts[p->n_artifacts++] = buf_view(&c->final.signed_header);
        p->artifacts[p->n_artifacts++] = buf_view(&c->signed_openings);
        p->artifacts[p->n_artifacts++] = buf_view(&c->signed_result);
        gather_openings(x, &c->proposal.block, p);
        gather_openings(x, &c->final.block, p);
    }
    p->artifacts[p->n_artifacts++] = buf_view(&s->chains[A].second.signed_header);
    gather_openings(x, &s->chains[A].second.block, p);
}

static void pieces_fini(struct pieces *p)
{
    for (size_t i = 0; i < p->n_openings; i++) {
        buf_fini(&p->preimages[i]);
    }
}

static void assert_nobody(const struct exhibit *x)
{
    struct pro_conviction c = {0};
    struct buf b = {0};
    struct buf why = {0};
    exhibit_encode(x, &b);
    int rc = pro_evidence_judge(world->vc, buf_view(&b), &c, &why);
    if (rc == 0) {
        print_error("%s: %s\n", pro_evidence_name(c.kind), buf_cstr(&c.sentence));
    }
    assert_int_equal(rc, ERR_PROOF);
    assert_true(why.len > 0);
    buf_fini(&b);
    buf_fini(&why);
}

/* All pairs of signatures. */
static void test_no_two_signatures_of_an_honest_slot_convict(void **state)
{
    struct exhibit x;
    struct pieces p = {0};
    exhibit_init_honest(&x, world, PRO_EVIDENCE_TWO_PROMISES);
    gather(&x, &p);
    for (size_t i = 0; i < p.n_promises * p.n_promises; i++) {
        x.e.promise = p.promises[i / p.n_promises];
        x.e.second = p.promises[i % p.n_promises];
        x.e.kind = PRO_EVIDENCE_TWO_PROMISES;
        assert_nobody(&x);
        x.e.kind = PRO_EVIDENCE_BROKEN_ORDER;
        assert_nobody(&x);
    }
    for (size_t i = 0; i < p.n_artifacts * p.n_artifacts; i++) {
        x.e.artifact = p.artifacts[i / p.n_artifacts];
        x.e.other = p.artifacts[i % p.n_artifacts];
        x.e.kind = PRO_EVIDENCE_TWO_ORDERS;
        assert_nobody(&x);
        x.e.kind = PRO_EVIDENCE_TWO_BLOCKS;
        assert_nobody(&x);
    }
    pieces_fini(&p);
    exhibit_fini(&x);
}

/* All pairs of promises, against all pairs of final blocks and all tombstones. */
static void test_no_exclusion_of_an_honest_slot_convicts(void **state)
{
    struct exhibit x;
    struct pieces p = {0};
    exhibit_init_honest(&x, world, PRO_EVIDENCE_SPLIT_BUNDLE);
    gather(&x, &p);
    for (size_t i = 0; i < p.n_promises * p.n_promises; i++) {
        x.e.promise = p.promises[i / p.n_promises];
        x.e.second = p.promises[i % p.n_promises];
        x.e.kind = PRO_EVIDENCE_SPLIT_BUNDLE;
        for (int k = 0; k < N_CHAINS * N_CHAINS; k++) {
            x.e.artifact = buf_view(&x.s->chains[k / N_CHAINS].final.signed_header);
            x.e.other = buf_view(&x.s->chains[k % N_CHAINS].final.signed_header);
            assert_nobody(&x);
        }
        const struct slot_chain *c = &x.s->chains[x.e.promise.rollup / 10 - 1];
        x.e.kind = PRO_EVIDENCE_FOREIGN_CAUSE;
        x.e.artifact = buf_view(&c->final.signed_header);
        exhibit_open_block(&x, &c->final.block, x.e.promise.order);
        assert_nobody(&x);
    }
    for (size_t i = 0; i < p.n_promises; i++) {
        const struct slot_chain *c = &x.s->chains[p.promises[i].rollup / 10 - 1];
        x.e.kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE;
        x.e.promise = p.promises[i];
        x.e.artifact = buf_view(&c->final.signed_header);
        exhibit_open_block(&x, &c->final.block, x.e.promise.order);
        assert_nobody(&x);
    }
    pieces_fini(&p);
    exhibit_fini(&x);
}

/* Every promise against every artifact, with the opening of its own place. */
static void test_no_promise_of_an_honest_slot_is_broken(void **state)
{
    struct exhibit x;
    struct pieces p = {0};
    exhibit_init_honest(&x, world, PRO_EVIDENCE_ORDER_BREAKS_PROMISE);
    gather(&x, &p);
    for (size_t i = 0; i < p.n_promises; i++) {
        x.e.promise = p.promises[i];
        x.e.leg = p.legs[i];
        x.e.other = p.ws[i];
        uint64_t chain = p.promises[i].rollup / 10 - 1;
        const struct pro_block *b = &x.s->chains[chain].proposal.block;
        for (size_t k = 0; k < p.n_artifacts; k++) {
            x.e.artifact = p.artifacts[k];
            exhibit_open_block(&x, b, x.e.promise.order);
            x.e.kind = PRO_EVIDENCE_BLOCK_BREAKS_PROMISE;
            assert_nobody(&x);
            x.e.kind = PRO_EVIDENCE_WRONG_PLAINTEXT;
            assert_nobody(&x);
            exhibit_open_order(&x, b, x.e.promise.order);
            x.e.kind = PRO_EVIDENCE_ORDER_BREAKS_PROMISE;
            assert_nobody(&x);
            x.e.kind = PRO_EVIDENCE_WRONG_OPENINGS;
            assert_nobody(&x);
        }
        x.e.kind = PRO_EVIDENCE_BAD_ADMISSION;
        assert_nobody(&x);
    }
    pieces_fini(&p);
    exhibit_fini(&x);
}

/* Pieces put together at random. */
static void test_no_mixture_of_an_honest_slot_convicts(void **state)
{
    struct exhibit x;
    struct pieces p = {0};
    struct prng r;
    prng_init(&r, 7, "mixtures");
    exhibit_init_honest(&x, world, PRO_EVIDENCE_TWO_PROMISES);
    gather(&x, &p);
    for (int i = 0; i < 3000; i++) {
        size_t at = (size_t)prng_below(&r, p.n_openings);
        size_t promise = (size_t)prng_below(&r, p.n_promises);
        bool fits = prng_below(&r, 2) == 0; /* else a mixture would rarely get beyond the leg */
        x.e.kind = (enum pro_evidence_kind)(KIND_FIRST + (int)prng_below(&r, KIND_LAST));
        x.e.promise = p.promises[promise];
        x.e.second = p.promises[prng_below(&r, p.n_promises)];
        x.e.leg = p.legs[fits ? promise : prng_below(&r, p.n_promises)];
        x.e.artifact = p.artifacts[prng_below(&r, p.n_artifacts)];
        x.e.other = prng_below(&r, 2) == 0 ? p.artifacts[prng_below(&r, p.n_artifacts)]
                                           : p.ws[prng_below(&r, p.n_ws)];
        x.e.opening = prng_below(&r, 8) == 0 ? (struct pro_opening_proof){0} : p.openings[at];
        x.e.preimage = prng_below(&r, 8) == 0 ? (struct bytes){0} : buf_view(&p.preimages[at]);
        assert_nobody(&x);
    }
    pieces_fini(&p);
    exhibit_fini(&x);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_two_signatures_of_an_honest_slot_convict),
        cmocka_unit_test(test_no_exclusion_of_an_honest_slot_convicts),
        cmocka_unit_test(test_no_promise_of_an_honest_slot_is_broken),
        cmocka_unit_test(test_no_mixture_of_an_honest_slot_convicts),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}
