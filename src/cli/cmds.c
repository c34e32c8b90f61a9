#include "cli/cmds.h"

#include "base/text.h"

#include <string.h>

static const struct command commands[] = {
	{ "init", VERB_INIT, "[FILE]", 0, 1, cmd_init, "write a small manifest to begin with",
	  "FILE is manifest.yaml unless said, '-' is standard output. Beside it the JSON Schema of manifests is written, manifest.schema.json, "
	  "which editors complete and check by. A file that is there already is left as it is." },
	{ "check", VERB_CHECK, "MANIFEST", 1, 1, cmd_check, "find every mistake of a manifest; makes nothing",
	  "MANIFEST '-' is standard input. Each mistake is printed as file:line:column: sentence. With --select it also says how many jobs match." },
	{ "plan", VERB_PLAN, "MANIFEST", 1, 1, cmd_plan, "say what a run would do; makes nothing",
	  "The arithmetic of the sweep; how many jobs are new, done, replaced, stale, superseded; hours of audio, bytes, memory, and the time "
	  "to expect from the speed so far. Of a hosted manifest also what the jobs to make cost, for which the service is asked, what has been "
	  "spent, and the cap." },
	{ "run", VERB_RUN, "MANIFEST", 1, 1, cmd_run, "make what the manifest asks for and is not made yet",
	  "The same command continues after any interruption: what is done is not done again. The first INT or TERM lets the running jobs "
	  "finish, the second aborts them, the third leaves at once. A hosted run needs a cap on what it may cost, --credits N or run.credits, "
	  "which is for all runs of the folder together: at the cap it stops with exit status 3, and goes on with a higher one." },
	{ "status", VERB_STATUS, "MANIFEST|DIR", 1, 1, cmd_status, "how many jobs are in which state", NULL },
	{ "list", VERB_LIST, "MANIFEST|DIR", 1, 1, cmd_list, "one line a job", NULL },
	{ "show", VERB_SHOW, "MANIFEST|DIR ID", 2, 2, cmd_show, "everything about one job, and how to make it again",
	  "ID is a job's id or its first characters, at least four." },
	{ "why", VERB_WHY, "MANIFEST|DIR ID", 2, 2, cmd_why, "why a job is what it is: what differs from the one it replaces",
	  "With a manifest it says what a run would do with the job and why, and compares it field by field with the one that stands, or "
	  "stood, in its place: of the same path, else of the same set and axes, else the one most like it. A folder alone has only its "
	  "own rows to compare. Both canonical texts, of which the ids are the hashes, are printed." },
	{ "retry", VERB_RETRY, "MANIFEST|DIR [ID]...", 1, COMMAND_WORDS_ANY, cmd_retry, "let failed jobs be made again, with all their tries",
	  "Without ids all that failed, or those of them that --select chooses. With ids those jobs: finished ones too, whose files stay "
	  "until their replacements are complete. Jobs that may have been paid for (unknown, lost) are made again only by their ids with "
	  "--pay-again. It makes nothing itself: run does." },
	{ "verify", VERB_VERIFY, "MANIFEST|DIR", 1, 1, cmd_verify, "is every finished file still there and as it was made?",
	  "Looks at the ledger itself, at each finished job's file and its size (--deep: its content), and lists files of the folder that no "
	  "job made. --regen N makes N finished jobs, spread evenly, again and compares their samples; it takes the folder as a run does. "
	  "Changes nothing. Exit status 1 when something is wrong." },
	{ "gc", VERB_GC, "MANIFEST|DIR", 1, 1, cmd_gc, "list files that nobody wants any more, and remove them with --yes",
	  "Those of jobs that are no longer in the manifest, those that were replaced and kept in .mgbatch/old, and what a run that died "
	  "left half done. With --select only the chosen jobs' files. A job that comes back into the manifest is made again." },
	{ "report", VERB_REPORT, "MANIFEST|DIR", 1, 1, cmd_report, "write the reports again from the ledger", NULL },
	{ "schema", VERB_SCHEMA, "", 0, 0, cmd_schema, "print the JSON Schema of manifests", NULL },
	{ "models", VERB_MODELS, "list|pull|verify|path [VERSION]", 1, 2, cmd_models, "which checkpoints are on this machine; download one",
	  "list: those that a manifest without 'checkpoint:' finds by modelVersion, in $XDG_DATA_HOME/mgbatch/models/VERSION and as Hugging "
	  "Face's tools downloaded them, with kind, size, folder, and what is missing of one that is not complete.\n"
	  "pull VERSION: downloads facebook/musicgen-VERSION from huggingface.co (or $HF_ENDPOINT) into the first of these places: small, medium, "
	  "large, melody, melody-large, and each with stereo- before it. Each file is checked by its hash, the folder gets its name when all "
	  "are there, and after any interruption the same command goes on where it stopped.\n"
	  "verify [VERSION]: reads the files again and compares them with what was pulled; exit status 1 when something is wrong.\n"
	  "path VERSION: prints the folder." },
	{ "completions", VERB_COMPLETIONS, "bash|zsh", 1, 1, cmd_completions, "print a completion script for a shell",
	  "For bash: mgbatch completions bash >~/.local/share/bash-completion/completions/mgbatch. For zsh: write it as _mgbatch to a folder "
	  "of $fpath." },
};

#define N_COMMANDS ((int)(sizeof commands / sizeof *commands))

const struct command *command_at(int i)
{
	return i < N_COMMANDS ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

const char *command_nearest(const char *name)
{
	const char *names[N_COMMANDS];

	for (int i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	return text_nearest(name, names, (size_t)N_COMMANDS);
}
