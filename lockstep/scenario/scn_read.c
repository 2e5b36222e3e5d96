/* The loader that the table drives: objects, lists, mappings with free keys. */
#include "common/base/check.h"
#include "lockstep/scenario/scn.h"
#include "lockstep/scenario/scn_schema.h"

#include <inttypes.h>

#define FIELDS_MAX 24

/* How every SCN_LIST_OF lies in memory. */
struct any_list {
    void *items;
    size_t n;
};

struct reading {
    struct scn_arena *arena;
    struct scn_errors *errors;
};

static int read_value(const struct reading *r, const struct scn_field *f, const char *label,
                      const struct scn_node *node, void *at);

/* Returns: true if the node is of the kind needed; otherwise a message was given. */
static bool kind_fits(const struct reading *r, const struct scn_field *f, const char *label,
                      const struct scn_node *node, enum scn_node_kind need)
{
    if (node->kind == need) {
        return true;
    }
    bool keyless = f->object != NULL && f->object->n == 0;
    const char *remedy = need == SCN_LIST ? "begin each entry with `- `"
                         : keyless        ? "write {}"
                                          : "write `key: value` lines below it";
    if (node->kind == SCN_SCALAR && node->n == 0 && node->plain) {
        scn_fail(r->errors, node->place, "`%s` has no value; %s", label, remedy);
    } else {
        scn_fail(r->errors, node->place, "`%s` is a %s, a %s is needed; %s", label,
                 node->kind == SCN_SCALAR ? "single value"
                 : node->kind == SCN_LIST ? "list"
                                          : "mapping",
                 need == SCN_MAP ? "mapping" : "list", remedy);
    }
    return false;
}

static bool count_fits(const struct reading *r, const struct scn_field *f, const char *label,
                       const struct scn_node *node, size_t n)
{
    if (n >= f->min && n <= f->max) {
        return true;
    }
    const char *noun = n == 1 ? "entry" : "entries";
    const char *kind = (f->flags & SCN_REST) != 0 ? f->pattern->what : "";
    const char *of_kind = *kind != 0 ? " named by " : "";
    if (f->min == f->max) {
        scn_fail(r->errors, node->place, "`%s` has %zu %s%s%s; it must have %" PRIu64, label, n,
                 noun, of_kind, kind, f->min);
    } else {
        scn_fail(r->errors, node->place,
                 "`%s` has %zu %s%s%s; it must have between %" PRIu64 " and %" PRIu64, label, n,
                 noun, of_kind, kind, f->min, f->max);
    }
    return false;
}

static int read_items(const struct reading *r, const struct scn_field *f, const char *label,
                      const struct scn_node *node, struct any_list *out)
{
    if (!kind_fits(r, f, label, node, SCN_LIST) || !count_fits(r, f, label, node, node->n)) {
        return 0;
    }
    size_t size = f->object != NULL ? f->object->size : sizeof(struct scn_name);
    char *items = scn_arena_take(r->arena, node->n, size);
    if (items == NULL) {
        return ERR_NOMEM;
    }
    *out = (struct any_list){items, node->n};
    struct scn_field of_name = {.type = SCN_NAME, .pattern = f->pattern, .example = f->example};
    for (const struct scn_node *entry = node->first; entry != NULL; entry = entry->next) {
        int rc = f->object != NULL
                     ? scn_read_object(f->object, entry, items, r->arena, r->errors)
                     : scn_read_scalar(&of_name, label, entry, items, r->arena, r->errors);
        if (rc != 0) {
            return rc;
        }
        items += size;
    }
    return 0;
}

/* One free key with its value, into the zeroed element at `item`. */
static int read_entry(const struct reading *r, const struct scn_field *f,
                      const struct scn_node *key, char *item)
{
    const struct scn_object *o = f->object;
    const char *text = scn_arena_text(r->arena, key->text, key->n);
    if (text == NULL) {
        return ERR_NOMEM;
    }
    struct scn_name name = {text, key->place, SCN_NO_INDEX};
    memcpy(item + o->name_at, &name, sizeof(name));
    if ((o->fields[0].flags & SCN_INLINE) != 0) {
        return read_value(r, &o->fields[0], text, key->value, item + o->fields[0].offset);
    }
    return scn_read_object(o, key->value, item, r->arena, r->errors);
}

/* Reads the entries of `node`, but not those whose number is set in `skip` (NULL: none is). */
static int read_entries(const struct reading *r, const struct scn_field *f, const char *label,
                        const struct scn_node *node, const bool *skip, struct any_list *out)
{
    size_t n = 0;
    for (size_t i = 0; i < node->n; i++) {
        n += skip != NULL && skip[i] ? 0 : 1;
    }
    if (!count_fits(r, f, label, node, n)) {
        return 0;
    }
    char *items = scn_arena_take(r->arena, n, f->object->size);
    if (items == NULL) {
        return ERR_NOMEM;
    }
    *out = (struct any_list){items, 0};
    size_t i = 0;
    for (const struct scn_node *key = node->first; key != NULL; key = key->next, i++) {
        if (skip != NULL && skip[i]) {
            continue;
        }
        if (!scn_pattern_matches(f->pattern, key->text)) {
            scn_fail(r->errors, key->place, "`%s` is not %s; write %s", SHOW(key->text),
                     f->pattern->what, f->pattern->says);
            continue;
        }
        int rc = read_entry(r, f, key, items);
        if (rc != 0) {
            return rc;
        }
        items += f->object->size;
        out->n++;
    }
    return 0;
}

static int read_value(const struct reading *r, const struct scn_field *f, const char *label,
                      const struct scn_node *node, void *at)
{
    switch (f->type) {
    case SCN_OBJECT:
        return kind_fits(r, f, label, node, SCN_MAP)
                   ? scn_read_object(f->object, node, at, r->arena, r->errors)
                   : 0;
    case SCN_ITEMS:
        return read_items(r, f, label, node, at);
    case SCN_ENTRIES:
        return kind_fits(r, f, label, node, SCN_MAP) ? read_entries(r, f, label, node, NULL, at)
                                                     : 0;
    default:
        return scn_read_scalar(f, label, node, at, r->arena, r->errors);
    }
}

/* What the keys of one object's node turned out to be. */
struct sorted_keys {
    const struct scn_node *key[FIELDS_MAX]; /* by field; NULL: not given */
    bool meant[FIELDS_MAX];                 /* by field: an unknown key was taken for it */
    bool choice_meant;
    bool *skip; /* by key: is not for the REST field */
    int chosen; /* the CHOICE field's number, or -1 */
};

static const struct scn_field *rest_field(const struct scn_object *o)
{
    for (size_t i = 0; i < o->n; i++) {
        if ((o->fields[i].flags & SCN_REST) != 0) {
            return &o->fields[i];
        }
    }
    return NULL;
}

/* Reports an unknown key. A field it seems to have been meant for is not missing on top. */
static void fail_unknown(const struct reading *r, const struct scn_object *o,
                         const struct scn_node *key, struct sorted_keys *keys)
{
    struct scn_hint hint = SCN_HINT_FOR(key->text);
    for (size_t i = 0; i < o->n; i++) {
        if (o->fields[i].key != NULL) {
            scn_hint_add(&hint, o->fields[i].key);
        }
    }
    if (o->n == 0) {
        scn_fail(r->errors, key->place, "unknown key `%s`; %s takes none, write {}",
                 SHOW(key->text), o->name);
    } else {
        scn_fail(r->errors, key->place, "unknown key `%s` in %s; %s", SHOW(key->text), o->name,
                 scn_hint_text(&hint, "keys"));
    }
    for (size_t i = 0; hint.best != NULL && i < o->n; i++) {
        if (o->fields[i].key == hint.best) {
            keys->meant[i] = true;
            keys->choice_meant = keys->choice_meant || (o->fields[i].flags & SCN_CHOICE) != 0;
        }
    }
}

static int sort_keys(const struct reading *r, const struct scn_object *o,
                     const struct scn_node *node, struct sorted_keys *out)
{
    const struct scn_field *rest = rest_field(o);
    out->chosen = -1;
    out->skip = scn_arena_take(r->arena, rest != NULL ? node->n : 0, sizeof(bool));
    if (out->skip == NULL) {
        return ERR_NOMEM;
    }
    size_t at = 0;
    for (const struct scn_node *key = node->first; key != NULL; key = key->next, at++) {
        size_t i = 0;
        while (i < o->n && (o->fields[i].key == NULL || strcmp(o->fields[i].key, key->text) != 0)) {
            i++;
        }
        if (i == o->n) {
            if (rest == NULL || !scn_pattern_matches(rest->pattern, key->text)) {
                fail_unknown(r, o, key, out);
                if (rest != NULL) {
                    out->skip[at] = true;
                }
            }
            continue;
        }
        if (rest != NULL) {
            out->skip[at] = true;
        }
        if (out->key[i] != NULL) {
            continue; /* a duplicate: reported already */
        }
        out->key[i] = key;
        if ((o->fields[i].flags & SCN_CHOICE) == 0) {
            continue;
        }
        if (out->chosen >= 0) {
            scn_fail(r->errors, key->place, "`%s` cannot stand beside `%s`; keep one of them",
                     o->fields[i].key, o->fields[out->chosen].key);
        } else {
            out->chosen = (int)i;
        }
    }
    return 0;
}

static void fail_no_choice(const struct reading *r, const struct scn_object *o,
                           struct scn_place place)
{
    struct scn_hint choices = SCN_HINT_FOR("");
    for (size_t i = 0; i < o->n; i++) {
        if ((o->fields[i].flags & SCN_CHOICE) != 0) {
            scn_hint_add(&choices, o->fields[i].key);
        }
    }
    scn_fail(r->errors, place, "`%s` lacks the key that says what it is; add one of: %s", o->name,
             choices.known);
}

/* A field that is not there: its default, its own defaults if it is an object, or a message. */
static int read_absent(const struct reading *r, const struct scn_field *f, const char *in,
                       struct scn_place place, void *at)
{
    if ((f->flags & SCN_REQUIRED) != 0) {
        scn_fail(r->errors, place, "`%s` is missing in %s; write for example %s: %s", f->key, in,
                 f->key, f->example);
        return 0;
    }
    if (f->type == SCN_OBJECT && (f->flags & ((unsigned)SCN_CHOICE | SCN_OPTIONAL)) == 0) {
        const struct scn_node empty = {.kind = SCN_MAP, .place = place};
        return scn_read_object(f->object, &empty, at, r->arena, r->errors);
    }
    if (f->fallback == NULL) {
        return 0;
    }
    size_t before = r->errors->n;
    const struct scn_node node = {
        .kind = SCN_SCALAR, .plain = true, .text = f->fallback, .n = strlen(f->fallback)};
    int rc = scn_read_scalar(f, f->key, &node, at, r->arena, r->errors);
    CHECK(r->errors->n == before);
    return rc;
}

static int read_field(const struct reading *r, const struct scn_object *o,
                      const struct scn_node *node, const struct sorted_keys *keys, size_t i,
                      char *base)
{
    const struct scn_field *f = &o->fields[i];
    const struct scn_node *key = keys->key[i];
    if ((f->flags & SCN_REST) != 0) {
        return read_entries(r, f, o->name, node, keys->skip, (void *)(base + f->offset));
    }
    if ((f->flags & SCN_CHOICE) != 0 && keys->chosen != (int)i) {
        return 0;
    }
    int choice = keys->chosen >= 0 ? o->fields[keys->chosen].choice : -1;
    if (f->with != 0 && choice >= 0 && (f->with & (1u << choice)) == 0) {
        if (key != NULL) {
            scn_fail(r->errors, key->place, "`%s` does not go with `%s`; remove it", f->key,
                     o->fields[keys->chosen].key);
        }
        return 0;
    }
    if (key == NULL) {
        if (keys->meant[i]) {
            return 0;
        }
        /* Which keys are needed is not known before the choice is made. */
        return f->with != 0 && choice < 0
                   ? 0
                   : read_absent(r, f, o->name, node->place, base + f->offset);
    }
    if (f->given != 0) {
        *(bool *)(base + f->given - 1) = true;
    }
    return read_value(r, f, f->key, key->value, base + f->offset);
}

int scn_read_object(const struct scn_object *o, const struct scn_node *node, void *base,
                    struct scn_arena *arena, struct scn_errors *errors)
{
    const struct reading r = {arena, errors};
    const struct scn_field as_object = {.type = SCN_OBJECT, .object = o};
    char *bytes = base;
    CHECK(o->n <= FIELDS_MAX);
    if (o->place != 0) {
        memcpy(bytes + o->place - 1, &node->place, sizeof(node->place));
    }
    struct sorted_keys keys = {.chosen = -1};
    if (!kind_fits(&r, &as_object, o->name, node, SCN_MAP)) {
        return 0;
    }
    int rc = sort_keys(&r, o, node, &keys);
    if (rc != 0) {
        return rc;
    }
    if (o->choice != 0 && keys.chosen < 0 && !keys.choice_meant) {
        fail_no_choice(&r, o, node->place);
    } else if (keys.chosen >= 0) {
        CHECK(o->choice != 0);
        memcpy(bytes + o->choice - 1, &o->fields[keys.chosen].choice, sizeof(int));
    }
    for (size_t i = 0; i < o->n; i++) {
        rc = read_field(&r, o, node, &keys, i, bytes);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
