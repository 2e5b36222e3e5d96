#include "common/actor/act.h"

#include "common/base/check.h"
#include "common/base/vec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Longer details are cut off: a peer's message must not be able to fill the trace. */
#define REJECT_DETAIL_BYTES 256

struct act_payload *act_payload_new(struct bytes data)
{
    if (data.len > SIZE_MAX - sizeof(struct act_payload)) {
        return NULL;
    }
    struct act_payload *p = malloc(sizeof(*p) + data.len);
    if (p == NULL) {
        return NULL;
    }
    uint8_t *copy = (uint8_t *)(p + 1);
    if (data.len > 0) {
        memcpy(copy, data.data, data.len);
    }
    p->refs = 1;
    p->view = bytes_of(copy, data.len);
    return p;
}

struct act_payload *act_payload_ref(struct act_payload *p)
{
    CHECK(p->refs > 0 && p->refs < UINT32_MAX);
    p->refs++;
    return p;
}

void act_payload_unref(struct act_payload **p)
{
    struct act_payload *held = *p;
    *p = NULL;
    if (held == NULL) {
        return;
    }
    CHECK(held->refs > 0);
    held->refs--;
    if (held->refs == 0) {
        free(held);
    }
}

const char *act_reject_name(enum act_reject_reason reason)
{
    switch (reason) {
#define X(symbol, name)                                                                            \
    case symbol:                                                                                   \
        return name;
        ACT_REJECT_MAP(X)
#undef X
    case ACT_REJECT_REASONS:
        break;
    }
    return "unknown";
}

/* Takes over the reference in effect.body, also on failure. */
static void append(struct act_effects *out, struct act_effect effect)
{
    size_t limit = out->limit != 0 ? out->limit : ACT_EFFECTS_LIMIT;
    if (out->err == 0 && out->n >= limit) {
        out->err = ERR_TOOBIG;
    }
    if (out->err == 0) {
        out->err = VEC_RESERVE(out->items, out->cap, out->n + 1);
    }
    if (out->err != 0) {
        act_payload_unref(&effect.body);
        return;
    }
    out->items[out->n++] = effect;
}

static void append_copy(struct act_effects *out, struct act_effect effect, struct bytes body)
{
    if (out->err != 0) {
        return;
    }
    effect.body = act_payload_new(body);
    if (effect.body == NULL) {
        out->err = ERR_NOMEM;
        return;
    }
    append(out, effect);
}

void act_send(struct act_effects *out, uint32_t to, struct bytes body)
{
    append_copy(out, (struct act_effect){.kind = ACT_SEND, .peer = to}, body);
}

void act_send_payload(struct act_effects *out, uint32_t to, struct act_payload *body)
{
    append(out, (struct act_effect){.kind = ACT_SEND, .peer = to, .body = act_payload_ref(body)});
}

void act_arm(struct act_effects *out, uint64_t timer_id, struct sim_time at)
{
    append(out, (struct act_effect){.kind = ACT_ARM, .id = timer_id, .at = at});
}

void act_cancel(struct act_effects *out, uint64_t timer_id)
{
    append(out, (struct act_effect){.kind = ACT_CANCEL, .id = timer_id});
}

void act_work(struct act_effects *out, uint64_t work_id, uint32_t work_kind, struct bytes request,
              int64_t cost_ns)
{
    CHECK(cost_ns >= 0);
    append_copy(out,
                (struct act_effect){
                    .kind = ACT_WORK, .id = work_id, .work_kind = work_kind, .cost_ns = cost_ns},
                request);
}

void act_record(struct act_effects *out, struct bytes record)
{
    append_copy(out, (struct act_effect){.kind = ACT_RECORD}, record);
}

void act_reject(struct act_effects *out, uint32_t peer, enum act_reject_reason reason,
                const char *format, ...)
{
    char detail[REJECT_DETAIL_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    CHECK(len >= 0);
    CHECK((unsigned)reason < ACT_REJECT_REASONS);
    size_t kept = (size_t)len < sizeof(detail) ? (size_t)len : sizeof(detail) - 1;
    append_copy(out, (struct act_effect){.kind = ACT_REJECT, .peer = peer, .reason = reason},
                bytes_of(detail, kept));
}

void act_effects_clear(struct act_effects *out)
{
    for (size_t i = 0; i < out->n; i++) {
        act_payload_unref(&out->items[i].body);
    }
    out->n = 0;
    out->err = 0;
}

void act_effects_fini(struct act_effects *out)
{
    act_effects_clear(out);
    free(out->items);
    *out = (struct act_effects){.limit = out->limit};
}
