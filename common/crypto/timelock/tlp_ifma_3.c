#ifdef __x86_64__
#define TLP_IFMA_V 3
#define TLP_IFMA_SQUARE tlp_ifma_square_3
#define TLP_IFMA_MULTIPLY tlp_ifma_multiply_3
#include "common/crypto/timelock/tlp_ifma_kernel.h"
#endif
