#include "common/runtime/ctl.h"

#include "common/base/check.h"

#include <errno.h>

/* Messages a slow side may be behind; in lockstep there is never more than a handful. */
#define HIGH_WATER 1000
/* A stuck peer must not block the conductor in a send. */
#define SEND_TIMEOUT_MS 10000
/* Around the bodies: the fields of one effect, and of the message. */
#define EFFECT_OVERHEAD 80
#define MESSAGE_OVERHEAD 4096

uint64_t ctl_message_max(const struct run_limits *limits)
{
    uint64_t step = limits->step_bytes + ACT_EFFECTS_LIMIT * EFFECT_OVERHEAD;
    uint64_t one = limits->message_bytes;
    return (step > one ? step : one) + MESSAGE_OVERHEAD;
}

static int set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value));
}

int ctl_tune(void *socket, uint64_t message_max)
{
    /* No authentication comes of it, as there is no handler; but with a domain set the library
     * refuses the oldest versions of its protocol, in which any garbage is a message. */
    static const char domain[] = "lockstep";
    int64_t max = (int64_t)message_max;
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof(max)) != 0 ||
        set_int(socket, ZMQ_SNDHWM, HIGH_WATER) != 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) != 0 ||
        set_int(socket, ZMQ_RCVHWM, HIGH_WATER) != 0 || set_int(socket, ZMQ_LINGER, 0) != 0 ||
        set_int(socket, ZMQ_SNDTIMEO, SEND_TIMEOUT_MS) != 0) {
        return ERR_IO;
    }
    return 0;
}

static int send_failed(void)
{
    return errno == EHOSTUNREACH ? ERR_NOTFOUND : ERR_IO;
}

/* Sends the frame and releases it in any case. */
static int send_frame(void *socket, zmq_msg_t *frame, int flags)
{
    while (zmq_msg_send(frame, socket, flags) < 0) {
        if (errno != EINTR) {
            int rc = send_failed();
            (void)zmq_msg_close(frame);
            return rc;
        }
    }
    return 0;
}

int ctl_send(void *socket, const struct ctl_peer *to, const Control__Control *msg)
{
    zmq_msg_t frame;
    size_t size = control__control__get_packed_size(msg);
    if (zmq_msg_init_size(&frame, size) != 0) {
        return ERR_NOMEM;
    }
    size_t packed = control__control__pack(msg, zmq_msg_data(&frame));
    CHECK(packed == size);
    if (to != NULL) {
        while (zmq_send(socket, to->id, to->len, ZMQ_SNDMORE) < 0) {
            if (errno != EINTR) {
                int rc = send_failed();
                (void)zmq_msg_close(&frame);
                return rc;
            }
        }
    }
    return send_frame(socket, &frame, 0);
}

static int recv_frame(void *socket, zmq_msg_t *frame, int flags)
{
    while (zmq_msg_recv(frame, socket, flags) < 0) {
        if (errno == EAGAIN) {
            return ERR_TIMEOUT;
        }
        if (errno != EINTR) {
            return ERR_IO;
        }
    }
    return 0;
}

/* Throws away further frames. Returns: whether there were any. */
static bool drain(void *socket, zmq_msg_t *frame)
{
    bool any = false;
    while (zmq_msg_more(frame) && recv_frame(socket, frame, 0) == 0) {
        any = true;
    }
    return any;
}

static int recv_from(void *socket, struct ctl_peer *from, int flags, zmq_msg_t *frame)
{
    int rc = recv_frame(socket, frame, flags);
    if (rc != 0 || from == NULL) {
        return rc;
    }
    from->len = zmq_msg_size(frame);
    CHECK(from->len <= sizeof(from->id));
    memcpy(from->id, zmq_msg_data(frame), from->len);
    return zmq_msg_more(frame) ? recv_frame(socket, frame, 0) : ERR_TRUNCATED;
}

int ctl_recv(void *socket, struct ctl_peer *from, int flags, struct arena *arena,
             Control__Control **msg)
{
    zmq_msg_t frame;
    CHECK(zmq_msg_init(&frame) == 0);
    arena_reset(arena);
    Control__Control *got = NULL;
    int rc = recv_from(socket, from, flags, &frame);
    if (rc == 0) {
        got =
            control__control__unpack(&arena->allocator, zmq_msg_size(&frame), zmq_msg_data(&frame));
        if (drain(socket, &frame)) {
            got = NULL;
        }
    }
    (void)zmq_msg_close(&frame);
    if (rc != 0 && rc != ERR_TRUNCATED) {
        return rc;
    }
    *msg = got;
    return 0;
}
