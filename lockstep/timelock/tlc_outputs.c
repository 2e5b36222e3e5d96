#include "common/base/cleanup.h"
#include "lockstep/timelock/tlc_solve.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *path_for(const struct tlc_args *args, const char *puzzle)
{
    CLEANUP(buf_fini) struct buf path = {0};
    if (args->out == NULL) {
        buf_printf(&path, "%s.opening", puzzle);
    } else if (is_folder(args->out)) {
        const char *slash = strrchr(puzzle, '/');
        buf_printf(&path, "%s/%s.opening", args->out, slash != NULL ? slash + 1 : puzzle);
    } else {
        buf_printf(&path, "%s", args->out);
    }
    return path.err != 0 ? NULL : strdup(buf_cstr(&path));
}

/* Returns: true if the right opening stands there. Says nothing. */
static bool stands_there(const struct tlc_set *set, size_t i, const char *path)
{
    CLEANUP(buf_fini) struct buf file = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    struct tlc_opening o;
    const struct tlc_puzzle *p = &set->items[i].puzzle;
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0 &&
           st.st_size <= (off_t)TLC_SMALL_BYTES_MAX &&
           tlc_read(path, TLC_SMALL_BYTES_MAX, &file) == 0 &&
           tlc_opening_decode(buf_view(&file), &o, &why) == 0 &&
           hash32_equal(&o.head.params, &p->head.params) && bytes_equal(o.u, p->parts.u) &&
           tlp_check_opening(set->params, p->parts.u, p->parts.q, o.w) == 0;
}

static int plan_one(const struct tlc_args *args, const struct tlc_set *set, size_t i,
                    struct tlc_outputs *out)
{
    char *path = path_for(args, set->items[i].path);
    if (path == NULL) {
        return tlc_say_internal(ERR_NOMEM);
    }
    out->paths[out->n++] = path;
    for (size_t k = 0; k < i; k++) {
        if (strcmp(out->paths[k], path) == 0) {
            tlc_say("%s and %s would both have their opening in %s; solve them into different "
                    "folders",
                    set->items[k].path, set->items[i].path, path);
            return TLC_USAGE;
        }
    }
    out->there[i] = stands_there(set, i, path);
    out->n_there += out->there[i] ? 1 : 0;
    return out->there[i] ? 0 : tlc_check_output(path, args->force ? TLC_FORCE : 0);
}

int tlc_outputs_plan(const struct tlc_args *args, const struct tlc_set *set,
                     struct tlc_outputs *out)
{
    if (set->n > 1 && args->out != NULL && !is_folder(args->out)) {
        tlc_say("--out %s is not a folder, and several puzzles need one; make it first", args->out);
        return TLC_USAGE;
    }
    out->paths = (char **)calloc(set->n, sizeof(*out->paths));
    out->there = (bool *)calloc(set->n, sizeof(*out->there));
    if (out->paths == NULL || out->there == NULL) {
        return tlc_say_internal(ERR_NOMEM);
    }
    int code = 0;
    for (size_t i = 0; i < set->n && code == 0; i++) {
        code = plan_one(args, set, i, out);
    }
    return code;
}

void tlc_outputs_fini(struct tlc_outputs *out)
{
    for (size_t i = 0; i < out->n; i++) {
        free(out->paths[i]);
    }
    free(out->paths);
    free(out->there);
}

int tlc_outputs_write(const struct tlc_args *args, const struct tlc_set *set,
                      const struct tlc_outputs *out, const struct buf *ws)
{
    int first = 0;
    for (size_t i = 0; i < set->n; i++) {
        CLEANUP(buf_fini) struct buf file = {0};
        const struct tlc_opening opening = {
            .head = set->items[i].puzzle.head,
            .u = set->items[i].puzzle.parts.u,
            .w = buf_view(&ws[i]),
        };
        if (out->there[i]) {
            continue;
        }
        int rc = tlc_opening_encode(&opening, &file);
        int code = rc != 0 ? tlc_say_internal(rc)
                           : tlc_write(out->paths[i], buf_view(&file),
                                       (args->force ? TLC_FORCE : 0) | TLC_SECRET);
        if (code == 0 && !args->quiet && strcmp(out->paths[i], "-") != 0) {
            (void)printf("%s: opens %s\n", out->paths[i], set->items[i].path);
        }
        first = first != 0 ? first : code; /* the others are written all the same */
    }
    return first;
}
