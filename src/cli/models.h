/*
 * cli/models: who makes the audio of a manifest's jobs: the checkpoints that its versions need, opened.
 *
 * models_open   after manifest_read: the folders that are named, else those found on this machine;
 *               what cannot be opened is a finding at its place
 * models_join   after manifest_expand: "native:<fingerprint>, native:<fingerprint>" of what the jobs really use
 * models_close  frees all; the manifest has copies
 *
 * Opening hashes the weights: some seconds for the large ones. Only versions that jobs ask for are opened.
 */
#ifndef CLI_MODELS_H
#define CLI_MODELS_H

#include "cli/findings.h"
#include "manifest/manifest.h"
#include "store/store.h"

struct models {
	struct manifest_model *list; /* for manifest_expand */
	int n, cap;
	struct checkpoint *checkpoints; /* natively: list[i] is made by checkpoints[i] */
	int n_checkpoints, cap_checkpoints;
	const char **licences; /* for run_config: "native:<fingerprint> cc-by-nc-4.0" of those whose licence is known; texts has them */
	int n_licences, cap_licences;
	char **texts; /* that list points at */
	int n_texts, cap_texts;
};

void models_open(struct models *ret, const struct manifest *m, struct findings *findings);
char *models_join(const struct manifest *m); /* in running order; the caller frees */
uint64_t models_weight_bytes(const struct models *models); /* of the largest: one is loaded at a time; 0: none */
void models_close(struct models *models);

#endif
