#include "lockstep/compare/cmp.h"

#include "common/base/check.h"
#include "common/base/vec.h"

#include <stdlib.h>

/* ---- Settings ---- */

static const struct cmp_value mempools[] = {
    {.word = "plaintext", .said = "with a plaintext mempool", .mempool = SCN_MEMPOOL_PLAINTEXT},
    {.word = "encrypted", .said = "encrypted", .mempool = SCN_MEMPOOL_ENCRYPTED},
};

/* In the order of common/policy. */
static const struct cmp_value policies[] = {
    {.word = "one_shot", .said = "under one_shot", .policy = "one_shot"},
    {.word = "fixpoint", .said = "fixpoint", .policy = "fixpoint"},
    {.word = "serial", .said = "serial", .policy = "serial"},
    {.word = "inclusive", .said = "inclusive", .policy = "inclusive"},
    {.word = "block_replace", .said = "block_replace", .policy = "block_replace"},
    {.word = "two_phase", .said = "two_phase", .policy = "two_phase"},
};

static const struct cmp_value state_proofs[] = {
    {.word = "witness", .said = "with witnesses", .state_proof = "witness"},
    {.word = "reexecute", .said = "executing again", .state_proof = "reexecute"},
    {.word = "ideal_recursive", .said = "an ideal prover", .state_proof = "ideal_recursive"},
};

static const struct cmp_over settings[] = {
    {"policy", "under each policy", policies, sizeof(policies) / sizeof(policies[0])},
    {"mempool", "under each mempool", mempools, sizeof(mempools) / sizeof(mempools[0])},
    {"state_proof", "with each state proof", state_proofs,
     sizeof(state_proofs) / sizeof(state_proofs[0])},
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

const struct cmp_over *cmp_find(const char *word)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (strcmp(settings[i].word, word) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

const char *const *cmp_words(void)
{
    static const char *const words[] = {"policy", "mempool", "state_proof", NULL};
    return words;
}

/* ---- Runs ---- */

/* What a policy does not promise is no fault of its run: it is what is compared. */
static void forgive(const struct mdl *m, struct chk_report *checks)
{
    static const enum scn_check promises[] = {SCN_CHECK_ATOMICITY, SCN_CHECK_CONSERVATION};
    for (size_t i = 0; m->policy->keeps_reverted && i < 2; i++) {
        struct chk_result *r = &checks->results[promises[i]];
        r->verdict = r->verdict == CHK_BROKEN ? CHK_UNLIKE : r->verdict;
    }
}

static int run_one(struct cmp *c, const struct cmp_value *value,
                   const struct simulate_options *options, struct buf *why)
{
    struct cmp_run *run = &c->runs[c->n_runs];
    struct simulate_options o = *options;
    o.without_attacks = value == NULL;
    o.mempool = value != NULL && value->mempool != SCN_MEMPOOL_ANY ? value->mempool : o.mempool;
    o.policy = value != NULL && value->policy != NULL ? value->policy : o.policy;
    o.state_proof = value != NULL ? value->state_proof : NULL;
    run->label = value != NULL ? value->word : "no attack";
    run->said = value != NULL ? value->said : "without the attack";
    int rc = simulate(c->scn, &o, &run->sim, why);
    if (rc != 0) {
        return rc;
    }
    c->n_runs++;
    rc = mdl_new(&run->sim, &run->m);
    rc = rc != 0 ? rc : chk_run(run->m, &run->checks);
    if (rc == 0 && cmp_is_by_policy(c)) {
        forgive(run->m, &run->checks); /* and what the scenario expects is meant for its own */
    } else if (rc == 0 && value != NULL) {
        rc = xpc_run(run->m, &run->checks, &run->expect);
    }
    if (rc == 0) {
        const struct rep_run judged = {
            .sim = &run->sim, .m = run->m, .checks = &run->checks, .expect = &run->expect};
        run->exit = rep_exit_of(&judged);
    }
    return rc;
}

static uint64_t count_strikes(const struct cmp_run *run, uint32_t index)
{
    uint64_t n = 0;
    for (size_t i = 0; i < run->sim.history.n; i++) {
        const struct history_item *item = &run->sim.history.items[i];
        n += item->kind == HISTORY_RECORD &&
                     item->record->body_case == LOCKSTEP__TRACE_RECORD__BODY_FAULT &&
                     item->actor == cluster_actor_id(run->sim.cluster, "sequencer") &&
                     item->record->fault->index == index
                 ? 1
                 : 0;
    }
    return n;
}

static int find_attacks(struct cmp *c)
{
    for (size_t i = 0; i < c->scn->timeline.n; i++) {
        const struct scn_step *step = &c->scn->timeline.items[i];
        if (step->kind != SCN_STEP_FAULT || !pro_fault_is_attack(step->fault.kind)) {
            continue;
        }
        int rc = VEC_RESERVE(c->attacks, c->cap_attacks, c->n_attacks + 1);
        if (rc != 0) {
            return rc;
        }
        c->attacks[c->n_attacks++] = (struct cmp_attack){.step = step};
    }
    return 0;
}

/* ---- Balances ---- */

static bool is_attacker(const struct cmp *c, const char *account)
{
    for (size_t i = 0; i < c->n_attacks; i++) {
        const struct scn_fault *f = &c->attacks[i].step->fault;
        if (f->kind != PRO_FAULT_CENSOR && strcmp(f->attack.account.text, account) == 0) {
            return true;
        }
    }
    return false;
}

static int add_balance(struct cmp *c, size_t chain, size_t user, const char *asset)
{
    const struct cluster *cluster = c->runs[0].sim.cluster;
    struct cmp_balance b = {.rollup = c->scn->rollups.items[chain].name.text,
                            .account = cluster->user_names[user],
                            .asset = asset};
    struct led_name name;
    bool any = false;
    CHECK(led_name_set(&name, asset) == 0);
    for (size_t i = 0; i < c->n_runs; i++) {
        b.amounts[i] =
            led_balance(c->runs[i].m->chains[chain].state, &cluster->users[user].address, &name);
        any = any || b.amounts[i] != 0;
    }
    for (size_t i = 0; i < c->n_balances; i++) {
        const struct cmp_balance *other = &c->balances[i];
        any = any && !(other->rollup == b.rollup && other->account == b.account &&
                       strcmp(other->asset, asset) == 0);
    }
    int rc = any ? VEC_RESERVE(c->balances, c->cap_balances, c->n_balances + 1) : 0;
    if (any && rc == 0) {
        b.attacker = is_attacker(c, b.account);
        c->balances[c->n_balances++] = b;
    }
    return rc;
}

/* The assets of a rollup are those of its accounts and pools. */
static int add_balances_of(struct cmp *c, size_t chain, size_t user)
{
    const struct scn_rollup *r = &c->scn->rollups.items[chain];
    int rc = 0;
    for (size_t i = 0; i < r->accounts.n; i++) {
        for (size_t k = 0; k < r->accounts.items[i].balances.n && rc == 0; k++) {
            rc = add_balance(c, chain, user, r->accounts.items[i].balances.items[k].asset.text);
        }
    }
    for (size_t i = 0; i < r->pools.n; i++) {
        for (size_t k = 0; k < r->pools.items[i].reserves.n && rc == 0; k++) {
            rc = add_balance(c, chain, user, r->pools.items[i].reserves.items[k].asset.text);
        }
    }
    return rc;
}

static struct cmp_balance *find_total(struct cmp *c, const struct cmp_balance *b)
{
    for (size_t i = 0; i < c->n_totals; i++) {
        if (strcmp(c->totals[i].account, b->account) == 0 &&
            strcmp(c->totals[i].asset, b->asset) == 0) {
            return &c->totals[i];
        }
    }
    return NULL;
}

static int add_total(struct cmp *c, const struct cmp_balance *b)
{
    struct cmp_balance *total = find_total(c, b);
    if (total == NULL) {
        int rc = VEC_RESERVE(c->totals, c->cap_totals, c->n_totals + 1);
        if (rc == 0) {
            c->totals[c->n_totals] = *b;
            c->totals[c->n_totals++].rollup = NULL;
        }
        return rc;
    }
    for (size_t i = 0; i < c->n_runs; i++) {
        if (__builtin_add_overflow(total->amounts[i], b->amounts[i], &total->amounts[i])) {
            return ERR_OVERFLOW;
        }
    }
    return 0;
}

static int compare_balances(struct cmp *c)
{
    const struct cluster *cluster = c->runs[0].sim.cluster;
    int rc = 0;
    CHECK(cluster != NULL);
    for (size_t chain = 0; chain < c->scn->rollups.n; chain++) {
        for (size_t user = 0; user < cluster->n_users && rc == 0; user++) {
            rc = add_balances_of(c, chain, user);
        }
    }
    for (size_t user = 0; user < cluster->n_users; user++) {
        for (size_t i = 0; i < c->n_balances && rc == 0; i++) {
            bool his = c->balances[i].account == cluster->user_names[user];
            rc = his ? add_total(c, &c->balances[i]) : 0;
        }
    }
    return rc;
}

static int fill(struct cmp *c, const struct simulate_options *options, struct buf *why)
{
    int rc = find_attacks(c);
    c->has_baseline = c->n_attacks != 0;
    if (rc == 0 && c->has_baseline) {
        rc = run_one(c, NULL, options, why);
    }
    for (size_t i = 0; i < c->over->n && rc == 0; i++) {
        rc = run_one(c, &c->over->values[i], options, why);
    }
    for (size_t i = 0; i < c->n_attacks && rc == 0; i++) {
        for (size_t k = 0; k < c->n_runs; k++) {
            c->attacks[i].struck[k] = count_strikes(&c->runs[k], c->attacks[i].step->fault.index);
        }
    }
    rc = rc != 0 ? rc : compare_balances(c);
    return rc != 0 ? rc : cmp_measure(c);
}

int cmp_make(const struct scn *scn, const struct cmp_over *over,
             const struct simulate_options *options, struct cmp *out, struct buf *why)
{
    struct cmp c = {.scn = scn,
                    .over = over,
                    .seed = options->seed,
                    .policy = over->values[0].policy == NULL ? options->policy : NULL,
                    .host = simulate_host_word(options->host)};
    CHECK(over->n < CMP_RUNS_MAX);
    int rc = fill(&c, options, why);
    if (rc != 0) {
        cmp_fini(&c);
        return rc;
    }
    *out = c;
    return 0;
}

void cmp_fini(struct cmp *c)
{
    for (size_t i = 0; i < c->n_runs; i++) {
        free(c->runs[i].measure.money);
        xpc_report_fini(&c->runs[i].expect);
        chk_report_fini(&c->runs[i].checks);
        mdl_destroy(&c->runs[i].m);
        simulation_fini(&c->runs[i].sim);
    }
    free(c->balances);
    free(c->totals);
    free(c->attacks);
    free(c->assets);
    *c = (struct cmp){0};
}

enum rep_exit cmp_exit_of(const struct cmp *c)
{
    for (size_t i = 0; i < c->n_runs; i++) {
        if (c->runs[i].exit != REP_PASS) {
            return c->runs[i].exit;
        }
    }
    return REP_PASS;
}
