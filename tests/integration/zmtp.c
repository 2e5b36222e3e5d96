#include "tests/integration/zmtp.h"

#include "common/base/check.h"
#include "common/base/wire.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GREETING_BYTES 64
#define IS_LONG 2
#define IS_COMMAND 4

static int connect_tcp(const char *port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

static int connect_abstract(const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    CHECK(len < sizeof(to.sun_path));
    memcpy(to.sun_path + 1, name, len); /* a leading zero byte makes it abstract */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
    CHECK(fd >= 0 && connect(fd, (const struct sockaddr *)&to, size) == 0);
    return fd;
}

int zmtp_connect(const char *endpoint)
{
    static const char tcp[] = "tcp://127.0.0.1:";
    static const char ipc[] = "ipc://@";
    if (strncmp(endpoint, tcp, strlen(tcp)) == 0) {
        return connect_tcp(endpoint + strlen(tcp));
    }
    CHECK(strncmp(endpoint, ipc, strlen(ipc)) == 0);
    return connect_abstract(endpoint + strlen(ipc));
}

static void send_all(int fd, struct buf *b)
{
    CHECK(b->err == 0 && send(fd, b->data, b->len, MSG_NOSIGNAL) == (ssize_t)b->len);
    buf_fini(b);
}

static void zeros(struct buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wr_u8(b, 0);
    }
}

void zmtp_greet(int fd, const char *type)
{
    struct buf b = {0};
    wr_u8(&b, 0xff);
    zeros(&b, 8);
    wr_u8(&b, 0x7f);
    wr_u8(&b, 3);
    wr_u8(&b, 0);
    buf_append_bytes(&b, bytes_str("NULL"));
    zeros(&b, GREETING_BYTES - b.len);
    struct buf ready = {0};
    buf_append_bytes(&ready, bytes_str("\5READY\13Socket-Type"));
    wr_var(&ready, bytes_str(type));
    CHECK(ready.err == 0 && ready.len < 256);
    wr_u8(&b, IS_COMMAND);
    wr_u8(&b, (uint8_t)ready.len);
    buf_append_bytes(&b, buf_view(&ready));
    buf_fini(&ready);
    send_all(fd, &b);
}

void zmtp_announce(int fd, uint64_t length)
{
    struct buf b = {0};
    char received[256];
    wr_u8(&b, IS_LONG);
    wr_u64(&b, length);
    buf_append_bytes(&b, bytes_str("the beginning"));
    send_all(fd, &b);
    while (read(fd, received, sizeof(received)) > 0) {
        /* its greeting */
    }
}
