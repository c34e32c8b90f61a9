/* base/random: splitmix64's own first numbers, and what is made of them. */
#include "base/random.h"
#include "tap.h"

#define N_DRAWS 10000

int main(void)
{
	/* what Vigna's splitmix64.c gives for these seeds */
	static const struct {
		uint64_t seed, want[3];
	} rows[] = {
		{ 0, { 0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu } },
		{ 1234567, { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u } },
	};
	uint64_t state = 1, other = 1;
	double sum = 0, x;
	int n_out = 0, n_unlike = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t s = rows[i].seed;

		for (int k = 0; k < 3; k++)
			OK(random_bits(&s) == rows[i].want[k], "seed %llu, number %d", (unsigned long long)rows[i].seed, k);
	}
	for (int i = 0; i < N_DRAWS; i++) {
		x = random_unit(&state);
		n_out += x < 0 || x >= 1;
		n_unlike += x != random_unit(&other);
		sum += x;
	}
	IS_INT(n_out, 0, "0 <= x < 1");
	IS_INT(n_unlike, 0, "the same state, the same numbers");
	IS_NEAR(sum / N_DRAWS, 0.5, 0.02, "their mean is a half");
	return tap_done();
}
