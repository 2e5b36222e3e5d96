#include "common/ledger/led_u256.h"

#include "common/base/check.h"

struct led_u256 led_u256_mul(u128 a, u128 b)
{
    const u128 mask = UINT64_MAX;
    u128 low = (a & mask) * (b & mask);
    u128 mid1 = (a >> 64) * (b & mask);
    u128 mid2 = (a & mask) * (b >> 64);
    u128 high = (a >> 64) * (b >> 64);
    /* Three terms below 2^64 each: the sum cannot overflow. */
    u128 carry = (low >> 64) + (mid1 & mask) + (mid2 & mask);
    return (struct led_u256){
        .hi = high + (mid1 >> 64) + (mid2 >> 64) + (carry >> 64),
        .lo = carry << 64 | (low & mask),
    };
}

int led_u256_compare(struct led_u256 a, struct led_u256 b)
{
    if (a.hi != b.hi) {
        return a.hi < b.hi ? -1 : 1;
    }
    if (a.lo != b.lo) {
        return a.lo < b.lo ? -1 : 1;
    }
    return 0;
}

u128 led_u256_div(struct led_u256 n, u128 d, u128 *rest)
{
    CHECK(n.hi < d);
    u128 r = n.hi;
    u128 q = 0;
    if (n.hi == 0) {
        q = n.lo / d;
        r = n.lo % d;
    } else {
        for (int i = 127; i >= 0; i--) {
            bool carry = r >> 127 != 0;
            r = r << 1 | (n.lo >> i & 1);
            q <<= 1;
            if (carry || r >= d) {
                r -= d; /* modulo 2^128, which is right also when the carry fell out */
                q |= 1;
            }
        }
    }
    if (rest != NULL) {
        *rest = r;
    }
    return q;
}
