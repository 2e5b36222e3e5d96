/* Reading with a limit; writing so that a name never stands for half a file. */
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "lockstep/timelock/tlc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(const int *fd)
{
    if (*fd > STDERR_FILENO) {
        (void)close(*fd);
    }
}

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int refuse_reading(const char *path, int error)
{
    if (error == ENOENT) {
        tlc_say("%s: there is no such file; check the path", path);
    } else if (error == EISDIR) {
        tlc_say("%s: is a directory; name a file in it", path);
    } else {
        tlc_say("%s: cannot be read (%s); check the file and its permissions", path,
                strerror(error));
    }
    return TLC_BAD_FILE;
}

int tlc_read(const char *path, size_t limit, struct buf *out)
{
    CLEANUP(close_file)
    int fd = is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return refuse_reading(path, errno);
    }
    out->limit = out->len + limit;
    for (;;) {
        uint8_t chunk[16384];
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return refuse_reading(path, errno);
        }
        if (got == 0) {
            return 0;
        }
        buf_append(out, chunk, (size_t)got);
        secret_wipe(chunk, (size_t)got);
        if (out->err == ERR_TOOBIG) {
            tlc_say("%s: is longer than %zu bytes, the most that is taken here", path, limit);
            return TLC_BAD_FILE;
        }
        if (out->err != 0) {
            return tlc_say_internal(out->err);
        }
    }
}

/* ---- Writing ---- */

static int refuse_writing(const char *path, int error)
{
    tlc_say("%s: cannot be written (%s); name another output", path, strerror(error));
    return TLC_INTERNAL;
}

/* "." or "a/b" for "a/b/c". Returns: NULL without memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return strdup(".");
    }
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int tlc_check_output(const char *path, int flags)
{
    struct stat st;
    if (is_standard(path)) {
        return 0;
    }
    CLEANUP(cleanup_free) char *folder = folder_of(path);
    if (folder == NULL) {
        return tlc_say_internal(ERR_NOMEM);
    }
    if (access(folder, W_OK | X_OK) != 0) {
        return refuse_writing(path, errno);
    }
    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? 0 : refuse_writing(path, errno);
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        tlc_say("%s: is not a regular file; name another output", path);
        return TLC_USAGE;
    }
    if ((flags & TLC_FORCE) == 0) {
        tlc_say("%s: exists already; name another output, or replace it with --force", path);
        return TLC_USAGE;
    }
    return 0;
}

static int write_all(int fd, struct bytes content)
{
    while (content.len > 0) {
        ssize_t put = write(fd, content.data, content.len);
        if (put < 0 && errno != EINTR) {
            return errno;
        }
        size_t n = put < 0 ? 0 : (size_t)put;
        content = bytes_of(content.data + n, content.len - n);
    }
    return 0;
}

/* The name in the folder is durable only once the folder is. */
static int sync_folder_of(const char *path)
{
    CLEANUP(cleanup_free) char *folder = folder_of(path);
    if (folder == NULL) {
        return ENOMEM;
    }
    CLEANUP(close_file) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot sync a folder and say EINVAL. */
    return fd < 0 || (fsync(fd) != 0 && errno != EINVAL) ? errno : 0;
}

/* Without TLC_FORCE a file that appeared in the meantime is left alone. */
static int give_name(const char *fresh, const char *path, int flags)
{
    if ((flags & TLC_FORCE) != 0) {
        return rename(fresh, path) != 0 ? errno : 0;
    }
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    if (link(fresh, path) != 0) {
        return errno;
    }
    (void)unlink(fresh);
    return 0;
}

static int fill_file(const char *fresh, int fd, const char *path, struct bytes content, int flags)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    int error = write_all(fd, content);
    if (error == 0 && fchmod(fd, (flags & TLC_SECRET) != 0 ? 0600 : 0666 & ~mask) != 0) {
        error = errno;
    }
    if (error == 0 && fsync(fd) != 0) {
        error = errno;
    }
    error = error != 0 ? error : give_name(fresh, path, flags);
    return error != 0 ? error : sync_folder_of(path);
}

int tlc_replace(const char *path, struct bytes content, int flags)
{
    CLEANUP(buf_fini) struct buf name = {0};
    buf_printf(&name, "%s.XXXXXX.tmp", path);
    CLEANUP(cleanup_free) char *fresh = strdup(buf_cstr(&name));
    if (name.err != 0 || fresh == NULL) {
        return ENOMEM;
    }
    CLEANUP(close_file) int fd = mkostemps(fresh, (int)strlen(".tmp"), O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int error = fill_file(fresh, fd, path, content, flags);
    if (error != 0) {
        (void)unlink(fresh);
    }
    return error;
}

int tlc_write(const char *path, struct bytes content, int flags)
{
    int error =
        is_standard(path) ? write_all(STDOUT_FILENO, content) : tlc_replace(path, content, flags);
    if (error == EEXIST) {
        tlc_say("%s: exists already; name another output, or replace it with --force", path);
        return TLC_USAGE;
    }
    return error != 0 ? refuse_writing(path, error) : 0;
}

int tlc_seed(struct hash32 *seed)
{
    if (getrandom(seed->b, sizeof(seed->b), 0) != (ssize_t)sizeof(seed->b)) {
        tlc_say("the system gives no randomness (%s)", strerror(errno));
        return TLC_INTERNAL;
    }
    return 0;
}
