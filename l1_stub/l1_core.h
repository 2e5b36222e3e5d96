/* Inside the mock Ethereum: a registry of commitments, bonds and a court. l1.c dispatches and
 * registers, l1_chain.c makes blocks, l1_court.c judges evidence and voids slots, l1_bonds.c keeps
 * what parties have at stake and the deadlines they can miss. */
#ifndef L1_STUB_L1_CORE_H
#define L1_STUB_L1_CORE_H

#include "common/actor/party.h"

#define L1_MAX_PENDING ((size_t)1 << 20)
#define L1_TIMER_BLOCK UINT64_C(1)

/* One entry of the registry: a place that can hold one artifact. */
struct l1_entry {
    Lockstep__L1Kind kind;
    uint64_t rollup;
    uint64_t slot;
    uint32_t round;
    struct hash32 artifact_hash;
    struct act_payload *artifact; /* until it is mined */
    struct hash32 versioned_hash;
    bool has_versioned_hash;
    bool mined;
    bool answered;   /* ORDER, BLOCK: what is due after it is registered, or will never be */
    uint64_t due_at; /* ORDER, BLOCK: the block in which it is too late for that; 0: nothing due */
    uint64_t result_due_at; /* BLOCK: the same for its result; 0: nothing due, or it is there */
    uint64_t final_at; /* FINAL: the block that ends its challenge window; 0 before it is mined */
    bool finalized;
    bool voided;           /* ORDER, BLOCK, FINAL: counts for nothing */
    uint64_t through;      /* VOIDED: the last slot it takes along */
    struct addr20 culprit; /* EVIDENCE, PENALIZED */
    char *detail;          /* EVIDENCE, PENALIZED; owned */
    uint64_t gas;          /* EVIDENCE */
    uint64_t amount_gwei;  /* EVIDENCE, PENALIZED: taken when it is mined */
};

/* What a party has at stake. */
struct l1_bond {
    struct addr20 party;
    uint64_t left_gwei;
};

/* Evidence before the judge. */
struct l1_trial {
    uint64_t work_id;
    uint32_t from;
    struct act_payload *evidence;
};

struct l1 {
    struct party p;
    struct l1_entry *entries;
    size_t n_entries;
    size_t cap_entries;
    size_t n_open; /* entries a later block has to do something about */
    bool timer_armed;
    struct l1_bond *bonds;
    size_t n_bonds;
    struct hash32 head;
    uint64_t head_number;
    struct l1_trial *trials;
    size_t n_trials;
    size_t cap_trials;
    uint64_t next_work;
};

/* l1.c */

/* Appends an entry that a later block will carry. Takes what it owns also on failure. Returns: 0 or
 * ERR_NOMEM. */
int l1_add_entry(struct l1 *l1, struct l1_entry *e) MUST_CHECK;
void l1_entry_fini(struct l1_entry *e);
/* Returns: the entry at the same place (kind, slot, rollup, round), or NULL. */
struct l1_entry *l1_find(struct l1 *l1, const struct l1_entry *key);

/* l1_chain.c */

uint64_t l1_number_at(const struct l1 *l1, struct sim_time t);
/* Blocks are made only while something waits for one. */
void l1_arm_next_block(struct l1 *l1);
int l1_make_block(struct l1 *l1) MUST_CHECK;

/* l1_court.c */

int l1_on_evidence(struct l1 *l1, uint32_t from, struct bytes evidence) MUST_CHECK;
int l1_on_judged(struct l1 *l1, const struct act_event *ev) MUST_CHECK;
int l1_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                struct buf *result);
/* The next block will void the slot, unless it is void already. */
int l1_void_slot(struct l1 *l1, uint64_t slot) MUST_CHECK;
/* A block carries out a voiding: sets e->through. Returns: false if the slot has been finalized, on
 * any rollup. */
bool l1_carry_out_void(struct l1 *l1, struct l1_entry *e);
/* Returns: true if nothing for this slot is taken any more. */
bool l1_is_void(const struct l1 *l1, uint64_t slot);

/* l1_bonds.c */

/* Everybody who signs what L1 relies on is bonded: the sequencer and the executors. Returns: 0 or
 * ERR_NOMEM. */
int l1_bonds_init(struct l1 *l1) MUST_CHECK;
/* Takes up to `gwei` from a bond. Returns: how much was left to take. */
uint64_t l1_take_bond(struct l1 *l1, const struct addr20 *party, uint64_t gwei);
/* The entry has been mined in block `number`: from now on its successor is due. */
void l1_start_deadline(const struct l1 *l1, struct l1_entry *e, uint64_t number);
/* A result or a rejection is there: the block it answers waits no more. */
void l1_settle_result(struct l1 *l1, const struct l1_entry *answer);
/* Adds a penalty and a voiding for every slot whose deadline has passed by block `number`. */
int l1_enforce_deadlines(struct l1 *l1, uint64_t number) MUST_CHECK;

#endif
