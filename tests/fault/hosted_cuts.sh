#!/bin/sh
# hosted_cuts.sh [EVERY]: a run that costs money ends at each call that may change its folder, by a kill or with the power; nobody pays twice.
#
# preload.c counts the calls below the output folder. For each place the run dies there: before the call, after it, or with the power, which takes
# what was not synced. The next run settles that, and the server's book judges (tests/server/judge.py): what a request was sent for is
# never sent again, and what is unknown then was not paid for, because the run died before it had left.
#
# EVERY: only every so manyth place, from one that SEED decides.
[ -w /dev/shm ] && export TMPDIR=/dev/shm # a sync costs nothing there; preload.c remembers what was synced
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/hosted.sh"
. "$ROOT/tests/fault/parts.sh"
every=${1:-1}
SEED=${SEED:-$(date +%s)}
PRELOAD=$BUILD/tests/fault/preload.so
[ -f "$PRELOAD" ] || { echo "Bail out! there is no $PRELOAD: make it first"; exit 1; }
export ASAN_OPTIONS=verify_asan_link_order=0 # the sanitizers' library comes behind ours
echo "# every ${every}th place, SEED=$SEED"
here=$PWD
python3 "$ROOT/tests/server/sounds.py" '{"prompt": "an input", "duration": 1}' >tune.wav

# Of each place its own: jobs of another folder with the same inputs, minutes ago, could not be told from ours.
manifest() # prompt
{
	cat <<END
version: 1
name: cuts
backend: scenario
params: {modelVersion: melody-large, duration: 1, prompt: "$1"}
sets:
  text: {}
  tune: {params: {inputAudio: $here/tune.wav}}
sweep: {seed: [1, 2]}
output: {name: "{set}-{seed}"}
run: {credits: 100}
hosted: {jobs: 4}
END
}
judge() { python3 "$ROOT/tests/server/judge.py" "$@" 2>&1; }

# The run under the fault; true where it met it.
strike() # how place
{
	rm -rf out log
	: >book
	manifest "$1 $2" >m.yaml
	env FAULT_ROOT="$PWD/out" FAULT_LOG="$PWD/log" FAULT_KINDS=change FAULT_HOW="$1" FAULT_AT="$2" LD_PRELOAD="$PRELOAD" \
		"$BUILD/mgbatch" run m.yaml --output out >last 2>&1
	status=$?
	grep -q '^hit' log
}

# Each line is something wrong with what the next runs make of it.
converges()
{
	[ "$status" = 137 ] || echo "exit status $status of a killed run"
	timeout 60 "$BUILD/mgbatch" run m.yaml --output out >last 2>&1
	status=$?
	judge trouble book out
	case $status:$(judge states book out) in
	0:'4 done') return ;;
	1:*' unbilled unknown' | 1:*' unbilled unknown, '*) ;;
	*) echo "the next run: exit status $status, $(judge states book out)" && cat last ;;
	esac
	n_unknown=$((n_unknown + 1))
	timeout 60 "$BUILD/mgbatch" retry m.yaml --output out $(judge ids book out unknown) --pay-again >last 2>&1
	timeout 60 "$BUILD/mgbatch" run m.yaml --output out >last 2>&1 || { echo "the last run: exit status $?" && cat last; }
	judge trouble book out
	[ "$(judge states book out)" = '4 done' ] || judge states book out
}

each_place() # how
{
	serve --price 3.5 --job-ms 2000-4000 --for 3600
	place=$((SEED % every + 1))
	n_hit=0
	n_bad=0
	n_unknown=0
	while strike "$1" "$place"; do
		n_hit=$((n_hit + 1))
		converges >problems 2>&1
		if [ -s problems ]; then
			n_bad=$((n_bad + 1))
			[ "$n_bad" -gt 3 ] || { echo "# $1 at place $place: $(grep '^hit' log)"; sed 's/^/#   /' problems | head -20; }
		fi
		place=$((place + every))
	done
	unserve
	[ "$n_bad" = 0 ] && echo "ok - $1: $n_hit places, $n_unknown times something was unknown" || echo "not ok - $1: $n_bad of $n_hit places"
	echo "sum $n_hit"
}

beside each_place kill kill-after cut
[ "$sum" -gt 0 ]
tap $? "there were $sum places"
done_testing
