#include "artifact/artifact.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

#include "tap.h"

#include <errno.h>
#include <unistd.h>

#define PARAMS_MAX 64

static char root[64];
static char path_a[128], path_b[128];

static const struct fake_script no_script = { 0, NULL, 0, 0 };
static const struct job_maker maker = { PARAM_NATIVE, "native:0123", NULL };
static const struct job_maker fake_maker = { PARAM_FAKE, "fake", NULL };
static const struct artifact_spec wav16 = { AUDIO_WAV, 16, "f32-1", 0 };
static const struct artifact_spec flac24 = { AUDIO_FLAC, 24, "f32-1", 0 };

static struct value values[PARAMS_MAX];

static void say_text(const struct card *card, const char *name, const char *text)
{
	values[card_find(card, name)] = (struct value){ { .text = text }, VALUE_TEXT };
}

static struct job make_job(const struct card *card)
{
	struct job job = { .card = card, .maker = &maker, .values = values, .set = "", .path = "a.wav", .take = 1, .fake = &no_script };
	int i;

	for (i = 0; i < PARAMS_MAX; i++)
		values[i] = (struct value)VALUE_NONE_INIT;
	say_text(card, "prompt", "soft \"rain\" \xC3\xBC" "ber\nfelt");
	job_identify(&job);
	return job;
}

/* A tone of half a second whose first half is twice as loud as its second. */
static struct pcm tone(double amplitude)
{
	struct pcm pcm = { NULL, 16000, 2, 32000 };
	size_t i;

	pcm.samples = mem_zalloc(pcm.n_frames * 2, sizeof *pcm.samples);
	for (i = 0; i < pcm.n_frames * 2; i++)
		pcm.samples[i] = (float)((i < pcm.n_frames ? amplitude : amplitude / 2) * sin(0.3 * (double)(i / 2)));
	return pcm;
}

static int make_file(const struct job *job, struct pcm *pcm, const struct artifact_spec *spec, const char *path, struct artifact *ret,
		     struct err *err)
{
	int fd, rc = artifact_make(job, pcm, spec, path, ret, &fd, err);

	if (rc == 0)
		close(fd);
	return rc;
}

static struct artifact make(const struct job *job, double amplitude, const struct artifact_spec *spec, const char *path)
{
	struct artifact art = { .n_bytes = -1 };
	struct err err = ERR_INIT;
	struct pcm pcm = tone(amplitude);

	OK(make_file(job, &pcm, spec, path, &art, &err) == 0, "made %s", err.text);
	pcm_release(&pcm);
	return art;
}

/* The tag of a file: from {"mgbatch" to the last brace before anything that is no ASCII text. */
static struct json_doc *read_tag(const char *path)
{
	struct strbuf file = STRBUF_INIT(1000000);
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	size_t i, end;

	if (fs_read(path, &file, &err) != 0)
		exit(1);
	for (i = 0; i + 10 < file.len; i++)
		if (!memcmp(file.buf + i, "{\"mgbatch\"", 10))
			break;
	for (end = i; end < file.len && file.buf[end] >= 0x20 && file.buf[end] < 0x7F; end++)
		;
	while (end > i && file.buf[end - 1] != '}')
		end--;
	OK(end > i && json_parse(&doc, file.buf + i, end - i, 100000, "tag", ERR_BUG, &err) == 0, "a tag of ASCII JSON %s", err.text);
	strbuf_release(&file);
	return doc;
}

static void check_tag(const struct card *card)
{
	struct job job = make_job(card);
	const struct json *tag, *params;
	struct json_doc *doc;
	char id[HASH_HEX_SIZE];

	hash_hex(id, job.id);
	job.input_sha256 = "00ff";
	say_text(card, "inputAudio", "/home/somebody/tune.wav");
	make(&job, 0.1, &wav16, path_a);
	doc = read_tag(path_a);
	tag = json_member(json_root(doc), "mgbatch");
	params = json_member(tag, "params");
	IS_TEXT(json_string(json_member(tag, "job"), NULL), id, "the job's whole id");
	IS_TEXT(json_string(json_member(tag, "arithmetic"), NULL), "f32-1", "the arithmetic");
	IS_TEXT(json_string(json_member(tag, "digitalSourceType"), NULL),
		"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", "the source type");
	IS_INT(json_count(tag), 4, "and no more");
	IS_TEXT(json_string(json_member(params, "prompt"), NULL), "soft \"rain\" \xC3\xBC" "ber\nfelt", "the prompt");
	OK(json_number(json_member(params, "duration"), 0) == 8, "a default");
	IS_TEXT(json_string(json_member(params, "inputAudio"), NULL), "00ff", "a file by its hash");
	OK(!json_member(params, "continuationEnd"), "what has no value is left out");
	IS_TEXT(json_name(json_first(params)), "modelVersion", "in the card's order");
	json_free(doc);
	unlink(path_a);
	job.maker = &fake_maker;
	make(&job, 0.1, &wav16, path_a);
	doc = read_tag(path_a);
	IS_TEXT(json_string(json_member(json_member(json_root(doc), "mgbatch"), "digitalSourceType"), NULL),
		"http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia", "no trained model made a fake file");
	json_free(doc);
	unlink(path_a);
}

static void check_long_prompt(const struct card *card)
{
	struct job job = make_job(card);
	char *prompt = mem_zalloc(AUDIO_COMMENT_MAX + 1, 1);
	const struct json *tag;
	struct json_doc *doc;

	memset(prompt, 'x', AUDIO_COMMENT_MAX);
	say_text(card, "prompt", prompt);
	make(&job, 0.1, &flac24, path_a);
	doc = read_tag(path_a);
	tag = json_member(json_root(doc), "mgbatch");
	OK(json_member(tag, "job") && !json_member(tag, "params"), "a prompt too long for a tag leaves the id");
	json_free(doc);
	unlink(path_a);
	free(prompt);
}

/* Format and depth change the file and its hash, never the hash of the samples. */
static void check_hashes(const struct card *card)
{
	struct job job = make_job(card);
	struct artifact a = make(&job, 0.1, &wav16, path_a), b = make(&job, 0.1, &wav16, path_b), c;
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];
	struct err err = ERR_INIT;
	uint64_t size = 0;

	IS_TEXT(a.file_sha256, b.file_sha256, "equal samples, equal files");
	OK(hash_file(path_a, hash, &err) == 0 && fs_size(path_a, &size, &err) == 0, "the file is there");
	hash_hex(hex, hash);
	IS_TEXT(a.file_sha256, hex, "with that hash");
	IS_INT(a.n_bytes, size, "and that size");
	unlink(path_b);
	c = make(&job, 0.1, &flac24, path_b);
	IS_TEXT(c.pcm_sha256, a.pcm_sha256, "the samples' hash is the same in flac of 24 bit");
	OK(strcmp(c.file_sha256, a.file_sha256) != 0, "the file's is not");
	unlink(path_b);
	c = make(&job, 0.2, &wav16, path_b);
	IS_TEXT(c.pcm_sha256, a.pcm_sha256, "the same sound twice as loud is normalised to the same samples");
	unlink(path_b);
	say_text(card, "normalizationStrategy", "clip");
	c = make(&job, 0.2, &wav16, path_b);
	OK(strcmp(c.pcm_sha256, a.pcm_sha256) != 0 && strcmp(c.file_sha256, a.file_sha256) != 0, "other samples, other hashes");
	unlink(path_a);
	unlink(path_b);
}

/* Every format of today's four at two rates: equal bytes when made twice, the same hash of the samples for all. */
static void check_formats(const struct card *card)
{
	static const int rates[] = { 0, 44100, 32000, 16000 };
	struct job job = make_job(card);
	struct artifact wav = make(&job, 0.1, &wav16, path_a), a, b;

	unlink(path_a);
	for (int i = 0; i < AUDIO_N_FORMATS * 4; i++) {
		enum audio_format f = (enum audio_format)(i / 4);
		struct artifact_spec spec = { f, audio_format_is_lossy(f) ? AUDIO_LOSSY_BITS : 16, "f32-1", rates[i % 4] };
		int rate_hz = rates[i % 4] ? rates[i % 4] : 32000;
		struct pcm back = PCM_INIT;
		struct err err = ERR_INIT;

		a = make(&job, 0.1, &spec, path_a);
		b = make(&job, 0.1, &spec, path_b);
		IS_TEXT(a.file_sha256, b.file_sha256, "equal samples, equal files");
		IS_TEXT(a.pcm_sha256, wav.pcm_sha256, "the hash of the samples is of the model's own");
		OK(a.rate_hz == rate_hz && a.model_rate_hz == 32000, "%s at %d Hz", audio_format_name(f), rate_hz);
		OK(audio_read(path_b, 100000, &back, &err) == 0 && back.rate_hz == rate_hz && back.n_frames == (size_t)(rate_hz / 2),
		   "half a second %s", err.text);
		IS_NEAR(a.seconds, 0.5, 0, "seconds");
		IS_NEAR(a.lkfs, wav.lkfs, 0.05, "loudness");
		IS_NEAR(a.peak, wav.peak, 0.01, "peak");
		json_free(read_tag(path_b));
		pcm_release(&back);
		unlink(path_a);
		unlink(path_b);
	}
}

/* Which stream it is comes from the job, so that two clips can be chained. */
static void check_serial(const struct card *card)
{
	struct artifact_spec ogg = { AUDIO_OGG, AUDIO_LOSSY_BITS, "f32-1", 0 };
	struct job job = make_job(card);
	struct strbuf file = STRBUF_INIT(1000000);
	struct err err = ERR_INIT;

	make(&job, 0.1, &ogg, path_a);
	OK(fs_read(path_a, &file, &err) == 0 && file.len > 18, "read");
	for (int i = 0; i < 4; i++)
		IS_INT((unsigned char)file.buf[14 + i], job.id[3 - i], "a byte of the serial number is one of the job's id");
	strbuf_release(&file);
	unlink(path_a);
}

/* A filter overshoots: what would pass 1 is 1, in the file and in what is said of it. */
static void check_overshoot(const struct card *card)
{
	struct artifact_spec spec = { AUDIO_WAV, 16, "f32-1", 48000 };
	struct pcm square = { mem_zalloc(32000, sizeof(float)), 32000, 1, 32000 }, back = PCM_INIT;
	struct job job = make_job(card);
	struct artifact art = { .n_bytes = -1 };
	struct err err = ERR_INIT;

	say_text(card, "normalizationStrategy", "rms");
	for (size_t i = 0; i < square.n_frames; i++)
		square.samples[i] = i % 4000 < 40 ? 1 : 0; /* so quiet on average that the gain takes its peaks to 1 */
	OK(make_file(&job, &square, &spec, path_a, &art, &err) == 0, "made %s", err.text);
	IS_NEAR(art.peak, 1, 0, "the peak is 1");
	OK(audio_read(path_a, 48000, &back, &err) == 0 && back.n_frames == 48000, "read %s", err.text);
	IS_INT(art.peaks[0], 255, "and drawn as 1");
	pcm_release(&square);
	pcm_release(&back);
	unlink(path_a);
}

/* SHA-256 of f32 little-endian, computed here from bytes written out by hand. */
static void check_sample_hash(const struct card *card)
{
	static const unsigned char bytes[] = { 0, 0, 0, 0x3F, 0, 0, 0x80, 0xBE, 0, 0, 0, 0, 0, 0, 0, 0x80 };
	float samples[] = { 0.5f, -0.25f, 0.0f, -0.0f };
	struct pcm pcm = { samples, 2, 2, 32000 };
	struct job job = make_job(card);
	struct artifact art = { .n_bytes = -1 };
	struct err err = ERR_INIT;
	unsigned char hash[HASH_BYTES];
	char hex[HASH_HEX_SIZE];

	hash_bytes(bytes, sizeof bytes, hash);
	hash_hex(hex, hash);
	OK(make_file(&job, &pcm, &wav16, path_a, &art, &err) == 0, "two frames, too short for loudness");
	IS_TEXT(art.pcm_sha256, hex, "hash of the samples");
	OK(art.peaks[0] == 128 && art.peaks[199] == 0, "peaks of fewer frames than columns");
	unlink(path_a);
}

static void check_measures(const struct card *card)
{
	struct job job = make_job(card);
	struct artifact art;

	say_text(card, "normalizationStrategy", "peak");
	art = make(&job, 0.01, &wav16, path_a);
	IS_NEAR(art.peak, 0.8912509, 1e-6, "the job's strategy is used");
	IS_NEAR(art.seconds, 0.5, 0, "seconds");
	OK(art.rate_hz == 32000 && art.n_channels == 2, "rate and channels");
	OK(art.lkfs > -12 && art.lkfs < 3, "loudness of what was written: %.2f", art.lkfs);
	IS_NEAR(art.peaks[0], 227, 1, "the first half's peak");
	IS_NEAR(art.peaks[99], 227, 1, "to its end");
	IS_NEAR(art.peaks[101], 114, 1, "the second half's");
	unlink(path_a);
	art = make(&job, 0, &wav16, path_a);
	OK(art.lkfs <= LEVEL_SILENT && art.peak <= 0 && art.peaks[50] == 0, "silence stays silence");
	unlink(path_a);
}

static void check_failures(const struct card *card)
{
	struct job job = make_job(card);
	struct artifact art = { .n_bytes = -1 };
	struct err err = ERR_INIT;
	struct pcm pcm = tone(0.1);

	IS_INT(fs_replace(path_a, "mine", 4, &err), 0, "a file is there");
	IS_INT(make_file(&job, &pcm, &wav16, path_a, &art, &err), -1, "it is not overwritten");
	OK(err.sys_errno == EEXIST && fs_exists(path_a), "%s", err.text);
	unlink(path_a);
	pcm.samples[100] = NAN;
	IS_INT(make_file(&job, &pcm, &wav16, path_a, &art, &err), -1, "a NaN makes no file");
	OK(err.code == ERR_NONFINITE && !fs_exists(path_a), "%s", err.text);
	IS_INT(art.n_bytes, -1, "and no result");
	pcm_release(&pcm);
}

int main(void)
{
	struct card *card = NULL;
	struct err err = ERR_INIT;

	(void)snprintf(root, sizeof root, "%s", "/tmp/mgbatch-artifact-XXXXXX");
	if (!mkdtemp(root) || card_open(&card, "meta-musicgen", &err) != 0 || card_n_params(card) > PARAMS_MAX) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	(void)snprintf(path_a, sizeof path_a, "%s/a", root);
	(void)snprintf(path_b, sizeof path_b, "%s/b", root);
	check_tag(card);
	check_long_prompt(card);
	check_hashes(card);
	check_formats(card);
	check_serial(card);
	check_overshoot(card);
	check_sample_hash(card);
	check_measures(card);
	check_failures(card);
	card_close(card);
	OK(rmdir(root) == 0, "nothing is left behind");
	return tap_done();
}
