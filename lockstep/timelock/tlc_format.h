/* The files of `lockstep timelock` that common/crypto/timelock/tlp.h does not define: puzzles,
 * openings, checkpoints. docs/timelock.md has them byte by byte.
 *
 * Integers are big-endian, a var is a u32 length and as many bytes, an element has bits/8 bytes.
 *     puzzle      "LSTLPPZL" || u16 1 || u16 bits || parameter digest (32) || var ctx || u || Q ||
 *                 var proof || var ct
 *     opening     "LSTLPOPN" || u16 1 || u16 bits || parameter digest (32) || u || w
 *     checkpoint  "LSTLPCHK" || u16 1 || u16 bits || parameter digest (32) || u64 T ||
 *                 var state of tlp_resume.h || SHA-256 of all before it
 *                 of setup: "LSTLPSET", and the SHA-256 of N for the parameter digest
 * Decoders check the shape alone. What puzzles and openings say is checked by tlp_verify and
 * tlp_open, with the parameters of that digest. */
#ifndef LOCKSTEP_TIMELOCK_TLC_FORMAT_H
#define LOCKSTEP_TIMELOCK_TLC_FORMAT_H

#include "common/crypto/timelock/tlp.h"

#define TLC_CONTEXT_BYTES_MAX ((size_t)64 << 10)
#define TLC_PLAIN_BYTES_MAX ((size_t)32 << 20)
/* Longer than any file of the formats that has no ciphertext in it. */
#define TLC_SMALL_BYTES_MAX ((size_t)16 << 10)
#define TLC_CHECKPOINT_BYTES_MAX ((size_t)25 << 20)
#define TLC_PUZZLE_BYTES_MAX (TLC_PLAIN_BYTES_MAX + TLC_CONTEXT_BYTES_MAX + TLC_SMALL_BYTES_MAX)

enum tlc_kind {
    TLC_UNKNOWN,
    TLC_MODULUS,
    TLC_PARAMS,
    TLC_PUZZLE,
    TLC_OPENING,
    TLC_CHECKPOINT,
    TLC_SETUP_CHECKPOINT,
};

/* By how the file begins. */
enum tlc_kind tlc_kind_of(struct bytes file);

/* What they have in common. */
struct tlc_head {
    uint32_t bits;
    struct hash32 params; /* digest; of N in a checkpoint of setup */
};

/* Borrowed views, as in the two below. */
struct tlc_puzzle {
    struct tlc_head head;
    struct bytes ctx;
    struct tlp_puzzle parts;
};

struct tlc_opening {
    struct tlc_head head;
    struct bytes u;
    struct bytes w;
};

struct tlc_checkpoint {
    enum tlc_kind kind; /* TLC_CHECKPOINT or TLC_SETUP_CHECKPOINT */
    struct tlc_head head;
    uint64_t squarings; /* T */
    uint64_t done;      /* squarings; decoding takes it from the state, encoding ignores it */
    struct bytes state;
};

/* Return: 0, or ERR_INVALID with a clause appended to `why` that continues "FILE ...". */
int tlc_puzzle_decode(struct bytes file, struct tlc_puzzle *out, struct buf *why) MUST_CHECK;
int tlc_opening_decode(struct bytes file, struct tlc_opening *out, struct buf *why) MUST_CHECK;
/* In: which of the two kinds it has to be. */
int tlc_checkpoint_decode(struct bytes file, enum tlc_kind kind, struct tlc_checkpoint *out,
                          struct buf *why) MUST_CHECK;

/* Append the file. Return: 0, ERR_NOMEM or ERR_TOOBIG (the limit of `out`). */
int tlc_puzzle_encode(const struct tlc_puzzle *puzzle, struct buf *out) MUST_CHECK;
int tlc_opening_encode(const struct tlc_opening *opening, struct buf *out) MUST_CHECK;
int tlc_checkpoint_encode(const struct tlc_checkpoint *checkpoint, struct buf *out) MUST_CHECK;

#endif
