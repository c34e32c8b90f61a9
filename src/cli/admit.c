#include "cli/admit.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What decides what a job needs: its checkpoint, how long it is, whether it takes one row or two, its prompt and its sound; and whose
 * set's sentence it would be. */
struct shape {
	double seconds;
	int rows; /* 2; 1 where the guidance needs no second; 0: one, without the prompt, at guidance 0 */
	const char *prompt;
	const char *input; /* "": none */
	bool is_continued;
	double start_s, end_s; /* the part of it; end_s -1: to its end */
	const struct job *job; /* the first of this shape */
};

struct shapes {
	struct shape *list;
	int64_t n, cap;
};

static int compare_numbers(double x, double y)
{
	return (x > y) - (x < y);
}

static int compare_inputs(const struct shape *x, const struct shape *y)
{
	int order = x->input == y->input ? 0 : strcmp(x->input, y->input);

	if (!order && x->is_continued != y->is_continued)
		return x->is_continued ? 1 : -1;
	order = order ? order : compare_numbers(x->start_s, y->start_s);
	return order ? order : compare_numbers(x->end_s, y->end_s);
}

/* Sets in their order, the neediest of a set first. */
static int compare(const struct shape *x, const struct shape *y)
{
	if (x->job->line != y->job->line)
		return x->job->line < y->job->line ? -1 : 1;
	if (x->job->maker != y->job->maker && strcmp(x->job->maker->text, y->job->maker->text) != 0)
		return strcmp(x->job->maker->text, y->job->maker->text);
	if (compare_numbers(x->seconds, y->seconds) != 0)
		return compare_numbers(y->seconds, x->seconds);
	if (x->rows != y->rows)
		return y->rows - x->rows;
	if (x->prompt != y->prompt && strcmp(x->prompt, y->prompt) != 0)
		return strcmp(x->prompt, y->prompt);
	return compare_inputs(x, y);
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
		double guidance = job_number(job, "classifierFreeGuidance", 3); /* the card's default */
		struct shape shape = { .seconds = job_audio_seconds(job), .rows = guidance == 0 ? 0 : guidance == 1 ? 1 : 2,
				       .prompt = job_text(job, "prompt", ""), .input = job->input_path ? job->input_path : "",
				       .is_continued = job_flag(job, "continuation", false), .start_s = job_number(job, "continuationStart", 0),
				       .end_s = job_number(job, "continuationEnd", -1), .job = job };

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

	if (a->is_about_input != b->is_about_input || (a->is_about_input && strcmp(a->job->input_path, b->job->input_path) != 0))
		return false;
	find_place(a, &line_a, &column_a);
	find_place(b, &line_b, &column_b);
	return a->code == b->code && line_a == line_b && column_a == column_b;
}

static char *sentence_of(const struct backend_question *q, int n_more)
{
	return n_more ? mem_printf("%s (and so for %d other combination%s of duration, guidance and prompt)", q->why, n_more,
				   n_more == 1 ? "" : "s")
		      : mem_strdup(q->why);
}

/* One sentence for all refusals at one place that have the same reason: about the neediest job. What only fails later is a warning. */
static int tell_refusals(struct backend_question *list, int n, struct findings *findings)
{
	int status = 0, n_warned = 0;

	for (int i = 0; i < n; i++) {
		void (*tell)(struct findings *, int, int, const char *) = list[i].is_later ? findings_warn : findings_add;
		int n_more = 0, line, column, *n_told = list[i].is_later ? &n_warned : &findings->n_mistakes;
		char *text;

		if (list[i].code == ERR_NONE)
			continue;
		if (*n_told >= MISTAKES_MAX) {
			tell(findings, 0, 0, "there are more jobs that cannot be done: mend these first");
			continue;
		}
		for (int k = i + 1; k < n; k++) {
			if (!is_same_refusal(&list[i], &list[k]))
				continue;
			list[k].code = ERR_NONE;
			n_more++;
		}
		text = sentence_of(&list[i], n_more);
		find_place(&list[i], &line, &column);
		tell(findings, line, column, text);
		free(text);
		n_warned += list[i].is_later;
		if (!status && !list[i].is_later)
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
