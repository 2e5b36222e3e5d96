/* The chatty program with a stranger in front: before it says hello it lets somebody who does not
 * know the token talk to the conductor's socket: in ZeroMQ, in plain garbage, and announcing a
 * frame beyond all limits. */
#include "common/base/check.h"
#include "common/base/prng.h"
#include "tests/integration/chatty.h"
#include "tests/integration/zmtp.h"

#include <string.h>
#include <unistd.h>

#include <zmq.h>

/* Hello{protocol 1, version "0.1.0", id 1, token "wrong"}. */
static const uint8_t forged_hello[] = {0x0a, 0x12, 0x08, 0x01, 0x12, 0x05, '0', '.', '1', '.',
                                       '0',  0x18, 0x01, 0x32, 0x05, 'w',  'r', 'o', 'n', 'g'};

static void talk_zeromq(const char *endpoint)
{
    void *zmq = zmq_ctx_new();
    void *socket = zmq_socket(zmq, ZMQ_DEALER);
    CHECK(socket != NULL && zmq_connect(socket, endpoint) == 0);
    uint8_t noise[1000];
    struct prng p;
    prng_init(&p, 1, "noise");
    for (size_t i = 0; i < sizeof(noise); i++) {
        noise[i] = (uint8_t)prng_next(&p);
    }
    CHECK(zmq_send(socket, noise, sizeof(noise), 0) >= 0);
    CHECK(zmq_send(socket, "", 0, 0) >= 0);
    CHECK(zmq_send(socket, forged_hello, sizeof(forged_hello), 0) >= 0);
    CHECK(zmq_send(socket, noise, 10, ZMQ_SNDMORE) >= 0);
    CHECK(zmq_send(socket, noise, 10, ZMQ_SNDMORE) >= 0);
    CHECK(zmq_send(socket, noise, 10, 0) >= 0);
    /* With the default of unlimited lingering both calls wait until everything is out. */
    (void)zmq_close(socket);
    (void)zmq_ctx_term(zmq);
}

static void talk_garbage(const char *endpoint)
{
    for (int i = 0; i < 20; i++) {
        uint8_t noise[200];
        struct prng p;
        prng_init(&p, (uint64_t)i, "garbage");
        for (size_t k = 0; k < sizeof(noise); k++) {
            noise[k] = (uint8_t)prng_next(&p);
        }
        int fd = zmtp_connect(endpoint);
        CHECK(write(fd, noise, sizeof(noise)) == (ssize_t)sizeof(noise));
        (void)close(fd);
    }
}

static void announce_too_much(const char *endpoint)
{
    int fd = zmtp_connect(endpoint);
    zmtp_greet(fd, "DEALER");
    zmtp_announce(fd, UINT64_C(1) << 40);
    (void)close(fd);
}

int main(int argc, char **argv)
{
    CHECK(argc == 5 && strcmp(argv[1], "--connect") == 0);
    talk_zeromq(argv[2]);
    talk_garbage(argv[2]);
    announce_too_much(argv[2]);
    return run_actor_main(argc, argv, &chatty_class, NULL);
}
