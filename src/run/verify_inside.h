/* run/verify_inside: what verify.c and regen.c share. */
#ifndef RUN_VERIFY_INSIDE_H
#define RUN_VERIFY_INSIDE_H

#include "run/tend_inside.h"

struct regen_id {
	unsigned char bytes[HASH_BYTES];
};

struct verifying {
	const struct run_verify *verify;
	struct run_verify_result *result;
	struct ledger *ledger;
	char **known; /* paths that rows name */
	size_t n_known, cap_known;
	struct regen_id *ids; /* of the finished jobs: a few of them are made again */
	size_t n_ids, cap_ids;
};

/* Counts a finding and hands it to the visitor. */
int verify_find(struct verifying *v, enum run_verify_what what, const char *id_text, const char *path, struct err *err, const char *fmt,
		...) PRINTF_LIKE(6, 7) WARN_UNUSED;

/* regen.c: makes verify->n_regen of v->ids again. */
int regen_some(struct verifying *v, struct err *err) WARN_UNUSED;

#endif
