#include "common/base/cleanup.h"
#include "lockstep/generate/gen_plan.h"
#include "lockstep/scenario/scn_yaml.h"

#define LEG_BYTES_MIN 60 /* more are never written: a leg takes at least this much */
#define BLOCK_MAX 4096   /* transactions */

static int refuse_block(const struct gen_plan *plan, const struct gen_load *load, struct buf *why)
{
    static const char *const others[GEN_SHAPES] = {
        [GEN_RANDOM] = "more --slots or --rollups, or ",
        [GEN_CHAIN] = "",
        [GEN_LINE] = "",
        [GEN_CROSSING] = "more --rollups, or ",
        [GEN_CYCLE] = "more --rollups, or ",
    };
    buf_printf(why, "rollup ");
    gen_rollup_name(plan->args, load->rollup, why);
    buf_printf(why,
               " would get %u transactions in slot %u, and a block has room for %d: take %sfewer "
               "--bundles",
               load->transactions, load->slot + 1, BLOCK_MAX, others[plan->args->shape]);
    return ERR_INVALID;
}

/* In: the text of the first `plan->n_bundles` bundles, which may be all. */
static int refuse_size(const struct gen_plan *plan, size_t len, struct buf *why)
{
    size_t fit = (size_t)((u128)plan->n_bundles * SCN_YAML_BYTES / len * 95 / 100);
    fit -= plan->args->shape == GEN_CROSSING ? fit % 2 : 0;
    buf_printf(why,
               "%u bundles like these do not fit a scenario, which has at most %zu bytes: take "
               "about --bundles %zu%s",
               plan->args->bundles, SCN_YAML_BYTES, fit,
               plan->args->shape == GEN_RANDOM ? ", or fewer --legs, --accounts or --rollups" : "");
    return ERR_INVALID;
}

static int write(const struct gen_plan *plan, const struct gen_load *load, struct buf *out,
                 struct buf *why)
{
    buf_clear(out);
    out->limit = SIZE_MAX / 2;
    gen_yaml(plan, load, out);
    if (out->err != 0) {
        return out->err;
    }
    if (plan->n_bundles < plan->args->bundles || out->len > SCN_YAML_BYTES) {
        int rc = refuse_size(plan, out->len, why);
        buf_clear(out);
        return rc;
    }
    return 0;
}

int gen_scenario(const struct gen_args *args, struct buf *out, struct buf *why)
{
    CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
    struct gen_load load = {0};
    bool drawn = args->shape == GEN_RANDOM;
    size_t legs_max = SCN_YAML_BYTES / LEG_BYTES_MIN;
    int rc = gen_plan_init(&plan, args);
    rc = rc != 0 ? rc : drawn ? gen_draw(&plan, legs_max) : gen_shape(&plan, legs_max);
    rc = rc != 0 ? rc : gen_plan_load(&plan, &load);
    rc = rc == 0 && drawn ? gen_judge(&plan) : rc;
    if (rc != 0) {
        return rc;
    }
    if (load.transactions > BLOCK_MAX) {
        return refuse_block(&plan, &load, why);
    }
    /* The laboratory takes its time with a long cascade: what does not fit is refused before. */
    rc = write(&plan, &load, out, why);
    if (rc == 0 && !drawn) {
        rc = gen_lab(&plan, POL_BY_KEYS);
        rc = rc != 0 ? rc : write(&plan, &load, out, why);
    }
    return rc;
}
