/* Zipf's law over ranks 1..n: rank k is drawn with a probability proportional to k^-s (Zipf 1949).
 * The weights are fixed-point whole numbers, computed with integer logarithms and square roots, so
 * that no compiler, processor or C library can make another one of them. */
#ifndef GENERATE_GEN_ZIPF_H
#define GENERATE_GEN_ZIPF_H

#include "common/base/bytes.h"
#include "common/base/prng.h"

#define GEN_ZIPF_ONE (UINT64_C(1) << 48) /* the weight of rank 1 */
#define GEN_ZIPF_RANKS_MAX 10000         /* their weights' sum stays below 2^62 */
#define GEN_ZIPF_CENTI_MAX 400

struct gen_zipf {
    uint64_t *below; /* below[i]: sum of the weights of indices 0..i */
    uint32_t n;
};

/* In: n from 1 to GEN_ZIPF_RANKS_MAX; the exponent in hundredths, up to GEN_ZIPF_CENTI_MAX; 0 is
 * uniform. Out: *z, to be released with gen_zipf_fini. Returns: 0 or ERR_NOMEM. */
int gen_zipf_init(struct gen_zipf *z, uint32_t n, uint32_t exponent_centi) MUST_CHECK;
void gen_zipf_fini(struct gen_zipf *z);

/* Returns: the weight of an index, at least 1; at most 1 / 2^16 off, relatively, while above
 * 2^20. */
uint64_t gen_zipf_weight(const struct gen_zipf *z, uint32_t index);

/* Returns: an index from 0 to n - 1; 0 is the hottest. */
uint32_t gen_zipf_draw(const struct gen_zipf *z, struct prng *p);

#endif
