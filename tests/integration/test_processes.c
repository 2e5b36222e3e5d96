/* What can go wrong with processes: each case is noticed, named, and leaves nothing behind. */
#include "tests/integration/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

extern char **environ;

static const char *chatty;
static const char *old;
static const char *conductor;

static void test_a_crash_names_actor_signal_event_and_last_words(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 3, 100, chatty);
    chatty_stage_mode(&s, 2, CHATTY_ABORTS, 20);
    fails(&s, ERR_CRASHED,
          (const char *const[]){"chatty-2", chatty, "killed by signal 6 (Aborted)",
                                "while chatty-2 was handling", "something went terribly wrong",
                                NULL});
}

static void test_an_unexpected_exit_names_its_code(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 3, 100, chatty);
    chatty_stage_mode(&s, 3, CHATTY_EXITS, 1);
    fails(&s, ERR_CRASHED,
          (const char *const[]){"chatty-3", "ended with exit code 3", "'start'", NULL});
}

static void test_an_actor_that_hangs_is_noticed(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 3, 100, chatty);
    chatty_stage_mode(&s, 2, CHATTY_HANGS, 10);
    s.options.step_timeout_ms = 100;
    fails(
        &s, ERR_TIMEOUT,
        (const char *const[]){"chatty-2", "has hung: no answer for 100 ms", "about to hang", NULL});
}

static void test_the_wall_clock_limit_ends_a_run_that_hangs(void **state)
{
    static struct chatty_stage s;
    struct run_result result;
    struct buf why = {0};
    struct watched w = {.n = 0};
    chatty_stage_init(&s, 2, 100, chatty);
    chatty_stage_mode(&s, 2, CHATTY_HANGS, 1);
    s.options.limits.wall_ms = 1000;
    s.options.observer = (struct run_observer){.ctx = &w, .on_process = watch};
    assert_int_equal(run_procs(&s.cluster, &s.options, &result, &why), 0);
    assert_int_equal(result.end, RUN_END_WALL);
    assert_all_gone(&w);
    run_result_fini(&result);
    buf_fini(&why);
}

static void test_a_missing_program_is_named(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 3, 100, chatty);
    s.actors[2].program = "/nonexistent/program";
    fails(&s, ERR_NOTFOUND,
          (const char *const[]){"cannot start chatty-3: /nonexistent/program: No such file", NULL});
    s.actors[2].program = "/";
    fails(&s, ERR_NOTFOUND,
          (const char *const[]){"cannot start chatty-3: /: Permission denied", NULL});
    s.actors[2].program = NULL;
    fails(&s, ERR_INVALID, (const char *const[]){"chatty-3 has no program", NULL});
}

static void test_a_program_that_is_no_actor_is_named(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 2, 100, chatty);
    s.actors[1].program = "/bin/false";
    fails(&s, ERR_CRASHED,
          (const char *const[]){"chatty-2 (/bin/false) ended with exit code 1 before it was ready",
                                NULL});
}

static void test_a_program_of_another_version_is_named(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 2, 100, chatty);
    s.actors[0].program = old;
    fails(&s, ERR_UNSUPPORTED, (const char *const[]){"chatty-1", old, "version 0.0.1", NULL});
}

static void test_a_program_of_another_role_is_named(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 2, 100, chatty);
    s.actors[0].role = "wallet";
    fails(&s, ERR_UNSUPPORTED,
          (const char *const[]){"chatty-1", "is a chatty, not a wallet", NULL});
}

static void test_an_actor_that_cannot_be_created_says_why(void **state)
{
    static struct chatty_stage s;
    chatty_stage_init(&s, 2, 100, chatty);
    chatty_stage_mode(&s, 2, CHATTY_UNWILLING, 0);
    fails(&s, ERR_INVALID,
          (const char *const[]){"chatty-2 could not start: chatty-2 is not willing", NULL});
}

static void test_standard_error_goes_to_a_file_per_actor(void **state)
{
    static struct chatty_stage s;
    char dir[] = "/tmp/lockstep-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    chatty_stage_init(&s, 2, 100, chatty);
    chatty_stage_mode(&s, 2, CHATTY_ABORTS, 1);
    s.options.out_dir = dir;
    fails(&s, ERR_CRASHED, (const char *const[]){"something went terribly wrong", NULL});
    char path[64];
    char text[100] = "";
    (void)snprintf(path, sizeof(path), "%s/chatty-2.stderr", dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    assert_string_equal(text, "something went terribly wrong\n");
    (void)fclose(f);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/chatty-1.stderr", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    s.options.out_dir = "/nonexistent";
    fails(&s, ERR_IO, (const char *const[]){"cannot write /nonexistent/chatty-1.stderr", NULL});
}

/* The names in a folder, but for . and .. */
static int count_entries(const char *path)
{
    int n = 0;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        fail_msg("no folder %s", path);
        return -1;
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        n += e->d_name[0] != '.';
    }
    (void)closedir(dir);
    return n;
}

/* Starts a conductor, kills it once it has printed `until`, and waits for the end of whatever it
 * has started: all of them hold the writing end of a pipe. In: a folder for temporary files. */
static void kill_conductor(const char *until, const char *dir)
{
    int out[2];
    int life[2];
    char line[64] = "";
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(life, O_CLOEXEC), 0);
    int inherited = dup(life[1]);
    assert_true(inherited >= 0);
    posix_spawn_file_actions_t files;
    assert_int_equal(posix_spawn_file_actions_init(&files), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO), 0);
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    char *argv[] = {(char *)(uintptr_t)conductor, (char *)(uintptr_t)chatty, NULL};
    pid_t pid = 0;
    assert_int_equal(posix_spawn(&pid, conductor, &files, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&files);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    (void)close(inherited);
    (void)close(life[1]);
    (void)close(out[1]);
    FILE *lines = fdopen(out[0], "r");
    assert_non_null(lines);
    while (strcmp(line, until) != 0) {
        assert_non_null(fgets(line, sizeof(line), lines));
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)fclose(lines);
    struct pollfd ended = {.fd = life[0]};
    assert_int_equal(poll(&ended, 1, 30000), 1);
    assert_true((ended.revents & POLLHUP) != 0);
    (void)close(life[0]);
}

static void test_nothing_outlives_a_conductor_killed_with_9(void **state)
{
    /* While it starts its processes, and in the midst of a run. */
    static const char *const moments[] = {"process 1\n", "process 2\n", "process 3\n", "running\n"};
    char dir[] = "/tmp/conductor-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < 4 * sizeof(moments) / sizeof(moments[0]); i++) {
        kill_conductor(moments[i % 4], dir);
        assert_int_equal(count_entries(dir), 0);
    }
    assert_int_equal(rmdir(dir), 0);
}

static void test_a_run_leaves_nothing_behind_in_its_caller(void **state)
{
    static struct chatty_stage s;
    char dir[] = "/tmp/conductor-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    int fds = count_entries("/proc/self/fd");
    int threads = count_entries("/proc/self/task");
    cpu_set_t before;
    cpu_set_t after;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    for (int tcp = 0; tcp < 2; tcp++) {
        struct watched w = {.n = 0};
        struct run_result result;
        struct buf why = {0};
        chatty_stage_init(&s, 3, 50, chatty);
        s.options.transport = tcp ? RUN_TCP : RUN_IPC;
        s.options.observer = (struct run_observer){.ctx = &w, .on_process = watch};
        assert_int_equal(run_procs(&s.cluster, &s.options, &result, &why), 0);
        assert_int_equal(result.end, RUN_END_IDLE);
        assert_int_equal(result.strangers, 0);
        assert_int_equal(result.disconnects, 0);
        assert_int_equal(w.n, 3);
        assert_all_gone(&w);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        assert_int_equal(count_entries("/proc/self/fd"), fds);
        assert_int_equal(count_entries("/proc/self/task"), threads);
        assert_int_equal(count_entries(dir), 0);
        run_result_fini(&result);
        buf_fini(&why);
    }
    assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* Runs the program with up to four arguments; returns its exit code and what it wrote. */
static int run_with(const char *const arguments[4], char *text, size_t size)
{
    char *argv[6] = {(char *)(uintptr_t)chatty};
    for (size_t i = 0; i < 4; i++) {
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    int out[2];
    posix_spawn_file_actions_t files;
    pid_t pid = 0;
    int status = 0;
    assert_int_equal(pipe(out), 0);
    assert_int_equal(posix_spawn_file_actions_init(&files), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&files, out[1], STDERR_FILENO), 0);
    assert_int_equal(posix_spawn(&pid, chatty, &files, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)close(out[1]);
    size_t len = 0;
    ssize_t got = 0;
    while ((got = read(out[0], text + len, size - 1 - len)) > 0) {
        len += (size_t)got;
    }
    text[len] = 0;
    (void)close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_the_program_explains_itself(void **state)
{
    static const char *const wrong[][4] = {
        {NULL},
        {"--connect", "x", "--id", "0"},
        {"--connect", "x", "--id", "1x"},
        {"--connect", "x", "--id=1", "more"},
        {"--nonsense"},
    };
    char text[2000];
    assert_int_equal(run_with((const char *const[4]){"--version"}, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "lockstep chatty "));
    assert_int_equal(run_with((const char *const[4]){"--help"}, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "--connect ENDPOINT"));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(run_with(wrong[i], text, sizeof(text)), 64);
    }
    assert_int_equal(
        run_with((const char *const[4]){"--connect", "ipc:///x", "--id", "1"}, text, sizeof(text)),
        70);
    assert_non_null(strstr(text, "LOCKSTEP_CONTROL is missing"));
}

int main(void)
{
    chatty = getenv("CHATTY");
    old = getenv("CHATTY_OLD");
    conductor = getenv("CONDUCTOR");
    if (chatty == NULL || old == NULL || conductor == NULL) {
        (void)fprintf(stderr, "CHATTY, CHATTY_OLD, CONDUCTOR must name programs\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crash_names_actor_signal_event_and_last_words),
        cmocka_unit_test(test_an_unexpected_exit_names_its_code),
        cmocka_unit_test(test_an_actor_that_hangs_is_noticed),
        cmocka_unit_test(test_the_wall_clock_limit_ends_a_run_that_hangs),
        cmocka_unit_test(test_a_missing_program_is_named),
        cmocka_unit_test(test_a_program_that_is_no_actor_is_named),
        cmocka_unit_test(test_a_program_of_another_version_is_named),
        cmocka_unit_test(test_a_program_of_another_role_is_named),
        cmocka_unit_test(test_an_actor_that_cannot_be_created_says_why),
        cmocka_unit_test(test_standard_error_goes_to_a_file_per_actor),
        cmocka_unit_test(test_nothing_outlives_a_conductor_killed_with_9),
        cmocka_unit_test(test_a_run_leaves_nothing_behind_in_its_caller),
        cmocka_unit_test(test_the_program_explains_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
