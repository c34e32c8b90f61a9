#!/bin/sh
# The hosted backend by the command line, against the scripted server: the way from the fake backend to the hosted one, prices and
# caps, names, resume, reports, what is owed, and what goes wrong with credentials.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/hosted.sh"

cat >m.yaml <<'END'
version: 1
name: study
backend: fake
params: {prompt: "soft rain"}
sweep: {duration: [2, 4], seed: 1..3}
END
files() { (cd "$1" && find . -name .mgbatch -prune -o -name '*.wav' -print | sort); }

echo '# without a service, the way is tried out for nothing'
run 0 mgbatch run m.yaml -q
files out/study >fake.files
run 0 mgbatch plan m.yaml --backend scenario
has stdout 'credits   unknown: no credentials'
has stdout 'SCENARIO_API_KEY'
has stdout '6 new'
hasnt stdout ' for 6 jobs'
run 5 mgbatch run m.yaml --backend scenario --credits 30
has stderr 'no credentials'
SCENARIO_API_KEY=key_for_tests SCENARIO_API_SECRET=secret_for_tests run 0 mgbatch plan m.yaml --backend scenario
has stdout 'credits   unknown: '
run 2 mgbatch run m.yaml --backend scenario --credits -1
has stderr "--credits must be a number of at least 0, found '-1'"

echo '# the price, before anything is paid'
serve --job-ms 60-200
run 0 mgbatch plan m.yaml --backend scenario
has stdout 'credits   28.5 credits for 6 jobs'
has stdout '0 credits spent so far; no cap: a run needs --credits N'
is "$(rows dry_run)" 2 'the service is asked once for each price'
run 0 mgbatch plan m.yaml --backend scenario --credits 20
has stdout 'the cap is 20 credits for all runs of this folder together: not enough for all'
run 0 mgbatch plan m.yaml --backend scenario --credits 28.5 --json
has stdout '"credits_needed": 28.5'
has stdout '"credits_spent": 0'
has stdout '"credits_max": 28.5'
has stdout '"jobs_to_pay": 6'
run 2 mgbatch run m.yaml --backend scenario
has stderr '28.5 credits'
has stderr '--credits'
run 3 mgbatch run m.yaml --backend scenario --credits 0
is "$(rows submission)" 0 'nothing has been paid for'

echo '# up to the cap, and on with a higher one'
run 3 mgbatch run m.yaml --backend scenario --credits 10 --json
has stdout '"exit_status": 3'
has stdout '"credits_spent": 9'
is "$(rows submission)" 2 'two jobs fit into 10 credits'
run 3 mgbatch run m.yaml --backend scenario --credits 10
has stdout 'credits'
is "$(rows submission)" 2 'and no more, ever'
run 0 mgbatch plan m.yaml --backend scenario --credits 5
has stdout 'the cap is 5 credits for all runs of this folder together: not enough for all'
run 0 mgbatch plan m.yaml --backend scenario --credits 28.5
has stdout 'credits   19.5 credits for 4 jobs'
has stdout '9 credits spent so far; the cap is 28.5 credits'
hasnt stdout 'not enough'
run 0 mgbatch run m.yaml --backend scenario --credits 28.5 --events events -v
has stdout '6 of 6 jobs done (2 before)'
has stdout 'paid 19.5 credits now, 28.5 credits in all'
has stderr 'mgbatch: accepted '
is "$(rows submission)/$(paid)" 6/28.5 'each job is paid for once'
is "$(grep -c '"event":"job_accepted".*"remote_id":"job_[A-Za-z0-9_]*","credits":[45]' events)" 4 'events: four were accepted, with id and price'
tail -n 1 events >last
has last '"event":"run_ended"'
has last '"credits_now":19.5,"credits_spent":28.5'

echo '# the same names, and then nothing to do and nobody to ask'
files out/study-scenario >files
ok 'the files are called as those of the fake backend' cmp files fake.files
before=$(rows request)
run 0 mgbatch run m.yaml --backend scenario --credits 28.5
has stdout '6 of 6 jobs done (6 before)'
run 0 mgbatch run m.yaml --backend scenario -q
SCENARIO_API_KEY='' run 0 mgbatch run m.yaml --backend scenario
run 0 mgbatch plan m.yaml --backend scenario
has stdout 'credits   0 credits for 0 jobs'
is "$(rows request)" "$before" 'the service hears nothing of it'

echo '# what is told'
cd out/study-scenario || exit 1
is "$(grep -c . metadata.jsonl)" 6 'six rows'
hasnt metadata.jsonl credits
has metadata.jsonl '"made_by":"scenario:model_meta-musicgen"'
has metadata.jsonl '"arithmetic":"hosted"'
has jobs.csv ',remote_id,asset_id,credits,'
is "$(grep -c ',job_[A-Za-z0-9_]*,asset_[A-Za-z0-9_]*,[45]' jobs.csv)" 6 'jobs.csv: ids and prices'
for hash in $(sed -n 's/.*"is": "result".*"sha256": "\([0-9a-f]*\)".*/\1/p' ../../book); do
	grep -qF "$hash" jobs.csv || echo "$hash"
done >../../missing
cd ../..
same missing </dev/null
has out/study-scenario/summary.json '"credits_spent": 28.5'
has out/study-scenario/report.html '<dt>Paid</dt><dd>28.5 credits</dd>'
has out/study-scenario/report.html '["4.5 credits","job_'
run 0 mgbatch status out/study-scenario
has stdout 'paid      28.5 credits'
run 0 mgbatch status out/study-scenario --json
has stdout '"credits_spent": 28.5'
run 0 mgbatch list out/study-scenario --json
is "$(grep -c '"remote_id":"job_[A-Za-z0-9_]*","credits":[45]' stdout)" 6 'list: ids and prices'
id=$(id_of out/study-scenario 'seed = 1 and duration = 2')
run 0 mgbatch show out/study-scenario "$id"
has stdout 'remote id   job_'
has stdout 'asset id    asset_'
has stdout 'paid        4.5 credits'
has stdout ', accepted as job_'
has stdout 'original    '
is "$(grep -c '^made in     -' stdout)" 0 'no time is below 0'
run 0 mgbatch show out/study-scenario "$id" --json
has stdout '"credits": 4.5'
has stdout '"source_sha256": "'
run 0 mgbatch why m.yaml "$id" --backend scenario
run 0 mgbatch verify out/study-scenario --deep
run 0 mgbatch gc out/study-scenario
has stdout 'nothing to remove'
run 2 mgbatch verify m.yaml --backend scenario --regen 1
has stderr 'paid for each time'

echo '# a file that went away is fetched again, and paid for once'
rm out/study-scenario/d2_s1.wav
run 1 mgbatch verify out/study-scenario
run 0 mgbatch plan m.yaml --backend scenario --credits 1
hasnt stdout 'not enough'
has stdout 'credits   0 credits for 0 jobs'
run 0 mgbatch run m.yaml --backend scenario --credits 28.5
run 0 mgbatch verify out/study-scenario --deep
is "$(rows submission)" 6 'nothing more was paid for'

echo '# killed while jobs are at the service: the next run looks after them by their ids'
rm book
serve --job-ms 100000
"$BUILD/mgbatch" run m.yaml --backend scenario --credits 28.5 --output killed -q >killed.out 2>&1 &
killed=$!
all_accepted() { [ "$(mgbatch list killed --json | grep -c '"remote_id":"job_')" = 4 ]; }
await all_accepted # as many as are in flight at once
kill -9 $killed
wait $killed 2>/dev/null
run 0 mgbatch plan m.yaml --backend scenario --credits 28.5 --output killed
has stdout ' for 2 jobs; 4 jobs at the service already'
run 0 mgbatch plan m.yaml --backend scenario --credits 28.5 --output killed --json
has stdout '"jobs_to_pay": 2'
has stdout '"to_make": 6'
run 0 mgbatch run m.yaml --backend scenario --credits 28.5 --output killed
is "$(rows submission)/$(paid)" 6/28.5 'each job was paid for once'
files killed >files
ok 'and all files are there' cmp files fake.files
id=$(id_of killed 'seed = 1 and duration = 2')
run 2 mgbatch retry m.yaml "$id" --backend scenario --output killed
run 0 mgbatch retry m.yaml "$id" --backend scenario --output killed --pay-again
has stdout 'to be made again by: mgbatch run --output killed --backend scenario --credits N m.yaml'

echo '# what a service can do to a job'
cat >cases.json <<'END'
[{"on": "submit", "prompt": "fails", "do": "failed", "error": "the model ran out of luck"},
 {"on": "submit", "prompt": "vanishes", "do": "gone"},
 {"on": "submit", "prompt": "vanishes", "do": "lost"},
 {"on": "asset", "prompt": "goes", "nth": 2, "do": "gone"}]
END
cat >bad.yaml <<'END'
version: 1
name: trouble
backend: scenario
params: {duration: 2, seed: 1}
sets:
  good: {params: {prompt: "stays"}}
  fail: {params: {prompt: "fails"}}
  vanish: {params: {prompt: "vanishes"}}
  go: {params: {prompt: "goes"}}
run: {credits: 50}
END
rm book
serve --job-ms 60 --cases cases.json
run 1 mgbatch run bad.yaml
has stdout '2 of 4 jobs done'
has stdout '1 failed'
has stdout '1 unknown: nobody knows whether the service took it: the next run looks for it there again'
has stdout 'which: mgbatch list out/trouble --state unknown'
has stderr 'the model ran out of luck'
is "$(rows submission)" 4 'each was sent once'
run 0 mgbatch status bad.yaml
has stdout '1 unknown'
has stdout 'this has it sent again, and perhaps paid for twice: mgbatch retry out/trouble ID --pay-again; which: mgbatch list out/trouble --state unknown'
has out/trouble/report.html '#state=unknown'
vanish=$(id_of bad.yaml 'set = vanish')
run 0 mgbatch plan bad.yaml
has stdout '1 unknown: nobody knows whether the service took it'
run 0 mgbatch show bad.yaml "$vanish"
has stdout 'state       unknown'
has stdout 'to do       nobody knows whether the service took it'
has stdout ": mgbatch retry out/trouble $vanish --pay-again"
has stdout 'paid        4.5 credits, perhaps'
run 0 mgbatch show out/trouble "$vanish" --json
has stdout ": mgbatch retry out/trouble $vanish --pay-again\""
rm out/trouble/go/go.wav
run 1 mgbatch run bad.yaml
has stdout '1 lost: paid for, made, and gone, here and at the service'
has stdout '1 unknown'
is "$(rows submission)" 4 'and nothing is sent again unasked'
run 2 mgbatch retry bad.yaml "$vanish"
has stderr 'if you want that, say --pay-again'
run 0 mgbatch retry bad.yaml
has stdout '1 had failed'
run 1 mgbatch run bad.yaml --set seed=1
is "$(rows submission)" 5 'the failed one alone'
rm cases.json
echo '[]' >cases.json
serve --job-ms 60 --cases cases.json
go=$(id_of bad.yaml 'set = go')
run 0 mgbatch retry bad.yaml "$vanish" "$go" --pay-again
has stdout '2 perhaps paid for already'
run 1 mgbatch run bad.yaml --credits 23
has stdout 'there are more to do: 2 jobs; stopped by the credits (22.5 credits of 23 credits used, the next job costs 4.5 credits)'
run 1 mgbatch run bad.yaml
is "$(rows submission)" 7 'paid again where somebody asked for it'

echo '# run.retry'
cat >cases.json <<'END'
[{"on": "submit", "nth": 1, "do": "failed"}]
END
rm book
serve --job-ms 60 --cases cases.json
cat >again.yaml <<'END'
version: 1
name: again
backend: scenario
params: {prompt: "soft rain", duration: 2}
run: {credits: 50, retry: [remote_failed]}
END
run 0 mgbatch run again.yaml
is "$(rows submission)" 2 'a job that the service failed is sent again where the manifest says so'

echo '# credentials'
sed 's/name: .*/name: keys/' again.yaml >keys.yaml
SCENARIO_API_SECRET=wrong run 5 mgbatch run keys.yaml
has stderr 'SCENARIO_API_'
hasnt stderr wrong
SCENARIO_API_SECRET=wrong run 0 mgbatch plan keys.yaml
has stdout 'credits   unknown: '
unset SCENARIO_API_KEY SCENARIO_API_SECRET
printf 'key=key_for_tests\nsecret=secret_for_tests\n' >mine.keys
chmod 644 mine.keys
SCENARIO_CREDENTIALS=mine.keys run 5 mgbatch run keys.yaml
has stderr "'mine.keys' can be read by others (mode 0644): chmod 600 it"
chmod 600 mine.keys
SCENARIO_CREDENTIALS=mine.keys run 0 mgbatch run keys.yaml
mkdir -p .config/mgbatch
mv mine.keys .config/mgbatch/scenario
run 0 mgbatch run keys.yaml --set seed=9
MGBATCH_CLOCK_RATE=fast run 2 mgbatch plan keys.yaml
has stderr 'MGBATCH_CLOCK_RATE'

echo '# a secret or a signed address is nowhere'
rm .config/mgbatch/scenario
rm -f ready book
has printed 'no credentials'
hides .
done_testing
