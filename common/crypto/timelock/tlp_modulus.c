#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/crypto/aead.h"
#include "common/crypto/timelock/tlp_int.h"

#define SMALL_FACTOR_LIMIT 65536

static int refuse(struct buf *why, const char *sentence)
{
    buf_printf(why, "%s", sentence);
    return ERR_INVALID;
}

/* ---- Arithmetic ---- */

static int check_n(const mpz_t n, uint32_t bits, struct buf *why)
{
    if (mpz_sizeinbase(n, 2) != bits) {
        return refuse(why, "The modulus is shorter than its stated size.");
    }
    if (mpz_fdiv_ui(n, 4) != 1) {
        return refuse(why, "The modulus is not 1 modulo 4.");
    }
    for (unsigned long d = 3; d < SMALL_FACTOR_LIMIT; d += 2) {
        if (mpz_divisible_ui_p(n, d)) {
            return refuse(why, "The modulus has a small factor.");
        }
    }
    if (mpz_perfect_power_p(n)) {
        return refuse(why, "The modulus is a perfect power.");
    }
    if (mpz_probab_prime_p(n, 30) != 0) {
        return refuse(why, "The modulus is prime.");
    }
    return 0;
}

static bool is_safe_prime(const mpz_t p)
{
    mpz_t half;
    mpz_init2(half, mpz_sizeinbase(p, 2) + 1);
    mpz_fdiv_q_2exp(half, p, 1);
    bool safe = mpz_probab_prime_p(p, 30) != 0 && mpz_probab_prime_p(half, 30) != 0;
    tlp_mpz_wipe(half);
    return safe;
}

static int check_factors(const mpz_t n, const mpz_t p, const mpz_t q, struct buf *why)
{
    if (mpz_cmp(p, q) >= 0) {
        return refuse(why, "The factors are not in ascending order.");
    }
    mpz_t product;
    mpz_init(product);
    mpz_mul(product, p, q);
    bool equal = mpz_cmp(product, n) == 0;
    mpz_clear(product);
    if (!equal) {
        return refuse(why, "The factors do not multiply to the modulus.");
    }
    if (!is_safe_prime(p) || !is_safe_prime(q)) {
        return refuse(why, "A factor is not a safe prime.");
    }
    return 0;
}

int tlp_modulus_check(const struct tlp_modulus *m, struct buf *why)
{
    if (m->bits != 1024 && m->bits != 2048 && m->bits != 3072) {
        return refuse(why, "The modulus size is not 1024, 2048 or 3072 bits.");
    }
    mpz_t n, p, q;
    mpz_init(n);
    mpz_init2(p, m->bits / 2 + 64);
    mpz_init2(q, m->bits / 2 + 64);
    tlp_mpz_from_bytes(n, bytes_of(m->n, m->bits / 8));
    int rc = check_n(n, m->bits, why);
    if (rc == 0 && m->has_trapdoor) {
        tlp_mpz_from_bytes(p, bytes_of(m->p, m->bits / 16));
        tlp_mpz_from_bytes(q, bytes_of(m->q, m->bits / 16));
        rc = check_factors(n, p, q, why);
    }
    mpz_clear(n);
    tlp_mpz_wipe(p);
    tlp_mpz_wipe(q);
    return rc;
}

void tlp_modulus_wipe(struct tlp_modulus *m)
{
    secret_wipe(m, sizeof(*m));
}

/* ---- Text ---- */

/* Takes the line up to the next newline. Returns: false at the end or without a newline. */
static bool next_line(struct bytes *in, struct bytes *line)
{
    const uint8_t *end = in->len == 0 ? NULL : memchr(in->data, '\n', in->len);
    if (end == NULL) {
        return false;
    }
    *line = bytes_of(in->data, (size_t)(end - in->data));
    *in = bytes_of(end + 1, in->len - line->len - 1);
    return true;
}

static bool line_is(struct bytes *in, const char *text)
{
    struct bytes line;
    return next_line(in, &line) && bytes_equal(line, bytes_str(text));
}

/* "<name> <2*len digits>". */
static bool read_number(struct bytes *in, char name, uint8_t *out, size_t len)
{
    struct bytes line;
    if (!next_line(in, &line) || line.len != 2 + 2 * len || line.data[0] != (uint8_t)name ||
        line.data[1] != ' ') {
        return false;
    }
    char digits[2 * TLP_ELEMENT_BYTES_MAX + 1];
    memcpy(digits, line.data + 2, 2 * len);
    digits[2 * len] = '\0';
    bool ok = strspn(digits, "0123456789abcdef") == 2 * len && hex_decode(digits, out, len) == 0;
    secret_wipe(digits, sizeof(digits));
    return ok;
}

static int parse(struct bytes file, struct tlp_modulus *m, struct buf *why)
{
    struct bytes in = file;
    if (!line_is(&in, "lockstep-modulus 1")) {
        return refuse(why, "The file does not begin with the line \"lockstep-modulus 1\".");
    }
    struct bytes size;
    static const uint32_t sizes[] = {1024, 2048, 3072};
    bool known = next_line(&in, &size);
    for (size_t i = 0; known && i < 3; i++) {
        CLEANUP(buf_fini) struct buf line = {0};
        buf_printf(&line, "bits %u", sizes[i]);
        m->bits = bytes_equal(size, buf_view(&line)) ? sizes[i] : m->bits;
    }
    if (m->bits == 0) {
        return refuse(why, "The second line is not \"bits\" with 1024, 2048 or 3072.");
    }
    if (!read_number(&in, 'N', m->n, m->bits / 8)) {
        return refuse(why, "The third line is not N in lower-case hex digits of the full length.");
    }
    m->has_trapdoor = in.len > 0;
    if (m->has_trapdoor && (!read_number(&in, 'p', m->p, m->bits / 16) ||
                            !read_number(&in, 'q', m->q, m->bits / 16) || in.len > 0)) {
        return refuse(why, "After N come either nothing or the lines p and q.");
    }
    return 0;
}

int tlp_modulus_decode(struct bytes file, struct tlp_modulus *out, struct buf *why)
{
    CLEANUP(tlp_modulus_wipe) struct tlp_modulus m = {0};
    int rc = parse(file, &m, why);
    if (rc == 0) {
        rc = tlp_modulus_check(&m, why);
    }
    if (rc == 0) {
        *out = m;
    }
    return rc;
}

static void write_number(struct buf *out, char name, const uint8_t *x, size_t len)
{
    char digits[2 * TLP_ELEMENT_BYTES_MAX + 1];
    hex_encode(bytes_of(x, len), digits);
    buf_printf(out, "%c %s\n", name, digits);
    secret_wipe(digits, sizeof(digits));
}

int tlp_modulus_encode(const struct tlp_modulus *m, bool with_trapdoor, struct buf *out)
{
    buf_printf(out, "lockstep-modulus 1\nbits %u\n", m->bits);
    write_number(out, 'N', m->n, m->bits / 8);
    if (with_trapdoor && m->has_trapdoor) {
        write_number(out, 'p', m->p, m->bits / 16);
        write_number(out, 'q', m->q, m->bits / 16);
    }
    return out->err;
}
