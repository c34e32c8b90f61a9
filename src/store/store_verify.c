/*
 * store_verify: the files of a checkpoint folder against what is known of them.
 *
 * A safetensors file begins with the length of its header (8 bytes, little-endian), then the header, a JSON object of tensors whose
 * data_offsets say where each lies behind it: the largest end is the size of the rest (the format's own description).
 */
#include "store/store_inside.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_BYTES 8
#define HEADER_MAX ((uint64_t)100000000) /* the safetensors library's own limit */
#define JSON_BYTES_MAX ((size_t)16 << 20)

struct verifying {
	const char *dir;
	void (*visit)(void *arg, const struct store_finding *finding);
	void *arg;
};

static void PRINTF_LIKE(5, 6) tell(const struct verifying *v, const char *file, uint64_t bytes, enum store_verdict verdict, const char *fmt, ...)
{
	struct store_finding f = { .file = file, .bytes = bytes, .verdict = verdict };
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f.sentence, sizeof f.sentence, fmt, ap);
	va_end(ap);
	v->visit(v->arg, &f);
}

/* ---- by a hash that is known ------------------------------------------------------------ */

static void check_hash(const struct verifying *v, const char *name, const char *path, const char *want, const char *good)
{
	unsigned char hash[HASH_BYTES];
	struct err err = ERR_INIT;
	char hex[HASH_HEX_SIZE];
	uint64_t bytes = 0;

	if (fs_size(path, &bytes, &err) != 0 || hash_file(path, hash, &err) != 0) {
		tell(v, name, bytes, STORE_WRONG, "%s", err.text);
		return;
	}
	hash_hex(hex, hash);
	if (strcmp(hex, want) == 0)
		tell(v, name, bytes, STORE_GOOD, "%s", good);
	else
		tell(v, name, bytes, STORE_WRONG, "its content has changed: its SHA-256 is %s, and was %s", hex, want);
}

static void check_recorded(const struct verifying *v, const struct store_record_file *f)
{
	char *path = fs_join(v->dir, f->name);
	struct err err = ERR_INIT;
	uint64_t bytes = 0;

	if (!fs_exists(path))
		tell(v, f->name, 0, STORE_WRONG, "it is missing");
	else if (!fs_is_file(path))
		tell(v, f->name, 0, STORE_WRONG, "it is no file");
	else if (fs_size(path, &bytes, &err) != 0)
		tell(v, f->name, 0, STORE_WRONG, "%s", err.text);
	else if (bytes != f->bytes)
		tell(v, f->name, bytes, STORE_WRONG, "it has %llu bytes, and had %llu", (unsigned long long)bytes, (unsigned long long)f->bytes);
	else
		check_hash(v, f->name, path, f->sha256, "as it was pulled");
	free(path);
}

/* What Hugging Face's tools keep is named after its content: 64 digits of SHA-256, or 40 by which git calls it. */
static bool check_link(const struct verifying *v, const char *name, const char *path)
{
	static const char good[] = "as its name in Hugging Face's cache says";
	char target[PATH_MAX], git[HASH_GIT_SIZE];
	ssize_t len = readlink(path, target, sizeof target - 1);
	struct strbuf text = STRBUF_INIT(JSON_BYTES_MAX);
	struct err err = ERR_INIT;
	const char *base;

	if (len <= 0)
		return false;
	target[len] = '\0';
	base = fs_basename(target);
	if (strspn(base, "0123456789abcdef") != strlen(base))
		return false;
	if (strlen(base) == HASH_HEX_SIZE - 1) {
		check_hash(v, name, path, base, good);
		return true;
	}
	if (strlen(base) != HASH_GIT_SIZE - 1 || fs_read(path, &text, &err) != 0) {
		strbuf_release(&text);
		return false;
	}
	hash_git_blob(git, text.buf, text.len);
	if (strcmp(git, base) == 0)
		tell(v, name, text.len, STORE_GOOD, "%s", good);
	else
		tell(v, name, text.len, STORE_WRONG, "its content has changed: git calls it %s, and it was %s", git, base);
	strbuf_release(&text);
	return true;
}

/* ---- by its form ------------------------------------------------------------------------ */

/* The end of the tensor that lies last; -1: the header is none. */
static double last_end(const struct json *root)
{
	double end = 0;

	if (!json_is_object(root))
		return -1;
	for (const struct json *n = json_first(root); n; n = json_next(n)) {
		const struct json *from = json_is_array(json_member(n, "data_offsets")) ? json_first(json_member(n, "data_offsets")) : NULL;
		const struct json *to = from ? json_next(from) : NULL;

		if (strcmp(json_name(n), "__metadata__") == 0)
			continue;
		if (!json_is_number(to))
			return -1;
		end = fmax(end, json_number(to, 0));
	}
	return end;
}

static int read_header(const char *path, struct strbuf *header, uint64_t bytes, struct err *err)
{
	unsigned char raw[LENGTH_BYTES];
	uint64_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	int r = -1;

	if (fd < 0)
		return err_set_sys(err, ERR_MODEL, errno, "cannot read it");
	if (pread(fd, raw, sizeof raw, 0) != (ssize_t)sizeof raw) {
		(void)err_set(err, ERR_MODEL, "it has no header: it is cut, or no safetensors file");
		goto out;
	}
	for (int i = 0; i < LENGTH_BYTES; i++)
		len |= (uint64_t)raw[i] << (8 * i);
	if (len > HEADER_MAX || len > bytes - LENGTH_BYTES) {
		(void)err_set(err, ERR_MODEL, "its header says to have %llu bytes, the file has %llu: it is cut, or no safetensors file", (unsigned long long)len,
			      (unsigned long long)bytes);
		goto out;
	}
	text = mem_alloc((size_t)len);
	if (pread(fd, text, (size_t)len, LENGTH_BYTES) != (ssize_t)len) {
		(void)err_set(err, ERR_MODEL, "its header cannot be read whole");
		goto out;
	}
	strbuf_add(header, text, (size_t)len);
	r = 0;
out:
	free(text);
	(void)close(fd);
	return r;
}

static void check_tensors(const struct verifying *v, const char *name, const char *path, uint64_t bytes)
{
	struct strbuf header = STRBUF_INIT(HEADER_MAX);
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	double end = -1, want;

	if (bytes < LENGTH_BYTES)
		(void)err_set(&err, ERR_MODEL, "it has %llu bytes: it is cut, or no safetensors file", (unsigned long long)bytes);
	else if (read_header(path, &header, bytes, &err) == 0 && json_parse(&doc, header.buf, header.len, HEADER_MAX, "its header", ERR_MODEL, &err) == 0)
		end = last_end(json_root(doc));
	want = (double)LENGTH_BYTES + (double)header.len + end;
	if (err.code)
		tell(v, name, bytes, STORE_WRONG, "%.400s", err.text);
	else if (end < 0)
		tell(v, name, bytes, STORE_WRONG, "its header has a tensor without data_offsets: it is damaged, or no safetensors file");
	else if (want != (double)bytes)
		tell(v, name, bytes, STORE_WRONG, "it has %llu bytes, and by its header it must have %.0f: it is cut or damaged", (unsigned long long)bytes, want);
	else
		tell(v, name, bytes, STORE_UNCHECKED, "its size is as its header says; nothing says what its content should be");
	json_free(doc);
	strbuf_release(&header);
}

static void check_json(const struct verifying *v, const char *name, const char *path, uint64_t bytes)
{
	struct strbuf text = STRBUF_INIT(JSON_BYTES_MAX);
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	if (fs_read(path, &text, &err) == 0 && json_parse(&doc, text.buf, text.len, JSON_BYTES_MAX, "it", ERR_MODEL, &err) == 0)
		tell(v, name, bytes, STORE_UNCHECKED, "it reads as JSON; nothing says what its content should be");
	else
		tell(v, name, bytes, STORE_WRONG, "%.400s", err.text);
	json_free(doc);
	strbuf_release(&text);
}

static void check_unknown(const struct verifying *v, const char *name)
{
	char *path = fs_join(v->dir, name);
	struct err err = ERR_INIT;
	uint64_t bytes = 0;

	if (fs_size(path, &bytes, &err) != 0)
		tell(v, name, 0, STORE_WRONG, "%s", err.text);
	else if (check_link(v, name, path))
		; /* told */
	else if (text_ends_with(name, ".json"))
		check_json(v, name, path, bytes);
	else
		check_tensors(v, name, path, bytes);
	free(path);
}

/* ---- the folder --------------------------------------------------------------------------- */

static bool is_recorded(const struct store_record *record, const char *name)
{
	for (int i = 0; i < record->n; i++)
		if (strcmp(record->files[i].name, name) == 0)
			return true;
	return false;
}

int store_verify(const char *dir, void (*visit)(void *arg, const struct store_finding *finding), void *arg, struct err *err)
{
	const struct verifying v = { dir, visit, arg };
	struct store_record record = { .n = 0 };
	struct store_files files = { 0 };
	struct err why = ERR_INIT;

	if (!fs_is_dir(dir))
		return err_set(err, ERR_MODEL, "'%s' is no folder", dir);
	if (store_record_read(&record, dir, &why) < 0)
		tell(&v, STORE_RECORD, 0, STORE_WRONG, "%.400s", why.text);
	for (int i = 0; i < record.n; i++)
		check_recorded(&v, &record.files[i]);
	why.code = ERR_NONE;
	if (store_files_find(&files, dir, &why) != 0)
		tell(&v, "", 0, STORE_WRONG, "%.400s", why.text);
	for (size_t i = 0; why.code == ERR_NONE && i < files.n; i++)
		if (!is_recorded(&record, files.names[i]))
			check_unknown(&v, files.names[i]);
	store_files_release(&files);
	store_record_release(&record);
	return 0;
}
