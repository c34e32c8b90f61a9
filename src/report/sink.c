#include "report/sink.h"

#include "base/fs.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void forget(struct sink *s)
{
	free(s->path);
	free(s->temp_path);
	free(s->dir);
	memset(s, 0, sizeof *s);
}

int sink_open(struct sink *s, const char *output_dir, const char *name, struct err *err)
{
	memset(s, 0, sizeof *s);
	s->dir = mem_strdup(output_dir);
	s->path = fs_join(output_dir, name);
	s->temp_path = mem_printf("%s/.mgbatch/%s.new~", output_dir, name);
	if (fs_make_parent(s->temp_path, err) < 0)
		goto out;
	s->file = fopen(s->temp_path, "wb");
	if (!s->file) {
		err_set_sys(err, ERR_IO, errno, "cannot write '%s'", s->temp_path);
		goto out;
	}
	return 0;
out:
	forget(s);
	return -1;
}

static void mark_broken(struct sink *s, int sys_errno)
{
	if (!s->is_broken)
		s->sys_errno = sys_errno;
	s->is_broken = true;
}

void sink_add(struct sink *s, const char *bytes, size_t len)
{
	if (s->is_broken || !len)
		return;
	errno = 0;
	if (fwrite(bytes, 1, len, s->file) != len)
		mark_broken(s, errno ? errno : EIO);
}

void sink_adds(struct sink *s, const char *text)
{
	sink_add(s, text, strlen(text));
}

void sink_take(struct sink *s, struct strbuf *sb)
{
	if (!strbuf_ok(sb))
		mark_broken(s, EFBIG);
	sink_add(s, sb->buf, sb->len);
	strbuf_reset(sb);
}

int sink_keep(struct sink *s, struct err *err)
{
	int r = -1;

	errno = 0;
	if (fclose(s->file) != 0)
		mark_broken(s, errno ? errno : EIO);
	s->file = NULL;
	if (s->is_broken) {
		err_set_sys(err, ERR_IO, s->sys_errno, "cannot write '%s'", s->temp_path);
		goto out;
	}
	if (fs_sync_file(s->temp_path, err) < 0 || fs_rename(s->temp_path, s->path, err) < 0)
		goto out;
	r = fs_sync_dir(s->dir, err);
out:
	if (r < 0)
		(void)unlink(s->temp_path);
	forget(s);
	return r;
}

void sink_drop(struct sink *s)
{
	if (!s->path)
		return;
	if (s->file)
		(void)fclose(s->file);
	(void)unlink(s->temp_path);
	forget(s);
}
