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

#include <string.h>

/* What the shape costs with an input, or NULL: nobody has asked. */
static const struct weighed *find(const struct hosted *h, const unsigned char shape[HASH_BYTES])
{
	for (size_t i = 0; i < h->n_weighed; i++)
		if (memcmp(h->weighed[i].shape, shape, HASH_BYTES) == 0)
			return &h->weighed[i];
	return NULL;
}

static void judge(struct slot *s, double credits)
{
	char is[TEXT_NUMBER_MAX], was[TEXT_NUMBER_MAX];

	if (credits <= s->price + BACKEND_CREDITS_DUST) {
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
	price_shape(s->job, shape);
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
	struct ask ask;

	wire_submit_body(&body, s->job, s->input_asset);
	ask = ask_for_price(&h->service, s->job, body.buf);
	mover_go(&s->mover, STEP_WEIGHING);
	ask_by(h, &s->mover, &ask);
	strbuf_release(&body);
}

enum came weigh_read(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct err err = ERR_INIT;

	(void)h;
	(void)m;
	return heard_read(heard, wire_read_price(heard->http->body.buf, heard->http->body.len, &heard->job.credits, &err), &err);
}

/* For all that wait for the same price. */
void weigh_done(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);
	unsigned char shape[HASH_BYTES];
	struct mover *other, *next;

	price_shape(s->job, shape);
	if (!find(h, shape)) {
		MEM_GROW(h->weighed, h->n_weighed, h->cap_weighed);
		memcpy(h->weighed[h->n_weighed].shape, shape, HASH_BYTES);
		h->weighed[h->n_weighed++].credits = heard->job.credits;
	}
	judge(s, heard->job.credits);
	for (other = movers_at(&h->movers, STEP_WEIGH); other; other = next) {
		next = other->next;
		price_shape((slot_of(other))->job, shape);
		if (find(h, shape))
			judge(slot_of(other), find(h, shape)->credits);
	}
}

/* It costs nothing, and is asked until the deadline. */
void weigh_again(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct slot *s = slot_of(m);

	mover_later(h, m);
	if (hosted_now_ms(h) < s->deadline_ms)
		return;
	slot_fail(s, FAIL_REMOTE, "what it costs with its input cannot be asked: %s", heard->why);
	s->end.is_not_sent = true;
}
