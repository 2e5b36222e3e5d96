/* A run of one block's transactions on a state, which can be run again after entries have been
 * taken out (exclusion), with a result that is bit for bit that of executing everything again.
 *
 * It rests on static access sets (led_access.h): a transaction whose keys all hold what they held
 * in the run before does what it did before. So the run keeps what every key held after each entry,
 * and which keys differ from the run before is followed from the first entry taken out to the last
 * of the block: only transactions that have such a key in their access set are executed again. The
 * roots come from a trail (smt_trail.h), by which only what lies above such keys is hashed. Neither
 * goes back over the state: it stays at the block's end, and is corrected there.
 *
 * Between the calls here nobody else may change the state, other than by going back to the mark,
 * which ends the run. */
#ifndef LEDGER_LED_RUN_H
#define LEDGER_LED_RUN_H

#include "common/ledger/led_exec.h"

struct led_run;

/* In: views, which outlive the run. */
struct led_run_entry {
    struct bytes tx;       /* encoded; empty: nothing to execute (a bogus leg, a tombstone) */
    uint32_t uncovered_op; /* as for led_execute_in */
};

/* Called for each transaction that failed, in order.
 *
 * `before` is a state right before it (and right after, as failures have no effect). It may be one
 * in which nothing but what the transaction can access may be looked at, so it is good for its root
 * and for led_witness_make of this transaction; it is the callee's until it returns.
 * Returns: 0, or an error, which the run fails with. */
struct led_run_hook {
    void *ctx;
    int (*failed)(void *ctx, uint32_t position, const struct led_tx *tx, struct led_state *before);
};

/* Of the last run. */
struct led_run_counts {
    uint32_t kept;     /* in front of the first change */
    uint32_t replayed; /* behind it, and without anything to do with it */
    uint32_t executed;
    uint64_t hashes; /* tree nodes hashed for the roots */
};

/* In: a state, borrowed until the run is destroyed; entries, borrowed until then, of which there
 * are at most LED_RUN_MAX. Returns: 0 or ERR_NOMEM. */
#define LED_RUN_MAX ((uint32_t)1 << 24)
int led_run_new(struct led_state *state, const struct led_run_entry *entries, uint32_t n,
                struct led_run **out) MUST_CHECK;
/* Leaves the state as it is. */
void led_run_destroy(struct led_run **run);

/* Executes all entries; once. In: hook, NULL for none.
 * Returns: 0, ERR_NOMEM, ERR_FULL, what led_tx_decode says of a transaction, or what the hook
 * returned. On failure the state is back at the mark, and the run good for nothing but
 * led_run_mark and led_run_destroy. */
int led_run_all(struct led_run *run, const struct led_run_hook *hook) MUST_CHECK;

/* Makes tombstones of the entries at these positions, in any order, none of which is one already,
 * and runs again. The hook hears of failures behind the first position whose removal changes the
 * state; if there is none, of none. Returns: as led_run_all, but for decoding; on failure as there.
 */
int led_run_again(struct led_run *run, const uint32_t *out, uint32_t n_out,
                  const struct led_run_hook *hook) MUST_CHECK;

/* The state's journal before the run. */
struct led_mark led_run_mark(const struct led_run *run);
/* Number of entries. */
uint32_t led_run_count(const struct led_run *run);
struct led_run_counts led_run_counts(const struct led_run *run);

/* By position; views, which live as long as the run and change with it. */
const bool *led_run_ok(const struct led_run *run);
/* led_receipt_hash, zeros where there is no transaction. */
const struct hash32 *led_run_receipts(const struct led_run *run);
/* Of the state after each. */
const struct hash32 *led_run_roots(const struct led_run *run);
/* sha256 of the sorted paths of the access set one after the other, zeros where there is no
 * transaction. */
const struct hash32 *led_run_accesses(const struct led_run *run);
/* Out: the state's root before the first entry. */
void led_run_pre_root(const struct led_run *run, struct hash32 *out);

#endif
