/*
 * store_config: which public model a config.json describes, by its shape.
 *
 * The sizes are those of the ten public checkpoints (facebook/musicgen-*); a
 * name in the folder or in the file proves nothing, the shape does. Whether the
 * tensors fit is for the engine to check.
 */
#include "store/store_inside.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int width, n_layers;
	bool is_melody;
	const char *name;
} shapes[] = {
	{ 1024, 24, false, "small" },
	{ 1536, 48, false, "medium" },
	{ 2048, 48, false, "large" },
	{ 1536, 48, true, "melody" },
	{ 2048, 48, true, "melody-large" },
};

static const char *shape_name(double width, double n_layers, bool is_melody)
{
	size_t i;

	for (i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (width == shapes[i].width && n_layers == shapes[i].n_layers && is_melody == shapes[i].is_melody)
			return shapes[i].name;
	return "custom";
}

static int read_kind(const struct json *root, bool *is_melody, struct err *err)
{
	const char *type = NULL;

	if (json_need_string(root, "model_type", &type, err))
		return -1;
	*is_melody = strcmp(type, "musicgen_melody") == 0;
	if (*is_melody || strcmp(type, "musicgen") == 0)
		return 0;
	return err_set(err, ERR_MODEL, "'model_type' is '%.60s', expected 'musicgen' or 'musicgen_melody': this is no MusicGen model",
		       type);
}

static int need_size(const struct json *decoder, const char *name, double *ret, struct err *err)
{
	if (json_need_number(decoder, name, ret, err))
		return err_wrap(err, "'decoder'");
	if (!(*ret >= 1 && *ret <= 65536) || floor(*ret) != *ret) /* far above every model there is */
		return err_set(err, ERR_MODEL, "'decoder': '%s' must be a whole number from 1 to 65536", name);
	return 0;
}

static int read_shape(struct checkpoint *ret, const struct json *root, struct err *err)
{
	const struct json *decoder = json_member(root, "decoder"), *channels = json_member(decoder, "audio_channels");
	double width, n_layers, n_channels = json_number(channels, 1); /* 1 is transformers' own default */

	if (!json_is_object(decoder))
		return err_set(err, ERR_MODEL, "'decoder' is missing: it must be an object with the decoder's sizes");
	if (need_size(decoder, "hidden_size", &width, err) || need_size(decoder, "num_hidden_layers", &n_layers, err))
		return -1;
	if ((channels && !json_is_number(channels)) || (n_channels != 1 && n_channels != 2))
		return err_set(err, ERR_MODEL, "'decoder': 'audio_channels' must be 1 or 2");
	ret->is_stereo = n_channels == 2;
	(void)snprintf(ret->version, sizeof ret->version, "%s%s", ret->is_stereo ? "stereo-" : "",
		       shape_name(width, n_layers, ret->is_melody));
	return 0;
}

int store_config_read(struct checkpoint *ret, const char *text, size_t len, struct err *err)
{
	struct json_doc *doc = NULL;
	int r;

	if (json_parse(&doc, text, len, len, "config.json", ERR_MODEL, err))
		return -1;
	r = read_kind(json_root(doc), &ret->is_melody, err);
	if (r == 0)
		r = read_shape(ret, json_root(doc), err);
	json_free(doc);
	if (r) {
		if (err)
			err->code = ERR_MODEL;
		return err_wrap(err, "config.json");
	}
	return 0;
}
