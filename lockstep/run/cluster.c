#include "lockstep/run/cluster.h"

#include "common/actor/wire.h"
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp.h"
#include "common/protocol/pro_descriptor.h"
#include "lockstep/run/cluster_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_EXECUTOR 4 /* index; the four others come before */

/* ---- Keys ---- */

/* keccak256("lockstep/cluster/v1" || u64 seed || scenario name || 0 || label) */
static void derive(const struct cluster *c, const char *label, struct hash32 *out)
{
    static const char tag[] = "lockstep/cluster/v1";
    struct hash_keccak h;
    uint8_t seed[8];
    for (int i = 0; i < 8; i++) {
        seed[i] = (uint8_t)(c->seed >> (56 - 8 * i));
    }
    hash_keccak_init(&h);
    hash_keccak_add(&h, bytes_of(tag, sizeof(tag) - 1));
    hash_keccak_add(&h, bytes_of(seed, sizeof(seed)));
    hash_keccak_add(&h, bytes_of(c->scn->name, strlen(c->scn->name) + 1));
    hash_keccak_add(&h, bytes_str(label));
    hash_keccak_end(&h, out);
}

static void derive_key(const struct cluster *c, const char *kind, const char *name,
                       struct sig_key *out)
{
    char label[128];
    struct hash32 seed;
    (void)snprintf(label, sizeof(label), "%s %s", kind, name);
    derive(c, label, &seed);
    sig_key_from_seed(out, BYTES_OF(seed));
}

/* ---- Actors and users ---- */

static int add_actor(struct cluster *c, enum cluster_role role, const char *prefix,
                     const char *suffix)
{
    struct cluster_actor *a = &c->actors[c->n_actors];
    size_t len = strlen(prefix) + strlen(suffix) + 1;
    a->role = role;
    a->name = malloc(len);
    if (a->name == NULL) {
        return ERR_NOMEM;
    }
    (void)snprintf(a->name, len, "%s%s", prefix, suffix);
    derive_key(c, "actor", a->name, &a->key);
    c->n_actors++;
    return 0;
}

static int add_actors(struct cluster *c)
{
    c->actors = calloc(FIRST_EXECUTOR + 2 * c->scn->rollups.n, sizeof(*c->actors));
    if (c->actors == NULL) {
        return ERR_NOMEM;
    }
    int rc = add_actor(c, CLUSTER_SEQUENCER, "sequencer", "");
    rc = rc != 0 ? rc : add_actor(c, CLUSTER_DA, "da", "");
    rc = rc != 0 ? rc : add_actor(c, CLUSTER_L1, "l1", "");
    rc = rc != 0 ? rc : add_actor(c, CLUSTER_WALLET, "wallet", "");
    for (size_t i = 0; i < c->scn->rollups.n && rc == 0; i++) {
        const struct scn_rollup *r = &c->scn->rollups.items[i];
        c->actors[c->n_actors].rollup = r;
        rc = add_actor(c, CLUSTER_EXECUTOR, "executor-", r->name.text);
    }
    for (size_t i = 0; i < c->scn->rollups.n && rc == 0; i++) {
        const struct scn_rollup *r = &c->scn->rollups.items[i];
        if (r->watcher == SCN_WATCHER) {
            c->actors[c->n_actors].rollup = r;
            rc = add_actor(c, CLUSTER_WATCHER, "watcher-", r->name.text);
        }
    }
    return rc;
}

static int add_user(struct cluster *c, const char *name, size_t *cap)
{
    if (cluster_user(c, name) != NULL) {
        return 0;
    }
    size_t names_cap = *cap;
    int rc = VEC_RESERVE(c->users, *cap, c->n_users + 1);
    if (rc == 0) {
        rc = VEC_RESERVE(c->user_names, names_cap, c->n_users + 1);
    }
    if (rc != 0) {
        return rc;
    }
    c->user_names[c->n_users] = strdup(name);
    if (c->user_names[c->n_users] == NULL) {
        return ERR_NOMEM;
    }
    derive_key(c, "user", name, &c->users[c->n_users]);
    c->n_users++;
    return 0;
}

/* One key per account name: alice is the same person on every rollup. */
static int add_users(struct cluster *c)
{
    size_t cap = 0;
    int rc = 0;
    for (size_t i = 0; i < c->scn->rollups.n; i++) {
        const struct scn_rollup *r = &c->scn->rollups.items[i];
        for (size_t k = 0; k < r->accounts.n && rc == 0; k++) {
            rc = add_user(c, r->accounts.items[k].name.text, &cap);
        }
    }
    return rc;
}

const struct addr20 *cluster_user(const struct cluster *c, const char *name)
{
    for (size_t i = 0; i < c->n_users; i++) {
        if (strcmp(c->user_names[i], name) == 0) {
            return &c->users[i].address;
        }
    }
    return NULL;
}

uint32_t cluster_actor_id(const struct cluster *c, const char *name)
{
    for (size_t i = 0; i < c->n_actors; i++) {
        if (strcmp(c->actors[i].name, name) == 0) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

/* ---- Time-lock ---- */

static int make_timelock(struct cluster *c, struct bytes modulus, struct buf *why)
{
    struct tlp_modulus m;
    struct tlp_params *params = NULL;
    int rc = tlp_modulus_decode(modulus, &m, why);
    if (rc != 0) {
        return rc;
    }
    rc = tlp_params_setup(&m, c->scn->timelock.squarings, NULL, &params, why);
    tlp_modulus_wipe(&m);
    if (rc == 0) {
        c->timelock_params.limit = 1 << 16;
        c->timelock_digest = *tlp_params_digest(params);
        rc = tlp_params_encode(params, c->scn->timelock.solver == SCN_SOLVER_TRAPDOOR,
                               &c->timelock_params);
    }
    tlp_params_destroy(&params);
    return rc;
}

/* ---- Network ---- */

static int make_network(struct cluster *c)
{
    size_t n = 1;
    for (size_t i = 0; i < c->scn->links.pairs.n; i++) {
        n += c->scn->links.pairs.items[i].both_ways ? 2 : 1;
    }
    c->rules = calloc(n, sizeof(*c->rules));
    if (c->rules == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i <= c->scn->links.pairs.n; i++) {
        const struct scn_link *l =
            i == 0 ? &c->scn->links.fallback : &c->scn->links.pairs.items[i - 1];
        struct run_link_rule rule = {
            .from = i == 0 ? 0 : cluster_actor_id(c, l->from),
            .to = i == 0 ? 0 : cluster_actor_id(c, l->to),
            .params = {l->delay_ns, l->jitter_ns, l->loss_ppm, l->duplicate_ppm},
        };
        c->rules[c->n_rules++] = rule;
        if (i != 0 && l->both_ways) {
            rule.from = c->rules[c->n_rules - 1].to;
            rule.to = c->rules[c->n_rules - 1].from;
            c->rules[c->n_rules++] = rule;
        }
    }
    return 0;
}

/* The patience of the links: some round trips of the slowest link, so that nothing is repeated
 * that is merely on its way. */
int64_t cluster_retry_ns(const struct cluster *c)
{
    int64_t slowest = 0;
    for (size_t i = 0; i < c->n_rules; i++) {
        int64_t one_way = c->rules[i].params.delay_ns + c->rules[i].params.jitter_ns;
        slowest = one_way > slowest ? one_way : slowest;
    }
    int64_t patience = 4 * slowest;
    return patience < 20 * NS_PER_MS ? 20 * NS_PER_MS : patience;
}

/* ---- All together ---- */

static int name_deployment(struct cluster *c)
{
    CLEANUP(buf_fini) struct buf encoded = {0};
    CLEANUP(pro_descriptor_fini)
    struct pro_descriptor d = {
        .l1_chain_id = CLUSTER_L1_CHAIN_ID,
        .salt = c->salt,
        .timelock = c->timelock_digest,
        .sequencer = c->actors[CLUSTER_SEQUENCER].key.address,
        .n_executors = (uint32_t)c->scn->rollups.n,
        .executors = calloc(c->scn->rollups.n + 1, sizeof(*d.executors)),
    };
    if (d.executors == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->scn->rollups.n; i++) {
        d.executors[i].rollup = c->scn->rollups.items[i].chain_id;
        d.executors[i].address = c->actors[FIRST_EXECUTOR + i].key.address;
    }
    pro_descriptor_encode(&d, &encoded);
    pro_descriptor_id(buf_view(&encoded), &c->deployment);
    return encoded.err;
}

void cluster_destroy(struct cluster **cluster)
{
    struct cluster *c = *cluster;
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_actors; i++) {
        free(c->actors[i].name);
        sig_key_wipe(&c->actors[i].key);
        buf_fini(&c->actors[i].config);
    }
    for (size_t i = 0; i < c->n_users; i++) {
        free(c->user_names[i]);
        sig_key_wipe(&c->users[i]);
    }
    for (size_t i = 0; i < c->n_script; i++) {
        buf_fini(&c->script_bodies[i]);
    }
    for (size_t i = 0; c->run_actors != NULL && i < c->n_actors; i++) {
        free((void *)(uintptr_t)c->run_actors[i].program);
    }
    free(c->actors);
    free(c->users);
    free(c->user_names);
    free(c->run_actors);
    free(c->rules);
    free(c->cuts);
    free(c->script);
    free(c->script_bodies);
    buf_fini(&c->timelock_params);
    free(c);
    *cluster = NULL;
}

static int assemble(struct cluster *c, const struct cluster_options *options, struct buf *why)
{
    derive(c, "deployment", &c->salt);
    int rc = add_actors(c);
    rc = rc != 0 ? rc : add_users(c);
    rc = rc != 0 ? rc : make_timelock(c, options->modulus, why);
    rc = rc != 0 ? rc : name_deployment(c);
    rc = rc != 0 ? rc : make_network(c);
    rc = rc != 0 ? rc : cluster_configure(c);
    rc = rc != 0 ? rc : cluster_make_script(c);
    rc = rc != 0 ? rc : cluster_make_actors(c, options->program_dir);
    for (size_t i = 0; rc == 0 && i < c->n_actors; i++) {
        char label[128];
        (void)snprintf(label, sizeof(label), "entropy %s", c->actors[i].name);
        derive(c, label, &c->run_actors[i].entropy);
    }
    return rc;
}

int cluster_new(const struct scn *scn, const struct cluster_options *options, struct cluster **out,
                struct buf *why)
{
    struct cluster *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return ERR_NOMEM;
    }
    c->scn = scn;
    c->seed = options->seed;
    c->policy = options->policy;
    c->mempool = options->mempool != SCN_MEMPOOL_ANY ? options->mempool : scn->mempool;
    c->state_proof = scn->execution.state_proof;
    for (int i = 0; options->state_proof != NULL && i <= PRO_STATE_PROOF_IDEAL_RECURSIVE; i++) {
        if (strcmp(scn_state_proof_word((enum pro_state_proof)i), options->state_proof) == 0) {
            c->state_proof = (enum pro_state_proof)i;
        }
    }
    c->without_attacks = options->without_attacks;
    int rc = assemble(c, options, why);
    if (rc != 0) {
        cluster_destroy(&c);
        return rc;
    }
    *out = c;
    return 0;
}
