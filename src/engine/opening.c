#include "engine/opening.h"

/* What a key is of, so that none of one kind is one of the other's. */
enum key_kind { KEY_TEXT, KEY_OPENING };

static void add_numbers(struct hash_state *st, const int *numbers, int n)
{
	hash_add(st, numbers, (size_t)n * sizeof(*numbers));
}

void opening_text_key(const int *ids, int n_ids, unsigned char key[HASH_BYTES])
{
	struct hash_state *st = hash_begin();
	int head[] = { KEY_TEXT, n_ids };

	add_numbers(st, head, 2);
	add_numbers(st, ids, n_ids);
	hash_end(st, key);
}

void opening_key(const struct opening *o, unsigned char key[HASH_BYTES])
{
	struct hash_state *st = hash_begin();
	int head[] = { KEY_OPENING, o->n_classes, o->n_text, o->n_ids, o->pattern.n_known };
	uint16_t column[MODEL_CODEBOOKS_MAX];

	add_numbers(st, head, (int)(sizeof(head) / sizeof(head[0])));
	for (int i = 0; i < o->n_classes; i++)
		hash_add(st, o->classes ? &o->classes[i] : &(const uint8_t){ 0 }, 1);
	add_numbers(st, o->ids, o->n_ids);
	for (int i = 0; i < o->pattern.n_known; i++) {
		pattern_column(&o->pattern, o->codes, i, column);
		hash_add(st, column, (size_t)o->pattern.n_codebooks * sizeof(*column));
	}
	hash_end(st, key);
}

/* The row of one position: of the melody, of the text, or a column of codes. */
static void lay_row(const struct prefill *p, const struct prefill_bench *bench, struct lm_row *row, uint16_t *ids, int position)
{
	const struct opening *o = &p->opening;
	const struct model *m = bench->lm->model;
	size_t width = (size_t)m->lm.width;
	int text = position - o->n_classes, column = text - o->n_text;

	*row = (struct lm_row){ .position = position, .self = p->self, .cross = p->cross, .n_cross = p->n_cross };
	if (text < 0) {
		row->vector = m->lm_w.melody + (size_t)(o->classes ? o->classes[position] : 0) * width;
	} else if (column < 0) {
		row->vector = p->condition ? p->condition + (size_t)text * width : bench->zero;
	} else {
		pattern_column(&o->pattern, o->codes, column, ids);
		row->ids = ids;
	}
}

bool prefill_pass(struct prefill *p, const struct prefill_bench *bench)
{
	int n_left = opening_positions(&p->opening) - p->n_done, n = n_left < bench->lm->max_rows ? n_left : bench->lm->max_rows;

	for (int i = 0; i < n; i++)
		lay_row(p, bench, &bench->rows[i], bench->ids + (size_t)i * (size_t)p->opening.pattern.n_codebooks, p->n_done + i);
	lm_forward(bench->lm, bench->rows, n, NULL);
	p->n_done += n;
	return n == n_left;
}
