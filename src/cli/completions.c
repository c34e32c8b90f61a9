/*
 * completions: the scripts' fixed parts stand here as text; what depends on the tables is put between them.
 */
#include "cli/completions.h"

#include "cli/cmds.h"
#include "store/store.h"

#include <ctype.h>
#include <string.h>

/* ---- the words of a verb ------------------------------------------------------ */

enum word_kind { WORD_MANIFEST, WORD_PLACE, WORD_ID, WORD_FILE, WORD_CHOICE, WORD_VERSION };

struct word {
	enum word_kind kind;
	const char *text; /* in the verb's row; "bash|zsh" */
	size_t len;
	bool is_list;
};

/* The next word of how usage calls them ("MANIFEST|DIR [ID]..."), from *at on. */
static bool next_word(const char **at, struct word *ret)
{
	static const struct {
		const char *name;
		enum word_kind kind;
	} kinds[] = { { "MANIFEST|DIR", WORD_PLACE }, { "MANIFEST", WORD_MANIFEST }, { "ID", WORD_ID }, { "VERSION", WORD_VERSION } };
	const char *p = *at + strspn(*at, " ");
	size_t total = strcspn(p, " ");
	size_t brackets = *p == '[' ? 1 : 0;

	if (!total)
		return false;
	*at = p + total;
	ret->text = p + brackets;
	ret->len = strcspn(ret->text, "] .");
	ret->is_list = strstr(p, "...") != NULL && strstr(p, "...") < p + total;
	ret->kind = islower((unsigned char)*ret->text) ? WORD_CHOICE : WORD_FILE;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i].name) == ret->len && !strncmp(kinds[i].name, ret->text, ret->len))
			ret->kind = kinds[i].kind;
	return true;
}

/* "bash|zsh" as "bash zsh"; of VERSION the public ones. */
static void add_choices_of_word(struct strbuf *out, const struct word *w)
{
	const char *version;

	for (int i = 0; w->kind == WORD_VERSION && (version = store_public_at(i)); i++)
		strbuf_addf(out, "%s%s", i ? " " : "", version);
	for (size_t i = 0; w->kind == WORD_CHOICE && i < w->len; i++)
		strbuf_addc(out, w->text[i] == '|' ? ' ' : w->text[i]);
}

static void add_choices(struct strbuf *out, const struct option *o)
{
	for (int i = 0; option_choice(o, i); i++)
		strbuf_addf(out, "%s%s", i ? " " : "", option_choice(o, i));
}

static bool completes_as(const struct option *o, const char *value)
{
	return o->value && !strcmp(o->value, value);
}

/* ---- bash ----------------------------------------------------------------------- */

static const char bash_head[] =
	"# bash completion of mgbatch; made by: mgbatch completions bash\n"
	"_mgbatch_files() # what compgen is asked for\n"
	"{\n"
	"	compopt -o filenames 2>/dev/null\n"
	"	mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$cur\")\n"
	"}\n"
	"_mgbatch_manifests()\n"
	"{\n"
	"	compopt -o filenames 2>/dev/null\n"
	"	mapfile -t COMPREPLY < <(compgen -f -X '!*.yaml' -- \"$cur\"; compgen -f -X '!*.yml' -- \"$cur\"; compgen -d -- \"$cur\")\n"
	"}\n"
	"# Rows are written one a line, and list ends when nobody reads on: quick with any number of jobs.\n"
	"_mgbatch_ids() # manifest or folder\n"
	"{\n"
	"	local ids\n"
	"	ids=$(\"${COMP_WORDS[0]}\" list \"$1\" --json 2>/dev/null | head -n 1000 | sed -n 's/^{\"id\":\"\\([a-z0-9]*\\)\".*/\\1/p')\n"
	"	mapfile -t COMPREPLY < <(compgen -W \"$ids\" -- \"$cur\")\n"
	"}\n"
	"_mgbatch_words()\n"
	"{\n"
	"	mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	"}\n"
	"_mgbatch()\n"
	"{\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} options= first= kind i n=0\n"
	"	local -a words=()\n"
	"	COMPREPLY=()\n"
	"	# readline breaks words at '='\n"
	"	if [ \"$cur\" = '=' ]; then\n"
	"		cur=\n"
	"	elif [ \"$prev\" = '=' ]; then\n"
	"		prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"	fi\n";

static const char bash_tail[] =
	"	if [ \"${cur:0:1}\" = - ]; then\n"
	"		_mgbatch_words \"$options\"\n"
	"		return\n"
	"	fi\n"
	"	kind=${words[n]}\n"
	"	if [ -z \"$kind\" ] && [ \"$n\" -gt 0 ] && [ \"${#words[@]}\" -gt 0 ]; then\n"
	"		kind=${words[${#words[@]}-1]}\n"
	"		case $kind in *...) ;; *) kind= ;; esac\n"
	"	fi\n"
	"	case ${kind%...} in\n"
	"	manifest) _mgbatch_manifests ;;\n"
	"	place) _mgbatch_manifests ;;\n"
	"	file) _mgbatch_files -f ;;\n"
	"	id) _mgbatch_ids \"$first\" ;;\n"
	"	=*) _mgbatch_words \"${kind#=}\" ;;\n"
	"	esac\n"
	"}\n"
	"complete -F _mgbatch mgbatch\n";

static void bash_words(struct strbuf *out, const struct command *c)
{
	static const char *const kinds[] = { [WORD_MANIFEST] = "manifest", [WORD_PLACE] = "place", [WORD_ID] = "id",
					     [WORD_FILE] = "file", [WORD_CHOICE] = "=", [WORD_VERSION] = "=" };
	const char *at = c->words;
	struct word w;

	for (int n = 0; next_word(&at, &w); n++) {
		strbuf_addf(out, "%s'%s", n ? " " : "", kinds[w.kind]);
		add_choices_of_word(out, &w);
		strbuf_addf(out, "%s'", w.is_list ? "..." : "");
	}
}

static void bash_verbs(struct strbuf *out)
{
	const struct command *c;
	const struct option *o;

	strbuf_adds(out, "	if [ \"$COMP_CWORD\" = 1 ] || { [ \"$verb\" = help ] && [ \"$COMP_CWORD\" = 2 ]; }; then\n		_mgbatch_words '");
	for (int i = 0; (c = command_at(i)); i++)
		strbuf_addf(out, "%s ", c->name);
	strbuf_adds(out, "help --help --version --man'\n		return\n	fi\n	case $verb in\n");
	for (int i = 0; (c = command_at(i)); i++) {
		int n = 0;

		strbuf_addf(out, "	%s)\n		options='", c->name);
		for (int k = 0; (o = option_at(k)); k++)
			if (o->verbs & c->verb)
				strbuf_addf(out, "%s%s", n++ ? " " : "", o->name);
		strbuf_adds(out, "'\n		words=(");
		bash_words(out, c);
		strbuf_adds(out, ") ;;\n");
	}
	strbuf_adds(out, "	esac\n");
}

static void bash_values(struct strbuf *out)
{
	const struct option *o;

	strbuf_adds(out, "	case $prev in\n");
	for (int i = 0; (o = option_at(i)); i++) {
		if (!o->value)
			continue;
		strbuf_addf(out, "	%s)", o->name);
		if (completes_as(o, "DIR") || completes_as(o, "FILE")) {
			strbuf_addf(out, " _mgbatch_files %s;", completes_as(o, "DIR") ? "-d" : "-f");
		} else if (option_choice(o, 0)) {
			strbuf_adds(out, " _mgbatch_words '");
			add_choices(out, o);
			strbuf_adds(out, "';");
		}
		strbuf_adds(out, " return ;;\n");
	}
	strbuf_adds(out, "	esac\n");
}

/* Counts the verb's words before the cursor; an option's value is none of them. */
static void bash_count(struct strbuf *out)
{
	const struct option *o;
	int n = 0;

	strbuf_adds(out, "	for ((i = 2; i < COMP_CWORD; i++)); do\n		case ${COMP_WORDS[i]} in\n		");
	for (int i = 0; (o = option_at(i)); i++)
		if (o->value)
			strbuf_addf(out, "%s%s", n++ ? "|" : "", o->name);
	strbuf_adds(out, ")\n			[ \"${COMP_WORDS[i+1]}\" = '=' ] && i=$((i + 1))\n			i=$((i + 1)) ;;\n"
			 "		-*) ;;\n"
			 "		*)\n			[ \"$n\" -gt 0 ] || first=${COMP_WORDS[i]}\n			n=$((n + 1)) ;;\n"
			 "		esac\n	done\n");
}

void completions_bash(struct strbuf *out)
{
	strbuf_adds(out, bash_head);
	bash_verbs(out);
	bash_values(out);
	bash_count(out);
	strbuf_adds(out, bash_tail);
}

/* ---- zsh ------------------------------------------------------------------------ */

static const char zsh_head[] =
	"#compdef mgbatch\n"
	"# zsh completion of mgbatch; made by: mgbatch completions zsh\n"
	"_mgbatch_ids()\n"
	"{\n"
	"	local -a ids rest\n"
	"	rest=(${words[2,-1]})\n"
	"	ids=(${(f)\"$($_mgbatch_program list \"${(Q)rest[(r)[^-]*]}\" --json 2>/dev/null | head -n 1000 |\n"
	"		sed -n 's/^{\"id\":\"\\([a-z0-9]*\\)\".*/\\1/p')\"})\n"
	"	compadd -a ids\n"
	"}\n"
	"_mgbatch()\n"
	"{\n"
	"	local curcontext=$curcontext _mgbatch_program=$words[1] verb=$words[2]\n"
	"	local -a verbs\n";

static const char zsh_tail[] =
	"}\n"
	"if [ \"$funcstack[1]\" = _mgbatch ]; then\n"
	"	_mgbatch \"$@\"\n"
	"else\n"
	"	compdef _mgbatch mgbatch\n"
	"fi\n";

/* Inside single quotes, and inside [..] or between colons of a specification. */
static void zsh_text(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_adds(out, "'\\''");
		else if (strchr("[]:\\", *text))
			strbuf_addf(out, "\\%c", *text);
		else
			strbuf_addc(out, *text);
	}
}

static void zsh_option(struct strbuf *out, const struct option *o)
{
	strbuf_adds(out, " \\\n			");
	if (o->letter)
		strbuf_addf(out, "'(%s %s)'{%s,%s}'[", o->letter, o->name, o->letter, o->name);
	else
		strbuf_addf(out, "'%s%s%s[", o->kind == KIND_TEXTS ? "*" : "", o->name, o->value ? "=" : "");
	zsh_text(out, o->help);
	strbuf_addc(out, ']');
	if (o->value) {
		strbuf_addc(out, ':');
		zsh_text(out, o->value);
		strbuf_addc(out, ':');
		if (completes_as(o, "DIR") || completes_as(o, "FILE"))
			strbuf_adds(out, completes_as(o, "DIR") ? "_files -/" : "_files");
		else if (option_choice(o, 0)) {
			strbuf_addc(out, '(');
			add_choices(out, o);
			strbuf_addc(out, ')');
		} else {
			strbuf_addc(out, ' ');
		}
	}
	strbuf_addc(out, '\'');
}

static void zsh_words(struct strbuf *out, const struct command *c)
{
	static const char *const actions[] = { [WORD_MANIFEST] = "_files -g \"*.(yaml|yml)\"", [WORD_PLACE] = "_files -g \"*.(yaml|yml)\"",
					       [WORD_ID] = "_mgbatch_ids", [WORD_FILE] = "_files", [WORD_CHOICE] = "", [WORD_VERSION] = "" };
	const char *at = c->words;
	struct word w;

	for (int n = 1; next_word(&at, &w); n++) {
		strbuf_adds(out, " \\\n			'");
		if (w.is_list)
			strbuf_addc(out, '*');
		else
			strbuf_addf(out, "%d", n);
		strbuf_addf(out, ":%.*s:%s", (int)w.len, w.text, actions[w.kind]);
		if (!*actions[w.kind]) {
			strbuf_addc(out, '(');
			add_choices_of_word(out, &w);
			strbuf_addc(out, ')');
		}
		strbuf_addc(out, '\'');
	}
}

static void zsh_verb_names(struct strbuf *out)
{
	const struct command *c;

	strbuf_adds(out, "	if (( CURRENT == 2 )) || { [ \"$verb\" = help ] && (( CURRENT == 3 )) }; then\n		verbs=(");
	for (int i = 0; (c = command_at(i)); i++) {
		strbuf_addf(out, "\n			'%s:", c->name);
		zsh_text(out, c->help);
		strbuf_addc(out, '\'');
	}
	strbuf_adds(out, "\n			'help:what a verb does, and its options')\n"
			 "		_describe -t verbs verb verbs\n		return\n	fi\n"
			 "	shift words\n	(( CURRENT-- ))\n");
}

void completions_zsh(struct strbuf *out)
{
	const struct command *c;
	const struct option *o;

	strbuf_adds(out, zsh_head);
	zsh_verb_names(out);
	strbuf_adds(out, "	case $verb in\n");
	for (int i = 0; (c = command_at(i)); i++) {
		strbuf_addf(out, "	%s)\n		_arguments -s -S", c->name);
		for (int k = 0; (o = option_at(k)); k++)
			if (o->verbs & c->verb)
				zsh_option(out, o);
		zsh_words(out, c);
		strbuf_adds(out, " ;;\n");
	}
	strbuf_adds(out, "	esac\n");
	strbuf_adds(out, zsh_tail);
}
