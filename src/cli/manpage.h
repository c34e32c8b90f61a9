/*
 * cli/manpage: mgbatch(1) in man(7), made from the tables of verbs, options and exit statuses.
 *
 * manpage_write appends the whole page, for `mgbatch --man` and `make install`.
 * manpage_add_text appends text for roff: nothing in it is taken for a request or an escape.
 */
#ifndef CLI_MANPAGE_H
#define CLI_MANPAGE_H

#include "base/strbuf.h"

void manpage_write(struct strbuf *out);
void manpage_add_text(struct strbuf *out, const char *text);

#endif
