#include "lockstep/run/history.h"

#include "common/actor/wire.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"

void history_fini(struct history *h)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->items[i].kind == HISTORY_RECORD) {
            wire_record_free(&h->items[i].record);
        } else if (h->items[i].kind == HISTORY_REJECT) {
            free(h->items[i].reject.detail);
        }
    }
    free(h->items);
    *h = (struct history){0};
}

static void fail(struct history *h, int rc)
{
    h->err = h->err != 0 ? h->err : rc;
}

/* Returns: the place for one more item, or NULL. */
static struct history_item *next(struct history *h, enum history_kind kind, struct sim_time at,
                                 uint32_t actor)
{
    int rc = VEC_RESERVE(h->items, h->cap, h->n + 1);
    if (rc != 0) {
        fail(h, rc);
        return NULL;
    }
    struct history_item *item = &h->items[h->n];
    *item = (struct history_item){.kind = kind, .at = at, .actor = actor};
    return item;
}

void history_add_record(struct history *h, struct sim_time at, uint32_t actor, struct bytes record)
{
    struct history_item *item = next(h, HISTORY_RECORD, at, actor);
    if (item != NULL) {
        int rc = wire_record_unpack(record, &item->record);
        fail(h, rc);
        h->n += rc == 0;
    }
}

void history_add_reject(struct history *h, struct sim_time at, uint32_t actor, uint32_t peer,
                        enum act_reject_reason reason, struct bytes detail)
{
    struct history_item *item = next(h, HISTORY_REJECT, at, actor);
    char *text = malloc(detail.len + 1);
    if (item == NULL || text == NULL) {
        fail(h, ERR_NOMEM);
        free(text);
        return;
    }
    memcpy(text, detail.len > 0 ? detail.data : (const uint8_t *)"", detail.len);
    text[detail.len] = 0;
    item->reject = (struct history_reject){peer, reason, text};
    h->n++;
}

void history_add_life(struct history *h, struct sim_time at, uint32_t actor, enum run_life what,
                      int rc)
{
    struct history_item *item = next(h, HISTORY_LIFE, at, actor);
    if (item != NULL) {
        item->life = (struct history_life){what, rc};
        h->n++;
    }
}
