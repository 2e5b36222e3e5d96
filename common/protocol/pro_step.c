#include "common/protocol/pro_step.h"

#include "common/ledger/led_witness.h"

void pro_step_encode(const struct pro_step *s, struct buf *out)
{
    wr_u32(out, s->order);
    wr_fixed(out, s->before.b, 32);
    pro_merkle_path_write(&s->before_path, out);
    wr_fixed(out, s->after.b, 32);
    pro_merkle_path_write(&s->after_path, out);
    wr_var(out, s->witness);
}

int pro_step_decode(struct bytes in, struct pro_step *out)
{
    struct rd r = rd_from(in);
    struct pro_step s = {.order = rd_u32(&r)};
    rd_fixed(&r, s.before.b, 32);
    pro_merkle_path_read(&r, &s.before_path);
    rd_fixed(&r, s.after.b, 32);
    pro_merkle_path_read(&r, &s.after_path);
    s.witness = rd_var(&r, PRO_MAX_WITNESS_BYTES);
    if (r.err == 0 && s.order == 0 && s.before_path.n != 0) {
        rd_fail(&r, ERR_NONCANONICAL);
    }
    int rc = rd_end(&r);
    if (rc == 0) {
        *out = s;
    }
    return rc;
}

void pro_step_open(const struct hash32 *pre_root, const struct hash32 *roots,
                   const struct pro_merkle_tree *tree, uint32_t order, struct pro_step *out)
{
    *out = (struct pro_step){.order = order, .before = *pre_root, .after = roots[order]};
    pro_merkle_tree_path(tree, order, &out->after_path);
    if (order > 0) {
        out->before = roots[order - 1];
        pro_merkle_tree_path(tree, order - 1, &out->before_path);
    }
}

int pro_step_check_roots(const struct pro_result *r, const struct pro_step *s)
{
    int rc = 0;
    if (s->order > 0) {
        rc = pro_merkle_check(&r->step_roots_root, r->count, s->order - 1, &s->before,
                              &s->before_path);
    } else if (!hash32_equal(&s->before, &r->pre_root)) {
        rc = ERR_PROOF;
    }
    return rc != 0 ? rc
                   : pro_merkle_check(&r->step_roots_root, r->count, s->order, &s->after,
                                      &s->after_path);
}

int pro_step_judge(const struct pro_result *r, const struct pro_step *s, struct bytes tx,
                   uint32_t uncovered_op, enum pro_step_verdict *verdict,
                   struct led_receipt *receipt)
{
    struct hash32 after;
    struct led_receipt is = {0};
    const struct led_step step = {r->rollup, tx, uncovered_op};
    int rc = pro_step_check_roots(r, s);
    rc = rc != 0 ? rc : led_witness_replay(&s->before, &step, s->witness, &is, &after);
    if (rc != 0) {
        return rc;
    }
    bool right = is.ok == pro_bit(r->status, s->order) && hash32_equal(&after, &s->after);
    *verdict = !right ? PRO_STEP_FRAUD : is.ok ? PRO_STEP_SUCCEEDS : PRO_STEP_FAILS;
    *receipt = is;
    return 0;
}
