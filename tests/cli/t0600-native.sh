#!/bin/sh
# The native backend on the small random model of the tests: files, admission, the same samples again.
. "$(dirname "$0")/lib.sh"
MODEL=$ROOT/tests/data/model
[ -f "$MODEL/model.safetensors" ] || skip_all 'no model in tests/data/model'

cat >m.yaml <<EOF
version: 1
name: tiny
checkpoint: $MODEL
params: {prompt: "soft rain over felt piano", duration: 0.2}
sweep: {temperature: [0.8, 1.2], guidance: [1, 3], seed: 1..2}
EOF
pcm() { sed 's/.*"file_name":"\([^"]*\)".*"pcm_sha256":"\([0-9a-f]*\)".*/\1 \2/' "$1/metadata.jsonl"; }

run 0 mgbatch check m.yaml
has stdout '8 jobs'
run 0 mgbatch plan m.yaml
has stdout 'of weights'
has stdout 'native:'
run 0 mgbatch run m.yaml
has stdout '8 of 8 jobs done'
pcm out/tiny >all
is "$(grep -c . all)" 8 'eight files'
is "$(cut -d' ' -f2 all | sort -u | wc -l)" 8 'all different'
has out/tiny/metadata.jsonl '"arithmetic":"f32-1"'
has out/tiny/metadata.jsonl '"seconds":0.2,'

# one thread, another format, another order, one at a time: the same samples
run 0 mgbatch run m.yaml --output one --threads 1
pcm one >one.txt
ok 'with one thread the same samples' cmp all one.txt
sed 's/guidance: \[1, 3\], seed: 1\.\.2/seed: [2], guidance: [3]/; s/^name.*/&\noutput: {format: flac, bits: 24, name: "{axes}"}/' m.yaml >flac.yaml
run 0 mgbatch run flac.yaml --output flac
is "$(pcm flac | cut -d' ' -f2 | sort)" "$(grep 'g3_s2' all | cut -d' ' -f2 | sort)" 'as 24 bit flac, without the neighbours, the same samples'

# what can never fit is refused before anything runs, with the figure
sed 's/^name.*/&\nrun: {memory: 1M}/' m.yaml >small.yaml
mgbatch run small.yaml --output small >stdout 2>stderr
tap "$([ $? != 0 ]; echo $?)" 'a memory that is too small is refused'
grep -q 'small.yaml.*[0-9] [KMG]iB' stderr
tap $? 'with the figure' || sed 's/^/# /' stderr
ok 'and nothing is made' test ! -e small

# another version than the folder holds
sed 's/params: {/params: {modelVersion: large, /' m.yaml >version.yaml
run 2 mgbatch check version.yaml
has stderr "modelVersion 'large'"
sed 's/params: {/params: {inputAudio: x.wav, /' m.yaml >melody.yaml
run 2 mgbatch check melody.yaml
has stderr 'melody.yaml:'
run 0 mgbatch show out/tiny "$(mgbatch list out/tiny | head -1 | cut -c1-12)"
has stdout 'a manifest that makes it again'
sed '1,/a manifest that makes it again/d' stdout >again.yaml
run 0 mgbatch run again.yaml --checkpoint "$MODEL" --output again
is "$(pcm again | cut -d' ' -f2)" "$(head -1 all | cut -d' ' -f2)" 'show says how to make the same samples'
done_testing
