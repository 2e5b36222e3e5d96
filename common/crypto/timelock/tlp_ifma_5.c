#ifdef __x86_64__
#define TLP_IFMA_V 5
#define TLP_IFMA_SQUARE tlp_ifma_square_5
#define TLP_IFMA_MULTIPLY tlp_ifma_multiply_5
#include "common/crypto/timelock/tlp_ifma_kernel.h"
#endif
