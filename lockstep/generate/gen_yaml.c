/* The plan as a scenario: one line per account, pool, bundle and expectation. */
#include "common/base/check.h"
#include "lockstep/generate/gen_plan.h"

#include <stdlib.h>

#define EXPECTATIONS_MAX 10000
#define EXECUTED_STATED_MAX 1000 /* larger files state only what does not execute */
#define FIRST_US 100000          /* of the first bundle, after its slot begins */
#define LEG_US 1000              /* until the next bundle, per leg: admission keeps up */
#define ROUND_US 150000          /* a round of execution takes less, on links of 20 ms */
#define ENTRY_US 500             /* ... and for each transaction of its largest block */
#define FINAL_BLOCKS 100         /* how long L1 waits for a finalized block, unless told */
#define MARGIN_US 500000         /* after the last one */

static const char *const asset_words[GEN_ASSETS] = {[GEN_ETH] = "ETH", [GEN_USDC] = "USDC"};

void gen_rollup_name(const struct gen_args *args, uint32_t rollup, struct buf *out)
{
    if (args->rollups <= 26) {
        buf_printf(out, "%c", 'A' + (int)rollup);
    } else {
        buf_printf(out, "R%u", rollup + 1);
    }
}

/* ---- Head ---- */

static void write_subject(const struct gen_plan *plan, struct buf *out)
{
    const struct gen_args *a = plan->args;
    if (a->shape != GEN_RANDOM) {
        buf_printf(out, "# ");
        gen_shape_subject(plan, out);
        buf_printf(out, ".\n# ");
        gen_args_write(a, out);
        buf_printf(out, "\n");
        return;
    }
    buf_printf(out,
               "# %u generated bundles over %u rollup%s, %u%% built to fail, accounts and pools ",
               a->bundles, a->rollups, a->rollups == 1 ? "" : "s", a->failure_percent);
    if (a->conflict_centi == 0) {
        buf_printf(out, "drawn evenly.\n");
    } else {
        buf_printf(out, "by Zipf's law (%u.%02u).\n", a->conflict_centi / 100,
                   a->conflict_centi % 100);
    }
    buf_printf(out, "# ");
    gen_args_write(a, out);
    buf_printf(out, "\n");
}

static uint64_t slot_us(const struct gen_plan *plan)
{
    uint64_t longest = 0;
    uint64_t used = 0;
    for (size_t i = 0; i < plan->n_bundles; i++) {
        used = i > 0 && plan->bundles[i].slot != plan->bundles[i - 1].slot ? 0 : used;
        used += plan->bundles[i].n_legs * (uint64_t)LEG_US;
        longest = used > longest ? used : longest;
    }
    return FIRST_US + longest + MARGIN_US;
}

/* Blocks of L1, one a second, from a proposal block to the finalized one: plenty. */
static uint64_t final_blocks(const struct gen_plan *plan, const struct gen_load *load)
{
    uint64_t round_us = ROUND_US + load->transactions * (uint64_t)ENTRY_US;
    return plan->rounds * round_us / 1000000 + FINAL_BLOCKS / 2;
}

static void write_name(const struct gen_plan *plan, struct buf *out)
{
    const struct gen_args *a = plan->args;
    if (a->shape == GEN_RANDOM) {
        buf_printf(out, "name: generated-%llu\n", (unsigned long long)a->seed);
    } else {
        buf_printf(out, "name: %s-of-%u\ndescription: >-\n%s", gen_shape_word(a->shape), a->bundles,
                   gen_shape_description(a->shape));
    }
}

static void write_head(const struct gen_plan *plan, const struct gen_load *load, struct buf *out)
{
    const struct gen_args *a = plan->args;
    buf_printf(out, "# yaml-language-server: $schema=../docs/scenario.schema.json\n");
    write_subject(plan, out);
    buf_printf(out, "version: 1\n");
    write_name(plan, out);
    buf_printf(out, "seed: %llu\npolicy: %s\n", (unsigned long long)a->seed, a->policy);
    if (a->shape != GEN_RANDOM) {
        buf_printf(out, "max_rounds: %u\n", gen_rounds_max(plan));
    }
    buf_printf(out, "slots: %u\nslot_duration: %llus\n", a->slots,
               (unsigned long long)((slot_us(plan) + 999999) / 1000000));
    buf_printf(out, "timelock: {bits: 1024, squarings: 1000, squarings_per_second: 1000, "
                    "solver: trapdoor}\n"
                    "l1: {block_time: 1s, confirmations: 1, challenge_window: 2");
    uint64_t blocks = final_blocks(plan, load);
    if (blocks > FINAL_BLOCKS) {
        buf_printf(out, ", final_deadline: %llu", (unsigned long long)blocks);
    }
    buf_printf(out, "}\nlinks: {default: {delay: 20ms}}\n");
    if (load->gas > 30000000) {
        buf_printf(out, "limits: {gas_per_block: %llu}\n", (unsigned long long)load->gas);
    }
}

/* ---- Rollups ---- */

static void write_balances(const struct gen_plan *plan, const struct gen_user *user,
                           struct buf *out)
{
    bool drawn = plan->args->shape == GEN_RANDOM;
    for (int k = 0; k < (int)GEN_ASSETS && drawn && user->acts; k++) {
        buf_printf(out, "%s%s: %llu", k > 0 ? ", " : "", asset_words[k],
                   (unsigned long long)GEN_BALANCE);
    }
    if (!drawn && user->eth > 0) {
        buf_printf(out, "ETH: %llu", (unsigned long long)user->eth);
    }
}

static void write_accounts(const struct gen_plan *plan, uint32_t rollup, bool *defined,
                           struct buf *out)
{
    bool any = false;
    for (uint32_t i = 0; i < plan->args->accounts; i++) {
        /* Who acts nowhere must still be known somewhere. */
        bool acts = gen_user_at(plan, rollup, i)->acts;
        if (acts || (rollup == 0 && !defined[i])) {
            buf_printf(out, "%s      u%u: {", any ? "" : "    accounts:\n", i + 1);
            any = true;
            write_balances(plan, gen_user_at(plan, rollup, i), out);
            buf_printf(out, "}\n");
        }
    }
}

static void write_rollup(const struct gen_plan *plan, uint32_t rollup, bool *defined,
                         struct buf *out)
{
    uint32_t n_pools = plan->args->pools;
    bool any = false;
    buf_printf(out, "  ");
    gen_rollup_name(plan->args, rollup, out);
    size_t mark = out->len;
    buf_printf(out, ":\n");
    write_accounts(plan, rollup, defined, out);
    for (uint32_t i = 0; i < n_pools; i++) {
        if (plan->pools[(size_t)rollup * n_pools + i]) {
            buf_printf(out, "%s      p%u: {ETH: %llu, USDC: %llu, fee: 0.%d%%}\n",
                       any ? "" : "    pools:\n", i + 1, (unsigned long long)GEN_POOL_ETH,
                       (unsigned long long)GEN_POOL_USDC, GEN_FEE_PER_MILLE);
            any = true;
        }
    }
    if (plan->banks[rollup]) {
        buf_printf(out,
                   "    lending:\n"
                   "      bank: {asset: USDC, liquidity: %llu, collateral: ETH, factor: %d/1}\n",
                   (unsigned long long)GEN_LIQUIDITY, GEN_FACTOR);
    }
    if (out->err == 0 && out->len == mark + 2) { /* nobody is there */
        out->len = mark;
        buf_printf(out, ": {}\n");
    }
}

static int write_rollups(const struct gen_plan *plan, struct buf *out)
{
    bool *defined = calloc(plan->args->accounts, sizeof(*defined));
    if (defined == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t r = 0; r < plan->args->rollups; r++) {
        for (uint32_t i = 0; i < plan->args->accounts; i++) {
            defined[i] = defined[i] || gen_user_at(plan, r, i)->acts;
        }
    }
    buf_printf(out, "rollups:\n");
    for (uint32_t r = 0; r < plan->args->rollups; r++) {
        write_rollup(plan, r, defined, out);
    }
    free(defined);
    return 0;
}

/* ---- Timeline ---- */

static const char *comparison(const struct gen_op *op)
{
    return op->at_most ? "at_most" : "at_least";
}

static void write_bridge(const struct gen_plan *plan, const struct gen_op *op, struct buf *out)
{
    buf_printf(out, op->kind == GEN_OP_BRIDGE_OUT ? "bridge_out: {to: " : "bridge_in: {from: ");
    gen_rollup_name(plan->args, op->rollup, out);
    buf_printf(out, ", asset: %s, amount: %llu, pair: {leg: %u, op: %u}}", asset_words[op->asset],
               (unsigned long long)op->amount, op->pair_leg, op->pair_op);
}

static void write_op(const struct gen_plan *plan, const struct gen_op *op, struct buf *out)
{
    const char *asset = asset_words[op->asset];
    unsigned long long amount = op->amount;
    unsigned long long bound = op->bound;
    switch (op->kind) {
    case GEN_OP_TRANSFER:
        buf_printf(out, "transfer: {to: u%u, asset: %s, amount: %llu}", op->account + 1, asset,
                   amount);
        break;
    case GEN_OP_SWAP:
        buf_printf(out, "swap: {pool: p%u, in: %s, amount: %llu", op->pool + 1, asset, amount);
        if (bound > 0) {
            buf_printf(out, ", min_out: %llu", bound);
        }
        buf_printf(out, "}");
        break;
    case GEN_OP_BRIDGE_OUT:
    case GEN_OP_BRIDGE_IN:
        write_bridge(plan, op, out);
        break;
    case GEN_OP_DEPOSIT:
        buf_printf(out, "deposit: {pool: bank, asset: %s, amount: %llu}", asset, amount);
        break;
    case GEN_OP_BORROW:
    case GEN_OP_REPAY:
        buf_printf(out, "%s: {pool: bank, amount: %llu}",
                   op->kind == GEN_OP_BORROW ? "borrow" : "repay", amount);
        break;
    case GEN_OP_FLASH_BORROW:
    case GEN_OP_FLASH_REPAY:
        buf_printf(out, "%s: {pool: bank, amount: %llu, flash: {leg: %u, op: %u}}",
                   op->kind == GEN_OP_FLASH_BORROW ? "borrow" : "repay", amount, op->pair_leg,
                   op->pair_op);
        break;
    case GEN_OP_NEED_BALANCE:
        buf_printf(out, "require: {balance: {account: u%u, asset: %s, %s: %llu}}", op->account + 1,
                   asset, comparison(op), bound);
        break;
    case GEN_OP_NEED_PRICE:
        buf_printf(out, "require: {price: {pool: p%u, asset: ETH, %s: %llu/%llu}}", op->pool + 1,
                   comparison(op), bound, (unsigned long long)op->per);
        break;
    case GEN_OP_NEED_NONCE:
        buf_printf(out, "require: {nonce: {account: u%u, equals: %llu}}", op->account + 1, bound);
        break;
    case GEN_OP_FAIL:
        buf_printf(out, "fail: {}");
        break;
    }
}

static void write_leg(const struct gen_plan *plan, const struct gen_leg *leg, struct buf *out)
{
    buf_printf(out, "{rollup: ");
    gen_rollup_name(plan->args, leg->rollup, out);
    if (leg->has_nonce) {
        buf_printf(out, ", nonce: %u", leg->nonce);
    }
    buf_printf(out, ", ops: [");
    for (uint32_t i = 0; i < leg->n_ops; i++) {
        buf_printf(out, "%s{", i > 0 ? ", " : "");
        write_op(plan, &plan->ops[leg->first_op + i], out);
        buf_printf(out, "}");
    }
    buf_printf(out, "]}");
}

static void write_timeline(const struct gen_plan *plan, struct buf *out)
{
    uint64_t us = FIRST_US;
    buf_printf(out, "timeline:\n");
    for (size_t i = 0; i < plan->n_bundles; i++) {
        const struct gen_bundle *b = &plan->bundles[i];
        us = i > 0 && b->slot != plan->bundles[i - 1].slot ? FIRST_US : us;
        buf_printf(out, "  - {at: slot %u + %llums, submit: {bundle: b%zu, from: u%u, legs: [",
                   b->slot + 1, (unsigned long long)(us / 1000), i + 1, b->sender + 1);
        us += b->n_legs * (uint64_t)LEG_US;
        for (uint32_t k = 0; k < b->n_legs; k++) {
            buf_printf(out, "%s", k > 0 ? ", " : "");
            write_leg(plan, &plan->legs[b->first_leg + k], out);
        }
        buf_printf(out, "]}}\n");
    }
}

/* ---- Expectations ---- */

static void write_fates(const struct gen_plan *plan, struct buf *out)
{
    size_t left = EXPECTATIONS_MAX - SCN_CHECKS - 1;
    for (size_t i = 0; i < plan->n_bundles && left > 0; i++) {
        enum scn_outcome outcome = plan->bundles[i].outcome;
        if (outcome != SCN_EXECUTED || plan->n_bundles <= EXECUTED_STATED_MAX) {
            buf_printf(out, "  - {bundle: b%zu, is: %s", i + 1, scn_outcome_word(outcome));
            if (plan->bundles[i].is_blamed) {
                buf_printf(out, ", cause: ");
                gen_rollup_name(plan->args, plan->bundles[i].blamed_rollup, out);
                buf_printf(out, ".%u", plan->bundles[i].blamed_order);
            }
            buf_printf(out, "}\n");
            left--;
        }
    }
}

/* one_shot is followed to the end; another policy may decide otherwise about bundles, and keeps
 * what every policy keeps. */
static void write_expectations(const struct gen_plan *plan, struct buf *out)
{
    bool foreseen = strcmp(plan->args->policy, "one_shot") == 0;
    bool smooth = plan->outcomes[SCN_EXECUTED] == plan->n_bundles;
    buf_printf(out, "expect:\n");
    if (foreseen || smooth) {
        write_fates(plan, out);
    }
    if (smooth) {
        buf_printf(out, "  - {rounds: 1}\n");
    }
    for (int c = 0; c < (int)SCN_CHECKS; c++) {
        bool may_break =
            !smooth && (c == (int)SCN_CHECK_ATOMICITY || c == (int)SCN_CHECK_CONSERVATION ||
                        c == (int)SCN_CHECK_JUSTIFIED);
        bool breaks = (c == (int)SCN_CHECK_ATOMICITY && plan->outcomes[SCN_MIXED] > 0) ||
                      (c == (int)SCN_CHECK_CONSERVATION && plan->bridge_broken);
        if (c == (int)SCN_CHECK_SERIAL && !smooth) {
            continue; /* what one_shot comes to here is a metric */
        }
        if (foreseen || !may_break) {
            buf_printf(out, "  - {%s: %s}\n", breaks ? "violated" : "always",
                       scn_check_word((enum scn_check)c));
        }
    }
}

/* Of a shape, whatever the policy: legs are transfers, so that money is neither made nor lost. */
static void write_expectations_of_shape(const struct gen_plan *plan, struct buf *out)
{
    buf_printf(out, "expect:\n");
    write_fates(plan, out);
    buf_printf(out, "  - {rounds: %u}\n", plan->rounds);
    for (int c = 0; c < (int)SCN_CHECKS; c++) {
        bool breaks = (c == (int)SCN_CHECK_ATOMICITY && plan->outcomes[SCN_MIXED] > 0) ||
                      (c == (int)SCN_CHECK_SERIAL && !plan->is_serial);
        buf_printf(out, "  - {%s: %s}\n", breaks ? "violated" : "always",
                   scn_check_word((enum scn_check)c));
    }
}

void gen_yaml(const struct gen_plan *plan, const struct gen_load *load, struct buf *out)
{
    write_head(plan, load, out);
    int rc = write_rollups(plan, out);
    out->err = out->err != 0 ? out->err : rc;
    write_timeline(plan, out);
    if (plan->args->shape == GEN_RANDOM) {
        write_expectations(plan, out);
    } else {
        write_expectations_of_shape(plan, out);
    }
}
