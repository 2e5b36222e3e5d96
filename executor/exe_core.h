/* Inside the executor. A block on its way through: FETCHING what belongs to it from DA, CHECKING
 * (work), WAITING for its slot's turn, RUNNING (modelled execution time), IDLE between blocks. A
 * slot starts over at FETCHING with each second proposal block and with the finalized block.
 *
 * A *watcher* is an executor that answers nobody. It hears of blocks on L1, takes everything from
 * DA, and when it has executed a block it compares (COMPARING) what the executor signed with what
 * it would have signed itself. It executes what others have accepted, so it checks proposal blocks
 * and no removals.
 *
 * exe.c dispatches, exe_fetch.c gathers, exe_check.c builds dossiers and judges, exe_steps.c
 * executes, exe_run.c signs and says so, exe_prove.c proves what failed, exe_faults.c lies on
 * order, exe_compare.c is what watchers do, exe_watch.c compares what the sequencer tells different
 * people. */
#ifndef EXECUTOR_EXE_CORE_H
#define EXECUTOR_EXE_CORE_H

#include "common/actor/party.h"
#include "common/ledger/led_run.h"
#include "common/ledger/led_state.h"
#include "common/protocol/pro_cover.h"
#include "common/protocol/pro_evidence.h"
#include "common/protocol/pro_fault.h"
#include "common/protocol/pro_result.h"

enum exe_phase {
    EXE_IDLE,
    EXE_FETCHING,
    EXE_CHECKING,
    EXE_WAITING,
    EXE_RUNNING,
    EXE_COMPARING, /* a watcher: until the executor's result is here */
    EXE_STUCK,
};

enum exe_work {
    EXE_WORK_PROPOSAL = 1,
    EXE_WORK_SECOND = 2,
    EXE_WORK_FINAL = 3,
};

/* Something this slot needs from DA. */
struct exe_item {
    Lockstep__DaKey key;
    bool here;
    bool for_cause; /* only a tombstone's cause asks for it */
    struct buf data;
};

/* A signed result, and proofs of failures in it. */
struct exe_proven {
    struct buf result;
    struct buf proofs;
};

/* What was executed last in the slot. */
struct exe_executed {
    bool any;
    struct buf header; /* signed */
    struct buf body;
    struct buf status;
    struct hash32 post_root;
};

/* A transaction that failed in the block at hand. */
struct exe_failed {
    uint32_t order;
    struct buf witness;
};

struct exe_failures {
    struct exe_failed *items; /* in ascending order of position */
    size_t n;
    size_t cap;
};

struct exe_slot {
    uint64_t number;
    enum exe_phase phase;
    struct buf header; /* of the block in hand: signed */
    struct pro_header h;
    uint32_t stage;              /* of fetching */
    struct exe_proven *failures; /* what the sequencer sent with it */
    size_t n_failures;
    struct exe_item *items;
    size_t n_items;
    size_t cap_items;
    size_t n_missing;
    bool marked; /* `mark` is the state before the slot */
    struct led_mark mark;
    struct exe_executed done;
    struct led_run *run; /* of the slot's block so far; NULL: none, or lost */
    struct led_run_entry *entries;
    bool *out;                  /* by position: a tombstone in the run */
    struct exe_failures failed; /* in the block executed last */
    struct buf result;          /* signed, leaves when the modelled time is over */
    struct buf proofs;          /* of the failures in it (pro_failure.h) */
    struct buf roots;           /* after every entry, 32 bytes each */
};

/* A signed artifact of the sequencer for this rollup that came to this executor: from the
 * sequencer, from DA or from L1. There must never be another for the same place. */
struct exe_seen {
    enum pro_evidence_kind crime; /* TWO_ORDERS or TWO_BLOCKS: what another would be */
    uint64_t slot;
    uint32_t round;
    bool final;
    bool accused;
    struct buf artifact;
};

/* A slot whose finalized block is executed. L1 may still void it. */
struct exe_accepted {
    uint64_t slot;
    struct led_mark mark; /* the state before it */
};

struct exe {
    struct party p;
    uint64_t rollup;
    bool watches;
    bool *fault_told;  /* parallel to the configured faults */
    struct buf *heard; /* a watcher: headers of this rollup on L1 whose turn has not come */
    size_t n_heard;
    size_t cap_heard;
    struct led_state *state;
    struct exe_slot **slots; /* ascending; the first is the one whose turn it is */
    size_t n_slots;
    size_t cap_slots;
    struct exe_seen *seen; /* of slots that are not final on L1 yet */
    size_t n_seen;
    size_t cap_seen;
    uint64_t last_final;           /* highest slot that is settled: accepted as final, or void */
    struct exe_accepted *accepted; /* not final on L1 yet, ascending */
    size_t n_accepted;
    size_t cap_accepted;
};

/* exe_fetch.c */
int exe_want(struct exe *e, struct exe_slot *slot, uint64_t rollup, Lockstep__DaKind kind,
             uint32_t index) MUST_CHECK;
int exe_fetch_start(struct exe *e, struct exe_slot *slot) MUST_CHECK;
int exe_on_item(struct exe *e, uint32_t from, const Lockstep__DaItem *m) MUST_CHECK;
/* Returns: the item's bytes, empty if it is not here. */
struct bytes exe_item_data(const struct exe_slot *slot, uint64_t rollup, Lockstep__DaKind kind,
                           uint32_t index);

/* Returns: false for a bundle that is here only because a tombstone's cause is in it. In: its DA
 * item; what does not decode is for the check to judge. */
bool exe_is_own_bundle(const struct exe *e, struct bytes item);

/* exe_check.c */
int exe_check_start(struct exe *e, struct exe_slot *slot) MUST_CHECK;
int exe_on_checked(struct exe *e, struct exe_slot *slot, struct bytes result) MUST_CHECK;
int exe_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                 struct buf *result);

/* exe_run.c */
int exe_run_next(struct exe *e) MUST_CHECK;
int exe_on_run_over(struct exe *e, struct exe_slot *slot) MUST_CHECK;
int exe_finish(struct exe *e, struct exe_slot *slot) MUST_CHECK;
/* L1 has finalized a slot: the state before it is not needed any more. */
void exe_settle(struct exe *e, uint64_t slot);
/* L1 has voided these slots: the state goes back to before the first. */
int exe_void(struct exe *e, uint64_t first, uint64_t last) MUST_CHECK;

/* The entries of the block in hand, the slot's proposal blocks, and what executing gives. */
struct exe_steps {
    struct pro_block block;
    struct pro_block *blocks; /* proposals of round 0: this rollup's and those it touches */
    const struct pro_block **list;
    size_t n_blocks;
    struct pro_cover_source *sources; /* in ascending order of rollup, as `list` */
    struct hash32 *receipts;
    struct hash32 *roots;
    struct hash32 *accesses;
};

/* In: a slot whose items are here and checked. Out: *s, zeroed before; to be released also on
 * failure. */
int exe_steps_open(const struct exe *e, const struct exe_slot *slot,
                   struct exe_steps *s) MUST_CHECK;
void exe_steps_fini(struct exe_steps *s);
/* Executes entry `order` on the state. Out: its receipt and access set; a failure is noted. */
int exe_execute(struct exe *e, struct exe_slot *slot, struct exe_steps *s, uint32_t order,
                bool *succeeded) MUST_CHECK;

/* Each executes the block in hand from the slot's mark. Out: receipts, roots and access sets in *s,
 * the status in slot->done, what failed in slot->failed; the root before the block; how many
 * entries took time. `all` goes through every entry and loses the run; `changed` goes on with the
 * run if there is one. */
int exe_execute_all(struct exe *e, struct exe_slot *slot, struct exe_steps *s,
                    struct hash32 *pre_root, uint32_t *executed) MUST_CHECK;
int exe_execute_changed(struct exe *e, struct exe_slot *slot, struct exe_steps *s,
                        struct hash32 *pre_root, uint32_t *executed) MUST_CHECK;
void exe_lose_run(struct exe_slot *slot);

/* exe_faults.c */

/* Returns: 0, ERR_NOMEM, or ERR_INVALID with a sentence. */
int exe_faults_init(struct exe *e, struct buf *why) MUST_CHECK;
/* Is this fault scripted for this place? If so it is on record from now on. In: order: UINT32_MAX
 * for faults of a whole result. */
bool exe_commits(struct exe *e, enum pro_fault fault, const struct exe_slot *slot, uint32_t order);
/* Is anything scripted about positions of the block in hand? */
bool exe_lies(const struct exe *e, const struct exe_slot *slot);
/* Bends what executing an entry gave. In: the state's mark before it. */
int exe_bend_step(struct exe *e, const struct exe_slot *slot, uint32_t order,
                  const struct led_tx *tx, struct led_mark before,
                  struct led_receipt *receipt) MUST_CHECK;
/* Appends a result that L1 is shown: the true one, or another. */
int exe_bend_result(struct exe *e, const struct exe_slot *slot, struct buf *out) MUST_CHECK;

/* exe_compare.c */

/* A watcher hears of a header on L1. */
int exe_hear(struct exe *e, struct bytes header) MUST_CHECK;
/* Takes up what was heard, as far as its turn has come. */
int exe_hear_next(struct exe *e) MUST_CHECK;
/* A watcher has executed: asks for what the executor says. */
int exe_compare_start(struct exe *e, struct exe_slot *slot) MUST_CHECK;
/* Nothing is missing any more. */
int exe_compare(struct exe *e, struct exe_slot *slot) MUST_CHECK;

/* exe_prove.c */

/* Notes a failure, instead of what was noted at this position. In: the state as it is before and
 * after the failed transaction. */
int exe_failures_put(struct exe_failures *f, struct led_state *s, uint32_t order,
                     const struct led_tx *tx) MUST_CHECK;
/* Forgets what succeeds or is out now. */
void exe_failures_drop(struct exe_failures *f, const bool *ok, const bool *out);
void exe_failures_fini(struct exe_failures *f);
/* Out: slot->proofs, slot->roots. In: slot->failed; the state's root before the block, and after
 * every entry. */
int exe_prove(struct exe_slot *slot, const struct hash32 *pre_root, const struct hash32 *roots,
              uint32_t count) MUST_CHECK;

/* exe_watch.c */

/* Compares a signed order commitment or header with what was seen before, and keeps it. Artifacts
 * that are not the sequencer's, or not for this rollup, are ignored. */
int exe_see(struct exe *e, Lockstep__L1Kind kind, struct bytes artifact) MUST_CHECK;
/* Slots up to this one are settled. */
void exe_forget_seen(struct exe *e, uint64_t slot);

/* exe.c */
/* A block's signed header has come. In: what proves its removals. */
int exe_on_block(struct exe *e, uint32_t from, bool final, struct bytes header, size_t n_failures,
                 Lockstep__Failure *const *failures) MUST_CHECK;
struct exe_slot *exe_find_slot(struct exe *e, uint64_t number);
void exe_drop_slot(struct exe *e, struct exe_slot *slot);

#endif
