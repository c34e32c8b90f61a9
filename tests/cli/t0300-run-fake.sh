#!/bin/sh
# A whole run with the fake backend: files, reports, exit statuses, what goes where.
. "$(dirname "$0")/lib.sh"

cat >m.yaml <<'EOF'
version: 1
name: study
backend: fake
params: {prompt: "soft rain"}
sweep: {temperature: [0.8, 1.0], seed: 1..3}
EOF
run 0 mgbatch run m.yaml
has stdout 'study: 6 of 6 jobs done; made '
has stdout 'report: out/study/report.html'
hasnt stdout 'study: 0/6'
(cd out/study && ls) >files
same files <<'EOF'
jobs.csv
metadata.jsonl
report.html
summary.json
t0p8_s1.wav
t0p8_s2.wav
t0p8_s3.wav
t1_s1.wav
t1_s2.wav
t1_s3.wav
EOF
cut -d, -f1-2 out/study/metadata.jsonl | cut -d'"' -f2-4 >names
same names <<'EOF'
file_name":"t0p8_s1.wav
file_name":"t0p8_s2.wav
file_name":"t0p8_s3.wav
file_name":"t1_s1.wav
file_name":"t1_s2.wav
file_name":"t1_s3.wav
EOF
before=$(cat out/study/*.wav out/study/metadata.jsonl out/study/report.html | cksum)
run 0 mgbatch run m.yaml -q
is "$(cat stdout stderr)" '' 'again, quietly: nothing to say'
is "$(cat out/study/*.wav out/study/metadata.jsonl out/study/report.html | cksum)" "$before" 'and nothing changed'
run 0 mgbatch run m.yaml --json
has stdout '"exit_status": 0'
has stdout '"done_before": 6'

run 0 mgbatch run m.yaml --set seed=9 --output other
has stdout 'study: 2 of 2 jobs done'
ok 'another folder' test -f other/report.html
run 0 mgbatch run m.yaml --output elsewhere --limit 6
ok 'a limit that is enough' test -f elsewhere/metadata.jsonl

# A job that fails is told, counted, explained and reflected in the exit status; the others are made.
cat >fails.yaml <<'EOF'
version: 1
name: fails
backend: fake
sets:
  good:
    params: {prompt: a}
  bad:
    params: {prompt: b}
    fake: {fail: input}
  twice:
    params: {prompt: c}
    fake: {fail: io, times: 1}
EOF
run 1 mgbatch run fails.yaml
has stderr 'mgbatch: failed '
has stderr ' bad'
has stdout '2 of 3 jobs done'
has stdout '1 failed'
has stdout "what failed is not tried again before: mgbatch retry $(sed -n 's/^report: \(.*\)\/report.html$/\1/p' stdout)"
run 1 mgbatch run fails.yaml -q
is "$(cat stdout)" '' 'quiet: no data'
has stderr '1 failed'
run 0 mgbatch status fails.yaml
has stdout '1 failed with input'
has stdout '2 done'
run 0 mgbatch list fails.yaml --state failed
is "$(grep -c . stdout)" 1 'one failed job is listed'
has stdout '  input: the fake backend was told to fail'
has stdout ' bad'
id=$(cut -c1-6 stdout)
run 0 mgbatch show fails.yaml "$id"
has stdout 'state       failed'
has stdout 'failure     input'
run 0 mgbatch show fails.yaml "$id" --json
has stdout '"class": "input"'
has stdout '"outcome": "failed"'
has stdout '"manifest": "# made by fake\n'
run 2 mgbatch show fails.yaml zzzz
run 2 mgbatch show fails.yaml ab
grep -q '"failures_by_class": {' out/fails/summary.json
tap $? 'summary.json has the failures by class'
has out/fails/jobs.csv ',failed,'
hasnt out/fails/metadata.jsonl '"set":"bad"'
has out/fails/report.html 'failed'

# --backend without --output goes to a folder of its own.
sed 's/^backend: fake$//' m.yaml >native.yaml
run 0 mgbatch run native.yaml --backend fake --output out/x
run 0 mgbatch run native.yaml --backend fake
ok 'out/study-fake' test -f out/study-fake/report.html

# Another manifest name on the same folder is refused.
sed 's/name: study/name: otherwise/' m.yaml >name.yaml
run 2 mgbatch run name.yaml --output out/study
has stderr 'study'
is "$(cat out/study/*.wav out/study/metadata.jsonl out/study/report.html | cksum)" "$before" 'and nothing is touched'
done_testing
