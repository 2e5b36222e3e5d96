/* Reading the file, apart from reading what is in it. */
#include "common/base/cleanup.h"
#include "lockstep/scenario/scn.h"
#include "lockstep/scenario/scn_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int refuse(const char *path, struct buf *errors, const char *sentence)
{
    buf_printf(errors, "%s: %s\n", path, sentence);
    return ERR_INVALID;
}

static int refuse_errno(const char *path, struct buf *errors, int error)
{
    if (error == ENOENT) {
        return refuse(path, errors, "there is no such file; check the path");
    }
    buf_printf(errors, "%s: cannot be read (%s); check the file and its permissions\n", path,
               strerror(error));
    return ERR_INVALID;
}

static int check_kind(const char *path, const struct stat *st, struct buf *errors)
{
    if (S_ISDIR(st->st_mode)) {
        return refuse(path, errors, "is a directory; name a scenario file in it");
    }
    if (!S_ISREG(st->st_mode)) {
        return refuse(path, errors, "is not a regular file; name a scenario file");
    }
    if (st->st_size > (off_t)SCN_YAML_BYTES) {
        buf_printf(errors, "%s: is %lld bytes large; a scenario may have %zu\n", path,
                   (long long)st->st_size, SCN_YAML_BYTES);
        return ERR_INVALID;
    }
    return 0;
}

/* Appends the file to `text`, which limits how much is taken. */
static int read_all(int fd, const char *path, struct buf *text, struct buf *errors)
{
    for (;;) {
        uint8_t chunk[16384];
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return refuse_errno(path, errors, errno);
        }
        if (got == 0) {
            return text->err;
        }
        buf_append(text, chunk, (size_t)got);
        if (text->err == ERR_TOOBIG) { /* grew while it was read */
            return refuse(path, errors, "is too large for a scenario");
        }
    }
}

int scn_load_file(const char *path, struct scn **out, struct buf *errors)
{
    /* Without O_NONBLOCK a pipe would hold up the open. */
    CLEANUP(close_file) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return refuse_errno(path, errors, errno);
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return refuse_errno(path, errors, errno);
    }
    int rc = check_kind(path, &st, errors);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(buf_fini) struct buf text = {.limit = SCN_YAML_BYTES};
    rc = read_all(fd, path, &text, errors);
    return rc != 0 ? rc : scn_load_bytes(path, buf_view(&text), out, errors);
}
