/* See movers.h: a list for each step, a heap for each line. */
#include "backend/hosted/movers.h"

#include "base/err.h"
#include "base/mem.h"

#define NO_LINE N_LINES

/* What a step means here. line: where it waits, plus 1; 0: nowhere. is_asked: a request to the API is under way. */
static const struct {
	unsigned char line;
	bool is_asked;
} traits[N_STEPS] = {
	[STEP_READY] = { .line = PACE_SUBMIT + 1 }, [STEP_SENT] = { .is_asked = true },
	[STEP_POLL] = { .line = PACE_POLL + 1 }, [STEP_POLLING] = { .is_asked = true },
	[STEP_WEIGH] = { .line = PACE_FETCH + 1 }, [STEP_WEIGHING] = { .is_asked = true },
	[STEP_FETCH] = { .line = PACE_FETCH + 1 }, [STEP_FETCHING] = { .is_asked = true },
	[STEP_CREATE] = { .line = PACE_UPLOAD + 1 }, [STEP_CREATING] = { .is_asked = true },
	[STEP_COMPLETE] = { .line = PACE_UPLOAD + 1 }, [STEP_COMPLETING] = { .is_asked = true },
	[STEP_LOOK] = { .line = PACE_UPLOAD + 1 }, [STEP_LOOKING] = { .is_asked = true },
	[STEP_LIST] = { .line = PACE_LIST + 1 }, [STEP_LISTING] = { .is_asked = true },
	[STEP_LOAD] = { .line = LINE_ELSEWHERE + 1 }, [STEP_PART] = { .line = LINE_ELSEWHERE + 1 },
	[STEP_RECONCILE] = { .line = LINE_RECONCILE + 1 },
};

static int line_of(enum step step)
{
	return traits[step].line > 0 ? traits[step].line - 1 : NO_LINE;
}

void movers_open(struct movers *ms)
{
	*ms = (struct movers){ .n_came = 0 };
}

void movers_close(struct movers *ms)
{
	for (int i = 0; i < N_LINES; i++)
		free(ms->lines[i].heap);
	movers_open(ms);
}

void mover_join(struct mover *m, struct movers *ms)
{
	*m = (struct mover){ .step = STEP_FREE, .home = ms };
}

/* ---- lines: every parent is no later than its children ---------------------------------- */

static bool is_before(const struct mover *a, const struct mover *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void put(struct mover **heap, size_t at, struct mover *m)
{
	heap[at] = m;
	m->at = at;
}

/* The place `at` is free, or m's own: m goes to where it belongs, from there up or down. */
static void settle(struct mover **heap, size_t n, size_t at, struct mover *m)
{
	size_t child;

	for (; at > 0 && is_before(m, heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(heap, at, heap[(at - 1) / 2]);
	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], m))
			break;
		put(heap, at, heap[child]);
		at = child;
	}
	put(heap, at, m);
}

static void enter(struct mover *m, int line)
{
	struct movers *ms = m->home;

	if (line == NO_LINE)
		return;
	MEM_GROW(ms->lines[line].heap, ms->lines[line].n, ms->lines[line].cap);
	m->number = ++ms->n_came;
	ms->lines[line].n++;
	settle(ms->lines[line].heap, ms->lines[line].n, ms->lines[line].n - 1, m);
}

static void leave(struct mover *m, int line)
{
	struct movers *ms = m->home;
	struct mover *last;

	if (line == NO_LINE)
		return;
	last = ms->lines[line].heap[--ms->lines[line].n];
	if (last != m)
		settle(ms->lines[line].heap, ms->lines[line].n, m->at, last);
}

/* ---- steps --------------------------------------------------------------------------------- */

static void unlink_from(struct mover *m)
{
	struct movers *ms = m->home;

	if (m->step == STEP_FREE)
		return;
	if (m->prev)
		m->prev->next = m->next;
	else
		ms->steps[m->step].first = m->next;
	if (m->next)
		m->next->prev = m->prev;
	else
		ms->steps[m->step].last = m->prev;
	m->next = m->prev = NULL;
	ms->steps[m->step].n--;
}

static void link_to(struct mover *m)
{
	struct movers *ms = m->home;

	if (m->step == STEP_FREE)
		return;
	m->prev = ms->steps[m->step].last;
	if (m->prev)
		m->prev->next = m;
	else
		ms->steps[m->step].first = m;
	ms->steps[m->step].last = m;
	ms->steps[m->step].n++;
}

void mover_go(struct mover *m, enum step step)
{
	enum step old = m->step;

	if (step == old)
		return;
	leave(m, line_of(old));
	unlink_from(m);
	m->step = step;
	link_to(m);
	enter(m, line_of(step));
	m->home->n_asked += traits[step].is_asked - traits[old].is_asked;
}

void mover_due(struct mover *m, int64_t due_ms)
{
	int line = line_of(m->step);

	m->due_ms = due_ms;
	if (line != NO_LINE)
		settle(m->home->lines[line].heap, m->home->lines[line].n, m->at, m);
}

/* ---- who stands where ------------------------------------------------------------------------ */

struct mover *movers_at(const struct movers *ms, enum step step)
{
	return ms->steps[step].first;
}

int movers_n_at(const struct movers *ms, enum step step)
{
	if (step == STEP_FREE)
		BUG("nobody counts those that are free");
	return ms->steps[step].n;
}

struct mover *movers_first(const struct movers *ms, enum line line)
{
	return ms->lines[line].n > 0 ? ms->lines[line].heap[0] : NULL;
}
