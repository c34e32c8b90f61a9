/* manifest: the door. Settings, command line, paths, what sets inherit, limits. */
#include "manifest_case.h"
#include "tap.h"

#include "base/fs.h"
#include "base/text.h"

#include <stdlib.h>
#include <unistd.h>

static struct card *card;

/* Reads text as if it stood in folder/study.yaml and expands it; over may be NULL. */
static struct manifest *expand(const char *text, const struct manifest_overrides *over)
{
	struct manifest_case c = { 0 };
	struct err err = ERR_INIT;

	if (manifest_read_text(&c.m, "folder/study.yaml", text, strlen(text), card, over, &err) || case_expand(&c))
		return NULL;
	if (c.m->n_mistakes)
		printf("# %d:%d: %s\n", c.m->mistakes[0].line, c.m->mistakes[0].column, c.m->mistakes[0].text);
	return c.m;
}

static void check_defaults(void)
{
	struct manifest *m = expand("version: 1\nparams: {prompt: x}\n", NULL);

	IS_TEXT(m->name, "study", "name is the file's stem");
	IS_TEXT(m->output.dir, "folder/out/study", "output beside the manifest");
	IS_TEXT(m->output.name, "{axes}", "name without sets");
	IS_INT(m->output.format, AUDIO_WAV, "wav");
	IS_INT(m->output.bits, 16, "16 bit");
	IS_INT(m->run.tries, 3, "three tries");
	OK(m->run.for_s == 0 && m->run.memory_bytes == 0 && m->run.credits < 0, "no limits");
	IS_INT(m->backend, PARAM_NATIVE, "native");
	IS_INT(m->n_checkpoints, 0, "no checkpoint");
	OK(m->n_versions == 1 && m->versions[0].is_default, "the default version is wanted");
	IS_INT(m->n_jobs, 1, "one job");
	OK(m->jobs[0].fake && m->jobs[0].fake->delay_s == 0 && !m->jobs[0].fake->fail, "a fake script that does nothing");
	IS_INT(m->jobs[0].take, 1, "take 1");
	OK(job_number(&m->jobs[0], "seed", -1) >= 1, "a concrete seed");
	manifest_free(m);
	manifest_free(NULL);
}

static void check_settings(void)
{
	struct manifest *m = expand("version: 1\nname: n-1\nbackend: fake\ncheckpoint: weights\nparams: {prompt: x}\n"
				    "output: {dir: /abs/o, name: '{id}', format: flac, bits: 24}\n"
				    "run: {for: 1h30m, tries: 7, memory: 2G}\n",
				    NULL);

	IS_TEXT(m->name, "n-1", "name");
	IS_TEXT(m->output.dir, "/abs/o", "an absolute folder");
	IS_INT(m->n_checkpoints, 1, "one checkpoint");
	OK(!m->checkpoints[0].version, "for all versions");
	IS_TEXT(m->checkpoints[0].dir, "folder/weights", "checkpoint beside the manifest");
	IS_INT(m->checkpoints[0].line, 4, "its line");
	IS_INT(m->checkpoints[0].column, 13, "its column");
	IS_INT(m->output.format, AUDIO_FLAC, "flac");
	IS_INT(m->output.bits, 24, "24 bit");
	IS_NEAR(m->run.for_s, 5400, 0, "for");
	IS_INT(m->run.tries, 7, "tries");
	IS_INT(m->run.memory_bytes, 2ll << 30, "memory");
	IS_INT(m->n_jobs, 1, "a job");
	OK(m->n_jobs == 1 && text_ends_with(m->jobs[0].path, ".flac"), "its path ends in .flac");
	manifest_free(m);
}

static void check_hosted(void)
{
	static const char text[] = "version: 1\nname: n-1\n%sparams: {prompt: x, seed: 0}\nrun: {credits: 12.5, retry: [remote_failed, input]}\n"
				   "hosted: {project: proj_1, jobs: 9, requests_per_minute: 120, deadline: 45m}\n";
	struct strbuf whole = STRBUF_INIT(4096);
	struct manifest_overrides over = { .backend = "scenario" };
	struct manifest *m;

	strbuf_addf(&whole, text, "");
	m = expand(whole.buf, &over);
	IS_INT(m->n_mistakes, 0, "a manifest of the native backend goes to the hosted one");
	IS_NEAR(m->run.credits, 12.5, 0, "credits");
	IS_INT(m->run.retried_classes, 1u << FAIL_REMOTE_FAILED | 1u << FAIL_INPUT, "retry");
	IS_TEXT(m->hosted.project, "proj_1", "project");
	IS_INT(m->hosted.n_jobs, 9, "jobs");
	IS_INT(m->hosted.per_minute, 120, "requests_per_minute");
	IS_NEAR(m->hosted.deadline_s, 2700, 0, "deadline");
	OK(m->n_warnings == 1 && m->mistakes[0].line == 3 && m->mistakes[0].column == 27, "a seed of 0 is warned of, at its place");
	manifest_free(m);
	strbuf_reset(&whole);
	strbuf_addf(&whole, text, "backend: fake\n");
	m = expand(whole.buf, NULL);
	OK(m->n_mistakes == 0 && m->n_warnings == 1, "elsewhere a seed of 0 is a seed; credits are warned of");
	OK(m->n_warnings == 1 && strstr(m->mistakes[0].text, "credits"), "as before");
	manifest_free(m);
	m = expand("version: 1\nbackend: scenario\nparams: {prompt: x}\n", NULL);
	OK(!m->hosted.project && !m->hosted.n_jobs && !m->hosted.per_minute && m->hosted.deadline_s == 0 && !m->run.retried_classes,
	   "nothing said, nothing set");
	manifest_free(m);
	strbuf_release(&whole);
}

static void check_overrides(void)
{
	static const char *const sets[] = { "duration=4", "prompt=no {braces}" };
	struct manifest_overrides over = { .backend = "fake", .checkpoint = "here", .sets = sets, .n_sets = 2 };
	struct manifest *m = expand("version: 1\nparams: {prompt: x}\nsweep: {duration: [1, 2], seed: 1..3}\n", &over);

	IS_INT(m->backend, PARAM_FAKE, "--backend");
	IS_TEXT(m->output.dir, "folder/out/study-fake", "another backend gets a folder of its own");
	IS_TEXT(m->checkpoints[0].dir, "here", "--checkpoint is relative to the working directory");
	IS_INT(m->checkpoints[0].line, 0, "and not at a line");
	IS_INT(m->n_jobs, 3, "--set takes the place of the sweep");
	OK(m->n_jobs == 3 && job_number(&m->jobs[0], "duration", 0) == 4, "with its value");
	IS_TEXT(m->n_jobs == 3 ? job_text(&m->jobs[0], "prompt", "") : "", "no {braces}", "a text as it is");
	manifest_free(m);
	over.output = "mine";
	m = expand("version: 1\nbackend: fake\nparams: {prompt: x}\noutput: {dir: theirs/}\n", &over);
	IS_TEXT(m->output.dir, "mine", "--output");
	manifest_free(m);
	over.output = NULL;
	m = expand("version: 1\nbackend: fake\nparams: {prompt: x}\noutput: {dir: theirs/}\n", &over);
	IS_TEXT(m->output.dir, "folder/theirs/", "the manifest's own backend keeps its folder");
	manifest_free(m);
	over.backend = "scenario";
	m = expand("version: 1\nparams: {prompt: x}\n", &over);
	OK(m->n_mistakes == 0 && m->backend == PARAM_SCENARIO, "any backend of the card may be asked for");
	IS_TEXT(m->output.dir, "folder/out/study-scenario", "and has a folder of its own");
	manifest_free(m);
	over.backend = "hosted";
	m = expand("version: 1\nparams: {prompt: x}\n", &over);
	OK(m->n_mistakes == 1 && m->mistakes[0].line == 0, "a backend that is not there is a mistake of the command line");
	manifest_free(m);
}

static void check_names(void)
{
	static const struct {
		const char *path, *name;
	} rows[] = {
		{ "a/b.yaml", "b" }, { "b.batch.yml", "b-batch" }, { "My Study.yaml", "my-study" }, { "plain", "plain" }, { "x/.yaml", "yaml" }, { "-.yaml", NULL },
	};
	static const char text[] = "version: 1\nparams: {prompt: x}\n";
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct manifest *m;

		if (manifest_read_text(&m, rows[i].path, text, sizeof text - 1, card, NULL, &err))
			continue;
		OK(m->n_mistakes == 0 && m->name[0] && m->name[0] != '-', "%s has a good name: %s", rows[i].path, m->name);
		if (rows[i].name)
			IS_TEXT(m->name, rows[i].name, rows[i].path);
		manifest_free(m);
	}
}

static void check_inheritance(void)
{
	struct manifest *m = expand("version: 1\nbackend: fake\nparams: {prompt: x, temperature: 0.5}\ntags: [a, b]\nfake: {delay: 20ms, fail: io}\n"
				    "sets:\n  one: {tags: [b, c], fake: {times: 2}}\n  two: {params: {seed: 3}, fake: {delay: 0.5}}\n",
				    NULL);

	if (!OK(m->n_jobs == 2, "two jobs"))
		return;
	IS_INT(m->jobs[0].n_tags, 3, "tags are united");
	IS_TEXT(m->jobs[0].tags[2], "c", "the set's own last");
	IS_INT(m->jobs[1].n_tags, 2, "the other set has the top's");
	IS_NEAR(m->jobs[0].fake->delay_s, 0.02, 1e-12, "delay from the top");
	IS_TEXT(m->jobs[0].fake->fail, "io", "fail from the top");
	IS_INT(m->jobs[0].fake->fail_times, 2, "times from the set");
	IS_NEAR(m->jobs[1].fake->delay_s, 0.5, 0, "the set's delay is nearer");
	IS_INT(m->jobs[0].line, 7, "line of the set");
	IS_TEXT(m->jobs[1].set, "two", "name of the set");
	manifest_free(m);
}

static void check_input(void)
{
	static const char *const sets[] = { "inputAudio=tests/data/manifests/good/tune.wav" };
	struct manifest_overrides over = { .sets = sets, .n_sets = 1 };
	struct manifest *m = expand("version: 1\nbackend: fake\nparams: {prompt: x, continuation: true}\n", &over);
	char hex[HASH_HEX_SIZE];
	unsigned char hash[HASH_BYTES];

	hash_bytes("not really a sound", 18, hash);
	hash_hex(hex, hash);
	if (OK(m->n_jobs == 1, "a job with an input")) {
		IS_TEXT(m->jobs[0].input_sha256, hex, "its content's hash");
		OK(m->jobs[0].input_path[0] == '/', "its absolute path");
	}
	manifest_free(m);
	m = expand("version: 1\nbackend: fake\nparams: {prompt: x, continuation: true, inputAudio: /dev/zero}\n", NULL);
	OK(m->n_mistakes == 1 && strstr(m->mistakes[0].text, "'/dev/zero' is no plain file"), "a device is no file");
	manifest_free(m);
}

static bool has_mistake(const struct manifest *m, const char *part)
{
	for (int i = 0; i < m->n_mistakes; i++)
		if (strstr(m->mistakes[i].text, part))
			return true;
	return false;
}

static void check_limits(void)
{
	struct manifest_overrides over = { .jobs_max = 10 };
	struct manifest *m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..10}\n", &over);
	struct err err = ERR_INIT;
	struct manifest *none = NULL;

	IS_INT(m->n_jobs, 10, "as many as the limit");
	manifest_free(m);
	m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..4, topK: 1..3}\n", &over);
	OK(m->n_mistakes == 1 && strstr(m->mistakes[0].text, "12 combinations"), "more is a mistake with the number");
	manifest_free(m);
	m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..11}\n", &over);
	OK(m->n_mistakes == 1 && strstr(m->mistakes[0].text, "11 values"), "so is a range that is longer alone");
	manifest_free(m);
	m = expand("version: 1\nparams: {prompt: x}\nsets: {a: {sweep: {seed: 1..9}}, b: {sweep: {seed: 11..19}}, c: {sweep: {seed: 21..29}}}\n", &over);
	OK(has_mistake(m, "more than 20 values"), "so are ranges that ask for memory together");
	manifest_free(m);
	m = expand("version: 1\nparams: {prompt: x}\nsweep: {seed: 1..100000, topK: 1..2000, duration: 1..30, temperature: 1..100000, continuationStart: 1..100000}\n", NULL);
	OK(m->n_mistakes == 1 && strstr(m->mistakes[0].text, "or more"), "so is a product beyond 2^63");
	manifest_free(m);
	OK(manifest_read(&none, "tests/data/no-such.yaml", card, NULL, &err) == -1 && strstr(err.text, "no-such"), "a file that is not there");
}

/* Rows of a file have labels, though no column sets a parameter. */
static void check_file_limit(void)
{
	struct manifest_overrides over = { .jobs_max = 10, .backend = "fake" };
	struct strbuf text = STRBUF_INIT(1 << 16);
	char dir[] = "/tmp/test-manifest-XXXXXX", *path;
	struct err err = ERR_INIT;
	struct manifest *m;

	if (!OK(mkdtemp(dir) != NULL, "a folder"))
		return;
	path = fs_join(dir, "moods.csv");
	OK(fs_replace(path, "mood\na\nb\nc\nd\ne\nf\ng\nh\ni\n", 23, &err) == 0, "a file of nine rows");
	strbuf_adds(&text, "version: 1\nparams: {duration: 1}\nsets:\n");
	for (int i = 0; i < 6; i++)
		strbuf_addf(&text, "  s%d: {params: {prompt: \"{mood} %d\"}, sweep: {r: {file: %s}}}\n", i, i, path);
	m = expand(text.buf, &over);
	OK(has_mistake(m, "more than 50 values"), "files that are named often ask for memory too");
	manifest_free(m);
	strbuf_release(&text);
	(void)unlink(path);
	(void)rmdir(dir);
	free(path);
}

/* Two mistakes at once, sorted by place though one is found later. */
static void check_all_at_once(void)
{
	struct manifest *m = expand("version: 1\nparams: {prompt: x, temprature: 1}\nsets:\n  a: {takes: 0}\noutput: {bits: 8}\nrun: {tries: x}\nnam: y\n", NULL);
	bool is_sorted = true;

	IS_INT(m->n_mistakes, 5, "five mistakes at once");
	for (int i = 1; i < m->n_mistakes; i++)
		is_sorted &= m->mistakes[i - 1].line <= m->mistakes[i].line;
	OK(is_sorted, "in the order of lines");
	OK(!m->jobs && m->n_jobs == 0, "and no jobs");
	manifest_free(m);
}

int main(void)
{
	struct err err = ERR_INIT;

	if (card_open(&card, "meta-musicgen", &err))
		return 1;
	check_defaults();
	check_settings();
	check_hosted();
	check_overrides();
	check_names();
	check_inheritance();
	check_input();
	check_limits();
	check_file_limit();
	check_all_at_once();
	card_close(card);
	return tap_done();
}
