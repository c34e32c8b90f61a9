#!/bin/sh
# `mgbatch models pull`, `verify`, `path` with a scripted hub (tests/server/hub.py): what comes is what the hub lists, whatever happens on the way.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null 2>&1 || skip_all 'python3 is not here'
export PYTHONDONTWRITEBYTECODE=1 MGBATCH_CLOCK_RATE=1000 # waits between tries pass so fast
MODELS=$XDG_DATA_HOME/mgbatch/models
server=
trap '[ -z "$server" ] || kill "$server"' EXIT

# ---- a hub with a small model, one in shards, and one that is not what its name says ---------------
mkdir -p hub/small hub/stereo-large hub/melody
python3 - <<'END'
import json, random, struct
def tensors(path, n, seed):
    head = json.dumps({"t": {"dtype": "F32", "shape": [n // 4], "data_offsets": [0, n]}}).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + random.Random(seed).randbytes(n))
tensors("hub/small/model.safetensors", 3 << 20, 1)
for i in (1, 2, 3):
    tensors("hub/stereo-large/model-0000%d-of-00003.safetensors" % i, 300000 + 4 * i, i)
json.dump({"weight_map": {"a": "model-00001-of-00003.safetensors", "b": "model-00002-of-00003.safetensors",
                          "c": "model-00003-of-00003.safetensors"}}, open("hub/stereo-large/model.safetensors.index.json", "w"))
END
config() { printf '{"model_type": "%s", "decoder": {"hidden_size": %d, "num_hidden_layers": %d, "audio_channels": %d}}\n' "$@"; }
config musicgen 1024 24 1 >hub/small/config.json
config musicgen 2048 48 2 >hub/stereo-large/config.json
cp hub/small/* hub/melody
for v in small stereo-large melody; do
	printf -- '---\ninference: true\nlicense: cc-by-nc-4.0\n---\n# A model\n' >hub/$v/README.md
	echo '{"version": "1.0"}' >hub/$v/tokenizer.json
	echo '{}' >hub/$v/generation_config.json
	echo 'a pickle' >hub/$v/state_dict.bin
	echo '*.bin filter=lfs' >hub/$v/.gitattributes
done
faults() { printf '%s\n' "$*" >faults.new && mv faults.new faults; } # whole at once: the hub may be reading
faults '[]'
python3 "$ROOT/tests/server/hub.py" --ready ready --book book --files hub --faults faults --for 300 &
server=$!
await test -s ready
HF_ENDPOINT=$(sed -n 1p ready)
export HF_ENDPOINT
whole() # version: what is there is what the hub has, and nothing else but the record
{
	is "$(ls "$MODELS/$1")" "$({ ls "hub/$1" | grep -v state_dict.bin; echo mgbatch.json; } | sort)" "$1: the files that an engine needs"
	for file in "$MODELS/$1"/*; do
		[ "${file##*/}" = mgbatch.json ] || cmp -s "$file" "hub/$1/${file##*/}" || is "${file##*/}" other 'a file with another content'
	done
	ok 'no other folder' test ! -e "$MODELS/$1.part"
}
anew() { rm -rf "$XDG_DATA_HOME" && : >book; }
n_of() { grep -c "\"at\": \"$1\"" book; }

# ---- what is not there yet --------------------------------------------------------------------------
printf 'version: 1\nparams: {modelVersion: small, prompt: rain}\n' >m.yaml
run 5 mgbatch check m.yaml
has stderr "m.yaml:2:24: the checkpoint 'small' is not on this machine: \`mgbatch models pull small\` downloads it (up to about 2.2 GiB), or name its folder"
run 5 mgbatch models path small
is "$(cat stdout)" '' 'no folder'
has stderr 'mgbatch models pull small'
run 5 mgbatch models verify small
has stderr 'mgbatch models pull small'
run 0 mgbatch models verify
has stderr 'there are no checkpoints'
run 2 mgbatch models pull
run 2 mgbatch models path
run 2 mgbatch models list small
run 2 mgbatch models pull smal
has stderr "only public versions can be pulled: small, medium, large, melody, melody-large, stereo-small"
has stderr "found 'smal', did you mean 'small'?"
run 2 mgbatch models pull ../small
HF_ENDPOINT=http://mirror.example run 2 mgbatch models pull small
has stderr 'HF_ENDPOINT is no address of a model hub'
HF_ENDPOINT=https://me:secret_word@mirror.example run 2 mgbatch models pull small
hasnt stderr secret_word
CURL_CA_BUNDLE=/nowhere run 2 mgbatch models pull small
has stderr "'/nowhere', which CURL_CA_BUNDLE names, is no file"
HF_ENDPOINT=http://127.0.0.1:9 run 5 mgbatch models pull small
has stderr "cannot ask '127.0.0.1' for the files of facebook/musicgen-small: no connection"
ok 'nothing stays of it' test ! -e "$MODELS/small.part"
XDG_DATA_HOME=/dev/null/x run 5 mgbatch models pull small

# ---- pulled ------------------------------------------------------------------------------------------
run 0 mgbatch models pull small
has stdout 'small: 3.0 MiB in 5 files, of which 3.0 MiB came now'
has stdout "folder: $MODELS/small"
has stdout 'licence: cc-by-nc-4.0, which does not allow commercial use'
has stderr 'the licence of these weights is cc-by-nc-4.0, which does not allow commercial use: https://huggingface.co/facebook/musicgen-small'
whole small
run 0 mgbatch models pull small
has stdout "small is here already: $MODELS/small"
is "$(n_of list)" 1 'nobody asks the hub for what is here'
run 0 mgbatch models pull small -q
is "$(cat stdout stderr)" '' 'quiet'
run 0 mgbatch models path small
is "$(cat stdout)" "$MODELS/small" 'its folder'
run 0 mgbatch models verify
has stdout 'good       small  model.safetensors, 3.0 MiB: as it was pulled'
has stdout 'small: 5 good, 0 whose content nothing is known of'
run 0 mgbatch models list --json
has stdout '"licence": "cc-by-nc-4.0"'
run 0 mgbatch models pull stereo-large --json
has stdout '"commit": "4c8334b02c6ec4e8664a91979669a501ec497792"'
has stdout '"was_there": false'
whole stereo-large
run 5 mgbatch check m.yaml
has stderr "$MODELS/small/config.json': 'text_encoder' is missing" # found, and looked into: this one is no model
hasnt book '"leak"'

# ---- damaged, and mended -------------------------------------------------------------------------------
printf x | dd of="$MODELS/stereo-large/model-00002-of-00003.safetensors" bs=1 seek=1000 conv=notrunc 2>dd.err
run 1 mgbatch models verify stereo-large
has stdout 'wrong      stereo-large  model-00002-of-00003.safetensors, 293.1 KiB: its content has changed: its SHA-256 is '
has stderr "to mend it rename '$MODELS/stereo-large' to '$MODELS/stereo-large.part', then \`mgbatch models pull stereo-large\`"
run 1 mgbatch models verify --json
has stdout '"verdict": "wrong"'
is "$(python3 -c 'import json; print([one["wrong"] for one in json.load(open("stdout"))])')" '[0, 1]' 'as data'
mv "$MODELS/stereo-large" "$MODELS/stereo-large.part"
: >book
run 0 mgbatch models pull stereo-large
whole stereo-large
is "$(n_of far)" 1 'only what was wrong came again'
rm "$MODELS/stereo-large/model-00003-of-00003.safetensors"
run 5 mgbatch models pull stereo-large
has stderr "'$MODELS/stereo-large' is there and not complete: 'model-00003-of-00003.safetensors' is missing"
has stderr "Rename it to '$MODELS/stereo-large.part', then pull again"

# ---- killed in the middle, interrupted, and again ---------------------------------------------------------
slow='[{"at": "far", "do": "slow", "file": "model.safetensors", "bytes_per_s": 400000}]'
grown() { [ "$(wc -c <"$MODELS/small.part/model.safetensors")" -gt "$1" ]; } # bytes
for signal in KILL INT TERM; do
	anew
	faults "$slow"
	"$BUILD/mgbatch" models pull small >killed.out 2>killed.err &
	pid=$!
	await grown 50000
	[ $signal = KILL ] && await test -s "$MODELS/small.part/model.safetensors.etag"
	kill -$signal $pid
	wait $pid 2>/dev/null
	status=$?
	case $signal in INT) is $status 130 "$signal: exit status" ;; TERM) is $status 143 "$signal: exit status" ;; esac
	[ $signal = KILL ] || has killed.err 'are here and stay; `mgbatch models pull small` goes on with the rest'
	ok 'nothing has the final name' test ! -e "$MODELS/small"
	size=$(wc -c <"$MODELS/small.part/model.safetensors")
	run 0 mgbatch models list
	has stdout "small.part  not complete: its download has not ended; \`mgbatch models pull small\` goes on with it"
	faults '[]'
	: >book
	run 0 mgbatch models pull small
	whole small
	is "$(grep '"far"' book | sed -n 's/.*"range": "\(.*\)", "if_range": "\(..\).*status": \(.*\)}/\1 \2 \3/p')" "bytes=$size- \\\" 206" 'the rest was asked for'
done

# The file has changed there meanwhile, the server knows no Range, or what is there is not what it seems: it begins anew.
again() # fault, what is done to the half file
{
	anew
	mkdir -p "$MODELS/small.part"
	head -c 1000000 hub/small/model.safetensors >"$MODELS/small.part/model.safetensors"
	printf '"%s"' "$(sha256sum <hub/small/model.safetensors | cut -c1-16)" >"$MODELS/small.part/model.safetensors.etag"
	eval "$2"
	faults "$1"
	run 0 mgbatch models pull small
	whole small
}
again '[]' :
is "$(grep '"far"' book | grep -c 206)" 1 'the rest alone'
again '[{"at": "far", "do": "etag"}]' :
is "$(grep '"far"' book | grep safetensors | grep -c '"status": 200')" 1 'another etag: from the beginning'
again '[{"at": "far", "do": "whole"}]' :
again '[{"at": "far", "do": "unsatisfied", "file": "model.safetensors", "times": 1}]' :
again '[]' 'printf x | dd of="$MODELS/small.part/model.safetensors" bs=1 conv=notrunc 2>dd.err'
has stderr 'what came is not what the hub lists, by its hash: trying again'
again '[]' 'head -c 3145808 /dev/zero >"$MODELS/small.part/model.safetensors"'
again '[]' 'head -c 9000000 /dev/zero >"$MODELS/small.part/model.safetensors"'
again '[]' 'rm "$MODELS/small.part/model.safetensors.etag"'
is "$(grep '"far"' book | grep -c 206)" 1 'without its etag: the rest, and the hash tells'
again '[]' 'printf "half\0" >"$MODELS/small.part/model.safetensors.etag"; cp hub/small/model.safetensors "$MODELS/small.part/config.json"'

# ---- faults that pass -----------------------------------------------------------------------------------------
passes() # faults
{
	anew
	faults "$1"
	run 0 mgbatch models pull small
	whole small
}
passes '[{"at": "far", "do": "cut", "file": "model.safetensors", "keep": 500000, "times": 4}]'
has stderr 'model.safetensors: the connection was closed before the answer was whole: trying again'
is "$(grep -c '"status": 206' book)" 4 'each time the rest'
passes '[{"at": "far", "do": "reset", "file": "model.safetensors", "keep": 500000, "times": 4}]'
passes '[{"at": "far", "do": "status", "code": 503, "times": 4}, {"at": "file", "do": "status", "code": 429, "retry_after": 2, "times": 2}]'
has stderr 'it takes no more requests for a while (429): trying again'
passes '[{"at": "far", "do": "status", "code": 403, "times": 2}]' # a signature that has run out
passes '[{"at": "far", "do": "other", "file": "model.safetensors", "times": 2}]'
passes '[{"at": "far", "do": "short", "by": 5, "file": "model.safetensors", "times": 2}]'
passes '[{"at": "far", "do": "weak"}]'
passes '[{"at": "list", "do": "status", "code": 500, "times": 2}]'
passes '[{"at": "list", "do": "cut", "times": 2}]'
passes '[{"at": "list", "do": "names"}]'
is "$(find . -name '*evil*' | grep -c .)" 0 'a name that leads elsewhere makes no file'

# ---- faults that stay: a sentence, exit status 5, nothing under the final name -------------------------------------
stays() # faults, words, version
{
	anew
	faults "$1"
	run 5 mgbatch models pull "${3:-small}"
	has stderr "$2"
	ok 'nothing has the final name' test ! -e "$MODELS/${3:-small}"
}
stays '[{"at": "list", "do": "status", "code": 401}]' "it answers 401: it does not have it, or not for everybody"
stays '[{"at": "list", "do": "status", "code": 500}]' 'the server has trouble of its own (500) (tried 3 times)'
stays '[{"at": "list", "do": "json"}]' "facebook/musicgen-small: the hub's list, line 1"
stays '[{"at": "list", "do": "html"}]' "the hub's list"
stays '[{"at": "list", "do": "huge", "bytes": 5000000}]' 'the answer is larger than 4194304 bytes'
stays '[{"at": "list", "do": "sha", "sha": "../../../etc"}]' "has no 'sha' of 40 digits"
stays '[{"at": "list", "do": "without", "name": "tokenizer.json"}, {"at": "list", "do": ""}]' "it has no 'tokenizer.json', which mgbatch needs"
stays '[{"at": "list", "do": "without", "name": "model.safetensors"}]' "it has no 'model.safetensors', but 'state_dict.bin': mgbatch does not convert them"
stays '[{"at": "list", "do": "twice", "name": "model-00001-of-00003.safetensors"}]' 'twice' stereo-large
stays '[{"at": "list", "do": "without", "name": "model-00002-of-00003.safetensors"}]' "facebook/musicgen-stereo-large, as the hub lists it: 'model-00002-of-00003.safetensors' is missing" stereo-large
stays '[{"at": "list", "do": "size", "name": "model.safetensors", "more": 1000000000000}]' "no size from 0 to 68719476736 bytes"
stays '[{"at": "list", "do": "size", "name": "model.safetensors", "more": 60000000000}]' "'small' needs "
stays '[{"at": "list", "do": "size", "name": "model.safetensors", "more": 1}]' 'it sent 3145808 bytes, and the hub lists 3145809'
stays '[{"at": "list", "do": "size", "name": "config.json", "more": -1}]' 'it has another file than the hub lists: the answer is larger than'
stays '[{"at": "list", "do": "hash", "name": "model.safetensors"}]' "'model.safetensors' cannot be downloaded from '127.0.0.1': what came is not what the hub lists"
stays '[{"at": "list", "do": "hash", "name": "README.md"}]' "'README.md' cannot be downloaded from '127.0.0.1': what came is not what the hub lists"
stays '[{"at": "file", "do": "loop"}]' 'one redirect leads to another, without an end'
stays '[{"at": "file", "do": "nowhere"}]' 'it redirects to an address that cannot be used'
stays '[{"at": "file", "do": "away", "to": "http://192.0.2.1/x?Signature=secret_word"}]' "it redirects to plain http at '192.0.2.1', which anybody on the way can change: expected https"
hasnt stderr secret_word
stays '[{"at": "file", "do": "away", "to": "file:///etc/passwd"}]' 'it redirects to an address that cannot be used'
stays '[{"at": "file", "do": "away", "to": "https://me:secret_word@far.example/x"}]' 'it redirects to an address that cannot be used'
stays '[{"at": "file", "do": "status", "code": 404, "file": "tokenizer.json"}]' "'tokenizer.json' cannot be downloaded from '127.0.0.1': it answers 404"
stays '[{"at": "far", "do": "status", "code": 403}]' 'the address that the hub gave is not good, or not any more (403) (tried 8 times)'
has stderr 'are here and stay; `mgbatch models pull small` goes on with the rest'
stays '[{"at": "far", "do": "unsatisfied"}]' 'not so long (416)'
stays '[]' "facebook/musicgen-melody is a model of the shape 'small' by its config.json" melody
is "$(n_of far)" 0 'and its weights were not asked for'
faults '[]'
run 5 mgbatch models pull medium
has stderr 'it answers 404'
is "$(grep -rlaE 'signature_for_tests|secret_word' "$XDG_DATA_HOME" stderr stdout)" '' 'no signed address stays anywhere'

# ---- over TLS, as the public hub is asked -------------------------------------------------------------------------
anew
if command -v openssl >/dev/null 2>&1 && mkdir certificates && sh "$ROOT/tests/server/certificates.sh" certificates >openssl.out 2>&1; then
	python3 "$ROOT/tests/server/hub.py" --ready ready.tls --book book --files hub --tls certificates --for 60 &
	tls=$!
	await test -s ready.tls
	HF_ENDPOINT=$(sed -n 1p ready.tls) run 5 mgbatch models pull small
	has stderr "the server's certificate is signed by no authority that this machine trusts"
	is "$(n_of list)" 0 'nothing was asked'
	HF_ENDPOINT=$(sed -n 1p ready.tls) CURL_CA_BUNDLE=certificates/ca.pem run 0 mgbatch models pull small
	whole small
	kill $tls
	wait $tls 2>/dev/null
fi

# ---- the disk is full ------------------------------------------------------------------------------------------------
anew
ok 'a file cannot grow past 1 MiB' sh -c 'ulimit -f 2048; "$0" models pull small >full.out 2>full.err; test $? = 5' "$BUILD/mgbatch"
has full.err "cannot write '$MODELS/small.part/model.safetensors': File too large"
run 0 mgbatch models pull small
whole small
is "$(grep -c '"status": 206' book)" 1 'it went on where it stopped'

# ---- two at once -----------------------------------------------------------------------------------------------------------
anew
faults "$slow"
"$BUILD/mgbatch" models pull small >first.out 2>&1 &
pid=$!
await grown 50000
run 4 mgbatch models pull small
has stderr "another mgbatch pulls 'small' at this moment (process $pid): wait for it to end"
kill $pid
wait $pid 2>/dev/null
faults '[]'

# ---- a folder that nobody pulled -------------------------------------------------------------------------------------------
mkdir -p "$MODELS/large"
cp hub/small/* "$MODELS/large"
rm "$MODELS/large/state_dict.bin"
run 0 mgbatch models verify large
has stdout 'unchecked  large  model.safetensors, 3.0 MiB: its size is as its header says; nothing says what its content should be'
truncate -s 3000000 "$MODELS/large/model.safetensors"
run 1 mgbatch models verify large
has stdout 'it has 3000000 bytes, and by its header it must have 3145808: it is cut or damaged'

# ---- fingerprints are remembered, and the licence is in the reports -------------------------------------------------------------
RANDOM_MODEL=$ROOT/tests/data/model
if [ -f "$RANDOM_MODEL/model.safetensors" ]; then
	printf 'version: 1\nname: m\ncheckpoint: %s\nparams: {prompt: rain, duration: 0.2}\nsweep: {seed: 1..2}\n' "$RANDOM_MODEL" >m.yaml
	made_by() { mgbatch plan m.yaml --json | sed -n 's/^ *"made_by": "native:\(.*\)",*$/\1/p'; }
	first=$(made_by)
	cache=$XDG_CACHE_HOME/mgbatch/fingerprints
	sha=$(sha256sum <"$RANDOM_MODEL/model.safetensors" | cut -d' ' -f1)
	is "$(grep -c " $sha\$" "$cache")" 1 'the hash of the weights is remembered'
	python3 - "$cache" "$sha" <<'END'
import hashlib, sys
text = open(sys.argv[1]).read().replace(sys.argv[2], "0" * 64)
text = text[: text.index("end ")]
open(sys.argv[1], "w").write(text + "end " + hashlib.sha256(text.encode()).hexdigest() + "\n")
END
	tap "$([ "$(made_by)" != "$first" ]; echo $?)" 'a second start believes it, and does not read the weights'
	rm "$cache"
	is "$(made_by)" "$first" 'without it they are read again'
	run 0 mgbatch run m.yaml
	has out/m/summary.json '"licence": "apache-2.0"'
	has out/m/report.html 'The licence of the weights is <code>apache-2.0</code>.'
fi
done_testing
