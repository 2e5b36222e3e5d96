#include "common/runtime/resources.h"

#include "common/actor/party.h"
#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapped {
    struct act_resources resources; /* first: what actors see */
    struct vc_setup *vc;
    void *data;
    size_t len;
};

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int map_file(const char *path, struct mapped *m, struct buf *why)
{
    struct stat st;
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        buf_printf(why, "cannot open the KZG setup %s: %s", path, strerror(errno));
        return ERR_IO;
    }
    if (st.st_size <= 0) {
        buf_printf(why, "the KZG setup %s is empty", path);
        return ERR_CORRUPT;
    }
    m->len = (size_t)st.st_size;
    m->data = mmap(NULL, m->len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (m->data == MAP_FAILED) {
        buf_printf(why, "cannot map the KZG setup %s: %s", path, strerror(errno));
        return ERR_IO;
    }
    return 0;
}

static int load(const char *path, const void **out, struct buf *why)
{
    CLEANUP(cleanup_free) struct mapped *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        return ERR_NOMEM;
    }
    int rc = map_file(path, m, why);
    if (rc != 0) {
        return rc;
    }
    rc = vc_setup_new(bytes_of(m->data, m->len), &m->vc);
    if (rc != 0) {
        buf_printf(why, "the KZG setup %s is not usable: %s; build it again", path, err_text(rc));
        (void)munmap(m->data, m->len);
        return rc;
    }
    m->resources.vc = m->vc;
    *out = MOVE(m);
    return 0;
}

static void unload(const void **resources)
{
    struct mapped *m = (struct mapped *)(uintptr_t)*resources;
    if (m != NULL) {
        vc_setup_destroy(&m->vc);
        (void)munmap(m->data, m->len);
        free(m);
        *resources = NULL;
    }
}

const struct run_resources_ops run_kzg_resources = {load, unload};
