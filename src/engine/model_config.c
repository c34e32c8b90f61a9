/*
 * config.json to dimensions: a table of keys with ranges. Keys that are missing mean what transformers 4.48.3
 * takes for them (its configuration classes' defaults), since its files may leave those out. And the two files
 * beside it that a few more numbers stand in: generation_config.json, preprocessor_config.json.
 */
#include "engine/model.h"

#include "base/json.h"
#include "engine/engine.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define CONFIG_BYTES_MAX (1024 * 1024)
#define RANGE_SIZE 64
#define SPECTRUM_PRIME_MAX 5 /* the largest that kissfft has a step of its own for: a transform of n samples by a large prime p takes n * p steps */
#define OVERLAP_MAX 64 /* spectra that hear a sample; the published models have 4, and one window is a unit of work that a stop waits for */

enum section { TEXT_ENCODER, AUDIO_ENCODER, DECODER, N_SECTIONS, NO_SECTION = N_SECTIONS };
static const char *const section_names[N_SECTIONS] = { "text_encoder", "audio_encoder", "decoder" };

struct int_key {
	enum section section; /* NO_SECTION: the key stands at the top of its file */
	const char *name;
	size_t field;
	int fallback, min, max;
};

#define AT(field) offsetof(struct model, field)
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct int_key int_keys[] = {
	{ TEXT_ENCODER, "vocab_size", AT(t5.vocab), 32128, 1, MODEL_VOCAB_MAX },
	{ TEXT_ENCODER, "d_model", AT(t5.width), 512, 1, MODEL_WIDTH_MAX },
	{ TEXT_ENCODER, "d_kv", AT(t5.head_width), 64, 1, MODEL_WIDTH_MAX },
	{ TEXT_ENCODER, "d_ff", AT(t5.ffn), 2048, 1, MODEL_FFN_MAX },
	{ TEXT_ENCODER, "num_layers", AT(t5.n_layers), 6, 1, MODEL_LAYERS_MAX },
	{ TEXT_ENCODER, "num_heads", AT(t5.n_heads), 8, 1, 1024 },
	/* Half of the buckets are for keys after the query, half of those for single distances. */
	{ TEXT_ENCODER, "relative_attention_num_buckets", AT(t5.n_buckets), 32, 4, 4096 },
	{ TEXT_ENCODER, "relative_attention_max_distance", AT(t5.max_distance), 128, 2, 1000000 },
	{ DECODER, "vocab_size", AT(lm.n_codes), 2048, 1, MODEL_CODES_MAX },
	{ DECODER, "hidden_size", AT(lm.width), 1024, 4, MODEL_WIDTH_MAX },
	{ DECODER, "num_hidden_layers", AT(lm.n_layers), 24, 1, MODEL_LAYERS_MAX },
	{ DECODER, "num_attention_heads", AT(lm.n_heads), 16, 1, 1024 },
	{ DECODER, "ffn_dim", AT(lm.ffn), 4096, 1, MODEL_FFN_MAX },
	{ DECODER, "num_codebooks", AT(lm.n_codebooks), 4, 1, MODEL_CODEBOOKS_MAX },
	{ DECODER, "audio_channels", AT(lm.n_channels), 1, 1, 2 },
	{ AUDIO_ENCODER, "sampling_rate", AT(codec.rate_hz), 24000, 100, 384000 },
	{ AUDIO_ENCODER, "hidden_size", AT(codec.width), 128, 1, MODEL_WIDTH_MAX },
	{ AUDIO_ENCODER, "codebook_size", AT(codec.n_codes), 1024, 1, MODEL_CODES_MAX },
	{ AUDIO_ENCODER, "num_lstm_layers", AT(codec.n_lstm), 2, 0, MODEL_LSTM_MAX },
	{ AUDIO_ENCODER, "num_residual_layers", AT(codec.n_residual), 1, 0, MODEL_RESIDUAL_MAX },
	{ AUDIO_ENCODER, "dilation_growth_rate", AT(codec.dilation_growth), 2, 1, 16 },
};

/* Of melody models. The engine knows twelve pitch classes. */
static const struct int_key melody_keys[] = {
	{ NO_SECTION, "num_chroma", AT(lm.n_chroma), CHROMA_CLASSES, CHROMA_CLASSES, CHROMA_CLASSES },
	{ NO_SECTION, "chroma_length", AT(lm.melody_classes), 235, 1, MODEL_MELODY_MAX },
};

/* Of preprocessor_config.json, but for its rate. */
static const struct int_key preprocessor_keys[] = {
	{ NO_SECTION, "n_fft", AT(lm.chroma.n_fft), 16384, 4, 1 << 17 },
	{ NO_SECTION, "hop_length", AT(lm.chroma.hop), 4096, 1, 1 << 20 },
	{ NO_SECTION, "chunk_length", AT(lm.chunk_s), 30, 1, ENGINE_SECONDS_MAX },
};

struct activation_name {
	const char *name;
	bool is_gated;
	enum activation activation;
};

/* T5's gated-gelu is the tanh form (transformers' gelu_new). */
static const struct activation_name t5_activations[] = {
	{ "relu", false, ACTIVATION_RELU },
	{ "gated-relu", true, ACTIVATION_RELU },
	{ "gated-gelu", true, ACTIVATION_GELU_TANH },
	{ NULL, false, ACTIVATION_RELU },
};
static const struct activation_name lm_activations[] = {
	{ "gelu", false, ACTIVATION_GELU },
	{ "relu", false, ACTIVATION_RELU },
	{ "gelu_new", false, ACTIVATION_GELU_TANH },
	{ NULL, false, ACTIVATION_RELU },
};

static const struct json *section_of(const struct json *root, enum section section)
{
	return section == NO_SECTION ? root : json_member(root, section_names[section]);
}

static int read_int(const struct json *root, const struct int_key *key, struct model *m, struct err *err)
{
	const struct json *node = json_member(section_of(root, key->section), key->name);
	const char *where = key->section == NO_SECTION ? "" : section_names[key->section], *dot = *where ? "." : "";
	double value = json_number(node, key->fallback);
	char range[RANGE_SIZE];

	if (key->min == key->max)
		snprintf(range, sizeof(range), "%d", key->min);
	else
		snprintf(range, sizeof(range), "a whole number from %d to %d", key->min, key->max);
	if (node && !json_is_null(node) && !json_is_number(node))
		return err_set(err, ERR_MODEL, "%s%s%s is no number, expected %s", where, dot, key->name, range);
	if (!(value >= key->min && value <= key->max && floor(value) == value))
		return err_set(err, ERR_MODEL, "%s%s%s is %g, expected %s", where, dot, key->name, value, range);
	*(int *)(void *)((char *)m + key->field) = (int)value;
	return 0;
}

static int read_ints(const struct int_key *keys, size_t n, const struct json *root, struct model *m, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (read_int(root, &keys[i], m, err))
			return -1;
	return 0;
}

static int read_activation(const struct json *section, const char *where, const char *name, const struct activation_name *table,
			   struct activation_name *ret, struct err *err)
{
	const char *value = json_string(json_member(section, name), table->name);

	for (; table->name; table++) {
		if (!strcmp(table->name, value)) {
			*ret = *table;
			return 0;
		}
	}
	return err_set(err, ERR_MODEL, "%s.%s is '%s', which this engine does not compute", where, name, value);
}

static int add_ratio(struct codec_dims *d, double ratio, struct err *err)
{
	if (d->n_ratios == MODEL_RATIOS_MAX || !(ratio >= 1 && ratio <= 32 && floor(ratio) == ratio))
		return err_set(err, ERR_MODEL, "audio_encoder.upsampling_ratios: expected 1 to %d whole numbers from 1 to 32 each",
			       MODEL_RATIOS_MAX);
	d->ratios[d->n_ratios++] = (int)ratio;
	d->frame_samples *= (int)ratio;
	if (d->frame_samples > d->rate_hz)
		return err_set(err, ERR_MODEL,
			       "audio_encoder.upsampling_ratios: their product passes sampling_rate %d, so that a frame is longer than a second",
			       d->rate_hz);
	return 0;
}

static int read_ratios(const struct json *audio, struct codec_dims *d, struct err *err)
{
	static const int fallback[] = { 8, 5, 4, 2 };
	const struct json *list = json_member(audio, "upsampling_ratios");

	d->frame_samples = 1;
	d->n_ratios = 0;
	for (size_t i = 0; !list && i < sizeof(fallback) / sizeof(fallback[0]); i++)
		if (add_ratio(d, fallback[i], err))
			return -1;
	for (const struct json *n = json_first(list); n; n = json_next(n))
		if (add_ratio(d, json_number(n, 0), err))
			return -1;
	return d->n_ratios > 0 ? 0 : err_set(err, ERR_MODEL, "audio_encoder.upsampling_ratios is empty");
}

static int read_codec(const struct json *audio, struct codec_dims *d, struct err *err)
{
	const char *norm = json_string(json_member(audio, "norm_type"), "weight_norm");
	const char *pad = json_string(json_member(audio, "pad_mode"), "reflect");

	d->is_causal = json_bool(json_member(audio, "use_causal_conv"), true);
	d->has_conv_shortcut = json_bool(json_member(audio, "use_conv_shortcut"), true);
	d->trim_right_ratio = json_number(json_member(audio, "trim_right_ratio"), 1.0);
	if (!(d->trim_right_ratio >= 0 && d->trim_right_ratio <= 1))
		return err_set(err, ERR_MODEL, "audio_encoder.trim_right_ratio is %g, expected 0 to 1", d->trim_right_ratio);
	if (strcmp(norm, "weight_norm") != 0)
		return err_set(err, ERR_MODEL, "audio_encoder.norm_type is '%s'; this engine computes weight_norm, as MusicGen's codec has it", norm);
	if (strcmp(pad, "reflect") != 0 && strcmp(pad, "constant") != 0)
		return err_set(err, ERR_MODEL, "audio_encoder.pad_mode is '%s', expected reflect or constant", pad);
	d->padding = *pad == 'r' ? CODEC_PAD_REFLECT : CODEC_PAD_ZERO;
	if (json_number(json_member(audio, "audio_channels"), 1) != 1)
		return err_set(err, ERR_MODEL, "audio_encoder.audio_channels is not 1: MusicGen's codec makes one channel at a time");
	return read_ratios(audio, d, err);
}

/* Of whole seconds. */
static int64_t frames_of(const struct codec_dims *d, int64_t seconds)
{
	return seconds * d->rate_hz / d->frame_samples;
}

/* Frames of the longest window whose positions there are. */
static int most_frames(const struct lm_dims *lm)
{
	return MODEL_POSITIONS_MAX - model_n_delays(lm) - model_n_before(lm, ENGINE_PROMPT_TOKENS_MAX);
}

/* Things that join keys. */
static int check_lm(struct model *m, struct err *err)
{
	struct lm_dims *lm = &m->lm;
	int64_t frames = frames_of(&m->codec, MODEL_WINDOW_SECONDS);
	int most;

	if (lm->width % lm->n_heads || lm->width % 2)
		return err_set(err, ERR_MODEL, "decoder.num_attention_heads is %d, which does not divide decoder.hidden_size %d evenly", lm->n_heads,
			       lm->width);
	if (lm->n_codebooks % lm->n_channels)
		return err_set(err, ERR_MODEL, "decoder.num_codebooks is %d, which decoder.audio_channels %d does not divide", lm->n_codebooks,
			       lm->n_channels);
	lm->head_width = lm->width / lm->n_heads;
	most = most_frames(lm);
	lm->window_frames = frames < most ? (int)frames : most;
	return 0;
}

static int read_type(struct model *m, const struct json *root, struct err *err)
{
	const char *type = json_string(json_member(root, "model_type"), "");

	m->lm.melody_classes = 0;
	if (!strcmp(type, "musicgen_melody"))
		return read_ints(melody_keys, COUNT(melody_keys), root, m, err);
	if (strcmp(type, "musicgen") != 0)
		return err_set(err, ERR_MODEL,
			       "model_type is '%s', expected 'musicgen' or 'musicgen_melody': the folder must hold a Hugging Face MusicGen checkpoint",
			       type);
	return 0;
}

static int read_sections(struct model *m, const struct json *root, struct err *err)
{
	struct activation_name f;
	double eps;

	if (read_type(m, root, err))
		return -1;
	for (int i = 0; i < N_SECTIONS; i++) {
		if (!json_is_object(section_of(root, (enum section)i)))
			return err_set(err, ERR_MODEL, "'%s' is missing or no object", section_names[i]);
	}
	if (read_ints(int_keys, COUNT(int_keys), root, m, err))
		return -1;
	if (read_activation(section_of(root, TEXT_ENCODER), "text_encoder", "feed_forward_proj", t5_activations, &f, err))
		return -1;
	m->t5.is_gated = f.is_gated;
	m->t5.activation = f.activation;
	if (read_activation(section_of(root, DECODER), "decoder", "activation_function", lm_activations, &f, err))
		return -1;
	m->lm.activation = f.activation;
	eps = json_number(json_member(section_of(root, TEXT_ENCODER), "layer_norm_epsilon"), 1e-6);
	if (!(eps > 0 && eps < 1))
		return err_set(err, ERR_MODEL, "text_encoder.layer_norm_epsilon is %g, expected a number between 0 and 1", eps);
	m->t5.eps = (float)eps;
	return read_codec(section_of(root, AUDIO_ENCODER), &m->codec, err) || check_lm(m, err) ? -1 : 0;
}

/*
 * max_length counts the columns of the longest generation: one before all frames, the frames, the delays after them. The
 * published files do not count so: theirs is 30 s times 50 frames, of which transformers makes 29.92 s. So whole seconds
 * that max_length has room for are meant where they are at most so many frames more.
 */
static int read_window(struct model *m, const struct json *root, struct err *err)
{
	struct lm_dims *lm = &m->lm;
	const struct json *node = json_member(root, "max_length");
	int n_others = 1 + model_n_delays(lm), most = most_frames(lm);
	const struct int_key key = { NO_SECTION, "max_length", AT(lm.window_frames), 0, MODEL_WINDOW_FRAMES_MIN + n_others, most + n_others };
	int64_t whole;

	if (!node || json_is_null(node))
		return 0;
	if (read_int(root, &key, m, err))
		return -1;
	whole = frames_of(&m->codec, (int64_t)lm->window_frames * m->codec.frame_samples / m->codec.rate_hz);
	lm->window_frames -= n_others;
	if (whole > lm->window_frames)
		lm->window_frames = whole < most ? (int)whole : most;
	return 0;
}

static bool is_quick(int n_fft)
{
	for (int p = 2; p <= SPECTRUM_PRIME_MAX; p++)
		while (n_fft % p == 0)
			n_fft /= p;
	return n_fft == 1;
}

/* A sound is heard at the codec's rate. */
static int read_chroma(struct model *m, const struct json *root, struct err *err)
{
	double rate = json_number(json_member(root, "sampling_rate"), m->codec.rate_hz);
	double window_s = (double)m->lm.window_frames * m->codec.frame_samples / m->codec.rate_hz;

	if (read_ints(preprocessor_keys, COUNT(preprocessor_keys), root, m, err))
		return -1;
	m->lm.chroma.rate_hz = m->codec.rate_hz;
	if (rate != m->codec.rate_hz)
		return err_set(err, ERR_MODEL, "sampling_rate is %g, expected the codec's %d", rate, m->codec.rate_hz);
	if (m->lm.chroma.n_fft % 2 || !is_quick(m->lm.chroma.n_fft))
		return err_set(err, ERR_MODEL, "n_fft is %d, expected an even product of 2, 3 and 5, as 16384 is", m->lm.chroma.n_fft);
	if (m->lm.chroma.n_fft / m->lm.chroma.hop > OVERLAP_MAX)
		return err_set(err, ERR_MODEL, "hop_length is %d, expected at least n_fft (%d) / %d", m->lm.chroma.hop, m->lm.chroma.n_fft, OVERLAP_MAX);
	if (m->lm.chunk_s < window_s)
		return err_set(err, ERR_MODEL,
			       "chunk_length is %d, expected at least the %g s of a window (max_length of generation_config.json; %d s where it does not say)",
			       m->lm.chunk_s, window_s, MODEL_WINDOW_SECONDS);
	return 0;
}

/* One of the files beside config.json. */
static int read_beside(struct model *m, const char *text, size_t len, const char *dir, const char *name,
		       int (*read)(struct model *, const struct json *, struct err *), struct err *err)
{
	struct json_doc *doc = NULL;
	int status = -1;

	if (!json_parse(&doc, text, len, CONFIG_BYTES_MAX, name, ERR_MODEL, err))
		status = read(m, json_root(doc), err);
	if (status)
		err_wrap(err, "'%s/%s'", dir, name);
	json_free(doc);
	return status;
}

int model_read_generation(struct model *m, const char *text, size_t len, const char *dir, struct err *err)
{
	return read_beside(m, text, len, dir, "generation_config.json", read_window, err);
}

int model_read_preprocessor(struct model *m, const char *text, size_t len, const char *dir, struct err *err)
{
	return read_beside(m, text, len, dir, "preprocessor_config.json", read_chroma, err);
}

int model_read_config(struct model *m, const char *text, size_t len, const char *dir, struct err *err)
{
	struct json_doc *doc = NULL;
	int status = -1;

	if (json_parse(&doc, text, len, CONFIG_BYTES_MAX, "config.json", ERR_MODEL, err))
		goto out;
	status = read_sections(m, json_root(doc), err);
	if (status)
		err_wrap(err, "'%s/config.json'", dir);
out:
	json_free(doc);
	return status;
}
