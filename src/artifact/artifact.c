#include "artifact/artifact.h"

#include "base/json_write.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* IPTC's controlled vocabulary of digital source types: what a trained model made, and what plain code made. */
#define SOURCE_TRAINED "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
#define SOURCE_ALGORITHM "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"

#define HASH_CHUNK_SAMPLES 4096

/* ---- the tag ----------------------------------------------------------------- */

/* A path says nothing on another machine and something about this one: a file stands as its hash. */
static void put_param(struct json_writer *w, const struct job *job, int index)
{
	const struct param *param = card_param(job->card, index);
	struct value v = job_value(job, index);

	if (v.kind == VALUE_NONE || !param->scope[job->maker->backend].exists)
		return;
	if (param->type != PARAM_FILE)
		value_put(w, param->name, &v);
	else if (job->input_sha256)
		json_put_text(w, param->name, job->input_sha256);
}

static void write_comment(struct strbuf *out, const struct job *job, const char *arithmetic, bool with_params)
{
	struct json_writer w;
	char id[HASH_HEX_SIZE];
	int i;

	hash_hex(id, job->id);
	json_begin(&w, out, 0);
	w.ascii_only = true;
	json_open_object(&w, NULL);
	json_open_object(&w, "mgbatch");
	json_put_text(&w, "job", id);
	if (with_params) {
		json_open_object(&w, "params");
		for (i = 0; i < card_n_params(job->card); i++)
			put_param(&w, job, i);
		json_close(&w);
	}
	json_put_text(&w, "arithmetic", arithmetic);
	json_put_text(&w, "digitalSourceType", job->maker->backend == PARAM_FAKE ? SOURCE_ALGORITHM : SOURCE_TRAINED);
	json_close(&w);
	json_close(&w);
}

/* The parameters are in the ledger and the reports too; a tag that cannot hold them still names the job. */
static void make_comment(struct strbuf *out, const struct job *job, const char *arithmetic)
{
	write_comment(out, job, arithmetic, true);
	if (strbuf_ok(out))
		return;
	strbuf_reset(out);
	write_comment(out, job, arithmetic, false);
}

/* ---- measuring --------------------------------------------------------------- */

/* The bytes of the samples as little-endian f32, whatever this machine's order is. */
static void hash_samples(const struct pcm *pcm, char out[HASH_HEX_SIZE])
{
	size_t n = pcm->n_frames * (size_t)pcm->n_channels, at, i;
	unsigned char *bytes = mem_alloc(HASH_CHUNK_SAMPLES * 4);
	unsigned char hash[HASH_BYTES];
	struct hash_state *st = hash_begin();

	for (at = 0; at < n; at += HASH_CHUNK_SAMPLES) {
		size_t len = n - at < HASH_CHUNK_SAMPLES ? n - at : HASH_CHUNK_SAMPLES;

		for (i = 0; i < len; i++) {
			uint32_t bits;

			memcpy(&bits, &pcm->samples[at + i], 4);
			bytes[4 * i] = (unsigned char)(bits & 0xFF);
			bytes[4 * i + 1] = (unsigned char)(bits >> 8 & 0xFF);
			bytes[4 * i + 2] = (unsigned char)(bits >> 16 & 0xFF);
			bytes[4 * i + 3] = (unsigned char)(bits >> 24);
		}
		hash_add(st, bytes, 4 * len);
	}
	hash_end(st, hash);
	hash_hex(out, hash);
	free(bytes);
}

/* Column i covers frames i n / 200 up to (i + 1) n / 200; an empty one, in a sound of under 200 frames, takes its first. */
static void draw_peaks(const struct pcm *pcm, unsigned char peaks[ARTIFACT_PEAKS])
{
	size_t n_channels = (size_t)pcm->n_channels, column, i;

	for (column = 0; column < ARTIFACT_PEAKS; column++) {
		size_t begin = pcm->n_frames * column / ARTIFACT_PEAKS;
		size_t end = pcm->n_frames * (column + 1) / ARTIFACT_PEAKS;
		double peak = 0;

		if (end == begin && begin < pcm->n_frames)
			end = begin + 1;
		for (i = begin * n_channels; i < end * n_channels; i++)
			if (fabs((double)pcm->samples[i]) > peak)
				peak = fabs((double)pcm->samples[i]);
		peaks[column] = (unsigned char)rint((peak > 1 ? 1 : peak) * 255);
	}
}

static int measure_file(int fd, const char *path, struct artifact *art, struct err *err)
{
	unsigned char hash[HASH_BYTES];

	if (hash_fd(fd, path, hash, &art->n_bytes, err) != 0)
		return -1;
	hash_hex(art->file_sha256, hash);
	return 0;
}

/* ---- making ------------------------------------------------------------------ */

static int normalise(const struct job *job, struct pcm *pcm, struct err *err)
{
	const char *name = job_text(job, "normalizationStrategy", level_strategy_name(LEVEL_LOUDNESS));
	enum level_strategy strategy;

	if (level_strategy_find(name, &strategy) != 0)
		BUG("normalisation strategy '%s' is in the card but not in audio", name);
	return level_normalise(pcm, strategy, err);
}

/* Of the samples that the encoder gets. */
static int measure(const struct pcm *pcm, struct artifact *art, struct err *err)
{
	struct level level;

	if (level_measure(pcm, &level, err) != 0)
		return -1;
	art->lkfs = level.lkfs;
	art->peak = level.peak;
	art->seconds = (double)pcm->n_frames / pcm->rate_hz;
	art->rate_hz = pcm->rate_hz;
	art->n_channels = pcm->n_channels;
	draw_peaks(pcm, art->peaks);
	return 0;
}

/* The file itself, and what is only known of it when it is there. */
static int write_file(const struct job *job, const struct pcm *pcm, const struct artifact_spec *spec, const char *temp_path,
		      struct artifact *art, int *ret_fd, struct err *err)
{
	struct strbuf comment = STRBUF_INIT(AUDIO_COMMENT_MAX);
	struct audio_write_spec write_spec = { .format = spec->format, .bits = spec->bits };
	int rc, fd;

	make_comment(&comment, job, spec->arithmetic);
	write_spec.comment = comment.buf;
	for (int i = 0; i < 4; i++) /* the id's first 32 bits */
		write_spec.serial = write_spec.serial << 8 | job->id[i];
	rc = audio_write(temp_path, pcm, &write_spec, &fd, err);
	strbuf_release(&comment);
	if (rc != 0)
		return -1;
	if (measure_file(fd, temp_path, art, err) != 0) {
		(void)close(fd); /* the first error is the one to tell */
		(void)unlink(temp_path);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

int artifact_make(const struct job *job, struct pcm *pcm, const struct artifact_spec *spec, const char *temp_path,
		  struct artifact *ret, int *ret_fd, struct err *err)
{
	struct artifact art = { .model_rate_hz = pcm->rate_hz };
	struct pcm resampled = PCM_INIT;
	const struct pcm *finished = pcm;
	int rc;

	rc = normalise(job, pcm, err);
	if (rc != 0)
		goto out;
	hash_samples(pcm, art.pcm_sha256);
	if (spec->rate_hz != 0 && spec->rate_hz != pcm->rate_hz) {
		rc = pcm_resample(pcm, spec->rate_hz, &resampled, err);
		if (rc != 0)
			goto out;
		pcm_saturate(&resampled);
		finished = &resampled;
	}
	rc = measure(finished, &art, err);
	if (rc == 0)
		rc = write_file(job, finished, spec, temp_path, &art, ret_fd, err);
	if (rc == 0)
		*ret = art;
out:
	pcm_release(&resampled);
	return rc;
}
