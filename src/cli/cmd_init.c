#include "base/fs.h"
#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/print.h"
#include "manifest/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA_FILE "manifest.schema.json"

static const char starter[] =
	"# yaml-language-server: $schema=" SCHEMA_FILE "\n"
	"# A study of one prompt: 2 x 2 x 2 = 8 jobs. Try: mgbatch check, plan, run.\n"
	"version: 1\n"
	"# Where the model's weights are: a folder with config.json, tokenizer.json and model.safetensors, as Hugging Face has them\n"
	"# for facebook/musicgen-small. Or say it on the command line: --checkpoint FOLDER\n"
	"# checkpoint: models/musicgen-small\n"
	"params:                          # one value each, for every job\n"
	"  prompt: \"soft rain over felt piano\"\n"
	"  duration: 8                    # seconds\n"
	"sweep:                           # many values each: every combination is a job\n"
	"  temperature: [0.8, 1.1]\n"
	"  guidance: [2, 4]\n"
	"  seed: 1..2                     # a range, 2 included\n"
	"output: {format: wav}            # into out/ and this file's name, unless dir: says another folder\n"
	"\n"
	"# More prompts in one manifest, each with values and sweeps of its own:\n"
	"# sets:\n"
	"#   rain:\n"
	"#     params: {prompt: \"soft rain over felt piano\"}\n"
	"#   hook:\n"
	"#     params: {prompt: \"bright brass hook, tight drums\", duration: 4}\n"
	"#     exclude: temperature > 1 and guidance = 4\n"
	"#     tags: [loud]\n";

/* A whole new file or none. 1: there is one already, which is left. */
static int write_new(const char *path, const char *text, size_t len, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), sys_errno;

	if (fd < 0 && errno == EEXIST)
		return 1;
	if (fd < 0)
		return err_set_sys(err, ERR_IO, errno, "cannot make '%s'", path);
	sys_errno = fs_write_all(fd, text, len);
	if (close(fd) != 0 && sys_errno == 0)
		sys_errno = errno;
	if (sys_errno == 0)
		return 0;
	(void)unlink(path);
	return err_set_sys(err, ERR_IO, sys_errno, "cannot write '%s'", path);
}

/* Beside the manifest; one that is there is for the same purpose, whatever is in it. */
static int write_schema(const char *manifest_path, struct err *err)
{
	char *dir = fs_dirname(manifest_path), *path = fs_join(dir, SCHEMA_FILE);
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct card *card = NULL;
	int rc = card_open(&card, CARD_DEFAULT, err);

	if (rc == 0) {
		manifest_schema(card, &text);
		rc = write_new(path, text.buf, text.len, err);
	}
	card_close(card);
	strbuf_release(&text);
	free(path);
	free(dir);
	return rc;
}

int cmd_init(const struct options *o)
{
	const char *path = o->n_args ? o->args[0] : "manifest.yaml";
	struct strbuf text = STRBUF_INIT(PRINT_MAX);
	struct err err = ERR_INIT;
	int made, schema;

	if (!strcmp(path, "-")) {
		strbuf_adds(&text, starter);
		print_out(&text);
		strbuf_release(&text);
		return 0;
	}
	made = write_new(path, starter, sizeof starter - 1, &err);
	if (made < 0 && err.sys_errno == ENOENT)
		err_set(&err, ERR_IO, "cannot make '%s': its folder is not there; make that first, or name another file", path);
	if (made == 1) {
		print_message("'%s' is there already and is left as it is; name another file: mgbatch init FILE", path);
		return 2;
	}
	schema = made < 0 ? -1 : write_schema(path, &err);
	if (schema < 0)
		return print_err(&err);
	if (!o->is_quiet) {
		print_visible(&text, path);
		strbuf_addf(&text, ": a manifest of 8 jobs%s\nnext: mgbatch check ",
			    schema == 0 ? ", and beside it " SCHEMA_FILE " for editors" : "");
		print_visible(&text, path);
		strbuf_addc(&text, '\n');
		print_out(&text);
	}
	strbuf_release(&text);
	return 0;
}
