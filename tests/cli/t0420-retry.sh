#!/bin/sh
# retry: failed jobs have all their tries again, finished ones are made again by their ids; also when it is killed in the middle.
. "$(dirname "$0")/lib.sh"

cat >m.yaml <<'END'
version: 1
name: study
backend: fake
params: {prompt: "soft rain", duration: 2}
run: {tries: 1}
sets:
  bad: {sweep: {seed: 1..4}, fake: {fail: io}}
  good: {sweep: {seed: [5, 6]}}
END
sed 's/, fake: {fail: io}//' m.yaml >mended.yaml
n_state() { mgbatch list m.yaml --state "$1" | grep -c .; }

run 2 mgbatch retry
run 5 mgbatch retry m.yaml
has stderr 'nothing has been run here yet'
ok 'and nothing is made' test ! -e out
run 1 mgbatch run m.yaml -q
is "$(n_state failed)" 4 'four fail'

# a selection, an id, what is not meant
run 0 mgbatch retry m.yaml --select 'seed <= 2 or seed = 5'
has stdout '2 had failed: pending again'
has stdout '1 finished, and made again only by their ids'
has stdout '2 jobs to be made again by: mgbatch run m.yaml'
mkdir "it's a"
cp m.yaml "it's a/m.yaml"
cp -r out/study "it's a/o ut"
run 0 mgbatch retry "it's a/m.yaml" --output "it's a/o ut" --backend fake
has stdout "mgbatch run --output 'it'\''s a/o ut' --backend fake 'it'\''s a/m.yaml'" 'the command is one that a shell reads'
run 0 mgbatch retry "it's a/o ut" "$(id_of m.yaml 'seed = 5')"
has stdout 'to be made again by: mgbatch run with its manifest'
is "$(n_state failed)/$(n_state pending)" 2/2 'those two'
run 0 mgbatch retry m.yaml --select 'seed <= 2'
has stdout '2 pending anyway: nothing to do'
run 1 mgbatch run m.yaml -q
is "$(n_state failed)" 4 'they fail again'
id=$(id_of m.yaml 'seed = 1')
mgbatch show m.yaml "$id" >shown
is "$(grep -c '^try  .*failed (io)' shown)" 2 'the history of tries stays'
has shown '1 used up'

# all of them
run 0 mgbatch retry out/study --json
has stdout '"to_make_again": 4'
has stdout '"failed": 4'
run 0 mgbatch run mended.yaml -q
is "$(n_state done)" 6 'mended, they are made'
run 0 mgbatch retry m.yaml
has stdout 'no job has failed: nothing to retry'

# a finished one by its id; the old file stays until its replacement is complete
id=$(id_of m.yaml 'seed = 1')
before=$(cksum <out/study/bad/s1.wav)
run 0 mgbatch retry m.yaml "$id" "$id"
has stdout '1 finished: to be made again'
is "$(cksum <out/study/bad/s1.wav)" "$before" 'its file is still there'
run 1 mgbatch run m.yaml -q
is "$(cksum <out/study/bad/s1.wav)" "$before" 'also after a failed try'
run 0 mgbatch retry m.yaml "$id"
run 0 mgbatch run mended.yaml -q
is "$(cksum <out/study/bad/s1.wav)" "$before" 'made again, it is the same'
is "$(find out/study/.mgbatch/old -name s1.wav | grep -c .)" 1 'and the old one is kept'

# mistakes: nothing is changed by any of them
run 2 mgbatch retry m.yaml "$id" zzzzzzzz
has stderr "no job's id begins with 'zzzzzzzz'"
is "$(n_state done)" 6 'all or nothing'
run 2 mgbatch retry m.yaml a
has stderr 'too short'
run 2 mgbatch retry m.yaml "$id" --select 'seed = 1'
has stderr 'say one of them'
run 2 mgbatch retry m.yaml --select 'sed = 1'
has stderr "unknown name 'sed', did you mean 'seed'?"
run 2 mgbatch retry m.yaml --pay-again
has stderr 'goes with the ids'
sed 's/seed: .5, 6./seed: [6]/' mended.yaml >fewer.yaml
run 0 mgbatch run fewer.yaml -q
run 0 mgbatch retry fewer.yaml "$(mgbatch list fewer.yaml --state superseded | cut -c1-12)"
has stdout '1 no longer in the manifest: left alone'
run 0 mgbatch run mended.yaml -q

# what may have been paid for is made again only when it is said
sqlite3 out/study/.mgbatch/ledger.db "UPDATE job SET state = 'unknown' WHERE ordinal = 0"
run 0 mgbatch retry m.yaml --select 'seed = 1'
has stdout 'made again only by their ids with --pay-again'
run 2 mgbatch retry m.yaml "$id"
has stderr "is unknown: it may have been paid for already"
is "$(n_state unknown)" 1 'and it stays as it is'
run 0 mgbatch retry m.yaml "$id" --pay-again
has stdout '1 perhaps paid for already'
is "$(n_state pending)" 1 'then it is made again'
run 0 mgbatch run mended.yaml -q

# while another run has the folder
sed 's/seed: .5, 6./seed: 5..7/; s/^run:/fake: {delay: 60s}\nrun:/' mended.yaml >slow.yaml
"$BUILD/mgbatch" run slow.yaml >/dev/null 2>&1 &
pid=$!
await running m.yaml
run 4 mgbatch retry m.yaml
has stderr "process $pid"
has stderr '--wait'
kill -KILL $pid
wait $pid 2>/dev/null
run 0 mgbatch retry m.yaml --select 'state = running'
has stdout 'in the hands of a run that died'
run 0 mgbatch run mended.yaml -q

# killed anywhere: all of the failed are pending, or none
sed 's/1\.\.4/11..2010/' m.yaml >many.yaml
run 1 mgbatch run many.yaml -q --output many
for delay in 0.002 0.005 0.01 0.02 0.03; do
	"$BUILD/mgbatch" retry many.yaml --output many >/dev/null 2>&1 &
	pid=$!
	sleep $delay # the moment of the kill
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	counts="$(mgbatch list many --state failed | grep -c .)/$(mgbatch list many --state pending | grep -c .)"
	case $counts in
	2000/0 | 0/2000) tap 0 "killed after $delay s: all or none ($counts)" ;;
	*) tap 1 "killed after $delay s: all or none, found $counts" ;;
	esac
done
run 0 mgbatch retry many.yaml --output many
is "$(mgbatch list many --state pending | grep -c .)" 2000 'all are pending in the end'
done_testing
