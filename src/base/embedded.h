/* base/embedded: files built into the program (made by tools/embed at build time). Arrays of them end with a NULL name. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* the file's, without its folder and without .json */
	const char *text; /* NUL-terminated */
	size_t len;
};

#endif
