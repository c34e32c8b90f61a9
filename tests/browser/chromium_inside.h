/* chromium_inside.h: what chromium.c and page.c share. */
#ifndef CHROMIUM_INSIDE_H
#define CHROMIUM_INSIDE_H

#include "chromium.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#define MESSAGE_MAX ((size_t)256 << 20) /* a picture of a large page, in base64 */

struct chromium {
	pid_t pid;
	int to, from;         /* our ends of the pipes; 0: not open */
	char profile[64];
	char *session;        /* of the one page; NULL before it is there */
	int last_id;
	char method[64];      /* of the latest call, for messages */
	struct strbuf in;     /* read and not yet looked at */
	struct strbuf complaints;
};

_Noreturn void chromium_bail(struct chromium *b, const char *what, const char *detail);

/* The whole answer, which the caller frees; params is JSON. chromium_result: what the method gave. */
struct json_doc *chromium_call(struct chromium *b, const char *method, const char *params);
void chromium_do(struct chromium *b, const char *method, const char *params); /* when the answer does not matter */
static inline const struct json *chromium_result(const struct json_doc *answer) { return json_member(json_root(answer), "result"); }

/* Reads one more message, whatever it is, until end_ms of the monotonic clock. */
struct json_doc *chromium_next(struct chromium *b, int64_t end_ms);

#endif
