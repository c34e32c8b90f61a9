#!/bin/sh
# hosted_faults.sh [EVERY [STEP]...]: every fault of the hosted service at every step (tests/server/matrix.py), and nobody pays twice.
#
# Each case is a service of its own and four jobs, two of which share an input sound. A run meets the fault once; then the same command
# is given again, then `retry` where the program says so, and the command again; at last what nobody knows of, or is lost, is made anew because
# somebody asked for it. After each command the server's book judges (tests/server/judge.py). How the first run ends is in the
# table below; in the end all are done.
#
# EVERY: only every so manyth case, from one that SEED decides (1: all, some minutes; the sample of make test: 45). Four go on
# beside one another.
[ -w /dev/shm ] && export TMPDIR=/dev/shm # a sync costs nothing there
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/hosted.sh"
. "$ROOT/tests/fault/parts.sh"
every=${1:-1}
[ $# = 0 ] || shift
SEED=${SEED:-$(date +%s)}
echo "# every ${every}th case, SEED=$SEED"
here=$PWD
python3 "$ROOT/tests/server/sounds.py" '{"prompt": "an input", "duration": 1}' >tune.wav
cat >m.yaml <<'END_OF_MANIFEST'
version: 1
name: faulty
backend: scenario
params: {duration: 1}
sets:
  text:
    params: {modelVersion: large}
    sweep: {prompt: [rain, wind]}
  tune:
    params: {modelVersion: melody-large, inputAudio: tune.wav}
    sweep: {prompt: [flute, organ]}
output: {name: "{prompt}"}
run: {credits: 100, tries: 2}
hosted: {jobs: 4, deadline: 60s}
END_OF_MANIFEST

# How the first run may end: exit status and states, a pattern on each line. $1: "one" fault or "two", the step, the fault, before or after
expected()
{
	case $1 in
	# it was taken, the answer was lost, and the list of jobs does not say which it is
	'two submit gone '* | 'two submit twin '* | 'two submit hidden-for-ever '*) echo '1: 1 billed unknown, 3 done' ;;
	# nothing was done, which nobody can know: something had left, and no answer came that means no
	'one submit '50[0-4]' before' | 'one submit redirect '* | 'one submit '[rg][ea][sr][eb]*' before') echo '1: 3 done, 1 unbilled unknown' ;;
	'one submit down before') printf '%s\n' '1: [0-9] done, [0-9] unbilled unknown' '1: 4 unbilled unknown' ;; # with others that were under way
	'two list '40[123]' '*) echo '5: 1 billed unknown, *' ;;
	# no, and why
	*' submit stuck '* | *' submit failed '* | *' submit canceled '* | *' submit no_asset '* | *' submit bad_result '*) echo '1: 3 done, 1 failed' ;;
	'one submit '4[02][024]' '* | 'one submit gone '*)
		case $1 in
		*' 402 '*) echo '5: *pending' ;;
		*) echo '1: 3 done, 1 failed' ;;
		esac
		;;
	*' asset gone '*) echo '1: 3 done, 1 lost' ;;
	*' upload 400 '* | *' upload 422 '*) echo '1: 2 done, 2 failed' ;;
	*' dry_run 400 '* | *' dry_run 422 '*) echo '2: 4 pending' ;;
	*' submit '40[13]' '* | *' poll '40[123]' '* | *' asset '40[12]' '* | *' upload'*' '40[123]' '* | *' complete '40[123]' '*) echo '5: *pending' ;;
	# what was cancelled is made again; a submission may have been cut off
	*' cancel '*) printf '%s\n' '0: 4 done' '1: [0-9] done, [0-9] unbilled unknown' ;;
	# before anything is begun
	*' dry_run '* | *' model '*) echo '[05]: 4 *' ;;
	# what else is under way is cut off too: perhaps a submission
	*' connect '* | *' down '*) printf '%s\n' '0: 4 done' '5: 4 pending' '1: [0-9] done, [0-9] unbilled unknown' '1: 4 unbilled unknown' ;;
	*) echo '0: 4 done' ;;
	esac
}

# ---- one case ------------------------------------------------------------------------------------------

judge() { python3 "$ROOT/tests/server/judge.py" "$@" 2>&1; }
say() { echo "$*" >>talk; }
wrong() { say "WRONG: $*"; }

# One command; $status, $states; judged.
command_of() # mgbatch arguments
{
	n=$((n + 1))
	timeout 90 "$BUILD/mgbatch" "$@" >last 2>&1
	status=$?
	cat last >>printed
	states=$(judge states book out)
	say "$n. mgbatch $*: exit status $status, $states"
	sed 's/^/   | /' last >>talk
	judge trouble book out $again >troubles
	while read -r line; do wrong "$line"; done <troubles
	! grep -E 'AddressSanitizer|runtime error|Success|a bug of ours' last >>troubles || wrong 'what it says'
	case $1:$status:$states in
	run:0:'4 done' | retry:0:*) ;;
	run:[125]:*) [ "$states" != '4 done' ] || wrong "exit status $status, and all are done" ;;
	*) wrong "exit status $status" ;;
	esac
}

run_once() { command_of run "$here/m.yaml" --output out --events "events.$n" -v; }

# Somebody presses Ctrl-C twice.
interrupted()
{
	"$BUILD/mgbatch" run "$here/m.yaml" --output out >last 2>&1 &
	pid=$!
	await grep -q '"step": "poll"' book
	kill -INT $pid
	await grep -q 'again to abort' last
	kill -INT $pid
	wait $pid
	status=$?
	cat last >>printed
	say "0. mgbatch run, interrupted: exit status $status, $(judge states book out)"
	[ "$status" = 130 ] || wrong "exit status $status"
}

# The case's words for the table.
key_of() # case
{
	set -- "$1" "$(echo "$1" | sed 's/.*"on": "\([a-z_]*\)".*"do": "\([a-z0-9_]*\)".*/\1 \2/')"
	case $1 in
	'[{"on": "submit", "nth": 1, "do": "lost"}, '*'"ms": 3600000'*) echo 'two submit hidden-for-ever before' ;;
	'[{"on": "submit", "nth": 1, "do": "lost"}, '*) echo "two $2 before" ;;
	*'"when": "after"'*) echo "one $2 after" ;;
	*) echo "one $2 before" ;;
	esac
}

check_first()
{
	expected "$key" >expected
	while read -r pattern; do
		case "$status: $states" in
		$pattern) return ;;
		esac
	done <expected
	wrong "the first run ended with '$status: $states', expected was '$(cat expected)'"
}

one() # case
{
	printf '%s\n' "$1" | tee cases.json >talk
	n=0
	again=
	key=$(key_of "$1")
	case $key in
	*' cancel '*) serve --cases cases.json --price 3.5 --job-ms 30000 && interrupted ;;
	*) serve --cases cases.json --price 3.5 --job-ms 2000-6000 ;;
	esac
	run_once
	check_first
	[ "$status" = 0 ] || run_once
	case $states in
	*failed*)
		grep -q 'mgbatch retry' last || wrong 'it does not say: mgbatch retry'
		command_of retry "$here/m.yaml" --output out
		run_once
		;;
	esac
	case $states in
	*unknown* | *lost*) grep -q 'pay-again' last || wrong 'it does not say: --pay-again' ;;
	esac
	case $key:$states in
	*:*unknown* | *:*lost* | *' submit gone '*:*failed*) # nothing says that the service took the last of these back
		again=$(for how in unknown lost failed; do judge ids book out $how; done)
		command_of retry "$here/m.yaml" --output out $again --pay-again
		run_once
		;;
	esac
	case $key:$states in
	*:'4 done' | *' stuck '*:'3 done, 1 failed' | *' bad_result '*:'3 done, 1 failed') ;;
	*) wrong "in the end: $states" ;;
	esac
	unserve
}

part_of() # 0 to 3
{
	i=0
	n_bad=0
	while read -r case; do
		i=$((i + 1))
		[ $((i % 4)) = "${1#cases-}" ] || continue
		mkdir "$i"
		cd "$i" || exit
		one "$case"
		cd ..
		if grep -q '^WRONG' "$i/talk"; then
			n_bad=$((n_bad + 1))
			echo "not ok - $case"
			head -c 6000 "$i/talk" | sed 's/^/# /'
		else
			echo "ok - $case"
		fi
		echo 'sum 1'
	done <"$here/cases"
}

python3 "$ROOT/tests/server/matrix.py" "$@" | awk -v every="$every" -v seed="$SEED" 'NR % every == seed % every' >cases
beside part_of cases-0 cases-1 cases-2 cases-3
is "$sum" "$(grep -c . cases)" 'all cases were tried'
[ "$sum" -gt 0 ]
tap $? 'there were some'
hides cases-*/*/out cases-*/*/printed cases-*/*/events.*
done_testing
