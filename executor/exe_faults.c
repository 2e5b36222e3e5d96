/* An executor that lies, where a scenario wants it. */
#include "common/base/cleanup.h"
#include "common/protocol/pro_signed.h"
#include "executor/exe_core.h"

#include <stdlib.h>

int exe_faults_init(struct exe *e, struct buf *why)
{
    const Lockstep__ExecutorConfig *c = e->p.config->executor;
    for (size_t i = 0; i < c->n_faults; i++) {
        if (e->watches || !pro_fault_is_executors((enum pro_fault)c->faults[i]->kind) ||
            c->faults[i]->rollup != e->rollup) {
            buf_printf(why, "fault %zu is none of this executor's", i);
            return ERR_INVALID;
        }
    }
    e->fault_told = calloc(c->n_faults + 1, sizeof(*e->fault_told));
    return e->fault_told == NULL ? ERR_NOMEM : 0;
}

bool exe_commits(struct exe *e, enum pro_fault fault, const struct exe_slot *slot, uint32_t order)
{
    const Lockstep__ExecutorConfig *c = e->p.config->executor;
    for (size_t i = 0; i < c->n_faults; i++) {
        const Lockstep__FaultConfig *f = c->faults[i];
        if (f->kind != (uint32_t)fault || f->slot != slot->number || f->round != slot->h.round ||
            (order != UINT32_MAX && f->order != order)) {
            continue;
        }
        if (!e->fault_told[i]) {
            e->fault_told[i] = true;
            party_confess(&e->p, f);
        }
        return true;
    }
    return false;
}

bool exe_lies(const struct exe *e, const struct exe_slot *slot)
{
    const Lockstep__ExecutorConfig *c = e->p.config->executor;
    for (size_t i = 0; i < c->n_faults; i++) {
        enum pro_fault kind = (enum pro_fault)c->faults[i]->kind;
        bool about_a_step = kind == PRO_FAULT_FALSE_FAILURE || kind == PRO_FAULT_FALSE_SUCCESS ||
                            kind == PRO_FAULT_WRONG_ROOT;
        if (about_a_step && c->faults[i]->slot == slot->number &&
            c->faults[i]->round == slot->h.round) {
            return true;
        }
    }
    return false;
}

/* Money out of nothing, for the transaction's sender. */
static int mint(struct exe *e, const struct addr20 *to)
{
    struct led_name asset;
    int rc = led_name_set(&asset, "LOOT");
    return rc != 0
               ? rc
               : led_state_set_balance(e->state, to, &asset, led_balance(e->state, to, &asset) + 1);
}

int exe_bend_step(struct exe *e, const struct exe_slot *slot, uint32_t order,
                  const struct led_tx *tx, struct led_mark before, struct led_receipt *receipt)
{
    if (e->p.config->executor->n_faults == 0) {
        return 0;
    }
    if (receipt->ok && exe_commits(e, PRO_FAULT_FALSE_FAILURE, slot, order)) {
        led_state_rollback(e->state, before);
        *receipt = (struct led_receipt){false, 0, LED_REASON_INSUFFICIENT_BALANCE};
    } else if (!receipt->ok && exe_commits(e, PRO_FAULT_FALSE_SUCCESS, slot, order)) {
        *receipt = (struct led_receipt){true, LED_NO_OP, LED_REASON_OK};
    }
    return receipt->ok && exe_commits(e, PRO_FAULT_WRONG_ROOT, slot, order) ? mint(e, &tx->sender)
                                                                            : 0;
}

int exe_bend_result(struct exe *e, const struct exe_slot *slot, struct buf *out)
{
    CLEANUP(buf_fini) struct buf body = {0};
    struct bytes true_body = bytes_of(slot->result.data, slot->result.len - sizeof(struct sig65));
    struct pro_result r;
    if (!exe_commits(e, PRO_FAULT_TWO_RESULTS, slot, UINT32_MAX)) {
        buf_append_bytes(out, buf_view(&slot->result));
        return out->err;
    }
    int rc = pro_result_decode(true_body, &r);
    if (rc != 0) {
        return rc;
    }
    r.receipts_root.b[0] ^= 1;
    pro_result_encode(&r, &body);
    pro_sign(&e->p.view.deployment.id, PRO_TAG_RESULT, &e->p.key, buf_view(&body), out);
    return body.err != 0 ? body.err : out->err;
}
