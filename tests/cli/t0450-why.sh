#!/bin/sh
# why: what a job is, what a run would do with it, and what differs from the one in whose place it stands.
. "$(dirname "$0")/lib.sh"

manifest() # prompt, temperatures, format, more
{
	cat <<END
version: 1
name: study
backend: fake
params: {prompt: "$1", duration: 2}
sweep: {temperature: $2, seed: 1..2}
output: {format: $3}
$4
END
}

manifest 'soft rain' '[0.8, 1.2]' wav >m.yaml
run 0 mgbatch plan m.yaml
run 2 mgbatch why m.yaml aaaaaaaa
has stderr 'neither in the ledger nor in the manifest'
run 0 mgbatch run m.yaml -q
old=$(id_of m.yaml 'temperature = 0.8 and seed = 1')
gone=$(id_of m.yaml 'temperature = 1.2 and seed = 2')

# in both
run 0 mgbatch why m.yaml "$old"
has stdout "why        done: its file 't0p8_s1.wav' is there"
has stdout "identity   {\"made_by\":\"fake\""
rm out/study/t0p8_s1.wav
run 0 mgbatch why m.yaml "$old"
has stdout "was done, but its file 't0p8_s1.wav' is not there: run makes it again"
: >out/study/t0p8_s1.wav
run 0 mgbatch why m.yaml "$old"
has stdout "has 0 bytes instead of "
run 0 mgbatch run m.yaml -q
manifest 'soft rain' '[0.8, 1.2]' flac >flac.yaml
run 0 mgbatch why flac.yaml "$old"
has stdout 'stale: format wav, wanted flac; it stays so until run --remake-stale makes it again'
sqlite3 out/study/.mgbatch/ledger.db "UPDATE artifact SET arithmetic = 'older', bits = 24 WHERE path = 't0p8_s1.wav'"
run 0 mgbatch why m.yaml "$old"
has stdout '24 bit, wanted 16 bit; arithmetic older, now fake;'
sqlite3 out/study/.mgbatch/ledger.db "UPDATE artifact SET arithmetic = 'fake', bits = 16 WHERE path = 't0p8_s1.wav'"
sed 's/format: wav/format: wav, name: "x{seed}-{temperature}"/' m.yaml >renamed.yaml
run 0 mgbatch why renamed.yaml "$old"
has stdout "run gives it the name 'x1-0p8.wav'"
run 0 mgbatch retry m.yaml "$old"
run 0 mgbatch why m.yaml "$old"
has stdout "pending: run makes it; its last file 't0p8_s1.wav' stays until the new one is complete"

# only in the ledger, and only in the manifest: before the run, and after it
manifest 'hard rain' '[0.8]' wav >new.yaml
run 0 mgbatch why new.yaml "$old"
has stdout 'pending, and no longer in the manifest: run supersedes it, and its file stays'
has stdout 'in its place '
has stdout '(the same path)'
has stdout '  prompt: soft rain -> hard rain'
has stdout 'before     {"made_by":"fake","model":"meta-musicgen","params":{"duration":2,"prompt":"soft rain","seed":1,"temperature":0.8}}'
has stdout 'now        {"made_by":"fake","model":"meta-musicgen","params":{"duration":2,"prompt":"hard rain","seed":1,"temperature":0.8}}'
new=$(sed -n 's/^in its place \([a-z2-7]*\) .*/\1/p' stdout)
run 0 mgbatch why new.yaml "$new"
has stdout 'new: the manifest has it and no run has seen it yet; run makes it'
has stdout "instead of $old"
has stdout '  prompt: soft rain -> hard rain'
run 0 mgbatch why new.yaml "$gone"
has stdout '(the one most like it)'
has stdout '  prompt: soft rain -> hard rain'
has stdout '  temperature: 1.2 -> 0.8'
hasnt stdout '  seed:'
run 0 mgbatch run new.yaml -q
run 0 mgbatch why new.yaml "$old"
has stdout 'superseded: the manifest has it no more; its file '
has stdout "in its place $new"
run 0 mgbatch why new.yaml "$new"
has stdout "done: its file 't0p8_s1.wav' is there"
has stdout "instead of $old"
run 0 mgbatch why new.yaml "$new" --json
ok 'the JSON reads' python3 -c '
import json
w = json.load(open("stdout"))
assert w["state"] == "done" and w["in_ledger"] and w["in_manifest"] and w["other"]["is_older"], w
assert w["differences"] == [{"field": "prompt", "before": "soft rain", "now": "hard rain", "note": ""}], w
assert w["identity"]["params"]["prompt"] == "hard rain", w'

# the same with a folder alone
run 0 mgbatch why out/study "$new"
has stdout "done: its file is 't0p8_s1.wav'"
has stdout '  prompt: soft rain -> hard rain'
run 0 mgbatch why out/study "$old"
has stdout "in its place $new"
run 2 mgbatch why out/study "$old" --set seed=1
has stderr 'go with a manifest'

# a derived seed follows from the rest; a value that is not said is told as its neutral one
cat >takes.yaml <<'END'
version: 1
name: takes
backend: fake
params: {prompt: "soft rain", duration: 2}
takes: 2
END
run 0 mgbatch run takes.yaml -q
old=$(id_of takes.yaml 'take = 1')
sed 's/duration: 2/duration: 2, temperature: 0.7/' takes.yaml >warm.yaml
run 0 mgbatch why warm.yaml "$old"
has stdout '  temperature: 1 -> 0.7'
has stdout '(derived from the other values)'

# failed for good
manifest 'soft rain' '[0.8]' wav 'fake: {fail: input}' | sed 's/name: study/name: broken/' >broken.yaml
run 1 mgbatch run broken.yaml -q
id=$(id_of broken.yaml 'seed = 1')
run 0 mgbatch why broken.yaml "$id"
has stdout 'failed for good with input (the request or its input cannot be used): the fake backend was told to fail'
has stdout "'mgbatch retry broken.yaml $id'"

# another checkpoint
cp -r "$ROOT/tests/data/model" other-model
cat >native.yaml <<END
version: 1
name: native
checkpoint: $ROOT/tests/data/model
params: {prompt: "soft rain", duration: 1, seed: 1}
END
run 0 mgbatch run native.yaml -q
id=$(mgbatch list native.yaml | cut -c1-12)
# what is wrong with the manifest is JSON too
printf 'version: 1\nbackend: fake\nparams: {promt: x}\n' >bad.yaml
run 2 mgbatch why bad.yaml "$id" --json
has stdout '"ok": false'
has stdout "did you mean 'prompt'?"
run 2 mgbatch why bad.yaml "$id"
has stderr "bad.yaml:3:10: unknown parameter 'promt'"
size=$(wc -c <other-model/model.safetensors)
printf '\1' | dd of=other-model/model.safetensors bs=1 seek=$((size - 2)) conv=notrunc 2>/dev/null
run 0 mgbatch why native.yaml "$id" --checkpoint other-model
has stdout '  made_by: native:'
has stdout '(other weights)'
done_testing
