#include "engine/kernels.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct level {
	const struct kernels *kernels;
	int (*is_here)(void);
};

static int always(void)
{
	return 1;
}

#if defined(__x86_64__)
/* F16C is used too; every processor with AVX2 has it, and clang's builtin does not know the name. */
static int has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static const struct level levels[] = {
	{ &kernels_scalar, always },
#if defined(__x86_64__)
	{ &kernels_avx2, has_avx2 },
	{ &kernels_avx512, has_avx512 },
#endif
};

#define N_LEVELS (sizeof levels / sizeof levels[0])

static const struct kernels *best(void)
{
	size_t i = N_LEVELS - 1;

	while (!levels[i].is_here())
		i--; /* the scalar one is always here */
	return levels[i].kernels;
}

int kernels_choose(const struct kernels **ret, const char *wanted, struct err *err)
{
	if (!wanted)
		wanted = getenv("MGBATCH_KERNELS");
	if (!wanted || !*wanted) {
		*ret = best();
		return 0;
	}
	for (size_t i = 0; i < N_LEVELS; i++) {
		if (strcmp(levels[i].kernels->name, wanted))
			continue;
		if (!levels[i].is_here())
			return err_set(err, ERR_USAGE, "kernels '%s': this processor lacks these instructions; the best here is '%s'", wanted,
				       best()->name);
		*ret = levels[i].kernels;
		return 0;
	}
	return err_set(err, ERR_USAGE, "kernels '%s': unknown; expected scalar, avx2 or avx512, or nothing for the best here ('%s')", wanted,
		       best()->name);
}

static float from_bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof f);
	return f;
}

float kernels_bf16_to_f32(unsigned short bits)
{
	return from_bits((uint32_t)bits << 16);
}

/* IEEE binary16: 5 bits of exponent with bias 15, 10 of fraction. */
float kernels_f16_to_f32(unsigned short bits)
{
	uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = (bits >> 10) & 31, fraction = bits & 1023;

	if (exponent == 31) /* infinity; a NaN is made quiet, as the processor's conversion does */
		return from_bits(sign | 0x7f800000 | fraction << 13 | (fraction ? 0x00400000 : 0));
	if (exponent)
		return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
	return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f; /* subnormal or zero: exact */
}
