#!/bin/sh
# The same command continues: after a limit, a signal, a kill, a lost file, a changed manifest.
. "$(dirname "$0")/lib.sh"

manifest() # name, delay
{
	cat <<EOF
version: 1
name: $1
backend: fake
params: {prompt: "soft rain"}
sweep: {seed: 1..40}
fake: {delay: $2}
EOF
}
sounds() { (cd "$1" && cat ./*.wav metadata.jsonl | cksum); }

manifest whole 0 >whole.yaml
run 0 mgbatch run whole.yaml
wanted=$(sounds out/whole)
listed=$(cksum <out/whole/metadata.jsonl)

# a limit
run 3 mgbatch run whole.yaml --output limited --limit 5
has stdout '5 of 40 jobs done'
is "$(n_done limited)" 5 'five are done'
is "$(grep -c . limited/metadata.jsonl)" 5 'and reported'
run 0 mgbatch run whole.yaml --output limited
has stdout '40 of 40 jobs done (5 before)'
is "$(sounds limited)" "$wanted" 'and equal a run in one go, byte for byte'

# a kill that nothing can catch
sed 's/delay: 0/delay: 500ms/' whole.yaml >slow.yaml
"$BUILD/mgbatch" run slow.yaml --output killed >/dev/null 2>&1 &
pid=$!
await some_done killed
kill -KILL $pid
wait $pid 2>/dev/null
killed=$(n_done killed)
tap "$([ "$killed" -lt 40 ]; echo $?)" 'killed before the end'
run 0 mgbatch run whole.yaml --output killed
has stdout '40 of 40 jobs done'
has stdout 'before)'
is "$(sounds killed)" "$wanted" 'and equal'

# Ctrl-C: what is running is finished, the rest is for the next run; meanwhile nobody else may run.
sed 's/delay: 0/delay: 800ms/' whole.yaml >slower.yaml
"$BUILD/mgbatch" run slower.yaml --output stopped >stop.out 2>stop.err &
pid=$!
await some_done stopped
run 4 mgbatch run slower.yaml --output stopped
has stderr 'another run'
run 0 mgbatch status stopped
run 0 mgbatch report stopped
kill -INT $pid
wait $pid
is "$?" 130 'interrupted: exit status 130'
has stop.err 'again to abort'
has stop.out 'the same command continues'
has stop.out 'report: stopped/report.html'
stopped=$(n_done stopped)
tap "$([ "$stopped" -ge 1 ] && [ "$stopped" -lt 40 ]; echo $?)" 'some are done, some not'
is "$(grep -c . stopped/metadata.jsonl)" "$stopped" 'the reports were written on the way out'
run 0 mgbatch run whole.yaml --output stopped
is "$(sounds stopped)" "$wanted" 'and equal'

# a second signal drops what runs: it is begun again by the next run, and equal
"$BUILD/mgbatch" run slower.yaml --output aborted >stop.out 2>stop.err &
pid=$!
await some_done aborted
kill -TERM $pid
await grep -q 'again to abort' stop.err
kill -TERM $pid
wait $pid
is "$?" 143 'aborted: exit status 143'
has stop.err 'aborting'
run 0 mgbatch run whole.yaml --output aborted
is "$(sounds aborted)" "$wanted" 'and equal'

# a file that went away is made again and the run says so
rm out/whole/s3.wav
run 0 mgbatch plan whole.yaml
has stdout '1 done, but the file is missing'
run 0 mgbatch run whole.yaml
is "$(sounds out/whole)" "$wanted" 'a missing file is back'
grep -q 's3\|missing' stderr
tap $? 'and the run said so'

# another seed list: what is new is made, what is gone is superseded and its file stays
sed 's/1\.\.40/3..42/' whole.yaml >moved.yaml
run 0 mgbatch plan moved.yaml
has stdout '2 new'
has stdout '38 done'
has stdout '2 no longer in the manifest'
run 0 mgbatch run moved.yaml
has stdout '40 of 40 jobs done (38 before)'
ok 'a superseded file stays' test -f out/whole/s1.wav
is "$(grep -c . out/whole/metadata.jsonl)" 40 'but is not in the metadata'
run 0 mgbatch list out/whole --state superseded
is "$(grep -c . stdout)" 2 'two are listed as superseded'
run 0 mgbatch run whole.yaml
is "$(cksum <out/whole/metadata.jsonl)" "$listed" 'back to the old list: the same metadata'

# what `show` says makes the job again is the same job
cat >odd.yaml <<'EOF'
version: 1
name: odd
backend: fake
params: {prompt: "a \"quoted\" {{brace}} <b> \\ : # é", temperature: 0.85, guidance: 1, duration: 2.5, seed: 7}
EOF
run 0 mgbatch run odd.yaml
id=$(mgbatch list odd.yaml | cut -c1-12)
mgbatch show odd.yaml "$id" | sed '1,/a manifest that makes it again/d' >remade.yaml
run 0 mgbatch run remade.yaml
is "$(mgbatch list remade.yaml | cut -c1-12)" "$id" 'the lines of show give the same job id'
done_testing
