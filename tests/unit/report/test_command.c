/* What another command on a folder has to say again of the one that made it. */
#include "report/command.h"
#include "tap.h"

static const struct {
	const char *line, *run, *find;
	bool has_output;
} table[] = {
	{ "", "", "", false },
	{ "mgbatch run m.yaml", "", "", false },
	{ "mgbatch run --output out/x --limit 3 m.yaml", "", "", true },
	{ "mgbatch run --backend fake --checkpoint /m/a --set seed=9 --set 'prompt=it'\\''s --output x' --select 'seed = 1' --for 60 m.yaml",
	  " --backend fake --checkpoint /m/a --set seed=9 --set 'prompt=it'\\''s --output x'", " --backend fake", false },
	{ "mgbatch run --checkpoint 'my models/--backend x' --quiet -- -m.yaml", " --checkpoint 'my models/--backend x'", "", false },
	{ "mgbatch run --limit 1 --backend scenario --credits 20 m.yaml", " --backend scenario --credits 20", " --backend scenario", false },
	{ "mgbatch run --backend", "", "", false },
	{ "mgbatch run --set 'unclosed --output x", " --set 'unclosed --output x", "", false },
};

int main(void)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct strbuf run = STRBUF_INIT(1000), find = STRBUF_INIT(1000);

		command_run_options(&run, table[i].line);
		command_find_options(&find, table[i].line);
		IS_TEXT(run.buf, table[i].run, table[i].line);
		IS_TEXT(find.buf, table[i].find, "and for a look at it");
		OK(command_has_output(table[i].line) == table[i].has_output, "and whether the folder was named");
		strbuf_release(&run);
		strbuf_release(&find);
	}
	return tap_done();
}
