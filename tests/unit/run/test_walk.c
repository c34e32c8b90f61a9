/* Every file below a folder, in order, links not followed. */
#include "unit/run/some_jobs.h"

#include "run/walk.h"

static int note(void *arg, const char *path, int64_t n_bytes, struct err *err)
{
	struct strbuf *text = arg;

	strbuf_addf(text, "%s%s=%lld", text->len ? " " : "", path, (long long)n_bytes);
	return strstr(path, "stop") ? err_set(err, ERR_BUG, "stopped") : 0;
}

int main(void)
{
	struct strbuf text = STRBUF_INIT(65536), deep = STRBUF_INIT(4096);
	struct err err = ERR_INIT;
	struct some_jobs s;
	char link_path[128];

	some_jobs_open(&s, 1);
	IS_INT(walk_files(s.dir, "nowhere", NULL, note, &text, &err), 0, "a folder that is not there");
	IS_TEXT(text.buf, "", "has no files");
	put_file(&s, "b/2", "xx");
	put_file(&s, "b/1", "x");
	put_file(&s, "a", "");
	put_file(&s, "skip/me", "x");
	put_file(&s, "b/skip", "x");
	(void)snprintf(link_path, sizeof link_path, "%s/c", s.dir);
	IS_INT(symlink(".", link_path), 0, "a link to the folder itself");
	IS_INT(walk_files(s.dir, "", "skip", note, &text, &err), 0, "walk");
	IS_TEXT(text.buf, "a=0 b/1=1 b/2=2 b/skip=1 c=1", "in order; the link is a file; skipped only at the top");
	strbuf_reset(&text);
	IS_INT(walk_files(s.dir, "b", NULL, note, &text, &err), 0, "a folder below");
	IS_TEXT(text.buf, "b/1=1 b/2=2 b/skip=1", "paths begin at the root");
	strbuf_reset(&text);
	IS_INT(walk_files(s.dir, "c", NULL, note, &text, &err), 0, "a link below");
	IS_INT(walk_files(s.dir, "c/b", NULL, note, &text, &err), 0, "a folder behind it");
	IS_TEXT(text.buf, "", "are not followed");
	put_file(&s, "b/stop", "x");
	IS_INT(walk_files(s.dir, "", NULL, note, &text, &err), -1, "a visitor's err ends it");
	IS_TEXT(err.text, "stopped", "and is the err");
	for (int i = 0; i < WALK_DEPTH_MAX + 2; i++)
		strbuf_adds(&deep, "d/");
	strbuf_adds(&deep, "file");
	put_file(&s, deep.buf, "x");
	IS_INT(walk_files(s.dir, "d", NULL, note, &text, &err), -1, "folders too deep");
	OK(strstr(err.text, "folders deep") != NULL, "%s", err.text);
	strbuf_release(&text);
	strbuf_release(&deep);
	some_jobs_close(&s);
	return tap_done();
}
