/*
 * choice: one value as somebody wrote it, with what YAML did to it silently.
 */
#include "manifest/inside.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "manifest/template.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A list or a map where one value goes. */
static bool check_scalar(struct manifest_inside *in, const char *name, bool is_text, const struct node *n)
{
	struct shown s;

	if (n->kind == NODE_SCALAR)
		return true;
	show(&s, name);
	if (n->kind == NODE_LIST)
		NODE_SAY(in, n, "%s has %d value%s here, where one goes: put a list under sweep", s.text, n->n, n->n == 1 ? "" : "s");
	else if (n->is_flow && is_text)
		NODE_SAY(in, n, "%s has a map here, where one value goes: put a text that begins with '{' in quotes", s.text);
	else
		NODE_SAY(in, n, "%s has a map here, where one value goes: write the value alone", s.text);
	return false;
}

/* A block text (|, >) ends with line breaks that nobody means. */
static const char *text_of(struct manifest_inside *in, const struct node *n)
{
	size_t len;

	if (!n->is_block)
		return n->text;
	len = strlen(n->text);
	while (len > 0 && n->text[len - 1] == '\n')
		len--;
	return n->text[len] ? arena_strndup(&in->arena, n->text, len) : n->text;
}

static bool check_cut(struct manifest_inside *in, const char *name, const struct node *n)
{
	struct shown s;

	if (!n->has_comment)
		return true;
	NODE_SAY(in, n, "%s ends before ' #', which begins a comment in YAML: put the text in quotes", show(&s, name));
	return false;
}

static bool check_template(struct manifest_inside *in, const char *name, const struct node *n, const char *text)
{
	char variable[TEMPLATE_NAME_MAX + 1];
	struct shown s;
	size_t at = 0;
	int rc;

	while ((rc = template_next(text, &at, variable, &in->why)) > 0)
		;
	if (rc < 0)
		NODE_SAY(in, n, "%s %s", show(&s, name), in->why.buf);
	return rc == 0;
}

static const char *printed(struct manifest_inside *in, const struct value *v, const char *text)
{
	if (v->kind != VALUE_NUMBER && v->kind != VALUE_BOOL)
		return text;
	strbuf_reset(&in->why);
	value_print(&in->why, v);
	return arena_strdup(&in->arena, in->why.buf);
}

bool choice_read(struct manifest_inside *in, int param, const char *name, const struct node *n, struct choice *ret)
{
	enum param_type type = card_param(in->card, param)->type;
	const char *text;
	struct shown s;

	if (!check_scalar(in, name, type == PARAM_TEXT || type == PARAM_FILE, n))
		return false;
	text = text_of(in, n);
	if (value_read(in->card, param, in->backend, text, n->is_quoted, &ret->value, &in->why)) {
		NODE_SAY(in, n, "%s %s", show(&s, name), strbuf_ok(&in->why) ? in->why.buf : "has a value that is too long");
		return false;
	}
	if ((type == PARAM_TEXT || type == PARAM_FILE) && !check_cut(in, name, n))
		return false;
	ret->node = n;
	ret->text = printed(in, &ret->value, text);
	if (type == PARAM_TEXT && template_is(text)) {
		ret->is_template = true;
		if (!check_template(in, name, n, text))
			return false;
		uses_add_text(in, text);
	}
	if (type == PARAM_FILE)
		choice_find_input(in, name, ret, in->base_dir);
	return true;
}

bool choice_read_variable(struct manifest_inside *in, const char *name, const struct node *n, struct choice *ret)
{
	double number;
	struct shown s;

	if (!check_scalar(in, name, true, n))
		return false;
	if (node_is_null(n)) {
		NODE_SAY(in, n, "%s has no value: give it one, or leave it out", show(&s, name));
		return false;
	}
	if (!check_cut(in, name, n))
		return false;
	ret->node = n;
	ret->text = text_of(in, n);
	ret->value.kind = VALUE_TEXT;
	ret->value.as.text = ret->text;
	if (!n->is_quoted && text_parse_number(n->text, &number)) {
		ret->value.kind = VALUE_NUMBER;
		ret->value.as.number = number;
	}
	return true;
}

/* ---- files ---------------------------------------------------------------- */

struct input_key {
	struct input **inputs;
	const char *path;
};

static bool same_path(const void *arg, int64_t value)
{
	const struct input_key *key = arg;

	return !strcmp(key->inputs[value]->path, key->path);
}

/* Devices and pipes could go on for ever: only plain files are hashed. */
static const char *hash_input(struct manifest_inside *in, const char *path, const char *shown_path, struct err *err)
{
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];
	struct stat st;

	if (stat(path, &st)) {
		err_set(err, ERR_INPUT, "there is no file '%.400s'", shown_path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_INPUT, "'%.400s' is %s", shown_path,
			S_ISDIR(st.st_mode) ? "a folder: name a file in it, or all of them in sweep: {files: \"FOLDER/*.wav\"}" : "no plain file");
		return NULL;
	}
	if (hash_file(path, hash, err))
		return NULL;
	hash_hex(hex, hash);
	return arena_strdup(&in->arena, hex);
}

static void say_input(struct manifest_inside *in, const char *name, const struct choice *choice, const char *text)
{
	if (choice->node)
		choice_say(in, choice, "%s: %s", name, text);
	else
		mistake_add(&in->ms, 0, 0, "--set %s: %s", name, text);
}

void choice_find_input(struct manifest_inside *in, const char *name, struct choice *choice, const char *dir)
{
	struct err err = ERR_INIT;
	char *joined = fs_join(dir, choice->value.as.text);
	char *path = fs_absolute(joined, &err);
	struct input_key key = { in->inputs, path };
	struct input *input;
	int64_t known;

	if (!path) {
		say_input(in, name, choice, err.text);
		free(joined);
		return;
	}
	known = seen_put(&in->input_index, seen_hash(path, strlen(path)), in->n_inputs, same_path, &key);
	if (known < 0) {
		input = arena_alloc(&in->arena, 1, sizeof *input);
		input->path = arena_strdup(&in->arena, path);
		MEM_GROW(in->inputs, in->n_inputs, in->cap_inputs);
		in->inputs[in->n_inputs++] = input;
		input->sha256 = hash_input(in, path, joined, &err);
	} else {
		input = in->inputs[known];
		if (!input->sha256)
			input->sha256 = hash_input(in, path, joined, &err);
	}
	free(path);
	free(joined);
	choice->input = input;
	if (!input->sha256)
		say_input(in, name, choice, err.text);
}
