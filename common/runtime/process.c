#include "common/runtime/process.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* How much of a dead process's standard error is quoted. */
#define TAIL_BYTES 2000
#define TAIL_LINES 12

extern char **environ;

static int open_stderr(const struct process *c, const char *out_dir, struct buf *why)
{
    if (out_dir == NULL) {
        int fd = memfd_create(c->name, MFD_CLOEXEC);
        if (fd < 0) {
            buf_printf(why, "no memory for the standard error of %s: %s", c->name, strerror(errno));
        }
        return fd;
    }
    CLEANUP(buf_fini) struct buf path = {0};
    buf_printf(&path, "%s/%s.stderr", out_dir, c->name);
    int fd = open(buf_cstr(&path), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        buf_printf(why, "cannot write %s: %s", buf_cstr(&path), strerror(errno));
    }
    return fd;
}

/* The environment with `env` in it; free() the array, not the strings. */
static char **environment(const char *env)
{
    size_t n = 0;
    while (environ[n] != NULL) {
        n++;
    }
    char **out = calloc(n + 2, sizeof(*out));
    if (out == NULL) {
        return NULL;
    }
    size_t name_len = (size_t)(strchr(env, '=') - env) + 1;
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (strncmp(environ[i], env, name_len) != 0) {
            out[used++] = environ[i];
        }
    }
    out[used] = (char *)(uintptr_t)env;
    return out;
}

static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, int stderr_fd)
{
    sigset_t none;
    (void)sigemptyset(&none);
    sigset_t usual;
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGPIPE);
    (void)sigaddset(&usual, SIGINT);
    (void)sigaddset(&usual, SIGTERM);
    (void)sigaddset(&usual, SIGQUIT);
    int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(files, stderr_fd, STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2(files, stderr_fd, STDERR_FILENO) != 0 ||
        posix_spawnattr_setsigmask(attr, &none) != 0 ||
        posix_spawnattr_setsigdefault(attr, &usual) != 0 ||
        posix_spawnattr_setpgroup(attr, 0) != 0 ||
        posix_spawnattr_setflags(attr, (short)flags) != 0) {
        return ERR_NOMEM;
    }
    return 0;
}

static int do_spawn(struct process *c, char *const argv[], char *const envp[], struct buf *why)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ERR_NOMEM;
    }
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ERR_NOMEM;
    }
    pid_t pid = 0;
    int rc = prepare(&files, &attr, c->stderr_fd);
    if (rc == 0) {
        int failed = posix_spawn(&pid, c->program, &files, &attr, argv, envp);
        if (failed != 0) {
            buf_printf(why, "cannot start %s: %s: %s", c->name, c->program, strerror(failed));
            rc = failed == ENOENT || failed == EACCES || failed == ENOEXEC ? ERR_NOTFOUND : ERR_IO;
        }
    }
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
    if (rc == 0) {
        c->pid = pid;
    }
    return rc;
}

int process_start(struct process *c, const char *endpoint, uint32_t id, const char *env,
                  const char *out_dir, struct buf *why)
{
    c->stderr_fd = open_stderr(c, out_dir, why);
    if (c->stderr_fd < 0) {
        return ERR_IO;
    }
    CLEANUP(cleanup_free) char **envp = environment(env);
    if (envp == NULL) {
        return ERR_NOMEM;
    }
    char number[16];
    (void)snprintf(number, sizeof(number), "%" PRIu32, id);
    char *argv[] = {
        (char *)(uintptr_t)c->program,
        (char[]){"--connect"},
        (char *)(uintptr_t)endpoint,
        (char[]){"--id"},
        number,
        NULL,
    };
    int rc = do_spawn(c, argv, envp, why);
    if (rc != 0) {
        return rc;
    }
    c->pidfd = pidfd_open(c->pid, 0);
    if (c->pidfd < 0) {
        buf_printf(why, "cannot watch %s: %s", c->name, strerror(errno));
        return ERR_IO;
    }
    return 0;
}

static void collect(struct process *c, int flags)
{
    siginfo_t info = {0};
    int rc = 0;
    do {
        rc = waitid(P_PID, (id_t)c->pid, &info, WEXITED | flags);
    } while (rc != 0 && errno == EINTR);
    if (rc == 0 && info.si_pid == 0) {
        return; /* still running */
    }
    /* rc != 0: somebody else has waited for it; it is gone all the same. */
    c->pid = 0;
    c->exit_code = rc == 0 && info.si_code == CLD_EXITED ? info.si_status : -1;
    c->exit_signal = rc == 0 && info.si_code != CLD_EXITED ? info.si_status : 0;
}

bool process_reap(struct process *c)
{
    if (c->pid != 0) {
        collect(c, WNOHANG);
    }
    return c->pid == 0;
}

void process_fini(struct process *c)
{
    if (c->pid != 0) {
        (void)kill(c->pid, SIGKILL);
        collect(c, 0);
    }
    if (c->pidfd >= 0) {
        (void)close(c->pidfd);
    }
    if (c->stderr_fd >= 0) {
        (void)close(c->stderr_fd);
    }
    c->pidfd = -1;
    c->stderr_fd = -1;
}

void process_describe_exit(const struct process *c, struct buf *why)
{
    CHECK(c->pid == 0);
    buf_printf(why, "%s (%s) ", c->name, c->program);
    if (c->exit_signal != 0) {
        const char *text = sigdescr_np(c->exit_signal);
        buf_printf(why, "was killed by signal %d (%s)", c->exit_signal,
                   text != NULL ? text : "unknown");
    } else {
        buf_printf(why, "ended with exit code %d", c->exit_code);
    }
}

/* Returns: where the last TAIL_LINES lines begin. */
static size_t tail_begin(const char *text, size_t len)
{
    size_t lines = 0;
    size_t at = len;
    while (at > 0) {
        if (text[at - 1] == '\n' && at != len && ++lines == TAIL_LINES) {
            break;
        }
        at--;
    }
    return at;
}

void process_describe_stderr(const struct process *c, struct buf *why)
{
    char tail[TAIL_BYTES];
    off_t size = c->stderr_fd >= 0 ? lseek(c->stderr_fd, 0, SEEK_END) : 0;
    off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    ssize_t got = size > 0 ? pread(c->stderr_fd, tail, sizeof(tail), from) : 0;
    if (got <= 0) {
        return;
    }
    size_t begin = tail_begin(tail, (size_t)got);
    size_t end = (size_t)got;
    while (end > begin && tail[end - 1] == '\n') {
        end--;
    }
    buf_printf(why, "; its last words:\n%.*s", (int)(end - begin), tail + begin);
}
