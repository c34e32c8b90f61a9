/*
 * Weight norm folded in, convolutions laid out so that each output is one row times one window of a channels-last signal.
 */
#include "engine/model_codec_parts.h"

#include "base/mem.h"
#include "engine/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 160

/* A convolution's weight with its norm folded in, as the file lays it out; values NULL while measuring. */
struct folded {
	const struct tensor *from;
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
			status = err_set(err, ERR_MODEL, "'%s': tensor '%s' is all zero at index %d: its weight norm divides by that", v->file,
					 v->name, i);
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
	f->from = v;
	for (int i = 0; i < 3; i++) {
		int most = i == 2 ? MODEL_KERNEL_MAX : MODEL_WIDTH_MAX;

		if (v->dims[i] < 1 || v->dims[i] > most)
			return err_set(err, ERR_MODEL, "'%s': tensor '%s': dimension %d is %lld, expected 1 to %d", v->file, v->name, i,
				       (long long)v->dims[i], most);
		f->dims[i] = (int)v->dims[i];
	}
	if (!m->owned.base)
		return 0;
	f->values = mem_try(v->n_values, sizeof(float));
	if (!f->values)
		return err_set(err, ERR_MEMORY, "out of memory for %zu values of '%s'", v->n_values, v->name);
	return weights_copy_f32(v, f->values, err) || (g && fold(f, v, g, err)) ? -1 : 0;
}

/* Some samples between two windows would be in none. */
static int check_kernel(const struct folded *f, int stride, struct err *err)
{
	return f->dims[2] < stride ? err_set(err, ERR_MODEL, "has a kernel of %d, expected at least its ratio %d", f->dims[2], stride) : 0;
}

static int check_taken(int found, int expected, struct err *err)
{
	return found != expected ? err_set(err, ERR_MODEL, "takes %d channels, but the layer before makes %d", found, expected) : 0;
}

static int check_conv(const struct folded *f, const struct codec_conv *conv, struct err *err)
{
	if (check_taken(f->dims[1], conv->n_in, err))
		return -1;
	if (conv->n_out && f->dims[0] != conv->n_out)
		return err_set(err, ERR_MODEL, "makes %d channels, expected %d", f->dims[0], conv->n_out);
	if (conv->kernel && f->dims[2] != conv->kernel)
		return err_set(err, ERR_MODEL, "has a kernel of %d, expected %d", f->dims[2], conv->kernel);
	return check_kernel(f, conv->stride, err);
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

int codec_load_conv(struct model *m, const char *prefix, struct codec_conv *conv, struct err *err)
{
	struct folded f;
	char name[NAME_BYTES];
	float *w;
	int status = -1;

	if (load_folded(m, prefix, &f, err))
		goto out;
	if (check_conv(&f, conv, err)) {
		err_wrap(err, "'%s': tensor '%s'", f.from->file, f.from->name);
		goto out;
	}
	conv->n_out = f.dims[0];
	conv->kernel = f.dims[2];
	w = slab_take(&m->owned, (size_t)f.dims[0] * (size_t)f.dims[1] * (size_t)f.dims[2], sizeof(float));
	if (w)
		lay_conv(w, &f);
	conv->w = (struct matrix){ w, WEIGHT_F32, conv->n_out, conv->kernel * conv->n_in };
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

int codec_load_up(struct model *m, const char *prefix, struct codec_up *up, struct err *err)
{
	int stride = up->stride, n_in = up->n_in;
	struct folded f;
	char name[NAME_BYTES];
	const float *one;
	float *w, *bias;
	int status = -1;

	if (load_folded(m, prefix, &f, err))
		goto out;
	if (check_taken(f.dims[0], n_in, err) || check_kernel(&f, stride, err)) {
		err_wrap(err, "'%s': tensor '%s'", f.from->file, f.from->name);
		goto out;
	}
	up->n_out = f.dims[1];
	up->kernel = f.dims[2];
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

int codec_matrix(struct model *m, const char *name, int rows, int cols, struct matrix *ret, struct err *err)
{
	if (weights_matrix(m->file, name, rows, cols, ret, err))
		return -1;
	return m->owned.base ? weights_check_finite(weights_find(m->file, name), err) : 0;
}

int codec_load_lstm(struct model *m, const char *prefix, struct codec_layer *layer, struct err *err)
{
	int width = layer->u.lstm.width;
	char name[NAME_BYTES];

	for (int i = 0; i < layer->u.lstm.n_layers; i++) {
		struct codec_lstm *l = &layer->u.lstm.layers[i];
		const float *b_in, *b_state;
		float *bias;

		snprintf(name, sizeof(name), "%s.lstm.weight_ih_l%d", prefix, i);
		if (codec_matrix(m, name, 4 * width, width, &l->w_in, err))
			return -1;
		snprintf(name, sizeof(name), "%s.lstm.weight_hh_l%d", prefix, i);
		if (codec_matrix(m, name, 4 * width, width, &l->w_state, err))
			return -1;
		bias = slab_take(&m->owned, 4 * (size_t)width, sizeof(float));
		l->bias = bias;
		snprintf(name, sizeof(name), "%s.lstm.bias_ih_l%d", prefix, i);
		if (model_vector(m, name, 4 * (size_t)width, &b_in, err))
			return -1;
		snprintf(name, sizeof(name), "%s.lstm.bias_hh_l%d", prefix, i);
		if (model_vector(m, name, 4 * (size_t)width, &b_state, err))
			return -1;
		for (size_t j = 0; bias && j < 4 * (size_t)width; j++)
			bias[j] = b_in[j] + b_state[j];
	}
	return 0;
}

/* A plain convolution of a residual block. conv: as codec_load_conv takes it, its stride is 1. */
static int load_inner(struct model *m, const char *prefix, const char *name, struct codec_conv *conv, struct err *err)
{
	char whole[CODEC_PREFIX_BYTES];

	snprintf(whole, sizeof(whole), "%s.%s", prefix, name);
	conv->stride = 1;
	return codec_load_conv(m, whole, conv, err);
}

int codec_load_residual(struct model *m, const char *prefix, int width, int dilation, struct codec_residual *r, struct err *err)
{
	/* The last ones are pointwise and make the block's width again: the sums line up sample by sample. */
	const struct codec_conv pointwise = { .n_in = width, .n_out = width, .kernel = 1, .dilation = 1 };

	*r = (struct codec_residual){ .first = { .n_in = width, .dilation = dilation }, .second = pointwise };
	if (load_inner(m, prefix, "block.1.conv", &r->first, err))
		return -1;
	r->second.n_in = r->first.n_out;
	if (load_inner(m, prefix, "block.3.conv", &r->second, err))
		return -1;
	if (!m->codec.has_conv_shortcut)
		return 0;
	r->shortcut = pointwise;
	return load_inner(m, prefix, "shortcut.conv", &r->shortcut, err);
}
