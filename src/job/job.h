/*
 * job: the parcels that walk through the house. The door of the room.
 *
 * struct job is one piece of audio to be made, exactly determined; struct event
 * is what a backend says of it; enum job_state and the table of transitions say
 * what the ledger may hold. Ids, canonical text, derived seeds and names are
 * pure functions here.
 *
 * Ownership: everything a struct job points at lives in the manifest's arena
 * and is borrowed until manifest_free.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "audio/audio.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "param/param.h"

#include <stdbool.h>
#include <stdint.h>

#define JOB_ID_CHARS 12       /* shown: 60 bits in base32 */
#define JOB_ID_SIZE (JOB_ID_CHARS + 1)
#define JOB_ID_PREFIX_MIN 4   /* accepted on the command line */
#define JOB_ID_WHOLE_CHARS 52 /* of a whole id in base32 */

/* What makes the audio; enters every id. The same for all jobs of one model version of a manifest. */
struct job_maker {
	enum param_backend backend;
	const char *text; /* "native:<fingerprint of the weights>", "scenario:<hosted model>", "fake" */
	const char *checkpoint; /* natively: the folder of the weights; else NULL. Not in the id */
};

/*
 * One axis (or variable, or label) of the sweep that made a job, for names and reports. {axes} prints all of
 * them in this order, but an "axis.column" only where "axis" itself, the label, is not among them.
 */
struct job_axis {
	const char *name; /* parameter, axis or "axis.column"; "take" where the manifest asks for takes */
	const char *text; /* value as printed */
};

/* How the fake backend plays a job (DESIGN: fake: {delay, fail, times, crash}). */
struct fake_script {
	double delay_s;    /* work time of the job; 0: at once */
	const char *fail;  /* name of an error class, or NULL */
	int fail_times;    /* the first n tries fail; 0 with fail set: every try */
	int crash_times;   /* the process kills itself while making the job, the first n deaths; 0: never */
};

struct job {
	unsigned char id[HASH_BYTES];
	const struct card *card;
	const struct job_maker *maker;
	const struct value *values; /* [card_n_params], as said plus derived seed; VALUE_NONE: not said */
	const char *set;            /* "" in a manifest without sets */
	const char *path;           /* of the file, relative to output.dir, with its extension */
	const struct job_axis *axes;
	int n_axes;
	const char *const *tags;
	int n_tags;
	int take;         /* 1 for a job that names no takes */
	int64_t ordinal;  /* 0-based, in running order */
	const char *input_sha256; /* hex of inputAudio's content, or NULL */
	const char *input_path;   /* its absolute path, or NULL */
	const struct fake_script *fake; /* never NULL */
	int line; /* of the set in the manifest, for messages */
	int prompt_line, prompt_column; /* where the prompt is written there; 0: elsewhere */
};

/* Of any of a job's texts, the canonical one too: a manifest has at most 16 MiB, and escapes make a byte up to 6. */
#define JOB_TEXT_MAX ((size_t)112 << 20)

/*
 * Canonical text: one line of JSON with sorted names:
 * {"inputs":{"inputAudio":"<sha256>"},"made_by":"native:..","model":"meta-musicgen","params":{..}}
 * params: effective values that differ from the neutral value, names sorted, numbers by
 * text_number; inputs only where there are any. Appended to out. A file parameter enters by content only.
 */
void job_canonical(const struct job *job, struct strbuf *out);
/* SHA-256 of "mgbatch/job/1\n" and the canonical text. */
void job_identify(struct job *job);
/* seed of take n: f(canonical text without made_by and seed, take), in 1..2^31-1. */
int64_t job_derived_seed(const struct job *job, int take);

void job_axes(const struct job *job, struct strbuf *out); /* appends a JSON object, name -> text, in the axes' order */
void job_id_text(char out[JOB_ID_SIZE], const unsigned char id[HASH_BYTES]);
struct value job_value(const struct job *job, int index);         /* effective */
double job_number(const struct job *job, const char *name, double fallback); /* effective value by name */
const char *job_text(const struct job *job, const char *name, const char *fallback);
bool job_flag(const struct job *job, const char *name, bool fallback);
double job_audio_seconds(const struct job *job);                  /* duration */
/* Has its input file the content that its id was made from? ERR_INPUT: it has changed; ERR_IO. Reads all of it. */
int job_check_input(const struct job *job, struct err *err) WARN_UNUSED;

/* ---- names ---------------------------------------------------------------- */

/*
 * A name template of output.name: "{set}/{axes}", "{id:2}/{id}", "{seed:04}",
 * "{temperature:.2f}", "{take}", "{axis}", "{axis.column}". name_check says what
 * is wrong with a template ("unknown placeholder '{sed}', did you mean '{seed}'")
 * given the names that exist. job_name appends the name without extension.
 * Floats print 0p8 (a dot breaks WebDataset keys); a path prints its stem; a text
 * its slug ([a-z0-9-], 40 bytes), a value that is not there "none". "{{" is a brace.
 * {axes} of a job without axes is its set's name, or "single". Parts of the path
 * that an empty {set} leaves empty are dropped; each has at most 100 bytes, the
 * whole 240. {id} needs job_identify first. `why` (reset first) holds the rest of a
 * sentence that begins with the template.
 */
int name_check(const char *template, const char *const *names, size_t n_names, struct strbuf *why) WARN_UNUSED;
int job_name(const struct job *job, const char *template, struct strbuf *out, struct strbuf *why) WARN_UNUSED;
void name_slug(const char *text, struct strbuf *out);
void name_stem(const char *path, struct strbuf *out); /* what a name has of a file's */

/* ---- states --------------------------------------------------------------- */

#define JOB_STATE_LIST(X)                     \
	X(JOB_PENDING, "pending")             \
	X(JOB_SUBMITTING, "submitting")       \
	X(JOB_RUNNING, "running")             \
	X(JOB_MADE, "made")                   \
	X(JOB_DONE, "done")                   \
	X(JOB_FAILED, "failed")               \
	X(JOB_UNKNOWN, "unknown")             \
	X(JOB_SUPERSEDED, "superseded")       \
	X(JOB_LOST, "lost")

enum job_state {
#define X(state, name) state,
	JOB_STATE_LIST(X)
#undef X
	JOB_N_STATES
};

const char *job_state_name(enum job_state state);
int job_state_find(const char *name, enum job_state *ret) WARN_UNUSED;
bool job_state_may(enum job_state from, enum job_state to); /* DESIGN section 5's arrows */

/* Why a try failed. name, whether it is tried again by default, whether it stops the run (a model: its own jobs, where others can still be
 * made), phrase for people */
#define FAIL_CLASS_LIST(X)                                                                  \
	X(FAIL_NONE, "", false, false, "did not fail")                                      \
	X(FAIL_INPUT, "input", false, false, "the request or its input cannot be used")     \
	X(FAIL_MODEL, "model", false, true, "the model cannot be used")                     \
	X(FAIL_REMOTE_RATE, "remote_rate", true, false, "the service asked to slow down")   \
	X(FAIL_REMOTE, "remote", true, false, "the service did not answer well")            \
	X(FAIL_REMOTE_FAILED, "remote_failed", false, false, "the service reports a failure") \
	X(FAIL_REMOTE_UNKNOWN, "remote_unknown", false, false, "nobody knows whether the service took it") \
	X(FAIL_IO, "io", true, false, "reading or writing failed")                          \
	X(FAIL_DISK_FULL, "disk_full", false, true, "the disk is full")                     \
	X(FAIL_NONFINITE, "nonfinite", false, false, "the model gave numbers that are not finite") \
	X(FAIL_CRASH, "crash", false, false, "the program died while making it")            \
	X(FAIL_BUG, "bug", false, false, "a bug of ours")

enum fail_class {
#define X(class, name, retried, stops, phrase) class,
	FAIL_CLASS_LIST(X)
#undef X
	FAIL_N_CLASSES
};

const char *fail_class_name(enum fail_class class);
const char *fail_class_phrase(enum fail_class class);
bool fail_class_is_retried(enum fail_class class);
bool fail_class_stops_run(enum fail_class class);
int fail_class_find(const char *name, enum fail_class *ret) WARN_UNUSED;

/* ---- events --------------------------------------------------------------- */

/*
 * The first three are a hosted backend's: what it must not go on without is in the ledger before it goes on (backend.h).
 *   UPLOADED    the service has a job's input under asset_id, for all jobs with that input
 *   SUBMITTING  everything is there; the request leaves at the next reap
 *   ACCEPTED    the service knows the job as remote_id, and takes credits for it
 */
enum event_kind { EVENT_UPLOADED, EVENT_SUBMITTING, EVENT_ACCEPTED, EVENT_PROGRESS, EVENT_DONE, EVENT_FAILED };

#define EVENT_SENTENCE_MAX 512

struct event {
	enum event_kind kind;
	const struct job *job;
	const char *remote_id;    /* ACCEPTED; borrowed until the next reap */
	const char *asset_id;     /* UPLOADED: of the input; DONE of a hosted job: of the sound. Borrowed likewise */
	double credits;           /* ACCEPTED: as the service says; -1: it does not */
	double progress;          /* PROGRESS: 0..1 */
	struct pcm pcm;           /* DONE: samples before normalisation; the receiver releases them with pcm_release */
	char *file;               /* DONE in their place: a downloaded sound, whole; the receiver removes it, and frees the path. Else NULL */
	double make_s;            /* DONE: seconds of work spent on it, else 0 */
	enum fail_class class;    /* FAILED */
	char sentence[EVENT_SENTENCE_MAX]; /* FAILED: what happened */
	int64_t retry_after_ms;   /* FAILED: not before, as asked by a service; 0: not said */
	double price;             /* FAILED and not sent: credits that it costs after all, more than were set aside; 0: as before */
	bool is_not_sent;         /* FAILED: nothing has left this machine (no network): it uses up no try */
	bool is_canceled;         /* FAILED, remote_failed: it was cancelled there, by whomever */
	bool is_gone;             /* FAILED: what the service made is not to be had any more: lost, and never paid for again unasked */
};

#endif
