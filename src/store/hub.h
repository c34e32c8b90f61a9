/*
 * store/hub: what the model hub is asked, and what its answers mean. Pure but for hub_base; for store/pull*.c.
 *
 * A version lies there as the repository facebook/musicgen-VERSION. What is asked:
 *   BASE/api/models/REPO/revision/main?blobs=true    which commit is the newest, and its files with sizes and hashes
 *   BASE/REPO/resolve/COMMIT/FILE                    a file, mostly by a redirect to another host
 * Of what is listed only the files that an engine needs are taken, by their known names: nothing that comes from the
 * network becomes a path in any other way.
 */
#ifndef STORE_HUB_H
#define STORE_HUB_H

#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUB_COMMIT_SIZE 41 /* 40 hexadecimal digits and NUL */
#define HUB_NAME_SIZE 64
#define HUB_FILES_MAX 300  /* that are wanted: 256 shards (store_files.c) and a dozen others */
#define HUB_LISTING_MAX ((size_t)4 << 20) /* bytes; the public ones have below 20 KiB */
#define HUB_SMALL_MAX ((uint64_t)16 << 20) /* a file that git itself keeps: the hub wants larger ones than 10 MB in its large file storage */
#define HUB_FILE_MAX ((uint64_t)1 << 36)  /* 64 GiB: five times the largest public one */

struct hub_file {
	char name[HUB_NAME_SIZE];
	uint64_t bytes;
	char sha256[HASH_HEX_SIZE];  /* "": the list gives git's name of it alone */
	char git[HASH_GIT_SIZE];
};

struct hub_listing {
	char commit[HUB_COMMIT_SIZE];
	struct hub_file *files; /* config.json first, the weights last */
	int n, cap;
	uint64_t n_bytes;       /* of all of them */
};

/* $HF_ENDPOINT, else the public hub, without a slash at its end; the caller frees. ERR_USAGE: it can be none. */
int hub_base(char **ret, struct err *err) WARN_UNUSED;
char *hub_listing_url(const char *base, const char *version);
char *hub_file_url(const char *base, const char *version, const char *commit, const char *name);

/* Checks and chooses. ERR_MODEL: it cannot be read, or lacks what an engine needs, and what to do then. */
int hub_read_listing(struct hub_listing *ret, const char *version, const char *text, size_t len, struct err *err) WARN_UNUSED;
void hub_listing_release(struct hub_listing *listing);

#endif
