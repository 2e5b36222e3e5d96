/* What takes T squarings, in steps, for chains that take hours: begin, advance as often as wanted,
 * finish. Between steps the state can be stored and taken up again by another process.
 *
 * Solving. tlp_solve_batch is these steps in one go, followed by the search for culprits if the
 * tree comes out wrong.
 *
 * The chain of a batch depends on the parameters and on U = prod u_i alone, so the state is bound
 * to these and not to the order of the items:
 *     start = H("lockstep/tlp/chain/v1" || parameter digest || U)
 *     state = start (32) || u64 done || X (element_bytes), X = U^(2^done) in canonical form
 * Nothing proves that X is that power. tlp_batch_finish finds a wrong one: it is then ERR_PROOF.
 *
 * Setup. h takes T squarings, the proof of h some more multiplications in `gap` passes over stored
 * powers of g: point i is g^(2^(stride * i)), at most 65,536 of them.
 *     start = H("lockstep/tlp/setup/v1" || u16 bits || N || u64 T)
 *     state = start || u64 squarings done || u64 passes done || X || pi || the points so far
 * A wrong value anywhere gives parameters whose proof does not hold: tlp_params_decode tells. */
#ifndef CRYPTO_TIMELOCK_TLP_RESUME_H
#define CRYPTO_TIMELOCK_TLP_RESUME_H

#include "common/crypto/timelock/tlp.h"

/* ---- Solving ---- */

struct tlp_batch;

/* Loads n items and multiplies their us. The parameters must outlive the batch; us and qs are read
 * only now. Out: rcs[i] = 0, or why u_i or Q_i is no element (then left out); clash, unless NULL,
 * as in tlp_batch_report. Returns: 0; ERR_EXISTS if two items have the same e; ERR_NOMEM. */
int tlp_batch_begin(const struct tlp_params *params, size_t n, const struct bytes *us,
                    const struct bytes *qs, int *rcs, size_t *clash,
                    struct tlp_batch **out) MUST_CHECK;
/* *batch becomes NULL; NULL is fine. */
void tlp_batch_destroy(struct tlp_batch **batch);

/* Squarings done so far; T when the chain is over. */
uint64_t tlp_batch_done(const struct tlp_batch *batch);

/* Goes on by n squarings, or by what is left of T if that is less. Returns: 0; ERR_UNSUPPORTED
 * (trapdoor without factors); ERR_NOMEM. */
int tlp_batch_advance(struct tlp_batch *batch, enum tlp_solver solver, uint64_t n) MUST_CHECK;

/* Appends the state. Returns: 0 or ERR_NOMEM. */
int tlp_batch_save(struct tlp_batch *batch, struct buf *state) MUST_CHECK;
/* Takes up a stored state. Returns: 0; ERR_MISMATCH (a state of another batch or of other
 * parameters); ERR_TRUNCATED, ERR_TRAILING; ERR_NONCANONICAL (X is no element, or done is over T);
 * ERR_NOMEM. */
int tlp_batch_restore(struct tlp_batch *batch, struct bytes state) MUST_CHECK;

/* Separates the w_i once the chain is over, and checks every w_i^(e_i) = Q_i. Further squarings are
 * not done. Out: ws[i] appended to, for the items that were not left out.
 * Returns: 0; ERR_PROOF if the result is wrong, be it that a Q_i is false or that the chain is
 * (nothing is appended); ERR_NOMEM, ERR_CRYPTO. */
int tlp_batch_finish(struct tlp_batch *batch, struct buf *ws) MUST_CHECK;

/* ---- Setup ---- */

struct tlp_setup;

/* In: as tlp_params_setup; factors are not made use of, and kept. Memory: 17 MiB at 2048 bits.
 * Returns: 0, ERR_INVALID with a sentence in `why`, ERR_NOMEM. */
int tlp_setup_begin(const struct tlp_modulus *m, uint64_t squarings, struct tlp_setup **out,
                    struct buf *why) MUST_CHECK;
/* *setup becomes NULL; NULL is fine. */
void tlp_setup_destroy(struct tlp_setup **setup);

/* Steps done and to do: the T squarings, and the multiplications of the proof. */
uint64_t tlp_setup_done(const struct tlp_setup *setup);
uint64_t tlp_setup_total(const struct tlp_setup *setup);

/* Goes on by n steps, or to the end; a pass of the proof is done as a whole, which is up to 74,000
 * steps. Returns: 0, ERR_NOMEM or ERR_CRYPTO. */
int tlp_setup_advance(struct tlp_setup *setup, uint64_t n) MUST_CHECK;

/* Appends the state. Returns: 0, ERR_NOMEM, ERR_TOOBIG (the limit of `state`). */
int tlp_setup_save(struct tlp_setup *setup, struct buf *state) MUST_CHECK;
/* Takes up a stored state, before the first step. Returns: as tlp_batch_restore. */
int tlp_setup_restore(struct tlp_setup *setup, struct bytes state) MUST_CHECK;

/* Once all is done. The setup is of no use afterwards. Returns: 0, ERR_NOMEM, ERR_CRYPTO. */
int tlp_setup_finish(struct tlp_setup *setup, struct tlp_params **out) MUST_CHECK;

#endif
