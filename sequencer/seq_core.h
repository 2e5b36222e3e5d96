/* Inside the sequencer. A slot goes through these phases, each ended by a timer, a work result or
 * the last missing message:
 *
 *   OPEN -> SEALING -> SEALED -> SOLVING -> COMMITTING -> EXECUTING -+-> FINALIZING -> gone
 *                                               ^------ next round --+
 *
 * A sealed slot waits until all earlier slots have been proposed: there is one solver, and
 * executors get proposal blocks in slot order.
 *
 * seq.c dispatches; seq_admit.c takes and refuses submissions, seq_batch.c has their proofs
 * verified, seq_promise.c gives out positions; seq_slot.c seals and reveals, seq_rounds.c proposes,
 * applies the policy and finalizes, seq_results.c collects and verifies results,
 * seq_accuse.c accuses executors; seq_describe.c
 * tells the policy what a slot consists of; seq_log.c signs; seq_work.c computes; seq_faults.c
 * misbehaves where a scenario wants it, seq_attack.c is what a dishonest sequencer does with what
 * it reads on the way in. */
#ifndef SEQUENCER_SEQ_CORE_H
#define SEQUENCER_SEQ_CORE_H

#include "common/actor/party.h"
#include "common/policy/pol.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_preconf.h"
#include "common/protocol/pro_result.h"

/* Why a bundle is refused. X(symbol, wire name). */
#define SEQ_REFUSAL_MAP(X)                                                                         \
    X(SEQ_ADMITTED, "admitted")                                                                    \
    X(SEQ_MALFORMED, "malformed")          /* does not decode */                                   \
    X(SEQ_INCOMPLETE, "incomplete_bundle") /* legs do not form exactly one bundle */               \
    X(SEQ_DEPLOYMENT, "wrong_deployment")                                                          \
    X(SEQ_TOO_LARGE, "too_large") /* bytes */                                                      \
    X(SEQ_TOO_MANY_LEGS, "too_many_legs")                                                          \
    X(SEQ_UNKNOWN_ROLLUP, "unknown_rollup")                                                        \
    X(SEQ_DUPLICATE, "duplicate")      /* being admitted, or holds a leg of another bundle */      \
    X(SEQ_BAD_PROOF, "bad_proof")      /* a time-lock proof does not verify */                     \
    X(SEQ_BAD_ELEMENT, "bad_element")  /* not a canonical member of the group */                   \
    X(SEQ_BLOCK_FULL, "block_full")    /* transactions per block */                                \
    X(SEQ_GAS, "gas_exceeded")         /* gas per block */                                         \
    X(SEQ_PENDING, "too_many_pending") /* bundles of this user */                                  \
    X(SEQ_CLOSED, "closed")            /* no further slot */

enum seq_refusal {
#define X(symbol, name) symbol,
    SEQ_REFUSAL_MAP(X)
#undef X
};

enum seq_phase {
    SEQ_OPEN,
    SEQ_SEALING,
    SEQ_SEALED,
    SEQ_SOLVING,
    SEQ_COMMITTING,
    SEQ_EXECUTING,
    SEQ_FINALIZING,
};

/* Work kinds. */
enum seq_work {
    SEQ_WORK_ADMIT = 1,  /* legs -> per leg: rc, exponent */
    SEQ_WORK_SOLVE = 2,  /* bundles -> per leg: verdict, w, plaintext */
    SEQ_WORK_COMMIT = 3, /* blocks -> commitments */
    SEQ_WORK_VERIFY = 4, /* a result's proofs of failure -> the first that does not hold */
};

#define SEQ_TIMER_SLOT UINT64_C(1)

struct seq_bundle {
    uint32_t wallet; /* peer that submitted it */
    struct buf raw;
    struct pro_bundle bundle; /* views into raw */
    struct pro_preconf preconf;
    struct hash32 preconf_hash;
    uint64_t *exponents; /* by leg */
    bool dropped;        /* on order: see seq_faults.h */
};

struct seq_leg_ref {
    uint32_t bundle; /* index = seq */
    uint32_t leg;
};

/* One rollup in one slot; unused (n_legs == 0) if no bundle touches it. */
struct seq_chain {
    struct seq_leg_ref *legs; /* by order */
    uint32_t n_legs;
    size_t cap_legs;
    uint64_t gas;
    struct pro_block block; /* of the latest round; tx views into the slot's `revealed` */
    uint32_t round;
    bool changed;   /* being committed now, to be published as `round` */
    bool committed; /* `commitment` is to the block as it was before `changes` */
    struct vc_change *changes;
    size_t n_changes;
    size_t cap_changes;
    bool *told;     /* by order: its executor has been told why this is a tombstone */
    bool awaiting;  /* a result is due */
    bool verifying; /* it is here, its proofs are being verified */
    struct hash32 body_hash;
    struct vc_commitment commitment;
    struct buf result;     /* latest signed result */
    struct pro_result res; /* its content, views into result */
    struct buf proofs;     /* of its failures, while they are being verified */
    struct buf proposal;   /* body of the block of round 0 */
    struct vc_commitment proposal_commitment;
};

/* A signed result and its proofs of failure, for those who are sent its consequences. */
struct seq_failure {
    uint64_t rollup;
    uint32_t round;
    struct buf artifact;
    struct buf proofs;
};

/* A bundle on its way to a promise. */
struct seq_pending {
    uint32_t wallet;
    struct sim_time received;
    struct seq_bundle *bundle;
};

struct seq_slot {
    uint64_t number;
    enum seq_phase phase;
    uint32_t round;
    struct seq_bundle **bundles; /* by seq */
    uint32_t n_bundles;
    size_t cap_bundles;
    uint64_t *exponents; /* of all legs, ascending */
    size_t n_exponents;
    size_t cap_exponents;
    struct seq_chain *chains; /* parallel to view.executors */
    struct buf revealed;      /* result of the solve: plaintexts live here */
    struct pol_leg *pol_legs;
    uint32_t *pol_keys; /* what pol_legs point into */
    struct pol_bundle *pol_bundles;
    struct pol_slot pol_slot;
    struct pol_state pol;
    struct seq_failure *failures;
    size_t n_failures;
    size_t cap_failures;
    struct seq_pending held; /* on order: see seq_faults.h; the bundle is one of `bundles` */
};

/* A signed result that came in, from its executor or from L1. There must never be another for the
 * same place. */
struct seq_seen {
    uint64_t rollup;
    uint64_t slot;
    uint32_t round;
    bool accused;
    struct buf artifact;
};

struct seq_queue {
    struct seq_pending *items; /* in order of arrival */
    size_t n;
    size_t cap;
};

/* What is scripted against users (seq_attack.c). */
struct seq_attack;

struct seq {
    struct party p;
    size_t n_chains;
    struct seq_slot **slots; /* ascending; the last one is open unless `closed` */
    size_t n_slots;
    size_t cap_slots;
    bool closed;
    struct sim_time started;
    struct seq_queue arrivals; /* the first n_verifying are before the one admission work */
    size_t n_verifying;
    struct seq_queue deferred; /* verified; their exponents collided: first in the next slot */
    uint64_t next_work;
    struct hash32 weight_key;  /* secret: where the weights of a batch come from */
    uint32_t *pending_by_peer; /* bundles not finalized yet, by peer id */
    bool *fault_told;          /* parallel to the configured faults */
    struct seq_attack *attacks;
    size_t n_attacks;
    struct seq_seen *seen; /* of slots that are not final on L1 yet */
    size_t n_seen;
    size_t cap_seen;
};

const char *seq_refusal_name(enum seq_refusal r);

/* seq_admit.c */
int seq_on_submit(struct seq *s, uint32_t from, const Lockstep__SubmitBundle *m) MUST_CHECK;
/* The verdict on one verified bundle: promised, refused, or left for the next slot. Takes the
 * bundle over. */
int seq_settle(struct seq *s, struct seq_pending *pending, enum seq_refusal verdict) MUST_CHECK;
/* What waits for a slot goes into the one just opened; or is refused if there is none. */
int seq_admit_deferred(struct seq *s) MUST_CHECK;
int seq_queue_add(struct seq_queue *q, const struct seq_pending *pending) MUST_CHECK;
void seq_queue_fini(struct seq_queue *q);
void seq_bundle_destroy(struct seq_bundle **b);

/* seq_attack.c */
/* Reads the configuration's attacks. Returns: 0, ERR_NOMEM, or ERR_INVALID with a sentence. */
int seq_attacks_init(struct seq *s, struct buf *why) MUST_CHECK;
void seq_attacks_fini(struct seq *s);
/* In: a bundle about to be promised. Out: *verdict, SEQ_ADMITTED to let it pass; *put_off, true to
 * keep it for the next slot. Puts on record what it does. */
void seq_attack_censor(struct seq *s, const struct seq_slot *slot, const struct seq_bundle *b,
                       enum seq_refusal *verdict, bool *put_off);
/* seq_promise, with bundles of the sequencer's own promised right before and after it where an
 * attack says so. */
int seq_attack_promise(struct seq *s, struct seq_slot *slot,
                       struct seq_pending *pending) MUST_CHECK;
/* Learns from a slot that has been revealed what others' swaps have done to the pools. */
int seq_attack_learn(struct seq *s, const struct seq_slot *slot) MUST_CHECK;

/* seq_batch.c: while one admission work runs, arrivals queue; when it ends, the next takes what
 * waits, up to a number of legs. So nobody waits for a timer, nor for more than one batch. */
int seq_batch_start(struct seq *s) MUST_CHECK;
int seq_on_admitted(struct seq *s, const struct act_event *ev) MUST_CHECK;
int seq_work_admit(const struct seq *s, struct bytes request, struct buf *result) MUST_CHECK;

/* seq_promise.c */
enum seq_refusal seq_check_room(const struct seq *s, const struct seq_slot *slot,
                                const struct seq_bundle *b);
/* Two legs with the same exponent cannot be solved in one batch. */
bool seq_collides(const struct seq_slot *slot, const struct seq_bundle *b);
bool seq_repeats_exponent(const struct seq_bundle *b);
/* Gives the bundle its places in the slot, signs and sends the promise. The slot owns the bundle
 * from here on, also on failure. */
int seq_promise(struct seq *s, struct seq_slot *slot, struct seq_pending *pending) MUST_CHECK;
/* Promises what is still held back. */
int seq_promise_held(struct seq *s, struct seq_slot *slot) MUST_CHECK;

/* seq_log.c: the sign log. Whatever the sequencer signs is durable before it leaves; nothing is
 * signed that contradicts an entry: then a note says what, and the actor stops with ERR_EXISTS.
 *
 *   log/slot                          u64 the latest slot opened, i64 when slot 1 began
 *   log/place/ u64 slot, u64 rollup, u32 order      u32 seq, u32 leg, bundle id
 *   log/seq/ u64 slot, u32 seq                      bundle id
 *   log/leg/ hash of a leg without its proof        id of the bundle it was promised in
 *   log/bundle/ id                                  the preconfirmation, whole; written last
 *   log/KIND/ u64 slot, u64 rollup, u32 round       digest of what was signed there */
enum seq_statement { SEQ_SAYS_ORDER, SEQ_SAYS_OPENINGS, SEQ_SAYS_BLOCK, SEQ_SAYS_FINAL };

struct seq_place {
    enum seq_statement kind;
    uint64_t slot;
    uint64_t rollup;
    uint32_t round; /* BLOCK only, else 0 */
};

/* Appends body || signature. */
int seq_sign(struct seq *s, const struct seq_place *place, struct bytes body,
             struct buf *out) MUST_CHECK;
/* Signs b->preconf in place and appends its encoding. */
int seq_sign_promise(struct seq *s, struct seq_bundle *b, struct buf *out) MUST_CHECK;
/* Appends the preconfirmation this bundle was given. Returns: 0, ERR_NOTFOUND, a store failure. */
int seq_promise_of(const struct seq *s, const struct hash32 *bundle, struct buf *out) MUST_CHECK;
/* Out: the first leg that was promised in another bundle, or -1. A leg names the number of its
 * bundle, not its siblings: anybody can put it next to others. It is the same leg whatever form its
 * proof has. */
int seq_find_replayed(const struct seq *s, const struct pro_bundle *b, int *leg) MUST_CHECK;
int seq_log_slot(struct seq *s, uint64_t number) MUST_CHECK;
/* On ACT_START. Sets s->started. Out: the slot to open, after every slot with a promise. */
int seq_resume(struct seq *s, uint64_t *number) MUST_CHECK;

/* seq_slot.c */
int seq_open_slot(struct seq *s, uint64_t number) MUST_CHECK;
int seq_on_slot_end(struct seq *s) MUST_CHECK;
int seq_on_order_committed(struct seq *s, struct seq_slot *slot, struct bytes result) MUST_CHECK;
int seq_on_solved(struct seq *s, struct seq_slot *slot, struct bytes result) MUST_CHECK;
int seq_solve_next(struct seq *s) MUST_CHECK;
struct seq_slot *seq_find_slot(struct seq *s, uint64_t number);
void seq_drop_slot(struct seq *s, struct seq_slot *slot);
void seq_slot_destroy(struct seq_slot **slot, size_t n_chains);

/* seq_rounds.c */
int seq_start_commit(struct seq *s, struct seq_slot *slot, bool promised) MUST_CHECK;
int seq_on_committed(struct seq *s, struct seq_slot *slot, struct bytes result) MUST_CHECK;
/* All results of a round are in: the policy decides, the next round or the end begins. */
int seq_decide(struct seq *s, struct seq_slot *slot) MUST_CHECK;

/* seq_results.c */
int seq_on_result(struct seq *s, uint32_t from, const Lockstep__ExecutionResult *m) MUST_CHECK;
int seq_on_verified(struct seq *s, struct seq_slot *slot, struct bytes result) MUST_CHECK;
int seq_work_verify(struct bytes request, struct buf *result) MUST_CHECK;

/* seq_accuse.c */

/* Compares a result that its executor signed with what was seen before, and keeps it. */
int seq_see_result(struct seq *s, const struct pro_result *r, struct bytes artifact) MUST_CHECK;
/* The same for what L1 shows; what is no executor's is passed over. */
int seq_see_on_l1(struct seq *s, const Lockstep__L1Event *event) MUST_CHECK;
/* This slot is settled on this rollup, with all before it; 0: on every rollup. */
void seq_forget_results(struct seq *s, uint64_t rollup, uint64_t slot);
/* The held result's proof for this position shows that the result is false. */
int seq_accuse_step(struct seq *s, const struct seq_slot *slot, size_t at,
                    uint32_t order) MUST_CHECK;

/* seq_describe.c */
/* Out: slot->pol_slot and a fresh slot->pol; chains are indices into view.executors. */
int seq_describe_slot(struct seq *s, struct seq_slot *slot) MUST_CHECK;

/* seq_work.c */
int seq_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                 struct buf *result);

/* Work ids of slots and of admissions do not overlap. */
static inline uint64_t seq_slot_work_id(const struct seq_slot *slot, enum seq_work kind)
{
    return slot->number << 4 | (uint64_t)kind;
}
#define SEQ_ADMIT_ID_BASE (UINT64_C(1) << 60)

#endif
