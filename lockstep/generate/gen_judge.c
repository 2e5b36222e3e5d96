/* What becomes of the bundles under one_shot, by a ledger of its own: balances, pools, nonces and
 * flash debts in plain arrays. Bundles execute in the order in which they are submitted, which is
 * that of their promises, since every link takes the same time. Collateral and liquidity are
 * always enough and are not kept. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "lockstep/generate/gen_plan.h"

#include <stdlib.h>

struct account {
    uint64_t balance[GEN_ASSETS];
    uint64_t nonce;
    uint64_t flash;
};

struct change {
    uint64_t *where;
    uint64_t before;
};

struct judge {
    const struct gen_plan *plan;
    struct gen_op *ops;       /* of the plan */
    struct account *accounts; /* as plan->users */
    uint64_t (*reserves)[GEN_ASSETS];
    /* What each write replaced since the slot began. */
    struct change *journal;
    size_t n_journal, cap_journal;
    int err;
    bool *failed; /* by leg: in the first round */
    bool *lost;   /* by leg: in the finalized block */
};

static void judge_fini(struct judge *j)
{
    free(j->accounts);
    free(j->reserves);
    free(j->journal);
    free(j->failed);
    free(j->lost);
}

static int judge_init(struct judge *j, const struct gen_plan *plan)
{
    size_t n_users = (size_t)plan->args->rollups * plan->args->accounts;
    size_t n_pools = (size_t)plan->args->rollups * plan->args->pools;
    j->plan = plan;
    j->ops = plan->ops;
    j->accounts = calloc(n_users, sizeof(*j->accounts));
    j->reserves = calloc(n_pools + 1, sizeof(*j->reserves));
    j->failed = calloc(plan->n_legs + 1, sizeof(*j->failed));
    j->lost = calloc(plan->n_legs + 1, sizeof(*j->lost));
    if (j->accounts == NULL || j->reserves == NULL || j->failed == NULL || j->lost == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n_users; i++) {
        uint64_t start = plan->users[i].acts ? GEN_BALANCE : 0;
        j->accounts[i].balance[GEN_ETH] = start;
        j->accounts[i].balance[GEN_USDC] = start;
    }
    for (size_t i = 0; i < n_pools; i++) {
        j->reserves[i][GEN_ETH] = GEN_POOL_ETH;
        j->reserves[i][GEN_USDC] = GEN_POOL_USDC;
    }
    return 0;
}

/* ---- One leg ---- */

static void set(struct judge *j, uint64_t *where, uint64_t value)
{
    int rc = VEC_RESERVE(j->journal, j->cap_journal, j->n_journal + 1);
    if (rc != 0) {
        j->err = rc;
        return;
    }
    j->journal[j->n_journal++] = (struct change){where, *where};
    *where = value;
}

static void undo_to(struct judge *j, size_t mark)
{
    while (j->n_journal > mark) {
        j->n_journal--;
        *j->journal[j->n_journal].where = j->journal[j->n_journal].before;
    }
}

static bool take(struct judge *j, uint64_t *where, uint64_t amount)
{
    if (*where < amount) {
        return false;
    }
    set(j, where, *where - amount);
    return true;
}

static void give(struct judge *j, uint64_t *where, uint64_t amount)
{
    set(j, where, *where + amount);
}

uint64_t gen_swap_out(uint64_t reserve_in, uint64_t reserve_out, uint64_t amount)
{
    uint64_t fee = (amount * GEN_FEE_PER_MILLE + 999) / 1000;
    uint64_t in = amount - fee;
    return (uint64_t)((u128)reserve_out * in / (reserve_in + in));
}

static bool swap(struct judge *j, const struct gen_op *op, struct account *from,
                 uint64_t reserves[GEN_ASSETS])
{
    enum gen_asset other = op->asset == GEN_ETH ? GEN_USDC : GEN_ETH;
    uint64_t out = gen_swap_out(reserves[op->asset], reserves[other], op->amount);
    if (!take(j, &from->balance[op->asset], op->amount) || out < op->bound) {
        return false;
    }
    give(j, &reserves[op->asset], op->amount);
    set(j, &reserves[other], reserves[other] - out);
    give(j, &from->balance[other], out);
    return true;
}

static bool price_holds(const struct gen_op *op, const uint64_t reserves[GEN_ASSETS])
{
    u128 left = (u128)reserves[GEN_USDC] * op->per;
    u128 right = (u128)op->bound * reserves[GEN_ETH];
    return op->at_most ? left <= right : left >= right;
}

static bool balance_holds(const struct gen_op *op, const struct account *of)
{
    uint64_t b = of->balance[op->asset];
    return op->at_most ? b <= op->bound : b >= op->bound;
}

/* Sets the bound by what is found. */
static void settle(struct gen_op *op, const struct account *of, const uint64_t reserves[GEN_ASSETS])
{
    enum gen_asset other = op->asset == GEN_ETH ? GEN_USDC : GEN_ETH;
    bool down = op->at_most && (op->kind == GEN_OP_NEED_BALANCE || op->kind == GEN_OP_NEED_PRICE);
    switch (op->kind) {
    case GEN_OP_NEED_BALANCE:
        op->bound = of->balance[op->asset];
        break;
    case GEN_OP_NEED_NONCE:
        op->bound = of->nonce;
        break;
    case GEN_OP_NEED_PRICE:
        op->bound = reserves[GEN_USDC];
        op->per = reserves[GEN_ETH];
        break;
    case GEN_OP_SWAP:
    default:
        op->bound = gen_swap_out(reserves[op->asset], reserves[other], op->amount);
        break;
    }
    if (op->asks == GEN_ASKS_BEYOND) {
        op->bound = down ? op->bound - 1 : op->bound + 1;
    }
    op->asks = GEN_ASKS_SAID;
}

static bool run_op(struct judge *j, struct gen_op *op, uint32_t rollup, struct account *from)
{
    size_t row = (size_t)rollup * j->plan->args->accounts;
    struct account *other = &j->accounts[row + op->account];
    uint64_t *reserves = j->reserves[(size_t)rollup * j->plan->args->pools + op->pool];
    if (op->asks != GEN_ASKS_SAID) {
        settle(op, other, reserves);
    }
    switch (op->kind) {
    case GEN_OP_TRANSFER:
        if (!take(j, &from->balance[op->asset], op->amount)) {
            return false;
        }
        give(j, &other->balance[op->asset], op->amount);
        return true;
    case GEN_OP_SWAP:
        return swap(j, op, from, reserves);
    case GEN_OP_BRIDGE_OUT:
    case GEN_OP_DEPOSIT:
    case GEN_OP_REPAY:
        return take(j, &from->balance[op->asset], op->amount);
    case GEN_OP_BRIDGE_IN:
    case GEN_OP_BORROW:
        give(j, &from->balance[op->asset], op->amount);
        return true;
    case GEN_OP_FLASH_BORROW:
        give(j, &from->balance[op->asset], op->amount);
        give(j, &from->flash, op->amount);
        return true;
    case GEN_OP_FLASH_REPAY:
        return take(j, &from->balance[op->asset], op->amount) && take(j, &from->flash, op->amount);
    case GEN_OP_NEED_BALANCE:
        return balance_holds(op, other);
    case GEN_OP_NEED_PRICE:
        return price_holds(op, reserves);
    case GEN_OP_NEED_NONCE:
        return other->nonce == op->bound;
    case GEN_OP_FAIL:
    default:
        return false;
    }
}

static bool run_leg(struct judge *j, uint32_t leg_index, uint32_t sender)
{
    const struct gen_leg *leg = &j->plan->legs[leg_index];
    struct account *from = &j->accounts[(size_t)leg->rollup * j->plan->args->accounts + sender];
    size_t mark = j->n_journal;
    bool good = !leg->has_nonce || from->nonce == leg->nonce;
    for (uint32_t i = 0; i < leg->n_ops && good; i++) {
        good = run_op(j, &j->ops[leg->first_op + i], leg->rollup, from);
    }
    if (!good) {
        undo_to(j, mark);
    } else if (leg->has_nonce) {
        set(j, &from->nonce, from->nonce + 1);
    }
    return good;
}

/* ---- One slot ---- */

static bool is_excluded(const struct judge *j, const struct gen_bundle *b)
{
    for (uint32_t i = 0; i < b->n_legs; i++) {
        if (j->failed[b->first_leg + i]) {
            return true;
        }
    }
    return false;
}

static void judge_slot(struct judge *j, const struct gen_bundle *bundles, size_t n)
{
    j->n_journal = 0;
    for (size_t k = 0; k < n; k++) {
        for (uint32_t i = 0; i < bundles[k].n_legs; i++) {
            uint32_t leg = bundles[k].first_leg + i;
            j->failed[leg] = !run_leg(j, leg, bundles[k].sender);
        }
    }
    undo_to(j, 0);
    for (size_t k = 0; k < n; k++) {
        bool out = is_excluded(j, &bundles[k]);
        for (uint32_t i = 0; i < bundles[k].n_legs; i++) {
            uint32_t leg = bundles[k].first_leg + i;
            j->lost[leg] = out || !run_leg(j, leg, bundles[k].sender);
        }
    }
}

static enum scn_outcome outcome_of(const struct judge *j, const struct gen_bundle *b)
{
    uint32_t n_lost = 0;
    for (uint32_t i = 0; i < b->n_legs; i++) {
        n_lost += j->lost[b->first_leg + i] ? 1 : 0;
    }
    return is_excluded(j, b)     ? SCN_EXCLUDED
           : n_lost == 0         ? SCN_EXECUTED
           : n_lost == b->n_legs ? SCN_REVERTED
                                 : SCN_MIXED;
}

/* ---- Bridges ---- */

/* Value that left and did not arrive, or the reverse, per pair of rollups and asset. */
static int judge_bridges(const struct judge *j, bool *broken)
{
    size_t n = j->plan->args->rollups;
    int64_t *under_way = calloc(n * n * GEN_ASSETS, sizeof(*under_way));
    if (under_way == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < j->plan->n_legs; i++) {
        const struct gen_leg *leg = &j->plan->legs[i];
        for (uint32_t k = 0; k < leg->n_ops && !j->lost[i]; k++) {
            const struct gen_op *op = &j->plan->ops[leg->first_op + k];
            if (op->kind == GEN_OP_BRIDGE_OUT) {
                under_way[(leg->rollup * n + op->rollup) * GEN_ASSETS + op->asset] +=
                    (int64_t)op->amount;
            } else if (op->kind == GEN_OP_BRIDGE_IN) {
                under_way[(op->rollup * n + leg->rollup) * GEN_ASSETS + op->asset] -=
                    (int64_t)op->amount;
            }
        }
    }
    *broken = false;
    for (size_t i = 0; i < n * n * GEN_ASSETS; i++) {
        *broken = *broken || under_way[i] != 0;
    }
    free(under_way);
    return 0;
}

int gen_judge(struct gen_plan *plan)
{
    CLEANUP(judge_fini) struct judge j = {0};
    int rc = judge_init(&j, plan);
    for (size_t i = 0; i < plan->n_bundles && rc == 0;) {
        size_t n = 1;
        while (i + n < plan->n_bundles && plan->bundles[i + n].slot == plan->bundles[i].slot) {
            n++;
        }
        judge_slot(&j, &plan->bundles[i], n);
        i += n;
        rc = j.err;
    }
    for (size_t i = 0; i < plan->n_bundles && rc == 0; i++) {
        struct gen_bundle *b = &plan->bundles[i];
        b->outcome = outcome_of(&j, b);
        CHECK(b->intent != GEN_SOUND || b->outcome == SCN_EXECUTED);
        CHECK(b->intent != GEN_BROKEN || b->outcome == SCN_EXCLUDED);
        plan->outcomes[b->outcome]++;
    }
    return rc != 0 ? rc : judge_bridges(&j, &plan->bridge_broken);
}
