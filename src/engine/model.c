#include "engine/model.h"

#include "base/fs.h"
#include "base/mathf.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/weights.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 160
#define CONFIG_BYTES_MAX (1024 * 1024)
#define T5_BIAS "text_encoder.encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
#define LN_10000 9.210340371976184 /* the period of the slowest sinusoid is 10000 * 2 pi (musicgen.md 3.1) */

/* One tensor of a layer: where it goes, its name after the layer's prefix, its shape as indices into the layer's dims. */
struct tensor_row {
	const char *name;
	size_t field;
	int rows, cols; /* cols NO_DIM: a vector of `rows` values */
};

enum { NO_DIM = -1, WIDTH, INNER, FFN, N_DIMS };

static const struct tensor_row t5_rows[] = {
	{ "layer.0.layer_norm.weight", offsetof(struct t5_layer, attn_norm), WIDTH, NO_DIM },
	{ "layer.0.SelfAttention.q.weight", offsetof(struct t5_layer, q), INNER, WIDTH },
	{ "layer.0.SelfAttention.k.weight", offsetof(struct t5_layer, k), INNER, WIDTH },
	{ "layer.0.SelfAttention.v.weight", offsetof(struct t5_layer, v), INNER, WIDTH },
	{ "layer.0.SelfAttention.o.weight", offsetof(struct t5_layer, o), WIDTH, INNER },
	{ "layer.1.layer_norm.weight", offsetof(struct t5_layer, ffn_norm), WIDTH, NO_DIM },
	{ "layer.1.DenseReluDense.wo.weight", offsetof(struct t5_layer, wo), WIDTH, FFN },
	{ NULL, 0, 0, 0 },
};
static const struct tensor_row t5_plain_rows[] = {
	{ "layer.1.DenseReluDense.wi.weight", offsetof(struct t5_layer, wi), FFN, WIDTH },
	{ NULL, 0, 0, 0 },
};
static const struct tensor_row t5_gated_rows[] = {
	{ "layer.1.DenseReluDense.wi_0.weight", offsetof(struct t5_layer, wi), FFN, WIDTH },
	{ "layer.1.DenseReluDense.wi_1.weight", offsetof(struct t5_layer, wi_gate), FFN, WIDTH },
	{ NULL, 0, 0, 0 },
};
static const struct tensor_row lm_rows[] = {
	{ "self_attn_layer_norm.weight", offsetof(struct lm_layer, self_norm.w), WIDTH, NO_DIM },
	{ "self_attn_layer_norm.bias", offsetof(struct lm_layer, self_norm.b), WIDTH, NO_DIM },
	{ "self_attn.q_proj.weight", offsetof(struct lm_layer, self_q), WIDTH, WIDTH },
	{ "self_attn.k_proj.weight", offsetof(struct lm_layer, self_k), WIDTH, WIDTH },
	{ "self_attn.v_proj.weight", offsetof(struct lm_layer, self_v), WIDTH, WIDTH },
	{ "self_attn.out_proj.weight", offsetof(struct lm_layer, self_out), WIDTH, WIDTH },
	/* The norm before the FFN, despite its name; the decoder's last norm is layer_norm (musicgen.md 15). */
	{ "final_layer_norm.weight", offsetof(struct lm_layer, ffn_norm.w), WIDTH, NO_DIM },
	{ "final_layer_norm.bias", offsetof(struct lm_layer, ffn_norm.b), WIDTH, NO_DIM },
	{ "fc1.weight", offsetof(struct lm_layer, fc1), FFN, WIDTH },
	{ "fc2.weight", offsetof(struct lm_layer, fc2), WIDTH, FFN },
	{ NULL, 0, 0, 0 },
};
static const struct tensor_row lm_cross_rows[] = {
	{ "encoder_attn_layer_norm.weight", offsetof(struct lm_layer, cross_norm.w), WIDTH, NO_DIM },
	{ "encoder_attn_layer_norm.bias", offsetof(struct lm_layer, cross_norm.b), WIDTH, NO_DIM },
	{ "encoder_attn.q_proj.weight", offsetof(struct lm_layer, cross_q), WIDTH, WIDTH },
	{ "encoder_attn.k_proj.weight", offsetof(struct lm_layer, cross_k), WIDTH, WIDTH },
	{ "encoder_attn.v_proj.weight", offsetof(struct lm_layer, cross_v), WIDTH, WIDTH },
	{ "encoder_attn.out_proj.weight", offsetof(struct lm_layer, cross_out), WIDTH, WIDTH },
	{ NULL, 0, 0, 0 },
};
static const struct tensor_row no_rows[] = { { NULL, 0, 0, 0 } };

int model_vector(struct model *m, const char *name, size_t n, const float **ret, struct err *err)
{
	const struct tensor *t;
	float *mine = slab_take(&m->owned, n, sizeof(float));

	*ret = mine;
	if (mine)
		return weights_vector_f32(m->file, name, n, mine, err);
	if (weights_need(m->file, name, WEIGHTS_DIMS((int64_t)n), &t, err))
		return -1;
	return 0;
}

/* The tensors of one layer, as the table says, into the struct at `to`. */
static int load_rows(struct model *m, const struct tensor_row *rows, const char *prefix, const int *dims, void *to, struct err *err)
{
	char name[NAME_BYTES];

	for (; rows->name; rows++) {
		void *field = (char *)to + rows->field;
		int status;

		snprintf(name, sizeof(name), "%s%s", prefix, rows->name);
		if (rows->cols == NO_DIM)
			status = model_vector(m, name, (size_t)dims[rows->rows], field, err);
		else
			status = weights_matrix(m->file, name, dims[rows->rows], dims[rows->cols], field, err);
		if (status)
			return -1;
	}
	return 0;
}

/* Both dimensions of a matrix, each of which must be at most its cap. */
static int shape_of(const struct model *m, const char *name, int *rows, int rows_max, int *cols, int cols_max, struct err *err)
{
	const struct tensor *t;

	if (weights_need(m->file, name, WEIGHTS_DIMS(-1, -1), &t, err))
		return -1;
	if (t->dims[0] < 1 || t->dims[0] > rows_max || t->dims[1] < 1 || t->dims[1] > cols_max)
		return err_set(err, ERR_MODEL, "'%s': tensor '%s' has the shape [%lld, %lld]; expected at most [%d, %d]", t->file, name,
			       (long long)t->dims[0], (long long)t->dims[1], rows_max, cols_max);
	*rows = (int)t->dims[0];
	*cols = (int)t->dims[1];
	return 0;
}

/* What the tensors show wins over what the config says. */
static int adopt_t5(struct model *m, const char *embed, struct err *err)
{
	struct t5_dims *d = &m->t5;
	int inner, width;

	if (shape_of(m, embed, &d->vocab, MODEL_VOCAB_MAX, &d->width, MODEL_WIDTH_MAX, err) ||
	    shape_of(m, T5_BIAS, &d->n_buckets, 4096, &d->n_heads, 1024, err) ||
	    shape_of(m, "text_encoder.encoder.block.0.layer.0.SelfAttention.q.weight", &inner, MODEL_WIDTH_MAX, &width, MODEL_WIDTH_MAX, err) ||
	    shape_of(m, "text_encoder.encoder.block.0.layer.1.DenseReluDense.wo.weight", &width, MODEL_WIDTH_MAX, &d->ffn, MODEL_FFN_MAX, err))
		return -1;
	if (inner % d->n_heads)
		return err_set(err, ERR_MODEL, "the text encoder's q.weight has %d rows, which its %d heads do not divide", inner, d->n_heads);
	if (d->n_buckets < 4 || d->n_buckets % 4 || d->max_distance <= d->n_buckets / 4)
		return err_set(err, ERR_MODEL,
			       "text_encoder: %d buckets of relative positions and max distance %d; expected a multiple of 4 buckets and a distance over a quarter of them",
			       d->n_buckets, d->max_distance);
	d->head_width = inner / d->n_heads;
	return 0;
}

/* A matrix in the file; small, and read by single values. */
static int load_t5_bias(struct model *m, struct err *err)
{
	size_t n = (size_t)m->t5.n_buckets * (size_t)m->t5.n_heads;
	float *bias = slab_take(&m->owned, n, sizeof(float));

	m->t5_w.bias = bias;
	return bias ? weights_vector_f32(m->file, T5_BIAS, n, bias, err) : 0;
}

int model_load_t5(struct model *m, struct err *err)
{
	const char *embed = "text_encoder.shared.weight";
	char prefix[NAME_BYTES];
	int dims[N_DIMS];

	/* The two are tied; a file may hold either or both. */
	if (!weights_find(m->file, embed))
		embed = "text_encoder.encoder.embed_tokens.weight";
	if (adopt_t5(m, embed, err) || weights_matrix(m->file, embed, m->t5.vocab, m->t5.width, &m->t5_w.embed, err))
		return -1;
	dims[WIDTH] = m->t5.width;
	dims[INNER] = m->t5.n_heads * m->t5.head_width;
	dims[FFN] = m->t5.ffn;
	for (int i = 0; i < m->t5.n_layers; i++) {
		snprintf(prefix, sizeof(prefix), "text_encoder.encoder.block.%d.", i);
		if (load_rows(m, t5_rows, prefix, dims, &m->t5_w.layers[i], err) ||
		    load_rows(m, m->t5.is_gated ? t5_gated_rows : t5_plain_rows, prefix, dims, &m->t5_w.layers[i], err))
			return -1;
	}
	if (model_vector(m, "text_encoder.encoder.final_layer_norm.weight", (size_t)m->t5.width, &m->t5_w.final_norm, err))
		return -1;
	return load_t5_bias(m, err);
}

static int adopt_lm(struct model *m, struct err *err)
{
	struct lm_dims *d = &m->lm;
	int width;

	if (shape_of(m, "decoder.lm_heads.0.weight", &d->n_codes, MODEL_CODES_MAX, &d->width, MODEL_WIDTH_MAX, err) ||
	    shape_of(m, "decoder.model.decoder.layers.0.fc1.weight", &d->ffn, MODEL_FFN_MAX, &width, MODEL_WIDTH_MAX, err))
		return -1;
	if (d->width % d->n_heads || d->width % 2 || d->width < 4)
		return err_set(err, ERR_MODEL, "the decoder is %d wide; expected an even number that decoder.num_attention_heads %d divides",
			       d->width, d->n_heads);
	d->head_width = d->width / d->n_heads;
	return 0;
}

/* enc_to_dec_proj may be missing when both sides are as wide. */
static int load_projection(struct model *m, struct err *err)
{
	struct lm_weights *w = &m->lm_w;

	w->project = (struct matrix){ 0 };
	if (!weights_find(m->file, "enc_to_dec_proj.weight") && m->t5.width == m->lm.width)
		return 0;
	if (weights_matrix(m->file, "enc_to_dec_proj.weight", m->lm.width, m->t5.width, &w->project, err))
		return -1;
	return model_vector(m, "enc_to_dec_proj.bias", (size_t)m->lm.width, &w->project_bias, err);
}

/* A class is one of the projection's inputs set to 1: its row is that column and the bias. */
static int load_melody(struct model *m, struct err *err)
{
	size_t width = (size_t)m->lm.width;
	float *rows = slab_take(&m->owned, CHROMA_CLASSES * width, sizeof(float));
	float *project = slab_take(&m->owned, CHROMA_CLASSES * width, sizeof(float));
	const struct tensor *t;
	const float *bias;

	m->lm_w.melody = rows;
	if (weights_need(m->file, "audio_enc_to_dec_proj.weight", WEIGHTS_DIMS((int64_t)width, CHROMA_CLASSES), &t, err) ||
	    (project && weights_copy_f32(t, project, err)) || model_vector(m, "audio_enc_to_dec_proj.bias", width, &bias, err))
		return -1;
	for (size_t i = 0; rows && i < CHROMA_CLASSES * width; i++)
		rows[i] = project[i % width * CHROMA_CLASSES + i / width] + bias[i % width];
	return 0;
}

static void load_positions(struct model *m)
{
	struct lm_weights *w = &m->lm_w;
	float *table;

	w->n_positions = m->lm.window_frames + model_n_delays(&m->lm) + model_n_before(&m->lm, ENGINE_PROMPT_TOKENS_MAX);
	table = slab_take(&m->owned, (size_t)w->n_positions * (size_t)m->lm.width, sizeof(float));
	w->positions = table;
	for (int i = 0; table && i < w->n_positions; i++)
		model_position(table + (size_t)i * (size_t)m->lm.width, i, m->lm.width);
}

int model_load_lm(struct model *m, struct err *err)
{
	struct lm_weights *w = &m->lm_w;
	const struct tensor_row *cross_rows = m->lm.melody_classes > 0 ? no_rows : lm_cross_rows;
	char name[NAME_BYTES];
	int dims[N_DIMS];

	if (adopt_lm(m, err) || load_projection(m, err) || (m->lm.melody_classes > 0 && load_melody(m, err)))
		return -1;
	load_positions(m);
	for (int k = 0; k < m->lm.n_codebooks; k++) {
		snprintf(name, sizeof(name), "decoder.model.decoder.embed_tokens.%d.weight", k);
		if (weights_matrix(m->file, name, m->lm.n_codes + 1, m->lm.width, &w->embed[k], err))
			return -1;
		snprintf(name, sizeof(name), "decoder.lm_heads.%d.weight", k);
		if (weights_matrix(m->file, name, m->lm.n_codes, m->lm.width, &w->heads[k], err))
			return -1;
	}
	dims[WIDTH] = dims[INNER] = m->lm.width;
	dims[FFN] = m->lm.ffn;
	for (int i = 0; i < m->lm.n_layers; i++) {
		snprintf(name, sizeof(name), "decoder.model.decoder.layers.%d.", i);
		if (load_rows(m, lm_rows, name, dims, &w->layers[i], err) || load_rows(m, cross_rows, name, dims, &w->layers[i], err))
			return -1;
	}
	return model_vector(m, "decoder.model.decoder.layer_norm.weight", (size_t)m->lm.width, &w->final_norm.w, err) ||
			       model_vector(m, "decoder.model.decoder.layer_norm.bias", (size_t)m->lm.width, &w->final_norm.b, err) ?
		       -1 :
		       0;
}

void model_position(float *out, int position, int width)
{
	int half = width / 2;
	float step = (float)(LN_10000 / (half - 1));

	/* Frequency and angle are rounded to f32, as they were when the models were trained: at position 1500 an angle kept
	 * in double differs from theirs by up to 1e-4. */
	for (int i = 0; i < half; i++) {
		float frequency = (float)mathd_exp((double)((float)i * -step));
		float angle = (float)position * frequency;

		out[i] = (float)mathd_cos((double)angle);
		out[half + i] = (float)mathd_sin((double)angle);
	}
}

/* A file that may be missing: then it says nothing, and all is as published. */
static int read_optional(struct model *m, const char *dir, const char *name,
			 int (*read)(struct model *, const char *, size_t, const char *, struct err *), struct err *err)
{
	struct strbuf text = STRBUF_INIT(CONFIG_BYTES_MAX);
	char *path = fs_join(dir, name);
	int status;

	if (!fs_exists(path))
		status = read(m, "{}", 2, dir, err);
	else if ((status = fs_read(path, &text, err)) == 0)
		status = read(m, text.buf, text.len, dir, err);
	if (status && err)
		err->code = ERR_MODEL;
	strbuf_release(&text);
	free(path);
	return status;
}

static int read_beside_config(struct model *m, const char *dir, struct err *err)
{
	if (read_optional(m, dir, "generation_config.json", model_read_generation, err))
		return -1;
	return m->lm.melody_classes > 0 ? read_optional(m, dir, "preprocessor_config.json", model_read_preprocessor, err) : 0;
}

static int load_parts(struct model *m, struct err *err)
{
	return model_load_t5(m, err) || model_load_lm(m, err) || model_load_codec(m, err) ? -1 : 0;
}

/* load_parts measures the owned block when it runs first, and fills it when it runs again. */
static int load(struct model *m, const char *dir, const char *config_path, bool only_measure, struct err *err)
{
	struct strbuf text = STRBUF_INIT(CONFIG_BYTES_MAX);
	int status = -1;

	if (fs_read(config_path, &text, err)) {
		err->code = ERR_MODEL;
		err_wrap(err, "'%s' is no checkpoint folder", dir);
		goto out;
	}
	if (model_read_config(m, text.buf, text.len, dir, err) || read_beside_config(m, dir, err) || weights_open(&m->file, dir, err))
		goto out;
	status = load_parts(m, err);
	m->weight_bytes = weights_total_bytes(m->file) + m->owned.n_used;
	if (!status && !only_measure)
		status = slab_make(&m->owned, "folded weights", err) || load_parts(m, err) ? -1 : 0;
	if (status)
		err_wrap(err, "checkpoint '%s'", dir);
out:
	strbuf_release(&text);
	return status;
}

static int open_model(struct model **ret, const char *dir, bool only_measure, struct err *err)
{
	struct model *m = mem_zalloc(1, sizeof(*m));
	char *path = fs_join(dir, "config.json");
	int status = load(m, dir, path, only_measure, err);

	free(path);
	if (status) {
		model_close(m);
		return -1;
	}
	*ret = m;
	return 0;
}

int model_open(struct model **ret, const char *dir, struct err *err)
{
	return open_model(ret, dir, false, err);
}

int model_measure(struct model **ret, const char *dir, struct err *err)
{
	return open_model(ret, dir, true, err);
}

void model_close(struct model *m)
{
	if (!m)
		return;
	weights_close(m->file);
	slab_free(&m->owned);
	free(m);
}
