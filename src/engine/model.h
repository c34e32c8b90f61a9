/*
 * engine/model: config.json and the tensors of a MusicGen folder, as dimensions and structs of weights.
 *
 *   model_open(&m, dir, err); ...; model_close(m)
 *   model_measure(&m, dir, err); ...; model_close(m)    dimensions, shapes and weight_bytes only: no weight is read
 *
 * Matrices are used where the file has them (F32, F16 or BF16); vectors, and the convolutions with their weight
 * norm folded in, lie widened to f32 in one block of our own. Every number of the config is checked against a range
 * before it is used; a dimension that a tensor shows too is taken from the tensor. ERR_MODEL names the file, the key
 * or tensor, what was found and what was expected. A model does not change after open: any number of threads read.
 * Tensor names and layouts: MODEL.md.
 */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include "base/err.h"
#include "engine/chroma.h"
#include "engine/kernels.h"
#include "engine/slab.h"

#include <stdbool.h>
#include <stdint.h>

struct weights;

/* Caps on what a config may say: far above every published model, low enough that no product of them overflows. */
#define MODEL_LAYERS_MAX 128
#define MODEL_WIDTH_MAX 16384
#define MODEL_FFN_MAX 65536
#define MODEL_VOCAB_MAX 1048576
#define MODEL_CODEBOOKS_MAX 32
#define MODEL_CODES_MAX 65535 /* of one codebook: a code and the special id fit 16 bits */
#define MODEL_RATIOS_MAX 8
#define MODEL_RESIDUAL_MAX 8
#define MODEL_LSTM_MAX 4
#define MODEL_KERNEL_MAX 64
#define MODEL_POSITIONS_MAX 4096 /* of one stream: 64 blocks of 64 */
#define MODEL_MELODY_MAX 2048 /* chroma_length: half of that */
#define MODEL_WINDOW_SECONDS 30 /* where generation_config.json does not say: what MusicGen was trained on (musicgen.md 4.2) */
#define MODEL_WINDOW_FRAMES_MIN 2 /* so that windows that follow each other can begin a frame apart */
#define MODEL_CODEC_LAYERS_MAX (4 + MODEL_RATIOS_MAX * (2 + MODEL_RESIDUAL_MAX))

enum activation { ACTIVATION_RELU, ACTIVATION_GELU, ACTIVATION_GELU_TANH };
enum codec_padding { CODEC_PAD_REFLECT, CODEC_PAD_ZERO };

struct t5_dims {
	int vocab, width, head_width, n_heads, ffn, n_layers;
	int n_buckets, max_distance; /* of relative positions */
	bool is_gated;
	enum activation activation;
	float eps;
};

struct lm_dims {
	int width, n_heads, head_width, ffn, n_layers;
	int n_codebooks; /* K: 4 mono, 8 stereo (L0 R0 L1 R1 ...) */
	int n_channels;
	int n_codes;     /* of one codebook; the special id is n_codes, its embedding the row after the last code's */
	int window_frames; /* of one pass through the positions: generation_config.json's max_length (MODEL.md 1) */
	enum activation activation;
	int n_chroma;               /* CHROMA_CLASSES: pitch classes of a melody model */
	int melody_classes;         /* rows of melody before the text, of one window (chroma_length: 235); 0: a text model, with cross-attention */
	struct chroma_shape chroma; /* how they are found in a sound; of melody models */
	int chunk_s;                /* of a sound that each of several windows hears (chunk_length: 30); of melody models */
};

struct codec_dims {
	int rate_hz, frame_samples; /* 32000, 640 */
	int width;                  /* of a code's vector (128) */
	int n_codebooks, n_codes;   /* in the file: 4 of 2048 */
	int n_ratios, ratios[MODEL_RATIOS_MAX];
	int n_residual, dilation_growth, n_lstm;
	bool is_causal, has_conv_shortcut;
	double trim_right_ratio;
	enum codec_padding padding;
};

struct norm {
	const float *w, *b; /* b NULL: RMS norm */
};

struct t5_layer {
	const float *attn_norm, *ffn_norm;
	struct matrix q, k, v, o;
	struct matrix wi, wi_gate, wo; /* wi_gate: wi_1, when gated (then wi is wi_0) */
};

struct t5_weights {
	struct matrix embed;   /* [vocab, width] */
	const float *bias;     /* relative attention bias [n_buckets, n_heads] */
	const float *final_norm;
	struct t5_layer layers[MODEL_LAYERS_MAX];
};

struct lm_layer {
	struct norm self_norm, cross_norm, ffn_norm;
	struct matrix self_q, self_k, self_v, self_out;
	struct matrix cross_q, cross_k, cross_v, cross_out; /* and cross_norm: of text models */
	struct matrix fc1, fc2;
};

struct lm_weights {
	struct matrix project; /* enc_to_dec_proj [width, t5 width]; data NULL: absent, the widths are equal */
	const float *project_bias;
	struct matrix embed[MODEL_CODEBOOKS_MAX]; /* [n_codes + 1, width] */
	struct matrix heads[MODEL_CODEBOOKS_MAX]; /* [n_codes, width] */
	const float *melody; /* [CHROMA_CLASSES, width]: the row of each pitch class, audio_enc_to_dec_proj of it; melody models */
	const float *positions; /* [n_positions, width], computed */
	int n_positions; /* window_frames + delays, and of melody models what lies before them */
	struct norm final_norm;
	struct lm_layer layers[MODEL_LAYERS_MAX];
};

/* w: [n_out, kernel * n_in], taps slowest: the window of a channels-last signal is one row. */
struct codec_conv {
	struct matrix w;
	const float *bias;
	int n_in, n_out, kernel, dilation, stride;
};

/* w: [stride * n_out, n_taps * n_in]: row (p, o) makes output o of phase p from the n_taps input frames that end at
 * its own, oldest first; bias repeated for every phase. */
struct codec_up {
	struct matrix w;
	const float *bias;
	int n_in, n_out, kernel, stride, n_taps;
};

struct codec_lstm {
	struct matrix w_in, w_state; /* [4 * width, width], gates i f g o */
	const float *bias;           /* b_ih + b_hh */
};

struct codec_residual {
	struct codec_conv first, second, shortcut; /* shortcut.w.data NULL: identity */
};

enum codec_kind { CODEC_CONV, CODEC_LSTM, CODEC_ELU, CODEC_UP, CODEC_RESIDUAL };

struct codec_layer {
	enum codec_kind kind;
	int width; /* channels of its output */
	union {
		struct codec_conv conv;
		struct codec_up up;
		struct codec_residual residual;
		struct {
			int n_layers, width;
			struct codec_lstm layers[MODEL_LSTM_MAX];
		} lstm;
	} u;
};

/* layers[i] is audio_encoder.{encoder, decoder}.layers.{i}. Layers local_begin..local_end - 1 look only a few rows around: they
 * are made in tiles. The others are the LSTM, if there is one, and the convolution at its side of the codes. */
struct codec_half {
	int n_layers, local_begin, local_end;
	struct codec_layer layers[MODEL_CODEC_LAYERS_MAX];
};

struct codec_weights {
	struct matrix codebooks[MODEL_CODEBOOKS_MAX]; /* [n_codes, width] */
	struct codec_half encoder, decoder;
};

struct model {
	struct t5_dims t5;
	struct lm_dims lm;
	struct codec_dims codec;
	struct t5_weights t5_w;
	struct lm_weights lm_w;
	struct codec_weights codec_w;
	uint64_t weight_bytes; /* mapped and owned */
	struct slab owned;
	struct weights *file;
};

int model_open(struct model **ret, const char *dir, struct err *err) WARN_UNUSED;
int model_measure(struct model **ret, const char *dir, struct err *err) WARN_UNUSED;
void model_close(struct model *m); /* NULL is fine */

/* ---- pieces, for each other and for tests ----------------------------------------------------------- */

/* The dimensions that config.json says. dir: for the sentences. */
int model_read_config(struct model *m, const char *text, size_t len, const char *dir, struct err *err) WARN_UNUSED;
/* After that: what generation_config.json says of the window. */
int model_read_generation(struct model *m, const char *text, size_t len, const char *dir, struct err *err) WARN_UNUSED;
/* After both: what preprocessor_config.json says of a melody model's chroma. */
int model_read_preprocessor(struct model *m, const char *text, size_t len, const char *dir, struct err *err) WARN_UNUSED;
/* Weights of each part: over a measuring slab checks and adds up, over a made one fills. */
int model_load_t5(struct model *m, struct err *err) WARN_UNUSED;
int model_load_lm(struct model *m, struct err *err) WARN_UNUSED;
int model_load_codec(struct model *m, struct err *err) WARN_UNUSED;
/* The sinusoid of one position: [cos, sin], frequency 10000^(-i / (width / 2 - 1)) (musicgen.md 3.1). */
void model_position(float *out, int position, int width);
/* Distinct delays less one: columns that a sequence has beyond its frames. */
static inline int model_n_delays(const struct lm_dims *d) { return d->n_codebooks / d->n_channels - 1; }
/* Positions before the codes of a stream whose text has n_text rows. */
static inline int model_n_before(const struct lm_dims *d, int n_text) { return d->melody_classes > 0 ? d->melody_classes + n_text : 0; }

/* The vector `name` of n values in the owned block, or NULL while measuring (0 and -1). */
int model_vector(struct model *m, const char *name, size_t n, const float **ret, struct err *err) WARN_UNUSED;

/* A hook for tests: stage names are in MODEL.md; rows of cols values each. fn NULL: off. */
struct probe {
	void (*fn)(void *arg, const char *stage, const float *data, int rows, int cols);
	void *arg;
};

#endif
