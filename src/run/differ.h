/*
 * run/differ: which fields of two jobs' canonical texts differ. Pure.
 *
 * What is not in a canonical text has its neutral value (job.h), which the card knows; card may be NULL.
 */
#ifndef RUN_DIFFER_H
#define RUN_DIFFER_H

#include "param/param.h"
#include "run/tend.h"

struct differ_fields; /* one canonical text, read */

int differ_read(struct differ_fields **ret, const char *canonical, struct err *err) WARN_UNUSED;
void differ_free(struct differ_fields *f);
int differ_count(const struct differ_fields *a, const struct differ_fields *b); /* fields that differ */
/* Appends to ret->differences (owned by ret). */
void differ_list(const struct differ_fields *before, const struct differ_fields *now, const struct card *card, struct run_why *ret);
const char *differ_model(const struct differ_fields *f); /* "meta-musicgen"; "" when it says none */

#endif
