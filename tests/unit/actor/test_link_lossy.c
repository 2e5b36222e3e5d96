/* Two endpoints over a network that loses, duplicates and reorders at random, with and without
 * restarts. What must hold, for messages 1, 2, ... of every life of a sender:
 *
 *   - Without restarts every message is delivered exactly once and in order.
 *   - Always, one life of a receiver is handed ascending numbers of ascending lives of the sender:
 *     never the same message twice, never one after a later one.
 *   - A receiver's restart loses nothing: it may be handed again what earlier lives of it were, and
 *     it may be spared what they were; nothing else is skipped.
 *   - A sender's restart loses an end piece of what it had sent: what was delivered is a beginning.
 *     What its last life sent arrives in full. */
#include "common/actor/link.h"
#include "common/actor/store_mem.h"
#include "common/base/prng.h"
#include "common/base/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX_LIVES 64
#define MAX_MESSAGES 512
#define MAX_FLYING 8192

struct packet {
    uint32_t to;
    struct act_payload *body;
};

struct end {
    uint32_t id; /* 1 or 2 */
    struct store_mem store;
    struct links links;
    bool armed;
    uint64_t life;                         /* from 1 */
    uint64_t sent[MAX_LIVES];              /* by own life: messages queued */
    bool got[MAX_LIVES][MAX_MESSAGES + 1]; /* by the other's life: by any life of this end */
    uint64_t last_life;                    /* handed last in this life */
    uint64_t last_number;
    size_t repeated; /* deliveries of what an earlier life was handed */
};

struct net {
    struct prng p;
    struct end ends[3];
    struct packet flying[MAX_FLYING];
    size_t n_flying;
    uint32_t loss_ppm;
    uint32_t duplicate_ppm;
    struct sim_time now;
};

static struct end *other_of(struct net *n, const struct end *e)
{
    return &n->ends[3 - e->id];
}

static void start(struct end *e)
{
    static const struct hash32 deployment = {{1}};
    struct link_options options = {deployment, 2, e->id, 1000, MAX_MESSAGES, 16};
    assert_int_equal(links_init(&e->links, &options, &e->store.store), 0);
    assert_int_equal(links_start(&e->links), 0);
    e->life++;
    e->armed = false;
    e->last_life = 0;
    e->last_number = 0;
}

static struct net *net_new(uint64_t seed, uint32_t loss_ppm, uint32_t duplicate_ppm)
{
    struct net *n = calloc(1, sizeof(*n));
    assert_non_null(n);
    prng_init(&n->p, seed, "lossy link");
    n->loss_ppm = loss_ppm;
    n->duplicate_ppm = duplicate_ppm;
    for (uint32_t id = 1; id <= 2; id++) {
        n->ends[id].id = id;
        store_mem_init(&n->ends[id].store, 0);
        start(&n->ends[id]);
    }
    return n;
}

static void net_destroy(struct net *n)
{
    for (uint32_t id = 1; id <= 2; id++) {
        links_fini(&n->ends[id].links);
        store_mem_fini(&n->ends[id].store);
    }
    for (size_t i = 0; i < n->n_flying; i++) {
        act_payload_unref(&n->flying[i].body);
    }
    free(n);
}

/* What the step of `e` wants: packets take off, the one timer is set. */
static void carry_out(struct net *n, struct end *e, struct act_effects *out)
{
    assert_int_equal(out->err, 0);
    for (size_t i = 0; i < out->n; i++) {
        struct act_effect *f = &out->items[i];
        if (f->kind == ACT_SEND) {
            assert_int_equal(f->peer, other_of(n, e)->id);
            assert_true(n->n_flying < MAX_FLYING);
            n->flying[n->n_flying++] = (struct packet){f->peer, act_payload_ref(f->body)};
        } else if (f->kind == ACT_REJECT) {
            assert_true(f->reason == ACT_REJECT_STALE || f->reason == ACT_REJECT_LIMIT);
        } else {
            assert_int_equal(f->id, LINK_TIMER_BASE + other_of(n, e)->id);
            assert_true(f->kind == ACT_ARM || f->kind == ACT_CANCEL);
            e->armed = f->kind == ACT_ARM;
        }
    }
    act_effects_fini(out);
}

static void send_next(struct net *n, struct end *e)
{
    struct buf body = {0};
    struct act_effects out = {0};
    Lockstep__SubmitBundle submit = LOCKSTEP__SUBMIT_BUNDLE__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    if (e->sent[e->life] == MAX_MESSAGES) {
        return;
    }
    wr_u64(&body, e->life);
    wr_u64(&body, ++e->sent[e->life]);
    submit.bundle = wire_bytes(buf_view(&body));
    m.body_case = LOCKSTEP__MESSAGE__BODY_SUBMIT_BUNDLE;
    m.submit_bundle = &submit;
    assert_int_equal(links_send(&e->links, &out, n->now, other_of(n, e)->id, &m), 0);
    carry_out(n, e, &out);
    buf_fini(&body);
}

static int deliver(void *ctx, uint32_t from, const Lockstep__Message *m)
{
    struct end *e = ctx;
    struct rd r = rd_from(wire_view(&m->submit_bundle->bundle));
    uint64_t life = rd_u64(&r);
    uint64_t number = rd_u64(&r);
    assert_int_equal(rd_end(&r), 0);
    assert_int_equal(from, 3 - e->id);
    assert_true(life >= e->last_life);
    uint64_t last = life == e->last_life ? e->last_number : 0;
    assert_true(number > last);
    for (uint64_t skipped = last + 1; skipped < number; skipped++) {
        assert_true(e->got[life][skipped]);
    }
    e->repeated += e->got[life][number];
    e->got[life][number] = true;
    e->last_life = life;
    e->last_number = number;
    return 0;
}

/* Any packet in flight arrives; a copy of it may fly on. */
static void arrive(struct net *n)
{
    size_t i = (size_t)prng_below(&n->p, n->n_flying);
    struct packet p = n->flying[i];
    if (prng_chance_ppm(&n->p, n->duplicate_ppm)) {
        (void)act_payload_ref(p.body);
    } else {
        n->flying[i] = n->flying[--n->n_flying];
    }
    if (!prng_chance_ppm(&n->p, n->loss_ppm)) {
        struct end *e = &n->ends[p.to];
        struct act_effects out = {0};
        struct act_event ev = {
            .kind = ACT_MESSAGE, .now = n->now, .from = 3 - p.to, .body = p.body->view};
        assert_int_equal(links_receive(&e->links, &ev, &out, deliver, e), 0);
        links_flush(&e->links, &ev, &out);
        carry_out(n, e, &out);
    }
    act_payload_unref(&p.body);
}

static void fire(struct net *n, struct end *e)
{
    struct act_effects out = {0};
    struct act_event ev = {
        .kind = ACT_TIMER, .now = n->now, .id = LINK_TIMER_BASE + other_of(n, e)->id};
    e->armed = false;
    assert_int_equal(links_timer(&e->links, &ev, &out), 0);
    carry_out(n, e, &out);
}

/* A crash: all that is left is the store. Its packets fly on. */
static void restart(struct net *n, struct end *e)
{
    if (e->life + 1 < MAX_LIVES) {
        links_fini(&e->links);
        start(e);
    }
}

static void stir(struct net *n, uint32_t restart_ppm, int steps)
{
    for (int i = 0; i < steps; i++) {
        struct end *e = &n->ends[1 + prng_below(&n->p, 2)];
        n->now = sim_time_add(n->now, 10);
        if (prng_chance_ppm(&n->p, restart_ppm)) {
            restart(n, e);
        }
        uint64_t choice = prng_below(&n->p, 100);
        if (choice < 20) {
            send_next(n, e);
        } else if (choice < 22 && e->armed && n->n_flying < MAX_FLYING / 2) {
            fire(n, e);
        } else if (n->n_flying != 0) {
            arrive(n);
        }
    }
}

/* No more losses and copies: everything comes to rest. */
static void settle(struct net *n)
{
    n->loss_ppm = 0;
    n->duplicate_ppm = 0;
    int rounds = 0;
    while (n->n_flying != 0 || n->ends[1].armed || n->ends[2].armed) {
        while (n->n_flying != 0) {
            arrive(n);
        }
        for (uint32_t id = 1; id <= 2; id++) {
            if (n->ends[id].armed) {
                fire(n, &n->ends[id]);
            }
        }
        assert_true(++rounds < 1000);
    }
}

static uint64_t count_beginning(const bool *got)
{
    uint64_t n = 0;
    while (n < MAX_MESSAGES && got[n + 1]) {
        n++;
    }
    return n;
}

static void check_all(struct net *n)
{
    for (uint32_t id = 1; id <= 2; id++) {
        struct end *from = &n->ends[id];
        struct end *to = other_of(n, from);
        for (uint64_t life = 1; life <= from->life; life++) {
            uint64_t whole = count_beginning(to->got[life]);
            for (uint64_t k = whole + 1; k <= MAX_MESSAGES; k++) {
                assert_false(to->got[life][k]);
            }
            assert_true(whole <= from->sent[life]);
            assert_true(life < from->life || whole == from->sent[life]);
        }
    }
}

static void test_every_message_arrives_exactly_once_and_in_order(void **state)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct net *n = net_new(seed, (uint32_t)(seed % 4) * 150000, (uint32_t)(seed % 3) * 200000);
        stir(n, 0, 1500);
        settle(n);
        check_all(n);
        assert_true(n->ends[1].sent[1] > 100);
        assert_int_equal(n->ends[1].repeated + n->ends[2].repeated, 0);
        net_destroy(n);
    }
}

static void test_a_restart_loses_only_what_the_dead_life_had_sent_and_nobody_got(void **state)
{
    size_t repeated = 0;
    uint64_t lives = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct net *n =
            net_new(seed + 1000, (uint32_t)(seed % 4) * 150000, (uint32_t)(seed % 3) * 200000);
        stir(n, 4000, 4000);
        for (int i = 0; i < 4; i++) { /* one side goes on, the other forgets */
            restart(n, &n->ends[1 + seed % 2]);
            stir(n, 0, 40);
        }
        settle(n);
        check_all(n);
        repeated += n->ends[1].repeated + n->ends[2].repeated;
        lives += n->ends[1].life + n->ends[2].life;
        net_destroy(n);
    }
    assert_true(lives > 600);
    assert_true(repeated > 0); /* or the scenario is too tame to mean anything */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_arrives_exactly_once_and_in_order),
        cmocka_unit_test(test_a_restart_loses_only_what_the_dead_life_had_sent_and_nobody_got),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
