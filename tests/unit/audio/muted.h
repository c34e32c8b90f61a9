/*
 * muted.h: nothing goes to stderr for a while: libmpg123 says there what is wrong with a file, and libsndfile cannot tell it not to.
 *
 *   int kept = mute_stderr(); ...; give_stderr_back(kept);
 */
#ifndef MUTED_H
#define MUTED_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static inline int mute_stderr(void)
{
	int kept = dup(STDERR_FILENO), none = open("/dev/null", O_WRONLY);

	if (kept < 0 || none < 0 || dup2(none, STDERR_FILENO) < 0)
		exit(1);
	close(none);
	return kept;
}

static inline void give_stderr_back(int kept)
{
	if (dup2(kept, STDERR_FILENO) < 0)
		exit(1);
	close(kept);
}

#endif
