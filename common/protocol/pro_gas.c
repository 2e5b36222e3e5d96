#include "common/protocol/pro_gas.h"

uint64_t pro_gas_calldata(struct bytes data)
{
    uint64_t gas = 0;
    for (size_t i = 0; i < data.len; i++) {
        gas += data.data[i] != 0 ? 16 : 4;
    }
    return gas;
}

uint64_t pro_gas_keccak(size_t len)
{
    return 30 + 6 * (((uint64_t)len + 31) / 32);
}

uint64_t pro_gas_sha256(size_t len)
{
    return 60 + 12 * (((uint64_t)len + 31) / 32);
}

uint64_t pro_gas_modexp(size_t base_bytes, size_t exponent_bits, size_t modulus_bytes)
{
    uint64_t longest = base_bytes > modulus_bytes ? base_bytes : modulus_bytes;
    uint64_t words = (longest + 7) / 8;
    uint64_t iterations = exponent_bits > 1 ? exponent_bits - 1 : 1;
    uint64_t gas = words * words * iterations / 3;
    return gas < 200 ? 200 : gas;
}
