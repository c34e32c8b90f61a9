#!/bin/sh
# torture.sh [FAKE_KILLS [NATIVE_KILLS]]: SIGKILL at random moments, again and again, loses nothing.
#
# A manifest is run and killed until a run comes to its end by itself; then its folder is compared with one
# that was never interrupted: audio files, metadata.jsonl and report.html byte for byte, every job done
# exactly once, the database whole. Rounds are repeated until so many kills have hit in the middle (200 and 10 unless
# said). SEED makes the moments repeatable as far as a machine's timing is.
. "$(dirname "$0")/../cli/lib.sh"
fake_kills=${1:-200}
native_kills=${2:-10}
seed=${SEED:-$(date +%s)}
command -v sqlite3 >/dev/null || { echo 'Bail out! the sqlite3 shell is missing (Debian: sqlite3)'; exit 1; }
echo "# SEED=$seed"

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
    fake: {delay: 2ms}
EOF
}

native_manifest()
{
	cat <<EOF
version: 1
name: torture
checkpoint: $ROOT/manifests/demo/model
params: {prompt: "rain on a tin roof", duration: 1}
sweep: {seed: 1..12, temperature: [0.8, 1.2]}
EOF
}

# Seconds to wait before the next kill, a new one each call: from $1 to $2 milliseconds.
moment()
{
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	ms=$(($1 + seed / 65536 % ($2 - $1 + 1)))
	printf '%d.%03d' $((ms / 1000)) $((ms % 1000))
}

# Runs once and kills it; status of the run in $status, 137 when the kill hit.
strike() # output from to
{
	"$BUILD/mgbatch" run m.yaml --output "$1" >run.out 2>&1 &
	pid=$!
	sleep "$(moment "$2" "$3")"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
}

# A kill may come before there is a ledger: then nothing is printed.
ledger() { sqlite3 -readonly "$1/.mgbatch/ledger.db" "$2" 2>/dev/null; }

count_done() { ledger "$1" "SELECT count(*) FROM job WHERE state = 'done'"; }

compare() # name output
{
	diff -r --exclude=.mgbatch --exclude=jobs.csv --exclude=summary.json reference "$2" >diff.out 2>&1
	tap $? "$1: the folder equals an uninterrupted run's" || sed 's/^/# /' diff.out
	is "$(ledger "$2" 'PRAGMA integrity_check')" ok "$1: the database is whole"
	is "$(ledger "$2" "SELECT count(*) FROM (SELECT seq FROM attempt WHERE outcome = 'done' GROUP BY seq HAVING count(*) = 1)")" \
		"$(ledger "$2" 'SELECT count(*) FROM job')" "$1: every job was done exactly once"
	is "$(ledger "$2" "SELECT count(*) FROM job WHERE state <> 'done' OR deaths <> 0")" 0 \
		"$1: all done, and no job is charged with a kill from outside"
	is "$(find "$2/.mgbatch" -name '*~' -o -path '*/old/*' -type f | wc -l)" 0 "$1: nothing is left over"
}

# Only kills that leave some jobs done and others not are counted. The moment is random up to a bound that follows the
# machine: longer when a kill came before anything was done, shorter when a run came to its end unhurt.
torture() # name kills milliseconds_of_an_uninterrupted_run
{
	hits=0     # kills in the middle
	strikes=0
	rounds=0
	bound_ms=$(($3 / 2))
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
			strike out 5 "$bound_ms"
			n_done=$(count_done out)
			if [ "$status" != 137 ]; then
				bound_ms=$((bound_ms * 2 / 3 + 20))
			elif [ "${n_done:-0}" -le "$n_before" ]; then
				bound_ms=$((bound_ms * 3 / 2))
			fi
			[ "$status" != 137 ] || [ "${n_done:-0}" = 0 ] || [ "$n_done" = "$n_jobs" ] || hits=$((hits + 1))
		done
		echo "# round $rounds: $((hits - begun)) kills in the middle, ${n_done:-0} jobs done, $(ledger out "SELECT sum(interruptions) FROM job") interruptions"
		if [ "$status" = 137 ]; then # the last kill hit: bring this round to its end
			run 0 mgbatch run m.yaml --output out
		else
			is "$status" 0 "$1, round $rounds: came to its end by itself" || sed 's/^/# /' run.out
		fi
		compare "$1, round $rounds after $((hits - begun)) kills" out
	done
	echo "# $1: $hits kills in the middle, of $strikes in $rounds rounds"
	is "$hits" "$2" "$1: so many kills left some jobs done and others not"
}

# An uninterrupted run to compare with; its time in $reference_ms.
reference()
{
	begun_ns=$(date +%s%N)
	run 0 mgbatch run m.yaml --output reference
	reference_ms=$((($(date +%s%N) - begun_ns) / 1000000))
	[ "$reference_ms" -ge 100 ] || reference_ms=100
}

if [ "$fake_kills" -gt 0 ]; then
	fake_manifest >m.yaml
	reference
	torture fake "$fake_kills" "$reference_ms"
	rm -rf reference out
fi
if [ "$native_kills" -gt 0 ]; then
	native_manifest >m.yaml
	reference
	torture native "$native_kills" "$reference_ms"
fi
done_testing
