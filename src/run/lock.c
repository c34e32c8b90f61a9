/* See lock.h. */
#include "run/lock.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "ledger/ledger_write.h"
#include "run/stop.h"
#include "run/sync.h"

#include <stdio.h>
#include <unistd.h>

#define LOCK_TURN_MS 250 /* how often a waiting one asks: flock has no wait that a signal ends without a race */

void lock_host(char out[LOCK_HOST_MAX])
{
	if (gethostname(out, LOCK_HOST_MAX) != 0)
		(void)snprintf(out, LOCK_HOST_MAX, "unknown");
	out[LOCK_HOST_MAX - 1] = '\0'; /* POSIX need not end a name that was cut */
}

static void tell_wait(const struct lock_wish *wish, const char *holder)
{
	char *text;

	if (!wish->tell)
		return;
	text = mem_printf("waiting for another run in '%s' (%s)", wish->output_dir, holder);
	wish->tell(wish->tell_arg, text);
	free(text);
}

/* New folders are on the disk before anything is written in them: a ledger that says what was paid for must not go with its folder. */
static int make_folder_of(const char *path, struct err *err)
{
	struct sync_dirs dirs = SYNC_DIRS_INIT;
	int rc = sync_dirs_make(&dirs, path, err);

	if (rc == 0)
		rc = sync_dirs_now(&dirs, err);
	sync_dirs_release(&dirs);
	return rc;
}

int lock_take(struct fs_lock *ret, const struct lock_wish *wish, struct err *err)
{
	char *path = fs_join(wish->output_dir, LEDGER_LOCK), *note, at[CLOCK_TEXT_SIZE], host[LOCK_HOST_MAX];
	struct strbuf holder = STRBUF_INIT(512);
	bool told = false;
	int rc;

	lock_host(host);
	note = mem_printf("process %lld on %s since %s", (long long)getpid(), host, clock_text(at, clock_unix_ms()));
	rc = make_folder_of(path, err);
	while (rc == 0 && (rc = fs_lock_take(ret, path, note, &holder, err)) == 1) {
		if (!wish->wait) {
			rc = err_set(err, ERR_LOCKED, "another run works in '%s' (%s); wait for it with --wait, or choose another folder",
				     wish->output_dir, holder.len ? holder.buf : "its name is not known");
			break;
		}
		if (!told)
			tell_wait(wish, holder.buf);
		told = true;
		strbuf_reset(&holder);
		stop_wait(LOCK_TURN_MS);
		if (stop_level() > 0)
			break; /* rc stays 1 */
		rc = 0;
	}
	strbuf_release(&holder);
	free(note);
	free(path);
	return rc;
}
