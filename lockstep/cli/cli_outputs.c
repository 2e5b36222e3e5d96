#include "common/base/cleanup.h"
#include "lockstep/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNS_MAX 1000000

static int complain(struct buf *why, const char *what, const char *path)
{
    buf_printf(why, "cannot %s %s: %s; choose another folder with --out", what, path,
               strerror(errno));
    return ERR_IO;
}

static int make_dir(const char *path, struct buf *why)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return complain(why, "create the folder", path);
    }
    return 0;
}

/* Every folder on the way, too. */
static int make_dirs(const char *path, struct buf *why)
{
    CLEANUP(cleanup_free) char *copy = strdup(path);
    int rc = copy == NULL ? ERR_NOMEM : 0;
    for (char *c = copy + 1; rc == 0 && copy[0] != 0 && *c != 0; c++) {
        if (*c == '/') {
            *c = 0;
            rc = make_dir(copy, why);
            *c = '/';
        }
    }
    return rc != 0 ? rc : make_dir(path, why);
}

/* Replaces the link in one go. */
static void point_latest(const char *parent, const char *run)
{
    CLEANUP(buf_fini) struct buf link = {0};
    CLEANUP(buf_fini) struct buf fresh = {0};
    buf_printf(&link, "%s/latest", parent);
    buf_printf(&fresh, "%s/.latest.%ld", parent, (long)getpid());
    (void)unlink(buf_cstr(&fresh));
    if (symlink(run, buf_cstr(&fresh)) == 0 && rename(buf_cstr(&fresh), buf_cstr(&link)) != 0) {
        (void)unlink(buf_cstr(&fresh));
    }
}

int cli_outputs_begin(const char *out, const char *scenario, char **dir, struct buf *why)
{
    CLEANUP(buf_fini) struct buf parent = {0};
    buf_printf(&parent, "%s/%s", out, scenario);
    int rc = make_dirs(buf_cstr(&parent), why);
    for (int n = 1; n < RUNS_MAX && rc == 0; n++) {
        CLEANUP(buf_fini) struct buf path = {0};
        char number[16];
        (void)snprintf(number, sizeof(number), "%04d", n);
        buf_printf(&path, "%s/%s", buf_cstr(&parent), number);
        if (mkdir(buf_cstr(&path), 0777) == 0) {
            point_latest(buf_cstr(&parent), number);
            *dir = strdup(buf_cstr(&path));
            return *dir == NULL ? ERR_NOMEM : 0;
        }
        if (errno != EEXIST) {
            return complain(why, "create the folder", buf_cstr(&path));
        }
    }
    if (rc == 0) {
        buf_printf(why, "%s holds too many runs; clear it", buf_cstr(&parent));
        rc = ERR_IO;
    }
    return rc;
}

int cli_outputs_file(const char *dir, const char *name, const struct buf *content, struct buf *why)
{
    CLEANUP(buf_fini) struct buf path = {0};
    buf_printf(&path, "%s/%s", dir, name);
    if (content->err != 0) {
        return content->err;
    }
    FILE *f = fopen(buf_cstr(&path), "wb");
    if (f == NULL) {
        return complain(why, "write", buf_cstr(&path));
    }
    bool ok = fwrite(content->data, 1, content->len, f) == content->len;
    ok = fclose(f) == 0 && ok;
    return ok ? 0 : complain(why, "write", buf_cstr(&path));
}

static void remove_empty_logs(const struct rep_run *run, const char *dir)
{
    for (size_t i = 0; i < run->sim->cluster->n_actors; i++) {
        CLEANUP(buf_fini) struct buf path = {0};
        struct stat st;
        buf_printf(&path, "%s/%s.stderr", dir, run->sim->cluster->actors[i].name);
        if (stat(buf_cstr(&path), &st) == 0 && st.st_size == 0) {
            (void)unlink(buf_cstr(&path));
        }
    }
}

/* Every evidence that was made, as files that anybody can have judged. */
static int write_evidence(const struct rep_run *run, const char *dir, struct buf *why)
{
    CLEANUP(buf_fini) struct buf folder = {0};
    buf_printf(&folder, "%s/evidence", dir);
    int rc = run->m->n_accusations > 0 ? make_dir(buf_cstr(&folder), why) : 0;
    for (size_t i = 0; i < run->m->n_accusations && rc == 0; i++) {
        CLEANUP(buf_fini) struct buf name = {0};
        CLEANUP(buf_fini) struct buf content = {.limit = SIZE_MAX / 2};
        rep_evidence_name(run->m, i, &name);
        buf_append_bytes(&content, run->m->accusations[i].evidence);
        rc = cli_outputs_file(dir, buf_cstr(&name), &content, why);
    }
    return rc;
}

int cli_outputs_write(const struct rep_run *run, const char *dir, struct buf *why)
{
    static const struct rep_style style = {.verbose = true};
    CLEANUP(buf_fini) struct buf json = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf junit = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf history = {.limit = SIZE_MAX / 2};
    CLEANUP(buf_fini) struct buf text = {.limit = SIZE_MAX / 2};
    rep_json(run, true, &json);
    rep_junit(run, &junit);
    rep_history(run, &history);
    rep_text(run, &style, &text);
    remove_empty_logs(run, dir);
    int rc = cli_outputs_file(dir, "result.json", &json, why);
    rc = rc != 0 ? rc : cli_outputs_file(dir, "junit.xml", &junit, why);
    rc = rc != 0 ? rc : cli_outputs_file(dir, "history.jsonl", &history, why);
    rc = rc != 0 ? rc : cli_outputs_file(dir, "summary.txt", &text, why);
    return rc != 0 ? rc : write_evidence(run, dir, why);
}
