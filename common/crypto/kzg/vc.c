#include "common/crypto/kzg/vc.h"

#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/hash.h"
#include "common/crypto/kzg/vc_setup.h"

#include <stdlib.h>

/* A multi-scalar multiplication being put together. */
struct terms {
    const blst_p1_affine **points;
    blst_scalar *scalars;
    const byte **scalar_bytes;
    size_t n;
};

static void terms_fini(struct terms *t)
{
    free(t->points);
    free(t->scalars);
    free(t->scalar_bytes);
    *t = (struct terms){0};
}

static int terms_init(struct terms *t, size_t cap)
{
    t->points = calloc(cap + 1, sizeof(*t->points));
    t->scalars = calloc(cap + 1, sizeof(*t->scalars));
    t->scalar_bytes = calloc(cap + 1, sizeof(*t->scalar_bytes));
    return t->points == NULL || t->scalars == NULL || t->scalar_bytes == NULL ? ERR_NOMEM : 0;
}

static void terms_add(struct terms *t, const blst_p1_affine *point, const blst_fr *scalar)
{
    t->points[t->n] = point;
    blst_scalar_from_fr(&t->scalars[t->n], scalar);
    t->scalar_bytes[t->n] = t->scalars[t->n].b;
    t->n++;
}

/* Out: the sum of all terms and of one more point, NULL for none, compressed. */
static int terms_sum(const struct terms *t, const blst_p1_affine *more, uint8_t out[48])
{
    blst_p1 sum = {0}; /* infinity */
    if (t->n > 0) {
        CLEANUP(cleanup_free)
        limb_t *scratch = malloc(blst_p1s_mult_pippenger_scratch_sizeof(t->n));
        if (scratch == NULL) {
            return ERR_NOMEM;
        }
        blst_p1s_mult_pippenger(&sum, t->points, t->n, t->scalar_bytes, 255, scratch);
    }
    if (more != NULL) {
        blst_p1_add_or_double_affine(&sum, &sum, more);
    }
    blst_p1_compress(out, &sum);
    return 0;
}

static void element_of(const struct hash32 *leaf, blst_fr *out)
{
    blst_scalar s;
    /* Reduces; the result says only whether it is zero. */
    (void)blst_scalar_from_be_bytes(&s, leaf->b, sizeof(leaf->b));
    blst_fr_from_scalar(out, &s);
}

void vc_leaf_to_field(const struct hash32 *leaf, struct hash32 *out)
{
    blst_fr element;
    element_of(leaf, &element);
    vc_element_encode(&element, out);
}

static bool in_order(const struct vc_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (entries[i].index >= VC_WIDTH || (i > 0 && entries[i].index <= entries[i - 1].index)) {
            return false;
        }
    }
    return true;
}

int vc_commit(const struct vc_setup *setup, const struct vc_entry *entries, size_t n,
              struct vc_commitment *out)
{
    if (!in_order(entries, n)) {
        return ERR_INVALID;
    }
    CLEANUP(terms_fini) struct terms t = {0};
    int rc = terms_init(&t, n);
    for (size_t i = 0; i < n && rc == 0; i++) {
        blst_fr p;
        element_of(&entries[i].leaf, &p);
        terms_add(&t, &setup->tables->lagrange[entries[i].index], &p);
    }
    return rc != 0 ? rc : terms_sum(&t, NULL, out->b);
}

int vc_recommit(const struct vc_setup *setup, const struct vc_commitment *before,
                const struct vc_change *changes, size_t n, struct vc_commitment *out)
{
    CLEANUP(terms_fini) struct terms t = {0};
    blst_p1_affine point;
    if (blst_p1_uncompress(&point, before->b) != BLST_SUCCESS) {
        return ERR_PROOF;
    }
    int rc = terms_init(&t, n);
    for (size_t i = 0; i < n && rc == 0; i++) {
        blst_fr was;
        blst_fr now;
        if (changes[i].index >= VC_WIDTH || (i > 0 && changes[i].index <= changes[i - 1].index)) {
            return ERR_INVALID;
        }
        element_of(&changes[i].was, &was);
        element_of(&changes[i].now, &now);
        blst_fr_sub(&now, &now, &was);
        terms_add(&t, &setup->tables->lagrange[changes[i].index], &now);
    }
    return rc != 0 ? rc : terms_sum(&t, &point, out->b);
}

/* Inverts all n elements, none of them zero, with one inversion. In: room for n products. */
static void invert_all(blst_fr *elements, blst_fr *products, size_t n)
{
    blst_fr running;
    if (n == 0) {
        return;
    }
    products[0] = elements[0];
    for (size_t i = 1; i < n; i++) {
        blst_fr_mul(&products[i], &products[i - 1], &elements[i]);
    }
    blst_fr_eucl_inverse(&running, &products[n - 1]);
    for (size_t i = n - 1; i > 0; i--) {
        blst_fr inverse;
        blst_fr_mul(&inverse, &running, &products[i - 1]);
        blst_fr_mul(&running, &running, &elements[i]);
        elements[i] = inverse;
    }
    elements[0] = running;
}

/* The other used positions, with the inverses of w_j - w_i. */
struct others {
    const struct vc_entry **entries;
    blst_fr *inverse;
    size_t n;
};

static void others_fini(struct others *o)
{
    free(o->entries);
    free(o->inverse);
    *o = (struct others){0};
}

static int others_init(struct others *o, const struct vc_tables *t, const struct vc_entry *entries,
                       size_t n, uint32_t index)
{
    CLEANUP(cleanup_free) blst_fr *products = calloc(n + 1, sizeof(*products));
    o->entries = calloc(n + 1, sizeof(*o->entries));
    o->inverse = calloc(n + 1, sizeof(*o->inverse));
    if (products == NULL || o->entries == NULL || o->inverse == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (entries[i].index != index) {
            o->entries[o->n] = &entries[i];
            blst_fr_sub(&o->inverse[o->n], &t->root[entries[i].index], &t->root[index]);
            o->n++;
        }
    }
    invert_all(o->inverse, products, o->n);
    return 0;
}

/* The quotient's terms, by the formula at the top of vc.h. */
static void quotient_terms(const struct vc_tables *t, const struct others *o, uint32_t index,
                           const blst_fr *p_i, struct terms *terms)
{
    blst_fr at_index = {0}; /* sum of p_j w_j / (w_i - w_j), then over w_i: the quotient at w_i */
    blst_fr inverse_root;
    for (size_t k = 0; k < o->n; k++) {
        blst_fr q;
        blst_fr weighted;
        element_of(&o->entries[k]->leaf, &q);
        blst_fr_mul(&q, &q, &o->inverse[k]);
        terms_add(terms, &t->lagrange[o->entries[k]->index], &q);
        blst_fr_mul(&weighted, &q, &t->root[o->entries[k]->index]);
        blst_fr_sub(&at_index, &at_index, &weighted);
    }
    blst_fr_eucl_inverse(&inverse_root, &t->root[index]);
    blst_fr_mul(&at_index, &at_index, &inverse_root);
    terms_add(terms, &t->lagrange[index], &at_index);
    terms_add(terms, &t->quotient[index], p_i);
}

int vc_open(const struct vc_setup *setup, const struct vc_entry *entries, size_t n, uint32_t index,
            struct vc_proof *proof, struct hash32 *y)
{
    if (!in_order(entries, n) || index >= VC_WIDTH) {
        return ERR_INVALID;
    }
    CLEANUP(terms_fini) struct terms terms = {0};
    CLEANUP(others_fini) struct others others = {0};
    blst_fr p_i = {0};
    for (size_t i = 0; i < n; i++) {
        if (entries[i].index == index) {
            element_of(&entries[i].leaf, &p_i);
        }
    }
    int rc = others_init(&others, setup->tables, entries, n, index);
    if (rc == 0) {
        rc = terms_init(&terms, others.n + 2);
    }
    if (rc == 0) {
        quotient_terms(setup->tables, &others, index, &p_i, &terms);
        rc = terms_sum(&terms, NULL, proof->b);
    }
    if (rc == 0) {
        vc_element_encode(&p_i, y);
    }
    return rc;
}

int vc_verify(const struct vc_setup *setup, const struct vc_commitment *commitment, uint32_t index,
              const struct hash32 *y, const struct vc_proof *proof)
{
    Bytes48 c;
    Bytes48 pi;
    Bytes32 z;
    Bytes32 value;
    bool ok = false;
    if (index >= VC_WIDTH) {
        return ERR_INVALID;
    }
    struct hash32 point;
    vc_point(setup, index, &point);
    memcpy(c.bytes, commitment->b, sizeof(c.bytes));
    memcpy(pi.bytes, proof->b, sizeof(pi.bytes));
    memcpy(z.bytes, point.b, sizeof(z.bytes));
    memcpy(value.bytes, y->b, sizeof(value.bytes));
    C_KZG_RET ret = verify_kzg_proof(&ok, &c, &z, &value, &pi, &setup->verifier);
    return ret == C_KZG_OK && ok ? 0 : ERR_PROOF;
}

void vc_versioned_hash(const struct vc_commitment *commitment, struct hash32 *out)
{
    hash_sha256(bytes_of(commitment->b, sizeof(commitment->b)), out);
    out->b[0] = 0x01;
}
