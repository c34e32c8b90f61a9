#!/bin/sh
# check and plan: all mistakes at once with their places, nothing made, the arithmetic of a sweep.
. "$(dirname "$0")/lib.sh"

cat >good.yaml <<'EOF'
version: 1
name: study
backend: fake
params: {prompt: "soft rain over felt piano", duration: 2}
sweep: {seed: 1..4}
sets:
  rain:
    sweep:
      temperature: [0.8, 1.0, 1.2]
      guidance: 2..4
    exclude: temperature >= 1.2 and guidance <= 2
  hook:
    params: {prompt: "brass hook", duration: 3}
EOF
run 0 mgbatch check good.yaml
same stdout <<'EOF'
good.yaml: 36 jobs, no mistakes
EOF
run 0 mgbatch check good.yaml -q
is "$(cat stdout stderr)" '' 'quiet when all is well'
run 0 mgbatch check good.yaml --json
same stdout <<'EOF'
{
  "ok": true,
  "exit_status": 0,
  "jobs_total": 36,
  "jobs_selected": 36,
  "mistakes": []
}
EOF
ok 'check makes nothing' test ! -e out/study

cat >bad.yaml <<'EOF'
version: 1
name: study
backend: fake
params: {promt: "soft rain", duration: 9900}
sweep:
  temperature: [0.8, hot]
EOF
run 2 mgbatch check bad.yaml
is "$(cat stdout)" '' 'mistakes are no data'
has stderr "bad.yaml:4:10: unknown parameter 'promt', did you mean 'prompt'?"
has stderr 'bad.yaml:4:40: duration must be '
has stderr "bad.yaml:6:22: temperature must be "
is "$(grep -c . stderr)" 3 'all three at once, and no more'
run 2 mgbatch run bad.yaml
is "$(grep -c . stderr)" 3 'run says the same'
ok 'and makes nothing' test ! -e out
run 2 mgbatch plan bad.yaml
run 2 mgbatch check bad.yaml --json
has stdout '"ok": false'
has stdout '"line": 6'
is "$(cat stderr)" '' 'with --json the mistakes are data'

# No checkpoint, and one that is none.
sed 's/^backend: fake$//' good.yaml >native.yaml
run 5 mgbatch check native.yaml
has stderr "native.yaml: no checkpoint is named and no modelVersion said, so the default is taken: the checkpoint 'stereo-melody-large' is not on this"
has stderr "name its folder with 'checkpoint:' or --checkpoint"
is "$(grep -c . stderr)" 1 'one sentence'
mkdir empty
run 5 mgbatch check native.yaml --checkpoint empty
has stderr 'empty'

run 0 mgbatch check good.yaml --set duration=5
run 2 mgbatch check good.yaml --set duration=5000
has stderr 'duration'
run 2 mgbatch check good.yaml --set durration=5
has stderr 'durration'

run 0 mgbatch plan good.yaml
has stdout 'study: 36 jobs, 1m 16s of audio'
has stdout '  rain: '
has stdout '  hook: '
has stdout '36 new'
has stdout 'to make   36 jobs'
has stdout 'unknown until something has been made here'
run 0 mgbatch plan good.yaml --json
has stdout '"jobs_total": 36'
has stdout '"pending": 36'
has stdout '"audio_seconds": 76.0'
has stdout '"expected_seconds": null'
has stdout '"bytes_needed": '
ok 'plan makes nothing' test ! -e out/study
sed 's/^output:.*//' good.yaml >much.yaml
echo 'output: {rate: 192000, bits: 24}' >>much.yaml
sed -i 's/duration: [0-9]*/duration: 30/; s/seed: [0-9.]*/seed: 1..50000/' much.yaml
run 0 mgbatch plan much.yaml
has stdout ' free: not enough for all'

# ---- from a pipe: neither its folder nor its name is the manifest's own
printf 'version: 1\nname: piped\nbackend: fake\nparams: {prompt: rain, duration: 1}\n' >piped.yaml
mkdir elsewhere
for from in - /dev/stdin; do
	run 0 sh -c "cat piped.yaml | \"$BUILD/mgbatch\" run $from -q"
	ok "$from: relative paths start at the working folder" test -f out/piped/summary.json
	mv out/piped "elsewhere/$(basename "$from")"
	run 0 sh -c "\"$BUILD/mgbatch\" run $from -q <piped.yaml"
	ok "$from: from a file too" test -f out/piped/summary.json
	rm -r out/piped
	run 2 sh -c "grep -v name: piped.yaml | \"$BUILD/mgbatch\" check $from"
	has stderr "$from:1:1: a manifest that is read from a pipe is called by no file: say name: NAME"
done
run 2 mgbatch check elsewhere
same stderr <<'END'
mgbatch: cannot read 'elsewhere': it is a folder; name the manifest, a .yaml file
END
run 2 mgbatch check elsewhere/-/job.wav
done_testing
