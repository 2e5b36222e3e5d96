/* Histories made by hand: a cluster whose parties never ran, and a record of what they would have
 * left behind. A test says slot by slot what became of it, and what the model makes of that. */
#ifndef TEST_MODEL_PAST_H
#define TEST_MODEL_PAST_H

#include "lockstep/report/rep.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PAST_ROLLUPS 2
#define PAST_LEGS 4
#define PAST_BUNDLES 16
#define PAST_SLOTS 10

/* Steps of a timeline. Everybody holds 100 ETH on A and on B; a pair moves 1 ETH of its sender to
 * bob on both. */
#define FAULT(slot, fault) "  - {at: slot " #slot ", fault: {" fault "}}\n"
#define PAIR_WITH(slot, name, from, more)                                                          \
    "  - {at: slot " #slot " + 100ms, submit: {bundle: " name ", from: " from more ", legs: ["     \
    "{rollup: A, ops: [{transfer: {to: bob, asset: ETH, amount: 1}}]}, "                           \
    "{rollup: B, ops: [{transfer: {to: bob, asset: ETH, amount: 1}}]}]}}\n"
#define PAIR(slot, name, from) PAIR_WITH(slot, name, from, "")

struct past_bundle {
    const struct scn_submit *submit;
    struct hash32 id;
    struct buf txs[PAST_LEGS];
    uint64_t slot; /* 0: no promise */
    uint32_t seq;
    uint32_t orders[PAST_LEGS];
};

struct past {
    struct scn *scn;
    struct simulation sim;
    struct sim_time now;
    uint64_t block; /* of L1, the latest */
    struct past_bundle bundles[PAST_BUNDLES];
    uint32_t n_promised[PAST_SLOTS];
    uint32_t n_placed[PAST_SLOTS][PAST_ROLLUPS];
};

/* In: the modulus folder; steps; expectations, each a line "  - {...}", or "". */
struct past *past_new(const char *data_dir, const char *timeline, const char *expect);
void past_destroy(struct past **p);

/* ---- Users ---- */

/* The bundle is submitted, and promised the next places of a slot; or refused. */
void past_submit(struct past *p, const char *bundle);
void past_promise(struct past *p, const char *bundle, uint64_t slot);
void past_refuse(struct past *p, const char *bundle, const char *reason);

/* ---- A slot, step by step, on both rollups and without any misbehaviour ---- */

void past_seal(struct past *p, uint64_t slot);
/* Bodies, headers, L1, results. Legs of bundles whose user seals garbage are bogus. */
void past_propose(struct past *p, uint64_t slot);
/* Bundles with a bogus leg are excluded. */
void past_finalize(struct past *p, uint64_t slot);
void past_settle(struct past *p, uint64_t slot);
/* All of that. */
void past_slot(struct past *p, uint64_t slot);

/* ---- Piece by piece ---- */

/* Out: the body and the header of what the slot's proposal or finalized block would be; its state
 * root is zero. */
void past_make(const struct past *p, size_t chain, uint64_t slot, bool final, struct buf *body,
               struct pro_header *h);
void past_sign(const struct past *p, const struct pro_header *h, struct buf *out);
void past_store(struct past *p, size_t chain, uint64_t slot, Lockstep__DaKind kind,
                struct bytes data);
/* An event of the next L1 block. In: chain -1 for none. */
void past_l1(struct past *p, Lockstep__L1Kind kind, int chain, uint64_t slot,
             struct bytes artifact);

/* ---- Misbehaviour and the court ---- */

/* The actor says that the scenario's fault of this index takes effect. */
void past_fault(struct past *p, const char *actor, uint32_t index);
void past_accuse(struct past *p, const char *actor, const char *culprit, uint64_t slot);
/* Out: evidence of some kind: it decodes, and nothing more. */
void past_evidence(enum pro_evidence_kind kind, uint8_t salt, struct buf *out);
void past_record_evidence(struct past *p, const char *actor, const char *kind,
                          struct bytes evidence);
void past_slash(struct past *p, const char *actor, uint64_t slot, const char *detail,
                struct bytes evidence);
void past_penalize(struct past *p, const char *actor, uint64_t slot);
void past_void(struct past *p, uint64_t first, uint64_t last);
/* What follows on L1 when it is caught: slashed for block_breaks_promise, void up to `last`. */
void past_convict(struct past *p, uint64_t slot, uint64_t last);

/* ---- Judging ---- */

struct past_verdict {
    struct mdl *m;
    struct chk_report checks;
    struct xpc_report expect;
};

struct past_verdict past_judge(const struct past *p);
void past_verdict_fini(struct past_verdict *v);
/* Every check but `broken` (SCN_CHECKS: none) holds or is idle; that one is broken, with exactly
 * this to say. */
void assert_only(const struct past *p, enum scn_check broken, const char *detail);
void assert_all_hold(const struct past *p);
/* The n-th expectation. */
void assert_expectation(const struct past *p, size_t n, enum xpc_verdict verdict, const char *text,
                        const char *found);
void assert_exit(const struct past *p, enum rep_exit code);
/* Returns: the amount of ETH somebody holds in the end. */
uint64_t past_balance(const struct past *p, size_t chain, const char *account);

/* A report of the run; release with buf_fini. In: where outputs are, or NULL. */
typedef void past_report(const struct rep_run *run, struct buf *out);
struct buf past_report_of(const struct past *p, past_report *report, const char *where);

#endif
