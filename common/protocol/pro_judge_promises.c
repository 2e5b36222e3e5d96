/* The judge's kinds about promises: two signatures that exclude each other, and commitments that do
 * not hold what was promised. */
#include "common/crypto/hash.h"
#include "common/protocol/pro_gas.h"
#include "common/protocol/pro_judge_parts.h"
#include "common/protocol/pro_result.h"

/* ---- Two signatures that exclude each other ---- */

/* All but the signatures, of which there may be two on one promise. */
static bool say_the_same(const struct pro_promise *a, const struct pro_promise *b)
{
    return a->slot == b->slot && a->rollup == b->rollup && a->order == b->order &&
           a->seq == b->seq && a->leg == b->leg && a->n_legs == b->n_legs &&
           hash32_equal(&a->bundle_id, &b->bundle_id) &&
           hash32_equal(&a->enc_tx_hash, &b->enc_tx_hash);
}

int jdg_two_promises(struct jdg_trial *t)
{
    const struct pro_promise *a = &t->e->promise;
    const struct pro_promise *b = &t->e->second;
    int rc = jdg_promise(t, a);
    rc = rc != 0 ? rc : jdg_promise(t, b);
    if (rc != 0) {
        return rc;
    }
    if (a->slot == b->slot && a->rollup == b->rollup && a->order == b->order &&
        !say_the_same(a, b)) {
        return jdg_convict(t, "it promised position %u of rollup %llu in slot %llu twice", a->order,
                           (unsigned long long)a->rollup, (unsigned long long)a->slot);
    }
    if (a->slot == b->slot && a->seq == b->seq && !hash32_equal(&a->bundle_id, &b->bundle_id)) {
        return jdg_convict(t, "it gave two bundles the sequence number %u of slot %llu", a->seq,
                           (unsigned long long)a->slot);
    }
    if (a->slot == b->slot && hash32_equal(&a->bundle_id, &b->bundle_id) && a->leg == b->leg &&
        !say_the_same(a, b)) {
        return jdg_convict(t, "it promised leg %u of one bundle two places in slot %llu", a->leg,
                           (unsigned long long)a->slot);
    }
    return jdg_dismiss(t, "both promises can be kept");
}

int jdg_two_orders(struct jdg_trial *t)
{
    struct pro_order a;
    struct pro_order b;
    int rc = jdg_order(t, t->e->artifact, &a);
    rc = rc != 0 ? rc : jdg_order(t, t->e->other, &b);
    if (rc != 0) {
        return rc;
    }
    if (a.slot != b.slot || a.rollup != b.rollup) {
        return jdg_dismiss(t, "the order commitments are for different places");
    }
    if (a.count == b.count && memcmp(a.commitment.b, b.commitment.b, 48) == 0) {
        return jdg_dismiss(t, "the order commitments say the same");
    }
    return jdg_convict(t, "it sealed two orders for rollup %llu in slot %llu",
                       (unsigned long long)a.rollup, (unsigned long long)a.slot);
}

int jdg_two_blocks(struct jdg_trial *t)
{
    struct pro_header a;
    struct pro_header b;
    int rc = jdg_header(t, t->e->artifact, &a);
    rc = rc != 0 ? rc : jdg_header(t, t->e->other, &b);
    if (rc != 0) {
        return rc;
    }
    /* A finalized block stands once in a slot, whatever its round. */
    if (a.slot != b.slot || a.rollup != b.rollup || a.final != b.final ||
        (!a.final && a.round != b.round)) {
        return jdg_dismiss(t, "the headers are for different places");
    }
    if (bytes_equal((struct bytes){t->e->artifact.data, t->e->artifact.len - 65},
                    (struct bytes){t->e->other.data, t->e->other.len - 65})) {
        return jdg_dismiss(t, "the headers say the same");
    }
    return jdg_convict(t, "it signed two %s for rollup %llu, slot %llu, round %u",
                       a.final ? "finalized blocks" : "blocks", (unsigned long long)a.rollup,
                       (unsigned long long)a.slot, a.round);
}

/* Bundles stand in the order of their numbers, legs of a bundle in theirs. */
static bool comes_before(const struct pro_promise *a, const struct pro_promise *b)
{
    return a->seq < b->seq || (a->seq == b->seq && a->leg < b->leg);
}

int jdg_broken_order(struct jdg_trial *t)
{
    const struct pro_promise *a = &t->e->promise;
    const struct pro_promise *b = &t->e->second;
    int rc = jdg_promise(t, a);
    rc = rc != 0 ? rc : jdg_promise(t, b);
    if (rc != 0) {
        return rc;
    }
    if (a->slot != b->slot || a->rollup != b->rollup || !comes_before(a, b) ||
        a->order < b->order) {
        return jdg_dismiss(t, "the promises keep the global order");
    }
    return jdg_convict(t, "it promised position %u to bundle %u and %u to bundle %u on rollup %llu",
                       a->order, a->seq, b->order, b->seq, (unsigned long long)a->rollup);
}

/* ---- Commitments ---- */

int jdg_order_breaks_promise(struct jdg_trial *t)
{
    const struct pro_promise *p = &t->e->promise;
    struct pro_order o;
    struct hash32 leaf;
    struct hash32 promised;
    int rc = jdg_promise(t, p);
    rc = rc != 0 ? rc : jdg_order(t, t->e->artifact, &o);
    if (rc != 0) {
        return rc;
    }
    if (o.slot != p->slot || o.rollup != p->rollup) {
        return jdg_dismiss(t, "promise and order commitment are for different places");
    }
    if (p->order >= o.count) {
        rc = jdg_no_opening(t);
        return rc != 0
                   ? rc
                   : jdg_convict(
                         t, "it sealed %u positions of rollup %llu and had promised position %u",
                         o.count, (unsigned long long)o.rollup, p->order);
    }
    rc = jdg_opening(t, &o.commitment, p->order);
    if (rc != 0) {
        return rc;
    }
    t->gas += pro_gas_keccak(72);
    pro_order_leaf(&p->enc_tx_hash, &p->bundle_id, p->leg, p->n_legs, &leaf);
    vc_leaf_to_field(&leaf, &promised);
    if (hash32_equal(&promised, &t->e->opening.y)) {
        return jdg_dismiss(t, "the order commitment keeps the promise");
    }
    return jdg_convict(t,
                       "it sealed another leg at position %u of rollup %llu than it had promised",
                       p->order, (unsigned long long)o.rollup);
}

/* The opened leaf is the promised leg's, whatever its transaction; or its tombstone, in a block
 * that may have one. A final header says for each position which of the two. */
static bool keeps_promise(const struct pro_promise *p, const struct pro_header *h,
                          struct bytes preimage)
{
    struct pro_preimage m;
    struct pro_place cause;
    struct hash32 bundle_id;
    bool bit = h->final && pro_bit(h->excluded, p->order);
    if (pro_preimage_decode(preimage, &m) == 0) {
        return !bit && hash32_equal(&m.enc_tx_hash, &p->enc_tx_hash) &&
               hash32_equal(&m.bundle_id, &p->bundle_id) && m.leg == p->leg &&
               m.n_legs == p->n_legs;
    }
    return (h->final ? bit : h->round > 0) &&
           pro_tombstone_decode(preimage, &bundle_id, &cause) == 0 &&
           hash32_equal(&bundle_id, &p->bundle_id);
}

static const char *stage_of(const struct pro_header *h)
{
    if (h->final) {
        return "finalized block";
    }
    return h->round == 0 ? "block" : "second block";
}

int jdg_block_breaks_promise(struct jdg_trial *t)
{
    const struct pro_promise *p = &t->e->promise;
    struct pro_header h = {0};
    int rc = jdg_promise(t, p);
    rc = rc != 0 ? rc : jdg_header_for(t, p, t->e->artifact, &h);
    if (rc != 0) {
        return rc;
    }
    unsigned long long rollup = h.rollup;
    if (p->order >= h.count) {
        rc = jdg_no_opening(t);
        return rc != 0
                   ? rc
                   : jdg_convict(
                         t,
                         "its %s of rollup %llu has %u positions and it had promised position %u",
                         stage_of(&h), rollup, h.count, p->order);
    }
    rc = jdg_opening(t, &h.commitment, p->order);
    if (rc == 0 && hash32_is_zero(&t->e->opening.y)) {
        rc = jdg_no_preimage(t);
        return rc != 0
                   ? rc
                   : jdg_convict(
                         t, "its %s of rollup %llu is empty at position %u, which it had promised",
                         stage_of(&h), rollup, p->order);
    }
    rc = rc != 0 ? rc : jdg_preimage(t);
    if (rc != 0) {
        return rc;
    }
    if (keeps_promise(p, &h, t->e->preimage)) {
        return jdg_dismiss(t, "the block keeps the promise");
    }
    return jdg_convict(
        t, "its %s of rollup %llu has something else at position %u than it had promised",
        stage_of(&h), rollup, p->order);
}

/* ---- Exclusions ---- */

int jdg_split_bundle(struct jdg_trial *t)
{
    const struct pro_promise *a = &t->e->promise;
    const struct pro_promise *b = &t->e->second;
    struct pro_header of_a = {0};
    struct pro_header of_b = {0};
    int rc = jdg_promise(t, a);
    rc = rc != 0 ? rc : jdg_promise(t, b);
    rc = rc != 0 ? rc : jdg_header_for(t, a, t->e->artifact, &of_a);
    rc = rc != 0 ? rc : jdg_header_for(t, b, t->e->other, &of_b);
    if (rc != 0) {
        return rc;
    }
    if (a->slot != b->slot || !hash32_equal(&a->bundle_id, &b->bundle_id)) {
        return jdg_dismiss(t, "the promises are to different bundles");
    }
    if (!of_a.final || !of_b.final || a->order >= of_a.count || b->order >= of_b.count) {
        return jdg_dismiss(t, "the blocks finalize nothing at these positions");
    }
    bool excluded = pro_bit(of_a.excluded, a->order);
    if (excluded == pro_bit(of_b.excluded, b->order)) {
        return jdg_dismiss(t, "the bundle is treated alike on both");
    }
    const struct pro_promise *out = excluded ? a : b;
    const struct pro_promise *in = excluded ? b : a;
    return jdg_convict(
        t, "it excluded leg %u of bundle %u on rollup %llu and kept leg %u on rollup %llu",
        out->leg, out->seq, (unsigned long long)out->rollup, in->leg,
        (unsigned long long)in->rollup);
}

int jdg_foreign_cause(struct jdg_trial *t)
{
    const struct pro_promise *p = &t->e->promise;
    const struct pro_promise *blamed = &t->e->second;
    struct pro_header h = {0};
    struct hash32 bundle_id;
    struct pro_place cause;
    int rc = jdg_promise(t, p);
    rc = rc != 0 ? rc : jdg_promise(t, blamed);
    rc = rc != 0 ? rc : jdg_header_for(t, p, t->e->artifact, &h);
    rc = rc != 0 ? rc : jdg_opening(t, &h.commitment, p->order);
    rc = rc != 0 ? rc : jdg_preimage(t);
    if (rc != 0) {
        return rc;
    }
    if (pro_tombstone_decode(t->e->preimage, &bundle_id, &cause) != 0 ||
        !hash32_equal(&bundle_id, &p->bundle_id)) {
        return jdg_dismiss(t, "the block does not exclude the promised leg");
    }
    if (blamed->slot != p->slot || blamed->rollup != cause.rollup || blamed->order != cause.order) {
        return jdg_dismiss(t, "the cause is at another place");
    }
    if (hash32_equal(&blamed->bundle_id, &p->bundle_id)) {
        return jdg_dismiss(t, "the cause is in the bundle itself");
    }
    return jdg_convict(
        t,
        "it excluded bundle %u for a failure at position %u of rollup %llu, which is bundle %u's",
        p->seq, cause.order, (unsigned long long)cause.rollup, blamed->seq);
}
