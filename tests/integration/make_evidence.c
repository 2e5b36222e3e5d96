/* Writes evidence of every kind, each file named after its kind, for tests of the command line and
 * as seeds for fuzzing.
 *
 * usage: make_evidence KZG_SETUP FOLDER */
#include "common/base/check.h"
#include "tests/unit/protocol/exhibit.h"

#include <stdio.h>

static void write_kind(const struct world *w, enum pro_evidence_kind kind, const char *folder)
{
    struct exhibit x;
    struct buf b = {0};
    struct buf path = {0};
    exhibit_init(&x, w, kind);
    exhibit_encode(&x, &b);
    buf_printf(&path, "%s/%s", folder, pro_evidence_name(kind));
    FILE *f = fopen(buf_cstr(&path), "wb");
    CHECK(f != NULL);
    CHECK(fwrite(b.data, 1, b.len, f) == b.len);
    CHECK(fclose(f) == 0);
    buf_fini(&path);
    buf_fini(&b);
    exhibit_fini(&x);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 64;
    }
    struct world *w = world_new(argv[1]);
    for (int kind = KIND_FIRST; kind <= KIND_LAST; kind++) {
        write_kind(w, (enum pro_evidence_kind)kind, argv[2]);
    }
    world_destroy(&w);
    return 0;
}
