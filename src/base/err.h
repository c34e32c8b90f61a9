/*
 * base/err: how a function says that it cannot go on.
 *
 * A function that can fail answers 0 or -1 and takes a struct err as its last
 * argument. The struct lies on the caller's stack and has a fixed size, so that
 * failing never allocates. It is untouched on success. err_set and its kin
 * return -1, so that `return err_set(err, ERR_USAGE, "...")` reads in one line.
 *
 * Each level adds what it knows with err_wrap: "reading 'a.yaml': line 3 ...".
 * Values from outside stand in single quotes. A sentence names the thing, what
 * was found, what was expected and what to do. Only cli prints it.
 *
 * A failed job is not an err: it is an event and a row (see job/job.h).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#if defined(__GNUC__)
#define WARN_UNUSED __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define WARN_UNUSED
#define PRINTF_LIKE(fmt, args)
#endif

/* code, exit status of the program, phrase */
#define ERR_LIST(X)                                            \
	X(ERR_NONE, 0, "no error")                             \
	X(ERR_USAGE, 2, "usage")                               \
	X(ERR_MANIFEST, 2, "manifest")                         \
	X(ERR_INPUT, 2, "input file")                          \
	X(ERR_LOCKED, 4, "another run holds the ledger")       \
	X(ERR_MODEL, 5, "model")                               \
	X(ERR_MEMORY, 5, "memory")                             \
	X(ERR_IO, 5, "input or output")                        \
	X(ERR_DISK_FULL, 5, "disk full")                       \
	X(ERR_LEDGER, 5, "ledger")                             \
	X(ERR_NONFINITE, 5, "not finite")                      \
	X(ERR_BUG, 70, "a bug of ours")

enum err_code {
#define X(code, status, phrase) code,
	ERR_LIST(X)
#undef X
	ERR_N_CODES
};

#define ERR_TEXT_MAX 1024

struct err {
	enum err_code code;
	int sys_errno; /* errno where a system call failed, else 0 */
	char text[ERR_TEXT_MAX];
};

#define ERR_INIT { ERR_NONE, 0, "" }

/* Fills err (which may be NULL) and returns -1. A text too long is cut. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set, and adds ": " and the text of the system's errno sys_errno.
 * ENOSPC and EDQUOT turn the code ERR_IO into ERR_DISK_FULL. */
int err_set_sys(struct err *err, enum err_code code, int sys_errno, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Puts "<fmt>: " before the text that is there. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The program's exit status for a code (DESIGN section 8). */
int err_exit_status(enum err_code code);

/* Our own mistake: prints file, line and sentence to stderr and aborts. */
#define BUG(...) err_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void err_bug(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
