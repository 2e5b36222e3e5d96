#ifdef __x86_64__
#define TLP_IFMA_V 5
#define TLP_IFMA_SQUARE_MUL tlp_ifma_square_mul_5
#include "common/crypto/timelock/tlp_ifma_kernel.h"
#endif
