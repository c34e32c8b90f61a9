/*
 * some_hosted.h: a job for the hosted service, made by hand, for the tests of wire.
 *
 *   struct some_hosted s; some_hosted_open(&s);
 *   some_hosted_say(&s, "duration", "12.5"); ... &s.job ...; some_hosted_close(&s);
 *
 * A value is read by the card's row as one that stands in quotes where it is a text. NULL: not said (any more).
 */
#ifndef SOME_HOSTED_H
#define SOME_HOSTED_H

#include "job/job.h"
#include "tap.h"

struct some_hosted {
	struct card *card;
	struct job_maker maker;
	struct value values[CARD_PARAMS_MAX];
	struct job job;
};

static inline void some_hosted_open(struct some_hosted *s)
{
	struct err err = ERR_INIT;

	memset(s, 0, sizeof *s);
	if (card_open(&s->card, CARD_DEFAULT, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	s->maker = (struct job_maker){ PARAM_SCENARIO, "scenario:model_meta-musicgen", NULL };
	s->job = (struct job){ .card = s->card, .maker = &s->maker, .values = s->values, .set = "", .take = 1 };
}

static inline void some_hosted_say(struct some_hosted *s, const char *name, const char *text)
{
	int index = card_find(s->card, name);
	struct strbuf why = STRBUF_INIT(ERR_TEXT_MAX);
	struct value none = VALUE_NONE_INIT;

	s->values[index] = none;
	if (text && value_read(s->card, index, PARAM_SCENARIO, text, card_param(s->card, index)->type == PARAM_TEXT, &s->values[index], &why)) {
		printf("Bail out! %s %s\n", name, why.buf);
		exit(1);
	}
	strbuf_release(&why);
}

/* "duration=12.5 seed=7": names and values without blanks; what is not in it is not said. */
static inline void some_hosted_set(struct some_hosted *s, const char *pairs)
{
	static char text[4096]; /* values borrow from it */
	char *at = text;

	memset(s->values, 0, sizeof s->values);
	(void)snprintf(text, sizeof text, "%s", pairs);
	while (*at) {
		char *name = at, *value = strchr(at, '='), *end;

		*value++ = '\0';
		end = value + strcspn(value, " ");
		at = end + (*end != '\0');
		*end = '\0';
		some_hosted_say(s, name, value);
	}
}

static inline void some_hosted_close(struct some_hosted *s)
{
	card_close(s->card);
}

#endif
