#include "base/err.h"

#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_filling(void)
{
	struct err err = ERR_INIT;

	IS_INT(err_set(&err, ERR_USAGE, "'%s' has %d", "x", 3), -1, "err_set answers -1");
	IS_TEXT(err.text, "'x' has 3", "text");
	IS_INT(err.code, ERR_USAGE, "code");
	IS_INT(err_wrap(&err, "reading '%s'", "a.yaml"), -1, "err_wrap answers -1");
	IS_TEXT(err.text, "reading 'a.yaml': 'x' has 3", "wrapped");
	IS_INT(err.code, ERR_USAGE, "wrapping keeps the code");
	err_set(&err, ERR_INPUT, "again: %s", err.text);
	IS_TEXT(err.text, "again: reading 'a.yaml': 'x' has 3", "an argument may be the err's own text");
	IS_INT(err_set(NULL, ERR_USAGE, "x"), -1, "err may be NULL");
	IS_INT(err_wrap(NULL, "x"), -1, "err may be NULL in err_wrap");
	IS_INT(err_set_sys(NULL, ERR_IO, EIO, "x"), -1, "err may be NULL in err_set_sys");
}

static void check_system(void)
{
	struct err err = ERR_INIT;

	err_set_sys(&err, ERR_IO, ENOENT, "cannot read '%s'", "x.yaml");
	IS_TEXT(err.text, "cannot read 'x.yaml': No such file or directory", "errno's text follows");
	IS_INT(err.sys_errno, ENOENT, "errno is kept");
	err_wrap(&err, "manifest");
	IS_INT(err.sys_errno, ENOENT, "and survives wrapping");
	err_set_sys(&err, ERR_IO, ENOSPC, "w");
	IS_INT(err.code, ERR_DISK_FULL, "ENOSPC is a full disk");
	err_set_sys(&err, ERR_IO, EDQUOT, "w");
	IS_INT(err.code, ERR_DISK_FULL, "so is a full quota");
	err_set_sys(&err, ERR_LEDGER, ENOSPC, "w");
	IS_INT(err.code, ERR_LEDGER, "other codes stay");
}

static void check_cut(void)
{
	struct err err = ERR_INIT;
	char text[2 * ERR_TEXT_MAX + 1];
	size_t i;

	for (i = 0; i + 2 <= sizeof text; i += 2)
		memcpy(text + i, "\xC3\xA4", 2);
	text[sizeof text - 1] = '\0';
	err_set(&err, ERR_USAGE, "%s", text);
	IS_INT(strlen(err.text) % 2, 0, "a long text is cut between characters");
	OK(strlen(err.text) >= ERR_TEXT_MAX - 3, "and nowhere earlier");
	for (i = 0; i < 10; i++)
		err_wrap(&err, "%s", text);
	OK(strlen(err.text) < ERR_TEXT_MAX, "wrapping a full text stays inside");
}

static void check_status(void)
{
	static const struct {
		enum err_code code;
		int status;
	} rows[] = { { ERR_NONE, 0 }, { ERR_MANIFEST, 2 }, { ERR_LOCKED, 4 }, { ERR_DISK_FULL, 5 }, { ERR_BUG, 70 } };
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		IS_INT(err_exit_status(rows[i].code), rows[i].status, "exit status");
}

static void check_bug(void)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		BUG("on purpose");
	}
	OK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "BUG aborts");
}

int main(void)
{
	check_filling();
	check_system();
	check_cut();
	check_status();
	check_bug();
	return tap_done();
}
