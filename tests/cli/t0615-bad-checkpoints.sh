#!/bin/sh
# One of two checkpoints is damaged: a sentence names the file and the reason. What the files' headers show is found before anything runs; what only
# the numbers show, while it runs: the jobs of the other checkpoint are made.
. "$(dirname "$0")/lib.sh"
VECTORS=$ROOT/tests/vectors
FC1=decoder.model.decoder.layers.0.fc1.weight
FC2=decoder.model.decoder.layers.1.fc2.weight
NORM=decoder.model.decoder.layers.1.final_layer_norm.weight
cp -r "$VECTORS/stereo" good

manifest() # name, what stands under checkpoint:, versions
{
	cat <<END
version: 1
name: $1
checkpoint: $2
params: {prompt: "soft rain", duration: 0.2}
sweep: {seed: 1..3, modelVersion: [$3]}
END
}
manifest two '{custom: bad, stereo-custom: good}' 'custom, stereo-custom' >two.yaml
manifest one bad custom >one.yaml
fresh() # fixture
{
	rm -rf bad out
	cp -r "$VECTORS/$1" bad
}

# ---- a header, or what it says of the data: before anything runs ----------------------------------------
refused() # words...
{
	for verb in check plan run; do
		run 5 mgbatch $verb two.yaml
		for words in "$@"; do has stderr "$words"; done
	done
	ok 'nothing is made' test ! -e out
}
length_of() { od -An -t u8 -N 8 "$1" | tr -d ' '; }                   # of a file's header
header_of() { tail -c +9 "$1" | head -c "$(length_of "$1")"; }
shape() # file, tensor, of as many characters: [32,128] becomes [128,32]
{
	before=$(header_of "$1")
	after=$(printf %s "$before" | sed "s/\(\"$2\":{[^}]*\"shape\":\)\[[0-9,]*\]/\1$3/")
	ok "$2 is now $3" test "$before" != "$after" -a "${#before}" = "${#after}"
	printf %s "$after" | dd of="$1" bs=1 seek=8 conv=notrunc 2>/dev/null
}
fresh mono
shape bad/model.safetensors $FC2 '[128,32]'
refused "checkpoint 'bad': 'model.safetensors': tensor '$FC2' has the shape [128, 32]; expected [32, 128]"
fresh sharded
shard=model-00003-of-00004.safetensors
truncate -s -7 bad/$shard
refused "checkpoint 'bad': '$shard': tensor '" "bytes of data; is the download complete?"
truncate -s 30 bad/$shard
refused "checkpoint 'bad': '$shard' says that its header has " 'the file has 30'
rm bad/$shard
refused "checkpoint 'bad': '$shard' is missing"
fresh sharded
sed -i 's/model-00002-of/model-00012-of/' bad/model.safetensors.index.json
refused "checkpoint 'bad': 'model-00012-of-00004.safetensors' is missing"

fresh mono
sed -i 's/"max_length": 1500/"max_length": 0/' bad/generation_config.json
refused "'bad/generation_config.json': max_length is 0, expected a whole number from 6 to 4097"

# ---- a number that is none: while it runs ---------------------------------------------------------------
poison() # file, tensor, which of its F32 numbers becomes a NaN
{
	begin=$(header_of "$1" | sed "s/.*\"$2\":{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/")
	printf '\000\000\300\177' | dd of="$1" bs=1 seek=$((8 + $(length_of "$1") + begin + 4 * $3)) conv=notrunc 2>/dev/null
}
goes_on() # the sentence
{
	run 0 mgbatch check two.yaml
	run 5 mgbatch run two.yaml
	has stderr "$1"
	has stderr 'the jobs of this model wait for another run, the others go on'
	has stdout "not all jobs could be made: checkpoint 'bad': "
	has stdout '(3 jobs left); mend it and run the same command again'
	is "$(n_in out/two done) $(n_in out/two pending)" '3 3' 'those of the other checkpoint are made, its own wait'
	is "$(mgbatch list out/two | grep -c ' done .*_stereo-custom.wav')" 3 'and no others'
	run 5 mgbatch run two.yaml
	has stdout 'stopped: '
	has stdout '3 of 6 jobs done (3 before)'
	run 5 mgbatch run one.yaml
	has stderr 'the run stops, and this job waits for the next'
	is "$(n_in out/one pending)" 3 'without others the run stops'
}
fresh mono
poison bad/model.safetensors $FC1 32 # of 32 in a row
goes_on "checkpoint 'bad': 'model.safetensors': tensor '$FC1' holds a number that is not finite at [1, 0]: the file is damaged"
fresh mono
poison bad/model.safetensors $NORM 31
goes_on "checkpoint 'bad': 'model.safetensors': tensor '$NORM' holds a number that is not finite at [31]: the file is damaged"

# Mended, the same command makes what is left.
rm -rf bad
cp -r "$VECTORS/mono" bad
run 0 mgbatch run two.yaml
has stdout '6 of 6 jobs done (3 before)'
done_testing
