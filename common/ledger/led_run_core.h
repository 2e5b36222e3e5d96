/* What the parts of a run share: its entries, and what every key held after each of them. Internal
 * to the ledger. */
#ifndef LEDGER_LED_RUN_CORE_H
#define LEDGER_LED_RUN_CORE_H

#include "common/ledger/led_access.h"
#include "common/ledger/led_run.h"
#include "common/ledger/led_state_core.h"
#include "common/ledger/smt_trail.h"

/* What a key holds; of len 0: nothing. */
struct run_value {
    uint8_t len;
    uint8_t b[SMT_VALUE_MAX];
};

/* A place for what an entry makes of a key in its access set. */
struct run_slot {
    uint32_t step; /* its position + 1; 0 for what was there before the run */
    bool written;  /* it holds something else after the entry than before */
    struct run_value value;
};

struct run_key {
    struct led_key key;     /* .len 0: nobody ever wrote it, so its name is not known */
    uint32_t slot, n_slots; /* of the run's slots, ascending by step; the first is of step 0 */
    uint32_t edited;        /* the first step at which it was changed by this run, or NOT_EDITED */
    struct run_value was;   /* while it is dirty: what it held in the run before */
    /* Where run_before looked last, so that it does not go over all the slots each time. */
    uint32_t looked_in;   /* pass; 0: none */
    uint32_t looked_from; /* slot */
    uint32_t found;       /* the last one written in front of that */
};

#define RUN_NOT_EDITED UINT32_MAX

/* An entry may access a key. */
struct run_access {
    uint32_t key;
    uint32_t slot;
};

struct run_entry {
    struct led_tx tx;
    bool is_tx;
    bool signed_well;
    bool leaving;              /* taken out in this run */
    uint32_t access, n_access; /* of the run's accesses, ascending by key */
};

struct led_run {
    struct led_state *state;
    const struct led_run_entry *given;
    uint32_t n;
    struct led_mark mark;
    struct led_run_counts counts;
    struct run_entry *entries;
    bool *ok;
    struct hash32 *receipts;
    struct hash32 *roots;
    struct hash32 *accesses;
    struct hash32 pre_root;

    struct run_access *access;
    size_t n_access;
    struct run_key *keys;
    struct smt_trail_path *paths; /* of the keys */
    uint32_t n_keys;
    struct run_slot *slots;
    bool *dirty; /* by key: it holds something else now than in the run before */
    uint32_t n_dirty;
    uint32_t *edited; /* keys */
    uint32_t n_edited;
    struct run_slot *made; /* by the entry in hand, for its accesses; room for the most there are */
    uint32_t pass;         /* number of runs again */
    struct smt_trail *trail;
};

/* Decodes and checks the entries, finds their keys and lays the trail.
 * Returns: 0, ERR_NOMEM, ERR_FULL, or what led_tx_decode says. */
int run_open(struct led_run *run) MUST_CHECK;
void run_close(struct led_run *run);

/* Returns: what an entry's key held right before it. In: one of its accesses; within one pass over
 * the entries, of entries in ascending order. */
const struct run_value *run_before(struct led_run *run, const struct run_access *a);

/* Returns: what a key holds after a step. */
const struct run_value *run_value_at(const struct led_run *run, uint32_t key, uint32_t step);

/* Brings the trail, the roots and the state's own hashes up to date with the edited keys. In: the
 * first step that may have changed. */
void run_take_roots(struct led_run *run, uint32_t first);

/* Calls the hook for all that fail from a position on. Returns: 0, ERR_NOMEM, ERR_FULL, or what the
 * hook returned. */
int run_report(struct led_run *run, uint32_t first, const struct led_run_hook *hook) MUST_CHECK;

#endif
