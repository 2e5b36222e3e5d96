/* From submission to preconfirmation: 1,000 bundles of two legs through the sequencer itself, on
 * one core. The bundles are made, sealed and framed before the clock starts; both the actor's steps
 * and its works run on this thread, so what a second core would do at the same time is not hidden.
 * After that, the parts on the same bundles, each by itself. */
#include "common/base/check.h"
#include "common/crypto/timelock/tlp_group.h"
#include "common/crypto/timelock/tlp_int.h"
#include "sequencer/seq.h"
#include "tests/bench/bench.h"
#include "tests/lib/seat.h"

#include <sched.h>

#define BUNDLES ((size_t)1000)
#define LEGS (2 * BUNDLES)
#define BATCH_MAX ((size_t)512)

/* ---- A store that keeps time ---- */

struct clocked {
    struct act_store store;
    struct act_store *inner;
    int64_t spent_ns;
};

static int clocked_put(struct act_store *self, struct bytes key, struct bytes value)
{
    struct clocked *c = (struct clocked *)self;
    int64_t begin_ns = bench_now_ns();
    int rc = c->inner->ops->put(c->inner, key, value);
    c->spent_ns += bench_now_ns() - begin_ns;
    return rc;
}

static int clocked_get(struct act_store *self, struct bytes key, struct buf *out)
{
    struct clocked *c = (struct clocked *)self;
    int64_t begin_ns = bench_now_ns();
    int rc = c->inner->ops->get(c->inner, key, out);
    c->spent_ns += bench_now_ns() - begin_ns;
    return rc;
}

static int clocked_del(struct act_store *self, struct bytes key)
{
    return ((struct clocked *)self)->inner->ops->del(((struct clocked *)self)->inner, key);
}

static int clocked_scan(struct act_store *self, struct bytes prefix, act_store_visit *visit,
                        void *ctx)
{
    struct clocked *c = (struct clocked *)self;
    return c->inner->ops->scan(c->inner, prefix, visit, ctx);
}

static const struct act_store_ops clocked_ops = {clocked_put, clocked_get, clocked_del,
                                                 clocked_scan};

/* ---- The run ---- */

struct stage {
    struct seat *seat;
    struct clocked clocked;
    struct buf bundles[BUNDLES];
    struct buf frames[BUNDLES];
    struct buf acks[BUNDLES];
    struct pro_bundle decoded[BUNDLES];
    struct buf contexts[LEGS];
    struct bytes context_views[LEGS];
    struct tlp_puzzle puzzles[LEGS];
    int rcs[LEGS];
    struct act_payload *work; /* the one that runs */
    uint64_t work_id;
    uint32_t work_kind;
    int64_t work_ns;
    int64_t longest_ns;
    uint32_t works;
    uint32_t promised;
    size_t batch;
};

static void make(struct stage *st)
{
    for (size_t i = 0; i < BUNDLES; i++) {
        st->bundles[i] = seat_pair(st->seat, i + 1);
        seat_frame(st->seat, buf_view(&st->bundles[i]), &st->frames[i]);
        seat_ack_frame(st->seat, i + 1, &st->acks[i]);
        CHECK(pro_bundle_decode(buf_view(&st->bundles[i]), &st->decoded[i]) == 0);
        for (size_t k = 0; k < 2; k++) {
            const struct pro_leg *leg = &st->decoded[i].legs[k];
            size_t at = 2 * i + k;
            pro_leg_context(&st->seat->cluster->deployment, leg->open_bytes, &st->contexts[at]);
            st->context_views[at] = buf_view(&st->contexts[at]);
            st->puzzles[at] = (struct tlp_puzzle){leg->u, leg->q, leg->proof, leg->sealed};
        }
    }
}

/* One step; keeps the work it starts, there is never a second one. */
static void step(struct stage *st, const struct act_event *ev)
{
    struct seat *s = st->seat;
    act_effects_clear(&s->fx);
    CHECK(seq_class.step(s->actor, ev, &s->fx) == 0 && s->fx.err == 0);
    for (size_t i = 0; i < s->fx.n; i++) {
        const struct act_effect *fx = &s->fx.items[i];
        st->promised += fx->kind == ACT_SEND && fx->peer == s->da;
        if (fx->kind == ACT_WORK) {
            CHECK(st->work == NULL);
            st->work = act_payload_ref(fx->body);
            st->work_id = fx->id;
            st->work_kind = fx->work_kind;
        }
    }
}

static void receive(struct stage *st, uint32_t from, const struct buf *frame)
{
    const struct act_event ev = {.kind = ACT_MESSAGE, .from = from, .body = buf_view(frame)};
    step(st, &ev);
}

static void end_work(struct stage *st)
{
    struct buf result = {0};
    struct act_payload *request = st->work;
    struct act_event ev = {.kind = ACT_WORK_DONE, .id = st->work_id, .work_kind = st->work_kind};
    st->work = NULL;
    int64_t begin_ns = bench_now_ns();
    CHECK(seq_class.work(st->seat->actor, ev.work_kind, request->view, &result) == 0);
    int64_t took_ns = bench_now_ns() - begin_ns;
    st->work_ns += took_ns;
    st->longest_ns = took_ns > st->longest_ns ? took_ns : st->longest_ns;
    st->works++;
    ev.body = buf_view(&result);
    step(st, &ev);
    act_payload_unref(&request);
    buf_fini(&result);
}

/* All arrive at once: the first goes alone, the others in full batches. The wallet and the DA node
 * acknowledge every message as a link does, one frame each. Returns: the whole time. */
static int64_t run(struct stage *st)
{
    uint32_t acknowledged = 0;
    int64_t begin_ns = bench_now_ns();
    for (size_t i = 0; i < BUNDLES; i++) {
        receive(st, st->seat->wallet, &st->frames[i]);
    }
    while (st->work != NULL) {
        end_work(st);
        for (; acknowledged < st->promised; acknowledged++) {
            receive(st, st->seat->wallet, &st->acks[acknowledged]);
            receive(st, st->seat->da, &st->acks[acknowledged]);
        }
    }
    int64_t took_ns = bench_now_ns() - begin_ns;
    CHECK(st->promised == BUNDLES);
    return took_ns;
}

/* ---- The parts ---- */

static void decode(struct stage *st)
{
    for (size_t i = 0; i < BUNDLES; i++) {
        struct pro_bundle b;
        CHECK(pro_bundle_decode(buf_view(&st->bundles[i]), &b) == 0);
        pro_bundle_fini(&b);
    }
}

static void unpack(struct stage *st)
{
    for (size_t i = 0; i < BUNDLES; i++) {
        Lockstep__Frame *f = NULL;
        Lockstep__Message *m = NULL;
        CHECK(wire_frame_unpack(buf_view(&st->frames[i]), &f) == 0);
        CHECK(wire_message_unpack(wire_view(&f->body), &m) == 0);
        wire_message_free(&m);
        wire_frame_free(&f);
    }
}

static void check_elements(struct stage *st)
{
    const struct tlp_ring *ring = &st->seat->tlp->ring;
    for (size_t i = 0; i < LEGS; i++) {
        const struct tlp_puzzle *p = &st->puzzles[i];
        CHECK(tlp_elem_check(ring, p->u) == 0 && tlp_elem_check(ring, p->q) == 0 &&
              tlp_elem_check(ring, bytes_of(p->proof.data + 2, ring->bytes)) == 0 &&
              tlp_elem_check(ring, bytes_of(p->proof.data + 2 + ring->bytes, ring->bytes)) == 0);
    }
}

static void hash_exponents(struct stage *st)
{
    uint64_t e = 0;
    for (size_t i = 0; i < LEGS; i++) {
        CHECK(tlp_hash_exponent(&st->seat->tlp->ring, st->puzzles[i].u, &e) == 0);
    }
}

static void verify_single(struct stage *st)
{
    for (size_t i = 0; i < LEGS; i++) {
        CHECK(tlp_verify(st->seat->tlp, st->context_views[i], &st->puzzles[i]) == 0);
    }
}

static void verify_batches(struct stage *st)
{
    struct hash32 seed = {{1}};
    struct drbg weights;
    drbg_init(&weights, &seed, "bench");
    for (size_t i = 0; i < LEGS; i += st->batch) {
        size_t n = LEGS - i < st->batch ? LEGS - i : st->batch;
        CHECK(tlp_verify_batch(st->seat->tlp, n, &st->context_views[i], &st->puzzles[i], &weights,
                               &st->rcs[i], NULL) == 0);
    }
}

static void sign(struct stage *st)
{
    const struct sig_key *key = &st->seat->cluster->actors[CLUSTER_SEQUENCER].key;
    for (uint32_t i = 0; i < BUNDLES; i++) {
        struct pro_preconf_tx txs[2] = {{.rollup = 1, .order = i}, {.rollup = 2, .order = i}};
        struct pro_preconf p = {.slot = 1, .seq = i, .n_legs = 2, .txs = txs};
        pro_preconf_sign(&st->seat->domain, &p, key);
    }
}

static int64_t timed(struct stage *st, void (*part)(struct stage *st))
{
    int64_t begin_ns = bench_now_ns();
    part(st);
    return bench_now_ns() - begin_ns;
}

static void print_leg(const char *what, int64_t ns)
{
    (void)printf("%-46s %9.1f us a leg\n", what, (double)ns / 1e3 / (double)LEGS);
}

static void tell(struct stage *st, int64_t whole_ns)
{
    st->batch = 32;
    int64_t unpack_ns = timed(st, unpack);
    int64_t decode_ns = timed(st, decode);
    int64_t sign_ns = timed(st, sign);
    int64_t exponent_ns = timed(st, hash_exponents);
    int64_t elements_ns = timed(st, check_elements);
    int64_t batch_ns = timed(st, verify_batches);
    int64_t steps_ns = whole_ns - st->work_ns;
    (void)printf("%zu bundles of two legs, 2048 bits, one core\n", BUNDLES);
    (void)printf("admitted                     %9.0f legs/s, %.0f bundles/s\n",
                 (double)LEGS * 1e9 / (double)whole_ns, (double)BUNDLES * 1e9 / (double)whole_ns);
    (void)printf("works                        %9u, the longest %.2f ms\n", st->works,
                 (double)st->longest_ns / 1e6);
    print_leg("whole", whole_ns);
    print_leg("  in works", st->work_ns);
    print_leg("    verify, batches of 32", batch_ns);
    print_leg("      of this, four elements are in the group", elements_ns);
    print_leg("      and the hash to a prime", exponent_ns);
    print_leg("    the rest: request and weights", st->work_ns - batch_ns);
    print_leg("  in steps", steps_ns);
    print_leg("    frames and messages unpacked, checked", unpack_ns);
    print_leg("    bundle decoded and hashed", decode_ns);
    print_leg("    signed", sign_ns);
    print_leg("    sign log, in memory", st->clocked.spent_ns);
    print_leg("    the rest: packing, sending, acknowledgements",
              steps_ns - unpack_ns - decode_ns - sign_ns - st->clocked.spent_ns);
    print_leg("for comparison: verify one by one", timed(st, verify_single));
    for (st->batch = 8; st->batch <= BATCH_MAX; st->batch *= 2) {
        char what[64];
        (void)snprintf(what, sizeof(what), "for comparison: verify, batches of %zu", st->batch);
        print_leg(what, timed(st, verify_batches));
    }
}

static void pin(void)
{
    cpu_set_t one;
    int cpu = sched_getcpu();
    CPU_ZERO(&one);
    CPU_SET((size_t)(cpu >= 0 ? cpu : 0), &one);
    CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
}

int main(int argc, char **argv)
{
    static struct stage st;
    CHECK(argc == 2);
    const struct seat_options o = {
        .data_dir = argv[1], .bits = 2048, .squarings = 65536, .per_second = 65536};
    pin();
    st.seat = seat_new(&o);
    st.clocked = (struct clocked){{&clocked_ops}, &st.seat->disk.store, 0};
    st.seat->store = &st.clocked.store;
    store_mem_wipe(&st.seat->disk);
    CHECK(seat_restart(st.seat) == 0);
    make(&st);
    tell(&st, run(&st));
    for (size_t i = 0; i < BUNDLES; i++) {
        buf_fini(&st.bundles[i]);
        buf_fini(&st.frames[i]);
        buf_fini(&st.acks[i]);
        buf_fini(&st.contexts[2 * i]);
        buf_fini(&st.contexts[2 * i + 1]);
        pro_bundle_fini(&st.decoded[i]);
    }
    seat_destroy(&st.seat);
    return 0;
}
