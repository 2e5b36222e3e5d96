#include "lockstep/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *join(const char *dir, const char *rest)
{
    size_t len = strlen(dir) + strlen(rest) + 2;
    char *path = malloc(len);
    if (path != NULL) {
        (void)snprintf(path, len, "%s/%s", dir, rest);
    }
    return path;
}

static bool stands_in(const char *dir, const char *file)
{
    char *path = join(dir, file);
    bool there = path != NULL && access(path, R_OK) == 0;
    free(path);
    return there;
}

/* The first of the folders, relative to `base`, in which `file` stands; else the first folder, so
 * that the complaint that follows names a sensible path. */
static char *find_dir(const char *base, const char *const *candidates, const char *file)
{
    for (size_t i = 0; candidates[i] != NULL; i++) {
        char *dir = join(base, candidates[i]);
        if (dir != NULL && stands_in(dir, file)) {
            return dir;
        }
        free(dir);
    }
    return join(base, candidates[0]);
}

int cli_places_find(struct cli_places *places, struct buf *why)
{
    static const char *const programs[] = {".", "../libexec/lockstep", NULL};
    static const char *const data[] = {".", "../share/lockstep", NULL};
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0) {
        buf_printf(why, "cannot tell where this program stands: %s", strerror(errno));
        return ERR_NOTFOUND;
    }
    self[len] = 0;
    places->self = strdup(self);
    char *slash = strrchr(self, '/');
    *slash = 0;
    places->programs = find_dir(self, programs, "lockstep-sequencer");
    places->data = find_dir(self, data, "kzg_setup.bin");
    return places->self == NULL || places->programs == NULL || places->data == NULL ? ERR_NOMEM : 0;
}

void cli_places_fini(struct cli_places *places)
{
    free(places->programs);
    free(places->data);
    free(places->self);
    *places = (struct cli_places){0};
}
