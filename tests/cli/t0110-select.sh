#!/bin/sh
# --select: which jobs, what it says of a mistake, and that the rest is left alone.
. "$(dirname "$0")/lib.sh"

cat >m.yaml <<'EOF'
version: 1
name: study
backend: fake
params: {prompt: "felt piano", duration: 1}
sweep: {seed: 1..3}
sets:
  rain:
    sweep: {mood: [{label: calm, temperature: 0.8}, {label: wild, temperature: 1.2}]}
    tags: [ambient]
  hook:
    params: {prompt: "brass hook"}
EOF

run 0 mgbatch check m.yaml --select 'seed = 2'
same stdout <<'EOF'
m.yaml: 9 jobs, no mistakes; 3 selected
EOF
selects() # how many, expression
{
	n=$(mgbatch check m.yaml --json --select "$2" | sed -n 's/.*"jobs_selected": \([0-9]*\),/\1/p')
	is "$n" "$1" "$2"
}
selects 6 'set = rain'
selects 3 'mood = wild'
selects 2 'seed = 1 and ambient in tags'
selects 7 'not (set = rain and seed > 2)'
selects 3 'temperature > 1 and set != hook'
selects 9 'state = done'
run 0 mgbatch check m.yaml --select 'state = done and seed = 1'
has stdout 'by their states, at most 3 selected'

# Mistakes: named, with the place and what is meant; the same for all three verbs, and nothing runs.
for verb in check plan run; do
	run 2 mgbatch $verb m.yaml --select 'seed = 1 and moood = wild'
	same stderr <<'EOF'
m.yaml: --select, at character 14: unknown name 'moood', did you mean 'mood'?
EOF
	run 2 mgbatch $verb m.yaml --select 'seed == 1'
	has stderr "at character 6: write '=' for '=='"
	run 2 mgbatch $verb m.yaml --select 'set = rian'
	same stderr <<'EOF'
m.yaml: --select matches none of the manifest's 9 jobs: 'set = rian'
EOF
	run 2 mgbatch $verb m.yaml --json --select 'set = rian'
	is "$(cat stderr)" '' 'with --json it is data'
	has stdout '"exit_status": 2'
	has stdout '"text": "--select matches none of '
done
run 2 mgbatch run m.yaml --select ''
has stderr '--select must not be empty'
run 2 mgbatch check m.yaml --select "set = 'é' and zzzzzz = 1"
has stderr 'at character 15'
run 2 mgbatch check m.yaml --select "$(yes '(' | head -n 200 | tr -d '\n')"
has stderr '--select, at character'
ok 'nothing was made' test ! -e out

# Only what is selected is made; the rest stays and is made later.
state() # of status
{
	mgbatch status m.yaml --json | sed -n "s/.*\"$1\": \([0-9]*\),*/\1/p"
}
run 0 mgbatch run m.yaml --select 'set = hook'
has stdout 'study: 3 of the selected 3 jobs done'
is "$(find out -name '*.wav' | wc -l)" 3 'three files'
is "$(state pending)" 6 'the rest is pending'
is "$(state superseded)" 0 'and none is superseded'
run 0 mgbatch plan m.yaml --select 'seed = 1'
has stdout 'study: 3 of 9 jobs selected, 3.0 s of audio'
has stdout 'to make   2 jobs'
run 0 mgbatch plan m.yaml --select 'seed = 1' --limit 1
has stdout 'to make   1 job,'
run 0 mgbatch run m.yaml --select 'state = done'
has stdout 'study: 3 of the selected 3 jobs done (3 before)'
run 0 mgbatch run m.yaml --select 'state = failed'
same stdout <<'EOF'
study: no job is in a state that --select asks for
report: out/study/report.html
EOF
run 3 mgbatch run m.yaml --select 'set = rain' --limit 1
has stdout 'study: 1 of the selected 6 jobs done, 5 to do'
run 0 mgbatch run m.yaml
is "$(find out -name '*.wav' | wc -l)" 9 'without it the rest is made'

# An empty list is an answer, and says of what.
run 0 mgbatch list m.yaml --select 'set = rian'
is "$(cat stdout)" '' 'nothing is listed'
same stderr <<'EOF'
mgbatch: no job here matches --select 'set = rian'
EOF
run 0 mgbatch list m.yaml --state failed --select 'seed = 1'
has stderr "no job here that is failed matches --select 'seed = 1'"
run 0 mgbatch list m.yaml --state failed --json
is "$(cat stdout stderr)" '[]' 'JSON says it by itself'
done_testing
