#!/bin/sh
# hosted_torture.sh [KILLS]: SIGKILL at random moments of runs that cost money; nobody pays twice.
#
# A hundred jobs over four input sounds are run and killed until a run comes to its end by itself; then the server's book judges
# (tests/server/judge.py). A request that was about to leave when the kill came may never have left: such jobs end as unknown, are told, and no
# run sends them again. The book knows that they were not paid for; so they are, at last, with `retry --pay-again`, and then every job is
# done, was paid for once, and has the sound that was made for it. Rounds, each with a service and a folder of its own, are
# repeated until so many kills have left some jobs done and others not (200 unless said). SEED makes the moments repeatable as far
# as a machine's timing is.
[ -w /dev/shm ] && export TMPDIR=/dev/shm # a kill does not ask the disk; without its syncs there are more of them
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/cli/hosted.sh"
. "$ROOT/tests/fault/parts.sh"
kills=${1:-200}
SEED=${SEED:-$(date +%s)}
command -v sqlite3 >/dev/null || { echo 'Bail out! the sqlite3 shell is missing (Debian: sqlite3)'; exit 1; }
echo "# SEED=$SEED"
seed=$SEED

cat >m.yaml <<'END_OF_MANIFEST'
version: 1
name: torture
backend: scenario
params: {modelVersion: melody-large, prompt: "brass band", duration: 1}
sweep: {inputAudio: {files: "in/*.wav"}, seed: 1..25}
run: {credits: 400}
hosted: {jobs: 6, requests_per_minute: 3000}
END_OF_MANIFEST
mkdir in
for tune in 1 2 3 4; do
	python3 "$ROOT/tests/server/sounds.py" "{\"prompt\": \"tune $tune\", \"duration\": 1}" >in/$tune.wav
done

judge() { python3 "$ROOT/tests/server/judge.py" "$@" 2>&1; }
ledger() { sqlite3 -readonly out/.mgbatch/ledger.db "$1" 2>/dev/null; }

# Seconds to wait before the next kill, up to $1 milliseconds. In $moment.
next_moment()
{
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	ms=$((seed / 65536 % ($1 + 1)))
	moment=$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))
}

# Runs once and kills it; the run's status in $status, 137 when the kill hit.
strike() # bound_ms
{
	next_moment "$1"
	"$BUILD/mgbatch" run m.yaml --output out --events events -v >run.out 2>&1 &
	pid=$!
	sleep "$moment"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
	cat run.out >>printed
	cat events >>all.events 2>/dev/null
}

# One run to its end, and what the book says of it. What is unknown counts as paid: its second payment wants a higher cap.
settle() # exit status, what
{
	mgbatch run m.yaml --output out --credits 1000 --events events -v >run.out 2>&1
	status=$?
	cat run.out >>printed
	cat events >>all.events
	judge trouble book out >troubles
	states=$(judge states book out)
	case $status in $1) [ ! -s troubles ] ;; *) false ;; esac
	tap $? "$2: exit status $status, $states" || head -n 30 troubles run.out | cut -c 1-300 | sed 's/^/# /'
}

# Kills until a run ends by itself, or there were enough. The bound follows the machine: longer while nothing gets done.
round()
{
	rm -rf out
	: >book
	serve --job-ms 1000-6000 --latency-ms 250 --price 4
	n_done=0
	status=137
	begun=$hits
	while [ "$status" = 137 ] && [ "$hits" -lt "$kills" ] && [ "$strikes" -lt $((kills * 10)) ]; do
		n_before=${n_done:-0}
		strikes=$((strikes + 1))
		strike "$bound_ms"
		n_done=$(ledger "SELECT count(*) FROM job WHERE state = 'done'")
		if [ "$status" != 137 ]; then
			bound_ms=$((bound_ms * 2 / 3 + 20))
		elif [ "${n_done:-0}" -le "$n_before" ]; then
			bound_ms=$((bound_ms * 5 / 4))
		elif [ "$n_done" -gt $((n_before + 6)) ]; then
			bound_ms=$((bound_ms * 4 / 5))
		fi
		[ "$status" != 137 ] || [ "${n_done:-0}" = 0 ] || [ "$n_done" = 100 ] || hits=$((hits + 1))
	done
}

# What is unknown now is not paid for, is told, and is not sent again by a run.
judge_unknown()
{
	unknown=$(judge ids book out unknown)
	n_unknown=$(echo "$unknown" | grep -c .)
	all_unknown=$((all_unknown + n_unknown))
	[ "$n_unknown" != 0 ] || return 0
	before=$(rows submission)
	has run.out "$n_unknown unknown"
	has run.out 'pay-again'
	settle 1 'the same again, with unknown ones'
	is "$(rows submission)" "$before" "no run sends $n_unknown unknown again by itself"
	is "$(judge ids book out 'unbilled unknown')" "$unknown" 'the book knows that they were not paid for'
	run 0 mgbatch retry m.yaml --output out $unknown --pay-again
}

hits=0
strikes=0
rounds=0
all_unknown=0
bound_ms=250
while [ "$hits" -lt "$kills" ] && [ "$strikes" -lt $((kills * 10)) ]; do
	rounds=$((rounds + 1))
	round
	settle "[01]" "round $rounds, after $((hits - begun)) kills in the middle"
	judge_unknown
	settle 0 "round $rounds, to its end"
	is "$(judge states book out)/$(paid)/$(rows submission)" '100 done/400/100' 'each job is done and was paid for once'
	is "$(ledger 'SELECT sum(credits) FROM job')" "$((400 + 4 * n_unknown)).0" 'the ledger has that, and what is not known'
	ok 'verify' "$BUILD/mgbatch" verify m.yaml --output out --deep
	unserve
done
is "$hits" "$kills" 'so many kills left some jobs done and others not'
echo "# $hits kills in the middle, of $strikes in $rounds rounds; $all_unknown unknown"
hides .
done_testing
