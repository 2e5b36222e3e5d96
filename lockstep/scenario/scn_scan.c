/* The look at the raw bytes before libyaml gets them. */
#include "lockstep/scenario/scn_yaml.h"

enum scan_in { IN_TEXT, IN_SINGLE, IN_DOUBLE, IN_COMMENT };

struct scan {
    struct bytes text;
    size_t i; /* the character looked at */
    size_t width;
    struct scn_place place;
    enum scan_in in;
    bool token_start; /* a quote here begins a quoted scalar, a # a comment */
    bool line_lead;   /* only spaces and indicators so far on this line */
    unsigned indicators;
    unsigned depth;
    struct scn_errors *errors;
};

/* Out: the code point. Returns: its length in bytes, 0 if the bytes are not UTF-8. */
static size_t utf8_decode(const uint8_t *p, size_t left, uint32_t *cp)
{
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    size_t width = p[0] >= 0xf0 ? 4 : (p[0] >= 0xe0 ? 3 : 2);
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0xc2 || p[0] > 0xf4 || width > left) {
        return 0;
    }
    uint32_t v = p[0] & (0xffu >> (width + 1));
    for (size_t i = 1; i < width; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        v = v << 6 | (p[i] & 0x3fu);
    }
    if (v < least[width] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) {
        return 0;
    }
    *cp = v;
    return width;
}

static bool refuse_character(struct scan *s, uint32_t cp)
{
    if (cp == '\t') {
        scn_fail(s->errors, s->place, "a tab character; indent and separate with spaces");
    } else if (cp == 0) {
        scn_fail(s->errors, s->place,
                 "a zero byte; a scenario is a text file, save it as UTF-8 text");
    } else if (cp == '\r') {
        scn_fail(s->errors, s->place,
                 "a carriage return without a line feed; end lines with LF or CR LF");
    } else if (cp == 0xfeff) {
        scn_fail(s->errors, s->place,
                 "a byte order mark inside the text; it may stand only at the very beginning");
    } else {
        scn_fail(s->errors, s->place, "control character U+%04X; remove it", cp);
    }
    return false;
}

static bool is_refused(const struct scan *s, uint32_t cp)
{
    if (cp == '\r') {
        return s->i + 1 >= s->text.len || s->text.data[s->i + 1] != '\n';
    }
    return (cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 ||
           cp == 0xfeff || cp == 0xfffe || cp == 0xffff;
}

static uint8_t byte_after(const struct scan *s)
{
    return s->i + 1 < s->text.len ? s->text.data[s->i + 1] : '\n';
}

static bool too_deep(struct scan *s)
{
    scn_fail(s->errors, s->place, "nested more than %d levels deep; a scenario needs fewer than 12",
             SCN_YAML_DEPTH);
    return false;
}

/* Counts brackets and, at the head of a line, block indicators. A quote is taken for one only
 * where YAML lets a token begin; where this scan errs, the count of events still holds. */
static bool scan_text(struct scan *s, uint8_t c)
{
    bool gap_after = byte_after(s) == ' ' || byte_after(s) == '\n' || byte_after(s) == '\r';
    if (c == '[' || c == '{') {
        if (++s->depth > SCN_YAML_DEPTH) {
            return too_deep(s);
        }
    } else if ((c == ']' || c == '}') && s->depth > 0) {
        s->depth--;
    } else if (c == '\'' && s->token_start) {
        s->in = IN_SINGLE;
    } else if (c == '"' && s->token_start) {
        s->in = IN_DOUBLE;
    } else if (c == '#' && s->token_start) {
        s->in = IN_COMMENT;
    } else if ((c == '-' || c == '?' || c == ':') && s->line_lead && gap_after) {
        if (++s->indicators > SCN_YAML_DEPTH) {
            return too_deep(s);
        }
    }
    s->line_lead = s->line_lead && (c == ' ' || c == '-' || c == '?' || c == ':');
    s->token_start = c == ' ' || c == '[' || c == '{' || c == ',' || c == ':';
    return true;
}

static bool scan_character(struct scan *s, uint32_t cp)
{
    uint8_t c = cp < 0x80 ? (uint8_t)cp : (uint8_t)'x';
    switch (s->in) {
    case IN_TEXT:
        return scan_text(s, c);
    case IN_SINGLE:
        if (c == '\'') {
            if (byte_after(s) == '\'') {
                s->width = 2;
                s->place.column++;
            } else {
                s->in = IN_TEXT;
                s->token_start = false;
            }
        }
        return true;
    case IN_DOUBLE:
        if (c == '\\' && byte_after(s) >= 0x20 && byte_after(s) < 0x7f) {
            s->width = 2;
            s->place.column++;
        } else if (c == '"') {
            s->in = IN_TEXT;
            s->token_start = false;
        }
        return true;
    case IN_COMMENT:
    default:
        return true;
    }
}

bool scn_yaml_scan(struct bytes text, struct scn_errors *errors)
{
    struct scan s = {
        .text = text, .place = {1, 1}, .token_start = true, .line_lead = true, .errors = errors};
    while (s.i < text.len) {
        uint32_t cp = 0;
        s.width = utf8_decode(text.data + s.i, text.len - s.i, &cp);
        if (s.width == 0) {
            scn_fail(errors, s.place, "byte 0x%02x is not UTF-8; save the file as UTF-8 text",
                     text.data[s.i]);
            return false;
        }
        if (is_refused(&s, cp)) {
            return refuse_character(&s, cp);
        }
        if (cp == '\n') {
            s.in = s.in == IN_COMMENT ? IN_TEXT : s.in;
            s.place = (struct scn_place){s.place.line + 1, 0};
            s.token_start = true;
            s.line_lead = true;
            s.indicators = 0;
        } else if (cp != '\r' && !scan_character(&s, cp)) {
            return false;
        }
        s.place.column++;
        s.i += s.width;
    }
    return true;
}
