/* Frames that nobody should send: from strangers and from rogue actors to the conductor, and from a
 * rogue conductor to an actor. Each is refused and counted, or named. */
#include "common/runtime/child.h"
#include "common/runtime/ctl.h"
#include "tests/integration/watch.h"
#include "tests/integration/zmtp.h"

#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

extern char **environ;

static const char *chatty;
static const char *noisy;
static const char *rogue;

static void run_ok(struct chatty_stage *s, struct run_result *result)
{
    struct buf why = {0};
    if (run_procs(&s->cluster, &s->options, result, &why) != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
    buf_fini(&why);
}

static void test_strangers_are_ignored_and_counted(void **state)
{
    static struct chatty_stage s;
    struct run_result calm;
    chatty_stage_init(&s, 3, 50, chatty);
    run_ok(&s, &calm);
    assert_int_equal(calm.strangers, 0);
    assert_int_equal(calm.disconnects, 0);
    for (int tcp = 0; tcp < 2; tcp++) {
        struct run_result noise;
        s.options.transport = tcp ? RUN_TCP : RUN_IPC;
        s.actors[1].program = noisy;
        run_ok(&s, &noise);
        /* Noise, an empty frame, a wrong token, a message of several frames. */
        assert_int_equal(noise.strangers, 4);
        /* The one that spoke ZeroMQ, 20 of garbage, the one that announced too much. */
        assert_int_equal(noise.disconnects, 22);
        assert_memory_equal(noise.fingerprint.b, calm.fingerprint.b, 32);
        run_result_fini(&noise);
    }
    run_result_fini(&calm);
}

static void test_a_hello_for_no_actor_is_ignored_and_counted(void **state)
{
    static struct chatty_stage s;
    struct run_result result;
    chatty_stage_init(&s, 2, 20, chatty);
    s.actors[1].program = rogue;
    assert_int_equal(setenv("ROGUE", "nobody", 1), 0);
    run_ok(&s, &result);
    assert_int_equal(result.strangers, 2);
    assert_int_equal(result.disconnects, 1);
    run_result_fini(&result);
}

static void test_an_actor_that_breaks_the_protocol_is_named(void **state)
{
    static const char *const early[] = {"early garbage", "early bye"};
    static const char *const late[] = {"garbage", "hello",  "parts", "seq",
                                       "kind",    "reason", "rc",    "twice"};
    static struct chatty_stage s;
    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
        chatty_stage_init(&s, 3, 20, chatty);
        s.actors[1].program = rogue;
        assert_int_equal(setenv("ROGUE", early[i], 1), 0);
        fails(&s, ERR_CORRUPT,
              (const char *const[]){"chatty-2 sent something unexpected while it was being started",
                                    NULL});
    }
    for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
        chatty_stage_init(&s, 3, 20, chatty);
        s.actors[1].program = rogue;
        assert_int_equal(setenv("ROGUE", late[i], 1), 0);
        fails(&s, ERR_CORRUPT,
              (const char *const[]){"chatty-2 sent an answer that makes no sense", NULL});
    }
}

/* A chatty process whose conductor is this test. */
struct ward {
    void *zmq;
    void *router;
    struct arena arena;
    char endpoint[128];
    struct ctl_peer peer;
    pid_t pid;
    int out;
};

#define TOKEN "000102030405060708090a0b0c0d0e0f"

/* In: control, what the environment says. */
static void spawn_ward(struct ward *w, const char *control)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(setenv(CTL_ENV, control, 1), 0);
    posix_spawn_file_actions_t files;
    assert_int_equal(posix_spawn_file_actions_init(&files), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&files, out[1], STDERR_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&files, out[0]), 0);
    char *argv[] = {(char *)(uintptr_t)chatty, (char[]){"--connect"}, w->endpoint,
                    (char[]){"--id"},          (char[]){"1"},         NULL};
    assert_int_equal(posix_spawn(&w->pid, chatty, &files, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&files);
    assert_int_equal(unsetenv(CTL_ENV), 0);
    (void)close(out[1]);
    w->out = out[0];
}

static const char *our_control(void)
{
    static char text[80];
    (void)snprintf(text, sizeof(text), "%s %ld", TOKEN, (long)getpid());
    return text;
}

/* Waits for the end of the process: exit code 70, and these words on its standard error. */
static void assert_gave_up(struct ward *w, const char *words)
{
    char text[2000];
    size_t len = 0;
    ssize_t got = 0;
    int status = 0;
    while ((got = read(w->out, text + len, sizeof(text) - 1 - len)) > 0) {
        len += (size_t)got;
    }
    text[len] = 0;
    (void)close(w->out);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
    if (strstr(text, words) == NULL) {
        fail_msg("'%s' is not in '%s'", words, text);
    }
}

static Control__Control *next(struct ward *w)
{
    Control__Control *msg = NULL;
    assert_int_equal(ctl_recv(w->router, &w->peer, 0, &w->arena, &msg), 0);
    assert_non_null(msg);
    return msg;
}

/* Up to its Hello. */
static void ward_begin(struct ward *w)
{
    static int number;
    *w = (struct ward){.zmq = zmq_ctx_new()};
    w->router = zmq_socket(w->zmq, ZMQ_ROUTER);
    assert_int_equal(arena_init(&w->arena, 1 << 20), 0);
    (void)snprintf(w->endpoint, sizeof(w->endpoint), "ipc://@frames-%ld-%d", (long)getpid(),
                   number++);
    assert_int_equal(zmq_bind(w->router, w->endpoint), 0);
    spawn_ward(w, our_control());
    Control__Control *msg = next(w);
    assert_int_equal(msg->kind_case, CONTROL__CONTROL__KIND_HELLO);
    assert_int_equal(msg->hello->id, 1);
    assert_string_equal(msg->hello->version, CHILD_VERSION);
    char hex[2 * CTL_TOKEN_BYTES + 1];
    assert_int_equal(msg->hello->token.len, CTL_TOKEN_BYTES);
    hex_encode(bytes_of(msg->hello->token.data, CTL_TOKEN_BYTES), hex);
    assert_string_equal(hex, TOKEN);
}

static void ward_end(struct ward *w)
{
    (void)zmq_close(w->router);
    (void)zmq_ctx_term(w->zmq);
    arena_fini(&w->arena);
}

static void send_raw(struct ward *w, const char *data, size_t len, int flags)
{
    assert_int_equal(zmq_send(w->router, w->peer.id, w->peer.len, ZMQ_SNDMORE), w->peer.len);
    assert_int_equal(zmq_send(w->router, data, len, flags), len);
}

enum frame {
    GARBAGE,
    EMPTY,
    PARTS,
    HELLO,
    WELCOME,
    STEP_UNKNOWN,
    RESTART,
    BEFORE_WELCOME, /* those up to here, but for WELCOME */
    CRASH_THEN_STEP = BEFORE_WELCOME,
    FRAMES,
};

static void send_welcome(struct ward *w, size_t entropy_bytes)
{
    static uint8_t zeros[32];
    uint8_t config[CHATTY_CONFIG_BYTES];
    chatty_pack(&(struct chatty_config){.n_actors = 1}, config);
    Control__Welcome welcome = CONTROL__WELCOME__INIT;
    welcome.name = (char[]){"ward"};
    welcome.config = (ProtobufCBinaryData){sizeof(config), config};
    welcome.entropy = (ProtobufCBinaryData){entropy_bytes, zeros};
    welcome.step_bytes = 1000;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_WELCOME;
    msg.welcome = &welcome;
    assert_int_equal(ctl_send(w->router, &w->peer, &msg), 0);
}

static void send_step(struct ward *w, uint32_t kind)
{
    Control__Step step = CONTROL__STEP__INIT;
    step.seq = 1;
    step.kind = kind;
    step.work_seq = 77;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_STEP;
    msg.step = &step;
    assert_int_equal(ctl_send(w->router, &w->peer, &msg), 0);
}

static void send_frame(struct ward *w, enum frame frame)
{
    Control__Hello hello = CONTROL__HELLO__INIT;
    Control__Restart restart = CONTROL__RESTART__INIT;
    Control__Crash crash = CONTROL__CRASH__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    switch (frame) {
    case GARBAGE:
        send_raw(w, "\377\377garbage", 9, 0);
        return;
    case EMPTY:
        send_raw(w, "", 0, 0);
        return;
    case PARTS:
        send_raw(w, "a", 1, ZMQ_SNDMORE);
        assert_int_equal(zmq_send(w->router, "b", 1, 0), 1);
        return;
    case HELLO:
        msg.kind_case = CONTROL__CONTROL__KIND_HELLO;
        msg.hello = &hello;
        break;
    case WELCOME:
        send_welcome(w, 32);
        return;
    case STEP_UNKNOWN:
        send_step(w, 4);
        return;
    case RESTART:
        msg.kind_case = CONTROL__CONTROL__KIND_RESTART;
        msg.restart = &restart;
        break;
    case CRASH_THEN_STEP:
        msg.kind_case = CONTROL__CONTROL__KIND_CRASH;
        msg.crash = &crash;
        break;
    case FRAMES:
        return;
    }
    assert_int_equal(ctl_send(w->router, &w->peer, &msg), 0);
    if (frame == CRASH_THEN_STEP) {
        send_step(w, ACT_START);
    }
}

static void expect_ready(struct ward *w, int rc)
{
    Control__Control *msg = next(w);
    assert_int_equal(msg->kind_case, CONTROL__CONTROL__KIND_READY);
    assert_int_equal(msg->ready->rc, rc);
}

static void test_an_actor_refuses_a_conductor_that_does_not_begin_with_welcome(void **state)
{
    for (int frame = 0; frame < BEFORE_WELCOME; frame++) {
        if (frame != WELCOME) {
            struct ward w;
            ward_begin(&w);
            send_frame(&w, (enum frame)frame);
            assert_gave_up(&w, "chatty: the conductor sent something that makes no sense");
            ward_end(&w);
        }
    }
}

static void test_an_actor_refuses_what_makes_no_sense_after_welcome(void **state)
{
    for (int frame = 0; frame < FRAMES; frame++) {
        struct ward w;
        ward_begin(&w);
        send_welcome(&w, 32);
        expect_ready(&w, 0);
        send_frame(&w, (enum frame)frame);
        assert_gave_up(&w, "chatty: the conductor sent something that makes no sense");
        ward_end(&w);
    }
}

static void test_an_actor_refuses_a_welcome_without_entropy(void **state)
{
    static const enum frame frames[] = {GARBAGE, WELCOME, RESTART, CRASH_THEN_STEP};
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        struct ward w;
        ward_begin(&w);
        send_welcome(&w, 31);
        expect_ready(&w, ERR_CORRUPT);
        send_frame(&w, frames[i]);
        assert_gave_up(&w, "chatty: the conductor sent something that makes no sense");
        ward_end(&w);
    }
}

static void test_an_actor_refuses_a_work_it_has_not_started(void **state)
{
    struct ward w;
    ward_begin(&w);
    send_welcome(&w, 32);
    expect_ready(&w, 0);
    send_step(&w, ACT_WORK_DONE);
    assert_gave_up(&w, "chatty: not found");
    ward_end(&w);
}

static void send_stop(struct ward *w)
{
    Control__Stop stop = CONTROL__STOP__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_STOP;
    msg.stop = &stop;
    assert_int_equal(ctl_send(w->router, &w->peer, &msg), 0);
}

static void test_an_actor_says_bye_when_it_is_told_to_stop(void **state)
{
    static const size_t entropy_bytes[] = {32, 31};
    for (size_t i = 0; i < 2; i++) {
        struct ward w;
        int status = 0;
        ward_begin(&w);
        send_welcome(&w, entropy_bytes[i]);
        expect_ready(&w, i == 0 ? 0 : ERR_CORRUPT);
        send_stop(&w);
        assert_int_equal(next(&w)->kind_case, CONTROL__CONTROL__KIND_BYE);
        assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        (void)close(w.out);
        ward_end(&w);
    }
}

static void test_an_actor_closes_the_connection_on_a_frame_beyond_its_limit(void **state)
{
    struct ward w = {.endpoint = ""};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int name_len =
        snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "frames-raw-%ld", (long)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)name_len);
    (void)snprintf(w.endpoint, sizeof(w.endpoint), "ipc://@%s", at.sun_path + 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    spawn_ward(&w, our_control());
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    zmtp_greet(fd, "ROUTER");
    zmtp_announce(fd, RUN_MESSAGE_BYTES_MAX * 2); /* returns once the connection is closed */
    (void)close(fd);
    assert_int_equal(kill(w.pid, SIGKILL), 0);
    assert_int_equal(waitpid(w.pid, NULL, 0), w.pid);
    (void)close(listener);
    (void)close(w.out);
}

static void test_an_actor_wants_its_token_and_its_conductor_in_the_environment(void **state)
{
    static const char *const malformed[] = {
        "",
        TOKEN,
        TOKEN " ",
        TOKEN " 0",
        TOKEN " -1",
        TOKEN " 12x",
        TOKEN " 99999999999",
        TOKEN "0 12",
        "zz0102030405060708090a0b0c0d0e0f 12",
    };
    struct ward w = {.endpoint = "ipc://@nobody"};
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        spawn_ward(&w, malformed[i]);
        assert_gave_up(&w, CTL_ENV " is missing or malformed");
    }
    spawn_ward(&w, TOKEN " 1");
    assert_gave_up(&w, "the conductor is gone");
}

int main(void)
{
    chatty = getenv("CHATTY");
    noisy = getenv("CHATTY_NOISY");
    rogue = getenv("CHATTY_ROGUE");
    if (chatty == NULL || noisy == NULL || rogue == NULL) {
        (void)fprintf(stderr, "CHATTY, CHATTY_NOISY, CHATTY_ROGUE must name programs\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers_are_ignored_and_counted),
        cmocka_unit_test(test_a_hello_for_no_actor_is_ignored_and_counted),
        cmocka_unit_test(test_an_actor_that_breaks_the_protocol_is_named),
        cmocka_unit_test(test_an_actor_refuses_a_conductor_that_does_not_begin_with_welcome),
        cmocka_unit_test(test_an_actor_refuses_what_makes_no_sense_after_welcome),
        cmocka_unit_test(test_an_actor_refuses_a_welcome_without_entropy),
        cmocka_unit_test(test_an_actor_refuses_a_work_it_has_not_started),
        cmocka_unit_test(test_an_actor_says_bye_when_it_is_told_to_stop),
        cmocka_unit_test(test_an_actor_closes_the_connection_on_a_frame_beyond_its_limit),
        cmocka_unit_test(test_an_actor_wants_its_token_and_its_conductor_in_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
