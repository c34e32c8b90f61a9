#include "engine/tokenizer.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/normalizer.h"
#include "engine/unigram.h"
#include "engine/utf8.h"

#include <limits.h>
#include <string.h>

#define FILE_MAX (64u << 20)  /* T5's tokenizer.json has 2.4 MB */
#define ADDED_MAX 10000       /* T5 has 103 */
#define SPLITTERS_MAX 8
#define ID_MAX 0x3fffffff
#define NORMALIZED_MAX ((size_t)TOKENIZER_TEXT_MAX * 20) /* the longest replacement (U+FDFA) is 11 times its own size */

/* A text that is split out before anything else, such as "</s>". */
struct added {
	char *text;
	size_t len;
	int id;
	bool takes_left, takes_right; /* the white space beside it too */
};

struct added_list {
	struct added *items; /* longest first */
	size_t n, cap;
};

enum prepend { PREPEND_NEVER, PREPEND_FIRST, PREPEND_ALWAYS };

struct tokenizer;

/* A piece of normalised text on its way through the splitters. */
struct span {
	const char *text;
	size_t len;
	bool is_first; /* it begins where the whole text does */
};

struct job {
	const struct tokenizer *t;
	struct id_list *ids;
	struct err *err;
};

struct splitter {
	int (*split)(const struct job *job, int i_splitter, struct span span);
	char *mark; /* Metaspace: what stands for a space, U+2581 */
	enum prepend prepend;
	bool splits;
};

struct tokenizer {
	struct normalizer *normalizer;
	struct unigram *unigram;
	struct added_list raw;        /* looked for in the text as it is */
	struct added_list normalized; /* looked for after normalising */
	struct splitter splitters[SPLITTERS_MAX];
	int n_splitters;
	int max_id;
};

/* ---- pre-tokenisation ------------------------------------------------------------------------------------- */

/* The rest of the way for one span: splitters from i on, then the model. */
static int pass_on(const struct job *job, int i, struct span span)
{
	if (!span.len)
		return 0;
	if (i == job->t->n_splitters)
		return unigram_encode(job->t->unigram, span.text, span.len, job->ids, job->err);
	return job->t->splitters[i].split(job, i, span);
}

static int split_at_spaces(const struct job *job, int i_splitter, struct span span)
{
	size_t begin = 0, step;
	uint32_t code;

	for (size_t i = 0; i < span.len; i += step) {
		struct span word = { span.text + begin, i - begin, span.is_first && begin == 0 };

		step = utf8_next(span.text + i, span.len - i, &code);
		if (!utf8_is_space(code))
			continue;
		if (pass_on(job, i_splitter + 1, word))
			return -1;
		begin = i + step;
	}
	return pass_on(job, i_splitter + 1, (struct span){ span.text + begin, span.len - begin, span.is_first && begin == 0 });
}

static bool starts_with(const char *text, size_t len, const char *what)
{
	size_t n = strlen(what);

	return len >= n && !memcmp(text, what, n);
}

/* Each part begins with a mark, but for the first perhaps. */
static int split_at_marks(const struct job *job, int i_splitter, const char *text, size_t len, bool is_first)
{
	const char *mark = job->t->splitters[i_splitter].mark;
	size_t begin = 0;

	for (size_t i = 1; i < len; i++) {
		if (!starts_with(text + i, len - i, mark))
			continue;
		if (pass_on(job, i_splitter + 1, (struct span){ text + begin, i - begin, is_first && begin == 0 }))
			return -1;
		begin = i;
	}
	return pass_on(job, i_splitter + 1, (struct span){ text + begin, len - begin, is_first && begin == 0 });
}

static int split_metaspace(const struct job *job, int i_splitter, struct span span)
{
	const struct splitter *s = &job->t->splitters[i_splitter];
	struct strbuf text = STRBUF_INIT(NORMALIZED_MAX * 4);
	int rc;

	if ((s->prepend == PREPEND_ALWAYS || (s->prepend == PREPEND_FIRST && span.is_first)) && span.text[0] != ' ' &&
	    !starts_with(span.text, span.len, s->mark))
		strbuf_adds(&text, s->mark);
	for (size_t i = 0; i < span.len; i++)
		if (span.text[i] == ' ')
			strbuf_adds(&text, s->mark);
		else
			strbuf_addc(&text, span.text[i]);
	if (!strbuf_ok(&text))
		rc = err_set(job->err, ERR_INPUT, "a text is longer than %zu bytes when normalised", NORMALIZED_MAX * 4);
	else if (s->splits)
		rc = split_at_marks(job, i_splitter, text.buf, text.len, span.is_first);
	else
		rc = pass_on(job, i_splitter + 1, (struct span){ text.buf, text.len, span.is_first });
	strbuf_release(&text);
	return rc;
}

/* ---- added tokens ------------------------------------------------------------------------------------------ */

static const struct added *added_at(const struct added_list *list, const char *text, size_t len)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].len <= len && !memcmp(list->items[i].text, text, list->items[i].len))
			return &list->items[i];
	return NULL;
}

static size_t spaces_at_start(const char *text, size_t len)
{
	size_t i = 0, step;
	uint32_t code;

	for (; i < len; i += step) {
		step = utf8_next(text + i, len - i, &code);
		if (!utf8_is_space(code))
			break;
	}
	return i;
}

/* Where the white space at the end of text begins. */
static size_t spaces_at_end(const char *text, size_t len)
{
	size_t begin = 0, step;
	uint32_t code;

	for (size_t i = 0; i < len; i += step) {
		step = utf8_next(text + i, len - i, &code);
		if (!utf8_is_space(code))
			begin = i + step;
	}
	return begin;
}

typedef int (*text_fn)(const struct job *job, struct span span);

/* Added tokens of the list become ids, from the left, the longest at each place; what is between them goes to `between`. */
static int split_added(const struct job *job, const struct added_list *list, struct span span, text_fn between)
{
	size_t begin = 0;

	for (size_t i = 0; i < span.len;) {
		const struct added *a = added_at(list, span.text + i, span.len - i);
		size_t end = i;

		if (!a) {
			i++;
			continue;
		}
		if (a->takes_left)
			end = begin + spaces_at_end(span.text + begin, i - begin);
		if (end > begin && between(job, (struct span){ span.text + begin, end - begin, span.is_first && begin == 0 }))
			return -1;
		id_list_add(job->ids, a->id);
		i += a->len;
		if (a->takes_right)
			i += spaces_at_start(span.text + i, span.len - i);
		begin = i;
	}
	if (begin == span.len)
		return 0;
	return between(job, (struct span){ span.text + begin, span.len - begin, span.is_first && begin == 0 });
}

static int encode_normalized(const struct job *job, struct span span)
{
	return pass_on(job, 0, span);
}

static int encode_raw(const struct job *job, struct span span)
{
	struct strbuf text = STRBUF_INIT(NORMALIZED_MAX);
	int rc;

	strbuf_add(&text, span.text, span.len);
	normalizer_apply(job->t->normalizer, &text);
	if (strbuf_ok(&text))
		rc = split_added(job, &job->t->normalized, (struct span){ text.buf, text.len, span.is_first }, encode_normalized);
	else
		rc = err_set(job->err, ERR_INPUT, "a text is longer than %zu bytes when normalised", NORMALIZED_MAX);
	strbuf_release(&text);
	return rc;
}

/* ---- encoding ------------------------------------------------------------------------------------------------ */

static void add_valid_utf8(struct strbuf *sb, const char *text, size_t len)
{
	uint32_t code;

	for (size_t i = 0, step; i < len; i += step) {
		step = utf8_next(text + i, len - i, &code);
		if (code == UTF8_REPLACEMENT)
			strbuf_adds(sb, "\xef\xbf\xbd");
		else
			strbuf_add(sb, text + i, step);
	}
}

int tokenizer_encode(const struct tokenizer *t, const char *text, int *ids, int max, int *n, struct err *err)
{
	struct strbuf valid = STRBUF_INIT((size_t)TOKENIZER_TEXT_MAX * 3); /* each bad byte becomes three */
	struct id_list list = { ids, max > 0 ? (size_t)max : 0, 0 };
	struct job job = { t, &list, err };
	size_t len = strlen(text);
	int rc;

	if (len > TOKENIZER_TEXT_MAX)
		return err_set(err, ERR_INPUT, "the text has %zu bytes; at most %d are allowed", len, TOKENIZER_TEXT_MAX);
	add_valid_utf8(&valid, text, len);
	rc = split_added(&job, &t->raw, (struct span){ valid.buf, valid.len, true }, encode_raw);
	strbuf_release(&valid);
	if (rc)
		return -1;
	id_list_add(&list, TOKENIZER_END_ID);
	if (list.n > list.max)
		return err_set(err, ERR_INPUT, "the text has %zu tokens; at most %zu are allowed: shorten it", list.n, list.max);
	*n = (int)list.n;
	return 0;
}

int tokenizer_n_pieces(const struct tokenizer *t)
{
	return unigram_n_pieces(t->unigram);
}

int tokenizer_max_id(const struct tokenizer *t)
{
	return t->max_id;
}

/* ---- reading the file ------------------------------------------------------------------------------------------ */

static int read_whitespace_split(struct splitter *s, const struct json *node, struct err *err)
{
	(void)node;
	(void)err;
	s->split = split_at_spaces;
	return 0;
}

/* Older files say add_prefix_space, newer ones prepend_scheme. */
static int read_metaspace(struct splitter *s, const struct json *node, struct err *err)
{
	static const char *const names[] = { [PREPEND_NEVER] = "never", [PREPEND_FIRST] = "first", [PREPEND_ALWAYS] = "always" };
	const char *scheme = json_string(json_member(node, "prepend_scheme"), NULL);
	const char *mark = json_string(json_member(node, "replacement"), "\xe2\x96\x81");
	int prepend = json_bool(json_member(node, "add_prefix_space"), true) ? PREPEND_ALWAYS : PREPEND_NEVER;

	if (scheme)
		for (prepend = PREPEND_ALWAYS; prepend >= 0 && strcmp(names[prepend], scheme); prepend--)
			;
	if (prepend < 0 || !*mark)
		return err_set(err, ERR_MODEL, "its 'Metaspace' has the prepend_scheme '%s' and the replacement '%s'; expected always, first or never, and a character",
			       scheme ? scheme : "", mark);
	s->split = split_metaspace;
	s->mark = mem_strdup(mark);
	s->prepend = (enum prepend)prepend;
	s->splits = json_bool(json_member(node, "split"), true);
	return 0;
}

static const struct {
	const char *type;
	int (*read)(struct splitter *s, const struct json *node, struct err *err);
} splitter_kinds[] = {
	{ "WhitespaceSplit", read_whitespace_split },
	{ "Metaspace", read_metaspace },
};

static int add_splitter(struct tokenizer *t, const struct json *node, struct err *err)
{
	const char *type = json_string(json_member(node, "type"), "");

	if (t->n_splitters == SPLITTERS_MAX)
		return err_set(err, ERR_MODEL, "more than %d pre-tokenisers", SPLITTERS_MAX);
	for (size_t i = 0; i < sizeof splitter_kinds / sizeof splitter_kinds[0]; i++)
		if (!strcmp(splitter_kinds[i].type, type))
			return splitter_kinds[i].read(&t->splitters[t->n_splitters++], node, err);
	return err_set(err, ERR_MODEL, "it wants the pre-tokeniser '%s', which we do not know; expected WhitespaceSplit, Metaspace or a Sequence of them",
		       type);
}

static int read_splitters(struct tokenizer *t, const struct json *node, struct err *err)
{
	if (!node || json_is_null(node))
		return 0;
	if (strcmp(json_string(json_member(node, "type"), ""), "Sequence"))
		return add_splitter(t, node, err);
	for (const struct json *i = json_first(json_member(node, "pretokenizers")); i; i = json_next(i))
		if (add_splitter(t, i, err))
			return -1;
	return 0;
}

static int longest_first(const void *a, const void *b)
{
	const struct added *x = a, *y = b;

	if (x->len != y->len)
		return x->len > y->len ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static int add_added(struct tokenizer *t, const struct json *node, struct err *err)
{
	const char *text = json_string(json_member(node, "content"), "");
	double id = json_number(json_member(node, "id"), -1);
	bool is_normalized = json_bool(json_member(node, "normalized"), false);
	struct added_list *list = is_normalized ? &t->normalized : &t->raw;
	struct strbuf content = STRBUF_INIT(TOKENIZER_TEXT_MAX);

	if (!*text || !(id >= 0 && id <= ID_MAX) || t->raw.n + t->normalized.n == ADDED_MAX)
		return err_set(err, ERR_MODEL, "added token '%s' is empty, has no id of 0 to %d, or is one of more than %d", text, ID_MAX, ADDED_MAX);
	if (json_bool(json_member(node, "single_word"), false))
		return err_set(err, ERR_MODEL, "added token '%s' is 'single_word', which T5 does not use and we do not know", text);
	strbuf_adds(&content, text);
	if (is_normalized)
		normalizer_apply(t->normalizer, &content);
	if (content.len) {
		struct added a = { NULL, content.len, (int)id, json_bool(json_member(node, "lstrip"), false),
				   json_bool(json_member(node, "rstrip"), false) };

		a.text = mem_strndup(content.buf, content.len);
		MEM_GROW(list->items, list->n, list->cap);
		list->items[list->n++] = a;
	}
	t->max_id = (int)id > t->max_id ? (int)id : t->max_id;
	strbuf_release(&content);
	return 0;
}

static int read_added(struct tokenizer *t, const struct json *list, struct err *err)
{
	for (const struct json *n = json_first(list); n; n = json_next(n))
		if (add_added(t, n, err))
			return -1;
	if (t->raw.n)
		qsort(t->raw.items, t->raw.n, sizeof *t->raw.items, longest_first);
	if (t->normalized.n)
		qsort(t->normalized.items, t->normalized.n, sizeof *t->normalized.items, longest_first);
	return 0;
}

/* The end is always </s>, id 1, and nothing is put before the text: a file that says otherwise is none of T5's. */
static int check_ending(const struct tokenizer *t, const struct json *node, struct err *err)
{
	const struct json *first = json_first(json_member(node, "single"));
	const struct json *second = first ? json_next(first) : NULL;
	const char *end = json_string(json_member(json_member(second, "SpecialToken"), "id"), "");

	if (unigram_id(t->unigram, "</s>", 4) != TOKENIZER_END_ID)
		return err_set(err, ERR_MODEL, "its piece '</s>' has the id %d; expected %d", unigram_id(t->unigram, "</s>", 4),
			       TOKENIZER_END_ID);
	if (!node || json_is_null(node))
		return 0;
	if (strcmp(json_string(json_member(node, "type"), ""), "TemplateProcessing") || !json_member(first, "Sequence") ||
	    strcmp(end, "</s>") || !second || json_next(second))
		return err_set(err, ERR_MODEL, "its post-processor is not the text and then '</s>', as T5's is");
	return 0;
}

static int read_file(struct tokenizer *t, const struct json *root, struct err *err)
{
	if (unigram_open(&t->unigram, json_member(root, "model"), err))
		return -1;
	t->max_id = unigram_n_pieces(t->unigram) - 1;
	if (normalizer_open(&t->normalizer, json_member(root, "normalizer"), err) ||
	    read_splitters(t, json_member(root, "pre_tokenizer"), err) || read_added(t, json_member(root, "added_tokens"), err))
		return -1;
	return check_ending(t, json_member(root, "post_processor"), err);
}

int tokenizer_open(struct tokenizer **ret, const char *path, struct err *err)
{
	struct strbuf text = STRBUF_INIT(FILE_MAX);
	struct tokenizer *t = mem_zalloc(1, sizeof *t);
	struct json_doc *doc = NULL;
	int rc = -1;

	if (fs_read(path, &text, err) || json_parse(&doc, text.buf, text.len, FILE_MAX, path, ERR_MODEL, err))
		goto out;
	if (read_file(t, json_root(doc), err)) {
		err_wrap(err, "tokenizer '%s'", path);
		goto out;
	}
	*ret = t;
	t = NULL;
	rc = 0;
out:
	json_free(doc);
	strbuf_release(&text);
	tokenizer_close(t);
	return rc;
}

static void release_added(struct added_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].text);
	free(list->items);
}

void tokenizer_close(struct tokenizer *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->n_splitters; i++)
		free(t->splitters[i].mark);
	release_added(&t->raw);
	release_added(&t->normalized);
	normalizer_close(t->normalizer);
	unigram_close(t->unigram);
	free(t);
}
