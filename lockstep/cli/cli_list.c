#include "common/base/cleanup.h"
#include "lockstep/cli/cli.h"
#include "lockstep/scenario/scn_schema.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int is_scenario(const struct dirent *e)
{
    size_t len = strlen(e->d_name);
    return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".yaml") == 0;
}

/* A scenario's second line is a comment on what it shows. Out: without the '#', one line. */
static void read_subject(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "r");
    out[0] = 0;
    for (int line = 0; f != NULL && line < 2; line++) {
        if (fgets(out, (int)size, f) == NULL) {
            out[0] = 0;
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    out[strcspn(out, "\r\n")] = 0;
    if (out[0] != '#') {
        out[0] = 0;
        return;
    }
    size_t skip = 1 + strspn(out + 1, " ");
    memmove(out, out + skip, strlen(out + skip) + 1);
}

static void list_one(const char *dir, const char *file)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    char subject[200];
    buf_printf(&path, "%s/%s", dir, file);
    read_subject(buf_cstr(&path), subject, sizeof(subject));
    buf_printf(&text, "%s\n    ", buf_cstr(&path));
    rep_wrap(&text, 4, subject[0] != 0 ? subject : "(says nothing)");
    (void)fputs(buf_cstr(&text), stdout);
}

int cli_list(int argc, char **argv)
{
    struct cli_flags flags;
    struct dirent **entries = NULL;
    if (cli_parse(argc, argv, &flags) != 0) {
        return CLI_USAGE;
    }
    const char *dir = flags.first < argc ? argv[flags.first] : "scenarios";
    int n = scandir(dir, &entries, is_scenario, alphasort);
    if (n < 0) {
        (void)fprintf(stderr, "lockstep: cannot list %s: %s\n", dir, strerror(errno));
        return CLI_USAGE;
    }
    for (int i = 0; i < n; i++) {
        list_one(dir, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (n == 0) {
        (void)fprintf(stderr, "lockstep: no .yaml files in %s\n", dir);
    }
    return 0;
}

int cli_schema(int argc, char **argv)
{
    CLEANUP(buf_fini) struct buf text = {0};
    int rc = scn_schema_json(&text);
    if (rc != 0 || fwrite(text.data, 1, text.len, stdout) != text.len) {
        return CLI_INTERNAL;
    }
    return 0;
}
