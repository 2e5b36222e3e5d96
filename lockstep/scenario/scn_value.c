/* Scalars: numbers, amounts, durations, percentages, names, words, bytes, moments. */
#include "common/base/check.h"
#include "lockstep/scenario/scn.h"
#include "lockstep/scenario/scn_schema.h"

#include <inttypes.h>
#include <stdio.h>

struct value {
    const struct scn_field *f;
    const char *label;
    const struct scn_node *node;
    struct scn_arena *arena;
    struct scn_errors *errors;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* In: a text. Out: its leading decimal digits as a number, and what follows them.
 * Returns: 0; ERR_INVALID without digits or with a leading zero; ERR_OVERFLOW. */
static int lead_number(const char *text, u128 *out, const char **rest)
{
    u128 v = 0;
    const char *p = text;
    if (!is_digit(*p) || (p[0] == '0' && is_digit(p[1]))) {
        return ERR_INVALID;
    }
    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(v, (u128)10, &v) ||
            __builtin_add_overflow(v, (u128)(unsigned)(*p - '0'), &v)) {
            return ERR_OVERFLOW;
        }
    }
    *out = v;
    *rest = p;
    return 0;
}

static void fail_number(const struct value *v, const char *text)
{
    const char *example = v->f->example != NULL ? v->f->example : "5";
    if (!v->node->plain) {
        scn_fail(v->errors, v->node->place, "`%s` is quoted text; write the number without quotes",
                 v->label);
    } else if (text[0] == '0' && is_digit(text[1])) {
        scn_fail(v->errors, v->node->place, "`%s` is `%s`; write the number without leading zeros",
                 v->label, SHOW(text));
    } else {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, a whole number is needed (digits only); write for example %s",
                 v->label, SHOW(text), example);
    }
}

static void fail_bounds(const struct value *v, const char *text)
{
    if (v->f->max == UINT64_MAX || v->f->max == 0) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is %s; it must be at least %" PRIu64 " and fit %s", v->label, SHOW(text),
                 v->f->min, v->f->type == SCN_U128 ? "128 bits" : "64 bits");
    } else {
        scn_fail(v->errors, v->node->place,
                 "`%s` is %s; it must be between %" PRIu64 " and %" PRIu64, v->label, SHOW(text),
                 v->f->min, v->f->max);
    }
}

static void read_integer(const struct value *v, void *at)
{
    const char *text = v->node->text;
    const char *rest = NULL;
    u128 n = 0;
    int rc = v->node->plain ? lead_number(text, &n, &rest) : ERR_INVALID;
    if (rc == ERR_INVALID || (rc == 0 && *rest != 0)) {
        fail_number(v, text);
        return;
    }
    u128 max = v->f->type == SCN_U128 && v->f->max == 0 ? ~(u128)0 : v->f->max;
    if (rc != 0 || n < v->f->min || n > max) {
        fail_bounds(v, text);
    } else if (v->f->type == SCN_U128) {
        memcpy(at, &n, sizeof(n));
    } else if (v->f->type == SCN_U64) {
        *(uint64_t *)at = (uint64_t)n;
    } else {
        *(uint32_t *)at = (uint32_t)n;
    }
}

struct unit {
    const char *word;
    uint64_t ns;
};
static const struct unit units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};

void scn_duration_text(uint64_t ns, char out[SCN_DURATION_TEXT])
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ns % units[i].ns == 0) {
            (void)snprintf(out, SCN_DURATION_TEXT, "%" PRIu64 "%s", ns / units[i].ns,
                           units[i].word);
            return;
        }
    }
}

/* Returns: true with the duration in `ns`; otherwise a message was given. */
static bool parse_duration(const struct value *v, const char *text, int64_t *ns)
{
    const char *rest = NULL;
    u128 n = 0;
    int rc = lead_number(text, &n, &rest);
    if (rc == 0 && *rest == 0) {
        scn_fail(v->errors, v->node->place, "`%s` is `%s`, which has no unit; write %sms or %ss",
                 v->label, SHOW(text), SHOW(text), SHOW(text));
        return false;
    }
    const struct unit *unit = NULL;
    for (size_t i = 0; rc == 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        unit = strcmp(rest, units[i].word) == 0 ? &units[i] : unit;
    }
    if (rc == ERR_INVALID || (rc == 0 && unit == NULL)) {
        scn_fail(
            v->errors, v->node->place,
            "`%s` is `%s`, a duration is needed: a whole number and s, ms, us or ns; write for "
            "example 20ms",
            v->label, SHOW(text));
        return false;
    }
    u128 total = 0;
    if (rc != 0 || __builtin_mul_overflow(n, (u128)unit->ns, &total) || total < v->f->min ||
        total > v->f->max) {
        char least[SCN_DURATION_TEXT];
        char most[SCN_DURATION_TEXT];
        scn_duration_text(v->f->min, least);
        scn_duration_text(v->f->max, most);
        scn_fail(v->errors, v->node->place, "`%s` is %s; it must be between %s and %s", v->label,
                 SHOW(text), least, most);
        return false;
    }
    *ns = (int64_t)total;
    return true;
}

static void read_when(const struct value *v, struct scn_when *out)
{
    const char *text = v->node->text;
    struct scn_when when = {.place = v->node->place};
    if (is_digit(text[0])) {
        if (parse_duration(v, text, &when.offset_ns)) {
            *out = when;
        }
        return;
    }
    const char *rest = NULL;
    u128 slot = 0;
    int rc = strncmp(text, "slot ", 5) == 0 ? lead_number(text + 5, &slot, &rest) : ERR_INVALID;
    if (rc == 0 && (slot == 0 || slot > UINT32_MAX)) {
        scn_fail(v->errors, v->node->place, "`%s` is `%s`; slots count from 1", v->label,
                 SHOW(text));
        return;
    }
    if (rc != 0 || (*rest != 0 && strncmp(rest, " + ", 3) != 0)) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, which is no moment; write 150ms, slot 1 or slot 1 + 100ms",
                 v->label, SHOW(text));
        return;
    }
    when.slot = (uint64_t)slot;
    if (*rest == 0 || parse_duration(v, rest + 3, &when.offset_ns)) {
        *out = when;
    }
}

/* Returns: true with parts per million in `ppm`, for "2%", "0.25%" or "30bp". */
static bool parse_percent(const char *text, uint64_t *ppm)
{
    const char *rest = NULL;
    u128 whole = 0;
    if (lead_number(text, &whole, &rest) != 0 || whole > 1000000) {
        return false;
    }
    if (strcmp(rest, "bp") == 0) {
        *ppm = (uint64_t)whole * 100;
        return true;
    }
    uint64_t sum = (uint64_t)whole * 10000;
    if (*rest == '.') {
        uint64_t scale = 1000;
        rest++;
        if (!is_digit(*rest)) {
            return false;
        }
        for (; is_digit(*rest) && scale > 0; rest++, scale /= 10) {
            sum += (uint64_t)(*rest - '0') * scale;
        }
    }
    *ppm = sum;
    return strcmp(rest, "%") == 0;
}

static void read_percent(const struct value *v, uint32_t *out)
{
    const char *text = v->node->text;
    uint64_t ppm = 0;
    if (v->node->n == strspn(text, "0123456789.")) {
        scn_fail(v->errors, v->node->place, "`%s` is `%s`, which has no unit; write %s%%", v->label,
                 SHOW(text), SHOW(text));
    } else if (!parse_percent(text, &ppm)) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, a percentage is needed, with four decimals at most; write for "
                 "example %s",
                 v->label, SHOW(text), v->f->example != NULL ? v->f->example : "2%");
    } else if (ppm < v->f->min || ppm > v->f->max) {
        scn_fail(v->errors, v->node->place, "`%s` is %s; it must be between 0%% and %g%%", v->label,
                 SHOW(text), (double)v->f->max / 10000.0);
    } else {
        *out = (uint32_t)ppm;
    }
}

bool scn_pattern_matches(const struct scn_pattern *p, const char *text)
{
    if (p->max == 0) {
        return true;
    }
    for (size_t i = 0; text[i] != 0; i++) {
        unsigned allowed = i == 0 ? p->first : p->rest;
        char c = text[i];
        unsigned kind = c >= 'A' && c <= 'Z'   ? SCN_UPPER
                        : c >= 'a' && c <= 'z' ? SCN_LOWER
                        : is_digit(c)          ? SCN_DIGIT
                        : c == '-'             ? SCN_DASH
                        : c == '_'             ? SCN_UNDERSCORE
                                               : 0;
        if ((kind & allowed) == 0 || i >= p->max) {
            return false;
        }
    }
    return text[0] != 0;
}

/* Words that other readers of YAML take for something else than text. */
static bool is_yaml_constant(const struct scn_node *node)
{
    static const char *const constants[] = {"true",  "True", "TRUE", "false", "False",
                                            "FALSE", "null", "Null", "NULL"};
    for (size_t i = 0; node->plain && i < sizeof(constants) / sizeof(constants[0]); i++) {
        if (strcmp(node->text, constants[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool name_is_good(const struct value *v)
{
    const struct scn_pattern *p = v->f->pattern;
    if (is_yaml_constant(v->node)) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, which YAML does not read as text; quote "
                 "it or take another word",
                 v->label, v->node->text);
        return false;
    }
    if (!scn_pattern_matches(p, v->node->text)) {
        scn_fail(v->errors, v->node->place, "`%s` is `%s`, which is not %s; write %s", v->label,
                 SHOW(v->node->text), p->what, p->says);
        return false;
    }
    return true;
}

static int read_word(const struct value *v, const char **out)
{
    if (v->f->type == SCN_WORD && !name_is_good(v)) {
        return 0;
    }
    if (v->node->n > v->f->max) {
        scn_fail(v->errors, v->node->place, "`%s` is %zu bytes long; it may have %" PRIu64,
                 v->label, v->node->n, v->f->max);
        return 0;
    }
    const char *text = scn_arena_text(v->arena, v->node->text, v->node->n);
    if (text == NULL) {
        return ERR_NOMEM;
    }
    *out = text;
    return 0;
}

static int read_name(const struct value *v, struct scn_name *out)
{
    if (!name_is_good(v)) {
        return 0;
    }
    const char *text = scn_arena_text(v->arena, v->node->text, v->node->n);
    if (text == NULL) {
        return ERR_NOMEM;
    }
    *out = (struct scn_name){text, v->node->place, SCN_NO_INDEX};
    return 0;
}

const char *scn_word_of(const struct scn_word *words, int value)
{
    for (; words->word != NULL; words++) {
        if (words->value == value) {
            return words->word;
        }
    }
    return "?";
}

static void read_enum(const struct value *v, int *out)
{
    struct scn_hint hint = SCN_HINT_FOR(v->node->text);
    struct scn_hint can = SCN_HINT_FOR("");
    const struct scn_word *found = NULL;
    for (const struct scn_word *w = v->f->words; w->word != NULL; w++) {
        scn_hint_add(&hint, w->word);
        if (!w->unsupported) {
            scn_hint_add(&can, w->word);
        }
        found = strcmp(w->word, v->node->text) == 0 ? w : found;
    }
    if (found == NULL) {
        scn_fail(v->errors, v->node->place, "`%s` is `%s`, which is none of its values; %s",
                 v->label, SHOW(v->node->text), scn_hint_text(&hint, "values"));
    } else if ((v->f->flags & SCN_NUMERIC) != 0 && !v->node->plain) {
        fail_number(v, v->node->text);
    } else if (found->unsupported) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, which this version does not support yet; supported: %s", v->label,
                 found->word, can.known);
    } else {
        *out = found->value;
    }
}

static bool looks_like_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    size_t exponent = text[digits] == 'e' || text[digits] == 'E' ? digits + 1 : digits;
    return digits > 0 && text[exponent + strspn(text + exponent, "0123456789")] == 0;
}

static int read_hex(const struct value *v, struct bytes *out)
{
    const char *text = v->node->text;
    if (v->node->plain && looks_like_number(text)) {
        scn_fail(v->errors, v->node->place,
                 "`%s` looks like a number to YAML; put the digits in quotes", v->label);
        return 0;
    }
    size_t len = v->node->n / 2;
    uint8_t *data = scn_arena_take(v->arena, len, 1);
    if (data == NULL) {
        return ERR_NOMEM;
    }
    bool prefixed = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (prefixed || hex_decode(text, data, len) != 0) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, bytes are needed: an even number of the digits 0-9 and a-f; write "
                 "for example \"00ff\"",
                 v->label, SHOW(text));
    } else if (len < v->f->min || len > v->f->max) {
        bool exact = v->f->min == v->f->max;
        scn_fail(v->errors, v->node->place, "`%s` has %zu bytes; it must have %s%" PRIu64, v->label,
                 len, exact ? "" : "at most ", v->f->max);
    } else {
        *out = bytes_of(data, len);
    }
    return 0;
}

static void read_ratio(const struct value *v, struct scn_ratio *out)
{
    struct scn_ratio ratio = {0, 1};
    const char *rest = NULL;
    bool good = lead_number(v->node->text, &ratio.num, &rest) == 0;
    if (good && *rest == '/') {
        good = lead_number(rest + 1, &ratio.den, &rest) == 0;
    }
    if (!good || *rest != 0 || ratio.den == 0) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, a ratio of two whole numbers is needed; write for example 1900/1",
                 v->label, SHOW(v->node->text));
        return;
    }
    *out = ratio;
}

/* A rollup's name, a dot, a position. */
static int read_cause(const struct value *v, struct scn_cause *out)
{
    const char *text = v->node->text;
    const char *dot = strrchr(text, '.');
    const char *rest = NULL;
    u128 order = 0;
    if (dot == NULL || dot == text || lead_number(dot + 1, &order, &rest) != 0 || *rest != 0 ||
        order > UINT32_MAX) {
        scn_fail(v->errors, v->node->place,
                 "`%s` is `%s`, which names no leg; write the rollup, a dot and the position in "
                 "its block, for example A.0",
                 v->label, SHOW(text));
        return 0;
    }
    char *name = scn_arena_text(v->arena, text, (size_t)(dot - text));
    if (name == NULL) {
        return ERR_NOMEM;
    }
    *out = (struct scn_cause){{name, v->node->place, SCN_NO_INDEX}, (uint32_t)order};
    return 0;
}

int scn_read_scalar(const struct scn_field *f, const char *label, const struct scn_node *node,
                    void *at, struct scn_arena *arena, struct scn_errors *errors)
{
    const struct value v = {f, label, node, arena, errors};
    if (node->kind != SCN_SCALAR) {
        scn_fail(errors, node->place,
                 "`%s` is a %s, a single value is needed; write for example %s", label,
                 node->kind == SCN_LIST ? "list" : "mapping",
                 f->example != NULL ? f->example : "5");
        return 0;
    }
    if (node->n == 0 && node->plain) {
        scn_fail(errors, node->place, "`%s` has no value; write for example %s", label,
                 f->example != NULL ? f->example : "5");
        return 0;
    }
    switch (f->type) {
    case SCN_U32:
    case SCN_U64:
    case SCN_U128:
        read_integer(&v, at);
        return 0;
    case SCN_DURATION:
        (void)parse_duration(&v, node->text, at);
        return 0;
    case SCN_PERCENT:
        read_percent(&v, at);
        return 0;
    case SCN_NAME:
        return read_name(&v, at);
    case SCN_WORD:
    case SCN_TEXT:
        return read_word(&v, at);
    case SCN_ENUM:
        read_enum(&v, at);
        return 0;
    case SCN_HEX:
        return read_hex(&v, at);
    case SCN_RATIO:
        read_ratio(&v, at);
        return 0;
    case SCN_WHEN:
        read_when(&v, at);
        return 0;
    case SCN_CAUSE:
        return read_cause(&v, at);
    case SCN_OBJECT:
    case SCN_ITEMS:
    case SCN_ENTRIES:
    default:
        CHECK(false); /* not a scalar type */
    }
}
