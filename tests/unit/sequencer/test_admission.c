/* Who is admitted, in which order, and who hears which refusal. */
#include "tests/unit/sequencer/verdict.h"

/* ---- Refusals ---- */

static void test_what_is_wrong_on_its_face_is_refused_by_name(void **state)
{
    struct seat *s = sit("slots: 10\nlimits: {legs_per_bundle: 3, bundle_bytes: 3000}\n", 0);
    struct buf b = {0};
    buf_append_bytes(&b, bytes_str("no bundle"));
    assert_verdict(s, &b, "malformed");
    b = made(s, &(struct seat_bundle){.nonce = 1, .n_legs = 2, .foreign = 1});
    assert_verdict(s, &b, "wrong_deployment");
    b = made(s, &(struct seat_bundle){.nonce = 2, .n_legs = 5});
    assert_verdict(s, &b, "too_large");
    b = made(s, &(struct seat_bundle){.nonce = 3, .n_legs = 4});
    assert_verdict(s, &b, "too_many_legs");
    b = made(s, &(struct seat_bundle){.nonce = 4, .n_legs = 2, .rollups = {0, -1}});
    assert_verdict(s, &b, "unknown_rollup");
    b = made(s, &(struct seat_bundle){.nonce = 5, .n_legs = 3});
    assert_verdict(s, &b, NULL);
    seat_destroy(&s);
}

static void test_legs_that_are_not_one_bundle_are_refused(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf legs[2] = {{0}};
    struct buf b = {0};
    const struct seat_bundle mine = {.nonce = 1, .n_legs = 2, .rollups = {0, 1}};
    const struct seat_bundle other = {.nonce = 2, .n_legs = 2, .rollups = {0, 1}};
    seat_seal(s, &mine, 0, &legs[0]);
    seat_seal(s, &other, 1, &legs[1]);
    seat_join(s, 1, legs, 2, &b); /* lifted from another bundle as it is */
    assert_verdict(s, &b, "incomplete_bundle");
    b = (struct buf){0};
    seat_join(s, 1, legs, 1, &b);
    assert_verdict(s, &b, "incomplete_bundle");
    b = (struct buf){0};
    seat_join(s, 1, legs, 0, &b);
    assert_verdict(s, &b, "incomplete_bundle");
    buf_fini(&legs[0]);
    buf_fini(&legs[1]);
    seat_destroy(&s);
}

static void test_a_bundle_that_is_being_admitted_is_a_duplicate(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf b = seat_pair(s, 1);
    assert_int_equal(seat_submit(s, buf_view(&b)), 0);
    assert_int_equal(seat_submit(s, buf_view(&b)), 0);
    assert_string_equal(seat_refusal(s, 0), "duplicate");
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_promises(s, 0), 1);
    buf_fini(&b);
    seat_destroy(&s);
}

static void test_a_bundle_that_has_its_promise_gets_the_same_again(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf b = seat_pair(s, 1);
    for (int life = 0; life < 2; life++) {
        for (int i = 0; i < 2; i++) {
            assert_int_equal(seat_submit(s, buf_view(&b)), 0);
            assert_int_equal(seat_run_works(s), 0);
        }
        assert_int_equal(seat_restart(s), 0);
    }
    assert_null(seat_refusal(s, 0));
    assert_int_equal(seat_promises(s, 0), 4);
    for (size_t i = 0; i < 4; i++) {
        struct pro_preconf p = seat_promise(s, 0, i);
        assert_int_equal(p.slot, 1);
        assert_int_equal(p.seq, 0);
        pro_preconf_fini(&p);
    }
    buf_fini(&b);
    seat_destroy(&s);
}

static void test_a_user_with_too_many_pending_bundles_is_refused(void **state)
{
    struct seat *s = sit("slots: 10\nlimits: {pending_per_user: 2}\n", 0);
    struct buf first = seat_pair(s, 1);
    struct buf second = seat_pair(s, 2);
    struct buf third = seat_pair(s, 3);
    assert_int_equal(seat_submit(s, buf_view(&first)), 0);
    assert_int_equal(seat_submit(s, buf_view(&second)), 0);
    assert_int_equal(seat_submit(s, buf_view(&third)), 0);
    assert_string_equal(seat_refusal(s, 0), "too_many_pending");
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_promises(s, 0), 2);
    assert_verdict(s, &third, "too_many_pending"); /* promised is not decided */
    buf_fini(&first);
    buf_fini(&second);
    seat_destroy(&s);
}

static void test_after_the_last_slot_everything_is_refused(void **state)
{
    struct seat *s = sit("slots: 1\n", 0);
    struct buf waiting = seat_pair(s, 1);
    struct buf late = seat_pair(s, 2);
    assert_int_equal(seat_submit(s, buf_view(&waiting)), 0);
    assert_int_equal(seat_end_slot(s), 0);
    assert_int_equal(seat_submit(s, buf_view(&late)), 0);
    assert_string_equal(seat_refusal(s, 0), "closed");
    size_t before = s->n_heard;
    assert_int_equal(seat_run_works(s), 0);
    assert_string_equal(seat_refusal(s, before), "closed");
    assert_int_equal(seat_promises(s, 0), 0);
    buf_fini(&waiting);
    buf_fini(&late);
    seat_destroy(&s);
}

static void test_a_bundle_needs_room_in_every_block_it_touches(void **state)
{
    struct seat *s = sit("slots: 10\nlimits: {transactions_per_block: 2}\n", 0);
    struct buf b = made(s, &(struct seat_bundle){.nonce = 1, .n_legs = 3, .rollups = {0, 0, 0}});
    assert_verdict(s, &b, "block_full");
    b = made(s, &(struct seat_bundle){.nonce = 2, .n_legs = 1});
    assert_verdict(s, &b, NULL);
    b = made(s, &(struct seat_bundle){.nonce = 3, .n_legs = 3, .rollups = {1, 0, 0}});
    assert_verdict(s, &b, "block_full"); /* and nothing of it is left behind */
    b = made(s, &(struct seat_bundle){.nonce = 4, .n_legs = 3, .rollups = {1, 0, 1}});
    assert_verdict(s, &b, NULL);
    seat_destroy(&s);
}

static void test_gas_that_does_not_fit_is_refused_not_dropped(void **state)
{
    struct seat *s = sit("slots: 10\nlimits: {gas_per_block: 100}\n", 0);
    struct buf b = made(s, &(struct seat_bundle){.nonce = 1, .n_legs = 1, .gas = {101}});
    assert_verdict(s, &b, "gas_exceeded");
    b = made(s, &(struct seat_bundle){.nonce = 2, .n_legs = 2, .gas = {60, 41}});
    assert_verdict(s, &b, "gas_exceeded");
    b = made(s, &(struct seat_bundle){.nonce = 3, .n_legs = 2, .gas = {UINT64_MAX, 2}});
    assert_verdict(s, &b, "gas_exceeded"); /* the sum is 1 modulo 2^64 */
    b = made(s,
             &(struct seat_bundle){.nonce = 4, .n_legs = 2, .rollups = {0, 1}, .gas = {60, 100}});
    assert_verdict(s, &b, NULL);
    b = made(s, &(struct seat_bundle){.nonce = 5, .n_legs = 1, .gas = {41}});
    assert_verdict(s, &b, "gas_exceeded");
    b = made(s, &(struct seat_bundle){.nonce = 6, .n_legs = 1, .gas = {40}});
    assert_verdict(s, &b, NULL);
    seat_destroy(&s);
}

/* ---- Batches ---- */

static uint32_t legs_in(const struct seat_work *w)
{
    struct rd r = rd_from(buf_view(&w->request));
    return rd_u32(&r);
}

static void test_what_arrives_while_a_batch_runs_goes_together_up_to_the_limit(void **state)
{
    static const uint32_t sizes[] = {2, 4, 4, 3, 6, 1};
    static const uint32_t legs[] = {2, 2, 2, 2, 2, 1, 2, 6, 1};
    struct seat *s = sit(NULL, 4);
    for (size_t i = 0; i < sizeof(legs) / sizeof(legs[0]); i++) {
        struct buf b = made(s, &(struct seat_bundle){.nonce = i + 1, .n_legs = legs[i]});
        assert_int_equal(seat_submit(s, buf_view(&b)), 0);
        buf_fini(&b);
        assert_int_equal(s->n_works, 1);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(s->n_works, 1);
        assert_int_equal(legs_in(&s->works[0]), sizes[i]);
        assert_int_equal(s->works[0].cost_ns, 250000 * (int64_t)sizes[i]);
        assert_int_equal(seat_end_work(s, NULL), 0);
    }
    assert_int_equal(s->n_works, 0);
    assert_int_equal(seat_promises(s, 0), 9);
    seat_destroy(&s);
}

static void test_promises_are_given_in_order_of_arrival(void **state)
{
    struct seat *s = sit(NULL, 6);
    struct hash32 ids[9];
    for (size_t i = 0; i < 9; i++) {
        struct pro_bundle decoded = {0};
        struct buf b = made(s, &(struct seat_bundle){.nonce = 100 - i,
                                                     .n_legs = 1 + (uint32_t)(i % 3),
                                                     .rollups = {(int)(i % 2), 1}});
        assert_int_equal(pro_bundle_decode(buf_view(&b), &decoded), 0);
        ids[i] = decoded.id;
        pro_bundle_fini(&decoded);
        assert_int_equal(seat_submit(s, buf_view(&b)), 0);
        buf_fini(&b);
    }
    assert_int_equal(seat_run_works(s), 0);
    uint32_t next[SEAT_ROLLUPS] = {0};
    for (size_t i = 0; i < 9; i++) {
        struct pro_preconf p = seat_promise(s, 0, i);
        assert_int_equal(p.seq, i);
        assert_memory_equal(p.bundle_id.b, ids[i].b, 32);
        for (uint32_t leg = 0; leg < p.n_legs; leg++) {
            size_t rollup = p.txs[leg].rollup == s->rollups[0] ? 0 : 1;
            assert_int_equal(p.txs[leg].order, next[rollup]++);
        }
        pro_preconf_fini(&p);
    }
    seat_destroy(&s);
}

static void test_a_work_that_fails_stops_the_actor(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf b = seat_pair(s, 1);
    assert_int_equal(seat_submit(s, buf_view(&b)), 0);
    const struct act_event ev = {.kind = ACT_WORK_DONE,
                                 .now = s->now,
                                 .id = s->works[0].id,
                                 .work_kind = s->works[0].kind,
                                 .work_rc = ERR_NOMEM};
    act_effects_clear(&s->fx);
    assert_int_equal(seq_class.step(s->actor, &ev, &s->fx), ERR_NOMEM);
    buf_fini(&b);
    seat_destroy(&s);
}

/* ---- Exponents ---- */

static void test_a_bundle_that_repeats_a_puzzle_is_refused(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf b = made(
        s, &(struct seat_bundle){
               .nonce = 1, .n_legs = 3, .rollups = {0, 1, 1}, .secrets = {"same", NULL, "same"}});
    assert_verdict(s, &b, "bad_element");
    seat_destroy(&s);
}

static void assert_promised(const struct seat *s, size_t n, uint64_t slot, uint32_t seq)
{
    struct pro_preconf p = seat_promise(s, 0, n);
    assert_int_equal(p.slot, slot);
    assert_int_equal(p.seq, seq);
    pro_preconf_fini(&p);
}

/* Three bundles with one exponent and one behind them. */
static void submit_colliding(struct seat *s)
{
    for (uint64_t nonce = 1; nonce <= 4; nonce++) {
        struct buf b =
            made(s, &(struct seat_bundle){.nonce = nonce,
                                          .n_legs = 2,
                                          .rollups = {0, 1},
                                          .secrets = {nonce == 4 ? NULL : "same", NULL}});
        assert_int_equal(seat_submit(s, buf_view(&b)), 0);
        buf_fini(&b);
    }
    assert_int_equal(seat_run_works(s), 0);
}

static void test_an_exponent_taken_in_this_slot_waits_for_the_next(void **state)
{
    struct seat *s = sit(NULL, 0);
    submit_colliding(s);
    assert_int_equal(seat_promises(s, 0), 2);
    assert_promised(s, 0, 1, 0);
    assert_promised(s, 1, 1, 1);
    assert_int_equal(seat_noted(s, "deferred"), 2);
    struct buf late = seat_pair(s, 9);
    assert_int_equal(seat_submit(s, buf_view(&late)), 0); /* its work ends in the next slot */
    assert_int_equal(seat_end_slot(s), 0);
    assert_int_equal(seat_promises(s, 0), 3);
    assert_promised(s, 2, 2, 0); /* before what came after it */
    assert_int_equal(seat_end_work(s, NULL), 0);
    assert_promised(s, 3, 2, 1);
    assert_int_equal(seat_end_slot(s), 0);
    assert_promised(s, 4, 3, 0);
    assert_null(seat_refusal(s, 0));
    buf_fini(&late);
    seat_destroy(&s);
}

static void test_what_still_waits_when_no_slot_follows_is_refused(void **state)
{
    struct seat *s = sit("slots: 1\n", 0);
    submit_colliding(s);
    size_t before = s->n_heard;
    assert_int_equal(seat_end_slot(s), 0);
    assert_string_equal(seat_refusal(s, before), "closed");
    assert_int_equal(s->n_heard - before, 2);
    seat_destroy(&s);
}

static uint64_t forged_exponent;

/* Both legs of the request get the exponent of the first one ever seen. */
static void forge(struct buf *result)
{
    struct rd r = rd_from(buf_view(result));
    (void)rd_u32(&r);
    uint64_t e = rd_u64(&r);
    forged_exponent = forged_exponent != 0 ? forged_exponent : e;
    for (int i = 0; i < 8; i++) {
        result->data[4 + i] = (uint8_t)(forged_exponent >> (56 - 8 * i));
    }
}

static void test_different_puzzles_whose_exponents_meet_wait_as_well(void **state)
{
    struct seat *s = sit(NULL, 0);
    for (uint64_t nonce = 1; nonce <= 2; nonce++) {
        struct buf b = seat_pair(s, nonce);
        assert_int_equal(seat_submit(s, buf_view(&b)), 0);
        assert_int_equal(seat_end_work(s, forge), 0);
        buf_fini(&b);
    }
    assert_int_equal(seat_promises(s, 0), 1);
    assert_int_equal(seat_end_slot(s), 0);
    assert_promised(s, 1, 2, 0);
    seat_destroy(&s);
}

/* ---- Replay ---- */

/* The same leg with its proof in the other form, which anybody can write. */
static void rewrite_proof(const struct seat *s, struct buf *raw)
{
    struct pro_leg leg;
    struct buf context = {0};
    struct buf proof = {0};
    struct buf again = {0};
    assert_int_equal(pro_leg_decode(buf_view(raw), &leg), 0);
    const struct tlp_puzzle puzzle = {leg.u, leg.q, leg.proof, leg.sealed};
    pro_leg_context(&s->cluster->deployment, leg.open_bytes, &context);
    assert_int_equal(tlp_proof_compact(s->tlp, buf_view(&context), &puzzle, &proof), 0);
    pro_leg_encode(leg.open_bytes, leg.u, leg.q, buf_view(&proof), leg.sealed, &again);
    buf_fini(raw);
    *raw = again;
    buf_fini(&context);
    buf_fini(&proof);
}

/* Both legs of bundle 1, so that the bundle has another id. */
static struct buf rewritten(const struct seat *s)
{
    struct buf legs[2] = {{0}};
    struct buf out = {0};
    const struct seat_bundle victim = {.nonce = 1, .n_legs = 2, .rollups = {0, 1}};
    for (uint32_t i = 0; i < 2; i++) {
        seat_seal(s, &victim, i, &legs[i]);
        rewrite_proof(s, &legs[i]);
    }
    seat_join(s, 1, legs, 2, &out);
    buf_fini(&legs[0]);
    buf_fini(&legs[1]);
    return out;
}

/* The first leg of bundle 1 beside a leg that whoever does this has made himself: word for word, or
 * made to name its new sibling. */
static struct buf spliced(const struct seat *s, bool to_fit)
{
    struct buf legs[2] = {{0}};
    struct buf out = {0};
    const struct seat_bundle victim = {.nonce = 1, .n_legs = 2, .rollups = {0, 1}};
    const struct seat_bundle thief = {
        .nonce = 1, .n_legs = 2, .rollups = {0, 1}, .secrets = {NULL, "the thief's"}};
    seat_seal(s, &victim, 0, &legs[0]);
    seat_seal(s, &thief, 1, &legs[1]);
    if (to_fit) { /* the thief knows u of the other, so his own leg names both */
        struct pro_leg stolen;
        struct pro_leg own;
        struct buf again = {0};
        struct buf open_bytes = {0};
        assert_int_equal(pro_leg_decode(buf_view(&legs[0]), &stolen), 0);
        assert_int_equal(pro_leg_decode(buf_view(&legs[1]), &own), 0);
        stolen.open.siblings = own.open.siblings;
        pro_open_part_encode(&stolen.open, &open_bytes);
        pro_leg_encode(buf_view(&open_bytes), stolen.u, stolen.q, stolen.proof, stolen.sealed,
                       &again);
        buf_fini(&open_bytes);
        buf_fini(&legs[0]);
        legs[0] = again;
    }
    seat_join(s, 1, legs, 2, &out);
    buf_fini(&legs[0]);
    buf_fini(&legs[1]);
    return out;
}

static void test_a_leg_beside_a_sibling_it_does_not_name_is_refused(void **state)
{
    for (int promised = 0; promised < 2; promised++) {
        struct seat *s = sit(NULL, 0);
        struct buf victim = seat_pair(s, 1);
        struct buf as_it_is = spliced(s, false);
        struct buf to_fit = spliced(s, true);
        if (promised) {
            assert_verdict(s, &victim, NULL);
        } else {
            buf_fini(&victim);
        }
        assert_verdict(s, &as_it_is, "incomplete_bundle");
        assert_verdict(s, &to_fit, "bad_proof");
        seat_destroy(&s);
    }
}

static void test_legs_that_were_promised_are_refused_for_ever_in_another_form(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf victim = seat_pair(s, 1);
    assert_verdict(s, &victim, NULL);
    for (int life = 0; life < 2; life++) {
        for (int slot = 0; slot < 2; slot++) {
            struct buf other = rewritten(s);
            assert_verdict(s, &other, "duplicate");
            assert_int_equal(seat_end_slot(s), 0);
        }
        assert_int_equal(seat_restart(s), 0);
    }
    seat_destroy(&s);
}

static void test_legs_replayed_while_both_wait_are_refused_too(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf victim = seat_pair(s, 1);
    struct buf other = rewritten(s);
    assert_int_equal(seat_submit(s, buf_view(&victim)), 0);
    assert_int_equal(seat_submit(s, buf_view(&other)), 0);
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_promises(s, 0), 1);
    assert_string_equal(seat_refusal(s, 0), "duplicate");
    buf_fini(&victim);
    buf_fini(&other);
    seat_destroy(&s);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_wrong_on_its_face_is_refused_by_name),
        cmocka_unit_test(test_legs_that_are_not_one_bundle_are_refused),
        cmocka_unit_test(test_a_bundle_that_is_being_admitted_is_a_duplicate),
        cmocka_unit_test(test_a_bundle_that_has_its_promise_gets_the_same_again),
        cmocka_unit_test(test_a_user_with_too_many_pending_bundles_is_refused),
        cmocka_unit_test(test_after_the_last_slot_everything_is_refused),
        cmocka_unit_test(test_a_bundle_needs_room_in_every_block_it_touches),
        cmocka_unit_test(test_gas_that_does_not_fit_is_refused_not_dropped),
        cmocka_unit_test(test_what_arrives_while_a_batch_runs_goes_together_up_to_the_limit),
        cmocka_unit_test(test_promises_are_given_in_order_of_arrival),
        cmocka_unit_test(test_a_work_that_fails_stops_the_actor),
        cmocka_unit_test(test_a_bundle_that_repeats_a_puzzle_is_refused),
        cmocka_unit_test(test_an_exponent_taken_in_this_slot_waits_for_the_next),
        cmocka_unit_test(test_what_still_waits_when_no_slot_follows_is_refused),
        cmocka_unit_test(test_different_puzzles_whose_exponents_meet_wait_as_well),
        cmocka_unit_test(test_a_leg_beside_a_sibling_it_does_not_name_is_refused),
        cmocka_unit_test(test_legs_that_were_promised_are_refused_for_ever_in_another_form),
        cmocka_unit_test(test_legs_replayed_while_both_wait_are_refused_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
