/* Plain C, for processors without AVX2 and as what the others are compared with in tests. */
#include "engine/kernels_vec_scalar.h"

#include "engine/kernels_body.h"
