/* The delay pattern (musicgen-tests.md A1): structure, build and revert, for mono and stereo. */
#include "tap.h"

#include "engine/pattern.h"

#define FRAMES_MAX 1500
#define CODEBOOKS_MAX 8
#define SPECIAL 2048

/* A code that names its place. */
static uint16_t code_at(int k, int t)
{
	return (uint16_t)((k * 251 + t * 7) % SPECIAL);
}

static void fill(uint16_t *codes, const struct pattern *p)
{
	for (int k = 0; k < p->n_codebooks; k++)
		for (int t = 0; t < p->n_frames; t++)
			codes[k * p->n_frames + t] = code_at(k, t);
}

/* Cells that are not as A1 says: code[k][t] at column t + 1 + delay, all others special. */
static int count_wrong(const uint16_t *codes, const struct pattern *p)
{
	int wrong = 0;

	for (int s = 0; s < pattern_n_columns(p); s++) {
		uint16_t ids[CODEBOOKS_MAX];

		pattern_column(p, codes, s, ids);
		for (int k = 0; k < p->n_codebooks; k++) {
			int t = s - 1 - (p->n_codebooks == 8 ? k / 2 : k);

			wrong += ids[k] != (t >= 0 && t < p->n_frames ? code_at(k, t) : SPECIAL);
		}
	}
	return wrong;
}

static void test_one(int n_frames, int n_codebooks)
{
	static uint16_t codes[FRAMES_MAX * CODEBOOKS_MAX], back[FRAMES_MAX * CODEBOOKS_MAX];
	struct pattern p = { n_codebooks, n_codebooks / 4, n_frames, SPECIAL, 0, 0 };
	uint16_t ids[CODEBOOKS_MAX];
	size_t n = (size_t)n_frames * (size_t)n_codebooks;

	fill(codes, &p);
	IS_INT(pattern_n_columns(&p), n_frames + 4, "columns are frames and 4");
	IS_INT(pattern_n_steps(&p), n_frames + 3, "steps are frames and 3");
	IS_INT(count_wrong(codes, &p), 0, "every cell is where it belongs");
	memset(back, 0xff, sizeof(back));
	for (int s = 0; s < pattern_n_columns(&p); s++) {
		pattern_column(&p, codes, s, ids);
		pattern_store(&p, back, s, ids);
	}
	OK(!memcmp(codes, back, n * sizeof(*codes)), "%d frames of %d: storing what was built gives it back", n_frames, n_codebooks);
	OK(n == sizeof(back) / sizeof(*back) || back[n] == 0xffff, "nothing is written past the end");
}

int main(void)
{
	static const int frames[] = { 1, 2, 3, 4, 5, 50, 1500 };

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		test_one(frames[i], 4);
		test_one(frames[i], 8);
	}
	return tap_done();
}
