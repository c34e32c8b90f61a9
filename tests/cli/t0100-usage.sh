#!/bin/sh
# What the command line accepts, and the sentence for what it does not.
. "$(dirname "$0")/lib.sh"

run 0 mgbatch --version
same stdout <<'EOF'
mgbatch 0.1.0
EOF
run 0 mgbatch --help
for verb in run check plan status list show report schema; do
	has stdout "  $verb "
	ok "$verb has its own page" mgbatch "$verb" --help
done
hasnt stdout '  retry'
run 2 mgbatch
has stderr 'usage: mgbatch VERB'
is "$(cat stdout)" '' 'nothing on stdout'

run 2 mgbatch rum x.yaml
same stderr <<'EOF'
mgbatch: unknown verb 'rum', did you mean 'run'?
EOF
run 2 mgbatch retry x.yaml
same stderr <<'EOF'
mgbatch: 'retry' is not in this version yet
EOF
run 2 mgbatch run
same stderr <<'EOF'
mgbatch: usage: mgbatch run MANIFEST [options]; found 0 words
EOF
run 2 mgbatch show x.yaml
has stderr 'usage: mgbatch show MANIFEST|DIR ID [options]; found 1 word'
run 2 mgbatch run x.yaml --select 'seed = 1'
same stderr <<'EOF'
mgbatch: --select is not in this version yet
EOF
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
