/* The one call of base/fs.h that is Linux' own. */
#define _GNU_SOURCE /* sync_file_range */
#include "base/fs.h"

#include <fcntl.h>

void fs_begin_sync(int fd)
{
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* what goes wrong is told by the fsync that follows */
}
