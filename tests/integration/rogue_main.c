/* A program that the conductor has started, which knows the token and abuses it. What it does wrong
 * is in the variable ROGUE; see test_frames.c. */
#include "common/base/check.h"
#include "common/runtime/child.h"
#include "common/runtime/ctl.h"
#include "tests/integration/chatty.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rogue {
    void *zmq;
    void *socket;
    uint8_t token[CTL_TOKEN_BYTES];
    struct arena arena;
    const char *mode;
};

static bool is(const struct rogue *r, const char *mode)
{
    return strcmp(r->mode, mode) == 0;
}

static void say_hello(struct rogue *r, uint32_t id)
{
    Control__Hello hello = CONTROL__HELLO__INIT;
    hello.protocol = CTL_PROTOCOL;
    hello.version = (char[]){CHILD_VERSION};
    hello.id = id;
    hello.role = (char[]){"chatty"};
    hello.token = (ProtobufCBinaryData){sizeof(r->token), r->token};
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_HELLO;
    msg.hello = &hello;
    CHECK(ctl_send(r->socket, NULL, &msg) == 0);
}

static void say_ready(struct rogue *r)
{
    Control__Ready ready = CONTROL__READY__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_READY;
    msg.ready = &ready;
    CHECK(ctl_send(r->socket, NULL, &msg) == 0);
}

static void say_bye(struct rogue *r)
{
    Control__Bye bye = CONTROL__BYE__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    msg.kind_case = CONTROL__CONTROL__KIND_BYE;
    msg.bye = &bye;
    CHECK(ctl_send(r->socket, NULL, &msg) == 0);
}

static void say_garbage(struct rogue *r)
{
    CHECK(zmq_send(r->socket, "\377\377garbage", 9, 0) == 9);
}

static void answer(struct rogue *r, uint64_t seq)
{
    Control__Effect effect = CONTROL__EFFECT__INIT;
    Control__Effect *place = &effect;
    Control__Effects effects = CONTROL__EFFECTS__INIT;
    Control__Control msg = CONTROL__CONTROL__INIT;
    effect.kind = is(r, "kind") ? 99 : ACT_REJECT;
    effect.reason = is(r, "reason") ? 99 : ACT_REJECT_STALE;
    effects.seq = is(r, "seq") ? seq + 1 : seq;
    effects.rc = is(r, "rc") ? 1 : 0;
    effects.n_effects = 1;
    effects.effects = &place;
    msg.kind_case = CONTROL__CONTROL__KIND_EFFECTS;
    msg.effects = &effects;
    CHECK(ctl_send(r->socket, NULL, &msg) == 0);
    if (is(r, "twice")) {
        CHECK(ctl_send(r->socket, NULL, &msg) == 0);
    }
}

static void misbehave(struct rogue *r, uint32_t id)
{
    Control__Control *msg = NULL;
    say_hello(r, id);
    CHECK(ctl_recv(r->socket, NULL, 0, &r->arena, &msg) == 0 && msg != NULL);
    if (is(r, "early garbage")) {
        say_garbage(r);
    } else if (is(r, "early bye")) {
        say_bye(r);
    } else {
        say_ready(r);
    }
    while (ctl_recv(r->socket, NULL, 0, &r->arena, &msg) == 0) {
        CHECK(msg != NULL && msg->kind_case == CONTROL__CONTROL__KIND_STEP);
        if (is(r, "garbage")) {
            say_garbage(r);
        } else if (is(r, "hello")) {
            say_hello(r, id);
        } else if (is(r, "parts")) {
            CHECK(zmq_send(r->socket, "a", 1, ZMQ_SNDMORE) == 1);
            CHECK(zmq_send(r->socket, "b", 1, 0) == 1);
        } else {
            answer(r, msg->step->seq);
        }
    }
}

int main(int argc, char **argv)
{
    static struct rogue r;
    char hex[2 * sizeof(r.token) + 1] = "";
    const size_t digits = sizeof(hex) - 1;
    const char *env = getenv(CTL_ENV);
    r.mode = getenv("ROGUE");
    CHECK(argc == 5 && env != NULL && strlen(env) > digits && r.mode != NULL);
    memcpy(hex, env, digits);
    CHECK(hex_decode(hex, r.token, sizeof(r.token)) == 0);
    CHECK(arena_init(&r.arena, 1 << 20) == 0);
    r.zmq = zmq_ctx_new();
    r.socket = zmq_socket(r.zmq, ZMQ_DEALER);
    CHECK(r.socket != NULL && zmq_connect(r.socket, argv[2]) == 0);
    if (!is(&r, "nobody")) {
        misbehave(&r, (uint32_t)strtoul(argv[4], NULL, 10));
        return 1;
    }
    /* Ids that do not exist; then as it should be. */
    say_hello(&r, 0);
    say_hello(&r, 99);
    (void)zmq_close(r.socket);
    (void)zmq_ctx_term(r.zmq);
    arena_fini(&r.arena);
    return run_actor_main(argc, argv, &chatty_class, NULL);
}
