#include "lockstep/scenario/scn_errors.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES 600
#define HINT_WORDS 4096
#define WORD_MAX 40

void scn_errors_fini(struct scn_errors *e)
{
    buf_fini(&e->text);
    *e = (struct scn_errors){0};
}

void scn_fail(struct scn_errors *e, struct scn_place place, const char *format, ...)
{
    if (scn_errors_full(e)) {
        e->dropped++;
        return;
    }
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    size_t text_len = len < 0 ? 0 : (size_t)len;
    if (text_len >= sizeof(message)) {
        text_len = sizeof(message) - 1;
    }
    e->items[e->n++] = (struct scn_error){place, e->text.len, text_len};
    buf_append(&e->text, message, text_len);
}

static bool place_before(struct scn_place a, struct scn_place b)
{
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

bool scn_errors_between(const struct scn_errors *e, struct scn_place from, struct scn_place to)
{
    for (size_t i = 0; i < e->n; i++) {
        if (!place_before(e->items[i].place, from) && place_before(e->items[i].place, to)) {
            return true;
        }
    }
    return false;
}

void scn_errors_write(struct scn_errors *e, const char *name, struct buf *out)
{
    /* Insertion sort: stable, and there are twenty at most. */
    for (size_t i = 1; i < e->n; i++) {
        struct scn_error moving = e->items[i];
        size_t j = i;
        for (; j > 0 && place_before(moving.place, e->items[j - 1].place); j--) {
            e->items[j] = e->items[j - 1];
        }
        e->items[j] = moving;
    }
    for (size_t i = 0; i < e->n; i++) {
        const struct scn_error *item = &e->items[i];
        buf_printf(out, "%s:", name);
        if (item->place.line > 0) {
            buf_printf(out, "%u:%u:", item->place.line, item->place.column);
        }
        buf_append_u8(out, ' ');
        if (e->text.err == 0) {
            buf_append(out, e->text.data + item->text_offset, item->text_len);
        }
        buf_append_u8(out, '\n');
    }
    if (e->dropped > 0) {
        buf_printf(out, "%s: %zu more errors are not shown; mend these first\n", name, e->dropped);
    }
}

const char *scn_clip(struct scn_clip *room, const char *text)
{
    size_t n = 0;
    for (; text[n] != 0 && n < WORD_MAX; n++) {
        room->text[n] = text[n];
        if ((unsigned char)text[n] < 0x20) {
            room->text[n] = ' ';
        }
    }
    if (text[n] != 0) {
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
            n--; /* not inside a character */
        }
        memcpy(room->text + n, "...", 3);
        n += 3;
    }
    room->text[n] = 0;
    return room->text;
}

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and swaps of neighbours, each once per place; letters
 * differing in case count as equal. Both words are at most WORD_MAX long. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = same_letter(a[i - 1], b[j - 1]) ? 0 : 1;
            now[j] = min_of(min_of(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1])) {
                now[j] = min_of(now[j], before[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

void scn_hint_add(struct scn_hint *h, const char *word)
{
    h->n++;
    if (h->n > HINT_WORDS) {
        return;
    }
    size_t used = strlen(h->known);
    size_t word_len = strlen(word);
    const size_t tail = sizeof(", ...");
    if (used + word_len + 2 + tail < sizeof(h->known)) {
        (void)snprintf(h->known + used, sizeof(h->known) - used, "%s%s", used > 0 ? ", " : "",
                       word);
    } else if (used > 0 && h->known[used - 1] != '.') {
        (void)snprintf(h->known + used, sizeof(h->known) - used, ", ...");
    }
    size_t wrong_len = strlen(h->wrong);
    size_t apart = wrong_len > word_len ? wrong_len - word_len : word_len - wrong_len;
    size_t near = wrong_len < 3 ? 1 : (wrong_len < 9 ? 2 : wrong_len / 3);
    if (word_len > WORD_MAX || wrong_len > WORD_MAX || apart > near) {
        return;
    }
    size_t distance = edit_distance(h->wrong, wrong_len, word, word_len);
    if (distance <= near && distance < word_len && (distance < wrong_len) &&
        (h->best == NULL || distance < h->best_distance)) {
        h->best = word;
        h->best_distance = distance;
    }
}

const char *scn_hint_text(struct scn_hint *h, const char *plural)
{
    if (h->best != NULL) {
        (void)snprintf(h->text, sizeof(h->text), "did you mean `%s`?", h->best);
    } else if (h->n > 0) {
        (void)snprintf(h->text, sizeof(h->text), "known %s: %s", plural, h->known);
    } else {
        (void)snprintf(h->text, sizeof(h->text), "no %s are defined", plural);
    }
    return h->text;
}
