/*
 * steps: what is done with what came, in one table, and which step is next.
 *
 * A cell's act may end the job (slot_fail) in the place of the cell's step: a deadline, a few times too many. Whatever came and
 * has no cell is a bug.
 */
#include "backend/hosted/hosted_inside.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the table ---------------------------------------------------------------------------------------------- */

struct cell {
	void (*act)(struct hosted *h, struct mover *m, struct heard *heard); /* NULL: nothing is to be done */
	enum step next;
};

struct row {
	enum came (*read)(struct hosted *h, struct mover *m, struct heard *heard); /* of a 2xx; NULL: it says nothing but yes */
	bool is_elsewhere; /* not the API: what keeps its files */
	struct cell cells[N_CAME];
};

static const struct row rows[N_STEPS] = {
	[STEP_SENT] = { slot_read_submitted, false, {
		[CAME_GOOD] = { slot_accepted, STEP_ACCEPTED },
		[CAME_GARBLED] = { slot_lost_sight, STEP_RECONCILE },
		[CAME_NO_WORD] = { slot_lost_sight, STEP_RECONCILE },
		[CAME_SERVER] = { slot_lost_sight, STEP_RECONCILE },
		[CAME_TOO_LARGE] = { slot_lost_sight, STEP_RECONCILE },
		[CAME_NOT_SENT] = { slot_not_sent, STEP_OVER },
		[CAME_REFUSED] = { slot_refused, STEP_OVER },
		[CAME_MISSING] = { slot_unknown_input, STEP_OVER },
		[CAME_BARRED] = { slot_barred, STEP_OVER },
		[CAME_FORBIDDEN] = { slot_barred, STEP_OVER },
		[CAME_SLOW_DOWN] = { slot_slow, STEP_OVER },
		[CAME_HERE] = { slot_cannot, STEP_OVER },
	} },
	[STEP_WEIGHING] = { weigh_read, false, {
		[CAME_GOOD] = { weigh_done, STEP_READY },
		[CAME_GARBLED] = { weigh_again, STEP_WEIGH },
		[CAME_NO_WORD] = { weigh_again, STEP_WEIGH },
		[CAME_SERVER] = { weigh_again, STEP_WEIGH },
		[CAME_TOO_LARGE] = { weigh_again, STEP_WEIGH },
		[CAME_SLOW_DOWN] = { weigh_again, STEP_WEIGH },
		[CAME_NOT_SENT] = { slot_not_sent, STEP_OVER },
		[CAME_REFUSED] = { slot_refused, STEP_OVER },
		[CAME_MISSING] = { slot_unknown_input, STEP_OVER },
		[CAME_BARRED] = { slot_barred, STEP_OVER },
		[CAME_FORBIDDEN] = { slot_barred, STEP_OVER },
		[CAME_HERE] = { slot_cannot, STEP_OVER },
	} },
	[STEP_POLLING] = { slot_read_polled, false, {
		[CAME_GOOD] = { slot_look_again, STEP_POLL },
		[CAME_READY] = { slot_succeeded, STEP_FETCH },
		[CAME_ENDED] = { slot_ended, STEP_OVER },
		[CAME_GARBLED] = { slot_poll_again, STEP_POLL },
		[CAME_NO_WORD] = { slot_poll_again, STEP_POLL },
		[CAME_SERVER] = { slot_poll_again, STEP_POLL },
		[CAME_TOO_LARGE] = { slot_poll_again, STEP_POLL },
		[CAME_NOT_SENT] = { slot_poll_again, STEP_POLL },
		[CAME_SLOW_DOWN] = { slot_poll_again, STEP_POLL },
		[CAME_MISSING] = { slot_forgotten, STEP_POLL },
		[CAME_BARRED] = { slot_locked_out, STEP_OVER },
		[CAME_FORBIDDEN] = { slot_locked_out, STEP_OVER },
		[CAME_REFUSED] = { slot_no_help, STEP_OVER },
		[CAME_HERE] = { slot_poll_again, STEP_POLL },
	} },
	[STEP_FETCHING] = { download_read_asset, false, {
		[CAME_GOOD] = { download_found, STEP_LOAD },
		[CAME_ENDED] = { slot_no_help, STEP_OVER }, /* it lies where we do not fetch from */
		[CAME_GARBLED] = { slot_fetch_again, STEP_FETCH },
		[CAME_NO_WORD] = { slot_fetch_again, STEP_FETCH },
		[CAME_SERVER] = { slot_fetch_again, STEP_FETCH },
		[CAME_TOO_LARGE] = { slot_fetch_again, STEP_FETCH },
		[CAME_NOT_SENT] = { slot_fetch_again, STEP_FETCH },
		[CAME_SLOW_DOWN] = { slot_fetch_again, STEP_FETCH },
		[CAME_MISSING] = { slot_gone, STEP_FETCH },
		[CAME_FORBIDDEN] = { slot_gone, STEP_FETCH },
		[CAME_BARRED] = { slot_locked_out, STEP_OVER },
		[CAME_REFUSED] = { slot_no_help, STEP_OVER },
		[CAME_HERE] = { slot_fetch_again, STEP_FETCH },
	} },
	[STEP_LOADING] = { download_read, true, {
		[CAME_GOOD] = { download_done, STEP_OVER },
		[CAME_ENDED] = { download_anew, STEP_FETCH }, /* but not as many bytes as there should be */
		[CAME_GARBLED] = { download_wrong, STEP_OVER },
		[CAME_TOO_LARGE] = { download_wrong, STEP_OVER },
		[CAME_NO_WORD] = { download_resume, STEP_LOAD },
		[CAME_SERVER] = { download_resume, STEP_LOAD },
		[CAME_SLOW_DOWN] = { download_resume, STEP_LOAD },
		[CAME_NOT_SENT] = { slot_fetch_again, STEP_LOAD },
		[CAME_REFUSED] = { download_refresh, STEP_FETCH },
		[CAME_MISSING] = { download_refresh, STEP_FETCH },
		[CAME_BARRED] = { download_refresh, STEP_FETCH },
		[CAME_FORBIDDEN] = { download_refresh, STEP_FETCH },
		[CAME_HERE] = { download_here, STEP_OVER },
	} },
	[STEP_CREATING] = { upload_read_create, false, {
		[CAME_GOOD] = { upload_created, STEP_PART },
		[CAME_GARBLED] = { upload_failed, STEP_FREE },
		[CAME_NO_WORD] = { upload_failed, STEP_FREE },
		[CAME_SERVER] = { upload_failed, STEP_FREE },
		[CAME_TOO_LARGE] = { upload_failed, STEP_FREE },
		[CAME_MISSING] = { upload_failed, STEP_FREE },
		[CAME_NOT_SENT] = { upload_not_sent, STEP_FREE },
		[CAME_REFUSED] = { upload_refused, STEP_FREE },
		[CAME_BARRED] = { upload_barred, STEP_FREE },
		[CAME_FORBIDDEN] = { upload_barred, STEP_FREE },
		[CAME_SLOW_DOWN] = { upload_slow, STEP_FREE },
		[CAME_HERE] = { upload_cannot, STEP_FREE },
	} },
	[STEP_PUTTING] = { upload_read_put, true, {
		[CAME_GOOD] = { upload_put, STEP_PART },
		[CAME_READY] = { upload_put, STEP_COMPLETE },
		[CAME_NO_WORD] = { upload_failed, STEP_FREE },
		[CAME_SERVER] = { upload_failed, STEP_FREE },
		[CAME_TOO_LARGE] = { upload_failed, STEP_FREE },
		[CAME_NOT_SENT] = { upload_not_sent, STEP_FREE },
		/* the address of a part is no one's key: what it refuses says nothing of ours */
		[CAME_REFUSED] = { upload_failed, STEP_FREE },
		[CAME_MISSING] = { upload_failed, STEP_FREE },
		[CAME_BARRED] = { upload_failed, STEP_FREE },
		[CAME_FORBIDDEN] = { upload_failed, STEP_FREE },
		[CAME_SLOW_DOWN] = { upload_failed, STEP_FREE },
		[CAME_HERE] = { upload_cannot, STEP_FREE },
	} },
	[STEP_COMPLETING] = { NULL, false, {
		[CAME_GOOD] = { upload_completed, STEP_LOOK },
		[CAME_NO_WORD] = { upload_failed, STEP_FREE },
		[CAME_SERVER] = { upload_failed, STEP_FREE },
		[CAME_TOO_LARGE] = { upload_failed, STEP_FREE },
		[CAME_MISSING] = { upload_failed, STEP_FREE },
		[CAME_NOT_SENT] = { upload_not_sent, STEP_FREE },
		/* perhaps because it was completed: the same request may have left twice */
		[CAME_REFUSED] = { upload_failed, STEP_FREE },
		[CAME_BARRED] = { upload_barred, STEP_FREE },
		[CAME_FORBIDDEN] = { upload_barred, STEP_FREE },
		[CAME_SLOW_DOWN] = { upload_slow, STEP_FREE },
		[CAME_HERE] = { upload_cannot, STEP_FREE },
	} },
	[STEP_LOOKING] = { upload_read_look, false, {
		[CAME_GOOD] = { upload_look_again, STEP_LOOK },
		[CAME_READY] = { upload_imported, STEP_UPLOADED },
		[CAME_ENDED] = { upload_failed, STEP_FREE },
		[CAME_GARBLED] = { upload_look_again, STEP_LOOK },
		[CAME_NO_WORD] = { upload_look_again, STEP_LOOK },
		[CAME_SERVER] = { upload_look_again, STEP_LOOK },
		[CAME_TOO_LARGE] = { upload_look_again, STEP_LOOK },
		[CAME_NOT_SENT] = { upload_look_again, STEP_LOOK },
		[CAME_SLOW_DOWN] = { upload_look_again, STEP_LOOK },
		[CAME_MISSING] = { upload_failed, STEP_FREE },
		[CAME_REFUSED] = { upload_failed, STEP_FREE },
		[CAME_BARRED] = { upload_barred, STEP_FREE },
		[CAME_FORBIDDEN] = { upload_barred, STEP_FREE },
		[CAME_HERE] = { upload_look_again, STEP_LOOK },
	} },
	[STEP_LISTING] = { reconcile_read, false, {
		[CAME_GOOD] = { NULL, STEP_LIST },
		[CAME_READY] = { reconcile_end, STEP_FREE },
		[CAME_GARBLED] = { reconcile_failed, STEP_FREE },
		[CAME_NO_WORD] = { reconcile_failed, STEP_FREE },
		[CAME_SERVER] = { reconcile_failed, STEP_FREE },
		[CAME_TOO_LARGE] = { reconcile_failed, STEP_FREE },
		[CAME_NOT_SENT] = { reconcile_failed, STEP_FREE },
		[CAME_SLOW_DOWN] = { reconcile_failed, STEP_FREE },
		[CAME_MISSING] = { reconcile_failed, STEP_FREE },
		[CAME_REFUSED] = { reconcile_failed, STEP_FREE },
		[CAME_BARRED] = { reconcile_barred, STEP_FREE },
		[CAME_FORBIDDEN] = { reconcile_barred, STEP_FREE },
		[CAME_HERE] = { reconcile_failed, STEP_FREE },
	} },
};

/* ---- what came ------------------------------------------------------------------------------------------------ */

/* Of a status that is no 2xx. 408 and 425 are what a proxy says in the middle of something: nothing is known by them. */
static enum came came_of_status(int status)
{
	static const struct {
		int status;
		enum came came;
	} known[] = {
		{ 401, CAME_BARRED },	 { 402, CAME_BARRED }, { 403, CAME_FORBIDDEN }, { 404, CAME_MISSING },
		{ 408, CAME_SERVER }, { 425, CAME_SERVER }, { 429, CAME_SLOW_DOWN },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].status == status)
			return known[i].came;
	return status >= 400 && status < 500 ? CAME_REFUSED : CAME_SERVER;
}

static enum came came_of(struct hosted *h, struct mover *m, struct heard *heard)
{
	static const enum came by_end[] = {
		[HTTP_ANSWERED] = CAME_GOOD, [HTTP_CUT] = CAME_NO_WORD, [HTTP_NO_ANSWER] = CAME_NO_WORD, [HTTP_NOT_SENT] = CAME_NOT_SENT,
		[HTTP_TOO_LARGE] = CAME_TOO_LARGE, [HTTP_DISK] = CAME_HERE,
	};
	const struct http_answer *answer = heard->http;
	const struct row *row = &rows[m->step];

	if (answer->end != HTTP_ANSWERED) {
		(void)snprintf(heard->why, sizeof heard->why, "%.255s", answer->why);
		heard->sys_errno = answer->sys_errno;
		return by_end[answer->end];
	}
	if (answer->status == 402 && m->step == STEP_WEIGHING && row->read(h, m, heard) == CAME_GOOD)
		return CAME_GOOD; /* it may be how a price is said (the service's documentation) */
	if (answer->status >= 200 && answer->status <= 299)
		return row->read ? row->read(h, m, heard) : CAME_GOOD;
	if (row->is_elsewhere) { /* its words are not for people, and may hold parts of an address that is a secret */
		(void)snprintf(heard->why, sizeof heard->why, "what keeps the files answered with %d", answer->status);
		return came_of_status(answer->status);
	}
	wire_read_error(h->service.provider, answer->status, answer->content_type, answer->body.buf, answer->body.len, &heard->error);
	(void)snprintf(heard->why, sizeof heard->why, "%s", heard->error.sentence);
	return came_of_status(answer->status);
}

static void go(struct hosted *h, struct mover *m, enum came came, struct heard *heard)
{
	const struct cell *cell = &rows[m->step].cells[came];

	if (!cell->act && cell->next == STEP_FREE)
		BUG("step %d has no answer to %d", (int)m->step, (int)came);
	if (came == CAME_SLOW_DOWN && !rows[m->step].is_elsewhere)
		steps_slow_down(h, m, heard);
	mover_go(m, cell->next);
	if (cell->act)
		cell->act(h, m, heard);
}

void steps_hear(struct hosted *h, struct mover *m, const struct http_answer *answer)
{
	struct heard *heard = mem_zalloc(1, sizeof *heard);
	enum came came;

	heard->http = answer;
	heard->error.wait_ms = -1;
	came = came_of(h, m, heard);
	if (came != CAME_NOT_SENT)
		h->n_not_sent = 0;
	go(h, m, came, heard);
	wire_upload_release(&heard->upload);
	free(heard);
}

void steps_cannot(struct hosted *h, struct mover *m, const struct err *err)
{
	struct heard *heard = mem_zalloc(1, sizeof *heard);

	heard->error.wait_ms = -1;
	heard->sys_errno = err->code == ERR_DISK_FULL ? ENOSPC : err->sys_errno;
	(void)snprintf(heard->why, sizeof heard->why, "%.500s", err->text);
	go(h, m, CAME_HERE, heard);
	free(heard);
}
