/*
 * store/pull_inside: what src/store/pull*.c share. Not for others.
 *
 * pull.c        the door, and the table of stages: list, begin a file, fetch, wait, check, place
 * pull_fetch.c  asking the hub: requests, redirects, what is tried again and when
 * pull_check.c  a file's content against its hash
 */
#ifndef STORE_PULL_INSIDE_H
#define STORE_PULL_INSIDE_H

#include "base/fs.h"
#include "base/hash.h"
#include "net/http.h"
#include "store/hub.h"
#include "store/pull.h"
#include "store/store_inside.h"

enum pull_stage { PULL_LIST, PULL_FILE, PULL_FETCH, PULL_WAIT, PULL_CHECK, PULL_PLACE, PULL_DONE, PULL_N_STAGES };

struct store_pull {
	enum pull_stage stage;
	char *version, *base, *host; /* host: of base, for sentences */
	bool is_base_loopback;
	char *root, *dir, *part;
	struct fs_lock lock;
	struct http *http;
	double clock_rate;
	struct hub_listing listing;
	struct store_record record; /* of the files that are checked */
	int at;                     /* the file in work */
	uint64_t n_fetched;

	/* the request under way; its tag is the pull */
	bool is_asking;
	char *url;                  /* may be signed */
	int n_hops;
	char *path, *etag_path;     /* of the file in work; NULL: the list */
	char etag[HTTP_ETAG_SIZE];  /* of what is there of it; "": not known */
	int64_t resumed_at, n_saved;
	int n_failures;             /* one after another, without bytes to speak of between them */
	int64_t wait_until_ms;      /* monotonic */
	enum pull_stage after_wait;
	char trouble[400];          /* why it waits */
	char licence[STORE_LICENCE_SIZE];
	int n_wrong;                /* how often its content was not what it should be */

	/* the check under way */
	int check_fd;               /* -1: none */
	struct hash_state *hash;
	uint64_t n_hashed;
};

static inline const struct hub_file *pull_file(const struct store_pull *p)
{
	return &p->listing.files[p->at];
}

/* The stages work for about timeout_ms and answer 0, or -1 with err where the pull is over; all begin the next stage by p->stage. */

/* pull_fetch.c */
int pull_list(struct store_pull *p, int timeout_ms, struct err *err) WARN_UNUSED;   /* -> FILE, WAIT */
int pull_fetch(struct store_pull *p, int timeout_ms, struct err *err) WARN_UNUSED;  /* -> CHECK, WAIT */
int pull_wait(struct store_pull *p, int timeout_ms, struct err *err) WARN_UNUSED;   /* -> LIST, FETCH */
/* Nothing of what is there of the file in work is of use: it is fetched anew, after a wait, or that was the last time. */
int pull_fetch_anew(struct store_pull *p, const char *why, struct err *err) WARN_UNUSED;

/* pull_check.c */
int pull_check(struct store_pull *p, int timeout_ms, struct err *err) WARN_UNUSED;  /* -> FILE, WAIT */
void pull_check_end(struct store_pull *p);

#endif
