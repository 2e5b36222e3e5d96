#include "lockstep/generate/gen_plan.h"

#include "common/base/vec.h"

#include <stdlib.h>

#define GAS_PER_OPERATION 21000 /* what the wallet asks for */

int gen_plan_init(struct gen_plan *plan, const struct gen_args *args)
{
    size_t users = (size_t)args->rollups * args->accounts;
    size_t pools = (size_t)args->rollups * args->pools;
    *plan = (struct gen_plan){.args = args};
    plan->users = calloc(users, sizeof(*plan->users));
    plan->pools = calloc(pools + 1, sizeof(*plan->pools));
    if (plan->users == NULL || plan->pools == NULL) {
        gen_plan_fini(plan);
        return ERR_NOMEM;
    }
    return 0;
}

void gen_plan_fini(struct gen_plan *plan)
{
    free(plan->bundles);
    free(plan->legs);
    free(plan->ops);
    free(plan->users);
    free(plan->pools);
    *plan = (struct gen_plan){0};
}

int gen_plan_bundle(struct gen_plan *plan, struct gen_bundle bundle)
{
    int rc = VEC_RESERVE(plan->bundles, plan->cap_bundles, plan->n_bundles + 1);
    if (rc == 0) {
        plan->bundles[plan->n_bundles++] = bundle;
    }
    return rc;
}

int gen_plan_leg(struct gen_plan *plan, struct gen_leg leg)
{
    int rc = VEC_RESERVE(plan->legs, plan->cap_legs, plan->n_legs + 1);
    if (rc == 0) {
        leg.first_op = (uint32_t)plan->n_ops;
        plan->legs[plan->n_legs++] = leg;
    }
    return rc;
}

int gen_plan_op(struct gen_plan *plan, struct gen_op op)
{
    int rc = VEC_RESERVE(plan->ops, plan->cap_ops, plan->n_ops + 1);
    if (rc == 0) {
        plan->ops[plan->n_ops++] = op;
        plan->legs[plan->n_legs - 1].n_ops++;
    }
    return rc;
}

struct block {
    uint64_t gas;
    uint32_t transactions;
};

static void fill(const struct gen_plan *plan, const struct gen_bundle *b, struct block *blocks,
                 struct gen_load *load)
{
    for (uint32_t i = 0; i < b->n_legs; i++) {
        const struct gen_leg *leg = &plan->legs[b->first_leg + i];
        struct block *block = &blocks[leg->rollup];
        block->gas += (uint64_t)leg->n_ops * GAS_PER_OPERATION;
        block->transactions++;
        load->gas = block->gas > load->gas ? block->gas : load->gas;
        if (block->transactions > load->transactions) {
            load->transactions = block->transactions;
            load->rollup = leg->rollup;
            load->slot = b->slot;
        }
    }
}

int gen_plan_load(const struct gen_plan *plan, struct gen_load *load)
{
    struct block *blocks = calloc(plan->args->rollups, sizeof(*blocks));
    struct gen_load l = {0};
    if (blocks == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < plan->n_bundles; i++) {
        if (i > 0 && plan->bundles[i].slot != plan->bundles[i - 1].slot) {
            memset(blocks, 0, plan->args->rollups * sizeof(*blocks));
        }
        fill(plan, &plan->bundles[i], blocks, &l);
    }
    free(blocks);
    *load = l;
    return 0;
}
