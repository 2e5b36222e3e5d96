/* Inside the sequencer. A slot goes through these phases, each ended by a timer, a work result or
 * the last missing message:
 *
 *   OPEN -> SEALING -> SEALED -> SOLVING -> COMMITTING -> EXECUTING -+-> FINALIZING -> gone
 *                                               ^------ next round --+
 *
 * A sealed slot waits until all earlier slots have been proposed: there is one solver, and
 * executors get proposal blocks in slot order.
 *
 * seq_attack.c is what a dishonest one does with what it reads on the way in.
 *
 * seq.c dispatches, seq_admit.c fills the open slot, seq_slot.c seals and reveals, seq_rounds.c
 * proposes, collects results, applies the policy and finalizes, seq_work.c computes. */
#ifndef SEQUENCER_SEQ_CORE_H
#define SEQUENCER_SEQ_CORE_H

#include "common/actor/party.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_policy.h"
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
    X(SEQ_DUPLICATE, "duplicate")      /* admitted before, or being admitted */                    \
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
    SEQ_WORK_ADMIT = 1,  /* bundle -> per leg: rc, exponent */
    SEQ_WORK_SOLVE = 2,  /* bundles -> per leg: verdict, w, plaintext */
    SEQ_WORK_COMMIT = 3, /* blocks -> commitments */
};

#define SEQ_TIMER_SLOT UINT64_C(1)

struct seq_bundle {
    uint32_t wallet; /* peer that submitted it */
    struct buf raw;
    struct pro_bundle bundle; /* views into raw */
    struct pro_preconf preconf;
    struct hash32 preconf_hash;
    uint64_t *exponents; /* by leg */
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
    bool changed;  /* being committed now, to be published as `round` */
    bool awaiting; /* a result is due */
    struct hash32 body_hash;
    struct vc_commitment commitment;
    struct buf result;     /* latest signed result */
    struct pro_result res; /* its content, views into result */
};

/* A signed result that may have to prove a failure later. */
struct seq_failure {
    uint64_t rollup;
    uint32_t round;
    struct buf artifact;
};

struct seq_slot {
    uint64_t number;
    enum seq_phase phase;
    uint32_t round;
    struct seq_bundle **bundles; /* by seq */
    uint32_t n_bundles;
    size_t cap_bundles;
    struct seq_chain *chains; /* parallel to view.executors */
    struct buf revealed;      /* result of the solve: plaintexts live here */
    struct pol_leg *pol_legs;
    struct pol_bundle *pol_bundles;
    struct pol_slot pol_slot;
    struct pol_state pol;
    struct seq_failure *failures;
    size_t n_failures;
    size_t cap_failures;
};

/* A bundle whose proofs are being verified, or that waits for the next slot. */
struct seq_pending {
    uint64_t work_id;
    uint32_t wallet;
    struct sim_time received;
    struct seq_bundle *bundle;
    bool deferred; /* its exponent collided; admitted as soon as the next slot opens */
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
    struct seq_pending *pending;
    size_t n_pending;
    size_t cap_pending;
    uint64_t next_work;
    uint32_t *pending_by_peer; /* bundles not finalized yet, by peer id */
    struct seq_attack *attacks;
    size_t n_attacks;
};

const char *seq_refusal_name(enum seq_refusal r);

/* seq_admit.c */
int seq_on_submit(struct seq *s, uint32_t from, const Lockstep__SubmitBundle *m) MUST_CHECK;
int seq_on_admitted(struct seq *s, const struct act_event *ev) MUST_CHECK;
int seq_admit_deferred(struct seq *s) MUST_CHECK;
void seq_bundle_destroy(struct seq_bundle **b);
/* Two legs with the same exponent cannot be solved in one batch. */
bool seq_collides(const struct seq_slot *slot, const struct seq_bundle *b);
/* Gives the bundle its places in the slot, signs and sends the promise. The slot owns the bundle
 * from here on, also on failure. */
int seq_promise(struct seq *s, struct seq_slot *slot, struct seq_pending *pending) MUST_CHECK;

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
int seq_on_result(struct seq *s, uint32_t from, const Lockstep__ExecutionResult *m) MUST_CHECK;

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
