#include "tests/unit/protocol/exhibit.h"

#include "common/base/check.h"

/* ---- Pieces ---- */

void exhibit_promise(const struct slot *s, int bundle, uint32_t leg, struct pro_promise *out)
{
    pro_promise_of(&s->preconfs[bundle], leg, out);
}

void sign_promise(const struct world *w, const struct sig_key *key, struct pro_promise *p)
{
    struct hash32 digest;
    pro_promise_digest(&w->view.domain, p, &digest);
    sig_sign(key, &digest, &p->sig);
}

static void open_leaf(struct exhibit *x, const struct pro_block *b, bool promised, uint32_t order)
{
    struct vc_entry leaves[8];
    CHECK(b->count <= sizeof(leaves) / sizeof(leaves[0]));
    pro_block_leaves(b, promised, leaves);
    CHECK(vc_open(x->w->vc, leaves, b->count, order, &x->e.opening.proof, &x->e.opening.y) == 0);
}

void exhibit_open_block(struct exhibit *x, const struct pro_block *b, uint32_t order)
{
    open_leaf(x, b, false, order);
    buf_clear(&x->preimage);
    pro_preimage_of(&b->entries[order], &x->preimage);
    x->e.preimage = buf_view(&x->preimage);
}

void exhibit_open_order(struct exhibit *x, const struct pro_block *b, uint32_t order)
{
    open_leaf(x, b, true, order);
}

void swap_entries(struct pro_block *b, uint32_t i, uint32_t k)
{
    struct pro_entry was = b->entries[i];
    b->entries[i] = b->entries[k];
    b->entries[k] = was;
}

/* ---- One breach for each kind. Bundle 1 was promised position 1 of A, bundle 3 position 2. ----
 */

static void keep(struct exhibit *x, const struct buf *artifact)
{
    buf_append_bytes(&x->kept, buf_view(artifact));
    x->e.artifact = buf_view(&x->kept);
}

static void break_two_promises(struct exhibit *x)
{
    x->s->preconfs[3].txs[0].order = 1;
    slot_promise(x->s, 3);
    exhibit_promise(x->s, 3, 0, &x->e.promise);
    exhibit_promise(x->s, 1, 0, &x->e.second);
}

static void break_two_orders(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[A];
    keep(x, &c->signed_order);
    swap_entries(&c->proposal.block, 1, 2);
    slot_seal(x->s, A);
    x->e.other = buf_view(&c->signed_order);
}

static void break_two_blocks(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[A];
    keep(x, &c->proposal.signed_header);
    c->proposal.block.entries[1].tx = c->proposal.block.entries[0].tx;
    slot_pack(x->s, &c->proposal);
    x->e.other = buf_view(&c->proposal.signed_header);
}

static void break_order(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[A];
    swap_entries(&c->proposal.block, 1, 2);
    slot_seal(x->s, A);
    x->e.artifact = buf_view(&c->signed_order);
    exhibit_promise(x->s, 1, 0, &x->e.promise);
    exhibit_open_order(x, &c->proposal.block, 1);
}

static void break_block(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[A];
    swap_entries(&c->proposal.block, 1, 2);
    slot_pack(x->s, &c->proposal);
    x->e.artifact = buf_view(&c->proposal.signed_header);
    exhibit_promise(x->s, 1, 0, &x->e.promise);
    exhibit_open_block(x, &c->proposal.block, 1);
}

static void break_global_order(struct exhibit *x)
{
    x->s->preconfs[1].txs[0].order = 2;
    x->s->preconfs[3].txs[0].order = 1;
    slot_promise(x->s, 1);
    slot_promise(x->s, 3);
    exhibit_promise(x->s, 1, 0, &x->e.promise);
    exhibit_promise(x->s, 3, 0, &x->e.second);
}

/* The last byte of z. */
static void break_admission(struct exhibit *x)
{
    const struct pro_leg *leg = &x->w->bundles[2].b.legs[0];
    buf_append_bytes(&x->kept, leg->raw);
    x->kept.data[(size_t)(leg->proof.data - leg->raw.data) + leg->proof.len - 1] ^= 1;
    x->e.leg = buf_view(&x->kept);
    pro_leg_hash(x->e.leg, &x->s->preconfs[2].txs[0].enc_tx_hash);
    slot_promise(x->s, 2);
    exhibit_promise(x->s, 2, 0, &x->e.promise);
}

static void name_leg(struct exhibit *x)
{
    exhibit_promise(x->s, 1, 0, &x->e.promise);
    x->e.leg = x->w->bundles[1].b.legs[0].raw;
}

static void break_openings(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[A];
    c->openings.items[1].w = c->openings.items[0].w;
    slot_sign_openings(x->s, A);
    name_leg(x);
    x->e.artifact = buf_view(&c->signed_openings);
}

static void break_plaintext(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[A];
    c->proposal.block.entries[1].tx = c->proposal.block.entries[0].tx;
    slot_pack(x->s, &c->proposal);
    name_leg(x);
    x->e.other = c->openings.items[1].w;
    x->e.artifact = buf_view(&c->proposal.signed_header);
    exhibit_open_block(x, &c->proposal.block, 1);
}

/* Bundle 1 is kept on A and excluded on C. */
static void break_bundle(struct exhibit *x)
{
    struct slot_block *of_c = &x->s->chains[C].final;
    slot_exclude(of_c, 0, (struct pro_place){x->w->rollups[C], 0, 0});
    slot_pack(x->s, of_c);
    x->e.artifact = buf_view(&of_c->signed_header);
    x->e.other = buf_view(&x->s->chains[A].final.signed_header);
    exhibit_promise(x->s, 1, 1, &x->e.promise);
    exhibit_promise(x->s, 1, 0, &x->e.second);
}

/* Bundle 1's leg on A is excluded for a failure of bundle 2 on B. */
static void break_cause(struct exhibit *x)
{
    struct slot_block *b = &x->s->chains[A].second;
    slot_exclude(b, 1, (struct pro_place){x->w->rollups[B], 1, 0});
    slot_pack(x->s, b);
    x->e.artifact = buf_view(&b->signed_header);
    exhibit_promise(x->s, 1, 0, &x->e.promise);
    exhibit_promise(x->s, 2, 0, &x->e.second);
    exhibit_open_block(x, &b->block, 1);
}

static void break_results(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[B];
    keep(x, &c->signed_result);
    c->status[0] ^= 2;
    slot_sign_result(x->s, B, &x->w->executors[B]);
    x->e.other = buf_view(&c->signed_result);
}

/* Bundle 0's leg on B is said to have succeeded. */
static void break_step(struct exhibit *x)
{
    struct slot_chain *c = &x->s->chains[B];
    c->status[0] |= 1;
    slot_sign_result(x->s, B, &x->w->executors[B]);
    slot_step(x->s, B, 0, &x->step);
    x->e.artifact = buf_view(&c->signed_result);
    x->e.other = buf_view(&x->step);
    x->e.leg = x->w->bundles[0].b.legs[1].raw;
    x->e.tx = c->proposal.block.entries[0].tx;
    exhibit_open_block(x, &c->proposal.block, 0);
}

/* ---- All of them ---- */

const struct sig_key *exhibit_culprit(const struct world *w, enum pro_evidence_kind kind)
{
    bool result = kind == PRO_EVIDENCE_TWO_RESULTS || kind == PRO_EVIDENCE_FALSE_STEP;
    return result ? &w->executors[B] : &w->sequencer;
}

void exhibit_init_honest(struct exhibit *x, const struct world *w, enum pro_evidence_kind kind)
{
    *x = (struct exhibit){.w = w, .s = slot_new(w)};
    CHECK(tlp_params_encode(w->tlp, false, &x->params) == 0);
    x->e.kind = kind;
    x->e.descriptor = buf_view(&w->descriptor);
    x->e.params = buf_view(&x->params);
}

void exhibit_init(struct exhibit *x, const struct world *w, enum pro_evidence_kind kind)
{
    static void (*const breaches[])(struct exhibit *) = {
        [PRO_EVIDENCE_TWO_PROMISES] = break_two_promises,
        [PRO_EVIDENCE_TWO_ORDERS] = break_two_orders,
        [PRO_EVIDENCE_TWO_BLOCKS] = break_two_blocks,
        [PRO_EVIDENCE_ORDER_BREAKS_PROMISE] = break_order,
        [PRO_EVIDENCE_BLOCK_BREAKS_PROMISE] = break_block,
        [PRO_EVIDENCE_BROKEN_ORDER] = break_global_order,
        [PRO_EVIDENCE_BAD_ADMISSION] = break_admission,
        [PRO_EVIDENCE_WRONG_OPENINGS] = break_openings,
        [PRO_EVIDENCE_WRONG_PLAINTEXT] = break_plaintext,
        [PRO_EVIDENCE_SPLIT_BUNDLE] = break_bundle,
        [PRO_EVIDENCE_FOREIGN_CAUSE] = break_cause,
        [PRO_EVIDENCE_TWO_RESULTS] = break_results,
        [PRO_EVIDENCE_FALSE_STEP] = break_step,
    };
    exhibit_init_honest(x, w, kind);
    breaches[kind](x);
}

void exhibit_fini(struct exhibit *x)
{
    slot_destroy(&x->s);
    buf_fini(&x->params);
    buf_fini(&x->preimage);
    buf_fini(&x->kept);
    buf_fini(&x->step);
}

void exhibit_encode(const struct exhibit *x, struct buf *out)
{
    pro_evidence_encode(&x->e, out);
    CHECK(out->err == 0);
}

/* ---- Verdicts ---- */

void exhibit_convict(const struct exhibit *x, struct pro_conviction *c)
{
    struct buf b = {0};
    struct buf why = {0};
    exhibit_encode(x, &b);
    int rc = pro_evidence_judge(x->w->vc, buf_view(&b), c, &why);
    if (rc != 0) {
        print_error("%s: %s, %s\n", pro_evidence_name(x->e.kind), err_name(rc), buf_cstr(&why));
    }
    assert_int_equal(rc, 0);
    assert_int_equal(why.len, 0);
    assert_int_equal(c->kind, x->e.kind);
    assert_true(addr20_equal(&c->culprit, &exhibit_culprit(x->w, x->e.kind)->address));
    assert_true(hash32_equal(&c->deployment, &x->w->view.deployment.id));
    assert_int_equal(c->slot, SLOT);
    buf_fini(&b);
}

void assert_convicts(const struct exhibit *x, const char *sentence)
{
    struct pro_conviction c = {0};
    exhibit_convict(x, &c);
    assert_string_equal(buf_cstr(&c.sentence), sentence);
    pro_conviction_fini(&c);
}

void assert_convicts_nobody(const struct exhibit *x, const char *reason)
{
    struct pro_conviction c = {0};
    struct buf b = {0};
    struct buf why = {0};
    exhibit_encode(x, &b);
    assert_int_equal(pro_evidence_judge(x->w->vc, buf_view(&b), &c, &why), ERR_PROOF);
    assert_string_equal(buf_cstr(&why), reason);
    assert_null(c.sentence.data);
    buf_fini(&b);
    buf_fini(&why);
}
