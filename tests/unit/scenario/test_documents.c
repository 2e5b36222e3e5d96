/* The documents made from the table: complete, valid, and the committed ones up to date. */
#include "lockstep/scenario/scn_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static const char *source_root;

/* With LOCKSTEP_UPDATE_DOCS set, writes the document instead of comparing it. */
static void expect_document(const char *name, struct buf *want)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/docs/%s", source_root, name);
    if (getenv("LOCKSTEP_UPDATE_DOCS") != NULL) {
        FILE *out = fopen(path, "we");
        assert_non_null(out);
        assert_int_equal(fwrite(want->data, 1, want->len, out), want->len);
        assert_int_equal(fclose(out), 0);
        return;
    }
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    struct buf got = {0};
    char chunk[4096];
    for (size_t n = 0; (n = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        buf_append(&got, chunk, n);
    }
    assert_int_equal(fclose(file), 0);
    if (!bytes_equal(buf_view(&got), buf_view(want))) {
        fail_msg("docs/%s is not what the table says; run this test with LOCKSTEP_UPDATE_DOCS=1",
                 name);
    }
    buf_fini(&got);
}

static void test_the_committed_reference_page_is_the_generated_one(void **state)
{
    struct buf page = {0};
    assert_int_equal(scn_schema_markdown(&page), 0);
    expect_document("scenario-reference.md", &page);
    buf_fini(&page);
}

static void test_the_committed_json_schema_is_the_generated_one(void **state)
{
    struct buf schema = {0};
    assert_int_equal(scn_schema_json(&schema), 0);
    expect_document("scenario.schema.json", &schema);
    buf_fini(&schema);
}

static void test_the_json_schema_refuses_unknown_keys_and_names_what_is_required(void **state)
{
    struct buf text = {0};
    assert_int_equal(scn_schema_json(&text), 0);
    json_t *schema = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(schema);
    assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    json_t *required = json_object_get(schema, "required");
    assert_int_equal(json_array_size(required), 4);
    assert_string_equal(json_string_value(json_array_get(required, 3)), "rollups");
    json_t *defs = json_object_get(schema, "$defs");
    json_t *step = json_object_get(json_object_get(defs, "step"), "oneOf");
    assert_int_equal(json_array_size(step), 4);
    json_t *policy = json_object_get(json_object_get(schema, "properties"), "policy");
    assert_int_equal(json_array_size(json_object_get(policy, "enum")), 6);
    json_decref(schema);
    buf_fini(&text);
}

/* Walks the table: whatever has no key, no meaning or no example could not be explained. */
static void expect_explained(const struct scn_object *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct scn_field *f = &o->fields[i];
        assert_non_null(f->doc);
        assert_non_null(f->example);
        assert_true(f->key != NULL || (f->flags & (SCN_REST | SCN_INLINE)) != 0);
        assert_true(f->type != SCN_OBJECT || f->object != NULL);
        assert_true(f->type != SCN_ENUM || f->words != NULL);
        assert_true((f->type != SCN_NAME && f->type != SCN_WORD && f->type != SCN_ENTRIES) ||
                    f->pattern != NULL);
        assert_true((f->flags & SCN_CHOICE) == 0 || o->choice != 0);
        if (f->object != NULL) {
            expect_explained(f->object);
        }
    }
}

static void test_every_key_of_the_table_is_explained(void **state)
{
    expect_explained(&scn_schema);
}

int main(int argc, char **argv)
{
    source_root = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_committed_reference_page_is_the_generated_one),
        cmocka_unit_test(test_the_committed_json_schema_is_the_generated_one),
        cmocka_unit_test(test_the_json_schema_refuses_unknown_keys_and_names_what_is_required),
        cmocka_unit_test(test_every_key_of_the_table_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
