/* Single frames and their fate. The property of whole sessions is in test_link_lossy.c. */
#include "common/actor/link.h"
#include "common/actor/store_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SELF 1
#define PEER 2
#define RETRY_NS 100

static const struct hash32 deployment = {{7, 8, 9}};

struct end {
    struct store_mem store;
    struct links links;
    struct act_effects out;
    uint64_t got[64]; /* numbers of the delivered messages */
    size_t n_got;
    uint32_t got_from;
};

static void end_start(struct end *e)
{
    struct link_options options = {deployment, 3, SELF, RETRY_NS, 4, 3};
    assert_int_equal(links_init(&e->links, &options, &e->store.store), 0);
    assert_int_equal(links_start(&e->links), 0);
}

static void end_restart(struct end *e)
{
    links_fini(&e->links);
    e->n_got = 0;
    end_start(e);
}

static int set_up(void **state)
{
    struct end *e = calloc(1, sizeof(*e));
    store_mem_init(&e->store, 0);
    end_start(e);
    *state = e;
    return 0;
}

static int tear_down(void **state)
{
    struct end *e = *state;
    links_fini(&e->links);
    act_effects_fini(&e->out);
    store_mem_fini(&e->store);
    free(e);
    return 0;
}

/* A message that carries a number. */
static void pack_message(uint64_t number, struct buf *out)
{
    Lockstep__SubmitBundle submit = LOCKSTEP__SUBMIT_BUNDLE__INIT;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    submit.bundle = wire_bytes(bytes_of(&number, sizeof(number)));
    m.body_case = LOCKSTEP__MESSAGE__BODY_SUBMIT_BUNDLE;
    m.submit_bundle = &submit;
    wire_pack(&m.base, out);
    assert_int_equal(out->err, 0);
}

static int send_number(struct end *e, uint64_t number, int64_t now_ns)
{
    struct buf packed = {0};
    Lockstep__Message *m = NULL;
    pack_message(number, &packed);
    assert_int_equal(wire_message_unpack(buf_view(&packed), &m), 0);
    int rc = links_send(&e->links, &e->out, (struct sim_time){now_ns}, PEER, m);
    wire_message_free(&m);
    buf_fini(&packed);
    return rc;
}

static int deliver(void *ctx, uint32_t from, const Lockstep__Message *m)
{
    struct end *e = ctx;
    assert_int_equal(m->body_case, LOCKSTEP__MESSAGE__BODY_SUBMIT_BUNDLE);
    assert_int_equal(m->submit_bundle->bundle.len, sizeof(uint64_t));
    memcpy(&e->got[e->n_got++], m->submit_bundle->bundle.data, sizeof(uint64_t));
    e->got_from = from;
    return 0;
}

/* One step with these bytes; the effects of the step before are cleared. */
static void receive_bytes(struct end *e, uint32_t from, struct bytes body)
{
    struct act_event ev = {.kind = ACT_MESSAGE, .from = from, .body = body};
    act_effects_clear(&e->out);
    assert_int_equal(links_receive(&e->links, &ev, &e->out, deliver, e), 0);
    links_flush(&e->links, &ev, &e->out);
    assert_int_equal(e->out.err, 0);
}

static Lockstep__Frame frame_of(uint64_t epoch, uint64_t seq, uint64_t oldest)
{
    Lockstep__Frame f = LOCKSTEP__FRAME__INIT;
    f.version = 1;
    f.deployment = wire_bytes(BYTES_OF(deployment));
    f.epoch = epoch;
    f.seq = seq;
    f.oldest = oldest;
    return f;
}

/* The frame, with message number `seq` as its body unless it has one or seq is 0. */
static void receive(struct end *e, Lockstep__Frame f)
{
    struct buf body = {0};
    struct buf packed = {0};
    if (f.seq != 0 && f.body.len == 0) {
        pack_message(f.seq, &body);
        f.body = wire_bytes(buf_view(&body));
    }
    wire_pack(&f.base, &packed);
    receive_bytes(e, PEER, buf_view(&packed));
    buf_fini(&packed);
    buf_fini(&body);
}

static void assert_rejected(const struct end *e, enum act_reject_reason reason)
{
    assert_int_equal(e->out.n, 1);
    assert_int_equal(e->out.items[0].kind, ACT_REJECT);
    assert_int_equal(e->out.items[0].reason, reason);
    assert_int_equal(e->n_got, 0);
}

/* The step sent nothing but an acknowledgement up to `ack` of the peer's life `epoch`. */
static void assert_acked(const struct end *e, uint64_t epoch, uint64_t ack)
{
    Lockstep__Frame *f = NULL;
    assert_int_equal(e->out.n, 1);
    assert_int_equal(e->out.items[0].kind, ACT_SEND);
    assert_int_equal(e->out.items[0].peer, PEER);
    assert_int_equal(wire_frame_unpack(e->out.items[0].body->view, &f), 0);
    assert_int_equal(f->seq, 0);
    assert_int_equal(f->ack_epoch, epoch);
    assert_int_equal(f->ack, ack);
    wire_frame_free(&f);
}

static void assert_got(const struct end *e, const char *numbers)
{
    struct buf text = {0};
    for (size_t i = 0; i < e->n_got; i++) {
        buf_printf(&text, "%s%d", i > 0 ? " " : "", (int)e->got[i]);
    }
    assert_string_equal(buf_cstr(&text), numbers);
    buf_fini(&text);
}

static void test_what_comes_in_turn_is_delivered_and_acknowledged_in_the_same_step(void **state)
{
    struct end *e = *state;
    receive(e, frame_of(1, 1, 1));
    assert_got(e, "1");
    assert_int_equal(e->got_from, PEER);
    assert_acked(e, 1, 1);
}

static void test_a_repeated_message_is_not_delivered_but_acknowledged_again(void **state)
{
    struct end *e = *state;
    receive(e, frame_of(1, 1, 1));
    receive(e, frame_of(1, 1, 1));
    assert_got(e, "1");
    assert_acked(e, 1, 1);
}

static void test_what_comes_early_waits_for_its_turn(void **state)
{
    struct end *e = *state;
    receive(e, frame_of(1, 3, 1));
    receive(e, frame_of(1, 2, 1));
    receive(e, frame_of(1, 3, 1));
    assert_int_equal(e->n_got, 0);
    assert_acked(e, 1, 0);
    receive(e, frame_of(1, 1, 1));
    assert_got(e, "1 2 3");
    assert_acked(e, 1, 3);
}

static void test_no_more_is_held_back_than_allowed(void **state)
{
    struct end *e = *state;
    for (uint64_t seq = 6; seq >= 2; seq--) { /* 2 and 3 find no room */
        receive(e, frame_of(1, seq, 1));
        assert_int_equal(e->out.n, seq > 3 ? 1 : 2);
        assert_int_equal(e->out.items[0].kind, seq > 3 ? ACT_SEND : ACT_REJECT);
    }
    assert_int_equal(e->out.items[0].reason, ACT_REJECT_LIMIT);
    receive(e, frame_of(1, 1, 1));
    assert_got(e, "1");
    receive(e, frame_of(1, 2, 1));
    receive(e, frame_of(1, 3, 1));
    assert_got(e, "1 2 3 4 5 6");
}

static void test_a_new_life_of_the_peer_begins_anew(void **state)
{
    struct end *e = *state;
    receive(e, frame_of(1, 1, 1));
    receive(e, frame_of(1, 3, 1));
    receive(e, frame_of(2, 1, 1));
    receive(e, frame_of(2, 2, 1));
    assert_got(e, "1 1 2");
    assert_acked(e, 2, 2);
}

static void test_a_frame_of_an_earlier_life_is_stale(void **state)
{
    struct end *e = *state;
    receive(e, frame_of(5, 0, 0));
    receive(e, frame_of(4, 1, 1));
    assert_rejected(e, ACT_REJECT_STALE);
}

static void test_a_restarted_party_begins_where_the_peer_still_remembers(void **state)
{
    struct end *e = *state;
    receive(e, frame_of(1, 9, 8));
    assert_int_equal(e->n_got, 0);
    receive(e, frame_of(1, 8, 8));
    assert_got(e, "8 9");
    assert_acked(e, 1, 9);
}

/* A late frame, sent before acknowledgements that an earlier life of ours gave, makes us begin too
 * early: what lies between was acknowledged, so nobody sends it again. */
static void test_a_late_frame_cannot_make_a_restarted_party_wait_for_ever(void **state)
{
    struct end *e = *state;
    end_restart(e);
    receive(e, frame_of(1, 6, 3)); /* 3 to 7 are acknowledged already */
    assert_acked(e, 1, 2);
    receive(e, frame_of(1, 10, 8));
    receive(e, frame_of(1, 9, 8));
    assert_int_equal(e->n_got, 0);
    receive(e, frame_of(1, 8, 8));
    assert_got(e, "8 9 10");
    assert_acked(e, 1, 10);
}

static void test_what_was_held_back_is_delivered_when_the_wait_before_it_ends(void **state)
{
    struct end *e = *state;
    receive(e, frame_of(1, 5, 3));
    receive(e, frame_of(1, 6, 3));
    receive(e, frame_of(1, 8, 5));
    assert_got(e, "5 6");
    receive(e, frame_of(1, 7, 5));
    assert_got(e, "5 6 7 8");
}

static void test_frames_that_are_not_for_us_are_refused(void **state)
{
    struct end *e = *state;
    struct hash32 other = {{1}};
    Lockstep__Frame f = frame_of(1, 1, 1);
    f.version = 2;
    receive(e, f);
    assert_rejected(e, ACT_REJECT_VERSION);
    f = frame_of(1, 1, 1);
    f.deployment = wire_bytes(BYTES_OF(other));
    receive(e, f);
    assert_rejected(e, ACT_REJECT_DEPLOYMENT);
    receive(e, frame_of(0, 1, 1));
    assert_rejected(e, ACT_REJECT_MALFORMED);
    receive_bytes(e, PEER, bytes_str("\xff"));
    assert_rejected(e, ACT_REJECT_MALFORMED);
    receive_bytes(e, 4, bytes_str(""));
    assert_rejected(e, ACT_REJECT_UNKNOWN_PEER);
    receive_bytes(e, SELF, bytes_str(""));
    assert_rejected(e, ACT_REJECT_UNKNOWN_PEER);
    receive(e, frame_of(1, 1, 1));
    assert_got(e, "1");
}

static void test_a_message_that_does_not_decode_is_refused_and_acknowledged(void **state)
{
    struct end *e = *state;
    Lockstep__Frame f = frame_of(1, 1, 1);
    f.body = wire_bytes(bytes_str("\xff"));
    receive(e, f);
    assert_int_equal(e->out.n, 2);
    assert_int_equal(e->out.items[0].kind, ACT_REJECT);
    assert_int_equal(e->out.items[0].reason, ACT_REJECT_MALFORMED);
    assert_int_equal(e->out.items[1].kind, ACT_SEND);
    receive(e, frame_of(1, 2, 1));
    assert_got(e, "2");
    assert_acked(e, 1, 2);
}

static void test_the_host_speaks_without_frames(void **state)
{
    struct end *e = *state;
    struct buf packed = {0};
    pack_message(77, &packed);
    receive_bytes(e, ACT_HOST, buf_view(&packed));
    assert_got(e, "77");
    assert_int_equal(e->got_from, ACT_HOST);
    assert_int_equal(e->out.n, 0);
    buf_fini(&packed);
}

/* Fires the retransmission timer. Returns: what it is armed for next, from now. */
static int64_t fire(struct end *e, size_t frames)
{
    struct act_event ev = {.kind = ACT_TIMER, .now = {1000}, .id = LINK_TIMER_BASE + PEER};
    act_effects_clear(&e->out);
    assert_int_equal(links_timer(&e->links, &ev, &e->out), 0);
    assert_int_equal(e->out.n, frames == 0 ? 0 : frames + 1);
    return frames == 0 ? 0 : e->out.items[frames].at.ns - 1000;
}

static void test_repetitions_are_ever_more_patient(void **state)
{
    struct end *e = *state;
    assert_int_equal(send_number(e, 1, 0), 0);
    assert_int_equal(send_number(e, 2, 50), 0);
    assert_int_equal(e->out.n, 3); /* two frames, one timer */
    assert_int_equal(e->out.items[1].kind, ACT_ARM);
    assert_int_equal(e->out.items[1].at.ns, RETRY_NS);
    for (int64_t factor = 2; factor <= 16; factor *= 2) {
        assert_int_equal(fire(e, 2), factor * RETRY_NS);
    }
    assert_int_equal(fire(e, 2), 16 * RETRY_NS);
    Lockstep__Frame f = frame_of(1, 0, 0);
    f.ack_epoch = 1;
    f.ack = 1;
    receive(e, f);
    assert_int_equal(e->out.n, 1);
    assert_int_equal(e->out.items[0].kind, ACT_ARM);
    assert_int_equal(e->out.items[0].at.ns, RETRY_NS);
    f.ack = 2;
    receive(e, f);
    assert_int_equal(e->out.n, 1);
    assert_int_equal(e->out.items[0].kind, ACT_CANCEL);
    assert_int_equal(fire(e, 0), 0);
}

static void test_an_acknowledgement_counts_only_for_what_this_life_sent(void **state)
{
    struct end *e = *state;
    end_restart(e); /* life 2 */
    assert_int_equal(send_number(e, 1, 0), 0);
    Lockstep__Frame f = frame_of(1, 0, 0);
    f.ack_epoch = 1;
    f.ack = 1;
    receive(e, f);
    f.ack_epoch = 2;
    f.ack = 2;
    receive(e, f);
    f.ack = 0;
    receive(e, f);
    assert_int_equal(e->out.n, 0);
    (void)fire(e, 1);
    f.ack = 1;
    receive(e, f);
    assert_int_equal(fire(e, 0), 0);
}

static void test_the_queue_for_a_silent_peer_is_bounded(void **state)
{
    struct end *e = *state;
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(send_number(e, i, 0), 0);
    }
    assert_int_equal(send_number(e, 4, 0), ERR_FULL);
    (void)fire(e, 4);
}

static void test_every_life_has_a_higher_epoch(void **state)
{
    struct end *e = *state;
    assert_int_equal(e->links.epoch, 1);
    end_restart(e);
    assert_int_equal(e->links.epoch, 2);
    assert_int_equal(
        e->store.store.ops->put(&e->store.store, bytes_str("link/epoch"), bytes_str("short")), 0);
    assert_int_equal(links_start(&e->links), ERR_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_what_comes_in_turn_is_delivered_and_acknowledged_in_the_same_step),
        TEST(test_a_repeated_message_is_not_delivered_but_acknowledged_again),
        TEST(test_what_comes_early_waits_for_its_turn),
        TEST(test_no_more_is_held_back_than_allowed),
        TEST(test_a_new_life_of_the_peer_begins_anew),
        TEST(test_a_frame_of_an_earlier_life_is_stale),
        TEST(test_a_restarted_party_begins_where_the_peer_still_remembers),
        TEST(test_a_late_frame_cannot_make_a_restarted_party_wait_for_ever),
        TEST(test_what_was_held_back_is_delivered_when_the_wait_before_it_ends),
        TEST(test_frames_that_are_not_for_us_are_refused),
        TEST(test_a_message_that_does_not_decode_is_refused_and_acknowledged),
        TEST(test_the_host_speaks_without_frames),
        TEST(test_repetitions_are_ever_more_patient),
        TEST(test_an_acknowledgement_counts_only_for_what_this_life_sent),
        TEST(test_the_queue_for_a_silent_peer_is_bounded),
        TEST(test_every_life_has_a_higher_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
