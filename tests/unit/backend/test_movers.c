/* Where movers stand, against asking all of them: random walks of a few dozen. */
#include "backend/hosted/movers.h"
#include "tap.h"

#define N 60
#define N_MOVES 20000

static uint64_t state = 42;

/* Sebastiano Vigna's splitmix64 */
static uint64_t draw(uint64_t below)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % below;
}

/* The steps of a line, as movers.h says them in words. */
static const struct {
	enum line line;
	enum step steps[3];
	int n;
} lines[] = {
	{ (enum line)PACE_SUBMIT, { STEP_READY }, 1 },
	{ (enum line)PACE_POLL, { STEP_POLL }, 1 },
	{ (enum line)PACE_UPLOAD, { STEP_CREATE, STEP_COMPLETE, STEP_LOOK }, 3 },
	{ (enum line)PACE_FETCH, { STEP_WEIGH, STEP_FETCH }, 2 },
	{ (enum line)PACE_LIST, { STEP_LIST }, 1 },
	{ LINE_ELSEWHERE, { STEP_LOAD, STEP_PART }, 2 },
	{ LINE_RECONCILE, { STEP_RECONCILE }, 1 },
};

static const enum step asked[] = { STEP_SENT, STEP_WEIGHING, STEP_POLLING, STEP_FETCHING, STEP_CREATING, STEP_COMPLETING, STEP_LOOKING, STEP_LISTING };

static bool is_in(enum step step, const enum step *steps, int n)
{
	for (int i = 0; i < n; i++)
		if (steps[i] == step)
			return true;
	return false;
}

/* When each came to its step: the model. */
static uint64_t came[N], n_came;

static bool steps_agree(const struct movers *ms, const struct mover all[N])
{
	for (int step = STEP_FREE + 1; step < N_STEPS; step++) {
		uint64_t last = 0;
		int n = 0, want = 0;

		for (const struct mover *m = movers_at(ms, (enum step)step); m; m = m->next, n++) {
			uint64_t at = came[m - all];

			if ((int)m->step != step || at <= last)
				return false;
			last = at;
		}
		for (int i = 0; i < N; i++)
			want += (int)all[i].step == step;
		if (n != want || movers_n_at(ms, (enum step)step) != want)
			return false;
	}
	return true;
}

static bool lines_agree(const struct movers *ms, const struct mover all[N])
{
	for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++) {
		const struct mover *want = NULL;

		for (int i = 0; i < N; i++) {
			const struct mover *m = &all[i];

			if (!is_in(m->step, lines[k].steps, lines[k].n))
				continue;
			if (!want || m->due_ms < want->due_ms || (m->due_ms == want->due_ms && came[i] < came[want - all]))
				want = m;
		}
		if (movers_first(ms, lines[k].line) != want)
			return false;
	}
	return true;
}

static bool asked_agree(const struct movers *ms, const struct mover all[N])
{
	int n = 0;

	for (int i = 0; i < N; i++)
		n += is_in(all[i].step, asked, (int)(sizeof asked / sizeof asked[0]));
	return ms->n_asked == n;
}

static void test_walks(void)
{
	static struct mover all[N];
	bool steps = true, waits = true, asks = true;
	struct movers ms;

	movers_open(&ms);
	for (int i = 0; i < N; i++)
		mover_join(&all[i], &ms);
	for (int k = 0; k < N_MOVES; k++) {
		int i = (int)draw(N);

		if (draw(3) == 0) {
			mover_due(&all[i], (int64_t)draw(50));
		} else {
			enum step step = (enum step)draw(N_STEPS), old = all[i].step;

			mover_go(&all[i], step);
			if (step != old)
				came[i] = ++n_came;
		}
		steps = steps && steps_agree(&ms, all);
		waits = waits && lines_agree(&ms, all);
		asks = asks && asked_agree(&ms, all);
	}
	OK(steps, "those at a step are there, in the order in which they came");
	OK(waits, "the first of a line is the one that is due first, and of two the one that came first");
	OK(asks, "requests under way are counted");
	for (int i = 0; i < N; i++)
		mover_go(&all[i], STEP_FREE);
	OK(ms.n_asked == 0 && steps_agree(&ms, all) && lines_agree(&ms, all), "all are gone");
	movers_close(&ms);
}

/* Whoever walks along a step may send those that it meets to another. */
static void test_leaving(void)
{
	struct mover all[3], *m, *next;
	struct movers ms;
	int n = 0;

	movers_open(&ms);
	for (int i = 0; i < 3; i++) {
		mover_join(&all[i], &ms);
		mover_go(&all[i], STEP_INPUT);
	}
	for (m = movers_at(&ms, STEP_INPUT); m; m = next, n++) {
		next = m->next;
		mover_go(m, STEP_READY);
	}
	OK(n == 3 && !movers_at(&ms, STEP_INPUT) && movers_n_at(&ms, STEP_READY) == 3, "all three went on");
	movers_close(&ms);
}

int main(void)
{
	test_walks();
	test_leaving();
	return tap_done();
}
