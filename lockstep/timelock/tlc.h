/* `lockstep timelock`: the time-lock by itself, on files. docs/timelock.md is its manual. */
#ifndef LOCKSTEP_TIMELOCK_TLC_H
#define LOCKSTEP_TIMELOCK_TLC_H

#include "lockstep/timelock/tlc_format.h"

/* 0 is fine. */
enum tlc_exit {
    TLC_REFUTED = 1, /* a proof or an opening does not hold */
    TLC_GARBAGE = 6, /* the puzzle opened and its sender had sealed garbage */
    TLC_USAGE = 64,  /* also: an output exists already */
    TLC_BAD_FILE = 65,
    TLC_INTERNAL = 70, /* memory, disk, the machine */
};

/* In: argv[0] is "timelock", argv[1] the verb; the folder with the built-in moduli. Prints what is
 * wrong. Returns: the exit code. */
int tlc_main(int argc, char **argv, const char *data_dir);

/* ---- Arguments ---- */

struct tlc_args {
    const char *verb;
    const char *data_dir;
    const char *params;
    const char *out;
    const char *modulus;
    const char *context; /* as given: TEXT or @FILE; NULL if not */
    const char *checkpoint;
    uint64_t squarings; /* 0: not given */
    uint32_t bits;      /* 0: not given */
    enum tlp_profile profile;
    enum tlp_solver solver;
    int64_t checkpoint_every_ms;
    bool with_trapdoor;
    bool force;
    bool quiet;
    bool help;
    int n_files;
    char **files;
};

/* In: argv[0] is the verb. Prints what is wrong. Returns: 0 or TLC_USAGE. */
int tlc_parse(int argc, char **argv, struct tlc_args *args) MUST_CHECK;

/* ---- Verbs: return the exit code ---- */

int tlc_setup(const struct tlc_args *args);
int tlc_info(const struct tlc_args *args);
int tlc_lock(const struct tlc_args *args);
int tlc_prove(const struct tlc_args *args);
int tlc_verify(const struct tlc_args *args);
int tlc_solve(const struct tlc_args *args);
int tlc_open(const struct tlc_args *args);

/* ---- Speaking ---- */

/* "lockstep: <sentence>" and a newline on standard error. */
__attribute__((format(printf, 1, 2))) void tlc_say(const char *format, ...);
/* In: a code no file can be blamed for. Says so. Returns: TLC_INTERNAL. */
int tlc_say_internal(int rc);
/* Repeats a full sentence of the time-lock room as a clause: no capital, no full stop. */
void tlc_clause(struct buf *sentence, struct buf *out);
/* Lower-case digits of the first `bytes` bytes. Returns: `out`, which holds 65. */
const char *tlc_hex(const struct hash32 *digest, size_t bytes, char *out);
/* 12345678 as 12,345,678. Returns: `out`, which holds 32. */
const char *tlc_number(uint64_t n, char *out);

/* ---- Progress ---- */

/* A line on standard error, unless that is no terminal. */
struct tlc_progress {
    const char *what;
    bool on;
    bool shown;
    uint64_t first; /* what was done before this process began */
    int64_t started_ns;
    int64_t shown_ns;
};

int64_t tlc_now_ns(void);
void tlc_progress_begin(struct tlc_progress *p, const char *what, uint64_t first, bool wanted);
void tlc_progress_tell(void *progress, uint64_t done, uint64_t total);
void tlc_progress_end(struct tlc_progress *p);

/* ---- Files ---- */

/* Each prints what is wrong. They return 0 or the exit code. */

/* "-" is standard input. Appends at most `limit` bytes; more is refused. */
int tlc_read(const char *path, size_t limit, struct buf *out) MUST_CHECK;
enum { TLC_FORCE = 1, TLC_SECRET = 2 };
/* Before long work. Refuses an existing file unless forced; always what is not a regular file, and
 * a folder nothing can be written in. */
int tlc_check_output(const char *path, int flags) MUST_CHECK;
/* Writes a new file beside `path`, makes it durable and gives it its name, so that `path` always is
 * what it was or complete. Secret files are readable to their owner alone. "-" is standard output.
 */
int tlc_write(const char *path, struct bytes content, int flags) MUST_CHECK;
/* The same without a word. Returns: 0 or an errno. */
int tlc_replace(const char *path, struct bytes content, int flags) MUST_CHECK;

int tlc_load_params(const char *path, struct tlp_params **out) MUST_CHECK;
/* In: TEXT or @FILE, or NULL for the empty context. */
int tlc_load_context(const char *argument, struct buf *out) MUST_CHECK;

struct tlc_loaded {
    const char *path;
    struct buf file;
    struct tlc_puzzle puzzle; /* views of the file */
};

struct tlc_set {
    const char *params_path;
    struct tlp_params *params;
    size_t n;
    struct tlc_loaded *items;
};

/* Loads --params and the first n files as puzzles made under them, bound to --context if given. */
int tlc_set_load(const struct tlc_args *args, int n, struct tlc_set *set) MUST_CHECK;
void tlc_set_fini(struct tlc_set *set);
/* Checks the proofs, in one batch if there are several. Out: rcs[i] as tlp_verify's. Returns: 0,
 * TLC_REFUTED (said for every item that fails), or TLC_INTERNAL (said). */
int tlc_set_verify(const struct tlc_set *set, int *rcs) MUST_CHECK;
/* 32 bytes of the operating system's randomness. */
int tlc_seed(struct hash32 *seed) MUST_CHECK;

#endif
