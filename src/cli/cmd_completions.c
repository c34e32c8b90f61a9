#include "base/text.h"
#include "cli/cmds.h"
#include "cli/completions.h"
#include "cli/print.h"

#include <string.h>

int cmd_completions(const struct options *o)
{
	static const struct {
		const char *name;
		void (*write)(struct strbuf *out);
	} shells[] = { { "bash", completions_bash }, { "zsh", completions_zsh } };
	struct strbuf text = STRBUF_INIT(PRINT_MAX);

	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
		if (strcmp(shells[i].name, o->args[0]) != 0)
			continue;
		shells[i].write(&text);
		print_out(&text);
		strbuf_release(&text);
		return 0;
	}
	print_message("there are completions for bash and zsh, found '%s'", o->args[0]);
	return 2;
}
