#include "cli/owed.h"

#include "base/shell_word.h"
#include "cli/print.h"

static const char *const advice[JOB_N_STATES] = {
	[JOB_UNKNOWN] = "nobody knows whether the service took it: the next run looks for it there again, and sends nothing; "
			"'mgbatch retry MANIFEST ID --pay-again' has it sent again, and perhaps paid for twice",
	[JOB_LOST] = "paid for, made, and gone, here and at the service: 'mgbatch retry MANIFEST ID --pay-again' has it made again, and paid for again",
};

const char *owed_advice(enum job_state state)
{
	return advice[state];
}

static void add_line(struct strbuf *out, enum job_state state, int64_t n, const char *folder)
{
	struct strbuf word = STRBUF_INIT(PRINT_MAX);

	if (n == 0)
		return;
	shell_word_add(&word, folder);
	strbuf_addf(out, "%lld %s: %s; which: mgbatch list", (long long)n, job_state_name(state), advice[state]);
	print_visible(out, word.buf);
	strbuf_addf(out, " --state %s\n", job_state_name(state));
	strbuf_release(&word);
}

void owed_lines(struct strbuf *out, int64_t n_unknown, int64_t n_lost, const char *folder)
{
	add_line(out, JOB_UNKNOWN, n_unknown, folder);
	add_line(out, JOB_LOST, n_lost, folder);
}
