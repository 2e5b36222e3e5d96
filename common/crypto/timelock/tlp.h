/* Time-lock encryption whose opening is proved at submission, solved a slot at a time, and checked
 * by anybody in microseconds. docs/crypto.md, "Time-lock", has the construction, what it rests on
 * and the prior work; this header has the formats.
 *
 * Group. Z_N* modulo sign, Jacobi symbol +1 (the signed quadratic residues). N = p*q has exactly
 * 1024, 2048 or 3072 bits and is 1 modulo 4. An element x stands for itself and N-x; its canonical
 * form is the smaller of the two, element_bytes = bits/8 bytes, big-endian. Anything else (0, at or
 * above N/2, Jacobi symbol not +1, a factor of N in it) is ERR_NONCANONICAL.
 *
 * Hashes. All are SHA-256 over the canonical encoding of common/base/wire.h: tag || fields, where
 * the tag is ASCII without a terminator and N, u, Q, A, B, g, h are element_bytes long.
 *   HashToGroup  seed = H("lockstep/tlp/group/v1" || u16 bits || N || var label); block i =
 *                H(seed || u32 i); x = the first element_bytes + 16 bytes of the blocks, mod N.
 *                The generator is g = canon(x^2) with label "g".
 *   HashToPrime  seed = H(tag || fields); candidate i = the first k/8 bytes of H(seed || u32 i)
 * with the highest and the lowest bit set; the first prime one counts. "lockstep/tlp/exponent/v1"
 * || u16 bits || N || u       -> e, k = 64 "lockstep/tlp/wesolowski/v1" || u16 bits || N || g || h
 * || u64 T -> l, k = 256 Challenge    c = the first 16 bytes of H("lockstep/tlp/proof/v1" ||
 * parameter digest || u8 profile || var ctx || H(ct) || u || Q || u64 e || A || B)
 *
 * Puzzle. r is secret, R bits long: u = g^r, w = h^r = u^(2^T), Q = w^e.
 *   ct = AES-256-GCM(HKDF-SHA256(salt = parameter digest, ikm = w, info = ctx), zero nonce,
 *        plaintext, additional data = var ctx || u || Q)
 * e depends on N and u alone: two different powers of one w published would give w away.
 *
 * Proof. A = g^rho, B = h^(e*rho), z = rho - c*r with rho of R+256 bits, the highest set.
 *   form 1:  u8 1 || u8 profile || c (16) || z ((R+256)/8)
 *   form 2:  u8 2 || u8 profile || A || B || z            what tlp_lock makes; verifies in batches
 * z is refused below 2^(R+254), which no honest z can be.
 *
 * Every function takes the parameters as const and keeps no state: any number of threads may share
 * them. GMP ends the process when memory runs out; all sizes it is given are bounded here. */
#ifndef CRYPTO_TIMELOCK_TLP_H
#define CRYPTO_TIMELOCK_TLP_H

#include "common/base/bytes.h"
#include "common/crypto/drbg.h"

#define TLP_BITS_MAX 3072
#define TLP_ELEMENT_BYTES_MAX (TLP_BITS_MAX / 8)

/* ---- Modulus ---- */

/* N and, for simulation, its factors. Big-endian; n holds bits/8 bytes, p and q bits/16 each, all
 * at the front of their arrays. */
struct tlp_modulus {
    uint32_t bits;
    bool has_trapdoor;
    uint8_t n[TLP_ELEMENT_BYTES_MAX];
    uint8_t p[TLP_ELEMENT_BYTES_MAX / 2];
    uint8_t q[TLP_ELEMENT_BYTES_MAX / 2];
};

/* Parses and checks a modulus file, a text with exactly these lines, each ended by one newline:
 *     lockstep-modulus 1
 *     bits 2048
 *     N <bits/4 lower-case hex digits>
 *     p <bits/8 digits>        both or neither; p < q, safe primes, p*q = N
 *     q <bits/8 digits>
 * Refuses an N that is not 1 modulo 4, is prime, is a perfect power or has a factor below 2^16.
 * Returns: 0, ERR_INVALID with a sentence appended to `why`, or ERR_NOMEM. */
int tlp_modulus_decode(struct bytes file, struct tlp_modulus *out, struct buf *why) MUST_CHECK;
/* Appends the file; without the factors unless asked for (and known). Returns: 0 or ERR_NOMEM. */
int tlp_modulus_encode(const struct tlp_modulus *m, bool with_trapdoor, struct buf *out) MUST_CHECK;
void tlp_modulus_wipe(struct tlp_modulus *m);

/* ---- Parameters ---- */

struct tlp_params;

/* Told about every 2^16 squarings and at the end; `total` counts the chain and the proof. */
struct tlp_progress {
    void (*tell)(void *arg, uint64_t done, uint64_t total);
    void *arg;
};

/* Makes g, h = g^(2^T) and the proof of h. With the factors that takes milliseconds; without, T
 * squarings plus about T/8 multiplications for the proof. Both give the same bytes.
 * In: a modulus (checked again), 1 <= squarings < 2^63, progress may be NULL.
 * Returns: 0, ERR_INVALID with a sentence in `why`, ERR_NOMEM or ERR_CRYPTO. */
int tlp_params_setup(const struct tlp_modulus *m, uint64_t squarings,
                     const struct tlp_progress *progress, struct tlp_params **out,
                     struct buf *why) MUST_CHECK;

/* Parses and checks everything: the modulus as above, g as derived, h by its Wesolowski proof
 * pi^l * g^(2^T mod l) = h, and the factors if present.
 * Format: "LSTLPPRM" || u16 version 1 || u16 bits || N || g || u64 T || h || pi ||
 *         u8 has_trapdoor (0, 1) || [p || q], all of fixed length.
 * Returns: 0, ERR_INVALID with a sentence appended to `why`, ERR_NOMEM or ERR_CRYPTO. */
int tlp_params_decode(struct bytes file, struct tlp_params **out, struct buf *why) MUST_CHECK;
/* Builds tables that make locking and verifying several times faster; nothing else changes. For who
 * does that often: at 2048 bits they take 8 ms and 3 MiB. Returns: 0 or ERR_NOMEM (as before). */
int tlp_params_prepare(struct tlp_params *params) MUST_CHECK;
/* Appends the file; without the factors unless asked for (and known). Returns: 0 or ERR_NOMEM. */
int tlp_params_encode(const struct tlp_params *params, bool with_trapdoor,
                      struct buf *out) MUST_CHECK;
/* Wipes the factors. *params becomes NULL; NULL is fine. */
void tlp_params_destroy(struct tlp_params **params);

/* SHA-256 of the file encoded without the factors. */
const struct hash32 *tlp_params_digest(const struct tlp_params *params);
size_t tlp_params_element_bytes(const struct tlp_params *params);
uint32_t tlp_params_bits(const struct tlp_params *params);
uint64_t tlp_params_squarings(const struct tlp_params *params);
bool tlp_params_has_trapdoor(const struct tlp_params *params);

/* ---- Locking ---- */

enum tlp_profile {
    TLP_FULL = 1,  /* R = bits + 128: u says nothing about r, whatever is assumed */
    TLP_SHORT = 2, /* R = 256: rests on the short-exponent assumption */
};

/* Borrowed. */
struct tlp_puzzle {
    struct bytes u;     /* element_bytes */
    struct bytes q;     /* element_bytes */
    struct bytes proof; /* tlp_proof_bytes */
    struct bytes ct;    /* plaintext and AEAD_TAG_BYTES more */
};

struct tlp_puzzle_out {
    struct buf u, q, proof, ct;
};

void tlp_puzzle_out_fini(struct tlp_puzzle_out *puzzle);
/* Valid until the puzzle changes. */
struct tlp_puzzle tlp_puzzle_out_view(const struct tlp_puzzle_out *puzzle);

/* Returns: the length of a proof of form 1 or 2. */
size_t tlp_proof_bytes(const struct tlp_params *params, enum tlp_profile profile, int form);

/* Encrypts `plain` so that it opens after T squarings, bound to `ctx`.
 * In: a secret generator; drawn are R/8 bytes of r and (R+256)/8 bytes of rho, big-endian. Plain
 * and ctx of any length below 2^32.
 * Out: an empty puzzle to fill, proof of form 2. Returns: 0, ERR_TOOBIG, ERR_NOMEM, ERR_CRYPTO. */
int tlp_lock(const struct tlp_params *params, enum tlp_profile profile, struct drbg *secret,
             struct bytes ctx, struct bytes plain, struct tlp_puzzle_out *out) MUST_CHECK;

/* Appends the u that tlp_lock will make with a generator in this state: what a context can name
 * before the puzzle exists. Returns: 0, ERR_NOMEM, ERR_CRYPTO. */
int tlp_lock_preview(const struct tlp_params *params, enum tlp_profile profile,
                     const struct drbg *secret, struct buf *u) MUST_CHECK;

/* Rewrites the form 2 proof of a puzzle as form 1 (about a seventh of the length at 2048 bits with
 * TLP_SHORT) and appends it. Does not verify it. Returns: 0, ERR_NOMEM, ERR_CRYPTO, or how the
 * puzzle is malformed as in tlp_verify; ERR_UNSUPPORTED if it is of form 1 already. */
int tlp_proof_compact(const struct tlp_params *params, struct bytes ctx,
                      const struct tlp_puzzle *puzzle, struct buf *out) MUST_CHECK;

/* ---- Admission ---- */

/* Checks that the puzzle opens after T squarings and was made for ctx. What it opens to cannot be
 * known: garbage is provable afterwards, see tlp_open.
 * Returns: 0; ERR_TRUNCATED or ERR_TRAILING (lengths); ERR_NONCANONICAL (an element, the proof's
 * form or profile, the range of z); ERR_PROOF; ERR_NOMEM, ERR_CRYPTO. */
int tlp_verify(const struct tlp_params *params, struct bytes ctx,
               const struct tlp_puzzle *puzzle) MUST_CHECK;

/* Verifies n puzzles at once with random 80-bit weights; puzzles of form 1, and all of them if the
 * batch does not hold, one by one.
 * In: weights nobody else can predict. Out: rcs[i] as tlp_verify would return; exponents[i], unless
 * the array is NULL, as tlp_exponent would if rcs[i] is 0 or ERR_PROOF, else 0.
 * Returns: 0 when all hold, ERR_PROOF when some rcs[i] is not 0, ERR_NOMEM, ERR_CRYPTO. */
int tlp_verify_batch(const struct tlp_params *params, size_t n, const struct bytes *ctxs,
                     const struct tlp_puzzle *puzzles, struct drbg *weights, int *rcs,
                     uint64_t *exponents) MUST_CHECK;

/* The profile a puzzle's proof states. Returns: 0 or ERR_TRUNCATED, ERR_NONCANONICAL. */
int tlp_puzzle_profile(const struct tlp_puzzle *puzzle, enum tlp_profile *out) MUST_CHECK;

/* The exponent e of a puzzle. Two puzzles with the same e cannot be solved in one batch: the later
 * one has to wait. Out: a prime in [2^63, 2^64). Returns: 0, or as tlp_verify says of u. */
int tlp_exponent(const struct tlp_params *params, struct bytes u, uint64_t *e) MUST_CHECK;

/* ---- Solving ---- */

enum tlp_solver {
    TLP_SEQUENTIAL, /* really squares T times */
    TLP_TRAPDOOR,   /* simulation: uses the factors; the same result bit for bit */
};

/* Appends w = u^(2^T) to `w`. `squared`, unless NULL, grows by the squarings really performed.
 * Returns: 0; ERR_UNSUPPORTED (trapdoor without factors); as tlp_verify says of u; ERR_NOMEM,
 * ERR_CRYPTO. */
int tlp_solve(const struct tlp_params *params, enum tlp_solver solver, struct bytes u,
              struct buf *w, uint64_t *squared) MUST_CHECK;

/* What only a failed batch needs: whether item i's proof of admission verifies. Saves chains. */
struct tlp_recheck {
    bool (*holds)(void *arg, size_t i);
    void *arg;
};

struct tlp_batch_report {
    uint64_t squared; /* squarings really performed */
    uint32_t chains;  /* 1 if nothing was wrong */
    size_t clash[2];  /* with ERR_EXISTS: the two items, lower index first */
};

/* Solves n puzzles with one chain of T squarings (a Fiat tree over Q_i = w_i^(e_i)), then checks
 * every w_i^(e_i) = Q_i. If a Q_i is false the whole tree comes out wrong; the items that fail
 * `recheck` (may be NULL) are then split off, or else the batch is halved, with one more chain per
 * split, down to the culprits.
 * In: n elements us and qs. Out: rcs[i] = 0; ERR_PROOF if Q_i is false, ERR_NONCANONICAL if it is
 * not in the group (ws[i] still gets the right w_i); a length or ERR_NONCANONICAL if u_i or Q_i is
 * out of range (left out, no w_i). ws[i] get appended to. report may be NULL.
 * Returns: 0 when rcs tells; ERR_EXISTS if two items have the same e (nothing solved);
 * ERR_UNSUPPORTED, ERR_NOMEM, ERR_CRYPTO (also if some element shares a factor with N). */
int tlp_solve_batch(const struct tlp_params *params, enum tlp_solver solver, size_t n,
                    const struct bytes *us, const struct bytes *qs,
                    const struct tlp_recheck *recheck, struct buf *ws, int *rcs,
                    struct tlp_batch_report *report) MUST_CHECK;

/* ---- Opening ---- */

/* Checks w^e = Q for the e of u: w is what the sender's Q committed to. Whether u is in the group
 * was for admission to say; here it is only hashed.
 * Returns: 0, ERR_PROOF, ERR_TRUNCATED, ERR_TRAILING, ERR_NONCANONICAL, ERR_NOMEM, ERR_CRYPTO. */
int tlp_check_opening(const struct tlp_params *params, struct bytes u, struct bytes q,
                      struct bytes w) MUST_CHECK;

/* Checks the opening, then decrypts and appends the plaintext.
 * Returns: 0; what tlp_check_opening returns (the publisher's fault); ERR_MISMATCH: the opening is
 * right and the ciphertext is garbage, or shorter than a tag (the sender's fault). */
int tlp_open(const struct tlp_params *params, struct bytes ctx, const struct tlp_puzzle *puzzle,
             struct bytes w, struct buf *plain) MUST_CHECK;

#endif
