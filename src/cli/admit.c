#include "cli/admit.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What decides what a job needs: its checkpoint, how long it is, whether it takes one row or two, and its prompt; and whose set's
 * sentence it would be. */
struct shape {
	double seconds;
	bool is_single;
	const char *prompt;
	const struct job *job; /* the first of this shape */
};

struct shapes {
	struct shape *list;
	int64_t n, cap;
};

/* Sets in their order, the neediest of a set first. */
static int compare(const struct shape *x, const struct shape *y)
{
	if (x->job->line != y->job->line)
		return x->job->line < y->job->line ? -1 : 1;
	if (x->job->maker != y->job->maker && strcmp(x->job->maker->text, y->job->maker->text) != 0)
		return strcmp(x->job->maker->text, y->job->maker->text);
	if (x->seconds < y->seconds || x->seconds > y->seconds)
		return x->seconds > y->seconds ? -1 : 1;
	if (x->is_single != y->is_single)
		return x->is_single ? 1 : -1;
	return x->prompt == y->prompt ? 0 : strcmp(x->prompt, y->prompt);
}

static int compare_for_sort(const void *a, const void *b)
{
	const struct shape *x = a, *y = b;
	int order = compare(x, y);

	return order ? order : (x->job->ordinal > y->job->ordinal) - (x->job->ordinal < y->job->ordinal);
}

/* One of each. Neighbours are mostly alike (seeds): those are left out before there is anything to sort. */
static void collect(struct shapes *s, const struct run_config *config)
{
	int64_t n_kept = 0;

	for (int64_t i = 0; i < config->n_jobs; i++) {
		const struct job *job = &config->jobs[i];
		double guidance = job_number(job, "classifierFreeGuidance", 0);
		struct shape shape = { job_audio_seconds(job), !(guidance < 1 || guidance > 1), job_text(job, "prompt", ""), job };

		if (s->n > 0 && compare(&s->list[s->n - 1], &shape) == 0)
			continue;
		MEM_GROW(s->list, s->n, s->cap);
		s->list[s->n++] = shape;
	}
	if (s->n > 0)
		qsort(s->list, (size_t)s->n, sizeof *s->list, compare_for_sort);
	for (int64_t i = 0; i < s->n; i++)
		if (n_kept == 0 || compare(&s->list[n_kept - 1], &s->list[i]) != 0)
			s->list[n_kept++] = s->list[i];
	s->n = n_kept;
}

/* Where it is mended: at the prompt, else at the set. */
static void find_place(const struct backend_question *q, int *line, int *column)
{
	bool is_at_prompt = q->is_about_prompt && q->job->prompt_line > 0;

	*line = is_at_prompt ? q->job->prompt_line : q->job->line;
	*column = is_at_prompt ? q->job->prompt_column : 0;
}

static bool is_same_refusal(const struct backend_question *a, const struct backend_question *b)
{
	int line_a, line_b, column_a, column_b;

	find_place(a, &line_a, &column_a);
	find_place(b, &line_b, &column_b);
	return a->code == b->code && line_a == line_b && column_a == column_b;
}

/* One sentence for all refusals at one place that have the same reason: about the neediest job. */
static int tell_refusals(struct backend_question *list, int n, struct findings *findings)
{
	int status = 0;

	for (int i = 0; i < n; i++) {
		int n_more = 0, line, column;
		char *text;

		if (list[i].code == ERR_NONE)
			continue;
		if (findings->n_mistakes >= MISTAKES_MAX) {
			findings_add(findings, 0, 0, "there are more jobs that cannot be done: mend these first");
			break;
		}
		for (int k = i + 1; k < n; k++) {
			if (!is_same_refusal(&list[i], &list[k]))
				continue;
			list[k].code = ERR_NONE;
			n_more++;
		}
		text = n_more ? mem_printf("%s (and so for %d other combination%s of duration, guidance and prompt)", list[i].why, n_more,
					   n_more == 1 ? "" : "s")
			      : mem_strdup(list[i].why);
		find_place(&list[i], &line, &column);
		findings_add(findings, line, column, text);
		free(text);
		if (!status)
			status = err_exit_status(list[i].code);
	}
	return status;
}

int admit_jobs(const struct run_config *config, struct findings *findings, struct err *err)
{
	struct shapes shapes = { NULL, 0, 0 };
	struct backend_question *list;
	int n, status;

	if (!config->ops->admit || config->n_jobs == 0)
		return 0;
	collect(&shapes, config);
	n = (int)shapes.n; /* expand's cap on jobs is far below INT_MAX */
	list = mem_zalloc((size_t)n, sizeof *list);
	for (int i = 0; i < n; i++)
		list[i].job = shapes.list[i].job;
	status = config->ops->admit(&config->backend, list, n, err) == 0 ? tell_refusals(list, n, findings) : err_exit_status(err->code);
	for (int i = 0; i < n; i++)
		free(list[i].why);
	free(list);
	free(shapes.list);
	return status;
}
