/* What becomes of a shape's bundles under any policy: the plan as states and transactions of the
 * ledger, executed in the laboratory and by the oracle. Bundles are in global order as they are
 * submitted, since every link takes the same time. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "lockstep/generate/gen_plan.h"
#include "lockstep/lab/lab.h"

#include <stdlib.h>

struct bench {
    const struct gen_plan *plan;
    struct led_name eth;
    struct led_state **states; /* by rollup */
    struct led_mark *start;
    struct led_op *ops; /* as those of the plan, and so on */
    struct led_tx *txs;
    struct orc_leg *legs;
    struct orc_bundle *bundles;
};

static void bench_fini(struct bench *b)
{
    for (uint32_t r = 0; b->states != NULL && r < b->plan->args->rollups; r++) {
        led_state_destroy(&b->states[r]);
    }
    free(b->states);
    free(b->start);
    free(b->ops);
    free(b->txs);
    free(b->legs);
    free(b->bundles);
}

static struct addr20 address_of(uint32_t account)
{
    struct addr20 a = {{0}};
    for (size_t i = 0; i < sizeof(account); i++) {
        a.b[sizeof(a.b) - 1 - i] = (uint8_t)(account >> (8 * i) & 0xff);
    }
    return a;
}

static int make_state(struct bench *b, uint32_t rollup)
{
    int rc = led_state_new(rollup + 1, &b->states[rollup]);
    for (uint32_t i = 0; i < b->plan->args->accounts && rc == 0; i++) {
        uint64_t eth = gen_user_at(b->plan, rollup, i)->eth;
        struct addr20 who = address_of(i);
        rc = eth > 0 ? led_state_set_balance(b->states[rollup], &who, &b->eth, eth) : 0;
    }
    if (rc == 0) {
        b->start[rollup] = led_state_mark(b->states[rollup]);
    }
    return rc;
}

static void make_leg(struct bench *b, uint32_t bundle, uint32_t leg)
{
    const struct gen_bundle *of = &b->plan->bundles[bundle];
    uint32_t at = of->first_leg + leg;
    const struct gen_leg *l = &b->plan->legs[at];
    b->txs[at] = (struct led_tx){
        .rollup = (uint64_t)l->rollup + 1,
        .sender = address_of(of->sender),
        .bundle_nonce = (uint64_t)bundle + 1,
        .leg = leg,
        .n_legs = of->n_legs,
        .ops = &b->ops[l->first_op],
        .n_ops = l->n_ops,
    };
    for (uint32_t i = 0; i < l->n_ops; i++) {
        const struct gen_op *op = &b->plan->ops[l->first_op + i];
        CHECK(op->kind == GEN_OP_TRANSFER && op->asset == GEN_ETH);
        b->ops[l->first_op + i] = (struct led_op){
            .kind = LED_OP_TRANSFER,
            .transfer = {address_of(op->account), b->eth, op->amount},
        };
    }
    b->legs[at] = (struct orc_leg){l->rollup, &b->txs[at]};
}

static int bench_init(struct bench *b, const struct gen_plan *plan)
{
    b->plan = plan;
    b->states = calloc(plan->args->rollups, sizeof(struct led_state *));
    b->start = calloc(plan->args->rollups, sizeof(*b->start));
    b->ops = calloc(plan->n_ops + 1, sizeof(*b->ops));
    b->txs = calloc(plan->n_legs + 1, sizeof(*b->txs));
    b->legs = calloc(plan->n_legs + 1, sizeof(*b->legs));
    b->bundles = calloc(plan->n_bundles + 1, sizeof(*b->bundles));
    if (b->states == NULL || b->start == NULL || b->ops == NULL || b->txs == NULL ||
        b->legs == NULL || b->bundles == NULL) {
        return ERR_NOMEM;
    }
    int rc = led_name_set(&b->eth, "ETH");
    for (uint32_t r = 0; r < plan->args->rollups && rc == 0; r++) {
        rc = make_state(b, r);
    }
    for (uint32_t i = 0; i < plan->n_bundles && rc == 0; i++) {
        const struct gen_bundle *of = &plan->bundles[i];
        b->bundles[i] = (struct orc_bundle){&b->legs[of->first_leg], of->n_legs};
        for (uint32_t k = 0; k < of->n_legs; k++) {
            make_leg(b, i, k);
        }
    }
    return rc;
}

static enum scn_outcome outcome_of(const struct lab_result *r, uint32_t bundle, uint32_t n_legs)
{
    const struct lab_leg *legs = &r->legs[r->first_leg[bundle]];
    uint32_t executed = 0;
    for (uint32_t i = 0; i < n_legs; i++) {
        executed += legs[i].executed ? 1 : 0;
    }
    return r->outcomes[bundle].fate == POL_EXCLUDED ? SCN_EXCLUDED
           : executed == n_legs                     ? SCN_EXECUTED
           : executed == 0                          ? SCN_REVERTED
                                                    : SCN_MIXED;
}

static void take_outcomes(struct gen_plan *plan, const struct lab_result *r)
{
    for (uint32_t i = 0; i < plan->n_bundles; i++) {
        struct gen_bundle *b = &plan->bundles[i];
        const struct pol_cause *cause = &r->outcomes[i].cause;
        b->outcome = outcome_of(r, i, b->n_legs);
        b->is_blamed = b->outcome == SCN_EXCLUDED && cause->reason != POL_OVERFLOW;
        if (b->is_blamed) {
            uint32_t at = plan->bundles[cause->bundle].first_leg + cause->leg;
            b->blamed_rollup = plan->legs[at].rollup;
            b->blamed_order = r->legs[at].order;
        }
        plan->outcomes[b->outcome]++;
    }
    plan->rounds = r->rounds;
}

/* Do the bundles one by one come to what the laboratory has left in the states? */
static int ask_oracle(const struct bench *b, bool *same)
{
    uint32_t n = b->plan->args->rollups;
    CLEANUP(cleanup_free) struct hash32 *roots = calloc(n, sizeof(*roots));
    CLEANUP(cleanup_free)
    struct orc_verdict *verdicts = calloc(b->plan->n_bundles + 1, sizeof(*verdicts));
    if (roots == NULL || verdicts == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t r = 0; r < n; r++) {
        led_state_root(b->states[r], &roots[r]);
        led_state_rollback(b->states[r], b->start[r]);
    }
    int rc = orc_execute(b->states, b->bundles, b->plan->n_bundles, true, verdicts);
    *same = true;
    for (uint32_t i = 0; i < b->plan->n_bundles; i++) {
        *same = *same && verdicts[i].included == (b->plan->bundles[i].outcome == SCN_EXECUTED);
    }
    for (uint32_t r = 0; r < n; r++) {
        struct hash32 root;
        led_state_root(b->states[r], &root);
        *same = *same && hash32_equal(&root, &roots[r]);
    }
    return rc;
}

int gen_lab(struct gen_plan *plan, enum pol_granularity granularity)
{
    CLEANUP(bench_fini) struct bench b = {.plan = plan};
    CLEANUP(lab_result_fini) struct lab_result result = {0};
    int rc = bench_init(&b, plan);
    if (rc != 0) {
        return rc;
    }
    struct lab_input in = {
        .states = b.states,
        .n_chains = plan->args->rollups,
        .bundles = b.bundles,
        .n_bundles = (uint32_t)plan->n_bundles,
        .policy = pol_find(plan->args->policy),
        .rules = {granularity, gen_rounds_max(plan)},
    };
    rc = lab_run(&in, &result);
    if (rc == 0) {
        take_outcomes(plan, &result);
        rc = ask_oracle(&b, &plan->is_serial);
        CHECK(rc != 0 || plan->is_serial || !in.policy->is_serial);
    }
    return rc;
}
