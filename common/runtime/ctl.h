/* Control messages (proto/control.proto) over ZeroMQ: ROUTER at the conductor, DEALER at an actor.
 * One message is one frame; at the ROUTER the sender's routing id comes first. */
#ifndef RUNTIME_CTL_H
#define RUNTIME_CTL_H

#include "common/runtime/arena.h"
#include "common/runtime/run.h"
#include "proto/control.pb-c.h"

#include <zmq.h>

/* Of the control protocol. */
#define CTL_PROTOCOL 1

/* Name of the environment variable that carries "<hex token> <pid of the conductor>". */
#define CTL_ENV "LOCKSTEP_CONTROL"
#define CTL_TOKEN_BYTES 16

struct ctl_peer {
    uint8_t id[255];
    size_t len; /* 0: nobody */
};

/* Returns: the most bytes one packed Control can take under these limits. */
uint64_t ctl_message_max(const struct run_limits *limits);

/* Sets limits, high-water marks and no lingering on a fresh socket. Returns: 0 or ERR_IO. */
int ctl_tune(void *socket, uint64_t message_max) MUST_CHECK;

/* In: to == NULL at a DEALER. Returns: 0; ERR_NOMEM; ERR_NOTFOUND if the peer is gone; ERR_IO. */
int ctl_send(void *socket, const struct ctl_peer *to, const Control__Control *msg) MUST_CHECK;

/* In: from == NULL at a DEALER; flags as for zmq_msg_recv. Out: *msg, in the arena until its next
 * reset (which this call does first), NULL for a message that does not decode; *from.
 * Returns: 0; ERR_TIMEOUT if there is none (ZMQ_DONTWAIT, or a receive timeout); ERR_IO. */
int ctl_recv(void *socket, struct ctl_peer *from, int flags, struct arena *arena,
             Control__Control **msg) MUST_CHECK;

#endif
