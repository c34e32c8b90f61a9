#!/bin/sh
# Sounds that go in, natively: tunes that are followed, takes that go on, files that are no use, parts of long files, kill -9.
. "$(dirname "$0")/lib.sh"
MELODY=$ROOT/tests/vectors/stereo-melody
STEREO=$ROOT/tests/vectors/stereo
[ -f "$MELODY/model.safetensors" ] || skip_all 'no model in tests/vectors/stereo-melody'
pcm() { sed 's/.*"file_name":"\([^"]*\)".*"pcm_sha256":"\([0-9a-f]*\)".*/\1 \2/' "$1/metadata.jsonl" | sort; }

# A WAV of 8-bit samples, a square wave; the header may declare what it likes.
wav() # path, channels, Hz, bytes there, bytes declared
{
	LC_ALL=C awk -v channels="$2" -v rate="$3" -v n="$5" 'BEGIN {
		printf "RIFF"; word(36 + n); printf "WAVEfmt "; word(16); half(1); half(channels)
		word(rate); word(rate * channels); half(channels); half(8); printf "data"; word(n)
	}
	function half(x) { byte(x % 256); byte(int(x / 256) % 256) }
	function word(x) { half(x % 65536); half(int(x / 65536)) }
	# printf %c of 0 writes no byte in every awk: the bytes leave as octal escapes for the shell
	function byte(x) { printf "\\%03o", x }' >"$1.escaped"
	# shellcheck disable=SC2059
	printf "$(cat "$1.escaped")" >"$1"
	LC_ALL=C awk -v n="$4" 'BEGIN { for (i = 0; i < n; i++) printf "%s", int(i / (20 + int(i / 3000) * 4)) % 2 ? "p" : "\220" }' >>"$1"
	rm -f "$1.escaped"
}

# ---- the examples, natively: the folder's own checkpoint in the place of a public one ---------------------
mkdir melodies takes
cp "$ROOT"/manifests/melodies/*.wav melodies
cp "$ROOT"/manifests/takes/* takes
sed "s,^params:.*,checkpoint: $MELODY\nparams: {duration: 1}," "$ROOT/manifests/melodies.yaml" >melodies.yaml
run 0 mgbatch check melodies.yaml
is "$(cat stderr)" '' 'nothing to say of them'
run 0 mgbatch plan melodies.yaml
has stdout 'melody    of 12 jobs inputAudio is followed as it sounds'
has stdout 'no stem separation yet'
run 0 mgbatch run melodies.yaml
has stdout '12 of 12 jobs done'
pcm out/melodies >tunes
is "$(cut -d' ' -f2 tunes | sort -u | wc -l)" 12 'twelve different pieces'
run 0 mgbatch run melodies.yaml --output one --threads 1
pcm one >one.txt
ok 'with one thread the same samples' cmp tunes one.txt

sed "s,^params:.*,checkpoint: $STEREO\nparams: {continuation: true\, duration: 1.5}," "$ROOT/manifests/extend-takes.yaml" >extend.yaml
run 0 mgbatch plan extend.yaml
hasnt stdout 'melody '
run 0 mgbatch run extend.yaml --threads 1
has stdout '4 of 4 jobs done'
is "$(grep -c '"seconds":1.5,' out/extend-takes/metadata.jsonl)" 4 'as long as asked, what is continued included'

# ---- a sweep over one sound, killed at several moments: what is left is made with the same samples ----------
cat >sweep.yaml <<EOF
version: 1
name: sweep
checkpoint: $STEREO
params: {prompt: "soft rain", continuation: true, inputAudio: melodies/march.wav, continuationEnd: 1.5, duration: 4}
sweep: {seed: 1..8, guidance: [1, 3]}
EOF
run 0 mgbatch run sweep.yaml --threads 1
pcm out/sweep >sweep.txt
is "$(cut -d' ' -f2 sweep.txt | sort -u | wc -l)" 16 'one beginning, 16 pieces'
for want in 1 6 11; do
	"$BUILD/mgbatch" run sweep.yaml --output killed >killed.log 2>&1 &
	pid=$!
	await some_done killed $want
	kill -9 $pid 2>kill.err
	wait $pid 2>kill.err
done
run 0 mgbatch run sweep.yaml --output killed --threads 1
pcm killed >killed.txt
ok 'after three kills the same samples' cmp sweep.txt killed.txt

# ---- files that are no use: a warning of check, a failure of their jobs; the others are made ------------------
mkdir songs
cp melodies/march.wav songs/good.wav
printf 'verse one\nverse two\n' >songs/text.wav
: >songs/empty.wav
wav songs/silent.wav 1 8000 0 0
wav songs/eight.wav 8 8000 8000 8000
wav songs/low.wav 1 400 800 800
wav songs/lying.wav 1 8000 8000 9000
head -c 12000 melodies/climb.wav >songs/cut.wav
cat >songs.yaml <<EOF
version: 1
name: songs
checkpoint: $STEREO
params: {prompt: "soft rain", continuation: true, duration: 3}
sweep: {inputAudio: {files: "songs/*.wav"}, seed: 1..2}
EOF
for verb in check plan; do
	run 0 mgbatch $verb songs.yaml
	is "$(grep -c 'songs.yaml:[0-9]*: warning: .* will fail, and the other jobs go on: ' stderr)" 7 "$verb warns of seven files, once each"
done
run 1 mgbatch run songs.yaml --json --threads 1
has stdout '"done": 2'
has stdout '"failed": 14'
run 0 mgbatch list out/songs --select 'state = failed' --json
while IFS='|' read -r name words; do
	is "$(grep -c "/songs/$name.wav'.*$words" stdout)" 2 "$name: $words"
done <<'EOF'
text|is not a sound file that can be read
empty|is not a sound file that can be read
silent|it is empty, expected a sound
eight|it has 8 channels, expected 1 or 2
low|its rate is 400 Hz, expected 1000 to 192000 Hz
lying|its data chunk declares 9000 bytes, and 8000 are there
cut|its data chunk declares 32000 bytes, and 11956 are there
EOF

# ---- what is no file, and files of one name -------------------------------------------------------------------
printf 'version: 1\nname: folder\ncheckpoint: %s\nparams: {prompt: x, continuation: true, inputAudio: songs}\n' "$STEREO" >folder.yaml
run 2 mgbatch check folder.yaml
has stderr "folder.yaml:4:53: inputAudio: 'songs' is a folder: name a file in it, or all of them in sweep: {files: \"FOLDER/*.wav\"}"
mkdir twins
cp melodies/march.wav twins/tune.wav
cp melodies/climb.wav twins/tune.flac
cat >twins.yaml <<EOF
version: 1
name: twins
checkpoint: $MELODY
params: {prompt: x, duration: 1}
sweep: {inputAudio: {files: "twins/*"}}
output: {name: "{inputAudio}"}
EOF
run 2 mgbatch check twins.yaml
has stderr "would both be the file 'tune.wav'"
has stderr 'put {id} into output.name'

# ---- parts: of three hours at most ten minutes; within the file; shorter than the whole -----------------------
wav long.wav 1 1000 1000 10800000
dd if=/dev/zero bs=1000 count=10799 2>dd.err | tr '\000' '\200' >>long.wav
part() # status, parameters, words of stderr
{
	printf 'version: 1\nname: part\ncheckpoint: %s\nparams: {prompt: x, inputAudio: long.wav, duration: 2, %s}\n' "$MELODY" "$2" >part.yaml
	run "$1" mgbatch check part.yaml
	[ -z "$3" ] || has stderr "part.yaml:1: 'single.wav': $3"
}
part 2 'continuation: false' "10800 s of '$tap_dir/long.wav' would be used, and at most 600 s at its 1000 Hz can be: name a part with continuationStart and continuationEnd"
part 2 'continuationStart: 10801' "continuationStart (10801 s) is not within '$tap_dir/long.wav', which lasts 10800.00 s"
part 2 'continuationStart: 10000, continuationEnd: 10801' "continuationEnd (10801 s) is beyond '$tap_dir/long.wav'"
part 2 'continuation: true, continuationEnd: 2' "2.00 s of '$tap_dir/long.wav' would be continued, and the whole, that part included, lasts 2.00 s"
part 2 'continuation: true, continuationEnd: 1, continuationStart: 1' ''
part 0 'continuationStart: 10795' ''
run 0 mgbatch run part.yaml --threads 1
has stdout '1 of 1 job done'

# ---- a file with other content under its old name is another job ------------------------------------------------
cp melodies/march.wav tune.wav
printf 'version: 1\nname: turn\ncheckpoint: %s\nparams: {prompt: x, inputAudio: tune.wav, duration: 1}\n' "$MELODY" >turn.yaml
run 0 mgbatch run turn.yaml --threads 1
cp melodies/climb.wav tune.wav
run 0 mgbatch plan turn.yaml
has stdout '1 new'
run 0 mgbatch run turn.yaml --threads 1
is "$(pcm out/turn | cut -d' ' -f2 | sort -u | grep -c .)" 1 'of which the file is, in the place of the old one'
is "$(find out/turn/.mgbatch/old -name '*.wav' | grep -c .)" 1 'which is kept'

# ---- durations beyond a window, natively and only there ---------------------------------------------------------
printf 'version: 1\nname: far\ncheckpoint: %s\nparams: {prompt: x, inputAudio: melodies/climb.wav, duration: 31.5}\n' "$MELODY" >far.yaml
run 0 mgbatch run far.yaml --threads 1
has out/far/metadata.jsonl '"seconds":31.5,'
run 2 mgbatch check far.yaml --backend scenario
has stderr 'duration must be a number of seconds from 1 to 30'

# ---- a model whose window is 2 s: what is longer is made in several, of a tune and after a sound ------------------
SHORT=$ROOT/tests/vectors/short-window
short() # name, parameters
{
	printf 'version: 1\nname: %s\ncheckpoint: %s\nparams: {prompt: x, %s}\nsweep: {seed: 1..2}\n' "$1" "$SHORT" "$2" >short.yaml
}
short text 'duration: 30'
run 0 mgbatch check short.yaml
run 0 mgbatch run short.yaml --threads 1
has out/text/metadata.jsonl '"seconds":30.0,'
short tune 'inputAudio: melodies/climb.wav, duration: 5.5'
run 0 mgbatch run short.yaml --threads 1
has out/tune/metadata.jsonl '"seconds":5.5,'
run 0 mgbatch run short.yaml --threads 2 --output again
is "$(pcm again)" "$(pcm out/tune)" 'with two threads the same samples'
is "$(pcm again | cut -d' ' -f2 | sort -u | grep -c .)" 2 'of two pieces'
short goes-on 'inputAudio: melodies/march.wav, continuation: true, continuationEnd: 1.98, duration: 5'
run 0 mgbatch run short.yaml --threads 1
has out/goes-on/metadata.jsonl '"seconds":5.0,'
short too-long 'inputAudio: melodies/march.wav, continuation: true, duration: 5'
run 2 mgbatch check short.yaml
has stderr "2.00 s of '$tap_dir/melodies/march.wav' would be continued, and at most 1.98 s can be"
done_testing
