/*
 * store/pull: a public checkpoint from the model hub to this machine. The room's second door.
 *
 *   store_pull_open(&p, "small", &config, err)
 *   while ((r = store_pull_step(p, 200, err)) == 0) { store_pull_look(p, &progress); ... or break: it goes on another time }
 *   store_pull_close(p)
 *
 * Files are downloaded into NAME.part beside the final folder (store.h), the small ones first, and each is checked by the hash that
 * the hub lists for it. When all are there the folder is synced and gets its name by one rename: under that name nothing is half
 * there. What a pull leaves behind when it is interrupted, at any moment, the next one takes up: files that are there are hashed, the
 * one that is half there goes on by Range. Connections that break, and answers that say "later", are tried again with growing waits.
 * A lock beside the folders keeps a second pull of the same version out (ERR_LOCKED); it dies with the process.
 *
 * No credentials are ever sent. Redirects are followed by hand, a few, to https alone (to http on this machine where the hub itself is
 * there). A step downloads or hashes for about timeout_ms, and ends early when a signal comes. $HF_ENDPOINT is the hub's
 * address, $CURL_CA_BUNDLE a file of certificates in the place of the system's. Not thread-safe.
 */
#ifndef STORE_PULL_H
#define STORE_PULL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct store_pull;

struct store_pull_config {
	const char *user_agent;
	double clock_rate; /* waits between tries pass so many times as fast (tests); 0: 1 */
};

enum store_pull_doing { STORE_PULL_LISTS, STORE_PULL_FETCHES, STORE_PULL_WAITS, STORE_PULL_CHECKS, STORE_PULL_PLACES };

struct store_pull_progress {
	enum store_pull_doing doing;
	const char *file;      /* in work; "": none. Borrowed until the next step */
	int n_files, n_done;   /* 0: not known yet */
	uint64_t n_bytes;      /* of all files; 0: not known yet */
	uint64_t n_have;       /* of these are here */
	uint64_t n_fetched;    /* of these came over the network by this pull */
	double wait_s;         /* WAITS: until the next try */
	const char *trouble;   /* WAITS: why it waits. Borrowed */
	const char *licence;   /* as of struct checkpoint, once README.md is here; "" */
};

/* ERR_USAGE: version is none of the public ones, or $HF_ENDPOINT is no address. ERR_LOCKED, ERR_MODEL, ERR_IO: say what to do. */
int store_pull_open(struct store_pull **ret, const char *version, const struct store_pull_config *config, struct err *err) WARN_UNUSED;
/* 1: the checkpoint is there under its name; 0: go on; -1: it cannot go on, and what is there stays for another time. */
int store_pull_step(struct store_pull *p, int timeout_ms, struct err *err) WARN_UNUSED;
void store_pull_look(const struct store_pull *p, struct store_pull_progress *ret);
const char *store_pull_dir(const struct store_pull *p);     /* its final name */
const char *store_pull_commit(const struct store_pull *p);  /* what is pulled; "" before the list is there */
bool store_pull_has_begun(const struct store_pull *p);      /* something is there that another pull can go on with */
void store_pull_close(struct store_pull *p);

#endif
