#!/bin/sh
# How fast the service is asked, by the service's own book: never more requests in a minute than are allowed, and as many while there is work;
# fairly shared; fewer jobs at once where the service says so; not before the time that it names.
. "$(dirname "$0")/lib.sh"
FASTER=17 # a minute is 3.5 s; what a busy machine adds to the way of a request must stay under a tenth of one (pace.c keeps 1.5 s of 60 free)
. "$ROOT/tests/cli/hosted.sh"
LIMIT=60
book() { python3 "$ROOT/tests/server/read_book.py" "$@"; }
pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done' EXIT

start() # folder, lines of the manifest's hosted:, options of the server..: a server and a run against it, side by side with others
{
	start_dir=$1 start_hosted=$2
	shift 2
	mkdir -p "$start_dir"
	sed "s/HOSTED/$start_hosted/" m.yaml >"$start_dir/m.yaml"
	python3 "$ROOT/tests/server/scenario.py" --ready "$start_dir/ready" --book "$start_dir/book" --for 120 --clock-rate "$FASTER" "$@" &
	pids="$pids $!"
	await test -s "$start_dir/ready"
	SCENARIO_API_URL=$(sed -n 1p "$start_dir/ready") "$BUILD/mgbatch" run "$start_dir/m.yaml" --output "$start_dir/out" --json >"$start_dir/stdout" 2>"$start_dir/stderr" &
	run_pid=$!
	pids="$pids $run_pid"
}
export SCENARIO_API_KEY=key_for_tests SCENARIO_API_SECRET=secret_for_tests
cat >m.yaml <<'END'
version: 1
name: pace
backend: scenario
params: {prompt: "soft rain", duration: 1}
sweep: {seed: 1..100}
run: {credits: 1000}
hosted: {HOSTED}
END
start pace "jobs: 100, requests_per_minute: $LIMIT" --job-ms 600000
pace_pid=$run_pid
sed 's/1..100/1..40/' m.yaml >m && mv m m.yaml
start jobs 'jobs: 20, requests_per_minute: 6000' --job-ms 3000 --jobs-limit 3
jobs_pid=$run_pid
sed 's/1..40/1..6/' m.yaml >m && mv m m.yaml
echo '[{"on": "poll", "nth": 9, "do": "429", "retry_after": 30}]' >wait.json
start wait 'jobs: 6, requests_per_minute: 600' --job-ms 15000 --cases wait.json
wait_pid=$run_pid

echo '# a limit of jobs at once'
wait "$jobs_pid"
is $? 0 'all jobs are made where the service takes three at once'
has jobs/stdout '"done": 40'
is "$(book paid jobs/book)" '40 40 170' 'each is paid for once'
refused=$(book count jobs/book request step=submit status=429)
ok "after the first refusals no more are asked for: $refused of those that were under way" test "$refused" -ge 1 -a "$refused" -le 17
# The most that ran at once, by the book: accepted, and its sound not asked for yet.
grep -E '"is": "submission"|"step": "asset"' jobs/book | awk '/submission/ { if (++n > most) most = n } /"step"/ { n-- } END { print most }' >most
ok "as many run at once as are allowed: $(cat most)" test "$(cat most)" -eq 3

echo '# a time that the service names'
wait "$wait_pid"
is $? 0 'all jobs are made'
cat >gap.py <<'END'
import json, sys
rows = [r for r in map(json.loads, open(sys.argv[1])) if r["is"] == "request" and r["host"] == "api"]
at = next(r["at_ms"] for r in rows if r["status"] == 429)
later = sorted(r["at_ms"] for r in rows if r["at_ms"] > at)
gap = max(b - a for a, b in zip([at] + later, later)) * float(sys.argv[2]) / 1000
print("%d %d" % (gap >= 29.5, gap >= 60))  # a request that was under way may have come after the answer
END
is "$(python3 gap.py wait/book "$FASTER")" '1 0' 'nothing is asked for the 30 seconds, and then again'

echo '# requests in a minute'
# In the third minute of the work: two whole ones are behind.
third() { [ "$(grep -c '"host": "api"' pace/book)" -ge $((2 * LIMIT + LIMIT / 2)) ]; }
await third
kill -9 "$pace_pid"
{ wait "$pace_pid"; } 2>/dev/null
window=$(book window pace/book "$FASTER")
# The program leaves 1.5 s of a minute for the way (pace.c), here 90 ms; what a busy machine adds to that is not its own. The exact
# rule is test_pace's, and bench_hosted.sh's with more room.
ok "no minute has more than $LIMIT, give or take 5 %: ${window%% *}" test "${window%% *}" -le $((LIMIT + LIMIT / 20))
used=$(book used pace/book "$FASTER" "$LIMIT")
ok "and at least 95 % of it is used: $used" test "${used%% *}" -ge 95 -a "${used#* }" -ge 2
# In the second minute both want to be asked for.
n_submit=$(grep '"is": "request"' pace/book | grep '"host": "api"' | sed -n "$((LIMIT + 1)),$((2 * LIMIT))p" | grep -c '"step": "submit"')
ok "submitting and looking share it: $n_submit of $LIMIT submit" test "$n_submit" -ge $((LIMIT * 4 / 10)) -a "$n_submit" -le $((LIMIT * 6 / 10))
for name in pace jobs wait; do
	ok "$name: no credentials went astray" book clean "$name/book"
done
done_testing
