#include "common/base/prng.h"

#include "common/base/check.h"

static uint64_t splitmix64(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t fnv1a64(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text != 0; text++) {
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return h;
}

static uint64_t rotl(uint64_t x, unsigned k)
{
    return x << k | x >> (64 - k);
}

void prng_init(struct prng *p, uint64_t seed, const char *purpose)
{
    uint64_t state = seed;
    state = splitmix64(&state) ^ fnv1a64(purpose);
    for (int i = 0; i < 4; i++) {
        p->s[i] = splitmix64(&state);
    }
}

uint64_t prng_next(struct prng *p)
{
    uint64_t *s = p->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *p, uint64_t bound)
{
    CHECK(bound > 0);
    uint64_t threshold = (0 - bound) % bound;
    uint64_t draw = prng_next(p);
    while (draw < threshold) {
        draw = prng_next(p);
    }
    return draw % bound;
}

bool prng_chance_ppm(struct prng *p, uint32_t ppm)
{
    return (prng_next(p) >> 11) % 1000000 < ppm;
}
