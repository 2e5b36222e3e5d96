/* Which entries of the tree a ledger can have written. A witness may be of a root that somebody
 * made up, and reading is strict about what the state itself has written. */
#include "common/base/check.h"
#include "common/ledger/led_state_core.h"

struct layout {
    uint8_t key_len;
    uint8_t value_len;
};

static const struct layout layouts[] = {
    [LED_KEY_BALANCE] = {1 + 20 + LED_NAME_MAX, 16},
    [LED_KEY_NONCE] = {1 + 20, 8},
    [LED_KEY_POOL] = {1 + LED_NAME_MAX, 2 * (LED_NAME_MAX + 16) + 4},
    [LED_KEY_LENDING] = {1 + LED_NAME_MAX, 2 * (LED_NAME_MAX + 16) + 16},
    [LED_KEY_POSITION] = {1 + LED_NAME_MAX + 20, 64},
    [LED_KEY_BRIDGED] = {1 + 8 + LED_NAME_MAX, 32},
};

static bool all_zero(struct bytes value)
{
    uint8_t any = 0;
    for (size_t i = 0; i < value.len; i++) {
        any |= value.data[i];
    }
    return any == 0;
}

static struct led_name name_at(struct rd *r)
{
    struct led_name name = {0};
    rd_fixed(r, name.text, LED_NAME_MAX);
    return name;
}

static bool is_name(const struct led_name *name)
{
    struct led_name again;
    return led_name_set(&again, name->text) == 0 && memcmp(&again, name, sizeof(again)) == 0;
}

/* Two different assets, as pools of either kind have. */
static bool two_assets(const struct led_name *a, const struct led_name *b)
{
    return is_name(a) && is_name(b) && !led_name_equal(a, b);
}

static bool pool_valid(struct bytes value)
{
    struct rd r = rd_from(value);
    struct led_name a = name_at(&r);
    u128 reserve_a = rd_u128(&r);
    struct led_name b = name_at(&r);
    u128 reserve_b = rd_u128(&r);
    uint32_t fee_ppm = rd_u32(&r);
    return two_assets(&a, &b) && reserve_a != 0 && reserve_b != 0 && fee_ppm < LED_PPM;
}

static bool lending_valid(struct bytes value)
{
    struct rd r = rd_from(value);
    struct led_name asset = name_at(&r);
    (void)rd_u128(&r);
    struct led_name collateral = name_at(&r);
    (void)rd_u128(&r);
    (void)rd_u64(&r);
    return two_assets(&asset, &collateral) && rd_u64(&r) != 0;
}

bool led_state_entry_valid(struct bytes key, struct bytes value)
{
    uint8_t tag = key.len != 0 ? key.data[0] : 0;
    if (tag < LED_KEY_BALANCE || tag > LED_KEY_BRIDGED || key.len != layouts[tag].key_len ||
        value.len != layouts[tag].value_len) {
        return false;
    }
    if (tag == LED_KEY_POOL) {
        return pool_valid(value);
    }
    return tag == LED_KEY_LENDING ? lending_valid(value) : !all_zero(value);
}
