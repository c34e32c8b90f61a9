#!/bin/sh
# torture.sh [FAKE_KILLS [NATIVE_KILLS]]: SIGKILL at random moments, again and again, loses nothing.
#
# A manifest is run and killed until a run comes to its end by itself; then its folder is compared with one that was never
# interrupted: audio files and metadata.jsonl byte for byte, the other reports but for their times, every job done exactly
# once, the database whole. Rounds are repeated until so many kills have hit in the middle (200 and 10 unless said). Four
# rounds of the fake backend, which mostly waits, go on beside one another. SEED makes the moments repeatable as far as a machine's timing is.
[ -w /dev/shm ] && export TMPDIR=/dev/shm # a kill does not ask the disk; without its syncs there are more of them
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/fault/parts.sh"
fake_kills=${1:-200}
native_kills=${2:-10}
SEED=${SEED:-$(date +%s)}
command -v sqlite3 >/dev/null || { echo 'Bail out! the sqlite3 shell is missing (Debian: sqlite3)'; exit 1; }
echo "# SEED=$SEED"

fake_manifest()
{
	cat <<'EOF'
version: 1
name: torture
backend: fake
params: {prompt: "rain on a tin roof", duration: 2}
sweep: {seed: 1..300}
sets:
  all:
    fake: {delay: 10ms}
EOF
}

native_manifest()
{
	cat <<EOF
version: 1
name: torture
checkpoint: $ROOT/tests/data/model
params: {prompt: "rain on a tin roof"}
sweep: {seed: 1..8, duration: [0.2, 0.5, 1, 1.5, 2, 2.5, 3]} # more than one group of rows: a middle to hit on a fast machine too
EOF
}

# Seconds to wait before the next kill, a new one each call: up to $1 milliseconds. In $moment: seed lives on.
next_moment()
{
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	ms=$((seed / 65536 % ($1 + 1)))
	moment=$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))
}

# Runs once and kills it; status of the run in $status, 137 when the kill hit.
strike() # output bound_ms
{
	next_moment "$2"
	"$BUILD/mgbatch" run m.yaml --output "$1" >run.out 2>&1 &
	pid=$!
	sleep "$moment"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
}

# A kill may come before there is a ledger: then nothing is printed.
ledger() { sqlite3 -readonly "$1/.mgbatch/ledger.db" "$2" 2>/dev/null; }

# Each line is something lost, left over or done twice.
trouble_in() # output
{
	same_folder reference "$1"
	[ "$(ledger "$1" 'PRAGMA integrity_check')" = ok ] || echo 'the database is damaged'
	ledger "$1" "SELECT 'not done exactly once: ' || path FROM job j
		WHERE 1 <> (SELECT count(*) FROM attempt a WHERE a.seq = j.seq AND outcome = 'done');
		SELECT 'not done: ' || path FROM job WHERE state <> 'done';
		SELECT 'charged with a kill from outside: ' || path FROM job WHERE deaths <> 0"
	find "$1/.mgbatch" -name '*~' -o -path '*/old/*' -type f
}

# To its end by itself, and compared.
judge_round() # name
{
	if [ "$status" = 137 ]; then # the last kill hit
		mgbatch run m.yaml --output out >run.out 2>&1
		status=$?
	fi
	trouble_in out >troubles
	if [ "$status" = 0 ] && [ ! -s troubles ]; then
		echo "ok - $1, round $rounds: after $((hits - begun)) kills in the middle the folder is that of an uninterrupted run"
	else
		echo "not ok - $1, round $rounds: exit status $status after $((hits - begun)) kills in the middle"
		sed 's/^/# /' run.out troubles | head -30
	fi
}

# Only kills that leave some jobs done and others not are counted. The moment is random up to a bound that follows the
# machine: longer when a kill came before anything was done, shorter when a run came to its end unhurt.
torture() # name kills
{
	hits=0     # kills in the middle
	strikes=0
	rounds=0
	bound_ms=$((reference_ms / 2))
	n_jobs=$(ledger reference 'SELECT count(*) FROM job')
	while [ "$hits" -lt "$2" ] && [ "$strikes" -lt $(($2 * 10)) ]; do
		rounds=$((rounds + 1))
		rm -rf out
		begun=$hits
		status=137
		n_done=0
		while [ "$status" = 137 ] && [ "$hits" -lt "$2" ] && [ "$strikes" -lt $(($2 * 10)) ]; do
			n_before=${n_done:-0}
			strikes=$((strikes + 1))
			strike out "$bound_ms"
			n_done=$(ledger out "SELECT count(*) FROM job WHERE state = 'done'")
			if [ "$status" != 137 ]; then
				bound_ms=$((bound_ms * 2 / 3 + 20))
			elif [ "${n_done:-0}" -le "$n_before" ]; then
				bound_ms=$((bound_ms * 3 / 2))
			fi
			[ "$status" != 137 ] || [ "${n_done:-0}" = 0 ] || [ "$n_done" = "$n_jobs" ] || hits=$((hits + 1))
		done
		judge_round "$1"
	done
	echo "# $1: $hits kills in the middle, of $strikes in $rounds rounds"
	echo "sum $hits"
}

# An uninterrupted run to compare with; its time in $reference_ms.
reference()
{
	begun_ns=$(date +%s%N)
	mgbatch run m.yaml --output reference >run.out 2>&1 || { echo 'not ok - an uninterrupted run'; sed 's/^/# /' run.out; }
	reference_ms=$((($(date +%s%N) - begun_ns) / 1000000))
	[ "$reference_ms" -ge 100 ] || reference_ms=100
}

fake() # fake-0 to fake-3
{
	seed=$((SEED * 4 + ${1#fake-}))
	fake_manifest >m.yaml
	reference
	torture "$1" $(((fake_kills + ${1#fake-}) / 4))
}

native()
{
	seed=$SEED
	native_manifest >m.yaml
	reference
	torture native "$native_kills"
}

if [ "$fake_kills" -gt 0 ]; then
	beside fake fake-0 fake-1 fake-2 fake-3
	is "$sum" "$fake_kills" 'so many kills left some jobs of the fake backend done and others not'
fi
if [ "$native_kills" -gt 0 ]; then
	beside native native
	is "$sum" "$native_kills" 'and so many of the native one'
fi
done_testing
