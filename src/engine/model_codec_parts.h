/*
 * engine/model_codec_parts: the pieces of the codec's two halves, from a checkpoint. For model_codec.c alone.
 *
 * prefix: what the tensors' names begin with, such as "audio_encoder.encoder.layers.3". Weight norm is folded in, whichever
 * spelling the file has. As all of model.h: over a measuring slab these check and add up, over a made one they fill.
 * ERR_MODEL names the tensor.
 */
#ifndef ENGINE_MODEL_CODEC_PARTS_H
#define ENGINE_MODEL_CODEC_PARTS_H

#include "engine/model.h"

#define CODEC_PREFIX_BYTES 96

/* conv: n_in, stride and dilation are the caller's; n_out and kernel too, or 0: as the tensor has them. */
int codec_load_conv(struct model *m, const char *prefix, struct codec_conv *conv, struct err *err) WARN_UNUSED;
/* up: n_in and stride are the caller's. */
int codec_load_up(struct model *m, const char *prefix, struct codec_up *up, struct err *err) WARN_UNUSED;
/* A matrix of finite values: the codec has few, and what goes wrong in its encoder would not show in what comes out. */
int codec_matrix(struct model *m, const char *name, int rows, int cols, struct matrix *ret, struct err *err) WARN_UNUSED;
/* layer: u.lstm.n_layers and width are the caller's. */
int codec_load_lstm(struct model *m, const char *prefix, struct codec_layer *layer, struct err *err) WARN_UNUSED;
int codec_load_residual(struct model *m, const char *prefix, int width, int dilation, struct codec_residual *r, struct err *err) WARN_UNUSED;

#endif
