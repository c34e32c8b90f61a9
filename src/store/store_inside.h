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

/* Some name of the network or of a record is a plain name of a file: no slash, no dot first, no control characters. */
bool store_is_plain_name(const char *name);

/* The SHA-256 of a file, from the cache where it has it (store_cache.c); *ret_size: its bytes. */
struct store_cache;
struct store_cache *store_cache_open(void);     /* never fails: one that cannot be read is empty */
int store_cache_hash(struct store_cache *cache, const char *path, int64_t now_ms, char hex[HASH_HEX_SIZE], uint64_t *ret_size,
		     struct err *err) WARN_UNUSED;
void store_cache_close(struct store_cache *cache); /* saves what is new; where that fails nothing is said: it is only slower */

/* Adds what generation_config.json and preprocessor_config.json say otherwise than the public ones do. */
struct hash_state;
void store_settings_hash(struct hash_state *st, const struct checkpoint *c);

/* As the front matter of README.md says; "" where it does not. */
void store_read_licence(char out[STORE_LICENCE_SIZE], const char *dir);

/* Where our own checkpoints lie, NULL: the environment does not say. The caller frees. */
char *store_own_root(void);

/* What stands in mgbatch.json of a folder that was pulled. */
#define STORE_RECORD "mgbatch.json"
struct store_record_file {
	char *name; /* plain */
	uint64_t bytes;
	char sha256[HASH_HEX_SIZE];
};
struct store_record {
	char *repository, *commit;
	struct store_record_file *files;
	int n, cap;
};
void store_record_add(struct store_record *record, const char *name, uint64_t bytes, const char *sha256);
int store_record_write(const struct store_record *record, const char *dir, struct err *err) WARN_UNUSED;
/* 1: read; 0: there is none; -1: ERR_MODEL, it is there and cannot be used. */
int store_record_read(struct store_record *ret, const char *dir, struct err *err) WARN_UNUSED;
void store_record_release(struct store_record *record);

/* config.json of the folder c->dir. */
int store_config_open(struct checkpoint *c, struct err *err) WARN_UNUSED;
/* Fills version, is_melody and is_stereo from config.json's text. ERR_MODEL names the member. */
int store_config_read(struct checkpoint *ret, const char *text, size_t len, struct err *err) WARN_UNUSED;

#endif
