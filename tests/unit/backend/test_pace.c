/* How fast the service is asked: limits, turns, pauses and looks, over many random arrivals. */
#include "tap.h"

#include "backend/hosted/pace.h"
#include "base/mem.h"

#define N_ARRIVALS 100000
#define MINUTE_MS 60000

static uint64_t state = 0x9E3779B97F4A7C15u;

/* Marsaglia's xorshift64: the same numbers in each run. */
static uint64_t random_bits(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int random_below(int n)
{
	return (int)(random_bits() % (uint64_t)n);
}

static double random_part(void)
{
	return (double)(random_bits() >> 11) * 0x1p-53;
}

/* ---- the limit and the turns -------------------------------------------------------- */

struct seen {
	int64_t *left_ms; /* [n] when each left */
	int n;
	int64_t busy_ms;  /* how long there was work waiting */
	int longest_wait; /* turns that some kind with work let pass, most */
};

/* How often more than n left in [t, t + a minute), by the times themselves. */
static int count_breaches(const struct seen *seen, int per_minute)
{
	int i, n_breaches = 0;

	for (i = per_minute; i < seen->n; i++)
		n_breaches += seen->left_ms[i] - seen->left_ms[i - per_minute] < MINUTE_MS;
	return n_breaches;
}

static void let_one_leave(struct pace *p, int n_waiting[PACE_N_KINDS], int n_passed[PACE_N_KINDS], int64_t now_ms, struct seen *seen)
{
	enum pace_kind kind = pace_next(p, n_waiting);
	int k;

	if (kind == PACE_N_KINDS || n_waiting[kind] <= 0) {
		OK(false, "pace_next names a kind that waits");
		exit(1);
	}
	pace_sent(p, kind, now_ms);
	n_waiting[kind]--;
	for (k = 0; k < PACE_N_KINDS; k++) {
		n_passed[k] = k == (int)kind || n_waiting[k] == 0 ? 0 : n_passed[k] + 1;
		if (n_passed[k] > seen->longest_wait)
			seen->longest_wait = n_passed[k];
	}
	seen->left_ms[seen->n++] = now_ms;
}

/* N_ARRIVALS requests of random kinds, mean_gap_ms apart on the average (0: all at once), each leaving as soon as it may. */
static void simulate(int per_minute, int mean_gap_ms, struct seen *seen)
{
	int n_waiting[PACE_N_KINDS] = { 0 }, n_passed[PACE_N_KINDS] = { 0 }, n_arrived = 0, n_waits = 0;
	int64_t now_ms = random_below(1000000) - 500000, next_ms = now_ms, begin_ms;
	struct pace p;

	seen->n = seen->longest_wait = 0;
	seen->busy_ms = 0;
	pace_open(&p, per_minute, 0);
	while (seen->n < N_ARRIVALS) {
		begin_ms = now_ms;
		while (n_arrived < N_ARRIVALS && next_ms <= now_ms) {
			n_waiting[mean_gap_ms ? random_below(PACE_N_KINDS) : n_arrived % PACE_N_KINDS]++;
			n_waits++;
			n_arrived++;
			next_ms += mean_gap_ms ? random_below(2 * mean_gap_ms + 1) : 0;
		}
		if (n_waits == 0) {
			now_ms = next_ms;
			continue;
		}
		now_ms += pace_wait_ms(&p, now_ms);
		if (pace_wait_ms(&p, now_ms) != 0)
			break;
		seen->busy_ms += now_ms - begin_ms;
		let_one_leave(&p, n_waiting, n_passed, now_ms, seen);
		n_waits--;
		if (random_below(4) == 0)
			now_ms += random_below(3); /* a loop takes time too */
	}
	pace_close(&p);
}

static void limits(void)
{
	static const struct {
		int per_minute, mean_gap_ms;
	} rows[] = { { 60, 0 }, { 60, 990 }, { 60, 1500 }, { 100, 300 }, { 1, 0 }, { 2, 20000 }, { 7, 9000 }, { 6000, 0 }, { 6000, 5 } };
	struct seen seen = { .left_ms = mem_zalloc(N_ARRIVALS, sizeof *seen.left_ms) };
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		int n = rows[i].per_minute;
		double used;

		simulate(n, rows[i].mean_gap_ms, &seen);
		IS_INT(seen.n, N_ARRIVALS, "every request leaves in the end");
		IS_INT(count_breaches(&seen, n), 0, "  and in no half-open window of a minute more than the limit");
		OK(seen.longest_wait < PACE_N_KINDS, "  and no kind lets more than %d turns pass (%d)", PACE_N_KINDS - 1, seen.longest_wait);
		if (rows[i].mean_gap_ms)
			continue;
		used = (double)seen.n * MINUTE_MS / (double)(seen.left_ms[seen.n - 1] - seen.left_ms[0]) / n;
		OK(used >= 0.95 && used < 1.05, "  and of %d a minute %.1f %% are used while there is work", n, 100 * used);
	}
	free(seen.left_ms);
}

/* Times of the service differ from ours by what the network adds: up to a second between two requests is borne. */
static void the_margin(void)
{
	struct pace p;
	int i;

	pace_open(&p, 3, 0);
	for (i = 0; i < 3; i++)
		pace_sent(&p, PACE_POLL, 1000);
	OK(pace_wait_ms(&p, 1000) >= MINUTE_MS + 1000, "the fourth waits a minute and a second's margin");
	IS_INT(pace_wait_ms(&p, 1000 + pace_wait_ms(&p, 1000)), 0, "and then leaves");
	OK(pace_wait_ms(&p, 1000 + pace_wait_ms(&p, 1000) - 1) == 1, "not a millisecond before");
	pace_close(&p);
}

/* What waits behind others waits as if they had left: tried on copies, at random. */
static void behind_others(void)
{
	int i, k, n_wrong = 0;

	for (i = 0; i < 20000; i++) {
		int per_minute = 1 + random_below(9), n_reserved = random_below(12);
		int64_t now_ms = 0;
		struct pace p, copy;

		pace_open(&p, per_minute, 0);
		pace_open(&copy, per_minute, 0);
		for (k = random_below(20); k > 0; k--) {
			now_ms += random_below(20000);
			pace_sent(&p, PACE_POLL, now_ms);
			pace_sent(&copy, PACE_POLL, now_ms);
		}
		for (k = 0; k < n_reserved; k++)
			pace_sent(&copy, PACE_POLL, now_ms);
		n_wrong += pace_wait_after_ms(&p, n_reserved, now_ms) != pace_wait_ms(&copy, now_ms);
		pace_close(&p);
		pace_close(&copy);
	}
	IS_INT(n_wrong, 0, "behind n others is as after them");
}

static void turns(void)
{
	static const struct {
		int n_waiting[PACE_N_KINDS];
		enum pace_kind last, want;
	} rows[] = {
		{ { 0, 0, 0, 0, 0 }, PACE_SUBMIT, PACE_N_KINDS }, { { 1, 0, 0, 0, 0 }, PACE_SUBMIT, PACE_SUBMIT },
		{ { 1, 1, 1, 1, 1 }, PACE_SUBMIT, PACE_POLL },    { { 1, 1, 1, 1, 1 }, PACE_LIST, PACE_SUBMIT },
		{ { 9, 0, 0, 1, 0 }, PACE_SUBMIT, PACE_FETCH },   { { 1, 9, 0, 0, 0 }, PACE_FETCH, PACE_SUBMIT },
		{ { 0, 9, 0, 0, 1 }, PACE_POLL, PACE_LIST },      { { 0, 9, 0, 0, -1 }, PACE_POLL, PACE_POLL },
	};
	int first[PACE_N_KINDS] = { 1, 1, 1, 1, 1 };
	struct pace p;
	size_t i;

	pace_open(&p, 0, 0);
	IS_INT(pace_next(&p, first), PACE_SUBMIT, "the first turn is a submission's");
	IS_INT(p.per_minute, PACE_PER_MINUTE_DEFAULT, "0 is the default of requests");
	IS_INT(p.n_jobs, PACE_JOBS_DEFAULT, "and of jobs");
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		pace_sent(&p, rows[i].last, 0);
		IS_INT(pace_next(&p, rows[i].n_waiting), rows[i].want, "whose turn it is");
	}
	pace_close(&p);
}

/* ---- pauses, jobs ------------------------------------------------------------------------ */

static void pauses(void)
{
	struct pace p;

	pace_open(&p, 60, 4);
	IS_INT(pace_wait_ms(&p, -5), 0, "nothing holds a fresh pace");
	pace_pause(&p, 5000);
	IS_INT(pace_wait_ms(&p, 1000), 4000, "a pause holds");
	pace_pause(&p, 3000);
	IS_INT(pace_wait_ms(&p, 1000), 4000, "a shorter one does not shorten it");
	pace_pause(&p, 9000);
	IS_INT(pace_wait_ms(&p, 1000), 8000, "a longer one lengthens it");
	IS_INT(pace_wait_ms(&p, 9000), 0, "and it ends");
	pace_close(&p);
}

static void jobs(void)
{
	static const struct {
		int n_jobs, n_in_flight, n_named, want;
	} rows[] = {
		{ 4, 4, 0, 4 }, { 4, 3, 0, 3 }, { 4, 1, 0, 1 }, { 4, 0, 0, 1 },  { 4, 4, 2, 2 },    { 4, 4, 9, 4 },
		{ 4, 3, 9, 3 }, { 4, 9, 0, 4 }, { 4, 9, 9, 4 }, { 4, 4, -1, 4 }, { 2000, 37, 0, 37 }, { 2000, 100, 5, 5 }, { 1, 0, 0, 1 },
	};
	struct pace p;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		pace_open(&p, 60, rows[i].n_jobs);
		pace_too_many_jobs(&p, rows[i].n_in_flight, rows[i].n_named);
		IS_INT(p.n_jobs, rows[i].want, "jobs in flight after a refusal");
		pace_too_many_jobs(&p, 10000, 0);
		IS_INT(p.n_jobs, rows[i].want, "  and it does not grow again");
		pace_close(&p);
	}
}

/* ---- looks --------------------------------------------------------------------------------- */

static void looks(void)
{
	static const double plain_ms[] = { 3000, 4500, 6750, 10000, 10000, 10000 };
	int n, i, n_wrong = 0;

	for (n = 0; n < 6; n++) {
		IS_INT(pace_poll_ms(n, 0), plain_ms[n], "a look without jitter");
		for (i = 0; i < 10000; i++) {
			double ms = (double)pace_poll_ms(n, random_part());

			n_wrong += ms < 0.8 * plain_ms[n] - 1 || ms > plain_ms[n];
		}
	}
	IS_INT(n_wrong, 0, "jitter takes up to a fifth and adds nothing");
	OK(pace_poll_ms(3, 0.9999) < 8010, "and takes all of the fifth");
	IS_INT(pace_poll_ms(2147483647, 0), 10000, "after any number of looks");
}

int main(void)
{
	limits();
	the_margin();
	behind_others();
	turns();
	pauses();
	jobs();
	looks();
	return tap_done();
}
