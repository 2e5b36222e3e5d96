/* The processes of a run: started, watched through pidfds (no SIGCHLD, so nothing of the caller's
 * is disturbed), and described when they end in a way they should not. */
#ifndef RUNTIME_PROCESS_H
#define RUNTIME_PROCESS_H

#include "common/base/bytes.h"

#include <sys/types.h>

struct process {
    const char *name;    /* of the actor; borrowed */
    const char *program; /* borrowed */
    pid_t pid;           /* 0: not started, or reaped */
    int pidfd;           /* readable once the process has ended; -1 if none */
    int stderr_fd;       /* its standard error, for reading back; -1 if none */
    int exit_code;       /* once reaped; -1 if a signal ended it */
    int exit_signal;     /* once reaped; 0 if none */
};

#define PROCESS_NONE ((struct process){.pidfd = -1, .stderr_fd = -1})

/* Starts program with the arguments `--connect endpoint --id id` and the variable `env`
 * ("NAME=value") added to or replaced in the environment. Standard input is empty; standard output
 * and error go to out_dir/<name>.stderr, or to anonymous memory if out_dir is NULL. The process
 * gets a process group of its own, so that Ctrl-C reaches the conductor alone.
 * Returns: 0; ERR_NOTFOUND if the program cannot be executed; ERR_IO; ERR_NOMEM; with a sentence in
 * `why`. */
int process_start(struct process *c, const char *endpoint, uint32_t id, const char *env,
                  const char *out_dir, struct buf *why) MUST_CHECK;

/* Collects the exit status if the process has ended. Returns: whether it has (or never ran). */
bool process_reap(struct process *c);

/* Kills the process if it is still there, waits for it, closes the descriptors. */
void process_fini(struct process *c);

/* Appends "executor-A (PROGRAM) was killed by signal 6 (Aborted)" or the like. Reaped only. */
void process_describe_exit(const struct process *c, struct buf *why);

/* Appends the last lines of its standard error, if there are any. */
void process_describe_stderr(const struct process *c, struct buf *why);

#endif
