/* What makes a leg fail: always, or by what ran before it. */
#include "lockstep/generate/gen_plan.h"

#define BEYOND_ONE_IN 4 /* conditions do not hold where they are first asked */

static uint32_t pool_of(struct gen_failures *f, struct gen_plan *plan, uint32_t rollup)
{
    uint32_t pool = gen_zipf_draw(f->pools, &f->shape);
    plan->pools[(size_t)rollup * plan->args->pools + pool] = true;
    return pool;
}

static uint32_t account_of(struct gen_failures *f, struct gen_plan *plan, uint32_t rollup)
{
    uint32_t account = gen_zipf_draw(f->accounts, &f->shape);
    gen_user_at(plan, rollup, account)->acts = true;
    return account;
}

static struct gen_op broken(struct gen_failures *f, struct gen_plan *plan, uint32_t rollup)
{
    struct gen_op op = {.asset = prng_below(&f->shape, 2) == 0 ? GEN_ETH : GEN_USDC};
    switch (prng_below(&f->shape, f->pools != NULL ? 6 : 4)) {
    case 0:
        op.kind = GEN_OP_FAIL;
        break;
    case 1:
        op.kind = GEN_OP_TRANSFER;
        op.account = account_of(f, plan, rollup);
        op.amount = GEN_NEVER;
        break;
    case 2:
        op.kind = GEN_OP_NEED_BALANCE;
        op.account = account_of(f, plan, rollup);
        op.bound = GEN_NEVER;
        break;
    case 3:
        op.kind = GEN_OP_NEED_NONCE;
        op.account = account_of(f, plan, rollup);
        op.bound = GEN_NONCE_NEVER;
        break;
    case 4:
        op.kind = GEN_OP_SWAP;
        op.pool = pool_of(f, plan, rollup);
        op.amount = 1 + prng_below(&f->shape, 1000);
        op.bound = GEN_NEVER;
        break;
    default:
        op.kind = GEN_OP_NEED_PRICE;
        op.pool = pool_of(f, plan, rollup);
        op.bound = GEN_NEVER;
        op.per = 1;
        break;
    }
    return op;
}

/* Asks for what is there when everything before it has run, also what is taken out later, or for a
 * little more. */
static struct gen_op conditional(struct gen_failures *f, struct gen_plan *plan, uint32_t rollup)
{
    struct gen_op op = {.asks = prng_below(&f->shape, BEYOND_ONE_IN) == 0 ? GEN_ASKS_BEYOND
                                                                          : GEN_ASKS_FOUND};
    op.at_most = prng_below(&f->shape, 2) == 0;
    op.asset = prng_below(&f->shape, 2) == 0 ? GEN_ETH : GEN_USDC;
    switch (prng_below(&f->shape, f->pools != NULL ? 4 : 2)) {
    case 0:
        op.kind = GEN_OP_NEED_BALANCE;
        op.account = account_of(f, plan, rollup);
        break;
    case 1:
        op.kind = GEN_OP_NEED_NONCE;
        op.account = account_of(f, plan, rollup);
        break;
    case 2:
        op.kind = GEN_OP_SWAP;
        op.pool = pool_of(f, plan, rollup);
        op.amount = (1000 + prng_below(&f->shape, 9000)) * (op.asset == GEN_USDC ? GEN_PRICE : 1);
        break;
    default:
        op.kind = GEN_OP_NEED_PRICE;
        op.pool = pool_of(f, plan, rollup);
        break;
    }
    return op;
}

int gen_fail_add(struct gen_failures *f, struct gen_plan *plan, enum gen_intent intent)
{
    uint32_t rollup = plan->legs[plan->n_legs - 1].rollup;
    return gen_plan_op(plan, intent == GEN_BROKEN ? broken(f, plan, rollup)
                                                  : conditional(f, plan, rollup));
}
