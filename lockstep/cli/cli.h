/* The command line: what was asked, where things are, what to answer. */
#ifndef LOCKSTEP_CLI_CLI_H
#define LOCKSTEP_CLI_CLI_H

#include "lockstep/compare/cmp.h"

#include <pthread.h>
#include <stdatomic.h>

/* Besides those of a run's verdict, enum rep_exit. */
enum cli_exit {
    CLI_CONVICTS_NOBODY = 6, /* verify: evidence that proves nothing */
    CLI_USAGE = 64,
    CLI_BAD_SCENARIO = 65,
    CLI_BAD_INPUT = 65, /* verify: no evidence */
    CLI_NO_INPUT = 66,  /* verify: a file that is missing or cannot be read */
    CLI_INTERNAL = 70,
};

/* ---- Arguments ---- */

struct cli_flags {
    bool has_seed;
    bool has_host;
    bool json;
    bool help;
    struct rep_style style;
    enum simulate_host host;
    enum run_transport transport;
    uint64_t seed;
    const char *policy;       /* NULL: the scenario's */
    enum scn_mempool mempool; /* ANY: the scenario's */
    const char *over;         /* NULL: not said */
    const char *out_dir;
    int64_t wall_ms;
    int first; /* index in argv of the first operand */
};

/* Reads `argv` of a verb (argv[0] is the verb). Out: *flags with defaults filled in. Prints what is
 * wrong. Returns: 0 or CLI_USAGE. */
int cli_parse(int argc, char **argv, struct cli_flags *flags) MUST_CHECK;

/* Reads a scenario, or prints what is wrong with it. Returns: 0 or the exit code. */
int cli_load(const char *path, struct scn **out) MUST_CHECK;

/* ---- Verbs: return the exit code ---- */

int cli_check(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_generate(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_schema(int argc, char **argv);
int cli_timelock(int argc, char **argv);
int cli_verify(int argc, char **argv);

/* ---- Places ---- */

struct cli_places {
    char *programs;
    char *data;
    char *self; /* path of this program */
};

/* Finds the folders from where this program stands: its own folder in the build tree, libexec and
 * share when installed. Returns: 0, ERR_NOMEM, or ERR_NOTFOUND with a sentence in `why`. */
int cli_places_find(struct cli_places *places, struct buf *why) MUST_CHECK;
void cli_places_fini(struct cli_places *places);

/* ---- Outputs ---- */

/* Makes <out>/<scenario>/<number>/ with the next free number and points <out>/<scenario>/latest at
 * it. Out: *dir, to be released with free(). Returns: 0, or ERR_IO with a sentence in `why`. */
int cli_outputs_begin(const char *out, const char *scenario, char **dir,
                      struct buf *why) MUST_CHECK;
/* Writes one file. Returns: as above, or what `content` failed with. */
int cli_outputs_file(const char *dir, const char *name, const struct buf *content,
                     struct buf *why) MUST_CHECK;
/* Writes all reports and removes the empty logs of actors. Returns: as above. */
int cli_outputs_write(const struct rep_run *run, const char *dir, struct buf *why) MUST_CHECK;

/* ---- Progress ---- */

/* A line on standard error that a thread rewrites now and then, so that it also moves while one
 * computation takes long; nothing unless that is a terminal. */
struct cli_progress {
    const char *name;
    int64_t started_ns;     /* real time */
    _Atomic int64_t now_ns; /* virtual */
    _Atomic uint64_t events;
    bool on;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over; /* under the lock */
};

void cli_progress_begin(struct cli_progress *p, const char *name, bool wanted);
void cli_progress_tick(void *progress, struct sim_time now, uint64_t events);
void cli_progress_end(struct cli_progress *p);
/* Returns: real time, from an arbitrary start. */
int64_t cli_real_ns(void);

#endif
