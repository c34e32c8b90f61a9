#include "cli/cmds.h"
#include "cli/print.h"
#include "manifest/manifest.h"

int cmd_schema(const struct options *o)
{
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct card *card = NULL;
	struct err err = ERR_INIT;

	(void)o; /* --json changes nothing: a schema is JSON */
	if (card_open(&card, CARD_DEFAULT, &err) < 0)
		return print_err(&err);
	manifest_schema(card, &text);
	print_out(&text);
	card_close(card);
	strbuf_release(&text);
	return 0;
}
