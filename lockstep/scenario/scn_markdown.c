/* The table as the reference page. */
#include "lockstep/scenario/scn_schema.h"

#include <inttypes.h>

#define OBJECTS_MAX 64

static void print_duration(struct buf *out, uint64_t ns)
{
    char text[SCN_DURATION_TEXT];
    scn_duration_text(ns, text);
    buf_printf(out, "%s", text);
}

static void print_bounds(struct buf *out, const struct scn_field *f)
{
    if (f->max == UINT64_MAX || f->max == 0) {
        if (f->min > 0) {
            buf_printf(out, ", at least %" PRIu64, f->min);
        }
    } else {
        buf_printf(out, ", %" PRIu64 " to %" PRIu64, f->min, f->max);
    }
}

static void print_entries(struct buf *out, const struct scn_field *f)
{
    if (f->min == f->max) {
        buf_printf(out, ", %" PRIu64 " entries", f->min);
    } else {
        print_bounds(out, f);
        buf_printf(out, " entries");
    }
}

static void print_link(struct buf *out, const char *name)
{
    buf_printf(out, "[%s](#", name);
    for (const char *c = name; *c != 0; c++) {
        buf_append_u8(out, *c == ' ' ? (uint8_t)'-' : (uint8_t)*c);
    }
    buf_printf(out, ")");
}

static void print_element(struct buf *out, const struct scn_object *o)
{
    if (o->n > 0 && (o->fields[0].flags & SCN_INLINE) != 0) {
        buf_printf(out, "%s", o->fields[0].type == SCN_ENTRIES ? "amounts by asset" : "an amount");
    } else {
        print_link(out, o->name);
    }
}

static void print_words(struct buf *out, const struct scn_field *f)
{
    for (const struct scn_word *w = f->words; w->word != NULL; w++) {
        buf_printf(out, "%s`%s`%s", w == f->words ? "" : ", ", w->word,
                   w->unsupported ? " (not yet)" : "");
    }
}

static void print_type(struct buf *out, const struct scn_field *f)
{
    switch (f->type) {
    case SCN_U32:
    case SCN_U64:
    case SCN_U128:
        buf_printf(out, "whole number");
        print_bounds(out, f);
        break;
    case SCN_DURATION:
        buf_printf(out, "duration, ");
        print_duration(out, f->min);
        buf_printf(out, " to ");
        print_duration(out, f->max);
        break;
    case SCN_PERCENT:
        buf_printf(out, "percentage");
        break;
    case SCN_NAME:
    case SCN_WORD:
        buf_printf(out, "%s", f->pattern->what);
        break;
    case SCN_TEXT:
        buf_printf(out, "text");
        break;
    case SCN_ENUM:
        print_words(out, f);
        break;
    case SCN_HEX:
        buf_printf(out, "bytes in hexadecimal");
        break;
    case SCN_RATIO:
        buf_printf(out, "ratio");
        break;
    case SCN_WHEN:
        buf_printf(out, "moment");
        break;
    case SCN_CAUSE:
        buf_printf(out, "leg");
        break;
    case SCN_OBJECT:
        print_link(out, f->object->name);
        break;
    case SCN_ITEMS:
        buf_printf(out, "list of ");
        if (f->object != NULL) {
            print_element(out, f->object);
        } else {
            buf_printf(out, "actors");
        }
        print_entries(out, f);
        break;
    case SCN_ENTRIES:
    default:
        buf_printf(out, "%s", (f->flags & SCN_REST) != 0 ? "" : "mapping to ");
        print_element(out, f->object);
        print_entries(out, f);
        break;
    }
}

static void print_default(struct buf *out, const struct scn_object *o, const struct scn_field *f)
{
    if ((f->flags & SCN_CHOICE) != 0) {
        buf_printf(out, "one of these");
    } else if ((f->flags & SCN_REQUIRED) != 0) {
        buf_printf(out, "required");
    } else if (f->fallback != NULL) {
        buf_printf(out, "`%s`", f->fallback);
    } else {
        buf_printf(out, "optional");
    }
    const char *before = " with ";
    for (size_t i = 0; f->with != 0 && i < o->n; i++) {
        const struct scn_field *other = &o->fields[i];
        if ((other->flags & SCN_CHOICE) != 0 && (f->with & (1u << other->choice)) != 0) {
            buf_printf(out, "%s`%s`", before, other->key);
            before = ", ";
        }
    }
}

/* What the words of an enumeration mean, once where several fields share them. */
static void print_meanings(struct buf *out, const struct scn_object *o, size_t i)
{
    const struct scn_field *f = &o->fields[i];
    if (f->type != SCN_ENUM || f->words[0].doc == NULL ||
        (i > 0 && o->fields[i - 1].words == f->words)) {
        return;
    }
    buf_printf(out, "\nValues of `%s`", f->key);
    for (size_t j = i + 1; j < o->n && o->fields[j].words == f->words; j++) {
        buf_printf(out, " and `%s`", o->fields[j].key);
    }
    buf_printf(out, ":\n\n");
    for (const struct scn_word *w = f->words; w->word != NULL; w++) {
        buf_printf(out, "- `%s`: %s%s\n", w->word, w->doc,
                   w->unsupported ? " (not supported yet)" : "");
    }
}

static void print_object(struct buf *out, const struct scn_object *o)
{
    buf_printf(out, "\n## %s\n\n", o->name);
    if (o->doc != NULL) {
        buf_printf(out, "%s\n", o->doc);
    }
    if (o->n == 0) {
        return;
    }
    buf_printf(out, "\n| key | value | default | meaning | example |\n"
                    "| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < o->n; i++) {
        const struct scn_field *f = &o->fields[i];
        if (f->key != NULL) {
            buf_printf(out, "| `%s` | ", f->key);
        } else {
            buf_printf(out, "| *%s* | ", f->pattern->what);
        }
        print_type(out, f);
        buf_printf(out, " | ");
        print_default(out, o, f);
        buf_printf(out, " | %s | `%s` |\n", f->doc, f->example);
    }
    for (size_t i = 0; i < o->n; i++) {
        print_meanings(out, o, i);
    }
}

/* Objects in the order in which the page first mentions them. */
static void collect(const struct scn_object *o, const struct scn_object **found, size_t *n)
{
    for (size_t i = 0; i < *n; i++) {
        if (found[i] == o) {
            return;
        }
    }
    if (*n == OBJECTS_MAX) {
        return;
    }
    found[(*n)++] = o;
    for (size_t i = 0; i < o->n; i++) {
        if (o->fields[i].object != NULL) {
            collect(o->fields[i].object, found, n);
        }
    }
}

static const char introduction[] =
    "# Scenario files\n"
    "\n"
    "Generated from the loader's own table; `lockstep schema` prints it and the JSON Schema that\n"
    "editors use ([scenario.schema.json](scenario.schema.json)).\n"
    "\n"
    "A scenario is one YAML 1.2 document of at most 8 MiB. The reader is strict: a key it does "
    "not\n"
    "know, a key given twice, a value of another type, a number without its unit, a tab, an\n"
    "anchor, an alias or a tag is an error with its place, and so is a name that nothing defines.\n"
    "\n"
    "| kind of value | written as |\n"
    "| --- | --- |\n"
    "| whole number | digits only: `65536` |\n"
    "| amount | a whole number of the asset's smallest unit, up to 128 bits |\n"
    "| duration | a whole number and its unit, `s`, `ms`, `us` or `ns`: `20ms` |\n"
    "| percentage | `2%`, `0.3%` (four decimals at most), or basis points: `30bp` |\n"
    "| ratio | two whole numbers: `1900/1` |\n"
    "| moment | a duration after the start, `slot 2`, or `slot 2 + 100ms`; slots count from 1 |\n"
    "| leg | a rollup and a position in its block: `A.0` |\n"
    "| bytes | an even number of hexadecimal digits, quoted if they could be read as a number |\n"
    "| a name | a letter, then up to 31 letters, digits, `-` or `_` |\n"
    "| a rollup name | a letter, then up to 15 letters, digits or `-` |\n"
    "| an asset | a capital letter, then up to 9 capital letters or digits |\n"
    "| an actor | `sequencer`, `da`, `l1`, `wallet`, `executor-` and a rollup's name, or "
    "`watcher-` and that of a rollup with one |\n";

int scn_schema_markdown(struct buf *out)
{
    const struct scn_object *objects[OBJECTS_MAX];
    size_t n = 0;
    collect(&scn_schema, objects, &n);
    buf_printf(out, "%s", introduction);
    for (size_t i = 0; i < n; i++) {
        const struct scn_object *o = objects[i];
        if (o->n == 0 || (o->fields[0].flags & SCN_INLINE) == 0) {
            print_object(out, o);
        }
    }
    return out->err;
}
