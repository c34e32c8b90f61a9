/* A model card from any bytes; where it is one, all its rows and rules are used. */
#include "param/param.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *arg, int index, const char *sentence)
{
	size_t *bytes = arg;

	for (; *sentence; sentence++)
		*bytes += (size_t)(index + 2);
}

static void use_row(const struct card *card, int index, struct value *values)
{
	static const char *const texts[] = { "", "~", "1", "-1", "0.5", "012", "1_0", "12:30", "true", "no", "x", "1e400", "1..4" };
	struct strbuf why = STRBUF_INIT(400);
	size_t i;
	int b;

	for (b = 0; b < PARAM_N_BACKENDS; b++)
		for (i = 0; i < sizeof texts / sizeof *texts; i++) {
			enum param_backend backend = (enum param_backend)b;
			struct value v = VALUE_NONE_INIT;

			if (value_read(card, index, backend, texts[i], i % 3 == 0, &v, &why) == 0) {
				values[index] = v;
				if (v.kind != VALUE_NONE && value_check(card, index, backend, &v, &why))
					BUG("a value that was read is refused: %s", why.buf);
			}
		}
	strbuf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct value values[CARD_PARAMS_MAX], none = VALUE_NONE_INIT;
	struct rule_facts facts = { PARAM_FAKE, false, true };
	struct card *card = NULL;
	struct err err = ERR_INIT;
	size_t bytes = 0;
	int i;

	if (card_parse(&card, (const char *)data, size, &err))
		return 0;
	for (i = 0; i < card_n_params(card); i++)
		values[i] = none;
	(void)rules_check(card, values, &facts, ignore, &bytes);
	for (i = 0; i < card_n_params(card); i++) {
		use_row(card, i, values);
		if (!card_suggest(card, card_param(card, i)->name))
			BUG("a name is not suggested for itself");
	}
	(void)rules_check(card, values, &facts, ignore, &bytes);
	card_close(card);
	return 0;
}
