/* The state, continued: lending pools, positions and bridge totals. */
#include "common/base/check.h"
#include "common/base/cleanup.h"
#include "common/ledger/led_state_core.h"

#include <stdlib.h>

void led_key_lending(struct led_key *out, const struct led_name *pool)
{
    led_key_start(out, LED_KEY_LENDING);
    led_key_add(out, pool->text, LED_NAME_MAX);
    led_key_end(out);
}

void led_key_position(struct led_key *out, const struct led_name *pool,
                      const struct addr20 *account)
{
    led_key_start(out, LED_KEY_POSITION);
    led_key_add(out, pool->text, LED_NAME_MAX);
    led_key_add(out, account->b, 20);
    led_key_end(out);
}

void led_key_bridged(struct led_key *out, uint64_t rollup, const struct led_name *asset)
{
    uint8_t id[8];
    for (size_t i = 0; i < sizeof(id); i++) {
        id[i] = (uint8_t)(rollup >> (56 - 8 * i));
    }
    led_key_start(out, LED_KEY_BRIDGED);
    led_key_add(out, id, sizeof(id));
    led_key_add(out, asset->text, LED_NAME_MAX);
    led_key_end(out);
}

int led_state_set_lending(struct led_state *s, const struct led_name *name,
                          const struct led_lending *lending)
{
    struct led_key key;
    struct led_value v;
    if (led_name_equal(&lending->asset, &lending->collateral) || lending->den == 0) {
        return ERR_INVALID;
    }
    led_key_lending(&key, name);
    struct buf *b = led_value_start(&v);
    wr_fixed(b, lending->asset.text, LED_NAME_MAX);
    wr_u128(b, lending->liquidity);
    wr_fixed(b, lending->collateral.text, LED_NAME_MAX);
    wr_u128(b, lending->held);
    wr_u64(b, lending->num);
    wr_u64(b, lending->den);
    return led_state_put(s, &key, &v);
}

int led_state_set_position(struct led_state *s, const struct led_name *pool,
                           const struct addr20 *account, const struct led_position *position)
{
    struct led_key key;
    struct led_value v;
    led_key_position(&key, pool, account);
    struct buf *b = led_value_start(&v);
    if ((position->supplied | position->collateral | position->debt | position->flash) != 0) {
        wr_u128(b, position->supplied);
        wr_u128(b, position->collateral);
        wr_u128(b, position->debt);
        wr_u128(b, position->flash);
    }
    return led_state_put(s, &key, &v);
}

int led_state_set_bridged(struct led_state *s, uint64_t rollup, const struct led_name *asset,
                          const struct led_bridged *bridged)
{
    struct led_key key;
    struct led_value v;
    led_key_bridged(&key, rollup, asset);
    struct buf *b = led_value_start(&v);
    if ((bridged->out | bridged->in) != 0) {
        wr_u128(b, bridged->out);
        wr_u128(b, bridged->in);
    }
    return led_state_put(s, &key, &v);
}

static struct led_lending read_lending(struct bytes value)
{
    struct led_lending l = {0};
    struct rd r = rd_from(value);
    rd_fixed(&r, l.asset.text, LED_NAME_MAX);
    l.liquidity = rd_u128(&r);
    rd_fixed(&r, l.collateral.text, LED_NAME_MAX);
    l.held = rd_u128(&r);
    l.num = rd_u64(&r);
    l.den = rd_u64(&r);
    CHECK(rd_end(&r) == 0);
    return l;
}

static struct led_position read_position(struct bytes value)
{
    struct rd r = rd_from(value);
    struct led_position p = {0};
    p.supplied = rd_u128(&r);
    p.collateral = rd_u128(&r);
    p.debt = rd_u128(&r);
    p.flash = rd_u128(&r);
    CHECK(rd_end(&r) == 0);
    return p;
}

static struct led_bridged read_bridged(struct bytes value)
{
    struct rd r = rd_from(value);
    struct led_bridged b = {0};
    b.out = rd_u128(&r);
    b.in = rd_u128(&r);
    CHECK(rd_end(&r) == 0);
    return b;
}

int led_lending_get(const struct led_state *s, const struct led_name *name, struct led_lending *out)
{
    struct led_key key;
    led_key_lending(&key, name);
    struct bytes value = led_state_get(s, &key);
    if (value.len == 0) {
        return ERR_NOTFOUND;
    }
    *out = read_lending(value);
    return 0;
}

struct led_position led_position(const struct led_state *s, const struct led_name *pool,
                                 const struct addr20 *account)
{
    struct led_key key;
    led_key_position(&key, pool, account);
    struct bytes value = led_state_get(s, &key);
    return value.len == 0 ? (struct led_position){0} : read_position(value);
}

struct led_bridged led_bridged(const struct led_state *s, uint64_t rollup,
                               const struct led_name *asset)
{
    struct led_key key;
    led_key_bridged(&key, rollup, asset);
    struct bytes value = led_state_get(s, &key);
    return value.len == 0 ? (struct led_bridged){0} : read_bridged(value);
}

/* Lists a kind and makes room for its rows. Out: both to be released with free(). */
static int start_rows(const struct led_state *s, enum led_key_tag tag, size_t row_bytes,
                      struct smt_item **items, void **rows, size_t *n)
{
    int rc = led_state_list(s, tag, items, n);
    *rows = rc == 0 && *n != 0 ? calloc(*n, row_bytes) : NULL;
    return rc == 0 && *n != 0 && *rows == NULL ? ERR_NOMEM : rc;
}

int led_state_lendings(const struct led_state *s, struct led_lending_row **rows, size_t *n)
{
    CLEANUP(cleanup_free) struct smt_item *items = NULL;
    size_t count = 0;
    void *memory = NULL;
    int rc = start_rows(s, LED_KEY_LENDING, sizeof(**rows), &items, &memory, &count);
    if (rc != 0) {
        return rc;
    }
    struct led_lending_row *found = memory;
    for (size_t i = 0; i < count; i++) {
        memcpy(found[i].name.text, items[i].key.data + 1, LED_NAME_MAX);
        found[i].lending = read_lending(items[i].value);
    }
    *rows = found;
    *n = count;
    return 0;
}

int led_state_positions(const struct led_state *s, struct led_position_row **rows, size_t *n)
{
    CLEANUP(cleanup_free) struct smt_item *items = NULL;
    size_t count = 0;
    void *memory = NULL;
    int rc = start_rows(s, LED_KEY_POSITION, sizeof(**rows), &items, &memory, &count);
    if (rc != 0) {
        return rc;
    }
    struct led_position_row *found = memory;
    for (size_t i = 0; i < count; i++) {
        memcpy(found[i].pool.text, items[i].key.data + 1, LED_NAME_MAX);
        memcpy(found[i].account.b, items[i].key.data + 1 + LED_NAME_MAX, 20);
        found[i].position = read_position(items[i].value);
    }
    *rows = found;
    *n = count;
    return 0;
}

int led_state_bridges(const struct led_state *s, struct led_bridged_row **rows, size_t *n)
{
    CLEANUP(cleanup_free) struct smt_item *items = NULL;
    size_t count = 0;
    void *memory = NULL;
    int rc = start_rows(s, LED_KEY_BRIDGED, sizeof(**rows), &items, &memory, &count);
    if (rc != 0) {
        return rc;
    }
    struct led_bridged_row *found = memory;
    for (size_t i = 0; i < count; i++) {
        struct rd r = rd_from(bytes_of(items[i].key.data + 1, 8));
        found[i].rollup = rd_u64(&r);
        memcpy(found[i].asset.text, items[i].key.data + 9, LED_NAME_MAX);
        found[i].bridged = read_bridged(items[i].value);
    }
    *rows = found;
    *n = count;
    return 0;
}

u128 led_lending_holds(struct bytes value, const struct led_name *asset)
{
    struct led_lending l = read_lending(value);
    if (led_name_equal(&l.asset, asset)) {
        return l.liquidity;
    }
    return led_name_equal(&l.collateral, asset) ? l.held : 0;
}

int led_state_flash(const struct led_state *s, const struct led_name *pool, u128 *out)
{
    struct smt_item item;
    size_t cursor = 0;
    u128 sum = 0;
    while (smt_next(&s->tree, &cursor, &item)) {
        if (item.key.data[0] == LED_KEY_POSITION &&
            memcmp(item.key.data + 1, pool->text, LED_NAME_MAX) == 0 &&
            __builtin_add_overflow(sum, read_position(item.value).flash, &sum)) {
            return ERR_OVERFLOW;
        }
    }
    *out = sum;
    return 0;
}
