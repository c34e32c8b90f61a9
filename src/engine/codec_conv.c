#include "engine/codec_conv.h"

#include <math.h>
#include <string.h>

struct pad_work {
	const struct codec_bench *bench;
	const float *x;
	struct codec_span in;
	int first; /* the padded buffer's first row, as a row of the signal; negative before its start */
	int width;
	int mirror_end; /* rows of the signal with what a too short one is extended by; 0: edges are zero */
	bool elu;
};

struct gather_work {
	const struct codec_bench *bench;
	const struct codec_conv *conv;
};

struct each_work {
	const struct kernels *k;
	float *y;
	const float *x;
	size_t width;
};

/* Rows that are added before and after a signal of `length` rows: the window less its step, and what the last window lacks
 * (musicgen.md 7.1). */
static void edges_of(const struct model *m, const struct codec_conv *conv, int length, int *left, int *right)
{
	int all = (conv->kernel - 1) * conv->dilation + 1 - conv->stride;

	*right = m->codec.is_causal ? 0 : all / 2;
	*left = all - *right;
	*right += (conv->stride - length % conv->stride) % conv->stride;
}

/* Length that reflection works on: a signal not longer than its edge is extended by zeros first. */
static int mirror_end_of(int length, int left, int right)
{
	int most = left > right ? left : right;

	return length > most ? length : most + 1;
}

static int clamped(int x, int low, int high)
{
	return x < low ? low : x > high ? high : x;
}

struct codec_span codec_conv_need(const struct model *m, const struct codec_conv *conv, struct codec_span out, int length)
{
	int left, right, begin, end;

	edges_of(m, conv, length, &left, &right);
	begin = out.begin * conv->stride - left;
	end = begin + (int)codec_conv_reach(conv, (size_t)codec_span_rows(out));
	if (m->codec.padding == CODEC_PAD_REFLECT) {
		int last = mirror_end_of(length, left, right) - 1, from = begin, to = end;

		/* Row -i mirrors row i; row last + i mirrors last - i. */
		if (from < 0 && -from + 1 > end)
			end = -from + 1;
		if (to > length && last - (to - 1 - last) < begin)
			begin = last - (to - 1 - last);
	}
	return (struct codec_span){ clamped(begin, 0, length), clamped(end, 0, length), length };
}

static int up_trim(const struct model *m, const struct codec_up *up)
{
	int all = up->kernel - up->stride;
	int right = m->codec.is_causal ? (int)ceil(all * m->codec.trim_right_ratio) : all / 2;

	return all - right;
}

struct codec_span codec_up_need(const struct model *m, const struct codec_up *up, struct codec_span out)
{
	int trim = up_trim(m, up), length = out.length / up->stride;
	int first = (out.begin + trim) / up->stride - (up->n_taps - 1), last = (out.end - 1 + trim) / up->stride;

	return (struct codec_span){ clamped(first, 0, length), clamped(last + 1, 0, length), length };
}

/* The row of the signal that stands at row i, or -1 for zeros. */
static int source_row(const struct pad_work *work, int i)
{
	if (i < 0)
		i = work->mirror_end ? -i : -1;
	else if (work->mirror_end && i >= work->mirror_end)
		i = work->mirror_end - 1 - (i - (work->mirror_end - 1));
	return i < work->in.length ? i : -1;
}

static void run_pad(void *arg, int worker, int begin, int end)
{
	const struct pad_work *work = arg;
	size_t width = (size_t)work->width;

	(void)worker;
	for (int i = begin; i < end; i++) {
		float *to = work->bench->padded + (size_t)i * width;
		int from = source_row(work, work->first + i);
		const float *x = from < 0 ? NULL : work->x + (size_t)(from - work->in.begin) * width;

		if (!x)
			memset(to, 0, width * sizeof(float));
		else if (work->elu)
			work->bench->crew->k->elu(to, x, width);
		else
			memcpy(to, x, width * sizeof(float));
	}
}

/* Each output's window, which a dilated convolution has in pieces, as one row. */
static void run_gather(void *arg, int worker, int begin, int end)
{
	const struct gather_work *work = arg;
	const struct codec_conv *conv = work->conv;
	size_t width = (size_t)conv->n_in, stride = (size_t)conv->stride;

	(void)worker;
	for (int i = begin; i < end; i++)
		for (int tap = 0; tap < conv->kernel; tap++)
			memcpy(work->bench->windows + ((size_t)i * (size_t)conv->kernel + (size_t)tap) * width,
			       work->bench->padded + ((size_t)i * stride + (size_t)tap * (size_t)conv->dilation) * width, width * sizeof(float));
}

void codec_conv_run(const struct codec_bench *bench, const struct codec_conv *conv, float *y, size_t ldy, struct codec_span out,
		    const float *x, struct codec_span in, bool elu)
{
	struct pad_work pad = { .bench = bench, .x = x, .in = in, .width = conv->n_in, .elu = elu };
	struct gather_work gather = { bench, conv };
	struct product p = { .y = y, .ldy = ldy, .x = bench->padded, .n_x = codec_span_rows(out) };
	int left, right;

	edges_of(bench->model, conv, in.length, &left, &right);
	pad.first = out.begin * conv->stride - left;
	if (bench->model->codec.padding == CODEC_PAD_REFLECT)
		pad.mirror_end = mirror_end_of(in.length, left, right);
	pool_run(bench->crew->pool, (int)codec_conv_reach(conv, (size_t)p.n_x), run_pad, &pad);
	p.ldx = (size_t)conv->stride * (size_t)conv->n_in; /* windows overlap where they lie */
	if (conv->dilation > 1 && conv->kernel > 1) {
		pool_run(bench->crew->pool, p.n_x, run_gather, &gather);
		p.x = bench->windows;
		p.ldx = (size_t)conv->kernel * (size_t)conv->n_in;
	}
	p.w = &conv->w;
	p.bias = conv->bias;
	crew_product(bench->crew, &p);
}

float *codec_up_run(const struct codec_bench *bench, const struct codec_up *up, float *y, struct codec_span out, const float *x,
		    struct codec_span in, bool elu)
{
	int trim = up_trim(bench->model, up), first = (out.begin + trim) / up->stride, last = (out.end - 1 + trim) / up->stride;
	struct pad_work pad = { .bench = bench, .x = x, .in = in, .first = first - (up->n_taps - 1), .width = up->n_in, .elu = elu };
	struct product p = {
		.y = y,
		.ldy = (size_t)up->w.n_rows,
		.x = bench->padded,
		.ldx = (size_t)up->n_in,
		.n_x = last - first + 1,
		.w = &up->w,
		.bias = up->bias,
	};

	pool_run(bench->crew->pool, p.n_x + up->n_taps - 1, run_pad, &pad);
	crew_product(bench->crew, &p);
	return y + (size_t)(out.begin + trim - first * up->stride) * (size_t)up->n_out;
}

static void run_elu(void *arg, int worker, int begin, int end)
{
	const struct each_work *work = arg;
	size_t at = (size_t)begin * work->width;

	(void)worker;
	work->k->elu(work->y + at, work->x + at, (size_t)(end - begin) * work->width);
}

void codec_elu(const struct codec_bench *bench, float *y, const float *x, int rows, int width)
{
	struct each_work work = { bench->crew->k, y, x, (size_t)width };

	pool_run(bench->crew->pool, rows, run_elu, &work);
}

static void run_add(void *arg, int worker, int begin, int end)
{
	const struct each_work *work = arg;
	size_t at = (size_t)begin * work->width;

	(void)worker;
	work->k->add(work->y + at, work->x + at, (size_t)(end - begin) * work->width);
}

void codec_add(const struct codec_bench *bench, float *y, const float *x, int rows, int width)
{
	struct each_work work = { bench->crew->k, y, x, (size_t)width };

	pool_run(bench->crew->pool, rows, run_add, &work);
}
