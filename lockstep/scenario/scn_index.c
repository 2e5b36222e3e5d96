/* Sorted names, and the references that are looked up in them. */
#include "common/base/check.h"
#include "lockstep/scenario/scn_refs.h"

#include <stdio.h>
#include <stdlib.h>

int scn_index_init(struct scn_index *x, struct scn_arena *arena, size_t n)
{
    const struct scn_name **names = scn_arena_take(arena, n, sizeof(const struct scn_name *));
    if (names == NULL) {
        return ERR_NOMEM;
    }
    *x = (struct scn_index){names, 0, n};
    return 0;
}

void scn_index_add(struct scn_index *x, const struct scn_name *name)
{
    CHECK(x->n < x->room);
    x->names[x->n++] = name;
}

static int name_order(const void *a, const void *b)
{
    const struct scn_name *x = *(const struct scn_name *const *)a;
    const struct scn_name *y = *(const struct scn_name *const *)b;
    int order = strcmp(x->text, y->text);
    if (order != 0) {
        return order;
    }
    if (x->place.line != y->place.line) {
        return x->place.line < y->place.line ? -1 : 1;
    }
    return x->place.column < y->place.column ? -1 : (x->place.column > y->place.column ? 1 : 0);
}

void scn_index_sort(struct scn_index *x)
{
    if (x->n > 1) {
        qsort(x->names, x->n, sizeof(const struct scn_name *), name_order);
    }
}

const struct scn_name *scn_index_find(const struct scn_index *x, const char *text)
{
    size_t low = 0;
    size_t high = x->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(x->names[middle]->text, text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < x->n && strcmp(x->names[low]->text, text) == 0 ? x->names[low] : NULL;
}

static void hint_from(struct scn_hint *hint, const struct scn_index *x)
{
    for (size_t i = 0; i < x->n; i++) {
        if (i == 0 || strcmp(x->names[i]->text, x->names[i - 1]->text) != 0) {
            scn_hint_add(hint, x->names[i]->text);
        }
    }
}

void scn_refer_rollup(struct scn_refs *r, struct scn_name *name)
{
    if (name->text == NULL) {
        return;
    }
    const struct scn_name *found = scn_index_find(&r->rollups, name->text);
    if (found != NULL) {
        name->index = found->index;
    } else if (!r->rollups_broken) {
        struct scn_hint hint = SCN_HINT_FOR(name->text);
        hint_from(&hint, &r->rollups);
        scn_fail(r->errors, name->place, "rollup `%s` is not defined; %s", SHOW(name->text),
                 scn_hint_text(&hint, "rollups"));
    }
}

static const char *const fixed_actors[] = {"sequencer", "da", "l1", "wallet"};
#define N_FIXED_ACTORS (sizeof(fixed_actors) / sizeof(fixed_actors[0]))
#define EXECUTOR "executor-"
#define WATCHER "watcher-"

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_actor(const struct scn_refs *r, const char *text)
{
    for (size_t i = 0; i < N_FIXED_ACTORS; i++) {
        if (strcmp(text, fixed_actors[i]) == 0) {
            return true;
        }
    }
    bool watcher = begins_with(text, WATCHER);
    if (!watcher && !begins_with(text, EXECUTOR)) {
        return false;
    }
    const struct scn_name *rollup =
        scn_index_find(&r->rollups, text + strlen(watcher ? WATCHER : EXECUTOR));
    return r->rollups_broken ||
           (rollup != NULL &&
            (!watcher || r->s->rollups.items[rollup->index].watcher == SCN_WATCHER));
}

void scn_refer_actor(struct scn_refs *r, struct scn_name *name)
{
    if (name->text == NULL || is_actor(r, name->text)) {
        return;
    }
    char names[2 * SCN_ROLLUPS_MAX][32];
    struct scn_hint hint = SCN_HINT_FOR(name->text);
    for (size_t i = 0; i < N_FIXED_ACTORS; i++) {
        scn_hint_add(&hint, fixed_actors[i]);
    }
    for (size_t i = 0; i < r->s->rollups.n && i < SCN_ROLLUPS_MAX; i++) {
        const struct scn_rollup *rollup = &r->s->rollups.items[i];
        (void)snprintf(names[2 * i], sizeof(names[0]), EXECUTOR "%s", rollup->name.text);
        scn_hint_add(&hint, names[2 * i]);
        if (rollup->watcher == SCN_WATCHER) {
            (void)snprintf(names[2 * i + 1], sizeof(names[0]), WATCHER "%s", rollup->name.text);
            scn_hint_add(&hint, names[2 * i + 1]);
        }
    }
    scn_fail(r->errors, name->place, "actor `%s` does not exist here; %s", SHOW(name->text),
             scn_hint_text(&hint, "actors"));
}

void scn_refer_account(struct scn_refs *r, uint32_t rollup, struct scn_name *name, bool anywhere)
{
    if (name->text == NULL || rollup == SCN_NO_INDEX) {
        return;
    }
    const struct scn_index *here = &r->scopes[rollup].accounts;
    const struct scn_name *found = scn_index_find(here, name->text);
    if (found != NULL) {
        name->index = found->index;
        return;
    }
    bool elsewhere = scn_index_find(&r->accounts, name->text) != NULL;
    if (r->rollups_broken || (anywhere && elsewhere)) {
        return;
    }
    struct scn_hint hint = SCN_HINT_FOR(name->text);
    const char *rollup_name = r->s->rollups.items[rollup].name.text;
    if (anywhere) {
        hint_from(&hint, &r->accounts);
        scn_fail(r->errors, name->place, "account `%s` is not defined in any rollup; %s",
                 SHOW(name->text), scn_hint_text(&hint, "accounts"));
    } else if (elsewhere) {
        scn_fail(r->errors, name->place,
                 "account `%s` is not defined in rollup `%s`; add `%s: {}` to its accounts",
                 SHOW(name->text), rollup_name, name->text);
    } else {
        hint_from(&hint, here);
        scn_fail(r->errors, name->place, "account `%s` is not defined in rollup `%s`; %s",
                 SHOW(name->text), rollup_name, scn_hint_text(&hint, "accounts"));
    }
}

void scn_refer_pool(struct scn_refs *r, uint32_t rollup, struct scn_name *name)
{
    if (name->text == NULL || rollup == SCN_NO_INDEX) {
        return;
    }
    const struct scn_name *found = scn_index_find(&r->scopes[rollup].pools, name->text);
    if (found != NULL) {
        name->index = found->index;
    } else if (!r->rollups_broken) {
        struct scn_hint hint = SCN_HINT_FOR(name->text);
        hint_from(&hint, &r->scopes[rollup].pools);
        scn_fail(r->errors, name->place, "pool `%s` is not defined in rollup `%s`; %s",
                 SHOW(name->text), r->s->rollups.items[rollup].name.text,
                 scn_hint_text(&hint, "pools"));
    }
}

void scn_refer_lending(struct scn_refs *r, uint32_t rollup, struct scn_name *name)
{
    if (name->text == NULL || rollup == SCN_NO_INDEX) {
        return;
    }
    const struct scn_name *found = scn_index_find(&r->scopes[rollup].lendings, name->text);
    if (found != NULL) {
        name->index = found->index;
    } else if (!r->rollups_broken) {
        struct scn_hint hint = SCN_HINT_FOR(name->text);
        hint_from(&hint, &r->scopes[rollup].lendings);
        scn_fail(r->errors, name->place, "lending pool `%s` is not defined in rollup `%s`; %s",
                 SHOW(name->text), r->s->rollups.items[rollup].name.text,
                 scn_hint_text(&hint, "lending pools"));
    }
}

void scn_refer_asset(struct scn_refs *r, uint32_t rollup, struct scn_name *name)
{
    if (name->text == NULL || rollup == SCN_NO_INDEX || r->rollups_broken ||
        scn_index_find(&r->scopes[rollup].assets, name->text) != NULL) {
        return;
    }
    struct scn_hint hint = SCN_HINT_FOR(name->text);
    hint_from(&hint, &r->scopes[rollup].assets);
    scn_fail(r->errors, name->place, "asset `%s` does not occur in rollup `%s`; %s",
             SHOW(name->text), r->s->rollups.items[rollup].name.text,
             scn_hint_text(&hint, "assets"));
}

void scn_refer_pool_asset(struct scn_refs *r, uint32_t rollup, const struct scn_name *pool,
                          struct scn_name *asset)
{
    if (asset->text == NULL || pool->text == NULL || rollup == SCN_NO_INDEX ||
        pool->index == SCN_NO_INDEX || r->rollups_broken) {
        return;
    }
    const struct scn_pool *p = &r->s->rollups.items[rollup].pools.items[pool->index];
    struct scn_hint hint = SCN_HINT_FOR(asset->text);
    for (size_t i = 0; i < p->reserves.n; i++) {
        if (strcmp(p->reserves.items[i].asset.text, asset->text) == 0) {
            return;
        }
        scn_hint_add(&hint, p->reserves.items[i].asset.text);
    }
    scn_fail(r->errors, asset->place, "pool `%s` does not hold asset `%s`; %s", pool->text,
             SHOW(asset->text), scn_hint_text(&hint, "assets"));
}
