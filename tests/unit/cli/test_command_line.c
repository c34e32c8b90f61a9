/* cli/command_line: every option of run comes back, in words that a shell reads as they were. */
#include "tap.h"

#include "base/mem.h"
#include "cli/command_line.h"

#include <stdio.h>

static const struct {
	const char *words[12];
	const char *want;
} rows[] = {
	{ { "m.yaml" }, "mgbatch run m.yaml" },
	{ { "my songs/it's.yaml" }, "mgbatch run 'my songs/it'\\''s.yaml'" },
	{ { "m.yaml", "--limit", "3", "--for", "1h30m", "--threads=2", "--wait", "--remake-stale", "-q" },
	  "mgbatch run --limit 3 --for 5400 --threads 2 --wait --remake-stale --quiet m.yaml" },
	{ { "--set", "prompt=a b", "--set", "seed=1", "m.yaml", "--output", "$HOME", "--backend", "fake" },
	  "mgbatch run --output '$HOME' --backend fake --set 'prompt=a b' --set seed=1 m.yaml" },
	{ { "m.yaml", "--select", "seed = 1", "--checkpoint", "/data/small" }, "mgbatch run --checkpoint /data/small --select 'seed = 1' m.yaml" },
	{ { "m.yaml", "--credits", "0", "--backend", "fake" }, "mgbatch run --backend fake --credits 0 m.yaml" },
	{ { "m.yaml", "--credits", "12.50" }, "mgbatch run --credits 12.50 m.yaml" },
	{ { "--", "-m.yaml" }, "mgbatch run -- -m.yaml" },
};

/* What sh makes of the line: its words, one a line. */
static void check_in_shell(const char *line, const char *const *words)
{
	char *command = mem_printf("set -- %s\nprintf '%%s\\n' \"$@\"", line + strlen("mgbatch run"));
	char got[200] = "";
	FILE *f = popen(command, "r");
	int n_found = 0, n_plain = 0;

	while (f && fgets(got, sizeof got, f)) {
		got[strcspn(got, "\n")] = '\0';
		for (int i = 0; words[i]; i++) {
			if (!strcmp(words[i], got)) {
				n_found++;
				break;
			}
		}
	}
	OK(f && pclose(f) == 0, "sh reads it");
	for (int i = 0; words[i]; i++) /* but those written in another of their forms */
		n_plain += strcmp(words[i], "1h30m") != 0 && strcmp(words[i], "--threads=2") != 0 && strcmp(words[i], "-q") != 0;
	IS_INT(n_found, n_plain, "  as the words that they were");
	free(command);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *argv[12] = { NULL };
		struct options o;
		struct err err = ERR_INIT;
		char *line;
		int argc = 0;

		for (; rows[i].words[argc]; argc++)
			argv[argc] = (char *)(uintptr_t)rows[i].words[argc];
		if (!OK(options_read(&o, "run", VERB_RUN, argc, argv, &err) == 0, "read %s", err.text))
			continue;
		line = command_line(&o);
		IS_TEXT(line, rows[i].want, "the command line");
		check_in_shell(line, rows[i].words);
		free(line);
		options_release(&o);
	}
	return tap_done();
}
