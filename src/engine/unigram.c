#include "engine/unigram.h"

#include "base/arena.h"
#include "base/mem.h"
#include "engine/utf8.h"

#include <math.h>
#include <string.h>

#define PIECES_MAX 1000000
#define UNKNOWN_PENALTY 10.0 /* SentencePiece's kUnkPenalty */

struct piece {
	const char *text;
	size_t len;
	int id;
	double score;
};

struct unigram {
	struct arena arena;
	struct piece *pieces; /* sorted by bytes, a beginning before what it begins */
	size_t n_pieces;
	size_t first[257]; /* where the pieces that begin with a byte begin */
	int n_ids;
	int unknown_id;
	double unknown_score;
};

void id_list_add(struct id_list *list, int id)
{
	if (list->n < list->max)
		list->ids[list->n] = id;
	list->n++;
}

/* ---- opening --------------------------------------------------------------------------------------------- */

static int compare_text(const struct piece *a, const struct piece *b)
{
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_pieces(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	int order = compare_text(x, y);

	return order ? order : (x->id > y->id) - (x->id < y->id);
}

static int read_piece(struct unigram *u, const struct json *entry, struct err *err)
{
	const struct json *text = json_first(entry), *score = text ? json_next(text) : NULL;
	struct piece *p = &u->pieces[u->n_pieces];

	if (!json_is_array(entry) || !json_is_string(text) || !json_is_number(score) || !isfinite(json_number(score, 0)))
		return err_set(err, ERR_MODEL, "entry %d of the vocabulary is no pair of a text and a number", u->n_ids);
	p->text = arena_strdup(&u->arena, json_string(text, ""));
	p->len = strlen(p->text);
	p->score = json_number(score, 0);
	p->id = u->n_ids++;
	if (p->len)
		u->n_pieces++;
	if (p->score < u->unknown_score)
		u->unknown_score = p->score;
	return 0;
}

/* Of pieces that are there twice the last counts. */
static void drop_doubles(struct unigram *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n_pieces; i++) {
		if (n && !compare_text(&u->pieces[n - 1], &u->pieces[i]))
			n--;
		u->pieces[n++] = u->pieces[i];
	}
	u->n_pieces = n;
}

static void index_first_bytes(struct unigram *u)
{
	size_t i = 0;

	for (int c = 0; c <= 256; c++) {
		while (i < u->n_pieces && (unsigned char)u->pieces[i].text[0] < c)
			i++;
		u->first[c] = i;
	}
}

static int read_model(struct unigram *u, const struct json *model, struct err *err)
{
	const char *type = json_string(json_member(model, "type"), "");
	const struct json *vocab = json_member(model, "vocab");
	double unknown;

	if (strcmp(type, "Unigram") || !json_is_array(vocab))
		return err_set(err, ERR_MODEL, "its model has the type '%s'; expected 'Unigram' with an array 'vocab'", type);
	if (json_bool(json_member(model, "byte_fallback"), false))
		return err_set(err, ERR_MODEL, "its model wants 'byte_fallback', which T5 does not use and we do not know");
	if (json_count(vocab) > PIECES_MAX)
		return err_set(err, ERR_MODEL, "its vocabulary has %zu pieces; at most %d are expected", json_count(vocab), PIECES_MAX);
	u->pieces = mem_zalloc(json_count(vocab) + 1, sizeof *u->pieces);
	u->unknown_score = HUGE_VAL;
	for (const struct json *n = json_first(vocab); n; n = json_next(n))
		if (read_piece(u, n, err))
			return -1;
	unknown = json_number(json_member(model, "unk_id"), -1);
	if (!(unknown >= 0 && unknown < u->n_ids))
		return err_set(err, ERR_MODEL, "its model's 'unk_id' is no place in its vocabulary of %d pieces", u->n_ids);
	u->unknown_id = (int)unknown;
	u->unknown_score -= UNKNOWN_PENALTY;
	qsort(u->pieces, u->n_pieces, sizeof *u->pieces, compare_pieces);
	drop_doubles(u);
	index_first_bytes(u);
	return 0;
}

int unigram_open(struct unigram **ret, const struct json *model, struct err *err)
{
	struct unigram *u = mem_zalloc(1, sizeof *u);

	if (read_model(u, model, err)) {
		unigram_close(u);
		return -1;
	}
	*ret = u;
	return 0;
}

void unigram_close(struct unigram *u)
{
	if (!u)
		return;
	free(u->pieces);
	arena_release(&u->arena);
	free(u);
}

int unigram_n_pieces(const struct unigram *u)
{
	return u->n_ids;
}

/* ---- looking up --------------------------------------------------------------------------------------------- */

/* First of the pieces low..high-1, which agree before `depth`, whose byte there is not below c. */
static size_t lower_bound(const struct unigram *u, size_t low, size_t high, size_t depth, int c)
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct piece *p = &u->pieces[middle];

		if (p->len > depth && (unsigned char)p->text[depth] >= c)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* A walk along the bytes of a text: the pieces low..high-1 begin with the `depth` bytes seen. */
struct walk {
	size_t low, high, depth;
};

/* The piece that ends with this byte, or NULL. low == high afterwards: nothing longer either. */
static const struct piece *walk_step(const struct unigram *u, struct walk *w, unsigned char byte)
{
	if (w->depth == 0) {
		w->low = u->first[byte];
		w->high = u->first[byte + 1];
	} else {
		w->low = lower_bound(u, w->low, w->high, w->depth, byte);
		w->high = lower_bound(u, w->low, w->high, w->depth, byte + 1);
	}
	w->depth++;
	return w->low < w->high && u->pieces[w->low].len == w->depth ? &u->pieces[w->low] : NULL;
}

int unigram_id(const struct unigram *u, const char *piece, size_t len)
{
	struct piece key = { piece, len, 0, 0 };
	size_t low = 0, high = u->n_pieces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_text(&u->pieces[middle], &key);

		if (!order)
			return u->pieces[middle].id;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* ---- the best segmentation ------------------------------------------------------------------------------------ */

/* The best way to get to a place of the text: from where, by which piece, with what sum. */
struct node {
	double score;
	size_t from;
	int id;
	bool is_reached;
};

static void offer(struct node *to, double score, size_t from, int id)
{
	if (!to->is_reached || score > to->score)
		*to = (struct node){ score, from, id, true };
}

static void find_paths(const struct unigram *u, const char *text, size_t len, struct node *nodes)
{
	for (size_t at = 0, step; at < len; at += step) {
		struct walk w = { 0, 0, 0 };
		bool has_single = false;
		uint32_t code;

		step = utf8_next(text + at, len - at, &code);
		for (size_t end = at; end < len && (end == at || w.low < w.high); end++) {
			const struct piece *p = walk_step(u, &w, (unsigned char)text[end]);

			if (!p)
				continue;
			offer(&nodes[end + 1], p->score + nodes[at].score, at, p->id);
			has_single |= p->len == step;
		}
		if (!has_single)
			offer(&nodes[at + step], u->unknown_score + nodes[at].score, at, u->unknown_id);
	}
}

/* Turns the links around: from the start, `from` of a place is where the piece that begins there ends. */
static void turn_around(struct node *nodes, size_t len)
{
	size_t end = len, next = len;
	int next_id = 0;

	for (;;) {
		struct node n = nodes[end];

		nodes[end].from = next;
		nodes[end].id = next_id;
		if (end == 0)
			return;
		next = end;
		next_id = n.id;
		end = n.from;
	}
}

static void emit(const struct unigram *u, const char *text, size_t len, const struct node *nodes, struct id_list *out)
{
	for (size_t at = 0; at < len;) {
		size_t begin = at;
		int id = nodes[at].id;

		at = nodes[at].from;
		if (id == u->unknown_id) {
			while (at < len && nodes[at].id == u->unknown_id)
				at = nodes[at].from;
			id = unigram_id(u, text + begin, at - begin);
			id = id < 0 ? u->unknown_id : id;
		}
		id_list_add(out, id);
	}
}

int unigram_encode(const struct unigram *u, const char *text, size_t len, struct id_list *out, struct err *err)
{
	struct node *nodes;

	if (!len)
		return 0;
	nodes = mem_try(len + 1, sizeof *nodes);
	if (!nodes)
		return err_set(err, ERR_MEMORY, "no memory for %zu places of a text", len + 1);
	nodes[0].is_reached = true;
	find_paths(u, text, len, nodes);
	turn_around(nodes, len);
	emit(u, text, len, nodes, out);
	free(nodes);
	return 0;
}
