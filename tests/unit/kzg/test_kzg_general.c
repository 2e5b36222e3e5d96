/* Commitments and openings are the bytes that c-kzg-4844's blob functions give.
 *
 *     test_kzg_general DERIVED_SETUP TRUSTED_SETUP */

#include "tests/unit/kzg/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct stage {
    struct buf file;
    struct vc_setup *setup;
    KZGSettings general;
    Blob blob;
    struct vc_entry entries[VC_WIDTH];
};

static void expect_commitment(struct stage *s, size_t n)
{
    KZGCommitment expected;
    struct vc_commitment got;
    fix_blob(s->entries, n, &s->blob);
    assert_int_equal(blob_to_kzg_commitment(&expected, &s->blob, &s->general), C_KZG_OK);
    assert_int_equal(vc_commit(s->setup, s->entries, n, &got), 0);
    assert_memory_equal(got.b, expected.bytes, 48);
}

/* In: s->blob made from the first n entries. */
static void expect_opening(struct stage *s, size_t n, uint32_t index)
{
    struct hash32 point;
    Bytes32 z;
    Bytes32 expected_y;
    KZGProof expected;
    struct vc_proof proof;
    struct hash32 y;
    vc_point(s->setup, index, &point);
    memcpy(z.bytes, point.b, 32);
    assert_int_equal(compute_kzg_proof(&expected, &expected_y, &s->blob, &z, &s->general),
                     C_KZG_OK);
    assert_int_equal(vc_open(s->setup, s->entries, n, index, &proof, &y), 0);
    assert_memory_equal(proof.b, expected.bytes, 48);
    assert_memory_equal(y.b, expected_y.bytes, 32);
    assert_memory_equal(y.b, s->blob.bytes + index * (size_t)32, 32);
}

static void test_random_blocks_of_every_size(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 31, 32, 33, 64, 255, 1024, VC_WIDTH};
    struct stage *s = *state;
    struct prng p;
    prng_init(&p, 1, "blocks");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = sizes[i];
        fix_block(&p, n, s->entries);
        expect_commitment(s, n);
        if (n > 0) {
            expect_opening(s, n, s->entries[0].index);
            expect_opening(s, n, s->entries[prng_below(&p, n)].index);
            expect_opening(s, n, s->entries[n - 1].index);
        }
        if (n < VC_WIDTH) {
            expect_opening(s, n, fix_unused(s->entries, n));
        }
        expect_opening(s, n, (uint32_t)prng_below(&p, VC_WIDTH));
    }
}

static void fill(struct prng *p, struct hash32 *out)
{
    for (size_t i = 0; i < sizeof(out->b); i++) {
        out->b[i] = (uint8_t)prng_next(p);
    }
}

/* From one random block to another, in steps: the same as committing to all of it. */
static void test_changes_of_a_block_are_committed_to_by_themselves(void **state)
{
    static const size_t changed[] = {0, 1, 2, 3, 16, 17, 200};
    static struct vc_change changes[200];
    struct stage *s = *state;
    struct vc_commitment c;
    struct vc_commitment got;
    struct prng p;
    prng_init(&p, 2, "changes");
    for (uint32_t i = 0; i < 300; i++) {
        s->entries[i].index = i;
        fill(&p, &s->entries[i].leaf);
    }
    assert_int_equal(vc_commit(s->setup, s->entries, 300, &c), 0);
    for (size_t k = 0; k < sizeof(changed) / sizeof(changed[0]); k++) {
        uint32_t at = (uint32_t)prng_below(&p, 50);
        for (size_t i = 0; i < changed[k]; i++, at++) {
            struct hash32 *leaf = &s->entries[at].leaf;
            changes[i].index = at;
            changes[i].was = *leaf;
            if (i % 5 != 4) { /* the others stay what they were */
                fill(&p, leaf);
            }
            changes[i].now = *leaf;
        }
        assert_int_equal(vc_recommit(s->setup, &c, changes, changed[k], &got), 0);
        assert_int_equal(vc_commit(s->setup, s->entries, 300, &c), 0);
        assert_memory_equal(got.b, c.b, 48);
    }
    changes[1].index = changes[0].index;
    assert_int_equal(vc_recommit(s->setup, &c, changes, 2, &got), ERR_INVALID);
    changes[0].index = VC_WIDTH;
    assert_int_equal(vc_recommit(s->setup, &c, changes, 1, &got), ERR_INVALID);
    c.b[0] &= 0x1f;
    assert_int_equal(vc_recommit(s->setup, &c, changes, 0, &got), ERR_PROOF);
    assert_int_equal(vc_commit(s->setup, s->entries, 0, &c), 0); /* the point at infinity */
    changes[0].index = 0;
    memset(&changes[0].was, 0, 32);
    changes[0].now = s->entries[0].leaf;
    assert_int_equal(vc_recommit(s->setup, &c, changes, 1, &got), 0);
    assert_int_equal(vc_commit(s->setup, s->entries, 1, &c), 0);
    assert_memory_equal(got.b, c.b, 48);
}

static void test_the_ends_of_the_block(void **state)
{
    struct stage *s = *state;
    struct prng p;
    prng_init(&p, 2, "ends");
    s->entries[0] = (struct vc_entry){.index = 0, .leaf = fix_leaf(&p)};
    s->entries[1] = (struct vc_entry){.index = 1, .leaf = fix_leaf(&p)};
    s->entries[2] = (struct vc_entry){.index = VC_WIDTH - 1, .leaf = fix_leaf(&p)};
    expect_commitment(s, 3);
    expect_opening(s, 3, 0);
    expect_opening(s, 3, 1);
    expect_opening(s, 3, 2);
    expect_opening(s, 3, VC_WIDTH - 1);
}

static void test_one_used_position_opened_there_and_elsewhere(void **state)
{
    static const uint32_t positions[] = {0, 1, 2, 3, 2047, 2048, 4094, 4095};
    struct stage *s = *state;
    struct prng p;
    prng_init(&p, 3, "single");
    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
        s->entries[0] = (struct vc_entry){.index = positions[i], .leaf = fix_leaf(&p)};
        expect_commitment(s, 1);
        expect_opening(s, 1, positions[i]);
        expect_opening(s, 1, VC_WIDTH - 1 - positions[i]);
    }
}

static void test_repeated_leaves(void **state)
{
    static const size_t sizes[] = {2, 40, 300, VC_WIDTH};
    struct stage *s = *state;
    struct prng p;
    prng_init(&p, 4, "repeated");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = sizes[i];
        fix_block(&p, n, s->entries);
        for (size_t k = 1; k < n; k++) {
            s->entries[k].leaf = s->entries[k % 3 == 0 ? 0 : k - 1].leaf;
        }
        expect_commitment(s, n);
        expect_opening(s, n, s->entries[n / 2].index);
        expect_opening(s, n, s->entries[n / 2].index ^ 1);
    }
}

static void test_a_constant_block_has_the_point_at_infinity_for_proof(void **state)
{
    struct stage *s = *state;
    struct vc_proof proof;
    struct hash32 y;
    struct prng p;
    prng_init(&p, 5, "constant");
    fix_block(&p, VC_WIDTH, s->entries);
    for (size_t k = 1; k < VC_WIDTH; k++) {
        s->entries[k].leaf = s->entries[0].leaf;
    }
    expect_commitment(s, VC_WIDTH);
    expect_opening(s, VC_WIDTH, 77);
    assert_int_equal(vc_open(s->setup, s->entries, VC_WIDTH, 77, &proof, &y), 0);
    assert_int_equal(proof.b[0], 0xc0);
}

static void test_leaves_that_are_no_field_elements_stand_for_their_residue(void **state)
{
    static const struct hash32 zero;
    static const struct hash32 one = {{[31] = 1}};
    struct stage *s = *state;
    struct hash32 ones;
    memset(ones.b, 0xff, sizeof(ones.b));
    struct hash32 r_less_1 = fix_order;
    r_less_1.b[31] = 0;
    struct hash32 twice = fix_plus_order(&zero, 2);
    struct hash32 twice_less_1 = fix_plus_order(&r_less_1, 1);
    const struct hash32 leaves[] = {zero,
                                    one,
                                    r_less_1,
                                    fix_order,
                                    fix_plus_order(&one, 1),
                                    twice,
                                    twice_less_1,
                                    ones,
                                    fix_plus_order(&one, 2)};
    size_t n = sizeof(leaves) / sizeof(leaves[0]);
    for (uint32_t i = 0; i < n; i++) {
        struct hash32 element;
        struct hash32 expected = fix_reduce(&leaves[i]);
        vc_leaf_to_field(&leaves[i], &element);
        assert_memory_equal(element.b, expected.b, 32);
        s->entries[i] = (struct vc_entry){.index = 100 * i, .leaf = leaves[i]};
    }
    expect_commitment(s, n);
    for (uint32_t i = 0; i < n; i++) {
        expect_opening(s, n, 100 * i);
    }
    struct prng p;
    prng_init(&p, 6, "leaves");
    for (int i = 0; i < 1000; i++) {
        struct hash32 leaf = fix_leaf(&p);
        struct hash32 expected = fix_reduce(&leaf);
        struct hash32 element;
        vc_leaf_to_field(&leaf, &element);
        assert_memory_equal(element.b, expected.b, 32);
    }
}

static void test_leaves_of_zero_are_as_good_as_unused(void **state)
{
    struct stage *s = *state;
    struct vc_commitment with;
    struct vc_commitment without;
    struct prng p;
    prng_init(&p, 7, "zeros");
    fix_block(&p, 2, s->entries);
    assert_int_equal(vc_commit(s->setup, s->entries, 1, &without), 0);
    s->entries[1].leaf = fix_order;
    assert_int_equal(vc_commit(s->setup, s->entries, 2, &with), 0);
    assert_memory_equal(with.b, without.b, 48);
    expect_commitment(s, 2);
    expect_opening(s, 2, s->entries[1].index);
    s->entries[0].leaf = fix_order;
    expect_commitment(s, 2);
    expect_opening(s, 2, s->entries[0].index);
    expect_opening(s, 2, fix_unused(s->entries, 2));
}

static void test_evaluation_points_are_the_roots_in_blob_order(void **state)
{
    struct stage *s = *state;
    for (uint32_t i = 0; i < VC_WIDTH; i++) {
        struct hash32 point;
        struct hash32 expected;
        blst_scalar scalar;
        blst_scalar_from_fr(&scalar, &s->general.brp_roots_of_unity[i]);
        blst_bendian_from_scalar(expected.b, &scalar);
        vc_point(s->setup, i, &point);
        assert_memory_equal(point.b, expected.b, 32);
    }
}

static void test_a_blob_proof_holds_against_our_commitment(void **state)
{
    struct stage *s = *state;
    struct prng p;
    struct vc_commitment commitment;
    Bytes48 bytes;
    KZGProof proof;
    bool ok = false;
    prng_init(&p, 8, "blob");
    fix_block(&p, 50, s->entries);
    fix_blob(s->entries, 50, &s->blob);
    assert_int_equal(vc_commit(s->setup, s->entries, 50, &commitment), 0);
    memcpy(bytes.bytes, commitment.b, 48);
    assert_int_equal(compute_blob_kzg_proof(&proof, &s->blob, &bytes, &s->general), C_KZG_OK);
    assert_int_equal(verify_blob_kzg_proof(&ok, &s->blob, &bytes, &proof, &s->general), C_KZG_OK);
    assert_true(ok);
    s->blob.bytes[s->entries[0].index * (size_t)32 + 31] ^= 1;
    assert_int_equal(verify_blob_kzg_proof(&ok, &s->blob, &bytes, &proof, &s->general), C_KZG_OK);
    assert_false(ok);
}

static char **arguments;

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
        cmocka_unit_test(test_random_blocks_of_every_size),
        cmocka_unit_test(test_changes_of_a_block_are_committed_to_by_themselves),
        cmocka_unit_test(test_the_ends_of_the_block),
        cmocka_unit_test(test_one_used_position_opened_there_and_elsewhere),
        cmocka_unit_test(test_repeated_leaves),
        cmocka_unit_test(test_a_constant_block_has_the_point_at_infinity_for_proof),
        cmocka_unit_test(test_leaves_that_are_no_field_elements_stand_for_their_residue),
        cmocka_unit_test(test_leaves_of_zero_are_as_good_as_unused),
        cmocka_unit_test(test_evaluation_points_are_the_roots_in_blob_order),
        cmocka_unit_test(test_a_blob_proof_holds_against_our_commitment),
    };
    if (argc != 3) {
        return 64;
    }
    arguments = argv;
    return cmocka_run_group_tests(tests, stage_new, stage_destroy);
}
