#!/bin/sh
# Change over time (DESIGN section 3): what becomes of files when the manifest changes, as plan counts it and run does it.
. "$(dirname "$0")/lib.sh"

manifest() # prompt, seeds, name template, format
{
	cat <<END
version: 1
name: study
backend: fake
params: {prompt: "$1", duration: 2}
sweep: {seed: $2}
output: {name: "$3", format: $4}
END
}
# The plan's counts that are not 0, text and JSON alike: "done 4 new 2"
plan() # manifest, options...
{
	mgbatch plan "$@" --json >plan.json || return 1
	for what in new pending done failed replaced renamed stale missing back superseded other to_make; do
		n=$(sed -n "s/^ *\"$what\": \([0-9]*\),*\$/\1/p" plan.json | tail -1)
		[ "$n" = 0 ] || printf '%s %s ' "$what" "$n"
	done | sed 's/ $//'
}
state() { mgbatch list out/study --json | grep -c "\"state\":\"$1\""; }
sha() { sha256sum "$1" | cut -d' ' -f1; }
# Each row's hash is its file's.
whole() { mgbatch verify out/study --deep -q; }

manifest 'soft rain' 1..4 'a/{axes}' wav >m.yaml
is "$(plan m.yaml)" 'new 4 to_make 4' 'plan: all new'
ok 'and nothing is written' test ! -e out
run 0 mgbatch run m.yaml -q
is "$(plan m.yaml)" 'done 4' 'plan: all done'
s1=$(sha out/study/a/s1.wav)

# new ones are added, vanished ones are superseded and their files stay
manifest 'soft rain' 2..6 'a/{axes}' wav >m.yaml
is "$(plan m.yaml)" 'new 2 done 3 superseded 1 to_make 2' 'plan: two new, one superseded'
run 0 mgbatch plan m.yaml
has stdout '2 new'
has stdout '1 no longer in the manifest; their files stay'
run 3 mgbatch run m.yaml -q --limit 1
is "$(state superseded)" 0 'a limit supersedes nothing'
run 0 mgbatch run m.yaml -q --select 'seed = 2'
is "$(state superseded)/$(state pending)" 0/1 'nor does a selection'
has out/study/metadata.jsonl 's1.wav'
run 0 mgbatch run m.yaml -q
is "$(state superseded)" 1 'a whole run does'
is "$(sha out/study/a/s1.wav)" "$s1" 'the superseded file stays'
hasnt out/study/metadata.jsonl 's1.wav'
ok 'rows and files agree' whole

# back, with its file still there; and back after the file went: done again
manifest 'soft rain' 1..6 'a/{axes}' wav >m.yaml
is "$(plan m.yaml)" 'done 6 back 1' 'plan: one back, its file is good'
run 0 mgbatch run m.yaml -q
is "$(sha out/study/a/s1.wav)" "$s1" 'and not made again'
has out/study/metadata.jsonl 's1.wav'
manifest 'soft rain' 2..6 'a/{axes}' wav >m.yaml
run 0 mgbatch run m.yaml -q
rm out/study/a/s1.wav
manifest 'soft rain' 1..6 'a/{axes}' wav >m.yaml
is "$(plan m.yaml)" 'done 5 back 1 to_make 1' 'plan: one back, without a file'
run 0 mgbatch run m.yaml -q
is "$(sha out/study/a/s1.wav)" "$s1" 'it is done again, with the same samples'

# replaced: a corrected prompt takes the path, the old file is kept aside, and comes back whole
manifest 'hard rain' 1..6 'a/{axes}' wav >corrected.yaml
is "$(plan corrected.yaml)" 'new 6 replaced 6 superseded 6 to_make 6' 'plan: six replaced'
cp -r out out.before
run 0 mgbatch run corrected.yaml -q --select 'seed = 1'
is "$(state 'done')/$(state superseded)/$(state pending)" 6/1/5 'of a selection one is replaced, and only its forerunner superseded'
is "$(wc -l <out/study/metadata.jsonl | tr -d ' ')" 6 'the others are still told of'
hasnt out/study/metadata.jsonl .mgbatch
run 0 mgbatch verify corrected.yaml
rm -rf out
mv out.before out
run 0 mgbatch plan corrected.yaml
has stdout '6 of the new take the path of an old file, which moves to .mgbatch/old'
run 0 mgbatch run corrected.yaml -q
tap "$([ "$(sha out/study/a/s1.wav)" != "$s1" ]; echo $?)" 'another sound has the path'
is "$(find out/study/.mgbatch/old -name 's*.wav' | grep -c .)" 6 'the old files are kept'
is "$(sha "$(find out/study/.mgbatch/old -name s1.wav)")" "$s1" 'as they were'
ok 'rows and files agree' whole
is "$(plan m.yaml)" 'done 6 renamed 6 back 6 superseded 6' 'plan: the correction taken back needs no work'
run 0 mgbatch run m.yaml -q
is "$(sha out/study/a/s1.wav)" "$s1" 'the old file has its name again'
ok 'rows and files agree' whole

# renamed: only the template changed, names swapped too
manifest 'soft rain' 1..6 'b/{seed:04}' wav >m.yaml
is "$(plan m.yaml)" 'done 6 renamed 6' 'plan: six renamed'
run 0 mgbatch run m.yaml
has stderr '6 files to be renamed'
is "$(sha out/study/b/0001.wav)" "$s1" 'the file moved'
ok 'and left its old place' test ! -e out/study/a/s1.wav
ok 'rows and files agree' whole

# missing, and of another size
rm out/study/b/0002.wav
truncate -s 99 out/study/b/0003.wav
is "$(plan m.yaml)" 'done 4 missing 2 to_make 2' 'plan: two missing'
run 0 mgbatch run m.yaml
has stderr '2 finished files missing or of another size'
ok 'rows and files agree' whole

# stale: another format; stays until it is asked for
manifest 'soft rain' 1..6 'b/{seed:04}' flac >m.yaml
is "$(plan m.yaml)" 'done 6 stale 6' 'plan: six stale'
run 0 mgbatch run m.yaml
has stderr '6 finished files of another format'
ok 'they stay' test -f out/study/b/0001.wav
is "$(plan m.yaml --remake-stale)" 'stale 6 to_make 6' 'plan --remake-stale: six to make'
run 0 mgbatch run m.yaml -q --remake-stale
ok 'in the new format' test -f out/study/b/0001.flac
ok 'the old one made way' test ! -e out/study/b/0001.wav
ok 'rows and files agree' whole
is "$(mgbatch list out/study --state done | grep -c .)" 6 'six jobs are done'

# another manifest or another backend on the folder
sed 's/name: study/name: other/' m.yaml >other.yaml
for verb in plan run; do
	run 2 mgbatch $verb other.yaml --output out/study
	has stderr "belongs to the manifest named 'study', this one is named 'other'"
	has stderr '--output DIR'
done
run 2 mgbatch list other.yaml --output out/study
has stderr "belongs to the manifest named 'study'"
sed '/^backend:/d' m.yaml >native.yaml
echo "checkpoint: $ROOT/tests/data/model" >>native.yaml
for verb in plan run; do
	run 2 mgbatch $verb native.yaml --output out/study
	has stderr "holds what the backend 'fake' made, this run's backend is 'native'"
	has stderr '--output DIR'
done
run 0 mgbatch plan native.yaml --backend fake
has stdout 'out/study-fake'
is "$(plan m.yaml)" 'done 6' 'none of that changed anything'
done_testing
