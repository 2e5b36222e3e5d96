/* One end of a ZeroMQ connection spoken by hand (ZMTP 3.0, mechanism NULL; rfc.zeromq.org/spec/23),
 * for frames that the library would never send. */
#ifndef TESTS_ZMTP_H
#define TESTS_ZMTP_H

#include <stddef.h>
#include <stdint.h>

/* In: endpoint as tcp://127.0.0.1:PORT or ipc://@NAME. Returns: a connected stream socket. */
int zmtp_connect(const char *endpoint);

/* Says who we are. In: type "DEALER" or "ROUTER". */
void zmtp_greet(int fd, const char *type);

/* Announces a frame of that length, then waits until the other side has closed the connection. */
void zmtp_announce(int fd, uint64_t length);

#endif
