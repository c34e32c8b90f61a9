/*
 * hosted_inside: what the files of the hosted backend share. Not a door.
 *
 * Whatever goes from step to step is a mover (movers.h): a job in a slot, an upload, the walk through the service's list of jobs. A mover
 * waits (WAITING steps), has one request under way (those with a row in steps.c), or has something to hand out. Times are of
 * the backend's own clock, hosted_now_ms, but for *_unix_ms.
 *
 *   reap:  tell what was told before (STEP_SEND leaves)  ->  begin what is due (turns.c)  ->  wait (net/http)
 *          ->  hear (steps.c: one table says what is done with what came, and the next step)  ->  hand out (hosted.c)
 */
#ifndef BACKEND_HOSTED_INSIDE_H
#define BACKEND_HOSTED_INSIDE_H

#include "backend/backend.h"
#include "backend/hosted/credentials.h"
#include "backend/hosted/movers.h"
#include "backend/hosted/pace.h"
#include "backend/hosted/wire.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "net/http.h"

#include <stdbool.h>
#include <stdint.h>

/* What came of a request. */
enum came {
	CAME_GOOD,      /* it was answered, and the answer reads well */
	CAME_READY,     /* the same, and what was waited for is there */
	CAME_ENDED,     /* the same, and it will never be there: failed, cancelled */
	CAME_GARBLED,   /* said to be good, but does not read so */
	CAME_NOT_SENT,  /* nothing left this machine */
	CAME_NO_WORD,   /* something left, and no whole answer came */
	CAME_SERVER,    /* 5xx and whatever makes no sense */
	CAME_REFUSED,   /* 400, 422 and their like */
	CAME_MISSING,   /* 404 */
	CAME_BARRED,    /* 401, 402 */
	CAME_FORBIDDEN, /* 403 */
	CAME_SLOW_DOWN, /* 429 */
	CAME_TOO_LARGE,
	CAME_HERE,      /* the disk or a file of this machine; an address that cannot be used */
	N_CAME
};

struct slot {
	struct mover mover;           /* first: a request's tag is its mover */
	struct slot *next_free;
	const struct job *job;
	struct upload *upload;        /* STEP_INPUT: the one it waits for */
	bool (*is_owned)(void *arg, const char *remote_id);
	void *arg;
	char input_asset[WIRE_ID_MAX + 1]; /* "": none */
	char remote_id[WIRE_ID_MAX + 1];
	char asset_id[WIRE_ID_MAX + 1];    /* of its sound */
	double price;                 /* set aside for it; <= 0: nobody counts */
	double credits;
	double progress;
	double told_progress;
	bool is_in_progressed;        /* whichever job is in it now */
	int64_t began_ms;             /* in the slot; monotonic */
	int64_t deadline_ms;
	int n_missing;                /* answers in a row that the service does not know it */
	int64_t submitted_unix_ms;
	char why_unknown[128];        /* what became of the request */
	/* reconcile.c */
	bool is_looked_for;           /* by the walk that is under way */
	int n_candidates;
	char candidate[WIRE_ID_MAX + 1];
	/* download.c */
	char *url, *file, *etag;      /* etag: of what has come so far */
	int64_t n_loaded;
	int64_t n_record;             /* bytes by the sound's record; -1: not said */
	int64_t n_odd;                /* bytes that came whole, and were not as many; 0: none did */
	int n_loads;                  /* begun anew or gone on with */
	struct event end;             /* STEP_OVER */
};

struct upload {
	struct mover mover;
	char sha256[65];
	const struct job *job;        /* one of those that wait: for UPLOADED and for the path */
	char *path;                   /* the file that is sent: the input, or what it was converted to */
	bool is_converted;            /* then the file is ours */
	const char *mime;
	int64_t n_bytes;
	struct wire_upload at_service; /* id and the addresses of its parts */
	int n_put;                    /* parts that are there */
	char asset_id[WIRE_ID_MAX + 1];
	char void_asset[WIRE_ID_MAX + 1]; /* was known as this, and is not any more */
	int64_t deadline_ms;
};

/* The walk through the list of jobs, newest first, for all slots that look for theirs. */
struct walk {
	struct mover mover;
	int64_t began_ms;
	int64_t since_unix_ms;        /* what is older is nobody's */
	char next[WIRE_NEXT_SIZE];    /* the next page's token; "": the first */
	int n_pages;
	bool is_cut;                  /* ended before since_unix_ms was reached */
};

/* What a shape of job costs with an input (weigh.c). */
struct weighed {
	unsigned char shape[HASH_BYTES];
	double credits;
};

struct hosted {
	const struct backend_ops *ops;
	struct service service;
	struct http *http;
	struct backend_requests *requests;
	bool has_own_requests;
	struct pace *pace;            /* theirs */
	double clock_rate;
	int64_t deadline_ms;          /* how long from acceptance */
	char *work_dir;
	struct movers movers;
	struct slot *slots;           /* [n_slots]; STEP_FREE: nobody's */
	int n_slots, n_busy;
	struct slot *free;            /* the first of the free ones */
	struct slot **progressed;     /* [n_slots]: those of which PROGRESS is to be handed out; some have ended since */
	int n_progressed;
	struct upload **uploads;      /* apart: a tag stays where it is */
	size_t n_uploads, cap_uploads;
	struct walk walk;
	struct weighed *weighed;
	size_t n_weighed, cap_weighed;
	char **lent;                  /* ids handed out by the last reap */
	size_t n_lent, cap_lent;
	uint64_t random;
	int64_t n_files;              /* in work_dir, for their names */
	int n_not_sent;               /* in a row: how long to wait before the next try */
	char barred[EVENT_SENTENCE_MAX]; /* credentials were refused: nothing is submitted any more; "": they were not */
};

static inline struct slot *slot_of(struct mover *m)
{
	return (struct slot *)(void *)m;
}

static inline struct upload *upload_of(struct mover *m)
{
	return (struct upload *)(void *)m;
}

/* What was heard: the answer, read. */
struct heard {
	const struct http_answer *http; /* NULL: the request could not even be begun */
	struct wire_error error;        /* of a status that refuses */
	char why[EVENT_SENTENCE_MAX];   /* what is wrong, in words; "": nothing */
	int sys_errno;                  /* CAME_HERE */
	struct wire_job job;
	struct wire_upload upload;      /* who takes its addresses zeroes it */
	struct wire_asset asset;
};

/* No byte either way for so long ends a part or a download; minutes of a slow line do not. */
#define STALL_MS 60000

/* ---- hosted.c ---------------------------------------------------------------------------- */

int64_t hosted_now_ms(const struct hosted *h);
int64_t hosted_real_ms(const struct hosted *h, int64_t ms); /* how long that is to everybody else */
/* A file in work_dir that is nobody's yet, "...~"; caller frees. */
char *hosted_file(struct hosted *h, const char *id);
/* What a file is by its first bytes, as wire_sniff says it; -1: it cannot be read. */
int hosted_sniff(const char *path, const char **ret_extension);
void hosted_bar(struct hosted *h, const char *why); /* credentials were refused */

/* ---- requests.c -------------------------------------------------------------------------- */

struct backend_requests {
	struct pace pace;
	int64_t base_ms; /* monotonic: when its clock began */
	double clock_rate;
	bool is_open;
};

/* Those of config, or new ones (*ret_own): whoever is first settles the pace. */
struct backend_requests *requests_open(const struct backend_config *config, bool *ret_own);
int64_t requests_now_ms(const struct backend_requests *requests); /* by the backend's own clock */

/* ---- ask.c ------------------------------------------------------------------------------- */

/* A request to the API: its address, the credentials, the times it may take; body: NULL for GET. */
struct ask {
	const char *path;           /* of the provider's table */
	struct wire_names names;    /* without the project */
	const char *query;          /* or NULL */
	const char *body;
	bool is_once;
};
/* The request that makes a job, paid for once it is taken; and the same that only says what it costs. */
struct ask ask_to_make(const struct service *s, const struct job *job, const char *body);
struct ask ask_for_price(const struct service *s, const struct job *job, const char *body);
int ask_begin(struct http *http, const struct service *s, const struct ask *ask, void *tag, double clock_rate, struct err *err) WARN_UNUSED;
/* The same by a mover: CAME_HERE where it cannot be begun. Its step is the one under way already. */
void ask_by(struct hosted *h, struct mover *m, const struct ask *ask);
/* In its turn, and waits for the answer, which the caller releases; for what costs nothing: asked a few times where the service has
 * trouble, or wants a rest. -1: it cannot be begun, or a signal came. */
int ask_wait(struct http *http, const struct service *s, struct backend_requests *requests, const struct ask *ask, struct http_answer *ret,
	     struct err *err) WARN_UNUSED;
/* No answer came: what to look at. -1 */
int ask_unheard(const struct service *s, const struct http_answer *answer, const char *what, struct err *err);
/* Is the service there, and does it know us? ERR_MODEL: it is not or does not. */
int ask_hello(struct http *http, const struct service *s, struct backend_requests *requests, struct err *err) WARN_UNUSED;
int ask_open(struct http **ret, const struct service *s, int n_connections, struct err *err) WARN_UNUSED;

/* ---- steps.c ------------------------------------------------------------------------------ */

void steps_hear(struct hosted *h, struct mover *m, const struct http_answer *answer);
void steps_cannot(struct hosted *h, struct mover *m, const struct err *err); /* the request could not be begun: CAME_HERE */

/* ---- slots.c ------------------------------------------------------------------------------ */

/* What a reader of wire.h made of the answer: rc and err are its own. */
enum came heard_read(struct heard *heard, int rc, const struct err *err);
enum fail_class heard_here(const struct heard *heard); /* CAME_HERE: what to call it */
void slot_fail(struct slot *s, enum fail_class class, const char *fmt, ...) PRINTF_LIKE(3, 4); /* STEP_OVER */
void slot_accept(struct hosted *h, struct slot *s, const char *remote_id, double credits);
void mover_later(struct hosted *h, struct mover *m); /* due again, each time further off */
int64_t heard_wait_ms(const struct heard *heard, int64_t unless_said); /* as the service asks */
void steps_slow_down(struct hosted *h, const struct mover *m, const struct heard *heard); /* 429: the pace is slowed down as is asked */
/* Nothing can leave this machine: how long to wait before trying again, growing, for everybody else's clock. */
int64_t steps_not_sent_ms(struct hosted *h);

enum came slot_read_submitted(struct hosted *h, struct mover *m, struct heard *heard);
enum came slot_read_polled(struct hosted *h, struct mover *m, struct heard *heard);
void slot_accepted(struct hosted *h, struct mover *m, struct heard *heard);
void slot_lost_sight(struct hosted *h, struct mover *m, struct heard *heard);    /* taken or not: nobody knows */
void slot_not_sent(struct hosted *h, struct mover *m, struct heard *heard);
void slot_refused(struct hosted *h, struct mover *m, struct heard *heard);
void slot_unknown_input(struct hosted *h, struct mover *m, struct heard *heard); /* or an unknown model */
void slot_slow(struct hosted *h, struct mover *m, struct heard *heard);
void slot_barred(struct hosted *h, struct mover *m, struct heard *heard);        /* before it was accepted */
void slot_cannot(struct hosted *h, struct mover *m, struct heard *heard);
void slot_look_again(struct hosted *h, struct mover *m, struct heard *heard);
void slot_poll_again(struct hosted *h, struct mover *m, struct heard *heard);
void slot_fetch_again(struct hosted *h, struct mover *m, struct heard *heard);
void slot_succeeded(struct hosted *h, struct mover *m, struct heard *heard);
void slot_ended(struct hosted *h, struct mover *m, struct heard *heard);
void slot_forgotten(struct hosted *h, struct mover *m, struct heard *heard);
void slot_locked_out(struct hosted *h, struct mover *m, struct heard *heard);    /* after it was accepted */
void slot_no_help(struct hosted *h, struct mover *m, struct heard *heard);       /* asking again would not help */
void slot_gone(struct hosted *h, struct mover *m, struct heard *heard);

/* ---- turns.c ------------------------------------------------------------------------------ */

void turns_send_told(struct hosted *h);  /* SUBMITTING of which was handed out */
void turns_begin(struct hosted *h);      /* whatever is due and may leave */
int64_t turns_wait_ms(struct hosted *h); /* until something is due that may leave */

/* ---- uploads.c ---------------------------------------------------------------------------- */

/* The slot's input is there (input_asset; its price is looked at next), or is waited for (STEP_INPUT). -1: it cannot be used; `refusal` says why. */
int upload_join(struct hosted *h, struct slot *s, const char *known_asset, struct event *refusal) WARN_UNUSED;
/* The service does not know what the job's input was sent as: it is to be sent again. False: it was already, for such a reason. */
bool upload_forget(struct hosted *h, const struct job *job, const char *asset_id);
void upload_begin(struct hosted *h, struct upload *u);  /* its next request */
void upload_hand_out(struct hosted *h, struct upload *u, struct event *out); /* and its jobs go on */
void uploads_call_off(struct hosted *h); /* nobody waits for them any more */
void uploads_drop(struct hosted *h);
enum came upload_read_create(struct hosted *h, struct mover *m, struct heard *heard);
enum came upload_read_put(struct hosted *h, struct mover *m, struct heard *heard);
enum came upload_read_look(struct hosted *h, struct mover *m, struct heard *heard);
void upload_created(struct hosted *h, struct mover *m, struct heard *heard);
void upload_put(struct hosted *h, struct mover *m, struct heard *heard);
void upload_completed(struct hosted *h, struct mover *m, struct heard *heard);
void upload_look_again(struct hosted *h, struct mover *m, struct heard *heard);
void upload_imported(struct hosted *h, struct mover *m, struct heard *heard);
/* For all jobs that wait for it: not sent, refused, asked to wait, credentials, any other reason there; and this machine's disk or a file. */
void upload_not_sent(struct hosted *h, struct mover *m, struct heard *heard);
void upload_refused(struct hosted *h, struct mover *m, struct heard *heard);
void upload_slow(struct hosted *h, struct mover *m, struct heard *heard);
void upload_barred(struct hosted *h, struct mover *m, struct heard *heard);
void upload_failed(struct hosted *h, struct mover *m, struct heard *heard);
void upload_cannot(struct hosted *h, struct mover *m, struct heard *heard);

/* ---- reconcile.c -------------------------------------------------------------------------- */

void reconcile_begin(struct hosted *h, struct slot *s, const char *why); /* STEP_RECONCILE */
void reconcile_wake(struct hosted *h);  /* begins a walk where a slot is due */
void reconcile_ask(struct hosted *h);   /* the next page */
enum came reconcile_read(struct hosted *h, struct mover *m, struct heard *heard);
void reconcile_end(struct hosted *h, struct mover *m, struct heard *heard);    /* the walk is over */
void reconcile_failed(struct hosted *h, struct mover *m, struct heard *heard); /* it broke off: later again */
void reconcile_barred(struct hosted *h, struct mover *m, struct heard *heard);

/* ---- download.c --------------------------------------------------------------------------- */

enum came download_read_asset(struct hosted *h, struct mover *m, struct heard *heard);
void download_found(struct hosted *h, struct mover *m, struct heard *heard); /* the record is there: the address is taken */
void download_begin(struct hosted *h, struct slot *s);
enum came download_read(struct hosted *h, struct mover *m, struct heard *heard);
void download_done(struct hosted *h, struct mover *m, struct heard *heard);
void download_resume(struct hosted *h, struct mover *m, struct heard *heard);
void download_refresh(struct hosted *h, struct mover *m, struct heard *heard); /* a fresh address */
void download_anew(struct hosted *h, struct mover *m, struct heard *heard); /* from its first byte */
void download_wrong(struct hosted *h, struct mover *m, struct heard *heard);
void download_here(struct hosted *h, struct mover *m, struct heard *heard);
void download_drop(struct slot *s); /* address and file */

/* ---- weigh.c ------------------------------------------------------------------------------ */

void weigh_slot(struct hosted *h, struct slot *s);  /* its input is there: STEP_READY, STEP_WEIGH, or given back */
void weigh_begin(struct hosted *h, struct slot *s);
enum came weigh_read(struct hosted *h, struct mover *m, struct heard *heard);
void weigh_done(struct hosted *h, struct mover *m, struct heard *heard);
void weigh_again(struct hosted *h, struct mover *m, struct heard *heard);

/* ---- price.c ------------------------------------------------------------------------------ */

/* Of a job's shape (wire_price_shape). */
void price_shape(const struct job *job, unsigned char ret[HASH_BYTES]);
int hosted_price(const struct backend_config *config, const struct job *const *jobs, int64_t n, double *ret_credits, struct err *err) WARN_UNUSED;

#endif
