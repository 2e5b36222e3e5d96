/* Small numbers for what legs can touch: the policies compare (chain, path) pairs, many times. */
#ifndef POLICY_POL_KEYS_H
#define POLICY_POL_KEYS_H

#include "common/base/bytes.h"

struct pol_key {
    uint32_t chain;
    struct hash32 path; /* in that chain's state tree */
};

/* In: n keys, perhaps repeated. Out: ids[i] of keys[i], equal exactly for equal keys, in ascending
 * order of (chain, path), from 0; *n_ids, how many there are. Returns: 0 or ERR_NOMEM. */
int pol_keys_number(const struct pol_key *keys, size_t n, uint32_t *ids,
                    uint32_t *n_ids) MUST_CHECK;

#endif
