/* Static access sets: an upper bound of what a transaction can read or write, from its fields
 * alone. Round-based atomicity with key granularity is sound only because execution touches nothing
 * outside, whatever the state. */
#ifndef LEDGER_LED_ACCESS_H
#define LEDGER_LED_ACCESS_H

#include "common/ledger/led_state.h"
#include "common/ledger/led_tx.h"

/* Paths (sha256 of state keys, led_state.h), ascending, without repetition. */
struct led_access {
    struct hash32 *paths;
    size_t n, cap;
};

/* In: *out zeroed or finished. Out: to be released with led_access_fini.
 * Returns: 0 or ERR_NOMEM. */
int led_access_of(const struct led_tx *tx, struct led_access *out) MUST_CHECK;
void led_access_fini(struct led_access *a);

/* No operation has more paths than this. */
#define LED_ACCESS_PER_OP 3

/* The first paths of a set, as they come and perhaps repeated, without allocating.
 * Out: at most `max`. Returns: how many. */
size_t led_access_first(const struct led_tx *tx, struct hash32 *paths, size_t max);

/* Out: sha256 of the paths, in order. */
void led_access_hash(const struct led_access *a, struct hash32 *out);

bool led_access_has(const struct led_access *a, const struct hash32 *path);

/* Returns: true if both have a path in common. */
bool led_access_meet(const struct led_access *a, const struct led_access *b);

#endif
