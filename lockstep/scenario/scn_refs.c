#include "lockstep/scenario/scn_refs.h"

#include <inttypes.h>
#include <stdio.h>

/* Calls `take` for every asset that is in a rollup at the start, or that a bridge brings there. */
static void each_asset(const struct scn *s, const struct scn_rollup *rollup,
                       void (*take)(struct scn_index *x, const struct scn_name *asset),
                       struct scn_index *x)
{
    for (size_t i = 0; i < rollup->accounts.n; i++) {
        for (size_t j = 0; j < rollup->accounts.items[i].balances.n; j++) {
            take(x, &rollup->accounts.items[i].balances.items[j].asset);
        }
    }
    for (size_t i = 0; i < rollup->pools.n; i++) {
        for (size_t j = 0; j < rollup->pools.items[i].reserves.n; j++) {
            take(x, &rollup->pools.items[i].reserves.items[j].asset);
        }
    }
    for (size_t i = 0; i < rollup->lendings.n; i++) {
        take(x, &rollup->lendings.items[i].asset);
        take(x, &rollup->lendings.items[i].collateral);
    }
    for (size_t i = 0; i < s->timeline.n; i++) {
        const struct scn_step *step = &s->timeline.items[i];
        for (size_t j = 0; step->kind == SCN_STEP_SUBMIT && j < step->submit.legs.n; j++) {
            const struct scn_leg *leg = &step->submit.legs.items[j];
            if (leg->rollup.text == NULL || strcmp(leg->rollup.text, rollup->name.text) != 0) {
                continue;
            }
            for (size_t k = 0; k < leg->ops.n; k++) {
                if (leg->ops.items[k].kind == SCN_OP_BRIDGE_IN) {
                    take(x, &leg->ops.items[k].bridge.asset);
                }
            }
        }
    }
}

static void count(struct scn_index *x, const struct scn_name *asset)
{
    x->n++;
}

static void take_named(struct scn_index *x, const struct scn_name *asset)
{
    if (asset->text != NULL) {
        scn_index_add(x, asset);
    }
}

static int index_assets(struct scn_refs *r, const struct scn_rollup *rollup, struct scn_index *x)
{
    struct scn_index counted = {0};
    each_asset(r->s, rollup, count, &counted);
    int rc = scn_index_init(x, r->arena, counted.n);
    if (rc == 0) {
        each_asset(r->s, rollup, take_named, x);
        scn_index_sort(x);
    }
    return rc;
}

/* What a lending pool says that its fields one by one cannot be asked. */
static void check_lending(struct scn_refs *r, const struct scn_lending *l)
{
    if (l->asset.text != NULL && l->collateral.text != NULL &&
        strcmp(l->asset.text, l->collateral.text) == 0) {
        scn_fail(r->errors, l->collateral.place,
                 "lending pool `%s` cannot lend %s against itself; take another collateral",
                 l->name.text, SHOW(l->asset.text));
    }
    if (l->factor.num > UINT64_MAX || l->factor.den > UINT64_MAX) {
        scn_fail(r->errors, l->name.place,
                 "the `factor` of lending pool `%s` does not fit 64 bits above and below; reduce "
                 "the fraction",
                 l->name.text);
    }
}

static int index_rollup(struct scn_refs *r, struct scn_rollup *rollup, struct scn_scope *scope)
{
    int rc = scn_index_init(&scope->accounts, r->arena, rollup->accounts.n);
    if (rc == 0) {
        rc = scn_index_init(&scope->pools, r->arena, rollup->pools.n);
    }
    if (rc == 0) {
        rc = scn_index_init(&scope->lendings, r->arena, rollup->lendings.n);
    }
    if (rc == 0) {
        rc = index_assets(r, rollup, &scope->assets);
    }
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < rollup->accounts.n; i++) {
        rollup->accounts.items[i].name.index = (uint32_t)i;
        scn_index_add(&scope->accounts, &rollup->accounts.items[i].name);
        scn_index_add(&r->accounts, &rollup->accounts.items[i].name);
    }
    for (size_t i = 0; i < rollup->pools.n; i++) {
        rollup->pools.items[i].name.index = (uint32_t)i;
        scn_index_add(&scope->pools, &rollup->pools.items[i].name);
    }
    for (size_t i = 0; i < rollup->lendings.n; i++) {
        rollup->lendings.items[i].name.index = (uint32_t)i;
        scn_index_add(&scope->lendings, &rollup->lendings.items[i].name);
        check_lending(r, &rollup->lendings.items[i]);
    }
    scn_index_sort(&scope->lendings);
    scn_index_sort(&scope->accounts);
    scn_index_sort(&scope->pools);
    return 0;
}

static void assign_chain_ids(struct scn_refs *r)
{
    struct scn *s = r->s;
    for (size_t i = 0; i < s->rollups.n; i++) {
        struct scn_rollup *rollup = &s->rollups.items[i];
        if (rollup->chain_id == 0) {
            rollup->chain_id = SCN_CHAIN_ID_FIRST + i;
        }
        for (size_t j = 0; j < i; j++) {
            const struct scn_rollup *other = &s->rollups.items[j];
            if (other->chain_id == rollup->chain_id) {
                scn_fail(r->errors, rollup->name.place,
                         "rollup `%s` has chain id %" PRIu64 ", as has rollup `%s` on line %u; "
                         "give each its own",
                         rollup->name.text, rollup->chain_id, other->name.text,
                         other->name.place.line);
                break;
            }
        }
    }
}

int scn_resolve_rollups(struct scn_refs *r)
{
    struct scn *s = r->s;
    size_t accounts = 0;
    for (size_t i = 0; i < s->rollups.n; i++) {
        accounts += s->rollups.items[i].accounts.n;
    }
    r->scopes = scn_arena_take(r->arena, s->rollups.n, sizeof(*r->scopes));
    int rc = r->scopes == NULL ? ERR_NOMEM : scn_index_init(&r->rollups, r->arena, s->rollups.n);
    if (rc == 0) {
        rc = scn_index_init(&r->accounts, r->arena, accounts);
    }
    for (size_t i = 0; rc == 0 && i < s->rollups.n; i++) {
        s->rollups.items[i].name.index = (uint32_t)i;
        scn_index_add(&r->rollups, &s->rollups.items[i].name);
        rc = index_rollup(r, &s->rollups.items[i], &r->scopes[i]);
    }
    if (rc != 0) {
        return rc;
    }
    scn_index_sort(&r->rollups);
    scn_index_sort(&r->accounts);
    assign_chain_ids(r);
    return 0;
}

/* "a -> b" or "a <-> b" to its parts. Returns: 0 (look at `errors`) or ERR_NOMEM. */
static int split_link(struct scn_refs *r, struct scn_link *link)
{
    const char *text = link->name.text;
    const char *arrow = strstr(text, " <-> ");
    size_t arrow_len = 5;
    bool both_ways = arrow != NULL;
    if (!both_ways) {
        arrow = strstr(text, " -> ");
        arrow_len = 4;
    }
    if (arrow == NULL || arrow == text || arrow[arrow_len] == 0) {
        scn_fail(r->errors, link->name.place,
                 "`%s` is no link; write `default`, `sequencer -> da` or `sequencer <-> da`",
                 SHOW(text));
        return 0;
    }
    struct scn_place place = link->name.place;
    struct scn_name from = {scn_arena_text(&r->s->arena, text, (size_t)(arrow - text)), place,
                            SCN_NO_INDEX};
    struct scn_name to = {arrow + arrow_len, place, SCN_NO_INDEX};
    if (from.text == NULL) {
        return ERR_NOMEM;
    }
    size_t before = r->errors->n;
    scn_refer_actor(r, &from);
    scn_refer_actor(r, &to);
    if (r->errors->n == before && strcmp(from.text, to.text) == 0) {
        scn_fail(r->errors, place, "`%s` leads back to where it begins; name two different actors",
                 SHOW(text));
    }
    link->from = from.text;
    link->to = to.text;
    link->both_ways = both_ways;
    return 0;
}

static bool link_covers(const struct scn_link *link, const char *from, const char *to)
{
    if (link->from == NULL) {
        return false;
    }
    return (strcmp(link->from, from) == 0 && strcmp(link->to, to) == 0) ||
           (link->both_ways && strcmp(link->from, to) == 0 && strcmp(link->to, from) == 0);
}

int scn_resolve_links(struct scn_refs *r)
{
    const struct scn_link *base = &r->s->links.fallback;
    for (size_t i = 0; i < r->s->links.pairs.n; i++) {
        struct scn_link *link = &r->s->links.pairs.items[i];
        int rc = split_link(r, link);
        if (rc != 0) {
            return rc;
        }
        link->delay_ns = link->has_delay ? link->delay_ns : base->delay_ns;
        link->jitter_ns = link->has_jitter ? link->jitter_ns : base->jitter_ns;
        link->loss_ppm = link->has_loss ? link->loss_ppm : base->loss_ppm;
        link->duplicate_ppm = link->has_duplicate ? link->duplicate_ppm : base->duplicate_ppm;
        for (size_t j = 0; link->from != NULL && j < i; j++) {
            const struct scn_link *other = &r->s->links.pairs.items[j];
            if (link_covers(other, link->from, link->to) ||
                (link->both_ways && link_covers(other, link->to, link->from))) {
                scn_fail(r->errors, link->name.place,
                         "link `%s` is set already by `%s` on line %u; keep one",
                         SHOW(link->name.text), SHOW(other->name.text), other->name.place.line);
                break;
            }
        }
    }
    return 0;
}

const struct scn_link *scn_link_between(const struct scn *s, const char *from, const char *to)
{
    for (size_t i = 0; i < s->links.pairs.n; i++) {
        if (link_covers(&s->links.pairs.items[i], from, to)) {
            return &s->links.pairs.items[i];
        }
    }
    return &s->links.fallback;
}

/* Returns: true if something is wrong with a section, so that names may be missing from it. */
static bool section_broken(const struct scn_refs *r, const struct scn_node *root, const char *name)
{
    for (const struct scn_node *key = root->first; key != NULL; key = key->next) {
        if (strcmp(key->text, name) == 0) {
            struct scn_place end = {UINT32_MAX, UINT32_MAX};
            return scn_errors_full(r->errors) ||
                   scn_errors_between(r->errors, key->place,
                                      key->next != NULL ? key->next->place : end);
        }
    }
    return r->errors->n > 0;
}

int scn_resolve(struct scn *s, const struct scn_node *root, struct scn_errors *errors)
{
    struct scn_arena arena = {0};
    struct scn_refs r = {.s = s, .errors = errors, .arena = &arena};
    r.clean = errors->n == 0;
    r.rollups_broken = section_broken(&r, root, "rollups");
    r.timeline_broken = section_broken(&r, root, "timeline");
    int rc = scn_resolve_rollups(&r);
    if (rc == 0) {
        rc = scn_resolve_links(&r);
    }
    if (rc == 0) {
        rc = scn_resolve_timeline(&r);
    }
    if (rc == 0) {
        scn_resolve_expect(&r);
    }
    scn_arena_fini(&arena);
    return rc;
}
