/* chroma: the published vectors of the reference, the bank's values, each pitch's class, edges. */
#include "engine/chroma.h"

#include "base/mathf.h"
#include "base/mem.h"
#include "vectors.h"

#define PI 3.14159265358979323846
#define RATE_HZ 32000

static const struct chroma_shape full = { RATE_HZ, 16384, 4096 };

static struct chroma *opened(const struct chroma_shape *shape)
{
	struct chroma *c = NULL;
	struct err err = ERR_INIT;

	OK(chroma_open(&c, shape, &err) == 0, "opened %s", err.text);
	if (!c)
		exit(1);
	return c;
}

static void check_classes(struct chroma *c, const float *mono, size_t n, const char *want, const char *name)
{
	size_t n_frames = chroma_n_frames(&full, n);
	uint8_t classes[64];
	char got[256] = "";

	IS_INT((long long)n_frames, (long long)(1 + strlen(want)) / 2, name);
	chroma_classes(c, mono, n, classes);
	for (size_t i = 0; i < n_frames; i++)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%d", i ? " " : "", classes[i]);
	IS_TEXT(got, want, name);
}

/* The reference's own integration test (musicgen-tests.md A2): A4, silent in the first half of each quarter of a second. */
static void check_published(struct chroma *c)
{
	static const struct {
		double seconds;
		const char *want, *name;
	} rows[] = {
		{ 0.5, "9 9 9 9 9 9 0 0", "bips of half a second" },
		{ 1.0, "9 9 9 9 9 9 9 9", "bips of a second" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		float *mono = mem_zalloc(RATE_HZ, sizeof *mono);
		int n = (int)(rows[i].seconds * RATE_HZ);

		for (int k = 0; k < n; k++) {
			double t = (double)k / RATE_HZ;

			if ((t - 0.25 * floor(t / 0.25)) / 0.25 >= 0.5)
				mono[k] = (float)mathd_cos(2 * PI * 440 * t);
		}
		check_classes(c, mono, RATE_HZ, rows[i].want, rows[i].name);
		free(mono);
	}
}

static void check_bank(const struct chroma *c)
{
	double sum = 0;
	float in_f32 = 0; /* the published sum is one of f32, value by value */

	for (int class = 0; class < CHROMA_CLASSES; class++)
		for (int k = 0; k <= full.n_fft / 2; k++) {
			sum += (double)chroma_bank(c, class)[k];
			in_f32 += chroma_bank(c, class)[k];
		}
	IS_NEAR((double)in_f32, 4159.7915, 1e-4, "the bank's sum");
	IS_NEAR(sum, 4159.942824, 1e-6, "its sum in f64, as the reference's own bank has it");
	IS_NEAR((double)chroma_bank(c, 9)[225], 0.866148, 1e-6, "A at bin 225");
	IS_NEAR((double)chroma_bank(c, 9)[226], 0.866242, 1e-6, "A at bin 226");
	IS_NEAR((double)chroma_bank(c, 0)[134], 0.66992, 1e-5, "C at bin 134");
	IS_NEAR((double)chroma_bank(c, 0)[0], 4.37676e-07, 1e-12, "C at bin 0");
}

static void check_pitches(struct chroma *c)
{
	float *mono = mem_zalloc(RATE_HZ, sizeof *mono);
	float silence = 0, sound = 0.5f;
	double hz = 440 * mathd_exp(-9.0 / 12 * mathd_log(2)); /* C4 */
	uint8_t classes[8];
	int n_right = 0;

	for (int class = 0; class < CHROMA_CLASSES; class++) {
		for (int k = 0; k < RATE_HZ; k++)
			mono[k] = 0.25f * (float)mathd_sin(2 * PI * hz * mathd_exp(class / 12.0 * mathd_log(2)) * k / RATE_HZ);
		chroma_classes(c, mono, RATE_HZ, classes);
		for (int i = 0; i < 8; i++)
			n_right += classes[i] == class;
	}
	IS_INT(n_right, 8 * CHROMA_CLASSES, "C4 to B4 are classes 0 to 11 in all frames");
	check_classes(c, &silence, 1, "0 0 0 0 0", "a silent sample");
	IS_INT((long long)chroma_n_frames(&full, 1), 5, "a sample has the frames of a window");
	IS_INT((long long)chroma_n_frames(&full, 16384), 5, "so has a window");
	IS_INT((long long)chroma_n_frames(&full, 20480), 6, "a hop more, a frame more");
	IS_INT((long long)chroma_n_frames(&full, 30 * RATE_HZ), 235, "30 s");
	chroma_classes(c, &sound, 1, classes);
	OK(classes[0] < CHROMA_CLASSES, "a lone sample has some class");
	free(mono);
}

/* The class has no unit: a louder sound has the same; the end is mirrored like the beginning. */
static void check_properties(struct chroma *c)
{
	size_t n = 5 * RATE_HZ, n_frames = chroma_n_frames(&full, n), n_same = 0, n_mirrored = 0;
	float *mono = mem_zalloc(n, sizeof *mono);
	uint8_t *quiet = mem_zalloc(3, n_frames), *loud = quiet + n_frames, *back = loud + n_frames;

	n = 36 * 4096 + 1; /* a sample after the last hop: read backwards it has the same middles */
	n_frames = chroma_n_frames(&full, n);
	for (size_t k = 0; k < n; k++)
		mono[k] = 0.1f * (float)mathd_sin((double)k * (0.05 + 1e-6 * (double)k)); /* rises over two octaves */
	chroma_classes(c, mono, n, quiet);
	for (size_t k = 0; k < n; k++)
		mono[k] *= 512;
	chroma_classes(c, mono, n, loud);
	for (size_t k = 0; k < n / 2; k++) {
		float first = mono[k];

		mono[k] = mono[n - 1 - k];
		mono[n - 1 - k] = first;
	}
	chroma_classes(c, mono, n, back);
	for (size_t i = 0; i < n_frames; i++) {
		n_same += quiet[i] == loud[i];
		n_mirrored += loud[i] == back[n_frames - 1 - i];
	}
	IS_INT((long long)n_same, (long long)n_frames, "512 times as loud: the same classes");
	IS_INT((long long)n_mirrored, (long long)n_frames, "read backwards: the same classes backwards");
	free(mono);
	free(quiet);
}

/* ---- against the reference's own extractor: tests/vectors/chroma ---------------------------------------- */

static double tune_at(double t)
{
	static const int notes[] = { 0, 4, 7, 11, 2, 5, 9, 1, 8, 3, 10, 6 };
	double p = 2 * PI * 220 * exp2(notes[(int)(t / 0.31) % 12] / 12.0) * t;

	return 0.3 * (sin(p) + sin(2 * p) / 2 + sin(3 * p) / 3);
}

/* The sounds of tests/vectors/README.md, by their formulas. */
static float *sound_of(const struct json *sound, int rate_hz)
{
	const char *kind = json_string(json_member(sound, "kind"), "");
	double hz = json_number(json_member(sound, "hz"), 0), seconds = json_number(json_member(sound, "seconds"), 0);
	uint32_t state = (uint32_t)json_number(json_member(sound, "seed"), 0);
	size_t n = (size_t)json_number(json_member(sound, "n"), 0);
	float *mono = mem_zalloc(n, sizeof *mono);

	for (size_t i = 0; i < n; i++) {
		double t = (double)i / rate_hz, value = 0;

		state = state * 1664525u + 1013904223u;
		if (strcmp(kind, "sine") == 0)
			value = 0.5 * sin(2 * PI * hz * t);
		else if (strcmp(kind, "bip") == 0)
			value = (int)i < (int)(seconds * rate_hz) && fmod(t, 0.25) / 0.25 >= 0.5 ? cos(2 * PI * 440 * t) : 0;
		else if (strcmp(kind, "tune") == 0)
			value = tune_at(t);
		else if (strcmp(kind, "noise") == 0)
			value = i / 3000 % 3 == 1 ? 0 : (double)(state >> 8) / 8388608 - 1;
		mono[i] = (float)value;
	}
	return mono;
}

static struct chroma_shape shape_of(const struct json *shapes, int index)
{
	const struct json *s = json_first(shapes);

	while (index-- > 0)
		s = json_next(s);
	return (struct chroma_shape){ (int)json_number(json_member(s, "rate_hz"), 0), (int)json_number(json_member(s, "n_fft"), 0),
				      (int)json_number(json_member(s, "hop"), 0) };
}

static void check_sound(struct vectors *v, const struct json *sound, const struct chroma_shape *shape, struct chroma *c)
{
	const char *name = json_string(json_member(sound, "name"), "?");
	size_t n = (size_t)json_number(json_member(sound, "n"), 0), n_frames = chroma_n_frames(shape, n), n_want = 0, n_right = 0;
	uint8_t *got = mem_zalloc(n_frames, 1);
	float *mono = sound_of(sound, shape->rate_hz);
	const int32_t *want;
	char key[80];

	(void)snprintf(key, sizeof key, "%s.classes", name);
	want = vectors_ints(v, key, &n_want);
	chroma_classes(c, mono, n, got);
	for (size_t i = 0; i < n_want && i < n_frames; i++)
		n_right += got[i] == want[i];
	OK(n_want == n_frames && n_right == n_want, "%s: %zu of %zu classes", name, n_right, n_want);
	free(mono);
	free(got);
}

static void check_reference_bank(struct vectors *v, int index, const struct chroma *c)
{
	const float *values;
	const int32_t *bins;
	size_t n_bins = 0, n = 0;
	char key[80];
	double worst = 0;

	(void)snprintf(key, sizeof key, "bank.%d.bins", index);
	bins = vectors_ints(v, key, &n_bins);
	(void)snprintf(key, sizeof key, "bank.%d.values", index);
	values = vectors_floats(v, key, &n);
	for (size_t i = 0; i < n && n_bins; i++)
		worst = fmax(worst, fabs((double)chroma_bank(c, (int)(i / n_bins))[bins[i % n_bins]] - (double)values[i]));
	OK(n == CHROMA_CLASSES * n_bins && worst < 1e-7, "bank of shape %d: within %g", index, worst);
}

static void check_reference(void)
{
	struct vectors *v = vectors_open("tests/vectors/chroma");
	const struct json *shapes = json_member(vectors_facts(v), "shapes"), *sounds = json_member(vectors_facts(v), "sounds");
	int n_shapes = (int)json_count(shapes), n_sounds = 0;

	for (int i = 0; i < n_shapes; i++) {
		struct chroma_shape shape = shape_of(shapes, i);
		struct chroma *c = opened(&shape);

		check_reference_bank(v, i, c);
		for (const struct json *s = json_first(sounds); s; s = json_next(s)) {
			if ((int)json_number(json_member(s, "shape"), -1) != i)
				continue;
			check_sound(v, s, &shape, c);
			n_sounds++;
		}
		chroma_close(c);
	}
	OK(n_sounds > 20 && n_sounds == (int)json_count(sounds), "%d sounds", n_sounds);
	vectors_close(v);
}

int main(void)
{
	struct chroma_shape small = { 1000, 64, 16 };
	struct chroma *c = opened(&full), *other = opened(&small);

	check_bank(c);
	check_published(c);
	check_pitches(c);
	check_properties(c);
	IS_INT((long long)chroma_n_frames(&small, 100), 7, "a small shape");
	chroma_close(other);
	chroma_close(c);
	chroma_close(NULL);
	check_reference();
	return tap_done();
}
