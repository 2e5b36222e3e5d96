/* Drawing bundles. One generator per purpose, so that another --failure leaves the rest as it is.
 * No two draws stand in one initializer: C leaves their order to the compiler. */
#include "common/base/cleanup.h"
#include "lockstep/generate/gen_plan.h"

#define CONDITIONAL_ONE_IN 4 /* of the bundles built to fail */
#define NONCES_ONE_IN 5      /* of the bundles state their nonces */
#define ANYWHERE_ONE_IN 8    /* of the legs may be where the bundle has one already */

struct draw {
    struct gen_plan *plan;
    const struct gen_args *args;
    struct gen_zipf accounts;
    struct gen_zipf pools;
    struct prng shape;
    struct prng who;
    struct prng where;
    struct prng trade; /* pools and amounts */
    struct prng nonces;
    struct prng luck; /* which bundles are built to fail, and in which leg */
    struct gen_failures failures;
    /* The bundle being drawn. */
    struct gen_bundle bundle;
    uint32_t failing_leg;
    bool taken[SCN_ROLLUPS_MAX];
    uint32_t n_taken;
};

static void draw_fini(struct draw *d)
{
    gen_zipf_fini(&d->accounts);
    gen_zipf_fini(&d->pools);
}

static int draw_init(struct draw *d, struct gen_plan *plan)
{
    const struct gen_args *a = plan->args;
    d->plan = plan;
    d->args = a;
    prng_init(&d->shape, a->seed, "generate shape");
    prng_init(&d->who, a->seed, "generate who");
    prng_init(&d->where, a->seed, "generate where");
    prng_init(&d->trade, a->seed, "generate trade");
    prng_init(&d->nonces, a->seed, "generate nonces");
    prng_init(&d->luck, a->seed, "generate luck");
    prng_init(&d->failures.shape, a->seed, "generate failures");
    d->failures.accounts = &d->accounts;
    d->failures.pools = a->pools > 0 ? &d->pools : NULL;
    int rc = gen_zipf_init(&d->accounts, a->accounts, a->conflict_centi);
    return rc != 0 || a->pools == 0 ? rc : gen_zipf_init(&d->pools, a->pools, a->conflict_centi);
}

/* ---- Where and by whom ---- */

/* In: a rollup not to take, or SCN_NO_INDEX. Returns: mostly one that the bundle has no leg on. */
static uint32_t draw_rollup(struct draw *d, uint32_t except)
{
    uint32_t n = d->args->rollups;
    bool anywhere = prng_below(&d->where, ANYWHERE_ONE_IN) == 0 || d->n_taken == n;
    uint32_t free_ones = anywhere ? n - (except < n ? 1 : 0) : n - d->n_taken;
    uint64_t left = prng_below(&d->where, free_ones);
    uint32_t r = 0;
    for (;; r++) {
        bool counts = anywhere ? r != except : !d->taken[r];
        if (counts && left-- == 0) {
            break;
        }
    }
    d->n_taken += d->taken[r] ? 0 : 1;
    d->taken[r] = true;
    return r;
}

/* Returns: another account than the sender. */
static uint32_t draw_receiver(struct draw *d)
{
    uint32_t to = d->bundle.sender;
    for (int i = 0; i < 64 && to == d->bundle.sender; i++) {
        to = gen_zipf_draw(&d->accounts, &d->who);
    }
    return to != d->bundle.sender ? to : (to + 1) % d->args->accounts;
}

static enum gen_asset draw_asset(struct draw *d)
{
    return prng_below(&d->trade, GEN_ASSETS) == 0 ? GEN_ETH : GEN_USDC;
}

/* ---- Legs ---- */

static bool fails_here(const struct draw *d, enum gen_intent intent)
{
    return d->bundle.intent == intent && d->bundle.n_legs == d->failing_leg;
}

/* A condition is asked before the leg changes anything itself. */
static int leg_begin(struct draw *d, uint32_t rollup)
{
    gen_user_at(d->plan, rollup, d->bundle.sender)->acts = true;
    int rc = gen_plan_leg(d->plan, (struct gen_leg){.rollup = rollup});
    if (rc == 0 && fails_here(d, GEN_CONDITIONAL)) {
        rc = gen_fail_add(&d->failures, d->plan, GEN_CONDITIONAL);
    }
    return rc;
}

/* What fails for sure comes last, so that there is something to undo. */
static int leg_end(struct draw *d)
{
    int rc = fails_here(d, GEN_BROKEN) ? gen_fail_add(&d->failures, d->plan, GEN_BROKEN) : 0;
    d->bundle.n_legs++;
    return rc;
}

static uint32_t next_op(const struct draw *d)
{
    return d->plan->legs[d->plan->n_legs - 1].n_ops;
}

static struct gen_op *last_op(const struct draw *d)
{
    return &d->plan->ops[d->plan->n_ops - 1];
}

static int draw_transfer(struct draw *d)
{
    int rc = leg_begin(d, draw_rollup(d, SCN_NO_INDEX));
    struct gen_op op = {.kind = GEN_OP_TRANSFER, .account = draw_receiver(d)};
    op.asset = draw_asset(d);
    op.amount = 1 + prng_below(&d->trade, 1000);
    rc = rc != 0 ? rc : gen_plan_op(d->plan, op);
    return rc != 0 ? rc : leg_end(d);
}

static int draw_swap(struct draw *d)
{
    uint32_t rollup = draw_rollup(d, SCN_NO_INDEX);
    int rc = leg_begin(d, rollup);
    struct gen_op op = {.kind = GEN_OP_SWAP, .pool = gen_zipf_draw(&d->pools, &d->trade)};
    op.asset = draw_asset(d);
    op.amount = (1 + prng_below(&d->trade, 10000)) * (op.asset == GEN_USDC ? GEN_PRICE : 1);
    d->plan->pools[(size_t)rollup * d->args->pools + op.pool] = true;
    rc = rc != 0 ? rc : gen_plan_op(d->plan, op);
    return rc != 0 ? rc : leg_end(d);
}

/* Value goes over 1 or 2 bridges. */
static int draw_bridge(struct draw *d, uint32_t bridges)
{
    uint32_t from = draw_rollup(d, SCN_NO_INDEX);
    struct gen_op op = {.asset = draw_asset(d)};
    op.amount = 1 + prng_below(&d->trade, 1000);
    int rc = leg_begin(d, from);
    for (uint32_t i = 0; i < bridges && rc == 0; i++) {
        uint32_t to = draw_rollup(d, from);
        uint32_t leg = d->bundle.n_legs;
        uint32_t out_at = next_op(d);
        op.kind = GEN_OP_BRIDGE_OUT;
        op.rollup = to;
        op.pair_leg = leg + 1;
        rc = gen_plan_op(d->plan, op);
        size_t out = d->plan->n_ops - 1;
        rc = rc != 0 ? rc : leg_end(d);
        rc = rc != 0 ? rc : leg_begin(d, to);
        if (rc == 0) {
            d->plan->ops[out].pair_op = next_op(d);
            op.kind = GEN_OP_BRIDGE_IN;
            op.rollup = from;
            op.pair_leg = leg;
            op.pair_op = out_at;
            rc = gen_plan_op(d->plan, op);
            op.pair_op = 0;
            from = to;
        }
    }
    return rc != 0 ? rc : leg_end(d);
}

/* Collateral, a debt within what it covers, half of it paid back. */
static int draw_mortgage(struct draw *d, uint32_t rollup)
{
    uint64_t collateral = 1 + prng_below(&d->trade, 100);
    uint64_t debt = 2 + prng_below(&d->trade, collateral * (GEN_FACTOR - 2));
    const struct gen_op ops[] = {
        {.kind = GEN_OP_DEPOSIT, .asset = GEN_ETH, .amount = collateral},
        {.kind = GEN_OP_BORROW, .asset = GEN_USDC, .amount = debt},
        {.kind = GEN_OP_REPAY, .asset = GEN_USDC, .amount = debt / 2},
    };
    int rc = leg_begin(d, rollup);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]) && rc == 0; i++) {
        rc = gen_plan_op(d->plan, ops[i]);
    }
    return rc != 0 ? rc : leg_end(d);
}

/* A flash loan that is open from one leg to the next one, on the same rollup. */
static int draw_flash(struct draw *d, uint32_t rollup)
{
    struct gen_op op = {.kind = GEN_OP_FLASH_BORROW,
                        .asset = GEN_USDC,
                        .amount = 1 + prng_below(&d->trade, 1000000),
                        .pair_leg = d->bundle.n_legs + 1};
    int rc = leg_begin(d, rollup);
    uint32_t borrow_at = rc == 0 ? next_op(d) : 0;
    rc = rc != 0 ? rc : gen_plan_op(d->plan, op);
    size_t borrow = d->plan->n_ops - 1;
    rc = rc != 0 ? rc : leg_end(d);
    rc = rc != 0 ? rc : leg_begin(d, rollup);
    if (rc == 0) {
        d->plan->ops[borrow].pair_op = next_op(d);
        op.kind = GEN_OP_FLASH_REPAY;
        op.pair_leg = d->bundle.n_legs - 1;
        rc = gen_plan_op(d->plan, op);
    }
    if (rc == 0) {
        last_op(d)->pair_op = borrow_at;
        rc = leg_end(d);
    }
    return rc;
}

static int draw_loan(struct draw *d, uint32_t left)
{
    uint32_t rollup = draw_rollup(d, SCN_NO_INDEX);
    bool flash = prng_below(&d->shape, 2) == 0 && left >= 2;
    d->plan->banks[rollup] = true;
    return flash ? draw_flash(d, rollup) : draw_mortgage(d, rollup);
}

/* ---- Bundles ---- */

/* Returns: how many of the mix fit into one leg. */
static uint32_t count_short(const struct gen_args *a)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->n_mix; i++) {
        n += a->mix[i] != GEN_BRIDGES ? 1 : 0;
    }
    return n;
}

static enum gen_kind draw_kind(struct draw *d, uint32_t left)
{
    bool all = left >= 2;
    uint64_t skip = prng_below(&d->shape, all ? d->args->n_mix : count_short(d->args));
    for (uint32_t i = 0;; i++) {
        if ((all || d->args->mix[i] != GEN_BRIDGES) && skip-- == 0) {
            return d->args->mix[i];
        }
    }
}

/* The next one to three legs. */
static int draw_part(struct draw *d, uint32_t left)
{
    switch (draw_kind(d, left)) {
    case GEN_TRANSFERS:
        return draw_transfer(d);
    case GEN_SWAPS:
        return draw_swap(d);
    case GEN_BRIDGES: /* no last leg may stay that nothing fits into */
        return draw_bridge(d, left == 3 && count_short(d->args) == 0 ? 2 : 1);
    case GEN_LOANS:
    default:
        return draw_loan(d, left);
    }
}

/* Only legs that state a nonce raise it, and only bundles that are sure to execute state any: so
 * what is stated holds. */
static void number_legs(struct draw *d)
{
    const struct gen_bundle *b = &d->bundle;
    bool stated = prng_below(&d->nonces, NONCES_ONE_IN) == 0 && b->intent == GEN_SOUND;
    for (uint32_t i = 0; i < b->n_legs && stated; i++) {
        struct gen_leg *leg = &d->plan->legs[b->first_leg + i];
        leg->has_nonce = true;
        leg->nonce = gen_user_at(d->plan, leg->rollup, b->sender)->nonce++;
    }
}

static void draw_intent(struct draw *d, uint32_t n_legs)
{
    bool fails = prng_below(&d->luck, 100) < d->args->failure_percent;
    bool conditional = prng_below(&d->luck, CONDITIONAL_ONE_IN) == 0;
    d->failing_leg = (uint32_t)prng_below(&d->luck, n_legs);
    d->bundle.intent = !fails ? GEN_SOUND : conditional ? GEN_CONDITIONAL : GEN_BROKEN;
}

static int draw_bundle(struct draw *d, uint32_t index)
{
    const struct gen_args *a = d->args;
    uint32_t n_legs = a->legs_min + (uint32_t)prng_below(&d->shape, a->legs_max - a->legs_min + 1);
    d->bundle = (struct gen_bundle){
        .slot = (uint32_t)((uint64_t)index * a->slots / a->bundles),
        .sender = gen_zipf_draw(&d->accounts, &d->who),
        .first_leg = (uint32_t)d->plan->n_legs,
    };
    memset(d->taken, 0, sizeof(d->taken));
    d->n_taken = 0;
    draw_intent(d, n_legs);
    int rc = 0;
    while (d->bundle.n_legs < n_legs && rc == 0) {
        rc = draw_part(d, n_legs - d->bundle.n_legs);
    }
    if (rc == 0) {
        number_legs(d);
        rc = gen_plan_bundle(d->plan, d->bundle);
    }
    return rc;
}

int gen_draw(struct gen_plan *plan, size_t legs_max)
{
    CLEANUP(draw_fini) struct draw d = {0};
    int rc = draw_init(&d, plan);
    for (uint32_t i = 0; i < plan->args->bundles && plan->n_legs < legs_max && rc == 0; i++) {
        rc = draw_bundle(&d, i);
    }
    return rc;
}
