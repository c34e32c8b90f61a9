/*
 * store: checkpoints on this machine. The door of the room.
 *
 * In this version a checkpoint is a folder that the manifest or the command
 * line names; pulling by name comes later. A fingerprint is the SHA-256 of the
 * names, sizes and content of the files that decide what the model says
 * (config.json, tokenizer.json, model.safetensors or the index and its shards).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct checkpoint {
	char *dir;                    /* owned */
	char fingerprint[HASH_HEX_SIZE];
	char version[32];             /* "small", "stereo-large", "melody-large"; "custom", "stereo-custom" for other sizes */
	bool is_melody;
	bool is_stereo;
	uint64_t weight_bytes;        /* of the tensor files */
};

/* Looks at the folder, checks that what is needed is there, reads config.json, hashes. ERR_MODEL says what is missing and
 * what a checkpoint folder holds. */
int store_open(struct checkpoint *ret, const char *dir, struct err *err) WARN_UNUSED;
void store_release(struct checkpoint *c);

#endif
