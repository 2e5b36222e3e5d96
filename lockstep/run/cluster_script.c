#include "common/actor/wire.h"
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/vec.h"
#include "common/ledger/led_op.h"
#include "common/protocol/pro_bundle.h"
#include "lockstep/run/cluster_parts.h"

#include <stdlib.h>

/* ---- Operations: from the scenario's names to the ledger's bytes ---- */

static enum led_compare compare_of(enum scn_cmp cmp)
{
    static const enum led_compare of[] = {
        [SCN_EQUALS] = LED_EXACTLY,
        [SCN_AT_LEAST] = LED_AT_LEAST,
        [SCN_AT_MOST] = LED_AT_MOST,
    };
    return of[cmp];
}

/* The loader has checked names and references; what fails here is our own bug. */
static void set_name(struct led_name *out, const struct scn_name *name)
{
    CHECK(led_name_set(out, name->text) == 0);
}

static struct addr20 address_of(const struct cluster *c, const struct scn_name *account)
{
    const struct addr20 *a = cluster_user(c, account->text);
    CHECK(a != NULL);
    return *a;
}

static void make_swap(const struct scn_rollup *r, const struct scn_swap *in, struct led_swap *out)
{
    const struct scn_pool *p = &r->pools.items[in->pool.index];
    bool first = strcmp(p->reserves.items[0].asset.text, in->in.text) == 0;
    set_name(&out->pool, &in->pool);
    set_name(&out->asset_in, &in->in);
    set_name(&out->asset_out, &p->reserves.items[first ? 1 : 0].asset);
    out->amount_in = in->amount;
    out->min_out = in->min_out;
}

static void make_require(const struct cluster *c, const struct scn_require *in,
                         struct led_require *out)
{
    switch (in->kind) {
    case SCN_REQUIRE_BALANCE:
        out->what = LED_REQUIRE_BALANCE;
        out->compare = compare_of(in->balance.cmp);
        out->account = address_of(c, &in->balance.account);
        set_name(&out->asset, &in->balance.asset);
        out->value = in->balance.value;
        break;
    case SCN_REQUIRE_PRICE:
        out->what = LED_REQUIRE_PRICE;
        out->compare = compare_of(in->price.cmp);
        set_name(&out->pool, &in->price.pool);
        set_name(&out->asset, &in->price.asset);
        out->num = in->price.value.num;
        out->den = in->price.value.den;
        break;
    case SCN_REQUIRE_NONCE:
        out->what = LED_REQUIRE_NONCE;
        out->compare = LED_EXACTLY;
        out->account = address_of(c, &in->nonce.account);
        out->nonce = in->nonce.equals;
        break;
    }
}

static void make_op(const struct cluster *c, const struct scn_rollup *r, const struct scn_op *in,
                    struct led_op *out)
{
    switch (in->kind) {
    case SCN_OP_TRANSFER:
        out->kind = LED_OP_TRANSFER;
        out->transfer.to = address_of(c, &in->transfer.to);
        set_name(&out->transfer.asset, &in->transfer.asset);
        out->transfer.amount = in->transfer.amount;
        break;
    case SCN_OP_SWAP:
        out->kind = LED_OP_SWAP;
        make_swap(r, &in->swap, &out->swap);
        break;
    case SCN_OP_REQUIRE:
        out->kind = LED_OP_REQUIRE;
        make_require(c, &in->require, &out->require);
        break;
    case SCN_OP_FAIL:
        out->kind = LED_OP_FAIL;
        break;
    }
}

static int encode_ops(const struct cluster *c, const struct scn_leg *leg, struct buf *out)
{
    CLEANUP(cleanup_free) struct led_op *ops = calloc(leg->ops.n + 1, sizeof(*ops));
    if (ops == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < leg->ops.n; i++) {
        make_op(c, &c->scn->rollups.items[leg->rollup.index], &leg->ops.items[i], &ops[i]);
    }
    led_ops_encode(ops, leg->ops.n, out);
    return out->err;
}

/* ---- Steps ---- */

struct command {
    Lockstep__SubmitLeg *legs;
    Lockstep__SubmitLeg **list;
    struct buf *ops;
    size_t n;
};

static void command_fini(struct command *cmd)
{
    for (size_t i = 0; cmd->ops != NULL && i < cmd->n; i++) {
        buf_fini(&cmd->ops[i]);
    }
    free(cmd->legs);
    free(cmd->list);
    free(cmd->ops);
}

static int fill_legs(const struct cluster *c, const struct scn_submit *submit, struct command *cmd)
{
    cmd->n = submit->legs.n;
    cmd->legs = calloc(cmd->n + 1, sizeof(*cmd->legs));
    cmd->list = calloc(cmd->n + 1, sizeof(Lockstep__SubmitLeg *));
    cmd->ops = calloc(cmd->n + 1, sizeof(*cmd->ops));
    if (cmd->legs == NULL || cmd->list == NULL || cmd->ops == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < cmd->n; i++) {
        const struct scn_leg *leg = &submit->legs.items[i];
        Lockstep__SubmitLeg *l = &cmd->legs[i];
        int rc = encode_ops(c, leg, &cmd->ops[i]);
        if (rc != 0) {
            return rc;
        }
        lockstep__submit_leg__init(l);
        l->rollup = c->scn->rollups.items[leg->rollup.index].chain_id;
        l->from = (char *)(uintptr_t)leg->from.text;
        l->has_nonce = leg->has_nonce;
        l->nonce = leg->nonce;
        l->ops = wire_bytes(buf_view(&cmd->ops[i]));
        cmd->list[i] = l;
    }
    return 0;
}

/* What a bundle leaves open. */
static uint32_t scope_of(const struct cluster *c, const struct scn_submit *submit)
{
    if (c->mempool == SCN_MEMPOOL_PLAINTEXT || submit->open == SCN_OPEN_TRANSACTION) {
        return PRO_SCOPE_SENDER | PRO_SCOPE_TX;
    }
    return submit->open == SCN_OPEN_SENDER ? PRO_SCOPE_SENDER : 0;
}

static int submit_body(const struct cluster *c, const struct scn_submit *submit, struct buf *out)
{
    CLEANUP(command_fini) struct command cmd = {0};
    Lockstep__SubmitCommand body = LOCKSTEP__SUBMIT_COMMAND__INIT;
    Lockstep__SubmitFault fault = LOCKSTEP__SUBMIT_FAULT__INIT;
    Lockstep__Message message = LOCKSTEP__MESSAGE__INIT;
    int rc = fill_legs(c, submit, &cmd);
    if (rc != 0) {
        return rc;
    }
    body.name = (char *)(uintptr_t)submit->bundle.text;
    body.n_legs = cmd.n;
    body.legs = cmd.list;
    body.scope = scope_of(c, submit);
    if (submit->fault.kind != PRO_FAULT_NONE) {
        fault.kind = (uint32_t)submit->fault.kind;
        fault.leg = submit->fault.leg;
        fault.of = (char *)(uintptr_t)(submit->fault.of.text != NULL ? submit->fault.of.text : "");
        fault.index = submit->fault.index;
        body.fault = &fault;
    }
    message.body_case = LOCKSTEP__MESSAGE__BODY_SUBMIT_COMMAND;
    message.submit_command = &body;
    wire_pack(&message.base, out);
    return out->err;
}

static int inject_body(const struct scn_inject *inject, struct buf *out)
{
    out->limit = SIZE_MAX / 2;
    if (inject->kind == SCN_INJECT_HEX) {
        buf_append_bytes(out, inject->hex);
        return out->err;
    }
    int rc = buf_reserve(out, inject->repeat.count);
    for (uint32_t i = 0; i < inject->repeat.count && rc == 0; i++) {
        buf_append_u8(out, (uint8_t)inject->repeat.byte);
    }
    return rc;
}

static void add_cut(struct cluster *c, const char *from, const char *to, struct sim_time begin,
                    int64_t for_ns)
{
    c->cuts[c->n_cuts++] = (struct run_cut){
        .from = cluster_actor_id(c, from),
        .to = cluster_actor_id(c, to),
        .begin = begin,
        .end = sim_time_add(begin, for_ns),
    };
}

static void add_partition(struct cluster *c, const struct scn_partition *p, struct sim_time at)
{
    if (p->kind == SCN_ONE_WAY) {
        add_cut(c, p->from.text, p->to.text, at, p->for_ns);
        return;
    }
    add_cut(c, p->between.items[0].text, p->between.items[1].text, at, p->for_ns);
    add_cut(c, p->between.items[1].text, p->between.items[0].text, at, p->for_ns);
}

static int add_step(struct cluster *c, const struct scn_step *step)
{
    struct sim_time at = {step->at.at_ns};
    if (step->kind == SCN_STEP_PARTITION) {
        add_partition(c, &step->partition, at);
        return 0;
    }
    if (step->kind == SCN_STEP_FAULT) {
        return 0; /* part of the sequencer's configuration */
    }
    struct buf *body = &c->script_bodies[c->n_script];
    struct run_script_item *item = &c->script[c->n_script++];
    bool submit = step->kind == SCN_STEP_SUBMIT;
    int rc = submit ? submit_body(c, &step->submit, body) : inject_body(&step->inject, body);
    item->kind = RUN_SCRIPT_MESSAGE;
    item->at = at;
    item->actor = cluster_actor_id(c, submit ? "wallet" : step->inject.to.text);
    item->from = submit ? ACT_HOST : cluster_actor_id(c, step->inject.from.text);
    item->body = buf_view(body);
    return rc;
}

int cluster_make_script(struct cluster *c)
{
    size_t n = c->scn->timeline.n;
    c->script = calloc(n + 1, sizeof(*c->script));
    c->script_bodies = calloc(n + 1, sizeof(*c->script_bodies));
    c->cuts = calloc(2 * n + 1, sizeof(*c->cuts));
    if (c->script == NULL || c->script_bodies == NULL || c->cuts == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        int rc = add_step(c, &c->scn->timeline.items[i]);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
