#!/bin/sh
# Several checkpoints in one manifest: a map, versions found on this machine, `models list`; the samples of each are those it has alone.
. "$(dirname "$0")/lib.sh"
RANDOM_MODEL=$ROOT/tests/data/model
VECTORS=$ROOT/tests/vectors
[ -f "$RANDOM_MODEL/model.safetensors" ] || skip_all 'no model in tests/data/model'
mkdir models
cp -r "$RANDOM_MODEL" models/random
cp -r "$VECTORS/mono" models/mono

manifest() # name, what stands under checkpoint:
{
	cat <<END
version: 1
name: $1
checkpoint: $2
params: {prompt: "soft rain", duration: 0.4}
END
}
pcm() { sed 's/.*"file_name":"\([^"]*\)".*"pcm_sha256":"\([0-9a-f]*\)".*/\1 \2/' "$1/metadata.jsonl" | sort; }

# ---- a map: one sweep over two models --------------------------------------------------------------
{ manifest two '{custom: models/mono, stereo-custom: models/random}'; echo 'sweep: {seed: 1..6, modelVersion: [custom, stereo-custom]}'; } >two.yaml
for model in mono random; do
	{ manifest $model models/$model; echo 'sweep: {seed: 1..6}'; } >$model.yaml
	run 0 mgbatch run $model.yaml
done
run 0 mgbatch check two.yaml
has stdout '12 jobs'
run 0 mgbatch plan two.yaml
is "$(grep -c 'native:.*, native:' stdout)" 1 'plan names both models'
ok 'and makes nothing' test ! -e out/two
run 0 mgbatch run two.yaml
has stdout '12 of 12 jobs done'
samples_of() { pcm "$1" | grep "$2" | cut -d' ' -f2 | sort; } # folder, words of the names
is "$(samples_of out/two '_custom')" "$(samples_of out/mono .)" 'the samples of the first are those it has alone'
is "$(samples_of out/two '_stereo')" "$(samples_of out/random .)" 'and those of the second'
is "$(samples_of out/two . | sort -u | grep -c .)" 12 'twelve different ones'
ids() { for out in "$@"; do mgbatch list "$out"; done | cut -c1-12 | sort; }
is "$(ids out/two)" "$(ids out/mono out/random)" 'the jobs are the same jobs'
is "$(mgbatch list out/two | grep -n stereo | head -1 | cut -d: -f1)" 7 'one model after the other'
is "$(grep -c '^ *"made_by": "native:[0-9a-f]\{64\}, native:[0-9a-f]\{64\}",$' out/two/summary.json)" 1 'the summary names both'
is "$(sed 's/.*"made_by":"\([^"]*\)".*/\1/' out/two/metadata.jsonl | sort -u | wc -l)" 2 'and each row its own'
run 0 mgbatch run two.yaml
has stdout '12 of 12 jobs done (12 before)'

# another order, few threads, little memory: the same samples
sed 's/\[custom, stereo-custom\]/[stereo-custom, custom]/; s/^name.*/&\nrun: {memory: 64M}/' two.yaml >other.yaml
run 0 mgbatch run other.yaml --output other --threads 1
is "$(pcm other)" "$(pcm out/two)" 'the other way round the same samples'

# ---- interrupted and continued ---------------------------------------------------------------------
run 3 mgbatch run two.yaml --output limited --limit 7
has stdout '7 of 12 jobs done'
run 0 mgbatch run two.yaml --output limited
has stdout '12 of 12 jobs done (7 before)'
is "$(pcm limited)" "$(pcm out/two)" 'after a limit in the middle of the second model the same samples'
sed 's/duration: 0.4/duration: 6/' two.yaml >long.yaml
"$BUILD/mgbatch" run long.yaml --output killed >/dev/null 2>&1 &
pid=$!
await some_done killed
kill -KILL $pid
wait $pid 2>/dev/null
killed=$(n_done killed)
tap "$([ "$killed" -lt 12 ]; echo $?)" 'killed before the end'
run 0 mgbatch run long.yaml --output killed
run 0 mgbatch run long.yaml --output whole
is "$(pcm killed)" "$(pcm whole)" 'after a kill the same samples'

# ---- mistakes, each at its place -----------------------------------------------------------------------
mistake() # status, what stands under checkpoint:, the rest, the words
{
	{ manifest x "$2"; printf '%s\n' "$3"; } >x.yaml
	run "$1" mgbatch check x.yaml
	[ -z "$4" ] || has stderr "$4"
}
mistake 2 '{smal: models/random}' '' "x.yaml:3:14: a version of checkpoint must be one of 'small'"
mistake 2 '{small: models/random}' '' "x.yaml:3:14: checkpoint 'small' is the folder 'models/random', which holds 'stereo-custom': name a folder that holds 'small'"
mistake 2 '{custom: models/mono, small: gone}' 'sweep: {modelVersion: [custom, medium]}' \
	"x.yaml:5:32: modelVersion 'medium' has no folder in checkpoint, which has custom, small: write 'medium: FOLDER' there"
mistake 2 '{custom: models/mono, small: gone}' '' "x.yaml:3:13: modelVersion is not said, and checkpoint has no folder of its default"
mistake 5 '{custom: models/mono, small: gone}' 'sweep: {modelVersion: [custom, small]}' "x.yaml:3:35: checkpoint 'gone': the folder does not exist"
mistake 5 gone '' "x.yaml:3:13: checkpoint 'gone': the folder does not exist"
mistake 2 models/mono 'sweep: {modelVersion: [custom, large]}' "x.yaml:5:32: modelVersion 'large' is said, but the checkpoint's folder holds 'custom'"
mistake 2 '{custom: models/mono, small: gone}' 'sweep: {modelVersion: [custom, small], temperature: hot}' "checkpoint 'gone'"
has stderr 'x.yaml:5:53: temperature'
mistake 0 '{custom: models/mono, small: gone}' 'sweep: {modelVersion: [custom]}' '' # what no job asks for is not looked at
run 0 mgbatch check two.yaml --backend fake
run 2 mgbatch check two.yaml --checkpoint models/mono
has stderr "two.yaml:5:44: modelVersion 'stereo-custom' is said, but the checkpoint's folder holds 'custom'"

# A prompt that is too long is said where it stands; two such combinations are one sentence.
words=$(seq 700 | tr '\n' ' ')
cat >wordy.yaml <<END
version: 1
checkpoint: models/mono
params: {duration: 1}
sweep:
  guidance: [1, 3]
  prompt:
    - short
    - "$words"
output: {name: "{id}"}
END
run 2 mgbatch check wordy.yaml
has stderr 'wordy.yaml:8:7: '
has stderr ' (and so for 1 other combination of duration, guidance and prompt)'
is "$(grep -c . stderr)" 1 'one sentence'

# ---- found on this machine ------------------------------------------------------------------------------
sed '/^checkpoint/d' two.yaml >found.yaml
run 5 mgbatch check found.yaml
has stderr "found.yaml:4:36: the checkpoint 'custom' is not on this machine: name its folder with 'checkpoint:' or --checkpoint (there is neither '$XDG_DATA_HOME/mgbatch/models/custom' nor "
has stderr "found.yaml:4:44: the checkpoint 'stereo-custom' is not on this machine"
is "$(grep -c . stderr)" 2 'both at once'
run 0 mgbatch models list
is "$(cat stdout)" '' 'there are none'
has stderr "there are no checkpoints in '$XDG_DATA_HOME/mgbatch/models' or '$HF_HUB_CACHE'"
run 0 mgbatch models list --json
is "$(cat stdout)" '[]' 'none, as data'

mkdir -p "$XDG_DATA_HOME/mgbatch/models/medium"
cp -r models/mono "$XDG_DATA_HOME/mgbatch/models/custom"
cp models/mono/config.json "$XDG_DATA_HOME/mgbatch/models/medium"
hub=$HF_HUB_CACHE/models--facebook--musicgen-stereo-custom
commit=0123456789abcdef0123456789abcdef01234567
mkdir -p "$hub/refs" "$hub/snapshots/$commit" "$hub/blobs"
printf %s $commit >"$hub/refs/main"
n=0
for file in models/random/*; do # as the hub's tools keep them: links to what is named after its content
	n=$((n + 1))
	cp "$file" "$hub/blobs/$n"
	ln -s ../../blobs/$n "$hub/snapshots/$commit/${file##*/}"
done
run 0 mgbatch run found.yaml --output found
is "$(pcm found)" "$(pcm out/two)" 'found by version the same samples'
run 0 mgbatch models list
is "$(cut -d' ' -f1 stdout | tr '\n' ' ')" 'custom medium stereo-custom ' 'all three, sorted'
is "$(grep -c '^custom         mono  .* [0-9.]* [KM]iB  /' stdout)" 1 'with kind and size'
has stdout "$XDG_DATA_HOME/mgbatch/models/custom"
has stdout "$hub/snapshots/$commit"
has stdout "/medium  not complete: 'tokenizer.json' is missing"
size() { mgbatch models list --json | sed -n "/\"version\": \"$1\"/,/}/s/^ *\"bytes\": \([0-9]*\),/\1/p"; }
is "$(size stereo-custom)" "$(cat models/random/* | wc -c)" 'the size is that of what the links point to'
run 0 mgbatch models list --json
has stdout '"is_complete": false'
has stdout '"holds": "stereo-custom"'
sed 's/\[custom, stereo-custom\]/[medium]/' found.yaml >medium.yaml
run 5 mgbatch check medium.yaml
has stderr "medium.yaml:4:36: checkpoint '$XDG_DATA_HOME/mgbatch/models/medium': 'tokenizer.json' is missing"
cp models/mono/* "$XDG_DATA_HOME/mgbatch/models/medium"
run 2 mgbatch check medium.yaml
has stderr "checkpoint 'medium' is the folder '$XDG_DATA_HOME/mgbatch/models/medium', which holds 'custom'"
run 0 mgbatch models list
has stdout "$XDG_DATA_HOME/mgbatch/models/medium  holds custom: no job's modelVersion finds it under this name"

run 2 mgbatch models
run 2 mgbatch models get
has stderr "usage: mgbatch models list | pull VERSION | verify [VERSION] | path VERSION; found 'get'"
done_testing
