/* Bundles that depend on each other in a given shape. Every bundle has a sender of its own and two
 * legs, which are transfers; it depends on the one before by paying with what that one has paid its
 * sender. The seed sets the amounts. */
#include "common/base/check.h"
#include "lockstep/generate/gen_plan.h"

#define AMOUNT_MAX 1000 /* of a transfer, in smallest units */

static const char *const shape_words[GEN_SHAPES] = {
    [GEN_RANDOM] = "random",     [GEN_CHAIN] = "chain", [GEN_LINE] = "line",
    [GEN_CROSSING] = "crossing", [GEN_CYCLE] = "cycle",
};

const char *gen_shape_word(enum gen_shape shape)
{
    return shape_words[shape];
}

/* ---- Arguments ---- */

/* How many rollups and bundles a shape takes that is not drawn. */
static const struct range {
    uint32_t rollups; /* default */
    uint32_t rollups_min;
    uint32_t rollups_max;
    const char *rollups_why; /* neither fewer nor more, and what to do instead */
} ranges[GEN_SHAPES] = {
    [GEN_CHAIN] = {2, 2, 2,
                   "it goes back and forth between two rollups; leave --rollups out, or take "
                   "--shape cycle for more"},
    [GEN_LINE] = {2, 2, SCN_ROLLUPS_MAX,
                  "the line is on one rollup and its first bundle fails on another; take --rollups "
                  "2 or more"},
    [GEN_CROSSING] = {2, 2, SCN_ROLLUPS_MAX,
                      "a pair crosses over two rollups; take --rollups 2 or more"},
    [GEN_CYCLE] =
        {3, 3, SCN_ROLLUPS_MAX,
         "a circle has three rollups; take --rollups 3 or more, or --shape chain for two"},
};

static int check_bundles(const struct gen_args *a, struct buf *why)
{
    const char *word = gen_shape_word(a->shape);
    if (a->shape == GEN_CROSSING && a->bundles % 2 != 0) {
        buf_printf(why,
                   "--shape %s takes an even number of bundles, not %u: they come in pairs; take "
                   "--bundles %u",
                   word, a->bundles, a->bundles + 1);
    } else if (a->shape == GEN_CYCLE && a->bundles < a->rollups) {
        buf_printf(why,
                   "--shape %s takes a bundle for each of its %u rollups at least, not %u: the "
                   "circle would stay open; take --bundles %u or more, or fewer --rollups",
                   word, a->rollups, a->bundles, a->rollups);
    } else if (a->bundles < 2) {
        buf_printf(why,
                   "--shape %s takes 2 bundles or more, not %u: one depends on another; take "
                   "--bundles 2 or more",
                   word, a->bundles);
    } else {
        return 0;
    }
    return ERR_INVALID;
}

int gen_shape_settle(struct gen_args *a, bool rollups_said, bool bundles_said, struct buf *why)
{
    const struct range *range = &ranges[a->shape];
    a->rollups = rollups_said ? a->rollups : range->rollups;
    if (a->rollups < range->rollups_min || a->rollups > range->rollups_max) {
        buf_printf(why, "--shape %s does not go with --rollups %u: %s", gen_shape_word(a->shape),
                   a->rollups, range->rollups_why);
        return ERR_INVALID;
    }
    if (a->shape == GEN_CYCLE && a->bundles < a->rollups && !bundles_said) {
        a->bundles = a->rollups;
    }
    a->legs_min = a->legs_max = 2;
    a->accounts = a->bundles + 1;
    a->pools = 0;
    a->slots = 1;
    a->conflict_centi = 0;
    a->failure_percent = 0;
    a->n_mix = 1;
    a->mix[0] = GEN_TRANSFERS;
    return check_bundles(a, why);
}

/* ---- Bundles ---- */

struct shaper {
    struct gen_plan *plan;
    struct prng amounts;
    struct prng sides; /* which of a crossing pair fails */
    uint64_t handed;   /* by the bundle before */
};

static uint64_t amount(struct shaper *s)
{
    return 1 + prng_below(&s->amounts, AMOUNT_MAX);
}

static void own(struct shaper *s, uint32_t rollup, uint32_t account, uint64_t eth)
{
    struct gen_user *u = gen_user_at(s->plan, rollup, account);
    u->acts = true;
    u->eth += eth;
}

/* Until the laboratory has spoken it has the fate that takes most room in the file. */
static int begin(struct shaper *s, uint32_t sender)
{
    return gen_plan_bundle(s->plan, (struct gen_bundle){.sender = sender,
                                                        .first_leg = (uint32_t)s->plan->n_legs,
                                                        .n_legs = 2,
                                                        .intent = GEN_CONDITIONAL,
                                                        .outcome = SCN_EXCLUDED,
                                                        .is_blamed = true,
                                                        .blamed_rollup = s->plan->args->rollups - 1,
                                                        .blamed_order = s->plan->args->bundles});
}

static int pay(struct shaper *s, uint32_t rollup, uint32_t to, uint64_t eth)
{
    struct gen_op op = {.kind = GEN_OP_TRANSFER, .asset = GEN_ETH, .account = to, .amount = eth};
    int rc = gen_plan_leg(s->plan, (struct gen_leg){.rollup = rollup});
    return rc != 0 ? rc : gen_plan_op(s->plan, op);
}

/* Pays on one rollup what the bundle before handed on there, and hands on on the next one. Bundle
 * `breaks` pays one more than it has. */
static int add_step(struct shaper *s, uint32_t i, uint32_t breaks)
{
    uint32_t rollups = s->plan->args->rollups;
    uint32_t here = i % rollups, next = (i + 1) % rollups;
    uint64_t has = s->handed;
    own(s, here, i, 0);
    if (i == 0) {
        has = 1 + amount(s);
        own(s, here, i, i == breaks ? has - 1 : has);
        has -= i == breaks ? 1 : 0;
    }
    s->handed = amount(s);
    own(s, next, i, s->handed);
    int rc = begin(s, i);
    rc = rc != 0 ? rc : pay(s, here, i + 1, i == breaks ? has + 1 : has);
    return rc != 0 ? rc : pay(s, next, i + 1, s->handed);
}

/* Pays on the first rollup what the bundle before paid there, and something on another one, where
 * the first bundle lacks one for it. */
static int add_link(struct shaper *s, uint32_t i)
{
    uint32_t other = 1 + i % (s->plan->args->rollups - 1);
    uint64_t aside = 1 + amount(s);
    if (i == 0) {
        s->handed = amount(s);
    }
    own(s, 0, i, i == 0 ? s->handed : 0);
    own(s, other, i, i == 0 ? aside - 1 : aside);
    int rc = begin(s, i);
    rc = rc != 0 ? rc : pay(s, 0, i + 1, s->handed);
    return rc != 0 ? rc : pay(s, other, i + 1, aside);
}

/* Two bundles between two accounts, over two neighbours, one each way round. One of them pays one
 * more than it has on the rollup it comes to first. */
static int add_crossing(struct shaper *s, uint32_t pair)
{
    uint32_t rollups = s->plan->args->rollups;
    uint32_t first = 2 * pair;
    uint32_t side[2] = {pair % rollups, (pair + 1) % rollups};
    uint32_t breaks = (uint32_t)prng_below(&s->sides, 2);
    uint64_t got = 0; /* there, from the other one */
    int rc = 0;
    for (uint32_t k = 0; k < 2 && rc == 0; k++) {
        uint64_t here = amount(s), there = amount(s);
        own(s, side[k], first + k, here);
        own(s, side[1 - k], first + k, there);
        rc = begin(s, first + k);
        rc = rc != 0 ? rc : pay(s, side[k], first + 1 - k, k == breaks ? here + got + 1 : here);
        rc = rc != 0 ? rc : pay(s, side[1 - k], first + 1 - k, there);
        got = there;
    }
    return rc;
}

int gen_shape(struct gen_plan *plan, size_t legs_max)
{
    const struct gen_args *a = plan->args;
    struct shaper s = {.plan = plan};
    int rc = 0;
    prng_init(&s.amounts, a->seed, "generate amounts of a shape");
    prng_init(&s.sides, a->seed, "generate sides of a shape");
    for (uint32_t i = 0; plan->n_bundles < a->bundles && plan->n_legs < legs_max && rc == 0; i++) {
        switch (a->shape) {
        case GEN_CHAIN:
            rc = add_step(&s, i, 0);
            break;
        case GEN_LINE:
            rc = add_link(&s, i);
            break;
        case GEN_CROSSING:
            rc = add_crossing(&s, i);
            break;
        case GEN_CYCLE:
            rc = add_step(&s, i, a->rollups - 1);
            break;
        case GEN_RANDOM:
        case GEN_SHAPES:
        default:
            CHECK(false);
        }
    }
    return rc;
}

/* ---- Words ---- */

void gen_shape_subject(const struct gen_plan *plan, struct buf *out)
{
    const struct gen_args *a = plan->args;
    switch (a->shape) {
    case GEN_CHAIN:
        buf_printf(out, "A chain of %u bundles over two rollups, the longest cascade there is",
                   a->bundles);
        break;
    case GEN_LINE:
        buf_printf(out, "A line of %u bundles on one rollup, and a failure on another", a->bundles);
        break;
    case GEN_CROSSING:
        buf_printf(out, "%u pairs of crossing bundles over %u rollups; one of each pair fails",
                   a->bundles / 2, a->rollups);
        break;
    case GEN_CYCLE:
        buf_printf(out, "%u bundles round a circle of %u rollups; the one that closes it fails",
                   a->bundles, a->rollups);
        break;
    case GEN_RANDOM:
    case GEN_SHAPES:
    default:
        CHECK(false);
    }
}

const char *gen_shape_description(enum gen_shape shape)
{
    static const char *const texts[GEN_SHAPES] = {
        [GEN_CHAIN] =
            "  Each bundle pays on one rollup with what the one before handed on there, and hands "
            "on\n"
            "  what the next one needs on the other. The first pays one more than it has. Without "
            "it\n"
            "  the second has nothing to pay with, without that one the third, on both rollups in\n"
            "  turn; and every one of them shows only when the one before has gone.\n",
        [GEN_LINE] =
            "  On the first rollup each bundle pays with what the one before paid its sender. The\n"
            "  first bundle pays one more than it has on another rollup. Once it is out, nobody "
            "in\n"
            "  the line has anything to pay with: all fail in the same round.\n",
        [GEN_CROSSING] =
            "  A pair goes over the same two rollups between the same two accounts, one bundle "
            "each\n"
            "  way round. One of the two pays one more than it has, so its other leg is taken out\n"
            "  again; the other bundle has what it needs. Pairs have nothing to do with each "
            "other.\n",
        [GEN_CYCLE] =
            "  Each bundle pays on one rollup with what the one before handed on there, and hands "
            "on\n"
            "  what the next one needs on the next rollup; after the last comes the first. The\n"
            "  bundle that comes back to the first rollup pays one more than it was handed. Those\n"
            "  before it stand, those after it fall one after the other, round and round.\n",
    };
    return texts[shape];
}
