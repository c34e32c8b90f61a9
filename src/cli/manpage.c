#include "cli/manpage.h"

#include "cli/cmds.h"
#include "cli/help.h"
#include "cli/version.h"

#define SOURCE_COLUMNS 66 /* of the text; escapes make a line longer, and 80 is what lint allows */

struct entry {
	const char *name, *text;
};

static const struct entry files[] = {
	{ "DIR/.mgbatch/ledger.db", "what has happened: every job, its state, its tries; SQLite" },
	{ "DIR/metadata.jsonl", "one row per finished file; the folder loads as a data set" },
	{ "DIR/jobs.csv", "one row per job of any state" },
	{ "DIR/summary.json", "the whole folder in one page" },
	{ "DIR/report.html", "a listening grid that opens from disk" },
	{ "DIR/.mgbatch/old/", "files that others have replaced" },
	{ NULL, NULL },
};

static const struct entry environment[] = {
	{ "NO_COLOR", "when it is set and not empty, nothing is coloured" },
	{ "TERM", "with dumb, or unset, progress is printed as plain lines" },
	{ "XDG_DATA_HOME", "mgbatch/models in it has checkpoints by the name of their version; ~/.local/share unless said" },
	{ "XDG_CACHE_HOME", "mgbatch/fingerprints in it remembers the hashes of checkpoints that were read; ~/.cache unless said" },
	{ "HF_ENDPOINT", "the model hub that models pull asks; https://huggingface.co unless said" },
	{ "CURL_CA_BUNDLE", "a file of certificates for models pull, in the place of the system's" },
	{ "HF_HUB_CACHE, HF_HOME", "where Hugging Face's tools have put checkpoints; ~/.cache/huggingface unless said" },
	{ NULL, NULL },
};

static const struct entry examples[] = {
	{ "mgbatch init && mgbatch check manifest.yaml --checkpoint models/small", "a first manifest, and what is wrong with it" },
	{ "mgbatch plan manifest.yaml", "what a run would do" },
	{ "mgbatch run night.yaml --for 6h -q", "a night's part of a long list, for cron: silent when all is well, exit status 3 when the time was over" },
	{ "mgbatch run study.yaml --select 'set = rain and seed <= 2'", "only some of the jobs" },
	{ "mgbatch run study.yaml --events - | jq -r .event", "what happens, as it happens" },
	{ NULL, NULL },
};

/* The keys of --events, where scripts look for them. */
static const char events[] =
	"With --events each line is one JSON object with version (1), event, and time (UTC). The events are run_started, note, job_started, "
	"job_done, job_failed, progress (once a second at most), draining, aborting and run_ended, which is always the last. A job has id, "
	"set and path; job_done adds bytes, seconds, lkfs, peak, pcm_sha256; job_failed adds class, sentence, try, tries and "
	"again_in_seconds (null: not again by this run). run_started, progress and run_ended have jobs_total, done, failed, running, "
	"waiting, audio_seconds, audio_seconds_total and elapsed_seconds; run_ended adds exit_status and reason. Keys may be added; none "
	"changes its meaning within a version. A file is appended to. A reader that stops reading never stops the run: lines that it has "
	"no room for are left out, and an event named lost says how many.";

void manpage_add_text(struct strbuf *out, const char *text)
{
	bool at_start = true;

	for (; *text; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			strbuf_adds(out, "\\&");
		at_start = *text == '\n';
		if (*text == '\\')
			strbuf_adds(out, "\\e");
		else if (*text == '-')
			strbuf_adds(out, "\\-");
		else if (*text == '\'')
			strbuf_adds(out, "\\(aq");
		else if (*text == '~')
			strbuf_adds(out, "\\(ti");
		else if (*text == '^')
			strbuf_adds(out, "\\(ha");
		else
			strbuf_addc(out, *text);
	}
}

/* The same in short lines, as roff's sources are written. */
static void add_lines(struct strbuf *out, const char *text)
{
	struct strbuf lines = STRBUF_INIT(1 << 16);

	help_wrap(&lines, text, 0, SOURCE_COLUMNS);
	manpage_add_text(out, lines.buf);
	strbuf_release(&lines);
}

/* A tagged paragraph: the name in bold, the rest of the tag in italics. */
static void add_entry(struct strbuf *out, const char *name, const char *rest, const char *text)
{
	strbuf_adds(out, ".TP\n\\fB");
	manpage_add_text(out, name);
	strbuf_adds(out, "\\fR");
	if (rest && *rest) {
		strbuf_adds(out, " \\fI");
		manpage_add_text(out, rest);
		strbuf_adds(out, "\\fR");
	}
	strbuf_addc(out, '\n');
	add_lines(out, text);
}

static void add_verbs(struct strbuf *out)
{
	const struct command *c;
	struct strbuf text = STRBUF_INIT(1 << 16);

	strbuf_adds(out, ".SH VERBS\n");
	for (int i = 0; (c = command_at(i)); i++) {
		strbuf_reset(&text);
		strbuf_addf(&text, "%s.", c->help);
		if (c->more)
			strbuf_addf(&text, " %s", c->more);
		add_entry(out, c->name, c->words, text.buf);
	}
	strbuf_release(&text);
}

static void add_verb_names(struct strbuf *out, unsigned verbs)
{
	const struct command *c;
	int n = 0;

	for (int i = 0; (c = command_at(i)); i++)
		if (verbs & c->verb)
			strbuf_addf(out, "%s%s", n++ ? ", " : " (", c->name);
	if (n)
		strbuf_addc(out, ')');
}

static void add_options(struct strbuf *out)
{
	const struct option *o;
	struct strbuf text = STRBUF_INIT(1 << 16), name = STRBUF_INIT(256);

	strbuf_adds(out, ".SH OPTIONS\nAn option stands after the verb.\nIts value is the next word, or follows \\(oq=\\(cq.\n"
			 "After \\fB\\-\\-\\fR no word is an option.\n");
	for (int i = 0; (o = option_at(i)); i++) {
		strbuf_reset(&text);
		strbuf_reset(&name);
		strbuf_addf(&name, "%s%s%s", o->letter ? o->letter : "", o->letter ? ", " : "", o->name);
		strbuf_adds(&text, o->help);
		for (int k = 0; option_choice(o, k); k++)
			strbuf_addf(&text, "%s%s", k ? ", " : ": ", option_choice(o, k));
		if (o->verbs != ~0u) /* every verb */
			add_verb_names(&text, o->verbs);
		strbuf_addc(&text, '.');
		add_entry(out, name.buf, o->value, text.buf);
	}
	strbuf_release(&text);
	strbuf_release(&name);
}

static void add_entries(struct strbuf *out, const char *title, const struct entry *entries)
{
	strbuf_addf(out, ".SH %s\n", title);
	for (; entries->name; entries++)
		add_entry(out, entries->name, NULL, entries->text);
}

void manpage_write(struct strbuf *out)
{
	const struct exit_status *s;

	strbuf_adds(out, ".TH MGBATCH 1 " MGBATCH_DATE " \"mgbatch " MGBATCH_VERSION "\"\n"
			 ".SH NAME\nmgbatch \\- run many text\\-to\\-music jobs from a YAML manifest\n"
			 ".SH SYNOPSIS\n\\fBmgbatch\\fR \\fIverb\\fR [\\fIwords\\fR] [\\fIoptions\\fR]\n.br\n"
			 "\\fBmgbatch help\\fR [\\fIverb\\fR]\n.br\n\\fBmgbatch \\-\\-version\\fR\n.br\n\\fBmgbatch \\-\\-man\\fR\n"
			 ".SH DESCRIPTION\n");
	add_lines(out, "mgbatch expands a manifest's sweeps into jobs, runs them with MusicGen on this machine's processor, keeps every "
		       "state in a ledger so that the same command continues after any interruption, and leaves audio files with reports.");
	strbuf_adds(out, ".PP\n");
	add_lines(out, "Data goes to standard output, messages to standard error. With --json the data is JSON, and so is what run, plan, "
		       "check and why find wrong with a manifest.");
	add_verbs(out);
	add_options(out);
	strbuf_adds(out, ".SH EVENTS\n");
	add_lines(out, events);
	strbuf_adds(out, ".SH EXIT STATUS\n");
	for (int i = 0; (s = help_exit_status(i)); i++)
		add_entry(out, s->number, NULL, s->meaning);
	add_entries(out, "FILES", files);
	add_entries(out, "ENVIRONMENT", environment);
	add_entries(out, "EXAMPLES", examples);
}
