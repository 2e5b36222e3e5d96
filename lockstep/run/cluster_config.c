#include "common/actor/wire.h"
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/timelock/tlp.h"
#include "da_node/da.h"
#include "executor/exe.h"
#include "l1_stub/l1.h"
#include "lockstep/run/cluster_parts.h"
#include "sequencer/seq.h"
#include "wallet/wal.h"

#include <stdio.h>
#include <stdlib.h>

#define ADMISSION_COST_NS (250 * NS_PER_US) /* one proof, verified alone */
#define REVEAL_COST_NS (100 * NS_PER_US)    /* one opening and its place in a commitment */
#define CHECK_COST_NS (200 * NS_PER_US)     /* one leg: opening, signatures, commitment */
#define DA_CAPACITY_BYTES (UINT64_C(16) << 30)

static Lockstep__Role role_of(enum cluster_role role)
{
    static const Lockstep__Role roles[] = {
        [CLUSTER_SEQUENCER] = LOCKSTEP__ROLE__ROLE_SEQUENCER,
        [CLUSTER_DA] = LOCKSTEP__ROLE__ROLE_DA,
        [CLUSTER_L1] = LOCKSTEP__ROLE__ROLE_L1,
        [CLUSTER_WALLET] = LOCKSTEP__ROLE__ROLE_WALLET,
        [CLUSTER_EXECUTOR] = LOCKSTEP__ROLE__ROLE_EXECUTOR,
        [CLUSTER_WATCHER] = LOCKSTEP__ROLE__ROLE_WATCHER,
    };
    return roles[role];
}

static ProtobufCBinaryData big_endian(u128 amount, uint8_t out[16])
{
    for (int i = 0; i < 16; i++) {
        out[i] = (uint8_t)(amount >> (120 - 8 * i));
    }
    return (ProtobufCBinaryData){16, out};
}

/* ---- Role sections ---- */

/* Protobuf wants arrays of pointers; these hold the things pointed to. */
struct executor_section {
    Lockstep__ExecutorConfig config;
    Lockstep__GenesisBalance *balances;
    Lockstep__GenesisBalance **balance_list;
    uint8_t (*amounts)[16];
    Lockstep__GenesisPool *pools;
    Lockstep__GenesisPool **pool_list;
    uint8_t (*reserves)[16];
    Lockstep__GenesisLending *lendings;
    Lockstep__GenesisLending **lending_list;
    uint8_t (*liquidity)[16];
    Lockstep__FaultConfig **faults;
};

static void executor_section_fini(struct executor_section *s)
{
    free(s->balances);
    free(s->balance_list);
    free(s->amounts);
    free(s->pools);
    free(s->pool_list);
    free(s->reserves);
    free(s->lendings);
    free(s->lending_list);
    free(s->liquidity);
    free(s->faults);
}

static void fill_balances(const struct cluster *c, const struct scn_rollup *r,
                          struct executor_section *s)
{
    for (size_t i = 0; i < r->accounts.n; i++) {
        const struct scn_account *a = &r->accounts.items[i];
        const struct addr20 *address = cluster_user(c, a->name.text);
        for (size_t k = 0; k < a->balances.n; k++) {
            size_t at = s->config.n_balances++;
            lockstep__genesis_balance__init(&s->balances[at]);
            s->balances[at].account = wire_bytes(BYTES_OF(*address));
            s->balances[at].asset = (char *)(uintptr_t)a->balances.items[k].asset.text;
            s->balances[at].amount = big_endian(a->balances.items[k].amount, s->amounts[at]);
            s->balance_list[at] = &s->balances[at];
        }
    }
}

static void fill_pools(const struct scn_rollup *r, struct executor_section *s)
{
    for (size_t i = 0; i < r->pools.n; i++) {
        const struct scn_pool *p = &r->pools.items[i];
        Lockstep__GenesisPool *g = &s->pools[i];
        lockstep__genesis_pool__init(g);
        g->name = (char *)(uintptr_t)p->name.text;
        g->asset_a = (char *)(uintptr_t)p->reserves.items[0].asset.text;
        g->asset_b = (char *)(uintptr_t)p->reserves.items[1].asset.text;
        g->reserve_a = big_endian(p->reserves.items[0].amount, s->reserves[2 * i]);
        g->reserve_b = big_endian(p->reserves.items[1].amount, s->reserves[2 * i + 1]);
        g->fee_ppm = p->fee_ppm;
        s->pool_list[i] = g;
    }
    s->config.n_pools = r->pools.n;
}

static int fill_lendings(const struct scn_rollup *r, struct executor_section *s)
{
    size_t n = r->lendings.n;
    s->lendings = calloc(n + 1, sizeof(*s->lendings));
    s->lending_list = calloc(n + 1, sizeof(*s->lending_list));
    s->liquidity = calloc(n + 1, sizeof(*s->liquidity));
    if (s->lendings == NULL || s->lending_list == NULL || s->liquidity == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        const struct scn_lending *l = &r->lendings.items[i];
        Lockstep__GenesisLending *g = &s->lendings[i];
        lockstep__genesis_lending__init(g);
        g->name = (char *)(uintptr_t)l->name.text;
        g->asset = (char *)(uintptr_t)l->asset.text;
        g->collateral = (char *)(uintptr_t)l->collateral.text;
        g->liquidity = big_endian(l->liquidity, s->liquidity[i]);
        g->factor_num = (uint64_t)l->factor.num;
        g->factor_den = (uint64_t)l->factor.den;
        s->lending_list[i] = g;
    }
    s->config.n_lendings = n;
    s->config.lendings = s->lending_list;
    return 0;
}

static int make_executor_section(const struct cluster *c, const struct scn_rollup *r,
                                 struct executor_section *s)
{
    size_t n = 0;
    for (size_t i = 0; i < r->accounts.n; i++) {
        n += r->accounts.items[i].balances.n;
    }
    lockstep__executor_config__init(&s->config);
    s->balances = calloc(n + 1, sizeof(*s->balances));
    s->balance_list = calloc(n + 1, sizeof(*s->balance_list));
    s->amounts = calloc(n + 1, sizeof(*s->amounts));
    s->pools = calloc(r->pools.n + 1, sizeof(*s->pools));
    s->pool_list = calloc(r->pools.n + 1, sizeof(*s->pool_list));
    s->reserves = calloc(2 * r->pools.n + 1, sizeof(*s->reserves));
    if (s->balances == NULL || s->balance_list == NULL || s->amounts == NULL || s->pools == NULL ||
        s->pool_list == NULL || s->reserves == NULL) {
        return ERR_NOMEM;
    }
    s->config.rollup = r->chain_id;
    s->config.transaction_cost_ns = c->scn->execution.transaction_cost_ns;
    s->config.check_cost_ns = CHECK_COST_NS;
    fill_balances(c, r, s);
    fill_pools(r, s);
    s->faults = calloc(c->scn->n_faults + 1, sizeof(Lockstep__FaultConfig *));
    if (s->faults == NULL) {
        return ERR_NOMEM;
    }
    s->config.faults = s->faults;
    s->config.balances = s->balance_list;
    s->config.pools = s->pool_list;
    return fill_lendings(r, s);
}

struct wallet_section {
    Lockstep__WalletConfig config;
    Lockstep__WalletAccount *accounts;
    Lockstep__WalletAccount **list;
};

static void wallet_section_fini(struct wallet_section *s)
{
    free(s->accounts);
    free(s->list);
}

static int make_wallet_section(const struct cluster *c, struct wallet_section *s)
{
    lockstep__wallet_config__init(&s->config);
    s->accounts = calloc(c->n_users + 1, sizeof(*s->accounts));
    s->list = calloc(c->n_users + 1, sizeof(*s->list));
    if (s->accounts == NULL || s->list == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n_users; i++) {
        lockstep__wallet_account__init(&s->accounts[i]);
        s->accounts[i].name = c->user_names[i];
        s->accounts[i].secret = wire_bytes(BYTES_OF(c->users[i].secret));
        s->list[i] = &s->accounts[i];
    }
    s->config.n_accounts = c->n_users;
    s->config.accounts = s->list;
    return 0;
}

/* ---- What all share ---- */

struct common_section {
    Lockstep__PeerConfig *peers;
    Lockstep__PeerConfig **peer_list;
    Lockstep__LimitsConfig limits;
    Lockstep__TimelockConfig timelock;
    Lockstep__SlotConfig slots;
    Lockstep__SequencerConfig sequencer;
    Lockstep__FaultConfig *faults;
    size_t n_faults;
    Lockstep__FaultConfig **fault_list; /* the sequencer's */
    struct cluster_attack *attacks;     /* parallel to faults */
    Lockstep__DaConfig da;
    Lockstep__L1Config l1;
    Lockstep__StateProofConfig state_proof;
};

static void common_section_fini(struct common_section *s)
{
    free(s->peers);
    free(s->peer_list);
    free(s->faults);
    free(s->fault_list);
    free(s->attacks);
}

static void fill_peers(const struct cluster *c, struct common_section *s)
{
    for (size_t i = 0; i < c->n_actors; i++) {
        const struct scn_rollup *r = c->actors[i].rollup;
        lockstep__peer_config__init(&s->peers[i]);
        s->peers[i].id = (uint32_t)i + 1;
        s->peers[i].name = c->actors[i].name;
        s->peers[i].role = role_of(c->actors[i].role);
        s->peers[i].rollup = r != NULL ? r->chain_id : 0;
        s->peers[i].address = wire_bytes(BYTES_OF(c->actors[i].key.address));
        s->peer_list[i] = &s->peers[i];
    }
}

static void fill_state_proof(const struct cluster *c, struct common_section *s)
{
    const struct scn_execution *x = &c->scn->execution;
    bool ideal = c->state_proof == PRO_STATE_PROOF_IDEAL_RECURSIVE;
    lockstep__state_proof_config__init(&s->state_proof);
    s->state_proof.kind = (uint32_t)c->state_proof;
    s->state_proof.proving_ns = ideal ? x->proving_cost_ns : 0;
    s->state_proof.verifying_ns = ideal ? x->verifying_cost_ns : x->transaction_cost_ns;
    s->state_proof.bytes = ideal ? x->proof_bytes : 0;
}

static void fill_settings(const struct cluster *c, struct common_section *s)
{
    const struct scn *scn = c->scn;
    lockstep__limits_config__init(&s->limits);
    s->limits.legs_per_bundle = scn->limits.legs_per_bundle;
    s->limits.bundle_bytes = scn->limits.bundle_bytes;
    s->limits.transactions_per_block = scn->limits.transactions_per_block;
    s->limits.gas_per_block = scn->limits.gas_per_block;
    s->limits.pending_per_user = scn->limits.pending_per_user;
    lockstep__timelock_config__init(&s->timelock);
    s->timelock.params = wire_bytes(buf_view(&c->timelock_params));
    s->timelock.digest = wire_bytes(BYTES_OF(c->timelock_digest));
    s->timelock.solver =
        scn->timelock.solver == SCN_SOLVER_TRAPDOOR ? TLP_TRAPDOOR : TLP_SEQUENTIAL;
    s->timelock.profile = scn->timelock.profile == SCN_PROFILE_FULL ? TLP_FULL : TLP_SHORT;
    s->timelock.squarings_per_second = scn->timelock.squarings_per_second;
    s->timelock.attacker_speedup = scn->timelock.attacker_speedup;
    lockstep__slot_config__init(&s->slots);
    s->slots.duration_ns = scn->slot_duration_ns;
    s->slots.count = scn->slots;
    lockstep__sequencer_config__init(&s->sequencer);
    s->sequencer.slots = &s->slots;
    s->sequencer.admission_cost_ns = ADMISSION_COST_NS;
    s->sequencer.reveal_cost_ns = REVEAL_COST_NS;
    lockstep__da_config__init(&s->da);
    s->da.capacity_bytes = DA_CAPACITY_BYTES;
    lockstep__l1_config__init(&s->l1);
    s->l1.block_time_ns = scn->l1.block_time_ns;
    s->l1.confirmations = scn->l1.confirmations;
    s->l1.challenge_window_blocks = scn->l1.challenge_window;
    s->l1.proposal_deadline_blocks = scn->l1.proposal_deadline;
    s->l1.final_deadline_blocks = scn->l1.final_deadline;
    s->l1.result_deadline_blocks = scn->l1.result_deadline;
    s->l1.bond_gwei = scn->l1.bond_gwei;
    s->l1.penalty_gwei = scn->l1.penalty_gwei;
    fill_state_proof(c, s);
}

/* What the timeline has the sequencer do wrong. */
static int fill_faults(const struct cluster *c, struct common_section *s)
{
    const struct scn *scn = c->scn;
    s->faults = calloc(scn->n_faults + 1, sizeof(*s->faults));
    s->fault_list = calloc(scn->n_faults + 1, sizeof(*s->fault_list));
    s->attacks = calloc(scn->n_faults + 1, sizeof(*s->attacks));
    if (s->faults == NULL || s->fault_list == NULL || s->attacks == NULL) {
        return ERR_NOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < scn->timeline.n; i++) {
        const struct scn_step *step = &scn->timeline.items[i];
        const struct scn_fault *f = &step->fault;
        bool attack = step->kind == SCN_STEP_FAULT && pro_fault_is_attack(f->kind);
        if (step->kind != SCN_STEP_FAULT || (attack && c->without_attacks)) {
            continue;
        }
        bool somewhere = f->rollup.text != NULL;
        lockstep__fault_config__init(&s->faults[n]);
        s->faults[n].kind = (uint32_t)f->kind;
        s->faults[n].slot = step->at.slot;
        s->faults[n].rollup = somewhere ? scn->rollups.items[f->rollup.index].chain_id : 0;
        s->faults[n].order = f->order;
        s->faults[n].with = f->with;
        s->faults[n].round = f->round;
        s->faults[n].sealed = f->time == SCN_FAULT_SEALING;
        s->faults[n].index = f->index;
        if (attack) {
            cluster_fill_attack(c, f, &s->attacks[n]);
            s->faults[n].attack = &s->attacks[n].config;
        }
        n++;
    }
    s->n_faults = n;
    for (size_t i = 0; i < n; i++) {
        if (!pro_fault_is_executors((enum pro_fault)s->faults[i].kind)) {
            s->fault_list[s->sequencer.n_faults++] = &s->faults[i];
        }
    }
    s->sequencer.faults = s->fault_list;
    return 0;
}

/* Out: the faults of the rollup's executor, into a list with room for all. Returns: how many. */
static size_t pick_faults(struct common_section *s, const struct scn_rollup *r,
                          Lockstep__FaultConfig **out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_faults; i++) {
        if (pro_fault_is_executors((enum pro_fault)s->faults[i].kind) &&
            s->faults[i].rollup == r->chain_id) {
            out[n++] = &s->faults[i];
        }
    }
    return n;
}

static int make_common_section(const struct cluster *c, struct common_section *s)
{
    s->peers = calloc(c->n_actors, sizeof(*s->peers));
    s->peer_list = calloc(c->n_actors, sizeof(*s->peer_list));
    if (s->peers == NULL || s->peer_list == NULL) {
        return ERR_NOMEM;
    }
    fill_peers(c, s);
    fill_settings(c, s);
    return fill_faults(c, s);
}

static int configure_actor(struct cluster *c, size_t at, struct common_section *common)
{
    CLEANUP(executor_section_fini) struct executor_section executor = {0};
    CLEANUP(wallet_section_fini) struct wallet_section wallet = {0};
    struct cluster_actor *a = &c->actors[at];
    Lockstep__ActorConfig config = LOCKSTEP__ACTOR_CONFIG__INIT;
    int rc = 0;
    config.salt = wire_bytes(BYTES_OF(c->salt));
    config.l1_chain_id = CLUSTER_L1_CHAIN_ID;
    config.secret = wire_bytes(BYTES_OF(a->key.secret));
    config.n_peers = c->n_actors;
    config.peers = common->peer_list;
    config.limits = &common->limits;
    config.timelock = &common->timelock;
    config.retry_ns = cluster_retry_ns(c);
    config.policy = (char *)(uintptr_t)c->policy;
    config.policy_by_keys = c->scn->granularity == SCN_BY_KEYS;
    config.max_rounds = (uint32_t)c->scn->max_rounds;
    config.state_proof = c->state_proof != PRO_STATE_PROOF_WITNESS ? &common->state_proof : NULL;
    switch (a->role) {
    case CLUSTER_SEQUENCER:
        config.role_case = LOCKSTEP__ACTOR_CONFIG__ROLE_SEQUENCER;
        config.sequencer = &common->sequencer;
        break;
    case CLUSTER_DA:
        config.role_case = LOCKSTEP__ACTOR_CONFIG__ROLE_DA;
        config.da = &common->da;
        break;
    case CLUSTER_L1:
        config.role_case = LOCKSTEP__ACTOR_CONFIG__ROLE_L1;
        config.l1 = &common->l1;
        break;
    case CLUSTER_WALLET:
        rc = make_wallet_section(c, &wallet);
        config.role_case = LOCKSTEP__ACTOR_CONFIG__ROLE_WALLET;
        config.wallet = &wallet.config;
        break;
    case CLUSTER_EXECUTOR:
    case CLUSTER_WATCHER:
        rc = make_executor_section(c, a->rollup, &executor);
        if (a->role == CLUSTER_EXECUTOR) {
            executor.config.n_faults = pick_faults(common, a->rollup, executor.config.faults);
        }
        config.role_case = LOCKSTEP__ACTOR_CONFIG__ROLE_EXECUTOR;
        config.executor = &executor.config;
        break;
    }
    if (rc == 0) {
        wire_pack(&config.base, &a->config);
        rc = a->config.err;
    }
    return rc;
}

int cluster_configure(struct cluster *c)
{
    CLEANUP(common_section_fini) struct common_section common = {0};
    int rc = make_common_section(c, &common);
    for (size_t i = 0; i < c->n_actors && rc == 0; i++) {
        rc = configure_actor(c, i, &common);
    }
    return rc;
}

/* ---- For the hosts ---- */

static const struct {
    const struct act_class *class;
    const char *program;
} programs[] = {
    [CLUSTER_SEQUENCER] = {&seq_class, "lockstep-sequencer"},
    [CLUSTER_DA] = {&da_class, "lockstep-da-node"},
    [CLUSTER_L1] = {&l1_class, "lockstep-l1-stub"},
    [CLUSTER_WALLET] = {&wal_class, "lockstep-wallet"},
    [CLUSTER_EXECUTOR] = {&exe_class, "lockstep-executor"},
    [CLUSTER_WATCHER] = {&exe_class, "lockstep-executor"},
};

/* All programs stand in one folder. */
static char *program_path(const char *dir, const char *program)
{
    size_t len = strlen(dir) + strlen(program) + 2;
    char *path = malloc(len);
    if (path != NULL) {
        (void)snprintf(path, len, "%s/%s", dir, program);
    }
    return path;
}

int cluster_make_actors(struct cluster *c, const char *program_dir)
{
    c->run_actors = calloc(c->n_actors, sizeof(*c->run_actors));
    if (c->run_actors == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n_actors; i++) {
        struct run_cluster_actor *a = &c->run_actors[i];
        a->name = c->actors[i].name;
        a->class = programs[c->actors[i].role].class;
        a->config = buf_view(&c->actors[i].config);
        if (program_dir != NULL) {
            a->program = program_path(program_dir, programs[c->actors[i].role].program);
            if (a->program == NULL) {
                return ERR_NOMEM;
            }
        }
    }
    return 0;
}
