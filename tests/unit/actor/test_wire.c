/* Protobuf with every doubt removed: what is refused, and with which code. Messages are assembled
 * byte by byte here, because no encoder makes the wrong ones. */
#include "common/actor/wire.h"
#include "common/base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- A minimal protobuf writer ---- */

/* A varint of at least `width` bytes: more than it needs is not canonical. */
static void put_varint_wide(struct buf *b, uint64_t v, size_t width)
{
    for (size_t n = 1; v >= 0x80 || n < width; n++) {
        buf_append_u8(b, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    buf_append_u8(b, (uint8_t)v);
}

static void put_varint(struct buf *b, uint64_t v)
{
    put_varint_wide(b, v, 1);
}

static void put_number(struct buf *b, uint32_t field, uint64_t v)
{
    put_varint(b, (uint64_t)field << 3);
    put_varint(b, v);
}

static void put_bytes(struct buf *b, uint32_t field, struct bytes v)
{
    put_varint(b, (uint64_t)field << 3 | 2);
    put_varint(b, v.len);
    buf_append_bytes(b, v);
}

static struct bytes zeros(size_t len)
{
    static const uint8_t zero[256];
    assert_true(len <= sizeof(zero));
    return bytes_of(zero, len);
}

/* ---- Asking ---- */

/* Returns: what the decoder says; a frame that decodes must re-encode to the same bytes. */
static int frame_rc(struct buf *b)
{
    Lockstep__Frame *f = NULL;
    int rc = wire_frame_unpack(buf_view(b), &f);
    assert_true((rc == 0) == (f != NULL));
    if (rc == 0) {
        struct buf again = {0};
        wire_pack(&f->base, &again);
        assert_true(bytes_equal(buf_view(&again), buf_view(b)));
        buf_fini(&again);
        wire_frame_free(&f);
        assert_null(f);
    }
    buf_fini(b);
    return rc;
}

static int message_rc_of(struct bytes in)
{
    Lockstep__Message *m = NULL;
    int rc = wire_message_unpack(in, &m);
    assert_true((rc == 0) == (m != NULL));
    if (rc == 0) {
        struct buf again = {0};
        wire_pack(&m->base, &again);
        assert_true(bytes_equal(buf_view(&again), in));
        buf_fini(&again);
        wire_message_free(&m);
    }
    return rc;
}

/* The message with `body` as its field number `kind`. */
static int message_rc(uint32_t kind, struct buf *body)
{
    struct buf b = {0};
    put_bytes(&b, kind, buf_view(body));
    int rc = message_rc_of(buf_view(&b));
    buf_fini(&b);
    buf_fini(body);
    return rc;
}

/* ---- Frames ---- */

struct frame {
    uint64_t version, epoch, seq, oldest;
    size_t deployment_bytes, body_bytes;
};

static const struct frame good = {1, 5, 9, 7, 32, 3};

static struct buf frame_of(struct frame f)
{
    struct buf b = {0};
    put_number(&b, 1, f.version);
    if (f.deployment_bytes != 0) {
        put_bytes(&b, 2, zeros(f.deployment_bytes));
    }
    uint64_t numbers[] = {f.epoch, f.seq, f.oldest};
    for (uint32_t i = 0; i < 3; i++) {
        if (numbers[i] != 0) {
            put_number(&b, 3 + i, numbers[i]);
        }
    }
    if (f.body_bytes != 0) {
        put_bytes(&b, 8, zeros(f.body_bytes));
    }
    return b;
}

static int rc_of_frame(struct frame f)
{
    struct buf b = frame_of(f);
    return frame_rc(&b);
}

static void test_good_frames_and_bare_acknowledgements_decode(void **state)
{
    assert_int_equal(rc_of_frame(good), 0);
    assert_int_equal(rc_of_frame((struct frame){1, 1, 0, 0, 32, 0}), 0);
    assert_int_equal(rc_of_frame((struct frame){7, UINT64_MAX, UINT64_MAX, 1, 32, 1}), 0);
}

static void test_frames_that_contradict_themselves_are_refused(void **state)
{
    struct frame f = good;
    f.deployment_bytes = 31;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f.deployment_bytes = 33;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f.deployment_bytes = 0;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f = good;
    f.epoch = 0;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f = good;
    f.seq = 0;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f = good;
    f.body_bytes = 0;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f = good;
    f.oldest = 0;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f.oldest = f.seq + 1;
    assert_int_equal(rc_of_frame(f), ERR_INVALID);
    f = good;
    f.seq = 0;
    f.body_bytes = 0;
    assert_int_equal(rc_of_frame(f), ERR_INVALID); /* nothing is the oldest of nothing */
    f.oldest = 0;
    assert_int_equal(rc_of_frame(f), 0);
}

static void test_a_frame_cut_short_is_refused_at_every_length(void **state)
{
    struct buf b = frame_of(good);
    size_t accepted = 0;
    for (size_t len = 0; len < b.len; len++) {
        struct buf cut = {0};
        buf_append(&cut, b.data, len);
        int rc = frame_rc(&cut);
        assert_true(rc == 0 || rc == ERR_INVALID);
        accepted += rc == 0;
    }
    assert_int_equal(accepted, 1); /* up to the epoch it is a bare acknowledgement */
    buf_fini(&b);
}

static void test_unknown_fields_and_garbage_at_the_end_are_refused(void **state)
{
    struct buf b = frame_of(good);
    put_number(&b, 9, 1);
    assert_int_equal(frame_rc(&b), ERR_INVALID);
    b = frame_of(good);
    put_bytes(&b, 1000, bytes_str("x"));
    assert_int_equal(frame_rc(&b), ERR_INVALID);
    b = frame_of(good);
    buf_append_u8(&b, 0);
    assert_int_equal(frame_rc(&b), ERR_INVALID);
    b = frame_of(good);
    buf_append_u8(&b, 0xff);
    assert_int_equal(frame_rc(&b), ERR_INVALID);
}

static void test_overlong_varints_are_not_canonical(void **state)
{
    for (size_t width = 1; width <= 10; width++) {
        struct buf b = {0}; /* the value of the version */
        buf_append_u8(&b, 1 << 3);
        put_varint_wide(&b, 1, width);
        put_bytes(&b, 2, zeros(32));
        put_number(&b, 3, 1);
        assert_int_equal(frame_rc(&b), width == 1 ? 0 : ERR_NONCANONICAL);
    }
    struct buf b = {0}; /* the tag of a field */
    put_varint_wide(&b, 1 << 3, 2);
    put_varint(&b, 1);
    put_bytes(&b, 2, zeros(32));
    put_number(&b, 3, 1);
    assert_int_equal(frame_rc(&b), ERR_NONCANONICAL);
    put_number(&b, 1, 1); /* a length */
    buf_append_u8(&b, 2 << 3 | 2);
    put_varint_wide(&b, 32, 2);
    buf_append_bytes(&b, zeros(32));
    put_number(&b, 3, 1);
    assert_int_equal(frame_rc(&b), ERR_NONCANONICAL);
}

static void test_defaults_repeats_and_another_order_are_not_canonical(void **state)
{
    struct buf b = frame_of(good);
    put_number(&b, 7, 0); /* a default spelt out, in its place but for the body */
    assert_int_equal(frame_rc(&b), ERR_NONCANONICAL);
    b = frame_of((struct frame){1, 1, 0, 0, 32, 0});
    put_number(&b, 7, 0);
    assert_int_equal(frame_rc(&b), ERR_NONCANONICAL);
    b = frame_of(good);
    put_number(&b, 3, good.epoch);
    assert_int_equal(frame_rc(&b), ERR_NONCANONICAL);
    b = (struct buf){0};
    put_bytes(&b, 2, zeros(32));
    put_number(&b, 1, 1);
    put_number(&b, 3, 1);
    assert_int_equal(frame_rc(&b), ERR_NONCANONICAL);
}

static void test_a_number_wider_than_its_field_is_not_canonical(void **state)
{
    struct frame f = good;
    f.version = UINT64_C(1) << 32 | 1; /* uint32 */
    assert_int_equal(rc_of_frame(f), ERR_NONCANONICAL);
}

static void test_an_oversized_frame_is_refused_unread(void **state)
{
    uint8_t *space = calloc(1, WIRE_MAX_FRAME + 1);
    assert_non_null(space);
    Lockstep__Frame *f = NULL;
    Lockstep__Message *m = NULL;
    Lockstep__ActorConfig *c = NULL;
    Lockstep__TraceRecord *r = NULL;
    struct bytes in = bytes_of(space, WIRE_MAX_FRAME + 1);
    assert_int_equal(wire_frame_unpack(in, &f), ERR_TOOBIG);
    assert_int_equal(wire_message_unpack(in, &m), ERR_TOOBIG);
    assert_int_equal(wire_config_unpack(in, &c), ERR_TOOBIG);
    assert_int_equal(wire_record_unpack(in, &r), ERR_TOOBIG);
    in.len--;
    assert_int_equal(wire_frame_unpack(in, &f), ERR_INVALID);
    free(space);
}

/* ---- Messages ---- */

#define LAST_DA_KIND LOCKSTEP__DA_KIND__DA_STEPS

static void put_key(struct buf *b, uint64_t kind)
{
    struct buf key = {0};
    put_number(&key, 1, 7);
    if (kind != 0) {
        put_number(&key, 3, kind);
    }
    put_bytes(b, 1, buf_view(&key));
    buf_fini(&key);
}

static int put_rc(uint64_t kind, size_t data_bytes)
{
    struct buf b = {0};
    put_key(&b, kind);
    if (data_bytes != 0) {
        put_bytes(&b, 2, zeros(data_bytes));
    }
    return message_rc(9, &b);
}

static void test_unknown_enum_values_are_refused(void **state)
{
    assert_int_equal(put_rc(1, 5), 0);
    assert_int_equal(put_rc(LAST_DA_KIND, 5), 0);
    assert_int_equal(put_rc(0, 5), ERR_INVALID); /* known, but says nothing */
    assert_int_equal(put_rc(LAST_DA_KIND + 1, 5), ERR_INVALID);
    assert_int_equal(put_rc(UINT64_MAX, 5), ERR_INVALID);
    assert_int_equal(put_rc(UINT64_C(1) << 32 | 1, 5), ERR_NONCANONICAL);
}

static void test_bytes_that_must_be_there_must_be_there(void **state)
{
    static const uint32_t one_string[] = {2, 4, 7, 8}; /* messages that are one field 1 */
    assert_int_equal(put_rc(1, 0), ERR_INVALID);
    for (size_t i = 0; i < sizeof(one_string) / sizeof(one_string[0]); i++) {
        struct buf b = {0};
        assert_int_equal(message_rc(one_string[i], &b), ERR_INVALID);
        put_bytes(&b, 1, bytes_str("x"));
        assert_int_equal(message_rc(one_string[i], &b), 0);
    }
    for (uint32_t kind = 1; kind <= 14; kind++) {
        struct buf b = {0};
        assert_int_equal(message_rc(kind, &b), ERR_INVALID);
    }
}

static int stored_rc(size_t hash_bytes, size_t signature_bytes)
{
    struct buf b = {0};
    put_key(&b, 1);
    put_bytes(&b, 2, zeros(hash_bytes));
    put_bytes(&b, 3, zeros(signature_bytes));
    return message_rc(10, &b);
}

static int refused_rc(size_t hash_bytes, const char *reason)
{
    struct buf b = {0};
    put_bytes(&b, 1, zeros(hash_bytes));
    if (reason[0] != 0) {
        put_bytes(&b, 2, bytes_str(reason));
    }
    return message_rc(3, &b);
}

static void test_hashes_and_signatures_have_their_lengths(void **state)
{
    assert_int_equal(stored_rc(32, 65), 0);
    assert_int_equal(stored_rc(31, 65), ERR_INVALID);
    assert_int_equal(stored_rc(33, 65), ERR_INVALID);
    assert_int_equal(stored_rc(32, 64), ERR_INVALID);
    assert_int_equal(stored_rc(32, 66), ERR_INVALID);
    assert_int_equal(refused_rc(32, "duplicate"), 0);
    assert_int_equal(refused_rc(31, "duplicate"), ERR_INVALID);
    assert_int_equal(refused_rc(32, ""), ERR_INVALID);
}

static int l1_block_rc(size_t hash_bytes, uint64_t event_kind, size_t versioned_bytes)
{
    struct buf event = {0};
    struct buf b = {0};
    if (event_kind != 0) {
        put_number(&event, 1, event_kind);
    }
    if (versioned_bytes != 0) {
        put_bytes(&event, 6, zeros(versioned_bytes));
    }
    put_number(&b, 1, 3);
    put_bytes(&b, 2, zeros(hash_bytes));
    put_bytes(&b, 3, zeros(32));
    put_bytes(&b, 4, buf_view(&event));
    put_bytes(&b, 4, buf_view(&event));
    buf_fini(&event);
    return message_rc(14, &b);
}

static void test_a_result_comes_with_its_proofs(void **state)
{
    struct buf b = {0};
    put_bytes(&b, 1, bytes_str("result"));
    assert_int_equal(message_rc(5, &b), ERR_INVALID);
    put_bytes(&b, 2, bytes_str("proofs"));
    assert_int_equal(message_rc(5, &b), ERR_INVALID);
    put_bytes(&b, 1, bytes_str("result"));
    put_bytes(&b, 2, bytes_str("proofs"));
    assert_int_equal(message_rc(5, &b), 0);
    put_bytes(&b, 1, bytes_str("result"));
    put_bytes(&b, 2, bytes_str("proofs"));
    put_bytes(&b, 3, zeros(64));
    assert_int_equal(message_rc(5, &b), 0);
    put_bytes(&b, 1, bytes_str("result"));
    put_bytes(&b, 2, bytes_str("proofs"));
    put_bytes(&b, 3, zeros(63)); /* roots have 32 bytes each */
    assert_int_equal(message_rc(5, &b), ERR_INVALID);
}

/* In: a proposal block (7) or a finalized one (8). */
static int failure_rc(uint32_t kind, bool result, bool proofs)
{
    struct buf failure = {0};
    struct buf b = {0};
    if (result) {
        put_bytes(&failure, 1, bytes_str("result"));
    }
    if (proofs) {
        put_bytes(&failure, 2, bytes_str("proofs"));
    }
    put_bytes(&b, 1, bytes_str("header"));
    put_bytes(&b, 2, buf_view(&failure));
    buf_fini(&failure);
    return message_rc(kind, &b);
}

static void test_a_failure_is_a_result_and_its_proofs(void **state)
{
    for (uint32_t kind = 7; kind <= 8; kind++) {
        assert_int_equal(failure_rc(kind, true, true), 0);
        assert_int_equal(failure_rc(kind, false, true), ERR_INVALID);
        assert_int_equal(failure_rc(kind, true, false), ERR_INVALID);
        assert_int_equal(failure_rc(kind, false, false), ERR_INVALID);
    }
}

static void test_rules_reach_into_nested_and_repeated_messages(void **state)
{
    assert_int_equal(l1_block_rc(32, 5, 0), 0);
    assert_int_equal(l1_block_rc(32, 2, 32), 0);
    assert_int_equal(l1_block_rc(30, 2, 32), ERR_INVALID);
    assert_int_equal(l1_block_rc(32, 0, 32), ERR_INVALID);
    assert_int_equal(l1_block_rc(32, 99, 32), ERR_INVALID);
    assert_int_equal(l1_block_rc(32, 2, 31), ERR_INVALID);
    struct buf get = {0};
    put_key(&get, 3);
    put_key(&get, 4);
    assert_int_equal(message_rc(11, &get), 0);
    put_key(&get, 3);
    put_key(&get, LAST_DA_KIND + 1);
    assert_int_equal(message_rc(11, &get), ERR_INVALID);
    struct buf leg = {0};
    put_bytes(&leg, 5, bytes_str("ops"));
    put_number(&leg, 9, 1); /* unknown, two levels down */
    struct buf command = {0};
    put_bytes(&command, 1, bytes_str("name"));
    put_bytes(&command, 2, buf_view(&leg));
    assert_int_equal(message_rc(1, &command), ERR_INVALID);
    buf_fini(&leg);
}

static void test_a_text_with_a_zero_byte_is_not_canonical(void **state)
{
    struct buf b = {0};
    put_bytes(&b, 1, zeros(32));
    put_bytes(&b, 2, bytes_of("dupli\0cate", 10));
    assert_int_equal(message_rc(3, &b), ERR_NONCANONICAL);
}

static void test_a_message_is_exactly_one_of_the_known(void **state)
{
    struct buf b = {0};
    struct buf inner = {0};
    assert_int_equal(message_rc_of((struct bytes){0}), ERR_INVALID);
    put_bytes(&inner, 1, bytes_str("x"));
    put_bytes(&b, 4, buf_view(&inner));
    assert_int_equal(message_rc_of(buf_view(&b)), 0);
    put_bytes(&b, 5, buf_view(&inner)); /* the last one would win */
    assert_int_equal(message_rc_of(buf_view(&b)), ERR_NONCANONICAL);
    buf_clear(&b);
    put_bytes(&b, 15, buf_view(&inner));
    assert_int_equal(message_rc_of(buf_view(&b)), ERR_INVALID);
    buf_fini(&inner);
    buf_fini(&b);
}

/* Empty sub-messages take two bytes here and tens of bytes in memory. */
static void test_many_tiny_parts_decode_or_are_refused_within_bounded_memory(void **state)
{
    struct buf b = {0};
    put_bytes(&b, 1, bytes_str("name"));
    for (int i = 0; i < 200000; i++) {
        put_bytes(&b, 2, (struct bytes){0});
    }
    assert_int_equal(message_rc(1, &b), ERR_INVALID);
    for (int i = 0; i < 20000; i++) { /* the shortest keys there are */
        struct buf key = {0};
        put_number(&key, 3, 1);
        put_bytes(&b, 1, buf_view(&key));
        buf_fini(&key);
    }
    assert_int_equal(message_rc(11, &b), 0);
}

/* Whatever a flipped bit makes of a good message, it is refused or is another canonical message. */
static void test_damaged_messages_are_refused_or_canonical(void **state)
{
    struct prng p;
    struct buf b = {0};
    struct buf inner = {0};
    size_t refused = 0;
    prng_init(&p, 1, "wire damage");
    put_key(&inner, 1);
    put_bytes(&inner, 2, zeros(32));
    put_bytes(&inner, 3, zeros(65));
    put_bytes(&b, 10, buf_view(&inner));
    for (int i = 0; i < 20000; i++) {
        size_t at = (size_t)prng_below(&p, b.len);
        uint8_t bit = (uint8_t)(1u << prng_below(&p, 8));
        b.data[at] ^= bit;
        refused += message_rc_of(buf_view(&b)) != 0;
        b.data[at] ^= bit;
    }
    assert_true(refused > 1000);
    assert_int_equal(message_rc_of(buf_view(&b)), 0);
    buf_fini(&inner);
    buf_fini(&b);
}

static void test_reject_reasons_fit_the_failure(void **state)
{
    assert_int_equal(wire_reject_reason(ERR_TOOBIG), ACT_REJECT_OVERSIZED);
    assert_int_equal(wire_reject_reason(ERR_NONCANONICAL), ACT_REJECT_NONCANONICAL);
    assert_int_equal(wire_reject_reason(ERR_INVALID), ACT_REJECT_MALFORMED);
}

static void test_packing_appends_and_keeps_to_the_limit(void **state)
{
    Lockstep__Frame f = LOCKSTEP__FRAME__INIT;
    Lockstep__Message empty = LOCKSTEP__MESSAGE__INIT;
    struct buf b = {.limit = 4};
    wire_pack(&empty.base, &b);
    assert_int_equal(b.err, 0);
    assert_int_equal(b.len, 0);
    f.version = 1;
    wire_pack(&f.base, &b);
    wire_pack(&f.base, &b);
    assert_int_equal(b.err, 0);
    assert_memory_equal(b.data, "\x08\x01\x08\x01", 4);
    wire_pack(&f.base, &b);
    assert_int_equal(b.err, ERR_TOOBIG);
    assert_int_equal(b.len, 4);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_frames_and_bare_acknowledgements_decode),
        cmocka_unit_test(test_frames_that_contradict_themselves_are_refused),
        cmocka_unit_test(test_a_frame_cut_short_is_refused_at_every_length),
        cmocka_unit_test(test_unknown_fields_and_garbage_at_the_end_are_refused),
        cmocka_unit_test(test_overlong_varints_are_not_canonical),
        cmocka_unit_test(test_defaults_repeats_and_another_order_are_not_canonical),
        cmocka_unit_test(test_a_number_wider_than_its_field_is_not_canonical),
        cmocka_unit_test(test_an_oversized_frame_is_refused_unread),
        cmocka_unit_test(test_unknown_enum_values_are_refused),
        cmocka_unit_test(test_bytes_that_must_be_there_must_be_there),
        cmocka_unit_test(test_hashes_and_signatures_have_their_lengths),
        cmocka_unit_test(test_a_result_comes_with_its_proofs),
        cmocka_unit_test(test_a_failure_is_a_result_and_its_proofs),
        cmocka_unit_test(test_rules_reach_into_nested_and_repeated_messages),
        cmocka_unit_test(test_a_text_with_a_zero_byte_is_not_canonical),
        cmocka_unit_test(test_a_message_is_exactly_one_of_the_known),
        cmocka_unit_test(test_many_tiny_parts_decode_or_are_refused_within_bounded_memory),
        cmocka_unit_test(test_damaged_messages_are_refused_or_canonical),
        cmocka_unit_test(test_reject_reasons_fit_the_failure),
        cmocka_unit_test(test_packing_appends_and_keeps_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
