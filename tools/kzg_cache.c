/* Derives the setup file that actors map (common/crypto/kzg/vc_cache.h) from the ceremony's.
 *
 *     kzg_cache TRUSTED_SETUP OUTPUT
 *
 * The output appears whole or not at all. */
#include "common/base/cleanup.h"
#include "common/crypto/kzg/vc_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void close_file(FILE **f)
{
    if (*f != NULL) {
        (void)fclose(*f);
    }
}

static int complain(const char *path, const char *why)
{
    (void)fprintf(stderr, "kzg_cache: %s: %s\n", path, why);
    return ERR_IO;
}

static int read_file(const char *path, struct buf *out)
{
    CLEANUP(close_file) FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return complain(path, strerror(errno));
    }
    char block[1 << 16];
    size_t got;
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(out, block, got);
    }
    return ferror(f) != 0 || out->err != 0 ? complain(path, "cannot be read") : 0;
}

static int write_file(const char *path, struct bytes content)
{
    CLEANUP(buf_fini) struct buf temporary = {0};
    buf_printf(&temporary, "%s.part", path);
    const char *part = buf_cstr(&temporary);
    FILE *f = fopen(part, "wb");
    if (f == NULL) {
        return complain(part, strerror(errno));
    }
    bool ok = fwrite(content.data, 1, content.len, f) == content.len;
    ok = fclose(f) == 0 && ok;
    if (!ok || rename(part, path) != 0) {
        (void)remove(part);
        return complain(path, "cannot be written");
    }
    return 0;
}

int main(int argc, char **argv)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf cache = {0};
    if (argc != 3) {
        (void)fprintf(stderr, "usage: kzg_cache TRUSTED_SETUP OUTPUT\n");
        return 64;
    }
    if (read_file(argv[1], &text) != 0) {
        return 66;
    }
    int rc = vc_cache_build(buf_view(&text), &cache);
    if (rc != 0) {
        (void)complain(argv[1], err_text(rc));
        return 65;
    }
    return write_file(argv[2], buf_view(&cache)) == 0 ? 0 : 73;
}
