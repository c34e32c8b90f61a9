/*
 * store: checkpoints on this machine. The door of the room.
 *
 * A checkpoint is a folder. It is named by the manifest or the command line, or
 * found by its version (store_find) in one of two places, in this order:
 *   $XDG_DATA_HOME/mgbatch/models/VERSION           (~/.local/share unless said)
 *   HUB/models--facebook--musicgen-VERSION/snapshots/COMMIT, where Hugging Face's
 *   tools keep what they download: COMMIT is what refs/main there says; HUB is
 *   $HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub or ~/.cache/huggingface/hub
 * Only store/pull.h writes there, to the first; the second is never written to.
 *
 * A fingerprint is the SHA-256 of the names, sizes and content of the files that
 * decide what the model says (config.json, tokenizer.json, model.safetensors or
 * the index and its shards), and of the window's length and how a tune is heard where generation_config.json and
 * preprocessor_config.json say them otherwise than the public checkpoints do. store_open computes it, at the speed of reading the files, the first time; the files'
 * hashes are remembered in $XDG_CACHE_HOME/mgbatch/fingerprints (~/.cache unless said) by device, inode, size and both times
 * of each, so that later starts read no weights.
 *
 * The environment is read by these functions: not while another thread changes it.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define STORE_VERSION_SIZE 32
#define STORE_LICENCE_SIZE 64

/* The public checkpoints of MusicGen: their versions, in the order of the card; NULL past the last. */
const char *store_public_at(int i);
/* About how many bytes of weights a public version has in single precision, for messages; 0: it is none of them. */
uint64_t store_public_bytes(const char *version);

struct checkpoint {
	char *dir;                    /* owned */
	char fingerprint[HASH_HEX_SIZE];
	char version[STORE_VERSION_SIZE]; /* "small", "stereo-large", "melody-large"; "custom", "stereo-custom" for other sizes */
	bool is_melody;
	bool is_stereo;
	uint64_t weight_bytes;        /* of the tensor files */
	char licence[STORE_LICENCE_SIZE]; /* as the folder's README.md names it: "cc-by-nc-4.0"; "": it does not */
};

/* Looks at the folder, checks that what is needed is there, reads config.json, hashes. ERR_MODEL says what is missing and
 * what a checkpoint folder holds. */
int store_open(struct checkpoint *ret, const char *dir, struct err *err) WARN_UNUSED;
void store_release(struct checkpoint *c);

/* The folder of a version, the first that is complete; the caller frees. Where none is, ERR_MODEL says what is missing of the first
 * that is there at all, or where was looked. version is a plain name, as of a model card. */
int store_find(char **ret_dir, const char *version, struct err *err) WARN_UNUSED;

/* One checkpoint that store_find could find. */
struct store_entry {
	char *name;        /* the version that its place gives it */
	char *dir;
	const char *place; /* "mgbatch" or "huggingface" */
	bool is_complete;
	char *why;         /* not complete: what is missing; else "" */
	bool has_config;   /* version, is_melody and is_stereo are known */
	char version[STORE_VERSION_SIZE];
	bool is_melody, is_stereo;
	uint64_t bytes;    /* of the files in the folder */
	char licence[STORE_LICENCE_SIZE]; /* as of struct checkpoint */
};

struct store_list {
	struct store_entry *entries; /* by name, then place */
	int n, cap;
	char *roots[2]; /* where was looked, for messages; NULL: the environment does not say */
};

/* Places that do not exist are empty; ERR_IO where one cannot be read. Nothing is hashed. */
int store_list_read(struct store_list *ret, struct err *err) WARN_UNUSED;
void store_list_release(struct store_list *list);

/* ---- is a folder as it was pulled? ---------------------------------------------------- */

enum store_verdict {
	STORE_GOOD,      /* its content is what was pulled, by its hash */
	STORE_WRONG,     /* it is not, or it is missing */
	STORE_UNCHECKED, /* nothing says what its content should be; what can be looked at is right */
	STORE_N_VERDICTS
};

struct store_finding {
	const char *file;  /* in the folder; borrowed until the visit returns */
	uint64_t bytes;
	enum store_verdict verdict;
	char sentence[512]; /* what was looked at, or what is wrong; as a part of "FILE: ..." */
};

/* Looks at each file that counts, reading it whole where its hash is known: from what store/pull.h wrote beside it (mgbatch.json), or from
 * what Hugging Face's tools call the file that a link points to. Of others: safetensors' headers against the file's size, JSON.
 * Weights that a record does not know of are told too. -1, ERR_MODEL: the folder cannot be looked at at all. */
int store_verify(const char *dir, void (*visit)(void *arg, const struct store_finding *finding), void *arg, struct err *err) WARN_UNUSED;

#endif
