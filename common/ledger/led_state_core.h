/* What the parts of the state share: its fields, keys and journalled access. Internal to the
 * ledger. */
#ifndef LEDGER_LED_STATE_CORE_H
#define LEDGER_LED_STATE_CORE_H

#include "common/ledger/led_state.h"

enum led_key_tag {
    LED_KEY_BALANCE = 1,
    LED_KEY_NONCE = 2,
    LED_KEY_POOL = 3,
    LED_KEY_LENDING = 4,
    LED_KEY_POSITION = 5,
    LED_KEY_BRIDGED = 6,
};

/* What a key held before a write. */
struct led_undo {
    struct led_key key;
    bool present;
    uint8_t value_len;
    uint8_t value[SMT_VALUE_MAX];
};

struct led_state {
    uint64_t rollup;
    struct smt tree;
    struct led_undo *journal;
    size_t n_journal, cap_journal;
    struct led_trace *trace;
};

/* A small value built on the stack. */
struct led_value {
    uint8_t memory[SMT_VALUE_MAX];
    struct buf b;
};

/* A key from its pieces; the end gives its path. */
void led_key_start(struct led_key *key, enum led_key_tag tag);
void led_key_add(struct led_key *key, const void *data, size_t len);
void led_key_end(struct led_key *key);

/* Returns: a view of the value, of len 0 if the key is absent; until the next write. */
struct bytes led_state_get(const struct led_state *s, const struct led_key *key);

/* Out: an empty value. Returns: where to write it. */
struct buf *led_value_start(struct led_value *v);
/* Writes what was built; nothing deletes the key. Returns: 0, ERR_NOMEM or ERR_FULL. */
int led_state_put(struct led_state *s, const struct led_key *key,
                  const struct led_value *v) MUST_CHECK;

/* Adds to a balance, takes from it. Out: *overflow, *short_of: nothing was done. Return: 0, or as
 * led_state_put. */
int led_state_add(struct led_state *s, const struct led_key *key, u128 amount,
                  bool *overflow) MUST_CHECK;
int led_state_take(struct led_state *s, const struct led_key *key, u128 amount,
                   bool *short_of) MUST_CHECK;

/* All items of a kind in key order. Out: to be released with free(). Returns: 0 or ERR_NOMEM. */
int led_state_list(const struct led_state *s, enum led_key_tag tag, struct smt_item **items,
                   size_t *n) MUST_CHECK;

/* Returns: true if a ledger can have written this entry, so that reading it is safe. */
bool led_state_entry_valid(struct bytes key, struct bytes value);

/* In: the value of a lending pool. Returns: how much of the asset it holds. */
u128 led_lending_holds(struct bytes value, const struct led_name *asset);

#endif
