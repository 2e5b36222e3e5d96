/* The table as a JSON Schema, for editors that check YAML while it is written. */
#include "common/base/check.h"
#include "lockstep/scenario/scn_schema.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#define NUMBER "(0|[1-9][0-9]*)"
#define DURATION_REGEX NUMBER "(s|ms|us|ns)"

/* jansson reports a full memory by NULL values and -1; both are kept here, to be asked for once.
 * Every `set` takes over the reference it is given. */
struct maker {
    json_t *defs;
    bool failed;
};

static json_t *object_new(struct maker *m)
{
    json_t *o = json_object();
    m->failed = m->failed || o == NULL;
    return o;
}

static void set(struct maker *m, json_t *o, const char *key, json_t *value)
{
    m->failed = json_object_set_new(o, key, value) != 0 || m->failed;
}

static void set_text(struct maker *m, json_t *o, const char *key, const char *text)
{
    set(m, o, key, json_string(text));
}

static void append(struct maker *m, json_t *list, json_t *value)
{
    m->failed = json_array_append_new(list, value) != 0 || m->failed;
}

static json_t *schema_of_field(struct maker *m, const struct scn_field *f);
static json_t *schema_of_object(struct maker *m, const struct scn_object *o);

static bool is_integer(const struct scn_field *f)
{
    return f->type == SCN_U32 || f->type == SCN_U64 || f->type == SCN_U128 ||
           (f->flags & SCN_NUMERIC) != 0;
}

/* A scalar as it is written in the table. */
static json_t *value_of(const struct scn_field *f, const char *text)
{
    if (is_integer(f)) {
        return json_integer((json_int_t)strtoll(text, NULL, 10));
    }
    size_t len = strlen(text);
    bool quoted = len >= 2 && text[0] == '"';
    return quoted ? json_stringn(text + 1, len - 2) : json_string(text);
}

static void set_pattern(struct maker *m, json_t *o, const char *regex)
{
    set_text(m, o, "type", "string");
    set_text(m, o, "pattern", regex);
}

static void set_enum(struct maker *m, json_t *o, const struct scn_field *f)
{
    json_t *words = json_array();
    for (const struct scn_word *w = f->words; w->word != NULL; w++) {
        if (!w->unsupported) {
            append(m, words, value_of(f, w->word));
        }
    }
    set(m, o, "enum", words);
}

static void set_integer(struct maker *m, json_t *o, const struct scn_field *f)
{
    set_text(m, o, "type", "integer");
    set(m, o, "minimum", json_integer((json_int_t)f->min));
    if (f->max <= INT64_MAX && f->max > 0) {
        set(m, o, "maximum", json_integer((json_int_t)f->max));
    }
}

static void set_hex(struct maker *m, json_t *o, const struct scn_field *f)
{
    set_pattern(m, o, "^([0-9A-Fa-f]{2})*$");
    set(m, o, "minLength", json_integer(2 * (json_int_t)f->min));
    set(m, o, "maxLength", json_integer(2 * (json_int_t)f->max));
}

static void set_ratio(struct maker *m, json_t *o)
{
    json_t *types = json_array();
    append(m, types, json_string("string"));
    append(m, types, json_string("integer"));
    set(m, o, "type", types);
    set_text(m, o, "pattern", "^" NUMBER "(/[1-9][0-9]*)?$");
}

static void set_items(struct maker *m, json_t *o, const struct scn_field *f)
{
    json_t *entry = NULL;
    if (f->object != NULL) {
        entry = schema_of_object(m, f->object);
    } else {
        entry = object_new(m);
        set_pattern(m, entry, f->pattern->regex);
    }
    set_text(m, o, "type", "array");
    set(m, o, "items", entry);
    set(m, o, "minItems", json_integer((json_int_t)f->min));
    set(m, o, "maxItems", json_integer((json_int_t)f->max));
}

static void set_free_keys(struct maker *m, json_t *o, const struct scn_field *f)
{
    json_t *by_pattern = object_new(m);
    set(m, by_pattern, f->pattern->regex, schema_of_object(m, f->object));
    set(m, o, "patternProperties", by_pattern);
}

static void set_type(struct maker *m, json_t *o, const struct scn_field *f)
{
    switch (f->type) {
    case SCN_U32:
    case SCN_U64:
    case SCN_U128:
        set_integer(m, o, f);
        break;
    case SCN_DURATION:
        set_pattern(m, o, "^" DURATION_REGEX "$");
        break;
    case SCN_PERCENT:
        set_pattern(m, o, "^" NUMBER "((\\.[0-9]{1,4})?%|bp)$");
        break;
    case SCN_NAME:
    case SCN_WORD:
        set_pattern(m, o, f->pattern->regex);
        break;
    case SCN_TEXT:
        set_text(m, o, "type", "string");
        break;
    case SCN_ENUM:
        set_enum(m, o, f);
        break;
    case SCN_HEX:
        set_hex(m, o, f);
        break;
    case SCN_RATIO:
        set_ratio(m, o);
        break;
    case SCN_WHEN:
        set_pattern(m, o, "^(" DURATION_REGEX "|slot [1-9][0-9]*( \\+ " DURATION_REGEX ")?)$");
        break;
    case SCN_CAUSE:
        set_pattern(m, o, "^[A-Za-z][A-Za-z0-9-]{0,15}\\." NUMBER "$");
        break;
    case SCN_ITEMS:
        set_items(m, o, f);
        break;
    case SCN_ENTRIES:
        set_text(m, o, "type", "object");
        set_free_keys(m, o, f);
        set(m, o, "additionalProperties", json_false());
        set(m, o, "minProperties", json_integer((json_int_t)f->min));
        set(m, o, "maxProperties", json_integer((json_int_t)f->max));
        break;
    case SCN_OBJECT:
    default:
        CHECK(false); /* an object has a schema of its own */
    }
}

static json_t *schema_of_field(struct maker *m, const struct scn_field *f)
{
    json_t *o = f->type == SCN_OBJECT ? schema_of_object(m, f->object) : object_new(m);
    if (f->type != SCN_OBJECT) {
        set_type(m, o, f);
        if (f->fallback != NULL) {
            set(m, o, "default", value_of(f, f->fallback));
        }
        if (f->example != NULL && f->type != SCN_ITEMS && f->type != SCN_ENTRIES) {
            json_t *examples = json_array();
            append(m, examples, value_of(f, f->example));
            set(m, o, "examples", examples);
        }
    }
    set_text(m, o, "description", f->doc);
    return o;
}

/* The keys that go with one choice; choice < 0: the object has none. */
static void set_keys(struct maker *m, json_t *o, const struct scn_object *of,
                     const struct scn_field *chosen)
{
    json_t *properties = object_new(m);
    json_t *required = json_array();
    for (size_t i = 0; i < of->n; i++) {
        const struct scn_field *f = &of->fields[i];
        if ((f->flags & SCN_REST) != 0) {
            set_free_keys(m, o, f);
            continue;
        }
        bool is_choice = (f->flags & SCN_CHOICE) != 0;
        if ((is_choice && f != chosen) ||
            (f->with != 0 && chosen != NULL && (f->with & (1u << chosen->choice)) == 0)) {
            continue;
        }
        set(m, properties, f->key, schema_of_field(m, f));
        if (is_choice || (f->flags & SCN_REQUIRED) != 0) {
            append(m, required, json_string(f->key));
        }
    }
    set(m, o, "properties", properties);
    if (json_array_size(required) > 0) {
        set(m, o, "required", required);
    } else {
        json_decref(required);
    }
    set(m, o, "additionalProperties", json_false());
}

static json_t *build_object(struct maker *m, const struct scn_object *of)
{
    if (of->n > 0 && (of->fields[0].flags & SCN_INLINE) != 0) {
        return schema_of_field(m, &of->fields[0]);
    }
    json_t *o = object_new(m);
    if (of->doc != NULL) {
        set_text(m, o, "description", of->doc);
    }
    set_text(m, o, "type", "object");
    if (of->choice == 0) {
        set_keys(m, o, of, NULL);
        return o;
    }
    json_t *variants = json_array();
    for (size_t i = 0; i < of->n; i++) {
        if ((of->fields[i].flags & SCN_CHOICE) != 0) {
            json_t *variant = object_new(m);
            set_text(m, variant, "title", of->fields[i].key);
            set_keys(m, variant, of, &of->fields[i]);
            append(m, variants, variant);
        }
    }
    set(m, o, "oneOf", variants);
    return o;
}

/* A reference to the object's definition, which is made when it is first needed. */
static json_t *schema_of_object(struct maker *m, const struct scn_object *of)
{
    char slug[64];
    char path[96];
    (void)snprintf(slug, sizeof(slug), "%s", of->name);
    for (char *c = slug; *c != 0; c++) {
        if (*c == ' ') {
            *c = '_';
        }
    }
    (void)snprintf(path, sizeof(path), "#/$defs/%s", slug);
    if (json_object_get(m->defs, slug) == NULL) {
        set(m, m->defs, slug, build_object(m, of));
    }
    json_t *o = object_new(m);
    set_text(m, o, "$ref", path);
    return o;
}

int scn_schema_json(struct buf *out)
{
    struct maker m = {.defs = json_object()};
    json_t *root = object_new(&m);
    set_text(&m, root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    set_text(&m, root, "title", "Lockstep scenario");
    json_t *body = build_object(&m, &scn_schema);
    m.failed = json_object_update(root, body) != 0 || m.failed;
    json_decref(body);
    set(&m, root, "$defs", m.defs);
    char *text = m.failed ? NULL : json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL) {
        return ERR_NOMEM;
    }
    buf_append(out, text, strlen(text));
    buf_append_u8(out, '\n');
    free(text);
    return out->err;
}
