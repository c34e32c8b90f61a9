#!/bin/sh
# verify: every finished file against its row, the folder against the rows, samples made again; it changes nothing.
. "$(dirname "$0")/lib.sh"

cat >m.yaml <<'END'
version: 1
name: study
backend: fake
params: {prompt: "soft rain", duration: 2}
sweep: {seed: 1..12}
END
ledger=out/study/.mgbatch/ledger.db
n_found() { sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" stdout | tail -1; }

run 5 mgbatch verify m.yaml
has stderr 'nothing has been run here yet'
run 0 mgbatch run m.yaml -q
run 0 mgbatch verify m.yaml
has stdout '12 finished files, '
has stdout ': all there, each of its size'
run 0 mgbatch verify out/study --deep
has stdout 'all there, with the content that was made'
run 0 mgbatch verify m.yaml -q
is "$(cat stdout stderr)" '' 'quiet when all is well'

# missing, of another size, of another content
rm out/study/s1.wav
truncate -s 77 out/study/s2.wav
printf x | dd of=out/study/s3.wav bs=1 seek=5000 conv=notrunc 2>/dev/null
: >out/study/notes.txt
before=$(sqlite3 $ledger .dump | cksum)
run 1 mgbatch verify m.yaml
has stdout 's1.wav: is not there: run makes it again'
has stdout 's2.wav: has 77 bytes instead of '
has stdout 'unknown       notes.txt: no job of this folder made it (0 B)'
hasnt stdout 's3.wav'
has stdout ': 2 things wrong'
run 1 mgbatch verify m.yaml --deep
has stdout "s3.wav: has its size, but not the content that was made"
has stdout "'mgbatch retry m.yaml $(id_of m.yaml 'seed = 3')', then run, makes it again"
run 1 mgbatch verify m.yaml --deep --json
ok 'the JSON reads' python3 -c 'import json; json.load(open("stdout"))'
is "$(n_found missing)/$(n_found size)/$(n_found content)/$(n_found unknown)/$(n_found wrong)" 1/1/1/1/3 'and counts each kind'
run 1 mgbatch verify m.yaml --deep -q --select 'seed = 3 or seed = 4'
has stdout '2 finished files'
has stdout '1 thing wrong'
hasnt stdout notes.txt
run 0 mgbatch verify m.yaml --deep --select 'seed > 3'
is "$(sqlite3 $ledger .dump | cksum)" "$before" 'none of that changed the ledger'

# what it says to do mends it all
run 0 mgbatch retry m.yaml "$(id_of m.yaml 'seed = 3')"
run 0 mgbatch run m.yaml -q
rm out/study/notes.txt
run 0 mgbatch verify m.yaml --deep

# made again: the same samples, spread evenly, the same ones each time
run 0 mgbatch verify m.yaml --regen 4
is "$(grep -c '^equal .*the same samples, and the same file byte for byte' stdout)" 4 'four are made again and equal'
has stdout '4 jobs made again, 4 with the same samples'
cp stdout first
run 0 mgbatch verify m.yaml --regen 4
ok 'the same four each time' cmp first stdout
run 0 mgbatch verify m.yaml --regen 99
has stdout '12 jobs made again, 12 with'
is "$(ls out/study/.mgbatch/part)" '' 'and nothing is left of them'
run 2 mgbatch verify out/study --regen 1
has stderr 'needs their manifest'
run 2 mgbatch verify m.yaml --regen 0
id=$(id_of m.yaml 'seed = 5')
sqlite3 $ledger "UPDATE artifact SET pcm_sha256 = '00' WHERE path = 's5.wav'; UPDATE artifact SET arithmetic = 'older' WHERE path = 's6.wav'"
run 1 mgbatch verify m.yaml --regen 12
has stdout "different     $id  s5.wav: made again with other samples"
has stdout "s6.wav: not made again: it was made by the arithmetic 'older', this mgbatch has 'fake'"
has stdout '11 jobs made again, 10 with the same samples'
run 0 mgbatch verify m.yaml --regen 12 --select 'seed > 6'
has stdout '6 jobs made again, 6 with'
sed 's/1\.\.12/1..3/' m.yaml >fewer.yaml
run 0 mgbatch verify fewer.yaml --regen 12 --select 'seed in [3, 4]'
has stdout 's4.wav: not made again: the manifest has it no more'

# the ledger itself
sqlite3 $ledger "DELETE FROM artifact WHERE path = 's7.wav'"
run 1 mgbatch verify m.yaml
has stdout 'ledger        the ledger is not whole: 1 of the finished jobs have no row of a file'
sqlite3 $ledger "UPDATE artifact SET path = 's8.wav' WHERE path = 's9.wav'"
run 1 mgbatch verify m.yaml
has stdout "two finished jobs name one file, 's8.wav'"

# while a run has the folder: only what is finished is looked at; making jobs again is for one at a time
cat >slow.yaml <<'END'
version: 1
name: slow
backend: fake
params: {prompt: "soft rain", duration: 2}
sets:
  now: {sweep: {seed: 1..4}}
  later: {sweep: {seed: [5, 6]}, fake: {delay: 60s}}
END
"$BUILD/mgbatch" run slow.yaml >/dev/null 2>&1 &
pid=$!
await some_done out/slow 4
run 0 mgbatch verify slow.yaml --deep
has stdout '4 finished files'
has stdout 'the latest run has not ended'
run 4 mgbatch verify slow.yaml --regen 1
has stderr "process $pid"
"$BUILD/mgbatch" verify slow.yaml --regen 1 --wait >wait.out 2>wait.err &
waits=$!
await grep -q "waiting for another run" wait.err
kill -INT $waits
wait $waits
is $? 130 'Ctrl-C while it waits: exit status 130'
kill -KILL $pid
wait $pid 2>/dev/null

# it waits for a run that makes its files anew, and then goes by what that one wrote
sed -i 's/60s/0/; s/name: slow/name: anew/' slow.yaml
run 0 mgbatch run slow.yaml -q
sed -i 's/delay: 0/delay: 1s/' slow.yaml
echo 'output: {bits: 24}' >>slow.yaml
"$BUILD/mgbatch" run slow.yaml --remake-stale >/dev/null 2>&1 &
pid=$!
await running out/anew
run 0 mgbatch verify slow.yaml --regen 1 --wait
has stderr "process $pid"
has stdout '6 finished files'
wait $pid

# Ctrl-C while a job is made again
mkdir copy && sed 's/1s/0/; s/name: anew/name: quick/' slow.yaml >copy/slow.yaml
run 0 mgbatch run copy/slow.yaml -q
sed -i 's/delay: 0/delay: 60s/' copy/slow.yaml
"$BUILD/mgbatch" verify copy/slow.yaml --regen 6 >int.out 2>&1 &
pid=$!
await grep -q '^equal' int.out # each line comes when its job is compared, into a file too
kill -INT $pid
wait $pid
is $? 130 'interrupted: exit status 130'
has int.out 'interrupted: not all was looked at'
done_testing
