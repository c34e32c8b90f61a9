#!/bin/sh
# What the command line accepts, and the sentence for what it does not.
. "$(dirname "$0")/lib.sh"

run 0 mgbatch --version
same stdout <<'EOF'
mgbatch 0.1.0
EOF
run 0 mgbatch --help
mgbatch --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sed '/^mgbatch$/d' >verbs
for verb in init run check plan status list show report schema completions; do
	ok "$verb is listed" grep -qx "$verb" verbs
done
while read -r verb; do
	mgbatch "$verb" --help >page
	is "$?" 0 "$verb --help"
	ok 'names the verb' grep -q "^usage: mgbatch $verb" page
	mgbatch "$verb" -h | cmp -s - page
	is "$?" 0 "$verb -h is the same"
	mgbatch help "$verb" | cmp -s - page
	is "$?" 0 "help $verb too"
done <verbs
mgbatch help help >page
ok 'help help is the page of the program' sh -c "\"$BUILD/mgbatch\" --help | cmp - page"
run 2 mgbatch help runn
same stderr <<'EOF'
mgbatch: unknown verb 'runn', did you mean 'run'?
EOF
run 2 mgbatch -q run x.yaml
has stderr "unknown option '-q': options stand after the verb"
run 2 mgbatch
has stderr 'usage: mgbatch VERB'
is "$(cat stdout)" '' 'nothing on stdout'

run 2 mgbatch rum x.yaml
same stderr <<'EOF'
mgbatch: unknown verb 'rum', did you mean 'run'?
EOF
run 2 mgbatch run
same stderr <<'EOF'
mgbatch: usage: mgbatch run MANIFEST [options]; found 0 words
EOF
run 2 mgbatch show x.yaml
has stderr 'usage: mgbatch show MANIFEST|DIR ID [options]; found 1 word'
run 2 mgbatch run a.yaml b.yaml
same stderr <<'EOF'
mgbatch: one word too many: 'b.yaml'; usage: mgbatch run MANIFEST [options]
EOF
run 2 mgbatch run x.yaml --limit 0
has stderr "--limit must be a whole number of at least 1, found '0'"
run 2 mgbatch run x.yaml --for 0
has stderr "--for must be a time such as 90s, 15m or 6h, found '0'"
run 2 mgbatch run x.yaml --backend natve
has stderr "did you mean 'native'?"
run 2 mgbatch status x.yaml --limit 3
same stderr <<'EOF'
mgbatch: --limit does not go with 'mgbatch status'
EOF
run 2 mgbatch list x.yaml --state finished
has stderr "found 'finished'"

run 2 mgbatch run none.yaml
has stderr "none.yaml"
run 5 mgbatch status .
has stderr 'nothing has been run here yet'

# What is no manifest.
mkdir folder
: >empty.yaml
printf 'RIFF\044\000\000\000WAVEfmt ' >sound.wav
echo '{"version": 1, "params": {"prompt": "x", "duration": 1}, "backend": "fake"}' >ok.json
printf 'a: \377\n' >latin.yaml
printf '\033[31mred\n' >red.yaml
for what in folder empty.yaml sound.wav latin.yaml red.yaml; do
	run 2 mgbatch check "$what"
	ok "$what is named" grep -q "$what" stderr
	is "$(LC_ALL=C tr -d '\n[:print:]' <stderr | wc -c)" 0 'and nothing of it steers a terminal'
done
run 0 mgbatch check ok.json
run 2 mgbatch check empty.yaml --json
has stdout '"ok": false'
has stdout '"exit_status": 2'

# A reader that goes away and a full disk are told, with the status of the surroundings.
if [ -w /dev/full ]; then
	mgbatch --help >/dev/full 2>stderr
	is "$?" 5 'a full disk under stdout: exit status 5'
	has stderr 'cannot write to standard output'
fi
{ mgbatch --help 2>stderr; echo $? >status; } | :
tap "$(grep -qx '[05]' status; echo $?)" 'a closed pipe ends it without a signal'

run 0 mgbatch schema
has stdout '"$schema"'
done_testing
