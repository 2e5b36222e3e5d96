#include "tests/unit/timelock/fixture.h"

#include "common/base/check.h"

#include <stdio.h>

struct buf fix_modulus_file(uint32_t bits)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/modulus-%u.txt", PARAMS_DIR, bits);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    char text[4096];
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    return fix_copy(bytes_of(text, len));
}

struct tlp_modulus fix_modulus(uint32_t bits)
{
    struct buf file = fix_modulus_file(bits), why = {0};
    struct tlp_modulus m;
    assert_int_equal(tlp_modulus_decode(buf_view(&file), &m, &why), 0);
    buf_fini(&file);
    buf_fini(&why);
    return m;
}

struct tlp_params *fix_params(uint32_t bits, uint64_t squarings, bool with_trapdoor)
{
    struct tlp_modulus m = fix_modulus(bits);
    m.has_trapdoor = with_trapdoor;
    struct buf why = {0};
    struct tlp_params *params = NULL;
    assert_int_equal(tlp_params_setup(&m, squarings, NULL, &params, &why), 0);
    buf_fini(&why);
    return params;
}

const struct tlp_params *fix_shared(void)
{
    static struct tlp_params *params;
    if (params == NULL) {
        params = fix_params(1024, 1000, true);
        assert_int_equal(tlp_params_prepare(params), 0);
    }
    return params;
}

struct drbg fix_drbg(const char *label)
{
    struct hash32 seed = {{7}};
    struct drbg d;
    drbg_init(&d, &seed, label);
    return d;
}

struct tlp_puzzle_out fix_lock(const struct tlp_params *params, enum tlp_profile profile,
                               const char *label)
{
    struct drbg d = fix_drbg(label);
    struct tlp_puzzle_out out = {0};
    assert_int_equal(tlp_lock(params, profile, &d, CTX, PLAIN, &out), 0);
    return out;
}

struct buf fix_copy(struct bytes in)
{
    struct buf b = {0};
    buf_append_bytes(&b, in);
    CHECK(b.err == 0);
    return b;
}
