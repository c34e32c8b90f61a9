#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int exit_status[ERR_N_CODES] = {
#define X(code, status, phrase) [code] = (status),
	ERR_LIST(X)
#undef X
};

/* Formats into text[size]. What does not fit is cut, between two characters of UTF-8. */
static void format_cut(char *text, size_t size, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

static void format_cut(char *text, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(text, size, fmt, ap);
	size_t end;

	if (n < 0) {
		text[0] = '\0';
		return;
	}
	if ((size_t)n < size)
		return;
	end = size - 1;
	while (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0x80) /* continuation bytes of the last character */
		end--;
	if (end > 0 && (unsigned char)text[end - 1] >= 0x80)
		end--;
	text[end] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX]; /* the arguments may point into err */
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	format_cut(text, sizeof text, fmt, ap);
	va_end(ap);
	err->code = code;
	err->sys_errno = 0;
	memcpy(err->text, text, sizeof text);
	return -1;
}

int err_set_sys(struct err *err, enum err_code code, int sys_errno, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	char reason[128];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	format_cut(text, sizeof text, fmt, ap);
	va_end(ap);
	if (strerror_r(sys_errno, reason, sizeof reason) != 0)
		(void)snprintf(reason, sizeof reason, "system error %d", sys_errno);
	if (code == ERR_IO && (sys_errno == ENOSPC || sys_errno == EDQUOT))
		code = ERR_DISK_FULL;
	err_set(err, code, "%s: %s", text, reason);
	err->sys_errno = sys_errno;
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	int sys_errno;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	format_cut(text, sizeof text, fmt, ap);
	va_end(ap);
	sys_errno = err->sys_errno;
	err_set(err, err->code, "%s: %s", text, err->text);
	err->sys_errno = sys_errno;
	return -1;
}

int err_exit_status(enum err_code code)
{
	if ((unsigned)code >= ERR_N_CODES)
		BUG("error code %d is not in the list", (int)code);
	return exit_status[code];
}

_Noreturn void err_bug(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mgbatch: a bug of ours at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
