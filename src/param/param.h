/*
 * param: what a request may say. The door of the room.
 *
 * A model card (schema/models/NAME.json, built into the binary) has one row per
 * parameter: name, type, default, neutral value, range, choices, unit, help,
 * words people type instead, and what differs per backend. A second small table
 * holds the rules that join parameters. Validation, JSON Schema, help, request
 * body, report columns and job ids are loops over the rows: nothing about a
 * parameter is written anywhere else.
 *
 * "Said by the manifest" and "defaulted" stay different facts: a value of kind
 * VALUE_NONE was not said. param_effective adds the default.
 *
 * How a card is written: rows in card_row.c, rules in rules.c (first comments).
 *
 * Calling sequence: card_open, then row look-ups; value_read for text, then
 * rules_check over a whole set; card_close. A card is read-only after card_open
 * and may be shared by threads. Values of kind VALUE_TEXT borrow their text.
 */
#ifndef PARAM_PARAM_H
#define PARAM_PARAM_H

#include "base/err.h"
#include "base/json_write.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

enum value_kind { VALUE_NONE, VALUE_TEXT, VALUE_NUMBER, VALUE_BOOL };

struct value {
	union {
		const char *text; /* VALUE_TEXT; borrowed */
		double number;    /* VALUE_NUMBER; finite */
		bool flag;        /* VALUE_BOOL */
	} as;
	enum value_kind kind;
};

#define VALUE_NONE_INIT { { NULL }, VALUE_NONE }

enum param_type {
	PARAM_TEXT,    /* VALUE_TEXT */
	PARAM_NUMBER,  /* VALUE_NUMBER */
	PARAM_INTEGER, /* VALUE_NUMBER without a fraction */
	PARAM_BOOLEAN, /* VALUE_BOOL */
	PARAM_CHOICE,  /* VALUE_TEXT, one of the choices */
	PARAM_FILE     /* VALUE_TEXT, a path */
};

#define CARD_PARAMS_MAX 64 /* rows of a card; a 64-bit mask holds them all */

/* Who makes the audio; the card's rows have a column for each. */
enum param_backend { PARAM_NATIVE, PARAM_SCENARIO, PARAM_FAKE, PARAM_N_BACKENDS };

/* What holds for one row on one backend: the row's own values unless the card widens them. */
struct param_scope {
	bool exists;
	bool has_min, has_max;
	double min, max; /* inclusive */
	const char *const *choices;
	size_t n_choices; /* 0: no list */
	struct value fallback; /* the default; VALUE_NONE: none */
};

struct param {
	const char *name; /* the model page's own */
	const char *alias; /* accepted in manifests instead (guidance), or NULL */
	const char *name_letter; /* how {axes} prints it: "t", "g", "s"; never NULL */
	enum param_type type;
	struct value neutral; /* never changes after release; a value equal to it is not in a job id */
	struct value not_given; /* a value that means the same as not saying it (seed -1); value_read gives VALUE_NONE for it */
	const char *unit; /* or NULL */
	const char *help;
	const char *const *also; /* words people type instead; for messages only */
	size_t n_also;
	struct param_scope scope[PARAM_N_BACKENDS];
};

struct card; /* owns everything its rows point at */

#define CARD_DEFAULT "meta-musicgen" /* of a manifest that says no model; the only one of this version */
/* name: CARD_DEFAULT; an unknown one is ERR_MANIFEST with the names there are. */
int card_open(struct card **ret, const char *name, struct err *err) WARN_UNUSED;
/* The same from text (tests, fuzzing); ERR_MANIFEST on anything wrong with the card. */
int card_parse(struct card **ret, const char *json, size_t len, struct err *err) WARN_UNUSED;
void card_close(struct card *card);

const char *card_model(const struct card *card);        /* "meta-musicgen" */
const char *card_hosted_model(const struct card *card); /* "model_meta-musicgen" */
int card_n_params(const struct card *card);
const struct param *card_param(const struct card *card, int index);
int card_find(const struct card *card, const char *name);      /* exact name or alias; -1 */
/* What was meant (also-words, case, snake_case, nearest): a name or alias, or NULL. */
const char *card_suggest(const struct card *card, const char *word);

const char *param_backend_name(enum param_backend backend); /* "native" */
int param_backend_find(const char *name, enum param_backend *ret) WARN_UNUSED; /* 0 or -1 */

/*
 * Reads one YAML scalar by the row's type and range on that backend.
 * text: the scalar's text; quoted: it stood in quotes or a block (then never a
 * number, a boolean or null). On success *ret borrows text. On a mistake -1 and
 * `why` (reset first) holds the rest of a sentence that begins with the name:
 * "must be a number from 1 to 30, found 'x'". A number, boolean, or date-like
 * text for a PARAM_TEXT without quotes is accepted as its text.
 */
int value_read(const struct card *card, int index, enum param_backend backend, const char *text, bool quoted,
	       struct value *ret, struct strbuf *why) WARN_UNUSED;
/* Range, choice and existence of a value already read (a sweep's number). As above. */
int value_check(const struct card *card, int index, enum param_backend backend, const struct value *value, struct strbuf *why)
	WARN_UNUSED;
bool value_equal(const struct value *a, const struct value *b);
/* Appends the value as people write it: a number by text_number, text as it is, true/false. */
void value_print(struct strbuf *out, const struct value *value);
/* The member `name` of an open object (or, without a name, an array's element); VALUE_NONE: nothing. Job ids are made of these bytes. */
void value_put(struct json_writer *w, const char *name, const struct value *value);

/* values[card_n_params(card)]: what was said, or the default there, or VALUE_NONE. */
struct value param_effective(const struct card *card, enum param_backend backend, const struct value *values, int index);

/*
 * The rules that join parameters, over effective values. kind_melody and
 * stereo say what the loaded checkpoint is (or what modelVersion says where
 * nothing is loaded). Calls say(arg, index, sentence) for each broken rule; index is
 * the parameter to point at, whose value was said, or -1. Rules are looked at in the card's order, and
 * a parameter is pointed at once: the first broken rule speaks for it. Answers how often say was called.
 */
struct rule_facts {
	enum param_backend backend;
	bool is_melody;
	bool is_stereo;
};
typedef void (*rule_say)(void *arg, int index, const char *sentence);
int rules_check(const struct card *card, const struct value *values, const struct rule_facts *facts, rule_say say, void *arg);

/* "stereo-melody-large" -> facts by the words in the name; NULL: neither. */
void rule_facts_from_version(struct rule_facts *facts, const char *version);

#endif
