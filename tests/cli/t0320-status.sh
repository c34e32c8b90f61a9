#!/bin/sh
# status: while a run goes on, after it was killed, when all is done; and reports that are not written again for nothing.
. "$(dirname "$0")/lib.sh"

cat >slow.yaml <<'END'
version: 1
name: slow
backend: fake
params: {prompt: "soft rain", duration: 2}
sweep: {seed: 1..40}
fake: {delay: 30s}
END

# ---- while a run goes on ------------------------------------------------------------------------------
"$BUILD/mgbatch" run slow.yaml --events ev.json >first.out 2>first.err &
pid=$!
await grep -qs '"event":"job_started"' ev.json
tap $? 'a run begins'
await running slow.yaml 8
run 0 mgbatch status slow.yaml
has stdout "is going on: process $pid"
has stdout '8 running'
run 0 mgbatch status out/slow --json
has stdout '"jobs_total": 40,'
has stdout '"running": 8'
has stdout "\"pid\": $pid,"
has stdout '"since": "20'
has stdout '"last_ended": null'
run 0 mgbatch list out/slow --json
is "$(grep -c "\"id\"" stdout)" 40 'the rows are read meanwhile'

# ---- after it was killed --------------------------------------------------------------------------------
kill -9 $pid
wait $pid 2>/dev/null
run 0 mgbatch status slow.yaml
has stdout 'has not ended: it died'
run 0 mgbatch status slow.yaml --json
has stdout '"current_run": null'

# ---- reports --------------------------------------------------------------------------------------------
sed 's/name: slow/name: quick/; s/30s/0s/' slow.yaml >quick.yaml
stamp() { stat -c '%i %y' out/quick/report.html out/quick/jobs.csv; }
run 0 mgbatch run quick.yaml
first=$(stamp)
run 0 mgbatch run quick.yaml
is "$(stamp)" "$first" 'a run that changes nothing leaves the reports alone'
run 0 mgbatch status quick.yaml --json
has stdout '"current_run": null'
has stdout '"last_exit_status": 0'
rm out/quick/jobs.csv
run 0 mgbatch run quick.yaml
ok 'one that is gone is written again' test -s out/quick/jobs.csv
first=$(stamp)
rm out/quick/.mgbatch/reported # as after a kill between the last commit and the reports
run 0 mgbatch run quick.yaml
ok 'and all of them where nobody knows' test "$(stamp)" != "$first"
first=$(stamp)
rm "out/quick/$(sed -n 's/.*"file_name":"\([^"]*\)".*/\1/p' out/quick/metadata.jsonl | head -1)"
run 0 mgbatch run quick.yaml
ok 'and where a file was made again' test "$(stamp)" != "$first"

done_testing
