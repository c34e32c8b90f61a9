#!/bin/sh
# gc: files that nobody wants go, with --yes; everything that is wanted stays; a kill in the middle leaves nothing half.
. "$(dirname "$0")/lib.sh"

manifest() # prompt, seeds
{
	cat <<END
version: 1
name: study
backend: fake
params: {duration: 2}
sets:
  rain: {params: {prompt: "$1"}, sweep: {seed: $2}}
  hook: {params: {prompt: "brass hook"}, sweep: {seed: 1..3}}
END
}
files() { (cd out/study && find . -type f ! -path './.mgbatch/ledger.db*' ! -name lock | sort); }
sounds() { (cd out/study && find . -name '*.wav' | sort); }

manifest 'soft rain' 1..6 >m.yaml
run 5 mgbatch gc m.yaml
has stderr 'nothing has been run here yet'
run 0 mgbatch run m.yaml -q
run 0 mgbatch gc m.yaml
has stdout 'nothing to remove'

# two superseded, four replaced, two left by a run that died, one file of somebody's
manifest 'hard rain' 1..4 >m.yaml
run 0 mgbatch run m.yaml -q
: >out/study/.mgbatch/part/abcdefghijkl-1~
mkdir -p out/study/.mgbatch/move && : >out/study/.mgbatch/move/7
: >out/study/notes.txt
before=$(files)
run 0 mgbatch gc m.yaml
has stdout 'superseded       133'
has stdout 'rain/s5.wav'
has stdout '6 of jobs that are no longer in the manifest'
has stdout '2 left half done by a run that died'
has stdout '8 files, '
has stdout '; --yes removes them'
is "$(files)" "$before" 'and nothing is removed'
run 0 mgbatch gc out/study --json
ok 'the JSON reads' python3 -c 'import json; g = json.load(open("stdout")); assert g["n_files"] == 8 == len(g["files"]) and not g["removed"]'
run 0 mgbatch gc m.yaml --select 'seed = 5' --yes
has stdout '1 file, '
is "$(sounds | grep -c .)" 12 'a selection takes that job alone'
run 0 mgbatch gc m.yaml --yes
has stdout '7 files, '
has stdout ' removed'
has stdout '2 left half done by a run that died'
sounds >left
same left <<'END'
./hook/s1.wav
./hook/s2.wav
./hook/s3.wav
./rain/s1.wav
./rain/s2.wav
./rain/s3.wav
./rain/s4.wav
END
ok 'nor an empty folder of it' test ! -e out/study/.mgbatch/old
ok 'what is no work of ours stays' test -f out/study/notes.txt
run 0 mgbatch gc m.yaml --yes
has stdout 'nothing to remove'
run 0 mgbatch verify m.yaml --deep
is "$(mgbatch list m.yaml --state superseded | grep -c .)" 6 'the rows stay'
is "$(sqlite3 out/study/.mgbatch/ledger.db "SELECT count(*) FROM artifact JOIN job USING (seq) WHERE state = 'superseded'")" 0 'and name no file any more'

# back: done again
manifest 'soft rain' 1..6 >m.yaml
run 0 mgbatch run m.yaml
has stdout '9 of 9 jobs done (3 before)'
run 0 mgbatch verify m.yaml --deep

# never what somebody still needs: a finished job's, the former file of one that is to be made again, another's in its place
manifest 'soft rain' 1..4 >m.yaml
run 0 mgbatch run m.yaml -q
echo "somebody's own" >out/study/rain/s5.wav
run 0 mgbatch retry m.yaml "$(id_of m.yaml 'set = rain and seed = 1 and state = done')"
run 0 mgbatch gc m.yaml --yes
has stdout '1 in the place of a superseded job'
is "$(cat out/study/rain/s5.wav)" "somebody's own" 'another file in its place is left alone'
ok 'a former file stays' test -f out/study/rain/s1.wav
ok 'a superseded one goes' test ! -e out/study/rain/s6.wav
rm out/study/rain/s5.wav
run 0 mgbatch run m.yaml -q
manifest 'soft rain' 1..6 >m.yaml
run 0 mgbatch run m.yaml -q
rm out/study/rain/s6.wav
manifest 'hard rain' 1..6 >m.yaml
run 0 mgbatch run m.yaml -q
run 0 mgbatch gc m.yaml --yes
ok 'a finished job has the name of one whose file was lost' test -f out/study/rain/s6.wav
run 0 mgbatch verify m.yaml --deep

# killed anywhere, again and again: the next one goes on, and what is wanted stays whole
manifest 'soft rain' 1..400 >many.yaml
run 0 mgbatch run many.yaml -q
manifest 'soft rain' 1..3 >m.yaml
run 0 mgbatch run m.yaml -q
n_kills=0
for target in 40 100 180 250 260 300 380; do
	"$BUILD/mgbatch" gc m.yaml --yes >/dev/null 2>&1 &
	pid=$!
	while [ -e out/study/rain/s$target.wav ] && kill -0 $pid 2>/dev/null; do :; done
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ -e out/study/rain/s400.wav ] && n_kills=$((n_kills + 1))
	mgbatch verify m.yaml --deep -q || tap 1 "killed at file $target: what is wanted is whole"
done
echo "# $n_kills of 7 kills fell between the first and the last file"
run 0 mgbatch gc m.yaml --yes
run 0 mgbatch gc m.yaml
has stdout 'nothing to remove'
is "$(sounds | grep -c .)" 6 'only what is wanted is left'
run 0 mgbatch verify m.yaml --deep
hasnt stdout 'rain/'
run 0 mgbatch run m.yaml
has stdout '6 of 6 jobs done (6 before)'

# while a run has the folder
sed 's/1\.\.3}}/1..4}, fake: {delay: 60s}}/' m.yaml >slow.yaml
"$BUILD/mgbatch" run slow.yaml >/dev/null 2>&1 &
pid=$!
await running m.yaml
run 4 mgbatch gc m.yaml --yes
has stderr "process $pid"
kill -KILL $pid
wait $pid 2>/dev/null
done_testing
