/*
 * weigh: what a job with an input costs, once the input has a name at the service.
 *
 * Before, price.c had to ask without it. Whoever keeps the budget has set aside what was said then (task.price); where the price with
 * the input is higher, the job is given back before anything of it is submitted, with that price, and is weighed against the budget again. It
 * is asked once for each shape of job, like all prices, and costs nothing.
 */
#include "backend/hosted/hosted_inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define DUST 1e-6 /* prices are in hundredths at the finest */

/* What the shape costs with an input, or NULL: nobody has asked. */
static const struct weighed *find(const struct hosted *h, const unsigned char shape[HASH_BYTES])
{
	for (size_t i = 0; i < h->n_weighed; i++)
		if (memcmp(h->weighed[i].shape, shape, HASH_BYTES) == 0)
			return &h->weighed[i];
	return NULL;
}

static void shape_of(const struct job *job, unsigned char ret[HASH_BYTES])
{
	struct strbuf text = STRBUF_INIT(JOB_TEXT_MAX);

	wire_price_shape(&text, job);
	hash_bytes(text.buf, text.len, ret);
	strbuf_release(&text);
}

static void judge(struct slot *s, double credits)
{
	char is[TEXT_NUMBER_MAX], was[TEXT_NUMBER_MAX];

	if (credits <= s->price + DUST) {
		mover_go(&s->mover, STEP_READY);
		return;
	}
	slot_fail(s, FAIL_REMOTE, "with its input it costs %s credits, %s were set aside: it is held against the credits again", text_number(is, credits),
		  text_number(was, s->price));
	s->end.is_not_sent = true;
	s->end.price = credits;
}

void weigh_slot(struct hosted *h, struct slot *s)
{
	unsigned char shape[HASH_BYTES];
	const struct weighed *w;

	if (s->price <= 0) { /* nobody counts */
		mover_go(&s->mover, STEP_READY);
		return;
	}
	shape_of(s->job, shape);
	w = find(h, shape);
	if (w) {
		judge(s, w->credits);
		return;
	}
	mover_go(&s->mover, STEP_WEIGH);
	mover_due(&s->mover, hosted_now_ms(h));
}

void weigh_begin(struct hosted *h, struct slot *s)
{
	struct strbuf body = STRBUF_INIT(JOB_TEXT_MAX);
	struct ask ask = { .path = h->service.provider->submit, .query = h->service.provider->dry_run_query,
			   .names = { .model = card_hosted_model(s->job->card) } };

	wire_submit_body(&body, s->job, s->input_asset);
	ask.body = body.buf;
	mover_go(&s->mover, STEP_WEIGHING);
	ask_by(h, &s->mover, &ask);
	strbuf_release(&body);
}

enum came weigh_read(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct err err = ERR_INIT;

	(void)h;
	(void)m;
	if (wire_read_price(heard->http->body.buf, heard->http->body.len, &heard->job.credits, &err) == 0)
		return CAME_GOOD;
	(void)snprintf(heard->why, sizeof heard->why, "%.500s", err.text);
	return CAME_GARBLED;
}

/* For all that wait for the same price. */
void weigh_done(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = (struct slot *)(void *)m;
	unsigned char shape[HASH_BYTES];
	struct mover *other, *next;

	shape_of(s->job, shape);
	if (!find(h, shape)) {
		MEM_GROW(h->weighed, h->n_weighed, h->cap_weighed);
		memcpy(h->weighed[h->n_weighed].shape, shape, HASH_BYTES);
		h->weighed[h->n_weighed++].credits = heard->job.credits;
	}
	judge(s, heard->job.credits);
	for (other = movers_at(&h->movers, STEP_WEIGH); other; other = next) {
		next = other->next;
		shape_of(((struct slot *)(void *)other)->job, shape);
		if (find(h, shape))
			judge((struct slot *)(void *)other, find(h, shape)->credits);
	}
}

/* It costs nothing, and is asked until the deadline. */
void weigh_again(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = (struct slot *)(void *)m;

	mover_later(h, m);
	if (hosted_now_ms(h) < s->deadline_ms)
		return;
	slot_fail(s, FAIL_REMOTE, "what it costs with its input cannot be asked: %s", heard->why);
	s->end.is_not_sent = true;
}
