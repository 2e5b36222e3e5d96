/* What judging costs on Ethereum, by its own schedule: the yellow paper's transaction and hashing
 * costs with calldata after EIP-2028, ecrecover, modexp after EIP-2565, point evaluation after
 * EIP-4844. Only what dominates is counted; memory and control flow are not, nor are the floor of
 * EIP-7623 and the dearer modexp of EIP-7883. */
#ifndef PROTOCOL_PRO_GAS_H
#define PROTOCOL_PRO_GAS_H

#include "common/base/bytes.h"

#define PRO_GAS_TRANSACTION UINT64_C(21000)
#define PRO_GAS_ECRECOVER UINT64_C(3000)
#define PRO_GAS_POINT_EVALUATION UINT64_C(50000)
/* AES-256 has no precompile. An estimate for a table implementation, per block of 16 bytes. */
#define PRO_GAS_AES_BLOCK UINT64_C(6000)

/* 16 per byte that is not zero, 4 per zero. */
uint64_t pro_gas_calldata(struct bytes data);
/* 30 and 6 per word of 32 bytes. */
uint64_t pro_gas_keccak(size_t len);
/* 60 and 12 per word of 32 bytes: the SHA-256 precompile. */
uint64_t pro_gas_sha256(size_t len);
/* In: lengths in bytes; exponent_bits, up to the exponent's highest 1, without leading zero bytes
 * beyond its first 32. */
uint64_t pro_gas_modexp(size_t base_bytes, size_t exponent_bits, size_t modulus_bytes);

#endif
