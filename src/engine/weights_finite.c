/* weights.h: is every number of a tensor one? At the speed of reading it. */
#include "engine/weights.h"

#include "base/strbuf.h"

#include <inttypes.h>
#include <string.h>

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
	struct strbuf place = STRBUF_INIT(PLACE_MAX);
	size_t at = t->n_values;

	if (t->is_float)
		at = find_nonfinite(t->data, t->n_values, forms[t->type].size, forms[t->type].exponent);
	if (at == t->n_values)
		return 0;
	say_place(&place, t, at);
	err_set(err, ERR_MODEL, "'%s': tensor '%s' holds a number that is not finite at %s: the file is damaged, download it again", t->file,
		t->name, place.buf);
	strbuf_release(&place);
	return -1;
}
