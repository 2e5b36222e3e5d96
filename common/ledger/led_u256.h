/* Unsigned 256-bit products of 128-bit amounts, for pool arithmetic that must be exact. */
#ifndef LEDGER_LED_U256_H
#define LEDGER_LED_U256_H

#include "common/base/wire.h"

struct led_u256 {
    u128 hi;
    u128 lo;
};

/* Returns: a * b, exactly. */
struct led_u256 led_u256_mul(u128 a, u128 b);

/* Returns: <0, 0, >0 as a is below, equal to, above b. */
int led_u256_compare(struct led_u256 a, struct led_u256 b);

/* Divides n by d. In: d > n.hi, so that the quotient fits 128 bits (d is never 0 then).
 * Out: *rest, n mod d (may be NULL). Returns: floor(n / d). */
u128 led_u256_div(struct led_u256 n, u128 d, u128 *rest);

#endif
