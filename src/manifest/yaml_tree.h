/*
 * manifest/yaml_tree: YAML text as a tree that knows where everything stood.
 *
 * The only user of libyaml, of whose events it takes text and places only; what a
 * text means (number, truth, text) is decided later, by the row it is given to.
 * Refused with a sentence: text that is not UTF-8, over MANIFEST_BYTES_MAX, deeper
 * than YAML_DEPTH_MAX, more than YAML_ANCHORS_MAX anchors or YAML_ALIASES_MAX uses of
 * them, aliases that blow up beyond YAML_NODES_MAX values, an alias inside
 * its own anchor, a second document, "<<", tags, duplicate keys, keys that are no
 * plain words, NUL in a text.
 *
 * An alias gives the very node that the anchor named, so a tree is a graph without
 * cycles: nobody may write to a node, and its place is the anchor's. Nodes live in
 * the arena given. Not thread-safe.
 */
#ifndef MANIFEST_YAML_TREE_H
#define MANIFEST_YAML_TREE_H

#include "base/arena.h"
#include "manifest/mistakes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YAML_DEPTH_MAX 64
#define YAML_ANCHORS_MAX 1000
#define YAML_ALIASES_MAX 10000
#define YAML_NODES_MAX 20000000 /* twice JOBS_MAX: a list with a value for each job, and its jobs' other values */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	int line, column; /* from 1 */
	bool is_quoted;   /* scalar: stood in quotes, or as a block */
	bool is_block;    /* scalar: stood as a block (| or >) */
	bool is_flow;     /* list, map: [ ] or { } */
	bool has_comment; /* scalar: plain, and ` #` follows on its line */
	bool is_sound;    /* map: no duplicate keys (the tree says them itself) */
	int width;        /* scalar: characters that it takes on its line, quotes included; 0: more than one line */
	int n;            /* list: values; map: pairs */
	const struct node **items; /* list: [n]; map: [2 n], key and value in turn */
	const char *text; /* scalar; NUL-terminated, without NUL inside */
	uint64_t weight;  /* nodes below and itself, aliases counted each time; saturates */
};

/* *ret: the top node, NULL for an empty text. -1 after saying what is wrong; mistakes such as duplicate keys, after
 * which the tree is still whole, are said too, with 0. */
int yaml_tree_read(const char *text, size_t len, struct arena *arena, struct mistakes *ms, const struct node **ret) WARN_UNUSED;

static inline const struct node *node_key(const struct node *map, int i) { return map->items[2 * i]; }
static inline const struct node *node_value(const struct node *map, int i) { return map->items[2 * i + 1]; }
const struct node *node_find(const struct node *map, const char *name); /* the value, or NULL; map may be NULL or no map */

/* A plain scalar that says nothing: empty, ~, null. */
bool node_is_null(const struct node *n);
/* "a text", "a list", "a map", for sentences. */
const char *node_kind_text(const struct node *n);

#endif
