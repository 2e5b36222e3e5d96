#include "common/base/cleanup.h"
#include "lockstep/scenario/scn.h"
#include "lockstep/scenario/scn_refs.h"
#include "lockstep/scenario/scn_schema.h"

#include <stdlib.h>

void scn_destroy(struct scn **s)
{
    if (*s != NULL) {
        scn_arena_fini(&(*s)->arena);
        free(*s);
        *s = NULL;
    }
}

static int load(struct bytes text, struct scn_arena *document, struct scn_errors *errors,
                struct scn **out)
{
    struct scn_node *root = NULL;
    int rc = scn_yaml_parse(text, document, errors, &root);
    if (rc == ERR_NOMEM || root == NULL) {
        return rc;
    }
    CLEANUP(scn_destroy) struct scn *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return ERR_NOMEM;
    }
    rc = scn_read_object(&scn_schema, root, s, &s->arena, errors);
    if (rc == 0 && root->kind == SCN_MAP) {
        rc = scn_resolve(s, root, errors);
    }
    if (rc == 0 && errors->n > 0) {
        rc = ERR_INVALID;
    }
    if (rc == 0) {
        *out = MOVE(s);
    }
    return rc;
}

int scn_load_bytes(const char *name, struct bytes text, struct scn **out, struct buf *errors)
{
    struct scn_arena document = {0};
    CLEANUP(scn_errors_fini) struct scn_errors found = {0};
    struct scn *s = NULL;
    int rc = load(text, &document, &found, &s);
    scn_arena_fini(&document);
    if (rc == ERR_INVALID) {
        scn_errors_write(&found, name, errors);
    }
    if (rc == 0) {
        *out = s;
    }
    return rc;
}

int scn_exit_code(int rc)
{
    return rc == 0 ? 0 : (rc == ERR_INVALID ? 65 : 70);
}
