/* report/sink: the old file stays until the new one is whole. */
#include "base/fs.h"
#include "base/mem.h"
#include "report/sink.h"
#include "tap.h"

#include <unistd.h>

static char *read_all(const char *path)
{
	struct strbuf sb = STRBUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	if (fs_read(path, &sb, &err) < 0)
		strbuf_adds(&sb, err.text);
	return strbuf_detach(&sb);
}

static void is_content(const char *path, const char *want, const char *name)
{
	char *got = read_all(path);

	IS_TEXT(got, want, name);
	free(got);
}

static int write_one(const char *dir, const char *text, int keep, struct err *err)
{
	struct sink s;

	if (sink_open(&s, dir, "x.txt", err) < 0)
		return -1;
	sink_adds(&s, text);
	if (keep)
		return sink_keep(&s, err);
	sink_drop(&s);
	return 0;
}

int main(void)
{
	char dir[] = "/tmp/mgbatch-sink-XXXXXX";
	struct err err = ERR_INIT;
	struct strbuf small = STRBUF_INIT(4);
	struct sink s;
	char *path, *temp;

	if (!mkdtemp(dir))
		SKIP_ALL("no folder for temp files");
	path = fs_join(dir, "x.txt");
	temp = fs_join(dir, ".mgbatch/x.txt.new~");
	IS_INT(write_one(dir, "first\n", 1, &err), 0, "kept");
	is_content(path, "first\n", "its content is there");
	IS_INT(write_one(dir, "second\n", 0, &err), 0, "dropped");
	is_content(path, "first\n", "the old file stays");
	OK(!fs_exists(temp), "no partial file is left");
	IS_INT(sink_open(&s, dir, "x.txt", &err), 0, "opened");
	strbuf_adds(&small, "too long");
	sink_take(&s, &small);
	OK(sink_keep(&s, &err) < 0, "a text over its cap breaks the file");
	IS_INT(err.code, ERR_IO, "as an error of writing");
	is_content(path, "first\n", "and the old file stays");
	OK(!fs_exists(temp), "no partial file is left then either");
	IS_INT(write_one(dir, "third\n", 1, &err), 0, "a later one is kept");
	is_content(path, "third\n", "and replaces the old one");
	(void)unlink(path);
	free(temp);
	temp = fs_join(dir, ".mgbatch");
	(void)rmdir(temp);
	(void)rmdir(dir);
	free(temp);
	free(path);
	strbuf_release(&small);
	return tap_done();
}
