/*
 * The plan of windows (musicgen-tests.md A12): lists of (begin, known, frames), and what holds for every plan: windows follow
 * each other by the stride, each but the first knows what the one before left it, and together they make every frame once.
 * And the stride of windows of any length.
 */
#include "tap.h"

#include "engine/window.h"

#define MANY 8

struct plan {
	const char *name;
	struct windows windows; /* frames, given, full, stride */
	int n;
	struct window want[MANY]; /* begin, known, frames */
};

/* 50 frames a second, windows of 30 s, a stride of 18 s; then musicgen.md's own examples at 25 frames a second. */
static const struct plan plans[] = {
	{ "8 s", { 400, 0, 1500, 900 }, 1, { { 0, 0, 400 } } },
	{ "one frame", { 1, 0, 1500, 900 }, 1, { { 0, 0, 1 } } },
	{ "30 s", { 1500, 0, 1500, 900 }, 1, { { 0, 0, 1500 } } },
	{ "30.02 s", { 1501, 0, 1500, 900 }, 2, { { 0, 0, 1500 }, { 900, 600, 601 } } },
	{ "31 s", { 1550, 0, 1500, 900 }, 2, { { 0, 0, 1500 }, { 900, 600, 650 } } },
	{ "36.08 s", { 1804, 0, 1500, 900 }, 2, { { 0, 0, 1500 }, { 900, 600, 904 } } },
	{ "48 s", { 2400, 0, 1500, 900 }, 2, { { 0, 0, 1500 }, { 900, 600, 1500 } } },
	{ "48.02 s", { 2401, 0, 1500, 900 }, 3, { { 0, 0, 1500 }, { 900, 600, 1500 }, { 1800, 600, 601 } } },
	{ "60 s", { 3000, 0, 1500, 900 }, 3, { { 0, 0, 1500 }, { 900, 600, 1500 }, { 1800, 600, 1200 } } },
	{ "90 s", { 4500, 0, 1500, 900 }, 5,
	  { { 0, 0, 1500 }, { 900, 600, 1500 }, { 1800, 600, 1500 }, { 2700, 600, 1500 }, { 3600, 600, 900 } } },
	{ "30 s after 10 s", { 1500, 500, 1500, 900 }, 1, { { 0, 500, 1500 } } },
	{ "31 s after 29.98 s", { 1550, 1499, 1500, 900 }, 2, { { 0, 1499, 1500 }, { 900, 600, 650 } } },
	{ "60 s after 5 s", { 3000, 250, 1500, 900 }, 3, { { 0, 250, 1500 }, { 900, 600, 1500 }, { 1800, 600, 1200 } } },
	{ "10 s of 10 s windows", { 500, 0, 500, 300 }, 1, { { 0, 0, 500 } } },
	{ "30 s of 10 s windows", { 1500, 0, 500, 300 }, 5,
	  { { 0, 0, 500 }, { 300, 200, 500 }, { 600, 200, 500 }, { 900, 200, 500 }, { 1200, 200, 300 } } },
	{ "30 s after 9.98 s in 10 s windows", { 1500, 499, 500, 300 }, 5,
	  { { 0, 499, 500 }, { 300, 200, 500 }, { 600, 200, 500 }, { 900, 200, 500 }, { 1200, 200, 300 } } },
	{ "2 s of 3 s windows", { 50, 0, 75, 50 }, 1, { { 0, 0, 50 } } },
	{ "2 s after 1 s", { 50, 25, 75, 50 }, 1, { { 0, 25, 50 } } },
	{ "4 s of 3 s windows by 2 s", { 100, 0, 75, 50 }, 2, { { 0, 0, 75 }, { 50, 25, 50 } } },
};

static void test_plan(const struct plan *p)
{
	int n = windows_count(&p->windows), n_same = 0;

	IS_INT(n, p->n, p->name);
	for (int i = 0; i < n && i < MANY; i++) {
		struct window got = windows_at(&p->windows, i);
		const struct window *want = &p->want[i];

		n_same += got.begin == want->begin && got.n_known == want->n_known && got.n_frames == want->n_frames;
		if (n_same <= i)
			printf("# window %d is (%d, %d, %d)\n", i, got.begin, got.n_known, got.n_frames);
	}
	IS_INT(n_same, p->n, "its windows are those");
}

/* What is wrong with a plan, NULL: nothing. */
static const char *flaw(const struct windows *w)
{
	int n_made = w->n_given;

	for (int i = 0; i < windows_count(w); i++) {
		struct window at = windows_at(w, i);

		if (at.begin != i * w->stride)
			return "a window begins elsewhere";
		if (at.n_frames > w->full || at.n_frames <= at.n_known)
			return "a window is too long, or makes nothing";
		if (at.begin + at.n_known != n_made)
			return "a window does not go on where the one before ended";
		n_made = at.begin + at.n_frames;
	}
	return n_made == w->n_frames ? NULL : "the windows do not end with the sequence";
}

static void test_all(int full, int stride)
{
	int n_plans = 0;

	for (int n_frames = 1; n_frames <= 5 * full; n_frames++) {
		for (int n_given = 0; n_given < n_frames && n_given < full; n_given += 1 + full / 7) {
			struct windows w = { n_frames, n_given, full, stride };
			const char *wrong = flaw(&w);

			n_plans++;
			if (wrong)
				OK(0, "%d frames, %d given, windows of %d by %d: %s", n_frames, n_given, full, stride, wrong);
		}
	}
	OK(n_plans > 0, "%d plans of windows of %d by %d make every frame once", n_plans, full, stride);
}

/* 18 of 30, and always between a frame and the window. */
static void test_strides(void)
{
	static const int wanted[][2] = { { 1500, 900 }, { 750, 450 }, { 500, 300 }, { 100, 60 }, { 40, 24 }, { 252, 151 }, { 7, 4 }, { 3, 1 }, { 2, 1 }, { 4093, 2455 } };
	int n_wrong = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		IS_INT(windows_stride(wanted[i][0]), wanted[i][1], "a stride");
	for (int full = 2; full <= 4096; full++)
		n_wrong += windows_stride(full) < 1 || windows_stride(full) >= full;
	IS_INT(n_wrong, 0, "every window moves on, and begins with something known");
}

int main(void)
{
	test_strides();
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		test_plan(&plans[i]);
	test_all(1500, 900);
	test_all(75, 50);
	test_all(7, 1);
	test_all(40, 24);
	test_all(500, 300);
	for (int full = 2; full <= 12; full++)
		test_all(full, windows_stride(full));
	return tap_done();
}
