#include "tests/unit/kzg/fixture.h"

#include "common/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <gmp.h>

const struct hash32 fix_order = {{0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8,
                                  0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe,
                                  0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01}};

static void stop(const char *path)
{
    (void)fprintf(stderr, "cannot use %s\n", path);
    exit(1);
}

void fix_read(const char *path, struct buf *out)
{
    char block[1 << 14];
    size_t got = 0;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        stop(path);
    }
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(out, block, got);
    }
    if (ferror(f) != 0 || out->err != 0) {
        stop(path);
    }
    (void)fclose(f);
}

struct vc_setup *fix_setup(const char *path, struct buf *file)
{
    struct vc_setup *setup = NULL;
    fix_read(path, file);
    if (vc_setup_new(buf_view(file), &setup) != 0) {
        stop(path);
    }
    return setup;
}

void fix_general(const char *path, KZGSettings *out)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || load_trusted_setup_file(out, f, 0) != C_KZG_OK) {
        stop(path);
    }
    (void)fclose(f);
}

struct hash32 fix_leaf(struct prng *p)
{
    struct hash32 leaf;
    for (size_t i = 0; i < sizeof(leaf.b); i++) {
        leaf.b[i] = (uint8_t)prng_next(p);
    }
    return leaf;
}

void fix_block(struct prng *p, size_t n, struct vc_entry *out)
{
    size_t missing = n;
    for (uint32_t i = 0; i < VC_WIDTH; i++) {
        if (prng_below(p, VC_WIDTH - i) < missing) {
            out[n - missing] = (struct vc_entry){.index = i, .leaf = fix_leaf(p)};
            missing--;
        }
    }
    assert_int_equal(missing, 0);
}

static void import(mpz_t out, const struct hash32 *value)
{
    mpz_import(out, sizeof(value->b), 1, 1, 1, 0, value->b);
}

static struct hash32 export(const mpz_t value)
{
    struct hash32 out = {{0}};
    size_t len = (mpz_sizeinbase(value, 2) + 7) / 8;
    CHECK(mpz_sgn(value) >= 0 && len <= sizeof(out.b));
    mpz_export(out.b + sizeof(out.b) - len, NULL, 1, 1, 1, 0, value);
    return out;
}

struct hash32 fix_reduce(const struct hash32 *value)
{
    mpz_t v;
    mpz_t order;
    mpz_inits(v, order, NULL);
    import(v, value);
    import(order, &fix_order);
    mpz_mod(v, v, order);
    struct hash32 out = export(v);
    mpz_clears(v, order, NULL);
    return out;
}

struct hash32 fix_plus_order(const struct hash32 *value, unsigned times)
{
    mpz_t v;
    mpz_t order;
    mpz_inits(v, order, NULL);
    import(v, value);
    import(order, &fix_order);
    mpz_addmul_ui(v, order, times);
    struct hash32 out = export(v);
    mpz_clears(v, order, NULL);
    return out;
}

void fix_blob(const struct vc_entry *entries, size_t n, Blob *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        struct hash32 element = fix_reduce(&entries[i].leaf);
        memcpy(out->bytes + entries[i].index * sizeof(element.b), element.b, sizeof(element.b));
    }
}

uint32_t fix_unused(const struct vc_entry *entries, size_t n)
{
    uint32_t i = 0;
    while (i < n && entries[i].index == i) {
        i++;
    }
    return i;
}
