#include "common/base/cleanup.h"
#include "lockstep/generate/gen_plan.h"
#include "lockstep/scenario/scn_yaml.h"

#define LEG_BYTES_MIN 60 /* more are never written: a leg takes at least this much */
#define BLOCK_MAX 4096   /* transactions */

static int refuse_block(const struct gen_plan *plan, const struct gen_load *load, struct buf *why)
{
    buf_printf(why, "rollup ");
    gen_rollup_name(plan->args, load->rollup, why);
    buf_printf(why,
               " would get %u transactions in slot %u, and a block has room for %d: take more "
               "--slots or --rollups, or fewer --bundles",
               load->transactions, load->slot + 1, BLOCK_MAX);
    return ERR_INVALID;
}

/* In: the text of the first `plan->n_bundles` bundles, which may be all. */
static int refuse_size(const struct gen_plan *plan, size_t len, struct buf *why)
{
    size_t fit = (size_t)((u128)plan->n_bundles * SCN_YAML_BYTES / len * 95 / 100);
    buf_printf(why,
               "%u bundles like these do not fit a scenario, which has at most %zu bytes: take "
               "about --bundles %zu, or fewer --legs, --accounts or --rollups",
               plan->args->bundles, SCN_YAML_BYTES, fit);
    return ERR_INVALID;
}

int gen_scenario(const struct gen_args *args, struct buf *out, struct buf *why)
{
    CLEANUP(gen_plan_fini) struct gen_plan plan = {0};
    struct gen_load load = {0};
    int rc = gen_plan_init(&plan, args);
    rc = rc != 0 ? rc : gen_draw(&plan, SCN_YAML_BYTES / LEG_BYTES_MIN);
    rc = rc != 0 ? rc : gen_plan_load(&plan, &load);
    rc = rc != 0 ? rc : gen_judge(&plan);
    if (rc != 0) {
        return rc;
    }
    if (load.transactions > BLOCK_MAX) {
        return refuse_block(&plan, &load, why);
    }
    out->limit = SIZE_MAX / 2;
    gen_yaml(&plan, &load, out);
    if (out->err != 0) {
        return out->err;
    }
    if (plan.n_bundles < args->bundles || out->len > SCN_YAML_BYTES) {
        rc = refuse_size(&plan, out->len, why);
        buf_clear(out);
    }
    return rc;
}
