/* yaml_tree: text and places, what was quoted, what a comment cut off; sharing by aliases. */
#include "manifest/yaml_tree.h"

#include "tap.h"

static struct arena arena = ARENA_INIT;
static struct mistakes ms;

static const struct node *parse(const char *text)
{
	const struct node *root = NULL;

	mistakes_init(&ms, &arena);
	if (yaml_tree_read(text, strlen(text), &arena, &ms, &root))
		return NULL;
	return root;
}

static void check_places(void)
{
	const struct node *root = parse("a: 1\nb:\n  - \xC3\xA4 x\n  - [p, \"q\"]\nc: {d: |\n");

	OK(root == NULL && ms.n_mistakes == 1, "half a map is a mistake");
	root = parse("a: 1\nb:\n  - \xC3\xA4: x\n    y: 2\n  - [p, \"q\"]\nc: |\n  text\n");
	if (!OK(root && root->kind == NODE_MAP && root->n == 3, "a map of three"))
		return;
	IS_INT(node_key(root, 1)->line, 2, "line of b");
	IS_INT(node_find(root, "b")->items[1]->line, 5, "line of the list");
	IS_INT(node_find(root, "b")->items[1]->column, 5, "column of the list");
	IS_INT(node_find(root, "b")->items[1]->items[1]->column, 9, "column of q");
	IS_INT(node_value(node_find(root, "b")->items[0], 0)->column, 8, "columns are characters, not bytes");
	OK(node_find(root, "b")->items[1]->is_flow && !node_find(root, "b")->is_flow, "flow and block lists");
	OK(node_find(root, "b")->items[1]->items[1]->is_quoted, "q is quoted");
	IS_INT(node_find(root, "b")->items[1]->items[1]->width, 3, "width with quotes");
	OK(node_find(root, "c")->is_block && node_find(root, "c")->is_quoted, "a block is quoted too");
	IS_TEXT(node_find(root, "c")->text, "text\n", "text of the block");
	OK(!node_find(root, "zz") && !node_find(NULL, "a") && !node_find(node_find(root, "a"), "a"), "what is not there");
}

static void check_comments(void)
{
	static const struct {
		const char *text;
		bool has_comment;
	} rows[] = {
		{ "a: x #y\n", true },
		{ "a: x\t# y\n", true },
		{ "a: \xC3\xA4\xE2\x99\xAB #y\n", true },
		{ "a: x#y\n", false },
		{ "a: x\n# y\n", false },
		{ "a: \"x\" #y\n", false },
		{ "a: [x] #y\n", false },
		{ "a: x\n  y #z\n", true },
		{ "# \xC3\xA4\xC3\xA4\xC3\xA4\na: x\n", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct node *root = parse(rows[i].text), *n = node_find(root, "a");

		OK(n && (n->kind == NODE_SCALAR && n->has_comment) == rows[i].has_comment, "comment after %s", rows[i].text);
	}
}

static void check_aliases(void)
{
	const struct node *root = parse("a: &x [1, 2]\nb: *x\nc: [*x, *x]\nd: &x 3\ne: *x\n");

	if (!OK(root != NULL, "anchors and aliases"))
		return;
	OK(node_find(root, "a") == node_find(root, "b"), "an alias is its anchor's node");
	IS_INT((long long)node_find(root, "c")->weight, 7, "weight counts aliases each time");
	IS_TEXT(node_find(root, "e")->text, "3", "the latest anchor of a name counts");
}

static void check_null(void)
{
	const struct node *root = parse("a:\nb: ~\nc: null\nd: \"\"\ne: nil\nf: 'null'\n");

	OK(root && node_is_null(node_find(root, "a")) && node_is_null(node_find(root, "b")) && node_is_null(node_find(root, "c")),
	   "nothing, ~ and null say nothing");
	OK(root && !node_is_null(node_find(root, "d")) && !node_is_null(node_find(root, "e")) && !node_is_null(node_find(root, "f")),
	   "quoted or other words say something");
	OK(parse("") == NULL && ms.n_mistakes == 0, "an empty text is no tree and no mistake");
	OK(parse("~\n") == NULL && ms.n_mistakes == 0, "nor is null");
}

static void check_size(void)
{
	size_t len = (size_t)MANIFEST_BYTES_MAX + 1;
	char *text = malloc(len);
	const struct node *root = NULL;

	memset(text, '#', len);
	mistakes_init(&ms, &arena);
	OK(yaml_tree_read(text, len, &arena, &ms, &root) == -1 && ms.n_mistakes == 1, "over the limit is a mistake");
	OK(yaml_tree_read(text, len - 1, &arena, &ms, &root) == 0, "at the limit is not");
	free(text);
}

/* 200,000 keys: duplicates are found without comparing all with all. */
static void check_many_keys(void)
{
	struct strbuf text = STRBUF_INIT(MANIFEST_BYTES_MAX);

	for (int i = 0; i < 200000; i++)
		strbuf_addf(&text, "k%d: 1\n", i);
	strbuf_adds(&text, "k77: 2\n");
	OK(parse(text.buf) != NULL && ms.n_mistakes == 1, "one duplicate among 200,000 keys");
	IS_INT(ms.list[0].line, 200001, "at its line");
	strbuf_release(&text);
}

int main(void)
{
	check_places();
	check_comments();
	check_aliases();
	check_null();
	check_size();
	check_many_keys();
	arena_release(&arena);
	return tap_done();
}
