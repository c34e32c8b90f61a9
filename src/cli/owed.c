#include "cli/owed.h"

#include "base/shell_word.h"
#include "cli/print.h"

/* What is so, and what the command brings about. */
static const struct {
	const char *say, *again;
} advice[JOB_N_STATES] = {
	[JOB_UNKNOWN] = { "nobody knows whether the service took it: the next run looks for it there again, and sends nothing",
			  "has it sent again, and perhaps paid for twice" },
	[JOB_LOST] = { "paid for, made, and gone, here and at the service", "has it made again, and paid for again" },
};

bool owed_is(enum job_state state)
{
	return advice[state].say != NULL;
}

static void add_word(struct strbuf *out, const char *word)
{
	struct strbuf quoted = STRBUF_INIT(PRINT_MAX);

	shell_word_add(&quoted, word);
	print_visible(out, quoted.buf);
	strbuf_release(&quoted);
}

void owed_add(struct strbuf *out, enum job_state state, const char *folder, const char *id)
{
	strbuf_addf(out, "%s; this %s: mgbatch retry", advice[state].say, advice[state].again);
	add_word(out, folder);
	strbuf_addf(out, " %s --pay-again", id ? id : "ID");
}

static void add_line(struct strbuf *out, enum job_state state, int64_t n, const char *folder)
{
	if (n == 0)
		return;
	strbuf_addf(out, "%lld %s: ", (long long)n, job_state_name(state));
	owed_add(out, state, folder, NULL);
	strbuf_adds(out, "; which: mgbatch list");
	add_word(out, folder);
	strbuf_addf(out, " --state %s\n", job_state_name(state));
}

void owed_lines(struct strbuf *out, int64_t n_unknown, int64_t n_lost, const char *folder)
{
	add_line(out, JOB_UNKNOWN, n_unknown, folder);
	add_line(out, JOB_LOST, n_lost, folder);
}
