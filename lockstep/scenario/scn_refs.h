/* The second look at a scenario that has been read: what one part says about another. Private to
 * this folder. */
#ifndef SCN_REFS_H
#define SCN_REFS_H

#include "lockstep/scenario/scn.h"
#include "lockstep/scenario/scn_yaml.h"

/* Names of one kind, sorted; several definitions of one name stand side by side in file order. */
struct scn_index {
    const struct scn_name **names;
    size_t n;
    size_t room;
};

/* What one rollup defines. */
struct scn_scope {
    struct scn_index accounts;
    struct scn_index pools;
    struct scn_index lendings;
    struct scn_index assets; /* at the start, and those that bridges bring */
};

struct scn_refs {
    struct scn *s;
    struct scn_errors *errors;
    struct scn_arena *arena;  /* for the duration of the check */
    struct scn_scope *scopes; /* by rollup */
    struct scn_index rollups;
    struct scn_index accounts; /* of all rollups */
    struct scn_index bundles;
    bool clean;          /* nothing was wrong so far: a value left at 0 was written so */
    bool rollups_broken; /* what is not defined there may only have been misread */
    bool timeline_broken;
};

/* Makes room for n names. Returns: 0 or ERR_NOMEM. */
int scn_index_init(struct scn_index *x, struct scn_arena *arena, size_t n) MUST_CHECK;
void scn_index_add(struct scn_index *x, const struct scn_name *name);
void scn_index_sort(struct scn_index *x);
/* Returns: the first definition of `text`, or NULL. */
const struct scn_name *scn_index_find(const struct scn_index *x, const char *text);

/* Resolves every reference of `s`, fills in what depends on other parts (chain ids, links,
 * moments) and reports what does not fit together. In: the document's root, for the places of its
 * sections. Returns: 0 (look at `errors`) or ERR_NOMEM. */
int scn_resolve(struct scn *s, const struct scn_node *root, struct scn_errors *errors) MUST_CHECK;

/* The parts of scn_resolve, in the order they run. */
int scn_resolve_rollups(struct scn_refs *r) MUST_CHECK;
int scn_resolve_links(struct scn_refs *r) MUST_CHECK;
int scn_resolve_timeline(struct scn_refs *r) MUST_CHECK;
void scn_resolve_expect(struct scn_refs *r);

/* One operation of a leg. In: the rollup, or SCN_NO_INDEX; names of the leg are resolved. */
void scn_resolve_op(struct scn_refs *r, const struct scn_submit *submit, const struct scn_leg *leg,
                    uint32_t rollup, struct scn_op *op);

/* Each checks one reference (none if its text is NULL), sets its index and reports it if it leads
 * nowhere. Rollup UINT32_MAX: not known, so nothing can be said. */
void scn_refer_rollup(struct scn_refs *r, struct scn_name *name);
void scn_refer_actor(struct scn_refs *r, struct scn_name *name);
/* `anywhere`: enough that some rollup defines it. */
void scn_refer_account(struct scn_refs *r, uint32_t rollup, struct scn_name *name, bool anywhere);
void scn_refer_pool(struct scn_refs *r, uint32_t rollup, struct scn_name *name);
void scn_refer_lending(struct scn_refs *r, uint32_t rollup, struct scn_name *name);
void scn_refer_asset(struct scn_refs *r, uint32_t rollup, struct scn_name *name);
/* One of the two assets of a resolved pool. */
void scn_refer_pool_asset(struct scn_refs *r, uint32_t rollup, const struct scn_name *pool,
                          struct scn_name *asset);

#endif
