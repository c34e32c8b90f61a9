/*
 * The codec's weights: EnCodec's two halves as transformers numbers their layers, by a running counter, and its codebooks.
 */
#include "engine/model_codec_parts.h"

#include "engine/weights.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES 160
#define DILATION_MAX 4096 /* a second and more at every level: no codec looks so far, and no size overflows */

/* A half that is being loaded. */
struct half_load {
	struct model *m;
	struct codec_half *half;
	const char *name; /* "encoder", "decoder" */
	int width;        /* channels of the last layer's output */
};

/* The next layer; its prefix too, when it has tensors. */
static struct codec_layer *next_layer(struct half_load *l, enum codec_kind kind, char *prefix)
{
	struct codec_layer *layer = &l->half->layers[l->half->n_layers];

	if (prefix)
		snprintf(prefix, CODEC_PREFIX_BYTES, "audio_encoder.%s.layers.%d", l->name, l->half->n_layers);
	l->half->n_layers++;
	*layer = (struct codec_layer){ .kind = kind, .width = l->width };
	return layer;
}

/* width: what it must make; 0: what it does. */
static int add_conv(struct half_load *l, int width, int stride, struct err *err)
{
	char prefix[CODEC_PREFIX_BYTES];
	struct codec_layer *layer = next_layer(l, CODEC_CONV, prefix);

	snprintf(prefix + strlen(prefix), sizeof(prefix) - strlen(prefix), ".conv");
	layer->u.conv = (struct codec_conv){ .n_in = l->width, .n_out = width, .dilation = 1, .stride = stride };
	if (codec_load_conv(l->m, prefix, &layer->u.conv, err))
		return -1;
	l->width = layer->width = layer->u.conv.n_out;
	return 0;
}

static int add_up(struct half_load *l, int stride, struct err *err)
{
	char prefix[CODEC_PREFIX_BYTES];
	struct codec_layer *layer = next_layer(l, CODEC_UP, prefix);

	snprintf(prefix + strlen(prefix), sizeof(prefix) - strlen(prefix), ".conv");
	layer->u.up = (struct codec_up){ .n_in = l->width, .stride = stride };
	if (codec_load_up(l->m, prefix, &layer->u.up, err))
		return -1;
	l->width = layer->width = layer->u.up.n_out;
	return 0;
}

static int add_lstm(struct half_load *l, struct err *err)
{
	char prefix[CODEC_PREFIX_BYTES];
	struct codec_layer *layer;

	if (l->m->codec.n_lstm == 0)
		return 0;
	layer = next_layer(l, CODEC_LSTM, prefix);
	layer->u.lstm.n_layers = l->m->codec.n_lstm;
	layer->u.lstm.width = l->width;
	return codec_load_lstm(l->m, prefix, layer, err);
}

static int add_residuals(struct half_load *l, struct err *err)
{
	int dilation = 1;

	for (int i = 0; i < l->m->codec.n_residual; i++, dilation *= l->m->codec.dilation_growth) {
		char prefix[CODEC_PREFIX_BYTES];
		struct codec_layer *layer = next_layer(l, CODEC_RESIDUAL, prefix);

		if (dilation > DILATION_MAX)
			return err_set(err, ERR_MODEL, "audio_encoder.dilation_growth_rate makes a dilation of %d, over %d", dilation, DILATION_MAX);
		if (codec_load_residual(l->m, prefix, l->width, dilation, &layer->u.residual, err))
			return -1;
	}
	return 0;
}

static int add_last(struct half_load *l, int width, struct err *err)
{
	next_layer(l, CODEC_ELU, NULL);
	return add_conv(l, width, 1, err);
}

/* Samples to code vectors: the decoder's ratios from the last to the first. */
static int load_encoder(struct model *m, struct err *err)
{
	struct codec_half *half = &m->codec_w.encoder;
	struct half_load l = { m, half, "encoder", 1 };

	half->n_layers = half->local_begin = 0;
	if (add_conv(&l, 0, 1, err))
		return -1;
	for (int i = m->codec.n_ratios - 1; i >= 0; i--) {
		if (add_residuals(&l, err))
			return -1;
		next_layer(&l, CODEC_ELU, NULL);
		if (add_conv(&l, 0, m->codec.ratios[i], err))
			return -1;
	}
	half->local_end = half->n_layers;
	return add_lstm(&l, err) || add_last(&l, m->codec.width, err) ? -1 : 0;
}

static int load_decoder(struct model *m, struct err *err)
{
	struct codec_half *half = &m->codec_w.decoder;
	struct half_load l = { m, half, "decoder", m->codec.width };

	half->n_layers = 0;
	if (add_conv(&l, 0, 1, err) || add_lstm(&l, err))
		return -1;
	half->local_begin = half->n_layers;
	for (int i = 0; i < m->codec.n_ratios; i++) {
		next_layer(&l, CODEC_ELU, NULL);
		if (add_up(&l, m->codec.ratios[i], err) || add_residuals(&l, err))
			return -1;
	}
	if (add_last(&l, 1, err))
		return -1;
	half->local_end = half->n_layers;
	return 0;
}

static int load_codebooks(struct model *m, struct err *err)
{
	struct codec_dims *d = &m->codec;
	int need = m->lm.n_codebooks / m->lm.n_channels, codes = -1, width = -1;
	char name[NAME_BYTES];

	for (d->n_codebooks = 0; d->n_codebooks < need; d->n_codebooks++) {
		snprintf(name, sizeof(name), "audio_encoder.quantizer.layers.%d.codebook.embed", d->n_codebooks);
		if (codec_matrix(m, name, codes, width, &m->codec_w.codebooks[d->n_codebooks], err))
			return -1;
		codes = m->codec_w.codebooks[0].n_rows;
		width = m->codec_w.codebooks[0].n_cols;
	}
	if (codes < m->lm.n_codes || codes > MODEL_CODES_MAX || width > MODEL_WIDTH_MAX)
		return err_set(err, ERR_MODEL, "the codec's tensor 'audio_encoder.quantizer.layers.0.codebook.embed' has the shape [%d, %d]; expected [%d or more, at most %d] for the decoder's heads",
			       codes, width, m->lm.n_codes, MODEL_WIDTH_MAX);
	d->n_codes = codes;
	d->width = width;
	return 0;
}

int model_load_codec(struct model *m, struct err *err)
{
	return load_codebooks(m, err) || load_decoder(m, err) || load_encoder(m, err) ? -1 : 0;
}
