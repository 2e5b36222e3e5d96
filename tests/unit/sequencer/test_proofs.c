/* Proofs and elements that are wrong: refused by name, also among right ones. */
#include "common/crypto/timelock/tlp.h"
#include "tests/unit/sequencer/verdict.h"

#include <gmp.h>

/* The parts of a leg, to be changed and put together again. */
struct parts {
    struct buf open, u, q, proof, sealed;
};

static struct buf copy_of(struct bytes b)
{
    struct buf out = {0};
    buf_append_bytes(&out, b);
    assert_int_equal(out.err, 0);
    return out;
}

static void take_apart(const struct seat *s, uint64_t nonce, struct parts *p)
{
    struct buf raw = {0};
    struct pro_leg leg;
    seat_seal(s, &(struct seat_bundle){.nonce = nonce, .n_legs = 1}, 0, &raw);
    assert_int_equal(pro_leg_decode(buf_view(&raw), &leg), 0);
    *p = (struct parts){copy_of(leg.open_bytes), copy_of(leg.u), copy_of(leg.q), copy_of(leg.proof),
                        copy_of(leg.sealed)};
    buf_fini(&raw);
}

static struct buf put_together(const struct seat *s, uint64_t nonce, struct parts *p)
{
    struct buf leg = {0};
    struct buf out = {0};
    struct hash32 siblings;
    const struct bytes u = buf_view(&p->u);
    pro_siblings(&u, 1, &siblings); /* the damage is meant for what looks deeper */
    memcpy(&p->open.data[8 + 8 + 4 + 4], siblings.b, sizeof(siblings.b));
    pro_leg_encode(buf_view(&p->open), buf_view(&p->u), buf_view(&p->q), buf_view(&p->proof),
                   buf_view(&p->sealed), &leg);
    seat_join(s, nonce, &leg, 1, &out);
    buf_fini(&leg);
    buf_fini(&p->open);
    buf_fini(&p->u);
    buf_fini(&p->q);
    buf_fini(&p->proof);
    buf_fini(&p->sealed);
    return out;
}

enum damage {
    CUT_PROOF,
    LONG_PROOF,
    SHORT_Z,
    LOW_Z,
    WRONG_FORM,
    OTHER_CIPHER,
    SHORT_CIPHER,
    OTHER_OPEN,
    SHORT_U,
    ZERO,
    MODULUS,
    NEGATIVE,
    JACOBI,
    DAMAGES
};

static void read_modulus(const struct seat *s, mpz_t n)
{
    struct buf file = {0};
    assert_int_equal(tlp_params_encode(s->tlp, false, &file), 0);
    mpz_import(n, tlp_params_element_bytes(s->tlp), 1, 1, 1, 0, file.data + 8 + 2 + 2);
    buf_fini(&file);
}

/* What is no element of the group, in exactly its length. */
static void spoil_element(const struct seat *s, enum damage d, uint8_t *x)
{
    size_t len = tlp_params_element_bytes(s->tlp);
    size_t got = 0;
    mpz_t n, v;
    mpz_init(n);
    mpz_init(v);
    read_modulus(s, n);
    mpz_import(v, len, 1, 1, 1, 0, x);
    if (d == ZERO) {
        mpz_set_ui(v, 0);
    } else if (d == MODULUS) {
        mpz_set(v, n);
    } else if (d == NEGATIVE) {
        mpz_sub(v, n, v);
    } else {
        mpz_set_ui(v, 2);
        while (mpz_jacobi(v, n) != -1) {
            mpz_add_ui(v, v, 1);
        }
    }
    memset(x, 0, len);
    if (mpz_sgn(v) != 0) {
        got = (mpz_sizeinbase(v, 2) + 7) / 8;
        mpz_export(x + len - got, NULL, 1, 1, 1, 0, v);
    }
    mpz_clear(n);
    mpz_clear(v);
}

/* `at`: 0 u, 1 Q, 2 A, 3 B. */
static struct buf damaged(const struct seat *s, uint64_t nonce, enum damage d, int at)
{
    struct parts p;
    size_t element = tlp_params_element_bytes(s->tlp);
    take_apart(s, nonce, &p);
    uint8_t *elements[] = {p.u.data, p.q.data, p.proof.data + 2, p.proof.data + 2 + element};
    switch (d) {
    case CUT_PROOF:
        p.proof.len = 1;
        break;
    case LONG_PROOF:
        buf_append_u8(&p.proof, 0);
        break;
    case SHORT_Z:
        p.proof.len--;
        break;
    case LOW_Z:
        p.proof.data[2 + 2 * element] = 0;
        break;
    case WRONG_FORM:
        p.proof.data[0] = 3;
        break;
    case OTHER_CIPHER:
        p.sealed.data[0] ^= 1;
        break;
    case SHORT_CIPHER:
        p.sealed.len = 15;
        break;
    case OTHER_OPEN: /* the gas limit */
        p.open.data[8 + 8 + 4 + 4 + 32 + 7] ^= 1;
        break;
    case SHORT_U:
        p.u.len--;
        break;
    default:
        spoil_element(s, d, elements[at]);
        break;
    }
    return put_together(s, nonce, &p);
}

static void test_every_wrong_proof_is_refused_alone_and_in_company(void **state)
{
    static const char *const reasons[DAMAGES] = {
        [CUT_PROOF] = "bad_proof",    [LONG_PROOF] = "bad_proof",   [SHORT_Z] = "bad_proof",
        [LOW_Z] = "bad_element",      [WRONG_FORM] = "bad_element", [OTHER_CIPHER] = "bad_proof",
        [SHORT_CIPHER] = "bad_proof", [OTHER_OPEN] = "bad_proof",   [SHORT_U] = "bad_proof",
        [ZERO] = "bad_element",       [MODULUS] = "bad_element",    [NEGATIVE] = "bad_element",
        [JACOBI] = "bad_element",
    };
    struct seat *s = sit(NULL, 0);
    uint64_t nonce = 1;
    for (int d = 0; d < (int)DAMAGES; d++) {
        for (int at = 0; at < (d >= (int)ZERO ? 4 : 1); at++) {
            struct buf bad = damaged(s, nonce++, (enum damage)d, at);
            assert_verdict(s, &bad, reasons[d]);
            /* The first goes alone; the others share the next batch. */
            struct buf crowd[4] = {
                seat_pair(s, nonce), seat_pair(s, nonce + 1), {0}, seat_pair(s, nonce + 2)};
            crowd[2] = damaged(s, nonce + 3, (enum damage)d, at);
            nonce += 4;
            size_t before = s->n_heard;
            for (size_t i = 0; i < 4; i++) {
                assert_int_equal(seat_submit(s, buf_view(&crowd[i])), 0);
                buf_fini(&crowd[i]);
            }
            assert_int_equal(seat_run_works(s), 0);
            assert_int_equal(seat_promises(s, before), 3);
            assert_string_equal(seat_refusal(s, before), reasons[d]);
        }
    }
    seat_destroy(&s);
}

/* What the work says of one request, by a sequencer with these secrets. */
static struct buf work_result(const struct seat *s, struct bytes request)
{
    struct buf out = {0};
    assert_int_equal(seq_class.work(s->actor, 1, request, &out), 0);
    return out;
}

static void test_the_same_request_has_the_same_result(void **state)
{
    struct seat *s = sit(NULL, 0);
    struct buf good = seat_pair(s, 1);
    struct buf bad = damaged(s, 2, OTHER_CIPHER, 0);
    struct buf other = seat_pair(s, 3);
    assert_int_equal(seat_submit(s, buf_view(&other)), 0);
    assert_int_equal(seat_submit(s, buf_view(&good)), 0);
    assert_int_equal(seat_submit(s, buf_view(&bad)), 0);
    assert_int_equal(seat_end_work(s, NULL), 0);
    assert_int_equal(s->n_works, 1);
    struct buf first = work_result(s, buf_view(&s->works[0].request));
    struct buf second = work_result(s, buf_view(&s->works[0].request));
    struct rd r = rd_from(buf_view(&first));
    assert_true(bytes_equal(buf_view(&first), buf_view(&second)));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal((int32_t)rd_u32(&r), i < 2 ? 0 : ERR_PROOF);
        assert_true(rd_u64(&r) >> 63 == 1);
    }
    assert_int_equal(rd_end(&r), 0);
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&good);
    buf_fini(&bad);
    buf_fini(&other);
    seat_destroy(&s);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_wrong_proof_is_refused_alone_and_in_company),
        cmocka_unit_test(test_the_same_request_has_the_same_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
