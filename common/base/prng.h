/* Seeded generator for everything that only has to look random: network jitter, loss, workloads.
 * xoshiro256** (Blackman and Vigna 2018), seeded through splitmix64. Not for keys: see
 * common/crypto/drbg.h.
 *
 * One generator per purpose: a draw for one purpose must not shift the draws of another. */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t s[4];
};

/* In: the run's seed and a text that names the purpose ("link executor-A sequencer"). Equal
 * arguments give equal sequences on every machine. */
void prng_init(struct prng *p, uint64_t seed, const char *purpose);

uint64_t prng_next(struct prng *p);

/* Returns: uniform in [0, bound), without bias. bound > 0. */
uint64_t prng_below(struct prng *p, uint64_t bound);

/* Returns: true with probability ppm / 1,000,000; always draws exactly once. */
bool prng_chance_ppm(struct prng *p, uint32_t ppm);

#endif
