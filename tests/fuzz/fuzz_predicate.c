/*
 * fuzz_predicate: any text as a condition. What is parsed is asked of a job, with and without a state; "not (x)"
 * must answer the opposite; the place of a mistake lies in the text.
 */
#include "base/mem.h"
#include "base/text.h"
#include "manifest/predicate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_variable(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "mood") || !strcmp(name, "bpm");
}

static struct card *the_card(void)
{
	static struct card *card;
	struct err err = ERR_INIT;

	if (!card && card_open(&card, "meta-musicgen", &err))
		abort();
	return card;
}

static struct predicate *parse(const char *text, struct arena *arena)
{
	struct predicate_names names = { the_card(), PARAM_FAKE, true, is_variable, NULL, NULL };
	struct strbuf why = STRBUF_INIT(1 << 20);
	struct predicate *p = NULL;
	size_t offset = 0;

	if (predicate_parse(&p, text, &names, arena, &offset, &why)) {
		if (offset > strlen(text) || !why.len)
			abort();
		p = NULL;
	}
	strbuf_release(&why);
	return p;
}

static bool holds(const struct predicate *p, const struct job *job, const char *state)
{
	struct predicate_subject subject;

	predicate_subject_of_job(&subject, job, state);
	return predicate_holds(p, &subject);
}

static void check(const char *text)
{
	static const struct job_axis axes[] = { { "mood", "calm" }, { "tempo.bpm", "80" } };
	static const char *const tags[] = { "night" };
	struct job_maker maker = { PARAM_FAKE, "fake", NULL };
	struct value *values = mem_zalloc((size_t)card_n_params(the_card()), sizeof *values);
	struct job job = { .card = the_card(), .maker = &maker, .values = values, .set = "rain", .axes = axes, .n_axes = 2, .tags = tags, .n_tags = 1, .take = 1 };
	struct arena arena = ARENA_INIT;
	struct predicate *p = parse(text, &arena), *opposite;
	char *wrapped = mem_printf("not (%s)", text);

	if (p) {
		opposite = parse(wrapped, &arena); /* may be too deep or too long where text just fits */
		if (opposite && holds(p, &job, "done") == holds(opposite, &job, "done"))
			abort();
		(void)holds(p, &job, NULL);
	}
	free(wrapped);
	free(values);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!text_is_utf8((const char *)data, size)) /* the tree has seen to that before */
		return 0;
	text = mem_strndup((const char *)data, size);
	check(text);
	free(text);
	return 0;
}
