#!/bin/sh
# wav, flac, ogg and mp3, in stereo (the fake backend) and in mono (a test model of 1000 Hz): real readers take them, the tag is
# there, the same run gives the same bytes, another rate or format is stale and made again when asked.
. "$(dirname "$0")/lib.sh"
MODEL=$ROOT/tests/vectors/mono

manifest() # output: settings
{
	echo 'version: 1'
	echo 'name: f'
	echo "output: {$1}"
}
fake() { manifest "$1" && echo 'backend: fake' && echo 'params: {prompt: "soft rain, \"felt\" piano"}' && echo 'sweep: {seed: 1..2}'; }
mono() { manifest "$1" && echo "checkpoint: $MODEL" && echo 'params: {prompt: soft rain, duration: 0.6, seed: 1}'; }
hashes() { sed 's/.*"file_name":"\([^."]*\).*"pcm_sha256":"\([0-9a-f]*\)".*/\1 \2/' "$1/metadata.jsonl"; }
have() { command -v "$1" >/dev/null 2>&1; }
skip() { tap 0 "# SKIP $1"; }

# What a reader of each format says of a file: whole, rate, channels. Prints "rate channels".
facts() # file
{
	case $1 in
	*.flac) flac -s -t "$1" 2>/dev/null && metaflac --show-sample-rate --show-channels "$1" | tr '\n' ' ' ;;
	*.ogg) ogginfo "$1" >info && ! grep -qiE 'warning|error' info && awk '/^Channels/ { c = $2 } /^Rate/ { r = $2 } END { printf "%d %d ", r, c }' info ;;
	*.mp3) mpg123 -t "$1" 2>info && ! grep -qE 'warning|error' info && awk '/^MPEG / { printf "%d %d ", $(NF - 1), $NF == "mono" ? 1 : 2 }' info ;;
	*.wav) od -An -tu4 -j24 -N4 "$1" | tr -dc 0-9 && od -An -tu2 -j22 -N2 "$1" | tr -s ' ' | tr '\n' ' ' ;;
	esac
}
tag() # file: the comment as a reader has it
{
	case $1 in
	*.flac) metaflac --show-tag=COMMENT --show-tag=DESCRIPTION "$1" ;;
	*.ogg) vorbiscomment -l "$1" ;;
	*.mp3) id3v2 -l "$1" ;;
	*.wav) strings -n 20 "$1" ;;
	esac | grep -o '{"mgbatch".*}'
}
reader() { case $1 in flac) have flac && have metaflac ;; ogg) have ogginfo && have vorbiscomment ;; mp3) have mpg123 && have id3v2 ;; *) have strings && have od ;; esac; }

for format in wav flac ogg mp3; do
	for rate in 32000 44100 16000; do
		fake "format: $format, rate: $rate" >$format$rate.yaml
		mgbatch run $format$rate.yaml -q --output a/$format$rate >stdout 2>stderr &&
			mgbatch run $format$rate.yaml -q --output b/$format$rate >stdout 2>stderr
		tap $? "$format at $rate Hz" || sed 's/^/# /' stderr
		ok 'twice, the same bytes' cmp a/$format$rate/s1.$format b/$format$rate/s1.$format
		is "$(hashes a/$format$rate)" "$(hashes a/wav32000)" 'the same samples as in wav'
		if reader $format; then
			is "$(facts a/$format$rate/s1.$format)" "$rate 2 " 'a reader takes it'
			tag a/$format$rate/s1.$format >tag
			has tag '"prompt":"soft rain, \"felt\" piano"'
			has tag '"digitalSourceType":"http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"'
		else
			skip "no reader of $format is installed"
		fi
	done
	mono "format: $format, rate: 48000" >mono.yaml
	run 0 mgbatch run mono.yaml -q --output c/$format
	run 0 mgbatch run mono.yaml -q --output d/$format --threads 1
	ok "mono $format twice, the same bytes" cmp c/$format/single.$format d/$format/single.$format
	reader $format && is "$(facts c/$format/single.$format)" '48000 1 ' 'a reader takes it'
	is "$(hashes c/$format)" "$(hashes c/wav)" 'the same samples as in wav'
done

# A rate that the model has and mp3 has not is said, and no third try is made.
mono 'format: mp3' >mono.yaml
run 1 mgbatch run mono.yaml --output e
has stderr 'input: cannot write'
has stderr 'mp3 has no rate of 1000 Hz; say output.rate, as 48000, or another format'
hasnt stderr 'try 2'

# Two jobs are two streams.
ok 'serial numbers differ' sh -c 'test "$(od -An -tx4 -j14 -N4 a/ogg32000/s1.ogg)" != "$(od -An -tx4 -j14 -N4 a/ogg32000/s2.ogg)"'

# Format, rate, and both gone again: stale, kept, made again when asked.
fake 'format: ogg' >own.yaml
run 0 mgbatch run own.yaml -q --output s
run 0 mgbatch run ogg32000.yaml -q --output s
is "$(cat stdout stderr)" '' 'the rate that the model has is no other rate'
ok 'nor other bytes' cmp s/s1.ogg a/ogg32000/s1.ogg
run 0 mgbatch plan ogg44100.yaml --output s --json
has stdout '"stale": 2'
run 0 mgbatch run ogg44100.yaml --output s
has stderr '2 finished files of another format, bits, rate or arithmetic than now: --remake-stale makes them again'
ok 'until then they stay' cmp s/s1.ogg a/ogg32000/s1.ogg
run 0 mgbatch run ogg44100.yaml -q --output s --remake-stale
ok 'made again' cmp s/s1.ogg a/ogg44100/s1.ogg
run 0 mgbatch plan own.yaml --output s --json
has stdout '"stale": 2'
run 0 mgbatch run mp316000.yaml -q --output s --remake-stale
ok 'as mp3' cmp s/s2.mp3 a/mp316000/s2.mp3
ok 'the ogg files are out of the way' test ! -e s/s1.ogg
run 0 mgbatch run mp316000.yaml -q --output s --remake-stale
is "$(cat stdout stderr)" '' 'and then nothing is stale'

# What is said of them.
id=$(mgbatch list s | head -1 | cut -c1-12)
run 0 mgbatch show s "$id"
has stdout 'file        mp3, 16000 Hz (made at 32000 Hz), 2 channels, 0.100 s'
has stdout 'output: {format: mp3, rate: 16000}'
sed '1,/a manifest that makes it again/d' stdout >again.yaml
run 0 mgbatch run again.yaml -q --output again
is "$(sed 's/.*"file_sha256":"\([0-9a-f]*\).*/\1/' again/metadata.jsonl)" "$(sed -n '1s/.*"file_sha256":"\([0-9a-f]*\).*/\1/p' s/metadata.jsonl)" \
	'show says how to make the same file'
has s/metadata.jsonl '"rate_hz":16000'
has s/jobs.csv ',mp3,,'

# A tag that ends in the middle of pages and frames: 10,000 characters of prompt.
long=$(awk 'BEGIN { for (i = 0; i < 10000; i++) printf "%c", 97 + i % 26 }')
for format in wav flac ogg mp3; do
	{ manifest "format: $format"; echo 'backend: fake'; echo "params: {prompt: $long, seed: 1}"; } >long.yaml
	mgbatch run long.yaml -q --output l/$format >stdout 2>stderr
	tap $? "a long prompt in $format" || sed 's/^/# /' stderr
	reader $format || continue
	is "$(facts l/$format/single.$format)" '32000 2 ' 'a reader takes it'
	tag l/$format/single.$format >tag
	ok 'with the whole prompt in its tag' grep -q "\"prompt\":\"$long\"" tag
done
done_testing
