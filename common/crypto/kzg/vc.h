/* Vector commitments to blocks: KZG in the form that Ethereum checks on chain.
 *
 * A block is the blob whose element i is leaf i modulo the BLS12-381 scalar field, unused
 * positions zero. Its polynomial is opened at brp_roots_of_unity[i], so a proof is exactly what the
 * point evaluation precompile verifies (EIP-4844; Kate, Zaverucha and Goldberg, 2010).
 *
 * Blocks are sparse: committing and opening cost multi-scalar multiplications over the used
 * positions only, and yield the same bytes as the general blob functions. Opening at w_i, with
 * Lagrange points [L_j] and q = (p - p_i) / (X - w_i) (Feist and Khovratovich, 2023, for D_i):
 *   [q] = p_i [D_i] + sum_{j != i} p_j / (w_j - w_i) [L_j]
 *                   + (sum_{j != i} p_j L_j'(w_i)) [L_i],   L_j'(w_i) = (w_j / w_i) / (w_i - w_j)
 *   [D_i] = [(L_i - 1) / (X - w_i)]
 *
 * The setup is a file derived from the ceremony's (vc_cache.h), mapped by whoever uses it. */
#ifndef KZG_VC_H
#define KZG_VC_H

#include "common/base/bytes.h"
#include "common/base/err.h"

/* Positions of a block. */
#define VC_WIDTH 4096

struct vc_setup;

/* A compressed point of G1. */
struct vc_commitment {
    uint8_t b[48];
};

struct vc_proof {
    uint8_t b[48];
};

/* A used position and its leaf, any 32 bytes. */
struct vc_entry {
    uint32_t index; /* below VC_WIDTH */
    struct hash32 leaf;
};

/* In: a derived setup file's content, aligned to 8 bytes, borrowed until vc_setup_destroy.
 * Returns: 0, ERR_NOMEM, ERR_INVALID (alignment), ERR_UNSUPPORTED (another format, version or
 * machine), ERR_CORRUPT (length or checksum). */
int vc_setup_new(struct bytes cache, struct vc_setup **out) MUST_CHECK;
void vc_setup_destroy(struct vc_setup **setup);

/* Out: leaf mod r, big-endian: the field element that stands for it. */
void vc_leaf_to_field(const struct hash32 *leaf, struct hash32 *out);

/* In: index < VC_WIDTH. Out: the evaluation point of a position, big-endian. */
void vc_point(const struct vc_setup *setup, uint32_t index, struct hash32 *out);

/* In: n entries, indices strictly ascending (n may be 0).
 * Returns: 0, ERR_NOMEM, ERR_INVALID (indices). */
int vc_commit(const struct vc_setup *setup, const struct vc_entry *entries, size_t n,
              struct vc_commitment *out) MUST_CHECK;

/* A position whose leaf is another one now; unused positions have the leaf 0. */
struct vc_change {
    uint32_t index; /* below VC_WIDTH */
    struct hash32 was;
    struct hash32 now;
};

/* The commitment to a block after n changes, indices strictly ascending: what vc_commit gives for
 * all of it, at the price of the changes. In: before: one that vc_commit has given.
 * Returns: 0, ERR_NOMEM, ERR_INVALID (indices), ERR_PROOF (`before` is no point). */
int vc_recommit(const struct vc_setup *setup, const struct vc_commitment *before,
                const struct vc_change *changes, size_t n, struct vc_commitment *out) MUST_CHECK;

/* Opens position `index` of the block, used or not. Out: the proof, and the value there as a field
 * element. Returns: as vc_commit. */
int vc_open(const struct vc_setup *setup, const struct vc_entry *entries, size_t n, uint32_t index,
            struct vc_proof *proof, struct hash32 *y) MUST_CHECK;

/* Checks that the committed block holds y (a canonical field element) at a position.
 * Returns: 0, ERR_INVALID (index), ERR_PROOF (also for bytes that are no points or no element). */
int vc_verify(const struct vc_setup *setup, const struct vc_commitment *commitment, uint32_t index,
              const struct hash32 *y, const struct vc_proof *proof) MUST_CHECK;

/* Out: 0x01 || sha256(commitment)[1..31], as in EIP-4844. */
void vc_versioned_hash(const struct vc_commitment *commitment, struct hash32 *out);

#endif
