/* Inside the mock Ethereum: a registry of commitments, and a court. l1.c dispatches, registers and
 * makes blocks; l1_court.c judges evidence, slashes and voids. */
#ifndef L1_STUB_L1_CORE_H
#define L1_STUB_L1_CORE_H

#include "common/actor/party.h"

#define L1_MAX_PENDING ((size_t)1 << 20)

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
    uint64_t final_at; /* FINAL: the block that ends its challenge window; 0 before it is mined */
    bool finalized;
    bool voided;           /* FINAL: will never be finalized */
    uint64_t through;      /* VOIDED: the last slot it takes along */
    struct addr20 culprit; /* EVIDENCE */
    char *detail;          /* EVIDENCE; owned */
    uint64_t gas;          /* EVIDENCE */
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
    size_t n_open; /* entries not mined, or final and not finalized */
    bool timer_armed;
    struct hash32 head;
    uint64_t head_number;
    struct l1_trial *trials;
    size_t n_trials;
    size_t cap_trials;
    uint64_t next_work;
};

/* l1.c: appends an entry that a later block will carry. Takes what it owns also on failure.
 * Returns: 0 or ERR_NOMEM. */
int l1_add_entry(struct l1 *l1, struct l1_entry *e) MUST_CHECK;
void l1_entry_fini(struct l1_entry *e);

/* l1_court.c */
int l1_on_evidence(struct l1 *l1, uint32_t from, struct bytes evidence) MUST_CHECK;
int l1_on_judged(struct l1 *l1, const struct act_event *ev) MUST_CHECK;
int l1_work_run(const struct act_actor *self, uint32_t kind, struct bytes request,
                struct buf *result);
/* A block carries out a voiding: sets e->through. Returns: false if the slot has been finalized, on
 * any rollup. */
bool l1_carry_out_void(struct l1 *l1, struct l1_entry *e);
/* Returns: true if nothing for this slot is taken any more. */
bool l1_is_void(const struct l1 *l1, uint64_t slot);

#endif
