/*
 * manifest_schema: the JSON Schema (draft-07) by which editors complete and check manifests.
 *
 * Draft-07 because editors' support for later drafts is thin. Names, ranges, choices and help are the card's;
 * the grammar around them is what settings.c, place.c, axis.c, table.c and axis_file.c read. A schema sees one value at a time: what joins
 * several (rules, names used in templates, numbers of jobs) only `mgbatch check` can say. A range
 * here is the widest that any backend has.
 */
#include "manifest/inside.h"
#include "manifest/schema.h"

/* ---- the rest of the grammar ---------------------------------------------------------------- */

/* One text or a list of texts. */
static void put_texts(struct json_writer *w, const char *member, const char *help)
{
	static const char *const types[] = { "string", "number", "boolean", "array", NULL };

	json_open_object(w, member);
	json_put_text(w, "description", help);
	schema_types(w, types);
	schema_scalar(w, "items");
	json_close(w);
}

/* A map of those keys alone that the caller puts; json_close ends them, and once more the map. */
static void open_map(struct json_writer *w, const char *member, const char *help)
{
	json_open_object(w, member);
	if (help)
		json_put_text(w, "description", help);
	json_put_text(w, "type", "object");
	json_put_bool(w, "additionalProperties", false);
	json_open_object(w, "properties");
}

/* The classes of failure, all or those that run.retry may name. */
static void put_classes(struct json_writer *w, bool retried_alone)
{
	json_open_array(w, "enum");
	for (int c = FAIL_NONE + 1; c < FAIL_N_CLASSES; c++)
		if (!retried_alone || !why_not_retried((enum fail_class)c))
			json_put_text(w, NULL, fail_class_name((enum fail_class)c));
	json_close(w);
}

static void put_fake(struct json_writer *w)
{
	open_map(w, "fake", "How the fake backend plays jobs; it makes no music and tests the runner.");
	schema_quantity(w, "delay", SCHEMA_DURATION_PATTERN, "Work time of a job, as 20ms.");
	json_open_object(w, "fail");
	json_put_text(w, "description", "Class of the failure.");
	put_classes(w, false);
	json_close(w);
	schema_integer(w, "times", 0, FAKE_TIMES_MAX, "How many tries fail; 0 or not said: all.");
	schema_integer(w, "crash", 0, FAKE_TIMES_MAX, "How many times the program dies over the job.");
	json_close(w);
	json_open_object(w, "dependencies");
	json_open_array(w, "times");
	json_put_text(w, NULL, "fail");
	json_close(w);
	json_close(w);
	json_close(w);
}

/* What the top and a set have alike. */
static void put_common(struct json_writer *w)
{
	static const char *const texts[] = { "string", "array", NULL };

	schema_ref(w, "params", "params", "");
	schema_ref(w, "sweep", "sweep", "");
	json_open_object(w, "exclude");
	json_put_text(w, "description", "Combinations that are left out, as temperature >= 1.2 and guidance <= 2; of a list, any.");
	schema_types(w, texts);
	json_open_object(w, "items");
	json_put_text(w, "type", "string");
	json_close(w);
	json_close(w);
	schema_integer(w, "takes", 1, TAKES_MAX, "Jobs per combination, each with its own derived seed.");
	put_texts(w, "tags", "Words that reports carry.");
	schema_ref(w, "fake", "fake", "");
}

static void put_formats(struct json_writer *w, bool lossy_alone)
{
	json_open_array(w, "enum");
	for (int f = 0; f < AUDIO_N_FORMATS; f++)
		if (!lossy_alone || audio_format_is_lossy((enum audio_format)f))
			json_put_text(w, NULL, audio_format_name((enum audio_format)f));
	json_close(w);
}

static void put_rates(struct json_writer *w, enum audio_format format)
{
	const int *rates;
	int n = audio_format_rates(format, &rates);

	json_open_array(w, "enum");
	for (int i = 0; i < n; i++)
		json_put_int(w, NULL, rates[i]);
	json_close(w);
}

static void put_if_format(struct json_writer *w)
{
	json_open_object(w, NULL);
	json_open_object(w, "if");
	json_open_array(w, "required");
	json_put_text(w, NULL, "format");
	json_close(w);
	json_open_object(w, "properties");
	json_open_object(w, "format");
}

static void put_then(struct json_writer *w)
{
	json_close(w);
	json_close(w);
	json_close(w);
	json_open_object(w, "then");
	json_open_object(w, "properties");
}

/* A lossy format has no bits, and mp3 not every rate. */
static void put_output_rules(struct json_writer *w)
{
	json_open_array(w, "allOf");
	put_if_format(w);
	put_formats(w, true);
	put_then(w);
	json_put_bool(w, "bits", false);
	json_close(w);
	json_close(w);
	json_close(w);
	put_if_format(w);
	json_put_text(w, "const", audio_format_name(AUDIO_MP3));
	put_then(w);
	json_open_object(w, "rate");
	put_rates(w, AUDIO_MP3);
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
}

static void put_output(struct json_writer *w)
{
	open_map(w, "output", NULL);
	schema_text(w, "dir", NULL, "Folder, relative to the manifest; out/NAME unless said.");
	schema_text(w, "name", NULL, "Template of paths in it: {set} {axes} {take} {id} {id:2} {seed:04} {temperature:.2f} {axis} {axis.column}.");
	json_open_object(w, "format");
	json_put_text(w, "description", "wav and flac keep every sample; ogg is Vorbis of quality 6, mp3 LAME's -V 2, both some 190 kb/s for stereo.");
	json_put_text(w, "default", audio_format_name(AUDIO_WAV));
	put_formats(w, false);
	json_close(w);
	json_open_object(w, "bits");
	json_put_text(w, "description", "Of a sample in wav and flac; ogg and mp3 have none.");
	json_put_int(w, "default", 16);
	json_open_array(w, "enum");
	json_put_int(w, NULL, 16);
	json_put_int(w, NULL, 24);
	json_close(w);
	json_close(w);
	json_open_object(w, "rate");
	json_put_text(w, "description", "Of the files, in Hz, by the model's own resampler; the model's own rate unless said. mp3 ends at 48000.");
	put_rates(w, AUDIO_WAV);
	json_close(w);
	json_close(w);
	put_output_rules(w);
	json_close(w);
}

static void put_retry(struct json_writer *w)
{
	json_open_object(w, "retry");
	json_put_text(w, "description", "Classes of failure that are tried again too, as [remote_failed].");
	json_open_array(w, "anyOf");
	json_open_object(w, NULL);
	put_classes(w, true);
	json_close(w);
	json_open_object(w, NULL);
	json_put_text(w, "type", "array");
	json_open_object(w, "items");
	put_classes(w, true);
	json_close(w);
	json_put_bool(w, "uniqueItems", true);
	json_close(w);
	json_close(w);
	json_close(w);
}

static void put_hosted(struct json_writer *w)
{
	open_map(w, "hosted", "How the hosted service is asked; of no meaning to the other backends.");
	schema_text(w, "project", SCHEMA_PROJECT_PATTERN, "The project's id; SCENARIO_PROJECT, else the key's own project, unless said.");
	schema_integer(w, "jobs", 1, HOSTED_JOBS_MAX, "Jobs in flight at once; 4 unless said.");
	schema_integer(w, "requests_per_minute", 1, HOSTED_PER_MINUTE_MAX, "60 unless said.");
	schema_quantity(w, "deadline", SCHEMA_DURATION_PATTERN, "How long an accepted job may take, as 30m, which it is unless said.");
	json_close(w);
	json_close(w);
}

static void put_run(struct json_writer *w)
{
	open_map(w, "run", NULL);
	schema_quantity(w, "for", SCHEMA_DURATION_PATTERN, "Start no job after this time, as 6h.");
	schema_integer(w, "tries", 1, TRIES_MAX, "Tries of a job in all; 3 unless said.");
	schema_quantity(w, "memory", SCHEMA_SIZE_PATTERN, "For weights and all the rest, as 6G; 80 % of what is free unless said.");
	json_open_object(w, "credits");
	json_put_text(w, "description", "What the hosted jobs of this folder may cost at most, all runs together.");
	json_put_text(w, "type", "number");
	json_put_int(w, "minimum", 0);
	json_close(w);
	put_retry(w);
	json_close(w);
	json_close(w);
}

static void put_set_definition(struct json_writer *w)
{
	open_map(w, "set", NULL);
	put_common(w);
	json_close(w);
	json_close(w);
}

static void put_backend(struct json_writer *w)
{
	json_open_object(w, "backend");
	json_put_text(w, "description", "Who makes the music; native unless said.");
	json_put_text(w, "default", param_backend_name(PARAM_NATIVE));
	json_open_array(w, "enum");
	for (int b = 0; b < PARAM_N_BACKENDS; b++)
		json_put_text(w, NULL, param_backend_name((enum param_backend)b));
	json_close(w);
	json_close(w);
}

static void put_top(struct json_writer *w, const struct card *card)
{
	json_open_object(w, "properties");
	json_open_object(w, "version");
	json_put_text(w, "description", "Of this grammar: 1.");
	json_put_int(w, "const", 1);
	json_close(w);
	schema_text(w, "name", SCHEMA_NAME_PATTERN, "Of the manifest; the file's name unless said.");
	json_open_object(w, "model");
	json_put_text(w, "const", card_model(card));
	json_close(w);
	put_backend(w);
	checkpoints_schema(w, card);
	put_common(w);
	json_open_object(w, "sets");
	json_put_text(w, "description", "Named groups of jobs, each with its own params and sweep.");
	json_put_text(w, "type", "object");
	json_put_int(w, "minProperties", 1);
	json_open_object(w, "propertyNames");
	json_put_text(w, "pattern", SCHEMA_NAME_PATTERN);
	json_close(w);
	schema_ref(w, "additionalProperties", "set", "");
	json_close(w);
	put_output(w);
	put_run(w);
	put_hosted(w);
	json_close(w);
}

void manifest_schema(const struct card *card, struct strbuf *out)
{
	struct json_writer w;

	json_begin(&w, out, 2);
	json_open_object(&w, NULL);
	json_put_text(&w, "$schema", "http://json-schema.org/draft-07/schema#");
	json_put_text(&w, "title", "mgbatch manifest");
	json_put_text(&w, "type", "object");
	json_open_array(&w, "required");
	json_put_text(&w, NULL, "version");
	json_close(&w);
	json_put_bool(&w, "additionalProperties", false);
	json_open_object(&w, "patternProperties");
	json_open_object(&w, "^x-");
	json_put_text(&w, "description", "Free, for YAML anchors.");
	json_close(&w);
	json_close(&w);
	put_top(&w, card);
	json_open_object(&w, "definitions");
	put_set_definition(&w);
	schema_axes(&w, card);
	put_fake(&w);
	json_close(&w);
	json_close(&w);
	strbuf_addc(out, '\n');
}
