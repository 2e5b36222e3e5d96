#include "lockstep/timelock/tlc.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS (INT64_C(500) * 1000000) /* short work shows nothing */
#define EVERY_NS (INT64_C(200) * 1000000)

void tlc_say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)fputs("lockstep: ", stderr);
    (void)vfprintf(stderr, format, list);
    (void)fputc('\n', stderr);
    va_end(list);
}

int tlc_say_internal(int rc)
{
    tlc_say("%s", err_text(rc));
    return TLC_INTERNAL;
}

void tlc_clause(struct buf *sentence, struct buf *out)
{
    const char *text = buf_cstr(sentence);
    size_t len = strlen(text);
    len -= len > 0 && text[len - 1] == '.' ? 1 : 0;
    if (len > 1 && (islower((unsigned char)text[1]) || text[1] == ' ')) {
        buf_printf(out, "%c%.*s", tolower((unsigned char)text[0]), (int)(len - 1), text + 1);
    } else {
        buf_printf(out, "%.*s", (int)len, text);
    }
}

const char *tlc_hex(const struct hash32 *digest, size_t bytes, char *out)
{
    hex_encode(bytes_of(digest->b, bytes), out);
    return out;
}

const char *tlc_number(uint64_t n, char *out)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    char *at = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            *at++ = ',';
        }
        *at++ = digits[i];
    }
    *at = 0;
    return out;
}

int64_t tlc_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void tlc_progress_begin(struct tlc_progress *p, const char *what, uint64_t first, bool wanted)
{
    *p = (struct tlc_progress){.what = what, .first = first, .started_ns = tlc_now_ns()};
    p->on = wanted && isatty(STDERR_FILENO) == 1;
    p->shown_ns = p->started_ns + PATIENCE_NS - EVERY_NS;
}

static void show_left(double seconds)
{
    uint64_t s = seconds < 1e12 ? (uint64_t)seconds : UINT64_C(1000000000000);
    if (s < 100) {
        (void)fprintf(stderr, "%" PRIu64 " s left", s);
    } else if (s < UINT64_C(3) * 86400) {
        (void)fprintf(stderr, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", s / 3600, s / 60 % 60,
                      s % 60);
    } else {
        (void)fprintf(stderr, "%" PRIu64 " days left", s / 86400);
    }
}

void tlc_progress_tell(void *progress, uint64_t done, uint64_t total)
{
    struct tlc_progress *p = progress;
    int64_t now_ns = tlc_now_ns();
    if (!p->on || now_ns - p->shown_ns < EVERY_NS || done <= p->first || total == 0) {
        return;
    }
    double rate = (double)(done - p->first) * 1e9 / (double)(now_ns - p->started_ns);
    char number[32];
    (void)fprintf(stderr, "\r%s: %s steps, %.1f %%, %.2f M/s, ", p->what, tlc_number(done, number),
                  (double)done * 100 / (double)total, rate / 1e6);
    show_left((double)(total - done) / rate);
    (void)fputs("\033[K", stderr);
    (void)fflush(stderr);
    p->shown = true;
    p->shown_ns = now_ns;
}

void tlc_progress_end(struct tlc_progress *p)
{
    if (p->shown) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
    p->on = false;
}
