/* param/card_data: the cards built into the binary (made by tools/embed-cards at build time). */
#ifndef PARAM_CARD_DATA_H
#define PARAM_CARD_DATA_H

#include <stddef.h>

struct card_data {
	const char *name; /* NULL ends the list */
	const char *text; /* JSON, NUL-terminated */
	size_t len;
};

extern const struct card_data card_data[];

#endif
