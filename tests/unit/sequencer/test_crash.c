/* The sequencer's machine stops at every possible moment and starts again with its disk: whatever
 * left in any of its lives, no two things contradict each other. */
#include "common/base/check.h"
#include "common/base/vec.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_signed.h"
#include "tests/lib/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BUNDLES 5
#define NEVER UINT64_MAX

static const char *data_dir;

/* ---- A disk that takes no more writes from the k-th on ---- */

enum stop {
    STOP_BEFORE, /* the write is lost */
    STOP_AFTER,  /* the write is the last */
    STOP_SILENT, /* all writes of the step are there, and nothing has left */
};

struct trap {
    struct act_store store;
    struct act_store *inner;
    uint64_t left; /* writes until it stops */
    enum stop stop;
    bool sprung;
};

static int spring(struct trap *t, int rc)
{
    if (t->stop == STOP_SILENT) {
        t->sprung = true;
        return rc;
    }
    t->sprung = true;
    return ERR_IO;
}

static int trap_put(struct act_store *self, struct bytes key, struct bytes value)
{
    struct trap *t = (struct trap *)self;
    if (t->sprung && t->stop != STOP_SILENT) {
        return ERR_IO;
    }
    bool now = !t->sprung && t->left != NEVER && t->left-- == 0;
    if (now && t->stop == STOP_BEFORE) {
        return spring(t, 0);
    }
    int rc = t->inner->ops->put(t->inner, key, value);
    return now ? spring(t, rc) : rc;
}

static int trap_get(struct act_store *self, struct bytes key, struct buf *out)
{
    struct trap *t = (struct trap *)self;
    return t->inner->ops->get(t->inner, key, out);
}

static int trap_del(struct act_store *self, struct bytes key)
{
    struct trap *t = (struct trap *)self;
    return t->inner->ops->del(t->inner, key);
}

static int trap_scan(struct act_store *self, struct bytes prefix, act_store_visit *visit, void *ctx)
{
    struct trap *t = (struct trap *)self;
    return t->inner->ops->scan(t->inner, prefix, visit, ctx);
}

static const struct act_store_ops trap_ops = {trap_put, trap_get, trap_del, trap_scan};

/* ---- What has left ---- */

/* A signed artifact and the place it speaks of. */
struct said {
    struct buf place;
    struct buf what;
};

struct record {
    struct said *items;
    size_t n, cap;
};

/* One place, one statement. */
static void record_add(struct record *r, const struct buf *place, struct bytes what)
{
    for (size_t i = 0; i < r->n; i++) {
        if (bytes_equal(buf_view(&r->items[i].place), buf_view(place))) {
            if (!bytes_equal(buf_view(&r->items[i].what), what)) {
                fail_msg("two different statements about %s", buf_cstr(&r->items[i].place));
            }
            return;
        }
    }
    assert_int_equal(VEC_RESERVE(r->items, r->cap, r->n + 1), 0);
    buf_append_bytes(&r->items[r->n].place, buf_view(place));
    buf_append_bytes(&r->items[r->n].what, what);
    r->n++;
}

static void record_fini(struct record *r)
{
    for (size_t i = 0; i < r->n; i++) {
        buf_fini(&r->items[i].place);
        buf_fini(&r->items[i].what);
    }
    free(r->items);
}

static void add_promise(struct record *r, const struct seat *s, struct bytes raw)
{
    struct pro_preconf p = {0};
    struct buf place = {0};
    char id[65];
    assert_int_equal(pro_preconf_decode(raw, &p), 0);
    assert_int_equal(pro_preconf_verify(&s->domain, &p, &s->sequencer), 0);
    hex_encode(BYTES_OF(p.bundle_id), id);
    buf_printf(&place, "bundle %s", id);
    record_add(r, &place, raw);
    buf_clear(&place);
    buf_printf(&place, "slot %llu seq %u", (unsigned long long)p.slot, p.seq);
    record_add(r, &place, BYTES_OF(p.sig));
    for (uint32_t i = 0; i < p.n_legs; i++) {
        buf_clear(&place);
        buf_printf(&place, "slot %llu rollup %llu order %u", (unsigned long long)p.slot,
                   (unsigned long long)p.txs[i].rollup, p.txs[i].order);
        record_add(r, &place, BYTES_OF(p.txs[i].sig));
    }
    buf_fini(&place);
    pro_preconf_fini(&p);
}

static void add_artifact(struct record *r, const struct seat *s, const Lockstep__DaPut *put)
{
    static const char *const tags[] = {
        [LOCKSTEP__DA_KIND__DA_ORDER] = PRO_TAG_ORDER,
        [LOCKSTEP__DA_KIND__DA_OPENINGS] = PRO_TAG_OPENINGS,
        [LOCKSTEP__DA_KIND__DA_HEADER] = PRO_TAG_BLOCK,
    };
    struct buf place = {0};
    struct bytes body;
    size_t kind = (size_t)put->key->kind;
    if (kind >= sizeof(tags) / sizeof(tags[0]) || tags[kind] == NULL) {
        return;
    }
    assert_int_equal(pro_unsign_from(&s->cluster->deployment, tags[kind], wire_view(&put->data),
                                     &s->sequencer, &body),
                     0);
    buf_printf(&place, "%s of slot %llu rollup %llu round %u", tags[kind],
               (unsigned long long)put->key->slot, (unsigned long long)put->key->namespace_,
               put->key->index);
    record_add(r, &place, body);
    buf_fini(&place);
}

static size_t listen(struct record *r, const struct seat *s, size_t from)
{
    for (size_t i = from; i < s->n_heard; i++) {
        const Lockstep__Message *m = s->heard[i].message;
        if (m->body_case == LOCKSTEP__MESSAGE__BODY_BUNDLE_PRECONFIRMED) {
            add_promise(r, s, wire_view(&m->bundle_preconfirmed->preconfirmation));
        } else if (m->body_case == LOCKSTEP__MESSAGE__BODY_DA_PUT) {
            add_artifact(r, s, m->da_put);
        }
    }
    return s->n_heard;
}

/* ---- A life ---- */

struct stage {
    struct seat *s;
    struct trap trap;
    struct buf bundles[BUNDLES];
    struct record said;
    size_t heard;
};

static bool alive(struct stage *st, int rc)
{
    if (rc == 0 && st->trap.sprung) {
        return false; /* silent: the step's own sends did not leave */
    }
    if (rc != 0) {
        assert_true(st->trap.sprung);
        assert_int_equal(rc, ERR_IO);
    }
    return rc == 0;
}

/* One step; whatever leaves after the machine has stopped does not. */
#define STEP(st, call)                                                                             \
    do {                                                                                           \
        int rc_ = (call);                                                                          \
        bool alive_ = alive((st), rc_);                                                            \
        if (alive_) {                                                                              \
            (st)->heard = listen(&(st)->said, (st)->s, (st)->heard);                               \
        } else {                                                                                   \
            (st)->heard = (st)->s->n_heard;                                                        \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

/* Submits the bundles in another order in each life, a part of them per slot, and goes on until
 * the blocks of the first slot are out. Returns: false if the machine stopped. */
static bool live(struct stage *st, unsigned life)
{
    STEP(st, seat_restart(st->s));
    for (unsigned i = 0; i < BUNDLES; i++) {
        unsigned at = (i * (life % 2 == 0 ? 1 : 3) + life) % BUNDLES;
        STEP(st, seat_submit(st->s, buf_view(&st->bundles[at])));
        if (i % 2 == 1 && st->s->n_works > 0) {
            STEP(st, seat_end_work(st->s, NULL));
        }
        if (i == 2) {
            STEP(st, seat_end_slot(st->s));
        }
    }
    while (st->s->n_works > 0) {
        STEP(st, seat_end_work(st->s, NULL));
    }
    return true;
}

static void stage_init(struct stage *st)
{
    const struct seat_options o = {.data_dir = data_dir, .settings = "slots: 100\n"};
    *st = (struct stage){.s = seat_new(&o)};
    for (uint32_t i = 0; i < BUNDLES; i++) {
        const struct seat_bundle b = {
            .nonce = i, .n_legs = 1 + i % 3, .rollups = {(int)(i % 2), 1, 0}};
        seat_bundle(st->s, &b, &st->bundles[i]);
    }
    st->trap = (struct trap){.store = {&trap_ops}, .inner = &st->s->disk.store, .left = NEVER};
    st->s->store = &st->trap.store;
}

static void stage_fini(struct stage *st)
{
    for (uint32_t i = 0; i < BUNDLES; i++) {
        buf_fini(&st->bundles[i]);
    }
    record_fini(&st->said);
    seat_destroy(&st->s);
}

/* The same sequencer with an empty disk; what was said is forgotten. */
static void stage_reset(struct stage *st)
{
    record_fini(&st->said);
    st->said = (struct record){0};
    store_mem_wipe(&st->s->disk);
    st->s->now = (struct sim_time){0};
    st->heard = st->s->n_heard;
}

static bool live_until(struct stage *st, unsigned life, enum stop stop, uint64_t writes)
{
    st->trap.stop = stop;
    st->trap.left = writes;
    st->trap.sprung = false;
    return live(st, life);
}

static size_t count_promises(const struct record *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        n += r->items[i].place.len > 7 && memcmp(r->items[i].place.data, "bundle ", 7) == 0;
    }
    return n;
}

/* Every bundle ends up with exactly one promise. */
static void test_no_stop_at_any_write_makes_it_contradict_itself(void **state)
{
    struct stage st;
    stage_init(&st);
    for (int stop = STOP_BEFORE; stop <= (int)STOP_SILENT; stop++) {
        uint64_t k = 0;
        for (bool through = false; !through; k++) {
            stage_reset(&st);
            through = live_until(&st, 0, (enum stop)stop, k);
            assert_true(live_until(&st, 1, STOP_BEFORE, NEVER));
            assert_int_equal(count_promises(&st.said), BUNDLES);
        }
        assert_in_range(k, 30, 60); /* so many writes a life has */
    }
    stage_fini(&st);
}

/* Lives that all end at the k-th write, and one that goes through. */
static void test_no_number_of_short_lives_makes_it_contradict_itself(void **state)
{
    struct stage st;
    stage_init(&st);
    for (int stop = STOP_BEFORE; stop <= (int)STOP_SILENT; stop++) {
        for (uint64_t k = 0; k < 36; k++) {
            stage_reset(&st);
            for (unsigned life = 0; life < 4; life++) {
                (void)live_until(&st, life, (enum stop)stop, k);
            }
            assert_true(live_until(&st, 4, STOP_BEFORE, NEVER));
            assert_int_equal(count_promises(&st.said), BUNDLES);
        }
    }
    stage_fini(&st);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_stop_at_any_write_makes_it_contradict_itself),
        cmocka_unit_test(test_no_number_of_short_lives_makes_it_contradict_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
