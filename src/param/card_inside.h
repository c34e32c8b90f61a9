/*
 * param/card_inside: what the files of this room share. Not for other rooms.
 *
 * A card is one arena: rows, rules and all their text live in it and die with it.
 * Functions that read JSON answer 0, or -1 with an ERR_MANIFEST whose sentence
 * the callers wrap with where it was ("parameter 'duration': ...").
 */
#ifndef PARAM_CARD_INSIDE_H
#define PARAM_CARD_INSIDE_H

#include "base/arena.h"
#include "base/json.h"
#include "param/param.h"

#define CARD_BYTES_MAX ((size_t)256 << 10) /* the card we ship has 9 KiB */
#define CARD_RULES_MAX 64
#define CARD_LIST_MAX 64    /* choices, also-words, terms of one row or rule */
#define CARD_NAME_MAX 40    /* bytes of a parameter's name or an also-word */
#define CARD_TEXT_MAX 400   /* bytes of a help text or a rule's sentence */

/* One condition of a rule's "if"; rules.c has the language. */
enum term_kind { TERM_SAID, TERM_NOT_SAID, TERM_IS, TERM_MELODY, TERM_NOT_MELODY, TERM_STEREO, TERM_NOT_STEREO };

struct rule_term {
	enum term_kind kind;
	int index;               /* of the parameter; -1 for facts about the version */
	const struct value *any; /* TERM_IS: any of these */
	size_t n_any;
};

enum rule_kind { RULE_NEED, RULE_REFUSE, RULE_LESS };

struct rule {
	enum rule_kind kind;
	bool on[PARAM_N_BACKENDS];
	struct rule_term *terms; /* all must hold */
	size_t n_terms;
	int *subjects;           /* parameters of need, refuse, less */
	size_t n_subjects;
	const char *say;         /* {name} prints the effective value */
};

/* A word and the parameter that it means; for card_suggest. */
struct card_word {
	const char *word;
	const char *means; /* name or alias */
};

struct card {
	struct arena arena;
	const char *model, *hosted_model;
	struct param *params;
	int n_params;
	struct rule *rules;
	int n_rules;
	struct card_word *words; /* names, aliases, also-words, in this order */
	size_t n_words;
};

/* An object with no other members than known (NULL-terminated), none twice. */
int card_check_members(const struct json *object, const char *const *known, struct err *err) WARN_UNUSED;
/* A text member of 1..max bytes without control characters, copied; *ret stays when it is missing and not needed. */
int card_copy_text(struct card *card, const struct json *object, const char *name, bool needed, size_t max, const char **ret,
		   struct err *err) WARN_UNUSED;
/* A list of different texts; *ret stays when it is missing. */
int card_copy_list(struct card *card, const struct json *object, const char *name, const char *const **ret, size_t *n_ret,
		   struct err *err) WARN_UNUSED;
/* A value of the parameter type, what: how the sentence calls it. */
int card_copy_value(struct card *card, const struct json *n, enum param_type type, const char *what, struct value *ret,
		    struct err *err) WARN_UNUSED;

int card_row_parse(struct card *card, const struct json *n, struct param *ret, struct err *err) WARN_UNUSED;
int card_rule_parse(struct card *card, const struct json *n, struct rule *ret, struct err *err) WARN_UNUSED;

enum value_kind param_kind(enum param_type type); /* what a value of the type is */
/* The value has the type's kind and lies in the range and among the choices. */
bool scope_admits(const struct param_scope *scope, enum param_type type, const struct value *value);

/*
 * Why a plain scalar is not the number that somebody may have meant, and what to write
 * instead: ", which some readers of YAML take as octal: write 12". Appends nothing when nothing is known.
 */
void value_hint_number(const struct param *p, const char *text, struct strbuf *why);
void value_hint_boolean(const char *text, struct strbuf *why);

#endif
