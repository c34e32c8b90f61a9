/* weights.h: is every number of a tensor one? At the speed of reading it. */
#include "engine/weights.h"

#include "base/strbuf.h"

#include <inttypes.h>
#include <string.h>

#define BLOCK_VALUES 4096 /* looked at together; small against a tensor, large against what a loop costs */
#define PLACE_MAX 256     /* bytes of "[12, 345]": WEIGHTS_DIMS_MAX numbers of at most 20 digits */

/* A number is infinite or none when all bits of its exponent are set (IEEE 754; bfloat16 has the exponent of F32). */
static const struct {
	size_t size;
	uint32_t exponent;
} forms[] = { [WEIGHT_F32] = { 4, 0x7f800000 }, [WEIGHT_F16] = { 2, 0x7c00 }, [WEIGHT_BF16] = { 2, 0x7f80 } };

/* The place of the first in n values, or n. They may lie at odd addresses. */
static size_t find_nonfinite(const unsigned char *p, size_t n, size_t size, uint32_t exponent)
{
	uint16_t half;
	uint32_t bits;
	size_t i;

	for (i = 0; i < n; i++) {
		if (size == sizeof half) {
			memcpy(&half, p + i * size, sizeof half);
			bits = half;
		} else {
			memcpy(&bits, p + i * size, sizeof bits);
		}
		if ((bits & exponent) == exponent)
			break;
	}
	return i;
}

/* Without a branch for each value: the compiler makes vectors of it. */
static bool has_nonfinite_16(const unsigned char *p, size_t n, uint16_t exponent)
{
	uint16_t found = 0, bits;

	for (size_t i = 0; i < n; i++) {
		memcpy(&bits, p + i * sizeof bits, sizeof bits);
		found |= (bits & exponent) == exponent;
	}
	return found;
}

static bool has_nonfinite_32(const unsigned char *p, size_t n, uint32_t exponent)
{
	uint32_t found = 0, bits;

	for (size_t i = 0; i < n; i++) {
		memcpy(&bits, p + i * sizeof bits, sizeof bits);
		found |= (bits & exponent) == exponent;
	}
	return found;
}

/* "[12, 345]" of value i. */
static void say_place(struct strbuf *sb, const struct tensor *t, size_t i)
{
	size_t n_within = t->n_values;

	strbuf_addc(sb, '[');
	for (int d = 0; d < t->n_dims; d++) {
		n_within /= (size_t)t->dims[d]; /* none is 0: there is a value */
		strbuf_addf(sb, "%s%zu", d ? ", " : "", i / n_within);
		i %= n_within;
	}
	strbuf_addc(sb, ']');
}

int weights_check_finite(const struct tensor *t, struct err *err)
{
	size_t size = forms[t->type].size;
	uint32_t exponent = forms[t->type].exponent;

	for (size_t begin = 0, n; t->is_float && begin < t->n_values; begin += n) {
		const unsigned char *p = (const unsigned char *)t->data + begin * size;
		struct strbuf place = STRBUF_INIT(PLACE_MAX);

		n = t->n_values - begin < BLOCK_VALUES ? t->n_values - begin : BLOCK_VALUES;
		if (!(size == 2 ? has_nonfinite_16(p, n, (uint16_t)exponent) : has_nonfinite_32(p, n, exponent)))
			continue;
		say_place(&place, t, begin + find_nonfinite(p, n, size, exponent));
		err_set(err, ERR_MODEL, "'%s': tensor '%s' holds a number that is not finite at %s: the file is damaged, download it again",
			t->file, t->name, place.buf);
		strbuf_release(&place);
		return -1;
	}
	return 0;
}
