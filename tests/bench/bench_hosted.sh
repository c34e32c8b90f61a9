#!/bin/sh
# bench_hosted.sh [JOBS [PER_MINUTE]]: JOBS (2,000) in flight at the scripted server of the hosted API, looked after by one thread.
#
# One line a figure, as bench_scale.sh has them; exit status 1 when one is MISSED. BUILD says where the program is, BENCH_DIR where to write. The clocks
# of the program and the server run six times as fast: a minute is 10 s. Some 80 s.
#
#   processor    of the whole run, a job, with all that belongs to it (its file measured, tagged and written, four durable steps in the ledger,
#                the reports), against what the server took for the same, which is a script; a request of it against one of curl --parallel,
#                which only throws away what it gets, is told
#   memory       a job, of what the run takes more than one of the fake backend with as many jobs
#   a minute     the most requests that the server had in any half-open minute, against PER_MINUTE (2,000); and how much of it was used
#                as long as there was work for all of it (tests/server/read_book.py)
set -eu
jobs=${1:-${BENCH_HOSTED_JOBS:-2000}}
per_minute=${2:-${BENCH_PER_MINUTE:-2000}}
rate=6
. "$(dirname "$0")/figures.sh"
begin_bench python3 curl perl
server= at_end='[ -z "$server" ] || kill "$server" 2>/dev/null'
export PYTHONDONTWRITEBYTECODE=1 no_proxy='*'
ask() { python3 "$root/tests/server/read_book.py" "$@"; }
# Processor seconds of a process so far (proc(5): its name has no blanks).
cpu_of() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$1/stat"; }
peak_bytes() { sed -n 's/.*"memory_peak_bytes": *\([0-9]*\).*/\1/p' stdout; }

# All jobs must be at the service before the first is done: as long as the submissions of all take, and some more.
job_ms=$((jobs * 2 * 60000 / per_minute + 60000))
python3 "$root/tests/server/scenario.py" --ready ready --book book --for 900 --clock-rate $rate --job-ms "$job_ms-$((job_ms * 5 / 4))" &
server=$!
for _ in $(seq 400); do
	[ ! -s ready ] || break
	sleep 0.05 # between two looks
done
SCENARIO_API_URL=$(sed -n 1p ready)
export SCENARIO_API_URL SCENARIO_API_KEY=key_for_tests SCENARIO_API_SECRET=secret_for_tests MGBATCH_CLOCK_RATE=$rate
cat >m.yaml <<END
version: 1
name: many
backend: scenario
params: {prompt: "soft rain", duration: 1}
sweep: {seed: 1..$jobs}
run: {credits: 1000000}
hosted: {jobs: $jobs, requests_per_minute: $per_minute}
END

timed 0 "$mgbatch" run m.yaml --json
ours=$cpu peak=$(peak_bytes)
served=$(cpu_of "$server")
most=$(sed -n 's/.*"running_most": *\([0-9]*\).*/\1/p' stdout)
in_flight=$(grep -E '"is": "submission"|"step": "asset"' book | awk '/submission/ { if (++n > most) most = n } /"step"/ { n-- } END { print most }')
[ "$in_flight" = "$jobs" ] && [ "$most" = "$jobs" ] || { echo "bench_hosted: $in_flight jobs were in flight at once, $most in slots: not $jobs"; exit 1; }
[ "$(ask paid book | cut -d ' ' -f 1,2)" = "$jobs $jobs" ] || { echo 'bench_hosted: not each was paid for once'; exit 1; }
requests=$(ask count book request)
window=$(ask window book $rate)
used=$(ask used book $rate "$per_minute")

timed 0 "$mgbatch" run m.yaml --backend fake --json
fake_peak=$(peak_bytes)
job=$(sed -n 's/.*"is": "submission".*"job": "\([^"]*\)".*/\1/p' book | head -n 1)
yes "url = \"$SCENARIO_API_URL/jobs/$job\"
output = /dev/null" | head -n $((2 * requests)) >urls
timed 0 curl -s -S --fail-early --parallel --parallel-max 24 -u "$SCENARIO_API_KEY:$SCENARIO_API_SECRET" --config urls
[ "$(ask count book request)" = $((2 * requests)) ] || { echo "bench_hosted: curl did not make $requests requests"; exit 1; }
figure "$jobs jobs in flight, processor, each" "$(calc "$ours * 1000 / $jobs")" ms "$(calc "$served * 1000 / $jobs")" ms 2.5 'of the server itself'
figure "  each of $requests requests" "$(calc "$ours * 1000 / $requests")" ms "$(calc "$cpu * 1000 / $requests")" ms none 'of curl --parallel'
figure '  memory, each' "$(calc "($peak - $fake_peak) / 1024 / $jobs")" KiB 16 KiB 1 'allowed'
figure '  most requests in a minute' "${window%% *}" '' "$per_minute" '' 1 'allowed'
figure "  unused of ${used#* } minutes with work" "$(calc "100 - ${used%% *}")" % 5 % 1 'allowed'
exit $missed
