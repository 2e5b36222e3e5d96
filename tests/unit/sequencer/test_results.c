/* Results as executors send them in: what is taken, what is refused and why, and what costs the
 * executor its bond. Every transaction here fails, whatever the state, so that the test can be an
 * honest executor without having one. */
#include "common/base/check.h"
#include "common/ledger/led_witness.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_failure.h"
#include "common/protocol/pro_signed.h"
#include "tests/lib/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;

enum { A, B };

/* ---- A slot with a block on each rollup, waiting for results ---- */

/* What the executor of a rollup says about its block of one entry. */
struct answer {
    struct pro_result r;
    uint8_t status[2];
    struct hash32 root; /* after the entry */
    struct buf witness;
    struct buf proofs;
    struct buf result;
};

static uint32_t executor(const struct seat *s, int rollup)
{
    return (uint32_t)CLUSTER_EXECUTOR + (uint32_t)rollup + 1;
}

static struct seat *sit_with(const char *settings)
{
    const struct seat_options o = {.data_dir = data_dir, .settings = settings};
    struct seat *s = seat_new(&o);
    struct buf bundle = {0};
    const struct seat_bundle b = {.nonce = 1, .n_legs = 2, .rollups = {A, B}, .fails = true};
    seat_bundle(s, &b, &bundle);
    assert_int_equal(seat_submit(s, buf_view(&bundle)), 0);
    assert_int_equal(seat_run_works(s), 0);
    assert_int_equal(seat_end_slot(s), 0);
    assert_int_equal(seat_run_works(s), 0);
    buf_fini(&bundle);
    return s;
}

static struct seat *sit(void)
{
    return sit_with(NULL);
}

/* Returns: what the sequencer has put into DA, NULL if nothing. */
static const Lockstep__DaPut *put_of(const struct seat *s, int rollup, Lockstep__DaKind kind,
                                     uint32_t index)
{
    for (size_t i = 0; i < s->n_heard; i++) {
        const Lockstep__Message *m = s->heard[i].message;
        if (m->body_case == LOCKSTEP__MESSAGE__BODY_DA_PUT &&
            m->da_put->key->namespace_ == s->rollups[rollup] && m->da_put->key->kind == kind &&
            m->da_put->key->index == index) {
            return m->da_put;
        }
    }
    return NULL;
}

static void prove(const struct seat *s, int rollup, struct answer *a)
{
    struct led_state *state = NULL;
    struct led_tx tx = {0};
    struct pro_block b = {0};
    struct pro_merkle_tree tree = {0};
    struct pro_step step;
    const Lockstep__DaPut *body = put_of(s, rollup, LOCKSTEP__DA_KIND__DA_BLOCK, 0);
    assert_non_null(body);
    assert_int_equal(pro_block_decode(wire_view(&body->data), &b), 0);
    assert_int_equal(b.entries[0].kind, PRO_ENTRY_TX);
    assert_int_equal(led_state_new(s->rollups[rollup], &state), 0);
    assert_int_equal(led_tx_decode(b.entries[0].tx, &tx), 0);
    assert_int_equal(led_witness_make(state, &tx, &a->witness), 0);
    led_state_root(state, &a->r.pre_root);
    a->root = a->r.post_root = a->r.pre_root;
    assert_int_equal(pro_merkle_tree_init(&tree, &a->root, 1), 0);
    pro_step_open(&a->r.pre_root, &a->root, &tree, 0, &step);
    step.witness = buf_view(&a->witness);
    pro_proofs_encode(&step, 1, &a->proofs);
    a->r.step_roots_root = tree.root;
    pro_merkle_tree_fini(&tree);
    pro_block_fini(&b);
    led_tx_fini(&tx);
    led_state_destroy(&state);
}

static void sign(const struct seat *s, int by, struct answer *a)
{
    struct buf body = {0};
    pro_result_encode(&a->r, &body);
    buf_clear(&a->result);
    pro_sign(&s->cluster->deployment, PRO_TAG_RESULT,
             &s->cluster->actors[CLUSTER_EXECUTOR + by].key, buf_view(&body), &a->result);
    buf_fini(&body);
}

/* The truth. */
static void answer_init(const struct seat *s, int rollup, struct answer *a)
{
    struct pro_header h;
    *a = (struct answer){0};
    const Lockstep__DaPut *header = put_of(s, rollup, LOCKSTEP__DA_KIND__DA_HEADER, 0);
    assert_non_null(header);
    assert_int_equal(
        pro_header_decode(bytes_of(header->data.data, header->data.len - sizeof(struct sig65)), &h),
        0);
    prove(s, rollup, a);
    a->r.rollup = s->rollups[rollup];
    a->r.slot = 1;
    a->r.commitment = h.commitment;
    a->r.body_hash = h.body_hash;
    a->r.count = h.count;
    a->r.status = bytes_of(a->status, 1);
    sign(s, rollup, a);
}

static void answer_fini(struct answer *a)
{
    buf_fini(&a->witness);
    buf_fini(&a->proofs);
    buf_fini(&a->result);
}

/* In: how many bytes stand for a proof by the ideal prover. */
static void send_ideal(struct seat *s, int rollup, const struct answer *a, size_t bytes)
{
    static uint8_t zeros[64];
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    Lockstep__ExecutionResult r = LOCKSTEP__EXECUTION_RESULT__INIT;
    r.result = wire_bytes(buf_view(&a->result));
    r.proofs = wire_bytes(buf_view(&a->proofs));
    r.step_roots = wire_bytes(BYTES_OF(a->root));
    r.ideal_proof = wire_bytes(bytes_of(zeros, bytes));
    m.body_case = LOCKSTEP__MESSAGE__BODY_EXECUTION_RESULT;
    m.execution_result = &r;
    assert_int_equal(seat_message(s, executor(s, rollup), &m), 0);
    assert_int_equal(seat_run_works(s), 0);
}

static void send_roots(struct seat *s, int rollup, const struct answer *a, struct bytes roots)
{
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    Lockstep__ExecutionResult r = LOCKSTEP__EXECUTION_RESULT__INIT;
    r.result = wire_bytes(buf_view(&a->result));
    r.proofs = wire_bytes(buf_view(&a->proofs));
    r.step_roots = wire_bytes(roots);
    m.body_case = LOCKSTEP__MESSAGE__BODY_EXECUTION_RESULT;
    m.execution_result = &r;
    assert_int_equal(seat_message(s, executor(s, rollup), &m), 0);
    assert_int_equal(seat_run_works(s), 0);
}

static void send(struct seat *s, int rollup, const struct answer *a)
{
    send_roots(s, rollup, a, BYTES_OF(a->root));
}

/* ---- What came of it ---- */

static void assert_refused(const struct seat *s, size_t before, enum act_reject_reason reason)
{
    assert_int_equal(s->n_refused, before + 1);
    const struct seat_refused *r = &s->refused[before];
    assert_string_equal(act_reject_name(r->reason), act_reject_name(reason));
    assert_true(r->detail[0] != 0);
}

/* The slot still waits; the truth is taken after all, and ends it. */
static void assert_goes_on(struct seat *s)
{
    assert_null(put_of(s, A, LOCKSTEP__DA_KIND__DA_FINAL, 0));
    size_t before = s->n_refused;
    for (int rollup = A; rollup <= B; rollup++) {
        struct answer a;
        answer_init(s, rollup, &a);
        send(s, rollup, &a);
        answer_fini(&a);
    }
    assert_int_equal(s->n_refused, before);
    assert_non_null(put_of(s, A, LOCKSTEP__DA_KIND__DA_FINAL, 0));
    assert_non_null(put_of(s, B, LOCKSTEP__DA_KIND__DA_FINAL, 0));
}

/* Returns: the kind of the evidence that went to L1; 0: none did. */
static int accused_of(const struct seat *s)
{
    int kind = 0;
    for (size_t i = 0; i < s->n_heard; i++) {
        const Lockstep__Message *m = s->heard[i].message;
        struct pro_evidence e;
        if (m->body_case == LOCKSTEP__MESSAGE__BODY_L1_SUBMIT &&
            m->l1_submit->kind == LOCKSTEP__L1_KIND__L1_EVIDENCE) {
            assert_int_equal(pro_evidence_decode(wire_view(&m->l1_submit->artifact), &e), 0);
            kind = (int)e.kind;
        }
    }
    return kind;
}

static void test_true_results_end_the_slot_and_carry_their_proofs_on(void **state)
{
    struct seat *s = sit();
    size_t n = 0;
    assert_goes_on(s);
    for (size_t i = 0; i < s->n_heard; i++) {
        const Lockstep__Message *m = s->heard[i].message;
        if (m->body_case == LOCKSTEP__MESSAGE__BODY_FINALIZED_BLOCK) {
            assert_true(m->finalized_block->n_failures >= 1);
            const Lockstep__Failure *f = m->finalized_block->failures[0];
            struct pro_proofs p = {0};
            assert_int_equal(pro_proofs_decode(wire_view(&f->proofs), &p), 0);
            assert_int_equal(p.n, 1);
            pro_proofs_fini(&p);
            n++;
        }
    }
    assert_int_equal(n, 2);
    assert_int_equal(accused_of(s), 0);
    seat_destroy(&s);
}

static void test_a_failure_comes_with_its_proof(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    buf_clear(&a.proofs);
    pro_proofs_encode(NULL, 0, &a.proofs);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_CONTENT);
    assert_goes_on(s);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_a_success_comes_without(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    a.status[0] = 1;
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_CONTENT);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_proofs_cut_short_are_refused(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    size_t whole = a.proofs.len;
    size_t n = 0;
    for (size_t len = 1; len < whole; len += 1 + len / 4) {
        a.proofs.len = len;
        send(s, A, &a);
        assert_refused(s, n++, ACT_REJECT_MALFORMED);
    }
    a.proofs.len = whole;
    assert_goes_on(s);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_a_bitmap_of_another_length_is_refused(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    a.r.status = bytes_of(a.status, 2);
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_MALFORMED);
    a.r.status = bytes_of(a.status, 0);
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 1, ACT_REJECT_MALFORMED);
    a.status[0] = 2; /* beyond the end */
    a.r.status = bytes_of(a.status, 1);
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 2, ACT_REJECT_MALFORMED);
    assert_goes_on(s);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_step_roots_are_those_that_are_signed(void **state)
{
    struct seat *s = sit();
    struct answer a;
    struct hash32 two[2];
    answer_init(s, A, &a);
    two[0] = two[1] = a.root;
    send_roots(s, A, &a, bytes_of(two, 64));
    assert_refused(s, 0, ACT_REJECT_CONTENT);
    send_roots(s, A, &a, bytes_of(two, 0));
    assert_refused(s, 1, ACT_REJECT_CONTENT);
    two[0].b[0] ^= 1;
    send_roots(s, A, &a, bytes_of(two, 32));
    assert_refused(s, 2, ACT_REJECT_CONTENT);
    assert_goes_on(s);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_a_result_is_its_executors_for_the_block_at_hand(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    sign(s, B, &a);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_SIGNATURE);
    sign(s, A, &a);
    send(s, B, &a); /* from another peer */
    assert_refused(s, 1, ACT_REJECT_SIGNATURE);
    a.r.body_hash.b[0] ^= 1;
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 2, ACT_REJECT_CONTENT);
    answer_fini(&a);
    answer_init(s, A, &a);
    a.r.rollup = s->rollups[B];
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 3, ACT_REJECT_CONTENT);
    assert_goes_on(s);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_a_round_that_is_not_due_is_stale(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    a.r.round = 1;
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_STALE);
    a.r.round = 0;
    a.r.slot = 2;
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 1, ACT_REJECT_STALE);
    assert_goes_on(s);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_the_same_result_twice_is_refused_and_no_crime(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    send(s, A, &a);
    assert_int_equal(s->n_refused, 0);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_STALE);
    assert_int_equal(accused_of(s), 0);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_another_result_for_a_round_is_evidence(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    send(s, A, &a);
    a.r.receipts_root.b[0] ^= 1;
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_STALE);
    assert_int_equal(accused_of(s), PRO_EVIDENCE_TWO_RESULTS);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_another_result_on_l1_is_evidence(void **state)
{
    struct seat *s = sit();
    struct answer a;
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    Lockstep__L1Block block = LOCKSTEP__L1_BLOCK__INIT;
    Lockstep__L1Event event = LOCKSTEP__L1_EVENT__INIT;
    Lockstep__L1Event *events[] = {&event};
    const struct hash32 none = {{0}};
    answer_init(s, A, &a);
    send(s, A, &a);
    a.r.receipts_root.b[0] ^= 1;
    sign(s, A, &a);
    event.kind = LOCKSTEP__L1_KIND__L1_RESULT;
    event.rollup = s->rollups[A];
    event.slot = 1;
    event.artifact = wire_bytes(buf_view(&a.result));
    block.number = 1;
    block.hash = wire_bytes(BYTES_OF(none));
    block.parent = block.hash;
    block.n_events = 1;
    block.events = events;
    m.body_case = LOCKSTEP__MESSAGE__BODY_L1_BLOCK;
    m.l1_block = &block;
    assert_int_equal(seat_message(s, (uint32_t)CLUSTER_L1 + 1, &m), 0);
    assert_int_equal(accused_of(s), PRO_EVIDENCE_TWO_RESULTS);
    answer_fini(&a);
    seat_destroy(&s);
}

/* A failure that leaves something behind. */
static void test_a_proof_that_shows_fraud_is_evidence(void **state)
{
    struct seat *s = sit();
    struct answer a;
    struct pro_merkle_tree tree = {0};
    struct pro_step step;
    struct buf sources = {0};
    answer_init(s, A, &a);
    a.root.b[0] ^= 1;
    assert_int_equal(pro_merkle_tree_init(&tree, &a.root, 1), 0);
    pro_step_open(&a.r.pre_root, &a.root, &tree, 0, &step);
    step.witness = buf_view(&a.witness);
    buf_clear(&a.proofs);
    pro_proofs_encode(&step, 1, &a.proofs);
    a.r.step_roots_root = tree.root;
    sign(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_CONTENT);
    assert_int_equal(accused_of(s), PRO_EVIDENCE_FALSE_STEP);
    pro_merkle_tree_fini(&tree);
    buf_fini(&sources);
    answer_fini(&a);
    seat_destroy(&s);
}

/* A proof that does not belong to the result proves nothing, against nobody. */
static void test_a_proof_of_something_else_is_refused(void **state)
{
    struct seat *s = sit();
    struct answer a;
    answer_init(s, A, &a);
    a.proofs.data[a.proofs.len - 1] ^= 1; /* in the witness */
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_CONTENT);
    assert_int_equal(accused_of(s), 0);
    assert_goes_on(s);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_an_ideal_proof_has_the_size_it_costs(void **state)
{
    struct seat *s = sit_with("slots: 10\nexecution: {state_proof: ideal_recursive, "
                              "verifying_cost: 7s, proof_size: 40}\n");
    struct answer a;
    answer_init(s, A, &a);
    send(s, A, &a);
    assert_refused(s, 0, ACT_REJECT_CONTENT);
    send_ideal(s, A, &a, 39);
    assert_refused(s, 1, ACT_REJECT_CONTENT);
    struct sim_time before = s->now;
    send_ideal(s, A, &a, 40);
    assert_int_equal(s->n_refused, 2);
    assert_true(s->now.ns - before.ns >= 7 * NS_PER_S);
    answer_fini(&a);
    seat_destroy(&s);
    s = sit(); /* and none where there is no such prover */
    answer_init(s, A, &a);
    send_ideal(s, A, &a, 1);
    assert_refused(s, 0, ACT_REJECT_CONTENT);
    answer_fini(&a);
    seat_destroy(&s);
}

static void test_executing_again_takes_its_time(void **state)
{
    struct seat *s =
        sit_with("slots: 10\nexecution: {state_proof: reexecute, transaction_cost: 3s}\n");
    struct answer a;
    struct sim_time before = s->now;
    answer_init(s, A, &a);
    send(s, A, &a);
    assert_int_equal(s->n_refused, 0);
    assert_true(s->now.ns - before.ns >= 3 * NS_PER_S);
    answer_fini(&a);
    seat_destroy(&s);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_results_end_the_slot_and_carry_their_proofs_on),
        cmocka_unit_test(test_a_failure_comes_with_its_proof),
        cmocka_unit_test(test_a_success_comes_without),
        cmocka_unit_test(test_proofs_cut_short_are_refused),
        cmocka_unit_test(test_a_bitmap_of_another_length_is_refused),
        cmocka_unit_test(test_step_roots_are_those_that_are_signed),
        cmocka_unit_test(test_a_result_is_its_executors_for_the_block_at_hand),
        cmocka_unit_test(test_a_round_that_is_not_due_is_stale),
        cmocka_unit_test(test_the_same_result_twice_is_refused_and_no_crime),
        cmocka_unit_test(test_another_result_for_a_round_is_evidence),
        cmocka_unit_test(test_another_result_on_l1_is_evidence),
        cmocka_unit_test(test_a_proof_that_shows_fraud_is_evidence),
        cmocka_unit_test(test_a_proof_of_something_else_is_refused),
        cmocka_unit_test(test_an_ideal_proof_has_the_size_it_costs),
        cmocka_unit_test(test_executing_again_takes_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
