#include "cli/print.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void print_visible(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			strbuf_addf(out, "\\x%02x", c);
		else if (c == 0xC2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] <= 0x9F)
			strbuf_addf(out, "\\x%02x", (unsigned char)*++text); /* C1 controls, U+0080 to U+009F */
		else
			strbuf_addc(out, *text);
	}
}

void print_out(struct strbuf *text)
{
	(void)fwrite(text->buf, 1, text->len, stdout); /* stdio remembers a failure for print_close */
	strbuf_reset(text);
}

void print_now(struct strbuf *text)
{
	print_out(text);
	(void)fflush(stdout);
}

void print_message(const char *fmt, ...)
{
	char raw[ERR_TEXT_MAX + 256];
	struct strbuf line = STRBUF_INIT(PRINT_MAX);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	strbuf_adds(&line, "mgbatch: ");
	print_visible(&line, raw);
	strbuf_addc(&line, '\n');
	(void)fflush(stdout);
	(void)fputs(line.buf, stderr);
	strbuf_release(&line);
}

int print_err(const struct err *err)
{
	print_message("%s", err->text);
	return err_exit_status(err->code);
}

bool print_is_broken(void)
{
	return ferror(stdout) != 0;
}

/* As head and less do: nobody is there to be told. */
static bool reader_is_gone(void)
{
	struct pollfd p = { STDOUT_FILENO, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

int print_close(int status)
{
	int failed, sys_errno;

	errno = 0;
	failed = fflush(stdout) != 0 || ferror(stdout);
	sys_errno = errno;
	if (!failed || sys_errno == EPIPE || reader_is_gone())
		return status;
	(void)fprintf(stderr, "mgbatch: cannot write to standard output%s%s; what was printed is not complete\n", sys_errno ? ": " : "",
		      sys_errno ? strerror(sys_errno) : "");
	return err_exit_status(ERR_IO);
}
