/* checkpoints: folders by version, the versions that jobs ask for, and what a version without a folder is told. */
#include "manifest_case.h"
#include "tap.h"

static struct card *card;

static struct manifest *read_text(const char *text, const struct manifest_overrides *over)
{
	struct manifest *m = NULL;
	struct err err = ERR_INIT;

	if (manifest_read_text(&m, "folder/x.yaml", text, strlen(text), card, over, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return m;
}

/* "small@4:26 large@0:0*" or the mistakes, "4:26 sentence|" */
static void print(const struct manifest *m, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (int i = 0; i < m->n_mistakes && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%d:%d %s|", m->mistakes[i].line, m->mistakes[i].column, m->mistakes[i].text);
	for (int i = 0; i < m->n_versions && m->n_mistakes == 0 && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s@%d:%d%s", i ? " " : "", m->versions[i].name, m->versions[i].line,
				      m->versions[i].column, m->versions[i].is_default ? "*" : "");
}

/* ---- what is asked for ------------------------------------------------------------- */

#define MAP "version: 1\ncheckpoint: {small: a, stereo-large: /b}\n"

static const struct {
	const char *text, *want;
} wants[] = {
	/* no checkpoint is named: every version is looked for */
	{ "version: 1\nparams: {prompt: x}\n", "stereo-melody-large@0:0*" },
	{ "version: 1\nparams: {prompt: x, modelVersion: small}\n", "small@2:35" },
	{ "version: 1\nparams: {prompt: x}\nsweep: {modelVersion: [small, medium]}\n", "small@3:24 medium@3:31" },
	{ "version: 1\nparams: {prompt: x, modelVersion: large}\nsets: {a: {params: {modelVersion: small}}, b: {sweep: {seed: [1]}}}\n",
	  "small@3:35 large@2:35" },
	{ "version: 1\nparams: {prompt: x, modelVersion: large}\nsets: {a: {sweep: {modelVersion: [small]}}}\n", "small@3:35" },
	{ "version: 1\nparams: {prompt: x}\nsweep: {kind: [{label: a, modelVersion: small}, {label: b, seed: 1}]}\n",
	  "small@3:41 stereo-melody-large@0:0*" },
	{ "version: 1\nparams: {prompt: x, modelVersion: large}\nsets: {a: {sweep: {kind: [{label: a, modelVersion: small}, {label: b, seed: 1}]}}}\n",
	  "small@3:52 large@2:35" },
	/* one folder for all: it says which version it is */
	{ "version: 1\ncheckpoint: a\nparams: {prompt: x}\nsweep: {modelVersion: [small, medium]}\n", "" },
	/* another backend needs no weights */
	{ "version: 1\nbackend: fake\nparams: {prompt: x, modelVersion: small}\n", "" },
	{ "version: 1\nbackend: fake\ncheckpoint: {small: a}\nparams: {prompt: x, modelVersion: large}\n", "" },
	/* a map */
	{ MAP "params: {prompt: x, modelVersion: small}\n", "small@3:35" },
	{ MAP "params: {prompt: x}\nsweep: {modelVersion: [stereo-large, small]}\n", "stereo-large@4:24 small@4:38" },
	{ "version: 1\ncheckpoint: {small: a}\nparams: {prompt: x}\n", "small@0:0*" },
	{ "version: 1\ncheckpoint: {small: a, stereo-melody-large: b}\nparams: {prompt: x}\n", "stereo-melody-large@0:0*" },
	/* and what is wrong with it */
	{ MAP "params: {prompt: x}\n", "2:13 modelVersion is not said, and checkpoint has no folder of its default 'stereo-melody-large', only of small, "
				       "stereo-large: say modelVersion under params|" },
	{ MAP "params: {prompt: x, modelVersion: large}\n",
	  "3:35 modelVersion 'large' has no folder in checkpoint, which has small, stereo-large: write 'large: FOLDER' there, or take one of these|" },
	{ MAP "params: {prompt: x}\nsweep: {modelVersion: [small, medium]}\n",
	  "4:31 modelVersion 'medium' has no folder in checkpoint, which has small, stereo-large: write 'medium: FOLDER' there, or take one of "
	  "these|" },
	{ "version: 1\ncheckpoint: {}\nparams: {prompt: x}\n", "2:13 checkpoint must be a folder or a map from version to folder, found an empty map|" },
	{ "version: 1\ncheckpoint: [a]\nparams: {prompt: x}\n", "2:13 checkpoint must have one value, found a list|" },
	{ "version: 1\ncheckpoint:\nparams: {prompt: x}\n", "2:12 checkpoint must have one value, found nothing|" },
	{ "version: 1\ncheckpoint: {small: [a]}\nparams: {prompt: x}\n", "2:21 small must have one value, found a list|" },
};

static void check_wants(void)
{
	char got[1000];

	for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
		struct manifest *m = read_text(wants[i].text, NULL);

		print(m, got, sizeof got);
		IS_TEXT(got, wants[i].want, wants[i].text);
		manifest_free(m);
	}
}

static void check_keys(void)
{
	struct manifest *m = read_text("version: 1\ncheckpoint: {smal: a, large: b}\nparams: {prompt: x, modelVersion: medium}\n", NULL);

	IS_INT(m->n_mistakes, 1, "a misspelt version is one mistake, and what follows from it none");
	IS_INT(m->mistakes[0].column, 14, "at its place");
	OK(strstr(m->mistakes[0].text, "a version of checkpoint must be ") && strstr(m->mistakes[0].text, "'smal'"), "%s", m->mistakes[0].text);
	manifest_free(m);
}

static void check_folders(void)
{
	static const char *const sets[] = { "modelVersion=small" };
	struct manifest_overrides over = { .sets = sets, .n_sets = 1 };
	struct manifest *m = read_text(MAP "params: {prompt: x, modelVersion: large}\n", &over);
	char got[1000];

	print(m, got, sizeof got);
	IS_TEXT(got, "small@0:0", "--set modelVersion is what jobs ask for");
	IS_INT(m->n_checkpoints, 2, "two folders");
	IS_TEXT(m->checkpoints[0].version, "small", "the first's version");
	IS_TEXT(m->checkpoints[0].dir, "folder/a", "beside the manifest");
	IS_INT(m->checkpoints[0].column, 14, "where it stands");
	IS_TEXT(m->checkpoints[1].dir, "/b", "an absolute one as it is");
	manifest_free(m);
	over.checkpoint = "here";
	m = read_text(MAP "params: {prompt: x}\n", &over);
	OK(m->n_checkpoints == 1 && !m->checkpoints[0].version && !strcmp(m->checkpoints[0].dir, "here"), "--checkpoint takes the place of all");
	IS_INT(m->n_mistakes, 0, "and of what the map lacks");
	manifest_free(m);
}

/* ---- what was opened ------------------------------------------------------------------ */

static const struct manifest_model two[] = {
	{ { PARAM_NATIVE, "native:a", "folder/a" }, "small", "small", false, false },
	{ { PARAM_NATIVE, "native:b", "/b" }, "stereo-large", "stereo-large", false, true },
};

static void expand(struct manifest *m, const struct manifest_model *models, int n)
{
	struct err err = ERR_INIT;

	if (manifest_expand(m, models, n, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	if (m->n_mistakes)
		printf("# %d:%d %s\n", m->mistakes[0].line, m->mistakes[0].column, m->mistakes[0].text);
}

static void check_makers(void)
{
	struct manifest *m = read_text(MAP "params: {prompt: x}\nsweep: {seed: 1..2, modelVersion: [small, stereo-large]}\n", NULL);
	struct manifest *one = read_text("version: 1\ncheckpoint: a\nparams: {prompt: x}\nsweep: {seed: 1..2}\n", NULL);
	struct manifest_model folder = { { PARAM_NATIVE, "native:a", "folder/a" }, NULL, "small", false, false };
	static const char *const want[] = { "native:a folder/a small", "native:a folder/a small", "native:b /b stereo-large", "native:b /b stereo-large" };

	expand(m, two, 2);
	expand(one, &folder, 1);
	if (!OK(m->n_jobs == 4 && one->n_jobs == 2, "four jobs, and two"))
		return;
	for (int i = 0; i < 4; i++) {
		char got[100];

		(void)snprintf(got, sizeof got, "%s %s %s", m->jobs[i].maker->text, m->jobs[i].maker->checkpoint,
			       job_text(&m->jobs[i], "modelVersion", ""));
		IS_TEXT(got, want[i], "each job is made by its version's folder, one after the other");
	}
	OK(!memcmp(m->jobs[1].id, one->jobs[1].id, HASH_BYTES), "and is the same job as with one folder alone");
	manifest_free(m);
	manifest_free(one);
}

static void check_stand_in(void)
{
	struct manifest *m = read_text(MAP "params: {prompt: x, duration: 8}\nsweep: {modelVersion: [small, stereo-large], topP: [0.5, 0.5]}\n", NULL);
	int n = m->n_mistakes;

	expand(m, two, 1);
	OK(n == 1 && m->n_mistakes == 1, "with one of two not opened the other mistakes are found, and no more");
	manifest_free(m);
}

static const struct {
	const char *version, *holds;
	bool is_stereo, fits;
} fits[] = {
	{ "small", "small", false, true },		{ "small", "medium", false, false },	    { "small", "stereo-small", true, false },
	{ "small", "custom", false, false },		{ "custom", "custom", false, true },	    { "custom", "small", false, true },
	{ "custom", "stereo-small", true, false },	{ "stereo-custom", "small", false, false }, { "stereo-custom", "stereo-small", true, true },
	{ "stereo-custom", "stereo-custom", true, true },
};

static void check_fits(void)
{
	char text[200];

	for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
		struct manifest_model model = { { PARAM_NATIVE, "native:a", "folder/a" }, fits[i].version, fits[i].holds, false, fits[i].is_stereo };
		struct manifest *m;

		(void)snprintf(text, sizeof text, "version: 1\ncheckpoint: {%s: a}\nparams: {prompt: x}\n", fits[i].version);
		m = read_text(text, NULL);
		expand(m, &model, 1);
		OK((m->n_mistakes == 0) == fits[i].fits, "map: %s, holds %s", fits[i].version, fits[i].holds);
		OK(fits[i].fits || (m->mistakes[0].line == 2 && m->mistakes[0].column == 14 && strstr(m->mistakes[0].text, "'folder/a'")),
		   "  the folder is named at its place");
		manifest_free(m);
		model.version = NULL;
		(void)snprintf(text, sizeof text, "version: 1\ncheckpoint: a\nparams: {prompt: x, modelVersion: %s}\n", fits[i].version);
		m = read_text(text, NULL);
		expand(m, &model, 1);
		OK((m->n_mistakes == 0) == fits[i].fits, "  one folder alike");
		OK(m->n_mistakes > 0 || !strcmp(job_text(&m->jobs[0], "modelVersion", ""), fits[i].version), "  and the job keeps its word");
		manifest_free(m);
	}
}

/* Rules ask what was loaded, not how it is called: a folder of one's own follows a tune or does not. */
static void check_rules(void)
{
	for (int is_melody = 0; is_melody < 2; is_melody++) {
		struct manifest_model model = { { PARAM_NATIVE, "native:m", "m" }, NULL, "custom", is_melody, false };
		struct manifest *m = read_text("version: 1\ncheckpoint: m\nparams: {inputAudio: ../tests/data/manifests/good/tune.wav}\n", NULL);

		expand(m, &model, 1);
		OK(m->n_mistakes == !is_melody, "melody %d: %s", is_melody, m->n_mistakes ? m->mistakes[0].text : "no mistake");
		OK(is_melody || strstr(m->mistakes[0].text, "needs a melody version"), "  which is why");
		manifest_free(m);
	}
}

int main(void)
{
	struct err err = ERR_INIT;

	if (card_open(&card, "meta-musicgen", &err))
		return 1;
	check_wants();
	check_keys();
	check_folders();
	check_makers();
	check_stand_in();
	check_fits();
	check_rules();
	card_close(card);
	return tap_done();
}
