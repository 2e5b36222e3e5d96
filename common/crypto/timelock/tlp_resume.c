#include "common/crypto/timelock/tlp_resume.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/base/wire.h"
#include "common/crypto/hash.h"
#include "common/crypto/timelock/tlp_int.h"

/* The symbols of u and Q were looked at when the leg was admitted, and would cost as much as half
 * of the recovery: Q = w^e does not hold for a Q without, and that is when it is looked at again.
 */
static int load_item(struct tlp_batch *b, size_t index, struct bytes u, struct bytes q, int *rcs)
{
    struct tlp_item *item = &b->items[b->n++];
    *item = (struct tlp_item){.index = index, .u = tlp_bn_new(&b->work), .q = tlp_bn_new(&b->work)};
    if (b->work.err != 0) {
        return b->work.err;
    }
    int rc = tlp_elem_range(b->work.ring, u);
    rc = rc != 0 ? rc : tlp_elem_range(b->work.ring, q);
    rc = rc != 0 ? rc : tlp_hash_exponent(b->work.ring, u, &item->e);
    if (rc == 0) {
        tlp_elem_read(&b->work, u, item->u);
        tlp_elem_read(&b->work, q, item->q);
        rc = b->work.err;
    }
    rcs[index] = rc;
    if (rc != 0) {
        BN_clear_free(item->u);
        BN_clear_free(item->q);
        b->n--;
    }
    return rc == ERR_NOMEM ? rc : 0;
}

static int by_exponent(const void *left, const void *right)
{
    const struct tlp_item *a = (const struct tlp_item *)left, *b = (const struct tlp_item *)right;
    if (a->e != b->e) {
        return a->e < b->e ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

static int by_index(const void *left, const void *right)
{
    const struct tlp_item *a = (const struct tlp_item *)left, *b = (const struct tlp_item *)right;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int find_clash(struct tlp_batch *b, size_t *clash)
{
    qsort(b->items, b->n, sizeof(*b->items), by_exponent);
    for (size_t i = 1; i < b->n; i++) {
        if (b->items[i].e == b->items[i - 1].e) {
            if (clash != NULL) {
                clash[0] = b->items[i - 1].index;
                clash[1] = b->items[i].index;
            }
            return ERR_EXISTS;
        }
    }
    qsort(b->items, b->n, sizeof(*b->items), by_index);
    return 0;
}

void tlp_batch_product(struct tlp_batch *b, size_t from, size_t to, BIGNUM *product)
{
    if (b->work.err == 0 && BN_copy(product, b->work.ring->one) == NULL) {
        tlp_work_fail(&b->work, ERR_NOMEM);
    }
    for (size_t i = from; i < to; i++) {
        tlp_mul(&b->work, product, product, b->items[i].u);
    }
}

static int begin_chain(struct tlp_batch *b)
{
    static const char tag[] = "lockstep/tlp/chain/v1";
    uint8_t u[TLP_ELEMENT_BYTES_MAX];
    tlp_batch_product(b, 0, b->n, b->x);
    tlp_elem_put(&b->work, b->x, u);
    CLEANUP(buf_fini) struct buf in = {0};
    wr_fixed(&in, tag, sizeof(tag) - 1);
    wr_fixed(&in, b->params->digest.b, sizeof(b->params->digest.b));
    wr_fixed(&in, u, b->work.ring->bytes);
    if (in.err != 0) {
        return in.err;
    }
    hash_sha256(buf_view(&in), &b->start);
    return b->work.err;
}

int tlp_batch_begin(const struct tlp_params *params, size_t n, const struct bytes *us,
                    const struct bytes *qs, int *rcs, size_t *clash, struct tlp_batch **out)
{
    CLEANUP(tlp_batch_destroy) struct tlp_batch *b = (struct tlp_batch *)calloc(1, sizeof(*b));
    if (b == NULL) {
        return ERR_NOMEM;
    }
    b->params = params;
    tlp_work_init(&b->work, &params->ring);
    b->x = tlp_bn_new(&b->work);
    b->items = (struct tlp_item *)calloc(n > 0 ? n : 1, sizeof(*b->items));
    if (b->items == NULL || b->work.err != 0) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        int rc = load_item(b, i, us[i], qs[i], rcs);
        if (rc != 0) {
            return rc;
        }
    }
    int rc = find_clash(b, clash);
    rc = rc != 0 ? rc : begin_chain(b);
    if (rc == 0) {
        *out = MOVE(b);
    }
    return rc;
}

void tlp_batch_destroy(struct tlp_batch **batch)
{
    struct tlp_batch *b = *batch;
    if (b == NULL) {
        return;
    }
    *batch = NULL;
    for (size_t i = 0; b->items != NULL && i < b->n; i++) {
        BN_clear_free(b->items[i].u);
        BN_clear_free(b->items[i].q);
    }
    free(b->items);
    BN_clear_free(b->x);
    tlp_work_fini(&b->work);
    free(b);
}

uint64_t tlp_batch_done(const struct tlp_batch *b)
{
    return b->done;
}

int tlp_batch_advance(struct tlp_batch *b, enum tlp_solver solver, uint64_t n)
{
    uint64_t left = b->params->squarings - b->done;
    n = n < left ? n : left;
    if (solver == TLP_TRAPDOOR && !b->params->trapdoor.known) {
        return ERR_UNSUPPORTED;
    }
    tlp_delay(&b->work, b->params, solver, n, b->x, &b->squared);
    b->done += n;
    return b->work.err;
}

int tlp_batch_save(struct tlp_batch *b, struct buf *state)
{
    uint8_t x[TLP_ELEMENT_BYTES_MAX];
    tlp_elem_put(&b->work, b->x, x);
    if (b->work.err != 0) {
        return b->work.err;
    }
    wr_fixed(state, b->start.b, sizeof(b->start.b));
    wr_u64(state, b->done);
    wr_fixed(state, x, b->work.ring->bytes);
    return state->err;
}

int tlp_batch_restore(struct tlp_batch *b, struct bytes state)
{
    struct rd r = rd_from(state);
    struct hash32 start;
    rd_fixed(&r, start.b, sizeof(start.b));
    uint64_t done = rd_u64(&r);
    struct bytes x = rd_view(&r, b->work.ring->bytes);
    int rc = rd_end(&r);
    if (rc != 0) {
        return rc;
    }
    if (!hash32_equal(&start, &b->start)) {
        return ERR_MISMATCH;
    }
    if (done > b->params->squarings) {
        return ERR_NONCANONICAL;
    }
    CLEANUP(tlp_bn_cleanup) BIGNUM *value = tlp_bn_new(&b->work);
    rc = b->work.err != 0 ? b->work.err : tlp_elem_get(&b->work, x, value);
    if (rc == 0) {
        BN_swap(b->x, value);
        b->done = done;
    }
    return rc;
}
