#include "manifest/yaml_tree.h"

#include "base/mem.h"
#include "base/text.h"
#include "manifest/yaml_say.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* One list or map that is not closed yet. */
struct open_node {
	struct node *node;
	const struct node **items; /* malloc'ed; n of cap */
	int n, cap;
	const char *anchor; /* or NULL */
};

struct anchor {
	const char *name;
	const struct node *node; /* NULL while it is open */
};

struct reading {
	const char *text;
	size_t len;
	struct arena *arena;
	struct mistakes *ms;
	struct open_node open[YAML_DEPTH_MAX];
	int depth;
	struct anchor *anchors;
	int n_anchors, cap_anchors;
	int n_aliases;
	int n_documents;
	const struct node *root;
	/* A place known in both countings, libyaml's characters and our bytes; moves with the events. */
	size_t at_character, at_byte;
};

static int event_line(const yaml_event_t *e) { return (int)e->start_mark.line + 1; }
static int event_column(const yaml_event_t *e) { return (int)e->start_mark.column + 1; }

#define SAY(r, e, ...) mistake_add((r)->ms, event_line(e), event_column(e), __VA_ARGS__)

/* ---- places --------------------------------------------------------------- */

static bool begins_character(const struct reading *r, size_t byte)
{
	return byte >= r->len || ((unsigned char)r->text[byte] & 0xC0) != 0x80;
}

/* libyaml counts characters; the text is bytes. */
static size_t byte_at(struct reading *r, size_t character)
{
	while (r->at_character < character && r->at_byte < r->len) {
		do
			r->at_byte++;
		while (!begins_character(r, r->at_byte));
		r->at_character++;
	}
	while (r->at_character > character && r->at_byte > 0) {
		do
			r->at_byte--;
		while (!begins_character(r, r->at_byte));
		r->at_character--;
	}
	return r->at_byte;
}

static bool comment_follows(struct reading *r, const yaml_event_t *e)
{
	size_t i = byte_at(r, e->end_mark.index), start = i;

	while (i < r->len && (r->text[i] == ' ' || r->text[i] == '\t'))
		i++;
	return i > start && i < r->len && r->text[i] == '#';
}

/* ---- anchors -------------------------------------------------------------- */

static int add_anchor(struct reading *r, const yaml_event_t *e, const yaml_char_t *name, const struct node *node)
{
	if (!name)
		return 0;
	if (r->n_anchors == YAML_ANCHORS_MAX) {
		SAY(r, e, "more than %d anchors (&): write the values out", YAML_ANCHORS_MAX);
		return -1;
	}
	MEM_GROW(r->anchors, r->n_anchors, r->cap_anchors);
	r->anchors[r->n_anchors].name = arena_strdup(r->arena, (const char *)name);
	r->anchors[r->n_anchors++].node = node;
	return 0;
}

static int find_alias(struct reading *r, const yaml_event_t *e, const struct node **ret)
{
	const char *name = (const char *)e->data.alias.anchor;
	struct shown s;

	if (++r->n_aliases > YAML_ALIASES_MAX) {
		SAY(r, e, "more than %d uses of anchors (*): write the values out", YAML_ALIASES_MAX);
		return -1;
	}
	for (int i = r->n_anchors - 1; i >= 0; i--) {
		if (strcmp(r->anchors[i].name, name) != 0)
			continue;
		*ret = r->anchors[i].node;
		if (*ret)
			return 0;
		SAY(r, e, "'*%s' stands inside its own anchor: a value cannot hold itself", show(&s, name));
		return -1;
	}
	SAY(r, e, "'*%s' names no anchor above it: write '&%s' before the value meant, or put the text in quotes",
	    show(&s, name), s.text);
	return -1;
}

static void close_anchor(struct reading *r, const char *name, const struct node *node)
{
	for (int i = r->n_anchors - 1; name && i >= 0; i--) {
		if (!r->anchors[i].node && !strcmp(r->anchors[i].name, name)) {
			r->anchors[i].node = node;
			return;
		}
	}
}

/* ---- maps ----------------------------------------------------------------- */

static int pair_order(const void *a, const void *b)
{
	const struct node *ka = **(const struct node *const *const *)a, *kb = **(const struct node *const *const *)b;
	int order = strcmp(ka->text, kb->text);

	if (order == 0)
		order = (ka->line > kb->line) - (ka->line < kb->line);
	if (order == 0)
		order = (ka->column > kb->column) - (ka->column < kb->column);
	return order;
}

/* Sorted copies of the pairs: a map with 100,000 sets must not cost their square. */
static void say_duplicate_keys(struct reading *r, struct node *map)
{
	const struct node ***pairs = mem_zalloc((size_t)map->n, sizeof *pairs);
	struct shown s;

	for (int i = 0; i < map->n; i++)
		pairs[i] = &map->items[2 * i];
	qsort(pairs, (size_t)map->n, sizeof *pairs, pair_order);
	for (int i = 1; i < map->n; i++) {
		const struct node *first = *pairs[i - 1], *second = *pairs[i];

		if (strcmp(first->text, second->text) != 0)
			continue;
		map->is_sound = false;
		mistake_add(r->ms, second->line, second->column, "'%s' is written twice, first in line %d: keep one",
			    show(&s, second->text), first->line);
	}
	free(pairs);
}

/* Keys are plain words. Answers whether all are, so that they can be compared. */
static bool check_keys(struct reading *r, const struct node *map)
{
	bool good = true;

	for (int i = 0; i < map->n; i++) {
		const struct node *key = node_key(map, i);

		if (key->kind != NODE_SCALAR || node_is_null(key)) {
			mistake_add(r->ms, key->line, key->column, "a key is a word before ':', found %s", node_kind_text(key));
			good = false;
		} else if (!key->is_quoted && !strcmp(key->text, "<<")) {
			mistake_add(r->ms, key->line, key->column,
				    "'<<' (merge) is not part of YAML 1.2: write the values out, or give the whole map as '*anchor'");
			good = false;
		}
	}
	return good;
}

/* ---- building ------------------------------------------------------------- */

static int attach(struct reading *r, const struct node *node)
{
	struct open_node *o;

	if (r->depth == 0) {
		r->root = node;
		return 0;
	}
	o = &r->open[r->depth - 1];
	MEM_GROW(o->items, o->n, o->cap);
	o->items[o->n++] = node;
	o->node->weight += node->weight;
	if (o->node->weight <= YAML_NODES_MAX)
		return 0;
	mistake_add(r->ms, o->node->line, o->node->column, "anchors and aliases grow to more than %d values here: write less",
		    YAML_NODES_MAX);
	return -1;
}

static struct node *new_node(struct reading *r, const yaml_event_t *e, enum node_kind kind)
{
	struct node *node = arena_alloc(r->arena, 1, sizeof *node);

	node->kind = kind;
	node->line = event_line(e);
	node->column = event_column(e);
	node->weight = 1;
	node->is_sound = true;
	return node;
}

static int check_tag(struct reading *r, const yaml_event_t *e, const yaml_char_t *tag)
{
	if (!tag)
		return 0;
	SAY(r, e, "a '!' begins a tag in YAML, and a manifest has none: leave it out, or put the text in quotes");
	return -1;
}

static int on_scalar(struct reading *r, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;
	yaml_scalar_style_t style = e->data.scalar.style;
	struct node *node;

	if (check_tag(r, e, e->data.scalar.tag))
		return -1;
	if (memchr(text, 0, len)) {
		SAY(r, e, "a text holds the character NUL: remove it");
		return -1;
	}
	node = new_node(r, e, NODE_SCALAR);
	node->text = arena_strndup(r->arena, text, len);
	node->is_quoted = style != YAML_PLAIN_SCALAR_STYLE;
	node->is_block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	node->width = e->end_mark.line == e->start_mark.line ? (int)(e->end_mark.column - e->start_mark.column) : 0;
	node->has_comment = !node->is_quoted && len > 0 && comment_follows(r, e);
	if (add_anchor(r, e, e->data.scalar.anchor, node))
		return -1;
	return attach(r, node);
}

static int on_open(struct reading *r, const yaml_event_t *e)
{
	bool is_map = e->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor = is_map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
	struct open_node *o;

	if (check_tag(r, e, is_map ? e->data.mapping_start.tag : e->data.sequence_start.tag))
		return -1;
	if (r->depth == YAML_DEPTH_MAX) {
		SAY(r, e, "more than %d lists and maps inside each other: a manifest needs six at most", YAML_DEPTH_MAX);
		return -1;
	}
	if (add_anchor(r, e, anchor, NULL))
		return -1;
	o = &r->open[r->depth++];
	memset(o, 0, sizeof *o);
	o->node = new_node(r, e, is_map ? NODE_MAP : NODE_LIST);
	o->node->is_flow = is_map ? e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
				  : e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	o->anchor = anchor ? r->anchors[r->n_anchors - 1].name : NULL;
	return 0;
}

static int on_close(struct reading *r, const yaml_event_t *e)
{
	struct open_node *o = &r->open[--r->depth];
	struct node *node = o->node;

	(void)e;
	node->items = arena_alloc(r->arena, (size_t)o->n + 1, sizeof *node->items);
	if (o->n > 0)
		memcpy(node->items, o->items, (size_t)o->n * sizeof *node->items);
	node->n = node->kind == NODE_MAP ? o->n / 2 : o->n;
	free(o->items);
	o->items = NULL;
	if (node->kind == NODE_MAP) {
		node->is_sound = check_keys(r, node);
		if (node->is_sound && node->n > 1)
			say_duplicate_keys(r, node);
	}
	close_anchor(r, o->anchor, node);
	return attach(r, node);
}

static int on_alias(struct reading *r, const yaml_event_t *e)
{
	const struct node *node;

	return find_alias(r, e, &node) ? -1 : attach(r, node);
}

static int on_document(struct reading *r, const yaml_event_t *e)
{
	if (r->n_documents++ == 0)
		return 0;
	SAY(r, e, "a second document begins here (---): a manifest is one document, put the other in its own file");
	return -1;
}

static int on_nothing(struct reading *r, const yaml_event_t *e)
{
	(void)r;
	(void)e;
	return 0;
}

static int (*const on_event[])(struct reading *, const yaml_event_t *) = {
	[YAML_NO_EVENT] = on_nothing,
	[YAML_STREAM_START_EVENT] = on_nothing,
	[YAML_STREAM_END_EVENT] = on_nothing,
	[YAML_DOCUMENT_START_EVENT] = on_document,
	[YAML_DOCUMENT_END_EVENT] = on_nothing,
	[YAML_ALIAS_EVENT] = on_alias,
	[YAML_SCALAR_EVENT] = on_scalar,
	[YAML_SEQUENCE_START_EVENT] = on_open,
	[YAML_SEQUENCE_END_EVENT] = on_close,
	[YAML_MAPPING_START_EVENT] = on_open,
	[YAML_MAPPING_END_EVENT] = on_close,
};

static void say_problem(struct reading *r, const yaml_parser_t *p)
{
	int line = (int)p->problem_mark.line + 1, column = (int)p->problem_mark.column + 1;

	if (p->error == YAML_READER_ERROR) { /* has an offset in bytes instead of a mark */
		size_t end = p->problem_offset < r->len ? p->problem_offset : r->len, start = end;

		line = 1;
		for (size_t i = 0; i < end; i++)
			line += r->text[i] == '\n';
		while (start > 0 && r->text[start - 1] != '\n')
			start--;
		column = 1;
		for (size_t i = start; i < end; i++)
			column += begins_character(r, i);
	}
	yaml_say(r->ms, r->text, r->len, p->problem ? p->problem : "unknown", line, column, p->context ? (int)p->context_mark.line + 1 : 0,
		 (int)p->context_mark.column + 1);
}

static int read_events(struct reading *r)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool is_end = false;
	int rc = 0;

	if (!yaml_parser_initialize(&parser))
		abort(); /* only when memory is out */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)r->text, r->len);
	while (rc == 0 && !is_end) {
		if (!yaml_parser_parse(&parser, &event)) {
			say_problem(r, &parser);
			rc = -1;
			break;
		}
		is_end = event.type == YAML_STREAM_END_EVENT;
		rc = on_event[event.type](r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return rc;
}

/* ---- the door ------------------------------------------------------------- */

static int check_text(const char *text, size_t len, struct mistakes *ms)
{
	const char *start = text;
	size_t n = len, at = 0;
	uint32_t c;
	int line = 1, column = 1;

	if (len > MANIFEST_BYTES_MAX) {
		mistake_add(ms, 0, 0, "the manifest has %zu bytes, more than the limit of %u: split it", len, MANIFEST_BYTES_MAX);
		return -1;
	}
	if (text_is_utf8(text, len))
		return 0;
	while (n > 0 && (at = text_utf8_next(start, n, &c)) > 0 && c != 0) {
		column = *start == '\n' ? 1 : column + 1;
		line += *start == '\n';
		start += at;
		n -= at;
	}
	/* a UTF-16 file begins with a mark of its own, and has such bytes too */
	if (memchr(text, 0, len) && *(const unsigned char *)text < 0xFE)
		mistake_add(ms, line, column, "what begins here is no text: a manifest is a text file in YAML, saved as UTF-8");
	else
		mistake_add(ms, line, column, "the text is not UTF-8 from here on: save the file as UTF-8");
	return -1;
}

int yaml_tree_read(const char *text, size_t len, struct arena *arena, struct mistakes *ms, const struct node **ret)
{
	static const char mark[] = "\xEF\xBB\xBF"; /* the byte order mark that some editors put first */
	struct reading r = { .arena = arena, .ms = ms };
	int rc;

	if (check_text(text, len, ms))
		return -1;
	if (len >= 3 && !memcmp(text, mark, 3)) {
		text += 3;
		len -= 3;
	}
	r.text = text;
	r.len = len;
	rc = read_events(&r);
	while (r.depth > 0)
		free(r.open[--r.depth].items);
	free(r.anchors);
	if (rc == 0)
		*ret = r.root && !node_is_null(r.root) ? r.root : NULL;
	return rc;
}

const struct node *node_find(const struct node *map, const char *name)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (int i = 0; i < map->n; i++)
		if (node_key(map, i)->kind == NODE_SCALAR && !strcmp(node_key(map, i)->text, name))
			return node_value(map, i);
	return NULL;
}

bool node_is_null(const struct node *n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" }; /* YAML 1.2.2, 10.3.2 */

	if (n->kind != NODE_SCALAR || n->is_quoted)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (!strcmp(n->text, words[i]))
			return true;
	return false;
}

const char *node_kind_text(const struct node *n)
{
	if (node_is_null(n))
		return "nothing";
	return n->kind == NODE_SCALAR ? "a text" : n->kind == NODE_LIST ? "a list" : "a map";
}
