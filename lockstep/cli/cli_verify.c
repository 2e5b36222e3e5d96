#include "common/actor/party.h"
#include "common/base/cleanup.h"
#include "common/runtime/resources.h"
#include "lockstep/cli/cli.h"
#include "lockstep/verify/vfy.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "Usage: lockstep verify evidence [--explain] [--json] FILE...\n"
    "\n"
    "Judges evidence offline, as L1 would: it carries all that is needed. Prints one\n"
    "sentence per file: who is guilty of what in which slot and what it costs to\n"
    "judge on Ethereum, or why it convicts nobody. docs/evidence.md has the format.\n"
    "\n"
    "  --explain   also list what the evidence contains\n"
    "  --json      one JSON object per line instead\n"
    "\n"
    "Exit codes: 0 convicts, 6 convicts nobody, 64 usage, 65 no evidence, 66 the\n"
    "file is missing or cannot be read, 70 internal. Of several files the first code\n"
    "that is not 0.\n";

struct verify_flags {
    bool explain;
    bool json;
    bool help;
};

/* ---- Files ---- */

static void close_file(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int refuse(const char *path, const char *sentence, int code)
{
    (void)fprintf(stderr, "lockstep: %s: %s\n", path, sentence);
    return code;
}

/* Out: *bytes with the file. Returns: 0 or, after a sentence, an exit code. */
static int read_evidence(const char *path, struct buf *bytes)
{
    /* Without O_NONBLOCK a pipe would hold up the open. */
    CLEANUP(close_file) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return refuse(path, errno == ENOENT ? "there is no such file" : strerror(errno),
                      CLI_NO_INPUT);
    }
    if (!S_ISREG(st.st_mode)) {
        return refuse(path, "is not a regular file", CLI_NO_INPUT);
    }
    bytes->limit = PRO_MAX_EVIDENCE_BYTES + 1; /* the decoder says that it is too large */
    while (bytes->len < bytes->limit) {
        uint8_t chunk[16384];
        size_t room = bytes->limit - bytes->len;
        ssize_t got = read(fd, chunk, room < sizeof(chunk) ? room : sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return refuse(path, strerror(errno), CLI_NO_INPUT);
        }
        if (got == 0) {
            break;
        }
        buf_append(bytes, chunk, (size_t)got);
        if (bytes->err != 0) {
            return refuse(path, err_text(bytes->err), CLI_INTERNAL);
        }
    }
    return 0;
}

/* ---- Evidence ---- */

static int print(const struct vfy_case *c, const char *path, const struct verify_flags *flags)
{
    CLEANUP(buf_fini) struct buf text = {0};
    int rc = 0;
    if (flags->json) {
        rc = vfy_json(c, path, flags->explain, &text);
    } else {
        vfy_sentence(c, path, &text);
        rc = flags->explain ? vfy_explain(c, &text) : 0;
    }
    rc = rc != 0 ? rc : text.err;
    if (rc != 0) {
        return refuse(path, err_text(rc), CLI_INTERNAL);
    }
    if (fwrite(text.data, 1, text.len, stdout) != text.len) {
        return refuse("standard output", strerror(errno), CLI_INTERNAL);
    }
    return 0;
}

static int verify_file(const struct vc_setup *vc, const char *path,
                       const struct verify_flags *flags)
{
    CLEANUP(buf_fini) struct buf bytes = {0};
    CLEANUP(vfy_case_fini) struct vfy_case c = {0};
    int code = read_evidence(path, &bytes);
    if (code != 0) {
        return code;
    }
    int rc = vfy_judge(vc, buf_view(&bytes), &c);
    if (rc != 0) {
        return refuse(path, err_text(rc), CLI_INTERNAL);
    }
    code = print(&c, path, flags);
    if (code != 0 || c.verdict == VFY_CONVICTS) {
        return code;
    }
    return c.verdict == VFY_CONVICTS_NOBODY ? CLI_CONVICTS_NOBODY : CLI_BAD_INPUT;
}

static int parse_flags(int argc, char **argv, struct verify_flags *flags)
{
    static const struct option options[] = {{"explain", no_argument, NULL, 'e'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int code = 0;
    opterr = 0;
    optind = 1;
    while ((code = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        switch (code) {
        case 'e':
            flags->explain = true;
            break;
        case 'j':
            flags->json = true;
            break;
        case 'h':
            flags->help = true;
            break;
        default:
            (void)fprintf(stderr,
                          "lockstep: verify has no option `%s`; see lockstep verify --help\n",
                          argv[optind - 1]);
            return CLI_USAGE;
        }
    }
    return 0;
}

static int verify_evidence(char **files, int n, const struct verify_flags *flags)
{
    CLEANUP(cli_places_fini) struct cli_places places = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    CLEANUP(buf_fini) struct buf path = {0};
    const void *resources = NULL;
    int rc = cli_places_find(&places, &why);
    if (rc == 0) {
        buf_printf(&path, "%s/kzg_setup.bin", places.data);
        rc = run_kzg_resources.load(buf_cstr(&path), &resources, &why);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "lockstep: %s\n", why.len > 0 ? buf_cstr(&why) : err_text(rc));
        return CLI_INTERNAL;
    }
    int code = 0;
    for (int i = 0; i < n; i++) {
        int one = verify_file(((const struct act_resources *)resources)->vc, files[i], flags);
        code = code != 0 ? code : one;
        (void)fflush(stdout);
    }
    run_kzg_resources.unload(&resources);
    return code;
}

int cli_verify(int argc, char **argv)
{
    struct verify_flags flags = {0};
    int code = parse_flags(argc, argv, &flags);
    if (code != 0) {
        return code;
    }
    if (flags.help) {
        (void)fputs(help, stdout);
        return 0;
    }
    if (optind >= argc || strcmp(argv[optind], "evidence") != 0) {
        (void)fprintf(stderr, "lockstep: verify what? It knows: evidence\n");
        return CLI_USAGE;
    }
    if (optind + 1 >= argc) {
        (void)fprintf(stderr, "lockstep: verify evidence needs a file\n");
        return CLI_USAGE;
    }
    return verify_evidence(argv + optind + 1, argc - optind - 1, &flags);
}
