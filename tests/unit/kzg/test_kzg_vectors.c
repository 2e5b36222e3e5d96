/* The Ethereum consensus vectors (published with c-kzg-4844 and in the consensus specifications).
 *
 *     test_kzg_vectors DERIVED_SETUP TRUSTED_SETUP [DIRECTORY]
 *
 * Verification runs on the derived setup; commitments and openings at our points through vc as
 * well as through the general functions, which have to agree. */
#include "common/crypto/kzg/vc_setup.h"
#include "tests/unit/kzg/fixture.h"
#include "tests/unit/kzg/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EXIT_SKIPPED 77

struct stage {
    struct buf file;
    struct vc_setup *setup;
    KZGSettings general;
    Blob blob;
    struct vc_entry entries[VC_WIDTH];
    size_t n_entries;
    unsigned refused; /* cases that had to be */
    unsigned accepted;
    unsigned in_domain; /* whose point is one of ours */
};

static char **arguments;

/* Returns: the position whose evaluation point is z, or VC_WIDTH. */
static uint32_t position_of(const struct stage *s, const Bytes32 *z)
{
    uint32_t index = 0;
    struct hash32 point;
    for (; index < VC_WIDTH; index++) {
        vc_point(s->setup, index, &point);
        if (memcmp(point.b, z->bytes, sizeof(point.b)) == 0) {
            break;
        }
    }
    return index;
}

/* Out: the blob's non-zero elements as entries. Returns: false if one is not reduced. */
static bool entries_of(struct stage *s)
{
    s->n_entries = 0;
    for (uint32_t i = 0; i < VC_WIDTH; i++) {
        struct hash32 element;
        struct hash32 reduced;
        memcpy(element.b, s->blob.bytes + i * sizeof(element.b), sizeof(element.b));
        vc_leaf_to_field(&element, &reduced);
        if (!hash32_equal(&element, &reduced)) {
            return false;
        }
        if (!hash32_is_zero(&element)) {
            s->entries[s->n_entries++] = (struct vc_entry){.index = i, .leaf = element};
        }
    }
    return true;
}

static bool read_blob(struct stage *s, struct vector *v)
{
    return vector_input(v, "blob", s->blob.bytes, sizeof(s->blob.bytes)) && entries_of(s);
}

static void count(struct stage *s, bool refused)
{
    if (refused) {
        s->refused++;
    } else {
        s->accepted++;
    }
}

static void check_verify(struct vector *v, void *ctx)
{
    struct stage *s = ctx;
    Bytes48 commitment;
    Bytes48 proof;
    Bytes32 z;
    Bytes32 y;
    bool ok = false;
    bool usable =
        vector_input(v, "commitment", commitment.bytes, sizeof(commitment.bytes)) &&
        vector_input(v, "proof", proof.bytes, sizeof(proof.bytes)) &&
        vector_input(v, "z", z.bytes, sizeof(z.bytes)) &&
        vector_input(v, "y", y.bytes, sizeof(y.bytes)) &&
        verify_kzg_proof(&ok, &commitment, &z, &y, &proof, &s->setup->verifier) == C_KZG_OK;
    assert_int_equal(usable, !vector_refused(v));
    count(s, !usable);
    if (!usable) {
        return;
    }
    assert_int_equal(ok, vector_verdict(v));
    uint32_t index = position_of(s, &z);
    if (index < VC_WIDTH) {
        struct vc_commitment c;
        struct vc_proof pi;
        struct hash32 value;
        memcpy(c.b, commitment.bytes, sizeof(c.b));
        memcpy(pi.b, proof.bytes, sizeof(pi.b));
        memcpy(value.b, y.bytes, sizeof(value.b));
        assert_int_equal(vc_verify(s->setup, &c, index, &value, &pi), ok ? 0 : ERR_PROOF);
        s->in_domain++;
    }
}

static void check_commitment(struct vector *v, void *ctx)
{
    struct stage *s = ctx;
    KZGCommitment general;
    struct vc_commitment got;
    uint8_t expected[48];
    bool usable = read_blob(s, v);
    assert_int_equal(usable, !vector_refused(v));
    count(s, !usable);
    if (usable) {
        vector_output(v, 0, expected, sizeof(expected));
        assert_int_equal(vc_commit(s->setup, s->entries, s->n_entries, &got), 0);
        assert_memory_equal(got.b, expected, sizeof(expected));
        assert_int_equal(blob_to_kzg_commitment(&general, &s->blob, &s->general), C_KZG_OK);
        assert_memory_equal(general.bytes, expected, sizeof(expected));
    }
}

static void check_opening(struct vector *v, void *ctx)
{
    struct stage *s = ctx;
    KZGProof general;
    Bytes32 z;
    Bytes32 y;
    uint8_t expected[48];
    uint8_t expected_y[32];
    bool usable = read_blob(s, v) && vector_input(v, "z", z.bytes, sizeof(z.bytes)) &&
                  compute_kzg_proof(&general, &y, &s->blob, &z, &s->general) == C_KZG_OK;
    assert_int_equal(usable, !vector_refused(v));
    count(s, !usable);
    if (!usable) {
        return;
    }
    vector_output(v, 0, expected, sizeof(expected));
    vector_output(v, 1, expected_y, sizeof(expected_y));
    assert_memory_equal(general.bytes, expected, sizeof(expected));
    assert_memory_equal(y.bytes, expected_y, sizeof(expected_y));
    uint32_t index = position_of(s, &z);
    if (index < VC_WIDTH) {
        struct vc_proof proof;
        struct hash32 value;
        assert_int_equal(vc_open(s->setup, s->entries, s->n_entries, index, &proof, &value), 0);
        assert_memory_equal(proof.b, expected, sizeof(expected));
        assert_memory_equal(value.b, expected_y, sizeof(expected_y));
        s->in_domain++;
    }
}

static void check_blob(struct vector *v, void *ctx)
{
    struct stage *s = ctx;
    Bytes48 commitment;
    Bytes48 proof;
    bool ok = false;
    bool usable =
        vector_input(v, "blob", s->blob.bytes, sizeof(s->blob.bytes)) &&
        vector_input(v, "commitment", commitment.bytes, sizeof(commitment.bytes)) &&
        vector_input(v, "proof", proof.bytes, sizeof(proof.bytes)) &&
        verify_blob_kzg_proof(&ok, &s->blob, &commitment, &proof, &s->general) == C_KZG_OK;
    assert_int_equal(usable, !vector_refused(v));
    count(s, !usable);
    if (usable) {
        assert_int_equal(ok, vector_verdict(v));
    }
    if (ok) {
        struct vc_commitment got;
        assert_true(entries_of(s));
        assert_int_equal(vc_commit(s->setup, s->entries, s->n_entries, &got), 0);
        assert_memory_equal(got.b, commitment.bytes, sizeof(got.b));
    }
}

/* A kind without cases, or without one to refuse, is not what it should be. */
static void run(struct stage *s, const char *kind, void (*check)(struct vector *v, void *ctx))
{
    s->refused = 0;
    s->accepted = 0;
    s->in_domain = 0;
    size_t n = vectors_each(arguments[3], kind, check, s);
    print_message("%zu cases, %u refused, %u at our points\n", n, s->refused, s->in_domain);
    assert_true(s->refused > 0 && s->accepted > 0);
}

static void test_verify_kzg_proof(void **state)
{
    struct stage *s = *state;
    run(s, "verify_kzg_proof", check_verify);
    assert_true(s->in_domain > 0);
}

static void test_blob_to_kzg_commitment(void **state)
{
    run(*state, "blob_to_kzg_commitment", check_commitment);
}

static void test_compute_kzg_proof(void **state)
{
    struct stage *s = *state;
    run(s, "compute_kzg_proof", check_opening);
    assert_true(s->in_domain > 0);
}

static void test_verify_blob_kzg_proof(void **state)
{
    run(*state, "verify_blob_kzg_proof", check_blob);
}

static int stage_new(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->setup = fix_setup(arguments[1], &s->file);
    fix_general(arguments[2], &s->general);
    *state = s;
    return 0;
}

static int stage_destroy(void **state)
{
    struct stage *s = *state;
    vc_setup_destroy(&s->setup);
    free_trusted_setup(&s->general);
    buf_fini(&s->file);
    free(s);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify_kzg_proof),
        cmocka_unit_test(test_blob_to_kzg_commitment),
        cmocka_unit_test(test_compute_kzg_proof),
        cmocka_unit_test(test_verify_blob_kzg_proof),
    };
    if (argc < 3 || argc > 4) {
        return 64;
    }
    if (argc == 3 || argv[3][0] == 0) {
        (void)printf("skipped: no vectors; set the meson option kzg_vectors to their directory\n");
        return EXIT_SKIPPED;
    }
    arguments = argv;
    return cmocka_run_group_tests(tests, stage_new, stage_destroy);
}
