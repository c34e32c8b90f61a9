/*
 * file_say: mistakes in rows of files. A sentence stands at the axis that names the file and begins with the file and
 * its line. One cause often makes thousands: of each axis the first few are said, then how many more there are.
 */
#include "manifest/inside.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *file_name_of(const struct node *n)
{
	const struct node *file = node_find(n, "file");

	return file && file->kind == NODE_SCALAR ? file->text : "the file";
}

static struct file_said *said_of(struct manifest_inside *in, const struct node *n)
{
	for (int i = 0; i < in->n_said; i++)
		if (in->said[i].node == n)
			return &in->said[i];
	MEM_GROW(in->said, in->n_said, in->cap_said);
	in->said[in->n_said] = (struct file_said){ n, 0 };
	return &in->said[in->n_said++];
}

static bool same_sentence(const void *arg, int64_t value)
{
	(void)arg;
	(void)value;
	return true; /* 64 bits of hash are the same: for counting that will do */
}

static void say(struct manifest_inside *in, const struct node *n, int line, const char *sentence)
{
	struct file_said *said = said_of(in, n);
	uint64_t hash = seen_hash(sentence, strlen(sentence)) ^ ((uint64_t)line << 32) ^ (uint64_t)(said - in->said);
	struct shown s;

	if (seen_put(&in->said_before, hash, 0, same_sentence, NULL) >= 0) /* a product repeats each row */
		return;
	if (said->n++ >= TABLE_SAID_MAX)
		return;
	if (line > 0)
		NODE_SAY(in, n, "%s:%d: %s", show(&s, file_name_of(n)), line, sentence);
	else
		NODE_SAY(in, n, "%s: %s", show(&s, file_name_of(n)), sentence);
}

void file_say(struct manifest_inside *in, const struct node *n, int line, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(in, n, line, text);
}

void choice_say(struct manifest_inside *in, const struct choice *c, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (c->file_line > 0)
		say(in, c->node, c->file_line, text);
	else
		NODE_SAY(in, c->node, "%s", text);
}

void file_say_table(struct manifest_inside *in, const struct node *n, const struct table_file *t)
{
	for (int i = 0; i < TABLE_SAID_MAX && i < t->n_mistakes; i++)
		say(in, n, t->mistakes[i].line, t->mistakes[i].text);
	if (t->n_mistakes > TABLE_SAID_MAX)
		said_of(in, n)->n += t->n_mistakes - TABLE_SAID_MAX;
}

void file_say_rest(struct manifest_inside *in)
{
	struct shown s;

	for (int i = 0; i < in->n_said; i++) {
		int64_t more = in->said[i].n - TABLE_SAID_MAX;

		if (more > 0)
			NODE_SAY(in, in->said[i].node, "%s has %" PRId64 " more mistake%s in its rows: mend the first ones, and look again",
				 show(&s, file_name_of(in->said[i].node)), more, more == 1 ? "" : "s");
		in->said[i].n = 0;
	}
}
