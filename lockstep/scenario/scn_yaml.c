#include "lockstep/scenario/scn_yaml.h"

#include "common/base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct scn_arena *arena;
    struct scn_errors *errors;
};

static struct scn_place place_of(yaml_mark_t mark)
{
    return (struct scn_place){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* libyaml knows what it stumbled over; it does not know what the author should do. */
static int report_parser(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) {
        return ERR_NOMEM;
    }
    const char *problem = p->problem != NULL ? p->problem : "unreadable";
    struct scn_place place = place_of(p->problem_mark);
    if (p->context != NULL && p->context_mark.line != p->problem_mark.line) {
        scn_fail(r->errors, place,
                 "not valid YAML, %s %s that began on line %u; check brackets, quotes and "
                 "indentation",
                 problem, p->context, (unsigned)p->context_mark.line + 1);
    } else {
        scn_fail(r->errors, place, "not valid YAML, %s; check brackets, quotes and indentation",
                 problem);
    }
    return ERR_INVALID;
}

static int next_event(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event) == 0) {
        return report_parser(r);
    }
    return 0;
}

static int refuse(struct reader *r, const yaml_event_t *event, const char *text)
{
    scn_fail(r->errors, place_of(event->start_mark), "%s", text);
    return ERR_INVALID;
}

static int check_event(struct reader *r, const yaml_event_t *event)
{
    const unsigned char *anchor = NULL;
    const unsigned char *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return refuse(r, event, "an alias (`*name`); write the value out where it is used");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor != NULL) {
        return refuse(r, event, "an anchor (`&name`); write the value out where it is used");
    }
    if (tag != NULL) {
        return refuse(r, event, "a tag (`!name`); leave it out, the key says what the value is");
    }
    return 0;
}

static int read_node(struct reader *r, yaml_event_t *event, unsigned depth, struct scn_node **out);

static int read_scalar(struct reader *r, const yaml_event_t *event, struct scn_node *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    for (size_t i = 0; i < len; i++) {
        if (((unsigned char)value[i] < 0x20 && value[i] != '\n') || value[i] == 0x7f) {
            return refuse(r, event, "a control character in quoted text; remove the escape");
        }
    }
    node->kind = SCN_SCALAR;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->n = len;
    node->text = scn_arena_text(r->arena, value, len);
    return node->text == NULL ? ERR_NOMEM : 0;
}

static int key_order(const void *a, const void *b)
{
    const struct scn_node *x = *(struct scn_node *const *)a;
    const struct scn_node *y = *(struct scn_node *const *)b;
    int order = strcmp(x->text, y->text);
    if (order != 0) {
        return order;
    }
    if (x->place.line != y->place.line) {
        return x->place.line < y->place.line ? -1 : 1;
    }
    return x->place.column < y->place.column ? -1 : 1;
}

static int check_duplicates(struct reader *r, const struct scn_node *map)
{
    CLEANUP(cleanup_free) struct scn_node **keys = NULL;
    if (map->n < 2) {
        return 0;
    }
    keys = calloc(map->n, sizeof(struct scn_node *));
    if (keys == NULL) {
        return ERR_NOMEM;
    }
    size_t n = 0;
    for (struct scn_node *key = map->first; key != NULL; key = key->next) {
        keys[n++] = key;
    }
    qsort(keys, n, sizeof(struct scn_node *), key_order);
    size_t first = 0;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(keys[first]->text, keys[i]->text) != 0) {
            first = i;
            continue;
        }
        scn_fail(r->errors, keys[i]->place,
                 "key `%s` is given twice, first on line %u column %u; keep one",
                 SHOW(keys[i]->text), keys[first]->place.line, keys[first]->place.column);
    }
    return 0;
}

/* Reads up to the end of a list or map whose start is in `node`. */
static int read_entries(struct reader *r, struct scn_node *node, unsigned depth)
{
    struct scn_node **link = &node->first;
    for (;;) {
        CLEANUP(yaml_event_delete) yaml_event_t event = {0};
        int rc = next_event(r, &event);
        if (rc != 0) {
            return rc;
        }
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            return node->kind == SCN_MAP ? check_duplicates(r, node) : 0;
        }
        struct scn_node *entry = NULL;
        rc = read_node(r, &event, depth, &entry);
        if (rc != 0) {
            return rc;
        }
        if (node->kind == SCN_MAP) {
            if (entry->kind != SCN_SCALAR) {
                scn_fail(r->errors, entry->place,
                         "a list or mapping used as a key; a key is a word before `: `");
                return ERR_INVALID;
            }
            CLEANUP(yaml_event_delete) yaml_event_t value = {0};
            rc = next_event(r, &value);
            if (rc == 0) {
                rc = read_node(r, &value, depth, &entry->value);
            }
            if (rc != 0) {
                return rc;
            }
        }
        *link = entry;
        link = &entry->next;
        node->n++;
    }
}

/* `depth` lists and maps are open around the node. */
static int read_node(struct reader *r, yaml_event_t *event, unsigned depth, struct scn_node **out)
{
    int rc = check_event(r, event);
    if (rc != 0) {
        return rc;
    }
    struct scn_node *node = scn_arena_take(r->arena, 1, sizeof(*node));
    if (node == NULL) {
        return ERR_NOMEM;
    }
    node->place = place_of(event->start_mark);
    if (event->type == YAML_SCALAR_EVENT) {
        rc = read_scalar(r, event, node);
    } else if (depth >= SCN_YAML_DEPTH) {
        scn_fail(r->errors, node->place,
                 "nested more than %d levels deep; a scenario needs fewer than 12", SCN_YAML_DEPTH);
        return ERR_INVALID;
    } else {
        node->kind = event->type == YAML_MAPPING_START_EVENT ? SCN_MAP : SCN_LIST;
        rc = read_entries(r, node, depth + 1);
    }
    if (rc == 0) {
        *out = node;
    }
    return rc;
}

static int expect_event(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
    CLEANUP(yaml_event_delete) yaml_event_t event = {0};
    int rc = next_event(r, &event);
    if (rc != 0) {
        return rc;
    }
    if (event.type != type) {
        return refuse(r, &event, otherwise);
    }
    if (type == YAML_DOCUMENT_START_EVENT && (event.data.document_start.version_directive != NULL ||
                                              event.data.document_start.tag_directives.start !=
                                                  event.data.document_start.tag_directives.end)) {
        return refuse(r, &event, "a YAML directive (`%...`); remove the line");
    }
    return 0;
}

static int read_document(struct reader *r, struct scn_node **out)
{
    static const char empty[] = "nothing but comments and space; a scenario begins with "
                                "`version: 1`";
    int rc = expect_event(r, YAML_STREAM_START_EVENT, "not a YAML stream");
    if (rc == 0) {
        rc = expect_event(r, YAML_DOCUMENT_START_EVENT, empty);
    }
    if (rc != 0) {
        return rc;
    }
    struct scn_node *node = NULL;
    CLEANUP(yaml_event_delete) yaml_event_t event = {0};
    rc = next_event(r, &event);
    if (rc == 0) {
        rc = read_node(r, &event, 0, &node);
    }
    if (rc == 0) {
        rc = expect_event(r, YAML_DOCUMENT_END_EVENT, "text after the document's end; remove it");
    }
    if (rc == 0) {
        rc = expect_event(r, YAML_STREAM_END_EVENT,
                          "a second document begins here; a file holds one scenario");
    }
    if (rc == 0) {
        *out = node;
    }
    return rc;
}

int scn_yaml_parse(struct bytes text, struct scn_arena *arena, struct scn_errors *errors,
                   struct scn_node **root)
{
    const struct scn_place nowhere = {0, 0};
    if (text.len > SCN_YAML_BYTES) {
        scn_fail(errors, nowhere, "larger than %zu bytes; a scenario may not be", SCN_YAML_BYTES);
        return ERR_INVALID;
    }
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text = bytes_of(text.data + 3, text.len - 3); /* byte order mark */
    }
    if (text.len == 0) {
        scn_fail(errors, nowhere, "the file is empty; a scenario begins with `version: 1`");
        return ERR_INVALID;
    }
    if (!scn_yaml_scan(text, errors)) {
        return ERR_INVALID;
    }
    struct reader r = {.arena = arena, .errors = errors};
    if (yaml_parser_initialize(&r.parser) == 0) {
        return ERR_NOMEM;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, text.data, text.len);
    struct scn_node *node = NULL;
    int rc = read_document(&r, &node);
    yaml_parser_delete(&r.parser);
    if (rc == 0) {
        *root = node;
        rc = errors->n > 0 ? ERR_INVALID : 0;
    }
    return rc;
}
