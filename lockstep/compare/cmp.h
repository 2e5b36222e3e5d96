/* The same scenario and seed under each value of one setting, side by side.
 *
 * What is varied is a row of a table (cmp_find): its values, and how each is said. With attacks of
 * the sequencer in the script one more run leaves them out: every account's loss is measured
 * against that. None of this prints: reports append to buffers. */
#ifndef LOCKSTEP_COMPARE_CMP_H
#define LOCKSTEP_COMPARE_CMP_H

#include "lockstep/report/rep.h"

#define CMP_RUNS_MAX 8

/* One value of the setting. Fields that the setting does not vary are 0. */
struct cmp_value {
    const char *word;
    const char *said; /* after a number: "with a plaintext mempool"; then "encrypted" */
    enum scn_mempool mempool;
    const char *policy;
    const char *state_proof;
};

struct cmp_over {
    const char *word; /* "mempool" */
    const char *what; /* "the same run under each mempool" */
    const struct cmp_value *values;
    size_t n; /* below CMP_RUNS_MAX */
};

/* Returns: the setting of this name, or NULL. */
const struct cmp_over *cmp_find(const char *word);
/* Out: the names of all settings, NULL-terminated. */
const char *const *cmp_words(void);

/* More or less of an amount. */
struct cmp_change {
    bool less;
    u128 by;
};

/* What a run took, and what it came to. */
struct cmp_measure {
    uint64_t rounds; /* of execution, of all slots */
    uint64_t messages;
    uint64_t bytes;
    uint64_t executed;       /* transactions, by executors, in all rounds */
    uint64_t executed_again; /* of those, in later rounds */
    int64_t decided_ns;      /* when the last slot's finalized blocks were published */
    int64_t final_ns;        /* when the last slot was final on L1 */
    uint64_t included;       /* bundles */
    uint64_t root;           /* excluded, as when executed one by one */
    uint64_t collateral;     /* excluded, and one by one they would not be */
    uint64_t mixed;
    uint64_t reverted;
    uint64_t other;           /* refused, voided, pending */
    uint64_t unlike_serial;   /* decided otherwise than by executing one by one */
    struct cmp_change *money; /* by asset: made or lost since genesis */
};

struct cmp_run {
    const char *label;
    const char *said;
    struct simulation sim;
    struct mdl *m;
    struct chk_report checks;
    struct xpc_report expect; /* empty for the run without attacks: nothing is expected of it */
    enum rep_exit exit;
    struct cmp_measure measure;
};

/* An account's holding of an asset when each run ended. */
struct cmp_balance {
    const char *rollup; /* NULL: on all of them together */
    const char *account;
    const char *asset;
    bool attacker;              /* the sequencer trades with this account */
    u128 amounts[CMP_RUNS_MAX]; /* by run */
};

/* An attack in the script. */
struct cmp_attack {
    const struct scn_step *step;
    uint64_t struck[CMP_RUNS_MAX]; /* how often it took place, by run */
};

struct cmp {
    const struct scn *scn; /* borrowed */
    const struct cmp_over *over;
    uint64_t seed;
    const char *policy; /* NULL if that is what is varied */
    const char *host;
    struct cmp_run runs[CMP_RUNS_MAX]; /* the one without attacks first, if has_baseline */
    size_t n_runs;
    bool has_baseline;
    struct cmp_balance *balances; /* by rollup, account, asset; those that are not always 0 */
    size_t n_balances, cap_balances;
    struct cmp_balance *totals; /* by account, asset */
    size_t n_totals, cap_totals;
    struct cmp_attack *attacks;
    size_t n_attacks, cap_attacks;
    const char **assets; /* that the scenario names */
    size_t n_assets, cap_assets;
};

/* Runs everything. In: options for every run; what is varied is overwritten. Out: to be released
 * with cmp_fini. Returns: 0, ERR_OVERFLOW (a total), what simulate and mdl_new return, with a
 * sentence in `why`; then nothing has to be released. */
int cmp_make(const struct scn *scn, const struct cmp_over *over,
             const struct simulate_options *options, struct cmp *out, struct buf *why) MUST_CHECK;
void cmp_fini(struct cmp *c);

/* Returns: the first exit code that is not a pass, in the order of the runs. */
enum rep_exit cmp_exit_of(const struct cmp *c);

/* What run `i` made of an amount, against the first run. */
struct cmp_change cmp_change_of(const struct cmp_balance *b, size_t i);

/* In: the index of a bundle in the timeline's order. Appends "executed in 1": the outcome, and the
 * slot if it has one. */
void cmp_outcome(const struct cmp *c, size_t run, size_t bundle, struct buf *out);
/* Returns: true if a leg of the bundle is signed by the account. */
bool cmp_is_signer(const struct cmp *c, size_t bundle, const char *account);
/* Returns: of the account's bundles, how many came out differently than in the first run. */
size_t cmp_hit_bundles(const struct cmp *c, size_t run, const char *account);
/* Appends "sandwich in slot 1 by mallory, 10000 ETH into eth-usdc on A". */
void cmp_attack_text(const struct cmp_attack *a, struct buf *out);
/* Appends a sentence on what became of what an account holds of an asset: "loses 1234 USDC with a
 * plaintext mempool, 0 encrypted". */
void cmp_change_text(const struct cmp *c, const struct cmp_balance *total, struct buf *out);

/* Fills the runs' measures. Returns: 0, ERR_NOMEM, ERR_OVERFLOW (a total). */
int cmp_measure(struct cmp *c) MUST_CHECK;
/* Returns: true if policies are compared. */
static inline bool cmp_is_by_policy(const struct cmp *c)
{
    return c->policy == NULL;
}
/* Returns: true if what the runs took is compared, and not who lost what. */
static inline bool cmp_is_measured(const struct cmp *c)
{
    return cmp_is_by_policy(c) || c->over->values[0].state_proof != NULL;
}
void cmp_money_text(const struct cmp *c, const struct cmp_measure *m, struct buf *out);
void cmp_policies_text(const struct cmp *c, struct buf *out);

/* For an 80-column terminal. */
void cmp_text(const struct cmp *c, struct buf *out);
/* One object and a newline; indented if `pretty`. */
void cmp_json(const struct cmp *c, bool pretty, struct buf *out);
/* A header line, then a line per balance, or per bundle (RFC 4180, ended by CR LF). */
void cmp_csv_balances(const struct cmp *c, struct buf *out);
void cmp_csv_policies(const struct cmp *c, struct buf *out);
void cmp_csv_bundles(const struct cmp *c, struct buf *out);

#endif
