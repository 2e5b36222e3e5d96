/* Openings verify, and nothing else does.
 *
 *     test_kzg_verify DERIVED_SETUP */
#include "tests/unit/kzg/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define N 9

struct stage {
    struct buf file;
    struct vc_setup *setup;
    struct vc_entry entries[N];
    struct vc_commitment commitment;
};

struct opening {
    uint32_t index;
    struct vc_proof proof;
    struct hash32 y;
};

static const uint8_t infinity[48] = {0xc0};

static struct opening open_at(const struct stage *s, uint32_t index)
{
    struct opening o = {.index = index};
    assert_int_equal(vc_open(s->setup, s->entries, N, index, &o.proof, &o.y), 0);
    return o;
}

static int verify(const struct stage *s, const struct opening *o)
{
    return vc_verify(s->setup, &s->commitment, o->index, &o->y, &o->proof);
}

static void test_openings_verify_at_used_and_unused_positions(void **state)
{
    struct stage *s = *state;
    for (size_t i = 0; i < N; i++) {
        struct opening o = open_at(s, s->entries[i].index);
        struct hash32 expected = fix_reduce(&s->entries[i].leaf);
        assert_memory_equal(o.y.b, expected.b, 32);
        assert_int_equal(verify(s, &o), 0);
    }
    struct opening unused = open_at(s, fix_unused(s->entries, N));
    assert_true(hash32_is_zero(&unused.y));
    assert_int_equal(verify(s, &unused), 0);
}

static void flip(uint8_t *data, size_t at)
{
    data[at] ^= (uint8_t)(1u << (at % 8));
}

static void test_every_flipped_byte_is_refused(void **state)
{
    struct stage s = *(struct stage *)*state;
    struct opening o = open_at(&s, s.entries[3].index);
    for (size_t i = 0; i < 48; i++) {
        flip(s.commitment.b, i);
        assert_int_equal(verify(&s, &o), ERR_PROOF);
        flip(s.commitment.b, i);
        flip(o.proof.b, i);
        assert_int_equal(verify(&s, &o), ERR_PROOF);
        flip(o.proof.b, i);
    }
    for (size_t i = 0; i < 32; i++) {
        flip(o.y.b, i);
        assert_int_equal(verify(&s, &o), ERR_PROOF);
        flip(o.y.b, i);
    }
    /* The flags of a compressed point: compressed, infinity, sign. */
    for (unsigned flag = 0x20; flag <= 0x80; flag <<= 1) {
        o.proof.b[0] ^= (uint8_t)flag;
        assert_int_equal(verify(&s, &o), ERR_PROOF);
        o.proof.b[0] ^= (uint8_t)flag;
        s.commitment.b[0] ^= (uint8_t)flag;
        assert_int_equal(verify(&s, &o), ERR_PROOF);
        s.commitment.b[0] ^= (uint8_t)flag;
    }
    assert_int_equal(verify(&s, &o), 0);
}

static void test_an_opening_holds_at_its_position_only(void **state)
{
    struct stage *s = *state;
    struct opening o = open_at(s, s->entries[0].index);
    struct opening other = open_at(s, s->entries[1].index);
    struct opening mixed = {.index = other.index, .proof = o.proof, .y = o.y};
    assert_int_equal(verify(s, &mixed), ERR_PROOF);
    mixed = (struct opening){.index = o.index, .proof = other.proof, .y = o.y};
    assert_int_equal(verify(s, &mixed), ERR_PROOF);
    mixed = (struct opening){.index = o.index, .proof = o.proof, .y = other.y};
    assert_int_equal(verify(s, &mixed), ERR_PROOF);
    mixed = o;
    mixed.index = VC_WIDTH;
    assert_int_equal(verify(s, &mixed), ERR_INVALID);
    mixed.index = UINT32_MAX;
    assert_int_equal(verify(s, &mixed), ERR_INVALID);
}

static void test_a_value_must_be_reduced(void **state)
{
    struct stage *s = *state;
    struct opening used = open_at(s, s->entries[2].index);
    struct opening unused = open_at(s, fix_unused(s->entries, N));
    used.y = fix_plus_order(&used.y, 1);
    assert_int_equal(verify(s, &used), ERR_PROOF);
    unused.y = fix_order;
    assert_int_equal(verify(s, &unused), ERR_PROOF);
    memset(unused.y.b, 0xff, sizeof(unused.y.b));
    assert_int_equal(verify(s, &unused), ERR_PROOF);
}

/* Out: a point of the curve outside the group, compressed. */
static void stray_point(uint8_t out[48])
{
    blst_p1_affine point;
    bool found = false;
    for (uint8_t x = 1; !found; x++) {
        memset(out, 0, 48);
        out[0] = 0x80;
        out[47] = x;
        found = blst_p1_uncompress(&point, out) == BLST_SUCCESS && !blst_p1_affine_in_g1(&point);
    }
}

static void test_what_is_no_point_of_the_group_is_refused(void **state)
{
    static const char modulus[] = "9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624"
                                  "1eabfffeb153ffffb9feffffffffaaab";
    uint8_t bad[8][48] = {{0}};
    struct stage s = *(struct stage *)*state;
    const struct vc_commitment commitment = s.commitment;
    struct opening o = open_at(&s, s.entries[4].index);
    struct vc_proof proof = o.proof;
    stray_point(bad[0]);
    memset(bad[1], 0xff, 48);
    assert_int_equal(hex_decode(modulus, bad[2], 48), 0); /* abscissa not reduced */
    bad[3][0] = 0xe0;                                     /* infinity with a sign */
    bad[4][0] = 0xc0;
    bad[4][47] = 1;   /* infinity with an abscissa */
    bad[5][0] = 0x40; /* infinity, not compressed */
    bad[6][0] = 0x80; /* abscissa 0 has points, but none of the group */
    bad[6][47] = 0;
    /* bad[7]: zeros */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(o.proof.b, bad[i], 48);
        assert_int_equal(verify(&s, &o), ERR_PROOF);
        o.proof = proof;
        memcpy(s.commitment.b, bad[i], 48);
        assert_int_equal(verify(&s, &o), ERR_PROOF);
        s.commitment = commitment;
    }
    assert_int_equal(verify(&s, &o), 0);
}

static void test_infinity_proves_constants_only(void **state)
{
    struct stage s = *(struct stage *)*state;
    struct opening o = open_at(&s, s.entries[5].index);
    memcpy(o.proof.b, infinity, 48);
    assert_int_equal(verify(&s, &o), ERR_PROOF);
    /* The empty block is the constant 0. */
    assert_int_equal(vc_commit(s.setup, NULL, 0, &s.commitment), 0);
    assert_memory_equal(s.commitment.b, infinity, 48);
    assert_int_equal(vc_open(s.setup, NULL, 0, o.index, &o.proof, &o.y), 0);
    assert_memory_equal(o.proof.b, infinity, 48);
    assert_true(hash32_is_zero(&o.y));
    assert_int_equal(verify(&s, &o), 0);
    o.y.b[31] = 1;
    assert_int_equal(verify(&s, &o), ERR_PROOF);
}

static void test_positions_out_of_order_or_range_are_refused(void **state)
{
    struct stage *s = *state;
    static const uint32_t refused[][3] = {
        {1, 1, 2},
        {1, 2, 2},
        {2, 1, 3},
        {1, 3, 2},
        {1, 2, VC_WIDTH},
        {1, 2, UINT32_MAX},
        {VC_WIDTH, VC_WIDTH + 1, VC_WIDTH + 2},
    };
    struct vc_commitment commitment;
    struct vc_proof proof;
    struct hash32 y;
    uint8_t before[48];
    memset(before, 0x5a, sizeof(before));
    memset(&commitment, 0x5a, sizeof(commitment));
    memset(&proof, 0x5a, sizeof(proof));
    memset(&y, 0x5a, sizeof(y));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct vc_entry entries[3] = {0};
        for (size_t k = 0; k < 3; k++) {
            entries[k].index = refused[i][k];
        }
        assert_int_equal(vc_commit(s->setup, entries, 3, &commitment), ERR_INVALID);
        assert_int_equal(vc_open(s->setup, entries, 3, 1, &proof, &y), ERR_INVALID);
    }
    assert_int_equal(vc_open(s->setup, s->entries, N, VC_WIDTH, &proof, &y), ERR_INVALID);
    assert_int_equal(vc_open(s->setup, s->entries, N, UINT32_MAX, &proof, &y), ERR_INVALID);
    assert_memory_equal(commitment.b, before, 48);
    assert_memory_equal(proof.b, before, 48);
    assert_memory_equal(y.b, before, 32);
}

static void test_the_versioned_hash_of_the_empty_blob(void **state)
{
    struct vc_commitment empty;
    struct hash32 got;
    uint8_t expected[32];
    memcpy(empty.b, infinity, 48);
    assert_int_equal(hex_decode("010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014",
                                expected, 32),
                     0);
    vc_versioned_hash(&empty, &got);
    assert_memory_equal(got.b, expected, 32);
}

static char **arguments;

static int stage_new(void **state)
{
    static struct stage s;
    struct prng p;
    s.setup = fix_setup(arguments[1], &s.file);
    prng_init(&p, 1, "verify");
    fix_block(&p, N, s.entries);
    *state = &s;
    return vc_commit(s.setup, s.entries, N, &s.commitment);
}

static int stage_end(void **state)
{
    struct stage *s = *state;
    vc_setup_destroy(&s->setup);
    buf_fini(&s->file);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openings_verify_at_used_and_unused_positions),
        cmocka_unit_test(test_every_flipped_byte_is_refused),
        cmocka_unit_test(test_an_opening_holds_at_its_position_only),
        cmocka_unit_test(test_a_value_must_be_reduced),
        cmocka_unit_test(test_what_is_no_point_of_the_group_is_refused),
        cmocka_unit_test(test_infinity_proves_constants_only),
        cmocka_unit_test(test_positions_out_of_order_or_range_are_refused),
        cmocka_unit_test(test_the_versioned_hash_of_the_empty_blob),
    };
    if (argc != 2) {
        return 64;
    }
    arguments = argv;
    return cmocka_run_group_tests(tests, stage_new, stage_end);
}
