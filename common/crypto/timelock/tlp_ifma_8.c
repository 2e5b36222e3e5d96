#ifdef __x86_64__
#define TLP_IFMA_V 8
#define TLP_IFMA_SQUARE tlp_ifma_square_8
#define TLP_IFMA_MULTIPLY tlp_ifma_multiply_8
#include "common/crypto/timelock/tlp_ifma_kernel.h"
#endif
