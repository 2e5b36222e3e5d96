/* Who is admitted, in which order, and who hears which refusal. */
#include "common/base/check.h"
#include "common/base/wire.h"
#include "common/crypto/timelock/tlp.h"
#include "sequencer/seq.h"
#include "tests/lib/seat.h"

#include <gmp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;

static struct seat *sit(const char *settings, uint32_t batch_legs)
{
    const struct seat_options o = {
        .data_dir = data_dir, .settings = settings, .batch_legs = batch_legs};
    return seat_new(&o);
}

/* Hands in the bundle and lets all works end. Returns: the refusal, NULL if it was promised. */
static const char *verdict(struct seat *s, struct bytes bundle)
{
    size_t before = s->n_heard;
    assert_int_equal(seat_submit(s, bundle), 0);
    assert_int_equal(seat_run_works(s), 0);
    const char *refusal = seat_refusal(s, before);
    assert_int_equal(seat_promises(s, before), refusal == NULL ? 1 : 0);
    return refusal;
}

static void assert_verdict(struct seat *s, struct buf *bundle, const char *want)
{
    const char *got = verdict(s, buf_view(bundle));
    if (want == NULL) {
        assert_null(got);
    } else {
        assert_non_null(got);
        assert_string_equal(got, want);
    }
    buf_fini(bundle);
}

static struct buf made(const struct seat *s, const struct seat_bundle *b)
{
    struct buf out = {0};
    seat_bundle(s, b, &out);
    return out;
}

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

/* ---- Proofs ---- */

/* The parts of a leg, to be changed and put together again. */
struct parts {
    struct buf open, u, q, proof, sealed;
};

static struct buf copy_of(struct bytes b)
{
    struct buf out = {0};
    buf_append_bytes(&out, b);
    assert_int_equal(out.err, 0);
    return out;
}

static void take_apart(const struct seat *s, uint64_t nonce, struct parts *p)
{
    struct buf raw = {0};
    struct pro_leg leg;
    seat_seal(s, &(struct seat_bundle){.nonce = nonce, .n_legs = 1}, 0, &raw);
    assert_int_equal(pro_leg_decode(buf_view(&raw), &leg), 0);
    *p = (struct parts){copy_of(leg.open_bytes), copy_of(leg.u), copy_of(leg.q), copy_of(leg.proof),
                        copy_of(leg.sealed)};
    buf_fini(&raw);
}

static struct buf put_together(const struct seat *s, uint64_t nonce, struct parts *p)
{
    struct buf leg = {0};
    struct buf out = {0};
    pro_leg_encode(buf_view(&p->open), buf_view(&p->u), buf_view(&p->q), buf_view(&p->proof),
                   buf_view(&p->sealed), &leg);
    seat_join(s, nonce, &leg, 1, &out);
    buf_fini(&leg);
    buf_fini(&p->open);
    buf_fini(&p->u);
    buf_fini(&p->q);
    buf_fini(&p->proof);
    buf_fini(&p->sealed);
    return out;
}

enum damage {
    CUT_PROOF,
    LONG_PROOF,
    SHORT_Z,
    LOW_Z,
    WRONG_FORM,
    OTHER_CIPHER,
    SHORT_CIPHER,
    OTHER_OPEN,
    SHORT_U,
    ZERO,
    MODULUS,
    NEGATIVE,
    JACOBI,
    DAMAGES
};

static void read_modulus(const struct seat *s, mpz_t n)
{
    struct buf file = {0};
    assert_int_equal(tlp_params_encode(s->tlp, false, &file), 0);
    mpz_import(n, tlp_params_element_bytes(s->tlp), 1, 1, 1, 0, file.data + 8 + 2 + 2);
    buf_fini(&file);
}

/* What is no element of the group, in exactly its length. */
static void spoil_element(const struct seat *s, enum damage d, uint8_t *x)
{
    size_t len = tlp_params_element_bytes(s->tlp);
    size_t got = 0;
    mpz_t n, v;
    mpz_init(n);
    mpz_init(v);
    read_modulus(s, n);
    mpz_import(v, len, 1, 1, 1, 0, x);
    if (d == ZERO) {
        mpz_set_ui(v, 0);
    } else if (d == MODULUS) {
        mpz_set(v, n);
    } else if (d == NEGATIVE) {
        mpz_sub(v, n, v);
    } else {
        mpz_set_ui(v, 2);
        while (mpz_jacobi(v, n) != -1) {
            mpz_add_ui(v, v, 1);
        }
    }
    memset(x, 0, len);
    if (mpz_sgn(v) != 0) {
        got = (mpz_sizeinbase(v, 2) + 7) / 8;
        mpz_export(x + len - got, NULL, 1, 1, 1, 0, v);
    }
    mpz_clear(n);
    mpz_clear(v);
}

/* `at`: 0 u, 1 Q, 2 A, 3 B. */
static struct buf damaged(const struct seat *s, uint64_t nonce, enum damage d, int at)
{
    struct parts p;
    size_t element = tlp_params_element_bytes(s->tlp);
    take_apart(s, nonce, &p);
    uint8_t *elements[] = {p.u.data, p.q.data, p.proof.data + 2, p.proof.data + 2 + element};
    switch (d) {
    case CUT_PROOF:
        p.proof.len = 1;
        break;
    case LONG_PROOF:
        buf_append_u8(&p.proof, 0);
        break;
    case SHORT_Z:
        p.proof.len--;
        break;
    case LOW_Z:
        p.proof.data[2 + 2 * element] = 0;
        break;
    case WRONG_FORM:
        p.proof.data[0] = 3;
        break;
    case OTHER_CIPHER:
        p.sealed.data[0] ^= 1;
        break;
    case SHORT_CIPHER:
        p.sealed.len = 15;
        break;
    case OTHER_OPEN: /* the gas limit */
        p.open.data[8 + 8 + 4 + 4 + 7] ^= 1;
        break;
    case SHORT_U:
        p.u.len--;
        break;
    default:
        spoil_element(s, d, elements[at]);
        break;
    }
    return put_together(s, nonce, &p);
}

static void test_every_wrong_proof_is_refused_alone_and_in_company(void **state)
{
    static const char *const reasons[DAMAGES] = {
        [CUT_PROOF] = "bad_proof",    [LONG_PROOF] = "bad_proof",   [SHORT_Z] = "bad_proof",
        [LOW_Z] = "bad_element",      [WRONG_FORM] = "bad_element", [OTHER_CIPHER] = "bad_proof",
        [SHORT_CIPHER] = "bad_proof", [OTHER_OPEN] = "bad_proof",   [SHORT_U] = "bad_proof",
        [ZERO] = "bad_element",       [MODULUS] = "bad_element",    [NEGATIVE] = "bad_element",
        [JACOBI] = "bad_element",
    };
    struct seat *s = sit(NULL, 0);
    uint64_t nonce = 1;
    for (int d = 0; d < (int)DAMAGES; d++) {
        for (int at = 0; at < (d >= (int)ZERO ? 4 : 1); at++) {
            struct buf bad = damaged(s, nonce++, (enum damage)d, at);
            assert_verdict(s, &bad, reasons[d]);
            /* The first goes alone; the others share the next batch. */
            struct buf crowd[4] = {
                seat_pair(s, nonce), seat_pair(s, nonce + 1), {0}, seat_pair(s, nonce + 2)};
            crowd[2] = damaged(s, nonce + 3, (enum damage)d, at);
            nonce += 4;
            size_t before = s->n_heard;
            for (size_t i = 0; i < 4; i++) {
                assert_int_equal(seat_submit(s, buf_view(&crowd[i])), 0);
                buf_fini(&crowd[i]);
            }
            assert_int_equal(seat_run_works(s), 0);
            assert_int_equal(seat_promises(s, before), 3);
            assert_string_equal(seat_refusal(s, before), reasons[d]);
        }
    }
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

/* What the work says of one request, by a sequencer with these secrets. */
static struct buf work_result(const struct seat *s, struct bytes request)
{
    struct buf out = {0};
    assert_int_equal(seq_class.work(s->actor, 1, request, &out), 0);
    return out;
}

static void test_the_same_request_has_the_same_result(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf good = seat_pair(s, 1);
    struct buf bad = damaged(s, 2, OTHER_CIPHER, 0);
    struct buf other = seat_pair(s, 3);
    assert_int_equal(seat_submit(s, buf_view(&other)), 0);
    assert_int_equal(seat_submit(s, buf_view(&good)), 0);
    assert_int_equal(seat_submit(s, buf_view(&bad)), 0);
    assert_int_equal(seat_end_work(s, NULL), 0);
    assert_int_equal(s->n_works, 1);
    struct buf first = work_result(s, buf_view(&s->works[0].request));
    struct buf second = work_result(s, buf_view(&s->works[0].request));
    struct rd r = rd_from(buf_view(&first));
    assert_true(bytes_equal(buf_view(&first), buf_view(&second)));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal((int32_t)rd_u32(&r), i < 2 ? 0 : ERR_PROOF);
        assert_true((rd_u64(&r) >> 63) == (i < 2 ? 1 : 0));
    }
    assert_int_equal(rd_end(&r), 0);
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&good);
    buf_fini(&bad);
    buf_fini(&other);
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

/* The first leg of bundle 1, word for word or with its proof in the other form, beside a leg that
 * whoever does this has made himself. */
static struct buf spliced(const struct seat *s, bool other_form)
{
    struct buf legs[2] = {{0}};
    struct buf out = {0};
    const struct seat_bundle victim = {.nonce = 1, .n_legs = 2, .rollups = {0, 1}};
    const struct seat_bundle thief = {
        .nonce = 1, .n_legs = 2, .rollups = {0, 1}, .secrets = {NULL, "the thief's"}};
    seat_seal(s, &victim, 0, &legs[0]);
    seat_seal(s, &thief, 1, &legs[1]);
    if (other_form) {
        struct pro_leg leg;
        struct buf context = {0};
        struct buf proof = {0};
        struct buf again = {0};
        assert_int_equal(pro_leg_decode(buf_view(&legs[0]), &leg), 0);
        const struct tlp_puzzle puzzle = {leg.u, leg.q, leg.proof, leg.sealed};
        pro_leg_context(&s->cluster->deployment, leg.open_bytes, &context);
        assert_int_equal(tlp_proof_compact(s->tlp, buf_view(&context), &puzzle, &proof), 0);
        pro_leg_encode(leg.open_bytes, leg.u, leg.q, buf_view(&proof), leg.sealed, &again);
        buf_fini(&legs[0]);
        legs[0] = again;
        buf_fini(&context);
        buf_fini(&proof);
    }
    seat_join(s, 1, legs, 2, &out);
    buf_fini(&legs[0]);
    buf_fini(&legs[1]);
    return out;
}

static void test_a_leg_of_another_bundle_is_refused_for_ever(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf victim = seat_pair(s, 1);
    assert_verdict(s, &victim, NULL);
    for (int life = 0; life < 2; life++) {
        for (int slot = 0; slot < 2; slot++) {
            struct buf same = spliced(s, false);
            struct buf other = spliced(s, true);
            assert_verdict(s, &same, "duplicate");
            assert_verdict(s, &other, "duplicate");
            assert_int_equal(seat_end_slot(s), 0);
        }
        assert_int_equal(seat_restart(s), 0);
    }
    seat_destroy(&s);
}

static void test_a_leg_replayed_while_both_wait_is_refused_too(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf victim = seat_pair(s, 1);
    struct buf thief = spliced(s, true);
    assert_int_equal(seat_submit(s, buf_view(&victim)), 0);
    assert_int_equal(seat_submit(s, buf_view(&thief)), 0);
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_promises(s, 0), 1);
    assert_string_equal(seat_refusal(s, 0), "duplicate");
    buf_fini(&victim);
    buf_fini(&thief);
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
        cmocka_unit_test(test_every_wrong_proof_is_refused_alone_and_in_company),
        cmocka_unit_test(test_what_arrives_while_a_batch_runs_goes_together_up_to_the_limit),
        cmocka_unit_test(test_promises_are_given_in_order_of_arrival),
        cmocka_unit_test(test_the_same_request_has_the_same_result),
        cmocka_unit_test(test_a_work_that_fails_stops_the_actor),
        cmocka_unit_test(test_a_bundle_that_repeats_a_puzzle_is_refused),
        cmocka_unit_test(test_an_exponent_taken_in_this_slot_waits_for_the_next),
        cmocka_unit_test(test_what_still_waits_when_no_slot_follows_is_refused),
        cmocka_unit_test(test_different_puzzles_whose_exponents_meet_wait_as_well),
        cmocka_unit_test(test_a_leg_of_another_bundle_is_refused_for_ever),
        cmocka_unit_test(test_a_leg_replayed_while_both_wait_is_refused_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
