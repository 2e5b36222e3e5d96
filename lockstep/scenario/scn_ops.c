/* The second look at operations. */
#include "lockstep/scenario/scn_refs.h"

static void resolve_require(struct scn_refs *r, uint32_t rollup, struct scn_require *require)
{
    switch (require->kind) {
    case SCN_REQUIRE_BALANCE:
        scn_refer_account(r, rollup, &require->balance.account, true);
        scn_refer_asset(r, rollup, &require->balance.asset);
        break;
    case SCN_REQUIRE_PRICE:
        scn_refer_pool(r, rollup, &require->price.pool);
        scn_refer_pool_asset(r, rollup, &require->price.pool, &require->price.asset);
        break;
    case SCN_REQUIRE_NONCE:
        scn_refer_account(r, rollup, &require->nonce.account, true);
        break;
    default:
        break;
    }
}

/* The two assets of a resolved lending pool. */
static void refer_lending_asset(struct scn_refs *r, uint32_t rollup, const struct scn_name *pool,
                                const struct scn_name *asset)
{
    if (asset->text == NULL || rollup == SCN_NO_INDEX || pool->index == SCN_NO_INDEX ||
        r->rollups_broken) {
        return;
    }
    const struct scn_lending *l = &r->s->rollups.items[rollup].lendings.items[pool->index];
    if (strcmp(l->asset.text, asset->text) != 0 && strcmp(l->collateral.text, asset->text) != 0) {
        scn_fail(r->errors, asset->place,
                 "lending pool `%s` does not take asset `%s`; it lends %s against %s", pool->text,
                 SHOW(asset->text), l->asset.text, l->collateral.text);
    }
}

/* Whether the other half of a pair is where the operation says. What it says is for the run. */
static void resolve_pair(struct scn_refs *r, const struct scn_submit *submit,
                         const struct scn_op *op, const struct scn_op_at *at, enum scn_op_kind kind,
                         const char *word)
{
    if (r->timeline_broken) {
        return;
    }
    if (at->leg >= submit->legs.n) {
        scn_fail(r->errors, op->place, "there is no leg %u in this bundle; the last is %zu",
                 at->leg, submit->legs.n - 1);
    } else if (at->op >= submit->legs.items[at->leg].ops.n) {
        scn_fail(r->errors, op->place, "there is no operation %u in leg %u; the last is %zu",
                 at->op, at->leg, submit->legs.items[at->leg].ops.n - 1);
    } else if (submit->legs.items[at->leg].ops.items[at->op].kind != kind) {
        scn_fail(r->errors, op->place, "operation %u of leg %u is no `%s`; name one that is",
                 at->op, at->leg, word);
    }
}

static void resolve_bridge(struct scn_refs *r, const struct scn_submit *submit,
                           const struct scn_leg *leg, uint32_t rollup, struct scn_op *op)
{
    struct scn_bridge *g = &op->bridge;
    bool out = op->kind == SCN_OP_BRIDGE_OUT;
    if (g->account.text == NULL) {
        g->account = leg->from;
    }
    scn_refer_rollup(r, &g->rollup);
    scn_refer_account(r, rollup, &g->account, true);
    scn_refer_asset(r, rollup, &g->asset);
    resolve_pair(r, submit, op, &g->pair, out ? SCN_OP_BRIDGE_IN : SCN_OP_BRIDGE_OUT,
                 out ? "bridge_in" : "bridge_out");
}

void scn_resolve_op(struct scn_refs *r, const struct scn_submit *submit, const struct scn_leg *leg,
                    uint32_t rollup, struct scn_op *op)
{
    switch (op->kind) {
    case SCN_OP_TRANSFER:
        scn_refer_account(r, rollup, &op->transfer.to, true);
        scn_refer_asset(r, rollup, &op->transfer.asset);
        break;
    case SCN_OP_SWAP:
        scn_refer_pool(r, rollup, &op->swap.pool);
        scn_refer_pool_asset(r, rollup, &op->swap.pool, &op->swap.in);
        break;
    case SCN_OP_REQUIRE:
        resolve_require(r, rollup, &op->require);
        break;
    case SCN_OP_DEPOSIT:
    case SCN_OP_WITHDRAW:
        scn_refer_lending(r, rollup, &op->lend.pool);
        refer_lending_asset(r, rollup, &op->lend.pool, &op->lend.asset);
        break;
    case SCN_OP_BORROW:
    case SCN_OP_REPAY:
        scn_refer_lending(r, rollup, &op->lend.pool);
        if (op->lend.flash) {
            bool borrow = op->kind == SCN_OP_BORROW;
            resolve_pair(r, submit, op, &op->lend.pair, borrow ? SCN_OP_REPAY : SCN_OP_BORROW,
                         borrow ? "repay" : "borrow");
        }
        break;
    case SCN_OP_BRIDGE_OUT:
    case SCN_OP_BRIDGE_IN:
        resolve_bridge(r, submit, leg, rollup, op);
        break;
    case SCN_OP_FAIL:
    default:
        break;
    }
}
