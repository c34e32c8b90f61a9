/*
 * The codec's weights: EnCodec's decoder as transformers numbers it, weight norm folded in, convolutions laid out
 * so that each output is one row times one window of a channels-last signal.
 */
#include "engine/model.h"

#include "base/mem.h"
#include "engine/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_BYTES 96
#define NAME_BYTES 160
#define DECODER "audio_encoder.decoder.layers"

/* A convolution's weight with its norm folded in, as the file lays it out; values NULL while measuring. */
struct folded {
	float *values;
	int dims[3];
};

struct norm_spelling {
	const char *direction, *length;
};
static const struct norm_spelling spellings[] = {
	{ "weight_v", "weight_g" },                                                      /* torch.nn.utils.weight_norm */
	{ "parametrizations.weight.original1", "parametrizations.weight.original0" },    /* torch.nn.utils.parametrizations */
};

/* The tensor prefix.weight in whichever spelling the file has; *length NULL: no norm. */
static int find_weight(const struct model *m, const char *prefix, const struct tensor **ret, const struct tensor **length, struct err *err)
{
	char name[NAME_BYTES];
	int64_t first;

	*length = NULL;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		snprintf(name, sizeof(name), "%s.%s", prefix, spellings[i].direction);
		if (!weights_find(m->file, name))
			continue;
		if (weights_need(m->file, name, WEIGHTS_DIMS(-1, -1, -1), ret, err))
			return -1;
		first = (*ret)->dims[0];
		snprintf(name, sizeof(name), "%s.%s", prefix, spellings[i].length);
		return weights_need(m->file, name, WEIGHTS_DIMS(first, 1, 1), length, err);
	}
	snprintf(name, sizeof(name), "%s.weight", prefix);
	return weights_need(m->file, name, WEIGHTS_DIMS(-1, -1, -1), ret, err);
}

/* w[i] = g[i] v[i] / |v[i]| over everything but dimension 0; the sum of squares in double in rising order. */
static int fold(struct folded *f, const struct tensor *v, const struct tensor *g, struct err *err)
{
	size_t n = (size_t)f->dims[1] * (size_t)f->dims[2];
	float *lengths = mem_try((size_t)f->dims[0], sizeof(float));
	int status = lengths ? weights_copy_f32(g, lengths, err) : err_set(err, ERR_MEMORY, "out of memory folding '%s'", v->name);

	for (int i = 0; i < f->dims[0] && !status; i++) {
		float *row = f->values + (size_t)i * n, scale;
		double squares = 0;

		for (size_t j = 0; j < n; j++)
			squares += (double)row[j] * (double)row[j];
		if (!(squares > 0))
			status = err_set(err, ERR_MODEL, "tensor '%s' is all zero at index %d: its weight norm divides by that", v->name, i);
		scale = (float)((double)lengths[i] / sqrt(squares));
		for (size_t j = 0; j < n; j++)
			row[j] *= scale;
	}
	free(lengths);
	return status;
}

/* f->values is the caller's to free. */
static int load_folded(const struct model *m, const char *prefix, struct folded *f, struct err *err)
{
	const struct tensor *v, *g;

	*f = (struct folded){ 0 };
	if (find_weight(m, prefix, &v, &g, err))
		return -1;
	for (int i = 0; i < 3; i++) {
		int most = i == 2 ? MODEL_KERNEL_MAX : MODEL_WIDTH_MAX;

		if (v->dims[i] < 1 || v->dims[i] > most)
			return err_set(err, ERR_MODEL, "tensor '%s': dimension %d is %lld, expected 1 to %d", v->name, i, (long long)v->dims[i],
				       most);
		f->dims[i] = (int)v->dims[i];
	}
	if (!m->owned.base)
		return 0;
	f->values = mem_try(v->n_values, sizeof(float));
	if (!f->values)
		return err_set(err, ERR_MEMORY, "out of memory for %zu values of '%s'", v->n_values, v->name);
	return weights_copy_f32(v, f->values, err) || (g && fold(f, v, g, err)) ? -1 : 0;
}

static int wrong_width(const char *prefix, int found, int expected, struct err *err)
{
	return err_set(err, ERR_MODEL, "tensor '%s': its weight takes %d channels, but the layer before makes %d", prefix, found, expected);
}

/* [out, in, k] to [out, k, in] */
static void lay_conv(float *to, const struct folded *f)
{
	size_t n_out = (size_t)f->dims[0], n_in = (size_t)f->dims[1], taps = (size_t)f->dims[2];

	for (size_t o = 0; o < n_out; o++)
		for (size_t c = 0; c < n_in; c++)
			for (size_t k = 0; k < taps; k++)
				to[(o * taps + k) * n_in + c] = f->values[(o * n_in + c) * taps + k];
}

static int load_conv(struct model *m, const char *prefix, int n_in, int dilation, struct codec_conv *conv, struct err *err)
{
	struct folded f;
	char name[NAME_BYTES];
	float *w;
	int status = -1;

	if (load_folded(m, prefix, &f, err))
		goto out;
	if (f.dims[1] != n_in) {
		wrong_width(prefix, f.dims[1], n_in, err);
		goto out;
	}
	*conv = (struct codec_conv){ .n_in = n_in, .n_out = f.dims[0], .kernel = f.dims[2], .dilation = dilation };
	w = slab_take(&m->owned, (size_t)f.dims[0] * (size_t)f.dims[1] * (size_t)f.dims[2], sizeof(float));
	if (w)
		lay_conv(w, &f);
	conv->w = (struct matrix){ w, WEIGHT_F32, conv->n_out, conv->kernel * n_in };
	snprintf(name, sizeof(name), "%s.bias", prefix);
	status = model_vector(m, name, (size_t)conv->n_out, &conv->bias, err);
out:
	free(f.values);
	return status;
}

/* [in, out, k] to [phase, out, tap, in]: tap i of n_taps, oldest first, meets kernel position phase + (n_taps - 1 - i) * stride. */
static void lay_up(float *to, const struct folded *f, const struct codec_up *up)
{
	size_t n_in = (size_t)up->n_in, n_out = (size_t)up->n_out;

	for (int phase = 0; phase < up->stride; phase++) {
		for (int tap = 0; tap < up->n_taps; tap++) {
			int k = phase + (up->n_taps - 1 - tap) * up->stride;

			for (size_t o = 0; o < n_out && k < up->kernel; o++)
				for (size_t c = 0; c < n_in; c++)
					to[(((size_t)phase * n_out + o) * (size_t)up->n_taps + (size_t)tap) * n_in + c] =
						f->values[(c * n_out + o) * (size_t)up->kernel + (size_t)k];
		}
	}
}

static int load_up(struct model *m, const char *prefix, int n_in, int stride, struct codec_up *up, struct err *err)
{
	struct folded f;
	char name[NAME_BYTES];
	const float *one;
	float *w, *bias;
	int status = -1;

	if (load_folded(m, prefix, &f, err))
		goto out;
	if (f.dims[0] != n_in) {
		wrong_width(prefix, f.dims[0], n_in, err);
		goto out;
	}
	if (f.dims[2] < stride) {
		err_set(err, ERR_MODEL, "tensor '%s' has a kernel of %d, less than its ratio %d", prefix, f.dims[2], stride);
		goto out;
	}
	*up = (struct codec_up){ .n_in = n_in, .n_out = f.dims[1], .kernel = f.dims[2], .stride = stride };
	up->n_taps = (up->kernel + stride - 1) / stride;
	w = slab_take(&m->owned, (size_t)stride * (size_t)up->n_out * (size_t)up->n_taps * (size_t)n_in, sizeof(float));
	if (w)
		lay_up(w, &f, up);
	up->w = (struct matrix){ w, WEIGHT_F32, stride * up->n_out, up->n_taps * n_in };
	snprintf(name, sizeof(name), "%s.bias", prefix);
	bias = slab_take(&m->owned, (size_t)stride * (size_t)up->n_out, sizeof(float));
	up->bias = bias;
	status = model_vector(m, name, (size_t)up->n_out, &one, err);
	for (int phase = 0; bias && !status && phase < stride; phase++)
		memcpy(bias + (size_t)phase * (size_t)up->n_out, one, (size_t)up->n_out * sizeof(float));
out:
	free(f.values);
	return status;
}

static int load_lstm(struct model *m, int index, struct codec_layer *layer, struct err *err)
{
	int width = layer->u.lstm.width;
	char name[NAME_BYTES];

	for (int i = 0; i < layer->u.lstm.n_layers; i++) {
		struct codec_lstm *l = &layer->u.lstm.layers[i];
		const float *b_in, *b_state;
		float *bias;

		snprintf(name, sizeof(name), DECODER ".%d.lstm.weight_ih_l%d", index, i);
		if (weights_matrix(m->file, name, 4 * width, width, &l->w_in, err))
			return -1;
		snprintf(name, sizeof(name), DECODER ".%d.lstm.weight_hh_l%d", index, i);
		if (weights_matrix(m->file, name, 4 * width, width, &l->w_state, err))
			return -1;
		bias = slab_take(&m->owned, 4 * (size_t)width, sizeof(float));
		l->bias = bias;
		snprintf(name, sizeof(name), DECODER ".%d.lstm.bias_ih_l%d", index, i);
		if (model_vector(m, name, 4 * (size_t)width, &b_in, err))
			return -1;
		snprintf(name, sizeof(name), DECODER ".%d.lstm.bias_hh_l%d", index, i);
		if (model_vector(m, name, 4 * (size_t)width, &b_state, err))
			return -1;
		for (size_t j = 0; bias && j < 4 * (size_t)width; j++)
			bias[j] = b_in[j] + b_state[j];
	}
	return 0;
}

static int load_residual(struct model *m, int index, int width, int dilation, struct codec_residual *r, struct err *err)
{
	char name[PREFIX_BYTES];

	*r = (struct codec_residual){ 0 };
	snprintf(name, sizeof(name), DECODER ".%d.block.1.conv", index);
	if (load_conv(m, name, width, dilation, &r->first, err))
		return -1;
	snprintf(name, sizeof(name), DECODER ".%d.block.3.conv", index);
	if (load_conv(m, name, r->first.n_out, 1, &r->second, err))
		return -1;
	if (r->second.n_out != width)
		return wrong_width(name, r->second.n_out, width, err);
	/* The second one and the shortcut are pointwise: the sum lines up sample by sample. */
	if (r->second.kernel != 1)
		return err_set(err, ERR_MODEL, "tensor '%s' has a kernel of %d, expected 1", name, r->second.kernel);
	if (!m->codec.has_conv_shortcut)
		return 0;
	snprintf(name, sizeof(name), DECODER ".%d.shortcut.conv", index);
	if (load_conv(m, name, width, 1, &r->shortcut, err))
		return -1;
	return r->shortcut.n_out == width && r->shortcut.kernel == 1 ?
		       0 :
		       err_set(err, ERR_MODEL, "tensor '%s' must be [%d, %d, 1]", name, width, width);
}

static struct codec_layer *next_layer(struct codec_weights *w, enum codec_kind kind, int width)
{
	struct codec_layer *layer = &w->layers[w->n_layers++];

	*layer = (struct codec_layer){ .kind = kind, .width = width };
	return layer;
}

/* ELU, transposed convolution, residual blocks: one ratio of the decoder. *width: in and out. */
static int load_stage(struct model *m, int stride, int *width, struct err *err)
{
	struct codec_weights *w = &m->codec_w;
	struct codec_layer *layer;
	char name[PREFIX_BYTES];
	int dilation = 1;

	next_layer(w, CODEC_ELU, *width);
	snprintf(name, sizeof(name), DECODER ".%d.conv", w->n_layers);
	layer = next_layer(w, CODEC_UP, 0);
	if (load_up(m, name, *width, stride, &layer->u.up, err))
		return -1;
	*width = layer->width = layer->u.up.n_out;
	for (int i = 0; i < m->codec.n_residual; i++, dilation *= m->codec.dilation_growth) {
		int index = w->n_layers;

		if (dilation > 4096)
			return err_set(err, ERR_MODEL, "audio_encoder.dilation_growth_rate makes a dilation of %d, over 4096", dilation);
		layer = next_layer(w, CODEC_RESIDUAL, *width);
		if (load_residual(m, index, *width, dilation, &layer->u.residual, err))
			return -1;
	}
	return 0;
}

static int load_codebooks(struct model *m, struct err *err)
{
	struct codec_dims *d = &m->codec;
	int need = m->lm.n_codebooks / m->lm.n_channels, codes = -1, width = -1;
	char name[NAME_BYTES];

	for (d->n_codebooks = 0; d->n_codebooks < need; d->n_codebooks++) {
		snprintf(name, sizeof(name), "audio_encoder.quantizer.layers.%d.codebook.embed", d->n_codebooks);
		if (weights_matrix(m->file, name, codes, width, &m->codec_w.codebooks[d->n_codebooks], err))
			return -1;
		codes = m->codec_w.codebooks[0].n_rows;
		width = m->codec_w.codebooks[0].n_cols;
	}
	if (codes < m->lm.n_codes || codes > MODEL_CODES_MAX || width > MODEL_WIDTH_MAX)
		return err_set(err, ERR_MODEL, "the codec's codebooks are [%d, %d], expected [%d, at most %d] for the decoder's heads", codes, width,
			       m->lm.n_codes, MODEL_WIDTH_MAX);
	d->n_codes = codes;
	d->width = width;
	return 0;
}

int model_load_codec(struct model *m, struct err *err)
{
	struct codec_weights *w = &m->codec_w;
	struct codec_layer *layer;
	char name[PREFIX_BYTES];
	int width;

	w->n_layers = 0;
	if (load_codebooks(m, err))
		return -1;
	layer = next_layer(w, CODEC_CONV, 0);
	if (load_conv(m, DECODER ".0.conv", m->codec.width, 1, &layer->u.conv, err))
		return -1;
	width = layer->width = layer->u.conv.n_out;
	if (m->codec.n_lstm > 0) {
		layer = next_layer(w, CODEC_LSTM, width);
		layer->u.lstm.n_layers = m->codec.n_lstm;
		layer->u.lstm.width = width;
		if (load_lstm(m, w->n_layers - 1, layer, err))
			return -1;
	}
	for (int i = 0; i < m->codec.n_ratios; i++) {
		if (load_stage(m, m->codec.ratios[i], &width, err))
			return -1;
	}
	next_layer(w, CODEC_ELU, width);
	snprintf(name, sizeof(name), DECODER ".%d.conv", w->n_layers);
	layer = next_layer(w, CODEC_CONV, 1);
	if (load_conv(m, name, width, 1, &layer->u.conv, err))
		return -1;
	return layer->u.conv.n_out == 1 ? 0 : wrong_width(name, layer->u.conv.n_out, 1, err);
}
