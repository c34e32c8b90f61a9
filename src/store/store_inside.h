/*
 * store/store_inside: what the files of this room share. Not for other rooms.
 */
#ifndef STORE_STORE_INSIDE_H
#define STORE_STORE_INSIDE_H

#include "store/store.h"

#include <stddef.h>

/* The files that decide what the model says, names relative to the folder, in the order they are hashed. */
struct store_files {
	char **names; /* owned */
	size_t n, cap;
	size_t n_weights; /* the last n_weights of them hold tensors */
};

/* Finds them; ERR_MODEL says which is missing, and what the folder holds instead where that is known. */
int store_files_find(struct store_files *ret, const char *dir, struct err *err) WARN_UNUSED;
void store_files_release(struct store_files *files);

/* config.json of the folder c->dir. */
int store_config_open(struct checkpoint *c, struct err *err) WARN_UNUSED;
/* Fills version, is_melody and is_stereo from config.json's text. ERR_MODEL names the member. */
int store_config_read(struct checkpoint *ret, const char *text, size_t len, struct err *err) WARN_UNUSED;

#endif
